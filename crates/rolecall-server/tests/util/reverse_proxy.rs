//! nginx and Caddy as `docs/proxies.md` sets them up, in front of a program that says what reached it.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Json, extract::Request};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

use super::{Actor, binary, until};

const PAGE: &str = include_str!("../../../../docs/proxies.md");

/// A proxy of its own for a test; ended with it.
pub struct ReverseProxy {
    process: Child,
    address: SocketAddr,
    reached: Arc<AtomicUsize>,
    folder: TempDir,
}

impl ReverseProxy {
    /// nginx, which asks this service.
    pub async fn nginx(service: SocketAddr) -> ReverseProxy {
        let (folder, address) = (TempDir::new().expect("a folder"), listens_at());
        let (upstream, reached) = upstream().await;
        let [server, asking] = [block("nginx", 0), block("nginx", 1)].map(|text| placed(&text, service, upstream));
        let server = substituted(&server, "listen 80;", &format!("listen {address};"));
        // What a distribution's own file says around it, in a folder of ours.
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let temporary =
            ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|what| format!("{what}_temp_path {what};"));
        let main = format!(
            "{user} daemon off; master_process off; pid pid; error_log stderr; events {{}}\n\
             http {{ access_log off; {}\n{server}\n}}\n",
            temporary.join(" "),
        );
        fs::write(folder.path().join("nginx.conf"), main).expect("a file");
        fs::write(folder.path().join("rolecall.conf"), asking).expect("a file");
        let mut command = Command::new(program("nginx"));
        command.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf")).args(["-e", "stderr"]);
        ReverseProxy::started(command, address, reached, folder).await
    }

    /// Caddy, which asks this service.
    pub async fn caddy(service: SocketAddr) -> ReverseProxy {
        let (folder, address) = (TempDir::new().expect("a folder"), listens_at());
        let (upstream, reached) = upstream().await;
        let site = placed(&block_of("## Caddy", "text"), service, upstream);
        let site = substituted(&site, "items.example.org {", &format!("http://127.0.0.1:{} {{", address.port()));
        let main = format!("{{\n\tadmin off\n\tauto_https off\n}}\n{site}");
        let file = folder.path().join("Caddyfile");
        fs::write(&file, main).expect("a file");
        let mut command = Command::new(program("caddy"));
        command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
        for name in ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"] {
            command.env(name, folder.path());
        }
        ReverseProxy::started(command, address, reached, folder).await
    }

    async fn started(
        mut command: Command,
        address: SocketAddr,
        reached: Arc<AtomicUsize>,
        folder: TempDir,
    ) -> ReverseProxy {
        let log = fs::File::create(folder.path().join("log")).expect("a file");
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut proxy = ReverseProxy { process, address, reached, folder };
        until(async || {
            let ended = proxy.process.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "{ended:?}: {}", proxy.log());
            TcpStream::connect(address).await.is_ok()
        })
        .await;
        proxy
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The same person at the proxy.
    pub fn before(&self, who: &Actor) -> Actor {
        let nobody = Actor::nobody(self.address).known_as(who.name(), who.id());
        if who.token().is_empty() { nobody } else { nobody.with_token(who.token()) }
    }

    /// How many calls reached the program.
    pub fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listens_at() -> SocketAddr {
    binary::address().parse().expect("an address")
}

/// Where it is; Debian's nginx is in a folder that only root has in PATH.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = std::env::split_paths(&path).chain(["/usr/sbin".into()]);
    let found = folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()));
    found.unwrap_or_else(|| panic!("`{name}` is not installed: `cargo xtask test` says how"))
}

/// The page's block of this kind, the first one or one of those after it.
fn block(kind: &str, which: usize) -> String {
    let start = format!("```{kind}\n");
    let after = PAGE.split(&start).nth(which + 1).unwrap_or_else(|| panic!("no block {which} of {kind}"));
    after.split("```").next().unwrap_or_default().to_owned()
}

/// The first block of this kind below a heading.
fn block_of(heading: &str, kind: &str) -> String {
    let (_, below) = PAGE.split_once(heading).expect("the heading");
    let (_, after) = below.split_once(&format!("```{kind}\n")).expect("a block");
    after.split("```").next().unwrap_or_default().to_owned()
}

/// With the addresses of this test; else as printed.
fn placed(text: &str, service: SocketAddr, upstream: SocketAddr) -> String {
    text.replace("127.0.0.1:8000", &service.to_string()).replace("127.0.0.1:9000", &upstream.to_string())
}

fn substituted(text: &str, what: &str, by: &str) -> String {
    assert_eq!(text.matches(what).count(), 1, "`{what}` stands once on the page");
    text.replace(what, by)
}

/// A program that answers what reached it, and counts.
async fn upstream() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let reached = Arc::new(AtomicUsize::new(0));
    let counter = reached.clone();
    let app = axum::Router::new().fallback(async move |request: Request| {
        counter.fetch_add(1, Ordering::SeqCst);
        Json(told(&request))
    });
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, reached)
}

fn told(request: &Request) -> Value {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers().iter().map(|(name, value)| json!([name.as_str(), text(value.as_bytes())]));
    json!({ "method": request.method().as_str(), "path": request.uri().to_string(), "headers": headers.collect::<Vec<_>>() })
}

/// What this header said to the program, each time that it was there.
pub fn header<'a>(told: &'a Value, name: &str) -> Vec<&'a str> {
    let headers = told["headers"].as_array().expect("headers").iter();
    headers.filter(|header| header[0] == name).filter_map(|header| header[1].as_str()).collect()
}

/// The names of headers that a program which makes variables of them (CGI, WSGI) reads as ours.
pub fn ours(told: &Value) -> Vec<String> {
    let headers = told["headers"].as_array().expect("headers").iter().filter_map(|header| header[0].as_str());
    headers.filter(|name| name.replace('_', "-").contains("rolecall")).map(str::to_owned).collect()
}

//! A person at a browser: Chromium, driven through chromedriver (W3C WebDriver).

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser that reaches nothing but this machine.
pub struct Browser {
    client: Client,
    driver: Child,
    port: u16,
    _profile: TempDir,
}

impl Browser {
    pub async fn open() -> Browser {
        let profile = TempDir::new().expect("a folder");
        let (driver, port) = driver();
        let mut options = vec![
            "--headless".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--window-size=1200,1400".to_owned(),
            // A name is found nowhere, so what would leave this machine fails.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if rustix::process::geteuid().is_root() {
            // It refuses to run as root with one.
            options.push("--no-sandbox".to_owned());
        }
        let capabilities = json!({
            "goog:chromeOptions": { "args": options },
            "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        });
        let capabilities = capabilities.as_object().expect("an object").clone();
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&format!("http://127.0.0.1:{port}")).await;
        Browser { client: client.expect("a browser"), driver, port, _profile: profile }
    }

    pub async fn go(&self, address: &str) {
        self.client.goto(address).await.expect("a page");
    }

    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("an address").into()
    }

    /// What this selects, when it is there.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(Duration::from_secs(30)).for_element(Locator::Css(css)).await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    /// Puts this text in place of what is there.
    pub async fn write(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap_or_else(|error| panic!("{css}: {error}"));
        field.send_keys(text).await.unwrap_or_else(|error| panic!("{css}: {error}"));
    }

    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// The addresses of all that was asked for, since it was asked last. The browser's own page, which it begins with,
    /// is none of ours.
    pub async fn requests(&self) -> Vec<String> {
        let events = self.log("performance").await;
        let messages = events.iter().filter_map(|event| event["message"].as_str());
        let messages = messages.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        let sent = messages.filter(|message| message["message"]["method"] == "Network.requestWillBeSent");
        let addresses =
            sent.filter_map(|message| message["message"]["params"]["request"]["url"].as_str().map(str::to_owned));
        addresses.filter(|address| !address.starts_with("chrome://")).collect()
    }

    /// What the page complained of, since it was asked last: what a policy forbade is among it.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser").await;
        let entries = entries.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING");
        entries.filter_map(|entry| entry["message"].as_str().map(str::to_owned)).collect()
    }

    async fn log(&self, kind: &'static str) -> Vec<Value> {
        let entries = self.client.issue_cmd(Log { kind }).await.expect("a log");
        entries.as_array().cloned().unwrap_or_default()
    }

    pub async fn close(self) {
        self.client.clone().close().await.expect("it closes");
    }
}

impl Drop for Browser {
    /// A failed test comes by here too, and a driver that is killed leaves its browser behind: it is asked first.
    fn drop(&mut self) {
        let _ = shut_down(self.port);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Has the driver close its browsers and end. `/shutdown` is chromedriver's own.
fn shut_down(port: u16) -> std::io::Result<()> {
    let mut driver = TcpStream::connect(("127.0.0.1", port))?;
    driver.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(driver, "GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n")?;
    driver.read_to_end(&mut Vec::new()).map(drop)
}

/// A driver on a port of its own choice.
fn driver() -> (Child, u16) {
    let mut command = Command::new("chromedriver");
    let mut driver =
        command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("`chromedriver` cannot be started ({error}): `cargo xtask test` installs it, or says how")
        });
    let lines = BufReader::new(driver.stdout.take().expect("standard output")).lines().map_while(Result::ok);
    let started = |line: String| line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok();
    let port = lines.filter_map(started).next().expect("a port");
    (driver, port)
}

/// `POST /session/{id}/se/log`: chromedriver's own, beside the standard.
#[derive(Debug)]
struct Log {
    kind: &'static str,
}

impl WebDriverCompatibleCommand for Log {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.kind }).to_string()))
    }
}

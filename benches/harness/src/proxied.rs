//! `bench proxied`: `/forward-auth` behind nginx, beside nginx alone, on one core.

use std::{fs, net::SocketAddr, path::Path, process::Command, thread, time::Duration};

use anyhow::Context as _;

use crate::{
    candidates::PATH,
    client::Client,
    load::{self, Plan},
    machine,
    numbers::Series,
    program::{self, Program},
    report::Report,
    served::Served,
    service::{Machine, Service},
};

const ROUNDS: usize = 15;
const TURN: Duration = Duration::from_millis(500);
const CONNECTIONS: usize = 32;
const SETTLE: Duration = Duration::from_millis(20);

/// Runs it.
///
/// # Errors
/// When nginx or the service does not start, or somebody is let in who must not be.
pub fn run(report: &mut Report) -> anyhow::Result<()> {
    machine::pin(machine::LOAD_CORE)?;
    let bare = Served::start(1)?;
    let service = Service::make()?;
    let program = service.start()?;
    let machine = Machine::make(&mut service.administrator()?)?;
    let token = machine.token(&mut Client::connect(program.address)?)?;
    let (_, upstream) = bare.candidates.iter().find(|(name, _)| name == "bare").context("no bare axum")?;
    let folder = program::folder()?;
    let nginx = start_nginx(folder.path(), *upstream, program.address)?;

    let mut caller = Client::connect(nginx.address)?;
    let refused = caller.send(&load::get(&format!("/guarded{PATH}"), None))?.0;
    anyhow::ensure!(refused == 401, "somebody without a token was let in: {refused}");

    let paths = ["/alone", "/guarded"].map(|prefix| load::get(&format!("{prefix}{PATH}"), Some(&token)));
    let mut rates = [Series::default(), Series::default()];
    for round in 0..ROUNDS {
        eprint!("\rproxied, round {} of {ROUNDS} ", round + 1);
        for (request, rate) in paths.iter().zip(&mut rates) {
            let requests = std::slice::from_ref(request);
            let (address, pause) = (nginx.address, Duration::ZERO);
            let plan = Plan { address, requests, connections: CONNECTIONS, time: TURN, pause };
            thread::sleep(SETTLE);
            rate.0.push(load::run(plan)?.all_good()?.rate());
        }
    }
    eprintln!();

    let [alone, guarded] = &rates;
    report.line(format!(
        "nginx with one worker, an application of bare axum behind it, and the service, all on one core; {CONNECTIONS} \
         connections, {ROUNDS} rounds of {} ms each in turn. Guarded, nginx asks `/forward-auth` for each call.",
        TURN.as_millis()
    ));
    report.table(
        ["calls a second", "nginx alone", "with `/forward-auth`", "ratio"],
        &[["of one core".to_owned(), alone.show(0), guarded.show(0), guarded.over(alone).show(3)]],
    );
    Ok(())
}

fn start_nginx(folder: &Path, upstream: SocketAddr, service: SocketAddr) -> anyhow::Result<Program> {
    let (address, place) = (program::free_address()?, folder.display());
    let configuration = format!(
        "daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/log;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n\
           access_log off;\n\
           client_body_temp_path {place}/body; proxy_temp_path {place}/proxy; fastcgi_temp_path {place}/fastcgi;\n\
           uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;\n\
           keepalive_requests 1000000000;\n\
           upstream application {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}\n\
           upstream rolecall {{ server {service}; keepalive 64; keepalive_requests 1000000000; }}\n\
           proxy_http_version 1.1; proxy_set_header Connection '';\n\
           server {{\n\
             listen {address};\n\
             location /alone/ {{ proxy_pass http://application/; }}\n\
             location /guarded/ {{ auth_request /decide; proxy_pass http://application/; }}\n\
             location = /decide {{\n\
               internal; proxy_pass http://rolecall/forward-auth?role=user; proxy_pass_request_body off;\n\
               proxy_set_header Content-Length ''; proxy_set_header Connection '';\n\
             }}\n\
           }}\n\
         }}\n"
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration)?;
    // Debian's is in a folder that only root has in PATH.
    let there = "/usr/sbin/nginx";
    let mut command = Command::new(if Path::new(there).is_file() { there } else { "nginx" });
    command.arg("-c").arg(&path).arg("-p").arg(folder).arg("-e").arg(folder.join("log"));
    Program::start_at(&mut command, address)
}

//! `Type=notify`: whoever listens is told when calls are taken, and when no more are.

use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::util::{
    binary::{Service, rolecall, run},
    world::PASSWORD,
};

fn made() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let arguments = ["init", "--username", "olivia", "--issuer", "https://auth.example.org"];
    assert_eq!(run(&mut rolecall(folder.path(), &arguments), PASSWORD).code, Some(0));
    folder
}

const SERVE: [&str; 6] = ["serve", "--json", "--listen", "127.0.0.1:0", "--issuer", "https://auth.example.org"];

fn next(socket: &UnixDatagram) -> String {
    socket.set_read_timeout(Some(std::time::Duration::from_secs(60))).expect("a limit");
    let mut message = [0; 256];
    let length = socket.recv(&mut message).expect("it is told");
    String::from_utf8_lossy(&message[..length]).into_owned()
}

async fn is_told(name: &str, socket: UnixDatagram, folder: &TempDir) {
    let mut command = rolecall(folder.path(), &SERVE);
    command.env("NOTIFY_SOCKET", name);
    let service = Service::of(command).unwrap_or_else(|said| panic!("{said:?}"));
    assert_eq!(next(&socket), "READY=1");
    service.nobody().get("/ready").await.expect(200);
    service.signal(Signal::TERM);
    assert_eq!(next(&socket), "STOPPING=1");
    let (status, log) = service.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    socket.set_nonblocking(true).expect("a socket");
    assert!(socket.recv(&mut [0; 8]).is_err(), "it is told once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_path() {
    let folder = made();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    is_told(&path.display().to_string(), socket, &folder).await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_an_abstract_name() {
    use std::os::{linux::net::SocketAddrExt, unix::net::SocketAddr};
    let name = format!("rolecall-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let socket = UnixDatagram::bind_addr(&address).expect("a socket");
    is_told(&format!("@{name}"), socket, &made()).await;
}

/// Nobody is told of a service that cannot start, and one whose listener has gone starts all the same.
#[test]
fn only_who_is_there_and_only_what_is_so() {
    let (folder, nothing) = (made(), TempDir::new().expect("a folder"));
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_nonblocking(true).expect("a socket");
    let said = run(rolecall(nothing.path(), &SERVE).env("NOTIFY_SOCKET", &path), "");
    said.refused(&["there is no database"]);
    assert!(socket.recv(&mut [0; 8]).is_err());

    let mut command = rolecall(folder.path(), &SERVE);
    command.env("NOTIFY_SOCKET", "/no/such/socket");
    let log = Service::of(command).unwrap_or_else(|said| panic!("{said:?}")).stop();
    assert!(log.contains("NOTIFY_SOCKET"), "{log}");
}

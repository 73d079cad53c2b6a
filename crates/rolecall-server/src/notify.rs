//! Tells systemd how far the service is (`Type=notify`, sd_notify(3)). Where nobody asked to be told, nobody is.

/// Calls are taken and answered.
pub const READY: &str = "READY=1";
/// No more calls are taken; those under way are finished.
pub const STOPPING: &str = "STOPPING=1";

/// Sends one state to whoever started this, if he listens.
#[cfg(unix)]
pub fn tell(state: &str) {
    use std::os::unix::net::UnixDatagram;
    let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else { return };
    let sent = address(&name).and_then(|to| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &to));
    if let Err(error) = sent {
        tracing::warn!(%error, state, "the socket that NOTIFY_SOCKET names cannot be told");
    }
}

/// A path, or with `@` in front a name that is in no folder.
#[cfg(unix)]
fn address(name: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::SocketAddr> {
    #[cfg(target_os = "linux")]
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::{ffi::OsStrExt, net::SocketAddr};
    match name.as_bytes().strip_prefix(b"@") {
        #[cfg(target_os = "linux")]
        Some(name) => SocketAddr::from_abstract_name(name),
        #[cfg(not(target_os = "linux"))]
        Some(_) => Err(std::io::ErrorKind::Unsupported.into()),
        None => SocketAddr::from_pathname(name),
    }
}

#[cfg(not(unix))]
pub fn tell(_: &str) {}

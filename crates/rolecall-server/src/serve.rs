//! Taking calls: time-outs and limits that hold before anything is parsed, and an end that lets calls finish.

mod shared;

use std::{
    io,
    net::{SocketAddr, TcpListener as Bound},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use axum::extract::ConnectInfo;
use hyper::{Request, body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::{Error, Limits};
use shared::Shared;

/// Calls under way get so long to finish.
const DRAIN: Duration = Duration::from_secs(25);
/// How long, and how much, a caller may still send who is told that it was too much.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;

/// Takes an address, and says which one it is where the port was left to the system. First of all: what comes later is
/// slow, and somebody else may have the port.
///
/// # Errors
/// [`Error::Start`] says what to do.
pub fn bind(address: SocketAddr) -> Result<(Bound, SocketAddr), Error> {
    let listener = listen(address)?;
    let address = listener.local_addr().map_err(|error| Error::Start(error.to_string()))?;
    Ok((listener, address))
}

fn listen(address: SocketAddr) -> Result<Bound, Error> {
    Bound::bind(address).map_err(|error| {
        let next = address.port().saturating_add(1);
        let other = SocketAddr::new(address.ip(), next);
        Error::Start(match error.kind() {
            io::ErrorKind::AddrInUse => format!(
                "{address} is in use by another program: stop that one, or choose another port with `--listen {other}` \
                 or ROLECALL_LISTEN={other}"
            ),
            _ => format!("{address} cannot be listened at: {error}"),
        })
    })
}

/// Serves until `stopping`, then lets calls under way finish.
///
/// # Errors
/// [`Error::Start`] when the listener cannot be used.
pub async fn serve(
    listener: Bound,
    app: axum::Router,
    limits: &Limits,
    stopping: CancellationToken,
) -> Result<(), Error> {
    let unusable = |error: io::Error| Error::Start(format!("the listener cannot be used: {error}"));
    listener.set_nonblocking(true).map_err(unusable)?;
    let listener = TcpListener::from_std(listener).map_err(unusable)?;
    let calls = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => take(stream, peer, app.clone(), limits, &calls, stopping.clone()),
            Err(error) => {
                // Out of file descriptors, mostly: those that are open end, and then there are some again.
                tracing::error!(%error, "a connection could not be taken");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    calls.close();
    if timeout(DRAIN, calls.wait()).await.is_err() {
        tracing::warn!("calls were still under way when their time was over");
    }
    Ok(())
}

fn take(
    stream: TcpStream,
    peer: SocketAddr,
    app: axum::Router,
    limits: &Limits,
    calls: &TaskTracker,
    stopping: CancellationToken,
) {
    // Small answers go at once.
    let _ = stream.set_nodelay(true);
    let stream = Arc::new(stream);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers_within);
    http.max_buf_size(limits.header_bytes).half_close(false);
    let io = TokioIo::new(Shared(stream.clone()));
    // As axum's own server says it.
    let app = app.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let call = http.serve_connection(io, TowerToHyperService::new(app)).with_upgrades();
    let call = calls.track_future(async move {
        let mut call = pin!(call);
        tokio::select! {
            ended = call.as_mut() => ended,
            () = stopping.cancelled() => {
                call.as_mut().graceful_shutdown();
                call.await
            }
        }
    });
    tokio::spawn(async move {
        if let Err(error) = call.await {
            tracing::debug!(%error, "a connection ended early");
        }
        // A connection that was upgraded is somebody else's now.
        if let Some(stream) = Arc::into_inner(stream) {
            linger(stream).await;
        }
    });
}

/// A connection that is closed while the other side still sends is reset, and the refusal that said why may be lost
/// with it. So what comes is read and forgotten, within bounds.
async fn linger(mut stream: TcpStream) {
    let _ = timeout(LINGER, async {
        if stream.shutdown().await.is_err() {
            return;
        }
        let (mut forgotten, mut left) = (vec![0; 16 << 10], LINGER_BYTES);
        while let Ok(read) = stream.read(&mut forgotten).await {
            left = left.saturating_sub(read);
            if read == 0 || left == 0 {
                return;
            }
        }
    })
    .await;
}

/// Cancels `stopping` at the first Ctrl-C or SIGTERM; a second one ends the process at once. Signals count from when
/// this returns.
pub fn stop_on_signals(stopping: CancellationToken) {
    let mut signals = Signals::listen();
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping: calls under way are finished; a second signal ends at once");
        stopping.cancel();
        signals.next().await;
        std::process::exit(1);
    });
}

/// Ctrl-C and SIGTERM, none of which is missed between two.
#[cfg(unix)]
struct Signals {
    listened: Vec<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| {
            signal(kind).map_err(|error| tracing::warn!(%error, "a signal ends the process at once, and not in order"))
        };
        Signals {
            listened: [SignalKind::interrupt(), SignalKind::terminate()].map(listen).into_iter().flatten().collect(),
        }
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            // All are asked, so that each one wakes.
            let came = self.listened.iter_mut().filter_map(|signal| match signal.poll_recv(context) {
                std::task::Poll::Ready(came) => came,
                std::task::Poll::Pending => None,
            });
            match came.count() {
                0 => std::task::Poll::Pending,
                _ => std::task::Poll::Ready(()),
            }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Self {
        Signals
    }

    async fn next(&mut self) {
        // Where it cannot be listened to, nothing stops the service but its end.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

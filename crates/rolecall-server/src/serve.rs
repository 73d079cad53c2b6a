//! Taking calls: time-outs and limits that hold before anything is parsed, and an end that lets calls finish.

use std::{io, net::TcpListener as Bound, pin::pin, time::Duration};

use hyper::server::conn::http1;
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

use crate::Error;

const HEADERS_WITHIN: Duration = Duration::from_secs(10);
const MOST_HEADER_BYTES: usize = 16 << 10;
/// Calls under way get so long to finish.
const DRAIN: Duration = Duration::from_secs(25);
/// How long, and how much, a caller may still send who is told that it was too much.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 8 << 20;

/// Serves until `stopping`, then lets calls under way finish.
///
/// # Errors
/// [`Error::Start`] when the listener cannot be used.
pub async fn serve(listener: Bound, app: axum::Router, stopping: CancellationToken) -> Result<(), Error> {
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
            Ok((stream, _)) => take(stream, app.clone(), &calls, stopping.clone()),
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

fn take(stream: TcpStream, app: axum::Router, calls: &TaskTracker, stopping: CancellationToken) {
    // Small answers go at once.
    let _ = stream.set_nodelay(true);
    let (stream, copy) = match twice(stream) {
        Ok(both) => both,
        Err(error) => {
            tracing::error!(%error, "a connection could not be taken");
            return;
        }
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(MOST_HEADER_BYTES).half_close(false);
    let call = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app)).with_upgrades();
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
        linger(copy).await;
    });
}

/// The connection a second time, so that it is still open when HTTP is done with it.
fn twice(stream: TcpStream) -> io::Result<(TcpStream, TcpStream)> {
    let stream = stream.into_std()?;
    let copy = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, TcpStream::from_std(copy)?))
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

/// Cancels `stopping` at the first Ctrl-C or SIGTERM; a second one ends the process at once.
pub fn stop_on_signals(stopping: CancellationToken) {
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping: calls under way are finished; a second signal ends at once");
        stopping.cancel();
        signal().await;
        std::process::exit(1);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}

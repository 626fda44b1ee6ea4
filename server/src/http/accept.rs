//! The accept loop. axum's own does not limit how long a client may take to send the head of a request, so
//! whoever sends a byte now and then could hold a socket for ever.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower_service::Service as _;

/// Serves until the relay shuts down, and then until every request that was begun has ended. `head` is how
/// long a client may take to send the head of a request, or to begin one on an open connection.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    head: Duration,
    mut closing: watch::Receiver<bool>,
) {
    // Ends when the last connection has dropped its sender.
    let (alive, mut ended) = mpsc::channel::<Infallible>(1);
    loop {
        let (socket, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = shutdown(&mut closing) => break,
        };
        // Small frames go out at once: with Nagle's algorithm an answer can wait 40 ms for an acknowledgement.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a socket stays with Nagle's algorithm");
        }
        let (router, closing, alive) = (router.clone(), closing.clone(), alive.clone());
        tokio::spawn(async move {
            connection(socket, address, router, head, closing).await;
            drop(alive);
        });
    }
    drop((listener, alive));
    ended.recv().await;
}

async fn connection(
    socket: TcpStream,
    address: SocketAddr,
    router: Router,
    head: Duration,
    mut closing: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => Some(served),
        () = shutdown(&mut closing) => None,
    };
    let served = if let Some(served) = served {
        served
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    if let Err(error) = served {
        // Clients go away in the middle of everything: nothing to be told to an operator.
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}

async fn shutdown(closing: &mut watch::Receiver<bool>) {
    // Whoever would say so is gone: that is a shutdown too.
    let _ = closing.wait_for(|closing| *closing).await.is_ok();
}

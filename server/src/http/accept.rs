//! The accept loop, with limits that axum's own loop lacks: the time that a client may take to send the head of a request, and
//! the number of sockets of one client. Without the first, a client that sends a byte now and then could hold a socket for
//! ever.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tower_service::Service as _;

use super::counted::Counted;
use super::parser_errors::WithHeaders;
use crate::peers::{PeerKey, Peers};

/// The limits of the accept loop.
#[derive(Debug, Clone)]
pub(crate) struct Doors {
    /// How long a client may take to send the head of a request, or to begin one on an open connection.
    pub(crate) head: Duration,
    /// The most sockets of one address that are not upgraded.
    pub(crate) sockets_per_peer: u32,
    /// The proxies: their sockets belong to many clients.
    pub(crate) proxies: Vec<IpNet>,
    /// Whether to tell browsers to use HTTPS only.
    pub(crate) hsts: bool,
}

impl Doors {
    fn most(&self, address: IpAddr) -> u32 {
        let address = address.to_canonical();
        let is_proxy = self.proxies.iter().any(|network| network.contains(&address));
        if is_proxy { u32::MAX } else { self.sockets_per_peer }
    }
}

/// Serves until the relay shuts down, and then until every request under way has ended.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    doors: Doors,
    mut closing: watch::Receiver<bool>,
) {
    let peers = Arc::new(Peers::default());
    // Ends when the last connection has dropped its sender.
    let (alive, mut ended) = mpsc::channel::<Infallible>(1);
    loop {
        let (socket, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = shutdown(&mut closing) => break,
        };
        // Dropped once the socket is upgraded: from then on it counts as a connection. A socket beyond the limit gets no
        // answer, because an answer can wait for its reader.
        let Some(guard) = peers.enter(PeerKey::from(address.ip()), doors.most(address.ip())) else {
            continue;
        };
        // Small frames go out at once: with Nagle's algorithm an answer can wait 40 ms for an acknowledgement.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a socket stays with Nagle's algorithm");
        }
        let (router, closing, alive) = (router.clone(), closing.clone(), alive.clone());
        let (head, hsts) = (doors.head, doors.hsts);
        tokio::spawn(async move {
            connection(socket, address, router, (head, hsts), closing).await;
            drop((guard, alive));
        });
    }
    drop((listener, alive));
    ended.recv().await;
}

async fn connection(
    socket: TcpStream,
    address: SocketAddr,
    router: Router,
    (head, hsts): (Duration, bool),
    mut closing: watch::Receiver<bool>,
) {
    let socket = Counted::new(socket);
    let received = socket.received();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        request.extensions_mut().insert(received.clone());
        router.clone().call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(WithHeaders::new(socket, hsts)), service)
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
        // Clients leave at any moment, which an operator need not know.
        tracing::debug!(%error, "an HTTP connection ended early");
    }
}

async fn shutdown(closing: &mut watch::Receiver<bool>) {
    // If the sender is gone, that is a shutdown too.
    let _ = closing.wait_for(|closing| *closing).await.is_ok();
}

//! Parley's relay: stores and forwards ciphertext that it cannot read.
//!
//! [`run`] is the whole relay. Below it, [`store`] is what the relay keeps, `connection` is what one client sees of it, and
//! `http` is the way in. The crate depends on `parley-protocol`, and on no cryptography beyond verifying signatures: the relay
//! has no key that would open anything.

pub mod clock;
pub mod config;
mod connection;
mod housekeeping;
mod http;
mod hub;
mod pages;
mod peers;
pub mod rate;
mod relay;
mod slots;
pub mod store;
mod turns;
mod unfinished;

use std::hash::RandomState;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::config::Config;
use crate::hub::Hub;
use crate::pages::Pages;
use crate::peers::Peers;
use crate::rate::Keyed;
use crate::relay::{Limits, Relay};
use crate::slots::Slots;
use crate::store::Store;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::unfinished::Unfinished;

pub use crate::http::{ArchiveError, CONTENT_SECURITY_POLICY, PublicUrl, PublicUrlError};

/// How long connections may take to say goodbye when the relay shuts down.
const GOODBYE: Duration = Duration::from_secs(8);

/// How long HTTP requests under way may take then.
const HTTP_GOODBYE: Duration = Duration::from_secs(2);

/// The number of clients that learn at a time that there is no room for them. Further clients get an HTTP error.
const REFUSALS: usize = 64;

/// The number of registrations and device log entries that the relay verifies at a time. It serves others meanwhile.
const VERIFYING: usize = 2;

/// Why the relay does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The socket cannot be opened.
    #[error("the relay cannot listen")]
    Listen(#[from] std::io::Error),
    /// The app inside of the program is damaged.
    #[error(transparent)]
    App(#[from] ArchiveError),
}

/// Runs the relay until `stop` is done. Then it tells every client, finishes the requests under way and returns. Calls
/// `listening` with the address once the relay accepts connections.
pub async fn run(
    config: Config,
    stop: impl Future<Output = ()> + Send + 'static,
    listening: impl FnOnce(SocketAddr),
) -> Result<(), RunError> {
    config.report();
    let app = http::App::find(config.app.as_deref())?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.sqlite())?);
    let listener = TcpListener::bind(config.listen).await?;
    let address = listener.local_addr()?;
    let (close, closing) = watch::channel(false);
    let relay = relay(&config, Arc::clone(&store), closing.clone());
    let expiry = |run| tokio::spawn(housekeeping::expire(Arc::clone(&store), run, closing.clone()));
    let (expiring, blobs_expiring) = (expiry(Store::expire), expiry(Store::expire_blobs));
    let slots_ending = tokio::spawn(housekeeping::end_slots(Arc::clone(&relay), closing.clone()));
    let has_app = app.is_some();
    let router = http::router(Arc::clone(&relay), config.http(), app);
    tracing::info!(%address, app = has_app, "the relay listens");
    if !address.ip().is_loopback() && config.trusted_proxies.is_empty() {
        tracing::warn!(
            %address,
            "this is plain HTTP: browsers open Parley only over HTTPS, or at http://localhost on this machine. \
             Put a proxy with TLS in front, and start the relay with --trusted-proxy and --public-url"
        );
    }
    if !config.trusted_proxies.is_empty() && config.public_url.is_none() {
        tracing::warn!(
            "without --public-url no page that comes through the proxy may connect: name the address under \
             which browsers open Parley"
        );
    }
    listening(address);

    let mut stopping = closing.clone();
    tokio::spawn(async move {
        stop.await;
        tracing::info!("the relay shuts down");
        // This fails only when nobody is left to be told.
        let _ = close.send(true);
    });
    let serving = http::serve(listener, router, config.doors(), closing);
    let too_late = async move {
        let _ = stopping.wait_for(|closing| *closing).await.is_ok();
        tokio::time::sleep(HTTP_GOODBYE).await;
    };
    tokio::select! {
        () = serving => {}
        () = too_late => tracing::warn!("some HTTP requests did not end in time"),
    }
    connections_end(&relay).await;
    let jobs = tokio::join!(expiring, blobs_expiring, slots_ending);
    if jobs.0.is_err() || jobs.1.is_err() || jobs.2.is_err() {
        tracing::error!("an expiry job panicked");
    }
    let closed = tokio::task::spawn_blocking(move || store.close()).await;
    if closed.is_err() {
        tracing::error!("the store panicked while closing");
    }
    tracing::info!("the relay has shut down");
    Ok(())
}

fn relay(config: &Config, store: Arc<dyn Store>, closing: watch::Receiver<bool>) -> Arc<Relay> {
    let limits = &config.limits;
    Arc::new(Relay {
        store,
        options: config.options(),
        limits: Limits {
            registrations: Keyed::new(limits.rate_registrations),
            usernames: Keyed::new(limits.rate_registrations),
            upload: Keyed::new(limits.rate_upload),
            upload_low: Keyed::new(limits.rate_upload_low),
            commits: Keyed::new(limits.rate_commits),
            logs: Keyed::new(limits.rate_logs),
            joins: Keyed::new(limits.rate_joins),
            device_logs: Keyed::new(limits.rate_device_logs),
            resolves: Keyed::new(limits.rate_resolves),
            claims_from: Keyed::new(limits.rate_claims_from),
            claims_pair: Keyed::new(limits.rate_claims_pair),
            claims: Keyed::new(limits.rate_claims),
            posts_own: Keyed::new(limits.rate_posts_own),
            posts_from: Keyed::new(limits.rate_posts_from),
            posts: Keyed::new(limits.rate_posts),
            marks: RandomState::new(),
            slots: Keyed::new(limits.rate_slots),
            slot_misses: Keyed::new(limits.rate_slot_misses),
        },
        hub: Hub::new(),
        pages: Pages::default(),
        slots: Slots::new(config.slots()),
        peers: Arc::new(Peers::default()),
        unfinished: Arc::new(Unfinished::new(config.unfinished())),
        request_bytes: Arc::new(Semaphore::new(config.request_bytes())),
        verifying: Arc::new(Semaphore::new(VERIFYING)),
        turns: turns::Turns::default(),
        refusals: Arc::new(Semaphore::new(REFUSALS)),
        closing,
    })
}

/// Waits for upgraded connections, which the HTTP server no longer counts.
async fn connections_end(relay: &Relay) {
    let ended = async {
        while !relay.peers.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(GOODBYE, ended).await.is_err() {
        tracing::warn!("some connections did not end in time");
    }
}

//! The relay's HTTP side: the WebSocket, health, and the static app, all under the same headers.

mod accept;
mod app;
mod archive;
mod counted;
mod headers;
mod inside;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::time::timeout;

use crate::relay::Relay;

pub(crate) use self::accept::{Doors, serve};
pub(crate) use self::app::App;
pub use self::archive::ArchiveError;
pub(crate) use self::counted::Received;
pub use self::headers::CONTENT_SECURITY_POLICY;

/// How long the store may take to prove that it can write.
const PROBE: Duration = Duration::from_secs(5);

/// How HTTP requests are treated.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    /// Whether to tell browsers to come by HTTPS only.
    pub(crate) hsts: bool,
    /// Whether the peer's address is the last one in `X-Forwarded-For`.
    pub(crate) behind_proxy: bool,
    /// Origins that may connect besides the relay's own.
    pub(crate) origins: Vec<String>,
}

/// What handlers share.
pub(crate) struct Site {
    relay: Arc<Relay>,
    options: HttpOptions,
}

/// All routes.
pub(crate) fn router(relay: Arc<Relay>, options: HttpOptions, app: Option<App>) -> Router {
    let hsts = options.hsts;
    let site = Arc::new(Site { relay, options });
    let routes = Router::new()
        .route("/v1/ws", get(upgrade::upgrade))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(site);
    let routes = match app {
        Some(app) => routes.fallback(move |request| app::serve(app.clone(), request)),
        None => routes,
    };
    routes.layer(axum::middleware::map_response(move |response| async move { headers::add(response, hsts) }))
}

/// Whether the store can write. A full disk is the case that this is for.
async fn ready(State(site): State<Arc<Site>>) -> (StatusCode, &'static str) {
    match timeout(PROBE, site.relay.store.probe()).await {
        Ok(Ok(())) => (StatusCode::OK, "ready\n"),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot write\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store is too slow\n"),
    }
}

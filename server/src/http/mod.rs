//! The relay's HTTP side: the WebSocket, health, and the static app, all under the same headers.

mod accept;
mod app;
mod archive;
mod counted;
mod headers;
mod inside;
mod parser_errors;
mod public_url;
mod ready;
mod upgrade;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use ipnet::IpNet;

use self::ready::Readiness;
use crate::relay::Relay;

pub(crate) use self::accept::{Doors, serve};
pub(crate) use self::app::App;
pub use self::archive::ArchiveError;
pub(crate) use self::counted::Received;
pub use self::headers::CONTENT_SECURITY_POLICY;
pub use self::public_url::{PublicUrl, PublicUrlError};

/// The options of HTTP requests.
#[derive(Debug, Clone)]
pub(crate) struct HttpOptions {
    /// Whether to tell browsers to use HTTPS only.
    pub(crate) hsts: bool,
    /// The proxies whose `X-Forwarded-For` the relay believes.
    pub(crate) proxies: Vec<IpNet>,
    /// The address under which browsers open the app.
    pub(crate) public_url: Option<PublicUrl>,
    /// The origins that may connect besides the relay's own.
    pub(crate) origins: Vec<String>,
}

/// The state that all handlers share.
pub(crate) struct Site {
    relay: Arc<Relay>,
    options: HttpOptions,
    readiness: Readiness,
}

/// All routes.
pub(crate) fn router(relay: Arc<Relay>, options: HttpOptions, app: Option<App>) -> Router {
    let hsts = options.hsts;
    let site = Arc::new(Site { relay, options, readiness: Readiness::default() });
    let routes = Router::new()
        .route("/v1/ws", get(upgrade::upgrade))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready::answer))
        .with_state(site);
    let routes = match app {
        Some(app) => routes.fallback(move |request| app::serve(app.clone(), request)),
        None => routes,
    };
    routes.layer(axum::middleware::map_response(move |response| async move { headers::add(response, hsts) }))
}

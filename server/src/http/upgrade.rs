//! From an HTTP request to a connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use parley_protocol::limits::MAX_FRAME;

use super::{Received, Site};
use crate::connection;
use crate::peers::PeerKey;

/// Each connection has two buffers of this size for as long as it lives; the library's default of 128 KiB
/// would be the largest part of the memory of an idle relay.
const BUFFER: usize = 4 * 1024;

const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) async fn upgrade(
    State(site): State<Arc<Site>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(received): Extension<Received>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !origin_allowed(&headers, &site.options.origins) {
        return (StatusCode::FORBIDDEN, "this origin may not connect\n").into_response();
    }
    let forwarded = if site.options.behind_proxy { forwarded(&headers) } else { None };
    let peer = PeerKey::from(forwarded.unwrap_or(address.ip()));
    let relay = Arc::clone(&site.relay);
    let upgrade = upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME);
    if let Some(guard) = relay.peers.enter(peer, relay.options.connections_per_peer) {
        return upgrade.on_upgrade(move |socket| connection::serve(relay, socket, received, peer, guard));
    }
    // A browser tells its page nothing of an answer that is no upgrade.
    match Arc::clone(&relay.refusals).try_acquire_owned() {
        Ok(permit) => {
            let patience = relay.options.slow_reader;
            upgrade.on_upgrade(move |socket| connection::turn_away(socket, patience, permit))
        }
        Err(_) => (StatusCode::TOO_MANY_REQUESTS, "too many connections\n").into_response(),
    }
}

/// A page of another site must not use its visitor's browser to connect. Who is not a browser sends no
/// `Origin` and could send any.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if allowed.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let same = origin.parse::<Uri>().ok().and_then(|uri| Some(uri.authority()?.as_str() == host?));
    same.unwrap_or(false)
}

/// The address that the proxy in front of the relay saw: it appends to what the client may have made up.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_own_origin_may_connect() {
        let with = |origin: &str| headers(&[(HOST, "chat.example:8080"), (ORIGIN, origin)]);
        assert!(origin_allowed(&headers(&[(HOST, "chat.example")]), &[]));
        assert!(origin_allowed(&with("https://chat.example:8080"), &[]));
        for foreign in
            ["https://chat.example", "https://evil.example", "null", "", "https://chat.example:8080.evil"]
        {
            assert!(!origin_allowed(&with(foreign), &[]), "{foreign}");
        }
        assert!(origin_allowed(&with("http://localhost:3000"), &["http://localhost:3000".to_owned()]));
    }

    #[test]
    fn a_client_cannot_make_up_its_address() {
        let address = forwarded(&headers(&[(FORWARDED, "203.0.113.9, 192.0.2.1")]));
        assert_eq!(address, Some(IpAddr::from([192, 0, 2, 1])));
    }
}

//! Upgrades an HTTP request to a WebSocket connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, Extension, State};
use axum::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use parley_protocol::limits::MAX_FRAME;

use super::{HttpOptions, Received, Site};
use crate::connection;
use crate::peers::PeerKey;

/// Each connection has two buffers of this size as long as it lives. With the library's default of 128 KiB they would be the
/// largest part of an idle relay's memory.
const BUFFER: usize = 4 * 1024;

const NOT_HERE: &str =
    "pages of this address may not connect: whoever runs the relay names it with --public-url\n";
const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");

pub(super) async fn upgrade(
    State(site): State<Arc<Site>>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    Extension(received): Extension<Received>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !site.options.admits(&headers) {
        return (StatusCode::FORBIDDEN, NOT_HERE).into_response();
    }
    let forwarded = if site.options.is_proxy(address.ip()) { forwarded(&headers) } else { None };
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
    // A browser tells its page nothing about an answer that is not an upgrade.
    match Arc::clone(&relay.refusals).try_acquire_owned() {
        Ok(permit) => {
            let patience = relay.options.slow_reader;
            upgrade.on_upgrade(move |socket| connection::turn_away(socket, patience, permit))
        }
        Err(_) => (StatusCode::TOO_MANY_REQUESTS, "too many connections\n").into_response(),
    }
}

impl HttpOptions {
    /// A page of another site must not use its visitor's browser to connect. A client that is not a browser sends no `Origin`,
    /// and could send any.
    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(ORIGIN) else { return true };
        let Ok(origin) = origin.to_str() else { return false };
        if self.origins.iter().any(|allowed| allowed == origin) {
            return true;
        }
        match &self.public_url {
            Some(url) => url.as_str() == origin,
            None => is_own_address(origin, headers),
        }
    }

    /// Whether a socket comes from a trusted proxy, which tells the client's address.
    pub(crate) fn is_proxy(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// Whether a page came from the same address of this machine to which it connects. A host name is not enough: its owner can
/// point it here, and then the page and its connection agree with each other (DNS rebinding).
fn is_own_address(origin: &str, headers: &HeaderMap) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else { return false };
    let (Some(authority), Some(host)) = (origin.authority(), headers.get(HOST)) else { return false };
    let name = authority.host();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_address = name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok();
    is_address && host.as_bytes() == authority.as_str().as_bytes()
}

/// The address that the proxy in front of the relay saw. The proxy appends it to anything that the client may have made up.
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

    fn options(public_url: Option<&str>, origins: &[&str]) -> HttpOptions {
        HttpOptions {
            hsts: false,
            proxies: vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()],
            public_url: public_url.map(|url| url.parse().unwrap()),
            origins: origins.iter().map(|&origin| origin.to_owned()).collect(),
        }
    }

    #[test]
    fn only_the_public_address_may_connect() {
        let options = options(Some("https://chat.example"), &["http://localhost:3000"]);
        let with = |origin: &str| headers(&[(HOST, "chat.example"), (ORIGIN, origin)]);
        assert!(options.admits(&headers(&[(HOST, "chat.example")])), "no browser");
        assert!(options.admits(&with("https://chat.example")));
        assert!(options.admits(&with("http://localhost:3000")), "for development");
        for foreign in
            ["http://chat.example", "https://evil.example", "null", "", "https://chat.example.evil"]
        {
            assert!(!options.admits(&with(foreign)), "{foreign}");
        }
        let rebound = headers(&[(HOST, "127.0.0.1:8080"), (ORIGIN, "http://127.0.0.1:8080")]);
        assert!(!options.admits(&rebound), "another address of this machine");
    }

    #[test]
    fn p9_without_a_public_address_only_this_machine_by_its_number_or_as_localhost_may_connect() {
        let options = options(None, &[]);
        let same = |host: &str| headers(&[(HOST, host), (ORIGIN, &format!("http://{host}"))]);
        for own in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "192.0.2.7"] {
            assert!(options.admits(&same(own)), "{own}");
        }
        for name in ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"]
        {
            assert!(!options.admits(&same(name)), "{name}");
        }
        let other_port = headers(&[(HOST, "localhost:8080"), (ORIGIN, "http://localhost:3000")]);
        assert!(!options.admits(&other_port));
    }

    #[test]
    fn only_a_proxy_says_for_whom_it_is() {
        let options = options(None, &[]);
        for (address, trusted) in [
            ("127.0.0.1", true),
            ("10.9.8.7", true),
            ("::ffff:10.9.8.7", true),
            ("192.0.2.1", false),
            ("::1", false),
        ] {
            assert_eq!(options.is_proxy(address.parse().unwrap()), trusted, "{address}");
        }
    }

    #[test]
    fn a_client_cannot_make_up_its_address() {
        let address = forwarded(&headers(&[(FORWARDED, "203.0.113.9, 192.0.2.1")]));
        assert_eq!(address, Some(IpAddr::from([192, 0, 2, 1])));
    }
}

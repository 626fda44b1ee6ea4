//! Serves the app from the memory of the program that carries it.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::archive::Files;

/// The compressed siblings, smallest first: the name of the encoding and the extension of the file.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The files of the app, each with the tag by which a browser checks whether it has the newest.
#[derive(Debug)]
pub(super) struct Inside {
    files: BTreeMap<String, (Bytes, HeaderValue)>,
}

impl Inside {
    pub(super) fn new(files: Files) -> Self {
        let tagged = |(name, content): (String, Bytes)| {
            let tag = tag(&content);
            (name, (content, tag))
        };
        Self { files: files.into_iter().map(tagged).collect() }
    }

    pub(super) fn content(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(|(content, _)| content.as_ref())
    }

    /// Answers a request for a file like a static file server.
    pub(super) fn answer(&self, request: &Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET,HEAD")]).into_response();
        }
        let path = request.uri().path().trim_start_matches('/');
        let Some(plain) = self.files.get(path) else { return StatusCode::NOT_FOUND.into_response() };
        let smaller = ENCODINGS.into_iter().find_map(|(encoding, ending)| {
            let sibling = self.files.get(&format!("{path}{ending}"))?;
            accepts(request.headers(), encoding).then_some((encoding, sibling))
        });
        let (encoding, (content, tag)) =
            smaller.map_or((None, plain), |(encoding, file)| (Some(encoding), file));
        let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known == tag);
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            // For HEAD the server drops the body and keeps its length.
            Response::new(Body::from(content.clone()))
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
        headers.insert(ETAG, tag.clone());
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        response
    }
}

fn tag(content: &[u8]) -> HeaderValue {
    use std::fmt::Write as _;
    let digest = Sha256::digest(content);
    let hex = digest.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    HeaderValue::try_from(format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether the browser accepts the encoding. The weight 0 means that it does not.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|one| {
            let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            name.trim().eq_ignore_ascii_case(encoding) && weight.is_some_and(|weight| weight > 0.0)
        })
    })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, kind)| kind) {
        "html" => "text/html",
        "js" | "mjs" => "text/javascript",
        "css" => "text/css",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_encodings_are_heard() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(accepts(&headers("gzip, deflate, br"), "br"));
        assert!(accepts(&headers("gzip;q=0.5, BR;q=1.0"), "br"));
        assert!(!accepts(&headers("gzip, br;q=0"), "br"));
        assert!(!accepts(&headers("brotli"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}

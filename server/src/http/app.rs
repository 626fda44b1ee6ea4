//! Serves the static app: from a folder that the build made, or from inside of the program.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, HeaderValue, VARY};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tower_http::services::ServeDir;
use tower_service::Service as _;

use super::archive::{self, ArchiveError};
use super::inside::Inside;

const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NEVER: HeaderValue = HeaderValue::from_static("no-store");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// The shortest part of a file name that counts as a hash.
const MIN_HASH: usize = 8;
/// The name of the build's list of its files.
const LIST: &str = "assets.json";

/// The app's files.
#[derive(Debug, Clone)]
pub(crate) struct App {
    source: Source,
    /// The paths that the build lists as immutable; `None` if there is no list.
    immutable: Option<Arc<HashSet<String>>>,
}

/// Where the files are.
#[derive(Debug, Clone)]
enum Source {
    Folder(ServeDir),
    Inside(Arc<Inside>),
}

/// An element of `assets.json`, without the fields for other readers.
#[derive(Deserialize)]
struct Asset {
    path: String,
    #[serde(default)]
    immutable: bool,
}

impl App {
    /// Finds the app in `folder`, or else inside of the program, if it is there.
    pub(crate) fn find(folder: Option<&Path>) -> Result<Option<Self>, ArchiveError> {
        match folder {
            Some(folder) => Ok(Some(Self::in_folder(folder))),
            None => Ok(archive::of_this_program()?.map(|files| Self::inside(Inside::new(files)))),
        }
    }

    fn in_folder(folder: &Path) -> Self {
        let files = ServeDir::new(folder)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        let list = std::fs::read(folder.join(LIST)).ok();
        Self { source: Source::Folder(files), immutable: list.as_deref().and_then(listed).map(Arc::new) }
    }

    fn inside(files: Inside) -> Self {
        let immutable = files.content(LIST).and_then(listed).map(Arc::new);
        Self { source: Source::Inside(Arc::new(files)), immutable }
    }

    fn cache_control(&self, path: &str) -> HeaderValue {
        let path = path.trim_start_matches('/');
        let immutable = match &self.immutable {
            Some(listed) => listed.contains(path),
            None => has_hash(path),
        };
        if immutable { FOREVER } else { ASK_AGAIN }
    }
}

fn listed(text: &[u8]) -> Option<HashSet<String>> {
    match serde_json::from_slice::<Vec<Asset>>(text) {
        Ok(assets) => {
            let immutable = assets.into_iter().filter(|asset| asset.immutable);
            Some(immutable.map(|asset| asset.path.trim_start_matches('/').to_owned()).collect())
        }
        Err(error) => {
            tracing::warn!(%error, "assets.json is malformed: file names decide what is cached");
            None
        }
    }
}

/// Whether the file's name has a part like `-1a2b3c4d` before its extension.
fn has_hash(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    stem.split('-').skip(1).any(|part| {
        let hex = part.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
        hex >= MIN_HASH && matches!(part.as_bytes().get(hex), None | Some(b'_'))
    })
}

/// Answers with a file. For the app's own paths, such as `/u/ada`, it answers with the page; also for a path that should be a
/// fragment, because some programs write `%23` for the `#` of a link, and a full stop behind it.
pub(super) async fn serve(mut app: App, mut request: Request) -> Response {
    let path = request.uri().path();
    let is_file = !path.starts_with("/%23") && path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if !is_file {
        *request.uri_mut() = Uri::from_static("/index.html");
    }
    let path = request.uri().path().to_owned();
    let response = match &mut app.source {
        Source::Folder(files) => {
            let Ok(response) = files.call(request).await;
            response.map(Body::new)
        }
        Source::Inside(files) => files.answer(&request),
    };
    if response.status() == StatusCode::NOT_FOUND {
        let mut response = (StatusCode::NOT_FOUND, "there is nothing here\n").into_response();
        response.headers_mut().insert(CACHE_CONTROL, ASK_AGAIN);
        return response;
    }
    let mut response = response;
    // A refusal must not be cached: a browser that kept it for a year would have no app for a year.
    let is_file = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let caching = if is_file { app.cache_control(&path) } else { NEVER };
    response.headers_mut().insert(CACHE_CONTROL, caching);
    // A path can have several encodings.
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_in_a_name_is_recognised() {
        for name in ["app-0123456789abcdef.js", "app-0123456789abcdef_bg.wasm", "css/style-deadbeef.css"] {
            assert!(has_hash(name), "{name}");
        }
        for name in
            ["index.html", "worker_loader.js", "app-dev.js", "face-off.js", "deadbeef01.js", "a-deadbeefs.js"]
        {
            assert!(!has_hash(name), "{name}");
        }
    }
}

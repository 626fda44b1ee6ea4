//! The static app and the HTTP side.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use parley_tests::relay_process::RelayProcess;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

struct Response {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

async fn get(address: SocketAddr, path: &str, headers: &str) -> Response {
    ask(address, "GET", path, headers).await
}

async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Response {
    say(
        address,
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}\r\n")
            .as_bytes(),
    )
    .await
}

/// The relay's answer to these bytes.
async fn say(address: SocketAddr, bytes: &[u8]) -> Response {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Response { status, headers, body: bytes[end + 4..].to_vec() }
}

#[tokio::test]
async fn p9_what_is_no_http_is_refused_under_the_same_headers() {
    let relay = RelayProcess::start(&[]);
    let good = get(relay.address(), "/healthz", "").await;
    let long = format!("GET /healthz HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200));
    for (bytes, status) in [("\u{16}\u{3} is no HTTP\r\n\r\n", 400), (&long, 431)] {
        let refused = say(relay.address(), bytes.as_bytes()).await;
        assert_eq!(refused.status, status);
        for (name, value) in good.headers.iter().filter(|(name, _)| !name.starts_with("content-l")) {
            if !["content-type", "date"].contains(&name.as_str()) {
                assert_eq!(refused.headers.get(name), Some(value), "{status} {name}");
            }
        }
        assert!(refused.headers.contains_key("content-security-policy"));
    }
}

fn app(list: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).unwrap();
    write("index.html", b"<!doctype html>page");
    write("app-0123456789abcdef.js", b"plain");
    write("app-0123456789abcdef.js.br", b"brotli");
    write("app-0123456789abcdef.js.gz", b"gzip");
    write("app-0123456789abcdef_bg.wasm", b"\0asm");
    write("style.css", b"a{}");
    write("sw.js", b"worker");
    if list {
        let assets =
            br#"[{"path":"style.css","immutable":true,"bytes":3},{"path":"sw.js","immutable":false}]"#;
        write("assets.json", assets);
    }
    folder
}

fn relay_with(app: &TempDir, flags: &[&str]) -> RelayProcess {
    let mut all = vec!["--app", app.path().to_str().unwrap()];
    all.extend(flags);
    RelayProcess::start(&all)
}

#[tokio::test]
async fn pages_and_files_are_served_with_their_types_and_caching() {
    const FOREVER: &str = "public, max-age=31536000, immutable";
    let app = app(false);
    let relay = relay_with(&app, &[]);
    for (path, status, mime, cache) in [
        ("/", 200, "text/html", "no-cache"),
        ("/index.html", 200, "text/html", "no-cache"),
        ("/u/ada", 200, "text/html", "no-cache"),
        ("/app-0123456789abcdef.js", 200, "text/javascript", FOREVER),
        ("/app-0123456789abcdef_bg.wasm", 200, "application/wasm", FOREVER),
        ("/style.css", 200, "text/css", "no-cache"),
        ("/sw.js", 200, "text/javascript", "no-cache"),
        ("/missing.js", 404, "text/plain; charset=utf-8", "no-cache"),
        ("/missing-0123456789abcdef.js", 404, "text/plain; charset=utf-8", "no-cache"),
        ("/../Cargo.toml", 404, "text/plain; charset=utf-8", "no-cache"),
        ("/%2e%2e/relay.sqlite3", 404, "text/plain; charset=utf-8", "no-cache"),
    ] {
        let response = get(relay.address(), path, "").await;
        assert_eq!(response.status, status, "{path}");
        assert_eq!(response.headers["content-type"], mime, "{path}");
        assert_eq!(response.headers["cache-control"], cache, "{path}");
    }
    assert_eq!(get(relay.address(), "/u/ada", "").await.body, b"<!doctype html>page");
}

#[tokio::test]
async fn the_build_says_which_files_never_change() {
    let app = app(true);
    let relay = relay_with(&app, &[]);
    let cache = async |path: &str| get(relay.address(), path, "").await.headers["cache-control"].clone();
    assert!(cache("/style.css").await.contains("immutable"));
    assert_eq!(cache("/sw.js").await, "no-cache");
    assert_eq!(cache("/app-0123456789abcdef.js").await, "no-cache");
}

#[tokio::test]
async fn the_smallest_form_that_the_browser_takes_is_sent() {
    let app = app(false);
    let relay = relay_with(&app, &[]);
    for (accept, encoding, body) in
        [("br, gzip", Some("br"), "brotli"), ("gzip", Some("gzip"), "gzip"), ("identity", None, "plain")]
    {
        let accept = format!("Accept-Encoding: {accept}\r\n");
        let response = get(relay.address(), "/app-0123456789abcdef.js", &accept).await;
        assert_eq!(response.headers.get("content-encoding").map(String::as_str), encoding);
        assert_eq!(response.headers["content-type"], "text/javascript");
        assert_eq!(response.headers["vary"], "accept-encoding");
        assert_eq!(response.body, body.as_bytes());
    }
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let app = app(false);
    let relay = relay_with(&app, &[]);
    for path in ["/", "/sw.js", "/missing.js", "/healthz", "/readyz", "/v1/ws"] {
        let headers = get(relay.address(), path, "").await.headers;
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
             img-src 'self' data: blob:; media-src blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
             require-trusted-types-for 'script'; trusted-types parley",
            "{path}"
        );
        for (name, value) in [
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(headers[name], value, "{path}");
        }
        assert!(headers["permissions-policy"].contains("camera=(self)"), "{path}");
        assert!(headers["permissions-policy"].contains("microphone=(self)"), "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    let relay = relay_with(&app, &["--hsts"]);
    let headers = get(relay.address(), "/", "").await.headers;
    assert!(headers["strict-transport-security"].starts_with("max-age="));
}

#[tokio::test]
async fn health_is_told_from_readiness() {
    let relay = RelayProcess::start(&["--max-pages", "400"]);
    assert_eq!(get(relay.address(), "/healthz", "").await.status, 200);
    assert_eq!(get(relay.address(), "/readyz", "").await.status, 200);
    assert_eq!(get(relay.address(), "/", "").await.status, 404, "there is no app");
}

/// Otherwise an operator finds out only when their browser shows a page that does not work.
#[test]
fn a_relay_that_others_reach_over_plain_http_says_at_its_start_that_browsers_want_https() {
    let started = |flags: &[&str]| RelayProcess::start_logging(flags).end_and_log();
    let warning = "browsers open Parley only over HTTPS";
    assert!(started(&["--listen", "0.0.0.0:0"]).contains(warning));
    assert!(!started(&["--listen", "127.0.0.1:0"]).contains(warning), "nobody else reaches it");
    assert!(
        !started(&["--listen", "0.0.0.0:0", "--trusted-proxy", "127.0.0.1/32"]).contains(warning),
        "the proxy has TLS"
    );
}

/// A browser that caches a refusal for a year has no app for a year.
#[tokio::test]
async fn a_refusal_is_not_kept_by_browsers() {
    let app = app(false);
    let relay = relay_with(&app, &[]);
    let caching = async |method: &str, headers: &str| {
        let path = "/app-0123456789abcdef.js";
        let response = ask(relay.address(), method, path, headers).await;
        (response.status, response.headers["cache-control"].clone())
    };
    assert_eq!(caching("GET", "").await, (200, "public, max-age=31536000, immutable".to_owned()));
    assert_eq!(caching("POST", "").await, (405, "no-store".to_owned()));
    assert_eq!(caching("GET", "Range: bytes=900000-\r\n").await, (416, "no-store".to_owned()));
}

#[tokio::test]
async fn p9_a_name_that_points_here_cannot_connect_and_the_public_address_can() {
    let status = async |relay: &RelayProcess, host: &str, origin: &str| {
        let mut stream = TcpStream::connect(relay.address()).await.unwrap();
        let request = format!(
            "GET /v1/ws HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        String::from_utf8(start.to_vec()).unwrap()
    };
    let open = RelayProcess::start(&[]);
    assert_eq!(status(&open, "rebound.example", "http://rebound.example").await, "HTTP/1.1 403");
    let public = RelayProcess::start(&["--public-url", "https://chat.example"]);
    assert_eq!(status(&public, "chat.example", "https://chat.example").await, "HTTP/1.1 101");
    assert_eq!(status(&public, "chat.example", "http://chat.example").await, "HTTP/1.1 403");
}

#[tokio::test]
async fn a_page_of_another_site_cannot_connect() {
    let relay = RelayProcess::start(&["--origin", "http://localhost:3000"]);
    let upgrade = |origin: &str| {
        format!(
            "Origin: {origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        )
    };
    let status = async |origin: &str| {
        let address = relay.address();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /v1/ws HTTP/1.1\r\nHost: {address}\r\n{}\r\n", upgrade(origin));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        String::from_utf8(start.to_vec()).unwrap()
    };
    assert_eq!(status("http://evil.example").await, "HTTP/1.1 403");
    assert_eq!(status("null").await, "HTTP/1.1 403");
    assert_eq!(status(&format!("http://{}", relay.address())).await, "HTTP/1.1 101");
    assert_eq!(status("http://localhost:3000").await, "HTTP/1.1 101");
}

/// A relay's program with an appended archive, as `cargo xtask dist` makes it.
fn program_with_app(damage: bool) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let list = br#"[{"path":"app-0123456789abcdef.js","immutable":true}]"#;
    for (name, content) in [
        ("app-0123456789abcdef.js", &b"plain"[..]),
        ("app-0123456789abcdef.js.br", b"brotli"),
        ("app-0123456789abcdef.js.gz", b"gzip"),
        ("assets.json", list),
        ("index.html", b"<!doctype html>inside"),
    ] {
        files.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        files.extend(name.as_bytes());
        files.extend(u32::try_from(content.len()).unwrap().to_le_bytes());
        files.extend(content);
    }
    let digest = Sha256::digest(&files);
    let length = u64::try_from(files.len()).unwrap();
    if damage {
        files[30] ^= 1;
    }
    let program = folder.path().join("parley-server");
    fs::copy(RelayProcess::program(), &program).unwrap();
    let mut bytes = fs::read(&program).unwrap();
    bytes.extend(files);
    bytes.extend(length.to_le_bytes());
    bytes.extend(digest);
    bytes.extend(b"PARLEYA\x01");
    fs::write(&program, bytes).unwrap();
    folder
}

fn start_program(folder: &TempDir, flags: &[&str]) -> RelayProcess {
    let data = Arc::new(tempfile::tempdir().unwrap());
    RelayProcess::start_program(&folder.path().join("parley-server"), data, flags)
}

#[tokio::test]
async fn one_program_serves_the_app_that_is_inside_of_it() {
    let folder = program_with_app(false);
    let relay = start_program(&folder, &[]);
    for path in ["/", "/u/ada", "/index.html"] {
        let page = get(relay.address(), path, "").await;
        assert_eq!((page.status, page.body.as_slice()), (200, &b"<!doctype html>inside"[..]), "{path}");
        assert_eq!(page.headers["content-type"], "text/html");
        assert_eq!(page.headers["cache-control"], "no-cache");
        assert!(page.headers.contains_key("content-security-policy"));
    }
    for (accept, encoding, body) in
        [("gzip, br", Some("br"), "brotli"), ("gzip", Some("gzip"), "gzip"), ("br;q=0", None, "plain")]
    {
        let accept = format!("Accept-Encoding: {accept}\r\n");
        let script = get(relay.address(), "/app-0123456789abcdef.js", &accept).await;
        assert_eq!(script.headers.get("content-encoding").map(String::as_str), encoding);
        assert_eq!(script.body, body.as_bytes());
        assert_eq!(script.headers["content-type"], "text/javascript");
        assert!(script.headers["cache-control"].contains("immutable"));
    }
    assert_eq!(get(relay.address(), "/missing.js", "").await.status, 404);
    let tag = get(relay.address(), "/", "").await.headers["etag"].clone();
    let again = get(relay.address(), "/", &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[tokio::test]
async fn a_folder_takes_the_place_of_the_app_inside() {
    let (folder, app) = (program_with_app(false), app(false));
    let relay = start_program(&folder, &["--app", app.path().to_str().unwrap()]);
    assert_eq!(get(relay.address(), "/", "").await.body, b"<!doctype html>page");
}

#[test]
fn a_program_whose_app_is_damaged_does_not_start() {
    let folder = program_with_app(true);
    let data = tempfile::tempdir().unwrap();
    let output = Command::new(folder.path().join("parley-server"))
        .args(["--listen", "127.0.0.1:0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged"), "the operator is told why");
}

/// The rules of <https://github.com/freedomofpress/webcat-spec/blob/main/csp.md>.
#[test]
fn the_policy_is_one_that_webcat_allows() {
    let policy = parley_server::CONTENT_SECURITY_POLICY;
    assert!(!policy.contains(','), "one policy");
    let directives: HashMap<&str, Vec<&str>> = policy
        .split(';')
        .filter_map(|directive| {
            let mut words = directive.split_whitespace();
            Some((words.next()?, words.collect()))
        })
        .collect();
    assert_eq!(directives["default-src"], ["'none'"]);
    for (name, allowed) in [
        ("script-src", &["'none'", "'self'", "'wasm-unsafe-eval'"][..]),
        ("style-src", &["'none'", "'self'"]),
        ("worker-src", &["'none'", "'self'"]),
    ] {
        assert!(directives[name].iter().all(|source| allowed.contains(source)), "{name}");
    }
    for absent in ["script-src-elem", "script-src-attr", "style-src-elem", "object-src", "frame-src"] {
        assert!(!directives.contains_key(absent), "{absent} falls back to default-src");
    }
}

//! Starts a finished release as its operator would, and compares every file that it serves with the build.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::app::{hex, listing::Asset};
use crate::command::command;

/// Checks every file of the list. Returns the Content-Security-Policy that all of them had.
pub(super) fn served_as_built(program: &Path, assets: &[Asset]) -> Result<String> {
    let data = std::env::temp_dir().join(format!("parley-probe-{}", std::process::id()));
    let relay = Relay::start(program, &data);
    let result = relay.and_then(|relay| compare(&relay.address, assets));
    let _ = fs::remove_dir_all(&data);
    result
}

fn compare(address: &str, assets: &[Asset]) -> Result<String> {
    let mut policy = None;
    for asset in assets {
        let answer = Answer::get(address, &format!("/{}", asset.name))?;
        if hex(&Sha256::digest(&answer.body)) != asset.sha256 {
            bail!("the release serves another {} than was built", asset.name);
        }
        match (answer.headers.get("content-security-policy").map(Vec::as_slice), &policy) {
            (Some([one]), None) => policy = Some(one.clone()),
            (Some([one]), Some(known)) if one == known => {}
            _ => bail!("{} is served without the one Content-Security-Policy", asset.name),
        }
    }
    policy.context("the release has no files")
}

/// A running release. Dropping it kills the process.
struct Relay {
    child: Child,
    address: String,
}

impl Relay {
    fn start(program: &Path, data: &Path) -> Result<Self> {
        let mut child = command(&program.to_string_lossy())
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env_remove("PARLEY_APP")
            .env("PARLEY_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .context("the release does not start")?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
        let relay = Self { child, address: address.unwrap_or_default() };
        if relay.address.is_empty() {
            bail!("the release does not listen");
        }
        Ok(relay)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    headers: BTreeMap<String, Vec<String>>,
    body: Vec<u8>,
}

impl Answer {
    fn get(address: &str, path: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        Self::parse(&bytes).with_context(|| format!("the release has no answer for {path}"))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, body) = bytes.split_at_checked(end)?;
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        lines.next().filter(|status| status.starts_with("HTTP/1.1 200"))?;
        let mut headers = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            headers.entry(name.to_lowercase()).or_default().push(value.to_owned());
        }
        Some(Self { headers, body: body.get(4..)?.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_every_header_of_one_name() {
        let answer = Answer::parse(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\nbody\r\n\r\n").unwrap();
        assert_eq!(answer.headers["a"], ["1", "2"]);
        assert_eq!(answer.body, b"body\r\n\r\n");
        assert!(Answer::parse(b"HTTP/1.1 404 Not Found\r\nA: 1\r\n\r\n").is_none());
    }
}

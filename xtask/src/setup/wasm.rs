//! Finds or installs a Rust toolchain that builds for the browser.
//!
//! The toolchain is the default one with its `wasm32-unknown-unknown` target where rustup can add that; else, on Debian, the
//! distribution's compiler, linked into rustup as `parley-wasm` (see [`super::debian`]).

use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::debian;
use crate::command::{cargo, command, output, run_within};
use crate::place;
use crate::say::step;

/// The target of everything that runs in the browser.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const BY_HAND: &str = "no Rust toolchain here can build for the browser: install the target by hand with \
                       `rustup target add wasm32-unknown-unknown`, or link a toolchain that has it as `parley-wasm`";

/// Which toolchain builds for the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The toolchain that also builds everything else.
    Default,
    /// A toolchain that rustup knows by this name.
    Named(&'static str),
}

impl Toolchain {
    /// `cargo` of this toolchain.
    pub(crate) fn cargo(self) -> Command {
        let mut cargo = cargo();
        self.select(&mut cargo);
        cargo
    }

    /// Makes `command`, and every program that it starts, use this toolchain.
    pub(crate) fn select(self, command: &mut Command) {
        if let Self::Named(name) = self {
            command.env("RUSTUP_TOOLCHAIN", name);
        }
    }

    /// The output of this toolchain's `rustc`; `None` when it does not run.
    pub(crate) fn rustc(self, arguments: &[&str]) -> Option<String> {
        let mut rustc = command("rustc");
        self.select(&mut rustc);
        output(rustc.args(arguments)).ok()
    }

    /// Whether the toolchain has a standard library for the browser.
    fn has_target(self) -> bool {
        let Some(folder) = self.rustc(&["--print", "target-libdir", "--target", TARGET]) else {
            return false;
        };
        let Ok(entries) = PathBuf::from(folder).read_dir() else { return false };
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    }
}

pub(super) fn find_or_install() -> Result<Toolchain> {
    let candidates = [Toolchain::Default, Toolchain::Named(debian::TOOLCHAIN)];
    let find = || candidates.into_iter().find(|toolchain| toolchain.has_target());
    if let Some(found) = find() {
        return Ok(found);
    }
    if place::on_path("rustup").is_none() {
        bail!(BY_HAND);
    }
    if server_reachable() {
        let added = step("Adding the browser target to the Rust toolchain", Duration::from_secs(10), || {
            let mut rustup = command("rustup");
            rustup.args(["target", "add", TARGET]).env("RUSTUP_MAX_RETRIES", "1");
            run_within(&mut rustup, Duration::from_mins(5))
        });
        if added.is_ok() && Toolchain::Default.has_target() {
            return Ok(Toolchain::Default);
        }
    }
    if !debian::possible() {
        bail!(BY_HAND);
    }
    debian::install()?;
    match find() {
        Some(found) => Ok(found),
        None => bail!(BY_HAND),
    }
}

/// Whether rustup's server answers within three seconds. Behind a proxy only an attempt can tell.
fn server_reachable() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].into_iter().any(set) {
        return true;
    }
    let server =
        std::env::var("RUSTUP_DIST_SERVER").unwrap_or_else(|_| "https://static.rust-lang.org".to_owned());
    let Some(address) = host_and_port(&server) else { return true };
    let Ok(mut addresses) = address.to_socket_addrs() else { return false };
    addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(3)).is_ok())
}

/// `host:port` of an http or https address.
fn host_and_port(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    let port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    Some(if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_its_host_and_port() {
        assert_eq!(host_and_port("https://a.example/rust").as_deref(), Some("a.example:443"));
        assert_eq!(host_and_port("http://127.0.0.1:9").as_deref(), Some("127.0.0.1:9"));
        assert_eq!(host_and_port("file:///mirror"), None);
    }
}

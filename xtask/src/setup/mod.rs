//! Finds or installs what the build and the tests need. Skips every step that is done already.

mod browser;
mod debian;
mod tools;
mod wasm;

use std::time::Instant;

use anyhow::Result;

use crate::say;

pub(crate) use browser::chromium;
pub(crate) use tools::{for_serving, tool};
pub(crate) use wasm::{TARGET, Toolchain};

/// Installs everything, for `cargo xtask setup`.
pub(crate) fn everything() -> Result<()> {
    let start = Instant::now();
    build()?;
    browser_tests()?;
    say::line(format_args!("Everything is in place ({}).", say::seconds(start)));
    Ok(())
}

/// Installs what building the app needs. Returns the toolchain that builds for the browser.
pub(crate) fn build() -> Result<Toolchain> {
    let toolchain = wasm::find_or_install()?;
    tools::find_or_install()?;
    Ok(toolchain)
}

/// Installs what the browser tests need in addition.
pub(crate) fn browser_tests() -> Result<()> {
    browser::find_or_install()
}

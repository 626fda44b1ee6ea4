//! Builds the browser app. `index.html` describes it ([`page`]): its programs, styles and files, in Trunk's own words, so that
//! `trunk serve` builds the same app. Here cargo compiles the programs ([`mod@compile`]), wasm-bindgen's library writes their
//! scripts ([`program`]), and [`bundle`] gives every file its name and its place in the page.

mod bundle;
mod compile;
mod compress;
pub(crate) mod listing;
mod loader;
mod names;
mod page;
mod program;
pub(crate) mod split;
mod stamp;
mod styles;

pub(crate) use compile::{Kind, compile, compiled};
pub(crate) use names::hex;
pub(crate) use page::has_inline_script;
pub(crate) use program::{optimise, write_bindings};
pub(crate) use stamp::files_below;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::{place, say, setup};

/// Builds the release app into `dist/`, unless none of its inputs has changed.
pub(crate) fn build() -> Result<()> {
    build_as(Kind::Release)
}

/// Builds the app into `dist/`, unless none of its inputs has changed. The quick kind is for trying a change: it is not
/// optimised.
pub(crate) fn build_as(kind: Kind) -> Result<()> {
    let toolchain = setup::build()?;
    let stamp = stamp::Stamp::of_inputs(toolchain, kind)?;
    if stamp.is_current() {
        say::line("The app is up to date.");
        return Ok(());
    }
    let template = fs::read_to_string(place::root().join("index.html")).context("there is no index.html")?;
    let page = page::Page::parse(&template)?;
    say::step("Compiling the app", compile::expected(kind), || {
        let programs: Vec<&str> = page.programs.iter().map(|program| program.name.as_str()).collect();
        compile(toolchain, kind, &programs, &[])
    })?;
    let start = Instant::now();
    let work = place::target().join("parley/work");
    fs::create_dir_all(&work)?;
    replace(&place::dist(), |fresh| bundle::Bundle::of(&page, kind, &work)?.write(fresh, kind))?;
    stamp.save()?;
    say::line(format_args!("  scripts, names, hashes and compression: {}", say::seconds(start)));
    Ok(())
}

/// Writes a folder beside its place and then moves it there, so that the place never holds half of a build.
fn replace(to: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let fresh = to.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    write(&fresh)?;
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::rename(&fresh, to).with_context(|| format!("could not replace {}", to.display()))
}

//! The browser app: Trunk compiles and links it, then [`finish`] turns Trunk's output into what the relay serves.

mod compress;
mod finish;
mod glue;
mod html;
pub(crate) mod listing;
mod loader;
mod module;
mod names;
mod stamp;
mod styles;

pub(crate) use glue::OPTIMISE;
pub(crate) use names::hex;
pub(crate) use stamp::files_below;

use std::fs;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::command::run;
use crate::setup::{self, Toolchain};
use crate::{place, reproducible, say};

/// Whether a script's code stands in the page.
pub(crate) fn has_inline_script(page: &str) -> bool {
    html::take_inline_script(page).is_some()
}

/// Builds the app into `dist/`, unless nothing it is made of changed.
pub(crate) fn build() -> Result<()> {
    let toolchain = setup::build()?;
    let stamp = stamp::Stamp::of_inputs(toolchain)?;
    if stamp.is_current() {
        say::line("The app is up to date.");
        return Ok(());
    }
    say::heading("Building the app");
    let start = Instant::now();
    trunk(toolchain)?;
    say::line(format_args!("  Trunk: {}", say::seconds(start)));

    let start = Instant::now();
    let output = place::target().join("parley/trunk");
    finish::finish(&output, &place::dist())?;
    stamp.save()?;
    say::line(format_args!("  scripts, names, hashes and compression: {}", say::seconds(start)));
    Ok(())
}

/// Runs Trunk in release mode into a folder of the target folder.
fn trunk(toolchain: Toolchain) -> Result<()> {
    // Trunk copies all that wasm-bindgen ever left here: start clean.
    let leftovers = place::target().join("wasm-bindgen/release");
    if leftovers.exists() {
        fs::remove_dir_all(&leftovers).with_context(|| format!("could not empty {}", leftovers.display()))?;
    }
    let mut trunk = setup::tool("trunk")?;
    trunk.args(["build", "--release", "--dist"]).arg(place::target().join("parley/trunk"));
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true").env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    if let Some(flags) = same_paths_everywhere(toolchain) {
        trunk.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    }
    toolchain.select(&mut trunk);
    run(&mut trunk)
}

/// Compiler flags (added to those of `.cargo/config.toml`) that keep this machine's folders out of the program.
pub(crate) fn same_paths_everywhere(toolchain: Toolchain) -> Option<String> {
    let flags = reproducible::flags(toolchain);
    // Cargo splits the variable at white space.
    (!flags.iter().any(|flag| flag.contains(char::is_whitespace))).then(|| flags.join(" "))
}

//! Builds the relay's program.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::command::{cargo, output, run};
use crate::setup::Toolchain;
use crate::{place, reproducible, say};

/// How the relay is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As tests use it; they compiled nearly all of it anyway.
    Dev,
    /// As it is run.
    Release,
}

/// Builds the relay as it is published: stripped, and the same bytes whatever folder this is. Returns the program.
pub(crate) fn build_dist() -> Result<PathBuf> {
    say::heading("Building the relay for release");
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "dist", "--package", "parley-server"]);
    build.env("CARGO_ENCODED_RUSTFLAGS", reproducible::flags(Toolchain::Default).join("\u{1f}"));
    run(&mut build)?;
    Ok(program("dist"))
}

/// Builds the relay and returns the program.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let (folder, options, seconds): (_, &[&str], _) = match profile {
        // With what the whole workspace asks of the dependencies: so the tests compiled them.
        Profile::Dev => ("debug", &["--workspace"], 60),
        Profile::Release => ("release", &["--release", "--package", "parley-server"], 170),
    };
    let mut build = cargo();
    // Its output is shown only when it fails: something else may be compiled at the same time.
    build.args(["build", "--bin", "parley-server"]).args(options);
    say::step("Compiling the relay", Duration::from_secs(seconds), || output(&mut build))?;
    Ok(program(folder))
}

/// Builds the relay while `other` is built: each leaves a core idle for a while. The relay needs nothing that set-up
/// brings, so that it also fills the time of downloads.
pub(crate) fn build_beside<T>(other: impl FnOnce() -> Result<T>) -> Result<(PathBuf, T)> {
    thread::scope(|scope| {
        let relay = scope.spawn(|| build(Profile::Release));
        let other = other();
        let relay = relay.join().map_err(|_| anyhow!("building the relay ended"))?;
        Ok((relay?, other?))
    })
}

fn program(folder: &str) -> PathBuf {
    place::target().join(folder).join(format!("parley-server{}", std::env::consts::EXE_SUFFIX))
}

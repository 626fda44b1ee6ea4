//! Builds the relay's program.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::command::{cargo, output, run};
use crate::setup::Toolchain;
use crate::{place, reproducible, say};

/// The profile with which the relay is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// For tests, which have compiled nearly all of it already.
    Dev,
    /// For running it.
    Release,
}

/// Builds the relay for publication: stripped, and the same bytes in every folder. Returns the program.
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
        // Uses the features that the whole workspace requests from dependencies, as the tests did.
        Profile::Dev => ("debug", &["--workspace"], 60),
        Profile::Release => ("release", &["--release", "--package", "parley-server"], 170),
    };
    let mut build = cargo();
    // The output is shown only on failure: another program may be compiling at the same time.
    build.args(["build", "--bin", "parley-server"]).args(options);
    say::step("Compiling the relay", Duration::from_secs(seconds), || output(&mut build))?;
    Ok(program(folder))
}

/// Builds the relay while `other` runs: each leaves a core idle for a while. The relay needs nothing from the set-up, so this
/// also uses the time of downloads.
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

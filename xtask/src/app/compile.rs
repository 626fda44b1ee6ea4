//! Compiles the app's programs with cargo.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::run;
use crate::setup::{TARGET, Toolchain};
use crate::{place, reproducible};

const PACKAGE: &str = "parley-client";

/// The kind of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The app for people: small.
    Release,
    /// The app for a developer who tries a change: ready soon.
    Quick,
}

impl Kind {
    /// Cargo's profile, and the folder it writes to.
    fn profile(self) -> &'static str {
        match self {
            Self::Release => "wasm",
            Self::Quick => "quick",
        }
    }
}

/// How long a build takes when nothing was compiled before, for [`crate::say::step`].
pub(super) fn expected(kind: Kind) -> Duration {
    Duration::from_secs(match kind {
        Kind::Release => 220,
        Kind::Quick => 120,
    })
}

/// Compiles programs of the client. Compiles those with the same features in one run of cargo, so that they share their common
/// code.
pub(crate) fn compile(toolchain: Toolchain, kind: Kind, programs: &[&str], features: &[&str]) -> Result<()> {
    let (split, whole): (Vec<&str>, Vec<&str>) =
        programs.iter().copied().partition(|program| split_feature(kind, program).is_some());
    if !whole.is_empty() {
        let mut cargo = client(toolchain, kind, "build", features);
        for program in whole {
            cargo.args(["--bin", program]);
        }
        run(&mut cargo)?;
    }
    for program in split {
        let features: Vec<&str> = features.iter().copied().chain(split_feature(kind, program)).collect();
        let mut cargo = client(toolchain, kind, "rustc", &features);
        // The splitter needs the relocations. In RUSTFLAGS, the flag would compile everything once more.
        run(cargo.args(["--bin", program, "--", "-Clink-arg=--emit-relocs"]))?;
    }
    Ok(())
}

/// The feature with which a program is split ([`super::split`]). Each program has its own, because every program compiled with
/// a part's feature contains that part. Quick builds are not split: they are ready sooner, and nobody waits for them to load.
pub(super) fn split_feature(kind: Kind, program: &str) -> Option<&'static str> {
    match (kind, program) {
        (Kind::Release, "app") => Some("split-page"),
        (Kind::Release, "worker") => Some("split-worker"),
        _ => None,
    }
}

fn client(toolchain: Toolchain, kind: Kind, what: &str, features: &[&str]) -> Command {
    let mut cargo = toolchain.cargo();
    cargo.args([what, "--quiet", "--package", PACKAGE, "--target", TARGET, "--profile", kind.profile()]);
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    if let (Kind::Release, Some(flags)) = (kind, same_paths_everywhere(toolchain)) {
        cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", flags);
    }
    cargo
}

/// Where cargo leaves a program.
pub(crate) fn compiled(kind: Kind, program: &str) -> PathBuf {
    place::target().join(TARGET).join(kind.profile()).join(format!("{program}.wasm"))
}

/// Compiler flags (added to those of `.cargo/config.toml`) that keep this machine's folders out of the program.
fn same_paths_everywhere(toolchain: Toolchain) -> Option<String> {
    let flags = reproducible::flags(toolchain);
    // Cargo splits the variable at white space.
    (!flags.iter().any(|flag| flag.contains(char::is_whitespace))).then(|| flags.join(" "))
}

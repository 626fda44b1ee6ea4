//! Compiles the app's programs with cargo.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::command::run;
use crate::setup::{TARGET, Toolchain};
use crate::{place, reproducible};

const PACKAGE: &str = "parley-client";

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What is served to people: small.
    Release,
    /// What somebody who changes the code wants: soon.
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

/// How long it takes when nothing was compiled before, for [`crate::say::step`].
pub(super) fn expected(kind: Kind) -> Duration {
    Duration::from_secs(match kind {
        Kind::Release => 220,
        Kind::Quick => 120,
    })
}

/// Compiles programs of the client, those that are alike in one run of cargo, which shares what they have in common.
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
        // What refers to what is how it is taken apart. In RUSTFLAGS it would compile everything once more.
        run(cargo.args(["--bin", program, "--", "-Clink-arg=--emit-relocs"]))?;
    }
    Ok(())
}

/// The feature with which a program is taken apart ([`super::split`]), each with its own: a part is kept in every program that is
/// compiled with its feature. Quick builds are not taken apart: they are there sooner, and nobody waits for them to load.
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

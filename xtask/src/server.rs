//! The relay's program.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::setup::Toolchain;
use crate::{place, reproducible, say};

/// Builds the relay as it is released: stripped, and the same bytes whatever folder this is. Returns the program.
pub(crate) fn build_release() -> Result<PathBuf> {
    say::heading("Building the relay for release");
    let mut build = cargo();
    build.args(["build", "--locked", "--profile", "dist", "--package", "parley-server"]);
    build.env("CARGO_ENCODED_RUSTFLAGS", reproducible::flags(Toolchain::Default).join("\u{1f}"));
    run(&mut build)?;
    let name = format!("parley-server{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join("dist").join(name))
}

/// Builds the relay in release mode and returns the program.
pub(crate) fn build() -> Result<PathBuf> {
    say::heading("Building the relay");
    run(cargo().args(["build", "--release", "--package", "parley-server"]))?;
    let name = format!("parley-server{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join("release").join(name))
}

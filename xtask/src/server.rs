//! The relay's program.

use std::path::PathBuf;

use anyhow::Result;

use crate::command::{cargo, run};
use crate::{place, say};

/// Builds the relay in release mode and returns the program.
pub(crate) fn build() -> Result<PathBuf> {
    say::heading("Building the relay");
    run(cargo().args(["build", "--release", "--package", "parley-server"]))?;
    let name = format!("parley-server{}", std::env::consts::EXE_SUFFIX);
    Ok(place::target().join("release").join(name))
}

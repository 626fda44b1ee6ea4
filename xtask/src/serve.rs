//! `cargo xtask serve`: runs Trunk's development server, which rebuilds the page after every change.

use anyhow::Result;

use crate::command::run as run_command;
use crate::setup;

/// Passes all further options on to `trunk serve`.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let toolchain = setup::build()?;
    let mut trunk = setup::for_serving()?;
    trunk.arg("serve").args(words);
    trunk.env("TRUNK_SKIP_VERSION_CHECK", "true").env_remove("NO_COLOR").env_remove("RUST_BACKTRACE");
    toolchain.select(&mut trunk);
    run_command(&mut trunk)
}

//! The tests in a real browser: node's own test runner drives Chromium against the real relay and the built app.

use std::fs;

use anyhow::{Context as _, Result};

use super::Variables;
use crate::command::{command, run};
use crate::dist::webcat;
use crate::{app, place, say, server, setup};

pub(super) fn check(variables: Variables<'_>) -> Result<()> {
    let folder = place::root().join("tests/browser");
    let mut files: Vec<String> = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        say::line("There is no tests/browser/*.test.mjs yet: nothing was run.");
        return Ok(());
    }
    setup::browser_tests()?;
    app::build()?;
    webcat::check(&place::dist())?;
    let program = server::build()?;
    let shots = place::root().join("shots");
    fs::create_dir_all(&shots)?;

    let mut node = command("node");
    // One file at a time: each starts a relay and a browser of its own.
    node.args(["--test", "--test-concurrency=1"]).args(&files).current_dir(&folder);
    node.env("PARLEY_SERVER_BIN", program).env("PARLEY_APP_DIR", place::dist()).env("PARLEY_SHOTS", shots);
    node.env("CHROMIUM", setup::chromium().context("Chromium is gone")?);
    node.envs(variables.iter().map(|(name, value)| (name, value)));
    run(&mut node)
}

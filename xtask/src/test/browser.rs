//! The tests in a real browser: node's own test runner drives Chromium against the real relay and the built app.

use std::fs;

use anyhow::{Context as _, Result, bail};

use super::Options;
use crate::command::{command, run};
use crate::dist::webcat;
use crate::{app, place, server, setup};

/// `--only NAME` takes the files whose name begins so, `--name PATTERN` the tests that are called so.
pub(super) fn check(options: &Options) -> Result<()> {
    let folder = place::root().join("tests/browser");
    let only = options.variable("PARLEY_ONLY").unwrap_or_default();
    let mut files: Vec<String> = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".test.mjs") && name.starts_with(only))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("there is no tests/browser/{only}*.test.mjs");
    }
    setup::browser_tests()?;
    if options.quick {
        app::build_as(app::Kind::Quick)?;
    } else {
        app::build()?;
        webcat::check(&place::dist())?;
    }
    let program = server::build(server::Profile::Dev)?;
    let shots = place::root().join("shots");
    fs::create_dir_all(&shots)?;

    let mut node = command("node");
    // Each file starts a relay and browsers of its own, and waits for clocks half of its time.
    node.args(["--test", "--test-concurrency=2"]);
    if let Some(pattern) = options.variable("PARLEY_NAME") {
        node.arg(format!("--test-name-pattern={pattern}"));
    }
    node.args(&files).current_dir(&folder);
    node.env("PARLEY_SERVER_BIN", program).env("PARLEY_APP_DIR", place::dist()).env("PARLEY_SHOTS", shots);
    node.env("CHROMIUM", setup::chromium().context("Chromium is gone")?);
    node.envs(options.variables.iter().map(|(name, value)| (name, value)));
    run(&mut node)
}

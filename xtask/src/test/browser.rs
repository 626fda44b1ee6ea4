//! Runs the tests in a real browser: node's test runner drives Chromium against the real relay and the built app.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Options;
use crate::command::{command, run};
use crate::dist::webcat;
use crate::{app, place, say, server, setup};

/// Runs the browser tests. `--only NAME` chooses the files whose name begins so, `--name PATTERN` the tests with such names.
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

    let variables = Variables { program, shots, options };
    let unsteady = match node(&folder, &files, Turn::First, &variables)? {
        failed if failed.is_empty() => return Ok(()),
        failed => failed,
    };
    let again: Vec<String> =
        unsteady.iter().map(|test| test.file.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let failed = node(&folder, &again, Turn::Again, &variables)?;
    if !failed.is_empty() {
        bail!("failed twice: {}", listed(&failed));
    }
    say::line(format_args!(
        "\nUnsteady: these failed and passed when their file ran again: {}",
        listed(&unsteady)
    ));
    Ok(())
}

/// The environment variables of every run of node.
struct Variables<'a> {
    program: PathBuf,
    shots: PathBuf,
    options: &'a Options,
}

/// How many files run at a time. Each file starts its own relay and browsers, and waits for clocks half of its time. So two run
/// at a time, but only one when a file runs again after a failed test.
#[derive(Clone, Copy)]
enum Turn {
    First,
    Again,
}

/// A test that failed.
#[derive(Debug, PartialEq, Eq)]
struct Failed {
    file: String,
    name: String,
}

fn listed(tests: &[Failed]) -> String {
    tests.iter().map(|test| format!("{} \"{}\"", test.file, test.name)).collect::<Vec<_>>().join(", ")
}

/// Runs files, and returns the failed tests.
fn node(folder: &Path, files: &[String], turn: Turn, variables: &Variables<'_>) -> Result<Vec<Failed>> {
    let Variables { program, shots, options } = variables;
    let report = place::target().join("failed-tests");
    let mut node = command("node");
    node.arg("--test").arg(match turn {
        Turn::First => "--test-concurrency=2",
        Turn::Again => "--test-concurrency=1",
    });
    node.args(["--test-reporter=tap", "--test-reporter-destination=stdout"]);
    node.arg("--test-reporter=./lib/failed.mjs");
    node.arg(format!("--test-reporter-destination={}", report.display()));
    if let Some(pattern) = options.variable("PARLEY_NAME") {
        node.arg(format!("--test-name-pattern={pattern}"));
    }
    node.args(files).current_dir(folder);
    node.env("PARLEY_SERVER_BIN", program).env("PARLEY_APP_DIR", place::dist()).env("PARLEY_SHOTS", shots);
    node.env("CHROMIUM", setup::chromium().context("Chromium is gone")?);
    node.envs(options.variables.iter().map(|(name, value)| (name, value)));
    let Err(error) = run(&mut node) else { return Ok(Vec::new()) };
    let failed = parsed(&fs::read_to_string(&report).unwrap_or_default());
    // Node ended for another reason than a test.
    if failed.is_empty() { Err(error) } else { Ok(failed) }
}

fn parsed(report: &str) -> Vec<Failed> {
    report
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(file, name)| Failed { file: file.to_owned(), name: name.to_owned() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_file_and_test() {
        let failed = parsed("a.test.mjs\tp1: a text arrives\nnothing\nb.test.mjs\tb.test.mjs\n");
        assert_eq!(listed(&failed), "a.test.mjs \"p1: a text arrives\", b.test.mjs \"b.test.mjs\"");
    }
}

//! The stages of `cargo xtask test`, and what each of them runs.

use std::process::Command;

use anyhow::{Result, bail};

use super::{Options, Part, Stage, browser};
use crate::command::{cargo, run};
use crate::{place, say, server, setup, tidy};

const CLIENT: &str = "parley-client";

/// The stages of a part, in order: quick stages that fail often come first.
pub(super) fn of(part: Part) -> Vec<Stage> {
    let setup = Stage::new("set-up", |_| setup::build().map(drop));
    match part {
        Part::Sim => vec![Stage::new("sim", |options| {
            target_exists("sim")?;
            tests(
                &[
                    "-p",
                    "parley-tests",
                    "-p",
                    "parley-crypto",
                    "-p",
                    "parley-engine",
                    "-p",
                    "parley-protocol",
                    "--lib",
                    "--test",
                    "sim",
                ],
                options,
            )
        })],
        Part::Attacks => vec![Stage::new("attacks", |options| {
            target_exists("attacks")?;
            tests(&["-p", "parley-tests", "--test", "attacks"], options)
        })],
        Part::Relay => vec![Stage::new("relay", |options| {
            tests(&["-p", "parley-server"], options)?;
            target_exists("relay")?;
            tests(&["-p", "parley-tests", "--test", "relay"], options)
        })],
        Part::Browser => vec![setup, Stage::new("browser", browser::check)],
        Part::All => vec![
            Stage::new("format", |_| run(cargo().args(["fmt", "--all", "--check"]))),
            Stage::new("tidy", |_| tidy::run(&[])),
            Stage::new("licences and banned crates", |_| deny()),
            // The client too: its programs run only in the browser, but its library's logic runs anywhere.
            Stage::new("tests", |options| tests(&["--workspace"], options)),
            Stage::new("examples in the documentation", |_| {
                run(cargo().args(["test", "--quiet", "--doc", "--workspace"]))
            }),
            Stage::new("clippy", |_| clippy()),
            Stage::new("documentation", |_| documentation()),
            setup,
            Stage::new("clippy for the browser", |_| clippy_wasm()),
            Stage::new("browser", browser::check),
        ],
    }
}

/// Checks the rules of deny.toml, if cargo-deny is installed: building it takes longer than most stages.
fn deny() -> Result<()> {
    if place::on_path("cargo-deny").is_none() {
        say::line("cargo-deny is not installed: licences and banned crates are not checked.");
        return Ok(());
    }
    run(cargo().args(["deny", "--locked", "check", "bans", "licenses", "sources"]))
}

fn clippy() -> Result<()> {
    let mut clippy = cargo();
    clippy.args([
        "clippy",
        "--quiet",
        "--workspace",
        "--exclude",
        CLIENT,
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]);
    run(&mut clippy)
}

fn clippy_wasm() -> Result<()> {
    let toolchain = setup::build()?;
    // First with the measuring program, which is in no app, and split into parts; then like the worker and quick builds.
    for features in [&["--features", "bench,split-page,split-worker"][..], &[]] {
        let mut clippy = toolchain.cargo();
        // Uses the app's profile, whose macros and build scripts are compiled already.
        clippy
            .args(["clippy", "--quiet", "-p", CLIENT, "--profile", "wasm", "--target", setup::TARGET])
            .args(features);
        run(clippy.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn documentation() -> Result<()> {
    let mut doc = cargo();
    // Of the same crates as the lints, so that the dependencies are checked already.
    doc.args(["doc", "--quiet", "--no-deps", "--workspace", "--exclude", CLIENT, "--lib"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    run(&mut doc)
}

/// Runs tests, with nextest if it is installed. The relay's tests need its program.
fn tests(selection: &[&str], options: &Options) -> Result<()> {
    let relay = server::build(server::Profile::Dev)?;
    let mut command = runner();
    command.args(selection).env("PARLEY_SERVER_BIN", relay);
    command.envs(options.variables.iter().map(|(name, value)| (name, value)));
    run(&mut command)
}

fn runner() -> Command {
    let mut cargo = cargo();
    if place::on_path("cargo-nextest").is_some() {
        cargo.args(["nextest", "run", "--no-tests=pass", "--status-level=fail", "--cargo-quiet"]);
    } else {
        cargo.args(["test", "--quiet"]);
    }
    cargo
}

/// Checks that a part exists that was requested by name.
fn target_exists(name: &str) -> Result<()> {
    let file = format!("tests/tests/{name}.rs");
    let folder = format!("tests/tests/{name}/main.rs");
    if !place::root().join(&file).is_file() && !place::root().join(folder).is_file() {
        bail!("there is no {file} yet");
    }
    Ok(())
}

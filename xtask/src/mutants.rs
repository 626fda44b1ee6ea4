//! `cargo xtask mutants`: changes the code in small ways and checks whether a test notices (docs/mutants.md).

use std::fs;

use anyhow::{Result, bail};

use crate::command::{cargo, run};
use crate::place;

/// Runs cargo-mutants on one crate, and passes on all further options, for instance `--file engine/src/seal.rs`.
pub(crate) fn run_on(words: &[&str]) -> Result<()> {
    let Some((name, rest)) = words.split_first() else {
        bail!("`mutants` wants a crate: protocol, crypto or engine");
    };
    if !["protocol", "crypto", "engine"].contains(name) {
        bail!("`mutants` takes protocol, crypto or engine, not {name}");
    }
    if place::on_path("cargo-mutants").is_none() {
        bail!(
            "cargo-mutants is missing: `cargo install cargo-mutants --version 27.1.0 --locked`, then again"
        );
    }
    let mut mutants = cargo();
    // One job and a time limit, so that a mutant that never ends costs a minute.
    mutants.args(["mutants", "--package", &format!("parley-{name}"), "--jobs", "1", "--timeout", "60"]);
    mutants.args(rest);
    // Each mutant is compiled in a copy of the checkout, which must not share this one's target folder.
    mutants.env("CARGO_TARGET_DIR", place::target().join("mutants")).env("INSTA_UPDATE", "no");
    let output = place::target().join("mutants-out").join(name);
    fs::create_dir_all(&output)?;
    mutants.arg("--output").arg(output);
    run(&mut mutants)
}

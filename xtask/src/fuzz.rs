//! `cargo xtask fuzz`: runs the targets of `fuzz/` under libFuzzer, on stable Rust.
//!
//! `cargo fuzz` wants a nightly compiler for its sanitizers. libFuzzer steers by coverage alone, which is a pass of LLVM that
//! every compiler has.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::command::{cargo, command, run};
use crate::{place, say};

/// The flags that count how often each edge is taken, as libFuzzer requires.
const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Ccodegen-units=1",
];
/// The targets, as in `fuzz/src/lib.rs`.
const TARGETS: [&str; 12] = [
    "client_frame",
    "server_frame",
    "device_log",
    "padding",
    "text",
    "content",
    "group",
    "seal",
    "slot",
    "backup",
    "records",
    "relay",
];

#[derive(Debug, PartialEq, Eq)]
struct Options<'a> {
    targets: Vec<&'a str>,
    seconds: u32,
}

impl<'a> Options<'a> {
    fn parse(words: &[&'a str]) -> Result<Self> {
        let mut options = Self { targets: Vec::new(), seconds: 60 };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--seconds" => {
                    let value = words.next().context("--seconds wants a number")?;
                    options.seconds = value.parse().context("--seconds wants a number")?;
                }
                name if TARGETS.contains(&name) => options.targets.push(name),
                other => bail!("there is no target {other}; there are {}", TARGETS.join(", ")),
            }
        }
        if options.targets.is_empty() {
            options.targets = TARGETS.to_vec();
        }
        Ok(options)
    }
}

pub(crate) fn run_targets(words: &[&str]) -> Result<()> {
    let options = Options::parse(words)?;
    if place::on_path("c++").is_none() && place::on_path("g++").is_none() {
        bail!("libFuzzer is C++: install a C++ compiler (on Debian: apt-get install g++)");
    }
    let host = host()?;
    // The flags differ from the usual ones, so the build has its own target folder.
    let folder = place::target().join("fuzz");
    let mut build = cargo();
    build.args(["build", "--package", "parley-fuzz", "--features", "libfuzzer", "--target", &host]);
    build.arg("--target-dir").arg(&folder);
    build.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"));
    run(&mut build)?;
    let program = folder.join(&host).join("debug/parley-fuzz");
    for target in options.targets {
        say::heading(format_args!("{target}, {} s", options.seconds));
        let corpus = place::root().join("fuzz/corpus").join(target);
        let found = place::root().join("fuzz/artifacts").join(target);
        fs::create_dir_all(&corpus)?;
        fs::create_dir_all(&found)?;
        let mut fuzz = command(&program.to_string_lossy());
        fuzz.arg(&corpus).arg(format!("-max_total_time={}", options.seconds));
        fuzz.arg(format!("-artifact_prefix={}/", found.display()));
        fuzz.args(["-max_len=65536", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]);
        fuzz.env("PARLEY_FUZZ_TARGET", target).env("PARLEY_FUZZ_CORPUS", &corpus);
        run(&mut fuzz)
            .with_context(|| format!("{target} broke a promise: the input is in {}", found.display()))?;
    }
    Ok(())
}

/// The machine's own target. Naming it makes cargo compile build scripts and macros without the flags.
fn host() -> Result<String> {
    let version = crate::command::output(command("rustc").arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("rustc does not say what it runs on")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_the_crate() {
        let source = fs::read_to_string(place::root().join("fuzz/src/lib.rs")).unwrap();
        let names: Vec<&str> =
            source.split("Target { name: \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert_eq!(names, TARGETS);
    }

    #[test]
    fn without_a_name_all_targets_run() {
        assert_eq!(
            Options::parse(&["--seconds", "5"]).unwrap(),
            Options { targets: TARGETS.to_vec(), seconds: 5 }
        );
        assert_eq!(Options::parse(&["relay"]).unwrap().targets, ["relay"]);
        assert!(Options::parse(&["relais"]).is_err());
        assert!(Options::parse(&["--seconds"]).is_err());
    }
}

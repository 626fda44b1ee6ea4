//! `cargo xtask tidy`: checks the rules of this code base that the compiler does not check.

mod attack_tests;
mod documents;
mod edges;
mod graph;
mod named_tests;
mod names;
mod promises;
mod rooms;
mod sources;
mod tree;

use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::{place, say};

/// A necessary change and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    sentence: String,
}

impl Finding {
    fn new(path: &str, line: usize, sentence: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, sentence: sentence.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.sentence)
    }
}

/// Checks everything and prints each finding as `path:line: sentence`. With `--write` it first updates the generated parts.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let root = place::root();
    let mut files = tree::read(&root)?;
    match words {
        [] => {}
        ["--write"] => {
            attack_tests::write(&root, &files)?;
            files = tree::read(&root)?;
        }
        other => bail!("`tidy` takes --write, not {}", other.join(" ")),
    }
    let mut findings = sources::check(&files);
    findings.extend(documents::check(&root, &files));
    findings.extend(named_tests::check(&files));
    findings.extend(attack_tests::check(&files));
    findings.extend(promises::check(&files));
    findings.extend(rooms::check(&files));
    findings.extend(names::check(&files, &lock_files(&root)));
    findings.extend(edges::check(&root)?);
    for advice in sources::advice(&files) {
        say::line(format_args!("{advice} (not an error yet)"));
    }
    findings.sort();
    findings.dedup();
    for finding in &findings {
        say::line(finding);
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("tidy has one finding"),
        many => bail!("tidy has {many} findings"),
    }
}

/// The lock files, which contain the names of other people's packages.
fn lock_files(root: &Path) -> String {
    let read = |name: &str| fs::read_to_string(root.join(name)).unwrap_or_default();
    ["Cargo.lock", "tests/browser/package-lock.json"].map(read).join("\n")
}

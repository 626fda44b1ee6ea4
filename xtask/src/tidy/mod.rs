//! `cargo xtask tidy`: the rules of this code base that the compiler does not check.

mod documents;
mod edges;
mod graph;
mod named_tests;
mod promises;
mod sources;
mod tree;

use std::fmt;

use anyhow::{Result, bail};

use crate::{place, say};

/// Something to change, and where.
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

/// Checks everything and prints each finding as `path:line: sentence`.
pub(crate) fn run() -> Result<()> {
    let root = place::root();
    let files = tree::read(&root)?;
    let mut findings = sources::check(&files);
    findings.extend(documents::check(&root, &files));
    findings.extend(named_tests::check(&files));
    findings.extend(promises::check(&files));
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

//! Joins the page's styles into one file: one request, one `integrity`, and brotli sees what they have in common. esbuild
//! removes comments and spaces.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::compile::Kind;
use crate::command::output;
use crate::{place, setup};

/// Joins the styles in the page's order. `work` is a folder for intermediate files.
pub(super) fn joined(paths: &[String], kind: Kind, work: &Path) -> Result<Vec<u8>> {
    let mut style = String::new();
    for path in paths {
        let file = place::root().join(path);
        style.push_str(&fs::read_to_string(&file).with_context(|| format!("index.html names {path}"))?);
        style.push('\n');
    }
    if kind == Kind::Quick {
        return Ok(style.into_bytes());
    }
    let (from, to) = (work.join("from.css"), work.join("to.css"));
    fs::write(&from, style)?;
    let mut tool = setup::tool("esbuild")?;
    tool.arg(&from).args(["--minify", "--log-level=error", "--allow-overwrite"]);
    tool.arg(format!("--outfile={}", to.display()));
    output(&mut tool)?;
    fs::read(&to).context("esbuild wrote nothing")
}

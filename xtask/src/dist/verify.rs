//! `cargo xtask dist --verify`: builds the release here and in a clone at another depth, and compares every byte.

use std::env;
use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::app::{files_below, hex};
use crate::command::{cargo, command, output, run};
use crate::{place, say};

/// Compares the release that was just built here with the clone's.
pub(super) fn verify() -> Result<()> {
    let top = env::temp_dir().join(format!("parley-verify-{}", std::process::id()));
    let clone = top.join("a/folder/that/is/deeper/than/the/first/parley");
    say::heading(format_args!("Building once more in {}", clone.display()));
    let start = Instant::now();
    fs::create_dir_all(clone.parent().context("the clone has no folder")?)?;
    run(command("git").args(["clone", "--quiet", "--local"]).arg(place::root()).arg(&clone))?;
    let mut again = cargo();
    again.args(["run", "--quiet", "--package", "xtask", "--", "dist"]).current_dir(&clone);
    // A target folder of its own, so that nothing built here is used there.
    again.env_remove("CARGO_TARGET_DIR");
    run(&mut again)?;
    say::line(format_args!("  built in {}", say::seconds(start)));

    let (here, there) = (hashes(&super::folder())?, hashes(&clone.join("dist-release"))?);
    for (name, hash) in &here {
        say::line(format_args!("{hash}  {name}"));
    }
    let other =
        here.iter().find(|file| !there.contains(file)).or(there.iter().find(|file| !here.contains(file)));
    if let Some((name, _)) = other {
        bail!("{name} is another one in {} (which is kept, for comparison)", clone.display());
    }
    say::line("Both folders gave the same bytes.");
    fs::remove_dir_all(&top).with_context(|| format!("could not remove {}", top.display()))?;
    Ok(())
}

/// Checks that everything is committed: other changes would not be in the clone.
pub(super) fn nothing_uncommitted() -> Result<()> {
    let changed = output(command("git").args(["status", "--porcelain"]))?;
    if !changed.is_empty() {
        bail!("`dist --verify` compares commits: commit or put away these changes first\n{changed}");
    }
    Ok(())
}

/// The names and SHA-256 of the files below a folder, in a fixed order.
fn hashes(folder: &Path) -> Result<Vec<(String, String)>> {
    let hash = |file: std::path::PathBuf| {
        let name = file.strip_prefix(folder)?.to_string_lossy().into_owned();
        Ok((name, hex(&Sha256::digest(fs::read(&file)?))))
    };
    files_below(folder)?.into_iter().map(hash).collect()
}

//! Decides whether the app must be built again, by a hash over everything that it is made of.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use super::compile::Kind;
use super::names::hex;
use crate::place;
use crate::setup::Toolchain;

/// The inputs of the app: folders and files, and the code that builds it.
const INPUTS: [&str; 12] = [
    "client",
    "crypto",
    "engine",
    "protocol",
    "index.html",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    "xtask/Cargo.toml",
    "xtask/src/app",
    "xtask/src/reproducible.rs",
    "xtask/src/setup",
];

/// A hash over the inputs.
pub(super) struct Stamp(String);

impl Stamp {
    pub(super) fn of_inputs(toolchain: Toolchain, kind: Kind) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(format!("{kind:?}"));
        hash.update(toolchain.rustc(&["-V"]).unwrap_or_default());
        for input in INPUTS {
            for file in files_below(&place::root().join(input))? {
                let bytes = fs::read(&file).with_context(|| format!("could not read {}", file.display()))?;
                hash.update(file.to_string_lossy().as_bytes());
                hash.update([0]);
                hash.update(Sha256::digest(&bytes));
            }
        }
        Ok(Self(hex(&hash.finalize())))
    }

    /// Whether `dist/` was made from these inputs and has not changed since.
    pub(super) fn is_current(&self) -> bool {
        let saved = fs::read_to_string(file()).unwrap_or_default();
        self.line().is_some_and(|line| line == saved)
    }

    pub(super) fn save(&self) -> Result<()> {
        let line = self.line().context("the build left no dist/assets.json")?;
        Ok(fs::write(file(), line)?)
    }

    /// The hash of the inputs, and that of the finished app's list of files.
    fn line(&self) -> Option<String> {
        let listing = fs::read(place::dist().join(super::listing::NAME)).ok()?;
        Some(format!("{} {}\n", self.0, hex(&Sha256::digest(listing))))
    }
}

fn file() -> PathBuf {
    place::target().join("parley/app.stamp")
}

/// The files below `path` in a fixed order: `path` itself if it is a file, nothing if it does not exist.
pub(crate) fn files_below(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    let mut found = Vec::new();
    if path.is_dir() {
        let mut entries = path.read_dir()?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        entries.sort();
        for entry in entries {
            found.extend(files_below(&entry)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_a_fixed_order() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c", "b/z", "b/a", "a"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let names: Vec<_> = files_below(folder.path())
            .unwrap()
            .iter()
            .map(|file| file.strip_prefix(folder.path()).unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(names, ["a", "b/a", "b/z", "c"]);
        assert!(files_below(&folder.path().join("missing")).unwrap().is_empty());
    }
}

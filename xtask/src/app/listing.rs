//! Writes `dist/assets.json`, the list of the app's files: objects with `path`, `sha256`, `immutable` and sizes. Its readers
//! are the relay (which files never change), the size gate and anybody who compares builds.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// The file's name in `dist/`.
pub(crate) const NAME: &str = "assets.json";

/// One file of the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    /// Path below `dist/`.
    pub(crate) name: String,
    /// SHA-256 of the content, in hexadecimal.
    pub(crate) sha256: String,
    /// The uncompressed size.
    pub(crate) bytes: u64,
    /// Size after gzip; the plain size where compression does not pay.
    pub(crate) gzip: u64,
    /// Size after brotli; the plain size where compression does not pay.
    pub(crate) brotli: u64,
    /// Whether the name carries a hash, so that the file never changes.
    pub(crate) immutable: bool,
}

impl Asset {
    fn to_json(&self) -> Value {
        json!({
            "path": self.name, "sha256": self.sha256, "immutable": self.immutable,
            "bytes": self.bytes, "gzip": self.gzip, "brotli": self.brotli,
        })
    }

    fn from_json(value: &Value) -> Option<Self> {
        let number = |key: &str| value.get(key)?.as_u64();
        Some(Self {
            name: value.get("path")?.as_str()?.to_owned(),
            sha256: value.get("sha256")?.as_str()?.to_owned(),
            immutable: value.get("immutable")?.as_bool()?,
            bytes: number("bytes")?,
            gzip: number("gzip")?,
            brotli: number("brotli")?,
        })
    }
}

pub(super) fn write(folder: &Path, assets: &[Asset]) -> Result<()> {
    let list: Vec<Value> = assets.iter().map(Asset::to_json).collect();
    let text = serde_json::to_string_pretty(&Value::Array(list))?;
    Ok(fs::write(folder.join(NAME), text + "\n")?)
}

/// Reads the list of a finished build.
pub(crate) fn read(folder: &Path) -> Result<Vec<Asset>> {
    let text =
        fs::read_to_string(folder.join(NAME)).context("the app is not built: run `cargo xtask app`")?;
    let value: Value = serde_json::from_str(&text)?;
    let files = value.as_array().context("assets.json is no list")?;
    files
        .iter()
        .map(|file| Asset::from_json(file).context("assets.json has an entry that is no file"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let asset = Asset {
            name: "app-0123.js".to_owned(),
            sha256: "ab".to_owned(),
            bytes: 10,
            gzip: 8,
            brotli: 7,
            immutable: true,
        };
        write(folder.path(), std::slice::from_ref(&asset)).unwrap();
        assert_eq!(read(folder.path()).unwrap(), [asset]);
    }
}

//! Appends the app as an archive to the relay's program. `server/src/http/archive.rs` reads it and has the format.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::app::files_below;

const MAGIC: &[u8; 8] = b"PARLEYA\x01";

/// Every file below `folder`, in the order of their names, and the footer.
pub(super) fn pack(folder: &Path) -> Result<Vec<u8>> {
    let mut names = Vec::new();
    for file in files_below(folder)? {
        names.push(file.strip_prefix(folder)?.to_string_lossy().replace('\\', "/"));
    }
    names.sort();
    let mut bytes = Vec::new();
    for name in names {
        let content = fs::read(folder.join(&name)).with_context(|| format!("could not read {name}"))?;
        bytes.extend(u16::try_from(name.len())?.to_le_bytes());
        bytes.extend(name.as_bytes());
        bytes.extend(u32::try_from(content.len())?.to_le_bytes());
        bytes.extend(content);
    }
    let (length, digest) = (u64::try_from(bytes.len())?, Sha256::digest(&bytes));
    bytes.extend(length.to_le_bytes());
    bytes.extend(digest);
    bytes.extend(MAGIC);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_the_one_that_the_relay_reads() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("index.html"), "").unwrap();
        fs::write(folder.path().join("a"), "b").unwrap();
        let bytes = pack(folder.path()).unwrap();
        // The test of the reader has the same bytes.
        let files = b"\x01\0a\x01\0\0\0b\x0a\0index.html\0\0\0\0";
        let (packed, footer) = bytes.split_at(files.len());
        assert_eq!(packed, files);
        assert_eq!(footer[..8], [24, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(footer[8..40], Sha256::digest(files)[..]);
        assert_eq!(&footer[40..], MAGIC);
    }
}

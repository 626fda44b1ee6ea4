//! Reads the app from inside the relay's own program file: an archive that the release build appends.
//!
//! ```text
//! program || files || length of files (8) || SHA-256 of files (32) || "PARLEYA" and the version 1 (8)
//! file = length of name (2) || name || length of content (4) || content       numbers are little-endian
//! ```
//!
//! `xtask/src/dist/archive.rs` writes it; docs/adr/0006 says why it is appended and not compiled in.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use axum::body::Bytes;
use sha2::{Digest as _, Sha256};

const MAGIC: &[u8; 8] = b"PARLEYA\x01";
const FOOTER: u64 = 48;
/// Longer than any app, so that a damaged length is not believed.
const LONGEST: u64 = 256 * 1024 * 1024;

/// Why the app inside of the program cannot be served. Retrying does not help: the program file has to be copied or built
/// again.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The program file cannot be read.
    #[error("the relay cannot read its own program file")]
    Unreadable(#[from] io::Error),
    /// There is an archive, but it is not what the build wrote.
    #[error("the app inside of the relay's program file is damaged: copy or build the program again")]
    Damaged,
}

/// Files by path below the site's root.
pub(super) type Files = BTreeMap<String, Bytes>;

/// Reads the app that was appended to the running program, if there is one.
pub(super) fn of_this_program() -> Result<Option<Files>, ArchiveError> {
    read(&mut File::open(std::env::current_exe()?)?)
}

fn read(program: &mut (impl Read + Seek)) -> Result<Option<Files>, ArchiveError> {
    let end = program.seek(SeekFrom::End(0))?;
    let Some(footer_at) = end.checked_sub(FOOTER) else { return Ok(None) };
    program.seek(SeekFrom::Start(footer_at))?;
    let (mut length, mut digest, mut magic) = ([0; 8], [0; 32], [0; 8]);
    program.read_exact(&mut length)?;
    program.read_exact(&mut digest)?;
    program.read_exact(&mut magic)?;
    if magic != *MAGIC {
        return Ok(None);
    }
    let length = u64::from_le_bytes(length);
    let start = footer_at.checked_sub(length).filter(|_| length <= LONGEST).ok_or(ArchiveError::Damaged)?;
    program.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    program.take(length).read_to_end(&mut bytes)?;
    if Sha256::digest(&bytes).as_slice() != digest {
        return Err(ArchiveError::Damaged);
    }
    unpack(bytes.into()).map(Some).ok_or(ArchiveError::Damaged)
}

fn unpack(mut bytes: Bytes) -> Option<Files> {
    let mut files = Files::new();
    while !bytes.is_empty() {
        let length = u16::from_le_bytes(take(&mut bytes, 2)?.as_ref().try_into().ok()?);
        let name = String::from_utf8(take(&mut bytes, length.into())?.to_vec()).ok()?;
        let length = u32::from_le_bytes(take(&mut bytes, 4)?.as_ref().try_into().ok()?);
        let content = take(&mut bytes, usize::try_from(length).ok()?)?;
        files.insert(name, content);
    }
    Some(files)
}

fn take(bytes: &mut Bytes, length: usize) -> Option<Bytes> {
    (bytes.len() >= length).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The bytes that `xtask/src/dist/archive.rs` writes for the files `a` ("b") and `index.html` (empty).
    const FILES: &[u8] = b"\x01\0a\x01\0\0\0b\x0a\0index.html\0\0\0\0";

    fn program(files: &[u8]) -> Vec<u8> {
        let mut program = b"\x7fELF and so on".to_vec();
        program.extend(files);
        program.extend(u64::try_from(files.len()).unwrap().to_le_bytes());
        program.extend(Sha256::digest(files));
        program.extend(MAGIC);
        program
    }

    #[test]
    fn the_files_are_found_behind_the_program() {
        let files = read(&mut Cursor::new(program(FILES))).unwrap().unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files["a"].as_ref(), b"b");
        assert!(files["index.html"].is_empty());
    }

    #[test]
    fn a_program_without_an_archive_has_no_app() {
        for bytes in [&b""[..], b"short", &[0; 4096]] {
            assert!(read(&mut Cursor::new(bytes)).unwrap().is_none());
        }
    }

    #[test]
    fn every_flipped_bit_of_the_archive_is_noticed() {
        let whole = program(FILES);
        let start = whole.len() - 48 - FILES.len();
        // The last 8 bytes are the magic number; without it there is no archive.
        for index in start..whole.len() - 8 {
            let mut bytes = whole.clone();
            bytes[index] ^= 1;
            assert!(matches!(read(&mut Cursor::new(bytes)), Err(ArchiveError::Damaged)), "byte {index}");
        }
    }

    #[test]
    fn files_that_are_cut_off_are_refused() {
        for length in 1..FILES.len() {
            // After seven bytes the first file is complete.
            if length != 8 {
                assert!(read(&mut Cursor::new(program(&FILES[..length]))).is_err(), "{length} bytes");
            }
        }
    }
}

//! Seals a file under one key, in chunks of one length. Each chunk's nonce counts the chunk and says whether it is the last
//! (the STREAM construction, as in [`crate::backup`]); the file's length is in the associated data. So chunks cannot change
//! places, none comes from another file, and a reader detects a file that was cut short or made longer.
//!
//! XChaCha20-Poly1305 does not commit to its key: an attacker can make a ciphertext that opens to something else under
//! another key. The message that names the key therefore also names the hash of all sealed bytes, and the message's signature
//! covers both.

use parley_crypto::aead::{OpenError, TAG, XNonce, xopen, xseal};
use parley_protocol::padding::padded_length;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::domain::content::files::{FileId, FileKey};

/// Length of every chunk but the last, in bytes, as sealed: what one frame carries.
pub(crate) const CHUNK: usize = 256 * 1024;
/// Bytes of a file in it.
pub(crate) const CONTENT: usize = CHUNK - TAG;
/// No file looks shorter than this.
const FLOOR: usize = 4096;
const PURPOSE: &[u8] = b"parley file chunk v1\0";

/// How a file of some size is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    size: usize,
    padded: usize,
}

impl Shape {
    /// None of a size that no file has here.
    pub(crate) fn of(size: u64) -> Option<Self> {
        let fits = size <= parley_protocol::limits::MAX_FILE;
        let size = usize::try_from(size).ok().filter(|_| fits)?;
        Some(Self { size, padded: padded_length(size.max(FLOOR)) })
    }

    pub(crate) fn chunks(self) -> u32 {
        u32::try_from(self.padded.div_ceil(CONTENT)).unwrap_or(u32::MAX)
    }

    /// Length of all that is sealed.
    pub(crate) fn sealed(self) -> u64 {
        let tags = usize::try_from(self.chunks()).unwrap_or(usize::MAX).saturating_mul(TAG);
        u64::try_from(self.padded.saturating_add(tags)).unwrap_or(u64::MAX)
    }

    /// Where a chunk begins in what is sealed.
    pub(crate) fn offset(index: u32) -> u64 {
        u64::from(index).saturating_mul(u64::try_from(CHUNK).unwrap_or(u64::MAX))
    }

    /// Bytes of the file that come before a chunk.
    pub(crate) fn before(self, index: u32) -> u64 {
        let begins = u64::from(index).saturating_mul(u64::try_from(CONTENT).unwrap_or(u64::MAX));
        begins.min(u64::try_from(self.size).unwrap_or(u64::MAX))
    }

    /// Bytes of the file in a chunk.
    pub(crate) fn content(self, index: u32) -> usize {
        let (begin, end) = (self.before(index), self.before(index.saturating_add(1)));
        usize::try_from(end.saturating_sub(begin)).unwrap_or(usize::MAX)
    }

    /// Length of a chunk before it is sealed.
    fn plain(self, index: u32) -> usize {
        let begin = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(CONTENT);
        self.padded.saturating_sub(begin).min(CONTENT)
    }

    /// Length of a chunk as sealed.
    pub(crate) fn sealed_chunk(self, index: u32) -> usize {
        self.plain(index).saturating_add(TAG)
    }

    fn is_last(self, index: u32) -> bool {
        index.saturating_add(1) >= self.chunks()
    }

    fn aad(self) -> [u8; PURPOSE.len() + 8] {
        let mut aad = [0; PURPOSE.len() + 8];
        let size = u64::try_from(self.size).unwrap_or(u64::MAX).to_be_bytes();
        let bytes = PURPOSE.iter().chain(&size);
        aad.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        aad
    }

    /// Seals what stands in a chunk; what is too short is filled with zeros.
    pub(crate) fn seal(self, key: &FileKey, index: u32, content: &[u8]) -> Vec<u8> {
        let nonce = nonce(index, self.is_last(index));
        if content.len() == self.plain(index) {
            return xseal(key.as_bytes(), &nonce, &self.aad(), content);
        }
        let mut plain = Zeroizing::new(Vec::with_capacity(self.plain(index)));
        plain.extend_from_slice(content);
        plain.resize(self.plain(index), 0);
        xseal(key.as_bytes(), &nonce, &self.aad(), &plain)
    }

    /// What of the file stands in a chunk.
    pub(crate) fn open(
        self,
        key: &FileKey,
        index: u32,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        if sealed.len() != self.sealed_chunk(index) {
            return Err(OpenError);
        }
        let mut plain = xopen(key.as_bytes(), &nonce(index, self.is_last(index)), &self.aad(), sealed)?;
        plain.truncate(self.content(index));
        Ok(plain)
    }
}

fn nonce(index: u32, last: bool) -> XNonce {
    let mut nonce: XNonce = [0; 24];
    let bytes = u64::from(index).to_be_bytes().into_iter().chain([u8::from(last)]);
    nonce.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    nonce
}

/// By which a file is known on this device and to its views: it says nothing of the key.
pub(crate) fn id_of(key: &FileKey) -> FileId {
    let mut hash = Sha256::new();
    hash.update(b"parley file id v1\0");
    hash.update(key.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    FileId(digest.first_chunk::<16>().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> FileKey {
        FileKey::new([1; 32])
    }

    fn bytes(size: usize) -> Vec<u8> {
        (0..size).map(|place| u8::try_from(place % 251).unwrap()).collect()
    }

    fn sealed(size: usize) -> (Shape, Vec<Vec<u8>>) {
        let (shape, file) = (Shape::of(u64::try_from(size).unwrap()).unwrap(), bytes(size));
        let begins = |index: u32| usize::try_from(shape.before(index)).unwrap();
        let of = |index| &file[begins(index)..begins(index + 1)];
        (shape, (0..shape.chunks()).map(|index| shape.seal(&key(), index, of(index))).collect())
    }

    #[test]
    fn what_is_sealed_opens_whatever_its_size() {
        for size in [0, 1, FLOOR, CONTENT - 1, CONTENT, CONTENT + 1, 2 * CONTENT, 3 * CONTENT + 77] {
            let (shape, chunks) = sealed(size);
            let lengths: usize = chunks.iter().map(Vec::len).sum();
            assert_eq!(u64::try_from(lengths).unwrap(), shape.sealed(), "{size}");
            assert!(chunks[..chunks.len() - 1].iter().all(|chunk| chunk.len() == CHUNK));
            let opened: Vec<u8> = (0..)
                .zip(&chunks)
                .flat_map(|(index, chunk)| shape.open(&key(), index, chunk).unwrap().to_vec())
                .collect();
            assert_eq!(opened, bytes(size));
        }
    }

    #[test]
    fn p1_sizes_are_few() {
        let of = |size| Shape::of(size).unwrap().sealed();
        assert_eq!(of(0), of(4096));
        let sizes: std::collections::BTreeSet<u64> = (1_000_000..2_000_000).step_by(1000).map(of).collect();
        assert!(sizes.len() <= 33, "{}", sizes.len());
    }

    #[test]
    fn the_longest_file_is_a_blob() {
        let longest = Shape::of(parley_protocol::limits::MAX_FILE).unwrap();
        assert!(longest.sealed() <= parley_protocol::limits::MAX_BLOB);
        assert!(Shape::of(parley_protocol::limits::MAX_FILE + 1).is_none());
    }

    #[test]
    fn p2_chunks_do_not_change_places_nor_come_from_elsewhere() {
        let (shape, chunks) = sealed(3 * CONTENT);
        assert!(shape.open(&key(), 0, &chunks[1]).is_err());
        assert!(shape.open(&key(), 1, &chunks[0]).is_err());
        assert!(shape.open(&FileKey::new([2; 32]), 0, &chunks[0]).is_err());
        let mut damaged = chunks[0].clone();
        damaged[7] ^= 1;
        assert!(shape.open(&key(), 0, &damaged).is_err());
    }

    #[test]
    fn p2_a_file_that_was_cut_or_made_longer_does_not_open() {
        let (long, chunks) = sealed(3 * CONTENT);
        let (short, _) = sealed(2 * CONTENT);
        let last = short.chunks() - 1;
        assert!(short.open(&key(), last, &chunks[usize::try_from(last).unwrap()]).is_err(), "cut off");
        let (_, other) = sealed(2 * CONTENT);
        assert!(long.open(&key(), 0, &other[0]).is_err(), "of a file of another length");
    }

    #[test]
    fn the_format_is_pinned() {
        let (shape, chunks) = sealed(3);
        assert_eq!((shape.chunks(), shape.sealed()), (1, 4112));
        let hash: [u8; 32] = Sha256::digest(&chunks[0]).into();
        insta::assert_snapshot!(format!("{} {}", crate::hex(&id_of(&key()).0), crate::hex(&hash)));
    }
}

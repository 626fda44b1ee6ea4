//! Seals a stream of items under one key, in chunks of one length, so that damage or a cut costs only its own chunk. Each
//! chunk's nonce counts the chunk and says whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway
//! and Vizár, 2015): chunks cannot change places, and a reader detects a stream that was cut short.

use parley_crypto::aead::{TAG, XNonce, xopen, xseal};
use parley_protocol::padding::padded_length;

use super::DataKey;
use super::items::Item;

/// Length of every chunk but the last, in bytes, as sealed.
const CHUNK: usize = 128 * 1024;
/// How much of a chunk's plaintext is used, before it.
const LENGTH: usize = 4;
const CONTENT: usize = CHUNK - TAG - LENGTH;
const PURPOSE: &[u8] = b"parley backup chunk v1\0";

fn nonce(index: u64, last: bool) -> XNonce {
    let mut nonce: XNonce = [0; 24];
    let bytes = index.to_be_bytes().into_iter().chain([u8::from(last)]);
    nonce.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    nonce
}

/// Seals items, one chunk after another.
pub(crate) struct ChunkWriter {
    key: DataKey,
    index: u64,
    content: Vec<u8>,
    sealed: Vec<u8>,
}

impl ChunkWriter {
    /// The key must be used for nothing else.
    pub(crate) const fn new(key: DataKey) -> Self {
        Self { key, index: 0, content: Vec::new(), sealed: Vec::new() }
    }

    /// Adds an item. Leaves out one that no chunk could hold; returns whether the item fitted.
    pub(crate) fn push(&mut self, item: &Item) -> bool {
        let bytes = item.encode();
        if bytes.len() > CONTENT {
            return false;
        }
        if self.content.len().saturating_add(bytes.len()) > CONTENT {
            self.seal(false);
        }
        self.content.extend_from_slice(&bytes);
        true
    }

    fn seal(&mut self, last: bool) {
        let content = std::mem::take(&mut self.content);
        let mut plain = Vec::with_capacity(CHUNK);
        plain.extend_from_slice(&u32::try_from(content.len()).unwrap_or_default().to_be_bytes());
        plain.extend_from_slice(&content);
        let whole = CHUNK - TAG;
        plain.resize(if last { padded_length(plain.len()).min(whole) } else { whole }, 0);
        let sealed = xseal(self.key.as_bytes(), &nonce(self.index, last), PURPOSE, &plain);
        self.sealed.extend_from_slice(&sealed);
        self.index = self.index.saturating_add(1);
    }

    /// Takes what is sealed so far, so that memory holds only a little of a long stream.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.sealed)
    }

    /// Chunks that are sealed so far.
    pub(crate) const fn count(&self) -> u64 {
        self.index
    }

    /// Bytes so far, about, and not taken.
    pub(crate) const fn len(&self) -> usize {
        self.sealed.len().saturating_add(self.content.len())
    }

    /// The key, and everything that is sealed under it, with the last chunk.
    pub(crate) fn finish(mut self) -> (DataKey, Vec<u8>) {
        self.seal(true);
        (self.key, self.sealed)
    }
}

/// What is missing from a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Loss {
    /// Chunks that do not open, or contain what this version does not know.
    pub(crate) damaged: u32,
    /// The end is missing.
    pub(crate) cut: bool,
}

/// Opens a stream as it comes.
pub(crate) struct ChunkReader {
    key: DataKey,
    index: u64,
    waiting: Vec<u8>,
    loss: Loss,
}

impl ChunkReader {
    pub(crate) fn new(key: DataKey) -> Self {
        Self { key, index: 0, waiting: Vec::new(), loss: Loss::default() }
    }

    /// The items of the chunks that are complete now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Item> {
        self.waiting.extend_from_slice(bytes);
        let mut items = Vec::new();
        // Only the end shows which chunk is the last.
        while self.waiting.len() > CHUNK {
            let rest = self.waiting.split_off(CHUNK);
            let chunk = std::mem::replace(&mut self.waiting, rest);
            match self.open(&chunk, false) {
                Some(found) => items.extend(found),
                None => self.loss.damaged = self.loss.damaged.saturating_add(1),
            }
        }
        items
    }

    /// The items of the last chunk, and what is missing.
    pub(crate) fn finish(mut self) -> (Vec<Item>, Loss) {
        let chunk = std::mem::take(&mut self.waiting);
        if let Some(items) = self.open(&chunk, true) {
            return (items, self.loss);
        }
        // A stream that was cut off between two chunks.
        let whole = if chunk.len() == CHUNK { self.open(&chunk, false) } else { None };
        self.loss.cut = true;
        (whole.unwrap_or_default(), self.loss)
    }

    fn open(&mut self, chunk: &[u8], last: bool) -> Option<Vec<Item>> {
        let plain = xopen(self.key.as_bytes(), &nonce(self.index, last), PURPOSE, chunk).ok();
        if !last {
            self.index = self.index.saturating_add(1);
        }
        let plain = plain?;
        let (length, content) = plain.split_first_chunk::<LENGTH>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        Item::decode_all(content.get(..length)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::items::tests::text;

    fn stream(count: u8) -> Vec<u8> {
        let mut writer = ChunkWriter::new(DataKey::new([1; 32]));
        for number in 0..count {
            assert!(writer.push(&text(number, 30_000)));
        }
        writer.finish().1
    }

    fn read(bytes: &[u8]) -> (Vec<Item>, Loss) {
        let mut reader = ChunkReader::new(DataKey::new([1; 32]));
        let mut items: Vec<Item> = bytes.chunks(50_000).flat_map(|part| reader.push(part)).collect();
        let (last, loss) = reader.finish();
        items.extend(last);
        (items, loss)
    }

    #[test]
    fn what_is_written_is_read() {
        for count in [0, 1, 4, 5, 20] {
            let (items, loss) = read(&stream(count));
            assert_eq!(items, (0..count).map(|number| text(number, 30_000)).collect::<Vec<_>>());
            assert_eq!(loss, Loss::default());
        }
    }

    #[test]
    fn a_chunk_is_filled_to_its_last_byte() {
        let around = text(1, 30_000).encode().len() - 30_000;
        let filling = |bytes: usize| text(1, bytes - around);
        let mut writer = ChunkWriter::new(DataKey::new([1; 32]));
        assert!(!writer.push(&filling(CONTENT + 1)), "no chunk holds it");
        assert_eq!((writer.count(), writer.len()), (0, 0));
        let half = CONTENT / 2;
        for item in [filling(CONTENT), filling(half), filling(CONTENT - half)] {
            assert!(writer.push(&item));
        }
        assert_eq!((writer.count(), writer.len()), (1, CHUNK + CONTENT), "both halves are in one chunk");
        let mut sealed = writer.take();
        assert_eq!((sealed.len(), writer.len()), (CHUNK, CONTENT));
        sealed.extend(writer.finish().1);
        assert_eq!(sealed.len(), 2 * CHUNK);
        let (items, loss) = read(&sealed);
        assert_eq!((items.len(), loss), (3, Loss::default()));
    }

    #[test]
    fn an_empty_stream_is_pinned() {
        insta::assert_snapshot!(crate::hex(&stream(0)));
    }

    #[test]
    fn p9_a_damaged_chunk_costs_only_itself() {
        let mut bytes = stream(20);
        bytes[CHUNK + 10] ^= 1;
        let (items, loss) = read(&bytes);
        assert_eq!(loss, Loss { damaged: 1, cut: false });
        assert_eq!(items.len(), 16, "a chunk holds four of these");
    }

    #[test]
    fn p9_a_stream_that_was_cut_gives_what_is_whole_and_says_so() {
        let bytes = stream(20);
        for (cut, items) in
            [(2 * CHUNK, 8), (2 * CHUNK + 1, 8), (3 * CHUNK - 1, 8), (0, 0), (bytes.len() - 1, 16)]
        {
            let (found, loss) = read(&bytes[..cut]);
            assert_eq!((found.len(), loss.cut), (items, true), "cut at {cut}");
        }
    }

    #[test]
    fn p2_chunks_do_not_change_places() {
        let mut bytes = stream(20);
        let (one, other) = bytes.split_at_mut(CHUNK);
        one.swap_with_slice(&mut other[..CHUNK]);
        assert_eq!(read(&bytes).1.damaged, 2);
    }

    #[test]
    fn another_key_opens_nothing() {
        let mut reader = ChunkReader::new(DataKey::new([2; 32]));
        assert_eq!(reader.push(&stream(20)), []);
        assert_eq!(reader.finish(), (vec![], Loss { damaged: 4, cut: true }));
    }
}

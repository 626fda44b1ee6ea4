//! A backup as a file: its head ([`super::file_head`]), and then one stream of chunks ([`super::chunks`]).

use super::chunks::Loss;
use super::file_head::FIXED;
pub(crate) use super::file_head::Opener;
use super::{ChunkReader, FileHead, Item};
use crate::view::FileError;

/// A file is written in parts of so many bytes, about.
pub(crate) const PART: usize = 256 * 1024;

/// Reads a file as it comes.
pub(crate) struct FileReader(Stage);

enum Stage {
    /// The head is not whole.
    Head {
        bytes: Vec<u8>,
        opener: Opener,
    },
    Chunks(Box<FileHead>, ChunkReader),
    /// It was refused.
    Over(FileError),
}

impl FileReader {
    pub(crate) const fn new(opener: Opener) -> Self {
        Self(Stage::Head { bytes: Vec::new(), opener })
    }

    /// The head, once it is whole and right.
    pub(crate) const fn head(&self) -> Option<&FileHead> {
        match &self.0 {
            Stage::Chunks(head, _) => Some(head),
            Stage::Head { .. } | Stage::Over(_) => None,
        }
    }

    /// The items of the chunks that are whole now.
    pub(crate) fn push(&mut self, part: &[u8]) -> Result<Vec<Item>, FileError> {
        let (bytes, opener) = match &mut self.0 {
            Stage::Chunks(_, chunks) => return Ok(chunks.push(part)),
            Stage::Over(error) => return Err(*error),
            Stage::Head { bytes, opener } => (bytes, opener),
        };
        bytes.extend_from_slice(part);
        let begun = match bytes.first_chunk::<FIXED>().map(FileHead::end) {
            None => return Ok(Vec::new()),
            Some(Ok(end)) if bytes.len() < end => return Ok(Vec::new()),
            Some(Err(error)) => Err(error),
            Some(Ok(end)) => {
                let (head, rest) = bytes.split_at(end.min(bytes.len()));
                FileHead::open(head, opener).map(|head| (head, rest.to_vec()))
            }
        };
        match begun {
            Ok((head, rest)) => {
                let mut chunks = ChunkReader::new(head.stream.clone());
                let items = chunks.push(&rest);
                self.0 = Stage::Chunks(Box::new(head), chunks);
                Ok(items)
            }
            Err(error) => {
                self.0 = Stage::Over(error);
                Err(error)
            }
        }
    }

    /// The items of the last chunk, and what did not come.
    pub(crate) fn finish(self) -> Result<(Box<FileHead>, Vec<Item>, Loss), FileError> {
        match self.0 {
            Stage::Chunks(head, chunks) => {
                let (items, loss) = chunks.finish();
                Ok((head, items, loss))
            }
            Stage::Over(error) => Err(error),
            // It is cut off within its head, or never was a backup.
            Stage::Head { bytes, .. } if bytes.starts_with(b"PARLEYBK") => Err(FileError::Damaged),
            Stage::Head { .. } => Err(FileError::Other),
        }
    }
}

//! Opens a file that is on this device for a view: chunk by chunk from the disk into the host's hands.

use super::{BATCH, Engine};
use crate::attachment::local::{LocalFile, Stage};
use crate::attachment::stream::Shape;
use crate::domain::content::files::FileId;
use crate::io::{FileWork, LoadId};
use crate::view::{CommandError, Reply, ViewRequestId};

/// A view that receives a file.
pub(super) struct Opening {
    view: ViewRequestId,
    file: FileId,
    shape: Shape,
    next: u32,
    load: LoadId,
}

impl Engine {
    pub(super) fn open_file(
        &mut self,
        view: ViewRequestId,
        id: FileId,
    ) -> Result<Option<Reply>, CommandError> {
        let file = self.attachments.all.get(&id).filter(|file| file.is_whole());
        let shape = file.and_then(|file| Shape::of(file.part.size)).ok_or(CommandError::FileMissing)?;
        let load = self.next_load();
        self.attachments.opening.push(Opening { view, file: id, shape, next: 0, load });
        self.file_work(FileWork::Read { id: load, file: id, first: 0, most: BATCH });
        Ok(None)
    }

    /// Chunks were read from the disk; returns whether they are for a view.
    pub(super) fn read_to_open(&mut self, load: LoadId, chunks: &[Vec<u8>]) -> bool {
        let place = self.attachments.opening.iter().position(|opening| opening.load == load);
        let Some(place) = place else { return false };
        let mut opening = self.attachments.opening.remove(place);
        let key = self.attachments.all.get(&opening.file).map(|file| file.part.key.clone());
        let wanted = BATCH.min(opening.shape.chunks().saturating_sub(opening.next));
        let mut bytes = Vec::new();
        for chunk in chunks {
            let opened = key.as_ref().and_then(|key| opening.shape.open(key, opening.next, chunk).ok());
            let Some(content) = opened else { break };
            bytes.extend_from_slice(&content);
            opening.next = opening.next.saturating_add(1);
        }
        let complete = u32::try_from(chunks.len()).is_ok_and(|count| count == wanted);
        let last = opening.next >= opening.shape.chunks();
        if !complete || key.is_none() || (!last && !opening.next.is_multiple_of(BATCH)) {
            self.reply(opening.view, Reply::Failed(CommandError::FileMissing));
            self.file_was_lost(&opening.file);
            return true;
        }
        self.file_work(FileWork::Give { view: opening.view, bytes, last });
        if last {
            self.reply(opening.view, Reply::Done);
            return true;
        }
        opening.load = self.next_load();
        let (id, file, first) = (opening.load, opening.file, opening.next);
        self.attachments.opening.push(opening);
        self.file_work(FileWork::Read { id, file, first, most: BATCH });
        true
    }

    /// The browser has lost the file's chunks: this device can fetch them again.
    fn file_was_lost(&mut self, id: &FileId) {
        let here = |file: &LocalFile| file.stage == Stage::Here;
        if self.attachments.all.get(id).is_some_and(here) {
            self.drop_file(id);
        }
    }
}

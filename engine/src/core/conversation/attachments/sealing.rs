//! Seals a file that a view has chosen onto the disk. The whole file is on the disk before the first byte leaves this device,
//! since the first part of a blob names the blob's hash.
//!
//! The key of a file seals one plaintext. If a new owner of the device starts to seal a file again, the file may have changed
//! in between: the engine draws another key.

use sha2::{Digest as _, Sha256};

use super::{BATCH, Engine};
use crate::attachment::local::{LocalFile, Sending, Stage, Stopped};
use crate::attachment::stream::{Shape, id_of};
use crate::core::relay_session::steady::Moment;
use crate::domain::content::Body;
use crate::domain::content::files::{ExternalPart, FileId};
use crate::io::{FileWork, StorageFailure};
use parley_protocol::ids::BlobHash;

/// How long a view has to offer a chosen file again, in milliseconds.
const PATIENCE: u64 = 10_000;
const LOOK_AGAIN: u32 = 2_000;

/// A file that the engine is sealing.
pub(super) struct Sealing {
    pub(super) file: FileId,
    sending: Sending,
    shape: Shape,
    hash: Sha256,
    /// The chunk to seal next.
    next: u32,
    reading: bool,
    /// Batches that are not on disk yet.
    writing: u32,
    /// Since when no view has the chosen file.
    missing: Option<Moment>,
}

impl Sealing {
    pub(super) fn done(&self) -> u64 {
        self.shape.before(self.next)
    }

    /// Bytes of the file in the next chunks.
    fn wanted(&self) -> u64 {
        let end = self.next.saturating_add(BATCH);
        self.shape.before(end).saturating_sub(self.shape.before(self.next))
    }
}

impl Engine {
    pub(super) fn go_on_sealing(&mut self) {
        if self.attachments.sealing.is_none() && !self.begin_sealing() {
            return;
        }
        let now = self.steady;
        let Some(sealing) = &mut self.attachments.sealing else { return };
        if let Some(since) = sealing.missing {
            if now.since(since) >= PATIENCE {
                let sending = sealing.sending;
                return self.stop_sending(sending, Stopped::Lost);
            }
            return self.retry_later(LOOK_AGAIN);
        }
        if sealing.reading || sealing.writing > 1 {
            return;
        }
        if sealing.next >= sealing.shape.chunks() {
            if sealing.writing == 0 {
                self.is_sealed();
            }
            return;
        }
        let (source, from) = (sealing.sending.source, sealing.done());
        let length = u32::try_from(sealing.wanted()).unwrap_or(u32::MAX);
        if length == 0 {
            return self.seal_next(&[]);
        }
        sealing.reading = true;
        self.file_work(FileWork::ReadSource { source, from, length });
    }

    /// Begins to seal the first waiting file, in the order in which the person sent them.
    fn begin_sealing(&mut self) -> bool {
        let waits = |id: &FileId| match self.attachments.all.get(id).map(|file| &file.stage) {
            Some(Stage::Sealing(sending)) => Some((sending.number, sending.index, *id)),
            _ => None,
        };
        let first = self.attachments.moving.iter().filter_map(waits).min();
        let Some((_, _, id)) = first else { return false };
        let id = if self.attachments.begun_before.remove(&id) { self.seal_anew(&id) } else { Some(id) };
        let file = id.and_then(|id| Some((id, self.attachments.all.get(&id)?)));
        let Some((id, LocalFile { part, stage: Stage::Sealing(sending), .. })) = file else { return false };
        let Some(shape) = Shape::of(part.size) else { return false };
        let (hash, sending) = (Sha256::new(), *sending);
        self.attachments.sealing = Some(Sealing {
            file: id,
            sending,
            shape,
            hash,
            next: 0,
            reading: false,
            writing: 0,
            missing: None,
        });
        true
    }

    /// Gives the same file another key.
    fn seal_anew(&mut self, id: &FileId) -> Option<FileId> {
        let mut file = self.attachments.all.get(id)?.clone();
        let sending = file.sending()?;
        file.part.key = self.new_file_key();
        (file.part.blob, file.part.reader) = self.new_blob();
        // The view still offers the file under its old id.
        self.attachments.all.remove(id);
        self.attachments.moving.remove(id);
        self.state.delete(&crate::records::keys::file(id));
        self.file_work(FileWork::Delete(*id));
        let new = id_of(&file.part.key);
        self.change_waiting_part(sending, &file.part);
        self.attachments.all.insert(new, file);
        self.save_file_record(&new);
        self.show_waiting(sending.number);
        Some(new)
    }

    pub(super) fn source_offered(&mut self, source: u64) {
        if let Some(sealing) = self.attachments.sealing.as_mut().filter(|it| it.sending.source == source) {
            sealing.missing = None;
        }
    }

    pub(super) fn source_came(&mut self, source: u64, from: u64, bytes: Option<Vec<u8>>) {
        let now = self.steady;
        let asked = |it: &&mut Sealing| it.reading && it.sending.source == source && it.done() == from;
        let Some(sealing) = self.attachments.sealing.as_mut().filter(asked) else { return };
        sealing.reading = false;
        match bytes {
            Some(bytes) if u64::try_from(bytes.len()).is_ok_and(|length| length == sealing.wanted()) => {
                self.seal_next(&bytes);
            }
            // Nothing of the file is sealed yet: a view that has it may be on its way.
            None if sealing.next == 0 => {
                sealing.missing = Some(now);
                self.retry_later(LOOK_AGAIN);
            }
            _ => {
                let sending = sealing.sending;
                self.stop_sending(sending, Stopped::Lost);
            }
        }
    }

    fn seal_next(&mut self, bytes: &[u8]) {
        let Some(sealing) = &mut self.attachments.sealing else { return };
        let Some(key) = self.attachments.all.get(&sealing.file).map(|file| file.part.key.clone()) else {
            return;
        };
        let (first, mut rest, mut chunks) = (sealing.next, bytes, Vec::new());
        let end = first.saturating_add(BATCH).min(sealing.shape.chunks());
        for index in first..end {
            let (content, behind) = rest.split_at(sealing.shape.content(index).min(rest.len()));
            rest = behind;
            let chunk = sealing.shape.seal(&key, index, content);
            sealing.hash.update(&chunk);
            chunks.push(chunk);
        }
        sealing.next = end;
        sealing.writing = sealing.writing.saturating_add(1);
        let file = sealing.file;
        self.file_work(FileWork::Write { file, first, chunks });
        self.show_file(&file);
        self.go_on_sealing();
    }

    pub(super) fn sealed_is_written(
        &mut self,
        file: &FileId,
        _first: u32,
        result: Result<(), StorageFailure>,
    ) {
        let Some(sealing) = self.attachments.sealing.as_mut().filter(|it| it.file == *file) else { return };
        sealing.writing = sealing.writing.saturating_sub(1);
        if result.is_err() {
            let sending = sealing.sending;
            self.stop_sending(sending, Stopped::NoRoomHere);
        }
    }

    /// The whole sealed file is on disk.
    fn is_sealed(&mut self) {
        let Some(Sealing { file: id, sending, hash, .. }) = self.attachments.sealing.take() else { return };
        self.file_work(FileWork::ForgetSource(sending.source));
        let Some(file) = self.attachments.all.get_mut(&id) else { return };
        file.part.content_hash = BlobHash(hash.finalize().into());
        file.stage = Stage::Uploading(sending, None);
        let part = file.part.clone();
        self.change_waiting_part(sending, &part);
        self.save_file_record(&id);
        self.go_on_sealing();
    }

    /// Changes what a waiting message says of one of its files.
    pub(super) fn change_waiting_part(&mut self, sending: Sending, part: &ExternalPart) {
        let Some(entry) = self.outbox.get_mut(&sending.number) else { return };
        let Body::Part(said) = &entry.body else { return };
        let Some(mut files) = said.files() else { return };
        let index = usize::try_from(sending.index).unwrap_or(usize::MAX);
        if let Some(old) = files.parts.get_mut(index) {
            old.take_place(part);
        }
        entry.body = Body::Part(said.with_files(&files));
        self.save_outbox(sending.number);
    }

    /// A file, and so its message, cannot be sent. Only what the message says stays.
    pub(super) fn stop_sending(&mut self, sending: Sending, why: Stopped) {
        let of_message = |file: &LocalFile| file.sending().filter(|of| of.number == sending.number);
        let all: Vec<(FileId, Sending)> =
            self.attachments.all.iter().filter_map(|(id, file)| Some((*id, of_message(file)?))).collect();
        for (id, of) in all {
            let is_it = of.index == sending.index;
            // If the relay had no room, the person can try the sealed files again.
            if !is_it && why == Stopped::NoRoomThere {
                continue;
            }
            if self.attachments.sealing.as_ref().is_some_and(|sealing| sealing.file == id) {
                self.attachments.sealing = None;
            }
            if self.attachments.upload.as_ref().is_some_and(|upload| upload.file == id) {
                self.attachments.upload = None;
            }
            if why != Stopped::NoRoomThere {
                self.file_work(FileWork::ForgetSource(of.source));
                self.file_work(FileWork::Delete(id));
            }
            if let Some(file) = self.attachments.all.get_mut(&id) {
                file.stage = Stage::Stopped(of, why);
            }
            self.save_file_record(&id);
        }
        self.fail(sending.number);
    }

    pub(super) fn show_waiting(&mut self, number: u64) {
        if let Some(view) = self.waiting_view(number)
            && let Some(conversation) = self.outbox.get(&number).map(|entry| entry.conversation.id())
        {
            self.changed.messages.or_default(conversation).push(view);
            self.changed.conversations.insert(conversation);
        }
    }
}

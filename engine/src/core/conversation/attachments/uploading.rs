//! Uploads a sealed file to the relay, into the log of its conversation, in parts from where the relay has it.

use std::collections::VecDeque;

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::Capability;
use parley_protocol::frame::{Answer, PutLogBlob, RelayError, Request, Retry};
use parley_protocol::ids::{Epoch, LogId};

use super::{BATCH, Engine, Pace};
use crate::attachment::local::{LocalFile, Sending, Stage, Stopped};
use crate::attachment::stream::Shape;
use crate::channel::log::Stage as LogStage;
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::content::files::FileId;
use crate::io::{FileWork, LoadId};

/// Pauses after a commit, and after a temporary failure, in milliseconds.
const SOON: u32 = 300;
const LATER: u32 = 2_000;

/// A file that this device uploads to the relay.
pub(super) struct Upload {
    pub(super) file: FileId,
    sending: Sending,
    shape: Shape,
    log: LogId,
    /// The epoch and the capability to append in it.
    key: Option<(Epoch, Capability)>,
    /// The number of bytes that the relay has, once it has said so.
    stored: Option<u64>,
    /// The chunk to send next.
    next: u32,
    /// Chunks that were read and not sent, from `next` on.
    ready: VecDeque<Vec<u8>>,
    reading: Option<LoadId>,
    pace: Pace,
    /// Something unexpected happened: once nothing is under way, the upload continues from where the relay has it.
    again: bool,
    wait: Option<Moment>,
}

impl Upload {
    pub(super) fn done(&self) -> u64 {
        let stored = self.stored.unwrap_or_default();
        let chunk = Shape::offset(1);
        let chunks = u32::try_from(stored / chunk).unwrap_or(u32::MAX);
        self.shape.before(chunks)
    }
}

impl Engine {
    pub(super) fn go_on_uploading(&mut self) {
        if self.attachments.upload.is_none() && !self.begin_upload() {
            return;
        }
        let now = self.steady;
        let Some(upload) = &mut self.attachments.upload else { return };
        if upload.wait.is_some_and(|until| now < until) {
            return;
        }
        upload.wait = None;
        if upload.again {
            if upload.pace.under_way > 0 {
                return;
            }
            upload.again = false;
            upload.stored = None;
            upload.ready.clear();
            upload.reading = None;
        }
        match upload.stored {
            None if upload.pace.under_way == 0 => self.put_part(Vec::new()),
            None => {}
            Some(_) => self.put_parts(),
        }
    }

    /// Begins to upload the first waiting file of a conversation that can take one.
    fn begin_upload(&mut self) -> bool {
        let waits = |id: &FileId| match self.attachments.all.get(id) {
            Some(LocalFile { stage: Stage::Uploading(sending, log), paused: false, part, .. }) => {
                Some((sending.number, sending.index, *id, *sending, *log, part.size))
            }
            _ => None,
        };
        let mut waiting: Vec<_> = self.attachments.moving.iter().filter_map(waits).collect();
        waiting.sort_unstable_by_key(|(number, index, ..)| (*number, *index));
        for (number, _, file, sending, chosen, size) in waiting {
            let (Some(log), Some(shape)) = (self.log_for_file(number), Shape::of(size)) else { continue };
            if chosen != Some(log) {
                self.choose_log(&file, sending, chosen.is_some(), log);
            }
            self.attachments.upload = Some(Upload {
                file,
                sending,
                shape,
                log,
                key: None,
                stored: None,
                next: 0,
                ready: VecDeque::new(),
                reading: None,
                pace: Pace::new(),
                again: false,
                wait: None,
            });
            return true;
        }
        false
    }

    /// The log that takes the files of a message now.
    fn log_for_file(&self, number: u64) -> Option<LogId> {
        let key = self.outbox.get(&number).filter(|entry| !entry.failed)?.conversation;
        let log = self.usable_log(&key)?;
        let live = self.live.get(&log).copied().unwrap_or_default();
        let active = self.logs.get(&log).is_some_and(|log| log.stage == LogStage::Active);
        let open = active && live.subscribed && !self.holds_back(&key);
        (open && self.may_write_into(&log)).then_some(log)
    }

    /// Chooses the log for a file. A blob belongs to one log: in another log the file becomes another blob.
    fn choose_log(&mut self, id: &FileId, sending: Sending, anew: bool, log: LogId) {
        let (blob, reader) = self.new_blob();
        let Some(file) = self.attachments.all.get_mut(id) else { return };
        if anew {
            (file.part.blob, file.part.reader) = (blob, reader);
        }
        file.stage = Stage::Uploading(sending, Some(log));
        let part = file.part.clone();
        self.change_waiting_part(sending, &part);
        self.save_file_record(id);
    }

    fn put_parts(&mut self) {
        loop {
            let Some(upload) = &mut self.attachments.upload else { return };
            if upload.ready.is_empty() && upload.reading.is_none() && upload.next < upload.shape.chunks() {
                return self.read_more();
            }
            if !upload.pace.has_room() || upload.wait.is_some() || upload.again {
                return;
            }
            let Some(chunk) = upload.ready.pop_front() else { return };
            self.put_part(chunk);
        }
    }

    fn read_more(&mut self) {
        let id = self.next_load();
        let Some(upload) = &mut self.attachments.upload else { return };
        upload.reading = Some(id);
        let (file, first) = (upload.file, upload.next);
        self.file_work(FileWork::Read { id, file, first, most: BATCH });
    }

    /// Chunks were read from the disk; returns whether they are for the upload.
    pub(super) fn read_to_upload(&mut self, id: LoadId, chunks: &[Vec<u8>]) -> bool {
        let Some(upload) = self.attachments.upload.as_mut().filter(|it| it.reading == Some(id)) else {
            return false;
        };
        upload.reading = None;
        let wanted = BATCH.min(upload.shape.chunks().saturating_sub(upload.next));
        if u32::try_from(chunks.len()).is_ok_and(|count| count == wanted) {
            upload.ready.extend(chunks.iter().cloned());
            self.put_parts();
        } else {
            // The browser has lost the file.
            let sending = upload.sending;
            self.stop_sending(sending, Stopped::Lost);
        }
        true
    }

    /// Puts the next part, or an empty part, which asks how much the relay has.
    fn put_part(&mut self, bytes: Vec<u8>) {
        let Some((log, known)) = self.attachments.upload.as_ref().map(|it| (it.log, it.key.clone())) else {
            return;
        };
        let key = known.or_else(|| {
            let epoch = self.with_group(&log, |group, _, _| Ok(group.epoch())).ok()?;
            Some((epoch, self.capability(&log)?))
        });
        let Some((epoch, capability)) = key else { return self.upload_waits(LATER) };
        let Some(upload) = &mut self.attachments.upload else { return };
        upload.key = Some((epoch, capability.clone()));
        let Some(part) = self.attachments.all.get(&upload.file).map(|file| &file.part) else { return };
        let asks = bytes.is_empty();
        let offset = if asks { 0 } else { Shape::offset(upload.next) };
        let end = offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let Ok(bytes) = Bytes::new(bytes) else { return };
        if !asks {
            upload.next = upload.next.saturating_add(1);
        }
        upload.pace.sent();
        let request = PutLogBlob {
            log,
            capability,
            epoch,
            blob: part.blob,
            size: upload.shape.sealed(),
            hash: part.content_hash,
            reader: part.reader.hash(),
            offset,
            bytes,
        };
        let (file, sent) = (upload.file, self.steady);
        self.ask(Request::PutLogBlob(request), Pending::PutFile { file, end, sent });
    }

    pub(in crate::core) fn file_part_put(
        &mut self,
        file: &FileId,
        (end, sent): (u64, Moment),
        result: &Result<Answer, RelayError>,
    ) {
        let now = self.steady;
        let Some(upload) = self.attachments.upload.as_mut().filter(|it| it.file == *file) else { return };
        upload.pace.answered(now.since(sent));
        match *result {
            Ok(Answer::Blob { stored }) if stored == upload.shape.sealed() => self.file_is_there(),
            Ok(Answer::Blob { stored }) if !stored.is_multiple_of(Shape::offset(1)) => {
                self.upload_elsewhere();
            }
            Ok(Answer::Blob { stored }) if upload.stored.is_none() && end == 0 => {
                upload.stored = Some(stored);
                upload.next = u32::try_from(stored / Shape::offset(1)).unwrap_or(u32::MAX);
                self.show_file(file);
            }
            Ok(Answer::Blob { stored }) => {
                upload.again |= stored != end;
                upload.stored = Some(stored).filter(|_| !upload.again);
                self.show_file(file);
            }
            Ok(_) => self.upload_waits(LATER),
            Err(error) => self.upload_refused(error),
        }
    }

    fn upload_refused(&mut self, error: RelayError) {
        let Some(upload) = &mut self.attachments.upload else { return };
        upload.again = true;
        upload.key = None;
        let sending = upload.sending;
        match (error, error.retry()) {
            (RelayError::QuotaExceeded | RelayError::TooLarge, _) => {
                self.stop_sending(sending, Stopped::NoRoomThere);
            }
            // The chunks on this disk are not the ones that were sealed.
            (RelayError::WrongHash, _) => self.stop_sending(sending, Stopped::Lost),
            // Another blob has this id, or the log is in another epoch, which the log will show.
            (RelayError::WrongCapability | RelayError::UnknownLog, _) => self.upload_elsewhere(),
            (_, Retry::After(pause)) => self.upload_waits(pause),
            (_, Retry::AfterCatchUp) => self.upload_waits(SOON),
            (_, Retry::Never) => self.upload_waits(LATER),
        }
    }

    /// Begins the upload again as another blob, in a log that takes one.
    fn upload_elsewhere(&mut self) {
        let Some(Upload { file, sending, log, .. }) = self.attachments.upload.take() else { return };
        self.choose_log(&file, sending, true, log);
        self.retry_later(LATER);
    }

    fn upload_waits(&mut self, ms: u32) {
        let until = self.files_wait(ms);
        if let Some(upload) = &mut self.attachments.upload {
            upload.wait = Some(until);
            upload.again = true;
        }
    }

    /// The relay has the whole file: the engine sends its message, if this was the message's last file.
    fn file_is_there(&mut self) {
        let Some(Upload { file: id, sending, .. }) = self.attachments.upload.take() else { return };
        if let Some(file) = self.attachments.all.get_mut(&id) {
            file.stage = Stage::Here;
        }
        self.save_file_record(&id);
        if !self.waits_for_files(sending.number)
            && let Some(conversation) = self.outbox.get(&sending.number).map(|entry| entry.conversation.id())
        {
            self.pump(conversation);
        }
    }
}

//! Carries out the commands about files.

use parley_protocol::capability::Capability;
use parley_protocol::ids::BlobId;

use super::{Engine, file_ids};
use crate::attachment::local::{LocalFile, Sending, Stage, Stopped};
use crate::attachment::stream::{Shape, id_of};
use crate::domain::content::files::{
    ExternalPart, FileId, FileKey, FileKind, Files, Hints, MAX_CAPTION, MAX_FILES, MAX_PREVIEW, MAX_WAVEFORM,
};
use crate::domain::content::{Body, Part};
use crate::domain::file_name;
use crate::domain::message::Message;
use crate::io::{LoadId, Record};
use crate::view::{
    Command, CommandError, ConversationId, FileState, NewFile, Order, Reply, StoredFile, ViewRequestId,
};

/// A file that the engine will fetch; it is reading the page with the file's message.
pub(super) struct Looking {
    load: LoadId,
    view: ViewRequestId,
    conversation: ConversationId,
    file: FileId,
}

impl Engine {
    pub(in crate::core) fn attachment_command(
        &mut self,
        view: ViewRequestId,
        command: Command,
    ) -> Result<Option<Reply>, CommandError> {
        match command {
            Command::SendFiles { .. } if self.device.sent_requests.contains(&view) => {}
            Command::SendFiles { conversation, caption, files } => {
                self.send_files(view, conversation, caption, &files)?;
            }
            Command::FetchFile { conversation, order, file } => {
                return self.fetch_file(view, conversation, &order, file);
            }
            Command::OpenFile(file) => return self.open_file(view, file),
            Command::PauseFile { file, paused } => self.pause_file(&file, paused)?,
            Command::CancelFile(file) => {
                let receiving = |file: &LocalFile| file.stage == Stage::Receiving;
                if self.attachments.all.get(&file).is_some_and(receiving) {
                    self.drop_file(&file);
                }
            }
            Command::StoredFiles => return Ok(Some(Reply::StoredFiles(self.stored_files()))),
            Command::FreeFiles(files) => files.iter().for_each(|file| self.free_file(file)),
            other => return self.seldom_command(view, other),
        }
        Ok(Some(Reply::Done))
    }

    fn send_files(
        &mut self,
        view: ViewRequestId,
        id: ConversationId,
        caption: String,
        chosen: &[NewFile],
    ) -> Result<(), CommandError> {
        if caption.len() > MAX_CAPTION {
            return Err(CommandError::TextLength);
        }
        let fits = |file: &NewFile| {
            let hints = file.preview.len() <= MAX_PREVIEW && file.waveform.len() <= MAX_WAVEFORM;
            Shape::of(file.size).is_some() && hints
        };
        if !(1..=MAX_FILES).contains(&chosen.len()) || !chosen.iter().all(fits) {
            return Err(CommandError::FileSize);
        }
        let key = self.may_send(id)?;
        self.remember_sent(view);
        let parts: Vec<ExternalPart> = chosen.iter().map(|file| self.begin_part(file)).collect();
        let files = Files { text: caption, parts };
        let (number, _) = self.enqueue(key, Body::Part(Part::of_files(&files)), None);
        for (index, (part, chosen)) in (0..).zip(files.parts.iter().zip(chosen)) {
            let file = LocalFile {
                part: part.without_hints(),
                conversation: id,
                order: None,
                since: self.now,
                kind: FileKind::of(part),
                stage: Stage::Sealing(Sending { number, index, source: chosen.source }),
                paused: false,
            };
            let file_id = id_of(&part.key);
            self.attachments.all.insert(file_id, file);
            self.save_file_record(&file_id);
        }
        self.text_waits(id, &key, number);
        Ok(())
    }

    fn begin_part(&self, file: &NewFile) -> ExternalPart {
        let hints = Hints {
            preview: file.preview.clone(),
            dimensions: file.dimensions,
            duration: file.duration,
            waveform: file.waveform.clone(),
        };
        let kind: String = file.content_type.chars().filter(char::is_ascii).take(100).collect();
        let named = (file.kind.disposition(), kind, file_name::safe(&file.name));
        ExternalPart::begun(named, file.size, self.new_file_key(), self.new_blob(), hints)
    }

    pub(super) fn new_file_key(&self) -> FileKey {
        FileKey::new(self.random.array())
    }

    pub(super) fn new_blob(&self) -> (BlobId, Capability) {
        (BlobId(self.random.array()), Capability::new(self.random.array()))
    }

    fn fetch_file(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        order: &Order,
        file: FileId,
    ) -> Result<Option<Reply>, CommandError> {
        if self.attachments.all.contains_key(&file) {
            self.pause_file(&file, false)?;
            return Ok(Some(Reply::Done));
        }
        self.known(conversation)?;
        if order.is_waiting() {
            return Err(CommandError::FileMissing);
        }
        let load = self.read_messages(&conversation, Some(&order.next()), 1);
        self.attachments.looking.push(Looking { load, view, conversation, file });
        Ok(None)
    }

    /// A page of history came; returns whether it was for a file.
    pub(in crate::core) fn message_of_file_came(&mut self, id: LoadId, records: &[Record]) -> bool {
        let place = self.attachments.looking.iter().position(|looking| looking.load == id);
        let Some(place) = place else { return false };
        let Looking { view, conversation, file, .. } = self.attachments.looking.remove(place);
        let found = records.first().and_then(|record| self.opened(record));
        let part = found.as_ref().and_then(|message| part_of(message, &file)).filter(ExternalPart::is_known);
        let (Some(message), Some(part)) = (found, part) else {
            self.reply(view, Reply::Failed(CommandError::FileMissing));
            return true;
        };
        self.attachments.told.remove(&file);
        let local = LocalFile {
            kind: FileKind::of(&part),
            part: part.without_hints(),
            conversation,
            order: Some(message.order()),
            since: self.now,
            stage: Stage::Receiving,
            paused: false,
        };
        self.attachments.all.insert(file, local);
        self.save_file_record(&file);
        self.reply(view, Reply::Done);
        true
    }

    fn pause_file(&mut self, id: &FileId, paused: bool) -> Result<(), CommandError> {
        let file = self.attachments.all.get_mut(id).ok_or(CommandError::FileMissing)?;
        file.paused = paused;
        if let (Stage::Stopped(sending, Stopped::NoRoomThere), false) = (&file.stage, paused) {
            let sending = *sending;
            file.stage = Stage::Uploading(sending, None);
            if let Some(entry) = self.outbox.get_mut(&sending.number) {
                entry.failed = false;
            }
            self.save_outbox(sending.number);
            self.show_waiting(sending.number);
        }
        if paused {
            if self.attachments.upload.as_ref().is_some_and(|upload| upload.file == *id) {
                self.attachments.upload = None;
            }
            self.attachments.downloads.remove(id);
        }
        self.save_file_record(id);
        Ok(())
    }

    fn stored_files(&self) -> Vec<StoredFile> {
        let whole = self.attachments.all.iter().filter(|(_, file)| file.is_whole());
        whole
            .map(|(id, file)| StoredFile {
                id: *id,
                conversation: file.conversation,
                kind: file.kind,
                size: file.part.size,
                since: file.since,
            })
            .collect()
    }

    /// Frees the space of a file; a file that is on its way to somebody stays.
    fn free_file(&mut self, id: &FileId) {
        if self.attachments.all.get(id).is_some_and(|file| file.stage == Stage::Here && file.order.is_some())
        {
            self.drop_file(id);
        }
    }

    /// The relay has stored a message with files: its place is known.
    pub(in crate::core) fn files_were_sent(&mut self, message: &Message) {
        for id in message.part().map(file_ids).unwrap_or_default() {
            if let Some(file) = self.attachments.all.get_mut(&id) {
                file.order = Some(message.order());
                self.save_file_record(&id);
            }
        }
    }

    /// Remembers why a file is no longer on this device.
    pub(super) fn file_is_not_here(&mut self, id: &FileId, why: FileState) {
        self.attachments.told.insert(*id, why);
        self.drop_file(id);
    }
}

/// The external part of a message for a file.
fn part_of(message: &Message, file: &FileId) -> Option<ExternalPart> {
    message.part()?.files()?.parts.into_iter().find(|part| id_of(&part.key) == *file)
}

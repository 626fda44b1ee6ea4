//! Saves a backup file: contacts first, then the newest page of every conversation, then the rest. The engine makes a piece
//! when the view asks for it, so that memory holds only one. It makes the head, which counts the file's contents, last; the
//! head stands at the front of the file.

use std::collections::VecDeque;

use parley_protocol::ids::LogId;

use crate::backup::{ChunkWriter, Contents, DataKey, FileHead, Item, PART, Place};
use crate::core::Engine;
use crate::core::conversation::paging::Stretch;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::io::{LoadId, Record};
use crate::table::Table;
use crate::view::{CommandError, FilePart, Order, Reply, ViewRequestId};

/// Most logs whose places a head has: for further logs, messages since the file was saved are missing, and no message of the
/// file.
const MAX_LOGS: usize = 8 * 1024;

/// The state of saving a file.
pub(super) struct Saving {
    stage: Stage,
    /// Conversations, and the message before which reading continues in each.
    left: VecDeque<(ConversationKey, Option<Order>)>,
    contents: Contents,
    logs: Table<LogId, Place>,
    page: Option<Stretch>,
    /// The view that waits for the next piece.
    asked: Option<ViewRequestId>,
    next: u32,
    /// The piece before, for a view that asks again.
    given: Option<FilePart>,
}

enum Stage {
    Chunks(ChunkWriter),
    /// All chunks were delivered; they are sealed under this key.
    Head(DataKey),
    Over,
}

impl Engine {
    pub(super) fn save_file(&mut self) -> Result<(), CommandError> {
        self.account.as_ref().ok_or(CommandError::NoAccount)?;
        self.backup_address().ok_or(CommandError::NoPhrase)?;
        if self.returning.is_some() {
            return Err(CommandError::ComingBack);
        }
        let mut writer = ChunkWriter::new(DataKey::draw(&self.random));
        for item in self.changed_items(&Table::new()).0 {
            writer.push(&item);
        }
        let logs = self.logs.values().filter(|log| !self.is_own_conversation(&log.conversation));
        let left: VecDeque<_> = self.newest_first().into_iter().map(|key| (key, None)).collect();
        let chats = u32::try_from(left.len()).unwrap_or(u32::MAX);
        self.files.saving = Some(Saving {
            stage: Stage::Chunks(writer),
            left,
            contents: Contents { chats, ..Contents::default() },
            logs: logs
                .take(MAX_LOGS)
                .map(|log| (log.id, Place { conversation: log.conversation, seq: log.cursor }))
                .collect(),
            page: None,
            asked: None,
            next: 0,
            given: None,
        });
        Ok(())
    }

    pub(super) fn next_file_part(
        &mut self,
        view: ViewRequestId,
        number: u32,
    ) -> Result<Option<Reply>, CommandError> {
        let saving = self.files.saving.as_mut().ok_or(CommandError::FileOver)?;
        if let Some(given) = saving.given.as_ref().filter(|_| number.checked_add(1) == Some(saving.next)) {
            return Ok(Some(Reply::FilePart(given.clone())));
        }
        if number != saving.next || saving.asked.is_some() {
            return Err(CommandError::FileOver);
        }
        saving.asked = Some(view);
        self.go_on_saving();
        Ok(None)
    }

    /// Reads on, or delivers a piece.
    fn go_on_saving(&mut self) {
        let Some(saving) = self.files.saving.as_ref().filter(|saving| saving.page.is_none()) else { return };
        let next = match &saving.stage {
            Stage::Chunks(writer) if writer.len() < PART => saving.left.front().copied(),
            _ => None,
        };
        let page = next.map(|(key, before)| self.read_stretch(key, before.as_ref()));
        match (&mut self.files.saving, page) {
            (Some(saving), Some(page)) => saving.page = Some(page),
            _ => self.give_part(),
        }
    }

    fn give_part(&mut self) {
        let Some(saving) = &mut self.files.saving else { return };
        let left = u32::try_from(saving.left.len()).unwrap_or(u32::MAX);
        let stage = std::mem::replace(&mut saving.stage, Stage::Over);
        let (bytes, head) = match stage {
            Stage::Chunks(mut writer) if left > 0 => {
                let bytes = writer.take();
                saving.stage = Stage::Chunks(writer);
                (Some(bytes), false)
            }
            Stage::Chunks(writer) => {
                saving.contents.chunks = writer.count().saturating_add(1);
                let (key, bytes) = writer.finish();
                saving.stage = Stage::Head(key);
                (Some(bytes), false)
            }
            Stage::Head(stream) => (self.file_head(stream), true),
            Stage::Over => (None, true),
        };
        let Some(saving) = &mut self.files.saving else { return };
        let Some(view) = saving.asked.take() else { return };
        let Some(bytes) = bytes else {
            self.files.saving = None;
            return self.reply(view, Reply::Failed(CommandError::FileOver));
        };
        let of = saving.contents.chats;
        let part = FilePart { bytes, head, done: of.saturating_sub(left), of };
        saving.next = saving.next.saturating_add(1);
        saving.given = Some(part.clone());
        self.reply(view, Reply::FilePart(part));
    }

    fn file_head(&mut self, stream: DataKey) -> Option<Vec<u8>> {
        let (saving, account, key) =
            (self.files.saving.as_ref()?, self.account.as_ref()?, self.key.as_ref()?);
        let head = FileHead {
            account: account.id,
            device: account.device,
            entries: self.own_log.as_ref()?.entries().to_vec(),
            made: self.now,
            name: account.name.clone(),
            username: account.username.clone(),
            contents: saving.contents,
            logs: saving.logs.clone(),
            stream,
        };
        let file = DataKey::draw(&self.random);
        let bytes = head.seal(&self.random, self.backup_address()?, &file, key)?;
        self.files.saved = Some(file);
        Some(bytes)
    }

    /// A page of history came; returns whether it was for a file.
    pub(in crate::core) fn read_page_for_file(&mut self, id: LoadId, records: &[Record]) -> bool {
        let page = self.files.saving.as_mut().and_then(|saving| saving.page.take_if(|page| page.load == id));
        let Some(page) = page else { return false };
        let oldest = crate::core::conversation::paging::oldest(records);
        let kept = |record| self.kept(&page.key.id(), record);
        let messages: Vec<Message> = records.iter().filter_map(kept).collect();
        let parts = self.history_parts(page.key, messages);
        let Some(saving) = &mut self.files.saving else { return true };
        saving.left.pop_front();
        if page.is_full(records) && oldest.is_some() {
            saving.left.push_back((page.key, oldest));
        }
        if let Stage::Chunks(writer) = &mut saving.stage {
            for history in parts {
                let count = u64::try_from(history.messages.len()).unwrap_or(u64::MAX);
                saving.contents.messages = saving.contents.messages.saturating_add(count);
                writer.push(&Item::History(history));
            }
        }
        self.go_on_saving();
        true
    }
}

//! Reads a backup file piece by piece as the view delivers it. Before the engine takes anything from the file, it compares
//! the file's head with what this device knows of the account, and counts the messages that are on this device.

use super::seen::Seen;
use super::{Engine, MAX_PIECE};
use crate::backup::{FileHead, FileReader, Item, Loss};
use crate::domain::message::Message;
use crate::io::{LoadId, Record};
use crate::view::{CommandError, ConversationId, FileReport, Order, Reply, ViewRequestId};

/// Messages read at a time.
const PAGE: u32 = 200;

/// The state of reading a file.
pub(super) struct Taking {
    reader: Option<FileReader>,
    /// The view only checks the file.
    check: bool,
    at: u64,
    /// Set once the head has come.
    pub(super) whose: Option<Whose>,
    pub(super) seen: Seen,
    looking: Looking,
    waiting: Option<Waiting>,
    /// Messages of the file so far, and those of them that this device lacked.
    found: u64,
    pub(super) added: u64,
}

/// Whose file it is.
#[derive(Clone)]
pub(super) struct Whose {
    pub(super) head: Box<FileHead>,
    /// This device's account.
    pub(super) own: bool,
    /// The device that saved the file was removed since.
    removed: bool,
}

/// The pass through the messages on the disk.
#[derive(Default)]
struct Looking {
    left: Vec<ConversationId>,
    page: Option<(LoadId, ConversationId)>,
}

/// What waits until this device knows which messages it has.
struct Waiting {
    view: ViewRequestId,
    items: Vec<Item>,
    last: bool,
}

impl Taking {
    pub(super) fn new(reader: FileReader, check: bool) -> Self {
        Self {
            reader: Some(reader),
            check,
            at: 0,
            whose: None,
            seen: Seen::default(),
            looking: Looking::default(),
            waiting: None,
            found: 0,
            added: 0,
        }
    }
}

impl Engine {
    pub(super) fn take_file_part(
        &mut self,
        view: ViewRequestId,
        at: u64,
        bytes: &[u8],
        last: bool,
    ) -> Result<Option<Reply>, CommandError> {
        if let Some((_, report)) = self.files.report.as_ref().filter(|(asked, _)| *asked == view) {
            return Ok(Some(Reply::File(report.clone())));
        }
        let taking = self.files.taking.as_mut().ok_or(CommandError::FileOver)?;
        if taking.at != at || taking.waiting.is_some() || bytes.len() > MAX_PIECE {
            return Err(CommandError::FileOver);
        }
        let reader = taking.reader.as_mut().ok_or(CommandError::FileOver)?;
        let items = reader.push(bytes);
        let head = reader.head().filter(|_| taking.whose.is_none()).cloned();
        taking.at = taking.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let waiting = items.map(|items| Waiting { view, items, last });
        let known = match head {
            Some(head) => self.head_of_file_came(head),
            None => Ok(()),
        };
        match waiting.and_then(|waiting| known.map(|()| waiting)) {
            Ok(waiting) => {
                if let Some(taking) = &mut self.files.taking {
                    taking.waiting = Some(waiting);
                }
                self.go_on_taking();
                Ok(None)
            }
            Err(error) => {
                self.files.taking = None;
                Err(CommandError::File(error))
            }
        }
    }

    /// Nothing is changed yet: checks whose file it is.
    fn head_of_file_came(&mut self, head: FileHead) -> Result<(), crate::view::FileError> {
        let own = self.is_own_account(&head.account);
        let removed = match &self.own_log {
            Some(log) if own => head.compare(log)?,
            _ => false,
        };
        let here: Vec<ConversationId> = if own {
            self.conversations.keys().copied().collect()
        } else {
            let of = self.archives.values().filter(|archive| archive.account == head.account);
            of.map(crate::domain::archive::Archive::id).collect()
        };
        let Some(taking) = &mut self.files.taking else { return Ok(()) };
        let check = taking.check;
        if !check {
            taking.looking.left = here;
        }
        let whose = Whose { head: Box::new(head), own, removed };
        taking.whose = Some(whose.clone());
        if own && !check {
            self.take_logs_of_file(&whose.head.logs);
        }
        Ok(())
    }

    /// Looks at what is on this device, and then takes what waits for that.
    fn go_on_taking(&mut self) {
        let Some(taking) = &mut self.files.taking else { return };
        if taking.looking.page.is_some() {
            return;
        }
        if let Some(next) = taking.looking.left.last().copied() {
            return self.look_at(next, None);
        }
        let Some(Waiting { view, items, last }) = taking.waiting.take() else { return };
        self.take_items_of_file(items);
        let reply = if last { self.file_ends(view) } else { Reply::Done };
        self.reply(view, reply);
    }

    fn look_at(&mut self, conversation: ConversationId, before: Option<&Order>) {
        let load = self.read_messages(&conversation, before, PAGE);
        if let Some(taking) = &mut self.files.taking {
            taking.looking.page = Some((load, conversation));
        }
    }

    /// A page of history came; returns whether it was to see which messages are here.
    pub(in crate::core) fn looked_at(&mut self, id: LoadId, records: &[Record]) -> bool {
        let taking = self.files.taking.as_mut();
        let page = taking.and_then(|taking| taking.looking.page.take_if(|(load, _)| *load == id));
        let Some((_, conversation)) = page else { return false };
        let messages: Vec<Message> = records.iter().filter_map(|record| self.opened(record)).collect();
        let Some(taking) = &mut self.files.taking else { return true };
        for message in &messages {
            taking.seen.here(conversation, message);
        }
        let full = u32::try_from(records.len()).is_ok_and(|count| count >= PAGE);
        if let Some(oldest) = messages.last().map(Message::order).filter(|_| full) {
            self.look_at(conversation, Some(&oldest));
        } else {
            taking.looking.left.pop();
            self.go_on_taking();
        }
        true
    }

    fn take_items_of_file(&mut self, items: Vec<Item>) {
        let Some(taking) = &mut self.files.taking else { return };
        let Some(whose) = taking.whose.clone() else { return };
        for item in &items {
            if let Item::History(history) = item {
                let count = u64::try_from(history.messages.len()).unwrap_or(u64::MAX);
                taking.found = taking.found.saturating_add(count);
            }
        }
        if taking.check {
            return;
        }
        for item in items {
            if whose.own {
                self.restore_item(item, whose.removed);
            } else {
                self.archive_item(&whose.head, item);
            }
        }
    }

    fn file_ends(&mut self, view: ViewRequestId) -> Reply {
        let reader = self.files.taking.as_mut().and_then(|taking| taking.reader.take());
        let ended = reader
            .ok_or(CommandError::FileOver)
            .and_then(|reader| reader.finish().map_err(CommandError::File));
        let ended = ended.map(|(_, items, loss)| {
            self.take_items_of_file(items);
            loss
        });
        let taking = self.files.taking.take();
        let report = ended.and_then(|loss| {
            let taking = taking.ok_or(CommandError::FileOver)?;
            let whose = taking.whose.clone().ok_or(CommandError::FileOver)?;
            if whose.own && !taking.check {
                self.ask_since_file(&whose.head.logs);
            }
            Ok(taking.report(&whose, loss))
        });
        match report {
            Ok(report) => {
                self.files.report = Some((view, report.clone()));
                Reply::File(report)
            }
            Err(error) => Reply::Failed(error),
        }
    }
}

impl Taking {
    fn report(&self, whose: &Whose, loss: Loss) -> FileReport {
        let head = &whose.head;
        FileReport {
            owner: crate::domain::content::display_name(&head.name)
                .unwrap_or_else(|| head.username.to_string()),
            made: head.made,
            chats: head.contents.chats,
            messages: head.contents.messages,
            added: self.added,
            missing: head.contents.messages.saturating_sub(self.found),
            damaged: u64::from(loss.damaged),
            cut: loss.cut,
            other_account: !whose.own,
            removed: whose.removed,
        }
    }
}

//! Deletes messages and conversations for oneself, by a command of the person or on the word of another device of the
//! account.
//!
//! The engine records the deletion (`deletion.rs`) in the same change set that removes the messages from the disk and the
//! views. It deletes only messages: a deletion touches no log, no key and no receipt.

use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};

use crate::channel::log::Stage;
use crate::core::Engine;
use crate::core::conversation::purging::{PAGE, Purge};
use crate::domain::account_data::AccountData;
use crate::domain::consent::Consent;
use crate::domain::content::{Body, Place, Sync};
use crate::domain::conversation::{ConversationKey, beside, marked};
use crate::domain::deletion::{Deleted, Mark, mark, mark_of};
use crate::domain::message::{Message, MessageBody};
use crate::domain::outbox::OutboxEntry;
use crate::io::{LoadId, Record};
use crate::records::keys;
use crate::view::{CommandError, ConversationId, Order, Reply, ViewRequestId};

/// In milliseconds.
const DAY: u64 = 24 * 3_600 * 1_000;

/// Deletions under way.
#[derive(Default)]
pub(in crate::core) struct Deleting {
    /// Deletions that the person asked for on this device, while the engine reads the page with the message.
    asked: Vec<Asked>,
    /// Purges that are still to do, and the page that the engine is reading for one.
    pub(in crate::core) purges: Vec<Purge>,
    pub(in crate::core) page: Option<LoadId>,
}

struct Asked {
    load: LoadId,
    view: ViewRequestId,
    key: ConversationKey,
    /// The message; none for the whole conversation.
    message: Option<MessageId>,
    /// Whether the contact is also blocked.
    blocks: bool,
}

impl Engine {
    pub(in crate::core) fn delete_message(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: MessageId,
        order: &Order,
    ) -> Result<Option<Reply>, CommandError> {
        let before = (!order.is_waiting()).then(|| order.next());
        self.ask_to_delete(view, conversation, Some(message), before.as_ref())
    }

    pub(in crate::core) fn delete_chat(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
    ) -> Result<Option<Reply>, CommandError> {
        if self.archives.contains_key(&conversation) {
            self.delete_archive(view, conversation);
            return Ok(None);
        }
        self.ask_to_delete(view, conversation, None, None)
    }

    /// Deletes and blocks in one step, so that nothing that may end this device in between leaves one without the other.
    pub(in crate::core) fn delete_and_block(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
    ) -> Result<Option<Reply>, CommandError> {
        let reply = self.ask_to_delete(view, conversation, None, None)?;
        if let Some(asked) = self.deleting.asked.last_mut() {
            asked.blocks = true;
        }
        Ok(reply)
    }

    /// Asks the disk for a message's content, and for the end of a conversation.
    fn ask_to_delete(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: Option<MessageId>,
        before: Option<&Order>,
    ) -> Result<Option<Reply>, CommandError> {
        let known = self.conversations.get(&conversation).map(|conversation| conversation.key);
        let key = known.filter(|key| !self.is_own_conversation(key));
        let key = key.ok_or(CommandError::UnknownConversation)?;
        let load = self.read_messages(&conversation, before, PAGE);
        self.deleting.asked.push(Asked { load, view, key, message, blocks: false });
        Ok(None)
    }

    /// A page of history came; returns whether it was for a deletion.
    pub(in crate::core) fn read_page_to_delete(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(place) = self.deleting.asked.iter().position(|asked| asked.load == id) else {
            return false;
        };
        let asked = self.deleting.asked.remove(place);
        match asked.message {
            Some(message) if self.delete_waiting(&asked.key, &message, records) => {}
            Some(message) => self.delete_stored(&asked.key, &message, records),
            None => self.delete_everything(asked.key, records),
        }
        if let Some(peer) = asked.key.peer().filter(|_| asked.blocks) {
            self.decide(peer, Consent::Revoked);
        }
        self.reply(asked.view, Reply::Done);
        true
    }

    /// Deletes a text that waits in the outbox; returns whether there is one.
    fn delete_waiting(&mut self, key: &ConversationKey, message: &MessageId, records: &[Record]) -> bool {
        let waiting = self.waiting_texts(key);
        let is_it = |number: &&u64| self.outbox.get(number).is_some_and(|entry| entry.id == *message);
        let Some(number) = waiting.iter().find(is_it).copied() else {
            return false;
        };
        self.withdraw_by_mark(key, number);
        self.purge(Purge::for_last(*key, Order::of_waiting(number)), records);
        true
    }

    /// Withdraws a waiting text, or deletes it by its mark when it comes back.
    fn withdraw_by_mark(&mut self, key: &ConversationKey, number: u64) {
        let marks: Vec<Mark> = self.withdraw(number).into_iter().collect();
        if !marks.is_empty() {
            self.remember_deleted(Deleted { marks, ..Deleted::new(*key, self.now) });
        }
    }

    /// Withdraws a text that was not encrypted yet; the newest message may then be another one.
    pub(in crate::core) fn take_back(&mut self, key: &ConversationKey, number: u64) {
        self.withdraw_by_mark(key, number);
        self.purge_later(Purge::for_last(*key, Order::of_waiting(number)));
    }

    /// Takes a text out of the outbox. A text that was encrypted may be at the relay, and must stay until that is known: the
    /// engine deletes it by its mark when it comes back.
    fn withdraw(&mut self, number: u64) -> Option<Mark> {
        let entry = self.outbox.get(&number)?;
        let (key, id) = (entry.conversation, entry.id);
        let mark = self.waiting_mark(entry).filter(|_| entry.sealed.is_some() && !entry.failed);
        if let Body::Part(part) = &entry.body {
            let part = part.clone();
            self.drop_files_of(&part);
        }
        if mark.is_none() {
            self.is_sent(number);
            self.outbox.remove(&number);
            self.save_outbox(number);
        }
        self.changed.gone(key.id(), id);
        mark
    }

    fn delete_stored(&mut self, key: &ConversationKey, message: &MessageId, records: &[Record]) {
        let mut found = records.iter().filter_map(|record| self.opened(record));
        let Some(message) = found.find(|found| found.shown_id(self.is_mine(found)) == *message) else {
            return;
        };
        let marks = vec![mark_of(key.id(), &message)];
        self.remember_deleted(Deleted { marks: marks.clone(), ..Deleted::new(*key, self.now) });
        let purge = Purge::for_marks(*key, marks);
        self.purge(purge.before(message.order().next()), records);
    }

    /// Deletes everything that this device knows of the conversation. `records` are the newest records.
    fn delete_everything(&mut self, key: ConversationKey, records: &[Record]) {
        let mut deleted = Deleted { hidden: true, ..Deleted::new(key, self.now) };
        let id = key.id();
        if let Some(conversation) = self.conversations.get_mut(&id) {
            conversation.last = None;
            let logs = conversation.logs.iter().filter_map(|log| self.logs.get(log));
            deleted.logs = logs.map(|log| (log.id, log.cursor)).collect();
        }
        self.standing.or_default(id).erase_all();
        self.places.newest.remove(&id);
        self.save_standing(id);
        self.save_conversation(id);
        for message in records.iter().filter_map(|record| self.opened(record)) {
            deleted.before = deleted.before.max(message.stored);
            // An own message that the relay has stored beyond what this device has read of the log; others may stand between.
            if deleted.covers(&message.log, message.seq) == Some(false) {
                deleted.marks.push(mark_of(key.id(), &message));
            }
        }
        // The relay says when it stored something; it must not make this deletion reach into the future.
        deleted.before = deleted.before.min(UnixMillis(self.now.0.saturating_add(DAY)));
        for number in self.waiting_texts(&key) {
            deleted.marks.extend(self.withdraw(number));
        }
        self.clear_draft(&key);
        self.remember_deleted(deleted);
        self.forget_relations(&key);
        if let Some(peer) = key.peer() {
            self.request_was_deleted(peer);
        }
        self.purge(Purge::of_all(key), records);
    }

    /// Numbers of the texts that wait to be sent to somebody, oldest first.
    pub(in crate::core) fn waiting_texts(&self, key: &ConversationKey) -> Vec<u64> {
        let text = |entry: &OutboxEntry| entry.conversation == *key && matches!(entry.body, Body::Part(_));
        self.outbox.iter().filter(|(_, entry)| text(entry)).map(|(number, _)| *number).collect()
    }

    /// The person deleted something on this device: remembers it, tells the other devices, and adds it to the backup.
    fn remember_deleted(&mut self, deleted: Deleted) {
        self.take_deletion(&deleted);
        self.sync(Sync::Deleted(deleted));
        self.note_deletion_for_backup();
    }

    /// Remembers a deletion; returns the marks that are new, and whether more of the whole conversation is deleted.
    fn take_deletion(&mut self, deleted: &Deleted) -> (Vec<Mark>, bool) {
        let news = self
            .account_data_mut(&deleted.conversation)
            .map(|account_data| account_data.deleted.merge(deleted));
        self.save_personal(&deleted.conversation);
        news.unwrap_or_default()
    }

    /// The account data of a conversation, to be changed.
    pub(in crate::core) fn account_data_mut(&mut self, key: &ConversationKey) -> Option<&mut AccountData> {
        if !self.account_data.contains_key(key) {
            self.account_data.insert(*key, AccountData::new(*key));
        }
        self.account_data.get_mut(key)
    }

    pub(in crate::core) fn save_personal(&mut self, key: &ConversationKey) {
        if let Some(account_data) = self.account_data.get(key) {
            self.save(&keys::account_data(&key.id()), account_data);
            self.changed.conversations.insert(key.id());
        }
    }

    /// Another device of the account, or the account's backup, says that something was deleted.
    pub(in crate::core) fn deletion_came(&mut self, deleted: &Deleted) {
        let key = deleted.conversation;
        if self.is_own_conversation(&key) {
            return;
        }
        let (marks, whole) = self.take_deletion(deleted);
        if whole {
            self.drop_draft_before(&key, deleted.when);
            self.forget_relations(&key);
            if let Some(peer) = key.peer() {
                self.request_was_deleted(peer);
            }
            self.purge_later(Purge::of_all(key));
        } else if !marks.is_empty() {
            self.purge_later(Purge::for_marks(key, marks));
        }
    }

    /// Tells the account's other devices all deletions, because one of them is new.
    pub(in crate::core) fn tell_deletions(&mut self) {
        let all = self.account_data.values().map(|account_data| &account_data.deleted);
        let all: Vec<Deleted> = all.filter(|deleted| !deleted.is_empty()).cloned().collect();
        for deleted in all {
            self.sync(Sync::Deleted(deleted));
        }
    }

    fn deleted(&self, key: &ConversationKey) -> Option<&Deleted> {
        self.account_data.get(key).map(|account_data| &account_data.deleted)
    }

    /// Whether anything of the conversation was deleted.
    pub(in crate::core) fn has_deleted(&self, key: &ConversationKey) -> bool {
        self.deleted(key).is_some_and(|deleted| !deleted.marks.is_empty() || !deleted.logs.is_empty())
    }

    /// Whether a message was deleted, alone or with everything up to its place.
    pub(in crate::core) fn is_deleted(&self, key: &ConversationKey, message: &Message) -> bool {
        self.deleted(key).is_some_and(|deleted| {
            deleted.covers(&message.log, message.seq) == Some(true)
                || deleted.has(&mark_of(key.id(), message))
        })
    }

    /// The same for a message that may stand in a log unknown to the device that deleted everything.
    pub(in crate::core) fn is_deleted_history(&self, key: &ConversationKey, message: &Message) -> bool {
        self.is_deleted(key, message) || self.is_deleted_place(key, &message.log, message.seq, message.stored)
    }

    /// Whether everything up to this place was deleted.
    fn is_deleted_place(&self, key: &ConversationKey, log: &LogId, seq: Seq, stored: UnixMillis) -> bool {
        let Some(deleted) = self.deleted(key) else {
            return false;
        };
        if let Some(covered) = deleted.covers(log, seq) {
            return covered;
        }
        let in_use = |log| self.logs.get(log).is_some_and(|log| log.stage == Stage::Active);
        stored <= deleted.before && ![*log, beside(log), marked(log)].iter().any(in_use)
    }

    /// The same for a place of which this device knows only the order.
    pub(in crate::core) fn is_deleted_order(&self, id: ConversationId, order: &Order) -> bool {
        let Some(conversation) = self.conversations.get(&id) else { return false };
        let (stored, seq) = (order.stored(), order.seq());
        let named = |log: &&LogId| [**log, beside(log), marked(log)].contains(order.log());
        match conversation.logs.iter().find(named) {
            Some(log) => self.is_deleted_place(&conversation.key, log, seq, stored),
            None => self.deleted(&conversation.key).is_some_and(|deleted| stored <= deleted.before),
        }
    }

    /// Whether a message that is sent again in a log had its first place among deleted messages.
    pub(in crate::core) fn was_deleted_at(&self, here: &LogId, place: &Place) -> bool {
        let key = self.logs.get(here).map(|log| log.conversation);
        !self.is_of_another_era(place)
            && key.is_some_and(|key| self.is_deleted_place(&key, &place.log, place.seq, place.stored))
    }

    /// Whether a text that waits to be sent was deleted.
    pub(in crate::core) fn is_deleted_waiting(&self, number: u64) -> bool {
        let Some(entry) = self.outbox.get(&number) else {
            return false;
        };
        let mark =
            self.deleted(&entry.conversation).and_then(|deleted| Some((deleted, self.waiting_mark(entry)?)));
        mark.is_some_and(|(deleted, mark)| deleted.has(&mark))
    }

    /// Whether a conversation was deleted, and nobody has written since.
    pub(in crate::core) fn is_hidden(&self, key: &ConversationKey) -> bool {
        self.deleted(key).is_some_and(|deleted| deleted.hidden)
    }

    /// Somebody writes something new, or the person opens the conversation.
    pub(in crate::core) fn unhide(&mut self, key: &ConversationKey) {
        if self.is_hidden(key) {
            if let Some(account_data) = self.account_data.get_mut(key) {
                account_data.deleted.hidden = false;
            }
            self.save_personal(key);
        }
    }

    /// The mark that a text will have when it is stored.
    fn waiting_mark(&self, entry: &OutboxEntry) -> Option<Mark> {
        let own = self.account.as_ref().map(|account| &account.id);
        match &entry.body {
            Body::Part(part) => {
                Some(mark(entry.conversation.id(), &entry.id, own, &MessageBody::Part(part.clone())))
            }
            _ => None,
        }
    }
}

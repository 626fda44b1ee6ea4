//! Deleting for oneself: what a person asks for here, and what another device of the account says.
//!
//! What is deleted is remembered (`deletion.rs`) in the same change set that takes it from the disk and the views. Only
//! messages are deleted: nothing here touches a log, its keys or its receipts.

use std::collections::BTreeMap;

use parley_protocol::ids::{AccountId, MessageId, Seq, UnixMillis};

use super::Engine;
use super::sweeping::{PAGE, Sweep};
use crate::content::{Body, Place, Sync};
use crate::conversation::{after, beside, id_of, marked};
use crate::deletion::{Deleted, Deletions, Mark, WholeChat, mark, mark_of};
use crate::io::{LoadId, Record};
use crate::log::Stage;
use crate::message::Message;
use crate::records::keys;
use crate::table::Table;
use crate::view::{BodyView, CommandError, ConversationId, Order, Reply, ViewRequestId};

/// In milliseconds.
const DAY: u64 = 24 * 3_600 * 1_000;

/// What was deleted, and what is under way.
#[derive(Default)]
pub(super) struct Deleting {
    /// By the other account of the conversation.
    pub(super) known: Table<AccountId, Deletions>,
    /// Deleted by the person here; the page where it stands is being read.
    asked: BTreeMap<LoadId, Asked>,
    /// What is still to be looked for on the disk, and the page that is being read for it.
    pub(super) sweeps: Vec<Sweep>,
    pub(super) page: Option<LoadId>,
}

struct Asked {
    view: ViewRequestId,
    peer: AccountId,
    /// None for the whole conversation.
    message: Option<MessageId>,
}

impl Engine {
    pub(super) fn delete_message(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: MessageId,
        order: &Order,
    ) -> Result<Option<Reply>, CommandError> {
        let before = (!order.is_waiting()).then(|| after(order));
        self.ask_to_delete(view, conversation, Some(message), before.as_ref())
    }

    pub(super) fn delete_chat(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
    ) -> Result<Option<Reply>, CommandError> {
        self.ask_to_delete(view, conversation, None, None)
    }

    /// What a message says, and where everything of a conversation ends, is on the disk.
    fn ask_to_delete(
        &mut self,
        view: ViewRequestId,
        conversation: ConversationId,
        message: Option<MessageId>,
        before: Option<&Order>,
    ) -> Result<Option<Reply>, CommandError> {
        let known = self.conversations.get(&conversation).map(|conversation| conversation.peer);
        let peer = known.filter(|peer| !self.is_own_account(peer));
        let peer = peer.ok_or(CommandError::UnknownConversation)?;
        let load = self.read_messages(&conversation, before, PAGE);
        self.deleting.asked.insert(load, Asked { view, peer, message });
        Ok(None)
    }

    /// A page of history came; whether it was for something that is to be deleted.
    pub(super) fn read_page_to_delete(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(asked) = self.deleting.asked.remove(&id) else {
            return false;
        };
        match asked.message {
            Some(message) if self.delete_waiting(&asked.peer, &message, records) => {}
            Some(message) => self.delete_stored(&asked.peer, &message, records),
            None => self.delete_everything(asked.peer, records),
        }
        self.reply(asked.view, Reply::Done);
        true
    }

    /// Deletes what waits in the outbox; whether it is there.
    fn delete_waiting(&mut self, peer: &AccountId, message: &MessageId, records: &[Record]) -> bool {
        let is_it = |entry: &crate::outbox::OutboxEntry| {
            entry.id == *message && entry.peer == *peer && matches!(entry.body, Body::Text(_))
        };
        let found = self.outbox.iter().find(|(_, entry)| is_it(entry)).map(|(number, _)| *number);
        let Some(number) = found else {
            return false;
        };
        if let Some(mark) = self.withdraw(number) {
            self.remember_deleted(peer, vec![mark], None, None);
        }
        self.changed.gone(id_of(peer), *message);
        let last = self.conversations.get(&id_of(peer)).and_then(|conversation| conversation.last.as_ref());
        if last.is_some_and(|last| last.id == *message) {
            self.sweep(Sweep::for_last(*peer), records);
        }
        true
    }

    /// Takes a text out of the outbox. One that was encrypted may be at the relay, and must stay until that is known: it
    /// is deleted when it comes back, by its mark.
    fn withdraw(&mut self, number: u64) -> Option<Mark> {
        let entry = self.outbox.get(&number)?;
        if entry.sealed.is_some() && !entry.failed {
            let Body::Text(text) = &entry.body else { return None };
            return Some(mark(&entry.peer, &entry.id, true, &BodyView::Text(text.clone())));
        }
        self.outbox.remove(&number);
        self.save_outbox(number);
        None
    }

    fn delete_stored(&mut self, peer: &AccountId, message: &MessageId, records: &[Record]) {
        let mut found = records.iter().filter_map(|record| self.opened(record));
        let Some(message) = found.find(|found| found.shown_id() == *message) else {
            return;
        };
        let mark = mark_of(peer, &message);
        let order = message.order();
        self.remember_deleted(peer, vec![mark], Some(order), None);
        let sweep = self.sweep_for(peer, vec![mark], Some(&order));
        if sweep.is_from_the_newest() {
            self.sweep_later(sweep);
        } else {
            self.sweep(sweep, records);
        }
    }

    /// Everything that this device knows of the conversation. `records` are the newest.
    fn delete_everything(&mut self, peer: AccountId, records: &[Record]) {
        let conversation = id_of(&peer);
        let newest: Vec<Message> = records.iter().filter_map(|record| self.opened(record)).collect();
        let logs: Table<_, _> = self.logs_of(&peer).collect();
        // Own messages that the relay has stored beyond what was read of the log; others may stand between.
        let beyond = |message: &&Message| logs.get(&message.log).is_some_and(|upto| message.seq > *upto);
        let mut marks: Vec<Mark> = newest.iter().filter(beyond).map(|it| mark_of(&peer, it)).collect();
        let waiting: Vec<u64> = self.waiting_texts(&peer).collect();
        for number in waiting {
            if let Some(id) = self.outbox.get(&number).map(|entry| entry.id) {
                self.changed.gone(conversation, id);
            }
            marks.extend(self.withdraw(number));
        }
        // The relay says when it stored something, and must not make this reach into the future.
        let soon = UnixMillis(self.now.0.saturating_add(DAY));
        let before = newest.iter().map(|message| message.stored).max().unwrap_or_default().min(soon);
        let chat = WholeChat { logs, before, hidden: true };
        self.clear_draft(&peer);
        if let Some(conversation) = self.conversations.get_mut(&conversation) {
            conversation.last = None;
            conversation.unread = 0;
        }
        self.save_conversation(conversation);
        self.remember_deleted(&peer, marks, None, Some(chat));
        self.sweep(Sweep::of_all(peer), records);
    }

    /// How far each log with somebody was read.
    fn logs_of(&self, peer: &AccountId) -> impl Iterator<Item = (parley_protocol::ids::LogId, Seq)> {
        let conversation = self.conversations.get(&id_of(peer));
        let logs = conversation.into_iter().flat_map(|conversation| &conversation.logs);
        logs.filter_map(|id| self.logs.get(id)).map(|log| (log.id, log.cursor))
    }

    /// Numbers of the texts that wait to be sent to somebody, oldest first.
    pub(super) fn waiting_texts(&self, peer: &AccountId) -> impl DoubleEndedIterator<Item = u64> {
        let text = |entry: &crate::outbox::OutboxEntry| {
            entry.peer == *peer && entry.only.is_none() && matches!(entry.body, Body::Text(_))
        };
        self.outbox.iter().filter(move |(_, entry)| text(entry)).map(|(number, _)| *number)
    }

    /// The person deleted something on this device: it is remembered, told, and kept out of the backup.
    fn remember_deleted(
        &mut self,
        peer: &AccountId,
        marks: Vec<Mark>,
        at: Option<Order>,
        chat: Option<WholeChat>,
    ) {
        let deleted = Deleted { peer: *peer, marks, at, chat, when: self.now };
        self.take_deletion(&deleted);
        self.sync(Sync::Deleted(deleted));
        self.note_deletion_for_backup();
    }

    /// Remembers a deletion; the marks that are news, and whether the whole is.
    fn take_deletion(&mut self, deleted: &Deleted) -> (Vec<Mark>, bool) {
        let Some(known) = self.deleting.known.or_default(deleted.peer) else {
            return (Vec::new(), false);
        };
        let marks = deleted.marks.iter().copied().filter(|mark| known.add(*mark)).collect();
        let whole = deleted.chat.as_ref().is_some_and(|chat| known.add_chat(chat));
        self.save_deletions(&deleted.peer);
        (marks, whole)
    }

    fn save_deletions(&mut self, peer: &AccountId) {
        if let Some(deletions) = self.deleting.known.get(peer) {
            self.save(&keys::deletions(peer), deletions);
            self.changed.conversations.insert(id_of(peer));
        }
    }

    /// Another device of the account deleted something, or its backup says so.
    pub(super) fn deletion_came(&mut self, deleted: &Deleted) {
        let peer = deleted.peer;
        if self.is_own_account(&peer) {
            return;
        }
        let (marks, whole) = self.take_deletion(deleted);
        if whole {
            self.drop_draft_before(&peer, deleted.when);
            self.sweep_later(Sweep::of_all(peer));
        }
        if !marks.is_empty() {
            let sweep = self.sweep_for(&peer, marks, deleted.at.as_ref());
            self.sweep_later(sweep);
        }
    }

    /// Tells the account's other devices everything that was deleted, because one of them is new.
    pub(super) fn tell_deletions(&mut self) {
        let all: Vec<Deleted> =
            self.deleting.known.iter().flat_map(|(peer, known)| known.told(*peer)).collect();
        for deleted in all {
            self.sync(Sync::Deleted(deleted));
        }
    }

    /// Whether a message was deleted, by itself or with everything up to its place.
    pub(super) fn is_deleted(&self, peer: &AccountId, message: &Message) -> bool {
        self.deleting.known.get(peer).is_some_and(|known| {
            known.covers(&message.log, message.seq) == Some(true) || known.has(&mark_of(peer, message))
        })
    }

    /// The same of a message that may stand in a log which the device that deleted everything did not know.
    pub(super) fn is_deleted_history(&self, peer: &AccountId, message: &Message) -> bool {
        let place = Place { log: message.log, seq: message.seq, stored: message.stored };
        self.is_deleted(peer, message) || self.is_deleted_place(peer, &place)
    }

    /// Whether everything up to this place was deleted.
    pub(super) fn is_deleted_place(&self, peer: &AccountId, place: &Place) -> bool {
        let Some(known) = self.deleting.known.get(peer) else {
            return false;
        };
        known.covers(&place.log, place.seq).unwrap_or_else(|| {
            let names = [place.log, beside(&place.log), marked(&place.log)];
            let in_use = |log| self.logs.get(log).is_some_and(|log| log.stage == Stage::Active);
            known.before() > UnixMillis::default()
                && place.stored <= known.before()
                && !names.iter().any(in_use)
        })
    }

    /// Whether a text that waits to be sent was deleted all the same.
    pub(super) fn is_deleted_waiting(&self, number: u64) -> bool {
        self.outbox.get(&number).is_some_and(|entry| {
            let known = self.deleting.known.get(&entry.peer);
            known.is_some_and(|known| match &entry.body {
                Body::Text(text) => {
                    known.has(&mark(&entry.peer, &entry.id, true, &BodyView::Text(text.clone())))
                }
                _ => false,
            })
        })
    }

    /// Whether a conversation was deleted, and nothing has been said since.
    pub(super) fn is_hidden(&self, peer: &AccountId) -> bool {
        self.deleting.known.get(peer).is_some_and(Deletions::is_hidden)
    }

    /// Something new is said, or the person opens the conversation.
    pub(super) fn unhide(&mut self, peer: &AccountId) {
        if self.is_hidden(peer) && self.deleting.known.or_default(*peer).is_some_and(Deletions::unhide) {
            self.save_deletions(peer);
        }
    }
}

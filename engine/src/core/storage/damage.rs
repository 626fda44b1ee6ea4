//! Handles records that do not open: everything else goes on, and the engine asks for what is missing.

use parley_protocol::ids::{AccountId, GroupId, LogId, MessageId, Seq};

use crate::channel::log::{Log, Stage};
use crate::channel::transcript::Transcript;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::contact::Contact;
use crate::domain::conversation::{Conversation, ConversationKey, marked};
use crate::domain::message::{Message, MessageBody};
use crate::domain::standing::Standing;
use crate::io::{LoadId, Record, Store};
use crate::records::keys;
use crate::set::Set;
use crate::table::Table;
use crate::view::{ConversationId, Gap};

/// Messages from which the engine rebuilds the entry of a conversation in the list.
const PAGE: u32 = 200;

/// What is still to be done about lost records.
#[derive(Default)]
pub(in crate::core) struct Damage {
    /// Conversations that lack texts which waited to be sent.
    unsent: Set<ConversationKey>,
    /// Conversations whose entry in the list is being rebuilt, and the pages that the engine reads for it.
    unlisted: Set<ConversationId>,
    loads: Table<LoadId, ConversationId>,
}

impl Engine {
    /// Repairs the state after records were lost. `damaged` are the names of records that the next change set deletes.
    pub(in crate::core) fn mend(&mut self, damaged: Vec<Vec<u8>>) {
        self.out.deletes.extend(damaged.into_iter().map(|name| (Store::State, name)));
        let highest = self.outbox.last().map_or(0, |(number, _)| number.saturating_add(1));
        self.device.next_outbox = self.device.next_outbox.max(highest);
        self.find_conversations_of_logs();
        self.find_logs_of_conversations();
        self.end_lost_creations();
        self.look_for_parts();
        self.damage.unsent = self.lost_texts();
        let unlisted = |(id, conversation): &(&ConversationId, &Conversation)| {
            let unread = self.standing.get(id).map(Standing::unread).unwrap_or_default();
            unread != conversation.unread || conversation.last.is_none()
        };
        let unlisted = self.conversations.iter().filter(unlisted).map(|(id, _)| *id);
        let mut all = Set::default();
        all.extend(unlisted);
        self.damage.unlisted = all;
        let known = |peer: &AccountId| self.contacts.contains_key(peer) || self.is_own_account(peer);
        let told = self.cards.keys().copied();
        let all = self.conversations.values().filter_map(|c| c.key.peer()).copied().chain(told);
        // Not by `collect`: that would sort first, with code of its own.
        let mut unknown = Set::default();
        unknown.extend(all.filter(|peer| !known(peer)));
        self.unknown = unknown;
    }

    fn find_conversations_of_logs(&mut self) {
        let now = self.now;
        for log in self.logs.values() {
            let new = || Conversation::new(log.conversation, now);
            self.conversations.or_insert_with(log.conversation.id(), new).add_log(log.id);
        }
    }

    /// The record that would have created a log at the relay is gone: the engine makes another log.
    fn end_lost_creations(&mut self) {
        let lost = |log: &&Log| log.stage == Stage::Creating && log.creation.is_none();
        let lost: Vec<LogId> = self.logs.values().filter(lost).map(|log| log.id).collect();
        for id in lost {
            self.end_log(&id);
        }
    }

    /// This device cannot continue a log whose record is gone: it asks the other side for what came after the last entry.
    pub(in crate::core) fn find_logs_of_conversations(&mut self) {
        let of = |c: &Conversation| c.logs.iter().map(|log| (*log, c.key)).collect::<Vec<_>>();
        let all: Vec<(LogId, ConversationKey)> = self.conversations.values().flat_map(of).collect();
        for (id, key) in all {
            if !self.logs.contains_key(&id) {
                let transcript: Transcript =
                    self.state.get(&keys::transcript(&id)).ok().flatten().unwrap_or_default();
                let last = transcript.at();
                self.transcripts.insert(id, transcript);
                // The history has everything up to there; which of it is unread is known.
                let unread = self.standing.get(&key.id()).and_then(|standing| standing.first_unread(&id));
                let read = unread.map_or(last, |first| Seq(first.0.saturating_sub(1)));
                let group =
                    if let ConversationKey::Group(group) = key { group } else { GroupId::begun_in(id) };
                let known = Log::new(id, group, key, Stage::Active, self.now);
                let known = Log { cursor: last, incoming: last, read, ..known };
                if let ConversationKey::Group(group) = key {
                    self.of_groups().find_log_of_group(&group, known);
                } else {
                    self.logs.insert(id, known);
                    self.abandon(&id, last);
                }
            }
        }
    }

    /// Repairs that need randomness or the disk: run with the first input.
    pub(in crate::core) fn go_on_mending(&mut self) {
        for key in std::mem::take(&mut self.damage.unsent) {
            self.say_unsent(&key);
        }
        for id in std::mem::take(&mut self.damage.unlisted) {
            let load = self.read_messages(&id, None, PAGE);
            self.damage.loads.insert(load, id);
        }
    }

    /// A text that waited to be sent is gone: a marker says so where it was written.
    fn say_unsent(&mut self, key: &ConversationKey) {
        let id = key.id();
        let Some(conversation) = self.conversations.get(&id) else { return };
        let log = conversation.logs.last().copied().unwrap_or(LogId(id.0));
        let (stored, cursor) = (self.reached(&log), self.logs.get(&log).map(|log| log.cursor));
        let message = Message {
            id: MessageId(self.random.array()),
            time: stored,
            stored,
            log: marked(&log),
            seq: cursor.unwrap_or_default().next(),
            author: None,
            body: MessageBody::Gap(Gap::Unsent),
        };
        self.store_message(id, &message);
        self.show_in_list(id, &message);
        let view = self.message_view(id, &message);
        self.changed.messages.or_default(id).push(view);
    }

    /// The newest page of a conversation came whose entry in the list, or whose unread messages, were lost; returns whether
    /// the page was for that.
    pub(in crate::core) fn relisted(&mut self, load: LoadId, records: &[Record]) -> bool {
        let Some(id) = self.damage.loads.remove(&load) else {
            return false;
        };
        let mut messages: Vec<Message> = records.iter().filter_map(|record| self.kept(&id, record)).collect();
        messages.reverse();
        let uncounted = self.standing.get(&id).is_none_or(|standing| standing.unread() == 0);
        for message in messages.iter().filter(|_| uncounted) {
            let said = message.part().is_some() && message.relation().is_none();
            let theirs = said && !self.is_mine(message);
            let read = self.logs.get(&message.log).map(|log| log.read);
            if read.is_some_and(|read| message.seq > read) && theirs {
                self.standing.or_default(id).came(message.order(), message.log, message.seq);
            }
        }
        self.save_standing(id);
        let newest_waiting = self.waiting_views(id).pop();
        let waiting = newest_waiting.and_then(|view| self.waiting_last(view.order.seq().0));
        if let Some(newest) = messages.iter().rev().find(|message| message.relation().is_none()) {
            self.places.newest.insert(id, newest.order());
            self.show_in_list(id, newest);
        }
        if let (Some(last), Some(conversation)) = (waiting, self.conversations.get_mut(&id)) {
            conversation.last = Some(last);
            self.save_conversation(id);
        }
        true
    }

    /// Asks for the device logs of contacts whose records were damaged. An account's id is the hash of its log's
    /// first entry, so that nobody else can take its place.
    pub(in crate::core) fn ask_for_unknown(&mut self) {
        for account in self.unknown.clone() {
            let asked = |pending: &Pending| *pending == Pending::Relearn(account);
            if !self.is_pending(asked) {
                self.look_up(account, Pending::Relearn(account));
            }
        }
    }

    pub(in crate::core) fn relearnt(&mut self, account: AccountId, result: Result<Found, LookUpError>) {
        match result {
            Ok(found) if found.log.account() == account => {
                self.unknown.remove(&account);
                // A Welcome may have been quicker: what was pinned since then stays.
                if self.contacts.contains_key(&account) {
                    return;
                }
                self.contacts.insert(account, Contact::new(found.log, found.username, self.now));
                self.save_contact(&account);
                self.use_card(&account);
                self.resume();
            }
            _ => self.retry_later(60_000),
        }
    }
}

//! Saves every stored value as a record, and reads the records back when the engine opens.

use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{AccountId, LogId, Seq};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::attachment::local::LocalFile;
use crate::channel::log::Log;
use crate::channel::transcript::Transcript;
use crate::core::account::removed::Removed;
use crate::core::storage::dirty_set::Dirty;
use crate::core::{Engine, OpenError};
use crate::domain::account_data::AccountData;
use crate::domain::archive::Archive;
use crate::domain::consent::Stance;
use crate::domain::contact::Contact;
use crate::domain::conversation::{Conversation, id_of};
use crate::domain::expiry::{Expiring, Timer};
use crate::domain::marks::Marks;
use crate::domain::message::{self, Message};
use crate::domain::outbox::OutboxEntry;
use crate::domain::standing::Standing;
use crate::group::chat::GroupChat;
use crate::io::{ChangeSet, ChangeSetId, Output, Record, Store};
use crate::mutations::{Mutation, on};
use crate::records::keys;
use crate::records::sealed::Writes;
use crate::seal::Purpose;
use crate::view::{ConversationId, Event, StorageState};

impl Engine {
    pub(in crate::core) fn restore(&mut self) -> Result<(), OpenError> {
        self.account = self.read(keys::ACCOUNT)?;
        if let Some(account) = &self.account {
            self.own_log = Some(account.log().map_err(|_| OpenError::Damaged)?);
        }
        self.device = self.read(keys::DEVICE)?.unwrap_or_default();
        for chat in self.read_all::<GroupChat>(keys::GROUP_CHATS)? {
            self.group_chats.all.insert(chat.group, chat);
        }
        let entering = self.read_all(keys::ALL_ENTERING)?;
        self.group_chats.by_link.load(self.read_all(keys::ALL_GROUP_LINKS)?, entering);
        self.group_chats.newcomers.load(
            self.read_all(keys::ALL_PAST_ERAS)?,
            self.read_all(keys::ALL_CATCHING_UP)?,
            self.read_all(keys::ALL_UNPROVEN)?,
        );
        for key in self.state.keys_with_prefix(keys::CONTACTS) {
            let bytes = self.state.get_bytes(&key).ok_or(OpenError::Damaged)?;
            let contact = Contact::decode(&bytes).map_err(|_| OpenError::Damaged)?;
            self.contacts.insert(contact.account(), contact);
        }
        for conversation in self.read_all::<Conversation>(keys::CONVERSATIONS)? {
            self.take_conversation(conversation)?;
        }
        self.waiting = self.read(keys::WAITING)?.unwrap_or_default();
        for archive in self.read_all::<Archive>(keys::ARCHIVES)? {
            self.archives.insert(archive.id(), archive);
        }
        for mut log in self.read_all::<Log>(keys::LOGS)? {
            (log.commit, log.creation) = self.read(&keys::pending(&log.id))?.unwrap_or_default();
            let transcript = self.read(&keys::transcript(&log.id))?;
            let begun = || if log.cursor == Seq(0) { Transcript::default() } else { Transcript::late() };
            self.transcripts.insert(log.id, transcript.unwrap_or_else(begun));
            if let Some(early) = self.read::<Vec<LogEntry>>(&keys::reorder_buffer(&log.id))? {
                self.reorder_buffer.restore(log.id, early);
            }
            if let Some(elsewhere) = self.read(&keys::elsewhere(&log.id))? {
                self.late.elsewhere.insert(log.id, elsewhere);
            }
            if let Some(era) = self.read(&keys::group_era(&log.id))? {
                self.group_eras.insert(log.id, era);
            }
            self.logs.insert(log.id, log);
        }
        self.stamps = self.read(keys::STAMPS)?.unwrap_or_default();
        self.rollback = self.read(keys::ROLLBACK)?.unwrap_or_default();
        self.resent_messages = self.read(keys::RESENT_MESSAGES)?.unwrap_or_default();
        self.joining = self.read(keys::JOINING)?;
        self.returning = self.read(keys::RETURNING)?;
        self.backup = self.read(keys::BACKUP)?.unwrap_or_default();
        self.load_manifest();
        self.sharing = self.read(keys::SHARING)?.unwrap_or_default();
        self.late.holes = self.read(keys::HOLES)?.unwrap_or_default();
        self.late.answering.due = self.read(keys::LACKING)?.unwrap_or_default();
        self.own_texts = self.read(keys::OWN_TEXTS)?.unwrap_or_default();
        self.counts = self.read(keys::COUNTS)?.unwrap_or_default();
        self.tainted = self.read(keys::TAINTED)?.unwrap_or_default();
        self.notes = self.read(keys::NOTES)?.unwrap_or_default();
        self.key_changes = self.read(keys::KEY_CHANGES)?.unwrap_or_default();
        self.cards = self.read(keys::CARDS)?.unwrap_or_default();
        self.told_receipts = self.read(keys::TOLD_RECEIPTS)?.unwrap_or_default();
        for account_data in self.read_all::<AccountData>(keys::ALL_ACCOUNT_DATA)? {
            self.account_data.insert(account_data.deleted.conversation, account_data);
        }
        for marks in self.read_all::<Marks>(keys::ALL_MARKS)? {
            self.places.marks.insert(marks.conversation, marks);
        }
        let timers = self.read_all::<Timer>(keys::ALL_TIMERS)?;
        let expiring = self.read_all::<Expiring>(keys::ALL_EXPIRING)?;
        self.restore_expiry(timers, expiring);
        for stance in self.read_all::<Stance>(keys::STANCES)? {
            self.stances.insert(stance.peer, stance);
        }
        self.own_token = self.read(keys::OWN_TOKEN)?;
        self.draft_setting = self.read(keys::DRAFT_SETTING)?.unwrap_or_default();
        self.removed = self.read(keys::KEPT)?.map(Removed::before);
        let files = self.read_all::<LocalFile>(keys::FILES)?;
        self.restore_files(files);
        self.begin_sweeping();
        self.tell_drafts_soon();
        for key in self.state.keys_with_prefix(keys::OUTBOXES) {
            let number = key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            let entry = self.read::<OutboxEntry>(&key)?;
            if let (Some(number), Some(entry)) = (number, entry) {
                self.outbox.insert(number, Box::new(entry));
            }
        }
        Ok(())
    }

    fn take_conversation(&mut self, conversation: Conversation) -> Result<(), OpenError> {
        let id = conversation.key.id();
        let standing: Standing = self.read(&keys::standing(&id))?.unwrap_or_default();
        if let Some(last) = conversation.last.as_ref().filter(|last| !last.order.is_waiting()) {
            self.places.newest.insert(id, last.order);
        }
        self.standing.insert(id, standing);
        self.conversations.insert(id, conversation);
        Ok(())
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, OpenError> {
        self.state.get(key).map_err(|_| OpenError::Damaged)
    }

    fn read_all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<T>, OpenError> {
        let mut all = Vec::new();
        for key in self.state.keys_with_prefix(prefix) {
            all.extend(self.read(&key)?);
        }
        Ok(all)
    }

    pub(in crate::core) fn save<T: Serialize>(&self, key: &[u8], value: &T) {
        // Postcard into memory refuses only sequences of unknown length, which no record has.
        let saved = self.state.put(key, value);
        debug_assert!(saved.is_ok(), "a record that postcard cannot write");
    }

    pub(in crate::core) fn save_account(&mut self) {
        if let Some(account) = &self.account {
            self.save(keys::ACCOUNT, account);
        }
        self.changed.account = true;
    }

    pub(in crate::core) fn save_device(&mut self) {
        self.dirty.insert(Dirty::Device);
    }

    pub(in crate::core) fn save_contact(&mut self, account: &AccountId) {
        if self.contacts.contains_key(account) {
            self.dirty.insert(Dirty::Contact(*account));
            self.changed.conversations.insert(id_of(account));
        }
    }

    pub(in crate::core) fn save_conversation(&mut self, id: ConversationId) {
        if self.conversations.contains_key(&id) {
            self.dirty.insert(Dirty::Conversation(id));
            self.changed.conversations.insert(id);
        }
    }

    /// Saves the standing of a conversation, and shows its number of unread messages.
    pub(in crate::core) fn save_standing(&mut self, id: ConversationId) {
        let unread = self.standing.get(&id).map(Standing::unread).unwrap_or_default();
        self.dirty.insert(Dirty::Standing(id));
        if let Some(conversation) = self.conversations.get_mut(&id)
            && conversation.unread != unread
        {
            conversation.unread = unread;
            self.save_conversation(id);
        }
    }

    pub(in crate::core) fn save_log(&mut self, id: &LogId) {
        self.dirty.insert(Dirty::Log(*id));
    }

    /// The part of a log that is on its way to the relay has changed.
    pub(in crate::core) fn save_pending(&mut self, id: &LogId) {
        self.dirty.insert(Dirty::Pending(*id));
    }

    pub(in crate::core) fn save_transcript(&mut self, id: &LogId) {
        self.dirty.insert(Dirty::Transcript(*id));
    }

    pub(in crate::core) fn save_early(&self, id: &LogId) {
        let waiting = self.reorder_buffer.of(id);
        if waiting.is_empty() {
            self.state.delete(&keys::reorder_buffer(id));
        } else {
            self.save(&keys::reorder_buffer(id), &waiting);
        }
    }

    pub(in crate::core) fn save_outbox(&mut self, number: u64) {
        self.dirty.insert(Dirty::Outbox(number));
    }

    pub(in crate::core) fn save_came_again(&mut self) {
        self.dirty.insert(Dirty::ResentMessages);
    }

    /// Stores a message that is new to the account, and so to its backup.
    pub(in crate::core) fn save_message(&mut self, conversation: ConversationId, message: &Message) {
        self.store_message(conversation, message);
        self.note_for_backup(conversation, message.order());
    }

    /// Stores a message that another device of the account, or its backup, has.
    pub(in crate::core) fn store_message(&mut self, conversation: ConversationId, message: &Message) {
        let key = message::key(&self.sealer, &conversation, &message.order());
        // A message that names itself as the one before is the first, or replaces its own damaged record.
        let before = self.places.newest.get(&conversation).copied().unwrap_or_else(|| message.order());
        let bytes = message.encode_after(&before, self.passage_of(message));
        let value = self.sealer.seal(Purpose::Message, &key, self.random.array(), &bytes);
        if before <= message.order() {
            self.places.newest.insert(conversation, message.order());
        }
        self.out.put_message(Record { key, value });
        self.note_expiry(conversation, message);
    }

    /// Ends an input: its changes become a change set, alone or with those of inputs that come while another set is being
    /// written; its outputs wait for the change set.
    pub(in crate::core) fn flush(&mut self) {
        let changed = self.state.settle() || !self.dirty.is_empty() || self.out.has_changes();
        if self.out.is_writing() {
            if !changed {
                self.out.release_current();
            }
            return;
        }
        self.write_unsaved();
        let mut writes = Writes::default();
        self.state.take_changes(|change| writes.add(&self.sealer, &self.random, change));
        if on(Mutation::CursorBeforeMessages) && !writes.puts.is_empty() {
            std::mem::swap(&mut self.out.late_messages, &mut self.out.messages);
        }
        writes.puts.append(&mut self.out.messages);
        self.drop_damaged(&mut writes);
        writes.deletes.append(&mut self.out.erased);
        let vault = self.out.vault.take();
        if writes.puts.is_empty() && writes.deletes.is_empty() && vault.is_none() {
            self.out.release_current();
        } else {
            let wipes = self.out.take_wipe();
            if wipes {
                writes.deletes.clear();
            }
            self.out.seal(|id| ChangeSet { id, vault, puts: writes.puts, deletes: writes.deletes, wipes });
        }
    }

    /// Deletes records that did not open, except those that were just written again.
    fn drop_damaged(&mut self, writes: &mut Writes) {
        // Opening alone changes nothing: the engine deletes them with the first change.
        if writes.puts.is_empty() && writes.deletes.is_empty() {
            return;
        }
        let damaged = self.state.take_damaged().into_iter().map(|name| (Store::State, name));
        let deletes = std::mem::take(&mut self.out.deletes).into_iter().chain(damaged);
        for (store, name) in deletes {
            if !writes.puts.iter().any(|(put, record)| *put == store && record.key == name) {
                writes.deletes.push((store, name));
            }
        }
    }

    pub(in crate::core) fn persisted(&mut self, id: ChangeSetId) {
        if !self.out.persisted(id) {
            return;
        }
        if self.storage != StorageState::Good && self.storage != StorageState::Fenced {
            self.storage = StorageState::Good;
            self.out.at_once(Output::Event(Event::Storage(StorageState::Good)));
        }
    }

    /// Puts the sealed device key into the change set.
    pub(in crate::core) fn save_vault(&mut self) {
        if let Some(key) = &self.key {
            let nonce = self.random.array();
            self.out.vault = Some(self.sealer.seal(Purpose::Vault, b"device key", nonce, key.as_bytes()));
        }
    }

    /// Forgets an account that the relay refused, so that the person can make another.
    pub(in crate::core) fn forget_account(&mut self) {
        for prefix in 0..=u8::MAX {
            for key in self.state.keys_with_prefix(&[prefix]) {
                self.state.delete(&key);
            }
        }
        self.out.vault = Some(Vec::new());
        self.dirty.clear();
        self.key = None;
        self.account = None;
        self.own_log = None;
        self.device = crate::core::DeviceState::default();
        self.contacts.clear();
        self.stances.clear();
        self.own_token = None;
        self.links.clear();
        self.conversations.clear();
        self.standing.clear();
        self.waiting.clear();
        self.places.newest.clear();
        self.archives.clear();
        self.files = crate::core::backup_file::Files::default();
        self.attachments = crate::core::conversation::attachments::Attachments::default();
        self.logs.clear();
        self.live.clear();
        self.groups.clear();
        self.group_chats = crate::core::group::GroupChats::default();
        self.forget_what_waits_for_parts();
        self.outbox.clear();
        self.transcripts.clear();
        self.group_eras.clear();
        self.account_data.clear();
        self.places.marks.clear();
        self.late = crate::core::channel::late::Late::default();
        self.stamps = crate::stamp::Stamps::default();
        self.changed.account = true;
    }
}

//! Keeps the account's devices in step through the account's own conversation: names of contacts and whether they are
//! verified, the own name and settings, the devices' notes about themselves, deletions and drafts.

use parley_protocol::ids::{AccountId, DeviceId};
use parley_protocol::limits::MAX_APPEND;

use crate::core::Engine;
use crate::domain::content::{Body, Card, Settings, Sync, display_name};
use crate::domain::conversation::ConversationKey;
use crate::domain::device_note::{Note, day};
use crate::records::keys;

impl Engine {
    /// Sends a message to the account's other devices, if there are any.
    pub(in crate::core) fn sync(&mut self, sync: Sync) {
        let Some(account) = self.account.as_ref().map(|account| account.id) else { return };
        if self.own_log.as_ref().is_none_or(|log| log.devices().count() < 2) || !self.may_tell(&sync) {
            return;
        }
        let conversation = self.conversation_with(&account);
        self.save_conversation(conversation);
        self.enqueue(ConversationKey::Peer(account), Body::Sync(sync), None);
        self.pump(conversation);
    }

    /// Tells a new device of the account everything. The device that linked it does so, and the oldest of the others: a
    /// repetition does no harm.
    pub(in crate::core) fn tell_everything(&mut self, new: &DeviceId) {
        let linked = self.notes.take_due();
        let own = self.account.as_ref().map(|account| account.device);
        let oldest = self.own_log.as_ref().and_then(|log| log.devices().find(|device| device.id != *new));
        if !linked && oldest.map(|device| device.id) != own {
            return;
        }
        self.save_notes();
        self.tell_all();
    }

    /// Sends what the account's devices know of the account, for those that may not know it.
    pub(in crate::core) fn tell_all(&mut self) {
        let cards: Vec<Card> = self.contacts.keys().filter_map(|account| self.card(account)).collect();
        self.sync_settings();
        self.tell_all_stances();
        for cards in cards.chunks(MAX_APPEND) {
            self.sync(Sync::Cards(cards.to_vec()));
        }
        self.sync_backup();
        self.tell_deletions();
        self.tell_marks();
        self.tell_timers();
        self.tell_drafts(true);
        self.tell_note();
    }

    /// Tells a device that was linked here everything once it is in the account's own conversation: this device must write
    /// something there to begin the conversation.
    pub(in crate::core) fn begin_own_conversation(&mut self) {
        if self.notes.is_due()
            && !self.outbox.values().any(|entry| self.is_own_conversation(&entry.conversation))
        {
            self.sync_settings();
        }
    }

    pub(in crate::core) fn sync_settings(&mut self) {
        let Some(account) = &self.account else { return };
        let settings = Settings {
            name: account.name.clone(),
            version: account.profile,
            read_receipts: account.read_receipts,
        };
        self.sync(Sync::Settings(settings));
    }

    fn card(&self, account: &AccountId) -> Option<Card> {
        let contact = self.contacts.get(account)?;
        Some(Card { account: *account, name: contact.name.clone(), verified: contact.verified })
    }

    pub(in crate::core) fn sync_card(&mut self, account: &AccountId) {
        if let Some(card) = self.card(account) {
            self.sync(Sync::Cards(vec![card]));
        }
    }

    /// Tells the others this device's name, and that it was used today.
    pub(in crate::core) fn tell_note(&mut self) {
        let Some(device) = self.account.as_ref().map(|account| account.device) else { return };
        if let Some(note) = self.notes.of(&device).cloned() {
            self.sync(Sync::Note(note));
        }
    }

    /// This device is used today; it tells the others once a day.
    pub(in crate::core) fn note_day(&mut self) {
        let Some(device) = self.account.as_ref().map(|account| account.device) else { return };
        let name = self.notes.of(&device).map(|note| note.name.clone()).unwrap_or_default();
        self.set_note(device, name);
    }

    pub(in crate::core) fn set_note(&mut self, device: DeviceId, name: String) {
        if self.notes.take(device, &Note { name, seen: day(self.now) }) {
            self.save_notes();
            self.tell_note();
        }
    }

    pub(in crate::core) fn save_notes(&mut self) {
        let log = self.own_log.as_ref();
        self.notes.retain(|device| log.is_none_or(|log| log.device(device).is_some()));
        self.save(keys::NOTES, &self.notes);
        self.changed.account = true;
    }

    /// Another device of the account sent a message.
    pub(in crate::core) fn sync_came(&mut self, from: &DeviceId, sync: Sync) {
        self.lost_device_spoke(from, matches!(sync, Sync::HandedOver));
        match sync {
            Sync::Cards(cards) => cards.iter().for_each(|card| self.card_came(card)),
            Sync::Settings(settings) => self.settings_came(&settings),
            Sync::Note(note) => {
                if self.notes.take(*from, &note) {
                    self.save_notes();
                }
            }
            Sync::Named(device, name) => self.named(device, &name),
            Sync::History(history) => self.history_of_device_came(history),
            Sync::Hello => self.said_hello(from),
            Sync::Backup(news) => self.backup_came(from, *news),
            Sync::Deleted(deleted) => self.deletion_came(&deleted),
            Sync::DraftSetting(setting) => self.draft_setting_came(setting),
            Sync::Draft(draft) => self.draft_came(draft),
            Sync::Read(logs) => logs.iter().for_each(|(log, upto)| self.read_elsewhere(log, *upto)),
            Sync::Lost(key, lost) => self.lost_elsewhere(key, &lost),
            Sync::RolledBack(key, log, reach) => {
                self.heard_of_unknown(&log, key);
                self.heard_that_it_rolled_back(&log, &reach);
            }
            Sync::Lacking(lacking) => self.lacking_came(from, *lacking),
            Sync::MadeUp(part) => self.made_up(*part),
            Sync::AllMadeUp(all) => self.all_made_up(from, &all),
            Sync::Lacks(places) => self.lacks_came(from, places),
            Sync::Stances(told) => self.stances_came(&told),
            Sync::Token(token) => self.take_token(token),
            Sync::GroupLink(group, secret) => self.keep_link_secret(&group, secret),
            Sync::Group(group, joins) => self.group_answered_elsewhere(group, joins),
            Sync::Marks(marks) => self.marks_came(&marks),
            Sync::Timer(timer) => self.timer_came(timer),
            Sync::HandedOver => {}
        }
    }

    /// Renames a device of the account.
    pub(in crate::core) fn named(&mut self, device: DeviceId, name: &str) {
        let Some(name) = display_name(name) else { return };
        let seen = self.notes.of(&device).map(|note| note.seen).unwrap_or_default();
        if self.notes.take(device, &Note { name, seen }) {
            self.save_notes();
        }
    }

    pub(in crate::core) fn settings_came(&mut self, settings: &Settings) {
        let Some(account) = &mut self.account else { return };
        let Some(name) = display_name(&settings.name) else { return };
        if settings.version < account.profile {
            return;
        }
        account.name = name;
        account.profile = settings.version;
        account.read_receipts = settings.read_receipts;
        self.save_account();
        self.changed.conversations.extend(self.conversations.keys().copied());
    }

    pub(in crate::core) fn card_came(&mut self, card: &Card) {
        if self.is_own_account(&card.account) {
            return;
        }
        let name = card.name.as_deref().and_then(display_name);
        let Some(contact) = self.contacts.get_mut(&card.account) else {
            self.cards.insert(card.account, card.clone());
            self.save(keys::CARDS, &self.cards);
            self.unknown.insert(card.account);
            return self.ask_for_unknown();
        };
        // What a contact says of themselves is newer than what another device has heard once.
        contact.name = contact.name.take().or(name);
        contact.verified = card.verified;
        self.save_contact(&card.account);
    }

    /// This device now knows a contact of whom another device has told before.
    pub(in crate::core) fn use_card(&mut self, account: &AccountId) {
        if let Some(card) = self.cards.remove(account) {
            self.save(keys::CARDS, &self.cards);
            self.card_came(&card);
        }
    }
}

//! Converts what this device knows into the items of a backup, and back.

use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::AccountId;
use sha2::{Digest, Sha256};

use crate::backup::{Item, Known};
use crate::core::Engine;
use crate::domain::consent::{Consent, Decision};
use crate::domain::contact::Contact;
use crate::domain::content::{Card, Settings};
use crate::domain::conversation::ConversationKey;
use crate::domain::deletion::Deleted;
use crate::group::card::GroupCard;
use crate::table::Table;

/// After a restore this device fetches a device log longer than this, in entries, from the directory.
const LONGEST_LOG: usize = 128;

/// The first bytes of each item's hash, by the account that the item is about.
pub(in crate::core) type Seen = Table<AccountId, [u8; 8]>;

impl Engine {
    /// The settings and contacts that have changed since they were seen, and their current hashes.
    pub(in crate::core) fn changed_items(&self, before: &Seen) -> (Vec<Item>, Seen) {
        let own = self.account.iter().map(|account| {
            let (name, version) = (account.name.clone(), account.profile);
            (account.id, Item::Settings(Settings { name, version, read_receipts: account.read_receipts }))
        });
        // The account does not know somebody who has only sent a message request.
        let met = |id: &AccountId| self.consent(id) != Consent::Requested;
        let others =
            self.contacts.iter().filter(|(id, _)| met(id)).map(|(id, contact)| (*id, known(id, contact)));
        let mut all = self.deleted_items();
        all.extend(own);
        all.extend(self.group_items());
        // A restoring device must know that an account is blocked before it knows the account.
        all.extend(self.decided_items());
        all.extend(others);
        let (mut items, mut seen) = (Vec::new(), Seen::new());
        for (id, item) in all {
            let hash = short_hash(&item);
            if before.get(&id) != Some(&hash) {
                items.push(item);
            }
            seen.insert(id, hash);
        }
        (items, seen)
    }

    fn group_items(&self) -> impl Iterator<Item = (AccountId, Item)> + '_ {
        let named = |card: GroupCard| {
            (beside(&beside_conversation(&ConversationKey::Group(card.group)), 0xFF), Item::Group(card))
        };
        self.group_chats.all.values().filter_map(GroupCard::of).map(named)
    }

    /// A group from the account's backup: its members add this device, since the account's log names it.
    fn group_came(&mut self, card: &GroupCard) {
        if self.group_chats.all.contains_key(&card.group) {
            return;
        }
        let Ok(chat) = card.restored() else { return };
        self.group_chats.all.insert(card.group, chat);
        let id = self.conversation_of_key(ConversationKey::Group(card.group));
        self.save_conversation(id);
        self.save_group_chat(&card.group);
    }

    /// The deletions. Each item has an id among those of the contacts that no contact has.
    fn deleted_items(&self) -> Vec<(AccountId, Item)> {
        let all = self.account_data.values().map(|account_data| &account_data.deleted);
        let named =
            |deleted: &Deleted| (beside_conversation(&deleted.conversation), Item::Deleted(deleted.clone()));
        all.filter(|deleted| !deleted.is_empty()).map(named).collect()
    }

    /// The decisions about others, and the token of the own link.
    fn decided_items(&self) -> Vec<(AccountId, Item)> {
        let mut all = Vec::new();
        let decided = self.stances.values().filter(|stance| stance.decision != Decision::default());
        all.extend(decided.map(|stance| (beside(&stance.peer, 0x55), Item::Stance(stance.told()))));
        let own = self.account.as_ref().zip(self.own_token);
        all.extend(own.map(|(account, token)| (beside(&account.id, 0x55), Item::Token(token))));
        all
    }

    /// Whether there is a deletion or decision that the backup lacks.
    pub(super) fn has_unsaved_deletions(&self) -> bool {
        let known =
            |(id, item): &(AccountId, Item)| self.manifest.contacts.get(id) == Some(&short_hash(item));
        !self.deleted_items().iter().chain(&self.decided_items()).all(known)
    }

    /// Takes an item from the account's backup.
    pub(in crate::core) fn take_item(&mut self, item: Item) {
        match item {
            Item::Settings(settings) => self.settings_came(&settings),
            Item::Known(known) => self.known_came(&known),
            Item::History(history) => self.history_came(history),
            Item::Deleted(deleted) => self.deletion_came(&deleted),
            Item::Stance(told) => self.stances_came(&[told]),
            Item::Token(token) => self.take_token(token),
            Item::Group(card) => self.group_came(&card),
            Item::Newer => {}
        }
    }

    fn known_came(&mut self, known: &Known) {
        let account = known.card.account;
        if self.is_own_account(&account) {
            return;
        }
        let log = DeviceLog::verify_for(&account, &known.entries).ok();
        if let Some(log) = log
            && !self.contacts.contains_key(&account)
        {
            self.contacts.insert(account, Contact::new(log, known.username.clone(), self.now));
            self.unknown.remove(&account);
            self.save_contact(&account);
        }
        self.card_came(&known.card);
        let conversation = self.conversation_with(&account);
        self.save_conversation(conversation);
    }
}

/// The same for a conversation.
fn beside_conversation(key: &ConversationKey) -> AccountId {
    match key {
        ConversationKey::Peer(peer) => beside(peer, 0xFF),
        ConversationKey::Group(group) => AccountId(Sha256::digest(group.as_bytes()).into()),
    }
}

/// An id among those of the contacts that no contact has.
fn beside(account: &AccountId, mask: u8) -> AccountId {
    AccountId(account.0.map(|byte| byte ^ mask))
}

fn short_hash(item: &Item) -> [u8; 8] {
    let digest: [u8; 32] = Sha256::digest(item.encode()).into();
    digest.first_chunk::<8>().copied().unwrap_or_default()
}

fn known(id: &AccountId, contact: &Contact) -> Item {
    let entries = contact.log.entries();
    let entries = if entries.len() > LONGEST_LOG { Vec::new() } else { entries.to_vec() };
    let card = Card { account: *id, name: contact.name.clone(), verified: contact.verified };
    Item::Known(Known { entries, username: contact.username.clone(), card })
}

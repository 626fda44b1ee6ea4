//! The engine itself: its state, how it handles an input, and when it releases outputs.

mod account;
mod account_sync;
mod backup;
mod backup_file;
mod channel;
mod commands;
mod conversation;
mod group;
mod linking;
mod outputs;
pub(crate) mod parts;
mod recovery;
mod relay_session;
mod rollback;
mod storage;

use std::collections::VecDeque;
use std::rc::Rc;

use ed25519_dalek::SigningKey;
use parley_crypto::MlsRandom;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{AccountId, LogId, Seq, UnixMillis};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

#[cfg(feature = "hostile")]
pub(crate) use self::backup::hostile as hostile_backup;
use self::outputs::Outputs;
use self::relay_session::requests::Link;
use self::relay_session::steady::{Moment, Timers};
use crate::account::Account;
use crate::backup::Manifest;
use crate::channel::group_era::GroupEra;
use crate::channel::log::{LiveLog, Log};
use crate::channel::transcript::Transcript;
use crate::directory_entry::Found;
use crate::domain::account_data::AccountData;
use crate::domain::archive::Archive;
use crate::domain::consent::{OwnToken, Stance, Token};
use crate::domain::contact::Contact;
use crate::domain::content::Card;
use crate::domain::conversation::{Conversation, ConversationKey};
use crate::domain::device_note::Notes;
use crate::domain::draft::DraftSetting;
use crate::domain::outbox::OutboxEntry;
use crate::domain::resent_messages::ResentMessages;
use crate::domain::standing::Standing;
use crate::io::{Input, LoadId, Output, Record, StorageFailure, Store};
use crate::mls::group::Group;
use crate::mls::{DeviceSigner, Provider};
use crate::mutations::{Mutation, on};
use crate::records::deferred::Deferred;
use crate::records::keys;
use crate::records::migrations::STEPS;
use crate::records::sealed::{self, LoadError};
use crate::records::state::StateStore;
use crate::seal::{MasterKey, Purpose, Sealer};
use crate::set::Set;
use crate::stamp::Stamps;
use crate::table::Table;
use crate::view::{
    ConversationId, Event, MessageView, OwnKeyChange, StorageState, ViewRequestId, WaitReason,
};

/// Why stored state could not be opened. A retry with the same state fails again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// A record does not open under the master key, or is damaged.
    #[error("a stored record is damaged")]
    Damaged,
    /// There are records but no device key (localStorage was wiped).
    #[error("the device key is missing")]
    VaultMissing,
    /// There is a device key but no records (IndexedDB was wiped).
    #[error("the stored records are missing")]
    RecordsMissing,
    /// A newer version of the app wrote the records.
    #[error("a newer version of the app wrote the records")]
    Newer,
    /// A build from before the first release wrote the records.
    #[error("a build from before the first release wrote the records")]
    BeforeRelease,
}

impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Damaged => Self::Damaged,
            LoadError::Newer => Self::Newer,
            LoadError::BeforeRelease => Self::BeforeRelease,
        }
    }
}

/// Small values of the device, stored in one record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct DeviceState {
    /// When the KeyPackage of last resort was made.
    last_resort: Option<UnixMillis>,
    /// The number of the next outbox entry.
    next_outbox: u64,
    /// The last requests to send something: if a view repeats one because its owner died, the engine has already carried it
    /// out.
    sent_requests: VecDeque<ViewRequestId>,
}

/// The client's brain. See the crate's documentation.
pub struct Engine {
    now: UnixMillis,
    /// The same moment on a clock that never goes back: all waits use this clock.
    steady: Moment,
    random: MlsRandom,
    sealer: Rc<Sealer>,
    state: Rc<StateStore>,
    mls: Provider,
    key: Option<SigningKey>,
    account: Option<Account>,
    own_log: Option<DeviceLog>,
    device: DeviceState,
    contacts: Table<AccountId, Contact>,
    /// What the person has decided about other accounts, or has to decide.
    stances: Table<AccountId, Stance>,
    /// The token of the own invite link.
    own_token: Option<OwnToken>,
    /// Tokens of the links by which the person found somebody, until a chat with them begins.
    links: Table<AccountId, Token>,
    conversations: Table<ConversationId, Conversation>,
    /// What this device remembers of places in each conversation.
    standing: Table<ConversationId, Standing>,
    /// Texts that wait to be sent.
    waiting: Table<u64, ConversationKey>,
    places: conversation::standing::Places,
    damage: storage::damage::Damage,
    logs: Table<LogId, Log>,
    live: Table<LogId, LiveLog>,
    /// Boxed, so that little memory moves: each use takes the group out and puts it back.
    groups: Table<LogId, Box<Group>>,
    group_chats: group::GroupChats,
    /// Boxed: an entry that leaves is taken from the front, and all others move.
    outbox: Table<u64, Box<OutboxEntry>>,
    /// What this device has seen of each log.
    transcripts: Table<LogId, Transcript>,
    /// The secrets that open each log for reading.
    group_eras: Table<LogId, GroupEra>,
    reorder_buffer: channel::reorder_buffer::ReorderBuffer,
    turns: relay_session::turns::Turns,
    membership: channel::membership::Membership,
    /// What the account's devices said of themselves.
    notes: Notes,
    /// Key changes by other devices of the account that the person has not seen.
    key_changes: Vec<OwnKeyChange>,
    /// What other devices of the account said of contacts that this device does not know yet.
    cards: Table<AccountId, Card>,
    /// What another device told of logs that this device is not in, or not yet.
    told_receipts: conversation::receipts::ToldReceipts,
    /// When the engine last forgot a silent stranger to make room for another.
    forgot_silent: Option<Moment>,
    /// Logs to which a removed device added this one: this device refuses what removed devices write there.
    tainted: Set<LogId>,
    /// What this device sends to a linked device, and the page of it that is being read.
    sharing: account_sync::history::Sharing,
    shared_page: Option<conversation::paging::Stretch>,
    /// What stands in logs before the place where this device, or another of the account, was added.
    late: channel::late::Late,
    linking: linking::Linking,
    /// Codes that the person typed on this device.
    typed: linking::TypedHere,
    deleting: conversation::deleting::Deleting,
    /// What the person keeps of conversations for themselves.
    account_data: Table<ConversationKey, AccountData>,
    draft_setting: DraftSetting,
    /// Conversations whose draft was sent unchanged.
    sent_drafts: Set<ConversationKey>,
    backup: backup::Backup,
    /// What the backup contains.
    manifest: Manifest,
    writing: backup::Writing,
    backup_page: Option<conversation::paging::Stretch>,
    /// Backup files that are being saved or read, and archives.
    files: backup_file::Files,
    /// Files of messages.
    attachments: conversation::attachments::Attachments,
    archives: Table<ConversationId, Archive>,
    phrases: recovery::Phrases,
    wish: Option<recovery::Wish>,
    /// The account is coming back by its recovery phrase.
    returning: Option<recovery::Returning>,
    /// What came of the own texts that the backup lacks, on a device that brought the account back.
    own_texts: recovery::OwnTexts,
    /// Logs for which an account that came back wants to know how many texts of its own stand there.
    counts: Set<LogId>,
    /// This device has counter-signed an entry of an account's log, and waits until the log has that entry.
    joining: Option<linking::Joining>,
    resyncs: channel::resync::Resyncs,
    rollback: rollback::device::Rollback,
    parts: parts::Parts,
    resent_messages: ResentMessages,
    stamps: Stamps,
    /// By conversation, when this device last stored something in a log that gets nothing new.
    settling: Table<ConversationKey, Moment>,
    /// Contacts whose records were damaged: this device asks the directory for them again.
    unknown: Set<AccountId>,
    /// Accounts that this device asked the directory about and that are not contacts (yet).
    found: Table<AccountId, Found>,
    inbox: channel::inbox::InboxWork,
    link: Link,
    /// Why messages wait, by contact, as the relay said on this connection.
    holdups: Table<AccountId, WaitReason>,
    /// The view that waits until the relay has its account.
    registering: Option<ViewRequestId>,
    /// Page loads under way.
    loads: Table<LoadId, conversation::paging::PageRequest>,
    next_load: u64,
    /// Own messages that the contact has not read, by place, for when a receipt comes.
    unread_by_peer: Table<LogId, Table<Seq, MessageView>>,
    changed: conversation::projection::Changed,
    dirty: Set<storage::dirty_set::Dirty>,
    timers: Timers,
    storage: StorageState,
    /// This device was removed from the account.
    removed: Option<account::removed::Removed>,
    /// The device's state was erased: the engine does nothing any more.
    erased: bool,
    out: Outputs,
}

impl Engine {
    /// Opens what the host persisted: the vault from localStorage and all records of [`crate::io::Store::State`]; neither
    /// exists on a new device.
    pub fn open(
        now: UnixMillis,
        master: &MasterKey,
        vault: Option<&[u8]>,
        records: Vec<Record>,
    ) -> Result<Self, OpenError> {
        let sealer = Rc::new(Sealer::new(master));
        let sealed::Loaded { values, deferred, damaged, outdated } = sealed::load(&sealer, STEPS, records)?;
        let state =
            if outdated.is_empty() { StateStore::new(values) } else { StateStore::brought_up(values) };
        let state = Rc::new(state.with_deferred(Deferred::new(Rc::clone(&sealer), deferred)));
        let key = open_vault(&sealer, vault)?;
        check_both(&state, key.is_some(), !damaged.is_empty())?;
        // Nothing draws from it before `handle` has seeded it.
        let random = MlsRandom::unseeded();
        let mut engine = Self {
            now,
            steady: Moment::default(),
            mls: Provider::new(random.clone(), Rc::clone(&state)),
            random,
            sealer,
            state,
            key,
            account: None,
            own_log: None,
            device: DeviceState::default(),
            contacts: Table::new(),
            stances: Table::new(),
            own_token: None,
            links: Table::new(),
            conversations: Table::new(),
            standing: Table::new(),
            waiting: Table::new(),
            places: conversation::standing::Places::default(),
            damage: storage::damage::Damage::default(),
            logs: Table::new(),
            live: Table::new(),
            groups: Table::new(),
            group_chats: group::GroupChats::default(),
            outbox: Table::new(),
            transcripts: Table::new(),
            group_eras: Table::new(),
            reorder_buffer: channel::reorder_buffer::ReorderBuffer::default(),
            turns: relay_session::turns::Turns::default(),
            membership: channel::membership::Membership::default(),
            notes: Notes::default(),
            key_changes: Vec::new(),
            cards: Table::new(),
            told_receipts: conversation::receipts::ToldReceipts::default(),
            forgot_silent: None,
            tainted: Set::default(),
            sharing: account_sync::history::Sharing::default(),
            shared_page: None,
            late: channel::late::Late::default(),
            linking: linking::Linking::default(),
            typed: linking::TypedHere::default(),
            deleting: conversation::deleting::Deleting::default(),
            account_data: Table::new(),
            draft_setting: DraftSetting::default(),
            sent_drafts: Set::default(),
            backup: backup::Backup::default(),
            manifest: Manifest::default(),
            writing: backup::Writing::default(),
            backup_page: None,
            files: backup_file::Files::default(),
            attachments: conversation::attachments::Attachments::default(),
            archives: Table::new(),
            phrases: recovery::Phrases::default(),
            wish: None,
            returning: None,
            own_texts: recovery::OwnTexts::default(),
            counts: Set::default(),
            joining: None,
            resyncs: channel::resync::Resyncs::default(),
            rollback: rollback::device::Rollback::default(),
            parts: parts::Parts::default(),
            resent_messages: ResentMessages::default(),
            stamps: Stamps::default(),
            settling: Table::new(),
            unknown: Set::default(),
            found: Table::new(),
            inbox: channel::inbox::InboxWork::default(),
            link: Link::default(),
            holdups: Table::new(),
            registering: None,
            loads: Table::new(),
            next_load: 0,
            unread_by_peer: Table::new(),
            changed: conversation::projection::Changed::default(),
            dirty: Set::default(),
            timers: Timers::default(),
            storage: StorageState::Good,
            removed: None,
            erased: false,
            out: Outputs::default(),
        };
        engine.restore()?;
        engine.mend(damaged);
        engine.out.deletes.extend(outdated.into_iter().map(|name| (Store::State, name)));
        Ok(engine)
    }

    /// Handles an input. `now` may go back; `rng` must be cryptographically secure.
    pub fn handle(&mut self, now: UnixMillis, rng: &mut impl CryptoRng, input: Input) {
        self.set_clock(now);
        self.random.reseed(rng);
        match input {
            Input::Persisted(id) => self.persisted(id),
            Input::PersistFailed(id, _) if on(Mutation::RefusalTakenForSuccess) => self.persisted(id),
            Input::PersistFailed(id, failure) => self.persist_failed(id, failure),
            _ if self.storage == StorageState::Fenced || self.erased => return,
            input if self.removed.is_some() => self.take_when_removed(input),
            Input::View(request) => self.command(request),
            Input::Connected => self.connected(),
            Input::Disconnected { retry_at } => self.disconnected(retry_at),
            Input::Received(bytes) => self.received(&bytes),
            Input::Probe => self.probe(),
            Input::Loaded { id, records } => self.loaded(id, &records),
            Input::Timer => self.timer(),
            Input::Part(code) => self.part_came(code),
            Input::NoPart(part) => self.part_is_missing(part),
            Input::File(done) => self.file_done(done),
        }
        if self.erased {
            return;
        }
        self.leave_if_removed();
        if self.removed.is_none() {
            self.go_on_with_parts();
            self.go_on_mending();
            self.go_on_with_members();
            self.go_on_sweeping();
            self.go_on_making_up();
            self.go_on_with_files();
            // The step before may be how this device learns of its removal.
            self.leave_if_removed();
        }
        self.tell_views();
        self.flush();
        self.tell_timer();
    }

    /// The next output; `None` when there is no more until the next [`Engine::handle`].
    pub fn poll(&mut self) -> Option<Output> {
        self.out.next()
    }

    fn set_clock(&mut self, now: UnixMillis) {
        self.steady = self.steady.after(now.0.saturating_sub(self.now.0));
        let set_back = now < self.now;
        self.now = now;
        if set_back {
            self.tell_waits();
        }
    }

    fn timer(&mut self) {
        let now = self.steady;
        let due = |timer: &mut Option<Moment>| timer.take_if(|at| *at <= now).is_some();
        if due(&mut self.timers.receipts) {
            self.write_receipts();
        }
        if due(&mut self.timers.retry) {
            self.resume();
        }
        if due(&mut self.timers.storage) {
            self.out.offer_again();
        }
        if due(&mut self.timers.backup) {
            self.backup_timer();
        }
        if due(&mut self.timers.renewal) {
            self.renew_groups();
        }
        self.expire_if_due();
        if due(&mut self.timers.drafts) {
            self.tell_drafts(false);
        }
        if due(&mut self.timers.answers) {
            self.answers_timer();
        }
        self.ask_again_for_parts();
        self.of_account().link_timer();
        (self.timers.told, self.timers.overdue) = (None, false);
    }

    fn persist_failed(&mut self, id: crate::io::ChangeSetId, failure: StorageFailure) {
        if !self.out.persist_failed(id) {
            return;
        }
        let state = match failure {
            StorageFailure::Full => StorageState::Full,
            StorageFailure::Unavailable => StorageState::Unavailable,
            StorageFailure::Fenced => StorageState::Fenced,
        };
        if state == StorageState::Fenced {
            self.out.abandon();
        } else {
            self.timers.storage = Some(self.steady.after(5_000));
        }
        if self.storage != state {
            self.storage = state;
            self.out.at_once(Output::Event(Event::Storage(state)));
        }
    }

    fn signer(&self) -> Option<(DeviceSigner<'_>, &Account)> {
        Some((DeviceSigner(self.key.as_ref()?), self.account.as_ref()?))
    }
}

/// Checks that the vault and the records both exist, or neither.
fn check_both(state: &StateStore, vault: bool, damaged: bool) -> Result<(), OpenError> {
    let begun = [keys::ACCOUNT, keys::JOINING].iter().any(|key| state.get_bytes(key).is_some());
    match (vault, begun) {
        _ if state.get_bytes(keys::KEPT).is_some() => Ok(()),
        (_, false) if damaged => Err(OpenError::Damaged),
        (true, false) => Err(OpenError::RecordsMissing),
        (false, true) => Err(OpenError::VaultMissing),
        _ => Ok(()),
    }
}

fn open_vault(sealer: &Sealer, vault: Option<&[u8]>) -> Result<Option<SigningKey>, OpenError> {
    let Some(vault) = vault.filter(|vault| !vault.is_empty()) else {
        return Ok(None);
    };
    let seed = sealer.open(Purpose::Vault, b"device key", vault).map_err(LoadError::from)?;
    let seed = seed.plaintext.as_slice().first_chunk::<32>().ok_or(OpenError::Damaged)?;
    Ok(Some(SigningKey::from_bytes(seed)))
}

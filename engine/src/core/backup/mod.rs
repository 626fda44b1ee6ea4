//! The encrypted backup at the relay, which any device of the account writes. The engine reads from this device's disk what
//! the backup lacks (`reading.rs`), seals it as a segment, puts the segment to the relay, fetches it back and opens it
//! (`writing.rs`). Only then does the manifest name the segment.

mod blobs;
mod data_key;
mod heads;
#[cfg(feature = "hostile")]
pub(crate) mod hostile;
mod items;
mod reading;
mod step;
mod writing;

use parley_protocol::device_log::DeviceLog;
use parley_protocol::ids::{BlobId, DeviceId, UnixMillis};
use serde::{Deserialize, Serialize};

pub(super) use self::blobs::{Fetch, Fetched, MANIFEST, unpadded};
pub(super) use self::step::Writing;
use super::Engine;
use crate::backup::{Cover, DataKey, Manifest};
use crate::domain::content::{BackupNews, Sync};
use crate::domain::conversation::{ConversationKey, State};
use crate::records::keys;
use crate::recovery::{BackupAddress, RecoverySeed, stands};
use crate::table::Table;
use crate::view::{BackupState, CommandError, ConversationId, Order, Reply};

/// A new message is in the backup after this time, in milliseconds: two minutes, and a minute more for each device that is
/// older than this one and may have written the backup by then.
const SOON: u64 = 2 * 60 * 1000;
const EACH: u64 = 60 * 1000;
/// With more segments than this, the backup grows by the hour.
const MANY: usize = 200;
const HOUR: u64 = 60 * 60 * 1000;
/// What waits when a connection opens is written after this time.
const AT_ONCE: u64 = 10_000;

/// What this device knows of the account's backup. As stored.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Backup {
    /// What the devices share about the backup; none before the person has written down a recovery phrase.
    news: Option<BackupNews>,
    /// How the head at the relay is sealed, as long as it differs from `news`.
    before: Option<BackupNews>,
    /// What other devices said about a device log that this device does not know yet.
    ahead: Table<DeviceId, BackupNews>,
    /// Version of the head seen last, and the blob of its manifest.
    head: u32,
    blob: Option<BlobId>,
    /// When the backup last had everything.
    pub(super) done: Option<UnixMillis>,
    /// By conversation, the place from which on messages came later than what the backup has.
    late: Table<ConversationKey, Order>,
    /// The head must be written again although there is nothing new.
    renew: bool,
    /// The relay was rolled back: its head may be sealed in a way that nobody uses any more.
    went_back: bool,
    /// Parts that could not be restored.
    pub(super) lost: u32,
    /// Number of removals in the device log when this device last counted the contents of the backup.
    counted: u32,
    /// Size of the whole that this device wrote last: another device that says that it wrote one may have made that up.
    base: Option<u64>,
}

impl Engine {
    fn save_manifest(&self) {
        self.state.put_bytes(keys::MANIFEST, self.manifest.encode());
    }

    /// The manifest as it was last written.
    pub(super) fn load_manifest(&mut self) {
        let stored = self.state.get_bytes(keys::MANIFEST).and_then(|bytes| Manifest::decode(&bytes).ok());
        if stored.is_none() {
            // This device does not know what the backup has: it fetches the manifest.
            self.backup.head = 0;
        }
        self.manifest = stored.unwrap_or_default();
    }

    fn save_backup(&mut self) {
        self.save(keys::BACKUP, &self.backup);
        self.changed.account = true;
    }

    /// The address of the backup, if the person has written down the phrase that the device log names, and the account stands
    /// behind it.
    pub(super) fn backup_address(&self) -> Option<&BackupAddress> {
        let (address, log) = (&self.backup.news.as_ref()?.address, self.own_log.as_ref()?);
        (address.recovery_key == log.recovery_key() && stands(log)).then_some(address)
    }

    fn wants_backup(&self) -> bool {
        self.returning.is_none()
            && self.backup_address().is_some()
            && self.backup.news.as_ref().is_some_and(|news| news.on)
    }

    /// Whether there is a backup, so that the phrase opens everything on this device, or will in a moment.
    pub(super) fn phrase_opens_all(&self) -> bool {
        self.wants_backup()
    }

    pub(super) fn backup_state(&self) -> BackupState {
        if self.wants_backup() { self.writing.state() } else { BackupState::Off }
    }

    /// The person has written down the phrase: from now on there is a backup.
    pub(super) fn phrase_is_written_down(&mut self, seed: &RecoverySeed) {
        let address = seed.backup_address();
        if self.backup_address() == Some(&address) {
            return;
        }
        let on = self.backup.news.as_ref().is_none_or(|news| news.on);
        let (removals, generation) = self.next_generation();
        let key = DataKey::draw(&self.random);
        self.change_backup(BackupNews { removals, generation, on, address, key });
    }

    /// The relay was rolled back to a copy, and with it the backup: this device writes again what the backup lacks.
    pub(super) fn backup_rolled_back(&mut self) {
        if self.backup.news.is_some() {
            self.backup.head = 0;
            self.backup.renew = true;
            self.backup.went_back = true;
            self.save_backup();
            self.forget_writing();
            self.back_up_in(AT_ONCE);
        }
    }

    pub(super) fn set_backup(&mut self, on: bool) -> Result<Option<Reply>, CommandError> {
        self.backup_address().ok_or(CommandError::NoPhrase)?;
        // After a removal, news are about a key that was drawn after it.
        self.renew_key_if_due();
        if let Some(mut news) = self.backup.news.clone().filter(|news| news.on != on) {
            news.on = on;
            (news.removals, news.generation) = self.next_generation();
            self.backup.done = None;
            self.change_backup(news);
        }
        Ok(Some(Reply::Done))
    }

    /// This device changes how the backup is sealed, or ends it, and tells the others.
    fn change_backup(&mut self, news: BackupNews) {
        self.take_news(news);
        self.sync_backup();
        self.back_up_in(0);
    }

    /// Takes news: from now on the backup is sealed so. The one at the relay is not, until a device has written it again.
    fn take_news(&mut self, news: BackupNews) {
        let before = self.backup.news.replace(news);
        self.backup.before = self.backup.before.take().or(before);
        self.backup.renew = true;
        self.save_backup();
        self.forget_writing();
    }

    /// Tells the account's other devices what this device knows of the backup.
    pub(super) fn sync_backup(&mut self) {
        if let Some(news) = self.current_news().filter(|_| self.backup_address().is_some()).cloned() {
            self.sync(Sync::Backup(Box::new(news)));
        }
    }

    pub(super) fn back_up_now(&mut self) -> Result<Option<Reply>, CommandError> {
        if !self.wants_backup() {
            return Err(CommandError::NoPhrase);
        }
        if !self.online() {
            return Err(CommandError::Offline);
        }
        self.begin_backup();
        Ok(Some(Reply::Done))
    }

    pub(super) fn accept_loss(&mut self) -> Reply {
        self.backup.lost = 0;
        self.save_backup();
        Reply::Done
    }

    /// This device has restored the backup, and continues it.
    pub(super) fn take_backup_over(
        &mut self,
        seed: &RecoverySeed,
        key: DataKey,
        manifest: Manifest,
        (blob, cover): (BlobId, Cover),
    ) {
        let address = seed.backup_address();
        // A key from before the last removal, or of unknown age, is replaced at the end.
        let under = self.own_log.as_ref().and_then(|log| cover.sealed_under(log));
        let (removals, generation) = under.unwrap_or_default();
        self.backup.news = Some(BackupNews { removals, generation, on: true, address, key });
        self.backup.blob = Some(blob);
        self.backup.head = cover.number;
        self.backup.counted = removals;
        self.manifest = manifest;
        self.save_manifest();
        self.save_backup();
    }

    /// A message was stored: it must go into the backup.
    pub(super) fn note_for_backup(&mut self, conversation: ConversationId, order: Order) {
        let key = self.conversations.get(&conversation).map(|conversation| conversation.key);
        let Some(key) = key.filter(|key| self.wants_backup() && !self.is_own_conversation(key)) else {
            return;
        };
        if self.manifest.tops.get(&key).is_some_and(|top| order <= *top)
            && self.backup.late.get(&key).is_none_or(|late| order < *late)
        {
            self.backup.late.insert(key, order);
            self.save_backup();
        }
        if self.timers.backup.is_none() && self.writing.is_idle() {
            self.back_up_in(self.patience());
        }
    }

    /// Something was deleted: the backup must say so.
    pub(super) fn note_deletion_for_backup(&mut self) {
        if self.wants_backup() && self.timers.backup.is_none() && self.writing.is_idle() {
            self.back_up_in(self.patience());
        }
    }

    /// How long new messages may wait, in milliseconds.
    fn patience(&self) -> u64 {
        if self.manifest.segments.len() > MANY {
            return HOUR;
        }
        let own = self.account.as_ref().map(|account| account.device);
        let devices = self.own_log.iter().flat_map(DeviceLog::devices);
        let older = devices.take_while(|device| Some(device.id) != own).count();
        SOON.saturating_add(EACH.saturating_mul(u64::try_from(older).unwrap_or(0)))
    }

    fn back_up_in(&mut self, pause_ms: u64) {
        let at = self.steady.after(pause_ms.min(HOUR));
        self.timers.backup = Some(self.timers.backup.map_or(at, |earlier| earlier.min(at)));
    }

    /// A connection is open: continues what was under way, and writes soon what waits.
    pub(super) fn resume_backup(&mut self) {
        if !self.writing.is_idle() {
            self.ask_backup_step();
        } else if self.timers.backup.is_none() && (self.backup.renew || self.is_unsaved()) {
            self.back_up_in(AT_ONCE);
        }
    }

    fn is_unsaved(&self) -> bool {
        let mut all = self.conversations.values().map(|conversation| conversation.key);
        self.wants_backup() && (all.any(|key| self.is_unsaved_with(&key)) || self.has_unsaved_deletions())
    }

    /// Whether a conversation has messages that the backup lacks.
    fn is_unsaved_with(&self, key: &ConversationKey) -> bool {
        let last = self.conversations.get(&key.id()).and_then(|conversation| conversation.last.as_ref());
        // A text that waits to be sent is not stored yet.
        let last = last.filter(|last| last.state != State::OwnWaiting);
        let newer = last.is_some_and(|last| self.manifest.tops.get(key).is_none_or(|top| last.order > *top));
        !self.is_own_conversation(key) && (newer || self.backup.late.contains_key(key))
    }
}

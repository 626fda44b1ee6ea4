//! The verified device log, and the rules by which it grows.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::entry::{Author, Body, Change, DeviceRecord, SignedEntry, VerifyingKeyBytes};
use super::room::Written;
use crate::ids::{AccountId, DeviceId, EntryHash, UnixMillis};
use crate::limits::MAX_DEVICES;

/// Why entries are not a device log, or not the continuation of one. A retry with the same entries never helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceLogError {
    /// No entries.
    #[error("the device log is empty")]
    Empty,
    /// The author has written their share, the rest of the log is for others, or there are more devices than an account may
    /// have. There is always room to remove a device.
    #[error("the device log is full")]
    Full,
    /// The bytes are not an entry.
    #[error("a device log entry is malformed")]
    Malformed,
    /// A newer app wrote the entry.
    #[error("a device log entry has version {0}")]
    Version(u8),
    /// The hash of the previous entry differs.
    #[error("a device log entry does not continue the log")]
    Broken,
    /// The log's first entry gives another account id.
    #[error("the device log belongs to another account")]
    WrongAccount,
    /// The author is not (or no longer) in the log.
    #[error("a device log entry has an author who may not sign it")]
    Unauthorised,
    /// A signature or counter-signature is missing or wrong.
    #[error("a device log entry is not signed validly")]
    Signature,
    /// The change is impossible: a second genesis, a device added twice, an unknown device removed, a recovery key replaced
    /// by itself.
    #[error("a device log entry makes an impossible change")]
    Change,
    /// The log is shorter than one seen before, or differs from it.
    #[error("the device log contradicts what was seen before")]
    Forked,
}

/// Length and last hash of a log: what members tell each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Number of entries.
    pub length: u32,
    /// Hash of the last one.
    pub hash: EntryHash,
}

/// A device, and whether it is still in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// As the log names it.
    pub record: DeviceRecord,
    /// When the device was added, by the relay's clock as the author knew it.
    pub added: UnixMillis,
    /// When it was removed, by the same clock.
    pub removed: Option<UnixMillis>,
}

/// A whole log, every signature and link of which has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLog {
    account: AccountId,
    recovery_key: VerifyingKeyBytes,
    devices: Vec<Device>,
    written: Written,
    entries: Vec<SignedEntry>,
    hashes: Vec<EntryHash>,
}

impl DeviceLog {
    /// Verifies a log from its genesis on.
    pub fn verify(entries: &[SignedEntry]) -> Result<Self, DeviceLogError> {
        let (genesis, rest) = entries.split_first().ok_or(DeviceLogError::Empty)?;
        let mut log = Self::begin(genesis)?;
        for entry in rest {
            log.append(entry)?;
        }
        Ok(log)
    }

    /// Verifies a log and that it is the log of `account`.
    pub fn verify_for(account: &AccountId, entries: &[SignedEntry]) -> Result<Self, DeviceLogError> {
        let genesis = entries.first().ok_or(DeviceLogError::Empty)?;
        if genesis.hash().0 != account.0 {
            return Err(DeviceLogError::WrongAccount);
        }
        Self::verify(entries)
    }

    /// Reads back a log whose keeper has verified it entry by entry. Checks links and authors, not signatures.
    pub fn read_back(account: &AccountId, entries: &[SignedEntry]) -> Result<Self, DeviceLogError> {
        let (genesis, rest) = entries.split_first().ok_or(DeviceLogError::Empty)?;
        if genesis.hash().0 != account.0 {
            return Err(DeviceLogError::WrongAccount);
        }
        let mut log = Self::begin(genesis)?;
        for entry in rest {
            let (body, _) = log.linked(entry)?;
            log.take(entry, &body)?;
        }
        Ok(log)
    }

    /// The log that has this log's first `after` entries and continues with `news`. Verifies the new entries.
    pub fn continued(&self, after: u32, news: &[SignedEntry]) -> Result<Self, DeviceLogError> {
        let after = usize::try_from(after).map_err(|_| DeviceLogError::Broken)?;
        let known = self.entries.get(..after).ok_or(DeviceLogError::Broken)?;
        let mut log =
            if after == self.entries.len() { self.clone() } else { Self::read_back(&self.account, known)? };
        news.iter().try_for_each(|entry| log.append(entry))?;
        Ok(log)
    }

    fn begin(entry: &SignedEntry) -> Result<Self, DeviceLogError> {
        let body = entry.parse()?;
        let Change::Genesis { device, recovery_key } = body.change else {
            return Err(DeviceLogError::Change);
        };
        if body.previous.is_some() || entry.counter_signature.is_some() {
            return Err(DeviceLogError::Broken);
        }
        if body.author != Author::Device(device.id) {
            return Err(DeviceLogError::Unauthorised);
        }
        if !entry.signed_by(&device.key) {
            return Err(DeviceLogError::Signature);
        }
        let hash = entry.hash();
        Ok(Self {
            account: AccountId(hash.0),
            recovery_key,
            devices: Vec::from([Device { record: device, added: body.created, removed: None }]),
            written: Written::default(),
            entries: Vec::from([entry.clone()]),
            hashes: Vec::from([hash]),
        })
    }

    /// Verifies `entry` as the next one and takes it. On an error the log is as it was.
    pub fn append(&mut self, entry: &SignedEntry) -> Result<(), DeviceLogError> {
        let (body, author_key) = self.linked(entry)?;
        if !entry.signed_by(&author_key) {
            return Err(DeviceLogError::Signature);
        }
        check_counter_signature(entry, &body)?;
        self.take(entry, &body)
    }

    /// The body of an entry, and the key that must have signed it, if it is the next entry.
    fn linked(&self, entry: &SignedEntry) -> Result<(Body, VerifyingKeyBytes), DeviceLogError> {
        let body = entry.parse()?;
        if body.previous != Some(self.head().hash) {
            return Err(DeviceLogError::Broken);
        }
        let author_key = self.author_key(&body).ok_or(DeviceLogError::Unauthorised)?;
        if !self.has_room_for(&body) {
            return Err(DeviceLogError::Full);
        }
        Ok((body, author_key))
    }

    fn take(&mut self, entry: &SignedEntry, body: &Body) -> Result<(), DeviceLogError> {
        self.apply(body)?;
        self.written.count(body);
        self.hashes.push(entry.hash());
        self.entries.push(entry.clone());
        Ok(())
    }

    fn author_key(&self, body: &Body) -> Option<VerifyingKeyBytes> {
        match body.author {
            Author::Device(id) => self.device(&id).map(|device| device.key),
            Author::Recovery => Some(self.recovery_key),
        }
    }

    fn apply(&mut self, body: &Body) -> Result<(), DeviceLogError> {
        match body.change {
            Change::Genesis { .. } => return Err(DeviceLogError::Change),
            Change::AddDevice(record) => {
                let known =
                    |device: &Device| device.record.id == record.id || device.record.key == record.key;
                if self.devices.iter().any(known) {
                    return Err(DeviceLogError::Change);
                }
                if self.devices().count() >= MAX_DEVICES {
                    return Err(DeviceLogError::Full);
                }
                self.devices.push(Device { record, added: body.created, removed: None });
            }
            Change::RemoveDevice(id) => {
                let current = |device: &&mut Device| device.record.id == id && device.removed.is_none();
                let device = self.devices.iter_mut().find(current).ok_or(DeviceLogError::Change)?;
                device.removed = Some(body.created);
            }
            Change::ReplaceRecoveryKey(key) if key == self.recovery_key => {
                return Err(DeviceLogError::Change);
            }
            Change::ReplaceRecoveryKey(key) => self.recovery_key = key,
            Change::RolledBack(id) | Change::Missed(id) => {
                // As the author, the device must be in the log.
                if body.author != Author::Device(id) {
                    return Err(DeviceLogError::Unauthorised);
                }
            }
        }
        Ok(())
    }

    /// Whether the log has room for an entry, whether or not the entry is valid otherwise.
    #[must_use]
    pub fn has_room_for(&self, body: &Body) -> bool {
        self.written.has_room(body, self.entries.len(), self.devices().count())
    }

    /// The account: the hash of the first entry.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The recovery key now.
    #[must_use]
    pub const fn recovery_key(&self) -> VerifyingKeyBytes {
        self.recovery_key
    }

    /// The device that last changed the log; none if the recovery key did. What a device says of itself is no change.
    #[must_use]
    pub fn last_author(&self) -> Option<DeviceId> {
        let bodies = self.entries.iter().rev().filter_map(|entry| entry.parse().ok());
        let mut changes =
            bodies.filter(|body| !matches!(body.change, Change::RolledBack(_) | Change::Missed(_)));
        match changes.next()?.author {
            Author::Device(device) => Some(device),
            Author::Recovery => None,
        }
    }

    /// The devices that said after the first `before` entries that they were rolled back, in this order.
    pub fn rolled_back_since(&self, before: usize) -> impl Iterator<Item = DeviceId> {
        let bodies = self.entries.iter().skip(before).filter_map(|entry| entry.parse().ok());
        bodies.filter_map(|body| match body.change {
            Change::RolledBack(device) => Some(device),
            _ => None,
        })
    }

    /// The devices that said after the first `before` entries that they could not open a Welcome, in this order.
    pub fn missed_since(&self, before: usize) -> impl Iterator<Item = DeviceId> {
        let bodies = self.entries.iter().skip(before).filter_map(|entry| entry.parse().ok());
        bodies.filter_map(|body| match body.change {
            Change::Missed(device) => Some(device),
            _ => None,
        })
    }

    /// A device that is in the log now.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&DeviceRecord> {
        self.devices().find(|device| device.id == *id)
    }

    /// The devices that are in the log now, oldest first.
    pub fn devices(&self) -> impl Iterator<Item = &DeviceRecord> {
        self.devices.iter().filter(|device| device.removed.is_none()).map(|device| &device.record)
    }

    /// All devices that were ever in the log, oldest first.
    #[must_use]
    pub fn all_devices(&self) -> &[Device] {
        &self.devices
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[SignedEntry] {
        &self.entries
    }

    /// Length and last hash.
    #[must_use]
    pub fn head(&self) -> LogHead {
        let hash = self.hashes.last().copied().unwrap_or(EntryHash(self.account.0));
        LogHead { length: u32::try_from(self.hashes.len()).unwrap_or(u32::MAX), hash }
    }

    /// Whether `head` is the head that this log has now or had before.
    #[must_use]
    pub fn contains(&self, head: &LogHead) -> bool {
        usize::try_from(head.length)
            .ok()
            .and_then(|length| length.checked_sub(1))
            .and_then(|last| self.hashes.get(last))
            .is_some_and(|hash| *hash == head.hash)
    }

    /// Takes `newer` in place of this log if it is this log or continues it.
    pub fn advance_to(&mut self, newer: Self) -> Result<(), DeviceLogError> {
        if newer.account != self.account {
            return Err(DeviceLogError::WrongAccount);
        }
        if !newer.contains(&self.head()) {
            return Err(DeviceLogError::Forked);
        }
        *self = newer;
        Ok(())
    }
}

fn check_counter_signature(entry: &SignedEntry, body: &Body) -> Result<(), DeviceLogError> {
    let valid = match &body.change {
        Change::AddDevice(device) => entry.counter_signed_by(&device.key),
        _ => entry.counter_signature.is_none(),
    };
    if valid { Ok(()) } else { Err(DeviceLogError::Signature) }
}

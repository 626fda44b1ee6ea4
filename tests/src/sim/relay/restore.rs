//! Copies the virtual relay's disk, and rolls the relay back to such a copy, as an operator without a newer backup does.

use std::collections::{BTreeMap, HashMap};

use parley_protocol::frame::InboxAddress;
use parley_protocol::ids::{AccountId, Era, LogId, UnixMillis};

use super::blobs::Blobs;
use super::lies::Lie;
use super::slots::Slots;
use super::{Account, Inbox, Limits, Log, VirtualRelay};

/// The relay's disk at some time.
#[derive(Clone)]
pub struct RelayCopy {
    logs: BTreeMap<LogId, Log>,
    inboxes: HashMap<InboxAddress, Inbox>,
    accounts: BTreeMap<AccountId, Account>,
    blobs: Blobs,
}

impl Default for VirtualRelay {
    fn default() -> Self {
        Self {
            now: UnixMillis::default(),
            era: Era([0; 8]),
            logs: BTreeMap::new(),
            made: 0,
            inboxes: HashMap::new(),
            accounts: BTreeMap::new(),
            seen: Vec::new(),
            refusing: BTreeMap::new(),
            refusal: None,
            limits: Limits::default(),
            slots: Slots::default(),
            blobs: Blobs::default(),
            lie: Lie::default(),
        }
    }
}

impl VirtualRelay {
    /// Copies the relay's disk.
    #[must_use]
    pub fn copy(&self) -> RelayCopy {
        let mut copy = RelayCopy {
            logs: self.logs.clone(),
            inboxes: self.inboxes.clone(),
            accounts: self.accounts.clone(),
            blobs: self.blobs.clone(),
        };
        // The list of readers is not on the disk.
        copy.logs.values_mut().for_each(|log| log.readers.clear());
        copy.inboxes.values_mut().for_each(|inbox| inbox.readers.clear());
        copy
    }

    /// Restores only blobs and backups from a copy: the relay keeps them in a database of their own.
    pub fn put_blobs_back(&mut self, copy: &RelayCopy) {
        self.blobs = copy.blobs.clone();
    }

    /// Restarts from a copy. All connections must be cut before.
    pub(in crate::sim) fn roll_back(&mut self, copy: RelayCopy) {
        let RelayCopy { logs, inboxes, accounts, blobs } = copy;
        (self.logs, self.inboxes, self.accounts, self.blobs) = (logs, inboxes, accounts, blobs);
        self.slots = Slots::default();
        self.refusing.clear();
        let run = u64::from_be_bytes(self.era.0) + 1;
        self.era = Era(run.to_be_bytes());
    }
}

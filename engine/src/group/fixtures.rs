//! Accounts with device logs, and groups of them, for tests.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ed25519_dalek::SigningKey;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::device_log::{
    Author, Body, Change, DeviceLog, DeviceRecord, LogHead, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::ids::{AccountId, DeviceId, UnixMillis};

use super::floors::Floors;
use super::leaf_state::LeafState;
use super::policy::Policy;
use super::state::{Member, State};
use crate::mls::credential::Leaf;

/// An account whose devices are numbered from one, the first of which does everything.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) number: u8,
    pub(crate) log: DeviceLog,
}

/// The key of a device.
pub(crate) fn key(account: u8, device: u8) -> SigningKey {
    let mut seed = [account; 32];
    seed[0] = device;
    SigningKey::from_bytes(&seed)
}

fn record(account: u8, device: u8) -> DeviceRecord {
    let mut id = [account; 16];
    id[0] = device;
    let key = VerifyingKeyBytes(key(account, device).verifying_key().to_bytes());
    DeviceRecord { id: DeviceId(id), key, inbox: CapabilityHash([0; 32]) }
}

/// The account's id.
pub(crate) fn account_id(number: u8) -> AccountId {
    Account::new(number, 1).id()
}

impl Account {
    /// An account with so many devices. It is always the same, and made once.
    pub(crate) fn new(number: u8, devices: u8) -> Self {
        static MADE: Mutex<BTreeMap<(u8, u8), Account>> = Mutex::new(BTreeMap::new());
        let mut made = MADE.lock().unwrap();
        made.entry((number, devices)).or_insert_with(|| Self::make(number, devices)).clone()
    }

    fn make(number: u8, devices: u8) -> Self {
        let first = record(number, 1);
        let recovery_key = record(number, 255).key;
        let change = Change::Genesis { device: first, recovery_key };
        let author = Author::Device(first.id);
        let body = Body { previous: None, created: UnixMillis(1), author, change };
        let genesis = SignedEntry::sign(&body, &key(number, 1), None).unwrap();
        let mut account = Self { number, log: DeviceLog::verify(&[genesis]).unwrap() };
        for device in 2..=devices {
            account.add(device);
        }
        account
    }

    fn append(&mut self, by: u8, change: Change, added: Option<&SigningKey>) {
        let author = Author::Device(record(self.number, by).id);
        let body = Body { previous: Some(self.log.head().hash), created: UnixMillis(2), author, change };
        self.log.append(&SignedEntry::sign(&body, &key(self.number, by), added).unwrap()).unwrap();
    }

    /// Adds a device.
    pub(crate) fn add(&mut self, device: u8) {
        let added = key(self.number, device);
        self.append(1, Change::AddDevice(record(self.number, device)), Some(&added));
    }

    /// Removes a device.
    pub(crate) fn remove(&mut self, device: u8) {
        let by = if device == 1 { 2 } else { 1 };
        self.append(by, Change::RemoveDevice(record(self.number, device).id), None);
    }

    /// A device says that it was rolled back.
    pub(crate) fn roll_back(&mut self, device: u8) {
        self.append(device, Change::RolledBack(record(self.number, device).id), None);
    }

    /// The key of a device.
    pub(crate) fn key(&self, device: u8) -> SigningKey {
        key(self.number, device)
    }

    pub(crate) fn id(&self) -> AccountId {
        self.log.account()
    }

    pub(crate) fn head(&self) -> LogHead {
        self.log.head()
    }

    pub(crate) fn entries(&self) -> Vec<SignedEntry> {
        self.log.entries().to_vec()
    }

    pub(crate) fn leaf(&self, device: u8) -> Leaf {
        let DeviceRecord { id, key, .. } = record(self.number, device);
        Leaf { account: self.id(), device: id, key }
    }

    /// A device as a leaf that has committed before and knows the log as it is now.
    pub(crate) fn member(&self, device: u8) -> Member {
        let mut nonce = [self.number; 16];
        nonce[0] = device;
        let state = LeafState::new(self.head(), nonce);
        Member { leaf: self.leaf(device), state, by_key_package: false }
    }
}

/// A leaf as it is before it commits.
pub(crate) fn fresh(member: Member) -> Member {
    Member { by_key_package: true, ..member }
}

/// A group of accounts with one device each, of which the first is the owner.
pub(crate) fn state(accounts: &[u8]) -> State {
    let member = |(index, number): (u32, &u8)| (index, Account::new(*number, 1).member(1));
    let owner = accounts.first().copied().map(account_id).unwrap();
    let leaves = (0..).zip(accounts).map(member).collect();
    State { leaves, policy: Policy::new("Friends", owner), floors: Floors::default() }
}

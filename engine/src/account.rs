//! The own account: made on this device and kept in one record; the device key is apart from it, in the vault.

use ed25519_dalek::SigningKey;
use parley_crypto::MlsRandom;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{
    Author, Body, Change, DeviceLog, DeviceLogError, DeviceRecord, Signature, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::frame::{InboxAddress, UsernameClaim};
use parley_protocol::ids::{AccountId, DeviceId, UnixMillis};
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};

use crate::mls::credential::Leaf;
use crate::recovery::RecoverySeed;

/// The own account and this device's part in it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) name: String,
    pub(crate) username: Username,
    /// The username that the account had, when the directory has given it to somebody else.
    pub(crate) lost_username: Option<Username>,
    /// Opens this device's inbox and KeyPackage pool.
    pub(crate) inbox: Capability,
    /// From which the recovery key is made; shown as a phrase when the person asks for it.
    pub(crate) recovery: RecoverySeed,
    /// The own device log.
    pub(crate) entries: Vec<SignedEntry>,
    /// The relay has the account.
    pub(crate) registered: bool,
    /// Counts the changes of the name, so that every contact learns of each.
    pub(crate) profile: u32,
    pub(crate) read_receipts: bool,
}

impl Account {
    /// Makes an account whose first device has `key`.
    pub(crate) fn create(
        now: UnixMillis,
        random: &MlsRandom,
        key: &SigningKey,
        name: String,
        username: Username,
    ) -> Result<Self, DeviceLogError> {
        let recovery = RecoverySeed::new(random.array());
        let inbox = Capability::new(random.array());
        let device = DeviceRecord { id: DeviceId(random.array()), key: public(key), inbox: inbox.hash() };
        let body = Body {
            previous: None,
            created: now,
            author: Author::Device(device.id),
            change: Change::Genesis { device, recovery_key: recovery.verifying_key() },
        };
        let genesis = SignedEntry::sign(&body, key, None)?;
        Ok(Self {
            id: AccountId(genesis.hash().0),
            device: device.id,
            name,
            username,
            lost_username: None,
            inbox,
            recovery,
            entries: vec![genesis],
            registered: false,
            profile: 1,
            read_receipts: true,
        })
    }

    /// The account of which this device has become one: it has no part of the recovery key.
    pub(crate) fn linked(
        log: &DeviceLog,
        device: DeviceId,
        inbox: Capability,
        (name, username): (String, Username),
        (profile, read_receipts): (u32, bool),
    ) -> Self {
        Self {
            id: log.account(),
            device,
            name,
            username,
            lost_username: None,
            inbox,
            recovery: RecoverySeed::unknown(),
            entries: log.entries().to_vec(),
            registered: true,
            profile,
            read_receipts,
        }
    }

    /// The account has another username from now on.
    pub(crate) fn rename(&mut self, username: Username) {
        let before = std::mem::replace(&mut self.username, username);
        let before = self.lost_username.take().unwrap_or(before);
        self.lost_username = Some(before).filter(|before| *before != self.username);
    }

    /// The username that the account had at first.
    pub(crate) const fn first_username(&self) -> &Username {
        match &self.lost_username {
            Some(username) => username,
            None => &self.username,
        }
    }

    pub(crate) const fn address(&self) -> InboxAddress {
        InboxAddress { account: self.id, device: self.device }
    }

    pub(crate) fn leaf(&self, key: &SigningKey) -> Leaf {
        Leaf { account: self.id, device: self.device, key: public(key) }
    }

    pub(crate) fn log(&self) -> Result<DeviceLog, DeviceLogError> {
        DeviceLog::verify_for(&self.id, &self.entries)
    }

    pub(crate) fn claim(&self, key: &SigningKey) -> UsernameClaim {
        use ed25519_dalek::Signer as _;
        let signed = UsernameClaim::signed_bytes(&self.username, &self.id);
        UsernameClaim {
            username: self.username.clone(),
            account: self.id,
            device: self.device,
            signature: Signature(key.sign(&signed).to_bytes()),
        }
    }
}

fn public(key: &SigningKey) -> VerifyingKeyBytes {
    VerifyingKeyBytes(key.verifying_key().to_bytes())
}

//! Accounts that sign their own device logs, without an engine.
#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::panic,
    reason = "what fails here fails the test that uses it"
)]

use ed25519_dalek::{Signer as _, SigningKey};
use parley_protocol::bounded::List;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{
    Author, Body, Change, DeviceLog, DeviceRecord, Signature, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::frame::{
    Answer, AppendDeviceLog, ClaimKeyPackages, DeviceLogNews, DirectoryRecord, InboxAddress, KnownDeviceLog,
    RegisterAccount, RelayError, Request, UsernameClaim,
};
use parley_protocol::ids::{AccountId, DeviceId, UnixMillis};
use parley_protocol::username::Username;

/// A device with its secrets.
pub struct TestDevice {
    /// The signing key.
    pub key: SigningKey,
    /// The capability of the inbox.
    pub inbox: Capability,
    /// The device's record in the log.
    pub record: DeviceRecord,
}

impl TestDevice {
    /// Makes a new device.
    #[must_use]
    pub fn new() -> Self {
        let key = SigningKey::from_bytes(&crate::unique());
        let inbox = Capability::new(crate::unique());
        let record =
            DeviceRecord { id: DeviceId(crate::unique()), key: verifying(&key), inbox: inbox.hash() };
        Self { key, inbox, record }
    }
}

impl Default for TestDevice {
    fn default() -> Self {
        Self::new()
    }
}

/// The public half of a key.
#[must_use]
pub fn verifying(key: &SigningKey) -> VerifyingKeyBytes {
    VerifyingKeyBytes(key.verifying_key().to_bytes())
}

/// An account with its first device and its log.
pub struct TestAccount {
    /// The first device.
    pub first: TestDevice,
    /// The recovery key.
    pub recovery: SigningKey,
    /// The log as its owner has it.
    pub log: DeviceLog,
}

impl TestAccount {
    /// Makes a new account, which no relay knows.
    #[must_use]
    pub fn new() -> Self {
        Self::recovered_by(SigningKey::from_bytes(&crate::unique()))
    }

    /// Makes a new account with this recovery key.
    #[must_use]
    pub fn recovered_by(recovery: SigningKey) -> Self {
        let first = TestDevice::new();
        let body = Body {
            previous: None,
            created: UnixMillis(1),
            author: Author::Device(first.record.id),
            change: Change::Genesis { device: first.record, recovery_key: verifying(&recovery) },
        };
        let genesis = SignedEntry::sign(&body, &first.key, None).unwrap();
        Self { log: DeviceLog::verify(&[genesis]).unwrap(), first, recovery }
    }

    /// The account id.
    #[must_use]
    pub const fn id(&self) -> AccountId {
        self.log.account()
    }

    /// The inbox of one of the account's devices.
    #[must_use]
    pub const fn address(&self, device: &TestDevice) -> InboxAddress {
        InboxAddress { account: self.id(), device: device.record.id }
    }

    /// A claim of a username, signed by `device`.
    #[must_use]
    pub fn claim(&self, device: &TestDevice, username: &str) -> UsernameClaim {
        let username = Username::parse(username).unwrap();
        let signature = device.key.sign(&UsernameClaim::signed_bytes(&username, &self.id()));
        UsernameClaim {
            username,
            account: self.id(),
            device: device.record.id,
            signature: Signature(signature.to_bytes()),
        }
    }

    /// The request that registers the account.
    #[must_use]
    pub fn registration(&self, username: &str) -> Request {
        Request::RegisterAccount(RegisterAccount {
            log: List::new(self.log.entries().to_vec()).unwrap(),
            claim: self.claim(&self.first, username),
        })
    }

    /// A request that claims a KeyPackage of each device in the log.
    #[must_use]
    pub fn claim_key_packages(&self) -> Request {
        claim_key_packages(self.id(), self.log.devices().map(|device| device.id).collect())
    }

    /// The next entry after the current log, signed by `author`. Does not change the log.
    #[must_use]
    pub fn entry(&self, author: &TestDevice, change: Change, added: Option<&TestDevice>) -> SignedEntry {
        let body = Body {
            previous: Some(self.log.head().hash),
            created: UnixMillis(2),
            author: Author::Device(author.record.id),
            change,
        };
        SignedEntry::sign(&body, &author.key, added.map(|device| &device.key)).unwrap()
    }

    /// The request that appends `entry` to the relay's copy.
    #[must_use]
    pub const fn append(&self, entry: SignedEntry) -> Request {
        Request::AppendDeviceLog(AppendDeviceLog { account: self.id(), entry })
    }
}

/// A request that claims a KeyPackage of each of these devices.
#[must_use]
pub fn claim_key_packages(account: AccountId, devices: Vec<DeviceId>) -> Request {
    Request::ClaimKeyPackages(ClaimKeyPackages { account, devices: List::new(devices).unwrap() })
}

/// A request for a whole device log.
#[must_use]
pub fn look_up(account: AccountId) -> Request {
    Request::FetchDeviceLogs(List::new(vec![KnownDeviceLog { account, known: None }]).unwrap())
}

/// Whether a request asks for this account's device log, among others.
#[must_use]
pub fn looks_up(request: &Request, account: &AccountId) -> bool {
    matches!(request, Request::FetchDeviceLogs(known) if known.iter().any(|known| known.account == *account))
}

/// The directory record of the one account that a request asked for.
pub fn found(answer: Result<Answer, RelayError>) -> Result<DirectoryRecord, RelayError> {
    match answer? {
        Answer::Directory(record) => Ok(record),
        Answer::DeviceLogs(news) => match news.into_vec().pop() {
            Some(DeviceLogNews::Record(record)) => Ok(record),
            _ => Err(RelayError::UnknownAccount),
        },
        other => panic!("instead of a record came {other:?}"),
    }
}

impl Default for TestAccount {
    fn default() -> Self {
        Self::new()
    }
}

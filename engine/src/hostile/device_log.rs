//! Device logs that an honest device never writes.

use ed25519_dalek::SigningKey;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{
    Author, Body as LogBody, Change, DeviceLog, DeviceRecord, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::ids::{DeviceId, UnixMillis};

use super::Peer;

impl Peer {
    fn another_device(&self) -> (SigningKey, DeviceRecord) {
        let key = SigningKey::from_bytes(&self.random.array());
        let record = DeviceRecord {
            id: DeviceId(self.random.array()),
            key: VerifyingKeyBytes(key.verifying_key().to_bytes()),
            inbox: Capability::new(self.random.array()).hash(),
        };
        (key, record)
    }

    /// Its device log with one more device, another one at each call.
    #[must_use]
    pub fn log_with_another_device(&self) -> DeviceLog {
        let (added, record) = self.another_device();
        let body = LogBody {
            previous: Some(self.log.head().hash),
            created: UnixMillis(2),
            author: Author::Device(self.account.device),
            change: Change::AddDevice(record),
        };
        let mut log = self.log.clone();
        log.append(&SignedEntry::sign(&body, &self.key, Some(&added)).unwrap()).unwrap();
        log
    }

    /// Its device log after another device was added, which then removed this one.
    #[must_use]
    pub fn log_without_this_device(&self, now: UnixMillis) -> DeviceLog {
        let (other, record) = self.another_device();
        let mut log = self.log.clone();
        let changes = [
            (Author::Device(self.account.device), Change::AddDevice(record), &self.key, Some(&other)),
            (Author::Device(record.id), Change::RemoveDevice(self.account.device), &other, None),
        ];
        for (author, change, key, added) in changes {
            let body = LogBody { previous: Some(log.head().hash), created: now, author, change };
            log.append(&SignedEntry::sign(&body, key, added).unwrap()).unwrap();
        }
        log
    }
}

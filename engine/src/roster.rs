//! The roster: the devices that belong into a conversation, by the device logs of its accounts.

use parley_protocol::device_log::{Device, DeviceLog};
use parley_protocol::ids::{AccountId, UnixMillis};

use crate::mls::credential::Leaf;

/// The devices of a conversation's accounts, as far as their logs are known here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Vec<(AccountId, Vec<Device>)>);

impl Roster {
    /// Of these accounts' logs; one that is named twice counts once.
    pub(crate) fn of<'a>(logs: impl IntoIterator<Item = &'a DeviceLog>) -> Self {
        let mut roster = Self::default();
        for log in logs {
            if !roster.knows(&log.account()) {
                roster.0.push((log.account(), log.all_devices().to_vec()));
            }
        }
        roster
    }

    /// Whether the account is one of the conversation's.
    pub(crate) fn knows(&self, account: &AccountId) -> bool {
        self.0.iter().any(|(known, _)| known == account)
    }

    fn device(&self, leaf: &Leaf) -> Option<&Device> {
        let (_, devices) = self.0.iter().find(|(account, _)| *account == leaf.account)?;
        devices.iter().find(|device| device.record.id == leaf.device && device.record.key == leaf.key)
    }

    /// Whether the device is in its account's log now.
    pub(crate) fn has(&self, leaf: &Leaf) -> bool {
        self.device(leaf).is_some_and(|device| device.removed.is_none())
    }

    /// When the device was removed, if it was.
    pub(crate) fn removed(&self, leaf: &Leaf) -> Option<UnixMillis> {
        self.device(leaf)?.removed
    }

    /// Whether the device is in its account's log, or was before it was removed: whoever reads late reads what was
    /// right when it was written.
    pub(crate) fn had(&self, leaf: &Leaf) -> bool {
        self.device(leaf).is_some()
    }

    /// The leaves that belong into the group now, oldest first in each account.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.0.iter().flat_map(|(account, devices)| {
            let now = devices.iter().filter(|device| device.removed.is_none());
            now.map(|device| Leaf { account: *account, device: device.record.id, key: device.record.key })
        })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use parley_protocol::capability::CapabilityHash;
    use parley_protocol::device_log::{Author, Body, Change, DeviceRecord, SignedEntry, VerifyingKeyBytes};
    use parley_protocol::ids::DeviceId;

    use super::*;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn record(number: u8) -> DeviceRecord {
        let key = VerifyingKeyBytes(key(number).verifying_key().to_bytes());
        DeviceRecord { id: DeviceId([number; 16]), key, inbox: CapabilityHash([0; 32]) }
    }

    /// The log of an account with two devices, of which the second was removed.
    fn log(first: u8, second: u8) -> DeviceLog {
        let author = Author::Device(record(first).id);
        let change = Change::Genesis { device: record(first), recovery_key: record(99).key };
        let body = Body { previous: None, created: UnixMillis(1), author, change };
        let mut log = DeviceLog::verify(&[SignedEntry::sign(&body, &key(first), None).unwrap()]).unwrap();
        let added = key(second);
        for (change, with) in [
            (Change::AddDevice(record(second)), Some(&added)),
            (Change::RemoveDevice(record(second).id), None),
        ] {
            let body = Body { previous: Some(log.head().hash), created: UnixMillis(2), author, change };
            log.append(&SignedEntry::sign(&body, &key(first), with).unwrap()).unwrap();
        }
        log
    }

    fn leaf(account: &DeviceLog, device: u8, key: u8) -> Leaf {
        Leaf { account: account.account(), device: record(device).id, key: record(key).key }
    }

    #[test]
    fn p4_only_the_devices_of_the_logs_belong() {
        let (ada, bob, eve) = (log(1, 2), log(3, 4), log(5, 6));
        let roster = Roster::of([&ada, &bob, &ada]);
        assert_eq!(roster.leaves().collect::<Vec<_>>(), [leaf(&ada, 1, 1), leaf(&bob, 3, 3)]);
        assert!(
            roster.knows(&ada.account()) && roster.knows(&bob.account()) && !roster.knows(&eve.account())
        );
        let is = |leaf: &Leaf| (roster.has(leaf), roster.had(leaf));
        assert_eq!(is(&leaf(&bob, 3, 3)), (true, true));
        assert_eq!(is(&leaf(&bob, 4, 4)), (false, true), "it was removed");
        assert_eq!(roster.removed(&leaf(&bob, 4, 4)), Some(UnixMillis(2)));
        assert_eq!(roster.removed(&leaf(&bob, 3, 3)), None);
        assert_eq!(is(&leaf(&ada, 3, 3)), (false, false), "Bob's, in Ada's name");
        assert_eq!(is(&leaf(&ada, 1, 2)), (false, false), "another key");
        assert_eq!(is(&leaf(&ada, 3, 1)), (false, false), "another id");
        assert_eq!(is(&leaf(&eve, 5, 5)), (false, false));
    }
}

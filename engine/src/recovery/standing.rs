//! Tells whether the account still stands behind the recovery key that its device log names. Each device can name another
//! key, and a thief of a device may wait with it until the device is removed: a key that a removed device named is not the
//! account's.

use parley_protocol::device_log::{Author, Change, DeviceLog};
use parley_protocol::ids::DeviceId;

/// Whether the key was there from the beginning, or is vouched for by a device that is in the log now: the one that named it,
/// or one on which somebody typed its phrase. A key that the key before it named stands as that did.
pub(crate) fn stands(log: &DeviceLog) -> bool {
    let mut named: Option<Vec<DeviceId>> = None;
    for body in log.entries().iter().filter_map(|entry| entry.parse().ok()) {
        match (body.change, body.author, &mut named) {
            (Change::ReplaceRecoveryKey(_), Author::Device(device), _) => named = Some(vec![device]),
            (Change::AddDevice(device), Author::Recovery, Some(vouching)) => vouching.push(device.id),
            _ => {}
        }
    }
    named.is_none_or(|vouching| vouching.iter().any(|device| log.device(device).is_some()))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use parley_protocol::capability::Capability;
    use parley_protocol::device_log::{Body, DeviceRecord, SignedEntry, VerifyingKeyBytes};
    use parley_protocol::ids::UnixMillis;

    use super::*;

    fn key(number: u8) -> SigningKey {
        SigningKey::from_bytes(&[number; 32])
    }

    fn public(number: u8) -> VerifyingKeyBytes {
        VerifyingKeyBytes(key(number).verifying_key().to_bytes())
    }

    fn device(number: u8) -> DeviceRecord {
        let inbox = Capability::new([number; 32]).hash();
        DeviceRecord { id: DeviceId([number; 16]), key: public(number), inbox }
    }

    /// A log of devices 1 and 2, and what came then; recovery keys are those from 100 on.
    fn log(changes: &[(Author, Change)]) -> DeviceLog {
        let body = |previous, author, change| Body { previous, created: UnixMillis(1), author, change };
        let first = Author::Device(DeviceId([1; 16]));
        let genesis = Change::Genesis { device: device(1), recovery_key: public(100) };
        let genesis = SignedEntry::sign(&body(None, first, genesis), &key(1), None).unwrap();
        let mut log = DeviceLog::verify(&[genesis]).unwrap();
        let mut recovery = 100;
        for (author, change) in [(first, Change::AddDevice(device(2)))].iter().chain(changes) {
            let signer = match author {
                Author::Device(device) => key(device.0[0]),
                Author::Recovery => key(recovery),
            };
            let added = match change {
                Change::AddDevice(device) => Some(key(device.id.0[0])),
                _ => None,
            };
            if let Change::ReplaceRecoveryKey(named) = change {
                recovery = (100..110).find(|number| public(*number) == *named).unwrap();
            }
            let body = body(Some(log.head().hash), *author, *change);
            log.append(&SignedEntry::sign(&body, &signer, added.as_ref()).unwrap()).unwrap();
        }
        log
    }

    const FIRST: Author = Author::Device(DeviceId([1; 16]));
    const SECOND: Author = Author::Device(DeviceId([2; 16]));

    fn names(number: u8) -> Change {
        Change::ReplaceRecoveryKey(public(number))
    }

    fn removes(number: u8) -> Change {
        Change::RemoveDevice(DeviceId([number; 16]))
    }

    #[test]
    fn p10_a_recovery_key_falls_with_the_device_that_named_it() {
        assert!(stands(&log(&[])));
        assert!(stands(&log(&[(SECOND, removes(1))])), "the key of the beginning stays");
        assert!(stands(&log(&[(SECOND, names(101))])));
        assert!(!stands(&log(&[(SECOND, names(101)), (FIRST, removes(2))])));
        // Neither does it stand because it names another.
        let twice = [(SECOND, names(101)), (Author::Recovery, names(102)), (FIRST, removes(2))];
        assert!(!stands(&log(&twice)));
        assert!(stands(&log(&[&twice[..], &[(FIRST, names(103))]].concat())));
    }

    #[test]
    fn a_key_stands_where_somebody_has_typed_its_phrase() {
        let back = [(SECOND, names(101)), (Author::Recovery, Change::AddDevice(device(3)))];
        let alone = [&back[..], &[(Author::Device(DeviceId([3; 16])), removes(2))]].concat();
        assert!(stands(&log(&alone)));
        assert!(!stands(&log(&[&alone[..], &[(FIRST, removes(3))]].concat())));
    }
}

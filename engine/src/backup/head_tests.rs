//! What opens a head, and whose it has to be.

use parley_protocol::capability::Capability;
use parley_protocol::device_log::{Author as By, Body, Change, DeviceRecord, SignedEntry, VerifyingKeyBytes};
use parley_protocol::ids::UnixMillis;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

fn device(number: u8) -> DeviceRecord {
    let verifying = VerifyingKeyBytes(key(number).verifying_key().to_bytes());
    DeviceRecord { id: DeviceId([number; 16]), key: verifying, inbox: Capability::new([number; 32]).hash() }
}

fn begin() -> DeviceLog {
    let seed = RecoverySeed::new([5; 32]);
    let change = Change::Genesis { device: device(1), recovery_key: seed.verifying_key() };
    let by = By::Device(device(1).id);
    let body = Body { previous: None, created: UnixMillis(1), author: by, change };
    DeviceLog::verify(&[SignedEntry::sign(&body, &key(1), None).unwrap()]).unwrap()
}

/// The log after a change by its first device.
fn after(log: &DeviceLog, change: Change) -> DeviceLog {
    let by = By::Device(device(1).id);
    let body = Body { previous: Some(log.head().hash), created: UnixMillis(2), author: by, change };
    let added = if let Change::AddDevice(_) = change { Some(key(2)) } else { None };
    let mut log = log.clone();
    log.append(&SignedEntry::sign(&body, &key(1), added.as_ref()).unwrap()).unwrap();
    log
}

fn head() -> Head {
    Head { manifest: BlobId([2; 16]), size: 300, hash: [3; 32] }
}

/// A head by this device, which knows the log so.
fn written(number: u8, log: &DeviceLog) -> Vec<u8> {
    let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
    let cover = Cover { device: device(number).id, log: log.head(), number: 7, generation: 3 };
    let address = RecoverySeed::new([5; 32]).backup_address();
    head().seal(&random, &log.account(), &address, &DataKey::new([4; 32]), (&cover, &key(number))).unwrap()
}

#[test]
fn the_phrase_and_the_devices_open_a_head() {
    let (log, seed) = (begin(), RecoverySeed::new([5; 32]));
    let bytes = written(1, &log);
    assert_eq!(Head::open(&bytes, &DataKey::new([4; 32])).unwrap(), head());
    let (found, key) = Head::recover(&bytes, &log.account(), &seed).unwrap();
    assert!(found == head() && key == DataKey::new([4; 32]));
    let cover = Cover { device: device(1).id, log: log.head(), number: 7, generation: 3 };
    assert_eq!(Head::check(&bytes, 7, &log), Ok((cover, Author::Current)));
    insta::assert_snapshot!(crate::hex(&Sha256::digest(&bytes)));
    let begins = &bytes[..=COVER];
    assert_eq!(begins[0], VERSION);
    assert_eq!(Cover::decode(&begins[1..]), Some(cover));
}

#[test]
fn a_newer_head_is_told_apart_from_one_that_nobody_wrote() {
    let open = |version: u8| Head::open(&[version, 0], &DataKey::new([4; 32])).err();
    assert_eq!(open(VERSION + 1), Some(BackupError::Newer));
    assert_eq!([open(VERSION), open(VERSION - 1)], [Some(BackupError::Sealed), Some(BackupError::Sealed)]);
}

#[test]
fn p1_nothing_else_opens_it() {
    let (log, seed) = (begin(), RecoverySeed::new([5; 32]));
    let (account, bytes) = (log.account(), written(1, &log));
    assert_eq!(Head::open(&bytes, &DataKey::new([6; 32])).err(), Some(BackupError::Sealed));
    let other = RecoverySeed::new([6; 32]);
    assert!(Head::recover(&bytes, &account, &other).is_err(), "another phrase");
    assert!(Head::recover(&bytes, &AccountId([2; 32]), &seed).is_err(), "another account");
    let begin = 1 + COVER + SIGNATURE;
    for place in [begin, begin + ENCAPPED + 4, begin + WRAPPED + 3, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[place] ^= 1;
        assert!(Head::recover(&damaged, &account, &seed).is_err(), "damaged at {place}");
    }
    assert!(Head::recover(&bytes[..900], &account, &seed).is_err(), "cut");
    let newer = [&[VERSION + 1], &bytes[1..]].concat();
    assert_eq!(Head::recover(&newer, &account, &seed).err(), Some(BackupError::Newer));
}

#[test]
fn p2_every_byte_of_a_head_is_signed() {
    let log = begin();
    let bytes = written(1, &log);
    for place in (1..bytes.len()).step_by(7) {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        let checked = Head::check(&altered, 7, &log);
        assert!(matches!(checked, Err(BackupError::Forged | BackupError::Stranger)), "{place}: {checked:?}");
    }
    assert_eq!(Head::check(&bytes, 8, &log), Err(BackupError::Forged), "an old one as a new one");
}

#[test]
fn p10_a_removed_device_signs_no_head() {
    let begun = begin();
    let both = after(&begun, Change::AddDevice(device(2)));
    let removed = after(&both, Change::RemoveDevice(device(2).id));
    let author = |log: &DeviceLog, bytes: &[u8]| Head::check(bytes, 7, log).map(|(_, author)| author);
    assert_eq!(author(&both, &written(2, &both)), Ok(Author::Current));
    assert_eq!(author(&removed, &written(2, &both)), Ok(Author::Removed), "from before, as far as it says");
    assert_eq!(author(&removed, &written(2, &removed)), Err(BackupError::Forged), "it was out by then");
    assert_eq!(author(&removed, &written(2, &begun)), Err(BackupError::Forged), "it was not in yet");
    assert_eq!(author(&removed, &written(1, &both)), Ok(Author::Current));
    assert_eq!(author(&begun, &written(2, &both)), Err(BackupError::Stranger), "the log may have gone on");
    assert_eq!(author(&removed, &written(3, &both)), Err(BackupError::Forged), "it never was in the account");
    let further = after(&removed, Change::RemoveDevice(device(1).id));
    assert_eq!(author(&removed, &written(2, &further)), Ok(Author::Beyond));
}

#[test]
fn a_key_that_was_drawn_after_a_removal_is_later_than_all_before() {
    let both = after(&begin(), Change::AddDevice(device(2)));
    let removed = after(&both, Change::RemoveDevice(device(2).id));
    let under = |log: &DeviceLog, generation| {
        let cover = Cover { device: device(1).id, log: log.head(), number: 7, generation };
        cover.sealed_under(&removed)
    };
    assert!(under(&removed, 1) > under(&both, u32::MAX));
    assert!(under(&both, 2) > under(&both, 1));
    let further = after(&removed, Change::ReplaceRecoveryKey(device(9).key));
    assert_eq!(under(&further, 1), None);
}

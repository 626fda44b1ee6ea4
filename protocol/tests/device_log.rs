//! Promise P4: nobody but an account's own devices (or its recovery key) changes its device log.
#![cfg(test)]

use ed25519_dalek::SigningKey;
use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::device_log::{
    Author, Body, Change, DeviceLog, DeviceLogError, DeviceRecord, LogHead, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::ids::{AccountId, DeviceId, EntryHash, UnixMillis};
use parley_protocol::limits::{MAX_BY_AUTHOR, MAX_DEVICE_LOG, MAX_DEVICES, PHRASE_ROOM};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> VerifyingKeyBytes {
    VerifyingKeyBytes(key(seed).verifying_key().to_bytes())
}

/// The device whose id, key and inbox come from `seed`.
fn device(seed: u8) -> DeviceRecord {
    DeviceRecord { id: DeviceId([seed; 16]), key: public(seed), inbox: CapabilityHash([seed; 32]) }
}

const RECOVERY: u8 = 200;

fn genesis(seed: u8) -> SignedEntry {
    let change = Change::Genesis { device: device(seed), recovery_key: public(RECOVERY) };
    let author = Author::Device(device(seed).id);
    let body = Body { previous: None, created: UnixMillis(1), author, change };
    SignedEntry::sign(&body, &key(seed), None).unwrap()
}

fn log(seed: u8) -> DeviceLog {
    DeviceLog::verify(&[genesis(seed)]).unwrap()
}

/// The next entry of `log`: said to be by `author`, signed by the key of `signer`, counter-signed by `added`.
fn entry(log: &DeviceLog, author: Author, signer: u8, change: Change, added: Option<u8>) -> SignedEntry {
    let body = Body { previous: Some(log.head().hash), created: UnixMillis(2), author, change };
    SignedEntry::sign(&body, &key(signer), added.map(key).as_ref()).unwrap()
}

fn by(seed: u8) -> Author {
    Author::Device(device(seed).id)
}

fn add(log: &DeviceLog, signer: u8, added: u8) -> SignedEntry {
    entry(log, by(signer), signer, Change::AddDevice(device(added)), Some(added))
}

fn remove(log: &DeviceLog, signer: u8, removed: u8) -> SignedEntry {
    entry(log, by(signer), signer, Change::RemoveDevice(device(removed).id), None)
}

fn roll_back(log: &DeviceLog, signer: u8, device_: u8) -> SignedEntry {
    entry(log, by(signer), signer, Change::RolledBack(device(device_).id), None)
}

/// Asserts that `log` refuses `entry` with `error` and is afterwards as it was.
#[track_caller]
fn refused(log: &DeviceLog, entry: &SignedEntry, error: DeviceLogError) {
    let mut after = log.clone();
    assert_eq!(after.append(entry), Err(error));
    assert_eq!(after, *log);
}

#[test]
fn a_log_grows_and_shrinks_by_its_own_devices_and_the_recovery_key() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    log.append(&add(&log, 2, 3)).unwrap();
    log.append(&remove(&log, 3, 1)).unwrap();
    let replace = Change::ReplaceRecoveryKey(public(201));
    log.append(&entry(&log, Author::Recovery, RECOVERY, replace, None)).unwrap();
    let rescue = entry(&log, Author::Recovery, 201, Change::AddDevice(device(4)), Some(4));
    log.append(&rescue).unwrap();
    let ids: Vec<DeviceId> = log.devices().map(|device| device.id).collect();
    assert_eq!(ids, [2, 3, 4].map(|seed| device(seed).id));
    assert_eq!(log.recovery_key(), public(201));
    assert_eq!(log.all_devices().len(), 4);
    // Whoever gets the entries comes to the same result.
    assert_eq!(DeviceLog::verify_for(&log.account(), log.entries()).unwrap(), log);
}

#[test]
fn p4_a_forged_signature_is_refused() {
    let log = log(1);
    let honest = add(&log, 1, 2);
    for bit in [0, 255, 511] {
        let mut forged = honest.clone();
        forged.signature.0[bit / 8] ^= 1 << (bit % 8);
        refused(&log, &forged, DeviceLogError::Signature);
        let mut forged = honest.clone();
        forged.counter_signature.as_mut().unwrap().0[bit / 8] ^= 1 << (bit % 8);
        refused(&log, &forged, DeviceLogError::Signature);
    }
    // The entry signature is no counter-signature, and the other way round: their labels differ.
    let mut swapped = honest.clone();
    swapped.signature = honest.counter_signature.unwrap();
    refused(&log, &swapped, DeviceLogError::Signature);
    let mut genesis = genesis(1);
    genesis.signature.0[3] ^= 1;
    assert_eq!(DeviceLog::verify(&[genesis]), Err(DeviceLogError::Signature));
}

#[test]
fn p4_no_bit_of_a_signed_entry_can_be_changed() {
    let log = log(1);
    let honest = add(&log, 1, 2);
    for bit in 0..honest.body.len() * 8 {
        let mut body = honest.body.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        let forged = SignedEntry { body: Bytes::new(body).unwrap(), ..honest.clone() };
        assert!(log.clone().append(&forged).is_err(), "bit {bit}");
    }
}

#[test]
fn p4_a_small_order_key_signs_nothing() {
    // The identity point verifies a zero signature of any message when it is not refused.
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut signature = [0; 64];
    signature[0] = 1;
    let key = VerifyingKeyBytes(identity);
    assert!(!key.verifies(b"anything", &parley_protocol::device_log::Signature(signature)));
}

#[test]
fn p4_an_author_who_is_not_in_the_log_is_refused() {
    let log = log(1);
    let stranger = entry(&log, by(9), 9, Change::AddDevice(device(9)), Some(9));
    refused(&log, &stranger, DeviceLogError::Unauthorised);
    // Named as a device of the log or as the recovery key, but signed by another key.
    for author in [by(1), Author::Recovery] {
        let forged = entry(&log, author, 9, Change::AddDevice(device(9)), Some(9));
        refused(&log, &forged, DeviceLogError::Signature);
    }
    // A genesis that somebody else signs, or that names another author.
    let change = Change::Genesis { device: device(1), recovery_key: public(RECOVERY) };
    let body = Body { previous: None, created: UnixMillis(1), author: by(1), change };
    let signed_by_another = SignedEntry::sign(&body, &key(9), None).unwrap();
    assert_eq!(DeviceLog::verify(&[signed_by_another]), Err(DeviceLogError::Signature));
    let body = Body { author: by(9), ..body };
    let names_another = SignedEntry::sign(&body, &key(1), None).unwrap();
    assert_eq!(DeviceLog::verify(&[names_another]), Err(DeviceLogError::Unauthorised));
}

#[test]
fn p4_a_removed_device_signs_nothing_more() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    log.append(&remove(&log, 1, 2)).unwrap();
    for entry in [add(&log, 2, 3), remove(&log, 2, 1)] {
        refused(&log, &entry, DeviceLogError::Unauthorised);
    }
    // Nor does it come back under its old id or with its old key.
    refused(&log, &add(&log, 1, 2), DeviceLogError::Change);
    let renamed = DeviceRecord { id: DeviceId([7; 16]), ..device(2) };
    let again = entry(&log, by(1), 1, Change::AddDevice(renamed), Some(2));
    refused(&log, &again, DeviceLogError::Change);
    assert!(log.device(&device(2).id).is_none());
    assert_eq!(log.all_devices()[1].removed, Some(UnixMillis(2)));
}

#[test]
fn p4_a_device_is_not_added_without_its_own_signature() {
    let log = log(1);
    let change = Change::AddDevice(device(2));
    refused(&log, &entry(&log, by(1), 1, change, None), DeviceLogError::Signature);
    refused(&log, &entry(&log, by(1), 1, change, Some(1)), DeviceLogError::Signature);
    refused(&log, &entry(&log, by(1), 1, change, Some(3)), DeviceLogError::Signature);
    // And nothing else carries one.
    let remove = entry(&log, by(1), 1, Change::RemoveDevice(device(1).id), Some(1));
    refused(&log, &remove, DeviceLogError::Signature);
}

#[test]
fn p4_an_entry_belongs_to_one_place_of_one_log() {
    let log = log(1);
    let first = add(&log, 1, 2);
    let mut longer = log.clone();
    longer.append(&first).unwrap();
    refused(&longer, &first, DeviceLogError::Broken);
    // Signed by the same device for another account of its own.
    let change = Change::Genesis { device: device(1), recovery_key: public(201) };
    let body = Body { previous: None, created: UnixMillis(1), author: by(1), change };
    let twin = DeviceLog::verify(&[SignedEntry::sign(&body, &key(1), None).unwrap()]).unwrap();
    refused(&twin, &first, DeviceLogError::Broken);
    // An entry that was left out.
    let entries = [genesis(1), add(&longer, 1, 3)];
    assert_eq!(DeviceLog::verify(&entries), Err(DeviceLogError::Broken));
    // A second genesis.
    refused(&log, &genesis(1), DeviceLogError::Broken);
    let change = Change::Genesis { device: device(5), recovery_key: public(5) };
    refused(&log, &entry(&log, by(1), 1, change, None), DeviceLogError::Change);
}

#[test]
fn p4_the_log_of_another_account_is_refused() {
    let (ada, eve) = (log(1), log(2));
    let served = DeviceLog::verify_for(&ada.account(), eve.entries());
    assert_eq!(served, Err(DeviceLogError::WrongAccount));
    assert_eq!(DeviceLog::verify_for(&AccountId([0; 32]), ada.entries()), Err(DeviceLogError::WrongAccount));
    assert_eq!(ada.clone().advance_to(eve), Err(DeviceLogError::WrongAccount));
    assert_eq!(DeviceLog::verify(&[]), Err(DeviceLogError::Empty));
}

#[test]
fn p4_a_fork_or_a_rollback_is_refused() {
    let start = log(1);
    let mut seen = start.clone();
    seen.append(&add(&start, 1, 2)).unwrap();
    let mut fork = start.clone();
    fork.append(&add(&start, 1, 3)).unwrap();
    let mut longer_fork = fork.clone();
    longer_fork.append(&add(&fork, 1, 4)).unwrap();
    let mut newer = seen.clone();
    newer.append(&remove(&seen, 1, 2)).unwrap();

    for contradiction in [&start, &fork, &longer_fork] {
        let mut mine = seen.clone();
        assert_eq!(mine.advance_to(contradiction.clone()), Err(DeviceLogError::Forked));
        assert_eq!(mine, seen);
        assert!(!contradiction.contains(&seen.head()), "gossip shows it");
    }
    let mut mine = seen.clone();
    mine.advance_to(seen.clone()).unwrap();
    mine.advance_to(newer.clone()).unwrap();
    assert_eq!(mine, newer);
    assert!(newer.contains(&seen.head()) && newer.contains(&start.head()));
    assert!(!newer.contains(&LogHead { length: 0, hash: EntryHash([0; 32]) }));
    assert!(!newer.contains(&LogHead { length: 9, hash: newer.head().hash }));
}

#[test]
fn an_account_has_so_many_devices_at_one_time_and_no_more() {
    let mut log = log(1);
    for seed in 2..=u8::try_from(MAX_DEVICES).unwrap() {
        log.append(&add(&log, 1, seed)).unwrap();
    }
    refused(&log, &add(&log, 1, 100), DeviceLogError::Full);
    log.append(&remove(&log, 1, 5)).unwrap();
    log.append(&add(&log, 1, 100)).unwrap();
}

#[test]
fn impossible_changes_are_refused() {
    let log = log(1);
    refused(&log, &remove(&log, 1, 9), DeviceLogError::Change);
    refused(&log, &add(&log, 1, 1), DeviceLogError::Change);
}

#[test]
fn what_is_not_an_entry_is_refused_with_a_reason() {
    let log = log(1);
    let honest = add(&log, 1, 2);
    let with = |body: Vec<u8>| SignedEntry { body: Bytes::new(body).unwrap(), ..honest.clone() };
    refused(&log, &with(vec![]), DeviceLogError::Malformed);
    refused(&log, &with(vec![1]), DeviceLogError::Malformed);
    refused(&log, &with([&*honest.body, &[0]].concat()), DeviceLogError::Malformed);
    let mut newer = honest.body.to_vec();
    newer[0] = 2;
    refused(&log, &with(newer), DeviceLogError::Version(2));
}

#[test]
fn the_bytes_and_hashes_of_a_log_are_pinned() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    log.append(&roll_back(&log, 2, 2)).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let lines: Vec<String> = log
        .entries()
        .iter()
        .map(|entry| {
            let counter = entry.counter_signature.map_or_else(String::new, |signature| hex(&signature.0));
            let (body, signature) = (hex(&entry.body), hex(&entry.signature.0));
            format!("body {body}\nsignature {signature}\ncounter {counter}\nhash {}\n", hex(&entry.hash().0))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn p4_only_a_device_itself_says_that_it_was_rolled_back() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    refused(&log, &roll_back(&log, 1, 2), DeviceLogError::Unauthorised);
    refused(&log, &roll_back(&log, 3, 3), DeviceLogError::Unauthorised);
    let by_recovery = entry(&log, Author::Recovery, RECOVERY, Change::RolledBack(device(2).id), None);
    refused(&log, &by_recovery, DeviceLogError::Unauthorised);
    let counter_signed = entry(&log, by(2), 2, Change::RolledBack(device(2).id), Some(2));
    refused(&log, &counter_signed, DeviceLogError::Signature);
    let before = log.clone();
    for device in [2, 1, 2] {
        log.append(&roll_back(&log, device, device)).unwrap();
    }
    assert_eq!(log.all_devices(), before.all_devices(), "nothing else is changed");
    assert_eq!(log.recovery_key(), before.recovery_key());
    assert_eq!(log.last_author(), Some(device(1).id), "who added the second device");
    let since = |count| log.rolled_back_since(count).collect::<Vec<_>>();
    assert_eq!(since(0), [2, 1, 2].map(|seed| device(seed).id));
    assert_eq!(since(3), [1, 2].map(|seed| device(seed).id));
    assert_eq!(since(5), []);
}

#[test]
fn p4_a_genesis_has_nothing_before_it_and_no_second_signature() {
    let plain = genesis(1);
    let body = plain.parse().unwrap();
    let with_previous = Body { previous: Some(plain.hash()), ..body };
    for wrong in [
        SignedEntry::sign(&with_previous, &key(1), None).unwrap(),
        SignedEntry::sign(&body, &key(1), Some(&key(1))).unwrap(),
    ] {
        assert_eq!(DeviceLog::verify(&[wrong]), Err(DeviceLogError::Broken));
    }
    assert!(DeviceLog::verify(&[plain]).is_ok());
}

fn replace(log: &DeviceLog, author: Author, signer: u8, recovery: u8) -> SignedEntry {
    entry(log, author, signer, Change::ReplaceRecoveryKey(public(recovery)), None)
}

/// A thief has one of the account's devices, and signs whatever is taken: with that device, and with every device that it
/// lets in. Ids that were used are not taken again, so that each has a number of its own.
struct Thief {
    log: DeviceLog,
    mine: Vec<SigningKey>,
    let_in: u32,
}

impl Thief {
    fn record(number: u32, key: &SigningKey) -> DeviceRecord {
        let mut id = [0xEE; 16];
        id[..4].copy_from_slice(&number.to_be_bytes());
        let key = VerifyingKeyBytes(key.verifying_key().to_bytes());
        DeviceRecord { id: DeviceId(id), key, inbox: CapabilityHash([0; 32]) }
    }

    fn author(&self, key: &SigningKey) -> Option<Author> {
        let key = VerifyingKeyBytes(key.verifying_key().to_bytes());
        self.log.devices().find(|device| device.key == key).map(|device| Author::Device(device.id))
    }

    fn sign(&mut self, by: &SigningKey, change: Change, added: Option<&SigningKey>) -> bool {
        let Some(author) = self.author(by) else { return false };
        let body = Body { previous: Some(self.log.head().hash), created: UnixMillis(2), author, change };
        self.log.append(&SignedEntry::sign(&body, by, added).unwrap()).is_ok()
    }

    /// Lets one more in, by any of the devices that it has.
    fn let_one_in(&mut self) -> bool {
        self.let_in += 1;
        let mut seed = [0xEE; 32];
        seed[..4].copy_from_slice(&self.let_in.to_be_bytes());
        let key = SigningKey::from_bytes(&seed);
        let change = Change::AddDevice(Self::record(self.let_in, &key));
        let done = self.mine.clone().iter().any(|by| self.sign(by, change, Some(&key)));
        if done {
            self.mine.push(key);
        }
        done
    }

    /// Fills the log with what each of its devices is allowed to write; whether anything went in.
    fn fill(&mut self) -> bool {
        let before = self.log.entries().len();
        for key in self.mine.clone() {
            let mut number = 0;
            while self.sign(&key, Change::ReplaceRecoveryKey(public(number % 2)), None) {
                number += 1;
            }
        }
        self.log.entries().len() > before
    }

    /// Takes its own devices out but the first, so that others can come.
    fn take_out(&mut self) {
        let Some(first) = self.mine.first().cloned() else { return };
        for key in self.mine.split_off(1) {
            if let Some(Author::Device(id)) = self.author(&key) {
                self.sign(&first, Change::RemoveDevice(id), None);
            }
        }
    }
}

#[test]
fn p10_a_device_that_fills_the_log_is_removed_all_the_same() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    let mut thief = Thief { log, mine: vec![key(2)], let_in: 0 };
    loop {
        let mut more = false;
        while thief.let_one_in() {
            more = true;
        }
        if !(thief.fill() | more) {
            break;
        }
        thief.take_out();
    }
    while thief.let_one_in() {}
    let mut log = thief.log;
    assert!(log.entries().len() > MAX_DEVICE_LOG / 2, "it wrote whatever it could");
    let theirs: Vec<DeviceId> =
        log.devices().map(|device| device.id).filter(|id| *id != device(1).id).collect();
    for id in theirs {
        log.append(&entry(&log, by(1), 1, Change::RemoveDevice(id), None)).unwrap();
    }
    assert_eq!(log.devices().count(), 1, "the one that was not stolen");
    assert!(log.entries().len() <= MAX_DEVICE_LOG);
}

#[test]
fn p10_the_phrase_has_room_in_a_log_that_devices_filled() {
    let mut log = log(1);
    let device_room = MAX_DEVICE_LOG - PHRASE_ROOM;
    let mut seed = 1;
    // Each device writes what it may, and is removed by the next one.
    while log.entries().len() + 2 < device_room {
        let author = log.devices().next().unwrap().id.0[0];
        if log.append(&roll_back(&log, author, author)).is_err() {
            seed += 1;
            assert_eq!(
                log.append(&add(&log, author, seed)),
                Err(DeviceLogError::Full),
                "{author} wrote its share"
            );
            let rescue = entry(&log, Author::Recovery, RECOVERY, Change::AddDevice(device(seed)), Some(seed));
            log.append(&rescue).unwrap();
            log.append(&remove(&log, seed, author)).unwrap();
        }
    }
    let last = log.devices().next().unwrap().id.0[0];
    while log.append(&roll_back(&log, last, last)).is_ok() {}
    refused(&log, &add(&log, last, 150), DeviceLogError::Full);
    let back = entry(&log, Author::Recovery, RECOVERY, Change::AddDevice(device(150)), Some(150));
    log.append(&back).unwrap();
    log.append(&remove(&log, 150, last)).unwrap();
    log.append(&replace(&log, by(150), 150, 151)).unwrap();
    assert_eq!(log.recovery_key(), public(151));
}

#[test]
fn p10_one_author_writes_so_many_entries_and_no_more() {
    let mut log = log(1);
    log.append(&add(&log, 1, 2)).unwrap();
    for _ in 0..MAX_BY_AUTHOR {
        log.append(&roll_back(&log, 2, 2)).unwrap();
    }
    for entry in [roll_back(&log, 2, 2), add(&log, 2, 3), replace(&log, by(2), 2, 201)] {
        refused(&log, &entry, DeviceLogError::Full);
    }
    // Others go on, and what it may always do is to take a device out.
    log.append(&add(&log, 1, 3)).unwrap();
    log.append(&remove(&log, 2, 3)).unwrap();
    for number in 0..MAX_BY_AUTHOR {
        let added = u8::try_from(10 + number).unwrap();
        log.append(&entry(&log, Author::Recovery, RECOVERY, Change::AddDevice(device(added)), Some(added)))
            .unwrap();
        log.append(&remove(&log, 1, added)).unwrap();
    }
    let one_more = entry(&log, Author::Recovery, RECOVERY, Change::AddDevice(device(100)), Some(100));
    refused(&log, &one_more, DeviceLogError::Full);
    log.append(&replace(&log, by(1), 1, 201)).unwrap();
    let by_the_next = entry(&log, Author::Recovery, 201, Change::AddDevice(device(100)), Some(100));
    log.append(&by_the_next).unwrap();
}

#[test]
fn p10_an_entry_that_changes_nothing_is_refused() {
    let log = log(1);
    refused(&log, &replace(&log, by(1), 1, RECOVERY), DeviceLogError::Change);
    refused(&log, &replace(&log, Author::Recovery, RECOVERY, RECOVERY), DeviceLogError::Change);
}

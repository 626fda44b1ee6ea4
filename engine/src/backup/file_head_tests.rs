//! What opens a backup file, and what does not.

use parley_protocol::device_log::{Author, Body, Change, DeviceRecord};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::account::Account;
use crate::backup::items::tests::text;
use crate::backup::{ChunkWriter, FileReader, Item};

/// An account with its device's key and its phrase.
struct Owner {
    account: Account,
    key: SigningKey,
    random: MlsRandom,
}

fn owner(number: u8) -> Owner {
    let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(u64::from(number)));
    let key = SigningKey::from_bytes(&[number; 32]);
    let username = Username::parse("ada").unwrap();
    let account = Account::create(UnixMillis(1_000), &random, &key, "Ada".into(), username).unwrap();
    Owner { account, key, random }
}

impl Owner {
    fn head(&self, items: &[Item]) -> (FileHead, Vec<u8>) {
        let mut writer = ChunkWriter::new(DataKey::new([3; 32]));
        assert!(items.iter().all(|item| writer.push(item)));
        let (stream, chunks) = writer.finish();
        let head = FileHead {
            account: self.account.id,
            device: self.account.device,
            entries: self.account.entries.clone(),
            made: UnixMillis(2_000),
            name: "Ada".into(),
            username: self.account.username.clone(),
            contents: Contents { chunks: 2, messages: 4, chats: 1 },
            logs: Table::new(),
            stream,
        };
        (head, chunks)
    }

    fn seal(&self, head: &FileHead) -> Vec<u8> {
        let address = self.account.recovery.backup_address();
        head.seal(&self.random, &address, &DataKey::new([4; 32]), &self.key).unwrap()
    }

    fn file(&self) -> Vec<u8> {
        let items: Vec<Item> = (0..4).map(|number| text(number, 60_000)).collect();
        let (head, chunks) = self.head(&items);
        [self.seal(&head), chunks].concat()
    }

    fn phrase(&self) -> Opener {
        Opener::Phrase(self.account.recovery.clone())
    }
}

fn read(bytes: &[u8], opener: Opener) -> Result<usize, FileError> {
    let mut reader = FileReader::new(opener);
    let mut found = 0;
    for part in bytes.chunks(999) {
        found += reader.push(part)?.len();
    }
    let (_, last, _) = reader.finish()?;
    Ok(found + last.len())
}

#[test]
fn the_format_is_pinned_and_a_file_comes_back() {
    let ada = owner(1);
    let file = ada.file();
    assert_eq!(read(&file, ada.phrase()), Ok(4));
    assert_eq!(read(&file, Opener::Key(DataKey::new([4; 32]))), Ok(4));
    let digest = crate::hex(&Sha256::digest(&file));
    insta::assert_snapshot!(format!("{}\n{digest} of {}", crate::hex(&file[..32]), file.len()));
}

#[test]
fn p1_only_the_phrase_opens_a_file_and_each_failure_has_its_own_name() {
    let (ada, file) = (owner(1), owner(1).file());
    let other = RecoverySeed::new([9; 32]);
    assert_eq!(read(&file, Opener::Phrase(other)), Err(FileError::Phrase));
    let changed = |place: usize, to: u8| {
        let mut changed = file.clone();
        changed[place] = to;
        read(&changed, ada.phrase())
    };
    assert_eq!(changed(0, b'p'), Err(FileError::Other));
    assert_eq!(changed(8, VERSION + 1), Err(FileError::Newer));
    assert_eq!(changed(8, 0), Err(FileError::Damaged));
    assert_eq!(changed(9, 0xFF), Err(FileError::Damaged), "a length that no head has");
    for place in [14, FIXED + 5, FIXED + WRAPPED + 30] {
        assert_eq!(changed(place, file[place] ^ 1), Err(FileError::Damaged), "damaged at {place}");
    }
    for cut in [9, FIXED, FIXED + 100, FIXED + WRAPPED] {
        assert_eq!(read(&file[..cut], ada.phrase()), Err(FileError::Damaged), "cut at {cut}");
    }
    assert_eq!(read(b"", ada.phrase()), Err(FileError::Other));
    assert_eq!(read(b"%PDF-1.7 and so on, some other file", ada.phrase()), Err(FileError::Other));
}

#[test]
fn p1_a_file_says_nothing_of_its_account_to_who_has_no_phrase() {
    let (ada, file) = (owner(1), owner(1).file());
    for secret in [ada.account.id.as_bytes().as_slice(), b"Ada", b"xxxxxxxx", &ada.account.device.0] {
        assert!(!file.windows(secret.len()).any(|part| part == secret));
    }
}

#[test]
fn p2_a_file_that_no_device_of_the_account_signed_is_refused() {
    let (ada, mallory) = (owner(1), owner(2));
    let address = ada.account.recovery.backup_address();
    let forge = |head: &FileHead, key: &SigningKey| {
        let sealed = head.seal(&mallory.random, &address, &DataKey::new([5; 32]), key).unwrap();
        read(&sealed, ada.phrase())
    };
    let (own, _) = mallory.head(&[]);
    assert_eq!(forge(&own, &mallory.key), Err(FileError::Forged), "her own account, for Ada's phrase");
    let (honest, _) = ada.head(&[]);
    assert_eq!(forge(&honest, &mallory.key), Err(FileError::Forged), "Ada's head, under her own key");
    let unknown = FileHead { device: mallory.account.device, ..honest.clone() };
    assert_eq!(
        forge(&unknown, &mallory.key),
        Err(FileError::Forged),
        "a device that Ada's log does not name"
    );
    let taken = FileHead { entries: mallory.account.entries.clone(), ..honest };
    assert_eq!(forge(&taken, &mallory.key), Err(FileError::Forged), "another log");
}

#[test]
fn p2_nobody_puts_chunks_of_their_own_behind_an_honest_head() {
    let (ada, file) = (owner(1), owner(1).file());
    let (head, chunks) = ada.head(&[]);
    let sealed = ada.seal(&head).len();
    let mut writer = ChunkWriter::new(DataKey::new([6; 32]));
    assert!(writer.push(&text(9, 10)));
    let forged = [&file[..sealed], &writer.finish().1].concat();
    assert_eq!(read(&forged, ada.phrase()), Ok(0), "nothing of it opens");
    // Those of another file of hers neither: each has a key of its own.
    assert!(chunks.len() < file.len());
}

#[test]
fn p2_a_removed_device_writes_no_file_for_the_account() {
    let ada = owner(1);
    let second = SigningKey::from_bytes(&[7; 32]);
    let record = DeviceRecord {
        id: DeviceId([8; 16]),
        key: parley_protocol::device_log::VerifyingKeyBytes(second.verifying_key().to_bytes()),
        inbox: ada.account.inbox.hash(),
    };
    let mut log = ada.account.log().unwrap();
    let mut change = |created: u64, change: Change, added: Option<&SigningKey>| {
        let author = Author::Device(ada.account.device);
        let body = Body { previous: Some(log.head().hash), created: UnixMillis(created), author, change };
        log.append(&SignedEntry::sign(&body, &ada.key, added).unwrap()).unwrap();
        log.clone()
    };
    let added = change(1_500, Change::AddDevice(record), Some(&second));
    let removed = change(3_000, Change::RemoveDevice(record.id), None);
    let (head, _) = ada.head(&[]);
    let of_second = |log: &DeviceLog, made: u64| FileHead {
        device: record.id,
        entries: log.entries().to_vec(),
        made: UnixMillis(made),
        ..head.clone()
    };
    let open = |head: &FileHead| {
        let address = ada.account.recovery.backup_address();
        let sealed = head.seal(&ada.random, &address, &DataKey::new([4; 32]), &second).unwrap();
        FileHead::open(&sealed, &ada.phrase())
    };
    assert!(open(&of_second(&removed, 2_000)).is_err(), "its own log says that it is removed");
    let while_it_was = open(&of_second(&added, 2_000)).unwrap();
    assert_eq!(while_it_was.compare(&added), Ok(false));
    assert_eq!(while_it_was.compare(&removed), Ok(true), "read, and said to be of a device that was removed");
    let later = open(&of_second(&added, 3_001 + CLOCKS)).unwrap();
    assert_eq!(later.compare(&removed), Err(FileError::Forged), "written after it was removed");
    assert_eq!(head.compare(&removed), Ok(false));
    let other = owner(2).account.log().unwrap();
    assert_eq!(head.compare(&other), Err(FileError::Forged), "the account was forked");
}

proptest! {
    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes: Vec<u8>, begun: bool) {
        let begin: &[u8] = if begun { b"PARLEYBK\x01\0\0\0" } else { b"" };
        let seed = RecoverySeed::new([1; 32]);
        prop_assert!(read(&[begin, &bytes].concat(), Opener::Phrase(seed)).is_err());
    }

    #[test]
    fn a_file_with_one_changed_byte_gives_no_more_than_it_had(place in 0..200_000_usize, bits in 1..=255_u8) {
        let mut file = owner(1).file();
        let place = place % file.len();
        file[place] ^= bits;
        match read(&file, owner(1).phrase()) {
            // Two of these messages are in a chunk.
            Ok(found) => prop_assert!(found == 2, "damage costs its own chunk"),
            Err(error) => prop_assert!(error != FileError::Forged, "damage is not called a forgery"),
        }
    }
}

#[test]
fn what_stands_before_a_head_is_bounded_and_tells_the_version() {
    let end = |version: u8, length: u32| {
        let mut fixed = [0; FIXED];
        fixed[..8].copy_from_slice(MAGIC);
        fixed[8] = version;
        fixed[9..13].copy_from_slice(&length.to_be_bytes());
        FileHead::end(&fixed)
    };
    assert_eq!((FIXED, MAX_REST, FLOOR, CLOCKS), (21, 2_097_152, 1_024, 86_400_000));
    assert_eq!(end(VERSION, 0), Ok(21));
    assert_eq!(end(VERSION, 2_097_152), Ok(21 + 2_097_152));
    assert_eq!(end(VERSION, 2_097_153), Err(FileError::Damaged), "nobody's memory is taken by a number");
    assert_eq!(end(VERSION + 1, 0), Err(FileError::Newer));
    assert_eq!(end(VERSION - 1, 0), Err(FileError::Damaged));
    assert_eq!(FileHead::end(&[0; FIXED]), Err(FileError::Other));
}

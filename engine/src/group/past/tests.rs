use super::*;
use crate::group::fixtures::{Account, key};

const GROUP: GroupId = GroupId([7; 16]);
const LOG: LogId = LogId([3; 16]);

fn era(number: u8) -> GroupEra {
    GroupEra::new([number; 32], UnixMillis(0))
}

fn kept(author: &Account) -> Kept {
    let (account, device) = (author.id(), author.leaf(1).device);
    let (id, time, epoch) = (MessageId([4; 16]), UnixMillis(900), Epoch(5));
    let part = Part::of_text("hello".to_owned());
    let signed = Signed { group: GROUP, account, device, id, time, epoch, part: &part };
    let proof = signed.sign(&key(author.number, 1));
    Kept { account, device, proof, id, time, part }
}

fn entry(kept: &Kept) -> Vec<u8> {
    let sealed = kept.seal(&era(1), LOG, Epoch(5), &[9; 24]);
    KeptEntry::write(b"mls", &sealed).unwrap()
}

#[test]
fn the_format_is_pinned_and_comes_back() {
    let bytes = entry(&kept(&Account::new(1, 1)));
    insta::assert_snapshot!(crate::hex(&bytes));
    let read = KeptEntry::read(&bytes).unwrap();
    assert_eq!(read.message, b"mls");
    insta::assert_snapshot!(crate::hex(&read.hash()));
    assert_eq!(read.open(&era(1), LOG, Epoch(5)), Ok(kept(&Account::new(1, 1))));
}

#[test]
fn p1_it_opens_only_in_its_era_its_log_and_its_epoch() {
    let bytes = entry(&kept(&Account::new(1, 1)));
    let open = |bytes: &[u8], era: &GroupEra, log, epoch| {
        KeptEntry::read(bytes).and_then(|entry| entry.open(era, log, epoch).ok())
    };
    assert!(open(&bytes, &era(2), LOG, Epoch(5)).is_none());
    assert!(open(&bytes, &era(1), LogId([4; 16]), Epoch(5)).is_none());
    assert!(open(&bytes, &era(1), LOG, Epoch(6)).is_none());
    for index in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[index] ^= 1;
        let same = index == 5 || index == 6 || index == 7;
        assert_eq!(open(&flipped, &era(1), LOG, Epoch(5)).is_some(), same, "byte {index}");
        assert!(open(&bytes[..index], &era(1), LOG, Epoch(5)).is_none(), "cut at {index}");
    }
    assert!(KeptEntry::read(&[0, 1, 0, 2]).is_none(), "an MLS message");
}

/// R6: one ciphertext with two meanings would show members one text and who comes later another one.
#[test]
fn r6_a_kept_message_commits_to_its_key() {
    let sealed = kept(&Account::new(1, 1)).seal(&era(1), LOG, Epoch(5), &[9; 24]);
    let mut other = sealed.clone();
    other[0] ^= 1;
    assert_ne!(hash_of(&sealed), hash_of(&other));
    assert!(Kept::open(&era(1), LOG, Epoch(5), &other).is_err());
}

#[test]
fn h1_a_message_that_is_handed_on_is_its_authors() {
    let (ada, bob) = (Account::new(1, 1), Account::new(2, 1));
    let past = |kept| PastMessage::at(kept, LOG, Seq(3), UnixMillis(950));
    let message = past(kept(&ada));
    assert!(message.is_by(GROUP, &ada.log) && !message.is_by(GROUP, &bob.log));
    assert!(!message.is_by(GroupId([8; 16]), &ada.log), "of another group");
    let changes: [fn(&mut PastMessage); 5] = [
        |it| it.part = Part::of_text("other".to_owned()),
        |it| it.time = UnixMillis(1),
        |it| it.id = MessageId([5; 16]),
        |it| it.proof.epoch = Epoch(6),
        |it| it.account = Account::new(2, 1).id(),
    ];
    for change in changes {
        let mut altered = message.clone();
        change(&mut altered);
        assert!(!altered.is_by(GROUP, &ada.log) && !altered.is_by(GROUP, &bob.log));
    }
    // The place rests on who hands it on; it is not after the newcomer came.
    assert_eq!(message.into_message(UnixMillis(500)).stored, UnixMillis(500));
}

//! Backup files that are damaged, cut short, stolen or forged.

use parley_engine::view::{Command, CommandError, FileError, PhraseError, Reply, Share};

use super::devices::link_with;
use super::files::{elsewhere, number_of, restore, save, shown, talkers};
use super::recovery::{recover, recovery, write_down};

/// The length of all chunks but the last.
const CHUNK: usize = 128 * 1024;

#[test]
fn p9_a_damaged_chunk_costs_itself_and_what_is_missing_is_said() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let count = (file.bytes.len() - file.head).div_ceil(CHUNK);
    assert!(count >= 4, "{count}");
    let (mut other, carol) = elsewhere();
    let all = restore(&mut other, carol, &file.bytes, &phrase).unwrap().messages;
    for chunk in 0..count {
        let mut damaged = file.bytes.clone();
        damaged[file.head + chunk * CHUNK + 1_000] ^= 1;
        let (mut other, carol) = elsewhere();
        let report = restore(&mut other, carol, &damaged, &phrase).unwrap();
        assert!(!report.is_whole() && report.missing > 0, "chunk {chunk}: {report:?}");
        assert_eq!(report.added + report.missing, all, "chunk {chunk}");
        assert_eq!(report.damaged + u64::from(report.cut), 1, "chunk {chunk}");
        assert_eq!(number_of(&shown(&mut other, carol)), report.added);
        // The whole file restores the rest.
        let rest = restore(&mut other, carol, &file.bytes, &phrase).unwrap();
        assert_eq!(rest.added, report.missing);
    }
}

#[test]
fn p9_a_file_that_was_cut_gives_what_is_whole_and_says_so() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let (mut other, carol) = elsewhere();
    let mut had = 0;
    for cut in (file.head..file.bytes.len()).step_by(9_001) {
        let report = restore(&mut other, carol, &file.bytes[..cut], &phrase).unwrap();
        assert!(report.cut && !report.is_whole(), "cut at {cut}");
        assert!(report.missing > 0 && report.missing <= report.messages, "cut at {cut}");
        had += report.added;
        assert_eq!(had + report.missing, report.messages, "cut at {cut}: what is whole is here");
    }
    for cut in [file.head - 1, file.head / 2, 30, 9] {
        let error = restore(&mut other, carol, &file.bytes[..cut], &phrase).unwrap_err();
        assert_eq!(error, CommandError::File(FileError::Damaged), "cut at {cut}");
    }
    let report = restore(&mut other, carol, &file.bytes, &phrase).unwrap();
    assert_eq!(had + report.added, report.messages);
}

#[test]
fn p1_a_stolen_file_without_the_phrase_opens_nothing() {
    let (mut world, ada, bob, phrase) = talkers();
    let file = save(&mut world, ada);
    for secret in ["from Ada 7", "xxxxxxxx"] {
        assert!(!file.bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret}");
    }
    let own = write_down(&mut world, bob, Command::ShowPhrase);
    let before = shown(&mut world, bob);
    let refused = restore(&mut world, bob, &file.bytes, &own).unwrap_err();
    assert_eq!(refused, CommandError::File(FileError::Phrase));
    let words = phrase.split(' ').skip(1).collect::<Vec<_>>().join(" ");
    let refused = restore(&mut world, bob, &file.bytes, &words).unwrap_err();
    assert_eq!(refused, CommandError::Phrase(PhraseError::Count(23)));
    assert_eq!(shown(&mut world, bob), before, "and nothing of his is lost");
}

#[test]
fn p9_what_is_no_whole_file_is_refused_by_name_and_changes_nothing() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    let changed = |place: usize, to: u8| {
        let mut changed = file.bytes.clone();
        changed[place] = to;
        changed
    };
    let refused = [
        (Vec::new(), FileError::Other),
        (b"GIF89a, or whatever somebody chose".to_vec(), FileError::Other),
        (changed(0, b'x'), FileError::Other),
        (changed(8, 2), FileError::Newer),
        (changed(200, file.bytes[200] ^ 1), FileError::Damaged),
    ];
    for (bytes, error) in refused {
        let found = restore(&mut world, ada, &bytes, &phrase).unwrap_err();
        assert_eq!(found, CommandError::File(error), "{error}");
        assert_eq!(shown(&mut world, ada), before);
    }
    assert!(recovery(&world, ada).backed_up.is_some());
}

#[test]
fn p2_a_file_of_a_device_that_was_removed_before_is_refused() {
    let (mut world, ada, _, phrase) = talkers();
    let second = link_with(&mut world, ada, Share::All);
    for _ in 0..6 {
        world.settle();
    }
    // The device is stolen: nobody tells it of its removal, and it goes on saving files.
    world.disconnect(second);
    let stolen =
        world.devices[second].account.as_ref().unwrap().devices.iter().find(|it| it.this).unwrap().id;
    assert_eq!(world.ask(ada, Command::RemoveDevice(stolen)), Reply::Done);
    world.pass(3 * 24 * 60 * 60 * 1000);
    let file = save(&mut world, second);
    let before = shown(&mut world, ada);
    let refused = restore(&mut world, ada, &file.bytes, &phrase).unwrap_err();
    assert_eq!(refused, CommandError::File(FileError::Forged));
    assert_eq!(shown(&mut world, ada), before);
}

#[test]
fn p4_a_file_of_a_removed_device_verifies_nobody() {
    let (mut world, ada, _, phrase) = talkers();
    let chat = world.only_conversation(ada);
    world.ask(ada, Command::SetVerified { conversation: chat, verified: true });
    world.ask(ada, Command::SetBackup(false));
    world.settle();
    let file = save(&mut world, ada);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    assert!(restore(&mut world, new, &file.bytes, &phrase).unwrap().removed);
    assert!(!world.devices[new].conversations[&chat].verified, "who stole it may have made the contact up");
}

//! Backup files: saved on one device, restored on another, on another account, and on another relay.

use parley_engine::view::{Command, CommandError, FileReport, Reply, Share, Typed};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::link_with;
use super::recovery::{one_step, pair, recover, recovery, write_down};

/// The length of the pieces in which a page gives a file to its worker.
const PIECE: usize = 200_000;

/// A saved and checked file.
pub(crate) struct Saved {
    pub(crate) bytes: Vec<u8>,
    /// The position at which its chunks begin.
    pub(crate) head: usize,
}

fn parts(world: &mut World, index: DeviceIndex) -> Saved {
    assert_eq!(world.ask(index, Command::SaveFile), Reply::Done);
    let mut chunks = Vec::new();
    for number in 0.. {
        let Reply::FilePart(part) = world.ask(index, Command::NextFilePart(number)) else {
            panic!("no part")
        };
        assert!(part.bytes.len() <= 640 * 1024, "memory holds little of it");
        if part.head {
            assert_eq!(part.done, part.of);
            return Saved { head: part.bytes.len(), bytes: [part.bytes, chunks].concat() };
        }
        chunks.extend(part.bytes);
    }
    unreachable!()
}

pub(crate) fn give(world: &mut World, index: DeviceIndex, bytes: &[u8]) -> Result<FileReport, CommandError> {
    let mut pieces: Vec<&[u8]> = bytes.chunks(PIECE).collect();
    if pieces.is_empty() {
        pieces.push(&[]);
    }
    let mut at = 0;
    for (number, piece) in pieces.iter().enumerate() {
        let last = number + 1 == pieces.len();
        match world.ask(index, Command::TakeFilePart { at, bytes: piece.to_vec(), last }) {
            Reply::Done => assert!(!last),
            Reply::File(report) if last => return Ok(report),
            Reply::Failed(error) => return Err(error),
            other => panic!("{other:?}"),
        }
        at += number_of(piece);
    }
    unreachable!()
}

pub(crate) fn save(world: &mut World, index: DeviceIndex) -> Saved {
    let saved = parts(world, index);
    assert_eq!(world.ask(index, Command::CheckFile), Reply::Done);
    let report = give(world, index, &saved.bytes).expect("it is whole");
    assert!(report.is_whole() && report.added == 0, "{report:?}");
    saved
}

pub(crate) fn restore_command(phrase: &str) -> Command {
    Command::RestoreFile { phrase: Typed(phrase.to_owned()) }
}

pub(crate) fn restore(
    world: &mut World,
    index: DeviceIndex,
    bytes: &[u8],
    phrase: &str,
) -> Result<FileReport, CommandError> {
    match world.ask(index, restore_command(phrase)) {
        Reply::Done => {}
        Reply::Failed(error) => return Err(error),
        other => panic!("{other:?}"),
    }
    let report = give(world, index, bytes);
    world.settle();
    report
}

/// Ada and Bob as in [`pair`], with so many messages that a file has several chunks.
pub(crate) fn talkers() -> (World, DeviceIndex, DeviceIndex, String) {
    let (mut world, ada, bob, there, back, phrase) = pair();
    for number in 0..9 {
        let (who, chat) = if number % 2 == 0 { (ada, there) } else { (bob, back) };
        world.send(who, chat, &format!("long {number} {}", "x".repeat(50_000)));
        world.settle();
    }
    (world, ada, bob, phrase)
}

/// The contents of a device's only chat, in short.
pub(crate) fn shown(world: &mut World, index: DeviceIndex) -> Vec<String> {
    let chat = world.only_conversation(index);
    world.texts(index, chat).iter().map(|text| text.chars().take(20).collect()).collect()
}

pub(crate) fn number_of<T>(things: &[T]) -> u64 {
    u64::try_from(things.len()).unwrap()
}

/// A person with an account on another relay.
pub(crate) fn elsewhere() -> (World, DeviceIndex) {
    let mut world = World::new(99);
    let carol = world.add_person("Carol");
    (world, carol)
}

#[test]
fn a_file_needs_a_phrase_that_is_written_down() {
    let mut world = World::new(1);
    let ada = world.add_person("Ada");
    assert_eq!(world.ask(ada, Command::SaveFile), Reply::Failed(CommandError::NoPhrase));
    assert_eq!(world.ask(ada, Command::NextFilePart(0)), Reply::Failed(CommandError::FileOver));
    assert_eq!(world.ask(ada, Command::CheckFile), Reply::Failed(CommandError::FileOver));
    let part = Command::TakeFilePart { at: 0, bytes: vec![], last: true };
    assert_eq!(world.ask(ada, part), Reply::Failed(CommandError::FileOver));
    let new = world.add_device();
    assert_eq!(world.ask(new, restore_command("a")), Reply::Failed(CommandError::NoAccount));
}

#[test]
fn p5_a_file_adds_to_a_device_what_is_not_there_and_doubles_nothing() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    let report = restore(&mut world, ada, &file.bytes, &phrase).unwrap();
    assert!(report.is_whole() && report.added == 0 && !report.other_account && !report.removed, "{report:?}");
    assert_eq!((report.chats, report.messages), (1, number_of(&before)));
    assert_eq!(shown(&mut world, ada), before, "where everything is, nothing is added");
    let second = link_with(&mut world, ada, Share::Nothing);
    for _ in 0..4 {
        world.settle();
    }
    let fewer = shown(&mut world, second).len();
    assert!(fewer < before.len());
    let report = restore(&mut world, second, &file.bytes, &phrase).unwrap();
    assert_eq!((report.messages, report.missing), (number_of(&before), 0));
    assert_eq!(report.added, number_of(&before[fewer..]));
    assert_eq!(shown(&mut world, second), before);
    assert_eq!(restore(&mut world, second, &file.bytes, &phrase).unwrap().added, 0);
    assert_eq!(shown(&mut world, second), before, "restored twice, nothing is there twice");
}

#[test]
fn p5_a_linked_device_without_the_phrase_saves_a_file_too() {
    let (mut world, ada, _, phrase) = talkers();
    let second = link_with(&mut world, ada, Share::All);
    for _ in 0..6 {
        world.settle();
    }
    let before = shown(&mut world, second);
    let file = save(&mut world, second);
    world.disconnect(second);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    let report = restore(&mut world, new, &file.bytes, &phrase).unwrap();
    assert!(report.removed, "the device that saved it is out of the account now, and that is said");
    assert_eq!(shown(&mut world, new), before);
}

#[test]
fn p5_a_file_brings_everything_back_where_the_relay_has_no_backup() {
    let (mut world, ada, bob, phrase) = talkers();
    assert_eq!(world.ask(ada, Command::SetBackup(false)), Reply::Done);
    world.settle();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    world.disconnect(ada);
    let back = world.only_conversation(bob);
    world.send(bob, back, "after the loss");
    world.settle();
    let new = recover(&mut world, &phrase, true);
    assert!(world.devices[new].conversations.is_empty());
    assert_eq!(recovery(&world, new).lost, 0, "that there is no backup is no damage");
    let report = restore(&mut world, new, &file.bytes, &phrase).unwrap();
    assert_eq!((report.added, report.missing), (number_of(&before), 0));
    for _ in 0..4 {
        world.settle();
    }
    let after = shown(&mut world, new);
    assert_eq!(after[..before.len()], before);
    assert_eq!(after[before.len()..], ["after the loss"], "what came since is asked for");
    let there = world.only_conversation(new);
    world.send(new, there, "I am back");
    world.settle();
    world.send(bob, back, "welcome");
    world.settle();
    assert_eq!(shown(&mut world, new)[before.len()..], ["after the loss", ">I am back", "welcome"]);
    assert_eq!(restore(&mut world, new, &file.bytes, &phrase).unwrap().added, 0);
    assert_eq!(shown(&mut world, new).len(), before.len() + 3, "nothing twice");
    let texts = shown(&mut world, bob);
    assert_eq!(texts.len(), before.len() + 3, "Bob has nothing twice either");
}

#[test]
fn p5_a_file_and_the_relays_backup_together_double_nothing() {
    for older_at_relay in [false, true] {
        let (mut world, ada, bob, phrase) = talkers();
        let back = world.only_conversation(bob);
        if older_at_relay {
            world.send(bob, back, "in the file alone");
            world.settle();
        }
        let file = save(&mut world, ada);
        let before = shown(&mut world, ada);
        world.disconnect(ada);
        world.send(bob, back, "after the loss");
        world.settle();
        let new = recover(&mut world, &phrase, true);
        restore(&mut world, new, &file.bytes, &phrase).unwrap();
        for _ in 0..4 {
            world.settle();
        }
        let after = shown(&mut world, new);
        assert_eq!(after.len(), before.len() + 1, "{after:?}");
        for text in &before {
            assert_eq!(after.iter().filter(|other| *other == text).count(), 1, "{text}");
        }
    }
}

#[test]
fn an_older_file_changes_nothing_that_is_newer() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let chat = world.only_conversation(ada);
    assert_eq!(world.ask(ada, Command::SetVerified { conversation: chat, verified: true }), Reply::Done);
    assert_eq!(world.ask(ada, Command::SetReadReceipts(false)), Reply::Done);
    assert_eq!(world.ask(ada, Command::SetName("Ada L.".into())), Reply::Done);
    let unread = world.devices[ada].conversations[&chat].unread;
    restore(&mut world, ada, &file.bytes, &phrase).unwrap();
    let account = world.devices[ada].account.clone().unwrap();
    assert_eq!((account.name.as_str(), account.read_receipts), ("Ada L.", false));
    assert!(world.devices[ada].conversations[&chat].verified);
    assert_eq!(world.devices[ada].conversations[&chat].unread, unread);
}

#[test]
fn p6_on_another_relay_the_chats_come_as_history_that_can_be_read() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    let (mut other, carol) = elsewhere();
    let report = restore(&mut other, carol, &file.bytes, &phrase).unwrap();
    assert!(report.is_whole() && report.other_account);
    assert_eq!((report.owner.as_str(), report.added), ("Ada", number_of(&before)));
    assert_eq!(shown(&mut other, carol), before);
    let chat = other.only_conversation(carol);
    let view = other.devices[carol].conversations[&chat].clone();
    assert_eq!((view.name.as_str(), view.restored.as_deref()), ("Bob", Some("Ada")));
    assert!(!view.verified, "Carol has compared nothing with Bob");
    let refused = Command::SendText { conversation: chat, text: "hello".into(), over: String::new() };
    assert_eq!(other.ask(carol, refused), Reply::Failed(CommandError::UnknownConversation));
    let shown_contact = other.ask(carol, Command::ShowContact(chat));
    assert_eq!(shown_contact, Reply::Failed(CommandError::UnknownConversation), "Bob is no contact of hers");
    assert_eq!(restore(&mut other, carol, &file.bytes, &phrase).unwrap().added, 0);
    assert_eq!(shown(&mut other, carol), before);
    // The messages are on the disk.
    other.crash(carol);
    other.connect(carol);
    other.settle();
    assert!(matches!(other.ask(carol, Command::Subscribe), Reply::Snapshot(_)));
    assert_eq!(shown(&mut other, carol), before);
    assert_eq!(other.devices[carol].account.as_ref().unwrap().name, "Carol");
}

#[test]
fn a_restored_chat_can_be_deleted_whole_and_restored_again() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    let (mut other, carol) = elsewhere();
    other.crash(carol);
    other.connect(carol);
    other.settle();
    let records = other.devices[carol].disk.records.len();
    restore(&mut other, carol, &file.bytes, &phrase).unwrap();
    let chat = other.only_conversation(carol);
    // A crash in between leaves some messages, to be deleted again.
    other.command(carol, Command::DeleteChat(chat));
    other.disk_step(carol);
    other.crash(carol);
    other.connect(carol);
    other.settle();
    assert_eq!(other.ask(carol, Command::DeleteChat(chat)), Reply::Done);
    assert!(!other.devices[carol].conversations[&chat].listed);
    assert_eq!(other.devices[carol].disk.records.len(), records, "nothing of it is left on the disk");
    let gone = other.ask(carol, Command::DeleteChat(chat));
    assert_eq!(gone, Reply::Failed(CommandError::UnknownConversation));
    assert_eq!(restore(&mut other, carol, &file.bytes, &phrase).unwrap().added, number_of(&before));
    assert_eq!(shown(&mut other, carol), before);
}

#[test]
fn p2_what_another_account_wrote_is_not_shown_as_this_ones() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    // Carol talks to the same Bob, on the same relay.
    let carol = world.add_person("Carol");
    let chat = world.start(carol, "bob");
    world.send(carol, chat, "Carol to Bob");
    world.settle();
    assert!(restore(&mut world, carol, &file.bytes, &phrase).unwrap().other_account);
    assert_eq!(world.devices[carol].conversations.len(), 2);
    assert_eq!(world.texts(carol, chat), [">Carol to Bob"]);
    // A file that Carol saves contains only her own chats.
    write_down(&mut world, carol, Command::ShowPhrase);
    let own = save(&mut world, carol);
    assert!(own.bytes.len() < file.bytes.len() / 2);
}

#[test]
fn p5_a_crash_at_any_step_of_a_restore_loses_and_doubles_nothing() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    for step in 0..24 {
        let (mut other, carol) = elsewhere();
        other.ask(carol, restore_command(&phrase));
        let (first, second) = file.bytes.split_at(PIECE);
        for (at, bytes) in [(0, first), (number_of(first), second)] {
            let part = Command::TakeFilePart { at, bytes: bytes.to_vec(), last: at > 0 };
            other.command(carol, part);
            for _ in 0..step / 2 {
                one_step(&mut other, carol);
            }
        }
        other.crash(carol);
        other.connect(carol);
        other.settle();
        restore(&mut other, carol, &file.bytes, &phrase).unwrap();
        assert_eq!(shown(&mut other, carol), before, "crash after {step} steps");
    }
}

#[test]
fn p5_a_crash_at_any_step_of_a_restore_into_the_account_loses_and_doubles_nothing() {
    for step in 0..12 {
        let (mut world, ada, bob, phrase) = talkers();
        world.ask(ada, Command::SetBackup(false));
        world.settle();
        let file = save(&mut world, ada);
        let before = shown(&mut world, ada);
        world.disconnect(ada);
        let new = recover(&mut world, &phrase, true);
        world.ask(new, restore_command(&phrase));
        let part = Command::TakeFilePart { at: 0, bytes: file.bytes[..PIECE].to_vec(), last: false };
        world.command(new, part);
        for _ in 0..step {
            one_step(&mut world, new);
        }
        world.crash(new);
        world.connect(new);
        world.settle();
        restore(&mut world, new, &file.bytes, &phrase).unwrap();
        assert_eq!(shown(&mut world, new), before, "crash after {step} steps");
        let there = world.only_conversation(new);
        world.send(new, there, "I am back");
        world.settle();
        assert_eq!(shown(&mut world, bob).last().unwrap(), "I am back", "crash after {step} steps");
    }
}

#[test]
fn a_file_that_is_being_saved_when_the_worker_ends_is_begun_anew() {
    let (mut world, ada, _, _) = talkers();
    assert_eq!(world.ask(ada, Command::SaveFile), Reply::Done);
    assert!(matches!(world.ask(ada, Command::NextFilePart(0)), Reply::FilePart(_)));
    world.crash(ada);
    world.connect(ada);
    world.settle();
    assert_eq!(world.ask(ada, Command::NextFilePart(1)), Reply::Failed(CommandError::FileOver));
    save(&mut world, ada);
}

#[test]
fn what_a_file_brings_comes_into_the_relays_backup() {
    let (mut world, ada, _, phrase) = talkers();
    let file = save(&mut world, ada);
    let before = shown(&mut world, ada);
    assert_eq!(world.ask(ada, Command::SetBackup(false)), Reply::Done);
    world.settle();
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    restore(&mut world, new, &file.bytes, &phrase).unwrap();
    for _ in 0..4 {
        world.pass(5 * 60 * 1000);
        world.settle();
    }
    world.disconnect(new);
    let again = recover(&mut world, &phrase, true);
    assert_eq!(shown(&mut world, again), before);
}

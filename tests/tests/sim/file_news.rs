//! What a backup file restores beside messages (name, contacts, deletions), and from which devices it is believed.

use parley_engine::view::{Command, CommandError, Consent, ConversationId, Delivery, Reply, Share};
use parley_tests::sim::{DeviceIndex, World};

use super::deleting::delete;
use super::devices::{device_id, link_with};
use super::files::{restore, restore_command, save};
use super::recovery::{pair, recover};

fn has(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) -> bool {
    world.texts(device, chat).contains(&text.to_owned())
}

#[test]
fn p5_an_account_that_comes_back_by_a_file_has_its_name_settings_and_contacts() {
    let (mut world, ada, _, there, _, phrase) = pair();
    world.ask(ada, Command::SetBackup(false));
    world.ask(ada, Command::SetName("Ada Lovelace".into()));
    world.ask(ada, Command::SetReadReceipts(false));
    world.ask(ada, Command::SetVerified { conversation: there, verified: true });
    world.settle();
    let file = save(&mut world, ada);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    let before = world.devices[new].account.clone().unwrap();
    assert_ne!(before.name, "Ada Lovelace");
    let report = restore(&mut world, new, &file.bytes, &phrase).unwrap();
    assert!(report.removed && report.is_whole(), "{report:?}");
    let account = world.devices[new].account.clone().unwrap();
    assert_eq!((account.name.as_str(), account.read_receipts), ("Ada Lovelace", false));
    let chat = &world.devices[new].conversations[&there];
    assert_eq!(chat.name, "Bob");
    assert!(!chat.verified, "a removed device verifies nobody");
}

/// A person whose account comes back by a file finds their contacts, also those who wrote meanwhile, and not a list of
/// requests.
#[test]
fn p10_whoever_stands_in_the_file_by_which_an_account_comes_back_is_no_stranger() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    world.ask(ada, Command::SetBackup(false));
    world.settle();
    let file = save(&mut world, ada);
    world.disconnect(ada);
    world.send(bob, back, "while Ada was lost");
    world.settle();
    let new = recover(&mut world, &phrase, true);
    world.devices[new].accepts = false;
    world.settle();
    assert!(restore(&mut world, new, &file.bytes, &phrase).unwrap().removed);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.devices[new].conversations[&there].consent, Consent::Granted);
    assert!(has(&mut world, new, there, "while Ada was lost"));
    world.send(bob, back, "and now");
    world.settle();
    assert!(world.delivery(bob, back) >= Delivery::Delivered);
}

/// A deletion that the account has not heard of, in a file of the device that made it.
fn file_with_a_deletion() -> (World, DeviceIndex, DeviceIndex, ConversationId, String, Vec<u8>) {
    let (mut world, ada, _, there, _, phrase) = pair();
    let second = link_with(&mut world, ada, Share::All);
    for _ in 0..4 {
        world.settle();
    }
    world.disconnect(second);
    delete(&mut world, second, there, "from Ada 8");
    let file = save(&mut world, second);
    (world, ada, second, there, phrase, file.bytes)
}

#[test]
fn what_a_device_of_the_account_deleted_is_deleted_by_its_file() {
    let (mut world, ada, _, there, phrase, file) = file_with_a_deletion();
    assert!(has(&mut world, ada, there, ">from Ada 8"));
    assert!(!restore(&mut world, ada, &file, &phrase).unwrap().removed);
    assert!(!has(&mut world, ada, there, ">from Ada 8"));
    assert!(has(&mut world, ada, there, ">from Ada 7"));
}

#[test]
fn p4_a_file_of_a_removed_device_deletes_nothing() {
    let (mut world, ada, second, there, phrase, file) = file_with_a_deletion();
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    assert!(restore(&mut world, ada, &file, &phrase).unwrap().removed);
    assert!(has(&mut world, ada, there, ">from Ada 8"));
}

#[test]
fn pieces_of_a_file_go_in_order_and_a_wrong_one_changes_nothing() {
    let (mut world, ada, _, _, _, phrase) = pair();
    let file = save(&mut world, ada);
    let second = link_with(&mut world, ada, Share::Nothing);
    world.settle();
    assert_eq!(world.ask(second, restore_command(&phrase)), Reply::Done);
    let (first, rest) = file.bytes.split_at(file.bytes.len() / 2);
    let piece = |at: usize, bytes: &[u8], last| Command::TakeFilePart {
        at: u64::try_from(at).unwrap(),
        bytes: bytes.to_vec(),
        last,
    };
    let over = Reply::Failed(CommandError::FileOver);
    assert_eq!(world.ask(second, piece(first.len(), rest, true)), over, "the second before the first");
    assert_eq!(world.ask(second, piece(0, first, false)), Reply::Done);
    assert_eq!(world.ask(second, piece(0, first, false)), over, "the first twice");
    let Reply::File(report) = world.ask(second, piece(first.len(), rest, true)) else { panic!("no report") };
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.messages, 41);
}

/// More messages than the engine reads from the disk at a time, on both sides.
#[test]
fn p5_a_file_holds_and_brings_back_a_long_chat_once() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    for number in 0..450 {
        world.send(bob, back, &format!("number {number}"));
    }
    world.settle();
    let all = world.texts(ada, there);
    assert_eq!(all.len(), 491);
    let file = save(&mut world, ada);
    assert_eq!(restore(&mut world, ada, &file.bytes, &phrase).unwrap().added, 0, "everything is there");
    assert_eq!(world.texts(ada, there), all);
    let second = link_with(&mut world, ada, Share::Nothing);
    world.settle();
    let before = world.texts(second, there).len();
    let report = restore(&mut world, second, &file.bytes, &phrase).unwrap();
    assert_eq!(report.messages, 491);
    assert_eq!(usize::try_from(report.added).unwrap() + before, 491);
    assert_eq!(world.texts(second, there), all);
}

/// The message has been read, and only the file says so.
#[test]
fn a_file_brings_how_far_messages_came() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    let upto = world.history(bob, back).last().unwrap().order;
    world.ask(bob, Command::MarkRead { conversation: back, upto });
    world.settle();
    let states = |world: &mut World, device: DeviceIndex| -> Vec<_> {
        world.history(device, there).iter().map(|message| message.outgoing).collect()
    };
    let before = states(&mut world, ada);
    assert_eq!(before[0], Some(Delivery::Read));
    world.ask(ada, Command::SetBackup(false));
    world.settle();
    let file = save(&mut world, ada);
    world.disconnect(ada);
    world.disconnect(bob);
    let new = recover(&mut world, &phrase, true);
    assert!(restore(&mut world, new, &file.bytes, &phrase).unwrap().is_whole());
    assert_eq!(states(&mut world, new), before);
}

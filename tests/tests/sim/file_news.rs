//! What a backup file brings beside messages: the name, contacts, deletions; and of which devices it is believed.

use parley_engine::view::{BodyView, Command, ConversationId, Reply, Share};
use parley_protocol::ids::DeviceId;
use parley_tests::sim::{DeviceIndex, World};

use super::devices::link_with;
use super::files::{restore, save};
use super::recovery::{pair, recover};

fn delete(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) {
    let history = world.history(device, chat);
    let found = history.iter().find(|message| message.body == BodyView::Text(text.to_owned())).unwrap();
    let (message, order) = (found.id, found.order);
    let delete = Command::DeleteMessage { conversation: chat, message, order };
    assert_eq!(world.ask(device, delete), Reply::Done);
}

fn has(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) -> bool {
    world.texts(device, chat).contains(&text.to_owned())
}

fn id(world: &World, device: DeviceIndex) -> DeviceId {
    let account = world.devices[device].account.as_ref().expect("an account");
    account.devices.iter().find(|device| device.this).expect("this one").id
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
    let gone = id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    assert!(restore(&mut world, ada, &file, &phrase).unwrap().removed);
    assert!(has(&mut world, ada, there, ">from Ada 8"));
}

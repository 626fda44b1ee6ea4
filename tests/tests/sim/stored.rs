//! The engine opens disks of earlier releases. `PARLEY_WRITE_DISK=1` writes the fixtures of this format again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use parley_engine::OpenError;
use parley_engine::io::Store;
use parley_engine::seal::{FORMAT, RELEASED};
use parley_engine::view::Command;
use parley_tests::sim::{DeviceIndex, Disk, World};

use super::files::{elsewhere, restore, save};
use super::recovery::pair;

type Records = Vec<(bool, Vec<u8>, Vec<u8>)>;

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Writes Bob's device after a chat, with an unsent message.
fn write(format: u8) {
    let mut world = World::new(300);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, &format!("from format {format}"));
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.send(bob, chat_b, "an answer");
    world.settle();
    world.disconnect(bob);
    world.send(bob, chat_b, "still waiting");
    world.settle();
    let draft = Command::SetDraft { conversation: chat_b, text: "and a draft".into(), over: String::new() };
    world.ask(bob, draft);
    let device = &world.devices[bob];
    let records: Records = device
        .disk
        .records
        .iter()
        .map(|((store, key), value)| (*store == Store::Messages, key.clone(), value.clone()))
        .collect();
    let bytes = postcard::to_allocvec(&(device.master(), &device.disk.vault, records)).unwrap();
    std::fs::write(fixture(&disk(format)), bytes).unwrap();
}

fn read(name: &str) -> ([u8; 32], Disk) {
    let bytes = std::fs::read(fixture(name)).unwrap();
    let (master, vault, records): ([u8; 32], Option<Vec<u8>>, Records) =
        postcard::from_bytes(&bytes).unwrap();
    let store = |messages| if messages { Store::Messages } else { Store::State };
    let records: BTreeMap<_, _> =
        records.into_iter().map(|(messages, key, value)| ((store(messages), key), value)).collect();
    (master, Disk { vault, records, ..Disk::default() })
}

fn disk(format: u8) -> String {
    format!("disk-v{format}.bin")
}

#[test]
fn a_disk_of_every_format_opens_and_is_of_this_one_from_its_first_change_on() {
    if std::env::var_os("PARLEY_WRITE_DISK").is_some() {
        write(FORMAT);
    }
    for format in 1..=FORMAT {
        let (master, disk) = read(&disk(format));
        let mut world = World::new(301);
        let device = world.add_used_device(master, disk).unwrap();
        check(&mut world, device, format);
        let conversation = world.only_conversation(device);
        let text = "and another draft".to_owned();
        world.ask(device, Command::SetDraft { conversation, text, over: "and a draft".into() });
        let disk = world.devices[device].disk.clone();
        let state = disk.records.iter().filter(|((store, _), _)| *store == Store::State);
        assert!(state.clone().all(|(_, value)| value[0] == RELEASED + FORMAT), "of format {format}");
        assert!(state.count() > 20);
        let mut world = World::new(302);
        let device = world.add_used_device(master, disk).unwrap();
        world.ask(device, Command::Subscribe);
        assert_eq!(world.devices[device].conversations[&conversation].draft, "and another draft");
        let first = format!("from format {format}");
        assert_eq!(world.texts(device, conversation), [&first, ">an answer", ">still waiting"]);
    }
}

fn check(world: &mut World, device: DeviceIndex, format: u8) {
    world.ask(device, Command::Subscribe);
    let chat = world.only_conversation(device);
    assert_eq!(world.devices[device].conversations[&chat].name, "Ada");
    let first = format!("from format {format}");
    assert_eq!(world.texts(device, chat), [&first, ">an answer", ">still waiting"]);
    assert_eq!(world.devices[device].conversations[&chat].draft, "and a draft");
}

/// Writes a backup file with its phrase.
fn write_file(name: &str) {
    let (mut world, ada, .., phrase) = pair();
    let file = save(&mut world, ada);
    std::fs::write(fixture(name), postcard::to_allocvec(&(phrase, file.bytes)).unwrap()).unwrap();
}

#[test]
fn a_backup_file_of_format_1_opens() {
    if std::env::var_os("PARLEY_WRITE_DISK").is_some() {
        write_file("file-v1.bin");
    }
    let bytes = std::fs::read(fixture("file-v1.bin")).unwrap();
    let (phrase, file): (String, Vec<u8>) = postcard::from_bytes(&bytes).unwrap();
    let (mut world, carol) = elsewhere();
    let report = restore(&mut world, carol, &file, &phrase).unwrap();
    assert!(report.is_whole() && report.added == 41, "{report:?}");
    let chat = world.only_conversation(carol);
    assert_eq!(world.devices[carol].conversations[&chat].name, "Bob");
    assert_eq!(world.texts(carol, chat).last().unwrap(), "answer");
}

#[test]
fn a_disk_in_part_or_damaged_says_what_is_wrong() {
    let (master, disk) = read(&disk(FORMAT));
    let open = |master, disk: Disk| World::new(302).add_used_device(master, disk).err();
    assert_eq!(open(master, Disk { vault: None, ..disk.clone() }), Some(OpenError::VaultMissing));
    assert_eq!(
        open(master, Disk { records: BTreeMap::new(), ..disk.clone() }),
        Some(OpenError::RecordsMissing)
    );
    assert_eq!(open([0; 32], disk.clone()), Some(OpenError::Damaged));
    let mut newer = disk;
    newer.records.values_mut().next().unwrap()[0] = RELEASED + FORMAT + 1;
    assert_eq!(open(master, newer), Some(OpenError::Newer));
}

#[test]
fn a_disk_from_before_the_first_release_is_said_to_be_one() {
    let (master, disk) = read("disk-before-release.bin");
    assert_eq!(World::new(303).add_used_device(master, disk).err(), Some(OpenError::BeforeRelease));
}

//! What the relay saw of a message: both sides keep the bytes that the relay has, and nobody makes them up.

use parley_engine::view::{Command, ConversationId, RelaySaw, Reply, Share};
use parley_protocol::frame::LogEntry;
use parley_tests::sim::{DeviceIndex, World};
use sha2::{Digest as _, Sha256};

use super::devices::{link_with, pair};
use super::groups;
use super::relations::named;

fn saw(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) -> Option<RelaySaw> {
    let message = named(world, device, chat, text);
    let show = Command::ShowMessage { conversation: chat, message };
    let Reply::MessageDetails(details) = world.ask(device, show) else { panic!("no details") };
    details.relay_saw.map(|saw| *saw)
}

/// The entry that the relay has at the place that a device names.
fn entry(world: &mut World, saw: &RelaySaw) -> LogEntry {
    let is_it = |entry: &&LogEntry| (entry.seq, entry.append) == (saw.seq, saw.append);
    let mut logs = world.relay.entries_mut();
    logs.find_map(|entries| entries.iter().find(is_it).cloned()).expect("the relay has it")
}

fn is_what_the_relay_has(world: &mut World, saw: &RelaySaw, text: &str) {
    let entry = entry(world, saw);
    let digest: [u8; 32] = Sha256::digest(&*entry.payload).into();
    assert_eq!((saw.hash, saw.time, saw.epoch), (digest, entry.time, entry.epoch));
    assert_eq!(usize::try_from(saw.length).unwrap(), entry.payload.len());
    assert!(entry.payload.starts_with(&saw.begins) && saw.begins.len() == entry.payload.len().min(512));
    assert!(!entry.payload.windows(text.len()).any(|window| window == text.as_bytes()));
}

#[test]
fn p1_what_is_shown_as_seen_by_the_relay_is_what_the_relay_has() {
    let (mut world, ada, bob, there, back) = pair();
    for (device, chat) in [(ada, there), (bob, back)] {
        for text in ["before", "answer"] {
            let saw = saw(&mut world, device, chat, text).unwrap();
            is_what_the_relay_has(&mut world, &saw, text);
            assert_eq!((saw.devices, saw.people, saw.signed, saw.in_group), (2, 2, false, false));
            let (plain, padded) = saw.sizes.unwrap();
            assert!(plain <= padded && padded < saw.length);
            assert_eq!(saw.own, (device == ada) == (text == "before"));
        }
    }
    let (sent, got) = (saw(&mut world, ada, there, "before"), saw(&mut world, bob, back, "before"));
    let (sent, got) = (sent.unwrap(), got.unwrap());
    assert_eq!((sent.device, sent.hash, sent.sizes), (got.device, got.hash, got.sizes));
}

#[test]
fn of_a_long_message_the_beginning_and_the_hash_are_kept() {
    let (mut world, ada, _, there, _) = pair();
    let text = "long ".repeat(2_000);
    world.send(ada, there, &text);
    world.settle();
    let saw = saw(&mut world, ada, there, &text).unwrap();
    is_what_the_relay_has(&mut world, &saw, &text);
    assert!(saw.length > 10_000 && saw.begins.len() == 512);
}

#[test]
fn a_device_that_got_a_message_as_history_does_not_say_what_the_relay_saw() {
    let (mut world, ada, _, there, _) = pair();
    let ada2 = link_with(&mut world, ada, Share::All);
    world.settle();
    assert_eq!(saw(&mut world, ada2, there, "before"), None);
    world.send(ada, there, "to both");
    world.settle();
    let both = [ada, ada2].map(|device| saw(&mut world, device, there, "to both").unwrap());
    assert_eq!((both[0].hash, both[0].devices, both[0].people), (both[1].hash, 3, 2));
    assert!(both[1].own);
}

#[test]
fn in_a_group_the_signature_of_the_authors_device_is_kept() {
    let (mut world, people) = groups::friends(2_801, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = groups::create(&mut world, ada, "Team", &[bob, carol]);
    world.send(ada, group, "to all");
    world.settle();
    for device in [ada, bob, carol] {
        let saw = saw(&mut world, device, group, "to all").unwrap();
        is_what_the_relay_has(&mut world, &saw, "to all");
        assert_eq!((saw.devices, saw.people, saw.signed, saw.in_group), (3, 3, true, true));
        assert_eq!(saw.author.name, "Ada");
    }
}

#[test]
fn it_stays_when_the_device_is_opened_again_and_goes_with_the_message() {
    let (mut world, ada, bob, there, back) = pair();
    world.crash(bob);
    world.connect(bob);
    world.settle();
    assert!(saw(&mut world, bob, back, "before").is_some());
    let message = named(&mut world, ada, there, "before");
    let delete = Command::DeleteForEveryone { conversation: there, message };
    assert_eq!(world.ask(ada, delete), Reply::Done);
    world.settle();
    let show = Command::ShowMessage { conversation: back, message };
    let Reply::MessageDetails(details) = world.ask(bob, show) else { panic!("no details") };
    assert_eq!(details.relay_saw, None);
}

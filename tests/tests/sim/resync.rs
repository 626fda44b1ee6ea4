//! Resync: engines notice damaged, forged, missing and rolled-back entries, say so, and send them again.

use std::collections::BTreeSet;

use parley_engine::OpenError;
use parley_engine::io::Store;
use parley_engine::view::{Command, Connection, ConversationId, Delivery, Warning};
use parley_protocol::bounded::Bytes;
use parley_protocol::ids::Seq;
use parley_tests::sim::{DeviceIndex, Lie, World};

use super::devices::link;

/// Ada and Bob, who have chatted.
pub(crate) fn chatting(seed: u64) -> (World, [DeviceIndex; 2], [ConversationId; 2]) {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "one");
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.send(bob, chat_b, "two");
    world.settle();
    (world, [ada, bob], [chat, chat_b])
}

pub(crate) fn settle_long(world: &mut World) {
    for _ in 0..4 {
        world.settle();
    }
}

#[test]
fn p2_a_message_left_out_and_renumbered_is_noticed_and_comes_again() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(403);
    world.disconnect(bob);
    for text in ["three", "four"] {
        world.send(ada, chat, text);
        world.settle();
    }
    let entries = world.relay.entries_mut().next().unwrap();
    let hidden = entries.len() - 2;
    entries.remove(hidden);
    entries[hidden].seq = Seq(entries[hidden].seq.0 - 1);
    world.connect(bob);
    // The message after the missing one reveals that something is missing.
    world.settle();
    world.send(ada, chat, "five");
    settle_long(&mut world);
    let texts = world.texts(bob, chat_b);
    assert_eq!(world.devices[bob].conversations[&chat_b].warning, Some(Warning::DifferentMessages));
    for text in ["three", "four", "five"] {
        assert_eq!(texts.iter().filter(|shown| *shown == text).count(), 1, "{text} once in {texts:?}");
    }
    assert!(!texts.contains(&"[Gap(Missing)]".to_owned()), "nothing is missing any more: {texts:?}");
    world.crash(bob);
    assert_eq!(world.texts(bob, chat_b), texts);
}

#[test]
fn what_was_sent_again_shows_that_it_arrived() {
    let (mut world, [ada, bob], [chat, _]) = chatting(408);
    world.disconnect(bob);
    world.send(ada, chat, "three");
    world.settle();
    let entry = world.relay.entries_mut().next().unwrap().last_mut().unwrap();
    let mut payload = entry.payload.to_vec();
    *payload.last_mut().unwrap() ^= 1;
    entry.payload = Bytes::new(payload).unwrap();
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

#[test]
fn p9_one_damaged_record_costs_no_message() {
    let (world, [_, bob], _) = chatting(404);
    let keys: Vec<_> = world.devices[bob].disk.records.keys().cloned().collect();
    let (mut opened, mut refused) = (0, 0);
    for (number, key) in keys.iter().filter(|(store, _)| *store == Store::State).enumerate() {
        let (mut world, [ada, bob], [chat, chat_b]) = chatting(404);
        let mut disk = world.devices[bob].disk.clone();
        *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
        world.disconnect(bob);
        world.send(ada, chat, "while Bob was away");
        world.settle();
        match world.try_roll_back(bob, disk) {
            Err(error) => {
                assert_eq!(error, OpenError::Damaged);
                refused += 1;
                continue;
            }
            Ok(()) => opened += 1,
        }
        world.connect(bob);
        settle_long(&mut world);
        world.ask(bob, Command::Subscribe);
        world.send(bob, chat_b, "Bob goes on");
        world.send(ada, chat, "Ada goes on");
        settle_long(&mut world);
        let texts = world.texts(bob, chat_b);
        for text in ["one", ">two", "while Bob was away", ">Bob goes on", "Ada goes on"] {
            let count = texts.iter().filter(|shown| *shown == text).count();
            assert_eq!(count, 1, "record {number}: {text} once in {texts:?}");
        }
        let theirs = world.texts(ada, chat);
        assert!(theirs.contains(&"Bob goes on".to_owned()), "record {number}: {theirs:?}");
        let connections = [ada, bob].map(|index| world.devices[index].connection);
        assert_eq!(connections, [Connection::Online; 2], "record {number}: nobody is stuck");
    }
    assert!(opened > 10 && refused >= 1, "{opened} opened, {refused} refused");
}

/// MLS state is opened when it is first needed, and it is taken from the disk then; all else with the next change.
#[test]
fn what_does_not_open_is_taken_from_the_disk_with_the_next_change() {
    let (world, [_, bob], _) = chatting(405);
    let records = world.devices[bob].disk.records.keys().filter(|(store, _)| *store == Store::State);
    let (mut at_once, mut when_needed) = (0, 0);
    for key in records.step_by(3) {
        let (mut world, [ada, bob], [chat, chat_b]) = chatting(405);
        let mut disk = world.devices[bob].disk.clone();
        let value = disk.records.get_mut(key).unwrap();
        *value.last_mut().unwrap() ^= 1;
        let damaged = value.clone();
        let is_there = |world: &World| world.devices[bob].disk.records.get(key) == Some(&damaged);
        world.disconnect(bob);
        if world.try_roll_back(bob, disk).is_err() {
            continue;
        }
        world.ask(bob, Command::SetDraft { conversation: chat_b, text: "to be".into(), over: String::new() });
        if !is_there(&world) {
            at_once += 1;
            continue;
        }
        world.send(ada, chat, "for which Bob's device needs its keys");
        world.connect(bob);
        settle_long(&mut world);
        when_needed += u32::from(!is_there(&world));
    }
    assert!(at_once > 2 && when_needed > 2, "{at_once} at once, {when_needed} when they were needed");
}

#[test]
fn p9_a_contact_whose_record_does_not_open_is_learnt_anew() {
    let (world, [_, bob], _) = chatting(407);
    let mut learnt = 0;
    for key in world.devices[bob].disk.records.keys().filter(|(store, _)| *store == Store::State) {
        let (mut world, [ada, bob], [_, chat_b]) = chatting(407);
        let mut disk = world.devices[bob].disk.clone();
        *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
        world.disconnect(ada);
        world.disconnect(bob);
        if world.try_roll_back(bob, disk).is_err() {
            continue;
        }
        world.ask(bob, Command::Subscribe);
        if world.devices[bob].conversations.contains_key(&chat_b) {
            continue;
        }
        world.connect(bob);
        world.settle();
        assert_eq!(world.devices[bob].conversations[&chat_b].username.as_deref(), Some("ada"));
        learnt += 1;
    }
    assert_eq!(learnt, 1, "it is the only one without which a conversation is not shown");
}

#[test]
fn p5_a_push_that_was_lost_comes_with_the_next_one() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(410);
    world.lie(bob, Lie::Drop, 0);
    world.send(ada, chat, "three");
    world.run();
    assert_eq!(world.texts(bob, chat_b).len(), 2, "it did not come");
    world.send(ada, chat, "four");
    world.settle();
    assert_eq!(world.texts(bob, chat_b)[2..], ["three", "four"]);
    assert_eq!(world.devices[bob].conversations[&chat_b].warning, None);
}

/// It waits no longer than necessary.
#[test]
fn p5_what_came_before_its_turn_waits_on_the_disk() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(412);
    let records = |world: &World| -> BTreeSet<Vec<u8>> {
        let all = world.devices[bob].disk.records.keys();
        all.filter(|(store, _)| *store == Store::State).map(|(_, key)| key.clone()).collect()
    };
    let before = records(&world);
    world.lie(bob, Lie::Drop, 0);
    world.send(ada, chat, "three");
    world.run();
    world.send(ada, chat, "four");
    while world.step(ada) {}
    assert!(world.downlink_step(bob));
    while world.disk_step(bob) {}
    let new: Vec<Vec<u8>> = records(&world).difference(&before).cloned().collect();
    assert_eq!(new.len(), 1, "the fourth, which came before the third");
    assert_eq!(world.texts(bob, chat_b).len(), 2);
    world.crash(bob);
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, chat_b)[2..], ["three", "four"]);
    assert!(!records(&world).contains(&new[0]));
}

/// The relay rightly does so for a device that has read nothing yet and joined after others had written.
#[test]
fn p5_a_relay_that_begins_in_the_middle_of_a_log_hides_nothing_from_a_linked_device() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(413);
    let second = link(&mut world, bob);
    world.send(ada, chat, "to both");
    world.settle();
    world.disconnect(second);
    for text in ["three", "four"] {
        world.send(ada, chat, text);
        world.settle();
    }
    world.relay.hide_what_is_in_logs();
    world.connect(second);
    world.settle();
    world.relay.stop_lying();
    world.connect(second);
    world.settle();
    assert_eq!(world.texts(second, chat_b), ["to both", "three", "four"]);
}

#[test]
fn p5_a_log_that_the_relay_has_lost_is_replaced() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(411);
    world.relay.lose_logs();
    world.send(ada, chat, "three");
    world.settle();
    for device in [ada, bob] {
        world.disconnect(device);
        world.connect(device);
    }
    settle_long(&mut world);
    world.send(bob, chat_b, "four");
    settle_long(&mut world);
    for (device, chat, expected) in [(ada, chat, [">three", "four"]), (bob, chat_b, ["three", ">four"])] {
        let texts = world.texts(device, chat);
        for text in expected {
            assert_eq!(texts.iter().filter(|shown| *shown == text).count(), 1, "{text} in {texts:?}");
        }
    }
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    assert_eq!(world.delivery(bob, chat_b), Delivery::Delivered);
}

//! A record that does not open or is gone: a marker stands in its place, and goes when the record comes again.

use parley_engine::io::Store;
use parley_engine::view::{BodyView, Command, ConversationId, Gap, Reply};
use parley_protocol::frame::{RelayError, Request};
use parley_tests::sim::{DeviceIndex, Disk, World};

use super::devices::{link, pair};
use super::resync::{chatting, settle_long};

const LOST: &str = "[Gap(Lost)]";

/// Ada and Bob, who have written six texts, and a copy of Bob's disk.
fn six() -> (World, [DeviceIndex; 2], [ConversationId; 2], Vec<String>) {
    let (mut world, both, [chat, chat_b]) = chatting(480);
    for number in 3..5 {
        world.send(both[0], chat, &format!("Ada's {number}"));
        world.settle();
        world.send(both[1], chat_b, &format!("Bob's {number}"));
        world.settle();
    }
    let texts = world.texts(both[1], chat_b);
    assert_eq!(texts.len(), 6);
    (world, both, [chat, chat_b], texts)
}

/// The keys of all messages on a disk, oldest first.
fn messages(disk: &Disk) -> Vec<(Store, Vec<u8>)> {
    disk.records.keys().filter(|(store, _)| *store == Store::Messages).cloned().collect()
}

fn damage(disk: &mut Disk, key: &(Store, Vec<u8>)) {
    *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
}

#[test]
fn p9_a_message_that_is_damaged_or_gone_leaves_a_marker_in_its_place() {
    for place in 0..6 {
        for gone in [false, true] {
            let (mut world, [_, bob], [_, chat_b], mut texts) = six();
            let mut disk = world.devices[bob].disk.clone();
            let key = messages(&disk)[place].clone();
            if gone {
                disk.records.remove(&key);
            } else {
                damage(&mut disk, &key);
            }
            world.roll_back(bob, disk);
            texts[place] = LOST.into();
            assert_eq!(world.texts(bob, chat_b), texts, "gone: {gone}");
        }
    }
}

#[test]
fn p9_a_message_that_was_deleted_leaves_no_marker() {
    for place in 0..6 {
        let (mut world, [_, bob], [_, chat_b], mut texts) = six();
        let gone = world.history(bob, chat_b)[place].clone();
        let command = Command::DeleteMessage { conversation: chat_b, message: gone.id, order: gone.order };
        assert_eq!(world.ask(bob, command), Reply::Done);
        world.settle();
        texts.remove(place);
        assert_eq!(world.texts(bob, chat_b), texts);
        world.crash(bob);
        assert_eq!(world.texts(bob, chat_b), texts);
        world.ask(bob, Command::DeleteChat(chat_b));
        world.settle();
        world.connect(bob);
        world.send(bob, chat_b, "begun anew");
        world.settle();
        assert_eq!(world.texts(bob, chat_b), [">begun anew"]);
    }
}

#[test]
fn p9_a_message_that_is_damaged_comes_back_from_another_device() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(ada, there, "by this device");
    world.settle();
    world.send(bob, back, "by the other");
    world.settle();
    let texts = world.texts(ada, there);
    // The other device does not have the earlier messages.
    for place in 2..4 {
        let mut disk = world.devices[ada].disk.clone();
        let key = messages(&disk)[place].clone();
        damage(&mut disk, &key);
        world.roll_back(ada, disk);
        world.connect(ada);
        world.settle();
        let shown = world.texts(ada, there);
        assert_eq!(shown[place], LOST, "{shown:?}");
        world.settle();
        assert_eq!(world.texts(ada, there), texts);
        let mut markers = world.devices[ada].messages.get(&there).into_iter().flatten();
        let marker = |body: &BodyView| matches!(body, BodyView::Gap(Gap::Lost));
        assert!(!markers.any(|(_, message)| marker(&message.body)), "it is gone from the screen");
        assert_eq!(world.texts(second, there), texts[2..]);
    }
}

/// Damages each of Bob's records in turn. Unsent messages are there or reported as lost, the chat is in the list, and unread
/// messages are counted.
#[test]
fn p9_no_damaged_record_makes_anything_vanish() {
    let prepared = || {
        let (mut world, both, [chat, chat_b]) = chatting(481);
        world.send(both[0], chat, "unread");
        world.settle();
        world.disconnect(both[1]);
        world.send(both[1], chat_b, "waits");
        world.run();
        (world, both, chat_b)
    };
    let (world, [_, bob], _) = prepared();
    let keys: Vec<_> = world.devices[bob].disk.records.keys().cloned().collect();
    let (mut said, mut opened) = (0, 0);
    for key in keys.iter().filter(|(store, _)| *store == Store::State) {
        for gone in [false, true] {
            let (mut world, [_, bob], chat_b) = prepared();
            let mut disk = world.devices[bob].disk.clone();
            if gone {
                disk.records.remove(key);
            } else {
                damage(&mut disk, key);
            }
            if world.try_roll_back(bob, disk).is_err() {
                continue;
            }
            opened += 1;
            world.connect(bob);
            settle_long(&mut world);
            world.ask(bob, Command::Subscribe);
            let texts = world.texts(bob, chat_b);
            let unsent = texts.iter().filter(|text| *text == "[Gap(Unsent)]").count();
            let waits = texts.iter().filter(|text| *text == ">waits").count();
            assert_eq!(unsent + waits, 1, "gone: {gone}: {texts:?}");
            said += unsent;
            let view = &world.devices[bob].conversations[&chat_b];
            assert!(view.last.is_some(), "gone: {gone}");
            assert_eq!(view.unread, 2, "gone: {gone}: {texts:?}");
        }
    }
    assert!(said >= 2 && opened > 20, "{said} of {opened}");
}

/// The relay has lost a text, which waits to be sent again, and its record in the outbox does not open. The text stays in its
/// place, and a marker says that it was not sent.
#[test]
fn p9_a_damaged_record_of_a_text_that_is_to_be_sent_again_leaves_a_marker() {
    let prepared = || {
        let (mut world, both, [chat, _]) = chatting(482);
        world.disconnect(both[1]);
        let copy = world.relay.copy();
        world.send(both[0], chat, "lost by the relay");
        world.settle();
        world.restore_relay(&copy);
        let messages: fn(&Request) -> bool = |request| matches!(request, Request::AppendMessages(_));
        world.relay.refusal = Some((messages, RelayError::Internal));
        world.connect(both[0]);
        settle_long(&mut world);
        (world, both[0], chat)
    };
    let (world, ada, _) = prepared();
    let keys: Vec<_> = world.devices[ada].disk.records.keys().cloned().collect();
    let mut said = 0;
    for key in keys.iter().filter(|(store, _)| *store == Store::State) {
        let (mut world, ada, chat) = prepared();
        let mut disk = world.devices[ada].disk.clone();
        damage(&mut disk, key);
        if world.try_roll_back(ada, disk).is_err() {
            continue;
        }
        let texts = world.texts(ada, chat);
        assert_eq!(texts.iter().filter(|text| *text == ">lost by the relay").count(), 1, "{texts:?}");
        said += texts.iter().filter(|text| *text == "[Gap(Unsent)]").count();
    }
    assert_eq!(said, 1);
}

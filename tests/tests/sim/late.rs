//! Late join: a device let into a log after others have written there gets the earlier messages from the account's other
//! devices.

use parley_engine::view::{BodyView, Command, ConversationId, Gap, Reply};
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, Request, ServerFrame};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, link};
use super::read_states::look;
use super::resync::settle_long;

const DAY: u64 = 24 * 3_600 * 1_000;

/// The relay gives out KeyPackages of only this many devices of an account.
fn give_key_packages(world: &mut World, count: usize) {
    let mut given = Vec::new();
    world.relay.lie(move |_, request, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(request, Request::ClaimKeyPackages(_))) {
            if let ServerFrame::Answer { result: Ok(Answer::KeyPackages(claimed)), .. } = frame {
                let fresh = claimed.iter().map(|claimed| claimed.device).filter(|it| !given.contains(it));
                let fresh: Vec<_> = fresh.take(count - given.len()).collect();
                given.extend(fresh);
                let some = claimed.iter().filter(|claimed| given.contains(&claimed.device)).cloned();
                *claimed = List::new(some.collect()).unwrap();
            }
        }
    });
}

/// Bob has had two devices for long, and the relay gives nobody a KeyPackage of the second. So Ada begins a conversation
/// without it, and writes. Both of Bob's devices may be offline then.
fn begun_without_the_second() -> (World, [DeviceIndex; 3], ConversationId) {
    let mut world = World::new(940);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let second = link(&mut world, bob);
    settle_long(&mut world);
    world.advance(2 * DAY);
    settle_long(&mut world);
    world.disconnect(bob);
    world.disconnect(second);
    give_key_packages(&mut world, 1);
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "one");
    world.settle();
    world.send(ada, chat, "two");
    world.settle();
    world.relay.stop_lying();
    (world, [ada, bob, second], chat)
}

fn chat_of(world: &World, device: DeviceIndex) -> Option<ConversationId> {
    world.devices[device].conversations.keys().next().copied()
}

#[test]
fn p5_p6_a_device_that_is_let_in_late_gets_what_was_written_before() {
    let (mut world, [_, bob, second], _) = begun_without_the_second();
    world.connect(second);
    world.connect(bob);
    settle_long(&mut world);
    settle_long(&mut world);
    let there = chat_of(&world, bob).unwrap();
    assert_eq!(world.texts(bob, there), ["one", "two"]);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    assert_eq!(world.devices[second].conversations[&there].unread, 2, "nobody has seen them");
}

/// The device that was in the log is away for long: a marker says that something may be missing, until the device is back.
#[test]
fn p9_a_marker_stands_where_a_device_was_let_in_late_until_another_has_answered() {
    let (mut world, [ada, bob, second], _) = begun_without_the_second();
    // Ada adds the second device.
    world.connect(ada);
    world.connect(second);
    for _ in 0..40 {
        world.settle();
    }
    let there = chat_of(&world, second).unwrap();
    assert_eq!(world.texts(second, there), ["[Gap(Late)]"]);
    world.crash(second);
    world.connect(second);
    world.settle();
    assert_eq!(world.texts(second, there), ["[Gap(Late)]"], "it stands once");
    world.connect(bob);
    settle_long(&mut world);
    settle_long(&mut world);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    let shown = world.devices[second].messages[&there].values();
    assert!(!shown.into_iter().any(|view| matches!(view.body, BodyView::Gap(Gap::Late))));
}

/// Bob reads the messages on the first device, also those sent again because they were damaged on their way. The second device
/// was not in the log that had them.
#[test]
fn p11_what_another_device_has_read_is_not_unread_when_it_comes_late() {
    let (mut world, [ada, bob, second], chat) = begun_without_the_second();
    world.send(ada, chat, "three");
    world.settle();
    let entry =
        world.relay.entries_mut().find_map(|log| log.last_mut().filter(|entry| entry.seq.0 >= 3)).unwrap();
    let mut payload = entry.payload.to_vec();
    *payload.last_mut().unwrap() ^= 1;
    entry.payload = Bytes::new(payload).unwrap();
    world.connect(bob);
    settle_long(&mut world);
    let there = chat_of(&world, bob).unwrap();
    assert_eq!(world.texts(bob, there), ["one", "two", "three"]);
    look(&mut world, bob, there);
    world.settle();
    world.connect(second);
    settle_long(&mut world);
    settle_long(&mut world);
    let mut texts = world.texts(second, there);
    texts.sort_unstable();
    assert_eq!(texts, ["one", "three", "two"]);
    assert_eq!(world.devices[second].conversations[&there].unread, 0, "Bob has read all of it");
}

/// The same, when Bob has read a part of them on arrival, and reads the rest afterwards.
#[test]
fn p11_what_comes_late_is_unread_until_another_device_reads_it() {
    let (mut world, [_, bob, second], _) = begun_without_the_second();
    world.connect(bob);
    settle_long(&mut world);
    let there = chat_of(&world, bob).unwrap();
    world.connect(second);
    settle_long(&mut world);
    settle_long(&mut world);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    assert_eq!(world.devices[second].conversations[&there].unread, 2, "nobody has read them");
    look(&mut world, bob, there);
    settle_long(&mut world);
    assert_eq!(world.devices[second].conversations[&there].unread, 0);
}

/// The second device was added while the first was away, and removes it: no device of the account has the earlier messages.
fn removed_the_first(world: &mut World, [ada, bob, second]: [DeviceIndex; 3]) -> ConversationId {
    world.connect(ada);
    world.connect(second);
    for _ in 0..40 {
        world.settle();
    }
    let there = chat_of(world, second).unwrap();
    assert!(world.texts(second, there).contains(&"[Gap(Late)]".to_owned()));
    let first = device_id(world, bob);
    assert_eq!(world.ask(second, Command::RemoveDevice(first)), Reply::Done);
    for _ in 0..4 {
        settle_long(world);
    }
    there
}

#[test]
fn p11_the_marker_goes_when_the_contact_has_sent_all_that_was_missing() {
    let (mut world, devices, _) = begun_without_the_second();
    let second = devices[2];
    let there = removed_the_first(&mut world, devices);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    world.crash(second);
    assert_eq!(world.texts(second, there), ["one", "two"]);
}

/// Nobody can send Bob's own texts from the first device.
#[test]
fn p11_the_marker_stays_where_own_texts_are_missing_that_nobody_can_send() {
    let (mut world, devices, _) = begun_without_the_second();
    let [_, bob, second] = devices;
    give_key_packages(&mut world, 0);
    world.connect(bob);
    settle_long(&mut world);
    let there = chat_of(&world, bob).unwrap();
    world.send(bob, there, "mine");
    settle_long(&mut world);
    world.disconnect(bob);
    world.relay.stop_lying();
    removed_the_first(&mut world, devices);
    let mut texts = world.texts(second, there);
    texts.sort_unstable();
    assert_eq!(texts, ["[Gap(Late)]", "one", "two"]);
}

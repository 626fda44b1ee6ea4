//! Messages from before a linked device joined come with history and may be sent again as well: the device shows each once.

use parley_engine::view::{Command, ConversationId, Share};
use parley_tests::sim::{DeviceIndex, Disk, World};

use super::devices::{link, link_with, meet};
use super::resync::settle_long;

const HOUR: i64 = 3_600_000;

/// Ada, with two devices, and Bob have chatted. Also returns an earlier disk of Ada's first device.
fn chatted(seed: u64) -> (World, [DeviceIndex; 3], [ConversationId; 2], Disk) {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let other = link(&mut world, ada);
    settle_long(&mut world);
    let before = world.devices[ada].disk.clone();
    let chat = world.start(other, "bob");
    world.send(other, chat, "one");
    world.settle();
    let there = world.only_conversation(bob);
    world.send(bob, there, "two");
    world.settle();
    // By his clock, the messages written then are from after the linking that follows.
    world.set_clock(bob, -HOUR);
    (world, [ada, other, bob], [chat, there], before)
}

/// Ada's first device is rolled back and knows nothing of the chat: its messages are sent again, to everybody.
fn send_all_again(world: &mut World, ada: DeviceIndex, before: Disk) {
    world.roll_back(ada, before);
    world.connect(ada);
    for _ in 0..4 {
        settle_long(world);
    }
}

#[test]
fn p5_a_text_that_came_with_history_is_not_shown_twice_when_it_is_sent_again() {
    let (mut world, [ada, other, bob], [chat, there], before) = chatted(960);
    let second = link_with(&mut world, bob, Share::All);
    settle_long(&mut world);
    assert_eq!(world.texts(second, there), ["one", ">two"]);
    world.disconnect(bob);
    send_all_again(&mut world, ada, before);
    assert_eq!(world.texts(second, there), ["one", ">two"]);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(other, chat), [">one", "two"]);
    assert_eq!(world.texts(bob, there), ["one", ">two"]);
    assert_eq!(world.texts(second, there), ["one", ">two"]);
    world.crash(second);
    assert_eq!(world.texts(second, there), ["one", ">two"]);
}

#[test]
fn p5_a_text_that_was_sent_again_is_not_shown_twice_when_it_comes_with_history() {
    let (mut world, [ada, other, bob], [_, there], before) = chatted(961);
    let second = world.add_device();
    meet(&mut world, second, bob, false);
    world.command(bob, Command::ApproveDevice(Share::All));
    while world.devices[second].account.is_none() {
        world.step(bob);
        world.step(second);
    }
    world.disconnect(bob);
    world.connect(other);
    settle_long(&mut world);
    send_all_again(&mut world, ada, before);
    world.connect(bob);
    for _ in 0..4 {
        settle_long(&mut world);
    }
    let mut texts = world.texts(second, there);
    texts.sort_unstable();
    assert_eq!(texts, [">two", "one"]);
}

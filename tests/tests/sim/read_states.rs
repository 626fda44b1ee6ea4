//! A seen message is read on every device and for the sender, whichever way it came and whatever broke since.

use parley_engine::view::{Command, ConversationId, Delivery, Reply};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{link, pair};
use super::resync::{chatting, settle_long};

/// Reports, as the app does, that the newest message of the other is on the screen, whatever own ones stand after it.
pub(crate) fn look(world: &mut World, device: DeviceIndex, chat: ConversationId) {
    look_at(world, device, chat, 0);
}

/// The same for all but this many of the newest messages.
fn look_at(world: &mut World, device: DeviceIndex, chat: ConversationId, but: usize) {
    let history = world.history(device, chat);
    let mut theirs = history.iter().rev().filter(|message| message.outgoing.is_none()).skip(but);
    let upto = theirs.next().expect("a message of the other").order;
    assert_eq!(world.ask(device, Command::MarkRead { conversation: chat, upto }), Reply::Done);
}

fn unread(world: &World, device: DeviceIndex, chat: ConversationId) -> u32 {
    world.devices[device].conversations[&chat].unread
}

#[test]
fn p11_what_was_seen_is_read_though_an_own_message_stands_after_it() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(470);
    world.disconnect(bob);
    world.send(ada, chat, "at the same moment");
    world.settle();
    world.send(bob, chat_b, "as this");
    world.connect(bob);
    world.settle();
    look(&mut world, bob, chat_b);
    world.settle();
    assert_eq!(unread(&world, bob, chat_b), 0);
    assert_eq!(world.delivery(ada, chat), Delivery::Read);
}

/// The own message waits to be sent.
#[test]
fn p11_what_was_seen_is_read_though_an_own_message_waits() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(471);
    world.send(ada, chat, "three");
    world.settle();
    world.disconnect(bob);
    world.send(bob, chat_b, "waits");
    look(&mut world, bob, chat_b);
    assert_eq!(unread(&world, bob, chat_b), 0);
    world.connect(bob);
    world.settle();
    let history = world.history(ada, chat);
    let states: Vec<_> = history.iter().filter_map(|message| message.outgoing).collect();
    assert_eq!(states, [Delivery::Read; 2]);
}

/// The relay loses the log before the receipt is sent there: the device sends it in the next log.
#[test]
fn p11_receipts_of_a_log_that_was_given_up_are_told() {
    for seen in [false, true] {
        let (mut world, [ada, bob], [chat, chat_b]) = chatting(472);
        world.send(ada, chat, "three");
        world.run();
        assert_eq!(world.texts(bob, chat_b).last().unwrap(), "three");
        assert_eq!(world.delivery(ada, chat), Delivery::Sent, "nothing was told yet");
        world.relay.lose_logs();
        for device in [ada, bob] {
            world.disconnect(device);
            world.connect(device);
        }
        settle_long(&mut world);
        world.send(bob, chat_b, "in another log");
        settle_long(&mut world);
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
        if seen {
            look(&mut world, bob, chat_b);
            world.settle();
            world.crash(ada);
            world.connect(ada);
            world.settle();
            assert_eq!(world.delivery(ada, chat), Delivery::Read);
        }
    }
}

#[test]
fn p11_how_much_is_unread_is_known_after_a_restart_and_counts_down() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(473);
    look(&mut world, bob, chat_b);
    for text in ["a", "b", "c"] {
        world.send(ada, chat, text);
        world.settle();
    }
    look_at(&mut world, bob, chat_b, 1);
    assert_eq!(unread(&world, bob, chat_b), 1, "the newest was not seen");
    world.settle();
    let states: Vec<_> = world.history(ada, chat).iter().filter_map(|message| message.outgoing).collect();
    assert_eq!(states, [Delivery::Read, Delivery::Read, Delivery::Read, Delivery::Delivered]);
    world.crash(bob);
    world.ask(bob, Command::Subscribe);
    assert_eq!(unread(&world, bob, chat_b), 1);
}

#[test]
fn p6_what_another_device_has_shown_is_read_here_with_receipts_and_without() {
    for receipts in [true, false] {
        let (mut world, ada, bob, chat, chat_b) = pair();
        let second = link(&mut world, bob);
        assert_eq!(world.ask(bob, Command::SetReadReceipts(receipts)), Reply::Done);
        world.settle();
        for text in ["a", "b", "c"] {
            world.send(ada, chat, text);
            world.settle();
        }
        let all = [bob, second].map(|device| unread(&world, device, chat_b));
        assert!(all[0] >= 3 && all[1] == 3, "{all:?}");
        look_at(&mut world, second, chat_b, 1);
        world.settle();
        assert_eq!([bob, second].map(|device| unread(&world, device, chat_b)), [1, 1]);
        look(&mut world, bob, chat_b);
        world.settle();
        assert_eq!([bob, second].map(|device| unread(&world, device, chat_b)), [0, 0]);
        let state = if receipts { Delivery::Read } else { Delivery::Delivered };
        assert_eq!(world.delivery(ada, chat), state, "nobody is told who does not want it");
    }
}

/// A message that comes again counts as unread once, and is read at both its places.
#[test]
fn p11_what_comes_again_is_read_when_it_was_seen() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(474);
    world.send(ada, chat, "three");
    world.run();
    world.relay.lose_logs();
    for device in [ada, bob] {
        world.disconnect(device);
        world.connect(device);
    }
    settle_long(&mut world);
    world.send(ada, chat, "four");
    settle_long(&mut world);
    let texts = world.texts(bob, chat_b);
    let theirs = texts.iter().filter(|text| !text.starts_with(['>', '['])).count();
    assert_eq!(usize::try_from(unread(&world, bob, chat_b)).unwrap(), theirs, "{texts:?}");
    look(&mut world, bob, chat_b);
    settle_long(&mut world);
    assert_eq!(unread(&world, bob, chat_b), 0);
    let own: Vec<_> = world.history(ada, chat).iter().filter_map(|message| message.outgoing).collect();
    assert_eq!(own, [Delivery::Read; 3]);
}

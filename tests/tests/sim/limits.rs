//! Conversations at a relay without room: messages come later, and no conversation ends.

use parley_engine::view::{Command, Reply};
use parley_protocol::frame::{InboxAddress, RelayError, Request};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, let_in, link, pair};

/// Strangers who begin conversations with the first device, and their texts.
fn strangers(world: &mut World, with: &str, count: usize) -> Vec<DeviceIndex> {
    let mut all = Vec::new();
    for number in 0..count {
        let stranger = world.add_person(&format!("Eve{number}"));
        let chat = world.start(stranger, with);
        world.send(stranger, chat, "you do not know me");
        world.settle();
        all.push(stranger);
    }
    all
}

#[test]
fn p10_strangers_without_number_push_no_conversation_out() {
    let (mut world, ada, bob, there, back) = pair();
    let strangers = strangers(&mut world, "ada", 12);
    world.disconnect(ada);
    world.relay.limits.subscriptions = Some(4);
    world.connect(ada);
    world.settle();
    world.send(bob, back, "while they knock");
    world.settle();
    assert_eq!(world.texts(ada, there).last().map(String::as_str), Some("while they knock"));
    // Every stranger gets a turn in the end.
    for stranger in &strangers {
        let chat = world.only_conversation(*stranger);
        world.send(*stranger, chat, "hello?");
    }
    for _ in 0..8 {
        world.advance(61_000);
        world.settle();
    }
    let chats: Vec<_> = world.devices[ada].conversations.keys().copied().filter(|id| *id != there).collect();
    assert_eq!(chats.len(), strangers.len());
    for chat in &chats {
        assert_eq!(world.texts(ada, *chat), ["you do not know me", "hello?"]);
    }
    // The device reads the logs of those whom she answers at once.
    for (chat, number) in chats.into_iter().zip(0..2) {
        let text = format!("answer {number}");
        world.send(ada, chat, &text);
        world.settle();
        let heard = strangers.iter().any(|stranger| {
            let theirs = world.only_conversation(*stranger);
            world.texts(*stranger, theirs).contains(&text)
        });
        assert!(heard, "{text} came to nobody");
    }
    world.send(bob, back, "still there");
    world.settle();
    assert_eq!(world.texts(ada, there).last().map(String::as_str), Some("still there"));
    assert_eq!(world.relay.log_count(), 13, "no conversation was begun anew");
}

fn is_subscription(request: &Request) -> bool {
    matches!(request, Request::SubscribeLog(_))
}

fn is_commit(request: &Request) -> bool {
    matches!(request, Request::AppendCommit(_))
}

/// Refusals that a relay may give without reporting that it lost the log.
const SENSELESS: [RelayError; 8] = [
    RelayError::LogExists,
    RelayError::UnknownAccount,
    RelayError::UnknownDevice,
    RelayError::Invalid,
    RelayError::TooLarge,
    RelayError::QuotaExceeded,
    RelayError::BadRequest,
    RelayError::UnknownBlob,
];

#[test]
fn p10_only_a_lost_log_ends_one() {
    for error in SENSELESS {
        let (mut world, ada, bob, there, back) = pair();
        let logs = world.relay.log_count();
        world.disconnect(ada);
        world.relay.refusal = Some((is_subscription, error));
        world.connect(ada);
        world.settle();
        world.send(ada, there, "later");
        world.advance(61_000);
        world.settle();
        world.relay.refusal = None;
        world.advance(130_000);
        world.settle();
        assert_eq!(world.texts(bob, back).last().map(String::as_str), Some("later"), "{error}");
        assert_eq!(world.relay.log_count(), logs, "{error} ended a log");
    }
}

#[test]
fn p10_a_commit_that_is_refused_ends_no_log() {
    for error in SENSELESS {
        let mut world = World::new(611);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let there = world.start(ada, "bob");
        world.send(ada, there, "hello");
        world.settle();
        // Bob replaces his keys with his first message.
        world.relay.refusal = Some((is_commit, error));
        let back = world.only_conversation(bob);
        world.send(bob, back, "answer");
        world.advance(1_000);
        world.settle();
        world.relay.refusal = None;
        world.advance(130_000);
        world.settle();
        world.send(bob, back, "and on");
        world.settle();
        assert_eq!(world.texts(ada, there), [">hello", "answer", "and on"], "{error}");
        assert_eq!(world.relay.log_count(), 1, "{error} ended a log");
    }
}

#[test]
fn p10_a_full_inbox_keeps_out_one_device_and_only_for_a_while() {
    let mut world = World::new(612);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let second = link(&mut world, bob);
    let own = world.relay.log_count();
    let account = world.devices[bob].account.clone().unwrap().account;
    let full = world.relay.inboxes_of(&account)[1];
    world.relay.limits.full.insert(full);
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let at_bob = world.only_conversation(bob);
    assert_eq!(world.texts(bob, at_bob), ["hello"]);
    assert!(world.devices[second].conversations.is_empty());
    // The others go on, and the device joins once there is room.
    world.advance(11 * 60_000);
    world.settle();
    world.send(ada, chat, "are you there?");
    world.settle();
    assert_eq!(world.texts(bob, at_bob), ["hello", "are you there?"]);
    world.relay.limits.full.clear();
    for _ in 0..3 {
        world.advance(11 * 60_000);
        world.settle();
    }
    world.send(ada, chat, "both of you");
    world.settle();
    let at_second = world.texts(second, at_bob);
    assert_eq!(at_second.last().map(String::as_str), Some("both of you"));
    assert_eq!(world.relay.log_count(), own + 1);
}

/// The relay removes a device that is to be removed, whatever else the commit would have done.
#[test]
fn p10_a_full_inbox_keeps_no_removed_device_in() {
    let (mut world, ada, bob, there, back) = pair();
    let stolen = link(&mut world, bob);
    world.send(ada, there, "to both");
    world.settle();
    assert_eq!(world.texts(stolen, back).last().map(String::as_str), Some("to both"));
    let thief = device_id(&world, stolen);
    // Nobody learns of it before Bob goes on: one device is removed and another added at the same time.
    let third = world.add_device();
    let_in(&mut world, bob, third);
    let account = world.devices[bob].account.clone().unwrap().account;
    let full = InboxAddress { account, device: device_id(&world, third) };
    world.relay.limits.full.insert(full);
    assert_eq!(world.ask(bob, Command::RemoveDevice(thief)), Reply::Done);
    world.advance(20_000);
    world.settle();
    world.send(ada, there, "without the thief");
    world.settle();
    assert_eq!(world.texts(bob, back).last().map(String::as_str), Some("without the thief"));
    world.relay.limits.full.clear();
    for _ in 0..3 {
        world.advance(11 * 60_000);
        world.settle();
    }
    world.send(ada, there, "to the new one too");
    world.settle();
    assert_eq!(world.texts(third, back).last().map(String::as_str), Some("to the new one too"));
}

//! The stamp that a device finds at the relay in place of its last one, while it is connected.

use parley_engine::view::ConversationId;
use parley_protocol::frame::{Answer, Request, ServerFrame};
use parley_protocol::ids::Stamp;
use parley_tests::sim::{ConnectionId, DeviceIndex, World};

use super::wait_for_doubts;
use crate::resync::{chatting, settle_long};

/// Ada has the first connection.
const BOBS_SECOND: ConnectionId = ConnectionId(3);

/// The copy changes nothing but the stamp. The original finds it when it begins a conversation, and begins those again that the
/// copy knows too.
#[test]
fn p5_a_copy_that_runs_beside_the_original_is_noticed_within_the_connection() {
    let (mut world, [ada, bob], [chat, there]) = chatting(430);
    let copy = world.add_copy(bob);
    world.connect(copy);
    world.settle();
    assert_eq!(world.relay.log_count(), 1, "nothing has been begun");
    world.add_person("Eve");
    let begun = world.start(bob, "eve");
    world.send(bob, begun, "hello");
    settle_long(&mut world);
    world.disconnect(copy);
    settle_long(&mut world);
    assert_eq!(world.texts(bob, there), ["one", ">two", "[Gap(Restored)]"]);
    assert_eq!(world.relay.log_count(), 4, "Eve's was on its way then: one more for each of them");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, there).last().map(String::as_str), Some("and on"));
}

/// Otherwise the relay could make a device produce groups and KeyPackages for ever.
#[test]
fn p5_a_relay_that_speaks_of_another_copy_at_every_stamp_is_heard_once_on_each_connection() {
    let (mut world, [ada, bob], [chat, there]) = chatting(431);
    world.connect(bob);
    world.relay.lie(|to, _, told| {
        for (_, frame) in told {
            if let ServerFrame::Answer { result: Ok(Answer::StampSwapped { before }), .. } = frame
                && to == BOBS_SECOND
            {
                *before = Some(Stamp([0x77; 16]));
            }
        }
    });
    settle_long(&mut world);
    assert_eq!(world.relay.log_count(), 2);
    for number in 0..3 {
        world.add_person(&format!("Friend{number}"));
        let begun = world.start(bob, &format!("friend{number}"));
        world.send(bob, begun, "hello");
        settle_long(&mut world);
    }
    let markers = |texts: Vec<String>| texts.iter().filter(|text| *text == "[Gap(Restored)]").count();
    assert_eq!(markers(world.texts(bob, there)), 1);
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, there).last().map(String::as_str), Some("and on"));
}

/// Runs steps of one device until its log at the relay reports the rollback.
fn until_it_is_said(world: &mut World, device: DeviceIndex) {
    let since = world.relay.seen.len();
    let says = |request: &Request| matches!(request, Request::AppendDeviceLog(_));
    while !world.requests_since(since).iter().any(says) {
        assert!(world.step(device), "it says so");
    }
}

/// The time for naming logs counts only while both devices can be connected. Otherwise it would be over before the first
/// statement is read.
#[test]
fn p5_on_the_next_connection_a_device_that_was_rolled_back_is_given_its_time_again() {
    let (mut world, [ada, bob], [chat, there]) = chatting(432);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.roll_back(bob, copy);
    world.disconnect(ada);
    world.connect(bob);
    until_it_is_said(&mut world, bob);
    world.disconnect(bob);
    world.connect(ada);
    // Before she writes, her device checks his devices.
    world.send(ada, chat, "are you there?");
    world.settle();
    world.disconnect(ada);
    world.advance(60_000);
    world.connect(bob);
    settle_long(&mut world);
    let since = world.relay.seen.len();
    world.connect(ada);
    wait_for_doubts(&mut world);
    let claims = |request: &Request| matches!(request, Request::ClaimKeyPackages(_));
    assert!(!world.requests_since(since).iter().any(claims), "nobody begins another group");
    assert_eq!(world.relay.log_count(), 2, "the old one, and the one in which it was named");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, there), ["one", ">two", "[Gap(Restored)]", "are you there?", "and on"]);
}

/// The device leaves one stamp after the other, and the relay's answers come in any order.
#[test]
fn p5_answers_that_overtake_each_other_are_not_taken_for_a_copy() {
    let (mut world, [ada, bob], [chat, there]) = chatting(415);
    world.appends_take_long = true;
    let friends: Vec<DeviceIndex> =
        (0..12).map(|number| world.add_person(&format!("Friend{number}"))).collect();
    let chats: Vec<ConversationId> =
        (0..12).map(|number| world.start(ada, &format!("friend{number}"))).collect();
    for round in 0..3 {
        world.disconnect(ada);
        for chat in &chats {
            world.send(ada, *chat, &format!("round {round}"));
        }
        world.connect(ada);
        settle_long(&mut world);
    }
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.relay.log_count(), 13, "nobody begins anew");
    for (friend, chat) in friends.into_iter().zip(chats) {
        let there = world.only_conversation(friend);
        assert_eq!(world.texts(friend, there), ["round 0", "round 1", "round 2"]);
        assert_eq!(world.texts(ada, chat), [">round 0", ">round 1", ">round 2"]);
    }
    assert_eq!(world.texts(ada, chat), [">one", "two"]);
    assert_eq!(world.texts(bob, there), ["one", ">two"]);
}

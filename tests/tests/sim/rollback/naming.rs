//! A rolled-back profile names the logs that it knows, once, and so that no device sends messages again needlessly.

use std::cell::RefCell;

use parley_engine::view::{Command, Delivery};
use parley_protocol::frame::Request;
use parley_tests::sim::{DeviceIndex, World};

use super::{roll_back_after_a_connection, wait_for_doubts};
use crate::devices::link;
use crate::files::{restore, save};
use crate::recovery::write_down;
use crate::resync::{chatting, settle_long};

/// Rolls the device back to a copy from before the last connection, and waits for all consequences.
fn roll_back(world: &mut World, device: DeviceIndex) {
    roll_back_after_a_connection(world, device);
    wait_for_doubts(world);
}

/// How often devices have reported a rollback in their accounts' logs.
fn said(world: &World, since: usize) -> usize {
    let says = |request: &&Request| matches!(request, Request::AppendDeviceLog(_));
    world.requests_since(since).iter().filter(says).count()
}

#[test]
fn p5_what_the_copy_has_is_not_sent_again() {
    let (mut world, [ada, bob], [chat, there]) = chatting(440);
    for number in 0..40 {
        world.send(ada, chat, &format!("Ada {number}"));
    }
    world.settle();
    let since = world.relay.seen.len();
    roll_back(&mut world, bob);
    let appended = world.requests_since(since).into_iter().map(|request| match request {
        Request::AppendMessages(append) => append.messages.len(),
        _ => 0,
    });
    let count: usize = appended.sum();
    assert!(count < 20, "{count} messages for two that begin anew");
    assert_eq!(world.relay.log_count(), 2);
    assert_eq!(world.texts(bob, there).len(), 43, "with the marker");
}

#[test]
fn p5_that_it_was_rolled_back_is_said_once() {
    let (mut world, [_, bob], _) = chatting(441);
    let since = world.relay.seen.len();
    roll_back(&mut world, bob);
    for _ in 0..3 {
        world.connect(bob);
        settle_long(&mut world);
    }
    assert_eq!(said(&world, since), 1);
}

/// The others need not infer it from missing statements.
#[test]
fn p5_what_stands_in_a_log_that_the_copy_does_not_know_comes_at_once() {
    let (mut world, [ada, bob], [chat, there]) = chatting(442);
    let copy = world.devices[bob].disk.clone();
    roll_back(&mut world, bob);
    world.send(ada, chat, "in the second log");
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    world.settle();
    let texts = world.texts(bob, there);
    assert!(texts.contains(&"in the second log".to_owned()), "{texts:?}");
}

/// A device that was not in the account then has missed nothing.
#[test]
fn p9_a_log_from_before_its_time_leaves_no_marker_on_a_linked_device() {
    let (mut world, [ada, bob], [chat, there]) = chatting(443);
    let copy = world.devices[ada].disk.clone();
    roll_back(&mut world, ada);
    let second = link(&mut world, bob);
    settle_long(&mut world);
    world.roll_back(ada, copy);
    world.connect(ada);
    settle_long(&mut world);
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, there), ["one", ">two", "and on"]);
    assert_eq!(world.texts(second, there), ["and on"]);
}

/// The process dies between noticing the rollback and reporting it.
#[test]
fn p5_a_death_after_it_was_noticed_leaves_nothing_unsaid() {
    let (mut world, [_, bob], _) = chatting(444);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.roll_back(bob, copy);
    let since = world.relay.seen.len();
    world.connect(bob);
    let asks = |request: &Request| matches!(request, Request::ForgetKeyPackages { .. });
    while !world.requests_since(since).iter().any(asks) {
        assert!(world.step(bob));
    }
    world.crash(bob);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(said(&world, since), 1);
}

/// A device that learned of it dies before the time for naming logs is over.
#[test]
fn p5_a_death_of_who_heard_of_it_leaves_nobody_unheard() {
    let (mut world, [_, bob], _) = chatting(445);
    let copy = world.devices[bob].disk.clone();
    let eve = world.add_person("Eve");
    let chat = world.start(eve, "bob");
    world.send(eve, chat, "hello");
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    world.connect(eve);
    world.send(eve, chat, "are you there?");
    world.settle();
    assert_eq!(world.delivery(eve, chat), Delivery::Sent);
    world.crash(eve);
    world.connect(eve);
    wait_for_doubts(&mut world);
    assert_eq!(world.delivery(eve, chat), Delivery::Delivered);
}

/// The relay answers in any order.
#[test]
fn p5_it_is_said_whichever_answer_comes_last() {
    let (mut world, [_, bob], _) = chatting(446);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.roll_back(bob, copy);
    let held = RefCell::new(Vec::new());
    world.relay.lie(move |_, request, told| match request {
        Request::ForgetKeyPackages { .. } => held.borrow_mut().append(told),
        Request::FetchDeviceLogs(_) => told.append(&mut held.borrow_mut()),
        _ => {}
    });
    let since = world.relay.seen.len();
    world.connect(bob);
    world.run();
    assert_eq!(said(&world, since), 1);
}

/// Nobody begins a named conversation again: there is one more log for each conversation, and no more.
#[test]
fn p5_what_a_profile_knows_that_was_rolled_back_is_begun_anew_once() {
    let (mut world, [ada, bob], [chat, there]) = chatting(411);
    roll_back_after_a_connection(&mut world, bob);
    world.connect(ada);
    wait_for_doubts(&mut world);
    world.connect(ada);
    wait_for_doubts(&mut world);
    assert_eq!(world.relay.log_count(), 2);
    world.send(bob, there, "on");
    world.settle();
    assert_eq!(world.texts(ada, chat), [">one", "two", "on"]);
}

/// The message takes its place from when it comes again.
#[test]
fn p5_what_a_file_brought_and_the_other_sends_again_is_there_once() {
    let (mut world, [ada, bob], [chat, there]) = chatting(446);
    let phrase = write_down(&mut world, bob, Command::ShowPhrase);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    for text in ["three", "four"] {
        world.send(ada, chat, text);
        world.settle();
    }
    let file = save(&mut world, bob);
    world.disconnect(ada);
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    assert!(restore(&mut world, bob, &file.bytes, &phrase).unwrap().is_whole());
    world.connect(ada);
    wait_for_doubts(&mut world);
    let texts = world.texts(bob, there);
    for text in ["one", ">two", "three", "four"] {
        assert_eq!(texts.iter().filter(|shown| *shown == text).count(), 1, "{text} once in {texts:?}");
    }
}

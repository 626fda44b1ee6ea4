//! Tests of the invariants of `docs/invariants.md`, by number.

use parley_engine::io::StorageFailure;
use parley_engine::view::{Command, Delivery, Reply, StorageState};
use parley_protocol::frame::Request;
use parley_tests::sim::World;

/// Invariant 1: nothing leaves before the change set that it depends on is on disk.
#[test]
fn i1_persist_before_send() {
    let mut world = World::new(100);
    let (ada, _) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "first");
    world.settle();
    let frames = world.relay.seen.len();
    let reply = world
        .command(ada, Command::SendText { conversation: chat, text: "second".into(), over: String::new() });
    while world.uplink_step(ada) {}
    assert_eq!(world.relay.seen.len(), frames, "nothing was sent before the disk was written");
    assert!(!world.devices[ada].replies.contains_key(&reply), "nor was the person told");
    while world.disk_step(ada) {}
    assert_eq!(world.devices[ada].replies.get(&reply), Some(&Reply::Done));
    assert!(world.uplink_step(ada), "then it goes");
}

/// Invariant 1, after a crash between persist and send: the very same bytes go again, no key is used twice.
#[test]
fn i1_a_crash_after_persist_sends_the_same_ciphertext() {
    let mut world = World::new(101);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "first");
    world.settle();
    world.disconnect(bob);
    world.send(ada, chat, "second");
    while world.disk_step(ada) {}
    let sent_before = world.relay.seen.len();
    assert!(world.uplink_step(ada));
    let first_try = payloads(&world, sent_before);
    assert_eq!(first_try.len(), 1);
    world.crash(ada);
    let sent_before = world.relay.seen.len();
    world.connect(ada);
    world.settle();
    let second_try = payloads(&world, sent_before);
    assert!(second_try.is_empty() || second_try == first_try);
    world.connect(bob);
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["first", "second"]);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

fn payloads(world: &World, from: usize) -> Vec<Vec<u8>> {
    let appended = world.requests_since(from).into_iter().filter_map(|request| match request {
        Request::AppendMessages(append) => Some(append.messages.into_vec()),
        _ => None,
    });
    appended.flatten().map(|message| message.payload.into_vec()).collect()
}

/// Invariant 2: an entry is acknowledged (the cursor moves, the inbox is emptied) only with its effects.
#[test]
fn i2_acknowledge_after_persist() {
    let mut world = World::new(102);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "first");
    world.settle();
    world.send(ada, chat, "second");
    while world.disk_step(ada) || world.uplink_step(ada) {}
    while world.downlink_step(bob) {}
    // Bob's engine has read the message, his disk has not: a crash here must not lose it.
    world.crash(bob);
    world.connect(bob);
    world.settle();
    world.ask(bob, Command::Subscribe);
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["first", "second"]);
}

/// The engine writes only what changed: a message in a long conversation costs as much as in a short one.
#[test]
fn one_message_writes_a_bounded_number_of_records() {
    let mut world = World::new(103);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    for number in 0..60 {
        world.send(ada, chat, &format!("{number}"));
        world.settle();
    }
    let before = world.devices[ada].disk.written;
    world.send(ada, chat, "one more");
    world.settle();
    let after = world.devices[ada].disk.written;
    let (records, bytes) = (after.1 - before.1, after.2 - before.2);
    assert!(records <= 24 && bytes <= 24 * 1024, "{records} records, {bytes} bytes");
    assert_eq!(world.only_conversation(bob), world.only_conversation(bob));
}

/// Invariant 3: change sets reach the disk in order, and after a failure nothing overtakes the one that failed.
#[test]
fn i3_a_full_disk_holds_everything_back_and_loses_nothing() {
    let mut world = World::new(104);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "first");
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.devices[ada].disk.failure = Some(StorageFailure::Full);
    world.send(ada, chat, "second");
    world.run();
    world.send(bob, chat_b, "from Bob");
    world.run();
    assert_eq!(world.devices[ada].storage, StorageState::Full);
    // The disk has room again before the engine offers the failed change set again: later ones must wait for it.
    world.devices[ada].disk.failure = None;
    world.send(ada, chat, "third");
    world.run();
    let bobs_view = world.texts(bob, chat_b);
    assert_eq!(bobs_view, ["first", ">from Bob"], "nothing leaves that is not on disk");
    world.settle();
    world.settle();
    assert_eq!(world.devices[ada].storage, StorageState::Good);
    world.crash(ada);
    world.connect(ada);
    world.settle();
    assert_eq!(world.texts(ada, chat), [">first", "from Bob", ">second", ">third"]);
    assert_eq!(world.texts(bob, chat_b), ["first", ">from Bob", "second", "third"]);
}

/// A view whose owner died asks again with the same id: the message is not sent twice.
#[test]
fn p8_a_send_that_is_asked_again_after_the_owner_died_is_sent_once() {
    let mut world = World::new(105);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    let request = world
        .command(ada, Command::SendText { conversation: chat, text: "once".into(), over: String::new() });
    while world.disk_step(ada) {}
    world.crash(ada);
    world.devices[ada].replies.clear();
    world.repeat(
        ada,
        request,
        Command::SendText { conversation: chat, text: "once".into(), over: String::new() },
    );
    assert_eq!(world.devices[ada].replies.get(&request), Some(&Reply::Done));
    world.connect(ada);
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["once"]);
}

/// Group commit: frames caused while a change set is being written leave with the next one, and not earlier.
#[test]
fn i1_what_changes_while_something_is_being_written_waits_for_its_own_write() {
    let mut world = World::new(461);
    let ada = world.add_person("Ada");
    let chats = ["Bob", "Eve"].map(|name| {
        let other = world.add_person(name);
        let chat = world.start(ada, &name.to_lowercase());
        world.send(ada, chat, "hello");
        world.settle();
        (other, chat)
    });
    world.settle();
    for (text, (_, chat)) in ["first", "second"].into_iter().zip(chats) {
        world.command(ada, Command::SendText { conversation: chat, text: text.into(), over: String::new() });
    }
    assert!(world.disk_step(ada), "the first is on disk");
    while world.uplink_step(ada) {}
    world.crash(ada);
    world.connect(ada);
    world.settle();
    let shown = chats.map(|(other, _)| {
        let chat = world.only_conversation(other);
        world.texts(other, chat)
    });
    assert_eq!(shown[0], ["hello", "first"]);
    assert_eq!(shown[1], ["hello"], "nobody was told that it is sent, and nobody has it");
    assert_eq!(world.texts(ada, chats[1].1), [">hello"]);
}

/// The second text waits for the first, so it is not encrypted: it is only in the outbox.
#[test]
fn i1_nobody_is_told_that_a_text_is_stored_which_waits_to_be_written() {
    let mut world = World::new(463);
    let (ada, _) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    world.settle();
    let replies = ["first", "second"].map(|text| {
        world.command(ada, Command::SendText { conversation: chat, text: text.into(), over: String::new() })
    });
    assert!(world.disk_step(ada), "the first is on disk");
    let told = |world: &World| replies.map(|reply| world.devices[ada].replies.contains_key(&reply));
    assert_eq!(told(&world), [true, false]);
    assert!(world.disk_step(ada));
    assert_eq!(told(&world), [true, true]);
}

#[test]
fn p8_an_owner_that_was_replaced_says_so_and_does_nothing_more() {
    let mut world = World::new(462);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    world.disconnect(bob);
    world.devices[ada].disk.failure = Some(StorageFailure::Fenced);
    let late = world
        .command(ada, Command::SendText { conversation: chat, text: "too late".into(), over: String::new() });
    world.settle();
    assert_eq!(world.devices[ada].storage, StorageState::Fenced);
    world.devices[ada].disk.failure = None;
    let (seen, written) = (world.relay.seen.len(), world.devices[ada].disk.written);
    world.connect(ada);
    let later = world.command(
        ada,
        Command::SendText { conversation: chat, text: "later still".into(), over: String::new() },
    );
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.relay.seen.len(), seen, "the relay hears nothing more");
    assert_eq!(world.devices[ada].disk.written, written, "and nothing is written");
    for reply in [late, later] {
        assert!(!world.devices[ada].replies.contains_key(&reply), "the next owner is asked again");
    }
}

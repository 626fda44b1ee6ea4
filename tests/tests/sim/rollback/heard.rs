//! A rolled-back device hears whoever wrote to it after the copy, and gets back the conversations it began after the copy.

use parley_engine::view::Delivery;
use parley_protocol::frame::Request;
use parley_tests::sim::Disk;

use super::{befriend, wait_for_doubts};
use crate::resync::{chatting, settle_long};

/// The copy lacks the private keys of KeyPackages that were made after it and are at the relay, and knows nothing of the
/// friends' conversations.
fn who_was_forgotten_is_heard(reconnects: bool) {
    let (mut world, [_, bob], [_, there]) = chatting(407);
    let copy = world.devices[bob].disk.clone();
    if reconnects {
        world.connect(bob);
    }
    let friends = befriend(&mut world, 18);
    let (friend, chat) = friends[3];
    let back = world.devices[bob].conversations.values().find(|c| c.name == "Before3").map(|c| c.id);
    world.send(bob, back.unwrap(), "answer");
    world.settle();
    world.send(friend, chat, "and on");
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    for number in 0..4 {
        let friend = world.add_person(&format!("After{number}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello again");
        settle_long(&mut world);
        assert_eq!(world.delivery(friend, chat), Delivery::Delivered, "friend {number}");
    }
    // The friends learn of it when they check, at their next connection.
    for (friend, _) in &friends {
        world.connect(*friend);
    }
    wait_for_doubts(&mut world);
    for (number, (friend, chat)) in friends.iter().enumerate() {
        assert_eq!(world.delivery(*friend, *chat), Delivery::Delivered, "friend {number}");
        let name = format!("Before{number}");
        let at_bob = world.devices[bob].conversations.values().find(|c| c.name == name).map(|c| c.id);
        let texts = world.texts(bob, at_bob.unwrap());
        let mut expected = vec!["[Gap(Restored)]", "hello"];
        if number == 3 {
            expected.push("and on");
        }
        assert_eq!(texts, expected, "friend {number}");
        world.send(*friend, *chat, "after all");
        world.settle();
        assert_eq!(world.texts(bob, at_bob.unwrap()).last().map(String::as_str), Some("after all"));
    }
    assert_eq!(world.texts(bob, there), ["one", ">two", "[Gap(Restored)]"]);
    assert_eq!(world.texts(friend, chat), [">hello", "answer", ">and on", ">after all"]);
}

#[test]
fn p5_who_writes_to_a_profile_that_was_rolled_back_is_heard() {
    who_was_forgotten_is_heard(true);
}

#[test]
fn p5_who_writes_to_a_profile_that_was_rolled_back_within_one_connection_is_heard() {
    who_was_forgotten_is_heard(false);
}

/// The device itself began the conversation after the copy.
#[test]
fn p5_a_conversation_begun_after_the_copy_comes_back() {
    let (mut world, [_, bob], _) = chatting(408);
    let eve = world.add_person("Eve");
    let copy = world.devices[bob].disk.clone();
    let begun = world.start(bob, "eve");
    world.send(bob, begun, "from Bob");
    world.settle();
    let at_eve = world.only_conversation(eve);
    world.send(eve, at_eve, "from Eve");
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    world.settle();
    world.send(eve, at_eve, "are you there?");
    world.connect(eve);
    wait_for_doubts(&mut world);
    assert_eq!(world.texts(bob, begun), ["[Gap(Restored)]", "from Eve", "are you there?"]);
    assert_eq!(world.texts(eve, at_eve), ["from Bob", ">from Eve", ">are you there?"]);
    assert_eq!(world.delivery(eve, at_eve), Delivery::Delivered);
}

/// Friends who stay connected learn of it when they write, though not each time.
#[test]
fn p5_who_writes_on_in_a_long_connection_is_heard() {
    let (mut world, [_, bob], _) = chatting(413);
    let copy = world.devices[bob].disk.clone();
    let (friend, chat) = befriend(&mut world, 1)[0];
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    world.send(friend, chat, "are you there?");
    settle_long(&mut world);
    assert_eq!(world.delivery(friend, chat), Delivery::Sent);
    world.pass(10 * 60 * 1000);
    let since = world.relay.seen.len();
    for text in ["and now?", "and now??"] {
        world.send(friend, chat, text);
        world.settle();
    }
    let asked = |request: &&Request| matches!(request, Request::FetchDeviceLogs(_));
    assert!(
        world.requests_since(since).iter().filter(asked).count() <= 2,
        "each account at most once for both"
    );
    wait_for_doubts(&mut world);
    assert_eq!(world.delivery(friend, chat), Delivery::Delivered);
    let back = world.devices[bob].conversations.values().find(|c| c.name == "Before0").map(|c| c.id);
    let texts = ["[Gap(Restored)]", "hello", "are you there?", "and now?", "and now??"];
    assert_eq!(world.texts(bob, back.unwrap()), texts);
}

/// A profile that is restored from the same copy again reports it each time.
#[test]
fn p5_a_profile_rolled_back_to_one_copy_again_and_again_is_heard_of_each_time() {
    let (mut world, [_, bob], _) = chatting(416);
    let copy = world.devices[bob].disk.clone();
    let mut friends = Vec::new();
    for round in 0..3 {
        let friend = world.add_person(&format!("Round{round}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello");
        world.settle();
        friends.push((friend, chat));
        world.roll_back(bob, copy.clone());
        world.connect(bob);
        settle_long(&mut world);
        for (friend, _) in &friends {
            world.connect(*friend);
        }
        wait_for_doubts(&mut world);
        for (number, (friend, chat)) in friends.iter().enumerate() {
            let name = format!("Round{number}");
            let at_bob = world.devices[bob].conversations.values().find(|c| c.name == name).map(|c| c.id);
            let texts = at_bob.map(|id| world.texts(bob, id)).unwrap_or_default();
            assert!(texts.ends_with(&["hello".to_owned()]), "{name} in round {round}: {texts:?}");
            assert_eq!(world.delivery(*friend, *chat), Delivery::Delivered);
        }
    }
}

/// Statements of one person in the meantime make nobody wait for another.
#[test]
fn p5_two_that_were_rolled_back_are_given_their_time_each() {
    let (mut world, [_, bob], _) = chatting(414);
    let friends = befriend(&mut world, 2);
    let copies: Vec<Disk> = friends.iter().map(|(friend, _)| world.devices[*friend].disk.clone()).collect();
    // Each friend forgets a chat with Bob that began after the copy.
    let (first, second) = (world.add_person("First"), world.add_person("Second"));
    let before: Vec<Disk> = [first, second].iter().map(|who| world.devices[*who].disk.clone()).collect();
    let mut chats = Vec::new();
    for name in ["first", "second"] {
        let chat = world.start(bob, name);
        world.send(bob, chat, "hello");
        world.settle();
        chats.push(chat);
    }
    for (who, disk) in [first, second].into_iter().zip(before) {
        world.roll_back(who, disk);
        world.connect(who);
    }
    settle_long(&mut world);
    world.connect(bob);
    // Meanwhile friends are rolled back again and again, and name the logs that they share with Bob.
    for _ in 0..4 {
        for ((friend, _), copy) in friends.iter().zip(&copies) {
            world.connect(*friend);
            world.roll_back(*friend, copy.clone());
            world.connect(*friend);
        }
        world.settle();
        world.settle();
    }
    for (who, chat) in [first, second].into_iter().zip(chats) {
        let there = world.only_conversation(who);
        assert_eq!(world.texts(who, there), ["[Gap(Restored)]", "hello"]);
        assert_eq!(world.delivery(bob, chat), Delivery::Delivered);
    }
}

/// Otherwise a death in the middle of its repairs could use keys twice, or leave somebody unheard.
#[test]
fn p5_a_profile_rolled_back_that_dies_at_once_says_so_the_next_time() {
    for steps in [2, 4, 6, 8, 10, 12, 14, 16, 20] {
        let (mut world, [_, bob], _) = chatting(409);
        let copy = world.devices[bob].disk.clone();
        let friends = befriend(&mut world, 12);
        world.roll_back(bob, copy);
        world.connect(bob);
        for _ in 0..steps {
            world.step(bob);
        }
        world.crash(bob);
        world.connect(bob);
        settle_long(&mut world);
        for (friend, _) in &friends {
            world.connect(*friend);
        }
        wait_for_doubts(&mut world);
        for (friend, chat) in friends {
            assert_eq!(world.delivery(friend, chat), Delivery::Delivered, "after {steps} steps");
        }
    }
}

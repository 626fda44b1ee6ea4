//! A profile that was put back from an older copy: nothing is used twice, and what the copy does not know comes back.

use parley_engine::view::{ConversationId, Delivery};
use parley_protocol::frame::{ClientFrame, Request};
use parley_tests::sim::{DeviceIndex, Disk, World};

use crate::devices::link;
use crate::repair::{chatting, settle_long};

/// The kinds of requests that the relay has seen since.
fn requests(world: &World, since: usize) -> Vec<Request> {
    world.relay.seen[since..].iter().map(|bytes| ClientFrame::decode(bytes).unwrap().request).collect()
}

#[test]
fn p5_a_profile_put_back_is_noticed_before_anything_is_sent() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(400);
    let copy: Disk = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.send(bob, chat_b, "after the copy");
    world.settle();
    world.send(ada, chat, "Ada after the copy");
    world.settle();
    world.disconnect(bob);
    world.put_back(bob, copy);
    world.send(bob, chat_b, "written on the copy");
    let since = world.relay.seen.len();
    world.connect(bob);
    while world.disk_step(bob) || world.uplink_step(bob) {}
    assert!(
        matches!(requests(&world, since)[..], [Request::Hello, .., Request::CheckIn(_)] | [Request::Hello]),
        "nothing before the check-in"
    );
    settle_long(&mut world);
    let bobs = world.texts(bob, chat_b);
    for text in ["one", ">two", "[Gap(Restored)]", "Ada after the copy", ">written on the copy"] {
        assert_eq!(bobs.iter().filter(|shown| *shown == text).count(), 1, "{text} once in {bobs:?}");
    }
    assert_eq!(bobs.len(), 5);
    assert_eq!(
        world.texts(ada, chat),
        [">one", "two", "after the copy", ">Ada after the copy", "written on the copy"]
    );
    assert_eq!(world.relay.log_count(), 2, "another group took the old one's place");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("and on"));
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

/// Back to the state of before a connection on which nothing was written.
fn put_back_after_a_connection(world: &mut World, device: DeviceIndex) {
    let copy = world.devices[device].disk.clone();
    world.connect(device);
    world.settle();
    world.put_back(device, copy);
    world.connect(device);
    settle_long(world);
}

/// No own message comes back that would tell it: the check-in does.
#[test]
fn p5_a_profile_put_back_is_noticed_also_where_it_wrote_nothing_after_the_copy() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(406);
    put_back_after_a_connection(&mut world, bob);
    assert_eq!(world.texts(bob, chat_b), ["one", ">two", "[Gap(Restored)]"]);
    assert_eq!(world.relay.log_count(), 2, "no key of the copy is used again");
    world.send(ada, chat, "and on");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("and on"));
}

/// A copy that was made within the same connection is noticed by the own message that comes back.
#[test]
fn p5_a_profile_put_back_within_one_connection_is_noticed_too() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(401);
    let copy = world.devices[bob].disk.clone();
    world.send(bob, chat_b, "after the copy");
    world.settle();
    world.disconnect(bob);
    world.put_back(bob, copy);
    world.send(bob, chat_b, "written on the copy");
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat), [">one", "two", "after the copy", "written on the copy"]);
    assert_eq!(world.texts(bob, chat_b), ["one", ">two", "[Gap(Restored)]", ">written on the copy"]);
}

#[test]
fn p5_a_copy_that_waited_to_send_sends_nothing_twice() {
    let (mut world, [ada, bob], [chat, chat_b]) = chatting(402);
    world.disconnect(bob);
    world.send(bob, chat_b, "waits");
    while world.disk_step(bob) {}
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    world.disconnect(bob);
    world.put_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat), [">one", "two", "waits"]);
    assert!(world.texts(bob, chat_b).contains(&">waits".to_owned()));
}

/// Long enough for those that were forgotten to begin anew.
fn wait_for_doubts(world: &mut World) {
    for _ in 0..10 {
        world.settle();
    }
}

#[track_caller]
fn each_once(texts: &[String], expected: impl IntoIterator<Item = String>) {
    let mut expected: Vec<String> = expected.into_iter().collect();
    let mut texts = texts.to_vec();
    expected.sort_unstable();
    texts.sort_unstable();
    assert_eq!(texts, expected);
}

/// Friends with whose first messages Bob's pool is used up and filled again.
fn befriend(world: &mut World, count: usize) -> Vec<(DeviceIndex, ConversationId)> {
    let mut friends = Vec::new();
    for number in 0..count {
        let friend = world.add_person(&format!("Before{number}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello");
        world.settle();
        friends.push((friend, chat));
    }
    friends
}

/// Of the KeyPackages at the relay the copy has no private parts of those that were made after it, and of the friends'
/// conversations it knows nothing.
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
    world.put_back(bob, copy);
    world.connect(bob);
    for number in 0..4 {
        let friend = world.add_person(&format!("After{number}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello again");
        settle_long(&mut world);
        assert_eq!(world.delivery(friend, chat), Delivery::Delivered, "friend {number}");
    }
    // They hear of it when they look, which is at their next connection.
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
fn p5_who_writes_to_a_profile_that_was_put_back_is_heard() {
    who_was_forgotten_is_heard(true);
}

#[test]
fn p5_who_writes_to_a_profile_that_was_put_back_within_one_connection_is_heard() {
    who_was_forgotten_is_heard(false);
}

/// A conversation that the device itself began after the copy.
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
    world.put_back(bob, copy);
    world.connect(bob);
    world.settle();
    world.send(eve, at_eve, "are you there?");
    world.connect(eve);
    wait_for_doubts(&mut world);
    assert_eq!(world.texts(bob, begun), ["[Gap(Restored)]", "from Eve", "are you there?"]);
    assert_eq!(world.texts(eve, at_eve), ["from Bob", ">from Eve", ">are you there?"]);
    assert_eq!(world.delivery(eve, at_eve), Delivery::Delivered);
}

/// Who stays connected hears of it when they write, though not each time.
#[test]
fn p5_who_writes_on_in_a_long_connection_is_heard() {
    let (mut world, [_, bob], _) = chatting(413);
    let copy = world.devices[bob].disk.clone();
    let (friend, chat) = befriend(&mut world, 1)[0];
    world.put_back(bob, copy);
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
    let asked = |request: &&Request| matches!(request, Request::FetchDeviceLog(_));
    assert_eq!(requests(&world, since).iter().filter(asked).count(), 1, "asked once for both");
    wait_for_doubts(&mut world);
    assert_eq!(world.delivery(friend, chat), Delivery::Delivered);
    let back = world.devices[bob].conversations.values().find(|c| c.name == "Before0").map(|c| c.id);
    let texts = ["[Gap(Restored)]", "hello", "are you there?", "and now?", "and now??"];
    assert_eq!(world.texts(bob, back.unwrap()), texts);
}

/// Stamps are left one after the other, and the relay's answers come in any order.
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

/// A profile that is restored from the same copy each time says so each time.
#[test]
fn p5_a_profile_put_back_to_one_copy_again_and_again_is_heard_of_each_time() {
    let (mut world, [_, bob], _) = chatting(416);
    let copy = world.devices[bob].disk.clone();
    let mut friends = Vec::new();
    for round in 0..3 {
        let friend = world.add_person(&format!("Round{round}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello");
        world.settle();
        friends.push((friend, chat));
        world.put_back(bob, copy.clone());
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

/// What one person says in the meantime makes nobody wait for another.
#[test]
fn p5_two_that_were_put_back_are_given_their_time_each() {
    let (mut world, [_, bob], _) = chatting(414);
    let friends = befriend(&mut world, 2);
    let copies: Vec<Disk> = friends.iter().map(|(friend, _)| world.devices[*friend].disk.clone()).collect();
    // Each friend forgets a chat with Bob that was begun after the copy.
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
        world.put_back(who, disk);
        world.connect(who);
    }
    settle_long(&mut world);
    world.connect(bob);
    // Meanwhile friends are put back again and again, and name what they share with Bob.
    for _ in 0..4 {
        for ((friend, _), copy) in friends.iter().zip(&copies) {
            world.connect(*friend);
            world.put_back(*friend, copy.clone());
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

/// It would use keys twice, or leave somebody unheard, if it died in the middle of what it does about it.
#[test]
fn p5_a_profile_put_back_that_dies_at_once_says_so_the_next_time() {
    for steps in [2, 4, 6, 8, 10, 12, 14, 16, 20] {
        let (mut world, [_, bob], _) = chatting(409);
        let copy = world.devices[bob].disk.clone();
        let friends = befriend(&mut world, 12);
        world.put_back(bob, copy);
        world.connect(bob);
        for _ in 0..steps {
            let _ = world.disk_step(bob) || world.uplink_step(bob) || world.downlink_step(bob);
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

/// Nobody begins anew what was named: one more log for each conversation, and no more.
#[test]
fn p5_what_a_profile_knows_that_was_put_back_is_begun_anew_once() {
    let (mut world, [ada, bob], [chat, there]) = chatting(411);
    put_back_after_a_connection(&mut world, bob);
    world.connect(ada);
    wait_for_doubts(&mut world);
    world.connect(ada);
    wait_for_doubts(&mut world);
    assert_eq!(world.relay.log_count(), 2);
    world.send(bob, there, "on");
    world.settle();
    assert_eq!(world.texts(ada, chat), [">one", "two", "on"]);
}

/// Ada and Bob have chatted; Bob has two devices.
fn two_devices(seed: u64) -> (World, [DeviceIndex; 3], [ConversationId; 2]) {
    let (mut world, [ada, bob], chats) = chatting(seed);
    let second = link(&mut world, bob);
    world.settle();
    (world, [ada, bob, second], chats)
}

/// And nobody sees anything twice, however much it was.
#[test]
fn p5_what_others_wrote_comes_back_to_a_profile_that_was_put_back_and_to_nobody_else() {
    let (mut world, [ada, bob, second], [chat, there]) = two_devices(410);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    for number in 0..80 {
        world.send(ada, chat, &format!("Ada {number}"));
        world.settle();
        world.send(second, there, &format!("second {number}"));
        world.settle();
    }
    world.send(bob, there, "lost");
    world.settle();
    world.put_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    world.send(second, there, "after");
    world.send(ada, chat, "Ada after");
    settle_long(&mut world);
    wait_for_doubts(&mut world);
    let numbered = |own: &str, who: &str| (0..80).map(|n| format!("{own}{who} {n}")).collect::<Vec<_>>();
    let some = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let bobs =
        [numbered("", "Ada"), numbered(">", "second"), some(&[">lost", ">after", "Ada after"])].concat();
    let restored = some(&["one", ">two", "[Gap(Restored)]"]);
    each_once(&world.texts(bob, there), [restored, bobs.clone()].concat());
    each_once(&world.texts(second, there), bobs);
    let adas = some(&[">one", "two", "lost", "after", ">Ada after"]);
    each_once(&world.texts(ada, chat), [numbered(">", "Ada"), numbered("", "second"), adas].concat());
}

/// The copy is from before the second device, and knows neither it nor what it began.
#[test]
fn p6_a_device_linked_after_the_copy_tells_what_there_is() {
    let (mut world, [ada, bob], [chat, there]) = chatting(412);
    let copy = world.devices[bob].disk.clone();
    let second = link(&mut world, bob);
    world.settle();
    let eve = world.add_person("Eve");
    let begun = world.start(second, "eve");
    world.send(second, begun, "from the second");
    world.settle();
    world.put_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    for other in [ada, second, eve] {
        world.connect(other);
    }
    wait_for_doubts(&mut world);
    wait_for_doubts(&mut world);
    world.send(second, there, "to Ada");
    world.send(eve, world.only_conversation(eve), "from Eve");
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat), [">one", "two", "to Ada"]);
    assert_eq!(world.texts(bob, there).last().map(String::as_str), Some(">to Ada"));
    let texts = world.texts(bob, begun);
    assert!(
        texts.contains(&">from the second".to_owned()) && texts.contains(&"from Eve".to_owned()),
        "{texts:?}"
    );
    assert_eq!(world.texts(second, begun), [">from the second", "from Eve"]);
    assert_eq!(world.devices[bob].account.as_ref().unwrap().devices.len(), 2);
}

/// Two people with two devices each, any of which is put back to an older copy at any time.
#[test]
fn p5_devices_put_back_at_random_miss_nothing_and_show_nothing_twice() {
    for seed in 0..30 {
        put_back_at_random(420 + seed);
    }
}

fn below(world: &mut World, bound: usize) -> usize {
    usize::try_from(world.random(u64::try_from(bound).unwrap())).unwrap()
}

fn put_back_at_random(seed: u64) {
    let (mut world, [ada, bob], [chat, there]) = chatting(seed);
    let devices = [ada, link(&mut world, ada), bob, link(&mut world, bob)];
    settle_long(&mut world);
    let conversation = [chat, chat, there, there];
    let mut copies: Vec<(usize, Disk)> = Vec::new();
    let mut sent: Vec<(usize, String)> = Vec::new();
    for number in 0..40 {
        let which = below(&mut world, 4);
        match below(&mut world, 12) {
            0 => copies.push((which, world.devices[devices[which]].disk.clone())),
            1 => world.connect(devices[which]),
            2 if !copies.is_empty() => {
                let (which, copy) = copies.swap_remove(below(&mut world, copies.len()));
                // Whatever waits only in the outbox is lost with the state: that is no fault.
                settle_long(&mut world);
                world.put_back(devices[which], copy);
                world.connect(devices[which]);
            }
            _ => {
                let text = format!("{number} from {which}");
                world.send(devices[which], conversation[which], &text);
                sent.push((which, text));
            }
        }
        if below(&mut world, 2) == 0 {
            world.settle();
        }
    }
    for _ in 0..3 {
        for device in devices {
            world.connect(device);
        }
        wait_for_doubts(&mut world);
    }
    for (which, device) in devices.into_iter().enumerate() {
        let texts = world.texts(device, conversation[which]);
        for (author, text) in &sent {
            let shown = if author / 2 == which / 2 { format!(">{text}") } else { text.clone() };
            let count = texts.iter().filter(|seen| **seen == shown).count();
            assert_eq!(count, 1, "seed {seed}: {shown} at {which} in {texts:?}");
        }
    }
}

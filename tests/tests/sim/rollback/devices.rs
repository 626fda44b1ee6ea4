//! Accounts of several devices, of which one was rolled back.

use parley_engine::view::{Command, ConversationId, Reply};
use parley_protocol::frame::{NewMessage, Request};
use parley_tests::sim::{DeviceIndex, Disk, World};

use super::wait_for_doubts;
use crate::devices::link;
use crate::resync::{chatting, settle_long};

#[track_caller]
fn each_once(texts: &[String], expected: impl IntoIterator<Item = String>) {
    let mut expected: Vec<String> = expected.into_iter().collect();
    let mut texts = texts.to_vec();
    expected.sort_unstable();
    texts.sort_unstable();
    assert_eq!(texts, expected);
}

/// Ada and Bob have chatted; Bob has two devices.
fn two_devices(seed: u64) -> (World, [DeviceIndex; 3], [ConversationId; 2]) {
    let (mut world, [ada, bob], chats) = chatting(seed);
    let second = link(&mut world, bob);
    world.settle();
    (world, [ada, bob, second], chats)
}

/// Nobody sees any message twice, however many there are.
#[test]
fn p5_what_others_wrote_comes_back_to_a_profile_that_was_rolled_back_and_to_nobody_else() {
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
    world.roll_back(bob, copy);
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

/// The copy is from before the second device, and knows neither it nor the conversations that it began.
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
    world.roll_back(bob, copy);
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

/// Two people with two devices each, any of which is rolled back to an older copy at any time.
#[test]
fn p5_devices_rolled_back_at_random_miss_nothing_and_show_nothing_twice() {
    for seed in 0..30 {
        roll_back_at_random(420 + seed);
    }
}

fn below(world: &mut World, bound: usize) -> usize {
    usize::try_from(world.random(u64::try_from(bound).unwrap())).unwrap()
}

fn roll_back_at_random(seed: u64) {
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
                // Messages that are only in the outbox are lost with the state: that is no fault.
                settle_long(&mut world);
                world.roll_back(devices[which], copy);
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

/// Runs single steps until a device has given the relay a long message. Returns that device.
fn who_sends_again(world: &mut World, devices: [DeviceIndex; 3]) -> DeviceIndex {
    let is_long = |message: &NewMessage| message.payload.len() > 50_000;
    let sends = |request: &Request| matches!(request, Request::AppendMessages(all) if all.messages.iter().any(is_long));
    loop {
        let mut worked = false;
        for device in devices {
            let since = world.relay.seen.len();
            worked |= world.step(device) || world.timer_step(device);
            if world.requests_since(since).iter().any(sends) {
                return device;
            }
        }
        if !worked {
            world.advance(250);
        }
    }
}

/// Both of Bob's devices are about to send again; the first disconnects after a part of it.
#[test]
fn p5_what_one_device_did_not_send_again_another_does() {
    let (mut world, [ada, bob, second], [chat, there]) = two_devices(416);
    let copy = world.devices[ada].disk.clone();
    world.connect(ada);
    world.settle();
    let texts: Vec<String> = (0..12).map(|number| format!("{number} {}", "x".repeat(60_000))).collect();
    for text in &texts {
        world.send(bob, there, text);
        world.settle();
    }
    world.roll_back(ada, copy);
    world.connect(ada);
    let first = who_sends_again(&mut world, [ada, bob, second]);
    world.disconnect(first);
    settle_long(&mut world);
    wait_for_doubts(&mut world);
    let shown = world.texts(ada, chat);
    for text in &texts {
        assert_eq!(shown.iter().filter(|shown| *shown == text).count(), 1, "{}", &text[..3]);
    }
}

/// More messages than the engine looks for at a time.
#[test]
fn p5_however_much_it_was_it_comes_back() {
    let (mut world, [ada, bob], [chat, there]) = chatting(417);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    for number in 0..350 {
        world.send(ada, chat, &format!("Ada {number}"));
        if number % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    wait_for_doubts(&mut world);
    let texts: Vec<String> =
        world.texts(bob, there).into_iter().filter(|text| text.starts_with("Ada")).collect();
    assert_eq!(texts, (0..350).map(|number| format!("Ada {number}")).collect::<Vec<_>>());
}

/// Both of Bob's devices send the messages again at the same time.
#[test]
fn p5_what_two_devices_send_again_is_there_once() {
    let (mut world, [ada, bob, _], [chat, there]) = two_devices(418);
    let copy = world.devices[ada].disk.clone();
    world.connect(ada);
    world.settle();
    for number in 0..300 {
        world.send(bob, there, &format!("Bob {number}"));
        if number % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    world.roll_back(ada, copy);
    world.connect(ada);
    for _ in 0..20 {
        world.pass(250);
    }
    world.crash(ada);
    world.connect(ada);
    settle_long(&mut world);
    wait_for_doubts(&mut world);
    let texts: Vec<String> =
        world.texts(ada, chat).into_iter().filter(|text| text.starts_with("Bob")).collect();
    assert_eq!(texts, (0..300).map(|number| format!("Bob {number}")).collect::<Vec<_>>());
}

/// The copy does not know that the chat was deleted, and asks for messages from before the deletion.
#[test]
fn p5_what_another_device_deleted_meanwhile_does_not_come_back() {
    let (mut world, [ada, bob, second], [chat, there]) = two_devices(419);
    let copy = world.devices[bob].disk.clone();
    world.connect(bob);
    world.settle();
    for number in 0..5 {
        world.send(ada, chat, &format!("Ada {number}"));
    }
    world.settle();
    assert_eq!(world.ask(second, Command::DeleteChat(there)), Reply::Done);
    world.settle();
    world.roll_back(bob, copy);
    world.connect(bob);
    settle_long(&mut world);
    wait_for_doubts(&mut world);
    for device in [bob, second] {
        let texts = world.texts(device, there);
        assert!(!texts.iter().any(|text| text.contains("Ada")), "{device}: {texts:?}");
    }
}

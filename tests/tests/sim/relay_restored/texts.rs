//! Texts that the restored relay has lost, and texts written after the restore.

use parley_engine::view::{BodyView, ConversationId, Delivery};
use parley_protocol::frame::{RelayError, Request};
use parley_tests::sim::{DeviceIndex, World};

use super::{come_back, each_once, no_markers, restore};
use crate::devices::link;
use crate::resync::{chatting, settle_long};

#[test]
fn p5_texts_written_after_the_relay_was_restored_arrive() {
    let (mut world, [ada, bob], [chat, there]) = chatting(900);
    let copy = world.relay.copy();
    for number in 0..5 {
        world.send(ada, chat, &format!("before {number}"));
        world.send(bob, there, &format!("Bob before {number}"));
        world.settle();
    }
    restore(&mut world, &copy, &[ada, bob]);
    for number in 0..5 {
        world.send(ada, chat, &format!("after {number}"));
        world.send(bob, there, &format!("Bob after {number}"));
        world.settle();
    }
    settle_long(&mut world);
    let numbered = |begin: &str| (0..5).map(|n| format!("{begin} {n}")).collect::<Vec<_>>();
    let own = [vec![">one".to_owned(), "two".to_owned()], numbered(">before"), numbered("Bob before")];
    let all = [own.concat(), numbered(">after"), numbered("Bob after")].concat();
    each_once(&mut world, ada, chat, &all.iter().map(String::as_str).collect::<Vec<_>>());
    let flip = |text: &String| match text.strip_prefix('>') {
        Some(text) => text.to_owned(),
        None => format!(">{text}"),
    };
    let flipped: Vec<String> = all.iter().map(flip).collect();
    each_once(&mut world, bob, there, &flipped.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    assert_eq!(world.delivery(bob, there), Delivery::Delivered);
    for device in [ada, bob] {
        no_markers(&mut world, device);
        assert!(world.is_online(device));
    }
}

/// Bob was away from before the copy until after the restore: only Ada can tell that something is lost.
#[test]
fn p5_texts_that_the_restored_relay_lost_are_sent_again_to_who_was_away() {
    let (mut world, [ada, bob], [chat, there]) = chatting(901);
    world.disconnect(bob);
    let copy = world.relay.copy();
    for text in ["three", "four"] {
        world.send(ada, chat, text);
        world.settle();
    }
    restore(&mut world, &copy, &[ada]);
    come_back(&mut world, &[bob]);
    assert_eq!(world.texts(bob, there), ["one", ">two", "three", "four"]);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    no_markers(&mut world, bob);
}

/// Bob writes first, and the relay reuses the numbers of messages that Ada has read and written already.
#[test]
fn p5_numbers_that_a_restored_relay_gives_out_again_do_not_count_as_read() {
    for more in [1, 2, 3, 6] {
        let (mut world, [ada, bob], [chat, there]) = chatting(902);
        world.disconnect(bob);
        let copy = world.relay.copy();
        for text in ["three", "four", "five"] {
            world.send(ada, chat, text);
            world.settle();
        }
        restore(&mut world, &copy, &[bob]);
        let mut bobs = vec!["one".to_owned(), ">two".to_owned()];
        for number in 0..more {
            world.send(bob, there, &format!("Bob {number}"));
            world.settle();
            bobs.push(format!(">Bob {number}"));
        }
        come_back(&mut world, &[ada]);
        bobs.extend(["three", "four", "five"].map(str::to_owned));
        each_once(&mut world, bob, there, &bobs.iter().map(String::as_str).collect::<Vec<_>>());
        let adas = world.texts(ada, chat);
        assert_eq!(adas.len(), bobs.len(), "{more}: {adas:?}");
        assert_eq!(world.delivery(bob, there), Delivery::Delivered, "{more}");
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{more}");
        no_markers(&mut world, ada);
        no_markers(&mut world, bob);
    }
}

/// The text was acknowledged, but had not come back when the connection ended.
#[test]
fn p5_a_text_that_was_acknowledged_and_lost_at_once_is_sent_again() {
    let (mut world, [ada, bob], [chat, there]) = chatting(903);
    world.disconnect(bob);
    let copy = world.relay.copy();
    world.send(ada, chat, "three");
    while world.delivery(ada, chat) == Delivery::Waiting {
        assert!(world.step(ada) || world.disk_step(ada));
    }
    restore(&mut world, &copy, &[ada, bob]);
    assert_eq!(world.texts(bob, there), ["one", ">two", "three"]);
    assert_eq!(world.texts(ada, chat), [">one", "two", ">three"]);
}

/// Until the relay has the lost text again, the device does not show it as sent.
#[test]
fn p11_a_text_that_the_relay_lost_is_shown_as_waiting_until_it_is_there_again() {
    let (mut world, [ada, bob], [chat, _]) = chatting(904);
    world.disconnect(bob);
    let copy = world.relay.copy();
    world.send(ada, chat, "three");
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Sent);
    world.restore_relay(&copy);
    let messages: fn(&Request) -> bool = |request| matches!(request, Request::AppendMessages(_));
    world.relay.refusal = Some((messages, RelayError::Internal));
    come_back(&mut world, &[ada]);
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    let shown = |world: &World| {
        world.devices[ada].messages[&chat].values().filter_map(|view| view.outgoing).collect::<Vec<_>>()
    };
    assert!(shown(&world).contains(&Delivery::Waiting), "also on a screen that was open");
    world.relay.refusal = None;
    settle_long(&mut world);
    assert_eq!(world.delivery(ada, chat), Delivery::Sent);
    assert!(!shown(&world).contains(&Delivery::Waiting));
}

/// The stranger's Welcome gets the number of one that Bob has read.
#[test]
fn p5_an_inbox_whose_numbers_are_given_out_again_is_read() {
    let (mut world, [ada, bob], _) = chatting(905);
    world.disconnect(bob);
    let copy = world.relay.copy();
    let mut strangers = Vec::new();
    for number in 0..3 {
        let stranger = world.add_person(&format!("Stranger{number}"));
        let chat = world.start(stranger, "bob");
        world.send(stranger, chat, "hello");
        world.settle();
        strangers.push((stranger, chat));
    }
    world.connect(bob);
    settle_long(&mut world);
    let devices: Vec<_> = strangers.iter().map(|(stranger, _)| *stranger).chain([ada, bob]).collect();
    restore(&mut world, &copy, &devices);
    for (stranger, chat) in &strangers {
        world.send(*stranger, *chat, "after");
    }
    settle_long(&mut world);
    for (stranger, chat) in &strangers {
        assert_eq!(world.delivery(*stranger, *chat), Delivery::Delivered);
        assert_eq!(world.texts(*stranger, *chat), [">hello", ">after"]);
    }
    let chats: Vec<_> = world.devices[bob].conversations.keys().copied().collect();
    let hellos = chats.into_iter().filter(|chat| world.texts(bob, *chat) == ["hello", "after"]).count();
    assert_eq!(hellos, 3);
    no_markers(&mut world, bob);
}

/// A stranger writes to Bob between the restore and his return.
#[test]
fn p5_a_stranger_who_writes_before_the_others_are_back_takes_nothing_from_them() {
    let (mut world, [ada, bob], [chat, there]) = chatting(906);
    let copy = world.relay.copy();
    let before = world.add_person("Before");
    let to_bob = world.start(before, "bob");
    world.send(before, to_bob, "from before");
    world.send(ada, chat, "three");
    settle_long(&mut world);
    world.restore_relay(&copy);
    let eve = world.add_person("Eve");
    let eves = world.start(eve, "bob");
    world.send(eve, eves, "from Eve");
    settle_long(&mut world);
    come_back(&mut world, &[ada, bob, before]);
    for number in 0..3 {
        world.send(ada, chat, &format!("after {number}"));
        world.settle();
    }
    // A person who used a key that Bob no longer has learns of it at the next connection.
    come_back(&mut world, &[eve, before]);
    for _ in 0..10 {
        settle_long(&mut world);
    }
    assert_eq!(world.texts(bob, there), ["one", ">two", "three", "after 0", "after 1", "after 2"]);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    assert_eq!(world.delivery(before, to_bob), Delivery::Delivered);
    assert_eq!(world.delivery(eve, eves), Delivery::Delivered);
}

/// A client that was closed during the restore does not report that its own data were rolled back.
#[test]
fn p11_a_device_that_was_closed_does_not_say_that_its_data_were_rolled_back() {
    let (mut world, [ada, bob], [chat, there]) = chatting(907);
    let copy = world.relay.copy();
    for device in [ada, bob] {
        world.connect(device);
        world.settle();
    }
    world.crash(ada);
    world.crash(bob);
    let since = world.relay.seen.len();
    restore(&mut world, &copy, &[ada, bob]);
    no_markers(&mut world, ada);
    no_markers(&mut world, bob);
    let says = |request: &Request| matches!(request, Request::AppendDeviceLog(_));
    assert!(!world.requests_since(since).iter().any(says), "and not to others either");
    let renews = |request: &&Request| matches!(request, Request::ForgetKeyPackages { .. });
    assert_eq!(
        world.requests_since(since).iter().filter(renews).count(),
        2,
        "keys that were used are taken back"
    );
    world.send(ada, chat, "on");
    settle_long(&mut world);
    assert_eq!(world.texts(bob, there), ["one", ">two", "on"]);
}

/// Nobody knows the epoch of the restored log any more.
#[test]
fn p5_a_log_that_went_back_to_an_earlier_epoch_is_replaced() {
    let (mut world, [ada, bob], [chat, there]) = chatting(908);
    let copy = world.relay.copy();
    for number in 0..110 {
        world.send(ada, chat, &format!("{number}"));
        if number % 10 == 0 {
            world.settle();
        }
    }
    settle_long(&mut world);
    restore(&mut world, &copy, &[ada, bob]);
    world.send(bob, there, "on");
    settle_long(&mut world);
    assert_eq!(world.texts(ada, chat).len(), 113);
    assert_eq!(world.texts(bob, there).len(), 113);
    assert_eq!(world.texts(ada, chat).last().map(String::as_str), Some("on"));
}

/// One of Bob's devices knows the lost messages. The other is behind, and writes into the restored log first.
#[test]
fn p5_p6_every_device_gets_what_it_lacks_whatever_it_knew() {
    let (mut world, [ada, bob], [chat, there]) = chatting(909);
    let second = link(&mut world, bob);
    settle_long(&mut world);
    world.disconnect(second);
    let copy = world.relay.copy();
    world.send(ada, chat, "lost of Ada");
    world.send(bob, there, "lost of Bob");
    settle_long(&mut world);
    world.restore_relay(&copy);
    come_back(&mut world, &[second]);
    world.send(second, there, "of the second");
    world.settle();
    come_back(&mut world, &[ada, bob]);
    settle_long(&mut world);
    let texts = |own: &[&str], other: &[&str]| {
        let own = own.iter().map(|text| format!(">{text}"));
        own.chain(other.iter().map(|text| (*text).to_owned())).collect::<Vec<_>>()
    };
    let (adas, bobs) = (["one", "lost of Ada"], ["two", "lost of Bob", "of the second"]);
    let expected = texts(&adas, &bobs);
    each_once(&mut world, ada, chat, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    let expected = texts(&bobs, &adas);
    each_once(&mut world, bob, there, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    // Messages from before the linking do not belong to the second device.
    let expected = texts(&bobs[1..], &adas[1..]);
    each_once(&mut world, second, there, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Two texts of two devices of Ada get the same number: Bob's receipt for the second says nothing of the first.
#[test]
fn p11_a_receipt_for_a_number_that_was_given_out_twice_says_nothing_of_the_text_that_was_lost() {
    let (mut world, [ada, bob], [chat, there]) = chatting(911);
    let second = link(&mut world, ada);
    settle_long(&mut world);
    world.disconnect(bob);
    world.disconnect(second);
    let copy = world.relay.copy();
    world.send(ada, chat, "three");
    world.settle();
    world.restore_relay(&copy);
    come_back(&mut world, &[second, bob]);
    world.send(second, chat, "of the second");
    settle_long(&mut world);
    assert_eq!(world.delivery(second, chat), Delivery::Delivered);
    world.connect(ada);
    let shows = |world: &World, device: DeviceIndex, chat: &ConversationId, text: &str| {
        let is_it = |body: &BodyView| matches!(body, BodyView::Text(shown) if shown == text);
        world.devices[device].messages.get(chat)?.values().find(|view| is_it(&view.body)).cloned()
    };
    let mut came = false;
    for round in 0..4_000 {
        for device in [ada, bob, second] {
            world.step(device);
        }
        if round % 40 == 39 {
            world.advance(250);
        }
        came |= shows(&world, bob, &there, "three").is_some();
        let state = shows(&world, ada, &chat, "three").and_then(|view| view.outgoing);
        assert!(came || state <= Some(Delivery::Sent), "{state:?}");
    }
    settle_long(&mut world);
    each_once(&mut world, bob, there, &["one", ">two", "three", "of the second"]);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
}

/// Another own device sends again a text that this one shows as waiting. The text stays in its place, once, and no longer
/// waits.
#[test]
fn a_text_that_waits_again_keeps_its_place_when_another_own_device_has_sent_it() {
    let (mut world, [ada, bob], [chat, there]) = chatting(912);
    let second = link(&mut world, ada);
    settle_long(&mut world);
    world.disconnect(bob);
    let copy = world.relay.copy();
    world.send(ada, chat, "three");
    world.settle();
    world.restore_relay(&copy);
    let messages: fn(&Request) -> bool = |request| matches!(request, Request::AppendMessages(_));
    world.relay.refusal = Some((messages, RelayError::Internal));
    come_back(&mut world, &[ada]);
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    world.disconnect(ada);
    world.relay.refusal = None;
    come_back(&mut world, &[second, bob]);
    assert_eq!(world.texts(bob, there), ["one", ">two", "three"]);
    world.send(second, chat, "four");
    settle_long(&mut world);
    come_back(&mut world, &[ada]);
    assert_eq!(world.texts(ada, chat), [">one", "two", ">three", ">four"]);
    let states: Vec<_> = world.history(ada, chat).into_iter().filter_map(|view| view.outgoing).collect();
    assert_eq!(states, [Delivery::Delivered; 3]);
    assert_eq!(world.texts(bob, there), ["one", ">two", "three", "four"], "once");
}

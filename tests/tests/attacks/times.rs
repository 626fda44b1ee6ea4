//! Wrong times from a contact's clock, the relay or the own clock: the order of a log wins, and no message shows an impossible
//! time.

use parley_engine::hostile::Peer;
use parley_engine::view::{ConversationId, MessageView};
use parley_protocol::bounded::List;
use parley_protocol::frame::{Answer, ServerFrame, Stored};
use parley_protocol::ids::{Era, Seq, UnixMillis};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{Pair, ask, catch_up, found, meet, pair, reconnect};

/// Two years in milliseconds.
const YEARS: i64 = 2 * 365 * 24 * 3_600_000;
const MINUTES: u64 = 11 * 60_000;

/// Checks that the messages are shown in the order in which they were written, with times that only grow and are not in the
/// future.
fn in_order(world: &mut World, device: DeviceIndex, chat: ConversationId, expected: &[&str]) {
    assert_eq!(world.texts(device, chat), expected);
    let now = world.now;
    let history = world.history(device, chat);
    let times: Vec<u64> = history.iter().map(|message| message.time.0).collect();
    assert!(times.is_sorted(), "{expected:?} at {times:?}");
    let ahead = |message: &&MessageView| message.time.0 > now.0 + MINUTES;
    let wrong = history.iter().find(ahead);
    assert_eq!(wrong, None, "now is {now:?}");
}

#[test]
fn p2_a_contact_whose_clock_is_years_ahead_moves_nothing() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(790);
    world.settle();
    world.set_clock(ada, YEARS);
    world.send(ada, chat, "from the future");
    world.settle();
    in_order(&mut world, bob, chat_b, &["hello", "from the future"]);
    world.set_clock(ada, -YEARS);
    world.send(bob, chat_b, "an answer");
    world.settle();
    world.send(ada, chat, "and now");
    world.settle();
    in_order(&mut world, bob, chat_b, &["hello", "from the future", ">an answer", "and now"]);
    in_order(&mut world, ada, chat, &[">hello", ">from the future", "an answer", ">and now"]);
}

#[test]
fn p2_one_wrong_time_of_the_relay_moves_no_message() {
    for by in [YEARS, -YEARS] {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(791);
        world.settle();
        world.disconnect(bob);
        for text in ["a", "b", "c"] {
            world.send(ada, chat, text);
            world.settle();
        }
        let entries = world.relay.entries_mut().next().unwrap();
        let middle = entries.len() - 2;
        entries[middle].time = UnixMillis(entries[middle].time.0.saturating_add_signed(by));
        world.connect(bob);
        world.settle();
        world.send(bob, chat_b, "later");
        world.settle();
        in_order(&mut world, bob, chat_b, &["hello", "a", "b", "c", ">later"]);
        reconnect(&mut world, bob);
        world.send(ada, chat, "last");
        world.settle();
        in_order(&mut world, bob, chat_b, &["hello", "a", "b", "c", ">later", "last"]);
    }
}

#[test]
fn p2_one_wrong_time_of_an_own_message_moves_no_message() {
    for by in [YEARS, -YEARS] {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(792);
        world.settle();
        world.relay.lie(move |_, _, told| {
            for (_, frame) in told {
                if let ServerFrame::Answer { result: Ok(Answer::Stored(stored)), .. } = frame {
                    let wrong =
                        |it: &Stored| Stored { time: UnixMillis(it.time.0.saturating_add_signed(by)), ..*it };
                    *stored = List::new(stored.iter().map(wrong).collect()).unwrap();
                }
            }
        });
        world.send(ada, chat, "stamped");
        world.settle();
        world.relay.stop_lying();
        world.send(bob, chat_b, "an answer");
        world.settle();
        world.send(ada, chat, "and on");
        world.settle();
        in_order(&mut world, ada, chat, &[">hello", ">stamped", "an answer", ">and on"]);
    }
}

#[test]
fn p2_an_own_clock_that_is_wrong_and_then_right_moves_no_message() {
    for by in [YEARS, -YEARS] {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(793);
        world.settle();
        world.set_clock(bob, by);
        world.send(ada, chat, "a");
        world.settle();
        world.send(bob, chat_b, "b");
        world.settle();
        world.set_clock(bob, -by);
        world.send(ada, chat, "c");
        world.settle();
        world.send(bob, chat_b, "d");
        world.settle();
        in_order(&mut world, bob, chat_b, &["hello", "a", ">b", "c", ">d"]);
        in_order(&mut world, ada, chat, &[">hello", ">a", "b", ">c", "d"]);
    }
}

/// As long as the relay lies about everything, it may date messages into the future. Later messages stand after them, also in
/// another log.
#[test]
fn p2_after_a_long_lie_about_time_messages_stand_in_their_order() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(794);
    world.settle();
    world.disconnect(bob);
    world.send(ada, chat, "in two years");
    world.settle();
    for entry in world.relay.entries_mut().flatten() {
        entry.time = UnixMillis(entry.time.0.saturating_add_signed(YEARS));
    }
    world.relay.lie(|_, _, told| {
        for (_, frame) in told {
            if let ServerFrame::Answer { result: Ok(Answer::Hello { now }), .. } = frame {
                *now = UnixMillis(now.0.saturating_add_signed(YEARS));
            }
        }
    });
    world.connect(bob);
    world.settle();
    world.relay.stop_lying();
    world.relay.lose_logs();
    for device in [ada, bob] {
        reconnect(&mut world, device);
    }
    for _ in 0..4 {
        world.settle();
    }
    world.send(ada, chat, "in another log");
    for _ in 0..4 {
        world.settle();
    }
    let texts = world.texts(bob, chat_b);
    let place = |text: &str| texts.iter().position(|shown| shown == text);
    assert!(place("in two years") < place("in another log"), "{texts:?}");
    assert!(place("in another log").is_some(), "{texts:?}");
}

/// A contact chooses what its texts claim: that they are sent again, from which place, at what time.
#[test]
fn p5_nothing_that_a_contact_says_takes_the_place_of_what_is_stored() {
    let Pair { mut world, ada, chat, .. } = pair(795);
    world.settle();
    let mut eve = Peer::new(795, "eve");
    let first = meet(&mut world, ada, &mut eve);
    let eves = *world.devices[ada].conversations.keys().find(|id| **id != chat).unwrap();
    // Ada gives the log up, and asks for its messages.
    let garbage = eve.append(first, vec![7; 64]);
    ask(&mut world, garbage).unwrap();
    reconnect(&mut world, ada);
    let second = found(&mut world, ada, &mut eve);
    let now = world.now;
    let eras = [1, 2, 3].map(|era| Era([era; 8]));
    let texts = ["one", "two", "three"];
    for (era, text) in eras.into_iter().zip(texts) {
        catch_up(&mut world, &mut eve, second);
        let again = eve.again(second, text, (first, Seq(3), now, era));
        ask(&mut world, eve.append(second, again)).unwrap();
        reconnect(&mut world, ada);
    }
    world.crash(ada);
    reconnect(&mut world, ada);
    let stored = world.texts(ada, eves);
    for text in texts {
        assert!(stored.iter().any(|stored| stored == text), "{text} was replaced: {stored:?}");
    }
}

#[test]
fn p2_a_contact_sets_no_time_back_to_before_the_accounts() {
    let Pair { mut world, ada, chat, .. } = pair(796);
    world.settle();
    let begun = world.now.0 - 24 * 3_600_000;
    let mut eve = Peer::new(796, "eve");
    let log = meet(&mut world, ada, &mut eve);
    let eves = *world.devices[ada].conversations.keys().find(|id| **id != chat).unwrap();
    // Its clock says 1970.
    let head = eve.log().head();
    let text = eve.text(log, "long ago", &head);
    ask(&mut world, eve.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    let shown = world.history(ada, eves);
    assert!(shown.iter().all(|message| message.time.0 >= begun), "{shown:?}");
}

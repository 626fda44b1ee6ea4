//! Attacks by a relay that holds frames back, renumbers them and mixes conversations.

use parley_engine::hostile::Peer;
use parley_engine::view::{Command, ConversationId, Delivery, Warning};
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, EntryKind, LogEntry, Push, ServerFrame};
use parley_protocol::ids::{Seq, UnixMillis};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{Pair, ask, entries, link, made_up, meet, pair, reconnect};

const REJECTED: &str = "[Gap(Rejected)]";

/// Only the texts of the other.
fn theirs(world: &mut World, device: DeviceIndex, chat: ConversationId) -> Vec<String> {
    world.texts(device, chat).into_iter().filter(|text| !text.starts_with('>')).collect()
}

/// The same, without gap markers.
fn readable(world: &mut World, device: DeviceIndex, chat: ConversationId) -> Vec<String> {
    theirs(world, device, chat).into_iter().filter(|text| !text.starts_with("[Gap(")).collect()
}

/// Holds back all pushes of commits.
fn hold_commits(world: &mut World) {
    world.relay.lie(|_, _, told| {
        told.retain_mut(|(_, frame)| {
            let ServerFrame::Push(Push::Log { entries, .. }) = frame else { return true };
            let mut kept = entries.to_vec();
            if let Some(place) = kept.iter().position(|entry| entry.kind == EntryKind::Commit) {
                kept.truncate(place);
            }
            let any = !kept.is_empty();
            *entries = List::new(kept).unwrap();
            any
        });
    });
}

#[test]
fn p5_a_commit_that_is_held_back_delays_and_loses_nothing() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(700);
    world.settle();
    hold_commits(&mut world);
    // Bob's keys are due for replacement: his receipt or this message brings the commit.
    world.send(bob, chat_b, "one");
    world.settle();
    world.send(bob, chat_b, "two");
    world.send(ada, chat, "three");
    world.settle();
    for device in [ada, bob] {
        reconnect(&mut world, device);
    }
    let sent: Vec<String> = world.texts(bob, chat_b);
    for text in ["one", "two"] {
        assert!(sent.contains(&format!(">{text}")), "{text} is there to see, sent or waiting");
    }

    world.relay.stop_lying();
    for device in [ada, bob] {
        reconnect(&mut world, device);
    }
    world.settle();
    assert_eq!(theirs(&mut world, ada, chat), ["one", "two"]);
    assert_eq!(theirs(&mut world, bob, chat_b), ["hello", "three"]);
    for (device, chat) in [(ada, chat), (bob, chat_b)] {
        assert!(world.delivery(device, chat) >= Delivery::Sent);
        assert!(world.is_online(device));
    }
}

#[test]
fn p2_entries_of_another_conversation_are_rejected() {
    let Pair { mut world, ada, bob, chat, .. } = pair(701);
    world.settle();
    let mut eve = Peer::new(701, "eve");
    let bobs = world.relay.log_ids()[0];
    let eves = meet(&mut world, ada, &mut eve);
    assert_ne!(bobs, eves);
    let head = eve.log().head();
    let sealed = eve.text(eves, "this is Bob speaking", &head);
    ask(&mut world, eve.append(eves, sealed)).unwrap();
    let payload = entries(&mut world, eves).last().unwrap().payload.to_vec();
    made_up(&mut world, bobs, payload);
    for device in [ada, bob] {
        reconnect(&mut world, device);
    }
    let texts = theirs(&mut world, ada, chat);
    assert_eq!(texts, [REJECTED], "the gap is shown, and not Eve's words under Bob's name");
}

#[test]
fn p2_a_stranger_cannot_make_up_an_entry() {
    let Pair { mut world, ada, chat, .. } = pair(702);
    world.settle();
    world.disconnect(ada);
    let log = world.relay.log_ids()[0];
    for payload in [vec![], vec![0; 300], vec![0xFF; 90_000]] {
        made_up(&mut world, log, payload);
    }
    reconnect(&mut world, ada);
    let texts = theirs(&mut world, ada, chat);
    assert!(!texts.is_empty() && texts.iter().all(|text| text == REJECTED), "{texts:?}");
}

#[test]
fn p2_forged_numbers_are_not_accepted() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(703);
    world.send(bob, chat_b, "one");
    world.settle();
    // Numbers that start again, repeat, or jump.
    let forgeries: [fn(Seq) -> Seq; 4] =
        [|_| Seq(1), |seq| Seq(seq.0.saturating_sub(1)), |seq| Seq(seq.0 + 7), |_| Seq(u64::MAX)];
    for (number, forge) in forgeries.into_iter().enumerate() {
        world.relay.lie(move |_, _, told| {
            for (_, frame) in told {
                if let ServerFrame::Push(Push::Log { entries, .. }) = frame {
                    let forged = |entry: &LogEntry| LogEntry { seq: forge(entry.seq), ..entry.clone() };
                    *entries = List::new(entries.iter().map(forged).collect()).unwrap();
                }
            }
        });
        world.send(bob, chat_b, &format!("with forged number {number}"));
        world.settle();
        assert_eq!(readable(&mut world, ada, chat).len(), 1 + number, "not taken");
        world.relay.stop_lying();
        for device in [ada, bob] {
            reconnect(&mut world, device);
        }
        // One repair after another waits for up to ten minutes.
        for _ in 0..8 {
            world.pass(120_000);
            world.settle();
        }
        let texts = world.texts(ada, chat);
        let text = format!("with forged number {number}");
        assert_eq!(texts.iter().filter(|shown| **shown == text).count(), 1, "and not lost: {texts:?}");
    }
    assert!(world.is_online(ada) && world.is_online(bob));
}

#[test]
fn p5_answers_with_forged_places_lose_nothing() {
    for (seed, seq, time) in [(704, 0, 0), (705, 1, 1), (706, u64::MAX, u64::MAX)] {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(seed);
        world.relay.lie(move |_, _, told| {
            for (_, frame) in told {
                if let ServerFrame::Answer { result: Ok(Answer::Stored(places)), .. } = frame {
                    let mut forged = places.to_vec();
                    for place in &mut forged {
                        (place.seq, place.time) = (Seq(seq), UnixMillis(time));
                    }
                    *places = List::new(forged).unwrap();
                }
            }
        });
        world.send(ada, chat, "one");
        world.settle();
        world.relay.stop_lying();
        for device in [ada, bob] {
            reconnect(&mut world, device);
        }
        world.send(ada, chat, "two");
        world.settle();
        // The device may take an own receipt, which the client was told to look for elsewhere, for a stranger's.
        assert_eq!(readable(&mut world, bob, chat_b), ["hello", "one", "two"], "{seq}");
        let own: Vec<String> =
            world.texts(ada, chat).into_iter().filter(|text| text.starts_with('>')).collect();
        assert_eq!(own.len(), 3, "{own:?}");
    }
}

#[test]
fn p5_a_relay_that_promises_more_than_it_has_only_delays() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(707);
    // Says that more is to come than there is: the client waits, and sends nothing into the unknown.
    world.relay.lie(|_, _, told| {
        for (_, frame) in told {
            if let ServerFrame::Answer { result: Ok(Answer::Subscribed(state)), .. } = frame {
                state.head = Seq(u64::MAX);
            }
        }
    });
    reconnect(&mut world, ada);
    world.ask(ada, Command::SendText { conversation: chat, text: "waits".into(), over: String::new() });
    world.settle();
    assert!(!world.is_online(ada), "it says that it is catching up");
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    world.relay.stop_lying();
    reconnect(&mut world, ada);
    assert_eq!(theirs(&mut world, bob, chat_b), ["hello", "waits"]);
    assert!(world.is_online(ada));
}

#[test]
fn p2_a_relay_that_shows_two_people_different_orders_is_found() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(708);
    world.send(bob, chat_b, "one");
    world.settle();
    // Bob's next message reaches the relay, and Bob is cut off before he sees where it stands.
    world.send(bob, chat_b, "Bob first");
    while world.disk_step(bob) || world.uplink_step(bob) {}
    world.disconnect(bob);
    world.settle();
    world.disconnect(bob);
    world.send(ada, chat, "then Ada");
    world.settle();
    let log = world.relay.log_ids()[0];
    let all = entries(&mut world, log);
    let place = all.len() - 2;
    let (before, after) = (all[place].clone(), all[place + 1].clone());
    assert_eq!(before.epoch, after.epoch);
    all[place] = LogEntry { seq: before.seq, ..after.clone() };
    all[place + 1] = LogEntry { seq: after.seq, ..before };
    reconnect(&mut world, bob);
    world.send(ada, chat, "and on");
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.devices[bob].conversations[&chat_b].warning, Some(Warning::DifferentMessages));
    let texts = world.texts(bob, chat_b);
    for text in [">Bob first", "then Ada", "and on"] {
        assert_eq!(texts.iter().filter(|shown| *shown == text).count(), 1, "{text} once in {texts:?}");
    }
}

/// A device linked later is in the conversation from some epoch on. The relay omits a text for this device alone, and renumbers
/// the following entries so that nothing seems to be missing.
#[test]
fn p2_a_device_that_was_linked_later_notices_what_is_left_out_for_it_alone() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(709);
    world.settle();
    let log = world.relay.log_ids()[0];
    let late = link(&mut world, ada);
    world.send(bob, chat_b, "for all");
    world.settle();
    assert_eq!(readable(&mut world, late, chat), ["for all"]);
    let (mut left_out, late_reads) = (None, world.connection_of(late));
    world.relay.lie(move |_, _, told| {
        for (_, frame) in told.iter_mut().filter(|(to, _)| Some(*to) == late_reads) {
            let ServerFrame::Push(Push::Log { log: pushed, entries }) = frame else { continue };
            if *pushed != log {
                continue;
            }
            let kept = entries.iter().filter(|entry| entry.seq != *left_out.get_or_insert(entry.seq));
            let numbered = kept.map(|entry| LogEntry { seq: Seq(entry.seq.0 - 1), ..entry.clone() });
            *entries = List::new(numbered.collect()).unwrap();
        }
        told.retain(
            |(_, frame)| !matches!(frame, ServerFrame::Push(Push::Log { entries, .. }) if entries.is_empty()),
        );
    });
    for text in ["left out", "shown", "shown too"] {
        world.send(bob, chat_b, text);
        world.settle();
    }
    for _ in 0..4 {
        world.settle();
    }
    assert_ne!(world.relay.log_ids().iter().filter(|id| **id != log).count(), 1,);
    let mut texts = readable(&mut world, late, chat);
    texts.sort();
    assert_eq!(texts, ["for all", "left out", "shown", "shown too"], "what was left out is sent again");
}

/// The relay claims that it is the appended one.
#[test]
fn p2_an_own_message_that_the_relay_has_changed_is_not_taken_for_sent() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(709);
    world.send(ada, chat, "as it was");
    while world.disk_step(ada) || world.uplink_step(ada) {}
    world.disconnect(ada);
    let log = world.relay.log_ids()[0];
    let entry = entries(&mut world, log).last_mut().unwrap();
    let mut payload = entry.payload.to_vec();
    *payload.last_mut().unwrap() ^= 1;
    entry.payload = Bytes::new(payload).unwrap();
    reconnect(&mut world, ada);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(readable(&mut world, bob, chat_b), ["hello", "as it was"]);
    assert_eq!(readable(&mut world, ada, chat).len(), 0);
    assert!(world.texts(ada, chat).contains(&">as it was".to_owned()));
}

/// As for a device that joined after others had written.
#[test]
fn p5_a_relay_that_begins_in_the_middle_of_a_log_hides_nothing() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(710);
    world.disconnect(bob);
    for text in ["one", "two", "three"] {
        world.send(ada, chat, text);
        world.settle();
    }
    world.relay.hide_what_is_in_logs();
    reconnect(&mut world, bob);
    assert!(!world.is_online(bob), "it has not caught up");
    world.relay.stop_lying();
    reconnect(&mut world, bob);
    assert_eq!(readable(&mut world, bob, chat_b), ["hello", "one", "two", "three"]);
}

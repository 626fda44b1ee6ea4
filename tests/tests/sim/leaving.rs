//! Removed devices: what they wrote, read and go on writing, and what depends on them.

use parley_engine::io::StorageFailure;
use parley_engine::view::{Command, ConversationId, Delivery, KeptState, LinkView, Reply, Share};
use parley_protocol::frame::{EntryKind, RelayError, Request};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, let_in, link, meet, names, pair};

/// Runs everything on one device, and nothing on any other.
fn alone(world: &mut World, device: DeviceIndex) {
    while world.step(device) {}
}

#[test]
fn p6_a_device_stays_in_every_conversation_if_who_let_it_in_is_removed() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    let third = world.add_device();
    let_in(&mut world, second, third);
    // The device has not read the Welcomes when their signer is removed.
    world.disconnect(third);
    world.settle();
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    world.connect(third);
    world.settle();
    world.send(bob, back, "to both");
    world.settle();
    world.send(third, there, "from the third");
    world.settle();
    assert_eq!(world.texts(third, there), ["to both", ">from the third"]);
    assert_eq!(world.texts(bob, back)[2..], [">to both", "from the third"]);
    assert_eq!(world.texts(ada, there)[2..], ["to both", ">from the third"]);
}

/// The relay refuses the commit that adds the device.
#[test]
fn p6_a_device_may_be_removed_at_any_step_of_being_added() {
    let mut removed = 0;
    for count in (0..60).step_by(3) {
        let (mut world, ada, bob, there, back) = pair();
        let second = link(&mut world, ada);
        let third = world.add_device();
        meet(&mut world, third, ada, false);
        assert!(matches!(world.devices[ada].link, Some(LinkView::Approve { .. })));
        world.command(ada, Command::ApproveDevice(Share::Nothing));
        for _ in 0..count {
            world.step(ada);
            world.step(third);
        }
        if world.devices[third].account.is_some() {
            let gone = device_id(&world, third);
            // This lets it know of the third device.
            world.disconnect(second);
            world.connect(second);
            alone(&mut world, second);
            let request = world.command(second, Command::RemoveDevice(gone));
            alone(&mut world, second);
            removed += i32::from(world.devices[second].replies.get(&request) == Some(&Reply::Done));
        }
        for _ in 0..6 {
            world.pass(10_000);
        }
        world.send(bob, back, "to all");
        world.settle();
        world.send(ada, there, "from the first");
        world.settle();
        let texts = ["to all".to_owned(), ">from the first".to_owned()];
        assert_eq!(world.texts(ada, there)[2..], texts, "after {count} steps");
        assert_eq!(world.texts(bob, back)[2..], [">to all", "from the first"], "after {count} steps");
        assert_eq!(world.relay.log_count(), 2, "after {count} steps: nothing was begun anew");
        let at_second = world.texts(second, there);
        assert!(
            at_second.ends_with(&["to all".to_owned(), "from the first".to_owned()])
                || at_second.ends_with(&texts),
            "after {count} steps: {at_second:?}"
        );
    }
    assert!(removed > 4, "{removed} times");
}

#[test]
fn p4_a_removed_device_reads_nothing_more_and_deletes_what_it_has() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(bob, back, "both read this");
    world.settle();
    assert_eq!(world.texts(second, there), ["both read this"]);
    let device = world.devices[ada].account.as_ref().unwrap().devices[1].id;
    world.disconnect(second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(device)), Reply::Done);
    world.settle();
    assert_eq!(names(&world, ada), [""]);
    world.send(bob, back, "only the first reads this");
    world.settle();
    assert_eq!(world.texts(ada, there).last().unwrap(), "only the first reads this");
    world.connect(second);
    world.settle();
    assert!(world.devices[second].erased, "it deletes everything");
    assert!(world.devices[second].disk.records.is_empty());
}

/// Ada learns of the removal at her next connection, or on a lasting one when she has not asked for some time.
fn removed_behind_her_back(connected: bool) {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, bob);
    world.send(bob, back, "from two devices");
    world.settle();
    world.disconnect(second);
    if !connected {
        world.disconnect(ada);
    }
    let account = world.devices[bob].account.clone().unwrap();
    world.command(bob, Command::RemoveDevice(account.devices[1].id));
    // Bob's device disconnects as soon as the relay knows: it tells nobody, and removes the other from no conversation.
    while world.relay.device_log(&account.account).devices().count() == 2 {
        assert!(world.step(bob));
    }
    world.disconnect(bob);
    let kinds = |world: &mut World| -> Vec<Vec<EntryKind>> {
        world.relay.entries_mut().map(|entries| entries.iter().map(|entry| entry.kind).collect()).collect()
    };
    let before = kinds(&mut world);
    if connected {
        world.advance(20 * 60 * 1000);
    }
    world.send(ada, there, "only the first reads this");
    if !connected {
        world.connect(ada);
    }
    world.settle();
    let new =
        kinds(&mut world).into_iter().zip(before).flat_map(|(now, before)| now[before.len()..].to_vec());
    let first_two: Vec<EntryKind> = new.take(2).collect();
    assert_eq!(first_two, [EntryKind::Commit, EntryKind::Message], "out before anything is written");
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, back).last().unwrap(), "only the first reads this");
}

#[test]
fn p4_what_is_written_to_somebody_whose_device_was_removed_waits_until_it_is_out() {
    removed_behind_her_back(false);
}

#[test]
fn p4_what_is_written_on_a_long_connection_to_somebody_whose_device_was_removed_waits_too() {
    removed_behind_her_back(true);
}

#[test]
fn p4_a_removed_device_that_goes_on_posting_reaches_nobody() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(second, there, "while it was a device");
    world.settle();
    world.disconnect(second);
    let device = world.devices[ada].account.as_ref().unwrap().devices[1].id;
    assert_eq!(world.ask(ada, Command::RemoveDevice(device)), Reply::Done);
    world.settle();
    // The device does not know of its removal, and writes.
    world.send(second, there, "after its removal");
    world.connect(second);
    world.settle();
    for (index, conversation) in [(ada, there), (bob, back)] {
        let texts = world.texts(index, conversation);
        assert!(texts.last().unwrap().ends_with("while it was a device"), "{texts:?}");
    }
    assert_eq!(kept(&world, second), [("after its removal".to_owned(), KeptState::Unsent)]);
}

#[test]
fn p9_what_a_device_wrote_before_it_was_removed_is_read() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, bob);
    world.send(bob, back, "from two devices");
    world.settle();
    world.disconnect(ada);
    world.send(second, back, "my last words");
    world.settle();
    let gone = device_id(&world, second);
    assert_eq!(world.ask(bob, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    assert!(world.devices[second].erased);
    world.send(bob, back, "and on");
    world.settle();
    world.connect(ada);
    world.settle();
    let texts = world.texts(ada, there);
    assert_eq!(texts[texts.len() - 3..], ["from two devices", "my last words", "and on"]);
}

fn kept(world: &World, device: DeviceIndex) -> Vec<(String, KeptState)> {
    let removed = world.devices[device].removed.as_ref().expect("it was removed");
    removed.texts.iter().map(|text| (text.text.clone(), text.state)).collect()
}

/// Ada has a second device, which is offline and has unsent texts. She removes it, and then it connects.
fn removed_with_texts() -> (World, DeviceIndex, DeviceIndex, ConversationId, ConversationId) {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(bob, back, "both read this");
    world.settle();
    world.disconnect(second);
    for number in 0..10 {
        world.send(second, there, &format!("not sent {number}"));
    }
    world.ask(
        second,
        Command::SetDraft { conversation: there, text: "half a sen".into(), over: String::new() },
    );
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    world.connect(second);
    world.settle();
    (world, second, bob, there, back)
}

#[test]
fn p5_a_removed_device_keeps_what_was_never_sent_and_nothing_else() {
    let (mut world, second, bob, there, back) = removed_with_texts();
    let mut expected: Vec<_> =
        (0..10).map(|number| (format!("not sent {number}"), KeptState::Unsent)).collect();
    expected.push(("half a sen".to_owned(), KeptState::Draft));
    assert_eq!(kept(&world, second), expected);
    assert!(world.devices[second].removed.as_ref().unwrap().texts.iter().all(|text| text.name == "Bob"));
    assert_eq!(world.devices[second].account, None);
    let disk = &world.devices[second].disk;
    assert!(disk.vault.as_ref().is_none_or(Vec::is_empty), "the device key is gone");
    assert_eq!(disk.records.len(), 1, "and every key and message");
    assert!(!world.texts(bob, back).iter().any(|text| text.contains("not sent")), "nothing was sent");
    // The state survives a restart, also without a connection.
    for _ in 0..2 {
        world.crash(second);
        world.ask(second, Command::Subscribe);
        assert_eq!(kept(&world, second), expected);
        let send = Command::SendText { conversation: there, text: "one more".into(), over: String::new() };
        assert!(matches!(world.ask(second, send), Reply::Failed(_)));
        let reply = world.ask(second, Command::CreateAccount { name: "Eve".into(), username: "eve".into() });
        assert!(matches!(reply, Reply::Failed(_)), "the texts are not in the way of another account unseen");
        world.connect(second);
        world.settle();
        assert!(!world.is_connected(second), "it has nothing to ask of the relay");
    }
    world.command(second, Command::EraseKept);
    world.settle();
    assert!(world.devices[second].erased);
    assert!(world.devices[second].disk.records.is_empty());
}

#[test]
fn p5_a_death_or_a_full_disk_while_a_device_leaves_costs_no_text() {
    for full in [false, true] {
        let (mut world, ada, _, there, _) = pair();
        let second = link(&mut world, ada);
        world.disconnect(second);
        world.send(second, there, "not sent");
        while world.disk_step(second) {}
        let gone = device_id(&world, second);
        assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
        world.settle();
        world.devices[second].disk.failure = full.then_some(StorageFailure::Full);
        world.connect(second);
        for _ in 0..300 {
            world.uplink_step(second);
            world.downlink_step(second);
            if world.devices[second].removed.is_some() || full {
                break;
            }
            world.disk_step(second);
        }
        if full {
            world.settle();
        }
        world.crash(second);
        world.devices[second].disk.failure = None;
        world.connect(second);
        world.settle();
        assert_eq!(kept(&world, second), [("not sent".to_owned(), KeptState::Unsent)], "full: {full}");
        assert_eq!(world.devices[second].disk.records.len(), 1);
    }
}

#[test]
fn p11_a_text_whose_answer_never_came_is_not_said_to_be_unsent() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    world.send(second, there, "is it there?");
    // The text reaches the relay, and the answer is lost.
    while world.texts(bob, back).last().is_none_or(|text| text != "is it there?") {
        world.disk_step(second);
        world.uplink_step(second);
        world.step(bob);
    }
    world.disconnect(second);
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    world.connect(second);
    world.settle();
    let states: Vec<_> = world.devices[second].removed.iter().flat_map(|removed| &removed.texts).collect();
    assert!(states.iter().all(|text| text.state == KeptState::Unsure), "{states:?}");
    assert_eq!(world.texts(ada, there).iter().filter(|text| *text == ">is it there?").count(), 1);
}

#[test]
fn what_stands_in_a_composer_when_the_device_is_removed_is_kept_too() {
    let (mut world, ada, _, there, _) = pair();
    let second = link(&mut world, ada);
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.pass(250);
    assert_eq!(kept(&world, second), [], "there was nothing to keep");
    let draft = Command::SetDraft { conversation: there, text: "I was just".into(), over: String::new() };
    assert_eq!(world.ask(second, draft), Reply::Done);
    world.settle();
    assert_eq!(kept(&world, second), [("I was just".to_owned(), KeptState::Draft)]);
    assert!(!world.devices[second].erased);
    world.crash(second);
    world.ask(second, Command::Subscribe);
    assert_eq!(kept(&world, second), [("I was just".to_owned(), KeptState::Draft)]);
}

/// Two pages with different texts in one chat both report theirs when the device is removed.
#[test]
fn p5_the_composer_of_one_page_takes_no_text_of_another_when_the_device_is_removed() {
    let (mut world, ada, _, there, _) = pair();
    let second = link(&mut world, ada);
    let draft = |text: &str, over: &str| Command::SetDraft {
        conversation: there,
        text: text.into(),
        over: over.into(),
    };
    assert_eq!(world.ask(second, draft("saved", "")), Reply::Done);
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.pass(250);
    for (text, over) in [("saved and more", "saved"), ("of another page", ""), ("of another page", "")] {
        assert_eq!(world.ask(second, draft(text, over)), Reply::Done);
    }
    world.settle();
    let texts: Vec<String> = kept(&world, second).into_iter().map(|(text, _)| text).collect();
    assert_eq!(texts, ["saved and more", "of another page"]);
}

/// The restored relay has lost a text that only this device has: the app offers it like an unsent one.
#[test]
fn p5_a_text_that_the_relay_lost_is_offered_when_the_device_is_removed() {
    let (mut world, ada, bob, there, _) = pair();
    let second = link(&mut world, ada);
    world.settle();
    world.disconnect(ada);
    world.disconnect(bob);
    let copy = world.relay.copy();
    world.send(second, there, "lost by the relay");
    world.settle();
    world.restore_relay(&copy);
    let messages: fn(&Request) -> bool = |request| matches!(request, Request::AppendMessages(_));
    world.relay.refusal = Some((messages, RelayError::Internal));
    world.connect(second);
    world.settle();
    assert_eq!(world.delivery(second, there), Delivery::Waiting);
    world.connect(ada);
    world.settle();
    let gone = device_id(&world, second);
    assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
    world.settle();
    assert_eq!(kept(&world, second), [("lost by the relay".to_owned(), KeptState::Unsure)]);
}

#[test]
fn p11_a_draft_is_only_said_to_be_elsewhere_once_the_relay_has_it() {
    for heard in [false, true] {
        let (mut world, ada, _, there, _) = pair();
        let second = link(&mut world, ada);
        assert_eq!(world.ask(ada, Command::SetDraftsInStep(true)), Reply::Done);
        world.settle();
        if !heard {
            world.disconnect(second);
        }
        world.ask(
            second,
            Command::SetDraft { conversation: there, text: "half a sen".into(), over: String::new() },
        );
        world.settle();
        let gone = device_id(&world, second);
        assert_eq!(world.ask(ada, Command::RemoveDevice(gone)), Reply::Done);
        world.settle();
        world.connect(second);
        world.pass(250);
        let draft = &world.devices[ada].conversations[&there].draft;
        let there_or_here = [draft == "half a sen", !kept(&world, second).is_empty()];
        assert_eq!(there_or_here, [heard, !heard]);
    }
}

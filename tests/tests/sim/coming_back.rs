//! Restoring an account by the phrase while the relay refuses, or has lost the backup.

use parley_engine::view::{Command, ConversationId, Reply};
use parley_protocol::frame::{RelayError, Request, ServerFrame};
use parley_tests::sim::{DeviceIndex, World};

use super::recovery::{back_up, one_step, pair, recover, recover_command, recovery};
use super::resync::settle_long;

#[test]
fn p5_a_refusal_at_any_step_of_coming_back_only_delays_it() {
    for step in (0..48).step_by(3) {
        let (mut world, ada, _, there, _, phrase) = pair();
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = world.add_device();
        let asked = world.command(new, recover_command(&phrase, true));
        for _ in 0..step {
            one_step(&mut world, new);
        }
        world.refuse(new, 1);
        for _ in 0..4 {
            world.settle();
        }
        if world.devices[new].account.is_none() {
            // The person learned of the refusal, and tries again.
            let answer = world.devices[new].replies.get(&asked);
            assert!(matches!(answer, Some(Reply::Failed(_))), "after {step} steps: {answer:?}");
            world.command(new, recover_command(&phrase, true));
            for _ in 0..8 {
                world.settle();
            }
        }
        assert_eq!(world.texts(new, there), before, "refused after {step} steps");
        assert_eq!((recovery(&world, new).restoring, recovery(&world, new).lost), (None, 0));
    }
}

#[test]
fn p9_a_backup_of_which_the_relay_has_lost_something_gives_back_the_rest_and_says_so() {
    let (world, ..) = pair();
    let mut relay = world.relay;
    let blobs = relay.blobs_mut().count();
    assert!(blobs >= 2, "a manifest and a segment");
    for gone in 0..=blobs {
        let (mut world, ada, bob, there, back, phrase) = pair();
        world.disconnect(ada);
        world.relay.lose_blobs(|number| number == gone || gone == blobs);
        let new = recover(&mut world, &phrase, true);
        assert!(recovery(&world, new).lost > 0, "without blob {gone}");
        assert_eq!(world.start(new, "bob"), there);
        world.send(new, there, "I am back");
        world.settle();
        world.send(bob, back, "welcome");
        world.settle();
        assert_eq!(
            world.texts(new, there).last().map(String::as_str),
            Some("welcome"),
            "without blob {gone}"
        );
    }
}

#[test]
fn p5_a_relay_that_takes_the_device_at_the_second_time_keeps_nobody_from_coming_back() {
    let (mut world, ada, _, there, _, phrase) = pair();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let mut refused = false;
    world.relay.lie(move |_, request, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(request, Request::AppendDeviceLog(_))) {
            if let ServerFrame::Answer { result, .. } = frame
                && !std::mem::replace(&mut refused, true)
            {
                *result = Err(RelayError::Internal);
            }
        }
    });
    let new = world.add_device();
    let asked = world.command(new, recover_command(&phrase, true));
    for _ in 0..8 {
        world.settle();
    }
    assert_eq!(world.devices[new].replies.get(&asked), Some(&Reply::Done));
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn who_may_not_come_back_is_told_and_may_try_again() {
    let (mut world, ada, _, there, _, phrase) = pair();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let new = world.add_device();
    world.relay.lie(|_, request, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(request, Request::AppendDeviceLog(_))) {
            if let ServerFrame::Answer { result, .. } = frame {
                *result = Err(RelayError::Invalid);
            }
        }
    });
    let asked = world.command(new, recover_command(&phrase, true));
    world.settle();
    let answer = world.devices[new].replies.get(&asked).cloned();
    assert!(matches!(answer, Some(Reply::Failed(_))), "{answer:?}");
    assert!(world.devices[new].account.is_none());
    world.relay.stop_lying();
    assert_eq!(world.ask(new, recover_command(&phrase, true)), Reply::Done);
    for _ in 0..8 {
        world.settle();
    }
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn how_far_coming_back_is_is_shown() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    for number in 0..30 {
        world.send(bob, back, &format!("large {number} {}", "x".repeat(60_000)));
        world.settle();
    }
    back_up(&mut world, ada);
    world.disconnect(ada);
    let new = world.add_device();
    world.command(new, recover_command(&phrase, true));
    let mut shown: Vec<(u32, u32)> = Vec::new();
    for _ in 0..3_000 {
        one_step(&mut world, new);
        let progress = world.devices[new].account.as_ref().and_then(|account| account.recovery.restoring);
        shown.extend(progress);
    }
    shown.dedup();
    let known: Vec<_> = shown.iter().copied().filter(|(_, of)| *of > 0).collect();
    assert!(known.len() >= 5, "{shown:?}");
    assert!(known.is_sorted(), "{shown:?}");
    let of = known[0].1;
    assert!((1_700..2_200).contains(&of), "{of} KiB");
    assert!(known.iter().all(|(done, all)| done <= all && *all == of), "{shown:?}");
    assert!(known.last().unwrap().0 > of / 2, "{shown:?}");
    for _ in 0..3 {
        world.settle();
    }
    assert_eq!(recovery(&world, new).restoring, None, "it ends");
    assert_eq!(world.texts(new, there).len(), 71);
}

#[test]
fn p5_what_was_written_in_a_log_that_the_backup_does_not_know_comes_back_too() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    back_up(&mut world, ada);
    world.relay.lose_logs();
    for device in [ada, bob] {
        world.connect(device);
    }
    world.send(ada, there, "in the second log");
    settle_long(&mut world);
    world.send(bob, back, "there too");
    world.settle();
    assert!(world.texts(ada, there).contains(&"there too".to_owned()));
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    let texts = world.texts(new, there);
    assert_eq!(texts.iter().filter(|text| *text == "there too").count(), 1, "{texts:?}");
}

#[test]
fn an_account_that_has_come_back_does_not_come_back_once_more() {
    let (mut world, ada, .., phrase) = pair();
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    for _ in 0..2 {
        let since = world.relay.seen.len();
        world.crash(new);
        world.connect(new);
        settle_long(&mut world);
        assert_eq!(recovery(&world, new).restoring, None);
        let asks = world.requests_since(since);
        assert!(!asks.iter().any(|request| matches!(request, Request::FetchBlob(_))), "nothing is fetched");
    }
}

/// The engine writes the backup two minutes after a message.
#[test]
fn p5_what_was_written_after_the_backup_comes_from_the_old_device_that_is_online() {
    for alone in [false, true] {
        let (mut world, ada, _, there, _, phrase) = pair();
        for number in 0..13 {
            world.send(ada, there, &format!("not in the backup {number}"));
        }
        world.settle();
        let before = world.texts(ada, there);
        assert_eq!(before.len(), 41 + 13);
        let new = recover(&mut world, &phrase, alone);
        assert_eq!(world.texts(new, there), before, "the other devices are lost: {alone}");
        assert_eq!(world.devices[ada].erased, alone);
    }
}

/// The backup takes longer to arrive than the device waits for a silent one: a device only counts as silent after it was asked.
#[test]
fn p5_a_device_is_asked_for_what_it_alone_has_however_long_the_backup_takes() {
    let (mut world, ada, _, there, _, phrase) = pair();
    world.send(ada, there, "not in the backup");
    world.settle();
    let before = world.texts(ada, there);
    let blobs: fn(&Request) -> bool = |request| matches!(request, Request::FetchBlob(_));
    world.relay.refusal = Some((blobs, RelayError::Internal));
    let new = world.add_device();
    assert_eq!(world.ask(new, recover_command(&phrase, true)), Reply::Done);
    for _ in 0..6 {
        world.settle();
        assert!(!world.devices[ada].erased, "it was not asked yet");
    }
    world.relay.refusal = None;
    for _ in 0..10 {
        world.settle();
    }
    assert_eq!(world.texts(new, there), before);
    assert!(world.devices[ada].erased);
}

/// The markers of a conversation.
fn markers(world: &mut World, device: DeviceIndex, there: ConversationId) -> usize {
    world.texts(device, there).iter().filter(|text| text.contains("Elsewhere")).count()
}

#[test]
fn p9_own_texts_that_nobody_could_hand_over_leave_a_marker() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    world.send(ada, there, "not in the backup");
    world.settle();
    world.send(bob, back, "answer to that");
    world.settle();
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, true);
    let texts = world.texts(new, there);
    assert!(!texts.contains(&">not in the backup".to_owned()), "the old device is away");
    assert!(texts.contains(&"answer to that".to_owned()), "Bob sends his own again");
    assert_eq!(markers(&mut world, new, there), 1, "{texts:?}");
    // The old device comes back: it is removed, and its statements no longer count.
    world.connect(ada);
    world.settle();
    assert!(world.devices[ada].erased);
    assert_eq!(markers(&mut world, new, there), 1);
    assert_eq!(world.texts(bob, back).iter().filter(|text| text.contains("Elsewhere")).count(), 0);
}

#[test]
fn p9_the_marker_goes_when_the_device_comes_that_has_the_texts() {
    let (mut world, ada, _, there, _, phrase) = pair();
    for number in 0..3 {
        world.send(ada, there, &format!("not in the backup {number}"));
    }
    world.settle();
    let before = world.texts(ada, there);
    world.disconnect(ada);
    let new = recover(&mut world, &phrase, false);
    assert_eq!(markers(&mut world, new, there), 1);
    world.connect(ada);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.texts(new, there), before, "all are there, once, and no marker");
    world.crash(new);
    world.connect(new);
    world.settle();
    assert_eq!(world.texts(new, there), before);
}

#[test]
fn what_is_all_in_the_backup_leaves_no_marker() {
    for alone in [false, true] {
        let (mut world, ada, bob, there, back, phrase) = pair();
        let before = world.texts(ada, there);
        world.disconnect(ada);
        let new = recover(&mut world, &phrase, alone);
        world.send(bob, back, "welcome");
        world.settle();
        assert_eq!(world.texts(new, there)[..before.len()], before);
        assert_eq!(markers(&mut world, new, there), 0);
    }
}

/// The device may be stolen: it gets nothing, and has only seconds.
#[test]
fn p10_a_device_that_is_to_be_removed_is_told_nothing_and_soon_out() {
    let (mut world, ada, bob, there, back, phrase) = pair();
    assert_eq!(world.ask(ada, Command::SetName("Before".into())), Reply::Done);
    world.settle();
    back_up(&mut world, ada);
    // The device answers no question.
    let new = world.add_device();
    let since = world.relay.seen.len();
    world.command(new, recover_command(&phrase, true));
    for _ in 0..400 {
        one_step(&mut world, new);
        while world.disk_step(ada) {}
        world.downlink_step(ada);
    }
    world.send(new, there, "while it waits");
    for _ in 0..200 {
        one_step(&mut world, new);
    }
    let asks = world.requests_since(since);
    let messages = asks.iter().map(|request| match request {
        Request::AppendMessages(append) => append.messages.len(),
        _ => 0,
    });
    assert_eq!(messages.sum::<usize>(), 1, "the new one says what it lacks, and nothing else");
    world.pass(9_000);
    for _ in 0..3 {
        world.settle();
    }
    assert!(world.devices[ada].erased || world.devices[ada].removed.is_some());
    assert_eq!(world.devices[new].account.as_ref().unwrap().devices.len(), 1);
    world.send(new, there, "I am back");
    world.settle();
    let texts = world.texts(bob, back);
    assert_eq!(texts[texts.len() - 2..], ["while it waits", "I am back"]);
}

#[test]
fn p5_a_restart_at_any_step_of_handing_over_loses_nothing() {
    for step in (0..90).step_by(6) {
        for victim_is_new in [false, true] {
            let (mut world, ada, _, there, _, phrase) = pair();
            for number in 0..5 {
                world.send(ada, there, &format!("not in the backup {number}"));
            }
            world.settle();
            let before = world.texts(ada, there);
            let new = world.add_device();
            world.command(new, recover_command(&phrase, true));
            for _ in 0..step {
                one_step(&mut world, new);
                one_step(&mut world, ada);
            }
            let victim = if victim_is_new { new } else { ada };
            world.crash(victim);
            world.connect(victim);
            for _ in 0..4 {
                world.settle();
            }
            if world.devices[new].account.is_none() {
                world.command(new, recover_command(&phrase, true));
            }
            for _ in 0..10 {
                world.settle();
            }
            assert_eq!(world.texts(new, there), before, "crash of {victim} after {step} steps");
        }
    }
}

/// Without a backup the phrase opens nothing: its holder gets the history once the person agrees on another device.
#[test]
fn p1_history_goes_to_a_device_that_came_back_without_a_backup_once_the_person_agrees() {
    let (mut world, ada, _, there, _, phrase) = pair();
    assert_eq!(world.ask(ada, Command::SetBackup(false)), Reply::Done);
    world.settle();
    let before = world.texts(ada, there);
    let new = recover(&mut world, &phrase, false);
    assert_eq!(world.history(ada, there).len(), before.len());
    let known: Vec<ConversationId> = world.devices[new].conversations.keys().copied().collect();
    assert!(known.is_empty() || world.texts(new, there).is_empty(), "nobody has agreed");
    let device = super::devices::device_id(&world, new);
    assert_eq!(world.ask(ada, Command::AcceptDevice(device)), Reply::Done);
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.texts(new, there), before);
}

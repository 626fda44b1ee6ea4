//! Devices that are removed: what they wrote, read and go on writing, and what depends on them.

use parley_engine::view::{Command, LinkView, Reply, Share};
use parley_protocol::frame::EntryKind;
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, let_in, link, meet, names, pair};

/// Does everything that the device can do, and nothing of any other.
fn alone(world: &mut World, device: DeviceIndex) {
    while world.step(device) {}
}

#[test]
fn p6_a_device_stays_in_every_conversation_if_who_let_it_in_is_removed() {
    let (mut world, ada, bob, there, back) = pair();
    let second = link(&mut world, ada);
    let third = world.add_device();
    let_in(&mut world, second, third);
    // It has not read the Welcomes when the one who signed them is gone.
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

/// The relay refuses the commit that adds it.
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
            // So that it knows of the third.
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

/// Ada hears of it at her next connection, or on one that lasts, when she has not asked for some time.
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
    // Bob's device goes as soon as the relay knows: it tells nobody, and removes the other from no conversation.
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
    // It does not know, and writes.
    world.send(second, there, "after its removal");
    world.connect(second);
    world.settle();
    for (index, conversation) in [(ada, there), (bob, back)] {
        let texts = world.texts(index, conversation);
        assert!(texts.last().unwrap().ends_with("while it was a device"), "{texts:?}");
    }
    assert!(world.devices[second].erased);
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

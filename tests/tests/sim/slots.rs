//! Rendezvous slots, where two devices meet to link: they end early or in time, or nobody comes.

use parley_engine::view::{Command, CommandError, LinkFailure, LinkView, Reply, Share};
use parley_protocol::frame::{Push, ServerFrame};
use parley_protocol::ids::SlotId;
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{approve, compare, let_in, link, meet, pair};
use super::recovery::recover_command;

/// The relay says that a slot is gone.
fn end_slot(world: &mut World, device: DeviceIndex, slot: SlotId) {
    let frame = ServerFrame::Push(Push::Slot { slot, state: None }).encode().unwrap();
    world.inject(device, frame);
    world.run();
}

/// Shows a code on a new device. Returns the link and the text to type.
fn show(world: &mut World) -> (DeviceIndex, String, String) {
    let new = world.add_device();
    assert_eq!(world.ask(new, Command::ShowLinkCode { name: String::new() }), Reply::Done);
    let (link, typed) = codes(world, new);
    (new, link, typed)
}

fn codes(world: &World, new: DeviceIndex) -> (String, String) {
    match world.devices[new].link.clone() {
        Some(LinkView::Showing { link, typed, .. }) => (link, typed),
        other => panic!("no code: {other:?}"),
    }
}

#[test]
fn one_of_two_slots_may_end_and_the_other_links() {
    for ended in 0..2 {
        let (mut world, ada, ..) = pair();
        let (new, link, typed) = show(&mut world);
        let slots: Vec<SlotId> = world.relay.slots().into_iter().map(|(slot, _)| slot).collect();
        assert_eq!(slots.len(), 2, "one for each way");
        end_slot(&mut world, new, slots[ended]);
        assert_eq!(codes(&world, new), (link.clone(), typed.clone()), "it is shown on");
        let mut linked = 0;
        for text in [typed, link] {
            world.ask(ada, Command::UseLinkCode { text, name: String::new() });
            world.run();
            for (shows, asks) in [(ada, new), (new, ada)] {
                if matches!(world.devices[shows].link, Some(LinkView::ShowDigits(_))) {
                    compare(&mut world, shows, asks);
                }
            }
            if matches!(world.devices[ada].link, Some(LinkView::Approve { .. })) {
                approve(&mut world, ada);
                linked += 1;
                break;
            }
            world.ask(ada, Command::CancelLinking);
        }
        assert_eq!(linked, 1, "without slot {ended}");
        assert!(world.devices[new].account.is_some());
    }
}

#[test]
fn when_both_slots_end_early_linking_was_cancelled_and_in_time_there_are_new_ones() {
    for late in [false, true] {
        let (mut world, ada, ..) = pair();
        let (new, before, _) = show(&mut world);
        let slots: Vec<SlotId> = world.relay.slots().into_iter().map(|(slot, _)| slot).collect();
        if late {
            world.advance(120_000);
        }
        for slot in slots {
            let frame = ServerFrame::Push(Push::Slot { slot, state: None }).encode().unwrap();
            world.inject(new, frame);
            while world.step(new) {}
        }
        if !late {
            let cancelled = Some(LinkView::Failed(LinkFailure::Cancelled));
            assert_eq!(world.devices[new].link, cancelled);
            continue;
        }
        world.run();
        let (link, _) = codes(&world, new);
        assert_ne!(link, before);
        world.ask(ada, Command::UseLinkCode { text: link, name: String::new() });
        world.run();
        assert!(matches!(world.devices[ada].link, Some(LinkView::ShowDigits(_))));
    }
}

#[test]
fn an_approval_that_never_comes_ends_linking_on_both_sides() {
    let (mut world, ada, ..) = pair();
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    assert_eq!(world.devices[new].link, Some(LinkView::Waiting));
    for _ in 0..5 {
        world.pass(60_000);
    }
    for device in [ada, new] {
        assert!(matches!(world.devices[device].link, Some(LinkView::Failed(_))), "{device}");
    }
    link(&mut world, ada);
}

#[test]
fn a_device_that_was_let_in_waits_for_its_first_conversation_as_long_as_it_takes() {
    let (mut world, ada, bob, there, back) = pair();
    let new = world.add_device();
    let_in(&mut world, ada, new);
    world.disconnect(ada);
    for _ in 0..10 {
        world.pass(60_000);
    }
    assert!(!matches!(world.devices[new].link, Some(LinkView::Failed(_))), "{:?}", world.devices[new].link);
    world.connect(ada);
    world.settle();
    world.send(bob, back, "to both");
    world.settle();
    assert_eq!(world.texts(new, there).last().map(String::as_str), Some("to both"));
}

#[test]
fn what_was_cancelled_links_nothing_and_the_other_side_is_told() {
    let (mut world, ada, ..) = pair();
    let (new, link, typed) = show(&mut world);
    assert_eq!(world.ask(new, Command::CancelLinking), Reply::Done);
    world.run();
    assert_eq!(world.devices[new].link, None);
    assert!(world.relay.slots().is_empty(), "nobody waits there");
    for text in [link, typed] {
        world.ask(ada, Command::UseLinkCode { text, name: String::new() });
        world.run();
        assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Expired)));
    }
    assert_eq!(world.ask(ada, Command::CancelLinking), Reply::Done);
    assert_eq!(world.devices[ada].link, None);

    meet(&mut world, new, ada, false);
    world.ask(ada, Command::CancelLinking);
    world.run();
    assert_eq!(world.devices[new].link, Some(LinkView::Failed(LinkFailure::Cancelled)));
    assert!(world.devices[new].account.is_none());
}

#[test]
fn linking_ends_with_the_connection_of_either_side() {
    for cut in 0..2 {
        let (mut world, ada, ..) = pair();
        let new = world.add_device();
        meet(&mut world, new, ada, false);
        let device = [ada, new][cut];
        world.disconnect(device);
        world.run();
        assert!(
            matches!(world.devices[device].link, Some(LinkView::Failed(_))),
            "{:?}",
            world.devices[device].link
        );
        world.connect(device);
        world.settle();
        world.ask(ada, Command::ApproveDevice(Share::Nothing));
        world.settle();
        assert!(world.devices[new].account.is_none());
        link(&mut world, ada);
    }
}

/// The account's device and the new one, after this many steps of each towards the other.
fn half_way(steps: u32) -> (World, DeviceIndex, DeviceIndex) {
    let (mut world, ada, ..) = pair();
    let new = world.add_device();
    meet(&mut world, new, ada, false);
    world.command(ada, Command::ApproveDevice(Share::Nothing));
    for _ in 0..steps {
        let _ = world.step(ada) || world.step(new);
    }
    (world, ada, new)
}

/// Whether the new device is in the account. If so, it must show that, and no failure.
fn is_linked(world: &World, ada: DeviceIndex, new: DeviceIndex) -> bool {
    let linked = world.devices[ada].account.as_ref().unwrap().devices.len() == 2;
    assert_eq!(world.devices[new].account.is_some(), linked);
    linked
}

/// The new device has signed its consent or not; both devices must show the true state.
#[test]
fn what_a_device_shows_that_waited_too_long_is_what_became_of_it() {
    let mut ends = [0, 0];
    for steps in (0..60).step_by(3) {
        let (mut world, ada, new) = half_way(steps);
        world.disconnect(ada);
        for _ in 0..6 {
            world.pass(60_000);
            world.settle();
        }
        world.connect(ada);
        for _ in 0..6 {
            world.settle();
        }
        let linked = is_linked(&world, ada, new);
        let failed = matches!(world.devices[new].link, Some(LinkView::Failed(_)));
        assert_eq!(failed, !linked, "after {steps}: {:?}", world.devices[new].link);
        ends[usize::from(linked)] += 1;
    }
    assert!(ends[0] > 3 && ends[1] > 3, "{ends:?}");
}

#[test]
fn a_device_that_has_given_its_word_and_restarts_is_linked_if_it_is_let_in() {
    let (mut ends, mut waiting) = ([0, 0], 0);
    for steps in (0..60).step_by(2) {
        let (mut world, ada, new) = half_way(steps);
        world.disconnect(ada);
        world.crash(new);
        world.ask(new, Command::Subscribe);
        if world.devices[new].link == Some(LinkView::Waiting) {
            let account = Command::CreateAccount { name: "Ada".into(), username: "another".into() };
            for other in [account, recover_command("no words", true)] {
                assert_eq!(world.ask(new, other), Reply::Failed(CommandError::AccountExists));
            }
            waiting += 1;
        }
        world.connect(new);
        world.settle();
        world.connect(ada);
        for _ in 0..60 {
            world.settle();
        }
        ends[usize::from(is_linked(&world, ada, new))] += 1;
    }
    assert!(ends[0] > 3 && ends[1] > 3 && waiting > 3, "{ends:?}, {waiting}");
}

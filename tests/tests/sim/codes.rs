//! Link codes: wrong and guessed codes, codes that end, and a relay that changes the contents of a slot.

use std::cell::Cell;
use std::rc::Rc;

use parley_engine::view::{Command, LinkFailure, LinkView, Reply, Share};
use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{Answer, Push, Request, ServerFrame, SlotState};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{approve, compare, names, pair};

#[test]
fn p4_other_digits_or_another_code_link_nothing() {
    let (mut world, ada, ..) = pair();
    let new = world.add_device();
    assert_eq!(world.ask(new, Command::ShowLinkCode { name: String::new() }), Reply::Done);
    let Some(LinkView::Showing { link, typed, .. }) = world.devices[new].link.clone() else {
        panic!("no code")
    };
    world.ask(ada, Command::UseLinkCode { text: link, name: String::new() });
    world.run();
    let Some(LinkView::ShowDigits(digits)) = world.devices[ada].link else { panic!("no digits") };
    world.ask(new, Command::ConfirmDigits((digits + 1) % 100));
    world.run();
    assert_eq!(world.devices[new].link, Some(LinkView::Failed(LinkFailure::WrongDigits)));
    assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Cancelled)));

    world.ask(new, Command::ShowLinkCode { name: String::new() });
    let Some(LinkView::Showing { typed: code, .. }) = world.devices[new].link.clone() else {
        panic!("no code")
    };
    assert_ne!(code, typed);
    let last = if code.ends_with('2') { "3" } else { "2" };
    let wrong = format!("{}{last}", &code[..8]);
    world.ask(ada, Command::UseLinkCode { text: wrong, name: String::new() });
    world.run();
    assert_eq!(
        world.devices[new].link,
        Some(LinkView::Failed(LinkFailure::WrongCode)),
        "one guess, and it is noticed"
    );
    world.ask(ada, Command::UseLinkCode { text: code, name: String::new() });
    world.run();
    assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Expired)));
    assert!(world.devices[new].account.is_none());
}

#[test]
fn a_code_that_ended_is_renewed_for_ten_minutes_in_all() {
    let (mut world, ada, ..) = pair();
    let new = world.add_device();
    world.ask(new, Command::ShowLinkCode { name: "Firefox on Linux".into() });
    let mut before = None;
    for renewed in 0..5 {
        let Some(LinkView::Showing { link, typed, until, .. }) = world.devices[new].link.clone() else {
            panic!("no code: {:?}", world.devices[new].link)
        };
        assert_eq!(until.0, world.now.0 + 120_000, "after {renewed} codes");
        if let Some(old) = before.replace(link.clone()) {
            assert_ne!(old, link);
            world.ask(ada, Command::UseLinkCode { text: old, name: String::new() });
            world.run();
            assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Expired)));
        }
        world.pass(119_000);
        let Some(LinkView::Showing { typed: still, .. }) = &world.devices[new].link else {
            panic!("ended early")
        };
        assert_eq!(*still, typed);
        world.pass(1_000);
    }
    assert_eq!(world.devices[new].link, Some(LinkView::Failed(LinkFailure::Expired)), "nobody looks at it");
    assert!(world.relay.slots().is_empty());
}

#[test]
fn p6_a_renewed_code_links() {
    let (mut world, ada, bob, there, back) = pair();
    let new = world.add_device();
    world.ask(new, Command::ShowLinkCode { name: "Firefox on Linux".into() });
    world.pass(120_000);
    let Some(LinkView::Showing { typed, .. }) = world.devices[new].link.clone() else { panic!("no code") };
    world.ask(ada, Command::UseLinkCode { text: typed, name: String::new() });
    world.run();
    compare(&mut world, new, ada);
    approve(&mut world, ada);
    assert_eq!(names(&world, ada), ["", "Firefox on Linux"]);
    world.send(bob, back, "to both");
    world.settle();
    assert_eq!(world.texts(new, there), ["to both"]);
}

/// The relay changes the slot's value at each step of linking.
#[test]
fn p4_a_relay_that_changes_what_stands_in_a_slot_links_nothing() {
    for steps in 0..6 {
        let (mut world, ada, ..) = pair();
        let new = world.add_device();
        world.ask(new, Command::ShowLinkCode { name: String::new() });
        let Some(LinkView::Showing { link, .. }) = world.devices[new].link.clone() else { panic!("no code") };
        let mut changed = false;
        world.command(ada, Command::UseLinkCode { text: link, name: String::new() });
        for step in 0..=steps {
            while world.disk_step(ada)
                || world.disk_step(new)
                || world.uplink_step(ada)
                || world.uplink_step(new)
            {}
            let victims = [ada, new];
            if step == steps {
                for (slot, state) in world.relay.slots().into_iter().filter(|(_, state)| state.version > 1) {
                    let mut value = state.value.to_vec();
                    *value.last_mut().unwrap() ^= 1;
                    let value = Bytes::new(value).unwrap();
                    let state = Some(SlotState { version: state.version, value });
                    let frame = ServerFrame::Push(Push::Slot { slot, state }).encode().unwrap();
                    // Only a device that waits for the value believes that it is its turn.
                    for victim in victims {
                        world.inject(victim, frame.clone());
                    }
                    changed = true;
                }
            }
            world.run();
            if let Some(LinkView::ShowDigits(digits)) = world.devices[ada].link {
                world.command(new, Command::ConfirmDigits(digits));
            }
            world.command(ada, Command::ApproveDevice(Share::Nothing));
        }
        world.settle();
        let failed = |index: DeviceIndex| matches!(world.devices[index].link, Some(LinkView::Failed(_)));
        let linked = world.devices[new].account.is_some();
        assert!(!changed || linked != failed(ada), "step {steps}: {:?}", world.devices[ada].link);
        assert_eq!(linked, world.devices[ada].account.as_ref().unwrap().devices.len() == 2, "step {steps}");
        assert!(steps > 0 || failed(new), "the first value was changed: {:?}", world.devices[new].link);
    }
}

/// Shows a code on a new device. Returns the text to type.
fn typed_code(world: &mut World, new: DeviceIndex) -> String {
    world.ask(new, Command::ShowLinkCode { name: String::new() });
    match world.devices[new].link.clone() {
        Some(LinkView::Showing { typed, .. }) => typed,
        other => panic!("no code: {other:?}"),
    }
}

/// A code with the same slot and another password.
fn wrong(code: &str) -> String {
    let last = if code.ends_with('2') { "3" } else { "2" };
    format!("{}{last}", &code[..8])
}

#[test]
fn p4_each_code_can_be_guessed_at_once() {
    let (mut world, ada, ..) = pair();
    let stranger = world.add_person("Mallory");
    let new = world.add_device();
    let mut ended = 0;
    for attempt in 0..20 {
        let code = typed_code(&mut world, new);
        world.ask(stranger, Command::UseLinkCode { text: wrong(&code), name: String::new() });
        world.run();
        assert_eq!(
            world.devices[new].link,
            Some(LinkView::Failed(LinkFailure::WrongCode)),
            "attempt {attempt}"
        );
        assert!(world.relay.slots().is_empty(), "nothing is left to guess at");
        // Neither the stranger's second guess nor the right code, in the right hands, opens anything.
        for (who, text) in [(stranger, code.clone()), (ada, code)] {
            world.ask(who, Command::UseLinkCode { text, name: String::new() });
            world.run();
            assert_eq!(
                world.devices[who].link,
                Some(LinkView::Failed(LinkFailure::Expired)),
                "attempt {attempt}"
            );
        }
        assert_eq!(world.devices[new].link, Some(LinkView::Failed(LinkFailure::WrongCode)));
        ended += 1;
    }
    assert_eq!(ended, 20, "one code for each guess");
    assert!(world.devices[new].account.is_none());
    assert_eq!(names(&world, stranger).len() + names(&world, ada).len(), 2);
}

#[test]
fn p4_a_relay_that_guesses_a_typed_code_has_one_guess_and_is_noticed() {
    let (mut world, ada, ..) = pair();
    let (new, relays) = (world.add_device(), world.add_device());
    let code = typed_code(&mut world, new);
    // The relay plays the other end for the reader, with a code that it guessed.
    typed_code(&mut world, relays);
    let first =
        |state: &SlotState| (state.version == 1 && state.value.len() == 49).then(|| state.value.clone());
    let values: Vec<_> = world.relay.slots().iter().filter_map(|(_, state)| first(state)).collect();
    assert_eq!(values.len(), 2, "one exchange each");
    let swapped = Rc::new(Cell::new(0));
    let count = Rc::clone(&swapped);
    world.relay.lie(move |_, asked, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(asked, Request::WatchSlot(_))) {
            if let ServerFrame::Answer { result: Ok(Answer::Slot(state)), .. } = frame {
                state.value = values.iter().find(|value| **value != state.value).unwrap().clone();
                count.set(count.get() + 1);
            }
        }
    });
    world.ask(ada, Command::UseLinkCode { text: code.clone(), name: String::new() });
    world.run();
    world.relay.stop_lying();
    assert_eq!(swapped.get(), 1, "there is one exchange, and so one guess");
    assert_eq!(world.devices[new].link, Some(LinkView::Failed(LinkFailure::WrongCode)));
    assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Cancelled)));
    world.ask(ada, Command::UseLinkCode { text: code, name: String::new() });
    world.run();
    assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Expired)), "the code is used up");
}

/// The relay guesses at the typing end, and withholds that end from the showing one. A person who typed the same code again
/// would give it another guess.
#[test]
fn p4_a_code_that_was_typed_once_is_not_tried_again() {
    let (mut world, ada, ..) = pair();
    let (new, relays) = (world.add_device(), world.add_device());
    let code = typed_code(&mut world, new);
    typed_code(&mut world, relays);
    let values: Vec<_> = world.relay.slots().into_iter().map(|(_, state)| state.value).collect();
    world.relay.lie(move |from, asked, told| {
        told.retain(|(to, _)| *to == from);
        for (_, frame) in told.iter_mut().filter(|_| matches!(asked, Request::WatchSlot(_))) {
            if let ServerFrame::Answer { result: Ok(Answer::Slot(state)), .. } = frame {
                state.value =
                    values.iter().find(|value| value.len() == 49 && **value != state.value).unwrap().clone();
            }
        }
    });
    world.ask(ada, Command::UseLinkCode { text: code.clone(), name: String::new() });
    world.run();
    assert_eq!(world.devices[ada].link, Some(LinkView::Reaching));
    world.ask(ada, Command::CancelLinking);
    let before = world.relay.seen.len();
    world.ask(ada, Command::UseLinkCode { text: code, name: String::new() });
    world.run();
    assert_eq!(world.devices[ada].link, Some(LinkView::Failed(LinkFailure::Expired)));
    let asked = world.requests_since(before);
    assert!(
        asked.iter().all(|asked| !matches!(asked, Request::WatchSlot(_) | Request::WriteSlot(_))),
        "{asked:?}"
    );
}

/// A typed code does not tell which side shows it; a scanned or opened code does.
#[test]
fn two_that_want_the_same_of_each_other_are_told_so() {
    for in_an_account in [false, true] {
        let mut world = World::new(62);
        let [shows, reads] = ["Ada", "Bob"]
            .map(|name| if in_an_account { world.add_person(name) } else { world.add_device() });
        assert_eq!(world.ask(shows, Command::ShowLinkCode { name: String::new() }), Reply::Done);
        let Some(LinkView::Showing { link, typed, .. }) = world.devices[shows].link.clone() else {
            panic!("no code")
        };
        let used = |text| Command::UseLinkCode { text, name: String::new() };
        world.ask(reads, used(link));
        world.settle();
        assert_eq!(world.devices[reads].link, Some(LinkView::Failed(LinkFailure::SameSide)));
        assert!(matches!(world.devices[shows].link, Some(LinkView::Showing { .. })), "the code is not used");
        assert_eq!(world.ask(reads, used(typed)), Reply::Done);
        world.settle();
        let failures = [LinkFailure::SameSide, LinkFailure::Cancelled];
        let told = [shows, reads].map(|device| world.devices[device].link.clone());
        assert_eq!(told, failures.map(|failure| Some(LinkView::Failed(failure))));
    }
}

//! A device that is let into a log after others have written there gets what stands before from the account's other devices.

use parley_engine::view::{BodyView, ConversationId, Gap};
use parley_protocol::bounded::List;
use parley_protocol::frame::{Answer, Request, ServerFrame};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::link;
use super::repair::settle_long;

const DAY: u64 = 24 * 3_600 * 1_000;

/// Bob has two devices for long, and the relay gives nobody a KeyPackage of the second: Ada begins a conversation in which it
/// is not, and writes. Both of them may be somewhere else then.
fn begun_without_the_second() -> (World, [DeviceIndex; 3], ConversationId) {
    let mut world = World::new(940);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let second = link(&mut world, bob);
    settle_long(&mut world);
    world.advance(2 * DAY);
    settle_long(&mut world);
    world.disconnect(bob);
    world.disconnect(second);
    world.relay.lie(|_, request, told| {
        for (_, frame) in told.iter_mut().filter(|_| matches!(request, Request::ClaimKeyPackages(_))) {
            if let ServerFrame::Answer { result: Ok(Answer::KeyPackages(claimed)), .. } = frame {
                let first = claimed.iter().take(1).cloned().collect();
                *claimed = List::new(first).unwrap();
            }
        }
    });
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "one");
    world.settle();
    world.send(ada, chat, "two");
    world.settle();
    world.relay.lie(|_, _, _| {});
    (world, [ada, bob, second], chat)
}

fn chat_of(world: &World, device: DeviceIndex) -> Option<ConversationId> {
    world.devices[device].conversations.keys().next().copied()
}

#[test]
fn p5_p6_a_device_that_is_let_in_late_gets_what_was_written_before() {
    let (mut world, [_, bob, second], _) = begun_without_the_second();
    world.connect(second);
    world.connect(bob);
    settle_long(&mut world);
    settle_long(&mut world);
    let there = chat_of(&world, bob).unwrap();
    assert_eq!(world.texts(bob, there), ["one", "two"]);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    assert_eq!(world.devices[second].conversations[&there].unread, 2, "nobody has seen them");
}

/// The one that was there is away for long: a marker says that something may be missing, until it is back.
#[test]
fn p9_a_marker_stands_where_a_device_was_let_in_late_until_another_has_answered() {
    let (mut world, [ada, bob, second], _) = begun_without_the_second();
    // Ada lets the second in.
    world.connect(ada);
    world.connect(second);
    for _ in 0..40 {
        world.settle();
    }
    let there = chat_of(&world, second).unwrap();
    assert_eq!(world.texts(second, there), ["[Gap(Late)]"]);
    world.crash(second);
    world.connect(second);
    world.settle();
    assert_eq!(world.texts(second, there), ["[Gap(Late)]"], "it stands once");
    world.connect(bob);
    settle_long(&mut world);
    settle_long(&mut world);
    assert_eq!(world.texts(second, there), ["one", "two"]);
    let shown = world.devices[second].messages[&there].values();
    assert!(!shown.into_iter().any(|view| matches!(view.body, BodyView::Gap(Gap::Late))));
}

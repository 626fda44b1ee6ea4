//! Devices that are removed while something depends on them.

use parley_engine::view::{Command, LinkView, Reply, Share};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, let_in, link, meet, pair};

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

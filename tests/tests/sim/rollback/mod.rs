//! A profile rolled back to an older copy: no key is used twice, and messages that the copy lacks come back.

mod devices;
mod heard;
mod naming;
mod noticed;
mod stamps;

use parley_engine::view::ConversationId;
use parley_tests::sim::{DeviceIndex, World};

use crate::resync::settle_long;

/// Rolls the device back to before a connection on which nothing was written.
fn roll_back_after_a_connection(world: &mut World, device: DeviceIndex) {
    let copy = world.devices[device].disk.clone();
    world.connect(device);
    world.settle();
    world.roll_back(device, copy);
    world.connect(device);
    settle_long(world);
}

/// Waits long enough for forgotten friends to begin new conversations.
fn wait_for_doubts(world: &mut World) {
    for _ in 0..10 {
        world.settle();
    }
}

/// Friends whose first messages use up Bob's pool of KeyPackages, which is then refilled.
fn befriend(world: &mut World, count: usize) -> Vec<(DeviceIndex, ConversationId)> {
    let mut friends = Vec::new();
    for number in 0..count {
        let friend = world.add_person(&format!("Before{number}"));
        let chat = world.start(friend, "bob");
        world.send(friend, chat, "hello");
        world.settle();
        friends.push((friend, chat));
    }
    friends
}

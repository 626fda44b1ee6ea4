//! Timely replacement of keys: the pool of KeyPackages at the relay, its last resort, and the keys of a writer.

use parley_protocol::frame::{EntryKind, PublishKeyPackages, Request};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::pair;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Connects again. Returns what the device published then.
fn published(world: &mut World, device: DeviceIndex) -> Vec<PublishKeyPackages> {
    world.disconnect(device);
    let since = world.relay.seen.len();
    world.connect(device);
    world.settle();
    let publish = |request| match request {
        Request::PublishKeyPackages(publish) => Some(publish),
        _ => None,
    };
    world.requests_since(since).into_iter().filter_map(publish).collect()
}

#[test]
fn p5_the_pool_is_filled_when_it_is_less_than_half_full() {
    let mut world = World::new(31);
    let ada = world.add_person("Ada");
    assert_eq!(published(&mut world, ada), [], "it is full");
    world.disconnect(ada);
    for taken in 1..=11 {
        let username = format!("friend{taken}");
        let friend = world.add_person(&username);
        let chat = world.start(friend, "ada");
        world.send(friend, chat, "hello");
        world.settle();
        if taken == 10 {
            assert_eq!(published(&mut world, ada), [], "half of it is there");
            world.disconnect(ada);
        }
    }
    let new = published(&mut world, ada);
    assert_eq!(new.len(), 1);
    assert_eq!((new[0].one_time.len(), new[0].last_resort.is_some()), (11, false));
    assert_eq!(published(&mut world, ada), [], "it is full again");
}

#[test]
fn p3_a_last_resort_that_is_old_is_replaced() {
    let mut world = World::new(32);
    let ada = world.add_person("Ada");
    world.pass(29 * DAY);
    assert_eq!(published(&mut world, ada), []);
    world.pass(2 * DAY);
    let new = published(&mut world, ada);
    assert_eq!(new.len(), 1);
    assert_eq!((new[0].one_time.len(), new[0].last_resort.is_some()), (0, true));
    assert_eq!(published(&mut world, ada), [], "it is new again");
    world.crash(ada);
    assert_eq!(published(&mut world, ada), [], "after a restart too");
}

#[test]
fn p3_who_writes_replaces_the_own_keys_after_a_week() {
    let (mut world, ada, bob, there, back) = pair();
    // Both have replaced the keys with which they joined.
    for (device, chat) in [(ada, there), (bob, back)] {
        world.send(device, chat, "joined");
        world.settle();
    }
    let commits = |world: &mut World| {
        let all = world.relay.entries_mut().flat_map(|entries| entries.iter());
        all.filter(|entry| entry.kind == EntryKind::Commit).count()
    };
    let before = commits(&mut world);
    world.pass(6 * DAY);
    world.send(ada, there, "within a week");
    world.settle();
    assert_eq!(commits(&mut world), before);
    world.pass(DAY + DAY / 2);
    assert_eq!(commits(&mut world), before, "who writes nothing replaces nothing");
    world.send(ada, there, "after a week");
    world.settle();
    assert_eq!(commits(&mut world), before + 2, "a text, and the receipt for it");
    for (device, chat) in [(ada, there), (bob, back)] {
        world.send(device, chat, "just after it");
        world.settle();
    }
    assert_eq!(commits(&mut world), before + 2);
}

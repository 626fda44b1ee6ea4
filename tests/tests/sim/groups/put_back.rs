//! A browser whose profile was put back from an older copy, in a group.

use parley_engine::view::{Command, GroupStanding, Reply};

use super::*;

/// Ada, Bob and Carol in a group; a copy of Ada's disk; and what was done between the copy and its return.
fn put_back(
    seed: u64,
    between: impl Fn(&mut World, &[DeviceIndex], ConversationId),
) -> (World, Vec<DeviceIndex>, ConversationId) {
    let (mut world, people) = friends(seed, &["Ada", "Bob", "Carol"]);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    world.send(people[0], group, "before the copy");
    settle(&mut world);
    let copy = world.devices[people[0]].disk.clone();
    between(&mut world, &people, group);
    settle(&mut world);
    world.put_back(people[0], copy);
    world.connect(people[0]);
    settle(&mut world);
    settle(&mut world);
    (world, people, group)
}

#[test]
fn i5_a_device_that_was_put_back_replaces_its_keys_before_it_writes() {
    let (mut world, people, group) = put_back(2_040, |world, people, group| {
        world.send(people[0], group, "after the copy");
        world.send(people[1], group, "and Bob");
        world.settle();
    });
    let [ada, bob, _] = people[..] else { unreachable!() };
    world.send(ada, group, "here again");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Ada: here again");
    world.send(bob, group, "good");
    settle(&mut world);
    let shown = shown(&mut world, ada, group);
    assert_eq!(shown.last().unwrap(), "Bob: good");
    assert!(shown.contains(&"Bob: and Bob".to_owned()), "{shown:?}");
    assert!(world.ledger.violations.is_empty(), "{:?}", world.ledger.violations);
}

#[test]
fn a_device_that_forgot_its_own_commit_is_let_in_again_and_stays_who_it_was() {
    let (mut world, people, group) = put_back(2_041, |world, people, group| {
        let name = "Crew".to_owned();
        assert_eq!(world.ask(people[0], Command::SetGroupName { conversation: group, name }), Reply::Done);
        settle(world);
    });
    let [ada, bob, _] = people[..] else { unreachable!() };
    settle(&mut world);
    assert_eq!(standing(&world, ada, group), GroupStanding::Member);
    assert_eq!(members(&mut world, bob, group)[0], ("Ada".into(), Role::Owner, 1));
    world.send(ada, group, "here again");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Ada: here again");
    assert_eq!(world.devices[ada].conversations[&group].name, "Crew");
}

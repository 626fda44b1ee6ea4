//! A browser whose profile was rolled back to an older copy, in a group.

use parley_engine::view::{Command, GroupStanding, Reply};

use parley_engine::io::Store;

use super::*;

/// Ada, Bob and Carol in a group. Copies Ada's disk, does something, and rolls the disk back.
fn roll_back(
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
    world.roll_back(people[0], copy);
    world.connect(people[0]);
    settle(&mut world);
    settle(&mut world);
    (world, people, group)
}

#[test]
fn i5_a_device_that_was_rolled_back_replaces_its_keys_before_it_writes() {
    let (mut world, people, group) = roll_back(2_040, |world, people, group| {
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
    let (mut world, people, group) = roll_back(2_041, |world, people, group| {
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

#[test]
fn e3_a_device_that_is_let_in_again_is_named_to_all() {
    let (mut world, people, group) = roll_back(2_042, |world, people, group| {
        let name = "Crew".to_owned();
        assert_eq!(world.ask(people[0], Command::SetGroupName { conversation: group, name }), Reply::Done);
        settle(world);
    });
    settle(&mut world);
    for index in people {
        let shown = shown(&mut world, index, group);
        let said = shown.iter().filter(|line| *line == "device of Ada Returned").count();
        assert_eq!(said, 1, "{shown:?}");
    }
}

/// Messages written while a device has no place in the group are sent when it has one again.
#[test]
fn p5_what_waits_to_be_written_is_not_lost_with_the_place() {
    let (mut world, people) = friends(2_043, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    world.send(ada, group, "before the copy");
    settle(&mut world);
    let copy = world.devices[ada].disk.clone();
    done(&mut world, ada, Command::SetGroupName { conversation: group, name: "Crew".into() });
    world.roll_back(ada, copy);
    world.send(ada, group, "into the dark");
    world.connect(ada);
    settle(&mut world);
    settle(&mut world);
    for index in [bob, carol] {
        let shown = shown(&mut world, index, group);
        assert_eq!(shown.iter().filter(|it| *it == "Ada: into the dark").count(), 1, "{shown:?}");
    }
    assert!(world.ledger.violations.is_empty(), "{:?}", world.ledger.violations);
}

/// Damages each record of a group on Bob's disk in turn. He and Ada go on.
#[test]
fn p9_one_damaged_record_of_a_group_costs_nobody_the_group() {
    let begun = || {
        let (mut world, people) = friends(2_044, &["Ada", "Bob", "Carol"]);
        let before = world.devices[people[1]].disk.records.clone();
        let group = create(&mut world, people[0], "Team", &people[1..]);
        for index in &people {
            world.send(*index, group, "here");
            settle(&mut world);
        }
        (world, people, group, before)
    };
    let (world, people, _, before) = begun();
    let records = world.devices[people[1]].disk.records.clone();
    let of_group = records.keys().filter(|key| key.0 == Store::State && !before.contains_key(*key));
    let mut let_in_again = 0;
    let all: Vec<_> = of_group.cloned().collect();
    for key in &all {
        let (mut world, people, group, _) = begun();
        let [ada, bob, carol] = people[..] else { unreachable!() };
        let mut disk = world.devices[bob].disk.clone();
        *disk.records.get_mut(key).unwrap().last_mut().unwrap() ^= 1;
        world.disconnect(bob);
        world.send(ada, group, "while Bob was away");
        world.settle();
        if world.try_roll_back(bob, disk).is_err() {
            continue;
        }
        world.connect(bob);
        settle(&mut world);
        world.ask(bob, Command::Subscribe);
        world.send(bob, group, "Bob goes on");
        settle(&mut world);
        world.send(ada, group, "Ada goes on");
        settle(&mut world);
        settle(&mut world);
        let name = String::from_utf8_lossy(&key.1).into_owned();
        assert_eq!(standing(&world, bob, group), GroupStanding::Member, "{name}");
        for index in [ada, carol] {
            let shown = shown(&mut world, index, group);
            assert_eq!(shown.iter().filter(|it| *it == "Bob: Bob goes on").count(), 1, "{name}: {shown:?}");
            let members = members(&mut world, index, group);
            assert!(members.contains(&("Bob".into(), Role::Member, 1)) && members.len() == 3, "{members:?}");
            let_in_again += usize::from(shown.contains(&"device of Bob Returned".to_owned()));
        }
        let shown = shown(&mut world, bob, group);
        assert_eq!(shown.iter().filter(|it| *it == "Ada: Ada goes on").count(), 1, "{name}: {shown:?}");
    }
    assert!(let_in_again > 0, "{} records", all.len());
}

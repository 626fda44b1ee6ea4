//! Every device of every member joins the group, and leaves it with its account.

use parley_engine::view::{Command, GroupStanding, Reply, Role, Share};

use parley_tests::sim::Torn;

use super::*;
use crate::devices::{link, link_with};

#[test]
fn a_linked_device_comes_into_the_groups_of_its_account_and_has_their_history() {
    let (mut world, people) = friends(2_030, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob]);
    world.send(ada, group, "before");
    world.send(bob, group, "also before");
    settle(&mut world);
    let phone = link_with(&mut world, ada, Share::All);
    settle(&mut world);
    settle(&mut world);
    assert_eq!(
        members(&mut world, bob, group),
        [("Ada".into(), Role::Owner, 2), ("Bob".into(), Role::Member, 1)]
    );
    assert_eq!(standing(&world, phone, group), GroupStanding::Member);
    world.send(phone, group, "from the phone");
    settle(&mut world);
    assert_eq!(shown(&mut world, ada, group).last().unwrap(), ">from the phone");
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Ada: from the phone");
    assert_eq!(
        shown(&mut world, phone, group),
        [
            "Ada created Team",
            "Ada added Bob",
            ">before",
            "Bob: also before",
            "device of Ada Added",
            ">from the phone"
        ]
    );
}

#[test]
fn a_removed_device_goes_from_the_groups_of_its_account() {
    let (mut world, people) = friends(2_031, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    let phone = link(&mut world, ada);
    settle(&mut world);
    let group = create(&mut world, ada, "Team", &[bob]);
    assert_eq!(members(&mut world, bob, group)[0], ("Ada".into(), Role::Owner, 2));
    let devices = &world.devices[ada].account.as_ref().unwrap().devices;
    let device = devices.iter().find(|device| !device.this).unwrap().id;
    assert_eq!(world.ask(ada, Command::RemoveDevice(device)), Reply::Done);
    settle(&mut world);
    settle(&mut world);
    assert_eq!(members(&mut world, bob, group)[0], ("Ada".into(), Role::Owner, 1));
    world.send(bob, group, "who reads this?");
    settle(&mut world);
    assert_eq!(shown(&mut world, ada, group).last().unwrap(), "Bob: who reads this?");
    assert!(world.devices[phone].account.is_none(), "it was erased");
}

#[test]
fn a_device_that_dies_at_any_write_while_a_group_is_made_loses_nothing() {
    for after in 0..40 {
        let (mut world, people) = friends(2_032, &["Ada", "Bob", "Carol"]);
        let [ada, bob, carol] = people[..] else { unreachable!() };
        world.light_fuse(ada, after, Torn::Before);
        let accounts = vec![account(&world, bob), account(&world, carol)];
        world.command(ada, Command::CreateGroup { name: "Team".into(), people: accounts });
        settle(&mut world);
        world.heal();
        settle(&mut world);
        let Some(group) = world.devices[ada].conversations.values().find(|view| view.group.is_some()) else {
            continue;
        };
        let group = group.id;
        world.send(bob, group, "hello");
        settle(&mut world);
        assert_eq!(members(&mut world, ada, group).len(), 3, "died after {after} writes");
        assert_eq!(shown(&mut world, ada, group).last().unwrap(), "Bob: hello", "died after {after} writes");
    }
}

#[test]
fn what_is_written_after_a_long_rest_goes_once_the_device_logs_were_asked_for() {
    let (mut world, people) = friends(2_033, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob]);
    world.send(bob, group, "before the rest");
    settle(&mut world);
    world.pass(3 * 3_600_000);
    world.send(bob, group, "after the rest");
    world.settle();
    assert_eq!(shown(&mut world, ada, group).last().unwrap(), "Bob: after the rest");
}

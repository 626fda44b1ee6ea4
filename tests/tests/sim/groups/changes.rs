//! Changes by members, and their outcome when several members change the group at once.

use parley_engine::view::{Command, CommandError, GroupStanding, Permissions, Reply, Role};
use parley_tests::sim::World;

use super::*;

#[test]
fn members_come_and_go_and_each_change_is_a_line() {
    let (mut world, people) = friends(2_010, &["Ada", "Bob", "Carol", "Dan"]);
    let [ada, bob, carol, dan] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    world.send(bob, group, "before Dan");
    world.settle();
    let people = vec![account(&world, dan)];
    done(&mut world, bob, Command::AddToGroup { conversation: group, people });
    assert_eq!(standing(&world, dan, group), GroupStanding::Member);
    world.send(dan, group, "here I am");
    world.settle();
    let who = account(&world, carol);
    done(&mut world, ada, Command::RemoveFromGroup { conversation: group, account: who });
    assert_eq!(standing(&world, carol, group), GroupStanding::Removed);
    world.send(ada, group, "Carol is gone");
    world.settle();
    done(&mut world, bob, Command::LeaveGroup { conversation: group, owner: None });
    assert_eq!(standing(&world, bob, group), GroupStanding::Left);
    world.send(dan, group, "just us");
    world.settle();
    assert_eq!(
        shown(&mut world, ada, group),
        [
            "Ada created Team",
            "Ada added Bob, Carol",
            "Bob: before Dan",
            "Bob added Dan",
            "Dan: here I am",
            "Ada removed Carol",
            ">Carol is gone",
            "Bob left",
            "Dan: just us"
        ]
    );
    assert_eq!(
        shown(&mut world, dan, group),
        ["Bob added Dan", ">here I am", "Ada removed Carol", "Ada: Carol is gone", "Bob left", ">just us"]
    );
    assert_eq!(shown(&mut world, carol, group).last().unwrap(), "Ada removed Carol");
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Bob left");
    assert_eq!(
        world.ask(carol, Command::SendText { conversation: group, text: "hey".into(), over: String::new() }),
        Reply::Failed(CommandError::NotAllowed)
    );
    let left: Vec<_> = members(&mut world, ada, group).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(left, ["Ada", "Dan"]);
}

#[test]
fn roles_name_and_permissions_change_as_far_as_the_own_role_allows() {
    let (mut world, people) = friends(2_011, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    let (a, b, c) = (account(&world, ada), account(&world, bob), account(&world, carol));
    let refused = Reply::Failed(CommandError::NotAllowed);
    let remove = |account| Command::RemoveFromGroup { conversation: group, account };
    assert_eq!(world.ask(bob, remove(c)), refused);
    assert_eq!(
        world.ask(bob, Command::SetRole { conversation: group, account: b, role: Role::Owner }),
        refused
    );
    done(&mut world, ada, Command::SetRole { conversation: group, account: b, role: Role::Admin });
    let permissions = Permissions { add: Role::Admin, write: Role::Admin, change: Role::Admin };
    done(&mut world, bob, Command::SetPermissions { conversation: group, permissions });
    assert!(!world.devices[carol].conversations[&group].group.as_ref().unwrap().may_write);
    let says = |text: &str| Command::SendText { conversation: group, text: text.into(), over: String::new() };
    assert_eq!(world.ask(carol, says("may I?")), refused);
    assert_eq!(world.ask(carol, Command::SetGroupName { conversation: group, name: "Mine".into() }), refused);
    done(&mut world, bob, Command::SetGroupName { conversation: group, name: "Crew".into() });
    assert_eq!(world.devices[carol].conversations[&group].name, "Crew");
    assert_eq!(world.ask(bob, remove(a)), refused, "an owner stays");
    done(&mut world, bob, remove(c));
    assert_eq!(standing(&world, carol, group), GroupStanding::Removed);
    done(&mut world, ada, Command::LeaveGroup { conversation: group, owner: None });
    assert_eq!(
        members(&mut world, bob, group),
        [("Bob".into(), Role::Owner, 1)],
        "nobody is left without an owner"
    );
}

#[test]
fn many_change_a_group_at_once_and_all_of_it_happens_or_is_said() {
    let names = ["Ada", "Bob", "Carol", "Dan", "Eve", "Finn"];
    let (mut world, people) = friends(2_012, &names);
    let group = create(&mut world, people[0], "Team", &people[1..4]);
    let admins: Vec<_> = people[1..4].iter().map(|index| account(&world, *index)).collect();
    for account in admins {
        done(&mut world, people[0], Command::SetRole { conversation: group, account, role: Role::Admin });
    }
    let (eve, finn) = (account(&world, people[4]), account(&world, people[5]));
    world.command(people[0], Command::SetGroupName { conversation: group, name: "A".into() });
    world.command(people[1], Command::AddToGroup { conversation: group, people: vec![eve] });
    world.command(people[2], Command::AddToGroup { conversation: group, people: vec![eve, finn] });
    world.command(people[3], Command::SetGroupName { conversation: group, name: "B".into() });
    for index in &people[..4] {
        world.send(*index, group, "meanwhile");
    }
    settle(&mut world);
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 6, "{all:?}");
    for index in &people {
        assert_eq!(members(&mut world, *index, group), all);
        assert_eq!(
            world.devices[*index].conversations[&group].name,
            world.devices[people[0]].conversations[&group].name
        );
    }
    let texts = |world: &mut World, index| {
        let shown = shown(world, index, group);
        shown.into_iter().filter(|line| line.ends_with("meanwhile")).count()
    };
    for index in &people[..4] {
        assert_eq!(texts(&mut world, *index), 4);
    }
}

#[test]
fn who_was_away_for_a_hundred_changes_reads_on() {
    let (mut world, people) = friends(2_013, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    world.disconnect(carol);
    for number in 0..100 {
        let name = format!("Team {number}");
        assert_eq!(world.ask(ada, Command::SetGroupName { conversation: group, name }), Reply::Done);
        world.settle();
    }
    world.send(bob, group, "still here?");
    world.settle();
    world.connect(carol);
    settle(&mut world);
    assert_eq!(world.devices[carol].conversations[&group].name, "Team 99");
    world.send(carol, group, "yes");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Carol: yes");
    assert_eq!(shown(&mut world, carol, group).len(), 103);
}

//! A device whose half for groups loads on demand, late or after failures ends in the state of a device that has everything;
//! conversations of two wait for nothing.

use parley_engine::view::{Command, CommandError, GroupStanding, Reply};
use parley_tests::sim::{DeviceIndex, Halves, World};

use super::*;
use crate::devices::link;

/// Restarts the device's process without the half for groups; it loads on demand, after this many failing attempts.
fn restart(world: &mut World, index: DeviceIndex, failures: u32) {
    world.devices[index].halves = Halves::Loaded { failures };
    world.devices[index].halves_asked = 0;
    world.crash(index);
    assert!(matches!(world.ask(index, Command::Subscribe), Reply::Snapshot(_)));
    world.connect(index);
}

fn asked(world: &World, index: DeviceIndex) -> u32 {
    world.devices[index].halves_asked
}

#[test]
fn without_groups_the_half_for_them_is_not_asked_for() {
    let (mut world, people) = friends(2_400, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    restart(&mut world, ada, 0);
    settle(&mut world);
    let chat = world.only_conversation(bob);
    world.send(bob, chat, "are you there?");
    world.settle();
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "yes");
    settle(&mut world);
    let chat = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat).last().unwrap(), "yes");
    assert_eq!(asked(&world, ada), 0);
}

#[test]
fn making_a_group_asks_for_it_and_so_does_a_restart() {
    let (mut world, people) = friends(2_401, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    for index in [ada, bob] {
        restart(&mut world, index, 0);
    }
    world.settle();
    let group = create(&mut world, ada, "Team", &[bob]);
    assert_eq!((asked(&world, ada), asked(&world, bob)), (1, 1), "Bob was added");
    restart(&mut world, ada, 0);
    world.settle();
    assert_eq!(asked(&world, ada), 1);
    world.send(ada, group, "hello");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group), ["Ada added Bob", "Ada: hello"]);
}

/// The same story, with Ada's half loaded from the beginning or after failing attempts.
fn story(seed: u64, halves: Halves) -> (World, Vec<DeviceIndex>, ConversationId) {
    let (mut world, people) = friends(seed, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, bob, "Team", &[ada, carol]);
    world.send(ada, group, "I'll be back");
    settle(&mut world);
    world.disconnect(ada);
    world.send(bob, group, "while you were away");
    settle(&mut world);
    done(&mut world, bob, Command::SetGroupName { conversation: group, name: "Crew".into() });
    world.devices[ada].halves = halves;
    world.crash(ada);
    assert!(matches!(world.ask(ada, Command::Subscribe), Reply::Snapshot(_)));
    // A message into a group whose half is not loaded waits, and is sent when it can.
    world.send(ada, group, "back");
    world.connect(ada);
    (world, people, group)
}

#[test]
fn a_device_whose_half_comes_late_ends_as_one_that_has_it() {
    let mut ends = Vec::new();
    for halves in [Halves::Inside, Halves::Loaded { failures: 0 }, Halves::Loaded { failures: 2 }] {
        let (mut world, people, group) = story(2_402, halves);
        let [ada, bob, carol] = people[..] else { unreachable!() };
        world.settle();
        if halves == (Halves::Loaded { failures: 2 }) {
            // The list shows the group as it was. The engine reads nothing of it, and everything else goes on.
            assert_eq!(world.devices[ada].conversations[&group].name, "Team");
            let chat = world.start(ada, "bob");
            world.send(ada, chat, "how are you?");
            world.settle();
            let chat = world.start(bob, "ada");
            assert_eq!(world.texts(bob, chat).last().unwrap(), "how are you?");
        }
        settle(&mut world);
        let end: Vec<_> = [ada, bob, carol]
            .into_iter()
            .map(|index| (shown(&mut world, index, group), members(&mut world, index, group)))
            .collect();
        assert_eq!(world.devices[ada].conversations[&group].name, "Crew");
        assert!(end[2].0.contains(&"Ada: back".to_owned()), "{end:?}");
        ends.push(end);
    }
    assert_eq!(ends[0], ends[1]);
    assert_eq!(ends[0], ends[2]);
}

#[test]
fn an_invitation_that_comes_before_the_half_is_not_lost_and_holds_up_nobody() {
    let (mut world, people) = friends(2_403, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    let dan = world.add_person("Dan");
    restart(&mut world, ada, 1);
    world.settle();
    let group = create_without_waiting(&mut world, bob, ada);
    world.settle();
    assert!(!world.devices[ada].conversations.contains_key(&group));
    // A Welcome into a conversation of two, behind the one that waits.
    let chat = world.start(dan, "ada");
    world.send(dan, chat, "hi, it's Dan");
    world.settle();
    let from_dan =
        world.devices[ada].conversations.values().any(|chat| chat.username.as_deref() == Some("dan"));
    assert!(from_dan);
    // The Welcome is not acknowledged: the relay keeps it for the next process.
    restart(&mut world, ada, 1);
    settle(&mut world);
    assert_eq!(standing(&world, ada, group), GroupStanding::Member);
    world.send(ada, group, "here");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group).last().unwrap(), "Ada: here");
    assert_eq!(asked(&world, ada), 2, "once more after the one that failed");
}

fn create_without_waiting(world: &mut World, by: DeviceIndex, with: DeviceIndex) -> ConversationId {
    let people = vec![account(world, with)];
    let reply = world.ask(by, Command::CreateGroup { name: "Team".into(), people });
    let Reply::Conversation(id) = reply else { panic!("no group: {reply:?}") };
    id
}

#[test]
fn a_command_hears_that_there_is_no_connection_where_the_half_does_not_come() {
    let (mut world, people) = friends(2_404, &["Ada", "Bob"]);
    let [ada, bob] = people[..] else { unreachable!() };
    restart(&mut world, ada, 1);
    world.settle();
    let command = Command::CreateGroup { name: "Team".into(), people: vec![account(&world, bob)] };
    assert_eq!(world.ask(ada, command.clone()), Reply::Failed(CommandError::Offline));
    let Reply::Conversation(group) = world.ask(ada, command) else { panic!("no group") };
    settle(&mut world);
    assert_eq!(standing(&world, bob, group), GroupStanding::Member);
    assert_eq!(asked(&world, ada), 2, "the second command asked at once");
}

#[test]
fn what_another_device_answered_to_an_invitation_waits_on_disk() {
    for joins in [true, false] {
        let mut world = World::new(2_405);
        let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
        let phone = link(&mut world, bob);
        for index in [bob, phone] {
            world.devices[index].accepts = false;
        }
        settle(&mut world);
        let account = find(&mut world, eve, "bob");
        let group = Command::CreateGroup { name: "Party".into(), people: vec![account] };
        let Reply::Conversation(group) = world.ask(eve, group) else { panic!("no group") };
        settle(&mut world);
        // Loading fails at the start, and again at the connection.
        restart(&mut world, bob, 2);
        let answer = if joins {
            Command::JoinGroup(group)
        } else {
            Command::DeclineGroup { conversation: group, block: false }
        };
        assert_eq!(world.ask(phone, answer), Reply::Done);
        world.settle();
        let invited = GroupStanding::Invited { by: "eve".into(), username: Some("eve".into()) };
        assert_eq!(standing(&world, bob, group), invited, "nothing can be done about it yet");
        restart(&mut world, bob, 0);
        settle(&mut world);
        let expected = if joins { GroupStanding::Member } else { GroupStanding::Left };
        assert_eq!(standing(&world, bob, group), expected);
    }
}

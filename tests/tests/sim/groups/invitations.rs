//! A person added by somebody they never talked to is asked first.

use parley_engine::view::{Command, GroupStanding, Reply};
use parley_tests::sim::{DeviceIndex, World};

use super::*;
use crate::devices::link;

/// Eve knows Bob's username and adds him to a group.
fn added(seed: u64) -> (World, DeviceIndex, DeviceIndex, ConversationId) {
    let mut world = World::new(seed);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    world.devices[bob].accepts = false;
    let account = find(&mut world, eve, "bob");
    let people = vec![account];
    let reply = world.ask(eve, Command::CreateGroup { name: "Party".into(), people });
    let Reply::Conversation(group) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    (world, eve, bob, group)
}

#[test]
fn p10_a_group_of_a_stranger_is_listed_and_nothing_is_joined_or_sent() {
    let (mut world, eve, bob, group) = added(2_020);
    let invited = GroupStanding::Invited { by: "eve".into(), username: Some("eve".into()) };
    assert_eq!(standing(&world, bob, group), invited);
    assert_eq!(world.devices[bob].conversations[&group].name, "Party");
    let before = world.relay.seen.len();
    world.send(eve, group, "come in");
    settle(&mut world);
    let asked = world.requests_since(before);
    assert!(asked.iter().all(|request| !format!("{request:?}").contains("SubscribeLog")), "{asked:?}");
    assert_eq!(shown(&mut world, bob, group), Vec::<String>::new());
    done(&mut world, bob, Command::JoinGroup(group));
    assert_eq!(shown(&mut world, bob, group), ["Eve added Bob", "Eve: come in"]);
    world.send(bob, group, "hello");
    settle(&mut world);
    assert_eq!(shown(&mut world, eve, group).last().unwrap(), "Bob: hello");
}

#[test]
fn p10_who_declines_hears_nothing_more_and_blocking_ends_it() {
    let (mut world, eve, bob, group) = added(2_021);
    done(&mut world, bob, Command::DeclineGroup { conversation: group, block: true });
    assert_eq!(standing(&world, bob, group), GroupStanding::Left);
    assert!(!world.devices[bob].conversations[&group].listed);
    world.send(eve, group, "hello?");
    settle(&mut world);
    assert_eq!(shown(&mut world, bob, group), Vec::<String>::new());
    let people = vec![account(&world, bob)];
    let reply = world.ask(eve, Command::CreateGroup { name: "Again".into(), people });
    let Reply::Conversation(again) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    assert!(!world.devices[bob].conversations.contains_key(&again), "they are blocked");
}

#[test]
fn p10_joining_on_one_device_joins_on_all() {
    let mut world = World::new(2_022);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    let phone = link(&mut world, bob);
    for index in [bob, phone] {
        world.devices[index].accepts = false;
    }
    settle(&mut world);
    let account = find(&mut world, eve, "bob");
    let reply = world.ask(eve, Command::CreateGroup { name: "Party".into(), people: vec![account] });
    let Reply::Conversation(group) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    done(&mut world, phone, Command::JoinGroup(group));
    for index in [bob, phone] {
        assert_eq!(standing(&world, index, group), GroupStanding::Member);
    }
    world.send(eve, group, "both?");
    world.settle();
    world.send(bob, group, "both");
    settle(&mut world);
    assert_eq!(shown(&mut world, phone, group), ["Eve added Bob", "Eve: both?", ">both"]);
}

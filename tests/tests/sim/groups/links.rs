//! Joining by invite link while everybody is offline.

use parley_engine::view::{Command, CommandError, GroupStanding, InviteLinkView, LinkTerms, Reply};
use parley_tests::sim::{DeviceIndex, World};

use super::*;

/// Makes a link. Returns the text for others.
pub(super) fn make_link(
    world: &mut World,
    by: DeviceIndex,
    group: ConversationId,
    terms: LinkTerms,
) -> String {
    done(world, by, Command::MakeGroupLink { conversation: group, terms });
    links(world, by, group).pop().unwrap().fragment.unwrap()
}

pub(super) fn links(world: &mut World, index: DeviceIndex, group: ConversationId) -> Vec<InviteLinkView> {
    view(world, index, group).links
}

/// Joins by a link, or returns the reason why not.
pub(super) fn join(
    world: &mut World,
    index: DeviceIndex,
    link: &str,
) -> Result<ConversationId, CommandError> {
    match world.ask(index, Command::JoinByLink(link.into())) {
        Reply::Conversation(id) => Ok(id),
        Reply::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

/// Five people; the first has made a link.
fn five(seed: u64) -> (World, Vec<DeviceIndex>, ConversationId, String) {
    let (mut world, people) = friends(seed, &["Ada", "Bob", "Carol", "Dan", "Eve"]);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    world.send(people[1], group, "before");
    settle(&mut world);
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    (world, people, group, link)
}

fn unconfirmed(world: &World, index: DeviceIndex, group: ConversationId) -> bool {
    world.devices[index].conversations[&group].group.as_ref().unwrap().unconfirmed
}

#[test]
fn p10_somebody_joins_and_writes_while_all_members_are_offline() {
    let (mut world, people, group, link) = five(2_100);
    for index in &people {
        world.disconnect(*index);
    }
    let finn = world.add_person("Finn");
    let Reply::GroupPreview(seen) = world.ask(finn, Command::LookAtGroup(link.clone())) else { panic!() };
    assert_eq!((seen.name.as_str(), seen.people, seen.by, seen.approval), ("Team", 5, None, false));
    assert!(!world.devices[finn].conversations.contains_key(&group), "looking is not joining");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    assert_eq!(standing(&world, finn, group), GroupStanding::Member);
    world.send(finn, group, "hello, I am new");
    settle(&mut world);
    assert!(unconfirmed(&world, finn, group));
    assert_eq!(shown(&mut world, finn, group)[1..], [">hello, I am new"]);
    for index in people.iter().rev() {
        world.connect(*index);
        settle(&mut world);
        let shown = shown(&mut world, *index, group);
        assert_eq!(shown[shown.len() - 2..], ["Finn joined by Ada's link", "Finn: hello, I am new"]);
    }
    for text in ["welcome", "thanks"] {
        world.send(people[0], group, text);
        settle(&mut world);
    }
    assert!(!unconfirmed(&world, finn, group), "who made the link was heard");
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 6);
    for index in people.iter().chain([&finn]) {
        assert_eq!(members(&mut world, *index, group), all);
    }
    assert_eq!(
        shown(&mut world, finn, group),
        ["Finn joined by Ada's link", ">hello, I am new", "Ada: welcome", "Ada: thanks"]
    );
    assert_eq!(links(&mut world, people[0], group)[0].came, 1);
}

#[test]
fn several_join_one_after_the_other_with_nobody_there() {
    let (mut world, people, group, link) = five(2_101);
    for index in &people {
        world.disconnect(*index);
    }
    let new: Vec<DeviceIndex> = ["Finn", "Gus", "Hal"].iter().map(|name| world.add_person(name)).collect();
    for index in &new {
        assert_eq!(join(&mut world, *index, &link), Ok(group));
        world.send(*index, group, "here");
        settle(&mut world);
    }
    for index in people.iter().chain(&new) {
        if !world.is_connected(*index) {
            world.connect(*index);
        }
    }
    settle(&mut world);
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 8);
    for index in people.iter().chain(&new) {
        assert_eq!(members(&mut world, *index, group), all);
        let texts = world.texts(*index, group);
        assert!(texts.iter().filter(|text| text.ends_with("here")).count() >= 1, "{texts:?}");
    }
    world.send(new[2], group, "to all");
    settle(&mut world);
    for index in &people {
        assert_eq!(shown(&mut world, *index, group).last().unwrap(), "Hal: to all");
    }
}

#[test]
fn all_join_at_the_same_moment() {
    let (mut world, people, group, link) = five(2_102);
    let new: Vec<DeviceIndex> = ["Finn", "Gus", "Hal"].iter().map(|name| world.add_person(name)).collect();
    for index in &new {
        world.command(*index, Command::JoinByLink(link.clone()));
    }
    world.send(people[3], group, "meanwhile");
    settle(&mut world);
    settle(&mut world);
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 8, "{all:?}");
    for index in people.iter().chain(&new) {
        assert_eq!(members(&mut world, *index, group), all);
    }
}

#[test]
fn p10_a_revoked_link_leads_nowhere_and_another_one_still_does() {
    let (mut world, people, group, link) = five(2_103);
    let other = make_link(&mut world, people[0], group, LinkTerms::default());
    let id = links(&mut world, people[0], group)[0].id;
    done(&mut world, people[0], Command::RevokeGroupLink { conversation: group, link: id });
    for index in &people {
        world.disconnect(*index);
    }
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Err(CommandError::LinkOver));
    assert_eq!(join(&mut world, finn, &other), Ok(group));
}

#[test]
fn m5_a_removal_ends_all_links() {
    let (mut world, people, group, link) = five(2_104);
    let account = account(&world, people[4]);
    done(&mut world, people[0], Command::RemoveFromGroup { conversation: group, account });
    assert_eq!(links(&mut world, people[0], group), []);
    assert_eq!(join(&mut world, people[4], &link), Err(CommandError::LinkOver));
    let again = world.add_person("Eva");
    assert_eq!(join(&mut world, again, &link), Err(CommandError::LinkOver), "as somebody else");
}

#[test]
fn p10_a_link_lets_in_as_many_as_it_says_and_until_when() {
    let (mut world, people) = friends(2_105, &["Ada", "Bob"]);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    let once = make_link(&mut world, people[0], group, LinkTerms { most: 1, ..LinkTerms::default() });
    let (finn, gus) = (world.add_person("Finn"), world.add_person("Gus"));
    assert_eq!(join(&mut world, finn, &once), Ok(group));
    settle(&mut world);
    assert_eq!(join(&mut world, gus, &once), Err(CommandError::LinkOver));
    let hour = LinkTerms { lasts: Some(3_600_000), ..LinkTerms::default() };
    let short = make_link(&mut world, people[0], group, hour);
    world.advance(3_700_000);
    settle(&mut world);
    assert_eq!(join(&mut world, gus, &short), Err(CommandError::LinkOver));
    world.send(people[0], group, "it is over");
    settle(&mut world);
    assert!(links(&mut world, people[1], group).iter().all(|link| link.expires.is_none()), "taken away");
}

#[test]
fn a_member_who_came_later_keeps_the_links_alive() {
    let (mut world, people, group, link) = five(2_106);
    let dora = world.add_person("Dora");
    let added = find(&mut world, people[0], "dora");
    done(&mut world, people[0], Command::AddToGroup { conversation: group, people: vec![added] });
    done(&mut world, dora, Command::JoinGroup(group));
    // Dora has seen the link only in the policy.
    world.add_person("Hugo");
    let found = find(&mut world, dora, "hugo");
    done(&mut world, dora, Command::AddToGroup { conversation: group, people: vec![found] });
    for index in people.iter().chain([&dora]) {
        world.disconnect(*index);
    }
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
}

#[test]
fn j7_a_device_that_stops_while_it_comes_in_is_in_or_comes_again() {
    for steps in 0..14 {
        let (mut world, people, group, link) = five(2_110 + steps);
        let finn = world.add_person("Finn");
        world.command(finn, Command::JoinByLink(link.clone()));
        for _ in 0..steps {
            world.step(finn);
        }
        world.crash(finn);
        world.connect(finn);
        settle(&mut world);
        settle(&mut world);
        if !world.devices[finn].conversations.contains_key(&group) {
            assert_eq!(join(&mut world, finn, &link), Ok(group), "after {steps}");
        }
        settle(&mut world);
        world.send(finn, group, "in");
        world.send(people[0], group, "yes");
        settle(&mut world);
        let all = members(&mut world, people[0], group);
        assert_eq!(all.len(), 6, "after {steps}: {all:?}");
        assert_eq!(members(&mut world, finn, group), all);
        assert!(shown(&mut world, people[0], group).contains(&"Finn: in".to_owned()), "after {steps}");
        assert!(shown(&mut world, finn, group).contains(&"Ada: yes".to_owned()), "after {steps}");
    }
}

#[test]
fn who_left_or_was_removed_comes_back_by_a_link() {
    let (mut world, people, group, link) = five(2_129);
    done(&mut world, people[4], Command::LeaveGroup { conversation: group, owner: None });
    assert_eq!(standing(&world, people[4], group), GroupStanding::Left);
    assert_eq!(join(&mut world, people[4], &link), Ok(group));
    settle(&mut world);
    let account = account(&world, people[3]);
    done(&mut world, people[0], Command::RemoveFromGroup { conversation: group, account });
    let other = make_link(&mut world, people[0], group, LinkTerms::default());
    assert_eq!(join(&mut world, people[3], &other), Ok(group));
    settle(&mut world);
    for (index, text) in [(people[4], "Eve again"), (people[3], "Dan again"), (people[0], "good")] {
        world.send(index, group, text);
        settle(&mut world);
    }
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 5);
    for index in &people {
        assert_eq!(members(&mut world, *index, group), all);
        let shown = shown(&mut world, *index, group);
        for text in ["Eve again", "Dan again", "good"] {
            assert_eq!(shown.iter().filter(|line| line.ends_with(text)).count(), 1, "{shown:?}");
        }
    }
}

#[test]
fn every_device_of_who_joins_comes_in() {
    let (mut world, people, group, link) = five(2_130);
    let finn = world.add_person("Finn");
    let phone = crate::devices::link(&mut world, finn);
    settle(&mut world);
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(standing(&world, phone, group), GroupStanding::Member);
    world.send(people[0], group, "both?");
    settle(&mut world);
    assert_eq!(shown(&mut world, phone, group).last().unwrap(), "Ada: both?");
}

#[test]
fn the_other_devices_of_who_made_a_link_have_it_too() {
    let (mut world, people) = friends(2_131, &["Ada", "Bob"]);
    let phone = crate::devices::link(&mut world, people[0]);
    settle(&mut world);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    settle(&mut world);
    assert_eq!(links(&mut world, phone, group)[0].fragment.as_ref(), Some(&link));
    assert_eq!(links(&mut world, people[1], group)[0].fragment, None);
}

#[test]
fn p1_a_link_that_is_none_and_one_of_another_kind_are_told_apart() {
    let (mut world, people) = friends(2_132, &["Ada", "Bob"]);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    let instead = Reply::Failed(CommandError::GroupLinkInstead);
    assert_eq!(world.ask(people[1], Command::FindPerson(link.clone())), instead, "it finds nobody");
    let code = Command::UseLinkCode { text: link, name: "Desk".into() };
    assert_eq!(world.ask(people[1], code), instead, "it links no device");
    let invite = world.devices[people[0]].account.as_ref().unwrap().invite.clone();
    assert_eq!(join(&mut world, people[1], &invite), Err(CommandError::NotAGroupLink));
    assert_eq!(join(&mut world, people[1], "g/abc"), Err(CommandError::NotAGroupLink));
}

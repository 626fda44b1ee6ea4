//! Groups: the actions of people, and that all devices of all members reach the same state.

mod asks;
mod campaign;
mod changes;
mod devices;
mod everything;
mod halves;
mod history;
mod invitations;
mod links;
mod rollback;

use parley_engine::view::{
    BodyView, Command, ConversationId, Delivery, GroupLine, GroupStanding, GroupView, MemberView, Person,
    Reply, Role,
};
use parley_protocol::ids::AccountId;
use parley_tests::sim::{DeviceIndex, World};

/// People who know each other, with one device each.
pub(super) fn friends(seed: u64, names: &[&str]) -> (World, Vec<DeviceIndex>) {
    let mut world = World::new(seed);
    let people: Vec<DeviceIndex> = names.iter().map(|name| world.add_person(name)).collect();
    for (place, one) in people.iter().enumerate() {
        for other in &names[..place] {
            let chat = world.start(*one, &other.to_lowercase());
            world.send(*one, chat, "hello");
        }
    }
    world.settle();
    (world, people)
}

pub(super) fn account(world: &World, index: DeviceIndex) -> AccountId {
    world.devices[index].account.as_ref().unwrap().account
}

/// Finds a person. Returns their account.
pub(super) fn find(world: &mut World, from: DeviceIndex, username: &str) -> AccountId {
    let reply = world.ask(from, Command::FindPerson(username.into()));
    let Reply::Person(Person { account, .. }) = reply else { panic!("nobody found: {reply:?}") };
    account
}

/// Makes a group with these people.
pub(super) fn create(
    world: &mut World,
    by: DeviceIndex,
    name: &str,
    people: &[DeviceIndex],
) -> ConversationId {
    let people = people.iter().map(|index| account(world, *index)).collect();
    let reply = world.ask(by, Command::CreateGroup { name: name.into(), people });
    let Reply::Conversation(id) = reply else { panic!("no group: {reply:?}") };
    settle(world);
    id
}

/// Runs until all tasks that any member may do are done.
pub(super) fn settle(world: &mut World) {
    for _ in 0..3 {
        world.settle();
        world.pass(15_000);
    }
    world.settle();
}

pub(super) fn done(world: &mut World, index: DeviceIndex, command: Command) {
    assert_eq!(world.ask(index, command), Reply::Done);
    settle(world);
}

pub(super) fn view(world: &mut World, index: DeviceIndex, group: ConversationId) -> GroupView {
    match world.ask(index, Command::ShowGroup(group)) {
        Reply::Group(view) => *view,
        other => panic!("no group: {other:?}"),
    }
}

/// The name, the role and the number of devices of each member.
pub(super) fn members(
    world: &mut World,
    index: DeviceIndex,
    group: ConversationId,
) -> Vec<(String, Role, u32)> {
    let members = view(world, index, group).members;
    let mut members: Vec<_> =
        members.into_iter().map(|MemberView { name, role, devices, .. }| (name, role, devices)).collect();
    members.sort();
    members
}

pub(super) fn standing(world: &World, index: DeviceIndex, group: ConversationId) -> GroupStanding {
    world.devices[index].conversations[&group].group.clone().unwrap().standing
}

/// The contents of a group's conversation: texts with their authors, own ones after ">", and lines.
pub(super) fn shown(world: &mut World, index: DeviceIndex, group: ConversationId) -> Vec<String> {
    let history = world.history(index, group);
    history
        .into_iter()
        .map(|message| match (message.body, message.author) {
            (BodyView::Text(text), Some(author)) => format!("{}: {text}", author.name),
            (BodyView::Text(text), None) => format!(">{text}"),
            (BodyView::Group(line), _) => line_of(&line),
            (other, _) => format!("[{other:?}]"),
        })
        .collect()
}

fn line_of(line: &GroupLine) -> String {
    match line {
        GroupLine::Created { by, name } => format!("{} created {name}", by.name),
        GroupLine::Added { by, people } => {
            let people: Vec<&str> = people.iter().map(|who| who.name.as_str()).collect();
            format!("{} added {}", by.name, people.join(", "))
        }
        GroupLine::Removed { by, who } => format!("{} removed {}", by.name, who.name),
        GroupLine::Left { who } => format!("{} left", who.name),
        GroupLine::Renamed { by, name } => format!("{} renamed to {name}", by.name),
        GroupLine::Role { by, who, role } => {
            let by = by.as_ref().map_or("", |by| by.name.as_str());
            format!("{by} made {} {role:?}", who.name)
        }
        GroupLine::Joined { who, by } => format!("{} joined by {}'s link", who.name, by.name),
        GroupLine::Links { by, made } => {
            format!("{} {} links", by.name, if *made { "made" } else { "revoked" })
        }
        GroupLine::History { by, history } => format!("{} set history {history:?}", by.name),
        GroupLine::Earlier { by, count } => {
            let by = by.as_ref().map_or("the group", |by| by.name.as_str());
            format!("{count} earlier by {by}")
        }
        GroupLine::Device { who, change } => format!("device of {} {change:?}", who.name),
        other => format!("[{other:?}]"),
    }
}

#[test]
fn three_people_talk_in_a_group() {
    let (mut world, people) = friends(2_000, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    for index in [ada, bob, carol] {
        assert_eq!(
            members(&mut world, index, group),
            [
                ("Ada".into(), Role::Owner, 1),
                ("Bob".into(), Role::Member, 1),
                ("Carol".into(), Role::Member, 1)
            ]
        );
        assert_eq!(world.devices[index].conversations[&group].name, "Team");
    }
    for (index, text) in [(ada, "one"), (bob, "two"), (carol, "three")] {
        world.send(index, group, text);
        world.settle();
    }
    let said = ["Ada created Team", "Ada added Bob, Carol", ">one", "Bob: two", "Carol: three"];
    assert_eq!(shown(&mut world, ada, group), said);
    assert_eq!(shown(&mut world, bob, group), ["Ada added Bob", "Ada: one", ">two", "Carol: three"]);
    assert_eq!(shown(&mut world, carol, group), ["Ada added Carol", "Ada: one", "Bob: two", ">three"]);
    assert_eq!(world.devices[carol].conversations[&group].unread, 2);
}

#[test]
fn an_own_message_says_how_many_have_it_and_who() {
    let (mut world, people) = friends(2_001, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = create(&mut world, ada, "Team", &[bob, carol]);
    world.disconnect(carol);
    world.send(ada, group, "who is there?");
    world.settle();
    let told = |world: &mut World| {
        let own = world.history(ada, group).pop().unwrap();
        let told = own.told.map(|told| (told.delivered, told.read, told.of));
        (own.outgoing.unwrap(), told, own.about.named.unwrap())
    };
    let (state, counts, message) = told(&mut world);
    assert_eq!((state, counts), (Delivery::Sent, Some((1, 0, 2))));
    let upto = world.history(bob, group).last().unwrap().order;
    done(&mut world, bob, Command::MarkRead { conversation: group, upto });
    world.pass(60_000);
    settle(&mut world);
    let (state, counts, _) = told(&mut world);
    assert_eq!((state, counts), (Delivery::Sent, Some((1, 1, 2))));
    let show = Command::ShowMessage { conversation: group, message };
    let Reply::MessageDetails(details) = world.ask(ada, show) else { panic!("no details") };
    let who: Vec<_> = details.members.into_iter().map(|(who, state)| (who.name, state)).collect();
    assert_eq!(who, [("Bob".into(), Delivery::Read), ("Carol".into(), Delivery::Sent)]);
    world.connect(carol);
    settle(&mut world);
    assert_eq!(told(&mut world).0, Delivery::Delivered);
}

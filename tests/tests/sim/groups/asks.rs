//! Asking to be let in, by a link that needs approval.

use parley_engine::view::{AskStage, AskView, Command, CommandError, GroupStanding, LinkTerms, Reply};
use parley_tests::sim::{DeviceIndex, World};

use super::links::{join, links, make_link};
use super::*;

pub(super) const APPROVAL: LinkTerms = LinkTerms { approval: true, most: 0, lasts: None };

/// Three people, of whom the first owns the group, the second is an admin, and the first has made a link that needs approval.
fn three(seed: u64) -> (World, Vec<DeviceIndex>, ConversationId, String) {
    let (mut world, people) = friends(seed, &["Ada", "Bob", "Carol"]);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    let account = account(&world, people[1]);
    done(&mut world, people[0], Command::SetRole { conversation: group, account, role: Role::Admin });
    let link = make_link(&mut world, people[0], group, APPROVAL);
    (world, people, group, link)
}

pub(super) fn ask(world: &mut World, index: DeviceIndex, link: &str) -> Result<ConversationId, CommandError> {
    let greeting = "Hi, it's me".into();
    match world.ask(index, Command::AskToJoin { link: link.into(), greeting }) {
        Reply::Conversation(id) => Ok(id),
        Reply::Failed(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn asks(world: &mut World, index: DeviceIndex, group: ConversationId) -> Vec<AskView> {
    view(world, index, group).asks
}

fn names(asks: &[AskView]) -> Vec<&str> {
    asks.iter().map(|ask| ask.name.as_str()).collect()
}

fn answer(
    world: &mut World,
    index: DeviceIndex,
    group: ConversationId,
    who: DeviceIndex,
    lets_in: bool,
) -> Reply {
    let account = account(world, who);
    let reply = world.ask(index, Command::AnswerAsk { conversation: group, account, lets_in });
    settle(world);
    reply
}

#[test]
fn p10_who_asks_is_let_in_later_while_they_are_offline() {
    let (mut world, people, group, link) = three(2_400);
    for index in &people {
        world.disconnect(*index);
    }
    let finn = world.add_person("Finn");
    let Reply::GroupPreview(seen) = world.ask(finn, Command::LookAtGroup(link.clone())) else { panic!() };
    assert!(seen.approval);
    assert_eq!(join(&mut world, finn, &link), Err(CommandError::LinkOver), "it lets nobody in by itself");
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    assert_eq!(standing(&world, finn, group), GroupStanding::Asked(AskStage::Waiting));
    assert!(world.devices[finn].conversations[&group].listed);
    world.disconnect(finn);
    for index in people.iter().rev() {
        world.connect(*index);
        settle(&mut world);
    }
    // Both who govern see it, with the safety number that Finn sees; a member sees nothing.
    let number = {
        let found = find(&mut world, people[0], "finn");
        let reply = world.ask(people[0], Command::StartConversation(found));
        let Reply::Conversation(id) = reply else { panic!("{reply:?}") };
        let Reply::Contact(contact) = world.ask(people[0], Command::ShowContact(id)) else { panic!() };
        contact.safety_number
    };
    for (index, count) in [(people[0], 1), (people[1], 1), (people[2], 0)] {
        let seen = asks(&mut world, index, group);
        assert_eq!(seen.len(), count, "{seen:?}");
        let summary = world.devices[index].conversations[&group].group.clone().unwrap();
        assert_eq!(summary.asks, u32::try_from(count).unwrap());
    }
    let seen = asks(&mut world, people[0], group).remove(0);
    assert_eq!(
        (seen.name.as_str(), seen.greeting.as_str(), seen.by.as_str()),
        ("Finn", "Hi, it's me", "Ada")
    );
    assert_eq!(seen.safety_number, number);
    world.disconnect(people[0]);
    assert_eq!(answer(&mut world, people[1], group, finn, true), Reply::Done);
    assert_eq!(names(&asks(&mut world, people[1], group)), [""; 0]);
    // Finn is away, and all know what they are called.
    assert_eq!(shown(&mut world, people[2], group).last().unwrap(), "Bob added Finn");
    world.send(people[2], group, "hello Finn");
    settle(&mut world);
    for index in &people {
        world.disconnect(*index);
    }
    world.connect(finn);
    settle(&mut world);
    assert_eq!(standing(&world, finn, group), GroupStanding::Member);
    assert_eq!(shown(&mut world, finn, group), ["Bob added Finn", "Carol: hello Finn"]);
    let unconfirmed =
        |world: &World| world.devices[finn].conversations[&group].group.clone().unwrap().unconfirmed;
    assert!(unconfirmed(&world), "it was not the link's maker who was heard");
    world.send(finn, group, "thanks");
    for index in &people {
        world.connect(*index);
    }
    settle(&mut world);
    world.send(people[0], group, "welcome");
    settle(&mut world);
    assert!(!unconfirmed(&world));
    let all = members(&mut world, people[0], group);
    assert_eq!(all.len(), 4);
    assert_eq!(members(&mut world, finn, group), all);
}

#[test]
fn p10_who_is_declined_is_gone_for_all_who_govern_and_asks_in_vain_by_the_same_link() {
    let (mut world, people, group, link) = three(2_401);
    let finn = world.add_person("Finn");
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[1], group)), ["Finn"]);
    assert_eq!(answer(&mut world, people[0], group, finn, false), Reply::Done);
    assert_eq!(names(&asks(&mut world, people[0], group)), [""; 0]);
    assert_eq!(names(&asks(&mut world, people[1], group)), [""; 0]);
    assert_eq!(answer(&mut world, people[1], group, finn, true), Reply::Failed(CommandError::LinkOver));
    done(&mut world, finn, Command::WithdrawAsk(group));
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[1], group)), [""; 0], "again by the same link");
    let other = make_link(&mut world, people[0], group, APPROVAL);
    assert_eq!(ask(&mut world, finn, &other), Ok(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[1], group)), ["Finn"], "by another one");
}

#[test]
fn who_asked_takes_it_back() {
    let (mut world, people, group, link) = three(2_402);
    let finn = world.add_person("Finn");
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    done(&mut world, finn, Command::WithdrawAsk(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[0], group)), [""; 0]);
    assert!(!world.devices[finn].conversations[&group].listed);
    // And may ask again.
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[0], group)), ["Finn"]);
}

#[test]
fn it_is_taken_back_later_where_there_is_no_connection() {
    let (mut world, people, group, link) = three(2_403);
    let finn = world.add_person("Finn");
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    world.disconnect(finn);
    done(&mut world, finn, Command::WithdrawAsk(group));
    world.crash(finn);
    world.connect(finn);
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[0], group)), [""; 0]);
}

#[test]
fn p10_a_request_by_a_link_that_was_revoked_or_is_over_is_refused() {
    let (mut world, people, group, link) = three(2_404);
    let (finn, gus) = (world.add_person("Finn"), world.add_person("Gus"));
    let hour = LinkTerms { lasts: Some(3_600_000), ..APPROVAL };
    let short = make_link(&mut world, people[0], group, hour);
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    assert_eq!(ask(&mut world, gus, &short), Ok(group));
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[0], group)), ["Finn", "Gus"]);
    let id = links(&mut world, people[0], group)[0].id;
    done(&mut world, people[0], Command::RevokeGroupLink { conversation: group, link: id });
    assert_eq!(names(&asks(&mut world, people[1], group)), ["Gus"]);
    assert_eq!(answer(&mut world, people[1], group, finn, true), Reply::Failed(CommandError::LinkOver));
    world.advance(3_700_000);
    settle(&mut world);
    assert_eq!(answer(&mut world, people[1], group, gus, true), Reply::Failed(CommandError::LinkOver));
    let hal = world.add_person("Hal");
    for over in [&link, &short] {
        assert_eq!(ask(&mut world, hal, over), Err(CommandError::LinkOver));
    }
}

#[test]
fn who_comes_later_and_who_governs_later_see_who_asks() {
    let (mut world, people, group, link) = three(2_405);
    let open = make_link(&mut world, people[0], group, LinkTerms::default());
    let finn = world.add_person("Finn");
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    // Gus comes by a link in the middle of an era, Hal is added.
    let (gus, hal) = (world.add_person("Gus"), world.add_person("Hal"));
    assert_eq!(join(&mut world, gus, &open), Ok(group));
    settle(&mut world);
    let added = find(&mut world, people[0], "hal");
    done(&mut world, people[0], Command::AddToGroup { conversation: group, people: vec![added] });
    done(&mut world, hal, Command::JoinGroup(group));
    settle(&mut world);
    for index in [gus, hal] {
        assert_eq!(asks(&mut world, index, group), []);
        let account = account(&world, index);
        done(&mut world, people[0], Command::SetRole { conversation: group, account, role: Role::Admin });
    }
    for index in [gus, hal] {
        assert_eq!(names(&asks(&mut world, index, group)), ["Finn"]);
    }
    let ida = world.add_person("Ida");
    assert_eq!(ask(&mut world, ida, &link), Ok(group));
    settle(&mut world);
    for index in [people[0], gus, hal] {
        assert_eq!(names(&asks(&mut world, index, group)), ["Finn", "Ida"]);
    }
    assert_eq!(answer(&mut world, gus, group, ida, true), Reply::Done);
    assert_eq!(standing(&world, ida, group), GroupStanding::Member);
}

#[test]
fn a_request_outlives_the_end_of_its_era_and_is_made_again_where_it_came_too_late() {
    let (mut world, people, group, link) = three(2_406);
    let finn = world.add_person("Finn");
    world.command(finn, Command::AskToJoin { link: link.clone(), greeting: String::new() });
    // Another era begins while Finn looks at the group.
    for _ in 0..6 {
        world.step(finn);
    }
    make_link(&mut world, people[0], group, LinkTerms::default());
    settle(&mut world);
    settle(&mut world);
    assert_eq!(names(&asks(&mut world, people[1], group)), ["Finn"]);
    assert_eq!(standing(&world, finn, group), GroupStanding::Asked(AskStage::Waiting));
}

#[test]
fn a_device_that_stops_while_it_asks_has_asked_or_asks_again() {
    for steps in 0..12 {
        let (mut world, people, group, link) = three(2_410 + steps);
        let finn = world.add_person("Finn");
        world.command(finn, Command::AskToJoin { link: link.clone(), greeting: "me".into() });
        for _ in 0..steps {
            world.step(finn);
        }
        world.crash(finn);
        world.connect(finn);
        settle(&mut world);
        if !world.devices[finn].conversations.contains_key(&group) {
            assert_eq!(ask(&mut world, finn, &link), Ok(group), "after {steps}");
        }
        settle(&mut world);
        assert_eq!(names(&asks(&mut world, people[1], group)), ["Finn"], "after {steps}");
        assert_eq!(answer(&mut world, people[1], group, finn, true), Reply::Done);
        assert_eq!(standing(&world, finn, group), GroupStanding::Member, "after {steps}");
    }
}

#[test]
fn all_devices_of_who_is_let_in_come_in() {
    let (mut world, people, group, link) = three(2_430);
    let finn = world.add_person("Finn");
    let phone = crate::devices::link(&mut world, finn);
    settle(&mut world);
    assert_eq!(ask(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(answer(&mut world, people[0], group, finn, true), Reply::Done);
    settle(&mut world);
    assert_eq!(standing(&world, finn, group), GroupStanding::Member);
    assert_eq!(standing(&world, phone, group), GroupStanding::Member);
}

#[test]
fn p10_a_flood_of_requests_is_bounded_and_changes_nothing_else() {
    let (mut world, people, group, link) = three(2_431);
    for number in 0..66 {
        let index = world.add_person(&format!("Person{number}"));
        assert_eq!(ask(&mut world, index, &link), Ok(group));
    }
    settle(&mut world);
    assert_eq!(asks(&mut world, people[0], group).len(), 64);
    world.send(people[2], group, "still here");
    settle(&mut world);
    assert_eq!(shown(&mut world, people[0], group).last().unwrap(), "Carol: still here");
    assert_eq!(asks(&mut world, people[0], group).len(), 64);
}

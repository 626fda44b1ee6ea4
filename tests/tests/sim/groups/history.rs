//! What newcomers read of the history from before they joined.

use parley_engine::view::{Command, CommandError, History, LinkTerms, Reply};
use parley_protocol::ids::UnixMillis;
use parley_tests::sim::{DeviceIndex, World};

use super::links::{join, make_link};
use super::*;

/// A group with these people and this setting for newcomers.
fn group(seed: u64, names: &[&str], history: History) -> (World, Vec<DeviceIndex>, ConversationId) {
    let (mut world, people) = friends(seed, names);
    let group = create(&mut world, people[0], "Team", &people[1..]);
    world.send(people[0], group, "before it was agreed");
    settle(&mut world);
    if history != History::Nothing {
        done(&mut world, people[0], Command::SetGroupHistory { conversation: group, history });
    }
    (world, people, group)
}

fn write(world: &mut World, by: DeviceIndex, group: ConversationId, text: &str) {
    world.send(by, group, text);
    settle(world);
}

fn close(world: &mut World, people: &[DeviceIndex]) {
    for index in people {
        world.disconnect(*index);
    }
}

/// Nobody is online, and a newcomer still reads what was written before.
#[test]
fn p10_who_comes_by_a_link_reads_what_is_kept_with_everybody_offline() {
    let (mut world, people, group) = group(2_200, &["Ada", "Bob", "Carol", "Dan", "Eve"], History::Kept);
    for (index, text) in [(0, "first"), (1, "second"), (2, "third")] {
        write(&mut world, people[index], group, text);
    }
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    write(&mut world, people[3], group, "after the link");
    close(&mut world, &people);
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(
        shown(&mut world, finn, group),
        [
            "Ada: first",
            "Bob: second",
            "Carol: third",
            "Dan: after the link",
            "Finn joined by Ada's link",
            "4 earlier by the group"
        ]
    );
    write(&mut world, finn, group, "I have read it all");
    for index in &people {
        world.connect(*index);
    }
    settle(&mut world);
    for index in &people {
        assert_eq!(shown(&mut world, *index, group).last().unwrap(), "Finn: I have read it all");
    }
    assert_eq!(world.devices[finn].conversations[&group].unread, 0, "what was before is not unread");
}

#[test]
fn what_is_kept_is_handed_on_from_era_to_era() {
    let (mut world, people, group) = group(2_201, &["Ada", "Bob", "Carol", "Dan"], History::Kept);
    write(&mut world, people[1], group, "with Dan");
    let dan = account(&world, people[3]);
    done(&mut world, people[0], Command::RemoveFromGroup { conversation: group, account: dan });
    write(&mut world, people[2], group, "without Dan");
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    write(&mut world, finn, group, "Finn is here");
    let gus = world.add_person("Gus");
    let found = find(&mut world, finn, "gus");
    done(&mut world, finn, Command::AddToGroup { conversation: group, people: vec![found] });
    settle(&mut world);
    let texts = |world: &mut World, index| -> Vec<String> {
        let shown = shown(world, index, group);
        shown.into_iter().filter(|line| line.contains(": ")).collect()
    };
    assert_eq!(texts(&mut world, finn)[..2], ["Bob: with Dan", "Carol: without Dan"]);
    assert_eq!(texts(&mut world, gus), ["Bob: with Dan", "Carol: without Dan", "Finn: Finn is here"]);
}

#[test]
fn p10_what_was_written_before_it_was_agreed_or_after_it_ended_is_shown_to_nobody() {
    let (mut world, people, group) = group(2_202, &["Ada", "Bob"], History::Kept);
    write(&mut world, people[1], group, "kept");
    let nothing = Command::SetGroupHistory { conversation: group, history: History::Nothing };
    done(&mut world, people[0], nothing);
    write(&mut world, people[1], group, "not kept");
    let link = make_link(&mut world, people[0], group, LinkTerms::default());
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    assert_eq!(shown(&mut world, finn, group), ["Finn joined by Ada's link"]);
}

#[test]
fn who_comes_catches_up_across_a_restart() {
    for steps in [0, 2, 4, 6, 8, 12] {
        let (mut world, people, group) = group(2_203 + steps, &["Ada", "Bob"], History::Kept);
        for number in 0..40 {
            world.send(people[1], group, &format!("text {number}"));
        }
        settle(&mut world);
        let link = make_link(&mut world, people[0], group, LinkTerms::default());
        let finn = world.add_person("Finn");
        world.command(finn, Command::JoinByLink(link.clone()));
        for _ in 0..20 + 2 * steps {
            world.step(finn);
        }
        world.crash(finn);
        world.connect(finn);
        settle(&mut world);
        if !world.devices[finn].conversations.contains_key(&group) {
            assert_eq!(join(&mut world, finn, &link), Ok(group));
            settle(&mut world);
        }
        let texts = shown(&mut world, finn, group);
        let kept = texts.iter().filter(|line| line.starts_with("Bob: text")).count();
        assert_eq!(kept, 40, "after {steps}: {texts:?}");
    }
}

#[test]
fn who_adds_somebody_shares_the_newest_messages_with_them_and_nobody_else() {
    let (mut world, people, group) = group(2_230, &["Ada", "Bob", "Carol"], History::Shared);
    for number in 0..30 {
        world.send(people[1], group, &format!("text {number}"));
    }
    settle(&mut world);
    let finn = world.add_person("Finn");
    let found = find(&mut world, people[0], "finn");
    world.devices[finn].accepts = true;
    done(&mut world, people[0], Command::AddToGroup { conversation: group, people: vec![found] });
    let _ = world.ask(finn, Command::JoinGroup(group));
    done(
        &mut world,
        people[0],
        Command::ShareHistory { conversation: group, account: found, last: 25, since: None },
    );
    settle(&mut world);
    let texts = shown(&mut world, finn, group);
    assert_eq!(texts.iter().filter(|line| line.starts_with("Bob: text")).count(), 25, "{texts:?}");
    assert_eq!(texts.last().unwrap(), "25 earlier by Ada");
    let carol = shown(&mut world, people[2], group);
    assert_eq!(carol.iter().filter(|line| line.starts_with("Bob: text")).count(), 30);
    assert!(!carol.iter().any(|line| line.contains("earlier by")), "{carol:?}");
}

/// Messages that are shared later stand before the line by which somebody came; what was written since stays where it was read.
#[test]
fn what_is_shared_later_stands_before_what_the_newcomer_has_read() {
    let (mut world, people, group) = group(2_230, &["Ada", "Bob", "Carol"], History::Shared);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    for (by, text) in [(ada, "one"), (bob, "two"), (carol, "three")] {
        write(&mut world, by, group, text);
    }
    let link = make_link(&mut world, ada, group, LinkTerms::default());
    let finn = world.add_person("Finn");
    assert_eq!(join(&mut world, finn, &link), Ok(group));
    settle(&mut world);
    write(&mut world, ada, group, "welcome");
    write(&mut world, finn, group, "thanks");
    let with = account(&world, finn);
    let since = UnixMillis(0);
    done(
        &mut world,
        ada,
        Command::ShareHistory { conversation: group, account: with, last: 100, since: Some(since) },
    );
    settle(&mut world);
    let all = shown(&mut world, finn, group);
    let place =
        |text: &str| all.iter().position(|line| line == text).unwrap_or_else(|| panic!("{text}: {all:?}"));
    let order =
        ["Ada: one", "Bob: two", "Carol: three", "Finn joined by Ada's link", "Ada: welcome", ">thanks"];
    let places = order.map(place);
    assert!(places.is_sorted(), "{all:?}");
    assert!(
        all.last().unwrap().starts_with("4 earlier by"),
        "with what was said before it was agreed: {all:?}"
    );
}

#[test]
fn p10_what_the_group_has_not_agreed_to_is_not_shared() {
    let (mut world, people, group) = group(2_231, &["Ada", "Bob"], History::Nothing);
    let account = account(&world, people[1]);
    let share = Command::ShareHistory { conversation: group, account, last: 25, since: None };
    assert_eq!(world.ask(people[0], share), Reply::Failed(CommandError::NotAllowed));
    let change = Command::SetGroupHistory { conversation: group, history: History::Kept };
    assert_eq!(world.ask(people[1], change), Reply::Failed(CommandError::NotAllowed));
}

#[test]
fn members_read_kept_messages_as_all_others() {
    let (mut world, people, group) = group(2_232, &["Ada", "Bob"], History::Kept);
    let phone = crate::devices::link(&mut world, people[1]);
    settle(&mut world);
    let long = "x".repeat(60_000);
    write(&mut world, people[0], group, &long);
    write(&mut world, people[1], group, "short");
    for index in [people[1], phone] {
        let shown = shown(&mut world, index, group);
        assert!(shown.iter().any(|line| line.ends_with(&long)));
    }
    assert_eq!(shown(&mut world, phone, group).last().unwrap(), ">short");
    assert_eq!(shown(&mut world, people[0], group).last().unwrap(), "Bob: short");
}

//! Attacks by a group member who obeys no rule of the group, and by a relay that helps them.

use parley_engine::hostile::{ChatDeed, Forged, Peer};
use parley_engine::view::{BodyView, Command, ConversationId, GroupLine, GroupView, MessageRef, Reply, Role};
use parley_protocol::frame::EntryKind;
use parley_protocol::ids::{AccountId, GroupId, LogId, MessageId};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{ask, claim, entries, reconnect, target};

struct Team {
    world: World,
    /// Ada owns the group; Bob and Carol are members, and Eve is a member who breaks rules.
    people: Vec<DeviceIndex>,
    group: ConversationId,
    eve: Peer,
    log: LogId,
}

fn account(world: &World, index: DeviceIndex) -> AccountId {
    world.devices[index].account.as_ref().unwrap().account
}

fn settle(world: &mut World) {
    for _ in 0..3 {
        world.settle();
        world.pass(15_000);
    }
    world.settle();
}

/// Copies what Eve's browser knows, and takes the browser from her.
fn team(seed: u64) -> Team {
    let mut world = World::new(seed);
    let names = ["Ada", "Bob", "Carol", "Eve"];
    let people: Vec<DeviceIndex> = names.iter().map(|name| world.add_person(name)).collect();
    for (place, one) in people.iter().enumerate() {
        for other in &names[..place] {
            let chat = world.start(*one, &other.to_lowercase());
            world.send(*one, chat, "hello");
        }
    }
    settle(&mut world);
    let others = people[1..].iter().map(|index| account(&world, *index)).collect();
    let reply = world.ask(people[0], Command::CreateGroup { name: "Team".into(), people: others });
    let Reply::Conversation(group) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    for index in &people {
        world.send(*index, group, "here");
        settle(&mut world);
    }
    let before = world.logs_of(people[3]);
    let eve = world.steal(people[3]);
    let log = before.into_iter().find(|log| eve.is_chat(*log)).unwrap();
    Team { world, people, group, eve, log }
}

impl Team {
    /// Ada, Bob and Carol.
    fn honest(&self) -> [DeviceIndex; 3] {
        [self.people[0], self.people[1], self.people[2]]
    }

    fn view(&mut self, index: DeviceIndex) -> GroupView {
        match self.world.ask(index, Command::ShowGroup(self.group)) {
            Reply::Group(view) => *view,
            other => panic!("no group: {other:?}"),
        }
    }

    fn texts(&mut self, index: DeviceIndex) -> Vec<String> {
        let history = self.world.history(index, self.group);
        history
            .into_iter()
            .filter_map(|message| match message.body {
                BodyView::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    }

    fn refusals(&mut self, index: DeviceIndex) -> Vec<Option<String>> {
        let history = self.world.history(index, self.group);
        history
            .into_iter()
            .filter_map(|message| match message.body {
                BodyView::Group(GroupLine::Refused { by }) => Some(by.map(|by| by.name)),
                _ => None,
            })
            .collect()
    }

    /// The three others chat, and all of them read everything.
    fn goes_on(&mut self, word: &str) {
        let honest = self.honest();
        for (index, name) in honest.into_iter().zip(["Ada", "Bob", "Carol"]) {
            self.world.send(index, self.group, &format!("{name} {word}"));
            settle(&mut self.world);
        }
        for index in honest {
            let texts = self.texts(index);
            for name in ["Ada", "Bob", "Carol"] {
                let text = format!("{name} {word}");
                assert_eq!(texts.iter().filter(|known| **known == text).count(), 1, "{texts:?}");
            }
        }
    }
}

#[test]
fn p9_a_commit_of_garbage_costs_a_log_and_not_the_group() {
    let mut team = team(4_000);
    let commit = team.eve.chat_commit(team.log, &ChatDeed::Garbage);
    team.world.asked_by_another(commit);
    settle(&mut team.world);
    team.goes_on("after it");
    for index in team.honest() {
        assert_eq!(team.refusals(index).len(), 1);
        assert_eq!(team.view(index).members.len(), 4);
    }
}

#[test]
fn p10_a_members_commit_that_only_an_admin_may_make_is_refused_by_all() {
    for (seed, deed) in [
        (4_001, ChatDeed::Govern),
        (4_002, ChatDeed::Rename("Mine".into())),
        (4_003, ChatDeed::Remove(AccountId([0; 32]))),
    ] {
        let mut team = team(seed);
        let (ada, bob) = (account(&team.world, team.people[0]), account(&team.world, team.people[1]));
        let admins =
            parley_engine::view::Permissions { add: Role::Admin, write: Role::Member, change: Role::Admin };
        let set = Command::SetPermissions { conversation: team.group, permissions: admins };
        assert_eq!(team.world.ask(team.people[0], set), Reply::Done);
        settle(&mut team.world);
        // Her capabilities are of the epoch before: she reads on.
        let mut eve = {
            team.world.connect(team.people[3]);
            settle(&mut team.world);
            team.world.steal(team.people[3])
        };
        let deed = if matches!(deed, ChatDeed::Remove(_)) { ChatDeed::Remove(bob) } else { deed };
        let commit = eve.chat_commit(team.log, &deed);
        team.world.asked_by_another(commit);
        settle(&mut team.world);
        team.goes_on("all the same");
        for index in team.honest() {
            let view = team.view(index);
            assert_eq!((view.name.as_str(), view.members.len()), ("Team", 4), "{deed:?}");
            let owners: Vec<AccountId> =
                view.members.iter().filter(|it| it.role == Role::Owner).map(|it| it.account).collect();
            assert_eq!(owners, [ada]);
            assert_eq!(team.refusals(index).len(), 1);
        }
    }
}

#[test]
fn p2_a_text_that_its_author_did_not_sign_is_shown_to_nobody() {
    let mut team = team(4_004);
    let text = team.eve.unsigned(team.log, "deniable");
    let append = team.eve.append(team.log, text);
    team.world.asked_by_another(append);
    settle(&mut team.world);
    for index in team.honest() {
        assert!(!team.texts(index).contains(&"deniable".to_owned()));
        assert_eq!(team.refusals(index), [Some("Eve".to_owned())]);
    }
    team.goes_on("and on");
}

#[test]
fn p9_ten_refused_commits_in_a_row_lose_no_message_and_who_makes_them_is_removed() {
    let mut team = team(4_005);
    let mut log = team.log;
    for round in 0..10 {
        let commit = team.eve.chat_commit(log, &ChatDeed::Govern);
        team.world.asked_by_another(commit);
        let entry = entries(&mut team.world, log).last().cloned().unwrap();
        assert_eq!(entry.kind, EntryKind::Commit);
        team.world.send(team.people[1], team.group, &format!("meanwhile {round}"));
        settle(&mut team.world);
        log = team.eve.go_on_after(log, entry.seq, &entry.payload);
    }
    for index in team.honest() {
        let texts = team.texts(index);
        for round in 0..10 {
            let text = format!("meanwhile {round}");
            assert_eq!(texts.iter().filter(|known| **known == text).count(), 1, "{texts:?}");
        }
    }
    let account = account(&team.world, team.people[3]);
    let remove = Command::RemoveFromGroup { conversation: team.group, account };
    assert_eq!(team.world.ask(team.people[0], remove), Reply::Done);
    settle(&mut team.world);
    team.goes_on("without her");
    assert_eq!(team.view(team.people[1]).members.len(), 3);
}

#[test]
fn j8_in_thirty_quiet_days_every_leaf_and_the_era_are_new() {
    const DAY: u64 = 24 * 3600 * 1000;
    let mut world = World::new(4_010);
    let people: Vec<DeviceIndex> = ["Ada", "Bob", "Eve"].iter().map(|name| world.add_person(name)).collect();
    for other in &people[1..] {
        let chat = world.start(*other, "ada");
        world.send(*other, chat, "hello");
    }
    world.settle();
    let others = people[1..].iter().map(|index| account(&world, *index)).collect();
    let reply = world.ask(people[0], Command::CreateGroup { name: "Team".into(), people: others });
    let Reply::Conversation(_) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    let joined = |world: &mut World| {
        let mut eve = world.steal(people[2]);
        let log = world.logs_of(people[2]).into_iter().find(|log| eve.is_chat(*log)).unwrap();
        world.connect(people[2]);
        (eve.leaf_keys(log), eve.era_read(log), eve.leaves_by_key_packages(log))
    };
    let quiet = |world: &mut World, time: u64| {
        for _ in 0..time / (DAY / 8) {
            world.pass(DAY / 8);
            world.settle();
        }
    };
    quiet(&mut world, DAY + DAY / 8);
    // A joiner by KeyPackage has replaced their keys by now; the maker of the group chose theirs when making it.
    let (before, era, by_key_packages) = joined(&mut world);
    assert!(by_key_packages <= 1, "within a day of joining");
    quiet(&mut world, 30 * DAY);
    let (after, later, by_key_packages) = joined(&mut world);
    assert_eq!((after.len(), by_key_packages), (3, 0));
    assert!(after.iter().all(|key| !before.contains(key)));
    assert!(era != later, "the era goes on");
}

/// Bob's clock is a year ahead and Carol's a day behind. Carol has talked to nobody but Ada, Bob to everybody. One device reads
/// at once what another reads much later. All judge every commit alike.
#[test]
fn c2_engines_with_other_contacts_clocks_and_times_judge_alike() {
    const DAY: i64 = 24 * 3600 * 1000;
    let mut world = World::new(4_011);
    let people: Vec<DeviceIndex> =
        ["Ada", "Bob", "Carol", "Eve"].iter().map(|name| world.add_person(name)).collect();
    let [ada, bob, carol, eve] = people[..] else { unreachable!() };
    for (from, to) in [(bob, "ada"), (carol, "ada"), (eve, "ada"), (bob, "carol"), (bob, "eve")] {
        let chat = world.start(from, to);
        world.send(from, chat, "hello");
    }
    settle(&mut world);
    world.devices[bob].skew = 365 * DAY;
    world.devices[carol].skew = -DAY;
    let others = people[1..].iter().map(|index| account(&world, *index)).collect();
    let reply = world.ask(ada, Command::CreateGroup { name: "Team".into(), people: others });
    let Reply::Conversation(group) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    for index in &people {
        world.send(*index, group, "here");
        settle(&mut world);
    }
    let mut team = {
        let peer = world.steal(eve);
        let log = world.logs_of(eve).into_iter().find(|log| peer.is_chat(*log)).unwrap();
        Team { world, people, group, eve: peer, log }
    };
    // Carol is away while valid and invalid commits enter the log.
    team.world.disconnect(carol);
    let (log, bobs) = (team.log, account(&team.world, bob));
    let commit = team.eve.chat_commit(log, &ChatDeed::Remove(bobs));
    team.world.asked_by_another(commit);
    settle(&mut team.world);
    let rename = Command::SetGroupName { conversation: group, name: "Crew".into() };
    assert_eq!(team.world.ask(ada, rename), Reply::Done);
    settle(&mut team.world);
    team.world.connect(carol);
    settle(&mut team.world);
    team.goes_on("all the same");
    for index in [ada, bob, carol] {
        let view = team.view(index);
        assert_eq!((view.name.as_str(), view.members.len()), ("Crew", 4));
        assert_eq!(team.refusals(index).len(), 1);
    }
}

#[test]
fn r2_what_is_written_again_under_the_same_id_is_shown_once() {
    let mut team = team(4_012);
    for text in ["once", "once", "twice"] {
        let sealed = team.eve.signed(team.log, MessageId([9; 16]), text);
        let append = team.eve.append(team.log, sealed);
        team.world.asked_by_another(append);
        settle(&mut team.world);
    }
    for index in team.honest() {
        let texts = team.texts(index);
        assert_eq!(texts.iter().filter(|text| *text == "once").count(), 1, "{texts:?}");
        assert!(!texts.contains(&"twice".to_owned()));
    }
    team.goes_on("and on");
}

/// A person whom Bob never talked to adds him to more groups than he would look at. The KeyPackages that open their Welcomes
/// stay until he joins one.
#[test]
fn j2_a_stranger_who_makes_many_groups_spends_nothing_and_hears_nothing() {
    let mut world = World::new(4_013);
    let (eve, bob) = (world.add_person("Eve"), world.add_person("Bob"));
    world.devices[bob].accepts = false;
    let Reply::Person(person) = world.ask(eve, Command::FindPerson("bob".into())) else { panic!("nobody") };
    let mut groups = Vec::new();
    for number in 0..20 {
        let (name, people) = (format!("Party {number}"), vec![person.account]);
        let Reply::Conversation(group) = world.ask(eve, Command::CreateGroup { name, people }) else {
            panic!("no group")
        };
        groups.push(group);
        settle(&mut world);
    }
    let listed = |world: &World| {
        let all = &world.devices[bob].conversations;
        groups.iter().filter(|group| all.get(*group).is_some_and(|it| it.listed)).copied().collect::<Vec<_>>()
    };
    let invited = listed(&world);
    assert!((1..=16).contains(&invited.len()), "{}", invited.len());
    let last = *invited.last().unwrap();
    assert_eq!(world.ask(bob, Command::JoinGroup(last)), Reply::Done);
    settle(&mut world);
    world.send(bob, last, "I am here");
    settle(&mut world);
    assert_eq!(world.texts(eve, last).last().unwrap(), "I am here");
    assert_eq!(listed(&world).len(), invited.len(), "the others wait as before");
}

/// Gives Bob a Welcome into a group that Eve has made.
fn invited_by_eve(team: &mut Team, group: GroupId, named: LogId) {
    let bob = team.people[1];
    let target = target(&mut team.world, bob);
    let package = claim(&mut team.world, target.account);
    let post = team.eve.invitation(group, named, (target.address, &target.log), &package);
    ask(&mut team.world, post).unwrap();
    reconnect(&mut team.world, bob);
    settle(&mut team.world);
}

#[test]
fn j1_a_copy_of_a_group_takes_none_of_its_members_over() {
    let mut team = team(4_014);
    let (group, bob) = (team.eve.chat_of(team.log), team.people[1]);
    let before = team.view(bob);
    invited_by_eve(&mut team, group, LogId([7; 16]));
    let after = team.view(bob);
    assert_eq!((after.name, after.members.len()), (before.name, before.members.len()));
    team.goes_on("where they were");
}

#[test]
fn j5_a_welcome_that_names_the_log_of_another_conversation_is_not_joined() {
    let mut team = team(4_015);
    let bob = team.people[1];
    let before = team.world.devices[bob].conversations.len();
    for log in team.world.logs_of(bob) {
        invited_by_eve(&mut team, GroupId([8; 16]), log);
        assert_eq!(team.world.devices[bob].conversations.len(), before);
    }
    team.goes_on("all the same");
    // He joins the same group with a log of its own: the KeyPackages are still there.
    invited_by_eve(&mut team, GroupId([8; 16]), LogId([7; 16]));
    assert_eq!(team.world.devices[bob].conversations.len(), before + 1);
}

#[test]
fn h2_in_a_group_nobody_edits_what_others_said_and_only_admins_delete_it() {
    let mut team = team(720);
    let [ada, bob, _] = team.honest();
    let of = |team: &mut Team, by: DeviceIndex| -> MessageRef {
        let account = account(&team.world, by);
        let shown = team.world.history(ada, team.group);
        shown.iter().filter_map(|it| it.about.named).find(|named| named.author == account).unwrap()
    };
    let (by_bob, by_ada) = (of(&mut team, bob), of(&mut team, ada));
    let before = team.texts(ada);
    let eve = team.people[3];
    let by_eve = of(&mut team, eve);
    for (target, forged) in
        [(by_bob, Forged::Edit(9, "forged".into())), (by_bob, Forged::Deletion), (by_ada, Forged::Deletion)]
    {
        let sealed = team.eve.signed_relation(team.log, &target, &forged);
        ask(&mut team.world, team.eve.append(team.log, sealed)).unwrap();
    }
    let sealed = team.eve.relation(team.log, &by_eve, &Forged::Deletion);
    ask(&mut team.world, team.eve.append(team.log, sealed)).unwrap();
    for index in team.honest() {
        reconnect(&mut team.world, index);
    }
    settle(&mut team.world);
    for index in team.honest() {
        assert_eq!(team.texts(index), before, "nothing of it holds, also what nobody has signed");
    }
    let sealed = team.eve.signed_relation(team.log, &by_eve, &Forged::Deletion);
    ask(&mut team.world, team.eve.append(team.log, sealed)).unwrap();
    for index in team.honest() {
        reconnect(&mut team.world, index);
        settle(&mut team.world);
        assert_eq!(team.texts(index).len(), before.len() - 1, "her own message she may");
    }
}

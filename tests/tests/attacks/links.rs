//! Invite links of groups: a relay that shows who comes another group than its members, and people who had, have or make up a link.

use parley_engine::hostile::{Peer, Seen, Untrue};
use parley_engine::view::{
    BodyView, Command, CommandError, ConversationId, GroupStanding, GroupView, History, LinkTerms, Reply,
    Role, Warning,
};
use parley_protocol::frame::{ClientFrame, Request, RequestId};
use parley_protocol::ids::{AccountId, LogId};
use parley_tests::sim::{DeviceIndex, World};

struct Team {
    world: World,
    /// Ada owns the group and made the link, Bob and Carol are members; Finn and Gus are not, and Finn knows Bob.
    people: Vec<DeviceIndex>,
    finn: DeviceIndex,
    gus: DeviceIndex,
    group: ConversationId,
    link: String,
}

fn settle(world: &mut World) {
    for _ in 0..3 {
        world.settle();
        world.pass(15_000);
    }
    world.settle();
}

fn account(world: &World, index: DeviceIndex) -> AccountId {
    world.devices[index].account.as_ref().unwrap().account
}

fn team(seed: u64, history: History) -> Team {
    let mut world = World::new(seed);
    let names = ["Ada", "Bob", "Carol", "Finn", "Gus"];
    let all: Vec<DeviceIndex> = names.iter().map(|name| world.add_person(name)).collect();
    for (one, other) in [(0, "bob"), (0, "carol"), (1, "carol"), (3, "bob")] {
        let chat = world.start(all[one], other);
        world.send(all[one], chat, "hello");
        settle(&mut world);
        let peer = names.iter().position(|name| name.to_lowercase() == other).unwrap();
        let back = world.start(all[peer], &names[one].to_lowercase());
        world.send(all[peer], back, "hello");
    }
    settle(&mut world);
    let people: Vec<DeviceIndex> = all[..3].to_vec();
    let others = people[1..].iter().map(|index| account(&world, *index)).collect();
    let reply = world.ask(people[0], Command::CreateGroup { name: "Team".into(), people: others });
    let Reply::Conversation(group) = reply else { panic!("no group: {reply:?}") };
    settle(&mut world);
    let mut team = Team { world, people, finn: all[3], gus: all[4], group, link: String::new() };
    if history != History::Nothing {
        team.done(0, Command::SetGroupHistory { conversation: group, history });
    }
    for (place, name) in ["Ada", "Bob", "Carol"].iter().enumerate() {
        team.say(place, &format!("{name} is here"));
    }
    team.link = team.make_link(LinkTerms::default());
    team
}

impl Team {
    fn done(&mut self, who: usize, command: Command) {
        assert_eq!(self.world.ask(self.people[who], command), Reply::Done);
        settle(&mut self.world);
    }

    fn say(&mut self, who: usize, text: &str) {
        self.world.send(self.people[who], self.group, text);
        settle(&mut self.world);
    }

    fn view(&mut self, index: DeviceIndex) -> GroupView {
        match self.world.ask(index, Command::ShowGroup(self.group)) {
            Reply::Group(view) => *view,
            other => panic!("no group: {other:?}"),
        }
    }

    fn make_link(&mut self, terms: LinkTerms) -> String {
        self.done(0, Command::MakeGroupLink { conversation: self.group, terms });
        self.view(self.people[0]).links.pop().unwrap().fragment.unwrap()
    }

    fn join(&mut self, index: DeviceIndex, link: &str) -> Result<(), CommandError> {
        match self.world.ask(index, Command::JoinByLink(link.into())) {
            Reply::Conversation(id) => {
                assert_eq!(id, self.group);
                settle(&mut self.world);
                Ok(())
            }
            Reply::Failed(error) => Err(error),
            other => panic!("{other:?}"),
        }
    }

    fn rename(&mut self, name: &str) {
        self.done(0, Command::SetGroupName { conversation: self.group, name: name.into() });
    }

    fn away(&mut self) {
        for index in self.people.clone() {
            self.world.disconnect(index);
        }
    }

    fn back(&mut self) {
        for index in self.people.clone().into_iter().chain([self.finn, self.gus]) {
            if !self.world.is_connected(index) {
                self.world.connect(index);
            }
        }
        settle(&mut self.world);
    }

    fn connect(&mut self, index: DeviceIndex) {
        self.world.connect(index);
        settle(&mut self.world);
    }

    fn warning(&self, index: DeviceIndex) -> Option<Warning> {
        self.world.devices[index].conversations[&self.group].warning
    }

    fn unconfirmed(&self, index: DeviceIndex) -> bool {
        self.world.devices[index].conversations[&self.group].group.as_ref().unwrap().unconfirmed
    }

    fn standing(&self, index: DeviceIndex) -> GroupStanding {
        self.world.devices[index].conversations[&self.group].group.clone().unwrap().standing
    }

    fn texts(&mut self, index: DeviceIndex) -> Vec<String> {
        let text = |body: BodyView| match body {
            BodyView::Text(text) => Some(text),
            _ => None,
        };
        self.world.history(index, self.group).into_iter().filter_map(|message| text(message.body)).collect()
    }

    fn names(&mut self, index: DeviceIndex) -> Vec<String> {
        let mut names: Vec<String> = self.view(index).members.into_iter().map(|it| it.name).collect();
        names.sort();
        names
    }

    /// One of the members writes to Finn alone.
    fn bob_writes_to_finn(&mut self) {
        let chat = self.world.start(self.people[1], "finn");
        self.world.send(self.people[1], chat, "how are you?");
        settle(&mut self.world);
    }

    /// The log of the group: the one that all three have.
    fn log(&self) -> LogId {
        let [ada, bob, carol] = [0, 1, 2].map(|place| self.world.logs_of(self.people[place]));
        ada.into_iter().find(|log| bob.contains(log) && carol.contains(log)).unwrap()
    }
}

/// The relay shows who comes the group as it was, and hides the newest commits from them.
#[test]
fn p2_who_comes_into_an_old_copy_of_a_group_is_told_by_one_contact_with_a_member_and_gets_out() {
    let mut team = team(4_500, History::Nothing);
    let old = team.world.relay.copy();
    team.rename("Team of today");
    team.say(1, "only members read this");
    let new = team.world.relay.copy();
    team.away();
    team.world.restore_relay(&old);
    team.connect(team.finn);
    let link = team.link.clone();
    assert_eq!(team.join(team.finn, &link), Ok(()));
    team.world.send(team.finn, team.group, "anybody here?");
    settle(&mut team.world);
    assert!(team.unconfirmed(team.finn), "nobody has confirmed it");
    assert_eq!(team.view(team.finn).name, "Team");
    team.world.restore_relay(&new);
    team.back();
    assert!(!team.names(team.people[0]).contains(&"Finn".to_owned()), "nobody has seen them come");
    assert!(team.unconfirmed(team.finn));
    team.bob_writes_to_finn();
    assert_eq!(team.warning(team.finn), Some(Warning::AnotherCopy));
    assert_eq!(team.warning(team.people[1]), None, "a member is told of nothing that is not theirs");
    // Leaving it and opening the link again leads out.
    assert_eq!(
        team.world.ask(team.finn, Command::LeaveGroup { conversation: team.group, owner: None }),
        Reply::Done
    );
    settle(&mut team.world);
    assert_eq!(team.standing(team.finn), GroupStanding::Left);
    assert_eq!(team.join(team.finn, &link), Ok(()));
    assert_eq!(team.warning(team.finn), None);
    assert_eq!(team.view(team.finn).name, "Team of today");
    team.say(0, "welcome");
    team.world.send(team.finn, team.group, "now I am here");
    settle(&mut team.world);
    assert!(!team.unconfirmed(team.finn));
    let all = team.names(team.people[0]);
    assert_eq!(all, ["Ada", "Bob", "Carol", "Finn"]);
    for index in team.people.clone().into_iter().chain([team.finn]) {
        assert_eq!(team.names(index), all);
        assert!(team.texts(index).contains(&"now I am here".to_owned()));
    }
    assert!(!team.texts(team.people[0]).contains(&"anybody here?".to_owned()));
}

/// The same of a link that was revoked since: the copy is all that it leads into.
#[test]
fn p10_a_revoked_link_leads_into_nothing_but_an_old_copy_in_which_nothing_new_is_read() {
    let mut team = team(4_501, History::Nothing);
    let link = team.link.clone();
    let old = team.world.relay.copy();
    let id = team.view(team.people[0]).links[0].id;
    team.done(0, Command::RevokeGroupLink { conversation: team.group, link: id });
    team.say(1, "after it was revoked");
    let new = team.world.relay.copy();
    team.away();
    team.world.restore_relay(&old);
    team.connect(team.finn);
    assert_eq!(team.join(team.finn, &link), Ok(()));
    assert!(team.unconfirmed(team.finn));
    team.world.restore_relay(&new);
    team.back();
    for index in team.people.clone() {
        assert_eq!(team.names(index), ["Ada", "Bob", "Carol"]);
    }
    team.say(0, "and on");
    assert!(!team.texts(team.finn).iter().any(|text| text == "after it was revoked" || text == "and on"));
    team.bob_writes_to_finn();
    assert_eq!(team.warning(team.finn), Some(Warning::AnotherCopy));
    let leave = Command::LeaveGroup { conversation: team.group, owner: None };
    assert_eq!(team.world.ask(team.finn, leave), Reply::Done);
    settle(&mut team.world);
    assert_eq!(team.join(team.finn, &link), Err(CommandError::LinkOver));
}

/// The relay gives each of two who come a state of their own.
#[test]
fn p2_two_who_come_and_are_shown_two_groups_do_not_stay_apart() {
    let mut team = team(4_502, History::Nothing);
    let link = team.link.clone();
    team.away();
    let before = team.world.relay.copy();
    assert_eq!(team.join(team.finn, &link), Ok(()));
    team.world.send(team.finn, team.group, "Finn is here");
    settle(&mut team.world);
    team.world.restore_relay(&before);
    team.connect(team.gus);
    assert_eq!(team.join(team.gus, &link), Ok(()));
    team.world.send(team.gus, team.group, "Gus is here");
    settle(&mut team.world);
    assert!(team.unconfirmed(team.finn) && team.unconfirmed(team.gus));
    // The members are shown the state of the second.
    team.back();
    assert_eq!(team.names(team.people[0]), ["Ada", "Bob", "Carol", "Gus"]);
    assert!(team.texts(team.people[0]).contains(&"Gus is here".to_owned()));
    team.bob_writes_to_finn();
    assert_eq!(team.warning(team.finn), Some(Warning::AnotherCopy));
    let leave = Command::LeaveGroup { conversation: team.group, owner: None };
    assert_eq!(team.world.ask(team.finn, leave), Reply::Done);
    settle(&mut team.world);
    assert_eq!(team.join(team.finn, &link), Ok(()));
    team.say(0, "all here");
    for index in team.people.clone().into_iter().chain([team.finn, team.gus]) {
        assert_eq!(team.names(index), ["Ada", "Bob", "Carol", "Finn", "Gus"]);
        assert_eq!(team.texts(index).last().unwrap(), "all here");
    }
    assert_eq!([team.warning(team.finn), team.warning(team.gus)], [None; 2]);
}

#[test]
fn p2_who_came_into_the_right_group_is_confirmed_by_a_member_who_writes_to_them_alone() {
    let mut team = team(4_503, History::Nothing);
    let link = team.link.clone();
    team.away();
    assert_eq!(team.join(team.finn, &link), Ok(()));
    assert!(team.unconfirmed(team.finn));
    // Bob is back, and nothing is written in the group.
    team.connect(team.people[1]);
    team.bob_writes_to_finn();
    assert_eq!((team.unconfirmed(team.finn), team.warning(team.finn)), (false, None));
}

#[test]
fn p1_a_forged_link_leads_nowhere() {
    let mut team = team(4_504, History::Nothing);
    let link = team.link.clone();
    let parts: Vec<&str> = link.split('/').collect();
    let other = |text: &str| -> String {
        let first = if text.starts_with('a') { 'b' } else { 'a' };
        format!("{first}{}", &text[1..])
    };
    for (place, error) in
        [(1, CommandError::LinkOver), (2, CommandError::LinkOver), (3, CommandError::LinkOver)]
    {
        let mut forged: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        forged[place] = other(&forged[place]);
        assert_eq!(team.join(team.finn, &forged.join("/")), Err(error), "part {place}");
    }
    for cut in [3, link.len() / 2, link.len() - 1] {
        assert_eq!(team.join(team.finn, &link[..cut]), Err(CommandError::NotAGroupLink), "cut at {cut}");
    }
    assert_eq!(team.names(team.people[0]), ["Ada", "Bob", "Carol"]);
}

/// Everything that the relay has of the group.
fn packages(world: &mut World) -> Vec<(LogId, Vec<u8>)> {
    world.relay.group_infos_mut().map(|(log, info)| (*log, info.clone())).collect()
}

#[test]
fn m4_who_was_removed_opens_nothing_later_with_the_relays_disk_and_their_old_link() {
    let mut team = team(4_505, History::Kept);
    let link = team.link.clone();
    let (carol, log) = (team.people[2], team.log());
    let stolen: Peer = team.world.steal(carol);
    let before = packages(&mut team.world);
    assert!(before.iter().any(|(of, info)| *of == log && stolen.opens_package(log, info)), "the control");
    let account = account(&team.world, carol);
    team.people.truncate(2);
    team.done(0, Command::RemoveFromGroup { conversation: team.group, account });
    team.say(1, "without Carol");
    let new = team.make_link(LinkTerms::default());
    team.rename("Without Carol");
    let mut watcher = stolen.watcher(&link);
    for slot in team.world.relay.links_of(&log) {
        assert!(!watcher.learn(log, &slot.wrap), "the old link opens no wrap");
    }
    for (of, info) in packages(&mut team.world) {
        assert!(!stolen.opens_package(log, &info) && watcher.members(of, &info).is_empty());
    }
    let entries: Vec<_> = team.world.relay.entries_mut().flat_map(|entries| entries.clone()).collect();
    let opened = entries.iter().filter(|entry| stolen.opens_commit(log, entry)).count();
    assert!(opened > 0, "what was before the removal, with it");
    let last = entries.iter().rposition(|entry| stolen.opens_commit(log, entry)).unwrap();
    let later = &entries[last + 1..];
    assert!(later.iter().all(|entry| watcher.see(log, entry) == Seen::Sealed));
    // The new link is another matter.
    let mut watcher = stolen.watcher(&new);
    assert!(team.world.relay.links_of(&log).iter().any(|slot| watcher.learn(log, &slot.wrap)));
}

#[test]
fn p1_who_has_a_link_and_only_watches_sees_who_is_there_and_nothing_that_is_said() {
    let mut team = team(4_506, History::Nothing);
    let approval = team.make_link(LinkTerms { approval: true, ..LinkTerms::default() });
    let greeting = "let me in".to_owned();
    let reply = team.world.ask(team.gus, Command::AskToJoin { link: approval.clone(), greeting });
    assert_eq!(reply, Reply::Conversation(team.group));
    settle(&mut team.world);
    let account = account(&team.world, team.people[1]);
    team.done(0, Command::SetRole { conversation: team.group, account, role: Role::Admin });
    team.say(1, "secret");
    assert_eq!(team.view(team.people[1]).asks.len(), 1);
    let log = team.log();
    let eve = Peer::new(4_506, "eve");
    for link in [team.link.clone(), approval] {
        let mut watcher = eve.watcher(&link);
        let slots = team.world.relay.links_of(&log);
        assert_eq!(slots.iter().filter(|slot| watcher.learn(log, &slot.wrap)).count(), 1);
        let package = packages(&mut team.world).into_iter().find(|(of, _)| *of == log).unwrap().1;
        assert_eq!(watcher.members(log, &package).len(), 3, "said in SECURITY.md");
        let entries: Vec<_> = team.world.relay.entries_mut().flat_map(|entries| entries.clone()).collect();
        let seen: Vec<Seen> = entries.iter().map(|entry| watcher.see(log, entry)).collect();
        assert!(!seen.contains(&Seen::Kept) && !seen.contains(&Seen::Ask), "{seen:?}");
    }
}

/// What is sent of a group by who comes, asks or is there names no account.
#[test]
fn p1_nothing_that_the_relay_keeps_or_is_told_of_a_group_names_who_comes() {
    let mut team = team(4_507, History::Kept);
    let link = team.link.clone();
    let approval = team.make_link(LinkTerms { approval: true, ..LinkTerms::default() });
    team.away();
    let since = team.world.relay.copy();
    drop(since);
    let accounts: Vec<AccountId> =
        [team.finn, team.gus].into_iter().map(|index| account(&team.world, index)).collect();
    let start = team.world.requests_since(0).len();
    assert_eq!(team.join(team.finn, &link), Ok(()));
    team.world.send(team.finn, team.group, "here");
    let reply = team.world.ask(team.gus, Command::AskToJoin { link: approval, greeting: "me".into() });
    assert_eq!(reply, Reply::Conversation(team.group));
    settle(&mut team.world);
    let of_group = |request: &Request| {
        matches!(
            request,
            Request::OpenLink(_)
                | Request::JoinByLink(_)
                | Request::AskToJoin(_)
                | Request::FetchGroupInfo { .. }
                | Request::SubscribeLog(_)
                | Request::ReadLog(_)
                | Request::AppendMessages(_)
                | Request::AppendLinkedCommit(_)
        )
    };
    let sent: Vec<Request> = team.world.requests_since(start).into_iter().filter(of_group).collect();
    assert!(sent.iter().any(|request| matches!(request, Request::JoinByLink(_))));
    assert!(sent.iter().any(|request| matches!(request, Request::AskToJoin(_))));
    let mut seen: Vec<Vec<u8>> =
        sent.into_iter().map(|request| ClientFrame { id: RequestId(1), request }.encode().unwrap()).collect();
    seen.extend(packages(&mut team.world).into_iter().map(|(_, info)| info));
    let entries: Vec<_> = team.world.relay.entries_mut().flat_map(|entries| entries.clone()).collect();
    seen.extend(entries.into_iter().map(|entry| entry.payload.to_vec()));
    for log in team.world.relay.log_ids() {
        seen.extend(team.world.relay.links_of(&log).into_iter().map(|slot| slot.wrap.to_vec()));
    }
    for account in accounts {
        let names = |bytes: &Vec<u8>| bytes.windows(32).any(|window| window == account.as_bytes());
        assert!(!seen.iter().any(names));
    }
}

/// What is shared with who comes later is its authors', of this group, and of before; Eve, an admin, shares what is not.
#[test]
fn h1_p2_what_is_shared_and_is_altered_of_another_author_or_group_or_dated_anew_is_not_shown() {
    let mut team = team(4_508, History::Shared);
    let link = team.link.clone();
    let carol = account(&team.world, team.people[2]);
    team.done(0, Command::SetRole { conversation: team.group, account: carol, role: Role::Admin });
    let (ada, log) = (account(&team.world, team.people[0]), team.log());
    let device = team.world.relay.device_log(&ada).devices().next().unwrap().id;
    assert_eq!(team.join(team.finn, &link), Ok(()));
    team.say(0, "welcome");
    team.world.advance(60_000);
    settle(&mut team.world);
    let finn = account(&team.world, team.finn);
    let mut eve = team.world.steal(team.people[2]);
    let all = [
        Untrue::Nothing,
        Untrue::Text,
        Untrue::Author(ada, device),
        Untrue::Group,
        Untrue::Time,
        Untrue::Stored,
        Untrue::Epoch,
    ];
    let sealed = eve.shared(log, finn, &all);
    team.world.asked_by_another(eve.append(log, sealed));
    settle(&mut team.world);
    let shown = team.world.history(team.finn, team.group);
    let texts: Vec<(String, bool)> = shown
        .into_iter()
        .filter_map(|message| match message.body {
            BodyView::Text(text) => Some((text, message.shared)),
            _ => None,
        })
        .collect();
    // When it was stored rests on who shares; but nobody puts it after the reader came.
    assert_eq!(
        texts,
        [("Nothing".to_owned(), true), ("Stored".to_owned(), true), ("welcome".to_owned(), false)]
    );
    // And to nobody else.
    let others = team.texts(team.people[1]);
    assert!(!others.contains(&"Nothing".to_owned()), "{others:?}");
}

#[test]
fn h1_what_somebody_shares_who_may_not_is_not_shown() {
    let mut team = team(4_509, History::Shared);
    let link = team.link.clone();
    let log = team.log();
    assert_eq!(team.join(team.finn, &link), Ok(()));
    settle(&mut team.world);
    let finn = account(&team.world, team.finn);
    // Only admins may add people, and so only they may share.
    let mut permissions = team.view(team.people[0]).permissions;
    permissions.add = Role::Admin;
    team.done(0, Command::SetPermissions { conversation: team.group, permissions });
    let mut eve = team.world.steal(team.people[2]);
    let sealed = eve.shared(log, finn, &[Untrue::Nothing]);
    team.world.asked_by_another(eve.append(log, sealed));
    settle(&mut team.world);
    assert!(!team.texts(team.finn).contains(&"Nothing".to_owned()));
}

//! Groups under faults: devices die at any write, connections end at any frame, the relay restarts, and several members change
//! the group at once. Three members stay to the end; others come and go, also by links. At the end all members agree on
//! everything.

use parley_engine::view::{Command, ConversationId, GroupStanding, History, LinkTerms, Reply, Role};
use parley_tests::sim::{DeviceIndex, Torn, World};

use super::*;

const NAMES: [&str; 6] = ["Ada", "Bob", "Carol", "Dan", "Eve", "Finn"];
/// The number of members that stay.
const CORE: usize = 3;

struct Run {
    world: World,
    people: Vec<DeviceIndex>,
    group: ConversationId,
    /// The accepted texts, by staying member.
    sent: Vec<(usize, String)>,
    /// How many texts were written.
    written: usize,
    /// Whether what is written is kept for who comes, and so is theirs to read.
    keeps: bool,
    /// How many readings were looked at.
    rights: usize,
    trace: Vec<String>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let (mut world, people) = friends(seed, &NAMES);
        let group = create(&mut world, people[0], "Team", &people[1..CORE]);
        let account = account(&world, people[1]);
        done(&mut world, people[0], Command::SetRole { conversation: group, account, role: Role::Admin });
        let keeps = seed % 2 == 1;
        if keeps {
            let history = History::Kept;
            done(&mut world, people[0], Command::SetGroupHistory { conversation: group, history });
        }
        Self { world, people, group, sent: Vec::new(), written: 0, keeps, rights: 0, trace: Vec::new() }
    }

    fn someone(&mut self) -> usize {
        usize::try_from(self.world.random(6)).unwrap()
    }

    fn step(&mut self) {
        let who = self.someone();
        let index = self.people[who];
        let (kind, conversation) = (self.world.random(18), self.group);
        self.trace.push(format!("{kind} {who}"));
        match kind {
            0..=3 => self.say(who),
            4 => {
                let name = format!("Team {}", self.world.random(1_000));
                self.world.command(index, Command::SetGroupName { conversation, name });
            }
            5 | 6 => {
                let other = CORE + usize::try_from(self.world.random(3)).unwrap();
                let people = vec![account(&self.world, self.people[other])];
                self.world.command(index, Command::AddToGroup { conversation, people });
            }
            7 => {
                let other = CORE + usize::try_from(self.world.random(3)).unwrap();
                let account = account(&self.world, self.people[other]);
                self.world.command(index, Command::RemoveFromGroup { conversation, account });
            }
            8 if who >= CORE => {
                self.world.command(index, Command::LeaveGroup { conversation, owner: None });
            }
            9 => {
                let writes = u32::try_from(self.world.random(6)).unwrap();
                let torn = if self.world.random(2) == 0 { Torn::Before } else { Torn::After };
                self.world.light_fuse(index, writes, torn);
            }
            10 => {
                let frames = usize::try_from(self.world.random(4)).unwrap();
                self.world.cut(index, frames);
            }
            11 => self.world.restart_relay(),
            13 | 14 if who >= CORE => self.join(who),
            15 if who < 2 => self.make_or_revoke_link(who),
            16 if who >= CORE => self.ask(who),
            16 | 17 if who < 2 => self.answer(who),
            12 => self.world.crash(index),
            _ => {
                let time = self.world.random(20_000);
                self.world.pass(time);
            }
        }
        let now = self.world.random(400);
        self.world.pass(now);
    }

    /// A person joins by the newest link that the owner has made.
    fn join(&mut self, who: usize) {
        let Some(links) = self.links(0) else { return };
        if let Some(link) =
            links.into_iter().rev().filter(|link| !link.approval).find_map(|link| link.fragment)
        {
            self.world.command(self.people[who], Command::JoinByLink(link));
        }
    }

    /// Somebody asks to be let in, by the newest link for that, or takes it back.
    fn ask(&mut self, who: usize) {
        let (index, conversation) = (self.people[who], self.group);
        let asked = self.world.devices[index].conversations.get(&conversation);
        let asked = asked.and_then(|it| it.group.as_ref()).map(|group| group.standing.clone());
        if matches!(asked, Some(GroupStanding::Asked(_))) && self.world.random(4) == 0 {
            self.world.command(index, Command::WithdrawAsk(conversation));
            return;
        }
        let Some(links) = self.links(0) else { return };
        if let Some(link) =
            links.into_iter().rev().filter(|link| link.approval).find_map(|link| link.fragment)
        {
            self.world.command(index, Command::AskToJoin { link, greeting: String::new() });
        }
    }

    /// Who governs the group lets somebody in who asks, or declines.
    fn answer(&mut self, who: usize) {
        let (index, conversation) = (self.people[who], self.group);
        let Reply::Group(view) = self.world.ask(index, Command::ShowGroup(conversation)) else { return };
        if let Some(ask) = view.asks.first() {
            let lets_in = self.world.random(4) > 0;
            self.world.command(index, Command::AnswerAsk { conversation, account: ask.account, lets_in });
        }
    }

    fn links(&mut self, who: usize) -> Option<Vec<parley_engine::view::InviteLinkView>> {
        match self.world.ask(self.people[who], Command::ShowGroup(self.group)) {
            Reply::Group(view) => Some(view.links),
            _ => None,
        }
    }

    fn make_or_revoke_link(&mut self, who: usize) {
        let (index, conversation) = (self.people[who], self.group);
        let made = self.links(who).unwrap_or_default();
        let command = if let Some(link) = made.first().filter(|_| made.len() > 2) {
            Command::RevokeGroupLink { conversation, link: link.id }
        } else {
            let approval = self.world.random(2) == 0;
            Command::MakeGroupLink { conversation, terms: LinkTerms { approval, ..LinkTerms::default() } }
        };
        self.world.command(index, command);
    }

    fn say(&mut self, who: usize) {
        let text = format!("{} {}", NAMES[who], self.written);
        let (index, conversation) = (self.people[who], self.group);
        let before = self.world.devices[index].conversations.get(&conversation);
        if before.is_none() {
            return;
        }
        let id = self
            .world
            .command(index, Command::SendText { conversation, text: text.clone(), over: String::new() });
        self.written += 1;
        self.world.run();
        if who < CORE && self.world.devices[index].replies.get(&id) == Some(&Reply::Done) {
            self.sent.push((who, text));
        }
    }

    /// Nobody has read what they had no right to. Ada is there from the beginning, and sees who comes and goes at the places of the commits
    /// that do it: a text is for those who are in the group where it stands, and where the group keeps what is written, for who comes later.
    fn check_rights(&mut self) -> Result<(), String> {
        let mut here: Vec<String> = Vec::new();
        let mut placed: Vec<(Option<String>, Vec<String>)> = Vec::new();
        for line in shown(&mut self.world, self.people[0], self.group) {
            let text = line.strip_prefix('>').or_else(|| line.split_once(": ").map(|(_, text)| text));
            if let Some(text) = text {
                placed.push((Some(text.to_owned()), here.clone()));
                continue;
            }
            if line.ends_with(" created Team") {
                here.push(NAMES[0].to_owned());
            } else if let Some((_, added)) = line.split_once(" added ") {
                here.extend(added.split(", ").map(str::to_owned));
            } else if let Some((who, _)) = line.split_once(" joined by ") {
                here.push(who.to_owned());
            } else if let Some((_, who)) = line.split_once(" removed ") {
                here.retain(|name| name != who);
            } else if let Some(who) = line.strip_suffix(" left") {
                here.retain(|name| name != who);
            } else {
                continue;
            }
            placed.push((None, here.clone()));
        }
        for (who, index) in self.people.clone().into_iter().enumerate().skip(1) {
            if !self.world.devices[index].conversations.contains_key(&self.group) {
                continue;
            }
            let name = NAMES[who];
            let is_in = |here: &[String]| here.iter().any(|there| there == name);
            for line in shown(&mut self.world, index, self.group) {
                let Some((_, text)) = line.split_once(": ").filter(|_| !line.starts_with('>')) else {
                    continue;
                };
                let place = placed.iter().position(|(known, _)| known.as_deref() == Some(text));
                let Some((_, (_, then))) = place.map(|place| (place, &placed[place])) else { continue };
                let later = place.and_then(|place| placed.get(place..)).unwrap_or_default();
                let granted = self.keeps && later.iter().any(|(_, here)| is_in(here));
                if !is_in(then) && !granted {
                    return Err(format!("{name} has read {text:?}, which was for {then:?}"));
                }
                self.rights += 1;
            }
        }
        Ok(())
    }

    fn end(&mut self) {
        self.world.heal();
        for index in self.people.clone() {
            self.world.connect(index);
            // A new process has told its views nothing yet.
            self.world.ask(index, Command::Subscribe);
        }
        for _ in 0..4 {
            settle(&mut self.world);
        }
    }

    fn check(&mut self) -> Result<(), String> {
        let group = self.group;
        let expected = view(&mut self.world, self.people[0], group);
        for (who, index) in self.people.clone().into_iter().enumerate() {
            let account = account(&self.world, index);
            let is_member = expected.members.iter().any(|member| member.account == account);
            let Some(shown) = self.world.devices[index].conversations.get(&group).cloned() else {
                if is_member {
                    return Err(format!("{} is a member and does not know", NAMES[who]));
                }
                continue;
            };
            let standing = shown.group.clone().unwrap().standing;
            if is_member != (standing == GroupStanding::Member) {
                return Err(format!("{}: {standing:?}, and is a member: {is_member}", NAMES[who]));
            }
            if !is_member {
                continue;
            }
            let own = view(&mut self.world, index, group);
            let of = |view: &GroupView| {
                let mut all: Vec<_> =
                    view.members.iter().map(|it| (it.account, it.role, it.devices)).collect();
                all.sort();
                (view.name.clone(), all)
            };
            if of(&own) != of(&expected) {
                return Err(format!("{} and Ada see different groups: {own:?}, {expected:?}", NAMES[who]));
            }
            if !own.adding.is_empty() || shown.group.as_ref().unwrap().changing {
                return Err(format!("{} still waits for a change", NAMES[who]));
            }
        }
        self.check_rights()?;
        self.check_texts()
    }

    /// Checks that the staying members have all of their texts, once and in one order.
    fn check_texts(&mut self) -> Result<(), String> {
        let mut first: Option<Vec<String>> = None;
        for (who, name) in NAMES[..CORE].iter().enumerate() {
            let said = shown(&mut self.world, self.people[who], self.group);
            let texts: Vec<String> = said
                .into_iter()
                .filter_map(|line| match line.strip_prefix('>') {
                    Some(own) => Some(own.to_owned()),
                    None => line.split_once(": ").map(|(_, text)| text.to_owned()),
                })
                .filter(|text| NAMES[..CORE].iter().any(|name| text.starts_with(name)))
                .collect();
            for (_, text) in &self.sent {
                let count = texts.iter().filter(|known| *known == text).count();
                if count != 1 {
                    return Err(format!("{text:?} is there {count} times at {name}: {texts:?}"));
                }
            }
            match &first {
                Some(first) if *first != texts => {
                    return Err(format!("{name} sees another order: {first:?}, {texts:?}"));
                }
                _ => first = Some(texts),
            }
        }
        let broken = &self.world.ledger.violations;
        if broken.is_empty() { Ok(()) } else { Err(format!("{broken:?}")) }
    }
}

#[test]
#[ignore = "one seed, for whoever looks for a fault"]
fn one() {
    let seed: u64 = std::env::var("SEED").unwrap().parse().unwrap();
    campaign(seed..seed + 1);
}

fn campaign(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut run = Run::new(seed);
        for _ in 0..40 {
            run.step();
        }
        run.end();
        if let Err(error) = run.check() {
            panic!("seed {seed}: {error}\n{}", run.trace.join("; "));
        }
        assert!(run.rights > 0, "seed {seed}: nobody has read anything");
    }
}

/// The seeds of a part. `PARLEY_GROUP_SEEDS` sets how many; `PARLEY_GROUP_SEED` names the only one, as a failure printed it.
fn seeds(first: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("PARLEY_GROUP_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + number("PARLEY_GROUP_SEEDS").unwrap_or(8),
    }
}

#[test]
fn i1_i2_p9_a_group_under_faults_ends_the_same_for_all_part_1() {
    campaign(seeds(0));
}

#[test]
fn i1_i2_p9_a_group_under_faults_ends_the_same_for_all_part_2() {
    campaign(seeds(100_000));
}

//! Replies, edits, reactions and deletions for everyone: all devices reach the same state in any order.

use parley_engine::view::{
    About, BodyView, Command, CommandError, ConversationId, MessageRef, MessageView, Reply, Role, Share,
};
use parley_tests::sim::{DeviceIndex, Torn, World};

use super::deleting::{delete, find, preview};
use super::devices::{link_with, pair};
use super::groups;

pub(crate) const THUMB: &str = "\u{1F44D}";
pub(crate) const HEART: &str = "\u{2764}\u{FE0F}";
const DAY: u64 = 24 * 3_600 * 1_000;

/// Ada and Bob with two devices each.
struct Four {
    world: World,
    devices: [DeviceIndex; 4],
    chats: [ConversationId; 4],
}

fn four() -> Four {
    let (mut world, ada, bob, there, back) = pair();
    let ada2 = link_with(&mut world, ada, Share::All);
    let bob2 = link_with(&mut world, bob, Share::All);
    world.settle();
    Four { world, devices: [ada, ada2, bob, bob2], chats: [there, there, back, back] }
}

pub(crate) fn named(world: &mut World, device: DeviceIndex, chat: ConversationId, text: &str) -> MessageRef {
    find(world, device, chat, text).about.named.expect("somebody said it")
}

fn one_line(message: &MessageView) -> String {
    let text = match &message.body {
        BodyView::Text(text) => text.clone(),
        BodyView::Deleted { .. } => "(deleted)".to_owned(),
        other => format!("{other:?}"),
    };
    let About { edited, forwarded, reactions, reply, .. } = &message.about;
    let edited = if *edited { " (edited)" } else { "" };
    let forwarded = if *forwarded { "forwarded: " } else { "" };
    let reply = if reply.is_some() { "re: " } else { "" };
    let mut signs: Vec<String> = reactions.iter().map(|it| format!(" {}{}", it.sign, it.count)).collect();
    signs.sort();
    format!("{forwarded}{reply}{text}{edited}{}", signs.concat())
}

/// What people said, as a device's pages have it. Checks that the screen built from events shows the same.
pub(crate) fn lines(world: &mut World, device: DeviceIndex, chat: ConversationId) -> Vec<String> {
    let said = |message: &MessageView| message.about.named.is_some();
    let pages: Vec<String> = world.history(device, chat).iter().filter(|it| said(it)).map(one_line).collect();
    let screen: Vec<String> =
        world.devices[device].screen.in_order(chat).iter().filter(|it| said(it)).map(one_line).collect();
    assert_eq!(screen, pages, "what the screen was told is what is stored");
    pages
}

impl Four {
    fn same(&mut self) -> Vec<String> {
        let shown: Vec<_> =
            (0..4).map(|place| lines(&mut self.world, self.devices[place], self.chats[place])).collect();
        for place in 1..4 {
            assert_eq!(shown[place], shown[0], "device {place}");
        }
        shown[0].clone()
    }

    fn does(&mut self, place: usize, command: Command) {
        assert_eq!(self.world.ask(self.devices[place], command), Reply::Done);
    }

    fn named(&mut self, place: usize, text: &str) -> MessageRef {
        named(&mut self.world, self.devices[place], self.chats[place], text)
    }

    fn edit(&mut self, place: usize, text: &str, to: &str) {
        let message = self.named(place, text);
        self.does(place, Command::Edit { conversation: self.chats[place], message, text: to.into() });
    }

    fn react(&mut self, place: usize, text: &str, sign: &str, on: bool) {
        let message = self.named(place, text);
        self.does(place, Command::React { conversation: self.chats[place], message, sign: sign.into(), on });
    }

    fn withdraw(&mut self, place: usize, text: &str) {
        let message = self.named(place, text);
        self.does(place, Command::DeleteForEveryone { conversation: self.chats[place], message });
    }

    fn reply(&mut self, place: usize, text: &str, with: &str) {
        let to = self.named(place, text);
        let (conversation, over) = (self.chats[place], String::new());
        self.does(place, Command::Reply { conversation, text: with.into(), over, to });
    }
}

#[test]
fn what_is_said_of_a_message_shows_on_all_devices() {
    let mut four = four();
    four.reply(2, "before", "yes?");
    four.edit(0, "before", "before, better");
    four.react(1, "answer", THUMB, true);
    four.world.settle();
    four.react(3, "yes?", HEART, true);
    four.react(0, "yes?", HEART, true);
    four.world.settle();
    let said = ["before, better (edited)", "answer \u{1F44D}1", "re: yes? \u{2764}\u{FE0F}2"];
    assert_eq!(four.same(), said);
    let views = four.world.history(four.devices[0], four.chats[0]);
    let own = |text: &str| {
        let text = BodyView::Text(text.into());
        views.iter().find(|it| it.body == text).map(|it| it.about.reactions[0].own)
    };
    assert_eq!((own("answer"), own("yes?")), (Some(true), Some(true)));
    let quoted = views.last().unwrap().about.reply.unwrap();
    let find = Command::FindMessage { conversation: four.chats[0], message: quoted };
    let Reply::Message(Some(quoted)) = four.world.ask(four.devices[0], find) else { panic!("not found") };
    assert_eq!((quoted.body, quoted.order), (BodyView::Text("before, better".into()), views[0].order));

    four.react(0, "answer", THUMB, false);
    four.withdraw(2, "yes?");
    four.world.settle();
    assert_eq!(
        four.same(),
        ["before, better (edited)", "answer", "re: (deleted)"].map(|it| it.replace("re: (", "("))
    );
    for place in 0..4 {
        let (device, chat) = (four.devices[place], four.chats[place]);
        let last = four.world.devices[device].conversations[&chat].last.clone().unwrap().body;
        assert_eq!(last, BodyView::Deleted { by: None });
        four.world.crash(device);
        four.world.connect(device);
    }
    four.world.settle();
    assert_eq!(four.same(), ["before, better (edited)", "answer", "(deleted)"]);
}

#[test]
fn an_edit_is_in_the_list_and_a_reaction_is_not() {
    let mut four = four();
    let unread = |four: &Four| {
        [0, 1, 2, 3]
            .map(|place| four.world.devices[four.devices[place]].conversations[&four.chats[place]].unread)
    };
    let before = unread(&four);
    four.react(0, "answer", THUMB, true);
    four.react(0, "before", THUMB, true);
    four.edit(2, "answer", "another answer");
    four.world.settle();
    for place in 0..4 {
        let (device, chat) = (four.devices[place], four.chats[place]);
        assert_eq!(preview(&four.world, device, chat).as_deref(), Some("another answer"));
    }
    assert_eq!(unread(&four), before, "no reaction counts as unread, and neither does an edit");
    assert!(before.contains(&1));
}

/// One device of each person is away while the others chat. Then everything arrives at once, in the order of the log or as
/// history.
#[test]
fn who_was_away_and_who_comes_later_see_the_same() {
    let mut four = four();
    let [_, ada2, _, bob2] = four.devices;
    four.world.disconnect(ada2);
    four.world.disconnect(bob2);
    four.world.send(four.devices[0], four.chats[0], "secret");
    four.world.send(four.devices[2], four.chats[2], "typo");
    four.world.settle();
    four.react(2, "secret", THUMB, true);
    four.edit(2, "typo", "no typo");
    four.react(1, "before", HEART, true);
    four.edit(1, "before", "later, away");
    four.world.settle();
    four.edit(0, "before", "first, here");
    four.withdraw(0, "secret");
    four.world.settle();
    four.world.connect(ada2);
    four.world.connect(bob2);
    four.world.settle();
    let end = four.same();
    assert_eq!(end[1..], ["answer", "(deleted)", "no typo (edited)"]);
    let new = link_with(&mut four.world, four.devices[0], Share::All);
    four.world.settle();
    assert_eq!(lines(&mut four.world, new, four.chats[0]), end, "a new device");
}

#[test]
fn p5_a_message_deleted_for_everyone_is_gone_from_the_disk_also_when_a_device_dies_meanwhile() {
    for torn in [Torn::Before, Torn::After] {
        for writes in 0..6 {
            let (mut world, ada, bob, there, back) = pair();
            world.send(ada, there, "a secret that nobody else ever says");
            world.settle();
            let message = named(&mut world, ada, there, "a secret that nobody else ever says");
            world.light_fuse(bob, writes, torn);
            world.ask(ada, Command::DeleteForEveryone { conversation: there, message });
            world.settle();
            world.heal();
            world.connect(bob);
            world.settle();
            for (device, chat) in [(ada, there), (bob, back)] {
                assert_eq!(lines(&mut world, device, chat).last().unwrap(), "(deleted)", "{torn:?} {writes}");
                let page = world.history(device, chat);
                assert!(!format!("{page:?}").contains("secret"));
            }
        }
    }
}

#[test]
fn what_was_deleted_for_oneself_stays_gone_when_it_is_deleted_for_everyone() {
    let mut four = four();
    four.world.disconnect(four.devices[1]);
    delete(&mut four.world, four.devices[0], four.chats[0], "answer");
    four.withdraw(2, "answer");
    four.world.settle();
    four.world.connect(four.devices[1]);
    four.world.settle();
    for place in 0..2 {
        assert_eq!(lines(&mut four.world, four.devices[place], four.chats[place]), ["before"]);
    }
    for place in 2..4 {
        assert_eq!(lines(&mut four.world, four.devices[place], four.chats[place]), ["before", "(deleted)"]);
    }
    let history = four.world.history(four.devices[2], four.chats[2]);
    let trace = history.into_iter().find(|it| matches!(it.body, BodyView::Deleted { .. })).unwrap();
    let command = super::deleting::delete_command(four.chats[2], &trace);
    four.does(2, command);
    four.world.settle();
    for place in 2..4 {
        assert_eq!(
            lines(&mut four.world, four.devices[place], four.chats[place]),
            ["before"],
            "a trace goes too"
        );
    }
}

#[test]
fn what_waits_to_be_sent_can_be_edited_and_deleted() {
    let mut four = four();
    four.world.disconnect(four.devices[0]);
    for text in ["one", "two"] {
        four.world.send(four.devices[0], four.chats[0], text);
        four.world.run();
    }
    four.edit(0, "one", "eins");
    four.withdraw(0, "two");
    four.world.run();
    let here = lines(&mut four.world, four.devices[0], four.chats[0]);
    assert_eq!(here, ["before", "answer", "eins (edited)"]);
    four.world.connect(four.devices[0]);
    four.world.settle();
    assert_eq!(four.same(), ["before", "answer", "eins (edited)"]);
}

#[test]
fn an_own_message_is_edited_within_a_day_and_others_are_not() {
    let mut four = four();
    let (own, other) = (four.named(0, "before"), four.named(0, "answer"));
    let conversation = four.chats[0];
    let text = || "changed".to_owned();
    let ask = |four: &mut Four, command| four.world.ask(four.devices[0], command);
    let refused = Reply::Failed(CommandError::NotAllowed);
    assert_eq!(ask(&mut four, Command::Edit { conversation, message: other, text: text() }), refused);
    assert_eq!(ask(&mut four, Command::DeleteForEveryone { conversation, message: other }), refused);
    let blank = Command::Edit { conversation, message: own, text: " ".into() };
    assert_eq!(ask(&mut four, blank), Reply::Failed(CommandError::TextLength));
    four.world.pass(DAY + 60_000);
    let late = Command::Edit { conversation, message: own, text: text() };
    assert_eq!(ask(&mut four, late), Reply::Failed(CommandError::TooLate));
    four.withdraw(0, "before");
    four.world.settle();
    assert_eq!(four.same(), ["(deleted)", "answer"]);
}

#[test]
fn a_text_is_forwarded_to_several_chats_and_says_so() {
    let (mut world, people) = groups::friends(2_100, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = groups::create(&mut world, ada, "Team", &[bob, carol]);
    let chat = world.start(ada, "bob");
    let command = Command::Forward { texts: vec!["one".into(), "two".into()], to: vec![chat, group] };
    groups::done(&mut world, ada, command);
    groups::settle(&mut world);
    let back = world.start(bob, "ada");
    let end = ["forwarded: one", "forwarded: two"];
    assert_eq!(lines(&mut world, bob, back)[1..], end);
    assert_eq!(lines(&mut world, carol, group), end);
}

#[test]
fn in_a_group_admins_delete_what_members_said_and_members_only_their_own() {
    let (mut world, people) = groups::friends(2_101, &["Ada", "Bob", "Carol"]);
    let [ada, bob, carol] = people[..] else { unreachable!() };
    let group = groups::create(&mut world, ada, "Team", &[bob, carol]);
    for (index, text) in [(ada, "by ada"), (bob, "by bob"), (carol, "by carol")] {
        world.send(index, group, text);
        groups::settle(&mut world);
    }
    let try_it = |world: &mut World, by: DeviceIndex, text: &str| {
        let message = named(world, by, group, text);
        let reply = world.ask(by, Command::DeleteForEveryone { conversation: group, message });
        groups::settle(world);
        reply
    };
    let refused = Reply::Failed(CommandError::NotAllowed);
    assert_eq!(try_it(&mut world, bob, "by carol"), refused);
    let account = groups::account(&world, bob);
    groups::done(&mut world, ada, Command::SetRole { conversation: group, account, role: Role::Admin });
    assert_eq!(try_it(&mut world, bob, "by carol"), Reply::Done);
    assert_eq!(try_it(&mut world, bob, "by ada"), refused, "an owner ranks higher");
    assert_eq!(try_it(&mut world, ada, "by bob"), Reply::Done);
    for index in [ada, bob, carol] {
        assert_eq!(lines(&mut world, index, group), ["by ada", "(deleted)", "(deleted)"]);
    }
    let by = |message: &MessageView| match &message.body {
        BodyView::Deleted { by } => by.as_ref().map(|by| by.name.clone()),
        _ => None,
    };
    let shown: Vec<_> = world.history(carol, group).iter().filter_map(by).collect();
    assert_eq!(shown, ["Ada", "Bob"]);
    let message = named(&mut world, carol, group, "by ada");
    let react = |on| Command::React { conversation: group, message, sign: THUMB.into(), on };
    groups::done(&mut world, carol, react(true));
    groups::done(&mut world, bob, react(true));
    groups::done(&mut world, carol, react(false));
    for index in [ada, bob, carol] {
        assert_eq!(lines(&mut world, index, group)[0], "by ada \u{1F44D}1");
    }
}

/// Two people with two devices each act on each other's messages in every way, while devices die, connections end and the relay
/// restarts. In the end all four show the same.
#[test]
fn p5_all_devices_come_to_the_same_whatever_breaks() {
    let seeds = std::env::var("PARLEY_SEEDS").ok().and_then(|it| it.parse().ok()).unwrap_or(40_u64);
    for seed in 0..seeds {
        campaign(seed);
    }
}

fn campaign(seed: u64) {
    let mut four = four();
    for _ in 0..seed {
        four.world.random(2);
    }
    let mut trace = Vec::new();
    for number in 0..40 {
        let place = usize::try_from(four.world.random(4)).unwrap();
        let (device, chat) = (four.devices[place], four.chats[place]);
        let kind = four.world.random(16);
        trace.push((kind, place));
        let known: Vec<MessageView> = four.world.devices[device]
            .screen
            .in_order(chat)
            .into_iter()
            .filter(|it| it.about.named.is_some())
            .collect();
        let which = usize::try_from(four.world.random(u64::try_from(known.len().max(1)).unwrap())).unwrap();
        let message = known.get(which).and_then(|message| message.about.named);
        let sign = [THUMB, HEART][usize::try_from(four.world.random(2)).unwrap()].to_owned();
        match (kind, message) {
            (0..=3, _) => {
                let text = format!("text {number}");
                four.world
                    .command(device, Command::SendText { conversation: chat, text, over: String::new() });
            }
            (4, Some(to)) => {
                let (text, over) = (format!("reply {number}"), String::new());
                four.world.command(device, Command::Reply { conversation: chat, text, over, to });
            }
            (5 | 6, Some(message)) => {
                let text = format!("edit {number}");
                four.world.command(device, Command::Edit { conversation: chat, message, text });
            }
            (7..=9, Some(message)) => {
                let on = four.world.random(3) > 0;
                four.world.command(device, Command::React { conversation: chat, message, sign, on });
            }
            (10, Some(message)) => {
                four.world.command(device, Command::DeleteForEveryone { conversation: chat, message });
            }
            (11, _) => {
                let writes = u32::try_from(four.world.random(6)).unwrap();
                let torn = if four.world.random(2) == 0 { Torn::Before } else { Torn::After };
                four.world.light_fuse(device, writes, torn);
            }
            (12, _) => {
                let frames = usize::try_from(four.world.random(4)).unwrap();
                four.world.cut(device, frames);
            }
            (13, _) => four.world.crash(device),
            (14, _) => four.world.restart_relay(),
            _ => {
                let time = four.world.random(20_000);
                four.world.pass(time);
            }
        }
        let now = four.world.random(300);
        four.world.pass(now);
    }
    four.world.heal();
    for device in four.devices {
        four.world.connect(device);
        four.world.ask(device, Command::Subscribe);
    }
    for _ in 0..3 {
        four.world.settle();
        four.world.pass(15_000);
    }
    four.world.settle();
    let shown: Vec<_> = (0..4)
        .map(|place| {
            let history = four.world.history(four.devices[place], four.chats[place]);
            history.iter().filter(|it| it.about.named.is_some()).map(one_line).collect::<Vec<_>>()
        })
        .collect();
    for place in 1..4 {
        assert_eq!(shown[place], shown[0], "seed {seed}, device {place}: {trace:?}");
    }
}

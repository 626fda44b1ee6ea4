//! A device that was away for longer than the relay keeps messages reads on, across commits: a marker stands for expired
//! messages, and the log does not end there.

use parley_engine::view::{BodyView, Command, Consent, ConversationId, Gap, Reply};
use parley_protocol::bounded::List;
use parley_protocol::frame::{EntryKind, LogEntry, Push, Request, ServerFrame};
use parley_protocol::ids::{LogId, Seq, UnixMillis};
use parley_tests::sim::{DeviceIndex, World};

use super::devices::{device_id, link};
use super::resync::settle_long;

const DAY: u64 = 24 * 3_600 * 1_000;
const GAP: &str = "[Gap(Expired)]";

/// Ada and Bob have chatted; then Bob goes away.
fn parted(seed: u64) -> (World, [DeviceIndex; 2], [ConversationId; 2]) {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let there = world.only_conversation(bob);
    world.send(bob, there, "hello Ada");
    world.settle();
    settle_long(&mut world);
    world.disconnect(bob);
    (world, [ada, bob], [chat, there])
}

/// The relay keeps messages for 30 days.
fn expire(world: &mut World) {
    let now = world.now.0;
    world.relay.expire_messages(UnixMillis(now - 30 * DAY));
}

/// One person writes a text every ten days. Each but the first comes with a commit and a new group era.
fn sixty_days(world: &mut World, writes: DeviceIndex, chat: ConversationId) {
    for day in 0..6 {
        world.send(writes, chat, &format!("day {}", day * 10));
        world.settle();
        world.advance(10 * DAY);
        expire(world);
    }
    expire(world);
}

fn commits(world: &mut World) -> usize {
    let all = world.relay.entries_mut().flat_map(|entries| entries.iter());
    all.filter(|entry| entry.kind == EntryKind::Commit).count()
}

#[test]
fn p9_a_device_that_was_away_for_sixty_days_reads_on() {
    let (mut world, [ada, bob], [chat, there]) = parted(980);
    let before = commits(&mut world);
    sixty_days(&mut world, ada, chat);
    assert!(commits(&mut world) >= before + 4, "several epochs, and group eras, passed");
    let logs = world.relay.log_count();
    world.connect(bob);
    settle_long(&mut world);
    // One marker stands for all expired messages in their place, and everything of the last 30 days is there.
    assert_eq!(world.texts(bob, there), ["hello", ">hello Ada", GAP, "day 40", "day 50"]);
    assert_eq!(world.relay.log_count(), logs, "in the same log");
    // Both go on in the log, and neither takes the other for a liar.
    world.send(bob, there, "I am back");
    world.settle();
    world.send(ada, chat, "welcome");
    world.settle();
    assert_eq!(world.texts(bob, there)[5..], [">I am back", "welcome"]);
    assert_eq!(world.texts(ada, chat).last().unwrap(), ">welcome");
    assert_eq!(world.devices[bob].conversations[&there].warning, None);
    assert_eq!(world.devices[ada].conversations[&chat].warning, None);
    assert_eq!(world.relay.log_count(), logs);
    // Also after a restart.
    world.crash(bob);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(bob, there)[2], GAP);
    assert_eq!(world.relay.log_count(), logs);
}

/// Waiting messages on the device's disk go out once it has read on. Nobody gets messages twice that it had sent without an
/// answer.
#[test]
fn p5_what_a_device_that_was_away_had_written_arrives_once() {
    let (mut world, [ada, bob], [chat, there]) = parted(981);
    world.connect(bob);
    settle_long(&mut world);
    world.send(bob, there, "stored, and the answer is lost");
    let sent = world.relay.seen.len();
    let is_append = |request: &Request| matches!(request, Request::AppendMessages(_));
    let is_there = |world: &World| world.requests_since(sent).iter().any(is_append);
    for _ in 0..100 {
        world.disk_step(bob);
        world.uplink_step(bob);
        if is_there(&world) {
            break;
        }
        world.downlink_step(bob);
    }
    assert!(is_there(&world), "the relay has it");
    world.disconnect(bob);
    world.send(bob, there, "never sent");
    world.settle();
    sixty_days(&mut world, ada, chat);
    world.connect(bob);
    settle_long(&mut world);
    settle_long(&mut world);
    let read = world.texts(ada, chat);
    for text in ["stored, and the answer is lost", "never sent"] {
        assert_eq!(read.iter().filter(|line| *line == text).count(), 1, "{text} in {read:?}");
        let own = format!(">{text}");
        assert_eq!(world.texts(bob, there).iter().filter(|line| **line == own).count(), 1);
    }
}

/// Only own messages expired, which the device had not read back: nothing is missing, and no marker stands there.
#[test]
fn p11_where_only_own_messages_expired_no_marker_stands() {
    let (mut world, [ada, bob], [_, there]) = parted(982);
    world.disconnect(ada);
    world.connect(bob);
    settle_long(&mut world);
    world.send(bob, there, "mine");
    // The answer comes, but the entry does not.
    world
        .relay
        .lie(|_, _, told| told.retain(|(_, frame)| !matches!(frame, ServerFrame::Push(Push::Log { .. }))));
    world.settle();
    world.disconnect(bob);
    world.relay.stop_lying();
    world.advance(40 * DAY);
    expire(&mut world);
    world.connect(bob);
    settle_long(&mut world);
    assert_eq!(world.texts(bob, there), ["hello", ">hello Ada", ">mine"]);
    assert_eq!(world.relay.log_count(), 1);
}

/// Another device of the account has read the expired messages: it sends them, and the marker goes.
#[test]
fn p6_another_device_of_the_account_makes_up_for_what_expired() {
    let mut world = World::new(983);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let second = link(&mut world, bob);
    settle_long(&mut world);
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    settle_long(&mut world);
    world.disconnect(second);
    let there = world.only_conversation(bob);
    sixty_days(&mut world, ada, chat);
    settle_long(&mut world);
    world.connect(second);
    for _ in 0..4 {
        settle_long(&mut world);
        world.pass(30_000);
    }
    let all = world.texts(bob, there);
    assert!(all.iter().any(|text| text == "day 0"), "{all:?}");
    let read = world.texts(second, there);
    for day in 0..6 {
        let text = format!("day {}", day * 10);
        assert_eq!(read.iter().filter(|line| **line == text).count(), 1, "{text} in {read:?}");
    }
    assert!(!read.iter().any(|line| line == GAP), "{read:?}");
}

/// A relay that calls an existing or invented message expired hides it, which it could do anyway. The device reads what the
/// relay sends afterwards, nothing breaks, and earlier messages do not change.
#[test]
fn p9_a_relay_that_lies_about_what_expired_breaks_nothing() {
    for (seed, first, back) in [(984, 0, 0), (985, u64::MAX, 0), (986, 1, 3), (987, 5, 1)] {
        let (mut world, [ada, bob], [chat, there]) = parted(seed);
        for text in ["one", "two", "three"] {
            world.send(ada, chat, text);
            world.settle();
        }
        world.relay.lie(move |_, _, told| {
            for (_, frame) in told {
                let ServerFrame::Push(Push::Log { entries, .. }) = frame else { continue };
                let mut all = entries.to_vec();
                for entry in all.iter_mut().filter(|entry| entry.kind == EntryKind::Message) {
                    entry.kind = EntryKind::Expired { first: Seq(first) };
                    entry.seq = Seq(entry.seq.0.saturating_sub(back));
                }
                *entries = List::new(all).unwrap();
            }
        });
        world.connect(bob);
        settle_long(&mut world);
        world.relay.stop_lying();
        world.disconnect(bob);
        world.connect(bob);
        settle_long(&mut world);
        world.send(ada, chat, "honest");
        settle_long(&mut world);
        let read = world.texts(bob, there);
        assert_eq!(read[..2], ["hello", ">hello Ada"], "{first} {back}: {read:?}");
        assert!(read.iter().any(|line| line == "honest"), "{first} {back}: {read:?}");
    }
}

/// Tries everything with which a removed device could read at the relay.
#[test]
fn p4_the_read_capability_of_a_removed_device_opens_nothing_of_the_next_group_era() {
    let mut world = World::new(988);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let phone = link(&mut world, ada);
    settle_long(&mut world);
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    settle_long(&mut world);
    let device = device_id(&world, phone);
    // All subscriptions from before the removal: the holder of the phone has their capabilities.
    let subscriptions: Vec<_> = (world.requests_since(0).into_iter())
        .filter_map(|request| match request {
            Request::SubscribeLog(subscribe) => Some(subscribe),
            _ => None,
        })
        .collect();
    let shared: Vec<LogId> = world.logs_of(bob);
    world.disconnect(phone);
    world.ask(ada, Command::RemoveDevice(device));
    settle_long(&mut world);
    world.send(ada, chat, "without the phone");
    settle_long(&mut world);
    let logs = world.relay.log_ids();
    let last = |entries: &Vec<LogEntry>| entries.last().map(|entry| entry.seq).unwrap_or_default();
    let ends: Vec<(LogId, Seq)> = (logs.into_iter().zip(world.relay.entries_mut()))
        .filter(|(log, _)| shared.contains(log))
        .map(|(log, entries)| (log, last(entries)))
        .collect();
    assert!(!ends.is_empty() && !subscriptions.is_empty());
    let mut tried = 0;
    for subscribe in subscriptions.iter().filter(|subscribe| shared.contains(&subscribe.log)) {
        let (_, end) = *ends.iter().find(|(log, _)| *log == subscribe.log).unwrap();
        for since in [None, subscribe.since] {
            let mut again = subscribe.clone();
            (again.after, again.known, again.since) = (Seq(0), None, since);
            let head = world.relay.head_for(&again);
            assert!(head.is_none_or(|head| head < end), "{head:?} of {end:?}");
            tried += usize::from(head.is_some());
        }
    }
    assert!(tried > 0, "some of them opened something before");
    let there = world.only_conversation(bob);
    assert!(world.texts(bob, there).iter().any(|text| text == "without the phone"));
    assert!(!world.history(phone, chat).iter().any(|message| message.body == BodyView::Gap(Gap::Rejected)));
}

/// The others' decisions were in messages that have expired, whichever device makes the next log.
#[test]
fn p6_a_device_that_was_away_for_sixty_days_learns_what_the_others_decided() {
    let (mut world, [_, bob], [_, there]) = parted(988);
    world.connect(bob);
    world.settle();
    let second = link(&mut world, bob);
    settle_long(&mut world);
    for (away, here) in [(second, bob), (bob, second)] {
        world.disconnect(away);
        let blocks = world.devices[here].conversations[&there].consent == Consent::Granted;
        let decided = if blocks { Command::Block(there) } else { Command::Unblock(there) };
        assert_eq!(world.ask(here, decided), Reply::Done);
        let name = if blocks { "Robert" } else { "Bob" };
        assert_eq!(world.ask(here, Command::SetName(name.into())), Reply::Done);
        world.settle();
        world.advance(60 * DAY);
        expire(&mut world);
        world.connect(away);
        settle_long(&mut world);
        settle_long(&mut world);
        let expected = if blocks { Consent::Revoked } else { Consent::Granted };
        assert_eq!(world.devices[away].conversations[&there].consent, expected);
        assert_eq!(world.devices[away].account.as_ref().unwrap().name, name);
        assert_eq!(world.devices[here].conversations[&there].consent, expected, "and takes nothing back");
    }
}

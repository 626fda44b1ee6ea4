//! Attacks by strangers who send content that only a contact gets an answer to.

use parley_engine::hostile::{Deed, Peer};
use parley_engine::view::{Command, Consent, Delivery, Reply, Share};
use parley_protocol::frame::{InboxAddress, RelayError, Request};
use parley_protocol::ids::{Era, LogId, Seq, UnixMillis};
use parley_tests::sim::World;

use super::enemy::{ask, claim, claim_all, entries, link_with, meet, reconnect, target};

/// Everything that a device answers between people who know each other: texts, receipts, requests to send again, a log given
/// up, nonsense, other keys.
#[test]
fn p10_whatever_a_stranger_writes_is_answered_by_nothing() {
    let mut world = World::new(435);
    let ada = world.add_person("Ada");
    world.devices[ada].accepts = false;
    let mut eve = Peer::new(1, "eve");
    let log = meet(&mut world, ada, &mut eve);
    let head = eve.log().head();
    let ago = UnixMillis(world.now.0 - 1_000);
    let written = [
        eve.text(log, "hello", &head),
        eve.name(log, "Eve"),
        eve.receipt(log, Seq(9), Seq(9)),
        eve.again(log, "once more", (LogId([7; 16]), Seq(3), ago, Era([1; 8]))),
        eve.resync(log, log, Seq(0)),
        eve.resync(log, LogId([0; 16]), Seq(0)),
        eve.seal(log, b"nonsense"),
        eve.text(log, "and more", &head),
    ];
    let count = written.len();
    for payload in written {
        ask(&mut world, eve.append(log, payload)).unwrap();
    }
    reconnect(&mut world, ada);
    ask(&mut world, eve.commit(log, &Deed::Update)).unwrap();
    reconnect(&mut world, ada);
    for _ in 0..8 {
        world.pass(15_000);
    }
    reconnect(&mut world, ada);
    assert_eq!(entries(&mut world, log).len(), count + 1, "only what the stranger wrote");
    assert_eq!(world.relay.log_count(), 1, "no other log is begun");
    let chat = world.only_conversation(ada);
    assert_eq!(world.devices[ada].conversations[&chat].consent, Consent::Requested);
    let texts = world.texts(ada, chat);
    assert!(texts.contains(&"hello".to_owned()) && texts.len() <= 20, "{texts:?}");
}

/// Each stranger says that a few unknown logs were given up. The device remembers such logs in one record, which it writes
/// again with each of them.
#[test]
fn p10_strangers_who_name_logs_that_nobody_knows_make_no_write_larger_and_larger() {
    let mut world = World::new(436);
    let ada = world.add_person("Ada");
    world.devices[ada].accepts = false;
    let mut costs = Vec::new();
    for number in 0..60 {
        let mut eve = Peer::new(1_000 + u64::from(number), &format!("eve{number}"));
        let log = meet(&mut world, ada, &mut eve);
        let (_, _, before) = world.devices[ada].disk.written;
        for made_up in 0..4 {
            let mut unknown = LogId([number; 16]);
            unknown.0[0] = made_up.max(1) * 60;
            unknown.0[1] = made_up;
            let payload = eve.resync(log, unknown, Seq(0));
            ask(&mut world, eve.append(log, payload)).unwrap();
            reconnect(&mut world, ada);
        }
        let (_, _, after) = world.devices[ada].disk.written;
        costs.push(after - before);
    }
    let (before, last) = (costs[20], costs[59]);
    assert!(last < before + before / 4, "what a stranger costs grows with their number: {costs:?}");
}

/// Ada's log with Bob is gone before Bob's second device comes. That device knows of the log's receipts only from the first
/// one.
#[test]
fn p2_a_contact_acknowledges_nothing_that_was_written_to_somebody_else() {
    let mut world = World::new(437);
    let bob = world.add_person("Bob");
    let mut ada = Peer::new(1, "ada");
    let log = meet(&mut world, bob, &mut ada);
    let chat = world.only_conversation(bob);
    world.send(bob, chat, "to Ada");
    world.settle();
    let seq = Seq(u64::try_from(entries(&mut world, log).len()).unwrap());
    super::enemy::catch_up(&mut world, &mut ada, log);
    let receipt = ada.receipt(log, seq, Seq(0));
    ask(&mut world, ada.append(log, receipt)).unwrap();
    let nonsense = ada.commit(log, &Deed::RemoveOthers);
    ask(&mut world, nonsense).unwrap();
    reconnect(&mut world, bob);
    assert_eq!(world.delivery(bob, chat), Delivery::Delivered);
    let second = link_with(&mut world, bob, Share::All);
    world.settle();
    assert_eq!(world.delivery(second, chat), Delivery::Delivered, "as the first device told");
    let mut eve = Peer::new(2, "eve");
    meet(&mut world, bob, &mut eve);
    let account = target(&mut world, bob).account;
    let packages = claim_all(&mut world, account);
    let package = packages[1].key_package.to_vec();
    let (from_eve, welcome) = eve.found(eve.identity(), &[package]);
    let address = InboxAddress { account, device: packages[1].device };
    ask(&mut world, eve.creation(from_eve, address, &welcome)).unwrap();
    reconnect(&mut world, second);
    let payload = eve.receipt_of(from_eve, log, seq, seq);
    ask(&mut world, eve.append(from_eve, payload)).unwrap();
    reconnect(&mut world, second);
    assert_eq!(world.delivery(second, chat), Delivery::Delivered, "Eve cannot say that Ada has read it");
}

/// Entries that were at the relay when a request was deleted are skipped, log by log: an unreadable log holds up no other.
#[test]
fn p10_a_text_after_delete_is_a_request_again_whatever_stands_unread_in_another_log() {
    const STUCK: LogId = LogId([9; 16]);
    let mut world = World::new(438);
    let bob = world.add_person("Bob");
    world.devices[bob].accepts = false;
    let mut eve = Peer::new(1, "eve");
    let log = meet(&mut world, bob, &mut eve);
    let bobs = target(&mut world, bob);
    let package = claim(&mut world, bobs.account);
    let welcome = eve.found_in(STUCK, eve.identity(), &[package]);
    ask(&mut world, eve.creation(STUCK, bobs.address, &welcome)).unwrap();
    reconnect(&mut world, bob);
    let head = eve.log().head();
    let write = |world: &mut World, eve: &mut Peer, log, text: &str| {
        let payload = eve.text(log, text, &head);
        ask(world, eve.append(log, payload)).unwrap();
    };
    for number in 0..25 {
        write(&mut world, &mut eve, STUCK, &format!("text {number}"));
    }
    reconnect(&mut world, bob);
    let chat = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat).len(), 20);
    let refused: fn(&Request) -> bool =
        |request| matches!(request, Request::SubscribeLog(subscribe) if subscribe.log == STUCK);
    world.relay.refusal = Some((refused, RelayError::Internal));
    assert_eq!(world.ask(bob, Command::DeleteChat(chat)), Reply::Done);
    world.settle();
    write(&mut world, &mut eve, log, "after the deletion");
    reconnect(&mut world, bob);
    assert_eq!(world.texts(bob, chat), ["after the deletion"]);
    world.relay.refusal = None;
    reconnect(&mut world, bob);
    assert_eq!(world.texts(bob, chat), ["after the deletion"], "what stood there is deleted with the rest");
    write(&mut world, &mut eve, STUCK, "and this");
    reconnect(&mut world, bob);
    assert_eq!(world.texts(bob, chat), ["after the deletion", "and this"]);
}

/// Each stranger begins a log and says nothing. A person with the invite link still gets in, and so does a stranger once it is
/// clear that the others are silent.
#[test]
fn p10_silent_strangers_without_number_keep_nobody_out() {
    let mut world = World::new(439);
    let bob = world.add_person("Bob");
    world.devices[bob].accepts = false;
    for number in 0..300 {
        let mut eve = Peer::new(1_000 + number, &format!("eve{number}"));
        meet(&mut world, bob, &mut eve);
    }
    let link = world.devices[bob].account.as_ref().unwrap().invite.clone();
    let kim = world.add_person("Kim");
    let chat = world.start(kim, &link);
    world.send(kim, chat, "by your link");
    world.settle();
    assert_eq!(world.delivery(kim, chat), Delivery::Delivered, "whoever has the link comes in");
    let shown =
        |world: &World| world.devices[bob].conversations.values().filter(|it| it.last.is_some()).count();
    assert_eq!(shown(&world), 1);
    for (name, minutes) in [("Lea", 11), ("Mia", 2)] {
        world.pass(minutes * 60_000);
        world.settle();
        let before = shown(&world);
        let stranger = world.add_person(name);
        let chat = world.start(stranger, "bob");
        world.send(stranger, chat, "you do not know me");
        world.settle();
        assert_eq!(shown(&world), before + 1, "{name} asks for a chat");
        assert_eq!(world.delivery(stranger, chat), Delivery::Sent);
    }
}

//! Attacks by a member of a conversation who breaks the rules of MLS or of Parley.

use parley_engine::hostile::{Deed, Identity, Peer};
use parley_engine::view::{BodyView, Delivery};
use parley_protocol::frame::Request;
use parley_protocol::ids::{DeviceId, LogId, Seq};
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{ask, entries, meet, reconnect};

/// Ada, and Eve with whom she has a conversation.
fn ada_with_eve(seed: u64) -> (World, DeviceIndex, Peer, LogId) {
    let mut world = World::new(seed);
    let ada = world.add_person("Ada");
    let mut eve = Peer::new(seed, "eve");
    let log = meet(&mut world, ada, &mut eve);
    (world, ada, eve, log)
}

fn shown(world: &mut World, ada: DeviceIndex) -> Vec<String> {
    let chat = world.only_conversation(ada);
    world.texts(ada, chat)
}

const REJECTED: &str = "[Gap(Rejected)]";

/// Eve commits something and writes in the epoch after it.
fn commit(seed: u64, deed: impl FnOnce(&Peer) -> Deed) -> (World, DeviceIndex, Peer, LogId) {
    let (mut world, ada, mut eve, log) = ada_with_eve(seed);
    let deed = deed(&eve);
    let commit = eve.commit(log, &deed);
    ask(&mut world, commit).unwrap();
    let head = eve.log().head();
    let text = eve.text(log, "in the new epoch", &head);
    ask(&mut world, eve.append(log, text)).unwrap();
    reconnect(&mut world, ada);
    (world, ada, eve, log)
}

/// The device shows the commit as rejected, and Ada's next messages do not go to that group.
fn rejected(seed: u64, deed: impl FnOnce(&Peer) -> Deed) {
    let (mut world, ada, mut eve, log) = commit(seed, deed);
    assert_eq!(shown(&mut world, ada).first().map(String::as_str), Some(REJECTED));
    assert!(!shown(&mut world, ada).contains(&"in the new epoch".to_owned()));
    let before = entries(&mut world, log).len();
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "for Eve alone");
    world.settle();
    let all = entries(&mut world, log).clone();
    assert!(
        all.iter().skip(before).all(|entry| eve.read(log, &entry.payload).is_none()),
        "nothing readable went into the spoilt group"
    );
    assert!(world.is_online(ada));
}

#[test]
fn p3_a_member_may_replace_its_own_keys() {
    let (mut world, ada, ..) = commit(500, |_| Deed::Update);
    assert_eq!(shown(&mut world, ada), ["in the new epoch"]);
}

/// The commit says that the group era continues, but the committer tells the relay otherwise.
#[test]
fn p9_a_member_who_tells_the_relay_of_another_group_era_silences_nobody() {
    for (seed, lies) in [(508, false), (509, true)] {
        let (mut world, ada, mut eve, log) = ada_with_eve(seed);
        eve.let_group_eras_go_on();
        let mut request = eve.commit(log, &Deed::Update);
        if let Request::AppendCommit(commit) = &mut request
            && lies
        {
            commit.next_read = Some(commit.next_append);
        }
        world.asked_by_another(request);
        world.settle();
        let head = eve.log().head();
        let text = eve.text(log, "in the new epoch", &head);
        world.asked_by_another(eve.append(log, text));
        world.settle();
        // A member who gets no more pushes notices on the same connection: their next messages go elsewhere.
        let chat = world.only_conversation(ada);
        let before = world.relay.log_count();
        world.send(ada, chat, "and on");
        world.settle();
        let read = shown(&mut world, ada);
        assert_eq!(read.contains(&"in the new epoch".to_owned()), !lies, "{read:?}");
        let all = entries(&mut world, log).clone();
        let texts: Vec<String> = all.iter().filter_map(|entry| eve.read(log, &entry.payload)).collect();
        assert_eq!(texts.contains(&"and on".to_owned()), !lies, "{texts:?}");
        assert!(world.relay.log_count() >= before && world.is_online(ada));
    }
}

#[test]
fn p4_a_commit_that_adds_a_ghost_device_is_rejected() {
    rejected(501, |eve| {
        let ghost = Peer::new(9_001, "ghost");
        let identity =
            Identity { account: eve.log().account(), device: DeviceId([9; 16]), ..ghost.identity() };
        Deed::Add(ghost.key_package(identity))
    });
}

#[test]
fn p4_a_commit_that_adds_somebody_is_rejected() {
    rejected(502, |_| {
        let mallory = Peer::new(9_002, "mallory");
        Deed::Add(mallory.key_package(mallory.identity()))
    });
}

#[test]
fn p4_a_commit_that_removes_the_reader_is_rejected() {
    rejected(503, |_| Deed::RemoveOthers);
}

#[test]
fn p4_a_commit_that_changes_who_its_sender_is_is_rejected() {
    rejected(504, |eve| {
        let somebody = Peer::new(9_004, "bob").identity();
        Deed::Become(Identity { key: eve.identity().key, ..somebody })
    });
}

/// Otherwise the Welcome for a device linked later would be larger than the relay takes.
#[test]
fn p9_a_commit_with_a_bloated_leaf_is_rejected() {
    let (mut world, ada, ..) = commit(505, |_| Deed::Bloat(16));
    assert_eq!(shown(&mut world, ada), ["in the new epoch"]);
    rejected(506, |_| Deed::Bloat(2_000));
}

#[test]
fn p2_nonsense_inside_of_a_genuine_message_is_rejected() {
    let (mut world, ada, mut eve, log) = ada_with_eve(510);
    let zeros = vec![0; 90_000];
    let nonsense: [&[u8]; 6] = [b"", &[0], &[1], &[0xFF; 104], &[1; 64], &zeros];
    for bytes in nonsense {
        let sealed = eve.seal(log, bytes);
        ask(&mut world, eve.append(log, sealed)).unwrap();
    }
    let head = eve.log().head();
    for text in [String::new(), "x".repeat(64 * 1024 + 1), "and then this".to_owned()] {
        let sealed = eve.text(log, &text, &head);
        ask(&mut world, eve.append(log, sealed)).unwrap();
    }
    reconnect(&mut world, ada);
    let mut expected = vec![REJECTED; 8];
    expected.push("and then this");
    assert_eq!(shown(&mut world, ada), expected);
}

#[test]
fn p2_a_name_cannot_hide_or_be_endless() {
    let (mut world, ada, mut eve, log) = ada_with_eve(511);
    for name in ["\u{202E}\u{200B}", "", &"x".repeat(65), "A\u{202E}da\u{0000}\n"] {
        let sealed = eve.name(log, name);
        ask(&mut world, eve.append(log, sealed)).unwrap();
    }
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    assert_eq!(world.devices[ada].conversations[&chat].name, "Ada", "cleaned");
    assert_eq!(shown(&mut world, ada), [REJECTED; 3]);
}

#[test]
fn p2_a_message_cannot_take_the_id_of_another() {
    let (mut world, ada, mut eve, log) = ada_with_eve(512);
    let head = eve.log().head();
    let chat = world.only_conversation(ada);
    world.send(ada, chat, "written by Ada");
    world.settle();
    for entry in entries(&mut world, log).clone() {
        eve.read(log, &entry.payload);
    }
    let own = world.history(ada, chat)[0].id;
    for text in ["instead of it", "and instead of that"] {
        let sealed = eve.text_with_id(log, text, &head, own);
        ask(&mut world, eve.append(log, sealed)).unwrap();
    }
    reconnect(&mut world, ada);
    let history = world.history(ada, chat);
    assert_eq!(history[0].body, BodyView::Text("written by Ada".into()));
    assert!(history[0].outgoing.is_some(), "still Ada's");
    // A message under a used id is shown beside the first or not at all.
    assert!(history[1..].iter().all(|message| message.outgoing.is_none()));
    let ids: std::collections::BTreeSet<_> = history.iter().map(|message| message.id).collect();
    assert_eq!(ids.len(), history.len(), "a view replaces what has the same id");
}

#[test]
fn p2_a_receipt_cannot_speak_of_what_was_not_sent() {
    let (mut world, ada, mut eve, log) = ada_with_eve(513);
    let chat = world.only_conversation(ada);
    let sealed = eve.receipt(log, Seq(u64::MAX), Seq(u64::MAX));
    ask(&mut world, eve.append(log, sealed)).unwrap();
    reconnect(&mut world, ada);
    world.send(ada, chat, "nobody has this yet");
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Sent);
}

#[test]
fn p4_a_contact_gives_up_no_log_of_another() {
    let (mut world, ada, mut eve, log) = ada_with_eve(530);
    let bob = world.add_person("Bob");
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let theirs = world.relay.log_ids().into_iter().find(|id| *id != log).expect("a log with Bob");
    let logs = world.relay.log_count();
    let wish = eve.resync(log, theirs, Seq(0));
    ask(&mut world, eve.append(log, wish)).unwrap();
    reconnect(&mut world, ada);
    world.send(ada, chat, "as before");
    world.settle();
    assert_eq!(world.relay.log_count(), logs, "nothing was begun anew");
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["hello", "as before"]);
}

//! Strangers who write what contacts are answered for.

use parley_engine::hostile::{Deed, Peer};
use parley_engine::view::Consent;
use parley_protocol::ids::{Era, LogId, Seq, UnixMillis};
use parley_tests::sim::World;

use super::enemy::{ask, entries, meet, reconnect};

/// Everything that leads to an answer between people who know each other: texts, receipts, requests to send again, a log given
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
        eve.repair(log, log, Seq(0)),
        eve.repair(log, LogId([0; 16]), Seq(0)),
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

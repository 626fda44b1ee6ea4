//! Waiting messages say why they wait, as far as the relay has said so, and go on by themselves; a device that is told nothing
//! finds out.

use std::cell::Cell;
use std::rc::Rc;

use parley_engine::io::StorageFailure;
use parley_engine::view::{Connection, Delivery, Outage, WaitReason};
use parley_protocol::bounded::List;
use parley_protocol::frame::{Answer, ClosingReason, RelayError, Request, ServerFrame};
use parley_tests::sim::{Refusal, World};

use crate::devices::pair;

const MESSAGE: fn(&Request) -> bool = |request| matches!(request, Request::AppendMessages(_));
const LOG: fn(&Request) -> bool = |request| matches!(request, Request::CreateLog(_));
const CLAIM: fn(&Request) -> bool = |request| matches!(request, Request::ClaimKeyPackages(_));
const DEVICES: fn(&Request) -> bool = |request| matches!(request, Request::FetchDeviceLogs(_));
const LATER: RelayError = RelayError::RateLimited { retry_after_ms: 5_000 };

fn wait(world: &mut World, seconds: u64) {
    for _ in 0..seconds {
        world.pass(1_000);
    }
}

/// Ada writes the first message of a chat under this refusal. The message arrives once the refusal ends. Returns the reason
/// shown meanwhile.
fn first_message(seed: u64, refusal: Refusal) -> Option<WaitReason> {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.relay.refusal = Some(refusal);
    world.send(ada, chat, "hello");
    wait(&mut world, 10);
    let reason = world.devices[ada].conversations[&chat].waiting;
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    assert!(world.is_online(ada), "it is not the connection");
    world.relay.refusal = None;
    wait(&mut world, 70);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{refusal:?}");
    assert_eq!(world.devices[ada].conversations[&chat].waiting, None, "{refusal:?}");
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["hello"]);
    reason
}

#[test]
fn p9_the_first_message_of_a_chat_says_why_it_waits() {
    for (refusal, reason) in [
        ((LOG, RelayError::QuotaExceeded), WaitReason::InboxFull),
        ((LOG, RelayError::StorageFull), WaitReason::RelayFull),
        ((LOG, RelayError::Internal), WaitReason::RelayFailing),
        ((CLAIM, LATER), WaitReason::TooMany),
        ((CLAIM, RelayError::StorageFull), WaitReason::RelayFull),
        ((DEVICES, LATER), WaitReason::TooMany),
        ((MESSAGE, RelayError::StorageFull), WaitReason::RelayFull),
    ] {
        assert_eq!(first_message(460, refusal), Some(reason), "{refusal:?}");
    }
}

/// A full inbox does not cause another group: each would use up one more of the other's KeyPackages.
#[test]
fn p10_a_full_inbox_uses_up_no_key_packages() {
    let mut world = World::new(461);
    let (ada, _) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    let claims = Rc::new(Cell::new(0));
    let count = Rc::clone(&claims);
    world.relay.lie(move |_, request, _| count.set(count.get() + u32::from(CLAIM(request))));
    world.relay.refusal = Some((LOG, RelayError::QuotaExceeded));
    world.send(ada, chat, "hello");
    wait(&mut world, 300);
    assert_eq!(claims.get(), 1);
}

#[test]
fn p9_a_later_message_says_why_it_waits_and_is_not_given_up() {
    for (error, reason) in [
        (RelayError::QuotaExceeded, WaitReason::ChatFull),
        (RelayError::StorageFull, WaitReason::RelayFull),
        (RelayError::Internal, WaitReason::RelayFailing),
        (LATER, WaitReason::TooMany),
    ] {
        let (mut world, ada, bob, chat, chat_b) = pair();
        world.relay.refusal = Some((MESSAGE, error));
        world.send(ada, chat, "waits");
        wait(&mut world, 10);
        assert_eq!(world.delivery(ada, chat), Delivery::Waiting, "{error:?}");
        assert_eq!(world.devices[ada].conversations[&chat].waiting, Some(reason));
        // The knowledge about the relay ends with the connection.
        world.disconnect(ada);
        assert_eq!(world.devices[ada].conversations[&chat].waiting, None);
        world.connect(ada);
        wait(&mut world, 10);
        assert_eq!(world.devices[ada].conversations[&chat].waiting, Some(reason));
        world.relay.refusal = None;
        wait(&mut world, 70);
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{error:?}");
        assert_eq!(world.devices[ada].conversations[&chat].waiting, None);
        assert_eq!(world.texts(bob, chat_b), ["before", ">answer", "waits"]);
    }
}

/// A short pause is over before anybody could read about it.
#[test]
fn a_short_pause_of_the_relay_is_not_told() {
    let (mut world, ada, _, chat, _) = pair();
    world.relay.refusal = Some((MESSAGE, RelayError::RateLimited { retry_after_ms: 200 }));
    world.send(ada, chat, "waits");
    wait(&mut world, 2);
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    assert_eq!(world.devices[ada].conversations[&chat].waiting, None);
}

#[test]
fn p9_who_has_no_device_that_can_be_reached_is_named_as_the_reason() {
    let mut world = World::new(462);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    let none = Rc::new(Cell::new(true));
    let is_none = Rc::clone(&none);
    world.relay.lie(move |_, _, told| {
        for (_, frame) in told.iter_mut().filter(|_| is_none.get()) {
            if let ServerFrame::Answer { result: Ok(Answer::KeyPackages(packages)), .. } = frame {
                *packages = List::default();
            }
        }
    });
    world.send(ada, chat, "hello");
    wait(&mut world, 5);
    assert_eq!(world.devices[ada].conversations[&chat].waiting, Some(WaitReason::NoDevice));
    none.set(false);
    wait(&mut world, 70);
    assert_eq!(world.devices[ada].conversations[&chat].waiting, None);
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["hello"]);
}

fn outage(world: &World, device: usize) -> Option<Outage> {
    match world.devices[device].connection {
        Connection::Offline { why, .. } => Some(why),
        _ => None,
    }
}

/// The relay takes no more connections, and says so on one.
#[test]
fn p9_a_relay_that_is_full_of_connections_is_told_from_none_at_all() {
    let (mut world, ada, _, chat, _) = pair();
    world.disconnect(ada);
    assert_eq!(outage(&world, ada), Some(Outage::Unreachable));
    let full = Rc::new(Cell::new(true));
    let is_full = Rc::clone(&full);
    world.relay.lie(move |from, request, told| {
        if *request == Request::Hello && is_full.get() {
            told.clear();
            told.push((from, ServerFrame::Closing(ClosingReason::Full { retry_after_ms: 20_000 })));
        }
    });
    world.send(ada, chat, "waits");
    world.connect(ada);
    world.run();
    assert_eq!(outage(&world, ada), Some(Outage::Busy));
    full.set(false);
    wait(&mut world, 30);
    assert_eq!(world.delivery(ada, chat), Delivery::Delivered);
    world.disconnect(ada);
    assert_eq!(outage(&world, ada), Some(Outage::Unreachable), "what it said then says nothing of now");
}

#[test]
fn p9_a_relay_at_which_a_device_cannot_check_in_is_told_from_none_at_all() {
    let swap_stamp: fn(&Request) -> bool = |request| matches!(request, Request::SwapStamp(_));
    for (error, why) in [
        (RelayError::StorageFull, Outage::Full),
        (RelayError::Internal, Outage::Failing),
        (LATER, Outage::Busy),
    ] {
        let (mut world, ada, _, chat, _) = pair();
        world.disconnect(ada);
        world.relay.refusal = Some((swap_stamp, error));
        world.send(ada, chat, "waits");
        world.connect(ada);
        world.run();
        assert_eq!(outage(&world, ada), Some(why), "{error:?}");
        world.relay.refusal = None;
        wait(&mut world, 30);
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{error:?}");
    }
}

/// A host that probes the connection asks once, also while nothing can be written.
#[test]
fn a_probe_is_one_question_and_waits_for_no_disk() {
    let (mut world, ada, _, _, _) = pair();
    let pings = Rc::new(Cell::new(0));
    let count = Rc::clone(&pings);
    world.relay.lie(move |_, request, told| {
        if *request == Request::Ping {
            count.set(count.get() + 1);
            // The first request is never answered.
            told.retain(|_| count.get() > 1);
        }
    });
    world.devices[ada].disk.failure = Some(StorageFailure::Full);
    world.probe(ada);
    world.probe(ada);
    world.run();
    assert_eq!(pings.get(), 1);
    world.devices[ada].disk.failure = None;
    world.connect(ada);
    world.run();
    world.probe(ada);
    world.run();
    world.probe(ada);
    world.run();
    assert_eq!(pings.get(), 3, "what was answered can be asked again");
    assert!(world.is_online(ada));
    world.disconnect(ada);
    world.probe(ada);
    world.run();
    assert_eq!(pings.get(), 3);
}

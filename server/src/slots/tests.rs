use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use futures_util::FutureExt as _;
use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{OpenSlot, Push, RelayError, ServerFrame, SlotState, WriteSlot};
use parley_protocol::ids::SlotId;
use tokio::sync::watch;

use super::table::MAX_VALUES;
use super::{Bounds, Party, PartyId, Slots, Table};
use crate::connection::{Next, Outbox, OutboxLimits};

const ONE: SlotId = SlotId([1; 16]);
const TWO: SlotId = SlotId([2; 16]);
const THREE: SlotId = SlotId([3; 16]);
const LIFETIME: Duration = Duration::from_mins(2);
const BOUNDS: Bounds = Bounds { slots: 100, per_connection: 2, lifetime: LIFETIME };

fn party(id: u64) -> Party {
    let limits = OutboxLimits { frames: 10, bytes: 1000 };
    Party { id: PartyId(id), outbox: Arc::new(Outbox::new(limits)) }
}

fn state(version: u32, value: &[u8]) -> SlotState {
    SlotState { version, value: Bytes::new(value.to_vec()).unwrap() }
}

fn opening(slot: SlotId) -> OpenSlot {
    OpenSlot { slot, value: Bytes::new(b"first".to_vec()).unwrap() }
}

fn writing(after: u32, value: &[u8]) -> WriteSlot {
    WriteSlot { slot: ONE, after, value: Bytes::new(value.to_vec()).unwrap() }
}

/// The pushes that a party received since the last look.
fn heard(party: &Party) -> Vec<(SlotId, Option<SlotState>)> {
    let mut all = Vec::new();
    while let Some(Next::Send(Message::Binary(bytes))) = party.outbox.next().now_or_never() {
        match ServerFrame::decode(&bytes) {
            Ok(ServerFrame::Push(Push::Slot { slot, state })) => all.push((slot, state)),
            other => panic!("{other:?}"),
        }
    }
    all
}

/// A slot with two ends.
fn met(now: Instant) -> (Table, Party, Party) {
    let mut table = Table::new(BOUNDS);
    let (ada, bob) = (party(1), party(2));
    assert_eq!(table.open(&ada, opening(ONE), now), Ok(state(1, b"first")));
    table.join(&bob, ONE).unwrap();
    (table, ada, bob)
}

#[test]
fn a_write_is_told_to_the_other_end_only() {
    let (mut table, ada, bob) = met(Instant::now());
    assert_eq!(table.read(bob.id, &ONE), Ok(state(1, b"first")));
    assert_eq!(table.write(bob.id, writing(1, b"b")), Ok(state(2, b"b")));
    assert_eq!(table.write(ada.id, writing(2, b"a")), Ok(state(3, b"a")));
    assert_eq!(heard(&ada), [(ONE, Some(state(2, b"b")))]);
    assert_eq!(heard(&bob), [(ONE, Some(state(3, b"a")))]);
    assert_eq!(table.read(ada.id, &ONE), Ok(state(3, b"a")));
}

#[test]
fn a_write_after_another_value_changes_nothing() {
    let (mut table, ada, bob) = met(Instant::now());
    for after in [0, 2, u32::MAX] {
        assert_eq!(table.write(bob.id, writing(after, b"b")), Err(RelayError::SlotConflict));
    }
    assert_eq!(table.read(ada.id, &ONE), Ok(state(1, b"first")));
    assert_eq!(heard(&ada), []);
}

#[test]
fn a_retry_is_answered_as_the_first_time_and_told_once() {
    let (mut table, ada, bob) = met(Instant::now());
    table.write(bob.id, writing(1, b"b")).unwrap();
    assert_eq!(table.write(bob.id, writing(1, b"b")), Ok(state(2, b"b")));
    table.write(ada.id, writing(2, b"a")).unwrap();
    assert_eq!(table.write(bob.id, writing(1, b"b")), Ok(state(2, b"b")));
    // Another value, or another end, is not a retry.
    assert_eq!(table.write(bob.id, writing(1, b"c")), Err(RelayError::SlotConflict));
    assert_eq!(table.write(ada.id, writing(1, b"b")), Err(RelayError::SlotConflict));
    assert_eq!(heard(&ada), [(ONE, Some(state(2, b"b")))]);
    assert_eq!(table.read(bob.id, &ONE), Ok(state(3, b"a")));
}

#[test]
fn a_third_party_finds_nothing() {
    let (mut table, _, _) = met(Instant::now());
    let eve = party(3);
    assert_eq!(table.join(&eve, ONE), Err(RelayError::UnknownSlot));
    assert_eq!(table.write(eve.id, writing(1, b"e")), Err(RelayError::UnknownSlot));
    assert_eq!(table.read(eve.id, &ONE), Err(RelayError::UnknownSlot));
    assert_eq!(table.close(eve.id, &ONE, Instant::now()), Err(RelayError::UnknownSlot));
    assert_eq!(table.open(&eve, opening(ONE), Instant::now()), Err(RelayError::SlotTaken));
}

#[test]
fn whoever_ends_a_slot_the_other_end_is_told_and_nothing_stays() {
    for closer_is_opener in [true, false] {
        for leaves in [true, false] {
            let now = Instant::now();
            let (mut table, ada, bob) = met(now);
            let (closer, left) = if closer_is_opener { (&ada, &bob) } else { (&bob, &ada) };
            if leaves {
                table.leave(closer.id, now);
            } else {
                table.close(closer.id, &ONE, now).unwrap();
            }
            assert_eq!(heard(left), [(ONE, None)]);
            assert_eq!(heard(closer), []);
            assert!(table.is_empty());
            assert_eq!(table.write(left.id, writing(1, b"x")), Err(RelayError::UnknownSlot));
        }
    }
}

#[test]
fn a_party_that_leaves_ends_its_slots_and_no_others() {
    let now = Instant::now();
    let (mut table, ada, bob) = met(now);
    table.open(&bob, opening(TWO), now).unwrap();
    let eve = party(3);
    table.open(&eve, opening(THREE), now).unwrap();
    table.leave(bob.id, now);
    table.leave(bob.id, now);
    assert_eq!(heard(&ada), [(ONE, None)]);
    assert_eq!(table.read(eve.id, &THREE), Ok(state(1, b"first")));
    table.leave(eve.id, now);
    assert!(table.is_empty());
}

#[test]
fn a_slot_ends_when_its_time_is_over_and_not_before() {
    let start = Instant::now();
    let second = start + Duration::from_secs(1);
    let (mut table, ada, bob) = met(start);
    table.open(&ada, opening(TWO), second).unwrap();
    assert_eq!(table.next_end(), Some(start + LIFETIME));
    table.expire(start + Duration::from_millis(119_999));
    assert_eq!(heard(&bob), []);
    table.expire(start + LIFETIME);
    assert_eq!((heard(&ada), heard(&bob)), (vec![(ONE, None)], vec![(ONE, None)]));
    assert_eq!(table.next_end(), Some(second + LIFETIME));
    table.expire(second + LIFETIME);
    assert_eq!(heard(&ada), [(TWO, None)]);
    assert!(table.is_empty());
}

#[test]
fn p4_an_id_is_used_again_a_whole_life_after_its_slot_ended_and_not_before() {
    let start = Instant::now();
    let ended = start + Duration::from_mins(1);
    let (mut table, ada, bob) = met(start);
    table.close(ada.id, &ONE, ended).unwrap();
    for (when, expected) in [
        (ended, Err(RelayError::SlotTaken)),
        (start + LIFETIME, Err(RelayError::SlotTaken)),
        (ended + LIFETIME.saturating_sub(Duration::from_millis(1)), Err(RelayError::SlotTaken)),
        (ended + LIFETIME, Ok(state(1, b"first"))),
    ] {
        table.expire(when);
        assert_eq!(table.open(&bob, opening(ONE), when), expected);
    }
    table.expire(ended + LIFETIME + LIFETIME);
    assert!(table.is_empty());
    table.expire(ended + LIFETIME + LIFETIME + LIFETIME);
    assert_eq!(table.next_look(), None, "nothing is kept for ever");
}

#[test]
fn so_many_ids_of_slots_that_ended_are_known_and_the_oldest_is_forgotten_first() {
    let now = Instant::now();
    let mut table = Table::new(Bounds { slots: 2, ..BOUNDS });
    let ada = party(1);
    for slot in [ONE, TWO, THREE] {
        table.open(&ada, opening(slot), now).unwrap();
        table.close(ada.id, &slot, now).unwrap();
    }
    assert_eq!(table.open(&ada, opening(THREE), now), Err(RelayError::SlotTaken));
    assert_eq!(table.open(&ada, opening(TWO), now), Err(RelayError::SlotTaken));
    assert_eq!(table.open(&ada, opening(ONE), now), Ok(state(1, b"first")));
}

#[test]
fn a_party_is_an_end_of_so_many_slots_and_learns_nothing_of_more() {
    let now = Instant::now();
    let (mut table, ada, _) = met(now);
    table.open(&ada, opening(TWO), now).unwrap();
    table.open(&party(3), opening(THREE), now).unwrap();
    let quota = RelayError::QuotaExceeded;
    assert_eq!(table.open(&ada, opening(SlotId([4; 16])), now), Err(quota));
    assert_eq!(table.open(&ada, opening(THREE), now), Err(quota));
    // An existing slot, and a missing one.
    assert_eq!(table.join(&ada, THREE), Err(quota));
    assert_eq!(table.join(&ada, SlotId([4; 16])), Err(quota));
    table.close(ada.id, &ONE, now).unwrap();
    assert_eq!(table.join(&ada, THREE), Ok(()));
}

#[test]
fn a_full_relay_says_when_there_is_room() {
    let start = Instant::now();
    let mut table = Table::new(Bounds { slots: 1, ..BOUNDS });
    table.open(&party(1), opening(ONE), start).unwrap();
    let later = start + Duration::from_mins(1);
    let refused = table.open(&party(2), opening(TWO), later);
    assert_eq!(refused, Err(RelayError::RateLimited { retry_after_ms: 60_001 }));
    assert_eq!(table.open(&party(2), opening(ONE), later), Err(RelayError::SlotTaken));
    table.expire(later + Duration::from_millis(60_001));
    table.open(&party(2), opening(TWO), later).unwrap();
}

#[test]
fn a_slot_takes_so_many_values() {
    let (mut table, ada, bob) = met(Instant::now());
    for after in 1..MAX_VALUES {
        table.write(bob.id, writing(after, b"b")).unwrap();
    }
    assert_eq!(table.write(ada.id, writing(MAX_VALUES, b"a")), Err(RelayError::QuotaExceeded));
    assert_eq!(table.write(bob.id, writing(MAX_VALUES - 1, b"b")), Ok(state(MAX_VALUES, b"b")));
    assert_eq!(u32::try_from(heard(&ada).len()), Ok(MAX_VALUES - 1));
}

#[tokio::test]
async fn a_slot_ends_also_when_nobody_asks() {
    // A slot with a lifetime of zero is over at the next look.
    let slots = Arc::new(Slots::new(Bounds { lifetime: Duration::ZERO, ..BOUNDS }));
    let (close, closing) = watch::channel(false);
    let job = tokio::spawn({
        let slots = Arc::clone(&slots);
        async move { slots.expire(closing).await }
    });
    for id in 1..3 {
        let ada = Party { id: slots.party(), ..party(id) };
        slots.change(|table, now| table.open(&ada, opening(ONE), now)).unwrap();
        let Next::Send(Message::Binary(bytes)) = ada.outbox.next().await else { panic!("an end?") };
        let gone = ServerFrame::Push(Push::Slot { slot: ONE, state: None });
        assert_eq!(ServerFrame::decode(&bytes), Ok(gone));
    }
    close.send(true).unwrap();
    job.await.unwrap();
}

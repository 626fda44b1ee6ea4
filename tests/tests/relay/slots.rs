//! Rendezvous slots: two connections talk, all others find nothing, and the relay keeps nothing.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use parley_protocol::codec::VERSION;
use parley_protocol::frame::{
    Answer, ClosingReason, OpenSlot, Push, RelayError, Request, ServerFrame, SlotState, WriteSlot,
};
use parley_protocol::ids::{Epoch, LogId, SlotId};
use parley_protocol::limits::MAX_SLOT;
use parley_tests::relay_client::{Incoming, RelayClient, bytes, capability};
use parley_tests::relay_process::RelayProcess;
use parley_tests::unique;

const UNKNOWN: Result<Answer, RelayError> = Err(RelayError::UnknownSlot);
const CONFLICT: Result<Answer, RelayError> = Err(RelayError::SlotConflict);
const TAKEN: Result<Answer, RelayError> = Err(RelayError::SlotTaken);
const QUOTA: Result<Answer, RelayError> = Err(RelayError::QuotaExceeded);
/// Another address of this machine.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn open(slot: SlotId) -> Request {
    Request::OpenSlot(OpenSlot { slot, value: bytes(b"first") })
}

fn write(slot: SlotId, after: u32, value: &[u8]) -> Request {
    Request::WriteSlot(WriteSlot { slot, after, value: bytes(value) })
}

fn state(version: u32, value: &[u8]) -> SlotState {
    SlotState { version, value: bytes(value) }
}

fn holds(version: u32, value: &[u8]) -> Answer {
    Answer::Slot(state(version, value))
}

const fn is_rate_limited(answer: &Result<Answer, RelayError>) -> bool {
    matches!(answer, Err(RelayError::RateLimited { retry_after_ms: 1.. }))
}

/// The next push to an end about its slot.
async fn told(client: &mut RelayClient, slot: SlotId) -> Option<SlotState> {
    match client.push().await {
        Push::Slot { slot: of, state } if of == slot => state,
        other => panic!("instead of the slot came {other:?}"),
    }
}

/// Asserts that no push came before the answer to a ping: the relay queues pushes before it reads on.
async fn assert_told_nothing(client: &mut RelayClient) {
    client.assert_no_push(std::time::Duration::ZERO).await;
}

/// A slot with two ends.
async fn met(relay: &RelayProcess) -> (SlotId, RelayClient, RelayClient) {
    let slot = SlotId(unique());
    let mut opener = RelayClient::connect(relay.address()).await;
    let mut other = RelayClient::connect(relay.address()).await;
    assert_eq!(opener.call(open(slot)).await, Ok(holds(1, b"first")));
    assert_eq!(other.call(Request::WatchSlot(slot)).await, Ok(holds(1, b"first")));
    (slot, opener, other)
}

#[tokio::test]
async fn two_ends_talk_and_hear_each_other() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    assert_eq!(other.call(write(slot, 1, b"hello")).await, Ok(holds(2, b"hello")));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"hello")));
    // An end may write twice in a row, and the empty value is a value.
    assert_eq!(opener.call(write(slot, 2, b"")).await, Ok(holds(3, b"")));
    assert_eq!(opener.call(write(slot, 3, b"again")).await, Ok(holds(4, b"again")));
    assert_eq!(told(&mut other, slot).await, Some(state(3, b"")));
    assert_eq!(told(&mut other, slot).await, Some(state(4, b"again")));
    for end in [&mut opener, &mut other] {
        assert_eq!(end.call(Request::WatchSlot(slot)).await, Ok(holds(4, b"again")));
        assert_told_nothing(end).await;
    }
}

#[tokio::test]
async fn the_second_end_may_begin_with_a_write_also_with_one_that_is_refused() {
    let relay = RelayProcess::start(&[]);
    for (after, expected) in [(1, Ok(holds(2, b"hello"))), (0, CONFLICT), (7, CONFLICT)] {
        let slot = SlotId(unique());
        let mut opener = RelayClient::connect(relay.address()).await;
        let mut other = RelayClient::connect(relay.address()).await;
        opener.call(open(slot)).await.unwrap();
        assert_eq!(other.call(write(slot, after, b"hello")).await, expected);
        let mut third = RelayClient::connect(relay.address()).await;
        assert_eq!(third.call(Request::WatchSlot(slot)).await, UNKNOWN);
        assert!(other.call(Request::WatchSlot(slot)).await.is_ok());
    }
}

#[tokio::test]
async fn a_third_connection_finds_no_slot() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    let mut third = RelayClient::connect(relay.address()).await;
    assert_eq!(third.call(Request::WatchSlot(slot)).await, UNKNOWN);
    assert_eq!(third.call(write(slot, 1, b"me too")).await, UNKNOWN);
    assert_eq!(third.call(Request::CloseSlot(slot)).await, UNKNOWN);
    assert_eq!(third.call(open(slot)).await, Err(RelayError::SlotTaken));
    assert_told_nothing(&mut opener).await;
    // Nobody else hears what the two say.
    assert_eq!(other.call(write(slot, 1, b"hello")).await, Ok(holds(2, b"hello")));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"hello")));
    assert_told_nothing(&mut third).await;
}

#[tokio::test]
async fn somebody_who_is_no_end_cannot_close_an_open_slot() {
    let relay = RelayProcess::start(&[]);
    let slot = SlotId(unique());
    let mut opener = RelayClient::connect(relay.address()).await;
    let mut stranger = RelayClient::connect(relay.address()).await;
    opener.call(open(slot)).await.unwrap();
    assert_eq!(stranger.call(Request::CloseSlot(slot)).await, UNKNOWN);
    let mut other = RelayClient::connect(relay.address()).await;
    assert_eq!(other.call(Request::WatchSlot(slot)).await, Ok(holds(1, b"first")));
}

#[tokio::test]
async fn a_write_is_taken_only_after_the_last_value() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    for after in [0, 2, u32::MAX] {
        assert_eq!(other.call(write(slot, after, b"no")).await, CONFLICT);
    }
    assert_eq!(other.call(write(slot, 1, b"mine")).await, Ok(holds(2, b"mine")));
    assert_eq!(opener.call(write(slot, 1, b"late")).await, CONFLICT);
    assert_eq!(opener.call(Request::WatchSlot(slot)).await, Ok(holds(2, b"mine")));
    assert_told_nothing(&mut other).await;
}

#[tokio::test]
async fn a_write_sent_again_is_answered_as_the_first_time() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    for _ in 0..2 {
        assert_eq!(other.call(write(slot, 1, b"once")).await, Ok(holds(2, b"once")));
    }
    assert_eq!(opener.call(write(slot, 2, b"reply")).await, Ok(holds(3, b"reply")));
    assert_eq!(other.call(write(slot, 1, b"once")).await, Ok(holds(2, b"once")));
    // The same value from the other end, or another value, is a different write.
    assert_eq!(opener.call(write(slot, 1, b"once")).await, CONFLICT);
    assert_eq!(other.call(write(slot, 1, b"twice")).await, CONFLICT);
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"once")));
    assert_told_nothing(&mut opener).await;
    assert_eq!(opener.call(Request::WatchSlot(slot)).await, Ok(holds(3, b"reply")));
}

/// Writes after each answer, until the slot is full. Returns the versions that it saw, its own and the other's.
async fn write_until_full(mut client: RelayClient, slot: SlotId) -> Vec<u32> {
    let mut seen = vec![1];
    let mut after = 0;
    loop {
        let last = *seen.last().unwrap();
        assert!(last > after, "a conflict with a value that was not told before");
        after = last;
        client.send(write(slot, after, &unique::<16>())).await;
        loop {
            match client.incoming().await {
                Incoming::Frame(ServerFrame::Push(Push::Slot { state: Some(state), .. })) => {
                    seen.push(state.version);
                }
                Incoming::Frame(ServerFrame::Answer { result: Ok(Answer::Slot(state)), .. }) => {
                    seen.push(state.version);
                    break;
                }
                Incoming::Frame(ServerFrame::Answer { result: CONFLICT, .. }) => break,
                // The slot is full; or the other end learned that first, and left.
                Incoming::Frame(
                    ServerFrame::Answer { result: QUOTA, .. }
                    | ServerFrame::Push(Push::Slot { state: None, .. }),
                ) => return seen,
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_see_every_value_in_one_order_until_the_slot_is_full() {
    let relay = RelayProcess::start(&[]);
    let (slot, opener, other) = met(&relay).await;
    let first = tokio::spawn(write_until_full(opener, slot));
    let second = tokio::spawn(write_until_full(other, slot));
    let expected: Vec<u32> = (1..=64).collect();
    assert_eq!(first.await.unwrap(), expected);
    assert_eq!(second.await.unwrap(), expected);
}

#[tokio::test]
async fn a_slot_ends_when_its_time_is_over_whatever_was_written() {
    let relay = RelayProcess::start(&["--slot-lifetime-ms", "3000"]);
    let (slot, mut opener, mut other) = met(&relay).await;
    let mut alone = RelayClient::connect(relay.address()).await;
    alone.call(open(SlotId([9; 16]))).await.unwrap();
    assert_eq!(other.call(write(slot, 1, b"hello")).await, Ok(holds(2, b"hello")));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"hello")));
    // Nobody asks, and all are told.
    assert_eq!(told(&mut opener, slot).await, None);
    assert_eq!(told(&mut other, slot).await, None);
    assert_eq!(told(&mut alone, SlotId([9; 16])).await, None);
    for end in [&mut opener, &mut other] {
        assert_eq!(end.call(write(slot, 2, b"late")).await, UNKNOWN);
        assert_eq!(end.call(Request::WatchSlot(slot)).await, UNKNOWN);
        assert_told_nothing(end).await;
    }
    // An old code is useless to an attacker who waits for somebody to type it.
    assert_eq!(other.call(open(slot)).await, TAKEN);
}

/// An attacker who guessed at the end that shows a code must not get another guess at the end that types it.
#[tokio::test]
async fn p4_a_slot_that_ended_is_not_opened_again_while_its_code_may_be_typed() {
    let relay = RelayProcess::start(&["--slot-lifetime-ms", "3000"]);
    let (slot, mut opener, mut guesses) = met(&relay).await;
    assert_eq!(guesses.call(write(slot, 1, b"a wrong guess")).await, Ok(holds(2, b"a wrong guess")));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"a wrong guess")));
    assert_eq!(opener.call(Request::CloseSlot(slot)).await, Ok(Answer::Done));
    assert_eq!(told(&mut guesses, slot).await, None);
    assert_eq!(guesses.call(open(slot)).await, TAKEN);
    drop(guesses);
    let mut elsewhere = RelayClient::connect_from(ELSEWHERE, relay.address()).await;
    assert_eq!(elsewhere.call(open(slot)).await, TAKEN);
    let mut reader = RelayClient::connect(relay.address()).await;
    assert_eq!(reader.call(Request::WatchSlot(slot)).await, UNKNOWN, "it has ended for who reads the code");
    // The relay does not keep the id for ever.
    tokio::time::sleep(std::time::Duration::from_millis(3_100)).await;
    assert_eq!(reader.call(open(slot)).await, Ok(holds(1, b"first")));
}

#[tokio::test]
async fn either_end_closes_a_slot_and_the_other_is_told() {
    let relay = RelayProcess::start(&[]);
    for opener_closes in [true, false] {
        let (slot, opener, other) = met(&relay).await;
        let (mut closing, mut left) = if opener_closes { (opener, other) } else { (other, opener) };
        assert_eq!(closing.call(Request::CloseSlot(slot)).await, Ok(Answer::Done));
        assert_eq!(told(&mut left, slot).await, None);
        assert_told_nothing(&mut closing).await;
        assert_eq!(left.call(Request::WatchSlot(slot)).await, UNKNOWN);
        assert_eq!(closing.call(Request::CloseSlot(slot)).await, UNKNOWN);
        // Nobody gets the id again, not even a former end of the slot.
        for end in [&mut left, &mut closing] {
            assert_eq!(end.call(open(slot)).await, TAKEN);
        }
    }
}

#[tokio::test]
async fn a_slot_ends_with_the_connection_of_either_end() {
    let relay = RelayProcess::start(&[]);
    for opener_goes in [true, false] {
        let (slot, opener, other) = met(&relay).await;
        let (going, mut left) = if opener_goes { (opener, other) } else { (other, opener) };
        drop(going);
        assert_eq!(told(&mut left, slot).await, None);
        assert_eq!(left.call(write(slot, 1, b"anybody?")).await, UNKNOWN);
        // A new connection does not replace the one that is gone.
        let mut again = RelayClient::connect(relay.address()).await;
        assert_eq!(again.call(Request::WatchSlot(slot)).await, UNKNOWN);
    }
}

#[tokio::test]
async fn a_connection_is_an_end_of_four_slots_and_learns_nothing_of_more() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect(relay.address()).await;
    let mine: Vec<SlotId> = (0..4).map(|_| SlotId(unique())).collect();
    for slot in &mine {
        assert_eq!(client.call(open(*slot)).await, Ok(holds(1, b"first")));
    }
    let (theirs, nobodys) = (SlotId(unique()), SlotId(unique()));
    let mut other = RelayClient::connect(relay.address()).await;
    other.call(open(theirs)).await.unwrap();
    for slot in [theirs, nobodys] {
        assert_eq!(client.call(open(slot)).await, QUOTA);
        assert_eq!(client.call(Request::WatchSlot(slot)).await, QUOTA);
        assert_eq!(client.call(write(slot, 1, b"x")).await, QUOTA);
    }
    assert_eq!(client.call(Request::CloseSlot(mine[0])).await, Ok(Answer::Done));
    assert_eq!(client.call(Request::WatchSlot(theirs)).await, Ok(holds(1, b"first")));
}

#[tokio::test]
async fn a_relay_that_is_full_of_slots_says_when_to_come_back() {
    let relay = RelayProcess::start(&["--slots", "2"]);
    let mut client = RelayClient::connect(relay.address()).await;
    let slot = SlotId(unique());
    client.call(open(slot)).await.unwrap();
    client.call(open(SlotId(unique()))).await.unwrap();
    let mut other = RelayClient::connect(relay.address()).await;
    let refused = other.call(open(SlotId(unique()))).await;
    assert!(is_rate_limited(&refused), "{refused:?}");
    client.call(Request::CloseSlot(slot)).await.unwrap();
    assert_eq!(other.call(open(SlotId(unique()))).await, Ok(holds(1, b"first")));
}

#[tokio::test]
async fn openings_from_one_address_are_limited_over_all_its_connections() {
    let relay = RelayProcess::start(&["--rate-slots", "3/1"]);
    for _ in 0..3 {
        // Slots that are closed or gone still count as opened.
        let mut client = RelayClient::connect(relay.address()).await;
        assert_eq!(client.call(open(SlotId(unique()))).await, Ok(holds(1, b"first")));
    }
    let mut client = RelayClient::connect(relay.address()).await;
    let refused = client.call(open(SlotId(unique()))).await;
    assert!(is_rate_limited(&refused), "{refused:?}");
    let slot = SlotId(unique());
    let mut elsewhere = RelayClient::connect_from(ELSEWHERE, relay.address()).await;
    assert_eq!(elsewhere.call(open(slot)).await, Ok(holds(1, b"first")));
    assert_eq!(client.call(Request::WatchSlot(slot)).await, Ok(holds(1, b"first")), "joining is not opening");
}

#[tokio::test]
async fn ids_cannot_be_searched_for() {
    let relay = RelayProcess::start(&["--rate-slot-misses", "3/1"]);
    let (met_before, mut opener, _other) = met(&relay).await;
    let open_still = SlotId(unique());
    opener.call(open(open_still)).await.unwrap();
    for miss in [
        Request::WatchSlot(SlotId(unique())),
        write(SlotId(unique()), 1, b"guess"),
        Request::CloseSlot(SlotId(unique())),
    ] {
        let mut searcher = RelayClient::connect(relay.address()).await;
        assert_eq!(searcher.call(miss).await, UNKNOWN);
    }
    // From now on a hit looks like a miss.
    let mut searcher = RelayClient::connect(relay.address()).await;
    for slot in [open_still, met_before, SlotId(unique())] {
        for guess in [Request::WatchSlot(slot), write(slot, 1, b"guess"), Request::CloseSlot(slot)] {
            let refused = searcher.call(guess).await;
            assert!(is_rate_limited(&refused), "{refused:?}");
        }
    }
    // An existing end goes on, and the limit does not affect another address.
    assert_eq!(opener.call(write(met_before, 1, b"on")).await, Ok(holds(2, b"on")));
    let mut elsewhere = RelayClient::connect_from(ELSEWHERE, relay.address()).await;
    assert_eq!(elsewhere.call(Request::WatchSlot(open_still)).await, Ok(holds(1, b"first")));
}

#[tokio::test]
async fn an_oversize_value_ends_the_connection_and_its_slots() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    let longest = vec![7; MAX_SLOT];
    assert_eq!(other.call(write(slot, 1, &longest)).await, Ok(holds(2, &longest)));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, &longest)));
    // `WriteSlot`, after 2, of 4,097 bytes.
    let oversize = [&[VERSION, 99, 22][..], &slot.0, &[2, 0x81, 0x20], &vec![7; MAX_SLOT + 1]].concat();
    other.send_raw(oversize).await;
    assert_eq!(other.closing().await, Some(ClosingReason::ProtocolViolation));
    assert_eq!(told(&mut opener, slot).await, None);
}

#[tokio::test]
async fn malformed_slot_frames_end_the_connection_and_nothing_else() {
    let relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    let malformed: [(&str, Vec<u8>); 5] = [
        ("an id cut off", [&[VERSION, 1, 23][..], &slot.0[..15]].concat()),
        ("no value", [&[VERSION, 1, 21][..], &slot.0].concat()),
        ("a length without the bytes", [&[VERSION, 1, 21][..], &slot.0, &[5, 1]].concat()),
        ("a version beyond 32 bits", [&[VERSION, 1, 22][..], &slot.0, &[0xFF; 9], &[0]].concat()),
        ("something behind it", [&[VERSION, 1, 24][..], &slot.0, &[0]].concat()),
    ];
    for (what, bytes) in malformed {
        let mut stranger = RelayClient::connect(relay.address()).await;
        stranger.send_raw(bytes).await;
        assert_eq!(stranger.closing().await, Some(ClosingReason::ProtocolViolation), "{what}");
    }
    assert_eq!(other.call(write(slot, 1, b"on")).await, Ok(holds(2, b"on")));
    assert_eq!(told(&mut opener, slot).await, Some(state(2, b"on")));
}

#[tokio::test]
async fn no_slot_before_hello() {
    let relay = RelayProcess::start(&[]);
    let mut client = RelayClient::connect_silently(relay.address()).await;
    let slot = SlotId(unique());
    for request in [open(slot), Request::WatchSlot(slot), write(slot, 0, b"x"), Request::CloseSlot(slot)] {
        assert_eq!(client.call(request).await, Err(RelayError::BadRequest));
    }
}

/// Whether a file of the folder contains the bytes.
fn is_in_a_file(folder: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    files.into_iter().any(|file| file.windows(bytes.len()).any(|window| window == bytes))
}

#[tokio::test]
async fn nothing_of_a_slot_is_on_disk() {
    let mut relay = RelayProcess::start(&[]);
    let (slot, mut opener, mut other) = met(&relay).await;
    let (value, message) = (unique::<64>(), unique::<64>());
    assert_eq!(other.call(write(slot, 1, &value)).await, Ok(holds(2, &value)));
    let (log, secret) = (LogId(unique()), capability());
    opener.create_log(log, Epoch(0), &secret).await;
    opener.append(log, Epoch(0), &secret, &message).await.unwrap();
    let folder = relay.folder();
    let absent = |when: &str| {
        assert!(is_in_a_file(folder.path(), &message), "{when}: this looks in the wrong place");
        assert!(!is_in_a_file(folder.path(), &slot.0), "the id is on disk {when}");
        assert!(!is_in_a_file(folder.path(), &value), "the value is on disk {when}");
    };
    absent("while the slot lives");
    relay.terminate();
    assert!(relay.wait().success());
    absent("after the relay has shut down");
    let relay = RelayProcess::start_in(relay.folder(), &[]);
    let mut again = RelayClient::connect(relay.address()).await;
    assert_eq!(again.call(Request::WatchSlot(slot)).await, UNKNOWN);
}

//! The exact edges: what is just allowed and what is just not, and the numbers that other implementations rely on.
#![cfg(test)]

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::codec::{FrameError, Remedy, VERSION, VersionNotice};
use parley_protocol::device_log::{Signature, VerifyingKeyBytes};
use parley_protocol::frame::{AppendMessages, ClientFrame, NewMessage, Request, RequestId};
use parley_protocol::ids::{AppendId, Epoch, LogId};
use parley_protocol::limits;
use parley_protocol::limits::{MAX_FRAME, MAX_MESSAGE};
use parley_protocol::username::{Username, UsernameError};

fn append(lengths: &[usize]) -> ClientFrame {
    let message = |length: &usize| NewMessage {
        append: AppendId([1; 16]),
        payload: Bytes::new(vec![0; *length]).unwrap(),
    };
    let messages = List::new(lengths.iter().map(message).collect()).unwrap();
    let (log, capability) = (LogId([2; 16]), Capability::new([3; 32]));
    let append = AppendMessages { log, capability, epoch: Epoch(4), messages };
    ClientFrame { id: RequestId(7), request: Request::AppendMessages(append) }
}

/// Messages that make a frame of `total` bytes: 42 of the greatest length and one that fills up.
fn lengths_of(total: usize) -> Vec<usize> {
    // The last one's length is written in three bytes, as that of its stand-in here.
    let mut lengths = [vec![MAX_MESSAGE; 42], vec![20_000]].concat();
    let rest = total - append(&lengths).encode().unwrap().len();
    *lengths.last_mut().unwrap() += rest;
    lengths
}

#[test]
fn a_frame_of_exactly_the_maximum_goes_both_ways_and_one_more_byte_does_not() {
    let frame = append(&lengths_of(MAX_FRAME));
    let bytes = frame.encode().unwrap();
    assert_eq!(bytes.len(), MAX_FRAME);
    assert_eq!(ClientFrame::decode(&bytes).unwrap(), frame);
    let mut lengths = lengths_of(MAX_FRAME);
    *lengths.last_mut().unwrap() += 1;
    assert_eq!(append(&lengths).encode(), Err(FrameError::TooLong));
}

#[test]
fn the_limits_are_those_of_the_documentation() {
    const KIB: usize = 1024;
    const MIB: usize = 1_048_576;
    for (limit, expected) in [
        (limits::MAX_TEXT, 65_536),
        (MAX_MESSAGE, 98_304),
        (limits::MAX_COMMIT, MIB),
        (limits::MAX_WELCOME, MIB),
        (limits::MAX_GROUP_INFO, MIB),
        (limits::MAX_KEY_PACKAGE, 8_192),
        (MAX_FRAME, 4_194_304),
        (limits::MAX_WELCOME_TOTAL, 1_572_864),
        (limits::MAX_WELCOMES_WHOLE, 8_388_608),
        (limits::PUSH_TARGET_BYTES, 256 * KIB),
        (limits::MAX_SLOT, 4_096),
        (limits::MAX_BLOB_PART, 256 * KIB),
        (limits::MAX_BLOB_DELETES, 256),
        (limits::MAX_BACKUP_HEAD, 4_096),
    ] {
        assert_eq!(limit, expected);
    }
    assert_eq!(limits::SLOT_LIFETIME, 120_000);
    assert_eq!(limits::MAX_BLOB, 117_440_512);
    assert_eq!(limits::MAX_FILE, 104_857_600);
    // What one commit may carry fits into a frame, with a kilobyte to spare for what is around it.
    const { assert!(limits::MAX_COMMIT + limits::MAX_GROUP_INFO + limits::MAX_WELCOME_TOTAL + KIB < MAX_FRAME) };
}

#[test]
fn a_notice_tells_who_is_behind() {
    let remedy = |oldest| VersionNotice { oldest, newest: 9 }.remedy();
    assert_eq!(remedy(VERSION + 1), Remedy::Reload);
    // Contradictory: it speaks our version and says that it does not. A reload would not end.
    assert_eq!(remedy(VERSION), Remedy::UpdateRelay);
    assert_eq!(remedy(VERSION - 1), Remedy::UpdateRelay);
}

#[test]
fn bounded_values_show_their_size_and_not_their_bytes() {
    let bytes = Bytes::<4>::new(vec![1, 2, 3]).unwrap();
    assert_eq!(format!("{bytes:?}"), "[3 bytes]");
    let list = List::<u8, 4>::new(vec![1, 2, 3]).unwrap();
    assert_eq!(format!("{list:?}"), "[1, 2, 3]");
    assert_eq!((&list[..], list.clone().into_vec()), (&[1, 2, 3][..], vec![1, 2, 3]));
    assert_eq!(format!("{:?}", CapabilityHash([1; 32])), "CapabilityHash(..)");
    assert_eq!(format!("{:?}", Signature([1; 64])), "Signature(..)");
    assert_eq!(format!("{:?}", VerifyingKeyBytes([1; 32])), "VerifyingKeyBytes(..)");
}

#[test]
fn a_username_of_exactly_the_greatest_length_is_one() {
    let longest = "a".repeat(limits::MAX_USERNAME);
    assert_eq!(Username::parse(&longest).unwrap().to_string(), longest);
    assert_eq!(Username::parse(&(longest + "a")), Err(UsernameError::TooLong));
    assert_eq!(Username::parse(&"a".repeat(limits::MIN_USERNAME)).unwrap().to_string(), "aaa");
}

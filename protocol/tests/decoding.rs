//! Whatever arrives, decoders answer: they refuse what is not a frame and never panic.
#![cfg(test)]

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::codec::{FrameError, Remedy, VERSION, VersionNotice};
use parley_protocol::device_log::{DeviceLog, Signature, SignedEntry};
use parley_protocol::frame::{
    Answer, AppendCommit, AppendLinkedCommit, AppendMessages, AskToJoin, BackupHead, ClientFrame,
    CreateLinkedLog, CreateLog, DeleteBlobs, EntryKind, FetchBackupHead, FetchBlob, FetchLogBlob,
    InboxAddress, JoinByLink, LinkOffer, LinkSlot, LogEntry, NewMessage, OpenSlot, Push, PutBlob, PutLogBlob,
    RelayError, Request, RequestId, ServerFrame, SlotState, Subscribed, SwapStamp, Welcomes, WriteBackupHead,
    WriteSlot,
};
use parley_protocol::ids::{
    AccountId, AppendId, BlobHash, BlobId, DeviceId, Epoch, Era, LogId, Seq, SlotId, Stamp, UnixMillis,
};
use parley_protocol::limits::{
    MAX_APPEND, MAX_BACKUP_HEAD, MAX_BLOB, MAX_BLOB_DELETES, MAX_BLOB_PART, MAX_COMMIT, MAX_FRAME,
    MAX_LINK_OFFERS, MAX_LINKS, MAX_MESSAGE, MAX_PUSH, MAX_SLOT, MAX_WRAP,
};
use proptest::prelude::*;

fn append(messages: Vec<Vec<u8>>) -> ClientFrame {
    let message = |payload| NewMessage { append: AppendId([1; 16]), payload: Bytes::new(payload).unwrap() };
    ClientFrame {
        id: RequestId(7),
        request: Request::AppendMessages(AppendMessages {
            log: LogId([2; 16]),
            capability: Capability::new([3; 32]),
            epoch: Epoch(4),
            messages: List::new(messages.into_iter().map(message).collect()).unwrap(),
        }),
    }
}

/// A frame body that begins as an append of messages and goes on as `rest` says.
fn append_bytes(rest: &[u8]) -> Vec<u8> {
    let empty = append(vec![]).encode().unwrap();
    let (count, start) = empty.split_last().unwrap();
    assert_eq!(*count, 0);
    [start, rest].concat()
}

/// As postcard writes a length.
fn varint(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7F).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
    bytes
}

#[test]
fn a_list_over_its_maximum_is_refused() {
    let message = [&[1; 16][..], &[0]].concat();
    let with = |count: usize| append_bytes(&[varint(count), message.repeat(count)].concat());
    assert!(ClientFrame::decode(&with(MAX_APPEND)).is_ok());
    assert_eq!(ClientFrame::decode(&with(MAX_APPEND + 1)), Err(FrameError::Malformed));
    // A count without the elements makes nobody reserve memory for them.
    for count in [MAX_APPEND, 1 << 20, usize::MAX] {
        assert_eq!(ClientFrame::decode(&append_bytes(&varint(count))), Err(FrameError::Malformed));
    }
}

#[test]
fn bytes_over_their_maximum_are_refused() {
    let with = |length: usize| {
        let message = [&[1; 16][..], &varint(length), &vec![9; length]].concat();
        append_bytes(&[&[1], &message[..]].concat())
    };
    assert!(ClientFrame::decode(&with(MAX_MESSAGE)).is_ok());
    assert_eq!(ClientFrame::decode(&with(MAX_MESSAGE + 1)), Err(FrameError::Malformed));
    assert!(Bytes::<3>::new(vec![0; 4]).is_err());
    assert!(List::<u8, 3>::new(vec![0; 4]).is_err());
}

#[test]
fn a_frame_over_its_maximum_is_neither_read_nor_written() {
    let mut long = vec![0; MAX_FRAME + 1];
    long[0] = VERSION;
    assert_eq!(ClientFrame::decode(&long), Err(FrameError::TooLong));
    assert_eq!(ServerFrame::decode(&long), Err(FrameError::TooLong));
    let entry = LogEntry {
        seq: Seq(1),
        epoch: Epoch(1),
        era: Era([1; 8]),
        append: AppendId([1; 16]),
        kind: EntryKind::Message,
        time: UnixMillis(1),
        payload: Bytes::new(vec![0; 1 << 20]).unwrap(),
    };
    let entries = List::new(vec![entry; 5.min(MAX_PUSH)]).unwrap();
    let push = ServerFrame::Push(Push::Log { log: LogId([1; 16]), entries });
    assert_eq!(push.encode(), Err(FrameError::TooLong));
}

#[test]
fn the_version_byte_decides() {
    let mut frame = append(vec![]).encode().unwrap();
    assert_eq!(frame[0], VERSION);
    assert_eq!(ClientFrame::decode(&[]), Err(FrameError::Empty));
    for version in [2, 9, 255] {
        frame[0] = version;
        assert_eq!(ClientFrame::decode(&frame), Err(FrameError::Version(version)));
    }
    let notice = VersionNotice { oldest: 3, newest: 5 };
    assert_eq!(ServerFrame::decode(&notice.encode()), Err(FrameError::Notice(notice)));
    assert_eq!(notice.encode(), [0, 3, 5]);
    assert_eq!(notice.remedy(), Remedy::Reload);
    assert_eq!(VersionNotice { oldest: 0, newest: 0 }.remedy(), Remedy::UpdateRelay);
}

#[test]
fn a_username_on_the_wire_is_folded_already() {
    let frame = |name: &str| {
        let name = [&varint(name.len())[..], name.as_bytes()].concat();
        // Variant 18 of `Request`: ResolveUsername.
        [&[VERSION, 1, 18], &name[..]].concat()
    };
    assert!(ClientFrame::decode(&frame("ada")).is_ok());
    for name in ["Ada", "@ada", " ada", "ad", "a..b", "аda"] {
        assert_eq!(ClientFrame::decode(&frame(name)), Err(FrameError::Malformed), "{name}");
    }
}

#[test]
fn a_slot_value_over_its_maximum_is_refused() {
    // Variants of `Request` 21 and 22, `Answer::Slot` and `Push::Slot`, each up to the value's length.
    let id = [7; 16];
    let open = [&[VERSION, 1, 21][..], &id].concat();
    let write = [&[VERSION, 1, 22][..], &id, &[1]].concat();
    let answer = vec![VERSION, 0, 1, 0, 9, 1];
    let push = [&[VERSION, 1, 2][..], &id, &[1, 1]].concat();
    let with = |start: &[u8], length: usize| [start, &varint(length), &vec![9; length]].concat();
    for start in [&open, &write] {
        assert!(ClientFrame::decode(&with(start, 0)).is_ok());
        assert!(ClientFrame::decode(&with(start, MAX_SLOT)).is_ok());
        assert_eq!(ClientFrame::decode(&with(start, MAX_SLOT + 1)), Err(FrameError::Malformed));
    }
    for start in [&answer, &push] {
        assert!(ServerFrame::decode(&with(start, MAX_SLOT)).is_ok());
        assert_eq!(ServerFrame::decode(&with(start, MAX_SLOT + 1)), Err(FrameError::Malformed));
    }
    // A version beyond 32 bits is none.
    let far = [&[VERSION, 1, 22][..], &id, &[0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0]].concat();
    assert_eq!(ClientFrame::decode(&far), Err(FrameError::Malformed));
}

#[test]
fn what_belongs_to_a_blob_and_is_over_its_maximum_is_refused() {
    // Variants of `Request` 25, 27 and 28, `Answer::BlobPart` and `Answer::BackupHead`, each up to the length.
    let owner = [5; 32 + 16 + 32];
    let put = [&[VERSION, 1, 25][..], &owner, &[6; 16], &[9, 0]].concat();
    let delete = [&[VERSION, 1, 27][..], &owner].concat();
    let head = [&[VERSION, 1, 28][..], &owner, &[0]].concat();
    let with =
        |start: &[u8], count: usize, each: usize| [start, &varint(count), &vec![9; count * each]].concat();
    for (start, most, each) in
        [(&put, MAX_BLOB_PART, 1), (&delete, MAX_BLOB_DELETES, 16), (&head, MAX_BACKUP_HEAD, 1)]
    {
        assert!(ClientFrame::decode(&with(start, 0, each)).is_ok());
        assert!(ClientFrame::decode(&with(start, most, each)).is_ok());
        assert_eq!(ClientFrame::decode(&with(start, most + 1, each)), Err(FrameError::Malformed));
    }
    let (part, state) = ([VERSION, 0, 1, 0, 12, 9], [VERSION, 0, 1, 0, 13, 1]);
    for (start, most) in [(part, MAX_BLOB_PART), (state, MAX_BACKUP_HEAD)] {
        assert!(ServerFrame::decode(&with(&start, most, 1)).is_ok());
        assert_eq!(ServerFrame::decode(&with(&start, most + 1, 1)), Err(FrameError::Malformed));
    }
    // A count of deletions without them makes nobody reserve memory; a key is as long as it is.
    assert_eq!(ClientFrame::decode(&[&delete[..], &varint(usize::MAX)].concat()), Err(FrameError::Malformed));
    for length in [31, 33] {
        let find = [&[VERSION, 1, 30][..], &vec![1; length]].concat();
        assert_eq!(ClientFrame::decode(&find), Err(FrameError::Malformed));
    }
}

#[test]
fn what_belongs_to_a_link_and_is_over_its_maximum_is_refused() {
    // Variants of `Request` 33 and 34, up to the list of links.
    let create = [&[VERSION, 1, 33][..], &[1; 16], &[0], &[2; 64], &[0, 0, 0]].concat();
    let commit = [&[VERSION, 1, 34][..], &[1; 48], &[0], &[2; 16], &[0], &[3; 32], &[0, 0, 0, 0]].concat();
    let slot = |wrap: usize| [&[4; 32][..], &varint(wrap), &vec![9; wrap], &[0]].concat();
    let with =
        |start: &[u8], count: usize, wrap: usize| [start, &varint(count), &slot(wrap).repeat(count)].concat();
    for start in [&create, &commit] {
        assert!(ClientFrame::decode(&with(start, 0, 0)).is_ok());
        assert!(ClientFrame::decode(&with(start, MAX_LINKS, MAX_WRAP)).is_ok());
        for (count, wrap) in [(MAX_LINKS + 1, 0), (1, MAX_WRAP + 1)] {
            assert_eq!(ClientFrame::decode(&with(start, count, wrap)), Err(FrameError::Malformed));
        }
        // A count of links without them makes nobody reserve memory.
        let bare = [&start[..], &varint(usize::MAX)].concat();
        assert_eq!(ClientFrame::decode(&bare), Err(FrameError::Malformed));
    }
    // Variant 36, up to the commit.
    let join = [&[VERSION, 1, 36][..], &[1; 48], &[0], &[2; 16]].concat();
    let join = |length: usize| [&join[..], &varint(length), &vec![9; length], &[3; 32]].concat();
    assert!(ClientFrame::decode(&join(MAX_COMMIT)).is_ok());
    assert_eq!(ClientFrame::decode(&join(MAX_COMMIT + 1)), Err(FrameError::Malformed));
    // `Answer::Links`.
    let offers = |count: usize, wrap: usize| {
        let offer = [&[4; 16][..], &varint(wrap), &vec![9; wrap]].concat();
        [&[VERSION, 0, 1, 0, 16][..], &varint(count), &offer.repeat(count)].concat()
    };
    assert!(ServerFrame::decode(&offers(MAX_LINK_OFFERS, MAX_WRAP)).is_ok());
    for (count, wrap) in [(MAX_LINK_OFFERS + 1, 0), (1, MAX_WRAP + 1)] {
        assert_eq!(ServerFrame::decode(&offers(count, wrap)), Err(FrameError::Malformed));
    }
}

fn slot_state() -> impl Strategy<Value = SlotState> {
    (any::<u32>(), prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(version, value)| SlotState { version, value: Bytes::new(value).unwrap() })
}

/// What the relay says of slots, and `SubscribedFrom`.
fn rendezvous() -> impl Strategy<Value = ServerFrame> {
    let answered = |id, answer| ServerFrame::Answer { id: RequestId(id), result: Ok(answer) };
    let slot = (any::<u32>(), slot_state()).prop_map(move |(id, state)| answered(id, Answer::Slot(state)));
    let push = (any::<[u8; 16]>(), prop::option::of(slot_state()))
        .prop_map(|(slot, state)| ServerFrame::Push(Push::Slot { slot: SlotId(slot), state }));
    let from = (any::<u32>(), any::<[u64; 3]>()).prop_map(move |(id, [head, epoch, start])| {
        let state = Subscribed { head: Seq(head), epoch: Epoch(epoch) };
        answered(id, Answer::SubscribedFrom { state, start: Seq(start) })
    });
    prop_oneof![slot, push, from]
}

/// What the relay says of blobs.
fn blobs() -> impl Strategy<Value = ServerFrame> {
    let answered = |id, answer| ServerFrame::Answer { id: RequestId(id), result: Ok(answer) };
    let bytes = || prop::collection::vec(any::<u8>(), 0..200);
    let blob = any::<(u32, u64)>().prop_map(move |(id, stored)| answered(id, Answer::Blob { stored }));
    let part = (any::<(u32, u64)>(), bytes()).prop_map(move |((id, size), bytes)| {
        answered(id, Answer::BlobPart { size, bytes: Bytes::new(bytes).unwrap() })
    });
    let head = (any::<(u32, u32)>(), bytes()).prop_map(move |((id, version), value)| {
        answered(id, Answer::BackupHead(BackupHead { version, value: Bytes::new(value).unwrap() }))
    });
    prop_oneof![blob, part, head]
}

/// What the relay says of links.
fn links() -> impl Strategy<Value = ServerFrame> {
    let offer = (any::<[u8; 16]>(), prop::collection::vec(any::<u8>(), 0..200))
        .prop_map(|(log, wrap)| LinkOffer { log: LogId(log), wrap: Bytes::new(wrap).unwrap() });
    (any::<u32>(), prop::collection::vec(offer, 0..=MAX_LINK_OFFERS)).prop_map(|(id, offers)| {
        let answer = Answer::Links(List::new(offers).unwrap());
        ServerFrame::Answer { id: RequestId(id), result: Ok(answer) }
    })
}

fn answer() -> impl Strategy<Value = ServerFrame> {
    let entry = (any::<[u64; 3]>(), any::<[u8; 16]>(), any::<Option<bool>>(), any::<Vec<u8>>()).prop_map(
        |([seq, epoch, time], append, commit, payload)| LogEntry {
            seq: Seq(seq),
            epoch: Epoch(epoch),
            era: Era(seq.to_be_bytes()),
            append: AppendId(append),
            kind: match commit {
                Some(true) => EntryKind::Commit,
                Some(false) => EntryKind::Message,
                None => EntryKind::Expired { first: Seq(epoch) },
            },
            time: UnixMillis(time),
            payload: Bytes::new(payload).unwrap(),
        },
    );
    let push = (any::<[u8; 16]>(), prop::collection::vec(entry, 0..MAX_PUSH)).prop_map(|(log, entries)| {
        ServerFrame::Push(Push::Log { log: LogId(log), entries: List::new(entries).unwrap() })
    });
    let refusal = (any::<u32>(), any::<u32>()).prop_map(|(id, retry_after_ms)| ServerFrame::Answer {
        id: RequestId(id),
        result: Err(RelayError::RateLimited { retry_after_ms }),
    });
    let hello = (any::<u32>(), any::<u64>()).prop_map(|(id, now)| ServerFrame::Answer {
        id: RequestId(id),
        result: Ok(Answer::Hello { now: UnixMillis(now) }),
    });
    let stamp_swapped = (any::<u32>(), any::<Option<[u8; 16]>>()).prop_map(|(id, before)| {
        let answer = Answer::StampSwapped { before: before.map(Stamp) };
        ServerFrame::Answer { id: RequestId(id), result: Ok(answer) }
    });
    prop_oneof![push, refusal, hello, stamp_swapped, rendezvous(), blobs(), links()]
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let _ = ClientFrame::decode(&bytes);
        let _ = ServerFrame::decode(&bytes);
    }

    /// Gets further than bytes without a version do.
    #[test]
    fn arbitrary_bodies_never_panic_and_what_is_read_can_be_written(bytes: Vec<u8>, variant in 0_u8..38) {
        let bytes = [&[VERSION, 1, variant], &bytes[..]].concat();
        if let Ok(frame) = ClientFrame::decode(&bytes) {
            prop_assert_eq!(ClientFrame::decode(&frame.encode().unwrap()), Ok(frame));
        }
        if let Ok(frame) = ServerFrame::decode(&bytes) {
            prop_assert_eq!(ServerFrame::decode(&frame.encode().unwrap()), Ok(frame));
        }
    }

    #[test]
    fn client_frames_survive_the_wire(payloads in prop::collection::vec(any::<Vec<u8>>(), 0..MAX_APPEND)) {
        let frame = append(payloads);
        prop_assert_eq!(ClientFrame::decode(&frame.encode().unwrap()), Ok(frame));
    }

    #[test]
    fn stamps_survive_the_wire(account: [u8; 32], device: [u8; 16], secret: [u8; 32], stamp: [u8; 16]) {
        let address = InboxAddress { account: AccountId(account), device: DeviceId(device) };
        let swap_stamp = SwapStamp { address, capability: Capability::new(secret), stamp: Stamp(stamp) };
        let frame = ClientFrame { id: RequestId(7), request: Request::SwapStamp(swap_stamp) };
        let bytes = frame.encode().unwrap();
        prop_assert!(ClientFrame::decode(&bytes[..bytes.len() - 1]).is_err());
        prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame));
    }

    #[test]
    fn slot_requests_survive_the_wire(
        slot: [u8; 16],
        after: u32,
        value in prop::collection::vec(any::<u8>(), 0..=MAX_SLOT),
    ) {
        let slot = SlotId(slot);
        let value = Bytes::new(value).unwrap();
        for request in [
            Request::OpenSlot(OpenSlot { slot, value: value.clone() }),
            Request::WriteSlot(WriteSlot { slot, after, value: value.clone() }),
            Request::WatchSlot(slot),
            Request::CloseSlot(slot),
        ] {
            let frame = ClientFrame { id: RequestId(7), request };
            let bytes = frame.encode().unwrap();
            prop_assert!(ClientFrame::decode(&bytes[..bytes.len() - 1]).is_err());
            prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame));
        }
    }

    #[test]
    fn blob_requests_survive_the_wire(
        ids: ([u8; 32], [u8; 16], [u8; 16]),
        secret: [u8; 32],
        numbers: (u64, u64, u32),
        value in prop::collection::vec(any::<u8>(), 0..=MAX_BACKUP_HEAD),
    ) {
        let (account, device, blob) = ids;
        let (size, offset, most) = numbers;
        let address = InboxAddress { account: AccountId(account), device: DeviceId(device) };
        let (capability, blob) = (Capability::new(secret), BlobId(blob));
        let size = size % (MAX_BLOB + 2);
        let bytes = Bytes::new(value.clone()).unwrap();
        let part = Bytes::new(value.clone()).unwrap();
        let blobs = List::new(vec![blob; 3]).unwrap();
        let value = Bytes::new(value).unwrap();
        for request in [
            Request::PutBlob(PutBlob { address, capability: capability.clone(), blob, size, offset, bytes }),
            Request::FetchBlob(FetchBlob { address, capability: capability.clone(), blob, offset, most }),
            Request::DeleteBlobs(DeleteBlobs { address, capability: capability.clone(), blobs }),
            Request::WriteBackupHead(WriteBackupHead { address, capability: capability.clone(), after: most, value }),
            Request::FetchBackupHead(FetchBackupHead { address, capability: capability.clone() }),
            Request::PutLogBlob(PutLogBlob {
                log: LogId(device),
                capability: capability.clone(),
                epoch: Epoch(offset),
                blob,
                size,
                hash: BlobHash(account),
                reader: capability.hash(),
                offset,
                bytes: part,
            }),
            Request::FetchLogBlob(FetchLogBlob { blob, capability, offset, most }),
        ] {
            let frame = ClientFrame { id: RequestId(7), request };
            let bytes = frame.encode().unwrap();
            prop_assert!(ClientFrame::decode(&bytes[..bytes.len() - 1]).is_err());
            prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame));
        }
    }

    #[test]
    fn link_requests_survive_the_wire(
        log: [u8; 16],
        secret: [u8; 32],
        epoch: u64,
        links in prop::collection::vec(
            (any::<[u8; 32]>(), prop::collection::vec(any::<u8>(), 0..200), any::<Option<u64>>()),
            0..=MAX_LINKS,
        ),
        next_read: Option<[u8; 32]>,
    ) {
        let (log, link, epoch) = (LogId(log), Capability::new(secret), Epoch(epoch));
        let (hash, append) = (link.hash(), AppendId([7; 16]));
        let slot = |(link, wrap, expires): ([u8; 32], Vec<u8>, Option<u64>)| LinkSlot {
            link: CapabilityHash(link),
            wrap: Bytes::new(wrap).unwrap(),
            expires: expires.map(UnixMillis),
        };
        let links = List::new(links.into_iter().map(slot).collect()).unwrap();
        let commit = Bytes::new(secret.to_vec()).unwrap();
        let welcomes = Welcomes::default();
        for request in [
            Request::CreateLinkedLog(CreateLinkedLog {
                creation: CreateLog { log, epoch, append: hash, read: hash, welcomes: welcomes.clone(), group_info: None },
                links: links.clone(),
            }),
            Request::AppendLinkedCommit(AppendLinkedCommit {
                commit: AppendCommit {
                    log,
                    capability: link.clone(),
                    epoch,
                    append,
                    commit: commit.clone(),
                    next_append: hash,
                    next_read: next_read.map(CapabilityHash),
                    welcomes,
                    group_info: None,
                },
                links,
            }),
            Request::OpenLink(link.clone()),
            Request::AskToJoin(AskToJoin { log, link: link.clone(), epoch, append, ask: Bytes::new(secret.to_vec()).unwrap() }),
            Request::JoinByLink(JoinByLink { log, link, epoch, append, commit, next_append: hash }),
        ] {
            let frame = ClientFrame { id: RequestId(7), request };
            let bytes = frame.encode().unwrap();
            prop_assert!(ClientFrame::decode(&bytes[..bytes.len() - 1]).is_err());
            prop_assert_eq!(ClientFrame::decode(&bytes), Ok(frame));
        }
    }

    #[test]
    fn server_frames_survive_the_wire(frame in answer()) {
        prop_assert_eq!(ServerFrame::decode(&frame.encode().unwrap()), Ok(frame));
    }

    #[test]
    fn a_frame_that_is_cut_or_continued_is_refused(
        payloads in prop::collection::vec(any::<Vec<u8>>(), 1..5),
        cut: prop::sample::Index,
        more in prop::collection::vec(any::<u8>(), 1..20),
    ) {
        let bytes = append(payloads).encode().unwrap();
        let shorter = &bytes[..cut.index(bytes.len())];
        prop_assert!(ClientFrame::decode(shorter).is_err());
        prop_assert_eq!(ClientFrame::decode(&[&bytes[..], &more].concat()), Err(FrameError::Malformed));
    }

    /// A changed bit may make another frame, but never a panic.
    #[test]
    fn a_flipped_bit_never_panics(frame in answer(), at: prop::sample::Index, bit in 0..8) {
        let mut bytes = frame.encode().unwrap();
        let index = at.index(bytes.len());
        bytes[index] ^= 1_u8 << bit;
        let _ = ServerFrame::decode(&bytes);
        let _ = ClientFrame::decode(&bytes);
    }

    #[test]
    fn arbitrary_device_log_entries_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..512),
        signature: [u8; 32],
    ) {
        let mut halves = [0; 64];
        halves[..32].copy_from_slice(&signature);
        for body in [body.clone(), [&[1], &body[..body.len().min(511)]].concat()] {
            let entry = SignedEntry {
                body: Bytes::new(body).unwrap(),
                signature: Signature(halves),
                counter_signature: None,
            };
            let _ = entry.parse();
            prop_assert!(DeviceLog::verify(&[entry]).is_err());
        }
    }
}

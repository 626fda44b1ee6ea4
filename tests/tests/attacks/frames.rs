//! Attacks with frames that no relay sends: the engine does not panic, loses nothing and is not stuck for ever.

use parley_engine::hostile::Peer;
use parley_engine::view::{BodyView, Connection, Delivery};
use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{
    Answer, ClosingReason, DeviceLogNews, DirectoryRecord, EntryKind, InboxEntry, LogEntry, Push, RelayError,
    Request, RequestId, ServerFrame, Stored, Subscribed,
};
use parley_protocol::ids::{AppendId, DeviceId, Epoch, Era, LogId, Seq, Stamp, UnixMillis};
use parley_protocol::limits::{MAX_COMMIT, MAX_FRAME, MAX_PUSH};
use parley_tests::sim::World;

use super::enemy::{self, Pair, reconnect, target};

/// Ada and Bob, who have both written.
fn pair(seed: u64) -> Pair {
    let mut pair = enemy::pair(seed);
    pair.world.send(pair.bob, pair.chat_b, "hello yourself");
    pair.world.settle();
    pair
}

/// Every answer except those that begin a connection becomes `answer`, while Ada writes "during". Then the relay is honest
/// again.
fn answered_wrongly(seed: u64, answer: &Result<Answer, RelayError>) {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(seed);
    let lie = answer.clone();
    world.relay.lie(move |_, request, told| {
        for (_, frame) in told {
            if let ServerFrame::Answer { result, .. } = frame
                && !matches!(request, Request::Hello | Request::SwapStamp(_))
            {
                result.clone_from(&lie);
            }
        }
    });
    world.send(ada, chat, "during");
    world.settle();
    reconnect(&mut world, ada);
    reconnect(&mut world, bob);
    world.relay.stop_lying();
    for _ in 0..3 {
        reconnect(&mut world, ada);
        reconnect(&mut world, bob);
    }
    world.pass(60_000);
    world.settle();
    world.send(ada, chat, "after");
    world.send(bob, chat_b, "after all");
    world.settle();
    let failed = world
        .history(ada, chat)
        .iter()
        .filter(|message| message.outgoing == Some(Delivery::Failed))
        .map(|message| message.body.clone())
        .collect::<Vec<_>>();
    for text in ["during", "after"] {
        let arrived = world.texts(bob, chat_b).iter().filter(|seen| *seen == text).count();
        let shown_as_failed = failed.contains(&BodyView::Text(text.into()));
        assert!(
            arrived == 1 || arrived == 0 && shown_as_failed,
            "{answer:?}: {text} arrived {arrived} times"
        );
    }
    assert_eq!(world.texts(ada, chat).iter().filter(|seen| *seen == "after all").count(), 1, "{answer:?}");
    assert!(world.is_online(ada) && world.is_online(bob), "{answer:?}");
}

#[test]
fn p5_answers_of_the_wrong_kind_lose_nothing() {
    let eve = Peer::new(800, "eve");
    let log = List::new(eve.log().entries().to_vec()).unwrap();
    let record = DirectoryRecord { account: eve.log().account(), after: 0, log, username: None };
    let place = Stored { seq: Seq(u64::MAX), time: UnixMillis(u64::MAX), era: Era([9; 8]) };
    let answers = [
        Answer::Hello { now: UnixMillis(u64::MAX) },
        Answer::Done,
        Answer::Stored(List::default()),
        Answer::Stored(List::new(vec![place; 64]).unwrap()),
        Answer::Subscribed(Subscribed { head: Seq(u64::MAX), epoch: Epoch(u64::MAX) }),
        Answer::GroupInfo { epoch: Epoch(u64::MAX), sealed: None },
        Answer::KeyPackageCount { one_time: u32::MAX, last_resort: true },
        Answer::KeyPackages(List::default()),
        Answer::Directory(record.clone()),
        Answer::DeviceLogs(List::default()),
        Answer::DeviceLogs(List::new(vec![DeviceLogNews::Record(record.clone()); 64]).unwrap()),
        Answer::DeviceLogs(List::new(vec![DeviceLogNews::Later(record.account); 64]).unwrap()),
    ];
    for (seed, answer) in (800..).zip(answers) {
        answered_wrongly(seed, &Ok(answer));
    }
}

#[test]
fn p5_refusals_without_a_reason_lose_nothing_that_is_not_shown() {
    let refusals = [
        RelayError::StaleEpoch { current: Epoch(u64::MAX) },
        RelayError::RateLimited { retry_after_ms: u32::MAX },
        RelayError::RateLimited { retry_after_ms: 0 },
        RelayError::StorageFull,
        RelayError::Internal,
        RelayError::DeviceLogConflict,
        RelayError::RolledBack,
    ];
    for (seed, refusal) in (820..).zip(refusals) {
        answered_wrongly(seed, &Err(refusal));
    }
}

fn entry(seq: u64, kind: EntryKind, payload: Vec<u8>) -> LogEntry {
    LogEntry {
        seq: Seq(seq),
        epoch: Epoch(u64::MAX),
        era: Era([9; 8]),
        append: AppendId([0; 16]),
        kind,
        time: UnixMillis(u64::MAX),
        payload: Bytes::new(payload).unwrap(),
    }
}

#[test]
fn p5_frames_that_nobody_asked_for_lose_nothing() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(830);
    let log = world.relay.log_ids()[0];
    let device = target(&mut world, ada).address.device;
    let inbox =
        |seq| InboxEntry { seq: Seq(seq), time: UnixMillis(0), payload: Bytes::new(vec![7; 9]).unwrap() };
    let answer = |id, result| ServerFrame::Answer { id: RequestId(id), result };
    let push = |log, entries| ServerFrame::Push(Push::Log { log, entries: List::new(entries).unwrap() });
    let inboxes =
        |device, entries| ServerFrame::Push(Push::Inbox { device, entries: List::new(entries).unwrap() });
    let frames = [
        answer(0, Ok(Answer::Done)),
        answer(u32::MAX, Ok(Answer::Done)),
        answer(7, Err(RelayError::UsernameTaken)),
        push(LogId([9; 16]), vec![entry(1, EntryKind::Message, vec![1; 300])]),
        push(LogId([9; 16]), vec![]),
        push(log, vec![]),
        push(log, vec![entry(0, EntryKind::Message, vec![])]),
        push(log, vec![entry(1, EntryKind::Commit, vec![1; 300])]),
        push(log, vec![entry(u64::MAX, EntryKind::Commit, vec![1; 300])]),
        push(log, vec![entry(u64::MAX, EntryKind::Message, vec![0; 1_000]); MAX_PUSH]),
        push(log, vec![entry(u64::MAX, EntryKind::Commit, vec![0; MAX_COMMIT]); 3]),
        inboxes(DeviceId([9; 16]), vec![inbox(1)]),
        inboxes(device, vec![]),
        inboxes(device, vec![inbox(0), inbox(0)]),
        inboxes(device, (1_000..1_064).map(inbox).collect()),
        inboxes(device, vec![inbox(u64::MAX), inbox(1)]),
        ServerFrame::Closing(ClosingReason::ProtocolViolation),
    ];
    for (number, frame) in frames.into_iter().enumerate() {
        world.inject(ada, frame.encode().unwrap());
        world.pass(10);
        reconnect(&mut world, ada);
        let text = format!("after frame {number}");
        world.send(bob, chat_b, &text);
        world.settle();
        assert!(world.texts(ada, chat).contains(&text), "{number}");
        assert!(world.is_online(ada), "{number}");
    }
    world.send(ada, chat, "and back");
    world.settle();
    assert!(world.texts(bob, chat_b).contains(&"and back".to_owned()));
}

#[test]
fn p5_an_inbox_that_was_numbered_wrongly_is_read_again() {
    let mut world = World::new(831);
    let ada = world.add_person("Ada");
    let ada_target = target(&mut world, ada);
    let device = ada_target.address.device;
    let far = InboxEntry { seq: Seq(u64::MAX), time: UnixMillis(0), payload: Bytes::new(vec![7]).unwrap() };
    let push = Push::Inbox { device, entries: List::new(vec![far]).unwrap() };
    world.inject(ada, ServerFrame::Push(push).encode().unwrap());
    world.settle();
    // The relay is honest again. The engine must not take a new Welcome for one that it has read.
    let bob = world.add_person("Bob");
    let username = enemy::own_account(&mut world, ada).username;
    let chat_b = world.start(bob, &username);
    world.send(bob, chat_b, "can you hear me?");
    world.settle();
    reconnect(&mut world, ada);
    let chat = world.only_conversation(ada);
    assert_eq!(world.texts(ada, chat), ["can you hear me?"]);
}

#[test]
fn p5_malformed_and_oversize_frames_break_the_connection_and_nothing_else() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(832);
    let mut oversize = vec![1; MAX_FRAME + 1];
    oversize[1] = 1;
    // Lengths that announce more than follows: lists of entries, of keys, of bytes.
    let promises =
        [[1, 0, 0, 0, 2, 0xFF], [1, 1, 0, 9, 9, 0xFF], [1, 0, 0, 0, 6, 0xFF], [1, 0, 0, 0, 7, 0xFF]];
    let promises = promises.map(|start| [start.as_slice(), &[0xFF; 40]].concat());
    let frames = [vec![], vec![1], vec![0], vec![0, 0], vec![1; 100_000], vec![0xFF; 64], oversize];
    for bytes in frames.into_iter().chain(promises).filter(|bytes| bytes.first() != Some(&0xFF)) {
        world.inject(ada, bytes);
        world.pass(2_000);
        world.settle();
        world.send(bob, chat_b, "still there?");
        world.settle();
        assert_eq!(world.texts(ada, chat).last().map(String::as_str), Some("still there?"));
    }
    world.send(ada, chat, "still here");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("still here"));
}

#[test]
fn p5_a_relay_that_says_it_is_newer_stops_the_client_and_loses_nothing() {
    for notice in [vec![0, 9, 9], vec![0, 0, 0], vec![9, 1, 2]] {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(833);
        world.inject(ada, notice);
        world.run();
        let stopped = world.devices[ada].connection;
        assert!(matches!(stopped, Connection::ReloadNeeded | Connection::RelayTooOld), "{stopped:?}");
        world.send(ada, chat, "kept");
        world.run();
        world.disconnect(ada);
        assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
        // The page is loaded again.
        world.crash(ada);
        reconnect(&mut world, ada);
        assert_eq!(world.texts(bob, chat_b).last().map(String::as_str), Some("kept"));
    }
}

#[test]
fn p5_pushes_without_end_are_passed_over() {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(834);
    let unknown = ServerFrame::Push(Push::Log {
        log: LogId([9; 16]),
        entries: List::new(vec![entry(1, EntryKind::Message, vec![1; 100]); MAX_PUSH]).unwrap(),
    });
    let unknown = unknown.encode().unwrap();
    let written = world.devices[ada].disk.written;
    for _ in 0..2_000 {
        world.inject(ada, unknown.clone());
    }
    world.run();
    assert_eq!(world.devices[ada].disk.written, written, "nothing of it is kept");
    world.send(bob, chat_b, "in between");
    world.settle();
    assert_eq!(world.texts(ada, chat).last().map(String::as_str), Some("in between"));
}

#[test]
fn p5_a_relay_that_lies_about_the_check_in_loses_nothing() {
    let stamp = |byte| Answer::StampSwapped { before: Some(Stamp([byte; 16])) };
    let lies = [
        Ok(stamp(7)),
        Ok(Answer::StampSwapped { before: None }),
        Ok(Answer::Done),
        Err(RelayError::Internal),
    ];
    for (seed, lie) in (840..).zip(lies) {
        let Pair { mut world, ada, bob, chat, chat_b } = pair(seed);
        let told_lie = lie.clone();
        world.relay.lie(move |_, request, told| {
            for (_, frame) in told {
                if let (ServerFrame::Answer { result, .. }, Request::SwapStamp(_)) = (frame, request) {
                    result.clone_from(&told_lie);
                }
            }
        });
        world.send(ada, chat, "during");
        reconnect(&mut world, ada);
        world.relay.stop_lying();
        for _ in 0..3 {
            reconnect(&mut world, ada);
            reconnect(&mut world, bob);
        }
        world.send(ada, chat, "after");
        world.send(bob, chat_b, "after all");
        for _ in 0..4 {
            world.settle();
        }
        let texts = world.texts(bob, chat_b);
        for text in ["during", "after"] {
            assert_eq!(texts.iter().filter(|seen| *seen == text).count(), 1, "{lie:?}: {text} in {texts:?}");
        }
        let texts = world.texts(ada, chat);
        assert_eq!(texts.iter().filter(|seen| *seen == "after all").count(), 1, "{lie:?}: {texts:?}");
        assert!(world.is_online(ada) && world.is_online(bob), "{lie:?}");
    }
}

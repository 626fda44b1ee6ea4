//! Files in messages arrive as they were sent, whatever happens on the way, or a sentence says why not.

use parley_engine::io::StorageFailure;
use parley_engine::view::{
    BodyView, Command, CommandError, Delivery, FileKind, FileState, NewFile, Reply, Share,
};
use parley_protocol::frame::{RelayError, Request};
use parley_tests::sim::{Torn, World, file_bytes};

/// Five chunks, the last not full.
const LENGTH: usize = 1_200_000;

fn two(seed: u64) -> (World, usize, usize, parley_engine::view::ConversationId) {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    (world, ada, bob, chat)
}

#[test]
fn a_file_arrives_as_it_was_sent() {
    for length in [0, 1, 5_000, 262_128, LENGTH] {
        let (mut world, ada, bob, chat) = two(1);
        let bytes = file_bytes(1, length);
        world.send_file(ada, chat, "../boat\u{202E}.jpg", &bytes);
        world.settle();
        assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{length}");
        let (_, own) = world.files_in(ada, chat).pop().unwrap();
        assert_eq!(own.state, FileState::Here, "who sent it has it");
        assert_eq!(world.open_file(ada, own.id), Some(bytes.clone()));
        assert!(world.devices[ada].sources.is_empty(), "the page need not keep it");
        let chat_b = world.only_conversation(bob);
        let (_, theirs) = world.files_in(bob, chat_b).pop().unwrap();
        assert_eq!((theirs.name.as_str(), theirs.state), ("boat.jpg", FileState::There));
        assert_eq!(world.open_file(bob, theirs.id), None, "not fetched yet");
        let (id, state) = world.fetch_last(bob, chat_b);
        assert_eq!(state, FileState::Here);
        assert_eq!(world.open_file(bob, id), Some(bytes));
    }
}

#[test]
fn several_files_have_one_caption_and_go_together() {
    let (mut world, ada, bob, chat) = two(2);
    let files: Vec<NewFile> = (1..=3)
        .map(|number| {
            world.choose(ada, &format!("{number}.png"), FileKind::Picture, &file_bytes(number, 300_000))
        })
        .collect();
    let send = Command::SendFiles { conversation: chat, caption: "the lake".to_owned(), files };
    assert_eq!(world.ask(ada, send), Reply::Done);
    world.send(ada, chat, "written after");
    world.settle();
    world.settle();
    let chat_b = world.only_conversation(bob);
    let all = world.files_in(bob, chat_b);
    assert_eq!(all.len(), 3);
    let BodyView::Files(view) = &all[0].0.body else { panic!("files") };
    assert_eq!((view.text.as_str(), view.files.len()), ("the lake", 3));
    assert!(view.files.iter().all(|file| file.kind == FileKind::Picture));
    assert!(world.texts(bob, chat_b).contains(&"written after".to_owned()), "a text does not wait for files");
}

#[test]
fn what_is_sent_offline_goes_when_there_is_a_connection() {
    let (mut world, ada, bob, chat) = two(3);
    world.disconnect(ada);
    let bytes = file_bytes(3, LENGTH);
    world.send_file(ada, chat, "a.bin", &bytes);
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Waiting);
    let (_, own) = world.files_in(ada, chat).pop().unwrap();
    assert!(matches!(own.state, FileState::Sending { done: 0, paused: false }), "{:?}", own.state);
    world.connect(ada);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Here, Some(bytes)));
}

#[test]
fn the_first_thing_that_somebody_hears_may_be_a_file() {
    let mut world = World::new(4);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    let bytes = file_bytes(4, 400_000);
    world.send_file(ada, chat, "first.bin", &bytes);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Here, Some(bytes)));
}

#[test]
fn p5_whoever_dies_at_whichever_write_loses_no_file() {
    for torn in [Torn::Before, Torn::After] {
        for writes in 0..14 {
            let (mut world, ada, bob, chat) = two(5);
            let bytes = file_bytes(5, LENGTH);
            let files = vec![world.choose(ada, "a.bin", FileKind::Other, &bytes)];
            world.light_fuse(ada, writes, torn);
            let send = Command::SendFiles { conversation: chat, caption: String::new(), files };
            let id = world.command(ada, send.clone());
            world.settle();
            // The view asks the next owner again if nobody has answered.
            if !world.devices[ada].replies.contains_key(&id) {
                world.repeat(ada, id, send);
            }
            world.settle();
            world.settle();
            assert_eq!(world.delivery(ada, chat), Delivery::Delivered, "{torn:?} {writes}");
            let chat_b = world.only_conversation(bob);
            assert_eq!(world.files_in(bob, chat_b).len(), 1, "once, {torn:?} {writes}");
            world.light_fuse(bob, writes / 2, torn);
            let (id, state) = world.fetch_last(bob, chat_b);
            assert_eq!(state, FileState::Here, "{torn:?} {writes}");
            assert_eq!(world.open_file(bob, id).as_ref(), Some(&bytes), "{torn:?} {writes}");
        }
    }
}

#[test]
fn p5_a_lost_connection_costs_no_part_twice() {
    let (mut world, ada, bob, chat) = two(6);
    let bytes = file_bytes(6, 8 * 262_144);
    world.send_file(ada, chat, "a.bin", &bytes);
    for _ in 0..6 {
        world.pass(1);
        world.cut(ada, 1);
        world.settle();
    }
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Here, Some(bytes)));
}

#[test]
fn a_page_that_is_gone_before_the_file_is_saved_costs_the_file_and_says_so() {
    let (mut world, ada, bob, chat) = two(7);
    let bytes = file_bytes(7, LENGTH);
    let files = vec![world.choose(ada, "a.bin", FileKind::Other, &bytes)];
    world.devices[ada].sources.clear();
    assert_eq!(
        world.ask(ada, Command::SendFiles { conversation: chat, caption: String::new(), files }),
        Reply::Done
    );
    for _ in 0..4 {
        world.settle();
    }
    assert_eq!(world.delivery(ada, chat), Delivery::Failed);
    assert_eq!(world.files_in(ada, chat)[0].1.state, FileState::Lost);
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.files_in(bob, chat_b).len(), 0, "nothing is half sent");
    let (message, _) = world.files_in(ada, chat).pop().unwrap();
    let delete = Command::DeleteMessage { conversation: chat, message: message.id, order: message.order };
    assert_eq!(world.ask(ada, delete), Reply::Done);
    assert!(world.files_in(ada, chat).is_empty());
}

#[test]
fn a_browser_without_room_says_so_and_keeps_nothing() {
    let (mut world, ada, bob, chat) = two(8);
    // Only the disk for files is full: change sets are still written.
    world.devices[ada].file_failure = Some(StorageFailure::Full);
    world.send_file(ada, chat, "a.bin", &file_bytes(8, LENGTH));
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Failed);
    assert_eq!(world.files_in(ada, chat)[0].1.state, FileState::NoRoomHere);
    assert!(world.devices[ada].disk.files.is_empty() && world.devices[ada].sources.is_empty());
    world.send(ada, chat, "texts go");
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert_eq!(world.texts(bob, chat_b), ["hello", "texts go"], "nothing is half sent");
}

#[test]
fn who_receives_without_room_is_told_and_can_try_again() {
    let (mut world, ada, bob, chat) = two(9);
    let bytes = file_bytes(9, LENGTH);
    world.send_file(ada, chat, "a.bin", &bytes);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (message, file) = world.files_in(bob, chat_b).pop().unwrap();
    let fetch = Command::FetchFile { conversation: chat_b, order: message.order, file: file.id };
    world.devices[bob].file_failure = Some(StorageFailure::Full);
    assert_eq!(world.ask(bob, fetch), Reply::Done);
    world.settle();
    assert_eq!(world.files_in(bob, chat_b)[0].1.state, FileState::NoRoomHere);
    assert!(world.devices[bob].disk.files.is_empty());
    world.devices[bob].file_failure = None;
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Here, Some(bytes)));
}

#[test]
fn a_relay_without_room_is_told_and_tried_again() {
    let (mut world, ada, bob, chat) = two(10);
    let bytes = file_bytes(10, LENGTH);
    let blobs = |request: &Request| matches!(request, Request::PutLogBlob(put) if !put.bytes.is_empty());
    world.relay.refusal = Some((blobs, RelayError::QuotaExceeded));
    world.send_file(ada, chat, "a.bin", &bytes);
    world.settle();
    assert_eq!(world.delivery(ada, chat), Delivery::Failed);
    let (_, own) = world.files_in(ada, chat).pop().unwrap();
    assert_eq!(own.state, FileState::NoRoomThere);
    world.send(ada, chat, "texts go");
    world.settle();
    assert!(world.texts(ada, chat).contains(&">texts go".to_owned()));
    world.relay.refusal = None;
    assert_eq!(world.ask(ada, Command::PauseFile { file: own.id, paused: false }), Reply::Done);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Here, Some(bytes)));
}

#[test]
fn a_pause_lasts_over_a_restart_and_what_is_cancelled_is_gone() {
    let (mut world, ada, bob, chat) = two(11);
    let bytes = file_bytes(11, LENGTH);
    world.disconnect(ada);
    world.send_file(ada, chat, "a.bin", &bytes);
    world.settle();
    let (_, own) = world.files_in(ada, chat).pop().unwrap();
    assert_eq!(world.ask(ada, Command::PauseFile { file: own.id, paused: true }), Reply::Done);
    world.crash(ada);
    world.connect(ada);
    world.settle();
    let chat_b = world.only_conversation(bob);
    assert!(world.files_in(bob, chat_b).is_empty());
    assert_eq!(world.ask(ada, Command::PauseFile { file: own.id, paused: false }), Reply::Done);
    world.settle();
    assert_eq!(world.files_in(bob, chat_b).len(), 1);

    world.disconnect(ada);
    world.send_file(ada, chat, "b.bin", &bytes);
    world.settle();
    let (message, _) = world.files_in(ada, chat).pop().unwrap();
    let delete = Command::DeleteMessage { conversation: chat, message: message.id, order: message.order };
    assert_eq!(world.ask(ada, delete), Reply::Done);
    let left = world.devices[ada].disk.files.len();
    world.connect(ada);
    world.settle();
    assert_eq!((world.files_in(bob, chat_b).len(), left), (1, 5), "only the chunks of the first");
}

#[test]
fn what_is_freed_can_be_fetched_again_and_what_expired_says_so() {
    let (mut world, ada, bob, chat) = two(12);
    let bytes = file_bytes(12, LENGTH);
    world.send_file(ada, chat, "a.bin", &bytes);
    world.settle();
    let chat_b = world.only_conversation(bob);
    let (id, _) = world.fetch_last(bob, chat_b);
    let Reply::StoredFiles(stored) = world.ask(bob, Command::StoredFiles) else { panic!("a list") };
    assert_eq!((stored.len(), stored[0].id, stored[0].conversation), (1, id, chat_b));
    assert_eq!(world.ask(bob, Command::FreeFiles(vec![id])), Reply::Done);
    assert!(world.devices[bob].disk.files.is_empty());
    assert_eq!(world.files_in(bob, chat_b)[0].1.state, FileState::There);
    assert_eq!(world.fetch_last(bob, chat_b), (id, FileState::Here));
    world.ask(bob, Command::FreeFiles(vec![id]));
    world.relay.lose_blobs(|_| true);
    assert_eq!(world.fetch_last(bob, chat_b), (id, FileState::Gone));
    let own = world.files_in(ada, chat).pop().unwrap().1.id;
    assert_eq!(world.open_file(ada, own), Some(bytes), "the sender has it");
}

#[test]
fn a_message_that_is_deleted_takes_its_file_along() {
    let (mut world, ada, bob, chat) = two(13);
    world.send_file(ada, chat, "a.bin", &file_bytes(13, LENGTH));
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.fetch_last(bob, chat_b);
    assert_eq!(world.devices[bob].disk.files.len(), 5);
    let (message, _) = world.files_in(bob, chat_b).pop().unwrap();
    world
        .ask(bob, Command::DeleteMessage { conversation: chat_b, message: message.id, order: message.order });
    world.settle();
    assert!(world.devices[bob].disk.files.is_empty());
    world.ask(ada, Command::DeleteChat(chat));
    world.settle();
    assert!(world.devices[ada].disk.files.is_empty());
}

#[test]
fn too_many_and_too_large_is_said_before_anything_is_done() {
    let (mut world, ada, _bob, chat) = two(14);
    let file = world.choose(ada, "a.bin", FileKind::Other, b"x");
    let send = |files| Command::SendFiles { conversation: chat, caption: String::new(), files };
    let refused = Reply::Failed(CommandError::FileSize);
    assert_eq!(world.ask(ada, send(Vec::new())), refused);
    assert_eq!(world.ask(ada, send(vec![file.clone(); 11])), refused);
    let large = NewFile { size: 100 * 1024 * 1024 + 1, ..file };
    assert_eq!(world.ask(ada, send(vec![large])), refused);
    assert!(world.files_in(ada, chat).is_empty());
}

#[test]
fn p1_the_relay_sees_no_name_no_type_and_not_the_length() {
    let (mut world, ada, _bob, chat) = two(15);
    let seen = world.relay.seen.len();
    world.send_file(ada, chat, "secret-name.pdf", &file_bytes(15, 300_001));
    world.settle();
    let frames: Vec<u8> = world.relay.seen[seen..].concat();
    assert!(!frames.windows(6).any(|window| window == b"secret"));
    let sizes = world.requests_since(seen).into_iter().filter_map(|request| match request {
        Request::PutLogBlob(put) => Some(put.size),
        _ => None,
    });
    assert!(sizes.into_iter().all(|size| size == 303_104 + 32), "a length that thousands of files have");
}

#[test]
fn a_new_device_has_the_keys_of_files_from_before() {
    let (mut world, ada, bob, chat) = two(16);
    let bytes = file_bytes(16, LENGTH);
    let chat_b = world.only_conversation(bob);
    world.send_file(bob, chat_b, "a.bin", &bytes);
    world.settle();
    let second = crate::devices::link_with(&mut world, ada, Share::All);
    for _ in 0..6 {
        world.settle();
    }
    let (id, state) = world.fetch_last(second, chat);
    assert_eq!((state, world.open_file(second, id)), (FileState::Here, Some(bytes)));
}

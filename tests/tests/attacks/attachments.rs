//! Attacks with files, by a relay and by a member that obey no rule: the app shows no file as what it is not, and says so.

use parley_engine::hostile::{FileLie, Peer};
use parley_engine::view::{Command, ConversationId, FileState, Reply};
use parley_protocol::ids::LogId;
use parley_tests::sim::{DeviceIndex, World, file_bytes};

use super::enemy::{Pair, ask, catch_up, meet, pair, reconnect};

/// Five chunks.
const LENGTH: usize = 1_200_000;
const CHUNK: usize = 256 * 1024;

/// Ada sends Bob a file, and the relay damages it. Returns its state on Bob's device.
fn after(seed: u64, damage: impl Fn(&mut Vec<u8>)) -> FileState {
    let Pair { mut world, ada, bob, chat, .. } = pair(seed);
    world.settle();
    world.send_file(ada, chat, "a.bin", &file_bytes(1, LENGTH));
    world.settle();
    let before: Vec<Vec<u8>> = world.relay.blobs_mut().map(|blob| blob.clone()).collect();
    assert_eq!(before.len(), 1);
    world.relay.blobs_mut().for_each(damage);
    damage_is_real(&mut world, &before);
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!(world.open_file(bob, id), None, "nothing of it is shown");
    assert!(world.devices[bob].disk.files.is_empty(), "nor kept");
    world.send(ada, chat, "and on it goes");
    world.settle();
    assert_eq!(world.texts(bob, chat_b).last().unwrap(), "and on it goes");
    state
}

fn damage_is_real(world: &mut World, before: &[Vec<u8>]) {
    let now: Vec<Vec<u8>> = world.relay.blobs_mut().map(|blob| blob.clone()).collect();
    assert_ne!(now, before);
}

#[test]
fn p2_a_file_that_the_relay_has_tampered_with_is_refused() {
    for place in [0, CHUNK - 1, CHUNK + 5, 4 * CHUNK + 77] {
        assert_eq!(after(950, |blob| blob[place] ^= 1), FileState::Damaged);
    }
}

#[test]
fn p2_a_file_that_the_relay_has_cut_or_put_together_anew_is_refused() {
    // The simulated relay returns nothing of an incomplete blob.
    assert_eq!(after(951, |blob| blob.truncate(4 * CHUNK)), FileState::Gone, "without its end");
    assert_eq!(after(952, |blob| blob[4 * CHUNK..].fill(0)), FileState::Damaged, "with nothing for its end");
    assert_eq!(
        after(953, |blob| blob[..2 * CHUNK].rotate_left(CHUNK)),
        FileState::Damaged,
        "in another order"
    );
    let doubled = |blob: &mut Vec<u8>| {
        let first = blob[..CHUNK].to_vec();
        blob[CHUNK..2 * CHUNK].copy_from_slice(&first);
    };
    assert_eq!(after(954, doubled), FileState::Damaged, "one chunk twice");
}

#[test]
fn p2_the_relay_cannot_swap_two_files() {
    let Pair { mut world, ada, bob, chat, .. } = pair(955);
    world.settle();
    for seed in [1, 2] {
        world.send_file(ada, chat, "a.bin", &file_bytes(seed, LENGTH));
        world.settle();
    }
    let mut blobs: Vec<Vec<u8>> = world.relay.blobs_mut().map(|blob| blob.clone()).collect();
    blobs.reverse();
    world.relay.blobs_mut().zip(blobs).for_each(|(blob, other)| *blob = other);
    let chat_b = world.only_conversation(bob);
    let (id, state) = world.fetch_last(bob, chat_b);
    assert_eq!((state, world.open_file(bob, id)), (FileState::Damaged, None));
}

/// Eve, whom Ada has accepted.
struct Met {
    world: World,
    ada: DeviceIndex,
    eve: Peer,
    log: LogId,
    chat: ConversationId,
}

fn met(seed: u64) -> Met {
    let Pair { mut world, ada, chat, .. } = pair(seed);
    world.settle();
    let mut eve = Peer::new(seed, "eve");
    let log = meet(&mut world, ada, &mut eve);
    let eves = *world.devices[ada].conversations.keys().find(|id| **id != chat).unwrap();
    world.send(ada, eves, "hello Eve");
    world.settle();
    catch_up(&mut world, &mut eve, log);
    Met { world, ada, eve, log, chat: eves }
}

impl Met {
    fn sends(&mut self, lie: &FileLie) {
        let (puts, message) = self.eve.file(self.log, lie);
        for put in puts {
            ask(&mut self.world, put).unwrap();
        }
        ask(&mut self.world, self.eve.append(self.log, message)).unwrap();
        reconnect(&mut self.world, self.ada);
    }

    fn fetched(&mut self) -> FileState {
        let (id, state) = self.world.fetch_last(self.ada, self.chat);
        let opened = self.world.open_file(self.ada, id);
        assert_eq!(opened.is_some(), state == FileState::Here);
        state
    }
}

#[test]
fn p2_a_file_with_two_meanings_has_none() {
    let mut met = met(956);
    let bytes = file_bytes(3, 600_000);
    let honest = FileLie { name: "a.bin".into(), bytes, ..FileLie::default() };
    met.sends(&honest);
    assert_eq!(met.fetched(), FileState::Here);
    met.sends(&FileLie { other_key: true, ..honest.clone() });
    assert_eq!(met.fetched(), FileState::Damaged, "another key for the same bytes");
    met.sends(&FileLie { other_hash: true, ..honest.clone() });
    assert_eq!(met.fetched(), FileState::Damaged, "a hash that these bytes do not have");
    met.sends(&FileLie { swapped: Some((0, 1)), ..honest.clone() });
    assert_eq!(met.fetched(), FileState::Damaged, "in another order, with a hash of that");
    for says in [0, 599_999, 600_001, 10_000_000] {
        met.sends(&FileLie { says: Some(says), ..honest.clone() });
        assert_eq!(met.fetched(), FileState::Damaged, "{says} bytes, it says");
    }
}

#[test]
fn p9_a_file_that_says_it_is_huge_is_not_fetched() {
    for says in [100 * 1024 * 1024 + 1, u64::MAX] {
        let mut met = met(957);
        met.sends(&FileLie { name: "a.bin".into(), bytes: vec![1], says: Some(says), ..FileLie::default() });
        let (message, file) = met.world.files_in(met.ada, met.chat).pop().unwrap();
        assert_eq!(file.state, FileState::Newer);
        let fetch = Command::FetchFile { conversation: met.chat, order: message.order, file: file.id };
        assert!(matches!(met.world.ask(met.ada, fetch), Reply::Failed(_)));
        assert!(met.world.devices[met.ada].disk.files.is_empty());
    }
}

#[test]
fn p2_a_name_of_a_file_is_no_path_and_hides_nothing() {
    for (name, shown) in [
        ("../../../etc/cron.d/evil", "evil"),
        ("..\\..\\start.bat", "start.bat"),
        ("photo\u{202E}gpj.exe", "photogpj.exe"),
        ("\u{200B}\u{2066}", "file"),
        ("a\0b\nc.txt", "abc.txt"),
    ] {
        let mut met = met(958);
        met.sends(&FileLie {
            name: name.into(),
            content_type: "text/html".into(),
            bytes: vec![1],
            ..FileLie::default()
        });
        let (_, file) = met.world.files_in(met.ada, met.chat).pop().unwrap();
        assert_eq!(file.name, shown);
    }
}

#[test]
fn p10_a_file_of_somebody_who_was_not_accepted_is_not_fetched_by_itself() {
    let Pair { mut world, ada, .. } = pair(959);
    world.settle();
    world.devices[ada].accepts = false;
    let eve = world.add_person("Eve");
    let chat = world.start(eve, "ada");
    let seen = world.relay.seen.len();
    world.send_file(eve, chat, "a.bin", &file_bytes(4, 10_000));
    world.settle();
    let fetches = world.requests_since(seen).into_iter();
    let fetches = fetches.filter(|it| matches!(it, parley_protocol::frame::Request::FetchLogBlob(_)));
    assert_eq!(fetches.count(), 0);
    assert!(world.devices[ada].disk.files.is_empty());
}

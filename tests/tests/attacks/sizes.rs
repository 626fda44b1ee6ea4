//! Tests what the sizes of messages tell a relay that looks at nothing else.

use std::collections::{BTreeMap, BTreeSet};

use parley_engine::view::{Command, ConversationId};
use parley_protocol::frame::EntryKind;
use parley_protocol::ids::AppendId;
use parley_tests::sim::{DeviceIndex, World};

use super::enemy::{Pair, pair};

/// The most bytes that a short text takes at the relay.
const SHORT: usize = 308;
/// About a hundred characters: a text of up to this many bytes has the same size as the shortest, whatever else it carries.
const HUNDRED: usize = 96;

/// The sizes of all messages at the relay, without commits.
fn sizes(world: &mut World) -> BTreeMap<AppendId, usize> {
    let entries = world.relay.entries_mut().flat_map(|log| log.iter());
    let messages = entries.filter(|entry| entry.kind == EntryKind::Message);
    messages.map(|entry| (entry.append, entry.payload.len())).collect()
}

/// The sizes of the messages that came since.
fn sizes_since(world: &mut World, before: &BTreeMap<AppendId, usize>) -> BTreeSet<usize> {
    let now = sizes(world);
    let new: BTreeSet<usize> =
        now.iter().filter(|(append, _)| !before.contains_key(*append)).map(|(_, size)| *size).collect();
    assert!(!new.is_empty(), "nothing came");
    new
}

/// The sizes of the messages that carry a text of this many bytes, and of their receipts.
fn sizes_of(world: &mut World, from: DeviceIndex, chat: ConversationId, length: usize) -> BTreeSet<usize> {
    let before = sizes(world);
    world.send(from, chat, &"x".repeat(length));
    world.settle();
    sizes_since(world, &before)
}

/// Two people with one log, so that new entries are the last.
fn talking(seed: u64) -> (World, DeviceIndex, ConversationId) {
    let Pair { mut world, ada, bob, chat, chat_b } = pair(seed);
    world.send(bob, chat_b, "hello");
    world.settle();
    (world, ada, chat)
}

#[test]
fn p1_texts_of_up_to_a_hundred_characters_and_receipts_have_one_size() {
    let (mut world, ada, chat) = talking(4_200);
    let mut sizes = BTreeSet::new();
    for length in (1..HUNDRED).step_by(7).chain([HUNDRED]) {
        sizes.extend(sizes_of(&mut world, ada, chat, length));
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
    assert!(sizes.iter().all(|size| *size <= SHORT), "{sizes:?}");
}

#[test]
fn p1_longer_texts_have_few_sizes() {
    let (mut world, ada, chat) = talking(4_201);
    let mut sizes = BTreeSet::new();
    for length in (1..=305).step_by(4) {
        sizes.extend(sizes_of(&mut world, ada, chat, length));
    }
    assert!(sizes.len() <= 3, "{sizes:?}");
    for length in (305..4_000).step_by(61) {
        sizes.extend(sizes_of(&mut world, ada, chat, length));
    }
    assert!(sizes.len() <= 11, "{sizes:?}");
}

/// The messages that devices send each other without their people, within an account and between both sides of a conversation.
#[test]
fn p1_what_devices_say_by_themselves_has_the_sizes_of_texts() {
    let (mut world, ada, chat) = talking(4_202);
    let texts: BTreeSet<usize> = [1, 180, 300, 420, 600, 900]
        .into_iter()
        .flat_map(|length| sizes_of(&mut world, ada, chat, length))
        .collect();
    let before = sizes(&mut world);
    world.ask(ada, Command::SetName("Ada the Second".into()));
    world.ask(ada, Command::SetReadReceipts(false));
    world.settle();
    let own = sizes_since(&mut world, &before);
    assert!(own.is_subset(&texts), "{own:?} among {texts:?}");
}

//! Attacks on engines by a lying relay and a recording network: the engine rejects each, and shows where something is missing.

use parley_engine::view::{Command, CommandError, ConversationId, Reply, Warning};
use parley_protocol::bounded::Bytes;
use parley_protocol::frame::LogEntry;
use parley_tests::sim::{DeviceIndex, World};

const SECRET: &str = "meet me at the old mill at nine";

/// Ada and Bob have chatted. Bob is offline, and Ada's messages wait for him at the relay.
fn bob_is_away(seed: u64, texts: &[&str]) -> (World, DeviceIndex, ConversationId) {
    let mut world = World::new(seed);
    let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
    let chat = world.start(ada, "bob");
    world.send(ada, chat, "hello");
    world.settle();
    let chat_b = world.only_conversation(bob);
    world.send(bob, chat_b, "hello yourself");
    world.settle();
    world.disconnect(bob);
    for text in texts {
        world.send(ada, chat, text);
        world.settle();
    }
    (world, bob, chat_b)
}

/// The attacker changes the relay's entries that Bob has not read; then Bob comes back.
fn tamper(seed: u64, texts: &[&str], change: impl FnOnce(&mut Vec<LogEntry>, usize)) -> Vec<String> {
    let (mut world, bob, chat) = bob_is_away(seed, texts);
    let entries = world.relay.entries_mut().next().expect("one log");
    let first_new = entries.len() - texts.len();
    change(entries, first_new);
    world.connect(bob);
    world.settle();
    assert_eq!(world.relay.log_count(), 2, "it was noticed: another group takes the spoilt one's place");
    for _ in 0..4 {
        world.settle();
    }
    world.texts(bob, chat).split_off(2)
}

fn with_payload(entry: &mut LogEntry, change: impl FnOnce(&mut Vec<u8>)) {
    let mut payload = entry.payload.to_vec();
    change(&mut payload);
    entry.payload = Bytes::new(payload).unwrap();
}

const REJECTED: &str = "[Gap(Rejected)]";

#[test]
fn p2_a_flipped_ciphertext_is_rejected_and_the_rest_is_read() {
    let texts = tamper(200, &["one", "two"], |entries, first| {
        with_payload(&mut entries[first], |payload| *payload.last_mut().unwrap() ^= 1);
    });
    assert_eq!(texts, ["one", "two"], "rejected, and sent again");
}

#[test]
fn p2_a_truncated_ciphertext_is_rejected() {
    let texts = tamper(201, &["one", "two"], |entries, first| {
        with_payload(&mut entries[first], |payload| payload.truncate(payload.len() / 2));
    });
    assert_eq!(texts, ["one", "two"], "rejected, and sent again");
}

#[test]
fn p2_a_replayed_ciphertext_is_rejected() {
    let texts = tamper(202, &["one", "two"], |entries, first| {
        entries[first + 1].payload = entries[first].payload.clone();
    });
    assert_eq!(texts, ["one", "two"], "rejected, and sent again");
}

/// Missing messages come again, and no marker stays. A warning says that the relay showed another order.
#[test]
fn p2_reordered_ciphertexts_are_rejected() {
    let (mut world, bob, chat) = bob_is_away(203, &["one", "two"]);
    let entries = world.relay.entries_mut().next().unwrap();
    let first = entries.len() - 2;
    let payload = entries[first].payload.clone();
    entries[first].payload = std::mem::replace(&mut entries[first + 1].payload, payload);
    world.connect(bob);
    for _ in 0..5 {
        world.settle();
    }
    let mut texts = world.texts(bob, chat).split_off(2);
    assert_eq!(world.devices[bob].conversations[&chat].warning, Some(Warning::DifferentMessages));
    texts.sort();
    assert_eq!(texts, ["one", "two"], "each comes once");
}

#[test]
fn p2_a_message_cannot_be_attributed_to_somebody_else() {
    // Bob's own ciphertext comes back to him under another append id, as if Ada had sent it.
    let (mut world, bob, chat) = bob_is_away(204, &["one"]);
    let entries = world.relay.entries_mut().next().unwrap();
    let new = entries.len() - 1;
    let own = entries.iter().position(|entry| entry.epoch == entries[new].epoch).unwrap();
    let before = entries[own].payload.clone();
    entries[new].payload = before;
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, chat)[2..], [REJECTED]);
}

#[test]
fn p2_a_skipped_entry_is_not_accepted() {
    let (mut world, bob, chat) = bob_is_away(205, &["one", "two"]);
    let entries = world.relay.entries_mut().next().unwrap();
    let hidden = entries.remove(entries.len() - 2);
    world.connect(bob);
    world.pass(10);
    assert_eq!(world.texts(bob, chat).len(), 2, "nothing after the hole is taken");
    let entries = world.relay.entries_mut().next().unwrap();
    entries.insert(entries.len() - 1, hidden);
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, chat)[2..], ["one", "two"]);
}

#[test]
fn p1_recorded_frames_contain_no_text_and_no_name() {
    let (mut world, bob, chat) = bob_is_away(206, &[SECRET]);
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, chat)[2], SECRET);
    for frame in &world.relay.seen {
        for secret in [SECRET.as_bytes(), b"hello yourself", b"Ada"] {
            assert!(!frame.windows(secret.len()).any(|window| window == secret));
        }
    }
}

#[test]
fn p1_nothing_readable_is_on_the_disk() {
    let (world, ..) = bob_is_away(207, &[SECRET]);
    for device in &world.devices {
        let values = device.disk.records.iter().flat_map(|((_, key), value)| [key, value]);
        for bytes in values.chain(&device.disk.vault) {
            for secret in [SECRET.as_bytes(), b"hello", b"Ada", b"bob"] {
                assert!(!bytes.windows(secret.len()).any(|window| window == secret));
            }
        }
    }
}

#[test]
fn p4_the_relay_cannot_swap_a_key_package() {
    let mut world = World::new(208);
    let (ada, bob, eve) = (world.add_person("Ada"), world.add_person("Bob"), world.add_person("Eve"));
    let packages: Vec<Vec<u8>> = world.relay.key_packages_mut().map(|bytes| bytes.clone()).collect();
    // The relay replaces everybody's KeyPackages by Eve's, or shuffles them: nobody gets their own.
    let count = packages.len();
    for (place, bytes) in world.relay.key_packages_mut().enumerate() {
        bytes.clone_from(&packages[(place + count / 3) % count]);
    }
    let chat = world.start(ada, "bob");
    world.send(ada, chat, SECRET);
    world.settle();
    assert_eq!(world.devices[ada].conversations[&chat].warning, Some(Warning::ForgedKeys));
    assert_eq!(world.relay.log_count(), 0, "nothing was encrypted to the wrong key");
    for other in [bob, eve] {
        assert!(world.devices[other].conversations.is_empty());
    }
}

#[test]
fn p4_an_invite_pins_the_account_and_the_relay_cannot_answer_with_another() {
    let mut world = World::new(209);
    let (ada, _bob) = (world.add_person("Ada"), world.add_person("Bob"));
    // The invite names an account that the relay does not have; the engine refuses any other that the relay offers.
    let invite = format!("https://chat.example/#i/bob/{}", "a".repeat(52));
    assert_eq!(world.ask(ada, Command::FindPerson(invite)), Reply::Failed(CommandError::NotFound));
}

#[test]
fn p2_garbage_from_the_relay_breaks_nothing() {
    let (mut world, bob, chat) = bob_is_away(210, &["one"]);
    world.connect(bob);
    for bytes in [&b""[..], &[1], &[1, 0xFF, 0xFF], &[9, 9], &[1, 1, 0, 0, 0]] {
        world.inject(bob, bytes.to_vec());
        world.pass(10);
    }
    world.connect(bob);
    world.settle();
    assert_eq!(world.texts(bob, chat)[2..], ["one"]);
}

//! Seeded faults: connections cut, processes killed at any step, frames half-way. Nothing is lost, doubled or
//! put out of its sender's order. `PARLEY_SEEDS` sets how many seeds are tried.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use parley_engine::view::{Command, ConversationId, Delivery};
use parley_tests::sim::World;

const DEFAULT_SEEDS: u64 = 40;

#[test]
fn p5_nothing_is_lost_or_doubled_whatever_breaks() {
    let seeds = std::env::var("PARLEY_SEEDS").ok().and_then(|text| text.parse().ok());
    for seed in 0..seeds.unwrap_or(DEFAULT_SEEDS) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| run(seed))) {
            eprintln!("seed {seed} failed");
            resume_unwind(panic);
        }
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed);
    let people = ["Ada", "Bob", "Eve"].map(|name| world.add_person(name));
    let pairs = [(0, 1, "bob"), (1, 0, "ada"), (1, 2, "eve"), (2, 1, "bob"), (0, 2, "eve")];
    let chats: Vec<(usize, usize, ConversationId)> =
        pairs.iter().map(|(from, to, name)| (*from, *to, world.start(people[*from], name))).collect();
    // For each direction: the texts that were accepted onto the sender's disk, in order.
    let mut sent = vec![Vec::new(); chats.len()];
    for step in 0..400 {
        let device = people[choose(&mut world, 3)];
        match world.random(20) {
            0 => world.disconnect(device),
            1 => {
                world.crash(device);
                world.ask(device, Command::Subscribe);
            }
            2 | 3 if !world.is_connected(device) => world.connect(device),
            4..=6 => {
                let chat = choose(&mut world, chats.len());
                let text = format!("{chat}/{step}");
                // On the sender's disk when the reply comes; a crash before that may lose it.
                world.send(people[chats[chat].0], chats[chat].2, &text);
                while world.disk_step(people[chats[chat].0]) {}
                sent[chat].push(text);
            }
            7 => {
                let pause = world.random(400);
                world.now = parley_protocol::ids::UnixMillis(world.now.0 + pause);
                world.timer_step(device);
            }
            8..=11 => drop(world.disk_step(device)),
            12..=15 => drop(world.uplink_step(device)),
            _ => drop(world.downlink_step(device)),
        }
    }
    for person in people {
        if !world.is_connected(person) {
            world.connect(person);
        }
    }
    for _ in 0..4 {
        world.settle();
    }
    for ((from, to, chat), sent) in chats.iter().zip(&sent) {
        check(&mut world, people[*from], people[*to], *chat, sent);
    }
    assert!(people.iter().all(|person| world.is_online(*person)), "somebody is stuck");
}

/// `to` has everything that `from` sent in this direction, once, in order, and nothing undecryptable.
fn check(world: &mut World, from: usize, to: usize, chat: ConversationId, sent: &[String]) {
    let own = world.history(from, chat);
    for message in own.iter().filter_map(|message| message.outgoing) {
        assert!(message >= Delivery::Sent && message != Delivery::Failed, "{message:?}");
    }
    let shown: Vec<String> = world.texts(from, chat).into_iter().filter(|t| t.starts_with('>')).collect();
    let accepted: Vec<String> = sent.iter().map(|text| format!(">{text}")).collect();
    let ours: Vec<&String> = shown.iter().filter(|text| accepted.contains(text)).collect();
    assert_eq!(ours, accepted.iter().collect::<Vec<_>>(), "what was accepted is in the sender's history");
    let conversations: Vec<ConversationId> = world.devices[to].conversations.keys().copied().collect();
    let mut received = Vec::new();
    for conversation in conversations {
        received.extend(world.texts(to, conversation));
    }
    assert!(received.iter().all(|text| !text.contains('[')), "a gap: {received:?}");
    let theirs: Vec<&String> = received.iter().filter(|text| sent.contains(text)).collect();
    assert_eq!(theirs, sent.iter().collect::<Vec<_>>(), "what was sent arrived once and in order");
}

fn choose(world: &mut World, bound: usize) -> usize {
    let bound = u64::try_from(bound).unwrap();
    usize::try_from(world.random(bound)).unwrap()
}

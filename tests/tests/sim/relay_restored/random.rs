//! Restores the relay at random moments.

use parley_engine::view::ConversationId;
use parley_tests::sim::{DeviceIndex, RelayCopy, World};

use super::come_back;
use crate::devices::link;
use crate::resync::{chatting, settle_long};

fn below(world: &mut World, bound: usize) -> usize {
    usize::try_from(world.random(u64::try_from(bound).unwrap())).unwrap()
}

/// Two people connect and disconnect, and the relay is rolled back to an older copy at any time.
#[test]
fn p5_relays_restored_at_random_lose_nothing_and_double_nothing() {
    for seed in seeds(40) {
        let (world, [ada, bob], [chat, there]) = chatting(seed);
        restored_at_random(world, seed, &[(ada, chat), (bob, there)]);
    }
}

/// The same with two devices each: a device may join a log after others have written there.
#[test]
fn p5_relays_restored_at_random_lose_nothing_on_any_device_of_two_accounts() {
    for seed in seeds(20) {
        let (mut world, [ada, bob], [chat, there]) = chatting(seed);
        let (ada_2, bob_2) = (link(&mut world, ada), link(&mut world, bob));
        restored_at_random(world, seed, &[(ada, chat), (ada_2, chat), (bob, there), (bob_2, there)]);
    }
}

/// The range of seeds: this many by default, or as requested.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = 1_000 + number("PARLEY_FIRST_SEED").unwrap_or_default();
    first..first + number("PARLEY_SEEDS").unwrap_or(default).min(1_000)
}

/// `devices` lists the devices of one account after those of the other.
fn restored_at_random(mut world: World, seed: u64, devices: &[(DeviceIndex, ConversationId)]) {
    settle_long(&mut world);
    let mut copies: Vec<RelayCopy> = Vec::new();
    let mut sent: Vec<(usize, String)> = Vec::new();
    for number in 0..40 {
        let which = below(&mut world, devices.len());
        let (device, conversation) = devices[which];
        match below(&mut world, 14) {
            0 | 1 => copies.push(world.relay.copy()),
            2 => world.connect(device),
            3 => world.disconnect(device),
            4 if !copies.is_empty() => {
                let copy = copies.swap_remove(below(&mut world, copies.len()));
                world.restore_relay(&copy);
                // Some devices come back at once, others later.
                for (device, _) in devices {
                    if below(&mut world, 2) == 0 {
                        world.connect(*device);
                    }
                }
            }
            5 => {
                world.crash(device);
                world.connect(device);
            }
            _ => {
                let text = format!("{number} from {which}");
                world.send(device, conversation, &text);
                while world.disk_step(device) {}
                sent.push((which, text));
            }
        }
        if below(&mut world, 2) == 0 {
            world.settle();
        }
    }
    let all: Vec<DeviceIndex> = devices.iter().map(|(device, _)| *device).collect();
    for _ in 0..4 {
        come_back(&mut world, &all);
        for _ in 0..40 {
            world.settle();
        }
    }
    check(&mut world, seed, devices, &sent);
}

fn check(world: &mut World, seed: u64, devices: &[(DeviceIndex, ConversationId)], sent: &[(usize, String)]) {
    let half = devices.len() / 2;
    for (which, (device, conversation)) in devices.iter().enumerate() {
        let texts = world.texts(*device, *conversation);
        for (author, text) in sent {
            let shown = if author / half == which / half { format!(">{text}") } else { text.clone() };
            let count = texts.iter().filter(|seen| **seen == shown).count();
            assert_eq!(count, 1, "seed {seed}: {shown} at {which} in {texts:?}");
        }
        // If no device of an account was in a log from its start, none there can know that nothing is missing.
        let marker = |text: &&String| text.contains("Gap") && (half == 1 || !text.contains("Late"));
        assert_eq!(texts.iter().find(marker), None, "seed {seed}: {texts:?}");
        assert!(world.is_online(*device), "seed {seed}: {which}");
    }
}

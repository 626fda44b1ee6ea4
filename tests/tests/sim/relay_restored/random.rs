//! Relays restored at random.

use parley_tests::sim::{DeviceIndex, RelayCopy, World};

use super::come_back;
use crate::repair::{chatting, settle_long};

fn below(world: &mut World, bound: usize) -> usize {
    usize::try_from(world.random(u64::try_from(bound).unwrap())).unwrap()
}

/// Two people who come and go, and a relay that is put back to an older copy at any time.
#[test]
fn p5_relays_restored_at_random_lose_nothing_and_double_nothing() {
    let count: u64 = std::env::var("PARLEY_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(40);
    for seed in 0..count.min(200) {
        restored_at_random(1_000 + seed);
    }
}

fn restored_at_random(seed: u64) {
    let (mut world, [ada, bob], [chat, there]) = chatting(seed);
    let devices = [ada, bob];
    settle_long(&mut world);
    let conversation = [chat, there];
    let mut copies: Vec<RelayCopy> = Vec::new();
    let mut sent: Vec<(usize, String)> = Vec::new();
    for number in 0..40 {
        let which = below(&mut world, 2);
        match below(&mut world, 14) {
            0 | 1 => copies.push(world.relay.copy()),
            2 => world.connect(devices[which]),
            3 => world.disconnect(devices[which]),
            4 if !copies.is_empty() => {
                let copy = copies.swap_remove(below(&mut world, copies.len()));
                world.restore_relay(&copy);
                // Some come back at once, others later.
                for device in devices {
                    if below(&mut world, 2) == 0 {
                        world.connect(device);
                    }
                }
            }
            5 => {
                world.crash(devices[which]);
                world.connect(devices[which]);
            }
            _ => {
                let text = format!("{number} from {which}");
                world.send(devices[which], conversation[which], &text);
                while world.disk_step(devices[which]) {}
                sent.push((which, text));
            }
        }
        if below(&mut world, 2) == 0 {
            world.settle();
        }
    }
    for _ in 0..4 {
        come_back(&mut world, &devices);
        for _ in 0..40 {
            world.settle();
        }
    }
    check(&mut world, seed, &devices, &conversation, &sent);
}

fn check(
    world: &mut World,
    seed: u64,
    devices: &[DeviceIndex; 2],
    conversation: &[parley_engine::view::ConversationId; 2],
    sent: &[(usize, String)],
) {
    for (which, device) in devices.iter().enumerate() {
        let texts = world.texts(*device, conversation[which]);
        for (author, text) in sent {
            let shown = if *author == which { format!(">{text}") } else { text.clone() };
            let count = texts.iter().filter(|seen| **seen == shown).count();
            assert_eq!(count, 1, "seed {seed}: {shown} at {which} in {texts:?}");
        }
        assert!(!texts.iter().any(|text| text.contains("Gap")), "seed {seed}: {texts:?}");
        assert!(world.is_online(*device), "seed {seed}: {which}");
    }
}

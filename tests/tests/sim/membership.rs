//! Devices join and leave at random while messages flow, with cut connections and crashes.

use std::collections::BTreeSet;

use parley_engine::view::{Command, ConversationId, LinkView, Reply, Share};
use parley_protocol::frame::Request;
use parley_tests::sim::{DeviceIndex, World};

use crate::devices::{approve, meet};

const SEEDS: u64 = 60;
const STEPS: u64 = 60;
const MOST: usize = 4;

/// Two accounts and all devices that they ever had.
struct Households {
    world: World,
    /// The devices in the account, by account.
    here: [Vec<DeviceIndex>; 2],
    gone: Vec<DeviceIndex>,
    conversations: [ConversationId; 2],
    sent: u32,
}

impl Households {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let there = world.start(ada, "bob");
        world.send(ada, there, "hello");
        world.settle();
        let back = world.only_conversation(bob);
        Self { world, here: [vec![ada], vec![bob]], gone: Vec::new(), conversations: [there, back], sent: 0 }
    }

    fn pick(&mut self, account: usize) -> DeviceIndex {
        let count = u64::try_from(self.here[account].len()).unwrap();
        let place = usize::try_from(self.world.random(count)).unwrap();
        self.here[account][place]
    }

    /// Runs some of the possible steps on every device.
    fn some(&mut self) {
        for index in 0..self.world.devices.len() {
            for _ in 0..self.world.random(12) {
                match self.world.random(4) {
                    0 | 1 => drop(self.world.disk_step(index)),
                    2 => drop(self.world.uplink_step(index)),
                    _ => drop(self.world.downlink_step(index)),
                }
                self.world.timer_step(index);
            }
        }
    }

    fn link(&mut self, account: usize) {
        let existing = self.pick(account);
        if self.here[account].len() >= MOST || !self.world.is_connected(existing) {
            return;
        }
        let new = self.world.add_device();
        if self.world.ask(new, Command::ShowLinkCode { name: "Another".into() }) != Reply::Done {
            return;
        }
        let Some(LinkView::Showing { typed, .. }) = self.world.devices[new].link.clone() else { return };
        self.world.command(existing, Command::UseLinkCode { text: typed, name: String::new() });
        self.world.run();
        if let Some(LinkView::ShowDigits(digits)) = self.world.devices[new].link {
            self.world.command(existing, Command::ConfirmDigits(digits));
            self.world.run();
        }
        if !matches!(self.world.devices[existing].link, Some(LinkView::Approve { .. })) {
            return;
        }
        self.world.command(existing, Command::ApproveDevice(Share::Nothing));
        // From here on both devices may be cut off or die at any moment.
        self.some();
        self.here[account].push(new);
    }

    fn remove(&mut self, account: usize) {
        if self.here[account].len() < 2 {
            return;
        }
        let (by, gone) = (self.pick(account), self.pick(account));
        let known = |device: DeviceIndex| {
            let view = self.world.devices[device].account.as_ref()?;
            view.devices.iter().find(|device| device.this).map(|device| device.id)
        };
        let Some(id) = known(gone).filter(|_| by != gone) else { return };
        let request = self.world.command(by, Command::RemoveDevice(id));
        self.world.settle();
        if self.world.devices[by].replies.get(&request) == Some(&Reply::Done) {
            self.here[account].retain(|device| *device != gone);
            self.gone.push(gone);
        }
    }

    fn send(&mut self, account: usize) {
        let from = self.pick(account);
        let conversation = self.conversations[account];
        if self.world.devices[from].conversations.contains_key(&conversation) {
            self.sent += 1;
            let text = format!("{}", self.sent);
            self.world.send(from, conversation, &text);
        }
    }

    fn step(&mut self) {
        let account = usize::try_from(self.world.random(2)).unwrap();
        let device = self.pick(account);
        match self.world.random(12) {
            0 => self.link(account),
            1 => self.remove(account),
            2 => self.world.crash(device),
            3 => self.world.disconnect(device),
            4 | 5 => self.world.connect(device),
            6 => self.world.pass(20_000),
            _ => self.send(account),
        }
        self.some();
    }

    /// Connects everybody, and leaves time for everything.
    fn rest(&mut self) {
        for _ in 0..3 {
            for device in self.here.concat() {
                if !self.world.is_connected(device) {
                    self.world.connect(device);
                }
            }
            for _ in 0..5 {
                self.world.settle();
                self.world.pass(30_000);
            }
        }
    }
}

fn check(seed: u64) {
    let mut homes = Households::new(seed);
    for _ in 0..STEPS {
        homes.step();
    }
    homes.rest();
    // A device whose linking was cut short is not in the account, and never believes that it is.
    for account in 0..2 {
        let world = &homes.world;
        homes.here[account].retain(|device| world.devices[*device].account.is_some());
    }
    let mut last = BTreeSet::new();
    for account in 0..2 {
        for device in homes.here[account].clone() {
            let text = format!("last word of {device}");
            homes.world.send(device, homes.conversations[account], &text);
            last.insert(text);
            homes.world.settle();
        }
    }
    homes.rest();
    for account in 0..2 {
        let conversation = homes.conversations[account];
        for device in homes.here[account].clone() {
            let texts = homes.world.texts(device, conversation);
            let plain: Vec<&str> = texts.iter().map(|text| text.trim_start_matches('>')).collect();
            for word in &last {
                let count = plain.iter().filter(|text| *text == word).count();
                assert_eq!(count, 1, "seed {seed}: device {device} has {word:?}: {texts:?}");
            }
            let words = plain.iter().filter(|text| last.contains(**text)).count();
            let tail: BTreeSet<String> =
                plain.iter().rev().take(words).map(|text| (*text).to_owned()).collect();
            assert_eq!(tail, last, "seed {seed}: device {device}: the last words are last");
            let unique: BTreeSet<&&str> = plain.iter().collect();
            assert_eq!(
                unique.len(),
                plain.len(),
                "seed {seed}: device {device}: nothing stands twice: {texts:?}"
            );
        }
    }
    for device in homes.gone.clone() {
        homes.world.connect(device);
        homes.world.settle();
        let left = &homes.world.devices[device];
        let nothing = left.erased || left.account.is_none();
        assert!(nothing, "seed {seed}: removed device {device} deletes everything");
    }
}

#[test]
fn p4_p6_devices_that_join_and_leave_at_random_agree_in_the_end() {
    for seed in 0..SEEDS {
        check(seed);
    }
}

/// So that adding to the newest conversation is finished long before the oldest.
#[test]
fn p6_a_device_is_added_to_eight_conversations_at_a_time() {
    let mut world = World::new(73);
    let bob = world.add_person("Bob");
    for number in 0..20 {
        world.add_person(&format!("Friend{number}"));
        let chat = world.start(bob, &format!("friend{number}"));
        world.send(bob, chat, "hello");
        world.settle();
    }
    let new = world.add_device();
    meet(&mut world, new, bob, false);
    // None of the first batch is finished.
    world.relay.lie(|_, request, told| {
        if matches!(request, Request::ClaimKeyPackages(_)) {
            told.clear();
        }
    });
    let since = world.relay.seen.len();
    approve(&mut world, bob);
    let claims = |request: &&Request| matches!(request, Request::ClaimKeyPackages(_));
    let count = world.requests_since(since).iter().filter(claims).count();
    assert!((8..=9).contains(&count), "{count}, the account's own conversation among them");
}

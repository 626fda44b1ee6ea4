//! Runs a script in a world, and records what the people did and which replies they got.

use std::collections::{BTreeMap, BTreeSet};

use parley_engine::io::StorageFailure;
use parley_engine::view::{Command, ConversationId, Reply, ViewRequestId};
use parley_protocol::ids::MessageId;

use super::{DeviceIndex, Direction, Disk, Lie, Script, Step, World};

/// The totals of a successful run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Messages that arrived.
    pub messages: usize,
    /// Message keys that were used.
    pub keys: usize,
    /// Frames that the relay got.
    pub frames: usize,
    /// A checksum of all these frames: the same script gives the same one.
    pub digest: u64,
}

/// A text that somebody sent.
pub(super) struct Sent {
    pub(super) from: DeviceIndex,
    pub(super) to: DeviceIndex,
    pub(super) text: String,
    request: ViewRequestId,
    /// The sender was told that the text is on disk: from then on it may not be lost.
    pub(super) accepted: bool,
    /// The process died before that, and nobody asked again: the text may arrive or not.
    given_up: bool,
    conversation: ConversationId,
}

impl Sent {
    /// The other party of the text, if `who` is one of the two.
    fn other_than(&self, who: DeviceIndex) -> Option<DeviceIndex> {
        if self.from == who { Some(self.to) } else { (self.to == who).then_some(self.from) }
    }

    /// Whether nobody was told, and somebody still waits.
    pub(super) const fn unanswered(&self) -> bool {
        !self.accepted && !self.given_up
    }
}

/// A run.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) sent: Vec<Sent>,
    /// How often each device's process died.
    deaths: Vec<u64>,
    /// A copy of each device's disk, and which texts were accepted by then.
    copies: BTreeMap<DeviceIndex, (Disk, Vec<bool>)>,
    /// The devices whose disk was rolled back, without their later knowledge.
    pub(super) restored: BTreeSet<DeviceIndex>,
    /// The messages that a screen showed when it marked everything as read, whether it was told `Done` or not.
    pub(super) marked: BTreeMap<DeviceIndex, BTreeSet<MessageId>>,
    /// Those for which it was told `Done`.
    pub(super) read: BTreeMap<DeviceIndex, BTreeSet<MessageId>>,
    /// The requests to mark that were not answered.
    marks: Vec<(DeviceIndex, ViewRequestId, Vec<MessageId>)>,
}

pub(super) const NAMES: [&str; 5] = ["ada", "bob", "eve", "dan", "kim"];

impl Run {
    /// Makes an account and a screen for everybody.
    pub(super) fn begin(script: &Script) -> Self {
        let mut world = World::new(script.seed);
        for name in NAMES.iter().take(index(script.people)) {
            let device = world.add_person(name);
            world.ask(device, Command::Subscribe);
        }
        let deaths = world.devices.iter().map(|_| 0).collect();
        Self {
            world,
            sent: Vec::new(),
            deaths,
            copies: BTreeMap::new(),
            restored: BTreeSet::new(),
            marked: BTreeMap::new(),
            read: BTreeMap::new(),
            marks: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, step: Step) {
        let people = self.world.devices.len();
        let world = &mut self.world;
        match step {
            Step::Start(who, whom) => self.start(index(who) % people, index(whom) % people),
            Step::Send(who, whom, number) => self.send(index(who) % people, index(whom) % people, number),
            Step::Read(who, whose) => self.read(index(who) % people, index(whose) % people),
            Step::Work(who, direction, count) => self.work(index(who) % people, direction, count),
            Step::Late(count) => world.late_step(count),
            Step::Timer(who) => drop(world.timer_step(index(who) % people)),
            Step::Run => world.run(),
            Step::Pass(ms) => world.advance(ms),
            Step::Clock(who, seconds) => world.set_clock(index(who) % people, seconds.saturating_mul(1_000)),
            Step::Connect(who) if world.is_connected(index(who) % people) => {}
            Step::Connect(who) => world.connect(index(who) % people),
            Step::Cut(who, arrive) => world.cut(index(who) % people, index(arrive)),
            Step::Crash(who) => world.kill(index(who) % people),
            Step::Handover(who) => {
                world.kill(index(who) % people);
                self.ask_again(index(who) % people);
            }
            Step::Fuse(who, writes, torn) => world.light_fuse(index(who) % people, writes, torn),
            Step::Refuse(who, requests) => world.refuse(index(who) % people, requests),
            Step::Full(who) => world.devices[index(who) % people].disk.failure = Some(StorageFailure::Full),
            Step::Denied(who) => {
                world.devices[index(who) % people].disk.failure = Some(StorageFailure::Unavailable);
            }
            Step::Heal(who) => world.devices[index(who) % people].disk.failure = None,
            Step::Double(who, after) => world.lie(index(who) % people, Lie::Double, after),
            Step::Swap(who, after) => world.lie(index(who) % people, Lie::Swap, after),
            Step::Drop(who, after) => world.lie(index(who) % people, Lie::Drop, after),
            Step::Slow => world.appends_take_long = true,
            Step::Restart => world.restart_relay(),
            Step::Copy(who) => self.copy(index(who) % people),
            Step::RolledBack(who) => self.roll_back(index(who) % people),
        }
        self.look_after_views();
    }

    fn work(&mut self, who: DeviceIndex, direction: Direction, count: u32) {
        for _ in 0..count {
            let worked = match direction {
                Direction::Disk => self.world.disk_step(who),
                Direction::Up => self.world.uplink_step(who),
                Direction::Down => self.world.downlink_step(who),
            };
            if !worked {
                return;
            }
        }
    }

    /// A screen finds a person. The search may fail, as for a person.
    fn start(&mut self, who: DeviceIndex, whom: DeviceIndex) {
        if who == whom || self.conversation(who, whom).is_some() {
            return;
        }
        let find = self.world.command(who, Command::FindPerson(NAMES[whom].into()));
        self.world.run();
        if let Some(Reply::Person(person)) = self.world.devices[who].replies.get(&find).cloned() {
            self.world.command(who, Command::StartConversation(person.account));
        }
    }

    /// The conversation of one with another, as the first one's screen knows it.
    pub(super) fn conversation(&self, who: DeviceIndex, whom: DeviceIndex) -> Option<ConversationId> {
        let conversations = self.world.devices[who].screen.conversations.values();
        let with = |name: &Option<String>| name.as_deref() == Some(NAMES[whom]);
        conversations.into_iter().find(|view| with(&view.username)).map(|view| view.id)
    }

    fn send(&mut self, from: DeviceIndex, to: DeviceIndex, number: u32) {
        let Some(conversation) = self.conversation(from, to) else { return };
        if !self.sent.iter().any(|sent| sent.other_than(from) == Some(to)) {
            self.copies.retain(|who, _| ![from, to].contains(who));
        }
        let text = format!("text {number}");
        let request = self
            .world
            .command(from, Command::SendText { conversation, text: text.clone(), over: String::new() });
        let (accepted, given_up) = (false, false);
        self.sent.push(Sent { from, to, text, request, accepted, given_up, conversation });
    }

    /// A rolled-back device knows nothing of conversations that others began after the copy (SECURITY.md says so). So the copy
    /// is made when the device has all begun conversations, and becomes void when another begins.
    fn copy(&mut self, who: DeviceIndex) {
        self.note_replies();
        let begun = self.sent.iter().filter_map(|sent| sent.other_than(who)).collect::<BTreeSet<_>>();
        if begun.into_iter().any(|peer| !self.has_heard(who, peer)) {
            return;
        }
        let accepted = self.sent.iter().map(|sent| sent.accepted).collect();
        self.copies.insert(who, (self.world.devices[who].disk.clone(), accepted));
        // Ciphertext that leaves within the connection of the copy and never reaches the relay's disk leaves no trace. There
        // only MLS's reuse guard remains (RFC 9420 section 6.3.1), and a key may be used twice.
        self.world.connect(who);
    }

    /// Texts accepted after the copy are no longer on the sender's disk, so they may be lost.
    fn roll_back(&mut self, who: DeviceIndex) {
        self.note_replies();
        let Some((disk, accepted)) = self.copies.get(&who).cloned() else { return };
        let failure = self.world.devices[who].disk.failure;
        self.world.devices[who].disk = Disk { failure, ..disk };
        self.world.kill(who);
        self.restored.insert(who);
        for (place, sent) in self.sent.iter_mut().enumerate().filter(|(_, sent)| sent.from == who) {
            sent.accepted &= accepted.get(place).copied().unwrap_or(false);
            sent.given_up = !sent.accepted;
        }
    }

    fn read(&mut self, who: DeviceIndex, whose: DeviceIndex) {
        let Some(conversation) = self.conversation(who, whose) else { return };
        self.mark_read(who, conversation);
    }

    /// Does what the app does: the newest message of the other is on the screen, whatever own ones stand after it.
    pub(super) fn mark_read(&mut self, who: DeviceIndex, conversation: ConversationId) {
        let shown = self.world.devices[who].screen.in_order(conversation);
        let theirs: Vec<_> = shown.into_iter().filter(|message| message.outgoing.is_none()).collect();
        let Some(upto) = theirs.last().map(|message| message.order) else { return };
        let request = self.world.command(who, Command::MarkRead { conversation, upto });
        let seen: Vec<MessageId> = theirs.iter().map(|message| message.id).collect();
        self.marked.entry(who).or_default().extend(seen.iter().copied());
        self.marks.push((who, request, seen));
    }

    fn note_marks(&mut self) {
        for (who, request, seen) in std::mem::take(&mut self.marks) {
            if self.world.devices[who].replies.contains_key(&request) {
                self.read.entry(who).or_default().extend(seen);
            } else {
                self.marks.push((who, request, seen));
            }
        }
    }

    /// Views that outlived the owner of their device repeat their requests, with the same ids.
    fn ask_again(&mut self, who: DeviceIndex) {
        self.note_replies();
        for sent in self.sent.iter().filter(|sent| sent.from == who && !sent.accepted && !sent.given_up) {
            let command = Command::SendText {
                conversation: sent.conversation,
                text: sent.text.clone(),
                over: String::new(),
            };
            self.world.ask_with(who, sent.request, command);
        }
    }

    /// After a death, screens start again and load what they have to show.
    pub(super) fn look_after_views(&mut self) {
        self.note_replies();
        for who in 0..self.world.devices.len() {
            if self.world.devices[who].deaths != self.deaths[who] {
                self.deaths[who] = self.world.devices[who].deaths;
                // After a handover the views have repeated their requests. Texts of a dead process that nobody repeated are
                // given up.
                let unasked = |sent: &&mut Sent| sent.from == who && !sent.accepted;
                for sent in self.sent.iter_mut().filter(unasked) {
                    sent.given_up = !self.world.devices[who].was_asked(sent.request);
                }
                self.world.command(who, Command::Subscribe);
            }
            while let Some(command) = self.world.devices[who].screen.next_command() {
                self.world.command(who, command);
            }
        }
    }

    pub(super) fn note_replies(&mut self) {
        self.note_marks();
        for sent in self.sent.iter_mut().filter(|sent| sent.unanswered()) {
            sent.accepted = self.world.devices[sent.from].replies.get(&sent.request) == Some(&Reply::Done);
        }
    }

    /// Heals all faults, and lets a few minutes pass.
    pub(super) fn end(&mut self) {
        self.world.heal();
        for pause in [250, 1_000, 1_000, 250, 5_000, 250, 61_000, 250, 5_000, 61_000, 250, 250, 250] {
            self.world.pass(pause);
            self.look_after_views();
            self.world.run();
        }
        self.look_after_views();
        self.world.run();
        self.note_replies();
    }

    /// Everybody looks at every chat.
    pub(super) fn read_everything(&mut self) {
        for who in 0..self.world.devices.len() {
            let chats: Vec<_> = self.world.devices[who].screen.conversations.keys().copied().collect();
            for chat in chats {
                self.mark_read(who, chat);
            }
        }
        self.world.settle();
        self.look_after_views();
        self.world.settle();
    }

    /// The totals of the run.
    pub(super) fn outcome(&self, messages: usize) -> Outcome {
        let seen = &self.world.relay.seen;
        let digest =
            seen.iter().flatten().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
        Outcome { messages, keys: self.world.ledger.keys_used(), frames: seen.len(), digest }
    }
}

pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

//! The engine under a hostile relay: it has an account and a conversation, and gets honest frames, changed ones, made-up
//! ones, cut connections, failing disks and timers in any order.
//!
//! Whatever comes: it does not panic, its disk opens again, and no text is shown as the other person's that the other
//! person did not write.

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};

use parley_engine::Engine;
use parley_engine::io::{ChangeSet, FileDone, FileWork, Input, Load, Output, Record, StorageFailure, Store};
use parley_engine::seal::MasterKey;
use parley_engine::view::{BodyView, Command, Event, FileId, MessageView, Request, ViewRequestId};
use parley_protocol::frame::ServerFrame;
use parley_protocol::ids::UnixMillis;
use parley_tests::sim::{ConnectionId, Disk, VirtualRelay, World};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// What Ada writes, and so all that Bob may be shown as hers.
pub const TEXTS: [&str; 5] = ["hello", "are you there?", "one", "two", "three"];

/// Bob's device at rest, and what an honest relay says to him when he comes back.
struct Scene {
    now: UnixMillis,
    master: [u8; 32],
    disk: Disk,
    frames: Vec<Vec<u8>>,
}

thread_local! {
    static SCENE: OnceCell<Scene> = const { OnceCell::new() };
}

impl Scene {
    fn build() -> Self {
        let mut world = World::new(1);
        let (ada, bob) = (world.add_person("Ada"), world.add_person("Bob"));
        let conversation = world.start(ada, "bob");
        for text in &TEXTS[..2] {
            world.send(ada, conversation, text);
            world.settle();
        }
        let reply = world.only_conversation(bob);
        world.send(bob, reply, "yes");
        world.settle();
        world.disconnect(bob);
        for text in &TEXTS[2..] {
            world.send(ada, conversation, text);
        }
        world.settle();
        let Some(bob) = world.devices.get(bob) else { panic!("Bob is gone") };
        let mut scene =
            Self { now: world.now, master: bob.master(), disk: bob.disk.clone(), frames: Vec::new() };
        let mut relay = std::mem::take(&mut world.relay);
        scene.frames = scene.honest_session(&mut relay);
        scene
    }

    /// The frames of a session with nobody in the way.
    fn honest_session(&self, relay: &mut VirtualRelay) -> Vec<Vec<u8>> {
        let connection = ConnectionId(u64::MAX);
        let mut host = Host::open(self);
        host.give(Input::Connected);
        let mut frames = Vec::new();
        while let Some(sent) = host.sends.pop_front() {
            for (to, bytes) in relay.receive(self.now, connection, &sent) {
                if to == connection {
                    frames.push(bytes.clone());
                    host.give(Input::Received(bytes));
                }
            }
        }
        assert!(TEXTS.iter().skip(2).all(|text| host.shown(text)), "the honest session is a whole one");
        frames
    }
}

/// A device that does at once what its engine asks.
struct Host {
    engine: Engine,
    now: UnixMillis,
    master: [u8; 32],
    vault: Option<Vec<u8>>,
    records: BTreeMap<(Store, Vec<u8>), Vec<u8>>,
    /// Chunks of files.
    files: BTreeMap<(FileId, u32), Vec<u8>>,
    rng: ChaCha20Rng,
    sends: VecDeque<Vec<u8>>,
    shown: Vec<MessageView>,
    /// Answers to the next change sets.
    failures: VecDeque<StorageFailure>,
    wake: Option<UnixMillis>,
    next_request: u64,
}

impl Host {
    fn open(scene: &Scene) -> Self {
        let vault = scene.disk.vault.clone();
        let records = scene.disk.records.clone();
        let Ok(engine) = open(scene.now, scene.master, vault.as_deref(), &records) else {
            panic!("the scene does not open");
        };
        Self {
            engine,
            now: scene.now,
            master: scene.master,
            vault,
            records,
            rng: ChaCha20Rng::from_seed([3; 32]),
            files: BTreeMap::new(),
            sends: VecDeque::new(),
            shown: Vec::new(),
            failures: VecDeque::new(),
            wake: None,
            next_request: 1 << 32,
        }
    }

    fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(self.now, &mut self.rng, input);
            while let Some(output) = self.engine.poll() {
                match output {
                    Output::Persist(set) => inputs.push_back(self.write(set)),
                    Output::Load(load) => inputs.push_back(self.load(&load)),
                    Output::Send(bytes) => self.sends.push_back(bytes),
                    Output::Event(Event::Messages { messages, .. }) => self.shown.extend(messages),
                    Output::WakeAt(at) => self.wake = Some(at),
                    Output::Reconnect | Output::ComeBackAfter(_) => {
                        let retry_at = UnixMillis(self.now.0.saturating_add(1_000));
                        inputs.push_back(Input::Disconnected { retry_at });
                        inputs.push_back(Input::Connected);
                    }
                    Output::File(work) => inputs.extend(self.file(work)),
                    Output::Event(_) | Output::Halt(_) | Output::Close | Output::Need(_) | Output::Erase => {}
                }
            }
        }
    }

    /// A disk for chunks of files.
    fn file(&mut self, work: FileWork) -> Option<Input> {
        let done = match work {
            FileWork::Write { file, first, chunks } => {
                self.files.extend((first..).zip(chunks).map(|(index, chunk)| ((file, index), chunk)));
                FileDone::Written { file, first, result: Ok(()) }
            }
            FileWork::Read { id, file, first, most } => {
                let all = first..first.saturating_add(most);
                FileDone::Read {
                    id,
                    chunks: all.map_while(|index| self.files.get(&(file, index)).cloned()).collect(),
                }
            }
            FileWork::ReadSource { source, from, .. } => FileDone::Source { source, from, bytes: None },
            FileWork::ForgetSource(_)
            | FileWork::Delete(_)
            | FileWork::KeepOnly(_)
            | FileWork::Give { .. } => return None,
        };
        Some(Input::File(done))
    }

    fn write(&mut self, set: ChangeSet) -> Input {
        if let Some(failure) = self.failures.pop_front() {
            return Input::PersistFailed(set.id, failure);
        }
        self.vault = set.vault.or(self.vault.take());
        self.records.extend(set.puts.into_iter().map(|(store, record)| ((store, record.key), record.value)));
        for name in set.deletes {
            self.records.remove(&name);
        }
        Input::Persisted(set.id)
    }

    fn load(&self, load: &Load) -> Input {
        let found =
            self.records.iter().filter(|((store, key), _)| *store == Store::Messages && load.asks_for(key));
        let mut records: Vec<_> =
            found.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() }).collect();
        if !load.is_oldest_first() {
            records.reverse();
        }
        records.truncate(usize::try_from(load.limit).unwrap_or(usize::MAX));
        Input::Loaded { id: load.id, records }
    }

    fn command(&mut self, command: Command) {
        self.next_request += 1;
        self.give(Input::View(Request { id: ViewRequestId(self.next_request), command }));
    }

    fn shown(&self, text: &str) -> bool {
        self.shown.iter().any(|message| message.outgoing.is_none() && text_of(message) == Some(text))
    }

    /// What holds whatever has come.
    fn check(&self) {
        for message in self.shown.iter().filter(|message| message.outgoing.is_none()) {
            if let Some(text) = text_of(message) {
                assert!(TEXTS.contains(&text), "shown as the other's, who did not write it");
            }
        }
        let again = open(self.now, self.master, self.vault.as_deref(), &self.records);
        assert!(again.is_ok(), "what was persisted does not open: {:?}", again.err());
    }
}

fn text_of(message: &MessageView) -> Option<&str> {
    match &message.body {
        BodyView::Text(text) => Some(text),
        _ => None,
    }
}

fn open(
    now: UnixMillis,
    master: [u8; 32],
    vault: Option<&[u8]>,
    records: &BTreeMap<(Store, Vec<u8>), Vec<u8>>,
) -> Result<Engine, parley_engine::OpenError> {
    let state = records.iter().filter(|((store, _), _)| *store == Store::State);
    let state = state.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() });
    Engine::open(now, &MasterKey::new(master), vault, state.collect()).map(Engine::whole)
}

/// The input is a script: a byte says what happens next, the bytes after it how.
pub fn hostile(script: &[u8]) {
    SCENE.with(|scene| {
        let scene = scene.get_or_init(Scene::build);
        let mut host = Host::open(scene);
        let mut honest = scene.frames.iter();
        let mut rest = Script(script);
        host.give(Input::Connected);
        for _ in 0..64 {
            let Some(step) = rest.byte() else { break };
            match step % 16 {
                0..=4 => {
                    if let Some(frame) = honest.next() {
                        host.give(Input::Received(frame.clone()));
                    }
                }
                5..=7 => {
                    let frame = rest.changed(&scene.frames);
                    host.give(Input::Received(frame));
                }
                8 => {
                    let again = rest.pick(&scene.frames).cloned().unwrap_or_default();
                    host.give(Input::Received(again));
                }
                9 => drop(honest.next()),
                10 => host.give(Input::Received(rest.bytes().to_vec())),
                11 => {
                    if let Some(frame) = rest.crossed(&scene.frames) {
                        host.give(Input::Received(frame));
                    }
                }
                12 => {
                    let retry_at = UnixMillis(host.now.0.saturating_add(1_000));
                    host.give(Input::Disconnected { retry_at });
                    host.give(Input::Connected);
                    honest = scene.frames.iter();
                }
                13 => host.failures.push_back(StorageFailure::Unavailable),
                14 => {
                    let wait = u64::from(rest.byte().unwrap_or_default()) * 1_000;
                    host.now = UnixMillis(host.now.0.saturating_add(wait));
                    if host.wake.take_if(|at| *at <= host.now).is_some() {
                        host.give(Input::Timer);
                    }
                }
                _ => host.command(Command::FindPerson("ada".to_owned())),
            }
        }
        host.check();
    });
}

/// What is left of the input.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// As many bytes as the next two say.
    fn bytes(&mut self) -> &'a [u8] {
        let length = u16::from_le_bytes([self.byte().unwrap_or_default(), self.byte().unwrap_or_default()]);
        let (bytes, rest) = self.0.split_at(self.0.len().min(usize::from(length)));
        self.0 = rest;
        bytes
    }

    fn pick<'b>(&mut self, frames: &'b [Vec<u8>]) -> Option<&'b Vec<u8>> {
        let index = usize::from(self.byte()?).checked_rem(frames.len())?;
        frames.get(index)
    }

    /// An honest frame with up to four bytes changed, or cut.
    fn changed(&mut self, frames: &[Vec<u8>]) -> Vec<u8> {
        let mut frame = self.pick(frames).cloned().unwrap_or_default();
        for _ in 0..=self.byte().unwrap_or_default() % 4 {
            let place = [self.byte().unwrap_or_default(), self.byte().unwrap_or_default()];
            let place = usize::from(u16::from_le_bytes(place)).checked_rem(frame.len()).unwrap_or_default();
            let byte = self.byte().unwrap_or_default();
            if byte == 0 {
                frame.truncate(place);
            } else if let Some(old) = frame.get_mut(place) {
                *old ^= byte;
            }
        }
        frame
    }

    /// The answer of one honest frame under the request id of another.
    fn crossed(&mut self, frames: &[Vec<u8>]) -> Option<Vec<u8>> {
        let (one, other) = (self.pick(frames)?, self.pick(frames)?);
        match (ServerFrame::decode(one).ok()?, ServerFrame::decode(other).ok()?) {
            (ServerFrame::Answer { id, .. }, ServerFrame::Answer { result, .. }) => {
                ServerFrame::Answer { id, result }.encode().ok()
            }
            (frame, _) => frame.encode().ok(),
        }
    }
}

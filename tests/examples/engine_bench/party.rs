//! An engine with a disk, and how long each does what.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use parley_engine::Engine;
use parley_engine::io::{ChangeSet, Input, Output, Record, Store};
use parley_engine::seal::MasterKey;
use parley_engine::view::{Command, Event, Reply, Request, ViewRequestId};
use parley_protocol::ids::UnixMillis;
use parley_tests::sim::ConnectionId;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// Time that the engine worked, and time that a write took.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) engine: Duration,
    pub(crate) disk: Duration,
}

impl Spent {
    pub(crate) fn add(&mut self, other: Self) {
        self.engine += other.engine;
        self.disk += other.disk;
    }

    pub(crate) fn both(self) -> Duration {
        self.engine + self.disk
    }
}

/// One device.
pub(crate) struct Party {
    engine: Engine,
    master: [u8; 32],
    rng: ChaCha20Rng,
    /// Every change set goes to its end and is synced, like the browser's strict transaction.
    file: File,
    vault: Option<Vec<u8>>,
    records: BTreeMap<(Store, Vec<u8>), Vec<u8>>,
    change: Option<ChangeSet>,
    pub(crate) connection: ConnectionId,
    pub(crate) sends: VecDeque<Vec<u8>>,
    pub(crate) events: Vec<Event>,
    pub(crate) wake: Option<UnixMillis>,
    next_request: u64,
}

impl Party {
    pub(crate) fn new(now: UnixMillis, connection: ConnectionId) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(connection.0);
        let mut master = [0; 32];
        rng.fill_bytes(&mut master);
        let engine = Engine::open(now, &MasterKey::new(master), None, Vec::new()).unwrap().whole();
        Self {
            engine,
            master,
            rng,
            file: tempfile::tempfile().unwrap(),
            vault: None,
            records: BTreeMap::new(),
            change: None,
            connection,
            sends: VecDeque::new(),
            events: Vec::new(),
            wake: None,
            next_request: 0,
        }
    }

    /// Hands the engine an input and takes what it says.
    pub(crate) fn handle(&mut self, now: UnixMillis, input: Input) -> Spent {
        let start = Instant::now();
        self.engine.handle(now, &mut self.rng, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.engine.poll()).collect();
        let engine = start.elapsed();
        for output in outputs {
            match output {
                Output::Persist(change) => self.change = Some(change),
                Output::Send(bytes) => self.sends.push_back(bytes),
                Output::Event(event) => self.events.push(event),
                Output::WakeAt(at) => self.wake = Some(at),
                Output::Load(_) | Output::File(_) => {}
                Output::Reconnect
                | Output::ComeBackAfter(_)
                | Output::Halt(_)
                | Output::Close
                | Output::Need(_)
                | Output::Erase => {
                    panic!("the engine does not trust the relay")
                }
            }
        }
        Spent { engine, disk: Duration::ZERO }
    }

    /// Writes what waits, each change set with a sync, and tells the engine.
    pub(crate) fn persist(&mut self, now: UnixMillis) -> Spent {
        let mut spent = Spent::default();
        while let Some(change) = self.change.take() {
            let start = Instant::now();
            let mut bytes = Vec::new();
            for (_, record) in &change.puts {
                bytes.extend_from_slice(&record.key);
                bytes.extend_from_slice(&record.value);
            }
            self.file.write_all(&bytes).unwrap();
            self.file.sync_data().unwrap();
            spent.add(Spent { engine: Duration::ZERO, disk: start.elapsed() });
            let id = change.id;
            self.keep(change);
            spent.add(self.handle(now, Input::Persisted(id)));
        }
        spent
    }

    fn keep(&mut self, change: ChangeSet) {
        self.vault = change.vault.or(self.vault.take());
        for (store, record) in change.puts {
            self.records.insert((store, record.key), record.value);
        }
        for (store, key) in change.deletes {
            self.records.remove(&(store, key));
        }
    }

    /// A command, without its persistence.
    pub(crate) fn command(&mut self, now: UnixMillis, command: Command) -> Spent {
        self.next_request += 1;
        let id = ViewRequestId(self.next_request);
        self.handle(now, Input::View(Request { id, command }))
    }

    /// The last reply.
    pub(crate) fn reply(&self) -> Option<&Reply> {
        self.events.iter().rev().find_map(|event| match event {
            Event::Reply { reply, .. } => Some(reply),
            _ => None,
        })
    }

    /// Bytes of what is stored and read at start: how many records, how many bytes.
    pub(crate) fn stored(&self) -> (usize, usize) {
        let state = self.state();
        (state.len(), state.iter().map(|record| record.value.len()).sum())
    }

    fn state(&self) -> Vec<Record> {
        let state = self.records.iter().filter(|((store, _), _)| *store == Store::State);
        state.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() }).collect()
    }

    /// Opens what is on disk once more.
    pub(crate) fn reopen(&self, now: UnixMillis) -> Duration {
        let (state, master) = (self.state(), MasterKey::new(self.master));
        let start = Instant::now();
        let engine = Engine::open(now, &master, self.vault.as_deref(), state).unwrap();
        let spent = start.elapsed();
        drop(engine);
        spent
    }
}

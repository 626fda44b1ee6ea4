//! One simulated device: an engine, its disk, and the contents of its screen.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use parley_engine::io::{
    ChangeSet, FileDone, FileWork, Input, Load, LoadId, Output, Record, StorageFailure, Store,
};
use parley_engine::parts::{self, Part};
use parley_engine::seal::MasterKey;
use parley_engine::view::{
    AccountView, Command, Connection, Consent, ConversationId, ConversationView, Event, FileId, FileState,
    LinkView, MessageView, RemovedView, Reply, Request, Snapshot, StorageState, ViewRequestId,
};
use parley_engine::{Engine, OpenError};
use parley_protocol::ids::{MessageId, UnixMillis};
use rand_chacha::ChaCha20Rng;

use super::{KeyLedger, Screen};

/// The longest wait of an engine for anything, in milliseconds.
const LONGEST_WAIT: u64 = 2 * 3_600_000;
/// How long the host waits before it opens a connection again, in milliseconds.
pub(super) const RETRY: u64 = 1_000;

/// The data that survives a crash.
#[derive(Default, Clone)]
pub struct Disk {
    /// localStorage.
    pub vault: Option<Vec<u8>>,
    /// IndexedDB.
    pub records: BTreeMap<(Store, Vec<u8>), Vec<u8>>,
    /// Sealed chunks of files.
    pub files: BTreeMap<(FileId, u32), Vec<u8>>,
    /// The numbers of written change sets, written records and their bytes.
    pub written: (usize, usize, usize),
    /// The result of writing, if it fails.
    pub failure: Option<StorageFailure>,
}

impl Disk {
    pub(super) fn write(&mut self, set: ChangeSet) -> Input {
        let id = set.id;
        if let Some(failure) = self.failure {
            return Input::PersistFailed(id, failure);
        }
        if let Some(vault) = set.vault {
            self.vault = Some(vault);
        }
        if set.wipes {
            self.records.clear();
            self.files.clear();
        }
        self.written.0 += 1;
        let both = set
            .deletes
            .iter()
            .find(|(store, key)| set.puts.iter().any(|(put, record)| put == store && record.key == *key));
        assert_eq!(
            both, None,
            "one change set writes and deletes a record: which it is, depends on the host"
        );
        for (store, record) in set.puts {
            self.written.1 += 1;
            self.written.2 += record.value.len();
            self.records.insert((store, record.key), record.value);
        }
        for (store, key) in set.deletes {
            self.records.remove(&(store, key));
        }
        Input::Persisted(id)
    }

    /// Does a piece of file work that needs only the disk.
    pub(super) fn file(&mut self, work: FileWork) -> Option<FileDone> {
        match work {
            FileWork::Write { file, first, chunks } => {
                let result = self.failure.map_or(Ok(()), Err);
                if result.is_ok() {
                    self.files.extend((first..).zip(chunks).map(|(index, chunk)| ((file, index), chunk)));
                }
                Some(FileDone::Written { file, first, result })
            }
            FileWork::Read { id, file, first, most } => {
                let there = (first..first + most).map_while(|index| self.files.get(&(file, index)).cloned());
                Some(FileDone::Read { id, chunks: there.collect() })
            }
            FileWork::Delete(gone) => {
                self.files.retain(|(file, _), _| *file != gone);
                None
            }
            FileWork::KeepOnly(known) => {
                self.files.retain(|(file, _), _| known.contains(file));
                None
            }
            FileWork::ReadSource { .. } | FileWork::ForgetSource(_) | FileWork::Give { .. } => None,
        }
    }

    fn load(&self, load: &Load) -> Vec<Record> {
        let asked = |((store, key), _): &(&(Store, Vec<u8>), &Vec<u8>)| {
            *store == Store::Messages && load.asks_for(key)
        };
        let mut found: Vec<_> = self.records.iter().filter(asked).collect();
        if !load.is_oldest_first() {
            found.reverse();
        }
        found.truncate(usize::try_from(load.limit).unwrap());
        found.into_iter().map(|((_, key), value)| Record { key: key.clone(), value: value.clone() }).collect()
    }

    fn state(&self) -> Vec<Record> {
        let state = self.records.iter().filter(|((store, _), _)| *store == Store::State);
        state.map(|((_, key), value)| Record { key: key.clone(), value: value.clone() }).collect()
    }
}

/// The work that the host still has to do.
pub(super) enum Work {
    Persist(ChangeSet),
    Load(Load),
    File(FileWork),
    Part(Part),
}

/// When the halves of an engine are loaded ([`parley_engine::parts`]).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Halves {
    /// The halves are part of the program.
    #[default]
    Inside,
    /// A half is loaded when the engine asks, after this many failing attempts.
    Loaded {
        /// The number of failing attempts.
        failures: u32,
    },
}

/// A device in the world.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, any of which may hold with any other")]
pub struct Device {
    pub(super) engine: Engine,
    pub(super) master: [u8; 32],
    /// The data that survives a crash.
    pub disk: Disk,
    /// When the halves of the engine are loaded, in this process and later ones.
    pub halves: Halves,
    /// How often the engine asked for a half.
    pub halves_asked: u32,
    /// Whether the person accepts every request as soon as they see it.
    pub accepts: bool,
    /// The requests that this process was told to accept.
    accepted: HashSet<ConversationId>,
    /// The difference between the device's clock and the world's, in milliseconds.
    pub skew: i64,
    /// The screen of one view, built from all events that it got.
    pub screen: Screen,
    pub(super) seals: KeyLedger,
    /// How often the process died.
    pub(super) deaths: u64,
    /// The requests that this process has not answered.
    asked: HashSet<ViewRequestId>,
    pub(super) work: VecDeque<Work>,
    pub(super) sends: VecDeque<Vec<u8>>,
    pub(super) wake: Option<UnixMillis>,
    pub(super) reconnect: bool,
    pub(super) closed: bool,
    rng: ChaCha20Rng,
    next_request: u64,
    /// Replies by request.
    pub replies: HashMap<ViewRequestId, Reply>,
    /// The conversations as the views last saw them.
    pub conversations: BTreeMap<ConversationId, ConversationView>,
    /// Messages that events brought, by id.
    pub messages: BTreeMap<ConversationId, BTreeMap<MessageId, MessageView>>,
    /// The connection as the views show it.
    pub connection: Connection,
    /// The storage state as the views show it.
    pub storage: StorageState,
    /// The own account as the views show it.
    pub account: Option<AccountView>,
    /// The linking step as the views show it.
    pub link: Option<LinkView>,
    /// The texts of a removed device as the views show them.
    pub removed: Option<RemovedView>,
    /// Whether everything was deleted.
    pub erased: bool,
    /// The files that the page has chosen, by the names that it gave them. They outlive the process, but not the page.
    pub sources: HashMap<u64, Vec<u8>>,
    /// The result of writing a chunk of a file, if only that fails.
    pub file_failure: Option<StorageFailure>,
    /// The files that views received, and whether each is complete.
    pub given: HashMap<ViewRequestId, (Vec<u8>, bool)>,
    /// The states of files as the views show them.
    pub files: BTreeMap<FileId, FileState>,
}

impl Device {
    pub(super) fn new(now: UnixMillis, master: [u8; 32], rng: ChaCha20Rng) -> Self {
        Self::open(now, master, Disk::default(), rng).expect("a new device opens")
    }

    pub(super) fn open(
        now: UnixMillis,
        master: [u8; 32],
        disk: Disk,
        rng: ChaCha20Rng,
    ) -> Result<Self, OpenError> {
        let engine = Engine::open(now, &MasterKey::new(master), disk.vault.as_deref(), disk.state())?.whole();
        Ok(Self {
            engine,
            master,
            disk,
            halves: Halves::Inside,
            halves_asked: 0,
            accepts: true,
            accepted: HashSet::new(),
            skew: 0,
            screen: Screen::default(),
            seals: KeyLedger::default(),
            deaths: 0,
            asked: HashSet::new(),
            work: VecDeque::new(),
            sends: VecDeque::new(),
            wake: None,
            reconnect: false,
            closed: false,
            rng,
            next_request: 0,
            replies: HashMap::new(),
            conversations: BTreeMap::new(),
            messages: BTreeMap::new(),
            connection: Connection::Connecting,
            storage: StorageState::Good,
            account: None,
            link: None,
            removed: None,
            erased: false,
            sources: HashMap::new(),
            file_failure: None,
            given: HashMap::new(),
            files: BTreeMap::new(),
        })
    }

    /// The key that seals the disk, for tests that keep a disk.
    #[must_use]
    pub const fn master(&self) -> [u8; 32] {
        self.master
    }

    /// Kills the process: unwritten data is lost, and another engine opens the disk.
    pub fn crash(&mut self, now: UnixMillis) -> Result<(), OpenError> {
        self.work.clear();
        self.sends.clear();
        self.wake = None;
        self.reconnect = false;
        self.conversations.clear();
        self.messages.clear();
        self.files.clear();
        self.screen = Screen::default();
        self.asked.clear();
        self.accepted.clear();
        self.deaths += 1;
        // The browser's host does the same: a vault without records comes from a crash between the two, and is not used.
        let vault = self.disk.vault.as_deref().filter(|_| !self.disk.records.is_empty());
        let now = self.clock(now);
        let engine = Engine::open(now, &MasterKey::new(self.master), vault, self.disk.state())?;
        self.engine = if self.halves == Halves::Inside { engine.whole() } else { engine };
        Ok(())
    }

    /// The time of the device's clock at this time of the world.
    pub(super) fn clock(&self, now: UnixMillis) -> UnixMillis {
        UnixMillis(now.0.saturating_add_signed(self.skew))
    }

    pub(super) fn handle(&mut self, now: UnixMillis, input: Input) {
        let clock = self.clock(now);
        self.engine.handle(clock, &mut self.rng, input);
        self.seals.record(parley_engine::audit::take());
        while let Some(output) = self.engine.poll() {
            match output {
                Output::Persist(set) => self.work.push_back(Work::Persist(set)),
                Output::Load(load) => self.work.push_back(Work::Load(load)),
                Output::Need(part) => {
                    self.halves_asked += 1;
                    self.work.push_back(Work::Part(part));
                }
                Output::Send(bytes) => self.sends.push_back(bytes),
                Output::File(work) => self.work.push_back(Work::File(work)),
                Output::Event(event) => self.show(event),
                // A browser's timer goes on, even when somebody sets the clock.
                Output::WakeAt(at) => {
                    let wait = at.0.saturating_sub(clock.0);
                    assert!(wait <= LONGEST_WAIT, "nothing takes that long: {wait} ms");
                    self.wake = Some(UnixMillis(now.0 + wait));
                }
                Output::Reconnect | Output::ComeBackAfter(_) | Output::Halt(_) => self.reconnect = true,
                Output::Close => self.closed = true,
                Output::Erase => {
                    self.disk = Disk::default();
                    self.work.clear();
                    self.erased = true;
                }
            }
        }
    }

    /// Does one piece of disk work. Returns whether there was any.
    pub(super) fn disk_step(&mut self, now: UnixMillis) -> bool {
        let input = match self.work.pop_front() {
            None => return false,
            Some(Work::Persist(set)) => self.disk.write(set),
            Some(Work::Part(part)) => self.load_half(part),
            Some(Work::Load(load)) => Input::Loaded { id: LoadId(load.id.0), records: self.disk.load(&load) },
            Some(Work::File(work)) => match self.file_step(work) {
                Some(done) => Input::File(done),
                None => return true,
            },
        };
        self.handle(now, input);
        true
    }

    fn load_half(&mut self, part: Part) -> Input {
        match &mut self.halves {
            Halves::Loaded { failures } if *failures > 0 => {
                *failures -= 1;
                Input::NoPart(part)
            }
            _ => parts::all()
                .into_iter()
                .find(|code| code.part() == part)
                .map_or(Input::NoPart(part), Input::Part),
        }
    }

    fn file_step(&mut self, work: FileWork) -> Option<FileDone> {
        match work {
            FileWork::ReadSource { source, from, length } => {
                let begin = usize::try_from(from).unwrap();
                let end = begin + usize::try_from(length).unwrap();
                let bytes = self.sources.get(&source).and_then(|all| Some(all.get(begin..end)?.to_vec()));
                Some(FileDone::Source { source, from, bytes })
            }
            FileWork::ForgetSource(source) => {
                self.sources.remove(&source);
                None
            }
            FileWork::Give { view, bytes, last } => {
                let given = self.given.entry(view).or_default();
                assert!(!given.1, "nothing comes after the last piece");
                given.0.extend(bytes);
                given.1 = last;
                None
            }
            FileWork::Write { file, first, .. } if self.file_failure.is_some() => {
                let result = self.file_failure.map_or(Ok(()), Err);
                Some(FileDone::Written { file, first, result })
            }
            work => self.disk.file(work),
        }
    }

    pub(super) fn command(&mut self, now: UnixMillis, command: Command) -> ViewRequestId {
        self.next_request += 1;
        let id = ViewRequestId(self.next_request);
        self.ask(now, id, command);
        id
    }

    pub(super) fn ask(&mut self, now: UnixMillis, id: ViewRequestId, command: Command) {
        self.asked.insert(id);
        self.handle(now, Input::View(Request { id, command }));
    }

    /// Whether this process, not an earlier one, has the request and has not replied.
    pub(super) fn was_asked(&self, id: ViewRequestId) -> bool {
        self.asked.contains(&id)
    }

    /// A request that the person sees and has not answered, if they accept requests.
    pub(super) fn request_to_accept(&mut self) -> Option<ConversationId> {
        let asks = |view: &&ConversationView| {
            view.consent == Consent::Requested && (view.last.is_some() || view.group.is_some())
        };
        let mut requests = self.conversations.values().filter(asks).map(|view| view.id);
        let next = requests.find(|id| self.accepts && !self.accepted.contains(id))?;
        self.accepted.insert(next);
        Some(next)
    }

    fn show(&mut self, event: Event) {
        self.screen.take(&event);
        match event {
            Event::Reply { id, reply } => {
                if let Reply::Snapshot(snapshot) = &reply {
                    self.take_snapshot(snapshot);
                }
                self.asked.remove(&id);
                let twice = self.replies.insert(id, reply);
                assert!(twice.is_none(), "a request was replied to twice");
            }
            Event::Connection(connection) => self.connection = connection,
            Event::Conversation(view) => drop(self.conversations.insert(view.id, *view)),
            Event::Messages { conversation, messages } => {
                let shown = self.messages.entry(conversation).or_default();
                shown.extend(messages.into_iter().map(|message| (message.id, message)));
            }
            Event::Deleted { conversation, message } => {
                self.messages.entry(conversation).or_default().remove(&message);
            }
            Event::Storage(state) => self.storage = state,
            Event::Account(account) => self.account = account,
            Event::Link(link) => self.link = link,
            Event::Removed(removed) => self.removed = Some(removed),
            Event::File { file, state } => drop(self.files.insert(file, state)),
        }
    }

    fn take_snapshot(&mut self, snapshot: &Snapshot) {
        self.connection = snapshot.connection;
        self.account.clone_from(&snapshot.account);
        self.link.clone_from(&snapshot.link);
        self.storage = snapshot.storage;
        self.conversations = snapshot.conversations.iter().map(|view| (view.id, view.clone())).collect();
    }
}

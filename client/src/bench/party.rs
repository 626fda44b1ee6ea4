//! Devices in one worker: one writes to IndexedDB, the others write nowhere; all have sockets to the relay.

use core::time::Duration;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use parley_engine::Engine;
use parley_engine::io::{ChangeSet, Input, Output};
use parley_engine::seal::MasterKey;
use parley_engine::view::{Command, Connection, ConversationId, Event, Reply, Request, ViewRequestId};
use parley_protocol::ids::UnixMillis;

use crate::host::journal::Journal;
use crate::platform::random::BrowserRng;
use crate::platform::socket::{Happening, Socket};
use crate::platform::{clock, timer};

/// A pause longer than receipts wait, in milliseconds.
const QUIET: f64 = 400.0;
/// After this time without the expected event the program gives up, in milliseconds.
const GIVE_UP: f64 = 60_000.0;

/// The milliseconds of the engine's work and of transactions.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Spent {
    pub(super) engine: f64,
    pub(super) disk: f64,
}

impl Spent {
    pub(super) fn add(&mut self, other: Self) {
        self.engine += other.engine;
        self.disk += other.disk;
    }
}

/// One device.
pub(super) struct Party {
    engine: Engine,
    disk: Option<Journal>,
    socket: Option<Socket>,
    heard: Rc<RefCell<VecDeque<Input>>>,
    change: Option<ChangeSet>,
    sends: Vec<Vec<u8>>,
    wake: Option<UnixMillis>,
    reply: Option<Reply>,
    requests: u64,
    spent: Spent,
    online: bool,
    pub(super) vault: Option<Vec<u8>>,
    /// How many messages of others were shown.
    pub(super) shown: usize,
    pub(super) conversation: Option<ConversationId>,
}

impl Party {
    pub(super) fn new(master: [u8; 32], disk: Option<Journal>) -> Self {
        let engine = Engine::open(clock::now(), &MasterKey::new(master), None, Vec::new());
        let heard: Rc<RefCell<VecDeque<Input>>> = Rc::default();
        let hear = Rc::clone(&heard);
        let socket = Socket::open("/v1/ws", move |happening| {
            hear.borrow_mut().push_back(match happening {
                Happening::Open => Input::Connected,
                Happening::Received(bytes) => Input::Received(bytes),
                Happening::Closed => panic!("the relay closed the connection"),
            });
        });
        Self {
            engine: engine.expect("an engine").whole(),
            disk,
            socket: Some(socket.expect("a socket")),
            heard,
            change: None,
            sends: Vec::new(),
            wake: None,
            reply: None,
            requests: 0,
            spent: Spent::default(),
            online: false,
            vault: None,
            shown: 0,
            conversation: None,
        }
    }

    fn handle(&mut self, input: Input) {
        let start = clock::precise();
        self.engine.handle(clock::now(), &mut BrowserRng, input);
        let outputs: Vec<Output> = core::iter::from_fn(|| self.engine.poll()).collect();
        self.spent.engine += clock::precise() - start;
        for output in outputs {
            match output {
                Output::Persist(change) => self.change = Some(change),
                Output::Send(bytes) => self.sends.push(bytes),
                Output::Event(event) => self.show(event),
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
    }

    fn show(&mut self, event: Event) {
        match event {
            Event::Reply { reply, .. } => self.reply = Some(reply),
            Event::Connection(connection) => self.online = connection == Connection::Online,
            Event::Conversation(view) => self.conversation = Some(view.id),
            Event::Messages { messages, .. } => {
                self.shown += messages.iter().filter(|message| message.outgoing.is_none()).count();
            }
            _ => {}
        }
    }

    /// Writes the waiting change sets, and sends the frames that waited for them.
    async fn persist(&mut self) {
        self.write().await;
        for bytes in self.sends.drain(..) {
            if let Some(socket) = &self.socket {
                socket.send(&bytes);
            }
        }
    }

    /// Writes the waiting change sets. Returns how many frames can then be sent.
    async fn write(&mut self) -> usize {
        while let Some(change) = self.change.take() {
            let start = clock::precise();
            if let Some(journal) = &self.disk {
                journal.write(&change).await.expect("a write");
                if journal.is_full() {
                    journal.settle().await.expect("a write");
                }
            }
            self.spent.disk += clock::precise() - start;
            self.vault = change.vault.or(self.vault.take());
            self.handle(Input::Persisted(change.id));
        }
        self.sends.len()
    }

    /// Moves the journal's entries into their stores.
    pub(super) async fn settle(&mut self) {
        let start = clock::precise();
        if let Some(journal) = &self.disk {
            journal.settle().await.expect("a write");
        }
        self.spent.disk += clock::precise() - start;
    }

    /// Takes one step. Returns whether anything happened.
    async fn step(&mut self) -> bool {
        let now = clock::now();
        let mut inputs: Vec<Input> = self.heard.borrow_mut().drain(..).collect();
        inputs.extend(self.wake.take_if(|at| *at <= now).map(|_| Input::Timer));
        let worked = !inputs.is_empty() || self.change.is_some() || !self.sends.is_empty();
        for input in inputs {
            self.handle(input);
        }
        self.persist().await;
        worked
    }
}

/// All devices.
#[derive(Default)]
pub(super) struct World {
    pub(super) parties: Vec<Party>,
}

impl World {
    /// Adds a device with a new account, and waits until it is at rest.
    pub(super) async fn add(&mut self, party: Party, username: &str) -> usize {
        let index = self.join(party, username).await;
        self.settle().await;
        index
    }

    /// Adds a device with a new account.
    pub(super) async fn join(&mut self, party: Party, username: &str) -> usize {
        self.parties.push(party);
        let index = self.parties.len() - 1;
        self.until(|world| world.parties[index].online).await;
        let account = Command::CreateAccount { name: username.to_owned(), username: username.to_owned() };
        let made = self.ask(index, account).await;
        assert!(made == Reply::Done, "no account");
        index
    }

    pub(super) fn command(&mut self, index: usize, command: Command) {
        let party = &mut self.parties[index];
        party.requests += 1;
        let id = ViewRequestId(party.requests);
        party.handle(Input::View(Request { id, command }));
    }

    pub(super) async fn ask(&mut self, index: usize, command: Command) -> Reply {
        self.parties[index].reply = None;
        self.command(index, command);
        self.until(|world| world.parties[index].reply.is_some()).await;
        self.parties[index].reply.take().expect("a reply")
    }

    pub(super) async fn persist(&mut self, index: usize) {
        self.parties[index].persist().await;
    }

    pub(super) async fn write(&mut self, index: usize) -> usize {
        self.parties[index].write().await
    }

    pub(super) fn take_spent(&mut self, index: usize) -> Spent {
        core::mem::take(&mut self.parties[index].spent)
    }

    /// Takes one step with every device. Waits a moment when there is nothing to do.
    pub(super) async fn step(&mut self) -> bool {
        let mut worked = false;
        for party in &mut self.parties {
            worked |= party.step().await;
        }
        if !worked {
            timer::sleep(Duration::from_millis(1)).await;
        }
        worked
    }

    pub(super) async fn until(&mut self, done: impl Fn(&Self) -> bool) {
        let start = clock::precise();
        while !done(self) {
            assert!(clock::precise() - start < GIVE_UP, "it does not happen");
            self.step().await;
        }
    }

    /// Waits until the sender's message has arrived at the reader, who does not process it yet.
    pub(super) async fn hold(&mut self, reader: usize, sender: usize) {
        let before = self.parties[reader].heard.borrow().len();
        while self.parties[reader].heard.borrow().len() == before {
            if !self.parties[sender].step().await {
                timer::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    /// Processes waiting messages, each written before the next. Returns the cost of those that showed a message.
    pub(super) async fn read_in_a_row(&mut self, index: usize) -> Vec<Spent> {
        let party = &mut self.parties[index];
        let waiting: Vec<Input> = party.heard.borrow_mut().drain(..).collect();
        let mut all = Vec::new();
        for input in waiting {
            party.spent = Spent::default();
            let shown = party.shown;
            party.handle(input);
            party.persist().await;
            if party.shown > shown {
                all.push(party.spent);
            }
        }
        all
    }

    /// Waits until nothing has happened for longer than receipts wait.
    pub(super) async fn settle(&mut self) {
        self.idle(QUIET).await;
        for party in &mut self.parties {
            party.settle().await;
        }
    }

    /// Waits until the answers to the last message have arrived.
    pub(super) async fn quiet(&mut self) {
        self.idle(10.0).await;
    }

    async fn idle(&mut self, milliseconds: f64) {
        let mut last = clock::precise();
        while clock::precise() - last < milliseconds {
            if self.step().await {
                last = clock::precise();
            }
        }
    }
}

//! Devices around a relay, without delay.

use parley_engine::io::Input;
use parley_engine::view::{Command, ConversationId, Event, Person, Reply};
use parley_protocol::frame::{ClientFrame, Request};
use parley_protocol::ids::UnixMillis;
use parley_tests::sim::{ConnectionId, VirtualRelay};

use crate::party::{Party, Spent};

/// Longer than receipts wait.
const PAUSE: u64 = 300;

pub(crate) struct World {
    pub(crate) now: UnixMillis,
    relay: VirtualRelay,
    pub(crate) parties: Vec<Party>,
    /// What each party spent since it was last taken.
    pub(crate) spent: Vec<Spent>,
    /// Bytes of the last commit that went to the relay, without its Welcomes.
    commit: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        let now = UnixMillis(1_790_000_000_000);
        Self { now, relay: VirtualRelay::default(), parties: Vec::new(), spent: Vec::new(), commit: 0 }
    }

    /// A new device with an account, connected and up to date.
    pub(crate) fn add(&mut self, username: &str) -> usize {
        let index = self.parties.len();
        let number = u64::try_from(index).unwrap() + 1;
        self.parties.push(Party::new(self.now, ConnectionId(number)));
        self.spent.push(Spent::default());
        self.handle(index, Input::Connected);
        self.settle();
        let account = Command::CreateAccount { name: username.to_owned(), username: username.to_owned() };
        self.ask(index, account);
        self.settle();
        index
    }

    pub(crate) fn handle(&mut self, index: usize, input: Input) {
        let spent = self.parties[index].handle(self.now, input);
        self.spent[index].add(spent);
    }

    pub(crate) fn command(&mut self, index: usize, command: Command) {
        let spent = self.parties[index].command(self.now, command);
        self.spent[index].add(spent);
    }

    pub(crate) fn ask(&mut self, index: usize, command: Command) -> Reply {
        self.command(index, command);
        self.settle();
        self.parties[index].reply().expect("a reply").clone()
    }

    /// Finds somebody and opens the conversation; nothing is encrypted yet.
    pub(crate) fn meet(&mut self, from: usize, username: &str) -> ConversationId {
        let found = self.ask(from, Command::FindPerson(username.to_owned()));
        let Reply::Person(Person { account, .. }) = found else { panic!("nobody found: {found:?}") };
        let opened = self.ask(from, Command::StartConversation(account));
        let Reply::Conversation(id) = opened else { panic!("no conversation: {opened:?}") };
        id
    }

    /// Accepts the chat that somebody has begun.
    pub(crate) fn accept(&mut self, index: usize) {
        let begun = |event: &Event| match event {
            Event::Conversation(chat) => Some(chat.id),
            _ => None,
        };
        let chat = self.parties[index].events.iter().find_map(begun).expect("a chat");
        assert_eq!(self.ask(index, Command::Accept(chat)), Reply::Done);
    }

    pub(crate) fn persist(&mut self, index: usize) {
        let spent = self.parties[index].persist(self.now);
        self.spent[index].add(spent);
    }

    /// Brings one frame to the relay and what comes of it to the devices' engines: who got which frames.
    pub(crate) fn uplink(&mut self, index: usize) -> Option<Vec<(usize, Vec<u8>)>> {
        let party = &mut self.parties[index];
        let bytes = party.sends.pop_front()?;
        if let Ok(ClientFrame { request: Request::AppendCommit(commit), .. }) = ClientFrame::decode(&bytes) {
            self.commit = commit.commit.len();
        }
        let outgoing = self.relay.receive(self.now, party.connection, &bytes);
        let index_of = |connection| self.parties.iter().position(|party| party.connection == connection);
        Some(outgoing.into_iter().filter_map(|(to, bytes)| Some((index_of(to)?, bytes))).collect())
    }

    /// One round of everything; whether anything happened.
    pub(crate) fn step(&mut self) -> bool {
        let mut worked = false;
        for index in 0..self.parties.len() {
            self.persist(index);
            while let Some(frames) = self.uplink(index) {
                worked = true;
                for (to, bytes) in frames {
                    self.handle(to, Input::Received(bytes));
                }
            }
        }
        worked
    }

    /// Lets everything happen, and what waits for a moment too.
    pub(crate) fn settle(&mut self) {
        for _ in 0..3 {
            while self.step() {}
            self.now = UnixMillis(self.now.0 + PAUSE);
            for index in 0..self.parties.len() {
                let now = self.now;
                if self.parties[index].wake.take_if(|at| *at <= now).is_some() {
                    self.handle(index, Input::Timer);
                }
            }
        }
        while self.step() {}
    }

    /// Bytes of the last commit, without its Welcomes.
    pub(crate) fn commit_bytes(&self) -> f64 {
        f64::from(u32::try_from(self.commit).unwrap())
    }

    /// A device goes offline.
    pub(crate) fn leave(&mut self, index: usize) {
        self.relay.disconnect(self.parties[index].connection);
        let retry_at = UnixMillis(u64::MAX);
        self.parties[index].handle(self.now, Input::Disconnected { retry_at });
        self.parties[index].persist(self.now);
        self.parties[index].sends.clear();
        self.parties[index].wake = None;
    }

    /// And comes back, on another connection.
    pub(crate) fn come_back(&mut self, index: usize) {
        let number = self.parties[index].connection.0;
        self.parties[index].connection = ConnectionId(number + 1_000_000);
        self.handle(index, Input::Connected);
    }

    /// What a party spent since this was asked last.
    pub(crate) fn take_spent(&mut self, index: usize) -> Spent {
        std::mem::take(&mut self.spent[index])
    }

    pub(crate) fn knows_a_conversation(&self, index: usize) -> bool {
        self.parties[index].events.iter().any(|event| matches!(event, Event::Conversation(_)))
    }

    pub(crate) fn messages_shown(&self, index: usize) -> usize {
        let count = |event: &Event| match event {
            Event::Messages { messages, .. } => {
                messages.iter().filter(|message| message.outgoing.is_none()).count()
            }
            _ => 0,
        };
        self.parties[index].events.iter().map(count).sum()
    }
}

//! The world: its connections, the frames on their way, and the time.

use std::collections::VecDeque;

use parley_engine::OpenError;
use parley_engine::hostile::Peer;
use parley_engine::io::Input;
use parley_engine::view::{
    BodyView, Command, Connection, ConversationId, Delivery, KeyChange, MessageView, Page, Person, Reply,
    ViewRequestId,
};
use parley_protocol::frame::{ClientFrame, Request, RequestId};
use parley_protocol::ids::{LogId, UnixMillis};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::consent::ConsentOracle;
use super::device::RETRY;
use super::{ConnectionId, Device, Disk, KeyLedger, Lie, RelayCopy, Torn, VirtualRelay};

/// A device of the world.
pub type DeviceIndex = usize;

pub(super) struct Link {
    pub(super) connection: ConnectionId,
    pub(super) to_relay: VecDeque<Vec<u8>>,
    pub(super) to_device: VecDeque<Vec<u8>>,
    /// The answers about appends that other frames overtake, in worlds with this fault.
    pub(super) overtaken: VecDeque<Vec<u8>>,
    /// Frames from the relay were dropped, doubled or swapped, so tests expect nothing more of this connection.
    pub(super) lied_to: bool,
    /// The next lie, and after how many frames it comes.
    pub(super) lie: Option<(Lie, u32)>,
}

/// Engines around a relay.
pub struct World {
    /// The time.
    pub now: UnixMillis,
    /// The relay.
    pub relay: VirtualRelay,
    /// The devices.
    pub devices: Vec<Device>,
    /// Keys and nonces of everything that left a device.
    pub ledger: KeyLedger,
    /// Whether the world prints every frame at the relay.
    pub traced: bool,
    /// Whether answers about appends come after later frames of the relay: each append waits for the disk by itself.
    pub appends_take_long: bool,
    consent: ConsentOracle,
    pub(super) links: Vec<Option<Link>>,
    /// When a device that closed its connection opens another.
    pub(super) retries: Vec<Option<UnixMillis>>,
    /// Frames of connections that have ended for the device but not yet for the relay.
    pub(super) late: VecDeque<(ConnectionId, VecDeque<Vec<u8>>)>,
    /// After how many disk writes a device dies, and how.
    pub(super) fuses: Vec<Option<(u32, Torn)>>,
    next_connection: u64,
    rng: ChaCha20Rng,
}

impl World {
    /// Makes an empty world. Everything that happens in it follows from the seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Drops the seals that an earlier world left on this thread.
        drop(parley_engine::audit::take());
        Self {
            now: UnixMillis(1_790_000_000_000),
            relay: VirtualRelay::default(),
            devices: Vec::new(),
            ledger: KeyLedger::default(),
            traced: false,
            appends_take_long: false,
            consent: ConsentOracle::default(),
            links: Vec::new(),
            retries: Vec::new(),
            late: VecDeque::new(),
            fuses: Vec::new(),
            next_connection: 0,
            rng: ChaCha20Rng::seed_from_u64(seed),
        }
    }

    /// A number below `bound`, from the seed.
    pub fn random(&mut self, bound: u64) -> u64 {
        self.rng.next_u64() % bound
    }

    /// Adds a device without an account, connected.
    pub fn add_device(&mut self) -> DeviceIndex {
        let mut master = [0; 32];
        self.rng.fill_bytes(&mut master);
        let rng = ChaCha20Rng::from_rng(&mut self.rng);
        self.devices.push(Device::new(self.now, master, rng));
        self.links.push(None);
        self.retries.push(None);
        self.fuses.push(None);
        let index = self.devices.len() - 1;
        self.connect(index);
        self.run();
        index
    }

    /// Adds a device that has been used before, not connected.
    pub fn add_used_device(&mut self, master: [u8; 32], disk: Disk) -> Result<DeviceIndex, OpenError> {
        let rng = ChaCha20Rng::from_rng(&mut self.rng);
        self.devices.push(Device::open(self.now, master, disk, rng)?);
        self.links.push(None);
        self.retries.push(None);
        self.fuses.push(None);
        Ok(self.devices.len() - 1)
    }

    /// Adds a device with a copy of another's profile, not connected.
    pub fn add_copy(&mut self, of: DeviceIndex) -> DeviceIndex {
        let (master, disk) = (self.devices[of].master, self.devices[of].disk.clone());
        self.add_used_device(master, disk).expect("what was persisted opens")
    }

    /// Adds a device and makes an account on it.
    pub fn add_person(&mut self, name: &str) -> DeviceIndex {
        let index = self.add_device();
        let username = name.to_lowercase();
        let reply = self.ask(index, Command::CreateAccount { name: name.into(), username });
        assert_eq!(reply, Reply::Done, "{name} gets an account");
        self.settle();
        index
    }

    /// Connects a device.
    pub fn connect(&mut self, index: DeviceIndex) {
        self.disconnect(index);
        self.next_connection += 1;
        let connection = ConnectionId(self.next_connection);
        let (to_relay, to_device) = (VecDeque::new(), VecDeque::new());
        self.links[index] = Some(Link {
            connection,
            to_relay,
            to_device,
            overtaken: VecDeque::new(),
            lied_to: false,
            lie: None,
        });
        self.retries[index] = None;
        self.handle(index, Input::Connected);
    }

    /// The connection of a device, if it has one.
    #[must_use]
    pub fn connection_of(&self, index: DeviceIndex) -> Option<ConnectionId> {
        self.links[index].as_ref().map(|link| link.connection)
    }

    /// Cuts a device off. Frames on their way are lost.
    pub fn disconnect(&mut self, index: DeviceIndex) {
        if let Some(link) = self.links[index].take() {
            self.relay.disconnect(link.connection);
            self.tell_disconnected(index);
        }
    }

    pub(super) fn tell_disconnected(&mut self, index: DeviceIndex) {
        let retry_at = UnixMillis(self.devices[index].clock(self.now).0 + RETRY);
        self.handle(index, Input::Disconnected { retry_at });
    }

    /// Restores a copy, as the relay's operator does: all connections end, and the relay restarts. The test connects the
    /// devices again, or they try by themselves.
    pub fn restore_relay(&mut self, copy: &RelayCopy) {
        for index in 0..self.devices.len() {
            self.disconnect(index);
        }
        self.late.clear();
        self.relay.roll_back(copy.clone());
    }

    /// Kills a device's process and starts it again, not connected.
    pub fn crash(&mut self, index: DeviceIndex) {
        if let Some(link) = self.links[index].take() {
            self.relay.disconnect(link.connection);
        }
        self.devices[index].crash(self.now).expect("what was persisted opens");
    }

    /// Replaces the disk of a device that is not running, and starts it, not connected.
    pub fn roll_back(&mut self, index: DeviceIndex, disk: Disk) {
        self.try_roll_back(index, disk).expect("the disk opens");
    }

    /// Like [`World::roll_back`], for a disk that may not open.
    pub fn try_roll_back(&mut self, index: DeviceIndex, disk: Disk) -> Result<(), OpenError> {
        if let Some(link) = self.links[index].take() {
            self.relay.disconnect(link.connection);
        }
        self.devices[index].disk = disk;
        self.devices[index].crash(self.now)
    }

    /// Copies everything that a device knows, and takes the device away from its owner: it does nothing more.
    pub fn steal(&mut self, index: DeviceIndex) -> Peer {
        self.disconnect(index);
        self.devices[index].engine.steal(self.next_connection)
    }

    /// The logs that a device knows.
    #[must_use]
    pub fn logs_of(&self, index: DeviceIndex) -> Vec<LogId> {
        self.devices[index].engine.steal(0).logs()
    }

    /// The device's next request on its way.
    #[must_use]
    pub fn next_request(&self, index: DeviceIndex) -> Option<Request> {
        let bytes = self.links[index].as_ref()?.to_relay.front()?;
        ClientFrame::decode(bytes).ok().map(|frame| frame.request)
    }

    /// Sends the relay a request from somebody who is none of the devices. Pushes because of it reach the devices.
    pub fn asked_by_another(&mut self, request: Request) {
        let frame = ClientFrame { id: RequestId(1), request };
        self.deliver(ConnectionId(u64::MAX), &frame.encode().expect("it is no longer than a frame"));
    }

    /// The device's host asks whether its connection still works.
    pub fn probe(&mut self, index: DeviceIndex) {
        self.handle(index, Input::Probe);
    }

    /// Whether the device is connected.
    #[must_use]
    pub fn is_connected(&self, index: DeviceIndex) -> bool {
        self.links[index].is_some()
    }

    pub(super) fn handle(&mut self, index: DeviceIndex, input: Input) {
        self.devices[index].handle(self.now, input);
        self.collect(index);
    }

    pub(super) fn collect(&mut self, index: DeviceIndex) {
        let device = &mut self.devices[index];
        self.consent.watch(&device.engine, device.sends.iter());
        match &mut self.links[index] {
            Some(link) => {
                for frame in &device.sends {
                    self.ledger.left(&device.seals, frame);
                }
                link.to_relay.extend(device.sends.drain(..));
            }
            None => device.sends.clear(),
        }
        if std::mem::take(&mut device.closed) {
            return self.disconnect(index);
        }
        let device = &mut self.devices[index];
        if std::mem::take(&mut device.reconnect) {
            self.disconnect(index);
            self.retries[index] = Some(UnixMillis(self.now.0 + 1_000));
        }
        if let Some(request) = self.devices[index].request_to_accept() {
            self.command(index, Command::Accept(request));
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        self.advance(ms);
        self.run();
    }

    /// Lets time pass, and only connects the devices that are due.
    pub fn advance(&mut self, ms: u64) {
        self.now = UnixMillis(self.now.0 + ms);
        for index in 0..self.devices.len() {
            let now = self.now;
            if self.retries[index].take_if(|at| *at <= now).is_some() {
                self.connect(index);
            }
        }
    }

    /// Runs until nothing more happens, for five seconds of virtual time.
    pub fn settle(&mut self) {
        for _ in 0..20 {
            self.pass(250);
        }
    }

    /// Runs a command, and returns its reply.
    pub fn ask(&mut self, index: DeviceIndex, command: Command) -> Reply {
        let id = self.command(index, command);
        self.run();
        self.devices[index].replies.get(&id).cloned().expect("a reply")
    }

    /// Sends a command, whose reply comes later.
    pub fn command(&mut self, index: DeviceIndex, command: Command) -> ViewRequestId {
        let id = self.devices[index].command(self.now, command);
        self.collect(index);
        id
    }

    /// Repeats a command that nobody has answered, as a view does.
    pub fn repeat(&mut self, index: DeviceIndex, id: ViewRequestId, command: Command) {
        self.ask_with(index, id, command);
        while self.disk_step(index) {}
    }

    /// Sends a command with an id that was used before. Its reply comes later.
    pub(super) fn ask_with(&mut self, index: DeviceIndex, id: ViewRequestId, command: Command) {
        self.devices[index].ask(self.now, id, command);
        self.collect(index);
    }

    /// The requests to the relay after it had seen this many frames.
    #[must_use]
    pub fn requests_since(&self, since: usize) -> Vec<Request> {
        let frames = self.relay.seen[since..].iter().map(|bytes| ClientFrame::decode(bytes));
        frames.map(|frame| frame.expect("engines send valid frames").request).collect()
    }

    /// Finds a person by username and opens the conversation.
    pub fn start(&mut self, from: DeviceIndex, username: &str) -> ConversationId {
        let reply = self.ask(from, Command::FindPerson(username.into()));
        let Reply::Person(Person { account, .. }) = reply else { panic!("nobody found: {reply:?}") };
        let reply = self.ask(from, Command::StartConversation(account));
        let Reply::Conversation(id) = reply else { panic!("no conversation: {reply:?}") };
        id
    }

    /// Sends a text from a composer with its draft.
    pub fn send(&mut self, from: DeviceIndex, conversation: ConversationId, text: &str) {
        let over = self.draft(from, conversation);
        self.command(from, Command::SendText { conversation, text: text.into(), over });
    }

    /// The draft that the device's view knows.
    #[must_use]
    pub fn draft(&self, index: DeviceIndex, conversation: ConversationId) -> String {
        self.devices[index].conversations.get(&conversation).map(|it| it.draft.clone()).unwrap_or_default()
    }

    /// The device's only conversation.
    #[must_use]
    pub fn only_conversation(&self, index: DeviceIndex) -> ConversationId {
        let conversations = &self.devices[index].conversations;
        assert_eq!(conversations.len(), 1, "one conversation");
        *conversations.keys().next().unwrap()
    }

    /// All messages of a conversation as a view loads them, oldest first.
    pub fn history(&mut self, index: DeviceIndex, conversation: ConversationId) -> Vec<MessageView> {
        let mut reply = self.ask(index, Command::OpenConversation(conversation));
        let mut history = Vec::new();
        loop {
            let Reply::Page(Page { messages, older, .. }) = reply else { panic!("no page: {reply:?}") };
            let before = messages.first().map(|message| message.order);
            history.splice(0..0, messages);
            match before {
                Some(before) if older => {
                    reply = self.ask(index, Command::OlderMessages { conversation, before });
                }
                _ => return history,
            }
        }
    }

    /// The lines of a conversation about changes of the other's keys.
    pub fn key_changes(&mut self, index: DeviceIndex, conversation: ConversationId) -> Vec<KeyChange> {
        let history = self.history(index, conversation);
        let changes = history.into_iter().filter_map(|message| match message.body {
            BodyView::KeysChanged(change) => Some(change),
            _ => None,
        });
        changes.collect()
    }

    /// The texts of a conversation, own ones after ">", and the lines between them, except those of [`World::key_changes`].
    pub fn texts(&mut self, index: DeviceIndex, conversation: ConversationId) -> Vec<String> {
        let shown = |message: MessageView| {
            let mark = if message.outgoing.is_some() { ">" } else { "" };
            match message.body {
                BodyView::Text(text) => format!("{mark}{text}"),
                other => format!("{mark}[{other:?}]"),
            }
        };
        let history = self.history(index, conversation).into_iter();
        history.filter(|message| !matches!(message.body, BodyView::KeysChanged(_))).map(shown).collect()
    }

    /// The state of the newest own message.
    pub fn delivery(&mut self, index: DeviceIndex, conversation: ConversationId) -> Delivery {
        let history = self.history(index, conversation);
        history.iter().rev().find_map(|message| message.outgoing).expect("an own message")
    }

    /// Whether the device says that it is up to date.
    #[must_use]
    pub fn is_online(&self, index: DeviceIndex) -> bool {
        self.devices[index].connection == Connection::Online
    }
}

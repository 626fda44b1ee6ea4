//! Hosts the engine in the one worker that owns the device, and carries out its outputs.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use parley_engine::Engine;
use parley_engine::io::{Input, Output, StorageFailure};
use parley_engine::seal::PageKey;
use parley_engine::view::{Event, Request};

use super::backlog::Backlog;
use super::boot::{self, TabStorage};
use super::channel::Views;
use super::connection::{Connection, News};
use super::device::Device;
use super::files::Files;
use super::halves;
use super::ownership::Ownership;
use super::slow::Slowness;
use super::storage::Storage;
use crate::model::dedupe::{Handled, Verdict};
use crate::model::signal::ToViews;
use crate::platform::random::BrowserRng;
use crate::platform::timer::{self, Timeout};
use crate::platform::{clock, spawn_local};

/// The size in bytes from which a frame counts as large: reading its entries may keep the worker from answering views.
const LARGE: usize = 16 * 1024;

/// The engine, with the parts of the host that carry out its outputs.
pub(super) struct Owner {
    fence: u64,
    key: PageKey,
    views: Views,
    ownership: Ownership,
    engine: RefCell<Engine>,
    inputs: RefCell<VecDeque<Input>>,
    handled: RefCell<Handled>,
    busy: Cell<bool>,
    /// Another owner has taken over. This one sends and does nothing any more.
    replaced: Cell<bool>,
    storage: OnceCell<Storage>,
    files: OnceCell<Files>,
    connection: OnceCell<Connection>,
    backlog: OnceCell<Rc<Backlog>>,
    alarm: RefCell<Option<Timeout>>,
    /// Called when nothing of the device is left.
    removed: Box<dyn Fn()>,
}

impl Owner {
    pub(super) fn serve(
        device: Device,
        tab: TabStorage,
        views: &Views,
        slow: &Slowness,
        ownership: Ownership,
        removed: impl Fn() + 'static,
    ) -> Rc<Self> {
        let owner = Rc::new(Self {
            fence: device.journal.fence().0,
            key: device.key,
            views: views.clone(),
            ownership,
            engine: RefCell::new(device.engine),
            inputs: RefCell::default(),
            handled: RefCell::default(),
            busy: Cell::new(false),
            replaced: Cell::new(false),
            storage: OnceCell::new(),
            files: OnceCell::new(),
            connection: OnceCell::new(),
            backlog: OnceCell::new(),
            alarm: RefCell::default(),
            removed: Box::new(removed),
        });
        let (told, taken) = (Rc::clone(&owner), Rc::clone(&owner));
        let database = device.journal.database().clone();
        let fence = device.journal.fence();
        owner.files.get_or_init(|| Files::new(database, fence, move |input| taken.input(input)));
        owner
            .storage
            .get_or_init(|| Storage::new(device.journal, tab, slow.clone(), move |input| told.stored(input)));
        owner
    }

    /// Tells the views that this owner is here, and connects.
    pub(super) fn begin(self: &Rc<Self>) {
        // The engine does what opening the device left to do.
        self.input(Input::Timer);
        self.say_here();
        let taken = Rc::clone(self);
        self.backlog.get_or_init(|| Backlog::new(move |frame| taken.received(frame)));
        let told = Rc::clone(self);
        self.connection.get_or_init(|| Connection::start(move |news| told.connection_news(news)));
    }

    /// Ends all sending and writing of this owner, because another one has taken over.
    pub(super) fn fall_silent(&self) {
        self.replaced.set(true);
        self.alarm.replace(None);
        self.with_connection(Connection::halt);
    }

    /// Whether a change set is still being written.
    pub(super) fn is_writing(&self) -> bool {
        self.storage.get().is_some_and(Storage::is_working)
    }

    pub(super) const fn fence(&self) -> u64 {
        self.fence
    }

    pub(super) fn say_here(&self) {
        self.say(&ToViews::OwnerHere { fence: self.fence, key: self.key.clone() });
    }

    pub(super) fn retry_now(&self) {
        self.with_connection(Connection::retry_now);
    }

    pub(super) fn look(&self) {
        self.with_connection(Connection::look);
    }

    pub(super) fn seen(&self) {
        self.with_connection(Connection::seen);
    }

    pub(super) fn asked(self: &Rc<Self>, request: Request) {
        if self.replaced.get() {
            return;
        }
        let id = request.id;
        let verdict = self.handled.borrow_mut().admit(id);
        match verdict {
            Verdict::New => self.input(Input::View(request)),
            Verdict::Underway => {}
            Verdict::Answered(reply) => self.say_event(Event::Reply { id, reply }),
        }
    }

    fn connection_news(self: &Rc<Self>, news: News) {
        let Some(backlog) = self.backlog.get() else { return };
        match news {
            News::Connected => self.input(Input::Connected),
            News::Disconnected { retry_at } => {
                backlog.forget();
                self.input(Input::Disconnected { retry_at });
            }
            News::Received(bytes) => backlog.put(bytes),
            News::Quiet => self.input(Input::Probe),
        }
    }

    fn received(self: &Rc<Self>, frame: Vec<u8>) {
        if frame.len() > LARGE {
            self.ownership.busy();
        }
        self.input(Input::Received(frame));
    }

    fn stored(self: &Rc<Self>, input: Input) {
        if matches!(input, Input::PersistFailed(_, StorageFailure::Fenced)) {
            self.fall_silent();
            boot::say_replaced();
        }
        self.input(input);
    }

    /// Hands inputs to the engine one by one, and carries out all outputs after each.
    fn input(self: &Rc<Self>, input: Input) {
        if self.replaced.get() && !matches!(input, Input::PersistFailed(..)) {
            return;
        }
        self.inputs.borrow_mut().push_back(input);
        if self.busy.replace(true) {
            return;
        }
        loop {
            let next = self.inputs.borrow_mut().pop_front();
            let Some(input) = next else { break };
            self.engine.borrow_mut().handle(clock::now(), &mut BrowserRng, input);
            loop {
                let next = self.engine.borrow_mut().poll();
                let Some(output) = next else { break };
                self.carry_out(output);
            }
        }
        self.busy.set(false);
    }

    fn carry_out(self: &Rc<Self>, output: Output) {
        match output {
            Output::Persist(change) => {
                if let Some(storage) = self.storage.get() {
                    storage.write(change);
                }
            }
            Output::Load(load) => {
                if let Some(storage) = self.storage.get() {
                    storage.load(load);
                }
            }
            Output::Send(bytes) => self.with_connection(|connection| connection.send(&bytes)),
            Output::Halt(_) | Output::Close => self.with_connection(Connection::halt),
            Output::Reconnect => self.with_connection(|connection| connection.reconnect(0)),
            Output::ComeBackAfter(pause) => {
                self.with_connection(|connection| connection.reconnect(u64::from(pause)));
            }
            Output::Event(event) => self.tell(event),
            Output::WakeAt(time) => self.wake_at(time.0),
            Output::Need(part) => {
                let owner = Rc::clone(self);
                spawn_local(async move { owner.input(halves::load(part).await) });
            }
            Output::File(work) => {
                if let Some(files) = self.files.get() {
                    files.work(work);
                }
            }
            Output::Erase => {
                if let Some(storage) = self.storage.get() {
                    let owner = Rc::clone(self);
                    storage.erase(move || (owner.removed)());
                }
            }
        }
    }

    fn with_connection(&self, act: impl FnOnce(&Connection)) {
        if let Some(connection) = self.connection.get() {
            act(connection);
        }
    }

    fn tell(&self, event: Event) {
        if let Event::Reply { id, reply } = &event {
            self.handled.borrow_mut().answered(*id, reply);
        }
        self.say_event(event);
    }

    fn say_event(&self, event: Event) {
        self.say(&ToViews::Tell { fence: self.fence, event });
    }

    pub(super) fn say(&self, signal: &ToViews) {
        if !self.replaced.get() {
            self.views.say(signal);
        }
    }

    fn wake_at(self: &Rc<Self>, time: u64) {
        let owner = Rc::clone(self);
        let alarm = timer::after(time.saturating_sub(clock::now().0), move || {
            // The timer has fired, so there is nothing left to stop.
            if let Some(gone_off) = owner.alarm.take() {
                gone_off.forget();
            }
            owner.input(Input::Timer);
        });
        self.alarm.replace(Some(alarm));
    }
}

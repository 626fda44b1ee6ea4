//! The owner of the device: one worker of all the tabs.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use parley_engine::Engine;
use parley_engine::io::{Input, Output, StorageFailure};
use parley_engine::view::{Event, Request};

use super::boot::TabStorage;
use super::channel::Views;
use super::code;
use super::connection::{Connection, News};
use super::device::{self, Device};
use super::storage::Storage;
use crate::model::dedupe::{Handled, Verdict};
use crate::model::signal::{Signal, Trouble};
use crate::platform::db::Database;
use crate::platform::random::BrowserRng;
use crate::platform::timer::{self, Timeout};
use crate::platform::{clock, lock};

const LOCK: &str = "parley-device";

/// What this worker is to the views.
#[derive(Default)]
enum Role {
    /// The device is being opened.
    #[default]
    Opening,
    /// It cannot be opened.
    Troubled(Trouble),
    /// It is open.
    Serving(Rc<Owner>),
}

#[derive(Default)]
struct Desk {
    role: RefCell<Role>,
    afresh: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// Waits for the device, opens it and serves it until the worker ends.
pub(super) async fn run() {
    let tab = TabStorage::connect();
    let locked = lock::hold_for_ever(LOCK).await;
    let desk = Rc::new(Desk::default());
    let views = desk.open_channel();
    let database = match locked {
        Ok(()) => Database::open().await,
        Err(failure) => Err(failure),
    };
    let Ok(database) = database else {
        desk.troubled(&views, Trouble::NoStorage);
        return;
    };
    loop {
        match device::open(&database, &tab).await {
            Ok(device) => {
                Owner::serve(device, database, tab, &views, &desk);
                return;
            }
            Err(trouble) => desk.troubled(&views, trouble),
        }
        desk.wait_for_afresh().await;
        // What cannot be deleted is found again when the device is opened, and said again.
        let _ = device::erase(&database, &tab).await;
    }
}

impl Desk {
    fn open_channel(self: &Rc<Self>) -> Views {
        let views: Rc<OnceCell<Views>> = Rc::default();
        let (desk, answer) = (Rc::clone(self), Rc::clone(&views));
        let opened = Views::open(move |signal| {
            if let Some(views) = answer.get() {
                desk.hear(views, signal);
            }
        });
        views.get_or_init(|| opened).clone()
    }

    fn troubled(&self, views: &Views, trouble: Trouble) {
        self.role.replace(Role::Troubled(trouble));
        views.say(&Signal::Trouble(trouble));
    }

    fn hear(&self, views: &Views, signal: Signal) {
        let owner = match &*self.role.borrow() {
            Role::Opening => return,
            Role::Troubled(trouble) => {
                match signal {
                    Signal::Ask(_) | Signal::WhoOwns => views.say(&Signal::Trouble(*trouble)),
                    Signal::StartAfresh if trouble.can_start_afresh() => self.start_afresh(),
                    _ => {}
                }
                return;
            }
            Role::Serving(owner) => Rc::clone(owner),
        };
        match signal {
            Signal::Ask(request) => owner.asked(request),
            Signal::WhoOwns => owner.say_here(),
            Signal::RetryNow => owner.retry_now(),
            Signal::DrawCode(text) => {
                if let Some(code) = code::draw(text) {
                    owner.say(&Signal::Code(code));
                }
            }
            _ => {}
        }
    }

    fn start_afresh(&self) {
        self.afresh.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    async fn wait_for_afresh(&self) {
        poll_fn(|context| {
            if self.afresh.take() {
                return Poll::Ready(());
            }
            self.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// The engine with everything that carries out what it asks for.
struct Owner {
    fence: u64,
    views: Views,
    engine: RefCell<Engine>,
    inputs: RefCell<VecDeque<Input>>,
    handled: RefCell<Handled>,
    busy: Cell<bool>,
    /// Another owner has taken over: this one says and does nothing any more.
    replaced: Cell<bool>,
    storage: OnceCell<Storage>,
    connection: OnceCell<Connection>,
    alarm: RefCell<Option<Timeout>>,
}

impl Owner {
    fn serve(device: Device, database: Database, tab: TabStorage, views: &Views, desk: &Desk) {
        let owner = Rc::new(Self {
            fence: device.fence.0,
            views: views.clone(),
            engine: RefCell::new(device.engine),
            inputs: RefCell::default(),
            handled: RefCell::default(),
            busy: Cell::new(false),
            replaced: Cell::new(false),
            storage: OnceCell::new(),
            connection: OnceCell::new(),
            alarm: RefCell::default(),
        });
        let told = Rc::clone(&owner);
        owner
            .storage
            .get_or_init(|| Storage::new(database, tab, device.fence, move |input| told.stored(input)));
        desk.role.replace(Role::Serving(Rc::clone(&owner)));
        // What opening the device left to do.
        owner.input(Input::Timer);
        owner.say_here();
        let told = Rc::clone(&owner);
        owner.connection.get_or_init(|| Connection::start(move |news| told.connection_news(news)));
    }

    fn say_here(&self) {
        self.say(&Signal::OwnerHere { fence: self.fence });
    }

    fn retry_now(&self) {
        self.with_connection(Connection::retry_now);
    }

    fn asked(self: &Rc<Self>, request: Request) {
        if self.replaced.get() {
            return;
        }
        let id = request.id;
        let verdict = self.handled.borrow_mut().admit(id);
        match verdict {
            Verdict::New => self.input(Input::View(request)),
            Verdict::Underway => {}
            Verdict::Answered(reply) => self.say(&Signal::Tell(Event::Reply { id, reply })),
        }
    }

    fn connection_news(self: &Rc<Self>, news: News) {
        self.input(match news {
            News::Connected => Input::Connected,
            News::Disconnected { retry_at } => Input::Disconnected { retry_at },
            News::Received(bytes) => Input::Received(bytes),
        });
    }

    fn stored(self: &Rc<Self>, input: Input) {
        if matches!(input, Input::PersistFailed(_, StorageFailure::Fenced)) {
            self.replaced.set(true);
            self.alarm.replace(None);
            self.with_connection(Connection::halt);
        }
        self.input(input);
    }

    /// Hands inputs to the engine one after another, and carries out all that it asks for after each.
    fn input(self: &Rc<Self>, input: Input) {
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
            Output::Halt(_) => self.with_connection(Connection::halt),
            Output::Reconnect => self.with_connection(Connection::reconnect),
            Output::Event(event) => self.tell(event),
            Output::WakeAt(time) => self.wake_at(time.0),
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
        self.say(&Signal::Tell(event));
    }

    fn say(&self, signal: &Signal) {
        if !self.replaced.get() {
            self.views.say(signal);
        }
    }

    fn wake_at(self: &Rc<Self>, time: u64) {
        let owner = Rc::clone(self);
        let alarm = timer::after(time.saturating_sub(clock::now().0), move || {
            // It has gone off: there is nothing left to stop.
            if let Some(gone_off) = owner.alarm.take() {
                gone_off.forget();
            }
            owner.input(Input::Timer);
        });
        self.alarm.replace(Some(alarm));
    }
}

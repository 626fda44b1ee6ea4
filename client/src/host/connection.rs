//! Watches the connection to the relay, and connects again for ever, with growing pauses. [`Path`] decides what to do when;
//! this module carries it out.

use std::cell::RefCell;
use std::rc::Rc;

use parley_protocol::ids::UnixMillis;

use crate::model::path::{Path, Step};
use crate::platform::socket::{self, Happening, Socket};
use crate::platform::timer::{self, Timeout};
use crate::platform::{clock, random};

const PATH: &str = "/v1/ws";

/// What the connection reports to the owner.
#[derive(Debug)]
pub(super) enum News {
    Connected,
    Disconnected {
        retry_at: UnixMillis,
    },
    Received(Vec<u8>),
    /// Nothing came for a while: the engine has to ask the relay for a sign of life.
    Quiet,
}

/// The connection, or the attempts to open one.
#[derive(Clone)]
pub(super) struct Connection(Rc<RefCell<Inner>>);

struct Inner {
    tell: Rc<dyn Fn(News)>,
    path: Path,
    socket: Option<Socket>,
    /// Tells events of this socket from those of the socket before.
    generation: u64,
    /// The timer that is set, and the time at which it fires.
    timer: Option<(u64, Timeout)>,
    halted: bool,
}

impl Connection {
    /// Begins to connect.
    pub(super) fn start(tell: impl Fn(News) + 'static) -> Self {
        let inner = Inner {
            tell: Rc::new(tell),
            path: Path::new(clock::steady()),
            socket: None,
            generation: 0,
            timer: None,
            halted: false,
        };
        let this = Self(Rc::new(RefCell::new(inner)));
        this.attempt();
        let network = this.clone();
        socket::on_network_change(move |online| if online { network.look() } else { network.lost(0) });
        this
    }

    /// Sends a frame. Drops it when there is no connection.
    pub(super) fn send(&self, bytes: &[u8]) {
        let mut inner = self.0.borrow_mut();
        if let Some(socket) = &inner.socket {
            socket.send(bytes);
            inner.path.sent(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        }
    }

    /// Closes the connection and opens another after at least `at_least` milliseconds.
    pub(super) fn reconnect(&self, at_least: u64) {
        self.lost(at_least);
    }

    /// Closes the connection for good.
    pub(super) fn halt(&self) {
        let mut inner = self.0.borrow_mut();
        inner.halted = true;
        inner.timer = None;
        inner.forget();
    }

    /// Connects at once, because the person does not want to wait.
    pub(super) fn retry_now(&self) {
        self.step(|path| path.retry(clock::steady()));
    }

    /// Checks the connection, because the person came back to the app or the network is there again.
    pub(super) fn look(&self) {
        self.step(|path| path.look(clock::steady()));
    }

    /// Notes that the person can see the app.
    pub(super) fn seen(&self) {
        self.0.borrow_mut().path.seen(clock::steady());
        self.arm();
    }

    fn attempt(&self) {
        let generation = {
            let mut inner = self.0.borrow_mut();
            if inner.halted {
                return;
            }
            inner.forget();
            inner.path.opens(clock::steady());
            inner.generation
        };
        let this = self.clone();
        let socket = Socket::open(PATH, move |happening| this.happened(generation, happening));
        match socket {
            Ok(socket) => self.0.borrow_mut().socket = Some(socket),
            Err(_) => self.lost(0),
        }
        self.arm();
    }

    fn happened(&self, generation: u64, happening: Happening) {
        if self.0.borrow().generation != generation {
            return;
        }
        match happening {
            Happening::Open => {
                self.0.borrow_mut().path.opened(clock::steady());
                self.arm();
                self.tell(News::Connected);
            }
            Happening::Received(bytes) => {
                self.0.borrow_mut().path.heard(clock::steady());
                self.tell(News::Received(bytes));
            }
            Happening::Closed => self.lost(0),
        }
    }

    fn lost(&self, at_least: u64) {
        let retry_at = {
            let mut inner = self.0.borrow_mut();
            if inner.halted || inner.path.is_waiting() {
                return;
            }
            inner.forget();
            let random = u32::from_le_bytes(random::bytes());
            let pause = inner.path.lost(clock::steady(), at_least, random);
            UnixMillis(clock::now().0.saturating_add(pause))
        };
        self.arm();
        self.tell(News::Disconnected { retry_at });
    }

    fn step(&self, decide: impl FnOnce(&mut Path) -> Step) {
        let step = {
            let mut inner = self.0.borrow_mut();
            if inner.halted { Step::None } else { decide(&mut inner.path) }
        };
        match step {
            Step::None => self.arm(),
            Step::Ask => {
                self.arm();
                self.tell(News::Quiet);
            }
            Step::GiveUp => self.lost(0),
            Step::Open => self.begin_anew(),
        }
    }

    /// Begins another attempt in place of the current connection or pause. Tells the engine of a connection that ends with it,
    /// and the views that the pause is over.
    fn begin_anew(&self) {
        self.tell(News::Disconnected { retry_at: clock::now() });
        self.attempt();
    }

    /// Sets the timer, unless one is set that fires before. A timer that fires too early does no harm.
    fn arm(&self) {
        let mut inner = self.0.borrow_mut();
        let now = clock::steady();
        let due = inner.path.due(now);
        if inner.halted || inner.timer.as_ref().is_some_and(|(at, _)| *at <= due) {
            return;
        }
        let this = self.clone();
        let timer = timer::after(due.saturating_sub(now), move || {
            // The timer has fired, so there is nothing left to stop.
            if let Some((_, fired)) = this.0.borrow_mut().timer.take() {
                fired.forget();
            }
            this.step(|path| path.tick(clock::steady(), due, clock::now().0));
        });
        inner.timer = Some((due, timer));
    }

    fn tell(&self, news: News) {
        let tell = Rc::clone(&self.0.borrow().tell);
        tell(news);
    }
}

impl Inner {
    /// Drops the socket. Its further events are ignored.
    fn forget(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.socket = None;
    }
}

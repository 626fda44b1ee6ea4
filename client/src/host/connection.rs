//! The connection to the relay: opened again for ever, with growing pauses.

use std::cell::RefCell;
use std::rc::Rc;

use parley_protocol::ids::UnixMillis;

use crate::model::backoff::Backoff;
use crate::platform::socket::{self, Happening, Socket};
use crate::platform::timer::{self, Timeout};
use crate::platform::{clock, random};

const PATH: &str = "/v1/ws";
/// A connection that still brings messages after so many milliseconds works.
const LASTING: u64 = 5_000;

/// What the owner is told.
#[derive(Debug)]
pub(super) enum News {
    Connected,
    Disconnected { retry_at: UnixMillis },
    Received(Vec<u8>),
}

/// The connection, or the attempts to have one.
#[derive(Clone)]
pub(super) struct Connection(Rc<RefCell<Inner>>);

struct Inner {
    tell: Rc<dyn Fn(News)>,
    backoff: Backoff,
    socket: Option<Socket>,
    /// Tells events of this socket from those of the one before.
    generation: u64,
    retry: Option<Timeout>,
    opened: UnixMillis,
    halted: bool,
}

impl Connection {
    /// Begins to connect.
    pub(super) fn start(tell: impl Fn(News) + 'static) -> Self {
        let inner = Inner {
            tell: Rc::new(tell),
            backoff: Backoff::default(),
            socket: None,
            generation: 0,
            retry: None,
            opened: UnixMillis::default(),
            halted: false,
        };
        let this = Self(Rc::new(RefCell::new(inner)));
        this.attempt();
        let network = this.clone();
        socket::on_network_change(move |online| if online { network.retry_now() } else { network.lost() });
        this
    }

    /// Sends a frame; drops it when there is no connection.
    pub(super) fn send(&self, bytes: &[u8]) {
        if let Some(socket) = &self.0.borrow().socket {
            socket.send(bytes);
        }
    }

    /// Closes and opens again after a pause.
    pub(super) fn reconnect(&self) {
        self.lost();
    }

    /// Closes and stays closed.
    pub(super) fn halt(&self) {
        let mut inner = self.0.borrow_mut();
        inner.halted = true;
        inner.forget();
    }

    /// Does not wait any longer before the next attempt.
    pub(super) fn retry_now(&self) {
        let waiting = {
            let mut inner = self.0.borrow_mut();
            inner.backoff.reset();
            inner.retry.take().is_some()
        };
        if waiting {
            self.attempt();
        }
    }

    fn attempt(&self) {
        let generation = {
            let mut inner = self.0.borrow_mut();
            if inner.halted {
                return;
            }
            inner.forget();
            inner.generation
        };
        let this = self.clone();
        let socket = Socket::open(PATH, move |happening| this.happened(generation, happening));
        match socket {
            Ok(socket) => self.0.borrow_mut().socket = Some(socket),
            Err(_) => self.lost(),
        }
    }

    fn happened(&self, generation: u64, happening: Happening) {
        if self.0.borrow().generation != generation {
            return;
        }
        match happening {
            Happening::Open => {
                self.0.borrow_mut().opened = clock::now();
                self.tell(News::Connected);
            }
            Happening::Received(bytes) => {
                self.0.borrow_mut().proven();
                self.tell(News::Received(bytes));
            }
            Happening::Closed => self.lost(),
        }
    }

    fn lost(&self) {
        let retry_at = {
            let mut inner = self.0.borrow_mut();
            if inner.halted || inner.retry.is_some() {
                return;
            }
            inner.forget();
            let pause = inner.backoff.next(u32::from_le_bytes(random::bytes()));
            let this = self.clone();
            inner.retry = Some(timer::after(pause, move || {
                // The timer has fired: there is nothing left to stop.
                if let Some(fired) = this.0.borrow_mut().retry.take() {
                    fired.forget();
                }
                this.attempt();
            }));
            UnixMillis(clock::now().0.saturating_add(pause))
        };
        self.tell(News::Disconnected { retry_at });
    }

    fn tell(&self, news: News) {
        let tell = Rc::clone(&self.0.borrow().tell);
        tell(news);
    }
}

impl Inner {
    /// A connection that has lasted is a reason to try sooner next time; one that opens and breaks is not.
    fn proven(&mut self) {
        if clock::now().0.abs_diff(self.opened.0) >= LASTING {
            self.backoff.reset();
        }
    }

    /// Drops the socket; what it still does is not heard.
    fn forget(&mut self) {
        self.generation = self.generation.wrapping_add(1);
        self.socket = None;
    }
}

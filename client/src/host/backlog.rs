//! Queues frames from the relay and takes one per turn. While a device is linked or catches up, hundreds of frames wait; what
//! people do and what the disk answers does not wait behind all of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::platform::turns::Turns;

/// Frames that wait for their turn.
pub(super) struct Backlog {
    frames: RefCell<VecDeque<Vec<u8>>>,
    /// Set while a frame is taken, and until the requested next turn comes.
    busy: Cell<bool>,
    turns: Option<Turns>,
    take: Box<dyn Fn(Vec<u8>)>,
}

impl Backlog {
    /// `take` gets the frames one by one, in order.
    pub(super) fn new(take: impl Fn(Vec<u8>) + 'static) -> Rc<Self> {
        Rc::new_cyclic(|this: &Weak<Self>| {
            let this = Weak::clone(this);
            let turns = Turns::new(move || {
                if let Some(this) = this.upgrade() {
                    this.turn();
                }
            });
            Self { frames: RefCell::default(), busy: Cell::new(false), turns, take: Box::new(take) }
        })
    }

    /// Takes a frame at once if no other one was taken in this turn; queues it otherwise.
    pub(super) fn put(&self, frame: Vec<u8>) {
        if self.busy.get() {
            self.frames.borrow_mut().push_back(frame);
        } else {
            self.take(frame);
        }
    }

    /// Drops the queued frames, because the connection is gone. The relay sends them again.
    pub(super) fn forget(&self) {
        self.frames.borrow_mut().clear();
    }

    fn turn(&self) {
        self.busy.set(false);
        let next = self.frames.borrow_mut().pop_front();
        if let Some(frame) = next {
            self.take(frame);
        }
    }

    fn take(&self, frame: Vec<u8>) {
        self.busy.set(self.turns.is_some());
        (self.take)(frame);
        // The turn is requested only now, so whatever arrived while the frame was read goes before the next frame.
        if let Some(turns) = &self.turns {
            turns.ask();
        }
    }
}

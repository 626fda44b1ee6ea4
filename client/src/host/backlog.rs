//! What the relay sent, one frame a turn: while hundreds of frames wait (a device is linked, or was away for long), what
//! people do and what the disk answers does not wait behind all of them.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use crate::platform::turns::Turns;

/// Frames that wait for their turn.
pub(super) struct Backlog {
    frames: RefCell<VecDeque<Vec<u8>>>,
    /// A turn was asked for.
    asked: Cell<bool>,
    turns: OnceCell<Turns>,
    take: Box<dyn Fn(Vec<u8>)>,
}

impl Backlog {
    /// `take` gets each frame, in order.
    pub(super) fn new(take: impl Fn(Vec<u8>) + 'static) -> Rc<Self> {
        let backlog = Rc::new(Self {
            frames: RefCell::default(),
            asked: Cell::new(false),
            turns: OnceCell::new(),
            take: Box::new(take),
        });
        let weak = Rc::downgrade(&backlog);
        let turns = Turns::new(move || {
            if let Some(backlog) = weak.upgrade() {
                backlog.turn();
            }
        });
        if let Some(turns) = turns {
            let _ = backlog.turns.set(turns);
        }
        backlog
    }

    /// Takes a frame: at once if none has been taken in this turn.
    pub(super) fn put(&self, frame: Vec<u8>) {
        if self.asked.get() {
            self.frames.borrow_mut().push_back(frame);
        } else {
            self.take(frame);
        }
    }

    /// The connection is gone: what did not have its turn is as good as lost, and comes again.
    pub(super) fn forget(&self) {
        self.frames.borrow_mut().clear();
    }

    fn turn(&self) {
        self.asked.set(false);
        let next = self.frames.borrow_mut().pop_front();
        if let Some(frame) = next {
            self.take(frame);
        }
    }

    fn take(&self, frame: Vec<u8>) {
        if let Some(turns) = self.turns.get() {
            self.asked.set(true);
            turns.ask();
        }
        (self.take)(frame);
    }
}

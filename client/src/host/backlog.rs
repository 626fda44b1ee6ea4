//! What the relay sent, one frame a turn: while hundreds of frames wait (a device is linked, or was away for long), what
//! people do and what the disk answers does not wait behind all of them.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use crate::platform::turns::Turns;

/// Frames that wait for their turn.
pub(super) struct Backlog {
    frames: RefCell<VecDeque<Vec<u8>>>,
    /// A frame is being taken, or the next turn was asked for.
    busy: Cell<bool>,
    turns: Option<Turns>,
    take: Box<dyn Fn(Vec<u8>)>,
}

impl Backlog {
    /// `take` gets each frame, in order.
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

    /// Takes a frame: at once if none has been taken in this turn.
    pub(super) fn put(&self, frame: Vec<u8>) {
        if self.busy.get() {
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
        self.busy.set(false);
        let next = self.frames.borrow_mut().pop_front();
        if let Some(frame) = next {
            self.take(frame);
        }
    }

    fn take(&self, frame: Vec<u8>) {
        self.busy.set(self.turns.is_some());
        (self.take)(frame);
        // Only now: what came while the frame was read goes before the next one.
        if let Some(turns) = &self.turns {
            turns.ask();
        }
    }
}

//! Reads and writes localStorage through the tab, because a worker has none.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use zeroize::Zeroizing;

use crate::model::lock::LockAsk;
use crate::model::signal;
use crate::model::slot::{FromWorker, Slot, ToWorker};
use crate::platform::failure::Failure;
use crate::platform::worker;

/// The contents of the slots in localStorage.
#[derive(Debug, Clone, Default)]
pub(super) struct Slots {
    pub(super) vault: Option<Vec<u8>>,
    pub(super) master: Option<Vec<u8>>,
    pub(super) guesses: Option<Vec<u8>>,
    /// The browser denies this site its localStorage, so its contents are unknown.
    pub(super) denied: bool,
}

/// The tab's localStorage.
#[derive(Debug, Clone, Default)]
pub(super) struct TabStorage(Rc<RefCell<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    next: u32,
    slots: Option<Slots>,
    written: HashMap<u32, bool>,
    wakers: Vec<Waker>,
}

impl TabStorage {
    /// Begins to listen to the tab. `asked` gets the tab's questions about the lock.
    pub(super) fn connect(asked: impl Fn(LockAsk) + 'static) -> Self {
        let this = Self::default();
        let waiting = Rc::clone(&this.0);
        worker::hear_tab(move |bytes| {
            // The message may contain a passphrase.
            let bytes = Zeroizing::new(bytes);
            let Ok(message) = signal::decode(&bytes) else { return };
            let mut waiting = waiting.borrow_mut();
            match message {
                ToWorker::Slots { vault, master, guesses, denied } => {
                    waiting.slots = Some(Slots { vault, master, guesses, denied });
                }
                ToWorker::Written { id, done } => {
                    waiting.written.insert(id, done);
                }
                ToWorker::AreYouThere => say(&FromWorker::Here),
                ToWorker::Lock(ask) => asked(ask),
            }
            for waker in waiting.wakers.drain(..) {
                waker.wake();
            }
        });
        say(&FromWorker::Here);
        this
    }

    /// Reads the contents of the slots.
    pub(super) async fn read(&self) -> Slots {
        say(&FromWorker::Read);
        self.wait(|waiting| waiting.slots.take()).await
    }

    /// Writes a slot, or removes it. Returns when the tab has confirmed that.
    pub(super) async fn write(&self, slot: Slot, value: Option<Vec<u8>>) -> Result<(), Failure> {
        let id = self.next();
        say(&FromWorker::Write { id, slot, value });
        if self.written(id).await { Ok(()) } else { Err(Failure::Full) }
    }

    /// Writes the master slot if it still holds `old`. Returns whether it did.
    pub(super) async fn replace(&self, old: Vec<u8>, new: Vec<u8>) -> bool {
        let id = self.next();
        say(&FromWorker::Replace { id, old, new });
        self.written(id).await
    }

    fn next(&self) -> u32 {
        let mut waiting = self.0.borrow_mut();
        waiting.next = waiting.next.wrapping_add(1);
        waiting.next
    }

    async fn written(&self, id: u32) -> bool {
        self.wait(move |waiting| waiting.written.remove(&id)).await
    }

    async fn wait<T>(&self, mut take: impl FnMut(&mut Waiting) -> Option<T>) -> T {
        poll_fn(|context| {
            let mut waiting = self.0.borrow_mut();
            if let Some(taken) = take(&mut waiting) {
                return Poll::Ready(taken);
            }
            waiting.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

/// Tells the tab that this worker cannot go on.
pub(super) fn say_died() {
    say(&FromWorker::Died);
}

/// Tells the tab that another worker owns the device now, or that the stored data went away under this worker: the tab must
/// start a new worker.
pub(super) fn say_replaced() {
    say(&FromWorker::Replaced);
}

/// Tells the tab that another tab has a newer version of the app.
pub(super) fn say_older() {
    say(&FromWorker::Older);
}

/// Says something to this worker's tab.
pub(super) fn say(message: &FromWorker) {
    if let Some(bytes) = signal::encode(message) {
        worker::say_to_tab(&bytes);
    }
}

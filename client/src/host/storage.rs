//! Writes change sets and reads messages, strictly in the order in which the engine asks.

use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use parley_engine::io::{ChangeSet, Input, Load, StorageFailure};

use super::boot::TabStorage;
use super::device;
use super::journal::Journal;
use super::slow::Slowness;
use crate::model::slot::Slot;
use crate::platform::failure::Failure;
use crate::platform::timer::{self, Timeout};
use crate::platform::{clock, spawn_local};

/// The pause before a failed read is repeated.
const LOAD_PAUSE: Duration = Duration::from_secs(1);

/// The pauses before a write that the browser refused is repeated, in milliseconds. Most refusals are of one transaction. The
/// engine, which tells the person and waits for seconds, need not know of them.
const WRITE_PAUSES: [u64; 4] = [20, 80, 200, 500];

/// How long no change set is written before the journal is settled, in milliseconds. By then no answer of the relay and no
/// receipt waits for the disk.
const REST: u64 = 150;

/// The pause before a failed settling is repeated, in milliseconds.
const SETTLE_PAUSE: u64 = 2_000;

enum Job {
    Write(ChangeSet),
    Load(Load),
    Settle,
    /// Deletes everything, and then calls this function.
    Erase(Box<dyn FnOnce()>),
}

/// The queue of writes and reads.
#[derive(Clone)]
pub(super) struct Storage(Rc<Inner>);

struct Inner {
    journal: Journal,
    tab: TabStorage,
    slow: Slowness,
    tell: Box<dyn Fn(Input)>,
    queue: RefCell<Queue>,
    /// Fires when it may be time to settle.
    alarm: RefCell<Option<Timeout>>,
    /// When a change set was written last, in milliseconds since 1970.
    written: Cell<u64>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    working: bool,
}

impl Storage {
    /// `tell` gets the outcome of each job.
    pub(super) fn new(
        journal: Journal,
        tab: TabStorage,
        slow: Slowness,
        tell: impl Fn(Input) + 'static,
    ) -> Self {
        let inner = Rc::new(Inner {
            journal,
            tab,
            slow,
            tell: Box::new(tell),
            queue: RefCell::default(),
            alarm: RefCell::default(),
            written: Cell::default(),
        });
        // Earlier owners left entries in the journal.
        if !inner.journal.is_settled() {
            inner.settle_in(REST);
        }
        Self(inner)
    }

    /// Writes a change set.
    pub(super) fn write(&self, change: ChangeSet) {
        self.add(Job::Write(change));
    }

    /// Reads a page of messages.
    pub(super) fn load(&self, load: Load) {
        self.add(Job::Load(load));
    }

    /// Deletes everything after the writes before it, and calls `done`.
    pub(super) fn erase(&self, done: impl FnOnce() + 'static) {
        self.add(Job::Erase(Box::new(done)));
    }

    /// Whether a write or read is still to be done.
    pub(super) fn is_working(&self) -> bool {
        self.0.queue.borrow().working
    }

    fn add(&self, job: Job) {
        self.0.add(job);
    }
}

impl Inner {
    fn add(self: &Rc<Self>, job: Job) {
        let idle = {
            let mut queue = self.queue.borrow_mut();
            queue.jobs.push_back(job);
            !core::mem::replace(&mut queue.working, true)
        };
        if idle {
            spawn_local(Rc::clone(self).work());
        }
    }

    async fn work(self: Rc<Self>) {
        loop {
            let next = self.queue.borrow_mut().jobs.pop_front();
            match next {
                Some(Job::Load(load)) => Inner::load(&self, load).await,
                Some(Job::Write(change)) => self.write(&change).await,
                Some(Job::Settle) => self.settle().await,
                Some(Job::Erase(done)) => {
                    self.erase().await;
                    done();
                }
                None => break,
            }
        }
        self.queue.borrow_mut().working = false;
    }

    /// Deletes everything. Data that cannot be deleted now is found at the next start, which says again that this device was
    /// removed.
    async fn erase(&self) {
        self.journal.forget();
        let _ = device::erase(self.journal.database(), self.journal.fence(), &self.tab).await;
    }

    async fn write(self: &Rc<Self>, change: &ChangeSet) {
        let outcome = self.slow.during(self.write_patiently(change)).await;
        self.written.set(clock::now().0);
        (self.tell)(match outcome {
            Ok(()) => Input::Persisted(change.id),
            Err(failure) => Input::PersistFailed(change.id, reason(failure)),
        });
        if self.journal.is_full() {
            self.settle().await;
        } else if !self.journal.is_settled() {
            self.settle_in(REST);
        }
    }

    /// Moves the journal's entries into their stores. An entry that cannot be moved now stays in the journal and is moved
    /// later, by the next owner if this one was replaced.
    async fn settle(self: &Rc<Self>) {
        match self.slow.during(self.journal.settle()).await {
            Ok(()) | Err(Failure::Fenced) => {}
            Err(Failure::Full | Failure::Newer | Failure::Refused) => self.settle_in(SETTLE_PAUSE),
        }
    }

    fn settle_in(self: &Rc<Self>, pause: u64) {
        if self.alarm.borrow().is_none() {
            let inner = Rc::clone(self);
            self.alarm.replace(Some(timer::after(pause, move || inner.settle_after_rest())));
        }
    }

    fn settle_after_rest(self: &Rc<Self>) {
        // The timer has fired, so there is nothing left to stop.
        if let Some(gone_off) = self.alarm.take() {
            gone_off.forget();
        }
        if clock::now().0.abs_diff(self.written.get()) < REST {
            self.settle_in(REST);
        } else {
            self.add(Job::Settle);
        }
    }

    async fn write_patiently(&self, change: &ChangeSet) -> Result<(), Failure> {
        for pause in WRITE_PAUSES {
            match self.try_write(change).await {
                Err(Failure::Refused) => timer::sleep(Duration::from_millis(pause)).await,
                outcome => return outcome,
            }
        }
        self.try_write(change).await
    }

    async fn try_write(&self, change: &ChangeSet) -> Result<(), Failure> {
        if change.wipes {
            // The kept records open without the device key; the records to be deleted do not.
            self.journal.write(change).await?;
            return self.tab.write(Slot::Vault, None).await;
        }
        if let Some(vault) = &change.vault {
            // localStorage has no fence, so the database checks it.
            self.journal.database().check(self.journal.fence()).await?;
            self.tab.write(Slot::Vault, Some(vault.clone())).await?;
        }
        self.journal.write(change).await
    }

    async fn load(self: &Rc<Self>, load: Load) {
        if let Ok(records) = self.slow.during(self.journal.load(&load)).await {
            (self.tell)(Input::Loaded { id: load.id, records });
            return;
        }
        // An empty answer would be wrong, so the read is repeated until the browser answers.
        let again = Storage(Rc::clone(self));
        spawn_local(async move {
            timer::sleep(LOAD_PAUSE).await;
            again.load(load);
        });
    }
}

const fn reason(failure: Failure) -> StorageFailure {
    match failure {
        Failure::Full => StorageFailure::Full,
        Failure::Fenced => StorageFailure::Fenced,
        Failure::Newer | Failure::Refused => StorageFailure::Unavailable,
    }
}

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

/// How long to wait before reading again what could not be read.
const LOAD_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before writing again what the browser refused, in milliseconds. Most refusals are of one
/// transaction: the engine, which tells the person and waits for seconds, need not know of them.
const WRITE_PAUSES: [u64; 4] = [20, 80, 200, 500];

/// How long nothing is written before the journal is settled, in milliseconds: no answer of the relay's or receipt waits for
/// it then.
const REST: u64 = 150;

/// How long to wait before settling again what could not be, in milliseconds.
const SETTLE_PAUSE: u64 = 2_000;

enum Job {
    Write(ChangeSet),
    Load(Load),
    Settle,
    /// And then calls this.
    Erase(Box<dyn FnOnce()>),
}

/// The queue of what is to be written and read.
#[derive(Clone)]
pub(super) struct Storage(Rc<Inner>);

struct Inner {
    journal: Journal,
    tab: TabStorage,
    slow: Slowness,
    tell: Box<dyn Fn(Input)>,
    queue: RefCell<Queue>,
    /// Goes off when it may be time to settle.
    alarm: RefCell<Option<Timeout>>,
    /// When something was written last.
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
        // What earlier owners left.
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

    /// Deletes everything, after what is being written, and calls `done`.
    pub(super) fn erase(&self, done: impl FnOnce() + 'static) {
        self.add(Job::Erase(Box::new(done)));
    }

    /// Whether something is still to be written or read.
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

    /// What cannot be deleted now is found at the next start, which says again that this device was removed.
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

    /// What cannot be moved now is on disk where it is, and is moved later: by the next owner, if this one was replaced.
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
        // It has gone off: there is nothing left to stop.
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
            // What is kept opens without the device key; what is to be deleted does not.
            self.journal.write(change).await?;
            return self.tab.write(Slot::Vault, None).await;
        }
        if let Some(vault) = &change.vault {
            // localStorage knows no fence.
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
        // "Nothing there" would be a lie: it is asked again until the browser answers.
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

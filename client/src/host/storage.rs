//! Writes change sets and reads messages, strictly in the order in which the engine asks.

use core::time::Duration;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use parley_engine::io::{ChangeSet, Input, Load, StorageFailure};

use super::boot::TabStorage;
use super::device;
use super::slow::Slowness;
use crate::model::slot::Slot;
use crate::platform::db::{Database, Fence};
use crate::platform::failure::Failure;
use crate::platform::{spawn_local, timer};

/// How long to wait before reading again what could not be read.
const LOAD_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before writing again what the browser refused, in milliseconds. Most refusals are of one
/// transaction: the engine, which tells the person and waits for seconds, need not know of them.
const WRITE_PAUSES: [u64; 4] = [20, 80, 200, 500];

enum Job {
    Write(ChangeSet),
    Load(Load),
    Erase,
}

/// The queue of what is to be written and read.
#[derive(Clone)]
pub(super) struct Storage(Rc<Inner>);

struct Inner {
    database: Database,
    tab: TabStorage,
    fence: Fence,
    slow: Slowness,
    tell: Box<dyn Fn(Input)>,
    queue: RefCell<Queue>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    working: bool,
}

impl Storage {
    /// `tell` gets the outcome of each job.
    pub(super) fn new(
        database: Database,
        tab: TabStorage,
        fence: Fence,
        slow: Slowness,
        tell: impl Fn(Input) + 'static,
    ) -> Self {
        let queue = RefCell::default();
        Self(Rc::new(Inner { database, tab, fence, slow, tell: Box::new(tell), queue }))
    }

    /// Writes a change set.
    pub(super) fn write(&self, change: ChangeSet) {
        self.add(Job::Write(change));
    }

    /// Reads a page of messages.
    pub(super) fn load(&self, load: Load) {
        self.add(Job::Load(load));
    }

    /// Deletes everything, after what is being written.
    pub(super) fn erase(&self) {
        self.add(Job::Erase);
    }

    /// Whether something is still to be written or read.
    pub(super) fn is_working(&self) -> bool {
        self.0.queue.borrow().working
    }

    fn add(&self, job: Job) {
        let idle = {
            let mut queue = self.0.queue.borrow_mut();
            queue.jobs.push_back(job);
            !core::mem::replace(&mut queue.working, true)
        };
        if idle {
            let inner = Rc::clone(&self.0);
            spawn_local(inner.work());
        }
    }
}

impl Inner {
    async fn work(self: Rc<Self>) {
        loop {
            let next = self.queue.borrow_mut().jobs.pop_front();
            match next {
                Some(Job::Load(load)) => Inner::load(&self, load).await,
                Some(Job::Write(change)) => self.write(&change).await,
                Some(Job::Erase) => self.erase().await,
                None => break,
            }
        }
        self.queue.borrow_mut().working = false;
    }

    /// What cannot be deleted now is found at the next start, where this device is removed again.
    async fn erase(&self) {
        let _ = device::erase(&self.database, self.fence, &self.tab).await;
    }

    async fn write(&self, change: &ChangeSet) {
        let outcome = self.slow.during(self.write_patiently(change)).await;
        (self.tell)(match outcome {
            Ok(()) => Input::Persisted(change.id),
            Err(failure) => Input::PersistFailed(change.id, reason(failure)),
        });
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
        if let Some(vault) = &change.vault {
            // localStorage knows no fence.
            self.database.check(self.fence).await?;
            self.tab.write(Slot::Vault, Some(vault.clone())).await?;
        }
        self.database.write(self.fence, change).await
    }

    async fn load(self: &Rc<Self>, load: Load) {
        if let Ok(records) = self.slow.during(self.database.load(&load)).await {
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

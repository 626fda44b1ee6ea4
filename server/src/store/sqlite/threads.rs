//! The threads that own SQLite's connections: one that writes, a few that read.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parley_protocol::frame::RelayError;
use rusqlite::Connection;

use super::failure::Failure;
use crate::store::{Pending, Reply};

/// Most operations that one transaction takes: bounds what a failing one makes the others wait.
const MAX_GROUP: usize = 512;

/// An operation in a thread's queue. Running may happen twice: when an operation takes the whole
/// transaction down with it (SQLite does that on some errors), the others of its group run again.
trait Job: Send {
    fn run(&mut self, connection: &Connection);
    fn fail(&mut self, error: RelayError);
    fn answer(self: Box<Self>);
}

struct Work<T, F> {
    operation: F,
    outcome: Result<T, RelayError>,
    reply: Reply<T>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T, Failure> + Send> Job for Work<T, F> {
    fn run(&mut self, connection: &Connection) {
        self.outcome = (self.operation)(connection).map_err(Failure::tell);
    }

    fn fail(&mut self, error: RelayError) {
        self.outcome = Err(error);
    }

    fn answer(self: Box<Self>) {
        // Whoever asked may be gone; the change stands nevertheless.
        let _ = self.reply.send(self.outcome);
    }
}

fn work<T, F>(operation: F) -> (Box<dyn Job>, Pending<T>)
where
    T: Send + 'static,
    F: Fn(&Connection) -> Result<T, Failure> + Send + 'static,
{
    let (reply, pending) = Pending::channel();
    (Box::new(Work { operation, outcome: Err(RelayError::Internal), reply }), pending)
}

/// A thread and the way to it. Dropping the sender lets the thread finish its queue and end.
struct Thread {
    queue: Option<Sender<Box<dyn Job>>>,
    handle: Option<JoinHandle<()>>,
}

impl Thread {
    fn spawn(
        name: &str,
        body: impl FnOnce(Receiver<Box<dyn Job>>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = channel();
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || body(jobs))?;
        Ok(Self { queue: Some(queue), handle: Some(handle) })
    }

    fn submit(&self, job: Box<dyn Job>) {
        // A closed queue drops the job, which answers `Internal`.
        if let Some(queue) = &self.queue {
            let _ = queue.send(job);
        }
    }

    fn close(&mut self) {
        self.queue = None;
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("a store thread panicked");
        }
    }
}

/// The one thread that writes.
pub(super) struct Writer(Mutex<Thread>);

impl Writer {
    pub(super) fn spawn(connection: Connection) -> std::io::Result<Self> {
        let thread = Thread::spawn("store-writer", move |jobs| write_groups(&connection, &jobs))?;
        Ok(Self(Mutex::new(thread)))
    }

    /// Queues an operation, which sees everything that was queued before. It is answered after its commit.
    pub(super) fn submit<T, F>(&self, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let (job, pending) = work(operation);
        if let Ok(thread) = self.0.lock() {
            thread.submit(job);
        }
        pending
    }

    pub(super) fn close(&self) {
        if let Ok(mut thread) = self.0.lock() {
            thread.close();
        }
    }
}

/// Group commit: takes whatever has queued up while the last group was being synced, so that one sync serves
/// all of it. Nothing waits for a timer: a lone operation is committed at once.
fn write_groups(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(MAX_GROUP.saturating_sub(1)));
        if !matches!(commit(connection, &mut group), Commit::Done) {
            tracing::debug!(operations = group.len(), "a group commit failed: its operations run one by one");
            for job in group.chunks_mut(1) {
                if let Commit::Failed(refusal) = commit(connection, job) {
                    for job in job.iter_mut() {
                        job.fail(refusal);
                    }
                }
            }
        }
        for job in group {
            job.answer();
        }
    }
    // Leaves one file behind instead of three.
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the last checkpoint failed");
    }
}

/// What became of a group's transaction.
enum Commit {
    /// It is on disk.
    Done,
    /// An operation failed in a way that took the whole transaction down. Nothing is on disk, and that
    /// operation's outcome says why.
    Lost,
    /// It could not begin or not commit. Nothing is on disk.
    Failed(RelayError),
}

/// Runs a group in one transaction, each operation in a savepoint of its own.
fn commit(connection: &Connection, group: &mut [Box<dyn Job>]) -> Commit {
    if let Err(error) = connection.execute_batch("BEGIN IMMEDIATE") {
        return Commit::Failed(Failure::from(error).tell());
    }
    for job in group.iter_mut() {
        job.run(connection);
        if connection.is_autocommit() {
            return Commit::Lost;
        }
    }
    let Err(error) = connection.execute_batch("COMMIT") else { return Commit::Done };
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
    Commit::Failed(Failure::from(error).tell())
}

/// Runs `operation` so that nothing stays of it when it fails.
pub(super) fn in_savepoint<T>(
    connection: &Connection,
    operation: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.prepare_cached("SAVEPOINT operation")?.execute([])?;
    let result = operation(connection);
    // After some errors the transaction, and with it the savepoint, is gone already.
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO operation")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE operation")?.execute([])?;
    }
    result
}

/// The threads that read. Each has a connection and a queue of its own.
pub(super) struct Readers {
    threads: Mutex<Vec<Thread>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(super) fn spawn(connections: Vec<Connection>) -> std::io::Result<Self> {
        let spawn =
            |connection: Connection| Thread::spawn("store-reader", move |jobs| read(&connection, &jobs));
        let threads = connections.into_iter().map(spawn).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { threads: Mutex::new(threads), turn: AtomicUsize::new(0) })
    }

    /// Queues a reading operation with one of the threads.
    pub(super) fn submit<T, F>(&self, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let (job, pending) = work(operation);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        if let Ok(threads) = self.threads.lock()
            && let Some(thread) = turn.checked_rem(threads.len()).and_then(|index| threads.get(index))
        {
            thread.submit(job);
        }
        pending
    }

    pub(super) fn close(&self) {
        if let Ok(mut threads) = self.threads.lock() {
            threads.iter_mut().for_each(Thread::close);
        }
    }
}

fn read(connection: &Connection, jobs: &Receiver<Box<dyn Job>>) {
    for mut job in jobs {
        // One snapshot for the whole operation.
        if let Err(error) = connection.execute_batch("BEGIN DEFERRED") {
            job.fail(Failure::from(error).tell());
        } else {
            job.run(connection);
            if let Err(error) = connection.execute_batch("COMMIT") {
                tracing::warn!(%error, "a reading transaction did not end");
            }
        }
        job.answer();
    }
}

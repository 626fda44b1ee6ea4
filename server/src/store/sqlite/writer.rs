//! The writing thread with group commit. There is one for each database.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

use parley_protocol::frame::RelayError;
use rusqlite::Connection;

use super::disk::Disk;
use super::failure::Failure;
use super::groups::Sizes;
use super::heads::Heads;
use super::threads::{Job, Thread, work};
use crate::store::Pending;

/// The state of a writing thread: a connection, and caches of the database.
pub(super) trait Writes: Send + 'static {
    /// The thread's name.
    const NAME: &'static str;
    /// The most operations in one transaction. This bounds how long a failing operation makes the others wait.
    const MAX_GROUP: usize;

    /// The connection that writes.
    fn connection(&self) -> &Connection;

    /// Forgets cached data that may come from an undone transaction.
    fn forget(&mut self);

    /// Notes that a group was written.
    fn written(&mut self);
}

/// The state of the thread that writes logs, inboxes and the directory.
pub(super) struct Writing {
    pub(super) connection: Connection,
    pub(super) heads: Heads,
    /// The disk whose room is checked; none in tests.
    pub(super) disk: Option<Arc<Disk>>,
}

impl Writes for Writing {
    const NAME: &'static str = "store-writer";
    const MAX_GROUP: usize = 512;

    fn connection(&self) -> &Connection {
        &self.connection
    }

    fn forget(&mut self) {
        self.heads.forget_all();
    }

    fn written(&mut self) {
        if let Some(disk) = &self.disk {
            disk.look(&self.connection);
        }
    }
}

type Queued<W> = Box<dyn Job<W>>;

/// The single thread that writes to a database.
pub(super) struct Writer<W>(Mutex<Thread<W>>);

impl<W: Writes> Writer<W> {
    pub(super) fn spawn(writing: W) -> std::io::Result<Self> {
        let thread = Thread::spawn(W::NAME, move |jobs| write_groups(writing, &jobs))?;
        Ok(Self(Mutex::new(thread)))
    }

    /// Queues an operation, which sees all operations queued before. It is answered after its commit.
    pub(super) fn submit<T, F>(&self, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&mut W) -> Result<T, Failure> + Send + 'static,
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

/// Group commit: takes all operations that have queued up while the last group was being synced, so that one sync serves all of
/// them. No operation waits for a timer: a lone one is committed at once.
fn write_groups<W: Writes>(mut writing: W, jobs: &Receiver<Queued<W>>) {
    let mut sizes = Sizes::of(W::NAME);
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        group.extend(jobs.try_iter().take(W::MAX_GROUP.saturating_sub(1)));
        sizes.count(group.len());
        write_group(&mut writing, &mut group);
        writing.written();
        for job in group {
            job.answer();
        }
    }
    sizes.report();
    // This leaves one file behind instead of three.
    if let Err(error) = writing.connection().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the last checkpoint failed");
    }
}

fn write_group<W: Writes>(writing: &mut W, group: &mut [Queued<W>]) {
    if matches!(commit(writing, group), Commit::Done) {
        return;
    }
    tracing::debug!(operations = group.len(), "a group commit failed: its operations run one by one");
    for job in group.chunks_mut(1) {
        if let Commit::Failed(refusal) = commit(writing, job) {
            for job in job.iter_mut() {
                job.fail(refusal);
            }
        }
    }
}

/// The outcome of a group's transaction.
enum Commit {
    /// The transaction is on disk.
    Done,
    /// An operation made the whole transaction fail. Nothing is on disk, and the outcome of that operation has the cause.
    Lost,
    /// The transaction could not begin or not commit. Nothing is on disk.
    Failed(RelayError),
}

/// Runs a group in one transaction.
fn commit<W: Writes>(writing: &mut W, group: &mut [Queued<W>]) -> Commit {
    let outcome = transaction(writing, group);
    if !matches!(outcome, Commit::Done) {
        writing.forget();
        roll_back(writing.connection());
    }
    outcome
}

fn transaction<W: Writes>(writing: &mut W, group: &mut [Queued<W>]) -> Commit {
    if let Err(error) = writing.connection().execute_batch("BEGIN IMMEDIATE") {
        return Commit::Failed(Failure::from(error).tell());
    }
    for job in group.iter_mut() {
        if !job.run(writing) || writing.connection().is_autocommit() {
            return Commit::Lost;
        }
    }
    match writing.connection().execute_batch("COMMIT") {
        Ok(()) => Commit::Done,
        Err(error) => Commit::Failed(Failure::from(error).tell()),
    }
}

/// Rolls the transaction back, if there is one.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction could not be rolled back");
    }
}

/// Runs `operation` so that nothing of it stays when it fails.
pub(super) fn in_savepoint<T>(
    connection: &Connection,
    operation: impl FnOnce(&Connection) -> Result<T, Failure>,
) -> Result<T, Failure> {
    connection.prepare_cached("SAVEPOINT operation")?.execute([])?;
    let result = operation(connection);
    // Some errors have already ended the transaction, and with it the savepoint.
    if result.is_err() && !connection.is_autocommit() {
        connection.prepare_cached("ROLLBACK TO operation")?.execute([])?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE operation")?.execute([])?;
    }
    result
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    fn insert(writing: &Writing, number: i64) -> Result<(), Failure> {
        writing.connection.execute("INSERT INTO numbers VALUES (?1)", [number])?;
        Ok(())
    }

    #[tokio::test]
    async fn what_fails_without_a_savepoint_leaves_nothing_and_spoils_no_other() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE numbers (number INTEGER)").unwrap();
        let writer = Writer::spawn(Writing { connection, heads: Heads::default(), disk: None }).unwrap();
        // Holds the thread until the others are queued, so that they share a transaction, either with this operation or the
        // next.
        let (go, wait) = channel::<()>();
        let holding = writer.submit(move |_| {
            let _ = wait.recv().is_err();
            Ok(())
        });
        let before = writer.submit(|writing| insert(writing, 1));
        let failing = writer.submit(|writing| {
            insert(writing, 2)?;
            Err::<(), _>(Failure::Sql(rusqlite::Error::InvalidQuery).without_savepoint())
        });
        let after = writer.submit(|writing| insert(writing, 3));
        drop(go);
        assert_eq!(holding.await, Ok(()));
        assert_eq!((before.await, failing.await, after.await), (Ok(()), Err(RelayError::Internal), Ok(())));
        let stored = writer.submit(|writing| {
            let mut statement = writing.connection.prepare("SELECT number FROM numbers ORDER BY number")?;
            let numbers = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
            Ok(numbers)
        });
        assert_eq!(stored.await, Ok(vec![1, 3]));
    }
}

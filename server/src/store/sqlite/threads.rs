//! Threads with a queue of operations, and the threads that read. The thread that writes is in `writer`.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use parley_protocol::frame::RelayError;
use rusqlite::Connection;

use super::failure::Failure;
use crate::store::{Pending, Reply};

/// An operation in a thread's queue, on the thread's state. It may run twice: when an operation makes the whole transaction
/// fail, the others of its group run again.
pub(super) trait Job<C>: Send {
    /// Returns whether the transaction can still be committed.
    fn run(&mut self, context: &mut C) -> bool;
    fn fail(&mut self, error: RelayError);
    fn answer(self: Box<Self>);
}

struct Work<T, F> {
    operation: F,
    outcome: Result<T, RelayError>,
    reply: Reply<T>,
}

impl<C, T: Send, F: Fn(&mut C) -> Result<T, Failure> + Send> Job<C> for Work<T, F> {
    fn run(&mut self, context: &mut C) -> bool {
        let outcome = (self.operation)(context);
        let whole = !matches!(outcome, Err(Failure::Spoiled(_)));
        self.outcome = outcome.map_err(Failure::tell);
        whole
    }

    fn fail(&mut self, error: RelayError) {
        self.outcome = Err(error);
    }

    fn answer(self: Box<Self>) {
        // The caller may be gone; the change stands nevertheless.
        let _ = self.reply.send(self.outcome);
    }
}

/// An operation, and its pending answer.
pub(super) fn work<C, T, F>(operation: F) -> (Box<dyn Job<C>>, Pending<T>)
where
    T: Send + 'static,
    F: Fn(&mut C) -> Result<T, Failure> + Send + 'static,
{
    let (reply, pending) = Pending::channel();
    (Box::new(Work { operation, outcome: Err(RelayError::Internal), reply }), pending)
}

/// A thread and its queue. Dropping the sender lets the thread finish its queue and end.
pub(super) struct Thread<C> {
    queue: Option<Sender<Box<dyn Job<C>>>>,
    handle: Option<JoinHandle<()>>,
}

impl<C: 'static> Thread<C> {
    pub(super) fn spawn(
        name: &str,
        body: impl FnOnce(Receiver<Box<dyn Job<C>>>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (queue, jobs) = channel();
        let handle = std::thread::Builder::new().name(name.to_owned()).spawn(move || body(jobs))?;
        Ok(Self { queue: Some(queue), handle: Some(handle) })
    }

    pub(super) fn submit(&self, job: Box<dyn Job<C>>) {
        // A closed queue drops the job, which then answers `Internal`.
        if let Some(queue) = &self.queue {
            let _ = queue.send(job);
        }
    }

    pub(super) fn close(&mut self) {
        self.queue = None;
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("a store thread panicked");
        }
    }
}

/// The reading threads. Each has its own connection and queue.
pub(super) struct Readers {
    threads: Mutex<Vec<Thread<Connection>>>,
    turn: AtomicUsize,
}

impl Readers {
    pub(super) fn spawn(connections: Vec<Connection>) -> std::io::Result<Self> {
        let spawn =
            |connection: Connection| Thread::spawn("store-reader", move |jobs| read(connection, &jobs));
        let threads = connections.into_iter().map(spawn).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { threads: Mutex::new(threads), turn: AtomicUsize::new(0) })
    }

    /// Queues a reading operation at one of the threads.
    pub(super) fn submit<T, F>(&self, operation: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&mut Connection) -> Result<T, Failure> + Send + 'static,
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

fn read(mut connection: Connection, jobs: &Receiver<Box<dyn Job<Connection>>>) {
    for mut job in jobs {
        // One snapshot for the whole operation.
        if let Err(error) = connection.execute_batch("BEGIN DEFERRED") {
            job.fail(Failure::from(error).tell());
        } else {
            job.run(&mut connection);
            if let Err(error) = connection.execute_batch("COMMIT") {
                tracing::warn!(%error, "a reading transaction did not end");
            }
        }
        job.answer();
    }
}

//! Shares one read among the readers of the same place in a log: for a message to 1,000 members, the relay reads the store and
//! encodes the page once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use parley_protocol::bounded::List;
use parley_protocol::frame::{Push, RelayError, ServerFrame};
use parley_protocol::ids::{Epoch, LogId, Seq};
use tokio::sync::OnceCell;

use crate::store::Store;

/// The most pages in the cache.
const MAX_PAGES: usize = 256;
/// The most bytes in the cache.
const MAX_BYTES: usize = 32 * 1024 * 1024;
/// The longest time that a page is cached. A committed entry never changes, but it expires.
const MAX_AGE: Duration = Duration::from_secs(10);

/// Entries of one group era of a log, encoded as a push.
#[derive(Debug)]
pub(crate) struct Page {
    /// The frame; `None` if nothing has come since.
    pub(crate) frame: Option<Bytes>,
    /// The number of the last entry in it.
    pub(crate) last: Seq,
    /// Whether the group era ends in it, or before.
    pub(crate) finished: bool,
}

type Key = (LogId, Epoch, Seq);
type Cell = Arc<OnceCell<Arc<Page>>>;

#[derive(Default)]
struct Kept {
    cells: HashMap<Key, Cell>,
    order: VecDeque<(Key, Instant, usize)>,
    bytes: usize,
}

/// The recent pages.
#[derive(Default)]
pub(crate) struct Pages {
    kept: Mutex<Kept>,
}

impl Pages {
    /// The page that follows `after`, from the store or from another reader's recent read.
    pub(crate) async fn read(
        &self,
        store: &dyn Store,
        log: LogId,
        era: Epoch,
        after: Seq,
    ) -> Result<Arc<Page>, RelayError> {
        let key = (log, era, after);
        let cell = Arc::clone(self.kept().cells.entry(key).or_default());
        let mut mine = false;
        let page = cell
            .get_or_try_init(|| async {
                mine = true;
                let page = store.read_log(log, era, after).await?;
                encode(log, after, page).map(Arc::new)
            })
            .await
            .map(Arc::clone);
        match &page {
            Ok(page) if mine && page.frame.is_some() => self.keep(key, page),
            Ok(page) if page.frame.is_some() => {}
            // An empty page may soon be wrong, and a failure concerns only its own reader.
            _ => self.forget(&key, &cell),
        }
        page
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, key: Key, page: &Page) {
        let now = Instant::now();
        let length = page.frame.as_ref().map_or(0, Bytes::len);
        let mut kept = self.kept();
        kept.bytes = kept.bytes.saturating_add(length);
        kept.order.push_back((key, now, length));
        if kept.cells.len() > MAX_PAGES.saturating_mul(4) {
            // Readers whose connection ended during a read leave such cells behind.
            kept.cells.retain(|_, cell| cell.initialized());
        }
        while let Some((oldest, since, length)) = kept.order.front().copied()
            && (kept.order.len() > MAX_PAGES
                || kept.bytes > MAX_BYTES
                || now.saturating_duration_since(since) > MAX_AGE)
        {
            kept.order.pop_front();
            kept.bytes = kept.bytes.saturating_sub(length);
            kept.cells.remove(&oldest);
        }
    }

    fn forget(&self, key: &Key, cell: &Cell) {
        let mut kept = self.kept();
        if kept.cells.get(key).is_some_and(|found| Arc::ptr_eq(found, cell)) {
            kept.cells.remove(key);
        }
    }
}

fn encode(log: LogId, after: Seq, page: crate::store::LogPage) -> Result<Page, RelayError> {
    let last = page.entries.last().map_or(after, |entry| entry.seq);
    let frame = if page.entries.is_empty() {
        None
    } else {
        let entries = List::new(page.entries).map_err(|_| RelayError::Internal)?;
        let frame = ServerFrame::Push(Push::Log { log, entries });
        Some(Bytes::from(frame.encode().map_err(|_| RelayError::Internal)?))
    };
    Ok(Page { frame, last, finished: page.finished })
}

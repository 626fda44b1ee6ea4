//! Writes each change set as one entry of the database's journal, and moves entries into their stores later.

use std::cell::{Cell, RefCell};

use parley_engine::io::{ChangeSet, Load, Record};

use crate::model::journal::{self, Found, LARGE, Pending, Place};
use crate::platform::db::{Database, Fence, Moved};
use crate::platform::failure::Failure;

/// The records of the device that a fence owns. Does one thing at a time; each step ends before the next begins.
#[derive(Debug)]
pub(crate) struct Journal {
    database: Database,
    fence: Fence,
    /// The number of this owner's last entry in the journal.
    last: Cell<u64>,
    /// Where the entries of earlier owners are.
    others: RefCell<Vec<Place>>,
    pending: RefCell<Pending>,
}

impl Journal {
    /// Opens the journal. Also returns all records of [`Store::State`](parley_engine::io::Store::State).
    pub(crate) async fn open(database: Database, fence: Fence) -> Result<(Self, Vec<Record>), Failure> {
        let (stored, entries) = database.state().await?;
        let others = entries.iter().filter(|(_, found)| matches!(found, Found::Entry(_)));
        let others = RefCell::new(others.map(|(place, _)| *place).collect());
        let pending = Pending::read(entries);
        let records = pending.over_state(stored);
        let pending = RefCell::new(pending);
        Ok((Self { database, fence, last: Cell::new(0), others, pending }, records))
    }

    pub(crate) const fn database(&self) -> &Database {
        &self.database
    }

    pub(crate) const fn fence(&self) -> Fence {
        self.fence
    }

    /// Writes a change set without its vault, whole or not at all.
    pub(crate) async fn write(&self, change: &ChangeSet) -> Result<(), Failure> {
        if change.wipes {
            self.database.wipe(self.fence, journal::changes(change)).await?;
            self.forget();
            return Ok(());
        }
        if journal::size(change) > LARGE {
            return self.write_to_stores(Some(change)).await;
        }
        let number = self.last.get().saturating_add(1);
        self.database.append(self.fence, number, &journal::encode(change)).await?;
        self.last.set(number);
        self.pending.borrow_mut().add(change.clone());
        Ok(())
    }

    /// Moves all entries into their stores.
    pub(crate) async fn settle(&self) -> Result<(), Failure> {
        if self.is_settled() { Ok(()) } else { self.write_to_stores(None).await }
    }

    /// Whether every entry has been moved to its store.
    pub(crate) fn is_settled(&self) -> bool {
        self.pending.borrow().is_empty() && self.others.borrow().is_empty()
    }

    /// Whether the journal is so long that its entries have to be moved into their stores now.
    pub(crate) fn is_full(&self) -> bool {
        self.pending.borrow().is_much()
    }

    /// Forgets all entries and moves none any more, because everything is about to be deleted.
    pub(crate) fn forget(&self) {
        self.pending.take();
        self.others.take();
    }

    /// Reads messages from the stores and from the entries that wait.
    pub(crate) async fn load(&self, load: &Load) -> Result<Vec<Record>, Failure> {
        let wider = self.pending.borrow().wider(load);
        let stored = self.database.load(&wider).await?;
        Ok(self.pending.borrow().over_page(load, stored))
    }

    async fn write_to_stores(&self, change: Option<&ChangeSet>) -> Result<(), Failure> {
        let pending = self.pending.take();
        let others = self.others.take();
        let moved = Moved { own: self.last.get(), others: &others };
        let changes = pending.changes().chain(change.into_iter().flat_map(journal::changes));
        let outcome = self.database.write(self.fence, changes, moved).await;
        if outcome.is_err() {
            self.pending.replace(pending);
            self.others.replace(others);
        }
        outcome
    }
}

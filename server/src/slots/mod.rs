//! Rendezvous slots, in which two devices that are being linked leave messages for each other. The relay holds slots in memory
//! only, because none outlives two minutes or its connections.
//!
//! A slot is *open* while it has one end, the connection that opened it. The first other connection that writes or watches
//! becomes its second end, and the slot is *met*; for everybody else it does not exist. A slot has *ended* when an end closes
//! it or disconnects, or when its time is over. An ended slot never opens again: the relay keeps its id as long as a slot
//! lives, so that nobody can open another one in its place.

mod table;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};

pub(crate) use self::table::{Bounds, Party, PartyId, Table};

/// All slots of this relay.
pub(crate) struct Slots {
    table: Mutex<Table>,
    /// Rings when the first slot opens, so that there is an end to wait for.
    first: Notify,
    parties: AtomicU64,
}

impl Slots {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { table: Mutex::new(Table::new(bounds)), first: Notify::new(), parties: AtomicU64::new(0) }
    }

    /// A name for a new connection.
    pub(crate) fn party(&self) -> PartyId {
        PartyId(self.parties.fetch_add(1, Ordering::Relaxed))
    }

    /// Works on the slots that live now. Callers queue their frames inside `change`, so that each end gets answers and pushes
    /// in the order of the values.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Table, Instant) -> T) -> T {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        table.expire(now);
        let idle = table.next_look().is_none();
        let result = change(&mut table, now);
        if idle && table.next_look().is_some() {
            self.first.notify_one();
        }
        result
    }

    /// Ends expired slots and forgets ended ones, even when nobody asks for them, until the relay shuts down.
    pub(crate) async fn expire(&self, mut closing: watch::Receiver<bool>) {
        loop {
            let next = self.change(|table, _| table.next_look());
            let due = async {
                match next {
                    // All slots live equally long, so a slot that opens meanwhile ends later.
                    Some(end) => tokio::time::sleep_until(end.into()).await,
                    None => self.first.notified().await,
                }
            };
            tokio::select! {
                () = due => {}
                _ = closing.wait_for(|closing| *closing) => return,
            }
        }
    }
}

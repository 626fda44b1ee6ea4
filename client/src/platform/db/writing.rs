//! Writes change sets: one by one into the journal, and many at a time from there into their stores.

use parley_engine::io::Store;
use wasm_bindgen::JsValue;
use web_sys::{IdbKeyRange, IdbTransaction};

use super::owning::{Fence, forgotten, guard, key_of, places};
use super::requests::{bytes, committed, done};
use super::{Database, FILES, JOURNAL, KEYS, MESSAGES, META, STATE};
use crate::model::journal::Place;
use crate::platform::failure::Failure;

/// The entries that a write takes out of the journal.
#[derive(Debug, Clone, Copy)]
pub struct Moved<'a> {
    /// This owner's entries up to this number.
    pub own: u64,
    /// Entries of earlier owners.
    pub others: &'a [Place],
}

impl Database {
    /// Adds an entry to the journal. The browser itself notices if another owner has taken over, because the place is already
    /// occupied then.
    ///
    /// # Errors
    /// When another owner has taken over, when there is no room, or when the browser refuses.
    pub async fn append(&self, fence: Fence, number: u64, entry: &[u8]) -> Result<(), Failure> {
        let transaction = self.begin(&[JOURNAL], true)?;
        let key = key_of(Place { fence: fence.0, number });
        transaction.object_store(JOURNAL)?.add_with_key(&bytes(entry), &key)?;
        committed(&transaction).await
    }

    /// Writes records with values, deletes those without, and takes the moved entries out of the journal, all or nothing, in
    /// one transaction.
    ///
    /// # Errors
    /// When another owner has taken over, when there is no room, or when the browser refuses.
    pub async fn write<'a>(
        &self,
        fence: Fence,
        changes: impl Iterator<Item = (Store, &'a [u8], Option<&'a [u8]>)>,
        moved: Moved<'_>,
    ) -> Result<(), Failure> {
        let transaction = self.begin(&[META, STATE, MESSAGES, JOURNAL], true)?;
        guard(&transaction, fence)?;
        let done = put_all(&transaction, changes).and_then(|()| take_out(&transaction, fence, moved));
        if let Err(failure) = done {
            let _ = transaction.abort();
            return Err(failure);
        }
        committed(&transaction).await
    }

    /// Deletes everything except the data that keeps stale owners out.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn erase(&self, fence: Fence) -> Result<(), Failure> {
        let transaction = self.begin(&[META, STATE, MESSAGES, KEYS, FILES, JOURNAL], true)?;
        guard(&transaction, fence)?;
        transaction.object_store(KEYS)?.clear()?;
        clear(&transaction).await?;
        committed(&transaction).await
    }

    /// Replaces all records by these, in one transaction. The browser's own key stays.
    ///
    /// # Errors
    /// When another owner has taken over, when there is no room, or when the browser refuses.
    pub async fn wipe<'a>(
        &self,
        fence: Fence,
        changes: impl Iterator<Item = (Store, &'a [u8], Option<&'a [u8]>)>,
    ) -> Result<(), Failure> {
        let transaction = self.begin(&[META, STATE, MESSAGES, FILES, JOURNAL], true)?;
        guard(&transaction, fence)?;
        clear(&transaction).await?;
        if let Err(failure) = put_all(&transaction, changes) {
            let _ = transaction.abort();
            return Err(failure);
        }
        committed(&transaction).await
    }
}

/// Deletes all records, and all entries of the journal.
async fn clear(transaction: &IdbTransaction) -> Result<(), Failure> {
    for store in [STATE, MESSAGES, FILES] {
        transaction.object_store(store)?.clear()?;
    }
    let journal = transaction.object_store(JOURNAL)?;
    let places: js_sys::Array = done(&journal.get_all_keys()?).await?.into();
    for place in places.iter() {
        journal.put_with_key(&JsValue::TRUE, &place)?;
    }
    Ok(())
}

fn put_all<'a>(
    transaction: &IdbTransaction,
    changes: impl Iterator<Item = (Store, &'a [u8], Option<&'a [u8]>)>,
) -> Result<(), Failure> {
    let (state, messages) = (transaction.object_store(STATE)?, transaction.object_store(MESSAGES)?);
    for (store, key, value) in changes {
        let store = match store {
            Store::State => &state,
            Store::Messages => &messages,
        };
        match value {
            Some(value) => store.put_with_key(&bytes(value), &bytes(key))?,
            None => store.delete(&bytes(key))?,
        };
    }
    Ok(())
}

/// Leaves a mark in the place of this owner's last entry, so that its number stays known. Deletes the marks of owners that the
/// database no longer remembers.
fn take_out(transaction: &IdbTransaction, fence: Fence, moved: Moved<'_>) -> Result<(), Failure> {
    if moved.own == 0 && moved.others.is_empty() {
        return Ok(());
    }
    let journal = transaction.object_store(JOURNAL)?;
    for place in moved.others {
        journal.delete(&key_of(*place))?;
    }
    if moved.own > 0 {
        journal.delete(&places(fence.0, moved.own)?.into())?;
        journal.put_with_key(&JsValue::TRUE, &key_of(Place { fence: fence.0, number: moved.own }))?;
    }
    let old = |fence| key_of(Place { fence, number: 0 });
    journal.delete(&IdbKeyRange::bound(&old(0), &old(forgotten()))?.into())?;
    Ok(())
}

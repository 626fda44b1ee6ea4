//! Reads records and the journal.

use js_sys::{Array, Uint8Array};
use parley_engine::io::{Load, ReadFrom, Record};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbCursorDirection, IdbKeyRange, IdbRequest};

use super::requests::{bytes, done, whole_at};
use super::{Database, JOURNAL, MESSAGES, STATE};
use crate::model::journal::{Found, Place};
use crate::platform::failure::Failure;

impl Database {
    /// Reads all records of [`Store::State`](parley_engine::io::Store::State), and the whole journal in its order.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn state(&self) -> Result<(Vec<Record>, Vec<(Place, Found)>), Failure> {
        let transaction = self.begin(&[STATE, JOURNAL], false)?;
        let (state, journal) = (transaction.object_store(STATE)?, transaction.object_store(JOURNAL)?);
        let requests = [state.get_all_keys()?, state.get_all()?, journal.get_all_keys()?, journal.get_all()?];
        let [keys, values, places, entries] = requests.each_ref().map(all);
        let (keys, values, places, entries) = (keys.await?, values.await?, places.await?, entries.await?);
        let records = keys.iter().zip(values.iter()).map(|(key, value)| record(&key, &value));
        let journal = places.iter().zip(entries.iter()).map(|(key, value)| (place(&key), found(&value)));
        Ok((records.collect(), journal.collect()))
    }

    /// Reads the records of [`Store::Messages`](parley_engine::io::Store::Messages) that `load` asks for, in its order.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn load(&self, load: &Load) -> Result<Vec<Record>, Failure> {
        let store = self.begin(&[MESSAGES], false)?.object_store(MESSAGES)?;
        let Some(range) = range_of(load)? else { return Ok(Vec::new()) };
        let direction =
            if load.is_oldest_first() { IdbCursorDirection::Next } else { IdbCursorDirection::Prev };
        let request = store.open_cursor_with_range_and_direction(&range, direction)?;
        collect(&request, load.limit).await
    }
}

async fn all(request: &IdbRequest) -> Result<Array, Failure> {
    Ok(done(request).await?.dyn_into()?)
}

/// The range of keys that begin with the prefix, on the requested side of a start key. `None` if no key can be there.
fn range_of(load: &Load) -> Result<Option<IdbKeyRange>, Failure> {
    let (prefix, end) = (load.prefix.as_slice(), after_prefix(&load.prefix));
    let (lower, above, upper) = match &load.from {
        ReadFrom::Newest => (prefix, false, end),
        ReadFrom::Before(before) => (prefix, false, Some(before.clone())),
        ReadFrom::After(after) => (after.as_slice(), true, end),
    };
    // The browser treats an empty range as an error.
    if upper.as_deref().is_some_and(|upper| upper <= lower) {
        return Ok(None);
    }
    let lower = bytes(lower);
    let range = match upper {
        Some(upper) => {
            IdbKeyRange::bound_with_lower_open_and_upper_open(&lower, &bytes(&upper), above, true)?
        }
        None => IdbKeyRange::lower_bound_with_open(&lower, above)?,
    };
    Ok(Some(range))
}

/// The least key that is greater than every key with this prefix.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix.get(..=last)?.to_vec();
    if let Some(byte) = after.last_mut() {
        *byte = byte.saturating_add(1);
    }
    Some(after)
}

async fn collect(request: &IdbRequest, limit: u32) -> Result<Vec<Record>, Failure> {
    let mut records = Vec::new();
    loop {
        let cursor = done(request).await?;
        let Ok(cursor) = cursor.dyn_into::<web_sys::IdbCursorWithValue>() else { return Ok(records) };
        records.push(record(&cursor.key()?, &cursor.value()?));
        if u32::try_from(records.len()).map_or(true, |count| count >= limit) {
            return Ok(records);
        }
        cursor.continue_()?;
    }
}

fn record(key: &JsValue, value: &JsValue) -> Record {
    Record { key: Uint8Array::new(key).to_vec(), value: Uint8Array::new(value).to_vec() }
}

fn place(key: &JsValue) -> Place {
    Place { fence: whole_at(key, 0), number: whole_at(key, 1) }
}

fn found(value: &JsValue) -> Found {
    value.dyn_ref::<Uint8Array>().map_or(Found::Mark, |entry| Found::Entry(entry.to_vec()))
}

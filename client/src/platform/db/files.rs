//! Stores sealed chunks of files. They need no journal: a chunk opens only in its place, and the engine notices missing ones.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbKeyRange;

use super::owning::{Fence, guard};
use super::requests::{bytes, committed, done};
use super::{Database, FILES, META};
use crate::platform::failure::Failure;

/// The name of a file.
type Name = [u8; 16];

impl Database {
    /// Writes chunks of a file, one after the other, in one transaction.
    ///
    /// # Errors
    /// When another owner has taken over, when there is no room, or when the browser refuses.
    pub async fn write_chunks(
        &self,
        fence: Fence,
        file: &Name,
        first: u32,
        chunks: &[Vec<u8>],
    ) -> Result<(), Failure> {
        let transaction = self.begin(&[META, FILES], true)?;
        guard(&transaction, fence)?;
        let store = transaction.object_store(FILES)?;
        for (index, chunk) in (first..).zip(chunks) {
            if let Err(error) = store.put_with_key(&bytes(chunk), &key(file, index)) {
                let _ = transaction.abort();
                return Err(error.into());
            }
        }
        committed(&transaction).await
    }

    /// Reads chunks of a file, up to the first missing one.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn read_chunks(&self, file: &Name, first: u32, most: u32) -> Result<Vec<Vec<u8>>, Failure> {
        let store = self.begin(&[FILES], false)?.object_store(FILES)?;
        let last = first.saturating_add(most).saturating_sub(1);
        let range = IdbKeyRange::bound(&key(file, first), &key(file, last))?;
        let (keys, values) = (store.get_all_keys_with_key(&range)?, store.get_all_with_key(&range)?);
        let keys: Array = done(&keys).await?.dyn_into()?;
        let values: Array = done(&values).await?.dyn_into()?;
        let in_turn = |(index, found): &(u32, JsValue)| {
            Uint8Array::new(found).to_vec().get(16..) == Some(index.to_be_bytes().as_slice())
        };
        let count = (first..).zip(keys.iter()).take_while(in_turn).count();
        Ok(values.iter().take(count).map(|value| Uint8Array::new(&value).to_vec()).collect())
    }

    /// Deletes a file's chunks.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn delete_chunks(&self, fence: Fence, file: &Name) -> Result<(), Failure> {
        let transaction = self.begin(&[META, FILES], true)?;
        guard(&transaction, fence)?;
        transaction.object_store(FILES)?.delete(&all_of(file)?.into())?;
        committed(&transaction).await
    }

    /// Deletes the chunks of all files but these.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn keep_chunks(&self, fence: Fence, files: &[Name]) -> Result<(), Failure> {
        let transaction = self.begin(&[META, FILES], true)?;
        guard(&transaction, fence)?;
        let store = transaction.object_store(FILES)?;
        let mut after: Vec<u8> = Vec::new();
        loop {
            let range = IdbKeyRange::lower_bound(&bytes(&after))?;
            let found: Array = done(&store.get_all_keys_with_key_and_limit(&range, 1)?).await?.dyn_into()?;
            let name = Uint8Array::new(&found.get(0)).to_vec().first_chunk::<16>().copied();
            let Some(name) = name.filter(|_| found.length() > 0) else { break };
            if !files.contains(&name) {
                store.delete(&all_of(&name)?.into())?;
            }
            after = [name.as_slice(), &u32::MAX.to_be_bytes(), &[0]].concat();
        }
        committed(&transaction).await
    }
}

fn key(file: &Name, index: u32) -> JsValue {
    bytes(&[file.as_slice(), &index.to_be_bytes()].concat())
}

fn all_of(file: &Name) -> Result<IdbKeyRange, Failure> {
    Ok(IdbKeyRange::bound(&key(file, 0), &key(file, u32::MAX))?)
}

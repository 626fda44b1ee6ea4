//! IndexedDB `parley`: sealed records, the browser's own key, and the fence that stops a stale owner.

use core::cell::Cell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use parley_engine::io::{ChangeSet, Load, Record, Store};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    IdbCursorDirection, IdbDatabase, IdbFactory, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction,
};

use super::clock::{now, whole};
use super::crypto::BrowserKey;
use super::failure::Failure;
use crate::model::pulse::SCHEMA;

const NAME: &str = "parley";
const STATE: &str = "state";
const MESSAGES: &str = "messages";
const KEYS: &str = "keys";
const META: &str = "meta";
const FENCE: &str = "fence";
/// With the fence of an owner that another has replaced.
const REPLACED: &str = "replaced";
/// For how long a replaced owner is kept in mind, in milliseconds: longer than any worker is frozen.
const REMEMBERED: u64 = 90 * 24 * 3_600 * 1_000;
const WRAPPING_KEY: &str = "wrap";

/// The open database.
#[derive(Debug, Clone)]
pub struct Database(IdbDatabase);

/// What happens to a database while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A newer version of the app wants to change it.
    Newer,
    /// It was deleted, or the browser closed it.
    Gone,
}

/// Proof of owning the device, until the next owner makes a greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(pub u64);

impl Database {
    /// Opens the database, making it on a new device. `ended` is called when it cannot be used any longer.
    ///
    /// # Errors
    /// When the browser gives this site no IndexedDB, or a newer version of the app has made it.
    pub async fn open(ended: impl Fn(Ended) + Clone + 'static) -> Result<Self, Failure> {
        let factory: IdbFactory = Reflect::get(&js_sys::global(), &"indexedDB".into())?.dyn_into()?;
        let request = factory.open_with_u32(NAME, SCHEMA.into())?;
        let opening = request.clone();
        let upgrade = Closure::once(move |_: JsValue| {
            let database = opening.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok());
            for store in [STATE, MESSAGES, KEYS, META] {
                // A store that cannot be made fails the first transaction, which says so.
                let _ = database.as_ref().map(|database| database.create_object_store(store));
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database: IdbDatabase = done(&request).await?.dyn_into()?;
        let (closing, tell) = (database.clone(), ended.clone());
        // A later version of the app may want to change the stores: it need not wait for this tab.
        let give_way = Closure::once_into_js(move |event: JsValue| {
            closing.close();
            let newer = Reflect::get(&event, &"newVersion".into()).is_ok_and(|version| !version.is_null());
            tell(if newer { Ended::Newer } else { Ended::Gone });
        });
        database.set_onversionchange(Some(give_way.unchecked_ref()));
        let gone = Closure::once_into_js(move |_: JsValue| ended(Ended::Gone));
        database.set_onclose(Some(gone.unchecked_ref()));
        Ok(Self(database))
    }

    /// Takes the device over: from now on every write with an older fence fails.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn take_over(&self) -> Result<Fence, Failure> {
        let transaction = self.begin(&[META], true)?;
        let meta = transaction.object_store(META)?;
        let last = done(&meta.get(&FENCE.into())?).await?.as_f64().map_or(0, whole);
        // Also greater than what was counted before the browser deleted everything.
        let fence = last.saturating_add(1).max(now().0);
        meta.put_with_key(&number(fence), &FENCE.into())?;
        if last > 0 {
            meta.put_with_key(&JsValue::TRUE, &replaced(last))?;
        }
        let old = now().0.saturating_sub(REMEMBERED);
        meta.delete(&IdbKeyRange::bound(&replaced(0), &replaced(old))?.into())?;
        finished(&transaction).await?;
        Ok(Fence(fence))
    }

    /// The browser's own key, if there is one.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn wrapping_key(&self) -> Result<Option<BrowserKey>, Failure> {
        let keys = self.begin(&[KEYS], false)?.object_store(KEYS)?;
        let found = done(&keys.get(&WRAPPING_KEY.into())?).await?;
        Ok(found.dyn_into().ok().map(BrowserKey))
    }

    /// Keeps the browser's own key.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn keep_wrapping_key(&self, fence: Fence, key: &BrowserKey) -> Result<(), Failure> {
        let transaction = self.begin(&[META, KEYS], true)?;
        let fenced = guard(&transaction, fence)?;
        transaction.object_store(KEYS)?.put_with_key(&key.0, &WRAPPING_KEY.into())?;
        outcome(&transaction, &fenced).await
    }

    /// Whether this owner is still the last one: asked before what is written outside of this database.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn check(&self, fence: Fence) -> Result<(), Failure> {
        let transaction = self.begin(&[META], true)?;
        let fenced = guard(&transaction, fence)?;
        outcome(&transaction, &fenced).await
    }

    /// All records of [`Store::State`].
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn state(&self) -> Result<Vec<Record>, Failure> {
        let store = self.begin(&[STATE], false)?.object_store(STATE)?;
        let (keys, values) = (store.get_all_keys()?, store.get_all()?);
        let (keys, values) = (done(&keys), done(&values));
        let keys: Array = keys.await?.dyn_into()?;
        let values: Array = values.await?.dyn_into()?;
        Ok(keys.iter().zip(values.iter()).map(|(key, value)| record(&key, &value)).collect())
    }

    /// Records of [`Store::Messages`] with a prefix, greatest key first.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn load(&self, load: &Load) -> Result<Vec<Record>, Failure> {
        let store = self.begin(&[MESSAGES], false)?.object_store(MESSAGES)?;
        let Some(range) = range_of(load)? else { return Ok(Vec::new()) };
        let request = store.open_cursor_with_range_and_direction(&range, IdbCursorDirection::Prev)?;
        collect(&request, load.limit).await
    }

    /// Writes the change set, or nothing of it, in one transaction; fails when the fence is not the last one.
    ///
    /// # Errors
    /// When another owner has taken over, when there is no room, or when the browser refuses.
    pub async fn write(&self, fence: Fence, change: &ChangeSet) -> Result<(), Failure> {
        let transaction = self.begin(&[META, STATE, MESSAGES], true)?;
        let fenced = guard(&transaction, fence)?;
        let (state, messages) = (transaction.object_store(STATE)?, transaction.object_store(MESSAGES)?);
        if let Err(failure) = put_all(change, &state, &messages) {
            let _ = transaction.abort();
            return Err(failure);
        }
        outcome(&transaction, &fenced).await
    }

    /// Deletes everything but the fence.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn erase(&self, fence: Fence) -> Result<(), Failure> {
        let transaction = self.begin(&[META, STATE, MESSAGES, KEYS], true)?;
        let fenced = guard(&transaction, fence)?;
        for store in [STATE, MESSAGES, KEYS] {
            transaction.object_store(store)?.clear()?;
        }
        outcome(&transaction, &fenced).await
    }

    /// Begins a transaction. Writes are on disk when they are reported done (`durability: "strict"`).
    fn begin(&self, stores: &[&str], write: bool) -> Result<IdbTransaction, Failure> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        if write {
            Reflect::set(&options, &"durability".into(), &"strict".into())?;
        }
        let begin: Function = Reflect::get(&self.0, &"transaction".into())?.dyn_into()?;
        let mode = if write { "readwrite" } else { "readonly" };
        Ok(begin.call3(&self.0, &names, &mode.into(), &options)?.dyn_into()?)
    }
}

/// Makes the transaction fail when another owner has replaced this one; the cell tells.
///
/// The browser finds out by itself, by adding what must not be there. So the transaction can be committed without
/// another step of this worker: one that is frozen meanwhile does not keep the next owner waiting.
fn guard(transaction: &IdbTransaction, fence: Fence) -> Result<Rc<Cell<bool>>, Failure> {
    let fenced = Rc::new(Cell::new(false));
    let meta = transaction.object_store(META)?;
    let request = meta.add_with_key(&JsValue::TRUE, &replaced(fence.0))?;
    let (tell, adding) = (Rc::clone(&fenced), request.clone());
    let failed = Closure::once_into_js(move |_: JsValue| {
        let error = adding.error().ok().flatten();
        tell.set(error.is_some_and(|error| error.name() == "ConstraintError"));
    });
    request.set_onerror(Some(failed.unchecked_ref()));
    meta.delete(&replaced(fence.0))?;
    Ok(fenced)
}

fn replaced(fence: u64) -> JsValue {
    Array::of2(&REPLACED.into(), &number(fence)).into()
}

fn put_all(change: &ChangeSet, state: &IdbObjectStore, messages: &IdbObjectStore) -> Result<(), Failure> {
    let of = |store: Store| match store {
        Store::State => state,
        Store::Messages => messages,
    };
    for (store, record) in &change.puts {
        of(*store).put_with_key(&bytes(&record.value), &bytes(&record.key))?;
    }
    for (store, key) in &change.deletes {
        of(*store).delete(&bytes(key))?;
    }
    Ok(())
}

/// Keys that begin with the prefix, up to the one before which to look. None if there can be none.
fn range_of(load: &Load) -> Result<Option<IdbKeyRange>, Failure> {
    let lower = bytes(&load.prefix);
    let upper = match (&load.before, after_prefix(&load.prefix)) {
        (Some(before), _) if *before <= load.prefix => return Ok(None),
        (Some(before), _) => Some(before.clone()),
        (None, after) => after,
    };
    let range = match upper {
        Some(upper) => {
            IdbKeyRange::bound_with_lower_open_and_upper_open(&lower, &bytes(&upper), false, true)?
        }
        None => IdbKeyRange::lower_bound(&lower)?,
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

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

fn number(number: u64) -> JsValue {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "a fence counts page loads, below 2^53"
    )]
    JsValue::from_f64(number as f64)
}

/// The request's result.
async fn done(request: &IdbRequest) -> Result<JsValue, Failure> {
    let promise = Promise::new(&mut |resolve, reject| {
        let (good, bad) = (request.clone(), request.clone());
        let succeeded = Closure::once_into_js(move |_: JsValue| {
            let _ = resolve.call1(&JsValue::UNDEFINED, &good.result().unwrap_or_default());
        });
        let failed = Closure::once_into_js(move |_: JsValue| {
            let error = bad.error().ok().flatten().map_or(JsValue::UNDEFINED, JsValue::from);
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        });
        request.set_onsuccess(Some(succeeded.unchecked_ref()));
        request.set_onerror(Some(failed.unchecked_ref()));
    });
    Ok(JsFuture::from(promise).await?)
}

/// Waits until the guarded transaction is on disk.
async fn outcome(transaction: &IdbTransaction, fenced: &Cell<bool>) -> Result<(), Failure> {
    // A browser that has no `commit` commits by itself when there is nothing more to do.
    if let Ok(commit) = Reflect::get(transaction, &"commit".into())?.dyn_into::<Function>() {
        commit.call0(transaction)?;
    }
    let outcome = finished(transaction).await;
    if fenced.get() { Err(Failure::Fenced) } else { outcome }
}

/// Waits until the transaction is on disk.
async fn finished(transaction: &IdbTransaction) -> Result<(), Failure> {
    let promise = Promise::new(&mut |resolve, reject| {
        let ended = transaction.clone();
        let aborted = Closure::once_into_js(move |_: JsValue| {
            let error = ended.error().map_or(JsValue::UNDEFINED, JsValue::from);
            let _ = reject.call1(&JsValue::UNDEFINED, &error);
        });
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(aborted.unchecked_ref()));
    });
    JsFuture::from(promise).await?;
    Ok(())
}

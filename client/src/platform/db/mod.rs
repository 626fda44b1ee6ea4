//! IndexedDB `parley`: sealed records, the browser's own key, and the fence that stops a stale owner.
//!
//! - here: the database and the browser's own key
//! - `files`: sealed chunks of files
//! - `owning`: taking the device over, and the fence
//! - `writing`: the journal and the stores of records
//! - `reading`: records
//! - `requests`: IndexedDB's requests and transactions as futures

mod files;
mod owning;
mod reading;
mod requests;
mod writing;

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbFactory, IdbTransaction};

pub use self::owning::Fence;
use self::owning::guard;
use self::requests::{committed, done};
pub use self::writing::Moved;
use super::crypto::BrowserKey;
use super::failure::Failure;
use crate::model::ownership::SCHEMA;

const NAME: &str = "parley";
const STATE: &str = "state";
const MESSAGES: &str = "messages";
/// Change sets that have not been moved to the two stores of records yet.
const JOURNAL: &str = "journal";
/// Sealed chunks of files.
const FILES: &str = "files";
const KEYS: &str = "keys";
const META: &str = "meta";
const WRAPPING_KEY: &str = "wrap";

/// The open database.
#[derive(Debug, Clone)]
pub struct Database {
    stores: IdbDatabase,
    /// The options of writing transactions.
    strict: Object,
}

/// Why an open database cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A newer version of the app wants to change the database.
    Newer,
    /// The database was deleted, or the browser closed it.
    Gone,
}

impl Database {
    /// Opens the database, and makes it on a new device. Calls `ended` when it cannot be used any longer.
    ///
    /// # Errors
    /// When the browser gives this site no IndexedDB, or a newer version of the app has made it.
    pub async fn open(ended: impl Fn(Ended) + Clone + 'static) -> Result<Self, Failure> {
        let factory: IdbFactory = Reflect::get(&js_sys::global(), &"indexedDB".into())?.dyn_into()?;
        let request = factory.open_with_u32(NAME, SCHEMA.into())?;
        let opening = request.clone();
        let upgrade = Closure::once(move |_: JsValue| {
            let database = opening.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok());
            for store in [STATE, MESSAGES, JOURNAL, FILES, KEYS, META] {
                // An existing store stays as it is. If one cannot be made, the first transaction fails.
                let _ = database.as_ref().map(|database| database.create_object_store(store));
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let database: IdbDatabase = done(&request).await?.dyn_into()?;
        let (closing, tell) = (database.clone(), ended.clone());
        // A later version of the app may want to change the stores; it need not wait for this tab.
        let give_way = Closure::once_into_js(move |event: JsValue| {
            closing.close();
            let newer = Reflect::get(&event, &"newVersion".into()).is_ok_and(|version| !version.is_null());
            tell(if newer { Ended::Newer } else { Ended::Gone });
        });
        database.set_onversionchange(Some(give_way.unchecked_ref()));
        let gone = Closure::once_into_js(move |_: JsValue| ended(Ended::Gone));
        database.set_onclose(Some(gone.unchecked_ref()));
        let strict = Object::new();
        Reflect::set(&strict, &"durability".into(), &"strict".into())?;
        Ok(Self { stores: database, strict })
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

    /// Stores the browser's own key.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn keep_wrapping_key(&self, fence: Fence, key: &BrowserKey) -> Result<(), Failure> {
        let transaction = self.begin(&[META, KEYS], true)?;
        guard(&transaction, fence)?;
        transaction.object_store(KEYS)?.put_with_key(&key.0, &WRAPPING_KEY.into())?;
        committed(&transaction).await
    }

    /// Begins a transaction. A write that is reported done is on disk (`durability: "strict"`).
    fn begin(&self, stores: &[&str], write: bool) -> Result<IdbTransaction, Failure> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        // web-sys has this call only without options.
        let begin: Function = Reflect::get(&self.stores, &"transaction".into())?.dyn_into()?;
        let transaction = if write {
            begin.call3(&self.stores, &names, &"readwrite".into(), &self.strict)
        } else {
            begin.call1(&self.stores, &names)
        };
        Ok(transaction?.dyn_into()?)
    }
}

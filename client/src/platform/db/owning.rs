//! Who owns the device. Each owner has a number, its fence; what an older one still writes fails.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbKeyRange, IdbObjectStore, IdbTransaction};

use super::requests::{committed, done, finished, number, whole_at};
use super::{Database, JOURNAL, META};
use crate::model::journal::Place;
use crate::platform::clock::{now, whole};
use crate::platform::failure::Failure;

const FENCE: &str = "fence";
/// With the fence of an owner that another has replaced.
const REPLACED: &str = "replaced";
/// For how long a replaced owner is kept in mind, in milliseconds: longer than any worker is frozen.
const REMEMBERED: u64 = 90 * 24 * 3_600 * 1_000;

/// Proof of owning the device, until the next owner makes a greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(pub u64);

impl Database {
    /// Takes the device over: from now on every write with an older fence fails.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn take_over(&self) -> Result<Fence, Failure> {
        let transaction = self.begin(&[META, JOURNAL], true)?;
        let meta = transaction.object_store(META)?;
        let last = done(&meta.get(&FENCE.into())?).await?.as_f64().map_or(0, whole);
        // Also greater than what was counted before the browser deleted everything.
        let fence = last.saturating_add(1).max(now().0);
        meta.put_with_key(&number(fence), &FENCE.into())?;
        if last > 0 {
            meta.put_with_key(&JsValue::TRUE, &replaced(last))?;
            close(&transaction.object_store(JOURNAL)?, last).await?;
        }
        meta.delete(&IdbKeyRange::bound(&replaced(0), &replaced(forgotten()))?.into())?;
        finished(&transaction).await?;
        Ok(Fence(fence))
    }

    /// Whether this owner is still the last one: asked before what is written outside of this database.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn check(&self, fence: Fence) -> Result<(), Failure> {
        let transaction = self.begin(&[META], true)?;
        guard(&transaction, fence)?;
        committed(&transaction).await
    }
}

/// Takes the place of the next entry that an owner would add to the journal.
async fn close(journal: &IdbObjectStore, fence: u64) -> Result<(), Failure> {
    let keys: Array =
        done(&journal.get_all_keys_with_key(&places(fence, u64::MAX)?.into())?).await?.dyn_into()?;
    let last = whole_at(&keys.pop(), 1);
    let next = Place { fence, number: last.saturating_add(1) };
    journal.put_with_key(&JsValue::TRUE, &key_of(next))?;
    Ok(())
}

/// Owners up to this fence are not kept in mind any longer.
pub(super) fn forgotten() -> u64 {
    now().0.saturating_sub(REMEMBERED)
}

/// The key of an entry in the journal.
pub(super) fn key_of(place: Place) -> JsValue {
    Array::of2(&number(place.fence), &number(place.number)).into()
}

/// An owner's entries below a number.
pub(super) fn places(fence: u64, below: u64) -> Result<IdbKeyRange, Failure> {
    let at = |number| key_of(Place { fence, number });
    Ok(IdbKeyRange::bound_with_lower_open_and_upper_open(&at(0), &at(below), false, true)?)
}

/// Makes the transaction fail when another owner has replaced this one.
///
/// The browser finds out by itself, by adding what must not be there. So the transaction can be committed without
/// another step of this worker: one that is frozen meanwhile does not keep the next owner waiting.
pub(super) fn guard(transaction: &IdbTransaction, fence: Fence) -> Result<(), Failure> {
    let meta = transaction.object_store(META)?;
    meta.add_with_key(&JsValue::TRUE, &replaced(fence.0))?;
    meta.delete(&replaced(fence.0))?;
    Ok(())
}

fn replaced(fence: u64) -> JsValue {
    Array::of2(&REPLACED.into(), &number(fence)).into()
}

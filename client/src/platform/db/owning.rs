//! Takes the device over, and fences off earlier owners: each owner has a number, its fence, and writes with an older one fail.

use js_sys::Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbKeyRange, IdbObjectStore, IdbTransaction};

use super::requests::{committed, done, finished, number, whole_at};
use super::{Database, JOURNAL, META};
use crate::model::journal::Place;
use crate::platform::clock::{now, whole};
use crate::platform::failure::Failure;

const FENCE: &str = "fence";
/// The first part of a key in `META` whose second part is the fence of a replaced owner.
const REPLACED: &str = "replaced";
/// How long the database remembers a replaced owner, in milliseconds: longer than any worker stays frozen.
const REMEMBERED: u64 = 90 * 24 * 3_600 * 1_000;

/// Proof of owning the device, until the next owner makes a greater one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fence(pub u64);

impl Database {
    /// Takes the device over. From now on every write with an older fence fails.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn take_over(&self) -> Result<Fence, Failure> {
        let transaction = self.begin(&[META, JOURNAL], true)?;
        let meta = transaction.object_store(META)?;
        let last = done(&meta.get(&FENCE.into())?).await?.as_f64().map_or(0, whole);
        // The fence is also greater than the counts from before the browser deleted everything.
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

    /// Checks that this owner is still the last one. Callers check this before they write outside of this database.
    ///
    /// # Errors
    /// When another owner has taken over, or when the browser refuses.
    pub async fn check(&self, fence: Fence) -> Result<(), Failure> {
        let transaction = self.begin(&[META], true)?;
        guard(&transaction, fence)?;
        committed(&transaction).await
    }
}

/// Occupies the place of the next entry that an owner would add to the journal.
async fn close(journal: &IdbObjectStore, fence: u64) -> Result<(), Failure> {
    let keys: Array =
        done(&journal.get_all_keys_with_key(&places(fence, u64::MAX)?.into())?).await?.dyn_into()?;
    let last = whole_at(&keys.pop(), 1);
    let next = Place { fence, number: last.saturating_add(1) };
    journal.put_with_key(&JsValue::TRUE, &key_of(next))?;
    Ok(())
}

/// The database no longer remembers owners up to this fence.
pub(super) fn forgotten() -> u64 {
    now().0.saturating_sub(REMEMBERED)
}

/// The key of an entry in the journal.
pub(super) fn key_of(place: Place) -> JsValue {
    Array::of2(&number(place.fence), &number(place.number)).into()
}

/// The range of an owner's entries below a number.
pub(super) fn places(fence: u64, below: u64) -> Result<IdbKeyRange, Failure> {
    let at = |number| key_of(Place { fence, number });
    Ok(IdbKeyRange::bound_with_lower_open_and_upper_open(&at(0), &at(below), false, true)?)
}

/// Makes the transaction fail if another owner has replaced this one.
///
/// The browser itself notices this, when it adds a key that must not exist yet. So the transaction can commit without another
/// step of this worker, and a worker that freezes meanwhile does not keep the next owner waiting.
pub(super) fn guard(transaction: &IdbTransaction, fence: Fence) -> Result<(), Failure> {
    let meta = transaction.object_store(META)?;
    meta.add_with_key(&JsValue::TRUE, &replaced(fence.0))?;
    meta.delete(&replaced(fence.0))?;
    Ok(())
}

fn replaced(fence: u64) -> JsValue {
    Array::of2(&REPLACED.into(), &number(fence)).into()
}

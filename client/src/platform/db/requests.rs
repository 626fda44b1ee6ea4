//! Turns IndexedDB's requests and transactions into futures, and converts their keys and values.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbRequest, IdbTransaction};

use crate::platform::clock::whole;
use crate::platform::failure::Failure;

/// Waits for the result of a request.
pub(super) async fn done(request: &IdbRequest) -> Result<JsValue, Failure> {
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

/// Commits a transaction, and waits until it is on disk.
pub(super) async fn committed(transaction: &IdbTransaction) -> Result<(), Failure> {
    // A browser without `commit` commits by itself when there is nothing more to do.
    if let Ok(commit) = Reflect::get(transaction, &"commit".into())?.dyn_into::<Function>() {
        commit.call0(transaction)?;
    }
    finished(transaction).await
}

/// Waits until the transaction is on disk.
pub(super) async fn finished(transaction: &IdbTransaction) -> Result<(), Failure> {
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

pub(super) fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// A fence or an entry's number as a key.
pub(super) fn number(number: u64) -> JsValue {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "fences and the numbers of entries are below 2^53"
    )]
    JsValue::from_f64(number as f64)
}

/// The whole number at a position of a key that is a list; zero if there is none.
pub(super) fn whole_at(key: &JsValue, position: u32) -> u64 {
    key.dyn_ref::<Array>().and_then(|list| list.get(position).as_f64()).map_or(0, whole)
}

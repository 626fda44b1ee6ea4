//! Web Locks.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::failure::Failure;

/// Waits until nobody else holds the lock, and then holds it until this worker ends.
///
/// # Errors
/// When the browser has no Web Locks.
pub async fn hold_for_ever(name: &str) -> Result<(), Failure> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let mut outcome = Ok(());
    let held = Promise::new(&mut |held, _| {
        let granted = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |_| {
            let _ = held.call0(&JsValue::UNDEFINED);
            // The lock is held until this promise settles, which it never does.
            Promise::new(&mut |_, _| {}).into()
        });
        outcome = request.call2(&locks, &name.into(), granted.as_ref()).map(|_| ()).map_err(Failure::from);
        granted.forget();
    });
    outcome?;
    JsFuture::from(held).await.map(|_| ()).map_err(Failure::from)
}

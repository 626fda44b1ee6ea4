//! Web Locks.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::failure::Failure;
use super::spawn_local;

/// Requests a Web Lock: in turn, or at once by taking it from its holder (`steal`). Calls `granted` when this worker holds the
/// lock. It does so until it ends or another takes the lock away; then it calls `lost`.
///
/// # Errors
/// When the browser has no Web Locks.
pub fn request(
    name: &str,
    steal: bool,
    mut granted: impl FnMut() + 'static,
    lost: impl FnOnce() + 'static,
) -> Result<(), Failure> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let ask: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"steal".into(), &steal.into())?;
    let hold = Closure::<dyn FnMut(JsValue) -> JsValue>::new(move |_| {
        granted();
        // The browser holds the lock until this promise settles, which never happens.
        Promise::new(&mut |_, _| {}).into()
    });
    let outcome: Promise = ask.call3(&locks, &name.into(), &options, hold.as_ref())?.dyn_into()?;
    hold.forget();
    spawn_local(async move {
        if JsFuture::from(outcome).await.is_err() {
            lost();
        }
    });
    Ok(())
}

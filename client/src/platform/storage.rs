//! Whether the browser promises to keep what this site saves.

use wasm_bindgen_futures::JsFuture;

/// Whether the browser keeps this site's data until the person deletes it; none if it does not say.
pub async fn is_persisted() -> Option<bool> {
    let storage = web_sys::window()?.navigator().storage();
    JsFuture::from(storage.persisted().ok()?).await.ok()?.as_bool()
}

/// Asks the browser to keep it. Whether it will.
pub async fn persist() -> Option<bool> {
    let storage = web_sys::window()?.navigator().storage();
    JsFuture::from(storage.persist().ok()?).await.ok()?.as_bool()
}

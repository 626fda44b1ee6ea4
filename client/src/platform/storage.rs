//! Asks the browser how much this site may store, and whether it promises to keep the data.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::clock::whole;

/// Below this quota the window may be private. Browsers allow a site most of a disk, but a private window only a part of the
/// memory.
const PRIVATE_QUOTA: u64 = 4_000_000_000;

/// Whether the browser keeps this site's data until the person deletes it; `None` if it does not say.
pub async fn is_persisted() -> Option<bool> {
    let storage = web_sys::window()?.navigator().storage();
    JsFuture::from(storage.persisted().ok()?).await.ok()?.as_bool()
}

/// Asks the browser to keep the data. Returns whether it will.
pub async fn persist() -> Option<bool> {
    let storage = web_sys::window()?.navigator().storage();
    JsFuture::from(storage.persist().ok()?).await.ok()?.as_bool()
}

/// The bytes that this site's data takes, and the bytes that the browser allows.
pub async fn estimate() -> Option<(u64, u64)> {
    let storage = web_sys::window()?.navigator().storage();
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let number = |key: &str| Reflect::get(&estimate, &JsValue::from_str(key)).ok()?.as_f64().map(whole);
    Some((number("usage")?, number("quota")?))
}

/// The bytes that the site can still store, as far as the browser says.
pub async fn room() -> Option<u64> {
    let (usage, quota) = estimate().await?;
    Some(quota.saturating_sub(usage))
}

/// Whether the browser seems to delete all data when the window closes. No browser says so, but those that keep a private
/// window's data in memory allow little of it and never promise to keep it. A small disk looks the same.
pub async fn may_be_private() -> bool {
    let Some((_, quota)) = estimate().await else { return true };
    is_persisted().await != Some(true) && quota < PRIVATE_QUOTA
}

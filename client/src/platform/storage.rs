//! Whether the browser promises to keep what this site saves.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::clock::whole;

/// Browsers allow a site most of a disk, and a private window a part of the memory.
const PRIVATE_QUOTA: u64 = 4_000_000_000;

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

/// How many bytes this site's data takes, and how many the browser allows.
pub async fn estimate() -> Option<(u64, u64)> {
    let storage = web_sys::window()?.navigator().storage();
    let estimate = JsFuture::from(storage.estimate().ok()?).await.ok()?;
    let number = |key: &str| Reflect::get(&estimate, &JsValue::from_str(key)).ok()?.as_f64().map(whole);
    Some((number("usage")?, number("quota")?))
}

/// How many bytes more the browser takes, as far as it says.
pub async fn room() -> Option<u64> {
    let (usage, quota) = estimate().await?;
    Some(quota.saturating_sub(usage))
}

/// Whether the browser seems to forget all this when the window is closed. No browser says so: those that keep a private
/// window's data in memory allow little of it, and never promise to keep it. A small disk looks the same.
pub async fn may_be_private() -> bool {
    let Some((_, quota)) = estimate().await else { return true };
    is_persisted().await != Some(true) && quota < PRIVATE_QUOTA
}

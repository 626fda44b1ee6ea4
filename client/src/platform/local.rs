//! localStorage, by gloo-storage. It holds the sealed device key, the wrapped master key or its lock, what is
//! typed in pages and not saved, under seal, the theme and how this browser notifies.

use base64ct::{Base64, Encoding};
use gloo_storage::{LocalStorage, Storage};

use crate::model::slot::Slot;

const THEME: &str = "parley.theme";
const ATTENTION: &str = "parley.attention";

// The values are already plain text: gloo's raw storage spares the page a JSON parser.
fn get(name: &str) -> Option<String> {
    if is_denied() {
        return None;
    }
    LocalStorage::raw().get_item(name).ok().flatten()
}

fn set(name: &str, value: &str) -> bool {
    !is_denied() && LocalStorage::raw().set_item(name, value).is_ok()
}

fn delete(name: &str) -> bool {
    let allowed = !is_denied();
    if allowed {
        LocalStorage::delete(name);
    }
    allowed
}

/// Whether the browser denies this site its localStorage. gloo expects it to exist.
#[must_use]
pub fn is_denied() -> bool {
    !js_sys::Reflect::get(&js_sys::global(), &"localStorage".into()).is_ok_and(|storage| storage.is_object())
}

/// The contents of a slot; `None` if it is empty or not base64.
#[must_use]
pub fn read(slot: Slot) -> Option<Vec<u8>> {
    Base64::decode_vec(&get(slot.name())?).ok()
}

/// Writes a slot, or removes it. Returns whether reading it back confirms that.
#[must_use]
pub fn write(slot: Slot, value: Option<&[u8]>) -> bool {
    if let Some(bytes) = value {
        set(slot.name(), &Base64::encode_string(bytes)) && read(slot).as_deref() == value
    } else {
        delete(slot.name())
    }
}

/// Writes a slot if it still holds `old`. Returns whether it did.
#[must_use]
pub fn replace(slot: Slot, old: &[u8], new: &[u8]) -> bool {
    read(slot).as_deref() == Some(old) && write(slot, Some(new))
}

/// The item with this name; `None` if there is none or it is not base64.
#[must_use]
pub fn item(name: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(&get(name)?).ok()
}

/// Writes or removes an item. Returns whether that succeeded.
#[must_use]
pub fn put_item(name: &str, value: Option<&[u8]>) -> bool {
    match value {
        Some(bytes) => set(name, &Base64::encode_string(bytes)),
        None => delete(name),
    }
}

/// The names of the items with this prefix.
#[must_use]
pub fn names(prefix: &str) -> Vec<String> {
    if is_denied() {
        return Vec::new();
    }
    let storage = LocalStorage::raw();
    let names =
        (0..storage.length().unwrap_or_default()).filter_map(|place| storage.key(place).ok().flatten());
    names.filter(|name| name.starts_with(prefix)).collect()
}

/// The chosen theme.
#[must_use]
pub fn theme() -> Option<String> {
    get(THEME)
}

/// Stores the chosen theme; `None` is the system's.
pub fn set_theme(theme: Option<&str>) {
    match theme {
        // If the theme cannot be stored, the person chooses it again next time.
        Some(theme) => drop(set(THEME, theme)),
        None => drop(delete(THEME)),
    }
}

/// How this browser notifies, as it was kept.
#[must_use]
pub fn attention() -> Option<String> {
    get(ATTENTION)
}

/// Keeps how this browser notifies.
pub fn set_attention(kept: &str) {
    // What is not kept is chosen again next time.
    let _ = set(ATTENTION, kept);
}

//! localStorage, by gloo-storage. It holds the sealed device key and the wrapped master key, and the theme.

use base64ct::{Base64, Encoding};
use gloo_storage::{LocalStorage, Storage};

use crate::model::slot::Slot;

const THEME: &str = "parley.theme";

/// What a slot holds; none if it is empty or not base64.
#[must_use]
pub fn read(slot: Slot) -> Option<Vec<u8>> {
    let text: String = LocalStorage::get(slot.name()).ok()?;
    Base64::decode_vec(&text).ok()
}

/// Writes a slot, or removes it. Answers whether it is done, read back.
#[must_use]
pub fn write(slot: Slot, value: Option<&[u8]>) -> bool {
    if let Some(bytes) = value {
        LocalStorage::set(slot.name(), Base64::encode_string(bytes)).is_ok() && read(slot).as_deref() == value
    } else {
        LocalStorage::delete(slot.name());
        true
    }
}

/// The theme that was chosen.
#[must_use]
pub fn theme() -> Option<String> {
    LocalStorage::get(THEME).ok()
}

/// Keeps the theme that was chosen; none is the system's.
pub fn set_theme(theme: Option<&str>) {
    match theme {
        // A theme that is not kept is chosen again next time.
        Some(theme) => drop(LocalStorage::set(THEME, theme)),
        None => LocalStorage::delete(THEME),
    }
}

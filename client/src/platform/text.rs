//! Text functions of the browser: emoji and hosts.

use js_sys::{Array, Function, Reflect, RegExp};
use wasm_bindgen::JsCast as _;

thread_local! {
    /// `None` if the browser does not know the `v` flag (ECMA-262, 2024).
    static EMOJI: Option<RegExp> = emoji();
}

fn emoji() -> Option<RegExp> {
    let class: Function = Reflect::get(&js_sys::global(), &"RegExp".into()).ok()?.dyn_into().ok()?;
    let arguments = Array::of2(&r"^(?:\p{RGI_Emoji}\s*){1,3}$".into(), &"v".into());
    Reflect::construct(&class, &arguments).ok()?.dyn_into().ok()
}

/// Whether the text is one to three emoji and nothing else.
#[must_use]
pub fn is_only_emoji(text: &str) -> bool {
    // A family emoji takes 41 bytes; most texts are longer than three of them, or plain letters.
    text.len() <= 128
        && !text.is_ascii()
        && EMOJI.with(|pattern| pattern.as_ref().is_some_and(|pattern| pattern.test(text)))
}

/// The host of an address as the browser reads it. Lookalike letters become visible in it.
#[must_use]
pub fn host(address: &str) -> Option<String> {
    let url = web_sys::Url::new(address).ok()?;
    Some(url.host()).filter(|host| !host.is_empty())
}

//! Shows a notice when the page's program has crashed. None of the program runs any more, so the browser alone draws the
//! notice, and its button calls the browser.

use std::sync::atomic::{AtomicBool, Ordering};

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Document, Element, Window};

static SHOWN: AtomicBool = AtomicBool::new(false);

/// Shows a sentence and a button that reloads the page, over everything. The page behind it stays, so that the person can copy
/// what they have typed.
pub fn show(sentence: &str, reload: &str) {
    if SHOWN.swap(true, Ordering::Relaxed) {
        return;
    }
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    // The screen that was shown may have caused the crash, so the reloaded page does not show it again.
    if let Ok(history) = window.history() {
        let _ = history.replace_state(&JsValue::NULL, "");
    }
    let _ = place(&window, &document, sentence, reload);
}

/// Shows the notice also when the program ends without a panic of ours: out of memory, or with a full stack.
pub fn watch(sentence: &'static str, reload: &'static str) {
    let Some(window) = web_sys::window() else { return };
    for (event, what) in [("error", "error"), ("unhandledrejection", "reason")] {
        super::listen::<JsValue>(&window, event, move |event| {
            if Reflect::get(&event, &what.into()).is_ok_and(|error| is_end(&error)) {
                show(sentence, reload);
            }
        });
    }
}

/// Whether the error is one of WebAssembly. After such an error the state of the program's memory is unknown.
fn is_end(error: &JsValue) -> bool {
    // Errors of a worker arrive here too, without an error object.
    if !error.is_object() {
        return false;
    }
    let Ok(assembly) = Reflect::get(&js_sys::global(), &"WebAssembly".into()) else { return false };
    let class =
        Reflect::get(&assembly, &"RuntimeError".into()).ok().and_then(|it| it.dyn_into::<Function>().ok());
    class.is_some_and(|class| {
        let named = Reflect::get(&class, &"prototype".into()).unwrap_or_default();
        js_sys::Object::get_prototype_of(error).loose_eq(&named)
    })
}

fn place(window: &Window, document: &Document, sentence: &str, reload: &str) -> Result<(), JsValue> {
    let notice = element(document, "div", "fallen")?;
    notice.set_attribute("role", "alert")?;
    // The notice goes above everything else, if the browser supports that.
    notice.set_attribute("popover", "manual")?;
    let text = element(document, "p", "")?;
    text.set_text_content(Some(sentence));
    let button = element(document, "button", "button")?;
    button.set_text_content(Some(reload));
    let location = window.location();
    let again: Function = Reflect::get(&location, &"reload".into())?.dyn_into()?;
    button.add_event_listener_with_callback("click", &again.bind0(&location))?;
    notice.append_child(&text)?;
    notice.append_child(&button)?;
    // Nothing outside of an open dialog can be reached.
    let dialog = document.query_selector("dialog[open]")?;
    match dialog.or_else(|| document.body().map(Into::into)) {
        Some(top) => drop(top.append_child(&notice)?),
        None => return Ok(()),
    }
    if let Ok(show) = Reflect::get(&notice, &"showPopover".into())?.dyn_into::<Function>() {
        show.call0(&notice)?;
    }
    Ok(())
}

fn element(document: &Document, tag: &str, class: &str) -> Result<Element, JsValue> {
    let element = document.create_element(tag)?;
    element.set_attribute("class", class)?;
    Ok(element)
}

//! Operations on elements that Leptos does not have.

use leptos::html::{Dialog, Div, Input, Textarea};
use leptos::prelude::{Get, GetUntracked, NodeRef};
use leptos::wasm_bindgen::JsCast as _;
use web_sys::{KeyboardEvent, MouseEvent};

use crate::model::keys::Focus;

/// Opens a dialog over everything else. The browser keeps the focus inside.
pub fn show_modal(dialog: NodeRef<Dialog>) {
    if let Some(dialog) = dialog.get()
        && !dialog.open()
    {
        let _ = dialog.show_modal();
    }
}

/// Closes a dialog. The browser returns the focus.
pub fn close(dialog: NodeRef<Dialog>) {
    if let Some(dialog) = dialog.try_get_untracked().flatten() {
        dialog.close();
    }
}

/// Closes the dialog that is over the page, if there is one.
pub fn close_open_dialog() {
    let document = web_sys::window().and_then(|window| window.document());
    let open = document.and_then(|document| document.query_selector("dialog[open]").ok().flatten());
    if let Some(open) = open.and_then(|open| open.dyn_into::<web_sys::HtmlDialogElement>().ok()) {
        open.close();
    }
}

thread_local! {
    static GROWS_BY_ITSELF: bool =
        web_sys::css::supports_with_value("field-sizing", "content").unwrap_or_default();
}

/// Makes a text area as high as its text; the style sheet limits the height. Does nothing if the element is gone, or if the
/// browser does this itself: then nothing has to be measured at each key.
pub fn grow(area: NodeRef<Textarea>) {
    if GROWS_BY_ITSELF.with(|by_itself| *by_itself) {
        return;
    }
    let Some(area) = area.try_get_untracked().flatten() else { return };
    let style = web_sys::HtmlElement::style(&area);
    let _ = style.set_property("height", "auto");
    let _ = style.set_property("height", &format!("{}px", area.scroll_height()));
}

/// The position of the caret in UTF-16 units, in which the browser counts.
#[must_use]
pub fn caret(area: NodeRef<Textarea>) -> Option<usize> {
    let area = area.try_get_untracked().flatten()?;
    usize::try_from(area.selection_end().ok().flatten()?).ok()
}

/// The text in a text area.
#[must_use]
pub fn text_of(area: NodeRef<Textarea>) -> String {
    area.try_get_untracked().flatten().map(|area| area.value()).unwrap_or_default()
}

/// Writes a text into a text area, and puts the caret at a position.
pub fn write(area: NodeRef<Textarea>, text: &str, caret: usize) {
    let Some(element) = area.try_get_untracked().flatten() else { return };
    element.set_value(text);
    let caret = u32::try_from(caret).unwrap_or(u32::MAX);
    let _ = element.set_selection_range(caret, caret);
    grow(area);
}

/// Moves the focus into the text area.
pub fn focus_area(area: NodeRef<Textarea>) {
    if let Some(area) = area.try_get_untracked().flatten() {
        let _ = web_sys::HtmlElement::focus(&area);
    }
}

/// Moves the focus to the last button inside an element, which also scrolls it into view.
pub fn focus_last_button(inside: NodeRef<Div>) {
    let Some(inside) = inside.try_get_untracked().flatten() else { return };
    let last = inside.query_selector("button:last-of-type").ok().flatten();
    if let Some(last) = last.and_then(|last| last.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = last.focus();
    }
}

/// Submits the form around the event's element by its button, as Enter does in a field of one line.
pub fn submit_form_of(event: &KeyboardEvent) {
    let from = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let form = from.and_then(|from| from.closest("form").ok().flatten());
    let button = form.and_then(|form| form.query_selector("[type=submit]").ok().flatten());
    if let Some(button) = button.and_then(|button| button.dyn_into::<web_sys::HtmlElement>().ok()) {
        button.click();
    }
}

/// Moves the focus to the first element of the page that matches. Returns whether there is one.
#[must_use]
pub fn focus_first(selector: &str) -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    let first = document.and_then(|document| document.query_selector(selector).ok().flatten());
    let first = first.and_then(|first| first.dyn_into::<web_sys::HtmlElement>().ok());
    first.is_some_and(|first| first.focus().is_ok())
}

/// The position of a click or press. For a press by keyboard, a corner of the element.
#[must_use]
pub fn place_of(event: &MouseEvent) -> (i32, i32) {
    let at = (event.client_x(), event.client_y());
    let element = event.current_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    match element {
        Some(element) if at == (0, 0) => {
            let rect = element.get_bounding_client_rect();
            #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "pixels of a screen")]
            let place = (rect.left() as i32, rect.bottom() as i32);
            place
        }
        _ => at,
    }
}

/// Whether the event happened on a link.
#[must_use]
pub fn is_on_link(event: &MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("a").is_ok_and(|link| link.is_some()))
}

/// Puts an element at a position, but within the screen.
pub fn put_at(dialog: NodeRef<Dialog>, (x, y): (i32, i32)) {
    let Some(element) = dialog.try_get_untracked().flatten() else { return };
    let style = web_sys::HtmlElement::style(&element);
    let (width, height) = (element.offset_width(), element.offset_height());
    let _ = style.set_property("--x", &format!("min({x}px, 100vw - {width}px - 8px)"));
    let _ = style.set_property("--y", &format!("min({y}px, 100dvh - {height}px - 8px)"));
}

/// Moves the focus with the arrow keys among the elements of a class inside the listening element; Home and End move it to the
/// first and the last.
pub fn step_among(event: &KeyboardEvent, class: &str) {
    let within = event.current_target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    let target = event.target().and_then(|it| it.dyn_into::<web_sys::Element>().ok());
    let Some(all) = within.map(|within| within.get_elements_by_class_name(class)) else { return };
    let count = all.length();
    let here = (0..count).find(|place| all.item(*place).as_ref() == target.as_ref());
    let next = match (event.key().as_str(), here) {
        ("ArrowDown" | "ArrowRight", Some(here)) if here + 1 < count => here + 1,
        ("ArrowDown" | "ArrowRight" | "Home", _) => 0,
        ("ArrowUp" | "ArrowLeft", Some(here)) if here > 0 => here - 1,
        ("ArrowUp" | "ArrowLeft" | "End", _) => count.saturating_sub(1),
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = all.item(next).and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// Selects all of a field's text.
pub fn select(input: NodeRef<Input>) {
    if let Some(input) = input.try_get_untracked().flatten() {
        input.select();
    }
}

/// Whether an input method composes while the key is pressed. Enter then only ends the composing.
#[must_use]
pub fn is_composing(event: &KeyboardEvent) -> bool {
    event.is_composing() || event.key_code() == 229
}

/// The kind of element that gets a key.
#[must_use]
pub fn focus_of(event: &KeyboardEvent) -> Focus {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let is = |kind: &str| target.as_ref().is_some_and(|it| it.matches(kind).unwrap_or_default());
    if is("#message") {
        Focus::Composer
    } else if is("select, [type=radio], [type=range], [type=number], [type=date], [type=time]") {
        Focus::Choice
    } else if is("textarea, input:not([type=checkbox]):not([type=file]), [contenteditable]") {
        Focus::Text
    } else {
        Focus::Elsewhere
    }
}

/// Whether a click hit the dialog's backdrop and not its contents.
#[must_use]
pub fn is_on_backdrop(event: &MouseEvent, dialog: NodeRef<Dialog>) -> bool {
    let Some(dialog) = dialog.try_get_untracked().flatten() else { return false };
    event.target().as_ref() == Some(dialog.as_ref())
}

/// Moves the focus up or down from an element of this kind to the one in the block above or below.
pub fn step_between(event: &KeyboardEvent, block: &str, kind: &str) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key() {
        return;
    }
    let up = match event.key().as_str() {
        "ArrowUp" => true,
        "ArrowDown" => false,
        _ => return,
    };
    let from = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let from = from.filter(|from| from.matches(kind).unwrap_or_default());
    let mut at = from.and_then(|from| from.closest(block).ok().flatten());
    while let Some(here) = at {
        let next = if up { here.previous_element_sibling() } else { here.next_element_sibling() };
        let found = next.as_ref().and_then(|next| next.query_selector(kind).ok().flatten());
        if let Some(found) = found.and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok()) {
            event.prevent_default();
            let _ = found.focus();
            return;
        }
        at = next;
    }
}

/// Empties a text area at once, and returns it to its least height.
pub fn clear(area: NodeRef<Textarea>) {
    if let Some(area) = area.try_get_untracked().flatten() {
        area.set_value("");
    }
    grow(area);
}

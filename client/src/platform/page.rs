//! The page: its address, title, visibility, theme, clipboard and keys, and whether a person is present.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, KeyboardEvent, MouseEvent, VisibilityState, Window};

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Option<Document> {
    window()?.document()
}

/// The part of the address from `#` on; empty if there is none.
#[must_use]
pub fn fragment() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// The path of the address; empty at the address of the app.
#[must_use]
pub fn path() -> String {
    let path = window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
    path.trim_start_matches('/').to_owned()
}

fn history() -> Option<web_sys::History> {
    window()?.history().ok()
}

/// Adds an entry to the history, with a fragment and a state.
pub fn push(fragment: &str, said: &str) {
    if let Some(history) = history() {
        let _ = history.push_state_with_url(&said.into(), "", Some(fragment));
    }
}

/// Changes the fragment and the state of the current entry.
pub fn replace(fragment: &str, said: &str) {
    if let Some(history) = history() {
        let _ = history.replace_state_with_url(&said.into(), "", Some(fragment));
    }
}

/// Changes the state of the current entry.
pub fn say(said: &str) {
    if let Some(history) = history() {
        let _ = history.replace_state(&said.into(), "");
    }
}

/// The state of the current entry; empty if it has none.
#[must_use]
pub fn said() -> String {
    let state = history().and_then(|history| history.state().ok());
    state.and_then(|state| state.as_string()).unwrap_or_default()
}

/// Goes back by this many entries, which takes the browser a moment.
pub fn back(by: u32) {
    if let Some(history) = history() {
        let by = i32::try_from(by).unwrap_or(i32::MAX);
        let _ = history.go_with_delta(by.saturating_neg());
    }
}

/// `https://host`
#[must_use]
pub fn origin() -> String {
    window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// Whether the page is in a secure context: it came over HTTPS or from this machine. Other pages get no keys.
#[must_use]
pub fn is_secure() -> bool {
    window().is_some_and(|window| window.is_secure_context())
}

/// The address of the same page over HTTPS.
#[must_use]
pub fn secure_address() -> String {
    let host = window().and_then(|window| window.location().host().ok()).unwrap_or_default();
    format!("https://{host}/")
}

/// Whether the browser reports a network. The report may be wrong either way.
#[must_use]
pub fn has_network() -> bool {
    window().is_none_or(|window| window.navigator().on_line())
}

/// Calls `act` whenever the person may have come back to the page, the page to life, or the network to the computer.
pub fn on_return(act: impl Fn() + Clone + 'static) {
    let Some(window) = window() else { return };
    for event in ["focus", "pageshow", "online"] {
        let act = act.clone();
        super::listen::<JsValue>(&window, event, move |_| act());
    }
    let Some(document) = document() else { return };
    for event in ["visibilitychange", "resume"] {
        let act = act.clone();
        super::listen::<JsValue>(&document, event, move |_| {
            if is_visible() {
                act();
            }
        });
    }
}

/// The text in Unicode form NFKC, as every keyboard would write it: passphrases are compared byte by byte.
#[must_use]
pub fn normal(text: &str) -> String {
    String::from(js_sys::JsString::from(text).normalize("NFKC"))
}

/// Whether this is a Mac, where Ctrl edits text and Cmd gives commands.
#[must_use]
pub fn is_mac() -> bool {
    let agent = window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    agent.contains("Macintosh")
}

/// The name of this device for the account's other devices, such as "Firefox on Linux".
#[must_use]
pub fn device_name() -> String {
    let agent = window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    crate::model::agent::name(&agent)
}

/// The build of the app; empty in development.
#[must_use]
pub fn build() -> String {
    let found =
        document().and_then(|document| document.query_selector("meta[name=parley-build]").ok().flatten());
    found.and_then(|meta| meta.get_attribute("content")).unwrap_or_default()
}

/// Loads the page again.
pub fn reload() {
    if let Some(window) = window() {
        let _ = window.location().reload();
    }
}

/// Calls `act` whenever the browser has gone to another entry of the history, also to a new one.
pub fn on_move(act: impl Fn() + 'static) {
    if let Some(window) = window() {
        super::listen::<JsValue>(&window, "popstate", move |_| act());
    }
}

/// Whether the page is visible.
#[must_use]
pub fn is_visible() -> bool {
    document().is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// Whether the page is visible and has the focus.
#[must_use]
pub fn is_in_front() -> bool {
    is_visible() && document().is_some_and(|document| document.has_focus().unwrap_or(true))
}

/// Calls `act` whenever the page may have gained or lost the focus.
pub fn on_front_change(act: impl Fn() + Clone + 'static) {
    let Some(window) = window() else { return };
    for event in ["focus", "blur"] {
        let act = act.clone();
        super::listen::<JsValue>(&window, event, move |_| act());
    }
    on_visibility_change(act);
}

/// Whether the person has selected text.
#[must_use]
pub fn has_selection() -> bool {
    let selection = window().and_then(|window| window.get_selection().ok().flatten());
    selection.is_some_and(|selection| !selection.is_collapsed())
}

/// Calls `act` whenever the page is shown or hidden.
pub fn on_visibility_change(act: impl Fn() + 'static) {
    if let Some(document) = document() {
        super::listen::<JsValue>(&document, "visibilitychange", move |_| act());
    }
}

/// Calls `act` when the page ends or is put aside.
pub fn on_leaving(act: impl Fn() + 'static) {
    if let Some(window) = window() {
        super::listen::<JsValue>(&window, "pagehide", move |_| act());
    }
}

/// Has the browser ask the person before the page ends, if `asks` returns true.
pub fn before_leaving(asks: impl Fn() -> bool + 'static) {
    if let Some(window) = window() {
        super::listen::<web_sys::Event>(&window, "beforeunload", move |event| {
            if asks() {
                event.prevent_default();
                // Browsers from before 2024 need this.
                let _ = js_sys::Reflect::set(&event, &"returnValue".into(), &true.into());
            }
        });
    }
}

/// Calls `act` with the name of each item of localStorage that another page has changed.
pub fn on_storage(act: impl Fn(&str) + 'static) {
    if let Some(window) = window() {
        super::listen::<JsValue>(&window, "storage", move |event| {
            let key = js_sys::Reflect::get(&event, &"key".into()).ok();
            if let Some(name) = key.and_then(|key| key.as_string()) {
                act(&name);
            }
        });
    }
}

/// Calls `act` with each pressed key. `true` means that `act` has handled the key.
pub fn on_key(act: impl Fn(&KeyboardEvent) -> bool + 'static) {
    if let Some(document) = document() {
        super::listen::<KeyboardEvent>(&document, "keydown", move |event| {
            if act(&event) {
                event.prevent_default();
            }
        });
    }
}

/// Calls `act` whenever a person presses a key or moves the pointer in the page.
pub fn on_somebody(act: impl Fn() + 'static) {
    let act = std::rc::Rc::new(act);
    for event in ["keydown", "pointerdown", "pointermove", "wheel"] {
        if let Some(document) = document() {
            let act = std::rc::Rc::clone(&act);
            super::listen::<JsValue>(&document, event, move |_| act());
        }
    }
}

/// Calls `act` with `true` when a pointer is pressed, and with `false` when it was released and the click is over. Ignores the
/// other buttons of a mouse: they open menus, which hide the release from the page.
pub fn on_press(act: impl Fn(bool) + Clone + 'static) {
    for (event, pressed) in [("pointerdown", true), ("pointerup", false), ("pointercancel", false)] {
        let Some(document) = document() else { return };
        let act = act.clone();
        super::listen::<MouseEvent>(&document, event, move |event| {
            if !pressed {
                let act = act.clone();
                super::timer::after(0, move || act(false)).forget();
            } else if event.button() == 0 {
                act(true);
            }
        });
    }
}

/// Sets the title of the tab.
pub fn set_title(title: &str) {
    if let Some(document) = document() {
        document.set_title(title);
    }
}

/// The icon in the tab: an SVG, or the usual one.
pub fn set_icon(svg: Option<&str>) {
    let link = document().and_then(|it| it.query_selector("link[rel=icon]").ok().flatten());
    if let Some(link) = link {
        let address = svg.map(|svg| format!("data:image/svg+xml,{}", js_sys::encode_uri_component(svg)));
        let _ = link.set_attribute("href", address.as_deref().unwrap_or("/favicon.svg"));
    }
}

/// Shows a theme; none is the system's.
pub fn show_theme(theme: Option<&str>) {
    if let Some(root) = document().and_then(|document| document.document_element()) {
        let _ = match theme {
            Some(theme) => root.set_attribute("data-theme", theme),
            None => root.remove_attribute("data-theme"),
        };
    }
}

/// Removes the splash that the page shows until the app has started.
pub fn remove_splash() {
    if let Some(splash) = element("splash") {
        splash.remove();
    }
}

/// Moves the focus to the element with this id.
pub fn focus(id: &str) {
    if let Some(element) = element(id).and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// Moves the focus to the element with this id, if the element that had it is gone from the page.
pub fn keep_focus(id: &str) {
    let active = document().and_then(|document| document.active_element());
    if active.is_none_or(|active| active.tag_name().eq_ignore_ascii_case("body")) {
        focus(id);
    }
}

/// Whether the element with this id has the focus.
#[must_use]
pub fn has_focus(id: &str) -> bool {
    element(id).is_some_and(|element| document().and_then(|it| it.active_element()) == Some(element))
}

/// Whether the main pointer is a finger. A focused field then opens the on-screen keyboard.
#[must_use]
pub fn is_touch() -> bool {
    window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Copies a text. Returns whether the browser permitted it.
pub async fn copy(text: String) -> bool {
    let Some(window) = window() else { return false };
    let clipboard = js_sys::Reflect::get(&window.navigator(), &"clipboard".into());
    if !clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    JsFuture::from(window.navigator().clipboard().write_text(&text)).await.is_ok()
}

pub(super) fn element(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

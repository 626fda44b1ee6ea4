//! The page: its address, title, visibility, theme, clipboard, keys, and whether somebody is there.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Element, KeyboardEvent, MouseEvent, VisibilityState, Window};

fn window() -> Option<Window> {
    web_sys::window()
}

fn document() -> Option<Document> {
    window()?.document()
}

/// The part of the address after `#`, with it; empty if there is none.
#[must_use]
pub fn fragment() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// The part of the address before `#` that names a file of the server; empty where it is the app.
#[must_use]
pub fn path() -> String {
    let path = window().and_then(|window| window.location().pathname().ok()).unwrap_or_default();
    path.trim_start_matches('/').to_owned()
}

fn history() -> Option<web_sys::History> {
    window()?.history().ok()
}

/// Goes to another fragment, with a new entry in the history that says this about itself.
pub fn push(fragment: &str, said: &str) {
    if let Some(history) = history() {
        let _ = history.push_state_with_url(&said.into(), "", Some(fragment));
    }
}

/// Changes the address, and what the entry says about itself.
pub fn replace(fragment: &str, said: &str) {
    if let Some(history) = history() {
        let _ = history.replace_state_with_url(&said.into(), "", Some(fragment));
    }
}

/// Has the entry say this about itself.
pub fn say(said: &str) {
    if let Some(history) = history() {
        let _ = history.replace_state(&said.into(), "");
    }
}

/// What the entry says about itself; empty if it says nothing.
#[must_use]
pub fn said() -> String {
    let state = history().and_then(|history| history.state().ok());
    state.and_then(|state| state.as_string()).unwrap_or_default()
}

/// Goes back by so many entries, which takes the browser a moment.
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

/// Whether the browser trusts the way by which this page came: HTTPS, or from this machine. Others get no keys.
#[must_use]
pub fn is_secure() -> bool {
    window().is_some_and(|window| window.is_secure_context())
}

/// Where the same page would be over HTTPS.
#[must_use]
pub fn secure_address() -> String {
    let host = window().and_then(|window| window.location().host().ok()).unwrap_or_default();
    format!("https://{host}/")
}

/// Whether the browser says that there is a network. It may be wrong, either way.
#[must_use]
pub fn has_network() -> bool {
    window().is_none_or(|window| window.navigator().on_line())
}

/// Calls `act` whenever somebody may have come back to the page, or the page to life, or a network to the computer.
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

/// The text as every keyboard would have written it (Unicode form NFKC): a passphrase is compared byte by byte.
#[must_use]
pub fn normal(text: &str) -> String {
    String::from(js_sys::JsString::from(text).normalize("NFKC"))
}

/// Whether this is a Mac, where Ctrl edits text and Cmd gives orders.
#[must_use]
pub fn is_mac() -> bool {
    let agent = window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    agent.contains("Macintosh")
}

/// What this device calls itself to its account's others, such as "Firefox on Linux".
#[must_use]
pub fn device_name() -> String {
    let agent = window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
    crate::model::agent::name(&agent)
}

/// Which build of the app this is; empty in development.
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

/// Calls `act` whenever the browser has gone to another entry of the history, or to one that a link has made.
pub fn on_move(act: impl Fn() + 'static) {
    if let Some(window) = window() {
        super::listen::<JsValue>(&window, "popstate", move |_| act());
    }
}

/// Whether somebody can see the page.
#[must_use]
pub fn is_visible() -> bool {
    document().is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// Whether somebody can see the page and has it in front of them.
#[must_use]
pub fn is_in_front() -> bool {
    is_visible() && document().is_some_and(|document| document.has_focus().unwrap_or(true))
}

/// Calls `act` whenever the page may have come to the front, or gone from there.
pub fn on_front_change(act: impl Fn() + Clone + 'static) {
    let Some(window) = window() else { return };
    for event in ["focus", "blur"] {
        let act = act.clone();
        super::listen::<JsValue>(&window, event, move |_| act());
    }
    on_visibility_change(act);
}

/// Whether somebody has selected something.
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

/// Calls `act` when the page goes, or is put away.
pub fn on_leaving(act: impl Fn() + 'static) {
    if let Some(window) = window() {
        super::listen::<JsValue>(&window, "pagehide", move |_| act());
    }
}

/// Before the page goes, the browser asks whether it shall, if `asks` says so.
pub fn before_leaving(asks: impl Fn() -> bool + 'static) {
    if let Some(window) = window() {
        super::listen::<web_sys::Event>(&window, "beforeunload", move |event| {
            if asks() {
                event.prevent_default();
                // What browsers from before 2024 listen to.
                let _ = js_sys::Reflect::set(&event, &"returnValue".into(), &true.into());
            }
        });
    }
}

/// Calls `act` with the name of what another page has changed in localStorage.
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

/// Calls `act` with each key that is pressed anywhere; `true` means that it is dealt with.
pub fn on_key(act: impl Fn(&KeyboardEvent) -> bool + 'static) {
    if let Some(document) = document() {
        super::listen::<KeyboardEvent>(&document, "keydown", move |event| {
            if act(&event) {
                event.prevent_default();
            }
        });
    }
}

/// Calls `act` whenever somebody presses a key or moves the pointer in the page.
pub fn on_somebody(act: impl Fn() + 'static) {
    let act = std::rc::Rc::new(act);
    for event in ["keydown", "pointerdown", "pointermove", "wheel"] {
        if let Some(document) = document() {
            let act = std::rc::Rc::clone(&act);
            super::listen::<JsValue>(&document, event, move |_| act());
        }
    }
}

/// Calls `act` with `true` when a pointer is pressed anywhere, and with `false` when it was let go and the click that comes of it is
/// over. The other buttons of a mouse open menus, which keep the letting go to themselves.
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

/// The title in the tab.
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

/// Removes what the page showed until the app was there.
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

/// Moves the focus to the element with this id, if what had it is gone from the page.
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

/// Whether a finger is the main pointer (then a focused field would open the keyboard).
#[must_use]
pub fn is_touch() -> bool {
    window()
        .and_then(|window| window.match_media("(pointer: coarse)").ok().flatten())
        .is_some_and(|query| query.matches())
}

/// Copies text; whether the browser allowed it.
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

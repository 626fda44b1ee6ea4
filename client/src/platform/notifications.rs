//! Notifications of the browser, their sound, and which of several tabs shows one.

use core::time::Duration;
use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{AudioContext, Notification, NotificationOptions, NotificationPermission};

use super::later::Later;
use super::{spawn_local, timer};

/// Held by every tab that somebody has in front of them.
const FRONT: &str = "parley-front";

/// In Hz, one after the other.
const TONES: [f32; 2] = [660.0, 880.0];
/// How long one lasts, in seconds.
const TONE: f64 = 0.12;
const LOUDNESS: f32 = 0.12;

/// Whether the browser shows notifications of this app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It does.
    Granted,
    /// The person, or the browser, said no.
    Denied,
    /// Nobody was asked.
    Unknown,
    /// It has none.
    Missing,
}

impl Permission {
    const fn of(permission: NotificationPermission) -> Self {
        match permission {
            NotificationPermission::Granted => Self::Granted,
            NotificationPermission::Denied => Self::Denied,
            _ => Self::Unknown,
        }
    }
}

fn has_notifications() -> bool {
    Reflect::has(&js_sys::global(), &"Notification".into()).unwrap_or_default()
}

/// Whether the browser shows notifications of this app.
#[must_use]
pub fn permission() -> Permission {
    if has_notifications() { Permission::of(Notification::permission()) } else { Permission::Missing }
}

/// Has the browser ask the person; only in answer to a click.
pub async fn ask() -> Permission {
    if has_notifications()
        && let Ok(asked) = Notification::request_permission()
    {
        let _ = JsFuture::from(asked).await;
    }
    permission()
}

struct Shown {
    notification: Notification,
    _clicked: Closure<dyn FnMut()>,
}

thread_local! {
    static SHOWN: RefCell<BTreeMap<String, Shown>> = const { RefCell::new(BTreeMap::new()) };
}

/// Shows a notification in place of the one with this tag; a click brings this tab to the front and calls `clicked`. Answers
/// whether the browser could: some have the interface, and leave showing to what goes on without a page.
pub fn show(tag: &str, title: &str, body: &str, clicked: impl Fn() + 'static) -> bool {
    let options = NotificationOptions::new();
    options.set_body(body);
    options.set_tag(tag);
    options.set_icon("/icon-192.png");
    // The sound is the app's own.
    options.set_silent(Some(true));
    let Ok(notification) = Notification::new_with_options(title, &options) else { return false };
    let name = tag.to_owned();
    let clicked = Closure::<dyn FnMut()>::new(move || {
        if let Some(window) = web_sys::window() {
            let _ = window.focus();
        }
        clicked();
        // Not now: this is called by what would go.
        let name = name.clone();
        timer::after(0, move || close(&name)).forget();
    });
    notification.set_onclick(Some(clicked.as_ref().unchecked_ref()));
    SHOWN.with_borrow_mut(|shown| shown.insert(tag.to_owned(), Shown { notification, _clicked: clicked }));
    true
}

/// Takes away the notification with this tag, if this tab has shown one.
pub fn close(tag: &str) {
    let shown = SHOWN.with_borrow_mut(|shown| shown.remove(tag));
    if let Some(shown) = shown {
        shown.notification.close();
    }
}

/// Takes away all that this tab has shown.
pub fn close_all() {
    let shown = SHOWN.with_borrow_mut(std::mem::take);
    for shown in shown.into_values() {
        shown.notification.close();
    }
}

/// A short tone. A browser in whose page nobody has clicked yet plays nothing.
pub fn play_tone() {
    let _ = tone();
}

fn tone() -> Result<(), JsValue> {
    let context = AudioContext::new()?;
    let loudness = context.create_gain()?;
    loudness.connect_with_audio_node(&context.destination())?;
    let begin = context.current_time();
    let mut end = begin;
    for pitch in TONES {
        let tone = context.create_oscillator()?;
        tone.frequency().set_value(pitch);
        tone.connect_with_audio_node(&loudness)?;
        tone.start_with_when(end)?;
        end += TONE;
        tone.stop_with_when(end)?;
    }
    loudness.gain().set_value_at_time(LOUDNESS, begin)?;
    // What ends at once clicks.
    loudness.gain().linear_ramp_to_value_at_time(0.0, end)?;
    spawn_local(async move {
        timer::sleep(Duration::from_secs(1)).await;
        if let Ok(closed) = context.close() {
            let _ = JsFuture::from(closed).await;
        }
    });
    Ok(())
}

/// Asks for a Web Lock: one that is shared in its turn, else one that is free. `hold` is called with whether it was, and the lock
/// is held until what it gives back is over.
fn request(
    name: &str,
    shared: bool,
    hold: impl FnOnce(bool) -> Option<Promise> + 'static,
) -> Result<(), JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    let locks = Reflect::get(&navigator, &"locks".into())?;
    let ask: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &(if shared { "shared" } else { "exclusive" }).into())?;
    Reflect::set(&options, &"ifAvailable".into(), &(!shared).into())?;
    let hold = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        hold(!lock.is_null()).map_or(JsValue::UNDEFINED, JsValue::from)
    });
    let outcome: Promise = ask.call3(&locks, &name.into(), &options, &hold)?.dyn_into()?;
    spawn_local(async move {
        let _ = JsFuture::from(outcome).await;
    });
    Ok(())
}

/// Whether this tab is the first that asks for this, of all tabs and for so long. In a browser without Web Locks, which has no
/// second tab, it is.
pub async fn claim(name: String, time: Duration) -> bool {
    Later::from_callback(move |answer| {
        let answer = RefCell::new(Some(answer));
        let answer = std::rc::Rc::new(answer);
        let told = std::rc::Rc::clone(&answer);
        let tell = move |first: bool| {
            if let Some(answer) = told.borrow_mut().take() {
                answer(first);
            }
        };
        let asked = request(&name, false, move |first| {
            tell(first);
            first.then(|| {
                future_to_promise(async move {
                    timer::sleep(time).await;
                    Ok(JsValue::UNDEFINED)
                })
            })
        });
        if asked.is_err()
            && let Some(answer) = answer.borrow_mut().take()
        {
            answer(true);
        }
    })
    .outcome()
    .await
}

/// Whether somebody has one of the tabs in front of them.
pub async fn is_any_in_front() -> bool {
    !claim(FRONT.to_owned(), Duration::ZERO).await
}

thread_local! {
    /// Ends what holds the lock of this tab.
    static IN_FRONT: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Tells the other tabs whether somebody has this one in front of them. The browser tells them when this tab is gone.
pub fn tell_front(in_front: bool) {
    let before = IN_FRONT.with_borrow_mut(Option::take);
    if let Some(end) = before {
        let _ = end.call0(&JsValue::UNDEFINED);
    }
    if in_front {
        let mut end = None;
        let held = Promise::new(&mut |resolve, _| end = Some(resolve));
        IN_FRONT.with_borrow_mut(|known| *known = end);
        let _ = request(FRONT, true, move |free| free.then_some(held));
    }
}

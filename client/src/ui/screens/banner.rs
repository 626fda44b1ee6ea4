//! The banner above everything else, about the connection and the storage.

use leptos::prelude::*;
use parley_engine::view::{Connection, Registration, StorageState};

use crate::model::backoff;
use crate::model::notice::Notice;
use crate::model::signal::ToOwner;
use crate::model::time::seconds_until;
use crate::platform::{page, timer};
use crate::ui::app::state::{App, Phase};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// How long a passing state must last before the banner shows it, in milliseconds: a new banner moves everything below it.
const GRACE: u64 = 1_000;

/// A connection that takes this long to open gets a button, in milliseconds.
const LONG: u64 = 5_000;

/// The content of the banner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    text: String,
    /// Shown beside the text but not read out, because it changes every second.
    countdown: Option<String>,
    pub(crate) grave: bool,
    /// The state usually passes before anybody could read the text.
    passing: bool,
    way_out: WayOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WayOut {
    None,
    TryNow,
    Reload,
}

/// Shows nothing while all is well, or while `first` is another notice. The element stays in the page, so that a screen reader
/// hears new text in it.
pub(crate) fn banner(app: App, told: Memo<Option<Told>>, first: Memo<Option<Notice>>) -> AnyView {
    let notice = Memo::new(move || {
        told.get().filter(|_| matches!(first.get(), Some(Notice::Grave | Notice::Connection)))
    });
    let way_out =
        Memo::new(move || notice.with(|notice| notice.as_ref().map_or(WayOut::None, |it| it.way_out)));
    // A screen reader reads any text that is written into the status, even the same text again. The memo writes only changes.
    let text = Memo::new(move || notice.with(|it| it.as_ref().map(|it| it.text.clone()).unwrap_or_default()));
    let countdown = Memo::new(move || {
        notice.with(|it| it.as_ref().and_then(|it| it.countdown.clone()).unwrap_or_default())
    });
    html::div()
        .class("banner")
        .attr("role", "region")
        .attr("aria-label", "Notice")
        .class_when("banner-grave", move || notice.with(|it| it.as_ref().is_some_and(|it| it.grave)))
        .class_when("banner-shown", move || notice.with(Option::is_some))
        .child((
            html::span()
                .attr("role", "status")
                .attr("aria-label", "Connection")
                .child(parts::live(move || text.get())),
            html::span().child(parts::live(move || countdown.get())),
            parts::maybe(move || match way_out.get() {
                WayOut::None => None,
                WayOut::TryNow => Some(button("Try now", move || app.say(&ToOwner::RetryNow))),
                WayOut::Reload => Some(button("Reload", page::reload)),
            }),
        ))
        .into_any()
}

/// The text that the banner shows now.
pub(crate) fn shown(app: App) -> Memo<Option<Told>> {
    let long = opening_long(app);
    let notice = app.steady(move || notice(app, long));
    let (shown, due) = (RwSignal::new(None::<Told>), RwSignal::new(false));
    let waiting = StoredValue::new_local(None);
    Effect::new(move |_| {
        let (notice, is_due, pressed) = (notice.get(), due.get(), app.pressed.get());
        let passing = notice.as_ref().is_some_and(|it| it.passing);
        // A passing text gives way to another one at once.
        let stays = shown.with_untracked(|shown| shown.as_ref().is_none_or(|it| !it.passing));
        if passing && (!is_due || pressed) && stays {
            if waiting.with_value(Option::is_none) {
                waiting.set_value(Some(timer::after(GRACE, move || due.set(true))));
            }
            return;
        }
        waiting.set_value(None);
        if is_due {
            due.set(false);
        }
        shown.set(notice);
    });
    Memo::new(move || shown.get())
}

fn button(name: &'static str, act: impl Fn() + 'static) -> AnyView {
    parts::button(name, "banner-button", act)
}

fn notice(app: App, long: impl Fn() -> bool) -> Option<Told> {
    let plain = |text: &str, way_out| Told {
        text: text.to_owned(),
        countdown: None,
        grave: false,
        passing: false,
        way_out,
    };
    let grave = |text, way_out| Some(Told { grave: true, ..plain(text, way_out) });
    let passing = |text, way_out| Some(Told { passing: true, ..plain(text, way_out) });
    if app.newer.get() {
        return None;
    }
    if app.worker_died.get() {
        return if app.at_risk.get() {
            grave(words::WORKER_DIED_AT_RISK, WayOut::None)
        } else {
            grave(words::WORKER_DIED, WayOut::Reload)
        };
    }
    let phase = app.phase.get();
    if phase == Phase::Starting && app.older.get() {
        return grave(words::OLDER, WayOut::Reload);
    }
    if app.slow.get() && !matches!(phase, Phase::Faulty(_)) {
        return Some(plain(words::SLOW, WayOut::None));
    }
    if phase != Phase::Ready {
        return None;
    }
    let storage = app.storage.get();
    if let Some(text) = words::storage(storage) {
        // Reloading the page makes no room, and a browser that saves nothing may not keep the typed text either.
        let unsaved = app.at_risk.get() || app.unsent.with(|unsent| !unsent.is_empty());
        let (more, way_out) = match storage {
            StorageState::Fenced if !app.at_risk.get() => ("", WayOut::Reload),
            StorageState::Full | StorageState::Unavailable if unsaved => (words::KEEP_OPEN, WayOut::None),
            StorageState::Unavailable => (words::RESTART, WayOut::None),
            _ => ("", WayOut::None),
        };
        return grave(format!("{text} {more}").trim_end(), way_out);
    }
    if app.removed.with(Option::is_some) {
        return None;
    }
    match app.connection.get() {
        Connection::Online if app.account.with(|it| it.as_ref().is_some_and(|it| it.forked)) => {
            grave(words::FORKED, WayOut::None)
        }
        Connection::Online
            if app
                .account
                .with(|it| it.as_ref().is_some_and(|it| it.registration == Registration::Registering)) =>
        {
            passing(words::REGISTERING, WayOut::None)
        }
        Connection::Online => None,
        Connection::Connecting => {
            passing(words::CONNECTING, if long() { WayOut::TryNow } else { WayOut::None })
        }
        Connection::CatchingUp => passing(words::CATCHING_UP, WayOut::None),
        Connection::Offline { retry_at, why } => {
            let seconds = seconds_until(retry_at, app.now.get(), backoff::LONGEST);
            let told = plain(words::outage(why, page::has_network()), WayOut::TryNow);
            Some(Told { countdown: Some(words::next_attempt(seconds)), ..told })
        }
        Connection::ReloadNeeded => grave(words::RELOAD_NEEDED, WayOut::Reload),
        Connection::RelayTooOld => grave(words::RELAY_TOO_OLD, WayOut::None),
    }
}

/// Whether a connection has been opening for so long that the person may want to try again.
fn opening_long(app: App) -> impl Fn() -> bool + Copy + Send + Sync + 'static {
    let since = RwSignal::new(None);
    Effect::new(move |_| {
        let opening = app.connection.get() == Connection::Connecting;
        since.set(opening.then(|| app.now.get_untracked()));
    });
    move || since.get().is_some_and(|since| app.now.get().0.abs_diff(since.0) >= LONG)
}

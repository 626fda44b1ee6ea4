//! Moves through the browser's history: the screen shows what the current entry says.

use core::cell::Cell;
use std::collections::VecDeque;

use leptos::prelude::*;

use crate::model::history::{Over, Place, Step};
use crate::model::invite::Invited;
use crate::model::route::Route;
use crate::platform::timer::{self, Timeout};
use crate::platform::{dom, page};
use crate::ui::app::state::{App, Dialog};

/// How long to wait for the browser to go back, in milliseconds. A browser that takes longer has no entry there: it keeps about
/// fifty.
const PATIENCE: u64 = 1_000;

thread_local! {
    /// The app. A page has one history, and one app moves through it.
    static APP: Cell<Option<App>> = const { Cell::new(None) };
}

/// The page's position in the history.
#[derive(Default)]
pub(crate) struct Way {
    here: Place,
    /// Set while the browser goes back, which takes it a moment: the place that then replaces the entry, if it must be another
    /// one, and the timer that gives up.
    going: Option<(Option<Place>, Timeout)>,
    /// The moves that wait until the browser has gone back.
    wanted: VecDeque<Want>,
}

enum Want {
    Go(Route),
    Open(Dialog),
    Close,
}

/// Follows the address from now on.
pub(crate) fn start(app: App) {
    APP.set(Some(app));
    take_from_path();
    arrive(app, true);
    page::on_move(move || arrive(app, false));
}

/// Goes to another screen.
pub(crate) fn go(route: &Route) {
    if let Some(app) = APP.get() {
        want(app, Want::Go(route.clone()));
    }
}

impl App {
    /// Opens a dialog.
    pub(crate) fn show(self, dialog: Dialog) {
        want(self, Want::Open(dialog));
    }

    /// Closes the dialog that is open.
    pub(crate) fn close_dialog(self) {
        want(self, Want::Close);
    }
}

fn over(dialog: &Dialog) -> Over {
    match dialog {
        Dialog::NewChat(_) => Over::NewChat,
        Dialog::Contact(id) => Over::Contact(*id),
        Dialog::Link(_) => Over::Link,
        Dialog::NewGroup => Over::NewGroup,
        Dialog::Group(id) => Over::Group(*id),
        Dialog::Message(id) => Over::Message(*id),
        Dialog::Forward => Over::Forward,
        Dialog::Keys => Over::Keys,
        Dialog::Files(what) => Over::Files(*what),
        Dialog::GroupLink(_) => Over::GroupLink,
    }
}

fn want(app: App, want: Want) {
    app.way.update_value(|way| way.wanted.push_back(want));
    go_on(app);
}

fn go_on(app: App) {
    let next = || {
        let next = |way: &mut Way| if way.going.is_some() { None } else { way.wanted.pop_front() };
        app.way.try_update_value(next).flatten()
    };
    while let Some(want) = next() {
        let here = app.way.with_value(|way| way.here.clone());
        let step = match want {
            Want::Go(route) => here.go(&route),
            Want::Open(dialog) => {
                let over = over(&dialog);
                app.dialog.set(Some(dialog));
                here.open(over)
            }
            Want::Close => here.close(),
        };
        perform(app, step);
    }
}

fn perform(app: App, step: Step) {
    match step {
        Step::Stay => {}
        Step::Push(place) => {
            page::push(&place.route.fragment(), &place.said());
            be(app, place);
        }
        Step::Replace(place) => replace(app, place),
        Step::Back(by, place) => back(app, by, place, false),
        Step::BackTo(by, place) => back(app, by, place, true),
    }
}

fn replace(app: App, place: Place) {
    page::replace(&place.route.fragment(), &place.said());
    be(app, place);
}

fn back(app: App, by: u32, place: Place, another: bool) {
    let instead = place.clone();
    let given_up = timer::after(PATIENCE, move || {
        app.way.update_value(|way| way.going = None);
        replace(app, instead);
        go_on(app);
    });
    app.way.update_value(|way| way.going = Some((another.then(|| place.clone()), given_up)));
    page::back(by);
    // The page shows the place at once and does not wait for the browser.
    be(app, place);
}

/// Takes an entry that the browser shows: an earlier one, or one that a link or the address bar has made.
fn arrive(app: App, first: bool) {
    let going = app.way.try_update_value(|way| way.going.take()).flatten();
    if let Some((Some(place), _)) = going {
        replace(app, place);
        return go_on(app);
    }
    let route = Route::parse(&page::fragment());
    let before = app.way.with_value(|way| (!first).then(|| way.here.clone()));
    match route {
        Route::Invite(invite) => {
            replace(app, Place::entered(Route::Home, before.as_ref()));
            app.invited.set(Some(Invited::ToChat(invite)));
        }
        Route::GroupLink(link) => {
            replace(app, Place::entered(Route::Home, before.as_ref()));
            app.invited.set(Some(Invited::ToGroup(link)));
        }
        Route::Link(code) => {
            replace(app, Place::entered(Route::Home, before.as_ref()));
            app.link_code.set(Some(code));
        }
        route => be(app, stamped(route, before.as_ref())),
    }
    go_on(app);
}

/// The place that the entry names. A new entry names none; this function writes the place into it.
fn stamped(route: Route, before: Option<&Place>) -> Place {
    Place::read(route.clone(), &page::said()).unwrap_or_else(|| {
        let place = Place::entered(route, before);
        page::say(&place.said());
        place
    })
}

/// Takes a link from the path. A program that carried the link may have written its `#` as `%23`, so the fragment stands in the
/// path.
fn take_from_path() {
    let path = page::path();
    let is_link = || matches!(Route::parse(&path), Route::Invite(_) | Route::Link(_) | Route::GroupLink(_));
    if page::fragment().is_empty() && is_link() {
        page::replace(&format!("/#{path}"), "");
    }
}

/// Shows a place.
fn be(app: App, place: Place) {
    let Place { route, over: open, .. } = &place;
    if app.dialog.with_untracked(|dialog| dialog.as_ref().map(over)) != *open {
        // Closing the dialog makes the browser return the focus to where it was before.
        dom::close_open_dialog();
        app.dialog.set(open.map(|open| match open {
            Over::NewChat => Dialog::NewChat(String::new()),
            Over::Contact(id) => Dialog::Contact(id),
            Over::Link => Dialog::Link(String::new()),
            Over::NewGroup => Dialog::NewGroup,
            Over::Group(id) => Dialog::Group(id),
            Over::Message(id) => Dialog::Message(id),
            Over::Forward => Dialog::Forward,
            Over::Keys => Dialog::Keys,
            Over::Files(what) => Dialog::Files(what),
            Over::GroupLink => Dialog::GroupLink(String::new()),
        }));
    }
    if app.route.with_untracked(|shown| shown != route) {
        app.route.set(route.clone());
    }
    app.way.update_value(|way| way.here = place);
}

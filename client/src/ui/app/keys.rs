//! Listens for the keys that work on every screen.

use leptos::prelude::*;

use crate::model::keys::{Act, Pressed};
use crate::model::route::Route;
use crate::platform::{dom, page};
use crate::ui::app::doing::Doing;
use crate::ui::app::state::{App, Dialog, Phase, go};

/// Ctrl or Cmd and K: new chat. Alt and arrows: previous or next chat. Escape: back.
pub(crate) fn listen(app: App) {
    page::on_key(move |event| {
        let ready = app.phase.get_untracked() == Phase::Ready && app.account.with_untracked(Option::is_some);
        let taken = event.default_prevented() || dom::is_composing(event);
        let over = app.dialog.with_untracked(Option::is_some) || app.doing.with_untracked(Doing::is_over);
        if !ready || taken || over {
            return false;
        }
        let (key, code) = (event.key(), event.code());
        let pressed = Pressed {
            key: &key,
            code: &code,
            ctrl: event.ctrl_key(),
            meta: event.meta_key(),
            alt: event.alt_key(),
            shift: event.shift_key(),
            mac: page::is_mac(),
            focus: dom::focus_of(event),
        };
        match pressed.act() {
            Some(Act::Keys) => app.show(Dialog::Keys),
            Some(Act::Back) if app.stops() => {}
            Some(Act::NewChat) => app.show(Dialog::NewChat(String::new())),
            Some(Act::Step { forward }) => step(app, forward),
            Some(Act::Back) if app.route.get_untracked() != Route::Home => go(&Route::Home),
            _ => return false,
        }
        true
    });
}

fn step(app: App, forward: bool) {
    let current = match app.route.get_untracked() {
        Route::Conversation(id) => Some(id),
        _ => None,
    };
    if let Some(next) = app.chats.with_untracked(|chats| chats.neighbour(current, forward)) {
        go(&Route::Conversation(next));
    }
}

//! Keys that work everywhere.

use leptos::prelude::*;

use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, Dialog, Phase, go};

/// Ctrl or Cmd and K: new chat. Alt and arrows: previous or next chat. Escape: back.
pub(crate) fn listen(app: App) {
    page::on_key(move |event| {
        let ready = app.phase.get_untracked() == Phase::Ready && app.account.with_untracked(Option::is_some);
        if !ready || app.dialog.with_untracked(Option::is_some) || event.is_composing() {
            return false;
        }
        match (event.key().as_str(), event.ctrl_key() || event.meta_key(), event.alt_key()) {
            ("k" | "K", true, false) => app.dialog.set(Some(Dialog::NewChat(String::new()))),
            ("ArrowUp", false, true) => step(app, false),
            ("ArrowDown", false, true) => step(app, true),
            ("Escape", false, false) if app.route.get_untracked() != Route::Home => go(&Route::Home),
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

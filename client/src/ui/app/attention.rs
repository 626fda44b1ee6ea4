//! Telling somebody who looks at something else that messages have come: one of several tabs does, and none if somebody has one of
//! them in front of them.

use core::time::Duration;

use leptos::prelude::*;
use parley_engine::view::{ConversationId, ConversationView};

use crate::model::attention::{Attention, notification};
use crate::model::hex;
use crate::model::news::News;
use crate::model::route::Route;
use crate::platform::{local, notifications, spawn_local, timer};
use crate::ui::app::state::{App, go};

/// For so long no other tab tells of the same message: those in the background are slow.
const ONCE: Duration = Duration::from_secs(20);
/// So long another device of the account has to say that it was read there.
const OTHER_DEVICE: Duration = Duration::from_millis(1_500);
/// Between two tones.
const BETWEEN_TONES: Duration = Duration::from_secs(3);

/// Messages came into a chat that is called so.
pub(crate) fn came(app: App, chat: &ConversationView, name: String, news: News) {
    let told = Attention::read(local::attention().as_deref());
    if !told.on || app.in_front.get_untracked() {
        return;
    }
    let (id, time) = (chat.id, chat.last.as_ref().map_or(0, |last| last.time.0));
    let several = app.account.with_untracked(|it| it.as_ref().is_some_and(|it| it.devices.len() > 1));
    spawn_local(async move {
        if !notifications::claim(format!("parley-tell/{}/{time}", hex::encode(&id.0)), ONCE).await {
            return;
        }
        if several {
            timer::sleep(OTHER_DEVICE).await;
        }
        let unread = app.chats.with_untracked(|chats| chats.get(id).is_some_and(|chat| chat.unread > 0));
        if !unread || notifications::is_any_in_front().await {
            return;
        }
        let (title, text) = notification(told.shows, &name, &news);
        let shown = notifications::show(&hex::encode(&id.0), &title, &text, move || look(app, id));
        if shown && told.sound && notifications::claim("parley-tone".to_owned(), BETWEEN_TONES).await {
            notifications::play_tone();
        }
    });
}

/// A chat was read, here or on another device.
pub(crate) fn read(id: ConversationId) {
    notifications::close(&hex::encode(&id.0));
}

/// Nothing is shown any more.
pub(crate) fn forget() {
    notifications::close_all();
}

/// Leads to the first unread message.
fn look(app: App, id: ConversationId) {
    app.close_dialog();
    if app.route.get_untracked() == Route::Conversation(id) {
        app.update_open(id, |open| open.sought = open.unread_from);
    } else {
        go(&Route::Conversation(id));
    }
}

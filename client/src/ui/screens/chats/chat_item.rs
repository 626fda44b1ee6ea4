//! One chat in the list of chats.

use leptos::prelude::*;
use parley_engine::view::{BodyView, ConversationId, ConversationView, Delivery, GroupStanding};
use parley_protocol::ids::{AccountId, UnixMillis};

use crate::model::route::Route;
use crate::model::text;
use crate::model::time::{LocalTime, ago};
use crate::platform::{clock, dom};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, icons, parts};
use crate::ui::screens::conversation::bubble;
use crate::ui::words;

/// A list of chats with an accessible name.
pub(crate) fn list(app: App, name: &'static str, shown: Memo<Vec<ConversationId>>) -> AnyView {
    let items = For(ForProps::builder()
        .each(move || shown.get())
        .key(|id| *id)
        .children(move |id| item(app, id))
        .build());
    html::ul().attr("role", "list").attr("aria-label", name).child(items.into_any()).into_any()
}

/// A link to the chat. Its accessible name begins with the contact's name.
fn item(app: App, id: ConversationId) -> AnyView {
    let chat = app.chat(id);
    let time = Memo::new(move || {
        let now = app.now.get();
        chat.with(|chat| {
            chat.as_ref().map(|chat| when(chat.last.as_ref().map_or(chat.changed, |it| it.time), now))
        })
        .unwrap_or_default()
    });
    let apart = app.told_apart_by(id);
    let here = Memo::new(move || app.route.get() == Route::Conversation(id));
    // One dynamic part for everything: most changes of a chat change several things at once.
    let inside =
        move || chat.with(|chat| chat.as_ref().map(|chat| inside(app, chat, apart.get(), time.get())));
    html::li()
        .child(
            html::a()
                .class("chat")
                .attr("href", Route::Conversation(id).fragment())
                .attr_live("aria-current", move || here.get().then_some("page"))
                .attr_live("aria-label", move || {
                    chat.with(|chat| {
                        chat.as_ref().map(|chat| label(chat, app.me(), apart.get(), &time.get()))
                    })
                })
                .on(leptos::ev::contextmenu, move |event| {
                    event.prevent_default();
                    app.open_chat_menu(id, dom::place_of(&event));
                })
                .child(parts::maybe(inside)),
        )
        .child(
            html::button()
                .class("chat-options")
                .attr("type", "button")
                .attr("aria-haspopup", "menu")
                .attr_live("aria-label", move || {
                    chat.with(|chat| chat.as_ref().map(|chat| format!("Menu: {}", chat.name)))
                })
                .on(leptos::ev::click, move |event| app.open_chat_menu(id, dom::place_of(&event)))
                .child(icons::more()),
        )
        .into_any()
}

fn inside(app: App, chat: &ConversationView, apart: Option<String>, time: String) -> AnyView {
    let mut top =
        vec![html::span().class("chat-name").attr("dir", "auto").child(chat.name.clone()).into_any()];
    top.extend(
        apart.map(|username| html::span().class("chat-mark").attr("dir", "ltr").child(username).into_any()),
    );
    top.extend(chat.verified.then(icons::verified));
    top.extend(chat.restored.as_ref().map(|_| html::span().class("chat-mark").child("Restored").into_any()));
    top.push(html::span().class("chat-time").child(time).into_any());
    let mut bottom: Vec<AnyView> = own_state(chat).map(bubble::tick).into_iter().collect();
    bottom.push(
        html::span().class("chat-preview").attr("dir", "auto").child(preview(chat, app.me())).into_any(),
    );
    bottom.extend(chat.marks.muted.map(|_| icons::muted()));
    bottom.extend(chat.marks.pinned.then(icons::pinned));
    bottom.extend(badge(chat));
    let text = vec![
        html::span().class("chat-top").child(top).into_any(),
        html::span().class("chat-bottom").child(bottom).into_any(),
    ];
    parts::several(vec![avatar::chat(app, chat), html::span().class("chat-text").child(text).into_any()])
}

fn when(time: UnixMillis, now: UnixMillis) -> String {
    let local = |time| LocalTime::new(time, clock::minutes_east(time));
    ago(time, now, &local(time), &local(now))
}

/// The state of the newest message; `None` if the line shows a draft.
fn own_state(chat: &ConversationView) -> Option<Delivery> {
    if draft(chat).is_some() {
        return None;
    }
    chat.last.as_ref().and_then(|last| last.outgoing)
}

fn badge(chat: &ConversationView) -> Option<AnyView> {
    if chat.unread == 0 && chat.marks.unread {
        return Some(html::span().class("badge badge-dot").into_any());
    }
    let class = if chat.marks.muted.is_some() { "badge badge-muted" } else { "badge" };
    (chat.unread > 0).then(|| html::span().class(class).child(text::badge(chat.unread)).into_any())
}

fn draft(chat: &ConversationView) -> Option<&str> {
    Some(chat.draft.trim()).filter(|draft| !draft.is_empty())
}

fn preview(chat: &ConversationView, me: Option<AccountId>) -> String {
    if let Some(draft) = draft(chat) {
        return format!("Draft: {}", text::one_line(draft));
    }
    if let Some(GroupStanding::Invited { by, username }) = chat.group.as_ref().map(|group| &group.standing) {
        return words::invited_short(by, username.as_deref());
    }
    if let Some(GroupStanding::Asked(_)) = chat.group.as_ref().map(|group| &group.standing) {
        return words::ASKED_SHORT.to_owned();
    }
    let last = chat.last.as_ref();
    let by = last.and_then(|last| last.author.as_ref()).filter(|_| chat.group.is_some());
    let said = match last.map(|last| &last.body) {
        Some(BodyView::Text(said)) => text::one_line(said),
        Some(BodyView::Files(view)) => words::files_short(view),
        Some(BodyView::Group(line)) => return words::group_line(line, me),
        Some(BodyView::Timer { .. }) => return words::TIMER_SHORT.to_owned(),
        other => instead(chat, other).to_owned(),
    };
    by.map_or_else(|| said.clone(), |by| format!("{by}: {said}"))
}

const fn instead(chat: &ConversationView, last: Option<&BodyView>) -> &'static str {
    match last {
        None if chat.preparing => words::PREPARING,
        None if chat.restored.is_some() => words::NO_MESSAGES,
        None => words::SAY_HELLO,
        Some(BodyView::Text(_) | BodyView::Group(_) | BodyView::Files(_) | BodyView::Timer { .. }) => "",
        Some(BodyView::Newer) => words::NEWER_SHORT,
        Some(BodyView::Deleted { .. }) => words::DELETED_SHORT,
        Some(BodyView::Gap(_)) => words::GAP_SHORT,
        Some(BodyView::Renamed { .. }) => words::RENAMED_SHORT,
        Some(BodyView::KeysChanged(_)) => words::KEYS_CHANGED_SHORT,
    }
}

fn label(chat: &ConversationView, me: Option<AccountId>, apart: Option<String>, time: &str) -> String {
    let state = own_state(chat);
    let mine = if state.is_some() { "You: " } else { "" };
    let parts = [
        Some(chat.name.clone()),
        chat.group.is_some().then(|| "group".to_owned()),
        apart,
        chat.verified.then(|| "verified".to_owned()),
        chat.restored.is_some().then(|| "restored".to_owned()),
        chat.warning.is_some().then(|| "warning".to_owned()),
        chat.marks.pinned.then(|| "pinned".to_owned()),
        chat.marks.muted.map(|_| "muted".to_owned()),
        match chat.unread {
            0 => chat.marks.unread.then(|| "marked as unread".to_owned()),
            1 => Some("1 unread message".to_owned()),
            count => Some(format!("{count} unread messages")),
        },
        Some(format!("{mine}{}", preview(chat, me))),
        state.map(|state| words::delivery(state).to_owned()),
        Some(time.to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

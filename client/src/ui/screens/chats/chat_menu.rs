//! The menu of a chat in the list: pin, mute, archive and similar actions.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, ConversationView, Mark, Reply};
use parley_protocol::ids::UnixMillis;

use crate::platform::{clock, dom};
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// One hour in milliseconds.
const HOUR: u64 = 3_600 * 1_000;

/// The page of the menu that is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Items,
    Mute,
    Question,
}

/// The menu of a chat.
pub(crate) fn menu(app: App, id: ConversationId, at: (i32, i32)) -> AnyView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    let shows = RwSignal::new(Shows::Items);
    Effect::new(move |_| {
        dom::show_modal(dialog);
        dom::put_at(dialog, at);
        if shows.get() != Shows::Question {
            request_animation_frame(|| {
                let _ = dom::focus_first(".menu .step");
            });
        }
    });
    html::dialog()
        .node_ref(dialog)
        .class("menu")
        .attr("aria-label", words::CHAT_MENU)
        .on(ev::close, move |_| app.doing.update(|doing| doing.chat_menu = None))
        .on(ev::click, move |event| {
            if dom::is_on_backdrop(&event, dialog) {
                dom::close(dialog);
            }
        })
        .child(parts::dynamic(move || {
            let close = move || dom::close(dialog);
            let chat = app.chats.with_untracked(|chats| chats.get(id).cloned());
            match (chat, shows.get()) {
                (None, _) => parts::nothing(),
                (Some(chat), Shows::Items) => items(app, &chat, shows, close),
                (Some(_), Shows::Mute) => mute(app, id, close),
                (Some(chat), Shows::Question) => {
                    let question = parts::alert("", words::delete_chat(&chat.name));
                    let delete = move || {
                        close();
                        app.ask(Command::DeleteChat(id), move |reply| {
                            if reply == Reply::Done {
                                app.update_open(id, |open| open.window.clear());
                            }
                        });
                    };
                    parts::confirm(question, "Delete this chat", delete, close)
                }
            }
        }))
        .into_any()
}

fn list(inside: Vec<AnyView>) -> AnyView {
    html::div()
        .class("menu-items")
        .attr("role", "menu")
        .attr("aria-label", words::CHAT_MENU)
        .on(ev::keydown, |event| dom::step_among(&event, "step"))
        .child(inside)
        .into_any()
}

fn item(name: &'static str, act: impl Fn() + 'static) -> AnyView {
    html::button()
        .class("menu-item step")
        .attr("type", "button")
        .attr("role", "menuitem")
        .attr("tabindex", "-1")
        .on(ev::click, move |_| act())
        .child(name)
        .into_any()
}

fn items(
    app: App,
    chat: &ConversationView,
    shows: RwSignal<Shows>,
    close: impl Fn() + Copy + 'static,
) -> AnyView {
    let (id, marks) = (chat.id, chat.marks);
    let marked = move |name, mark| {
        item(name, move || {
            close();
            app.ask(Command::MarkChat { conversation: id, mark }, |_| {});
        })
    };
    let mut all = Vec::new();
    if chat.restored.is_none() {
        all.push(if marks.pinned {
            marked("Unpin", Mark::Pinned(false))
        } else {
            marked("Pin", Mark::Pinned(true))
        });
        if chat.unread == 0 && !marks.unread {
            all.push(marked("Mark as unread", Mark::Unread(true)));
        } else if chat.unread == 0 {
            all.push(marked("Mark as read", Mark::Unread(false)));
        }
        all.push(match marks.muted {
            Some(_) => marked("Unmute", Mark::Muted(UnixMillis(0))),
            None => item("Mute…", move || shows.set(Shows::Mute)),
        });
        all.push(if marks.archived {
            marked("Unarchive", Mark::Archived(false))
        } else {
            marked("Archive", Mark::Archived(true))
        });
    }
    all.push(item("Delete chat…", move || shows.set(Shows::Question)));
    list(all)
}

/// The choices of how long to mute a chat.
fn mute(app: App, id: ConversationId, close: impl Fn() + Copy + 'static) -> AnyView {
    let mute = move |name, until: fn() -> UnixMillis| {
        item(name, move || {
            close();
            app.ask(Command::MarkChat { conversation: id, mark: Mark::Muted(until()) }, |_| {});
        })
    };
    list(vec![
        mute("For 1 hour", || UnixMillis(clock::now().0.saturating_add(HOUR))),
        mute("For 8 hours", || UnixMillis(clock::now().0.saturating_add(8 * HOUR))),
        mute("Always", || UnixMillis(u64::MAX)),
    ])
}

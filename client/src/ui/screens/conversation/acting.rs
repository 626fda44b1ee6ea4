//! The bars at the composer while the person answers or edits a message, or selects several.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, MessageView, Reply};

use crate::model::text;
use crate::platform::unicode::Browser;
use crate::platform::{dom, page, spawn_local};
use crate::ui::app::doing::{Composing, Selection, text_of};
use crate::ui::app::state::{App, Dialog};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::{deleting, quoted};
use crate::ui::words;

/// The bar above the composer with the message that the next text answers.
pub(crate) fn reply(app: App, composing: &Composing, name: Memo<String>) -> AnyView {
    let message = &composing.message;
    let of = quoted::name_of(message).unwrap_or_else(|| name.with_untracked(String::clone));
    html::div()
        .class("replying")
        .attr("role", "group")
        .attr("aria-label", words::replying_to(&of))
        .child((
            html::div().class("quote").child((
                html::strong().class("quote-name").attr("dir", "auto").child(of),
                html::span().class("quote-text").attr("dir", "auto").child(quoted::shortly(message)),
            )),
            parts::icon_button("Cancel reply", "icon-button", icons::close(), move || app.stop_composing()),
        ))
        .into_any()
}

/// The field in place of the composer with the message that the person edits.
pub(crate) fn edit(app: App, composing: &Composing) -> AnyView {
    let area = NodeRef::<leptos::html::Textarea>::new();
    let before = text_of(&composing.message).unwrap_or_default().to_owned();
    let written = RwSignal::new(before.clone());
    let failed = RwSignal::new(None::<CommandError>);
    Effect::new(move |_| {
        if area.get().is_some() {
            let text = written.with_untracked(String::clone);
            dom::write(area, &text, text.encode_utf16().count());
            dom::focus_area(area);
        }
    });
    let (conversation, message) = (composing.conversation, composing.message.about.named);
    let save = move || {
        let text = written.with_untracked(|text| text::sent(text).to_owned());
        if !text::can_send(&text, &Browser) {
            return;
        }
        let Some(message) = message.filter(|_| text != before) else { return app.stop_composing() };
        app.ask(Command::Edit { conversation, message, text }, move |reply| match reply {
            Reply::Failed(error) => failed.set(Some(error)),
            _ => app.stop_composing(),
        });
    };
    let save: Arc<dyn Fn() + Send + Sync> = Arc::new(save);
    let (by_key, by_form) = (Arc::clone(&save), save);
    html::form()
        .class("composer editing")
        .on(ev::submit, move |event| {
            event.prevent_default();
            by_form();
        })
        .child((
            html::p().class("composer-note").attr("id", "edit-note").child(parts::dynamic(
                move || match failed.get() {
                    Some(error) => {
                        html::span().class("note-bad").child(words::command_error(error)).into_any()
                    }
                    None => parts::words(words::EDIT_NOTE.to_owned()),
                },
            )),
            html::div().class("composer-row").child((
                html::textarea()
                    .node_ref(area)
                    .attr("id", "edit")
                    .attr("rows", "1")
                    .attr("dir", "auto")
                    .attr("aria-label", "Edit message")
                    .attr("aria-describedby", "edit-note")
                    .on(ev::input, move |event| {
                        written.set(event_target_value(&event));
                        dom::grow(area);
                    })
                    .on(ev::keydown, move |event| {
                        let plain = !event.shift_key() && !event.alt_key() && !page::is_touch();
                        if event.key() == "Enter" && plain && !dom::is_composing(&event) {
                            event.prevent_default();
                            by_key();
                        } else if event.key() == "Escape" {
                            event.prevent_default();
                            event.stop_propagation();
                            app.stop_composing();
                        }
                    }),
                parts::icon_button("Cancel edit", "icon-button", icons::close(), move || {
                    app.stop_composing();
                }),
                html::button()
                    .class("send")
                    .attr("type", "submit")
                    .attr("aria-label", "Save")
                    .child(icons::sent()),
            )),
        ))
        .into_any()
}

/// The bar in place of the composer with the actions for the selected messages.
pub(crate) fn selection(app: App, id: ConversationId) -> AnyView {
    let selected = Memo::new(move || {
        let of = |it: &&Selection| it.conversation == id;
        app.doing
            .with(|doing| doing.selection.as_ref().filter(of).map(|it| it.messages.clone()))
            .unwrap_or_default()
    });
    let stop = move || app.doing.update(|doing| doing.selection = None);
    let messages = move || -> Vec<Arc<MessageView>> {
        let selected = selected.get();
        let all = app.open.with(|open| open.window.messages().to_vec());
        all.into_iter().filter(|it| selected.contains(&it.id)).collect()
    };
    let texts = move || -> Vec<String> {
        untrack(messages).iter().filter_map(|it| text_of(it).map(str::to_owned)).collect()
    };
    let copy = move || {
        let text = texts().join("\n");
        stop();
        spawn_local(async move {
            let _ = page::copy(text).await;
        });
    };
    let forward = move || {
        let texts = texts();
        if !texts.is_empty() {
            app.doing.update(|doing| doing.forwarding = texts);
            app.show(Dialog::Forward);
        }
    };
    let delete = move || {
        let chosen = untrack(messages);
        stop();
        deleting::all(app, id, &chosen);
    };
    html::div()
        .class("composer selecting")
        .attr("role", "group")
        .attr("aria-label", "Selected messages")
        .child((
            parts::status("", parts::live(move || words::selected(selected.with(Vec::len)))),
            html::div().class("selecting-row").child((
                parts::button("Copy", "button button-quiet", copy),
                parts::button("Forward…", "button button-quiet", forward),
                parts::button("Delete for me", "button button-quiet", delete),
                parts::button("Cancel", "button button-quiet", stop),
            )),
        ))
        .into_any()
}

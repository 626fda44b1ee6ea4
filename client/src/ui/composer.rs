//! Where messages are written.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, Reply};

use super::memo::Memo;
use super::state::App;
use super::{drafts, html, icons, parts, words};
use crate::model::text::{self, Room};
use crate::platform::{dom, page};

#[derive(Clone, Copy)]
struct Composer {
    app: App,
    id: ConversationId,
    area: NodeRef<leptos::html::Textarea>,
    text: RwSignal<String>,
    failure: RwSignal<Option<CommandError>>,
}

/// The composer of a conversation; what is not sent yet is kept while other chats are open.
pub(super) fn composer(app: App, id: ConversationId, name: Memo<String>) -> AnyView {
    let draft = drafts::begin(app, id);
    let composer =
        Composer { app, id, area: NodeRef::new(), text: RwSignal::new(draft), failure: RwSignal::new(None) };
    composer.begin();
    composer.follow();
    html::form()
        .class("composer")
        .on(ev::submit, move |event| {
            event.prevent_default();
            composer.send();
        })
        .child((
            html::p()
                .class("composer-note")
                .attr("id", "composer-note")
                .attr("aria-live", "polite")
                .child(parts::dynamic(move || composer.note())),
            html::div().class("composer-row").child((
                html::textarea()
                    .node_ref(composer.area)
                    .attr("id", "message")
                    .attr("rows", "1")
                    .attr("dir", "auto")
                    .attr("aria-label", "Message")
                    .attr("aria-describedby", "composer-note")
                    .attr_live("placeholder", move || Some(format!("Write to {}", name.get())))
                    .attr("enterkeyhint", if page::is_touch() { "enter" } else { "send" })
                    .value(move || composer.text.get())
                    .on(ev::input, move |event| composer.typed(event_target_value(&event)))
                    .on(ev::keydown, move |event| composer.key(&event)),
                html::button()
                    .class("send")
                    .attr("type", "submit")
                    .attr("aria-label", "Send")
                    .attr_live("aria-disabled", move || {
                        (!composer.text.with(|text| text::can_send(text))).then_some("true")
                    })
                    .child(icons::send()),
            )),
        ))
        .into_any()
}

impl Composer {
    fn begin(self) {
        Effect::new(move |_| {
            if self.area.get().is_some() {
                dom::grow(self.area);
                if !page::is_touch() {
                    dom::focus_area(self.area);
                }
            }
        });
    }

    /// Another tab or device writes here too; and what is written here is saved when somebody leaves.
    fn follow(self) {
        let saved = self.app.chat(self.id);
        Effect::new(move |_| {
            let saved = saved.with(|chat| chat.as_ref().map(|chat| chat.draft.clone()));
            if let Some(saved) = saved
                && drafts::adopt(self.app, self.id, saved.clone())
            {
                self.text.set(saved);
                request_animation_frame(move || dom::grow(self.area));
            }
        });
        on_cleanup(move || drafts::save(self.app, self.id));
    }

    fn typed(self, text: String) {
        self.failure.set(None);
        drafts::typed(self.app, self.id, &text);
        self.text.set(text);
        dom::grow(self.area);
    }

    /// Enter sends, with Ctrl or Cmd too; with Shift, or under a finger, it begins a new line.
    fn key(self, event: &ev::KeyboardEvent) {
        let plain = !event.shift_key() && !event.alt_key();
        let wanted = event.ctrl_key() || event.meta_key() || (plain && !page::is_touch());
        if event.key() == "Enter" && wanted && !dom::is_composing(event) {
            event.prevent_default();
            self.send();
        }
    }

    fn send(self) {
        let text = self.text.get_untracked();
        if !text::can_send(&text) {
            return;
        }
        self.text.set(String::new());
        drafts::sent(self.app, self.id);
        self.failure.set(None);
        dom::clear(self.area);
        let said = text.trim().to_owned();
        self.app.ask(Command::SendText { conversation: self.id, text: said }, move |reply| {
            drafts::answered(self.app, self.id);
            if let Reply::Failed(error) = reply {
                self.take_back(text, error);
            }
        });
    }

    /// What could not be sent goes back to where it was written.
    fn take_back(self, text: String, error: CommandError) {
        let draft = drafts::take_back(self.app, self.id, text);
        // The person may have gone to another chat meanwhile; the draft is there when they come back.
        if self.text.try_get_untracked().is_some() {
            self.text.set(draft);
            self.failure.set(Some(error));
            dom::grow(self.area);
        }
    }

    fn note(self) -> AnyView {
        if let Some(error) = self.failure.get() {
            return html::span().class("note-bad").child(words::command_error(error)).into_any();
        }
        match self.text.with(|text| text::room(text)) {
            Room::Plenty => ().into_any(),
            Room::Left(bytes) => html::span().child(format!("{bytes} bytes left")).into_any(),
            Room::Over(bytes) => html::span().class("note-bad").child(words::too_long(bytes)).into_any(),
        }
    }
}

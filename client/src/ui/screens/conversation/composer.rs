//! The composer, in which a person writes messages.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::ConversationId;

use crate::model::text::{self, Room};
use crate::platform::unicode::Browser;
use crate::platform::{dom, page};
use crate::ui::app::drafts;
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::conversation::mentions::Mentions;
use crate::ui::screens::files;
use crate::ui::words;

#[derive(Clone, Copy)]
struct Composer {
    app: App,
    id: ConversationId,
    area: NodeRef<leptos::html::Textarea>,
    text: RwSignal<String>,
    room: Memo<Room>,
    /// The limit of sent texts that are not on the disk yet is reached: the composer takes no more.
    full: RwSignal<bool>,
    /// The list for mentions, in a group.
    mentions: Option<Mentions>,
    /// The person writes on a touch screen: Enter begins a new line, and the on-screen key shows that.
    touch: RwSignal<bool>,
}

/// The composer of a conversation. It keeps unsent text while other chats are open.
pub(crate) fn composer(app: App, id: ConversationId, name: Memo<String>) -> AnyView {
    let draft = drafts::begin(app, id);
    let text = RwSignal::new(draft);
    let room = Memo::new(move || text.with(|text| text::room(text)));
    // The note shows the excess at each key; a screen reader announces it once.
    app.announce_begin(move || {
        let Room::Over { characters, exact } = room.get() else { return None };
        Some(words::too_long(characters, exact))
    });
    let area = NodeRef::new();
    let composer = Composer {
        app,
        id,
        area,
        mentions: Mentions::begin(app, id, area),
        text,
        room,
        full: RwSignal::new(false),
        touch: RwSignal::new(page::is_touch()),
    };
    composer.begin();
    composer.follow();
    html::form()
        .class("composer")
        .on(ev::submit, move |event| {
            event.prevent_default();
            composer.send();
            if !composer.touch.get_untracked() {
                dom::focus_area(composer.area);
            }
        })
        .child((
            unsent(app, id),
            html::p()
                .class("composer-note")
                .attr("id", "composer-note")
                .attr_live("aria-live", move || Some(if composer.counts() { "off" } else { "polite" }))
                .child(parts::dynamic(move || composer.note())),
            composer.mentions.map(|mentions| mentions.view(move |text| composer.take(text))),
            html::div().class("composer-row").child((
                html::textarea()
                    .node_ref(composer.area)
                    .attr("id", "message")
                    .attr("rows", "1")
                    .attr("dir", "auto")
                    .attr("aria-label", "Message")
                    .attr("aria-describedby", "composer-note")
                    .attr_live("aria-autocomplete", move || composer.mentions.map(|_| "list"))
                    .attr_live("aria-controls", move || composer.mentions.and_then(Mentions::list))
                    .attr_live("aria-activedescendant", move || composer.mentions.and_then(Mentions::active))
                    .attr_live("placeholder", move || Some(words::write_to(&name.get())))
                    .attr_live("enterkeyhint", move || {
                        Some(if composer.touch.get() { "enter" } else { "send" })
                    })
                    .value(move || composer.text.get())
                    .on(ev::focus, move |_| {
                        composer.touch.set(page::is_touch());
                        drafts::focus(app, id, true);
                    })
                    .on(ev::blur, move |_| {
                        drafts::focus(app, id, false);
                        if let Some(mentions) = composer.mentions {
                            mentions.dismiss();
                        }
                    })
                    .on(composition("compositionstart"), move |_| drafts::compose(app, id, true))
                    .on(composition("compositionend"), move |_| drafts::compose(app, id, false))
                    .on(ev::paste, move |event| {
                        let files = files::carried(&event, "clipboardData");
                        if !files.is_empty() {
                            event.prevent_default();
                            app.attach(id, files);
                        }
                    })
                    .on(ev::input, move |event| composer.typed(event_target_value(&event)))
                    .on(ev::keydown, move |event| composer.key(&event)),
                // The tools stand before the text on the screen, but after it for Tab: going back from the text leads to the
                // newest message.
                html::div().class("composer-tools").child(files::buttons(app, id)),
                html::button()
                    .class("icon-button emoji-button")
                    .attr("type", "button")
                    .attr("aria-label", "Emoji")
                    .attr("aria-haspopup", "dialog")
                    .on(ev::click, move |event| {
                        let at = dom::place_of(&event);
                        app.doing.update(|doing| doing.picking = Some((id, at)));
                    })
                    .child(icons::smile()),
                html::button()
                    .class("send")
                    .attr("type", "submit")
                    .attr("aria-label", "Send")
                    // The focus stays in the composer, so that a phone's keyboard stays open.
                    .on(ev::mousedown, |event| event.prevent_default())
                    .flag("aria-disabled", move || !composer.text.with(|text| text::can_send(text, &Browser)))
                    .child(icons::send()),
            )),
        ))
        .into_any()
}

/// An event of an input method.
fn composition(name: &'static str) -> ev::Custom<ev::Event> {
    ev::Custom::new(name)
}

/// The sent texts that are not on the disk. Each stands here until it is on disk; then it is a message.
fn unsent(app: App, id: ConversationId) -> AnyView {
    let texts = Memo::new(move || {
        app.unsent.with(|unsent| {
            let here = unsent.iter().filter(|(of, _)| *of == id);
            here.map(|(_, sending)| text::sent(&sending.text).to_owned()).collect::<Vec<_>>()
        })
    });
    let one = |text: String| {
        let said = html::p().class("said").attr("dir", "auto").child(text);
        html::li().child(html::div().class("bubble").child(said)).into_any()
    };
    parts::maybe(move || {
        let texts = texts.get();
        (!texts.is_empty()).then(|| {
            html::div()
                .class("unsaved")
                .child((
                    html::p().attr("id", "unsaved-name").attr("role", "status").child(words::NOT_SAVED),
                    html::ul()
                        .attr("role", "list")
                        .attr("aria-labelledby", "unsaved-name")
                        .child(texts.into_iter().map(one).collect::<Vec<_>>()),
                ))
                .into_any()
        })
    })
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

    /// Takes over what another tab or device writes, while nobody types here; and saves the text when the person leaves.
    fn follow(self) {
        let Self { app, id, .. } = self;
        Effect::new(move |_| {
            if app.replaced.get() == Some(id) {
                self.text.set(drafts::text(app, id));
                request_animation_frame(move || dom::grow(self.area));
            }
        });
        let inserted =
            Memo::new(move || app.doing.with(|doing| doing.inserted.clone().filter(|(of, _)| *of == id)));
        Effect::new(move |_| {
            if let Some((_, sign)) = inserted.get() {
                app.doing.update(|doing| doing.inserted = None);
                self.insert(&sign);
            }
        });
        on_cleanup(move || drafts::leave(app, id));
    }

    fn typed(self, text: String) {
        if let Some(mentions) = self.mentions {
            mentions.typed(&text);
        }
        self.take(text);
    }

    /// Inserts a text at the caret.
    fn insert(self, sign: &str) {
        let text = dom::text_of(self.area);
        let caret = dom::caret(self.area).unwrap_or(usize::MAX);
        let at = text::byte_of(&text, caret);
        let (before, after) = text.split_at(at);
        let caret = before.encode_utf16().count() + sign.encode_utf16().count();
        let text = format!("{before}{sign}{after}");
        dom::write(self.area, &text, caret);
        self.take(text);
        dom::focus_area(self.area);
    }

    /// Notes the current text of the composer.
    fn take(self, text: String) {
        self.app.send_failure.set(None);
        self.full.set(false);
        drafts::type_text(self.app, self.id, &text);
        self.text.set(text);
        dom::grow(self.area);
    }

    /// Enter sends, also with Ctrl or Cmd. With Shift, or on a touch screen, it begins a new line.
    fn key(self, event: &ev::KeyboardEvent) {
        if self.mentions.is_some_and(|mentions| mentions.key(event, |text| self.take(text))) {
            event.prevent_default();
            return;
        }
        let plain = !event.shift_key() && !event.alt_key();
        let wanted = event.ctrl_key() || event.meta_key() || (plain && !self.touch.get_untracked());
        if event.key() == "Enter" && wanted && !dom::is_composing(event) {
            event.prevent_default();
            self.send();
        }
    }

    fn send(self) {
        if !self.text.with_untracked(|text| text::can_send(text, &Browser)) {
            return;
        }
        self.app.send_failure.set(None);
        if !drafts::send(self.app, self.id) {
            self.full.set(true);
            return;
        }
        self.text.set(String::new());
        dom::clear(self.area);
        self.app.answered(self.id);
    }

    /// Whether the note changes with each key.
    fn counts(self) -> bool {
        matches!(self.room.get(), Room::Left(_) | Room::Over { .. })
    }

    fn note(self) -> AnyView {
        if let Some(error) = drafts::failure(self.app, self.id) {
            return html::span().class("note-bad").child(words::command_error(error)).into_any();
        }
        if self.full.get() {
            return html::span().class("note-bad").child(words::TOO_MUCH_UNSAVED).into_any();
        }
        match self.room.get() {
            Room::Plenty => ().into_any(),
            Room::Left(_) => html::span().child(words::NEARLY_TOO_LONG).into_any(),
            Room::Over { characters, exact } => {
                html::span().class("note-bad").child(words::too_long(characters, exact)).into_any()
            }
        }
    }
}

//! A text field with its label, hint and error.

use leptos::ev;
use leptos::prelude::*;

use crate::platform::dom;
use crate::ui::design::html::{self, Element};

/// The note under a field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Note {
    /// Nothing.
    #[default]
    None,
    /// How to fill the field in.
    Hint(String),
    /// The value is good.
    Good(String),
    /// The value is not good.
    Bad(String),
    /// The progress of something. A screen reader does not read it at each step.
    Counts(String),
    /// Why the value is not good, and for how long.
    CountsDown(String),
}

impl Note {
    fn text(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Hint(text)
            | Self::Good(text)
            | Self::Bad(text)
            | Self::Counts(text)
            | Self::CountsDown(text) => text.clone(),
        }
    }

    fn class(&self) -> &'static str {
        match self {
            Self::None | Self::Hint(_) | Self::Counts(_) => "note",
            Self::Good(_) => "note note-good",
            Self::Bad(_) | Self::CountsDown(_) => "note note-bad",
        }
    }

    fn is_bad(&self) -> bool {
        matches!(self, Self::Bad(_) | Self::CountsDown(_))
    }

    fn aloud(&self) -> &'static str {
        if matches!(self, Self::Counts(_) | Self::CountsDown(_)) { "off" } else { "polite" }
    }
}

/// The properties of a field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// The id, unique in the page.
    pub(crate) id: &'static str,
    /// The label.
    pub(crate) label: &'static str,
    /// The hint for the browser's autofill.
    pub(crate) autocomplete: &'static str,
    /// The longest text, in characters.
    pub(crate) longest: &'static str,
    /// Whether the field holds a name that is not a word: no spelling check, no capitals.
    pub(crate) code: bool,
}

/// A field bound to `value`. It calls `typed` after each change.
pub(crate) fn field(
    how: Field,
    value: RwSignal<String>,
    note: Signal<Note>,
    typed: impl Fn() + 'static,
) -> AnyView {
    of_kind("text", how, value, note, Box::new(typed))
}

/// A field for a secret.
pub(crate) fn secret(
    how: Field,
    value: RwSignal<String>,
    note: Signal<Note>,
    typed: impl Fn() + 'static,
) -> AnyView {
    of_kind("password", how, value, note, Box::new(typed))
}

fn of_kind(
    kind: &'static str,
    how: Field,
    value: RwSignal<String>,
    note: Signal<Note>,
    typed: Box<dyn Fn()>,
) -> AnyView {
    let control = html::input().attr("type", kind).on(ev::input, move |event| {
        value.set(event_target_value(&event));
        typed();
    });
    labelled(how, control, value, note)
}

/// A field of several lines that grows with its text. Enter submits its form, as in a field of one line.
pub(crate) fn lines(
    how: Field,
    value: RwSignal<String>,
    note: Signal<Note>,
    typed: impl Fn() + 'static,
) -> AnyView {
    let typed: Box<dyn Fn()> = Box::new(typed);
    let area = NodeRef::new();
    let control = html::textarea()
        .attr("rows", "3")
        .node_ref(area)
        .on(ev::input, move |event| {
            value.set(event_target_value(&event));
            dom::grow(area);
            typed();
        })
        .on(ev::keydown, |event| {
            if event.key() == "Enter" && !event.shift_key() && !dom::is_composing(&event) {
                event.prevent_default();
                dom::submit_form_of(&event);
            }
        });
    labelled(how, control, value, note)
}

fn labelled(how: Field, control: Element, value: RwSignal<String>, note: Signal<Note>) -> AnyView {
    let note_id = format!("{}-note", how.id);
    html::div()
        .class("field")
        .child((
            html::label().attr("for", how.id).child(how.label),
            control
                .attr("id", how.id)
                .attr("autocomplete", how.autocomplete)
                .attr("maxlength", how.longest)
                .attr("spellcheck", if how.code { "false" } else { "true" })
                .attr("autocapitalize", if how.code { "none" } else { "words" })
                .attr("aria-describedby", note_id.clone())
                .flag("aria-invalid", move || note.with(Note::is_bad))
                .value(move || value.get()),
            said(note_id, note),
        ))
        .into_any()
}

/// A note as a paragraph with this id.
pub(crate) fn said(id: String, note: Signal<Note>) -> AnyView {
    html::p()
        .attr("id", id)
        .attr_live("class", move || Some(note.get().class()))
        .attr_live("aria-live", move || Some(note.with(Note::aloud)))
        .text(move || note.with(Note::text))
        .into_any()
}

//! Linking this browser to an account, or another device to this account.

pub(crate) mod scan;

use core::mem::{Discriminant, discriminant};

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, LinkFailure, LinkView, Reply, Share};

use crate::model::time::{countdown, seconds_until};
use crate::platform::camera::Camera;
use crate::platform::page;
use crate::ui::app::state::App;
use crate::ui::design::field::{Field, Note, field};
use crate::ui::design::memo::Memo;
use crate::ui::design::parts::{alert, button, choice, dynamic, form, live, primary, stack, text};
use crate::ui::design::{html, modal, parts};
use crate::ui::screens::seldom;
use crate::ui::screens::welcome::invite;
use crate::ui::words;
use parley_protocol::limits::SLOT_LIFETIME;

/// The id of the panel.
const PANEL: &str = "linking";

/// The dialog of a browser that has an account. `first` is a code that the person opened as a link.
pub(crate) fn dialog(app: App, first: String) -> AnyView {
    // The end of the last linking, perhaps after the dialog was closed, is no news any more.
    let ended = |step: &LinkView| matches!(step, LinkView::Done | LinkView::Failed(_));
    if app.link.with_untracked(|link| link.as_ref().is_some_and(ended)) {
        app.ask(Command::CancelLinking, |_| {});
    }
    on_cleanup(move || {
        // Steps that need no person go on after the dialog closes; it ends all others.
        let goes_on = |step: &LinkView| matches!(step, LinkView::Waiting | LinkView::Adding { .. });
        if app.link.with_untracked(|link| link.as_ref().is_some_and(|step| !goes_on(step))) {
            app.ask(Command::CancelLinking, |_| {});
        }
    });
    modal::modal(
        app,
        "Link a device",
        || None,
        "dialog",
        stack("dialog-body", vec![seldom::linking(app, false, RwSignal::new(first))]),
    )
}

/// The linking state with the controls for the next step. `new`: this browser has no account; `code`: the text of the code field.
pub(crate) fn panel(app: App, new: bool, code: RwSignal<String>) -> AnyView {
    let step = Memo::new(move || app.link.get());
    let way = RwSignal::new(Way::default());
    let shown = dynamic(move || {
        stack(
            "linking",
            match step.get() {
                None => choose(app, new, code),
                Some(LinkView::Showing { link, typed, .. }) => showing(app, new, &link, &typed),
                Some(LinkView::Reaching | LinkView::Waiting) => {
                    vec![text("note", words::LINK_WAITING), cancel(app, "Cancel")]
                }
                Some(LinkView::ShowDigits(digits)) => vec![
                    text("", words::LINK_TYPE_THERE),
                    figures("digits", "Check code", format!("{digits:02}")),
                    cancel(app, "Cancel"),
                ],
                Some(LinkView::AskDigits) => digits(app),
                Some(LinkView::Approve { name }) => approve(app, &name),
                Some(LinkView::Adding { done, of }) => adding(done, of),
                Some(LinkView::Done) => {
                    let done = button("Done", "button button-quiet", move || {
                        app.ask(Command::CancelLinking, |_| {});
                        app.close_dialog();
                    });
                    vec![text("note note-good", words::LINK_DONE), done]
                }
                Some(LinkView::Failed(failure)) => failed(app, failure, way.get_untracked()),
            },
        )
    });
    follow(app, step, way);
    html::div().attr("id", PANEL).attr("tabindex", "-1").class("linking-panel").child(shown).into_any()
}

/// How this device came to its step, as far as this page has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Way {
    #[default]
    Other,
    /// This device shows the digits.
    ShowsDigits,
    /// The person typed a code here, and the other device has not answered.
    Typed,
}

impl Way {
    fn after(self, step: Option<&LinkView>) -> Self {
        match (self, step) {
            (_, Some(LinkView::ShowDigits(_))) => Self::ShowsDigits,
            (_, Some(LinkView::Reaching)) => Self::Typed,
            (Self::Typed, Some(LinkView::Waiting)) | (_, Some(LinkView::Failed(_))) => self,
            _ => Self::Other,
        }
    }
}

/// Announces each step once, without the counts in it. If the focus was in the step before, it moves to the panel, not to the
/// beginning of the page.
fn follow(app: App, step: Memo<Option<LinkView>>, way: RwSignal<Way>) {
    Effect::new(move |before: Option<Option<Discriminant<LinkView>>>| {
        way.update_untracked(|way| *way = step.with(|step| way.after(step.as_ref())));
        let (kind, told) = step.with(|step| (step.as_ref().map(discriminant), step.as_ref().and_then(told)));
        if before.is_some_and(|before| before != kind) {
            if let Some(told) = told {
                app.announce(told);
            }
            request_animation_frame(|| page::keep_focus(PANEL));
        }
        kind
    });
}

/// The announcement of a step. Two steps have an alert of their own.
fn told(step: &LinkView) -> Option<String> {
    match step {
        LinkView::Showing { .. } => Some(words::LINK_SCAN_EXISTING.to_owned()),
        LinkView::Reaching | LinkView::Waiting => Some(words::LINK_WAITING.to_owned()),
        LinkView::ShowDigits(digits) => Some(format!("{} {digits:02}", words::LINK_TYPE_THERE)),
        LinkView::AskDigits => Some(words::LINK_DIGITS.to_owned()),
        LinkView::Adding { done, of } => Some(words::link_adding(*done, *of)),
        LinkView::Done => Some(words::LINK_DONE.to_owned()),
        LinkView::Approve { .. } | LinkView::Failed(_) => None,
    }
}

fn cancel(app: App, name: &'static str) -> AnyView {
    button(name, "button button-quiet", move || app.ask(Command::CancelLinking, |_| {}))
}

/// Letters or digits that a screen reader reads one by one.
fn figures(class: &'static str, name: &str, shown: String) -> AnyView {
    html::p()
        .class(class)
        .attr("role", "img")
        .attr("aria-label", format!("{name} {shown}"))
        .child(shown)
        .into_any()
}

/// A device that gives up does not say so. If a code or the digits may have been wrong, the text mentions both.
fn failed(app: App, failure: LinkFailure, way: Way) -> Vec<AnyView> {
    let told = match (failure, way) {
        (LinkFailure::Cancelled, Way::ShowsDigits) => words::LINK_DIGITS_OR_CANCELLED,
        (LinkFailure::Cancelled, Way::Typed) => words::LINK_CODE_OR_CANCELLED,
        _ => words::link_failure(failure),
    };
    vec![alert("note note-bad", told.into_any()), cancel(app, "Try again")]
}

fn adding(done: u32, of: u32) -> Vec<AnyView> {
    let progress = html::progress()
        .attr("aria-label", "Conversations")
        .attr("max", of.max(1).to_string())
        .attr("value", done.to_string());
    vec![text("", words::link_adding(done, of)), progress.into_any()]
}

/// Sends a command, whose refusal stands under the field. The command waits for a connection while `wanted` returns true.
fn ask(app: App, command: Command, note: RwSignal<Note>, wanted: impl Fn() -> bool + 'static) {
    let waits = move || wanted() && note.try_set(Note::Hint(words::ASKED_AGAIN.to_owned())).is_none();
    app.ask_patiently(command, waits, move |reply| {
        if let Reply::Failed(error) = reply {
            let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
        }
    });
}

fn choose(app: App, new: bool, code: RwSignal<String>) -> Vec<AnyView> {
    let note = RwSignal::new(Note::Hint(words::LINK_CODE_HINT.to_owned()));
    let how = Field {
        id: "link-code",
        label: "Code from the other device",
        autocomplete: "off",
        longest: "4000",
        code: true,
    };
    let show = move || ask(app, Command::ShowLinkCode { name: page::device_name() }, note, || true);
    let submit = move || {
        let text = code.get_untracked();
        let asked = text.clone();
        // A person who changes the code wants to use another one.
        let wanted = move || code.try_with_untracked(|code| *code == asked) == Some(true);
        ask(app, Command::UseLinkCode { text, name: page::device_name() }, note, wanted);
    };
    // The new device shows its code, and the device with the account takes it. If a code is already in the field, using it is
    // the main action.
    let has_code = Memo::new(move || code.with(|code| !code.is_empty()));
    let shows = choice("Show a code".into_any(), "button", move || !new || has_code.get(), show);
    let others_first = new || Camera::can_be();
    let uses = choice("Use this code".into_any(), "submit", move || others_first && !has_code.get(), || {});
    let scans = scan::scanner(app, move || new || has_code.get());
    let types = form(submit, vec![field(how, code, note.into(), move || note.set(Note::None)), uses]);
    if !new && !page::is_touch() {
        // An opening dialog focuses its first button.
        request_animation_frame(move || page::focus(how.id));
    }
    let mut parts = vec![text("", if new { words::LINK_NEW } else { words::LINK_EXISTING })];
    let takes = scans.into_iter().chain([types]);
    if new {
        parts.extend([shows].into_iter().chain(takes));
    } else {
        parts.extend(takes.chain([shows]));
    }
    parts
}

fn showing(app: App, new: bool, link: &str, typed: &str) -> Vec<AnyView> {
    let link = format!("{}/#{link}", page::origin());
    let left = live(move || match app.link.get() {
        Some(LinkView::Showing { until, .. }) => {
            words::link_left(&countdown(seconds_until(until, app.now.get(), SLOT_LIFETIME)))
        }
        _ => String::new(),
    });
    let code = vec![
        invite::code(app, link.clone(), "Link QR code"),
        html::p().class("invite-link").attr("dir", "ltr").child(link.clone()).into_any(),
        invite::copy(link, "Copy link code"),
    ];
    vec![
        text("", if new { words::LINK_SCAN_NEW } else { words::LINK_SCAN_EXISTING }),
        stack("invite", code),
        text("", words::LINK_OR_TYPE),
        figures("typed-code", "Code", typed.to_owned()),
        html::p().class("quiet").attr("role", "timer").child(left).into_any(),
        cancel(app, "Cancel"),
    ]
}

fn digits(app: App) -> Vec<AnyView> {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let how = Field { id: "digits", label: "Two digits", autocomplete: "off", longest: "2", code: true };
    let submit = move || match typed.get_untracked().trim().parse() {
        Ok(digits) if digits < 100 => ask(app, Command::ConfirmDigits(digits), note, || true),
        _ => note.set(Note::Bad(words::LINK_DIGITS.to_owned())),
    };
    Effect::new(move |_| page::focus(how.id));
    let field = field(how, typed, note.into(), move || note.set(Note::None));
    let ends = stack("actions", vec![primary("Confirm"), cancel(app, "Cancel")]);
    vec![text("", words::LINK_DIGITS), form(submit, vec![field, ends])]
}

/// The question before a device is added. The button works only after the box was ticked.
fn approve(app: App, name: &str) -> Vec<AnyView> {
    let (sure, share) = (RwSignal::new(false), RwSignal::new(Share::All));
    let choices = [
        ("All messages", Share::All),
        ("The last 30 days", Share::Month),
        ("Nothing from before", Share::Nothing),
    ];
    let options = choices.map(|(name, _)| html::option().child(name.to_owned()).into_any());
    let history = html::select()
        .attr("aria-label", "History")
        .on(ev::change, move |event| {
            let chosen = event_target_value(&event);
            if let Some((_, chosen)) = choices.iter().find(|(name, _)| *name == chosen) {
                share.set(*chosen);
            }
        })
        .child(Vec::from(options));
    let tick = html::label()
        .class("check")
        .child(vec![parts::checkbox(sure), html::span().child(words::LINK_MINE.to_owned()).into_any()]);
    let link = html::button()
        .class("button")
        .attr("type", "button")
        .flag("aria-disabled", move || !sure.get())
        .on(ev::click, move |_| {
            if sure.get_untracked() {
                app.ask(Command::ApproveDevice(share.get_untracked()), |_| {});
            }
        })
        .child("Link this device");
    vec![
        html::p().attr("dir", "auto").child(words::link_question(name)).into_any(),
        alert("callout", words::LINK_APPROVE.into_any()),
        text("", words::LINK_HISTORY),
        history.into_any(),
        tick.into_any(),
        stack("actions", vec![link.into_any(), cancel(app, "Cancel")]),
    ]
}

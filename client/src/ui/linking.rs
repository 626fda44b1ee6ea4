//! Linking this browser to an account, or another device to this account.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use parley_engine::view::{Command, LinkFailure, LinkView, Reply};

use super::field::{Field, Note, field};
use super::state::App;
use super::{invite, modal, words};
use crate::model::time::{countdown, seconds_until};
use crate::platform::page;

/// The dialog of a browser that has an account. `first` is a code that was opened as a link.
pub(super) fn dialog(app: App, first: String) -> AnyView {
    let body = html::div().class("dialog-body").child(panel(app, false, first));
    modal::modal(app, "Link a device", "dialog", body.into_any())
}

/// How far it is, and what can be done. `new` is a browser without an account.
pub(super) fn panel(app: App, new: bool, first: String) -> AnyView {
    let code = RwSignal::new(first);
    html::div()
        .class("linking")
        .attr("aria-live", "polite")
        .child(move || match app.link.get() {
            None => choose(app, new, code),
            Some(LinkView::Showing { link, typed, .. }) => showing(app, new, &link, typed),
            Some(LinkView::Reaching | LinkView::Waiting) => {
                (html::p().class("note").child(words::LINK_WAITING), cancel(app, "Cancel")).into_any()
            }
            Some(LinkView::ShowDigits(digits)) => (
                html::p().child(words::LINK_TYPE_THERE),
                html::p()
                    .class("digits")
                    .attr("role", "img")
                    .attr("aria-label", format!("Check code {digits:02}"))
                    .child(format!("{digits:02}")),
                cancel(app, "Cancel"),
            )
                .into_any(),
            Some(LinkView::AskDigits) => digits(app),
            Some(LinkView::Approve { name }) => approve(app, &name),
            Some(LinkView::Adding { done, of }) => (
                html::p().child(words::link_adding(done, of)),
                html::progress()
                    .attr("aria-label", "Conversations")
                    .attr("max", of.max(1).to_string())
                    .attr("value", done.to_string()),
            )
                .into_any(),
            Some(LinkView::Done) => {
                (html::p().class("note note-good").child(words::LINK_DONE), cancel(app, "Done")).into_any()
            }
            Some(LinkView::Failed(failure)) => failed(app, failure),
        })
        .into_any()
}

fn button(name: &'static str, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    html::button().class(class).attr("type", "button").on(ev::click, move |_| act()).child(name).into_any()
}

fn cancel(app: App, name: &'static str) -> AnyView {
    button(name, "button button-quiet", move || app.ask(Command::CancelLinking, |_| {}))
}

fn failed(app: App, failure: LinkFailure) -> AnyView {
    (
        html::p().class("note note-bad").attr("role", "alert").child(words::link_failure(failure)),
        cancel(app, "Begin again"),
    )
        .into_any()
}

/// A command whose refusal stands under the field.
fn ask(app: App, command: Command, note: RwSignal<Note>) {
    app.ask(command, move |reply| {
        if let Reply::Failed(error) = reply {
            let _ = note.try_set(Note::Bad(words::command_error(error).to_owned()));
        }
    });
}

fn choose(app: App, new: bool, code: RwSignal<String>) -> AnyView {
    let note = RwSignal::new(Note::Hint(words::LINK_CODE_HINT.to_owned()));
    let how = Field {
        id: "link-code",
        label: "Code from the other device",
        autocomplete: "off",
        longest: "200",
        code: true,
    };
    let name = page::device_name;
    html::div()
        .class("linking-choice")
        .child((
            html::p().child(if new { words::LINK_NEW } else { words::LINK_EXISTING }),
            button("Show a code", "button button-wide", move || {
                ask(app, Command::ShowLinkCode { name: name() }, note)
            }),
            html::form()
                .attr("novalidate", "")
                .on(ev::submit, move |event| {
                    event.prevent_default();
                    let text = code.get_untracked();
                    ask(app, Command::UseLinkCode { text, name: name() }, note);
                })
                .child((
                    field(how, code, note.into(), move || note.set(Note::None)),
                    html::button().class("button button-quiet").attr("type", "submit").child("Use this code"),
                )),
        ))
        .into_any()
}

fn showing(app: App, new: bool, link: &str, typed: String) -> AnyView {
    let link = format!("{}/#{link}", page::origin());
    let left = move || match app.link.get() {
        Some(LinkView::Showing { until, .. }) => {
            words::link_left(&countdown(seconds_until(until, app.now.get())))
        }
        _ => String::new(),
    };
    (
        html::p().child(if new { words::LINK_SCAN_NEW } else { words::LINK_SCAN_EXISTING }),
        html::div()
            .class("invite")
            .child((invite::code(app, link.clone(), "Link QR code"), invite::copy(link, "Copy link code"))),
        html::p().child("Or type this code there:"),
        html::p()
            .class("typed-code")
            .attr("role", "img")
            .attr("aria-label", format!("Code {typed}"))
            .child(typed.clone()),
        html::p().class("quiet").attr("role", "timer").child(left),
        cancel(app, "Cancel"),
    )
        .into_any()
}

fn digits(app: App) -> AnyView {
    let (typed, note) = (RwSignal::new(String::new()), RwSignal::new(Note::None));
    let how = Field { id: "digits", label: "Two digits", autocomplete: "off", longest: "2", code: true };
    html::form()
        .attr("novalidate", "")
        .on(ev::submit, move |event| {
            event.prevent_default();
            match typed.get_untracked().trim().parse() {
                Ok(digits) if digits < 100 => ask(app, Command::ConfirmDigits(digits), note),
                _ => note.set(Note::Bad(words::LINK_DIGITS.to_owned())),
            }
        })
        .child((
            html::p().child(words::LINK_DIGITS),
            field(how, typed, note.into(), move || note.set(Note::None)),
            html::button().class("button").attr("type", "submit").child("Confirm"),
            cancel(app, "Cancel"),
        ))
        .into_any()
}

/// A deliberate act: the button works only after the box was ticked.
fn approve(app: App, name: &str) -> AnyView {
    let sure = RwSignal::new(false);
    html::div()
        .class("confirm")
        .child((
            html::p().child((
                "Link ",
                html::strong().attr("dir", "auto").child(name.to_owned()),
                " to your account?",
            )),
            html::p().attr("role", "alert").class("callout").child(words::LINK_APPROVE),
            html::label().class("choice").child((
                html::input().attr("type", "checkbox").prop("checked", sure).on(ev::change, move |_| {
                    sure.update(|sure| *sure = !*sure);
                }),
                html::span().child("I have this device in front of me, and it is mine."),
            )),
            html::button()
                .class("button")
                .attr("type", "button")
                .attr("aria-disabled", move || (!sure.get()).then_some("true"))
                .on(ev::click, move |_| {
                    if sure.get_untracked() {
                        app.ask(Command::ApproveDevice, |_| {});
                    }
                })
                .child("Link this device"),
            cancel(app, "Do not link"),
        ))
        .into_any()
}

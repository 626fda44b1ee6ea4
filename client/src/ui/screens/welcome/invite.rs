//! The person's own invite link, to copy and as a QR code.

use leptos::prelude::*;
use leptos::svg;
use parley_engine::view::Command;

use crate::model::code::Code;
use crate::model::signal::ToOwner;
use crate::platform::{page, spawn_local, timer};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// The id of the button that makes another link.
const RENEW: &str = "new-link";
/// How long the button confirms the copy, in milliseconds.
const COPIED: u64 = 2_000;

/// The link with its button and, if `drawn`, its QR code. Shows nothing before there is an account.
pub(crate) fn card(app: App, drawn: bool) -> AnyView {
    let link = Memo::new(move || {
        app.account
            .with(|account| account.as_ref().map(|account| format!("{}/#{}", page::origin(), account.invite)))
    });
    parts::maybe(move || {
        link.get().map(|link| {
            html::div()
                .class("invite")
                .child((
                    drawn.then(|| code(app, link.clone(), "Invite QR code")),
                    html::p().class("invite-link").attr("dir", "ltr").child(link.clone()),
                    copy(link, "Copy invite link"),
                ))
                .into_any()
        })
    })
}

/// A button that copies a link.
pub(crate) fn copy(link: String, name: &'static str) -> AnyView {
    let said = RwSignal::new("");
    let act = move || {
        let link = link.clone();
        spawn_local(async move {
            let done = page::copy(link).await;
            let _ = said.try_set(if done { words::COPIED } else { words::COPY_BY_HAND });
            timer::after(COPIED, move || {
                let _ = said.try_set("");
            })
            .forget();
        });
    };
    let inside = vec![icons::copy(), name.into_any()].into_any();
    let button = parts::button_around(inside, "button button-quiet", act);
    let said = html::span().class("quiet").attr("role", "status").child(parts::live(move || said.get()));
    parts::stack("invite-copy", vec![button, said.into_any()])
}

/// Makes another link, after a question.
pub(crate) fn renew(app: App) -> AnyView {
    let (asked, made) = (RwSignal::new(false), RwSignal::new(""));
    let renew = move || {
        app.ask(Command::NewInvite, move |_| {
            let _ = asked.try_set(false);
            let _ = made.try_set(words::NEW_LINK_MADE);
            request_animation_frame(|| page::focus(RENEW));
        });
    };
    let control = move || {
        if asked.get() {
            return parts::confirm(parts::alert("", words::NEW_LINK), "Replace link", renew, move || {
                asked.set(false);
                request_animation_frame(|| page::focus(RENEW));
            });
        }
        html::button()
            .class("button button-quiet")
            .attr("id", RENEW)
            .attr("type", "button")
            .on(leptos::ev::click, move |_| {
                made.set("");
                asked.set(true);
            })
            .child("Make a new link")
            .into_any()
    };
    let said = parts::status("quiet", parts::live(move || made.get()));
    parts::stack("", vec![parts::dynamic(control), said])
}

/// The QR code, once it is drawn.
pub(crate) fn code(app: App, text: String, name: &'static str) -> AnyView {
    let wanted = text.clone();
    let drawn =
        Memo::new(move || app.code.with(|code| code.clone().filter(|code: &Code| code.text == wanted)));
    if drawn.with_untracked(Option::is_none) {
        app.say(&ToOwner::DrawCode(text));
    }
    parts::maybe(move || {
        drawn.get().map(|Code { side, path, .. }| {
            svg::svg()
                .attr("class", "qr")
                .attr("viewBox", format!("0 0 {side} {side}"))
                .attr("role", "img")
                .attr("aria-label", name)
                .attr("shape-rendering", "crispEdges")
                .child(svg::path().attr("d", path))
                .into_any()
        })
    })
}

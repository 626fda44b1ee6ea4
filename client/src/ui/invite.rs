//! Own invite link: to copy, and as a QR code.

use fast_qr::qr::QRBuilder;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::svg;

use super::state::App;
use super::{icons, words};
use crate::platform::{page, spawn_local, timer};

/// White around the code, in modules.
const MARGIN: usize = 4;
/// How long the button says that it has copied, in milliseconds.
const COPIED: u64 = 2_000;

/// The link with its button and its code; nothing before there is an account.
pub(super) fn card(app: App) -> AnyView {
    let link = Memo::new(move |_| {
        app.account
            .with(|account| account.as_ref().map(|account| format!("{}/#{}", page::origin(), account.invite)))
    });
    (move || {
        link.get().map(|link| {
            html::div().class("invite").child((
                code(&link),
                html::p().class("invite-link").attr("dir", "ltr").child(link.clone()),
                copy(link),
            ))
        })
    })
    .into_any()
}

fn copy(link: String) -> AnyView {
    let said = RwSignal::new("");
    html::div()
        .class("invite-copy")
        .child((
            html::button()
                .class("button button-quiet")
                .attr("type", "button")
                .on(ev::click, move |_| {
                    let link = link.clone();
                    spawn_local(async move {
                        let done = page::copy(link).await;
                        let _ = said.try_set(if done { "Copied." } else { words::COPY_BY_HAND });
                        timer::after(COPIED, move || {
                            let _ = said.try_set("");
                        }).forget();
                    });
                })
                .child((icons::copy(), "Copy invite link")),
            html::span().class("quiet").attr("role", "status").child(move || said.get()),
        ))
        .into_any()
}

/// The code as one path: a square for each dark module.
fn code(text: &str) -> AnyView {
    let Ok(code) = QRBuilder::new(text).build() else { return ().into_any() };
    let mut path = String::new();
    for y in 0..code.size {
        for x in 0..code.size {
            let dark = code.data.get(y * code.size + x).is_some_and(|module| module.value());
            if dark {
                path.push_str(&format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN));
            }
        }
    }
    let side = code.size + 2 * MARGIN;
    svg::svg()
        .attr("class", "qr")
        .attr("viewBox", format!("0 0 {side} {side}"))
        .attr("role", "img")
        .attr("aria-label", "Invite QR code")
        .attr("shape-rendering", "crispEdges")
        .child(svg::path().attr("d", path))
        .into_any()
}

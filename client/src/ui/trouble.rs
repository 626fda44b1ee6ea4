//! The device does not open: what happened, and the way out.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

use super::state::App;
use super::{icons, parts, words};
use crate::model::signal::{ToOwner, Trouble};
use crate::platform::page;

/// Says what is wrong and offers to reload, or to delete the rest and begin again, which is asked twice.
pub(super) fn screen(app: App, trouble: Trouble) -> AnyView {
    let sure = RwSignal::new(false);
    html::main()
        .class("centred")
        .child(
            html::div().class("card").child((
                icons::mark(),
                html::h1().child(words::trouble_heading(trouble)),
                html::p().attr("role", "alert").child(words::trouble(trouble)),
                html::div().class("actions").child((
                    html::button()
                        .class("button button-quiet")
                        .attr("type", "button")
                        .on(ev::click, |_| page::reload())
                        .child("Reload"),
                    parts::maybe(move || trouble.can_start_afresh().then(|| afresh(app, sure))),
                )),
            )),
        )
        .into_any()
}

fn afresh(app: App, sure: RwSignal<bool>) -> AnyView {
    let ask = move || {
        html::button()
            .class("button")
            .attr("type", "button")
            .on(ev::click, move |_| sure.set(true))
            .child("Start afresh…")
            .into_any()
    };
    let confirm = move || {
        html::div()
            .class("confirm")
            .child((
                html::p().child(words::AFRESH),
                html::button()
                    .class("button button-danger")
                    .attr("type", "button")
                    .on(ev::click, move |_| app.say(&ToOwner::StartAfresh))
                    .child("Delete and start afresh"),
                html::button()
                    .class("button button-quiet")
                    .attr("type", "button")
                    .on(ev::click, move |_| sure.set(false))
                    .child("Cancel"),
            ))
            .into_any()
    };
    parts::dynamic(move || if sure.get() { confirm() } else { ask() })
}

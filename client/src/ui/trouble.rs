//! The device does not open: what happened, and the way out.

use leptos::html;
use leptos::prelude::*;

use super::parts::button;
use super::state::App;
use super::{icons, parts, words};
use crate::model::signal::{ToOwner, Trouble};
use crate::platform::page;

/// Says what is wrong and offers to reload, or to delete the rest and begin again, which is asked twice.
pub(super) fn screen(app: App, trouble: Trouble) -> AnyView {
    let sure = RwSignal::new(false);
    html::main()
        .class("centred")
        .child(html::div().class("card").child((
            icons::mark(),
            html::h1().child(words::trouble_heading(trouble)),
            html::p().attr("role", "alert").child(words::trouble(trouble)),
            html::div().class("actions").child((
                button("Reload", "button button-quiet", page::reload),
                parts::maybe(move || trouble.can_start_afresh().then(|| afresh(app, sure))),
            )),
        )))
        .into_any()
}

fn afresh(app: App, sure: RwSignal<bool>) -> AnyView {
    let ask = move || button("Start afresh…", "button", move || sure.set(true));
    let confirm = move || {
        let delete = move || app.say(&ToOwner::StartAfresh);
        let parts = vec![
            parts::text("", words::AFRESH),
            button("Delete and start afresh", "button button-danger", delete),
            button("Cancel", "button button-quiet", move || sure.set(false)),
        ];
        parts::stack("confirm", parts)
    };
    parts::dynamic(move || if sure.get() { confirm() } else { ask() })
}

//! The device does not open: what happened, and the way out.

use leptos::prelude::*;

use crate::model::signal::{Fault, ToOwner};
use crate::platform::page;
use crate::ui::app::state::App;
use crate::ui::design::{html, icons, parts};
use crate::ui::words;

/// Says what is wrong and offers to reload, or to delete the rest and begin again, which is asked twice.
pub(crate) fn screen(app: App, fault: Fault) -> AnyView {
    let sure = RwSignal::new(false);
    let actions = vec![
        parts::button("Reload", "button button-quiet", page::reload),
        parts::maybe(move || fault.can_start_afresh().then(|| afresh(app, sure))),
    ];
    let card = vec![
        icons::mark(),
        html::h1().child(words::trouble_heading(fault).to_owned()).into_any(),
        parts::alert("", words::fault(fault).into_any()),
        parts::maybe(move || (fault == Fault::Insecure).then(secure_address)),
        parts::stack("actions", actions),
    ];
    html::main().class("centred").child(parts::stack("card", card)).into_any()
}

fn secure_address() -> AnyView {
    let address = page::secure_address();
    let link = html::a().attr("href", address.clone()).child(address);
    html::p().child((words::SECURE_ADDRESS, " ", link)).into_any()
}

fn afresh(app: App, sure: RwSignal<bool>) -> AnyView {
    let ask = move || parts::button("Start over…", "button", move || sure.set(true));
    let confirm = move || {
        let delete = move || app.say(&ToOwner::StartAfresh);
        parts::confirm(parts::text("", words::AFRESH), "Delete and start over", delete, move || {
            sure.set(false);
        })
    };
    parts::dynamic(move || if sure.get() { confirm() } else { ask() })
}

//! A dialog over everything else.

use leptos::ev;
use leptos::prelude::*;

use crate::platform::dom;
use crate::ui::app::state::App;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::shell;

/// A dialog with its title and its close button; Escape and a click beside it close it too.
pub(crate) fn modal(app: App, title: &'static str, class: &'static str, body: AnyView) -> AnyView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| dom::show_modal(dialog));
    html::dialog()
        .node_ref(dialog)
        .class(class)
        .attr("aria-label", title)
        .on(ev::close, move |_| app.dialog.set(None))
        .on(ev::click, move |event| {
            if dom::is_on_backdrop(&event, dialog) {
                dom::close(dialog);
            }
        })
        .child(html::div().class("dialog-inside").child((
            html::header().class("dialog-head").child((
                html::h2().child(title),
                parts::icon_button("Close", "icon-button", icons::close(), move || dom::close(dialog)),
            )),
            body,
            shell::announcer(app, true),
        )))
        .into_any()
}

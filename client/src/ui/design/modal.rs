//! The modal dialog.

use leptos::ev;
use leptos::prelude::*;

use crate::platform::dom;
use crate::ui::app::state::App;
use crate::ui::design::{html, icons, parts};
use crate::ui::screens::shell;

/// A dialog with its title and its close button. Escape, a click beside it and the browser's Back also close it. `about` names
/// the person or group that the dialog is about, which may not be known yet.
pub(crate) fn modal(
    app: App,
    title: &'static str,
    about: impl Fn() -> Option<String> + Send + 'static,
    class: &'static str,
    body: AnyView,
) -> AnyView {
    let this = app.dialog.get_untracked();
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| dom::show_modal(dialog));
    html::dialog()
        .node_ref(dialog)
        .class(class)
        .attr_live("aria-label", move || {
            Some(about().map_or_else(|| title.to_owned(), |whom| format!("{title}: {whom}")))
        })
        .on(ev::close, move |_| {
            // Another dialog may be open by then.
            if app.dialog.with_untracked(|open| *open == this) {
                app.close_dialog();
            }
        })
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

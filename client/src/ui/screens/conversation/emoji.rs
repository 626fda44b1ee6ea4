//! The emoji picker: recently used emoji, search results, and all others by kind.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::ConversationId;

use crate::model::emoji;
use crate::platform::dom;
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};

/// The search field and the emoji. `choose` gets the clicked one.
pub(crate) fn picker(choose: impl Fn(String) + Send + Sync + 'static) -> AnyView {
    let choose: Arc<dyn Fn(String) + Send + Sync> = Arc::new(choose);
    let sought = RwSignal::new(String::new());
    let field = html::input()
        .attr("type", "search")
        .attr("aria-label", "Search emoji")
        .attr("placeholder", "Search emoji")
        .attr("autocomplete", "off")
        .value(move || sought.get())
        .on(ev::input, move |event| sought.set(event_target_value(&event)));
    let found = parts::dynamic(move || {
        let sought = sought.get();
        let kinds = emoji::matching(&sought);
        let none = kinds.is_empty().then(|| parts::text("note", "No emoji found"));
        let choose = Arc::clone(&choose);
        let all: Vec<AnyView> =
            kinds.into_iter().map(|(kind, signs)| self::kind(kind, signs, &choose)).collect();
        parts::several((none, all))
    });
    html::div()
        .class("emoji-picker")
        .child((
            html::div().class("search").child(field),
            html::div()
                .class("emoji-all")
                .on(ev::keydown, |event| dom::step_among(&event, "step"))
                .child(found),
        ))
        .into_any()
}

/// The picker over the page, for the composer.
pub(crate) fn dialog(app: App, id: ConversationId, at: (i32, i32)) -> AnyView {
    let dialog = NodeRef::<leptos::html::Dialog>::new();
    Effect::new(move |_| {
        dom::show_modal(dialog);
        dom::put_at(dialog, at);
    });
    html::dialog()
        .node_ref(dialog)
        .class("menu")
        .attr("aria-label", "Emoji")
        .on(ev::close, move |_| app.doing.update(|doing| doing.picking = None))
        .on(ev::click, move |event| {
            if dom::is_on_backdrop(&event, dialog) {
                dom::close(dialog);
            }
        })
        .child(picker(move |sign| {
            dom::close(dialog);
            app.doing.update(|doing| doing.inserted = Some((id, sign)));
        }))
        .into_any()
}

fn kind(name: &'static str, signs: Vec<emoji::Sign>, choose: &Arc<dyn Fn(String) + Send + Sync>) -> AnyView {
    let buttons: Vec<AnyView> = signs
        .into_iter()
        .map(|it| {
            let choose = Arc::clone(choose);
            html::button()
                .class("menu-sign step")
                .attr("type", "button")
                .attr("aria-label", it.name)
                .attr("title", it.name)
                .on(ev::click, move |_| {
                    emoji::used(it.sign);
                    choose(it.sign.to_owned());
                })
                .child(it.sign)
                .into_any()
        })
        .collect();
    html::section()
        .attr("aria-label", name)
        .child((html::h3().child(name), html::div().class("emoji-kind").child(buttons)))
        .into_any()
}

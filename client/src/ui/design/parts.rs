//! Small pieces of views. Each erases the types that it takes, so that the many closures of the screens share one type: Leptos
//! compiles separate code for every type.

use leptos::ev;
use leptos::prelude::*;

use crate::platform::dom;
use crate::ui::design::html::{self, Inside};

/// What is made anew whenever something that it reads changes.
pub(crate) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send> = Box::new(view);
    view.into_any()
}

/// The same, of what is there only sometimes.
pub(crate) fn maybe(view: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    dynamic(move || view().unwrap_or_else(nothing))
}

/// A text that changes. It has an element of its own, which nobody takes out of the page as they may take a text node.
pub(crate) fn live<T: Into<String>>(text: impl Fn() -> T + Send + 'static) -> AnyView {
    html::span().text(move || text().into()).into_any()
}

/// A text.
pub(crate) fn words(text: String) -> AnyView {
    text.into_any()
}

/// Nothing.
pub(crate) fn nothing() -> AnyView {
    ().into_any()
}

/// Several things without an element around them.
pub(crate) fn several(parts: impl Inside) -> AnyView {
    let mut inside = Vec::new();
    parts.put(&mut inside);
    inside.into_any()
}

/// A button; `class` says which kind.
pub(crate) fn button(name: impl Into<String>, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    button_around(words(name.into()), class, act)
}

/// A wide button, `quiet` while another is meant rather.
pub(crate) fn choice(
    inside: AnyView,
    kind: &'static str,
    quiet: impl Fn() -> bool + Send + 'static,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .class("button button-wide")
        .class_when("button-quiet", quiet)
        .attr("type", kind)
        .on(ev::click, move |_| act())
        .child(inside)
        .into_any()
}

/// A button with something else than a text.
pub(crate) fn button_around(inside: AnyView, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    html::button().class(class).attr("type", "button").on(ev::click, move |_| act()).child(inside).into_any()
}

/// A button that shows only an icon.
pub(crate) fn icon_button(
    name: &'static str,
    class: &'static str,
    icon: AnyView,
    act: impl Fn() + 'static,
) -> AnyView {
    html::button()
        .class(class)
        .attr("type", "button")
        .attr("aria-label", name)
        .on(ev::click, move |_| act())
        .child(icon)
        .into_any()
}

/// A paragraph.
pub(crate) fn text(class: &'static str, text: impl Into<String>) -> AnyView {
    html::p().class(class).child(text.into()).into_any()
}

/// A sentence that a screen reader reads out when it appears.
pub(crate) fn alert(class: &'static str, text: impl Inside) -> AnyView {
    html::p().class(class).attr("role", "alert").child(text).into_any()
}

/// The same, of what is no fault.
pub(crate) fn status(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "status").child(text).into_any()
}

/// The same, of what counts: what is in it can be read, and is not read out at each step.
pub(crate) fn counter(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "status").attr("aria-live", "off").child(text).into_any()
}

/// The button that sends a form.
pub(crate) fn send(name: impl Into<String>) -> AnyView {
    html::button().class("button button-quiet").attr("type", "submit").child(name.into()).into_any()
}

/// The same, where that is what is meant.
pub(crate) fn primary(name: impl Into<String>) -> AnyView {
    html::button().class("button").attr("type", "submit").child(name.into()).into_any()
}

/// A switch that is named by the element with this id.
pub(crate) fn switch(
    named_by: &'static str,
    on: impl Fn() -> bool + Copy + Send + 'static,
    turn: impl Fn(bool) + 'static,
) -> AnyView {
    html::button()
        .class("switch")
        .attr("type", "button")
        .attr("role", "switch")
        .attr("aria-labelledby", named_by)
        .attr_live("aria-checked", move || Some(if on() { "true" } else { "false" }))
        .on(ev::click, move |_| turn(!untrack(on)))
        .child(html::span())
        .into_any()
}

/// A box to tick.
pub(crate) fn checkbox(ticked: RwSignal<bool>) -> AnyView {
    html::input()
        .attr("type", "checkbox")
        .checked(move || ticked.get_untracked())
        .on(ev::change, move |_| ticked.update(|ticked| *ticked = !*ticked))
        .into_any()
}

/// A question before something that cannot be undone; `cancel` takes it away, and has the focus at first.
pub(crate) fn confirm(
    question: AnyView,
    yes: &'static str,
    act: impl Fn() + 'static,
    cancel: impl Fn() + 'static,
) -> AnyView {
    let node = NodeRef::<leptos::html::Div>::new();
    let yes = button(yes, "button button-danger", act);
    let no = button("Cancel", "button button-quiet", cancel);
    let question = html::div().class("confirm").node_ref(node).child(vec![question, yes, no]);
    // It may have appeared below what the screen shows.
    Effect::new(move |_| {
        if node.get().is_some() {
            dom::focus_last_button(node);
        }
    });
    question.into_any()
}

/// Things one after the other.
pub(crate) fn stack(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::div().class(class).child(parts).into_any()
}

/// Things that belong together under a heading.
pub(crate) fn section(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::section().class(class).child(parts).into_any()
}

/// A form that does something of its own when it is sent.
pub(crate) fn form(submit: impl Fn() + 'static, parts: Vec<AnyView>) -> AnyView {
    html::form()
        .attr("novalidate", "")
        .on(ev::submit, move |event| {
            event.prevent_default();
            submit();
        })
        .child(parts)
        .into_any()
}

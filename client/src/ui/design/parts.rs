//! Small pieces of views. Each erases the types that it takes, so that the many closures of the screens share one type: Leptos
//! compiles separate code for every type.

use leptos::ev;
use leptos::prelude::*;

use crate::platform::dom;
use crate::ui::design::html::{self, Inside};

/// A view that is made again whenever a signal that it reads changes.
pub(crate) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send> = Box::new(view);
    view.into_any()
}

/// A dynamic view that may be empty.
pub(crate) fn maybe(view: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    dynamic(move || view().unwrap_or_else(nothing))
}

/// A changing text. It has an element of its own, which other programs do not remove from the page as they may remove a text
/// node.
pub(crate) fn live<T: Into<String>>(text: impl Fn() -> T + Send + 'static) -> AnyView {
    html::span().text(move || text().into()).into_any()
}

/// A plain text.
pub(crate) fn words(text: String) -> AnyView {
    text.into_any()
}

/// An empty view.
pub(crate) fn nothing() -> AnyView {
    ().into_any()
}

/// Several views without an element around them.
pub(crate) fn several(parts: impl Inside) -> AnyView {
    let mut inside = Vec::new();
    parts.put(&mut inside);
    inside.into_any()
}

/// A button; `class` says which kind.
pub(crate) fn button(name: impl Into<String>, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    button_around(words(name.into()), class, act)
}

/// A wide button, which is `quiet` beside a more important one.
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

/// A button with other content than a text.
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

/// A paragraph of text.
pub(crate) fn text(class: &'static str, text: impl Into<String>) -> AnyView {
    html::p().class(class).child(text.into()).into_any()
}

/// A sentence that a screen reader reads out when it appears.
pub(crate) fn alert(class: &'static str, text: impl Inside) -> AnyView {
    html::p().class(class).attr("role", "alert").child(text).into_any()
}

/// A status that a screen reader reads out politely.
pub(crate) fn status(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "status").child(text).into_any()
}

/// A status with a count. A screen reader can read it, but does not read it out at each step.
pub(crate) fn counter(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "status").attr("aria-live", "off").child(text).into_any()
}

/// The button that submits a form.
pub(crate) fn send(name: impl Into<String>) -> AnyView {
    html::button().class("button button-quiet").attr("type", "submit").child(name.into()).into_any()
}

/// The submit button of a form's main action.
pub(crate) fn primary(name: impl Into<String>) -> AnyView {
    html::button().class("button").attr("type", "submit").child(name.into()).into_any()
}

/// A switch whose name is in the element with this id.
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

/// A checkbox.
pub(crate) fn checkbox(ticked: RwSignal<bool>) -> AnyView {
    html::input()
        .attr("type", "checkbox")
        .checked(move || ticked.get_untracked())
        .on(ev::change, move |_| ticked.update(|ticked| *ticked = !*ticked))
        .into_any()
}

/// A question before an action that cannot be undone. `cancel` closes it, and its button has the focus at first.
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
    // The question may have appeared below the visible part of the page.
    Effect::new(move |_| {
        if node.get().is_some() {
            dom::focus_last_button(node);
        }
    });
    question.into_any()
}

/// A column of views.
pub(crate) fn stack(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::div().class(class).child(parts).into_any()
}

/// Views that belong together under a heading.
pub(crate) fn section(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::section().class(class).child(parts).into_any()
}

/// A form that calls `submit` when it is submitted.
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

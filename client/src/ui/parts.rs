//! Small pieces of views. Each erases what it takes, so that the many closures and elements of the screens share one
//! type: Leptos makes code of its own for every type of closure and element.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;

/// What is made anew whenever something that it reads changes.
pub(super) fn dynamic(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send> = Box::new(view);
    view.into_any()
}

/// The same, of what is there only sometimes.
pub(super) fn maybe(view: impl Fn() -> Option<AnyView> + Send + 'static) -> AnyView {
    let view: Box<dyn Fn() -> Option<AnyView> + Send> = Box::new(view);
    view.into_any()
}

/// A text that changes.
pub(super) fn live<T: Into<String>>(text: impl Fn() -> T + Send + 'static) -> AnyView {
    let text: Box<dyn Fn() -> String + Send> = Box::new(move || text().into());
    text.into_any()
}

/// Whether an attribute such as `aria-disabled` is "true"; it is not there otherwise.
pub(super) fn flag(on: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> Option<&'static str> + Send> {
    Box::new(move || on().then_some("true"))
}

/// Whether an element has a class.
pub(super) fn when(on: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> bool + Send> {
    Box::new(on)
}

/// `aria-current`: whether this leads to what is shown.
pub(super) fn page(here: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> Option<&'static str> + Send> {
    Box::new(move || here().then_some("page"))
}

/// A button; `class` says which kind.
pub(super) fn button(name: impl Into<String>, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    button_around(name.into().into_any(), class, act)
}

/// A button with something else than a text.
pub(super) fn button_around(inside: AnyView, class: &'static str, act: impl Fn() + 'static) -> AnyView {
    let act: Box<dyn Fn()> = Box::new(act);
    html::button().class(class).attr("type", "button").on(ev::click, move |_| act()).child(inside).into_any()
}

/// A button that shows only an icon.
pub(super) fn icon_button(
    name: &'static str,
    class: &'static str,
    icon: AnyView,
    act: impl Fn() + 'static,
) -> AnyView {
    let act: Box<dyn Fn()> = Box::new(act);
    html::button()
        .class(class)
        .attr("type", "button")
        .attr("aria-label", name)
        .on(ev::click, move |_| act())
        .child(icon)
        .into_any()
}

/// A paragraph.
pub(super) fn text(class: &'static str, text: impl Into<String>) -> AnyView {
    html::p().class(class).child(text.into()).into_any()
}

/// A sentence that a screen reader reads out when it appears.
pub(super) fn alert(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "alert").child(text).into_any()
}

/// The same, of what is no trouble.
pub(super) fn status(class: &'static str, text: AnyView) -> AnyView {
    html::p().class(class).attr("role", "status").child(text).into_any()
}

/// The button that sends a form.
pub(super) fn send(name: impl Into<String>) -> AnyView {
    html::button().class("button button-quiet").attr("type", "submit").child(name.into()).into_any()
}

/// A switch that is named by the element with this id.
pub(super) fn switch(
    named_by: &'static str,
    on: impl Fn() -> bool + Copy + Send + 'static,
    turn: impl Fn(bool) + 'static,
) -> AnyView {
    let turn: Box<dyn Fn(bool)> = Box::new(turn);
    html::button()
        .class("switch")
        .attr("type", "button")
        .attr("role", "switch")
        .attr("aria-labelledby", named_by)
        .attr("aria-checked", flag_word(on))
        .on(ev::click, move |_| turn(!untrack(on)))
        .child(html::span())
        .into_any()
}

/// "true" or "false".
fn flag_word(on: impl Fn() -> bool + Send + 'static) -> Box<dyn Fn() -> &'static str + Send> {
    Box::new(move || if on() { "true" } else { "false" })
}

/// A box to tick.
pub(super) fn checkbox(ticked: RwSignal<bool>) -> AnyView {
    html::input()
        .attr("type", "checkbox")
        .prop("checked", ticked.get_untracked())
        .on(ev::change, move |_| ticked.update(|ticked| *ticked = !*ticked))
        .into_any()
}

/// Things one after the other.
pub(super) fn stack(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::div().class(class).child(parts).into_any()
}

/// Things that belong together under a heading.
pub(super) fn section(class: &'static str, parts: Vec<AnyView>) -> AnyView {
    html::section().class(class).child(parts).into_any()
}

/// A form that does something of its own when it is sent.
pub(super) fn form(submit: impl Fn() + 'static, parts: Vec<AnyView>) -> AnyView {
    let submit: Box<dyn Fn()> = Box::new(submit);
    html::form()
        .attr("novalidate", "")
        .on(ev::submit, move |event| {
            event.prevent_default();
            submit();
        })
        .child(parts)
        .into_any()
}

//! The avatar: a circle with a person's initials, or a rounded square for a group, with its picture if it has one.

use leptos::prelude::*;
use parley_engine::view::{ConversationId, ConversationView};

use crate::model::unicode::Unicode as _;
use crate::platform::unicode::Browser;
use crate::ui::app::pictures;
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};

/// How many colours the style sheet has (`.who-0` and on).
const COLOURS: u8 = 12;

/// The avatar of a person, whose colour the engine derives from the account: it is the same in every chat and on every device.
pub(crate) fn person(name: &str, colour: u8, class: &'static str) -> AnyView {
    circle(format!("avatar {} {class}", who(colour)), name)
}

/// The avatar of the other person in a chat of two.
pub(crate) fn peer(name: &str, chat: ConversationId, class: &'static str) -> AnyView {
    person(name, chat.colour(), class)
}

/// The class of a colour.
pub(crate) fn who(colour: u8) -> String {
    format!("who-{}", colour % COLOURS)
}

/// The avatar of any chat.
pub(crate) fn chat(app: App, chat: &ConversationView) -> AnyView {
    if chat.group.is_some() { group(app, chat.id, &chat.name, "") } else { peer(&chat.name, chat.id, "") }
}

/// The avatar of a group.
pub(crate) fn group(app: App, id: ConversationId, name: &str, class: &'static str) -> AnyView {
    let picture = pictures::of(app, id);
    let name = name.to_owned();
    square(id, class, parts::dynamic(move || picture_or(picture.get(), &name)))
}

/// The large avatar of a group that this account is not in.
pub(crate) fn group_seen(id: ConversationId, name: &str, picture: Option<String>) -> AnyView {
    square(id, "avatar-large", picture_or(picture, name))
}

fn square(id: ConversationId, class: &'static str, inside: AnyView) -> AnyView {
    html::span()
        .class(format!("avatar avatar-group {} {class}", who(id.colour())))
        .attr("aria-hidden", "true")
        .child(inside)
        .into_any()
}

fn picture_or(picture: Option<String>, name: &str) -> AnyView {
    match picture {
        Some(address) => html::img().attr("alt", "").attr("src", address).into_any(),
        None => parts::words(Browser.initials(name)),
    }
}

fn circle(classes: String, name: &str) -> AnyView {
    html::span().class(classes).attr("aria-hidden", "true").child(Browser.initials(name)).into_any()
}

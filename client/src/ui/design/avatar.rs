//! The avatar: a circle with a person's initials, or a rounded square for a group, with its picture if it has one.

use leptos::prelude::*;
use parley_engine::view::{ConversationId, ConversationView};

use crate::model::text;
use crate::model::unicode::Unicode as _;
use crate::platform::unicode::Browser;
use crate::ui::app::pictures;
use crate::ui::app::state::App;
use crate::ui::design::{html, parts};

const COLOURS: u32 = 8;

/// The number of colours for people in groups. The style sheet has as many (`.who-0` and on).
const PEOPLE: u8 = 12;

/// The avatar of an account. The same bytes give the same colour in every browser: they belong to the account, whatever its
/// name is. The name beside the avatar identifies the person.
pub(crate) fn avatar(name: &str, of: &[u8], class: &'static str) -> AnyView {
    circle(format!("avatar hue-{} {class}", text::colour_of(of, COLOURS)), name)
}

/// The avatar of a member of a group.
pub(crate) fn member(name: &str, colour: u8, class: &'static str) -> AnyView {
    circle(format!("avatar {} {class}", who(colour)), name)
}

/// The class of a member's colour in groups.
pub(crate) fn who(colour: u8) -> String {
    format!("who-{}", colour % PEOPLE)
}

/// The avatar of any chat.
pub(crate) fn chat(app: App, chat: &ConversationView) -> AnyView {
    if chat.group.is_some() {
        group(app, chat.id, &chat.name, "")
    } else {
        avatar(&chat.name, &chat.id.0, "")
    }
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
        .class(format!("avatar avatar-group hue-{} {class}", text::colour_of(&id.0, COLOURS)))
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

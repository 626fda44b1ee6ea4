//! The details of a message: who has received it, who reacts to it, its earlier versions.

use leptos::prelude::*;
use parley_engine::view::{AuthorView, Command, CommandError, Delivery, MessageDetails, Reply};
use parley_protocol::ids::{MessageId, UnixMillis};

use crate::model::time::LocalTime;
use crate::platform::{clock, page};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::screens::conversation::relay_saw;
use crate::ui::words;

/// The heading of what the relay saw.
const SAW: &str = "relay-saw";

/// What the dialog has inside.
pub(crate) fn body(app: App, id: MessageId) -> AnyView {
    let details = RwSignal::new(None::<Result<MessageDetails, CommandError>>);
    let saw = RwSignal::new(false);
    // Its place may change when it is sent, and its state whenever somebody reads it.
    let place = Memo::new(move || {
        app.open.with(|open| {
            let message = open.window.messages().iter().find(|it| it.id == id)?;
            Some((open.id?, message.about.clone(), message.told, message.outgoing))
        })
    });
    Effect::new(move |_| {
        let Some((conversation, about, ..)) = place.get() else { return };
        let Some(message) = about.named else { return };
        app.ask(Command::ShowMessage { conversation, message }, move |reply| {
            let answer = match reply {
                Reply::MessageDetails(answer) => Ok(answer),
                Reply::Failed(error) => Err(error),
                _ => return,
            };
            let _ = details.try_set(Some(answer));
        });
    });
    let inside = parts::dynamic(move || match details.get() {
        None => parts::text("note", words::LOADING),
        Some(Err(error)) => parts::text("note note-bad", words::command_error(error)),
        Some(Ok(details)) if saw.get() => {
            let back = parts::button("Back to details", "button button-quiet", move || saw.set(false));
            let message =
                app.open.with_untracked(|open| open.window.messages().iter().find(|it| it.id == id).cloned());
            let shown = relay_saw::shown(details.relay_saw.as_deref(), message.as_deref());
            let title = html::h3()
                .class("saw-title")
                .attr("id", SAW)
                .attr("tabindex", "-1")
                .child(words::WHAT_RELAY_SAW);
            parts::several((title, shown, back))
        }
        Some(Ok(details)) => {
            let look = move || {
                saw.set(true);
                request_animation_frame(|| page::focus(SAW));
            };
            parts::several((
                lists(&details),
                parts::button(words::WHAT_RELAY_SAW, "button button-quiet", look),
            ))
        }
    });
    html::div().class("dialog-body").child(inside).into_any()
}

fn lists(details: &MessageDetails) -> AnyView {
    let (mut read, mut delivered, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (member, state) in details.members.clone() {
        match state {
            Delivery::Read => &mut read,
            Delivery::Delivered => &mut delivered,
            Delivery::Waiting | Delivery::Sent | Delivery::Failed => &mut others,
        }
        .push(member);
    }
    let lists = [("Read by", read), ("Delivered to", delivered), ("Not yet delivered to", others)];
    let times = details.stored.map(|stored| parts::text("note", words::sent_at(&at(stored))));
    let nobody = details.stored.is_none().then(|| parts::text("note", words::NOT_SENT_YET));
    let mut shown: Vec<AnyView> = lists
        .into_iter()
        .filter(|(_, people)| !people.is_empty())
        .map(|(name, people)| list(name, &people))
        .collect();
    if !details.reactions.is_empty() {
        let rows = details.reactions.iter().map(|(person, sign)| row(person, Some(sign.clone()))).collect();
        shown.push(titled("Reactions", rows));
    }
    if !details.versions.is_empty() {
        let rows = details.versions.iter().map(|(time, text)| {
            let said = html::p().class("said").attr("dir", "auto").child(text.clone());
            html::li().class("version").child((said, parts::text("quiet", at(*time)))).into_any()
        });
        shown.push(titled("Earlier versions", rows.collect()));
    }
    parts::several((times, nobody, shown))
}

fn at(time: UnixMillis) -> String {
    let local = LocalTime::new(time, clock::minutes_east(time));
    format!("{}, {}", local.date(), local.clock())
}

fn list(name: &'static str, people: &[AuthorView]) -> AnyView {
    titled(name, people.iter().map(|person| row(person, None)).collect())
}

fn row(person: &AuthorView, sign: Option<String>) -> AnyView {
    let name = html::span().attr("dir", "auto").child(person.name.clone());
    let sign = sign.map(|sign| html::span().class("told-sign").child(sign));
    let inside = (avatar::person(&person.name, person.colour, ""), name, sign);
    html::li().class("member-row").child(inside).into_any()
}

fn titled(name: &'static str, rows: Vec<AnyView>) -> AnyView {
    let list = html::ul().class("members").attr("role", "list").attr("aria-label", name).child(rows);
    parts::section("told-list", vec![html::h3().child(name).into_any(), list.into_any()])
}

//! Who has an own message of a group.

use leptos::prelude::*;
use parley_engine::view::{AuthorView, Command, CommandError, Delivery, MessageDetails, Reply};
use parley_protocol::ids::MessageId;

use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{avatar, html, parts};
use crate::ui::words;

/// What the dialog has inside.
pub(crate) fn body(app: App, id: MessageId) -> AnyView {
    let details = RwSignal::new(None::<Result<MessageDetails, CommandError>>);
    // Its place may change when it is sent, and its state whenever somebody reads it.
    let place = Memo::new(move || {
        app.open.with(|open| {
            let message = open.window.messages().iter().find(|it| it.id == id)?;
            Some((open.id?, message.order, message.told, message.outgoing))
        })
    });
    Effect::new(move |_| {
        let Some((conversation, order, ..)) = place.get() else { return };
        app.ask(Command::ShowMessage { conversation, order }, move |reply| {
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
        Some(Ok(details)) => lists(details),
    });
    html::div().class("dialog-body").child(inside).into_any()
}

fn lists(details: MessageDetails) -> AnyView {
    let (mut read, mut delivered, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for (member, state) in details.members {
        match state {
            Delivery::Read => &mut read,
            Delivery::Delivered => &mut delivered,
            Delivery::Waiting | Delivery::Sent | Delivery::Failed => &mut others,
        }
        .push(member);
    }
    let lists = [("Read by", read), ("Delivered to", delivered), ("Not yet delivered to", others)];
    let shown: Vec<AnyView> = lists
        .into_iter()
        .filter(|(_, people)| !people.is_empty())
        .map(|(name, people)| list(name, &people))
        .collect();
    if shown.is_empty() { parts::text("note", words::NOBODY_ELSE) } else { parts::several(shown) }
}

fn list(name: &'static str, people: &[AuthorView]) -> AnyView {
    let rows: Vec<AnyView> = people
        .iter()
        .map(|person| {
            let name = html::span().attr("dir", "auto").child(person.name.clone());
            let inside = (avatar::member(&person.name, person.colour, ""), name);
            html::li().class("member-row").child(inside).into_any()
        })
        .collect();
    let list = html::ul().class("members").attr("role", "list").attr("aria-label", name).child(rows);
    parts::section("told-list", vec![html::h3().child(name).into_any(), list.into_any()])
}

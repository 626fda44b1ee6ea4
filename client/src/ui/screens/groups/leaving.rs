//! Leaves a group, and deletes its messages.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, Reply, Role};
use parley_protocol::ids::AccountId;

use super::panel::{Panel, section};
use crate::model::hex;
use crate::platform::page;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::deleting;
use crate::ui::words;

const LEAVE: &str = "leave-group";

/// The two buttons, each with its question.
pub(super) fn leaving(panel: Panel) -> AnyView {
    let asked = RwSignal::new(false);
    let delete = deleting::chat(panel.app, panel.id, words::DELETE_GROUP.to_owned(), RwSignal::new(false));
    let leave = parts::dynamic(move || if asked.get() { question(panel, asked) } else { button(asked) });
    section("Chat", vec![leave, delete])
}

fn button(asked: RwSignal<bool>) -> AnyView {
    html::button()
        .class("button button-quiet")
        .attr("id", LEAVE)
        .attr("type", "button")
        .on(ev::click, move |_| asked.set(true))
        .child("Leave group")
        .into_any()
}

fn question(panel: Panel, asked: RwSignal<bool>) -> AnyView {
    let owner = RwSignal::new(None::<AccountId>);
    let failed = RwSignal::new(None);
    let alone = Memo::new(move || {
        panel.role() == Role::Owner && panel.owners() == 1 && panel.with(|view| view.members.len()) > 1
    });
    let leave = move || {
        let command = Command::LeaveGroup { conversation: panel.id, owner: owner.get_untracked() };
        panel.app.ask(command, move |reply| match reply {
            Reply::Done if asked.try_get_untracked().is_some() => panel.app.close_dialog(),
            Reply::Failed(error) => {
                let _ = failed.try_set(Some(error));
            }
            _ => {}
        });
    };
    let said = parts::several(vec![
        parts::alert("", words::LEAVE),
        parts::maybe(move || alone.get().then(|| next_owner(panel, owner))),
        parts::maybe(move || {
            failed.get().map(|error| parts::alert("note note-bad", words::command_error(error)))
        }),
    ]);
    parts::confirm(said, "Leave", leave, move || {
        asked.set(false);
        request_animation_frame(|| page::focus(LEAVE));
    })
}

/// Chooses the next owner when the only one leaves.
fn next_owner(panel: Panel, owner: RwSignal<Option<AccountId>>) -> AnyView {
    let me = panel.app.me();
    let others = panel.with(|view| {
        let others = view.members.iter().filter(|it| Some(it.account) != me);
        others.map(|it| (it.account, it.name.clone())).collect::<Vec<_>>()
    });
    let first = html::option().attr("value", "").child(words::GROUP_CHOOSES).into_any();
    let options = others.into_iter().map(|(account, name)| {
        html::option().attr("value", hex::encode(account.as_bytes())).child(name).into_any()
    });
    let select = html::select()
        .attr("id", "next-owner")
        .on(ev::change, move |event| {
            owner.set(hex::decode(&event_target_value(&event)).map(AccountId));
        })
        .child(core::iter::once(first).chain(options).collect::<Vec<_>>());
    html::div()
        .class("next-owner")
        .child((
            html::p().child(words::LEAVE_OWNER),
            html::label().attr("for", "next-owner").child("Next owner"),
            select,
        ))
        .into_any()
}

//! Answers an invitation to a group: join, decline, or block the sender.

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, GroupStanding, GroupSummary, Reply};

use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::words;

/// The id of the button that asks the question, to which the focus returns.
const BLOCK: &str = "block";

/// The elements in place of the composer.
pub(crate) fn foot(app: App, id: ConversationId, group: GroupSummary, name: Memo<String>) -> AnyView {
    let GroupSummary { members, standing, .. } = group;
    let GroupStanding::Invited { by, username } = standing else { return parts::nothing() };
    let (asked, failed) = (RwSignal::new(false), RwSignal::new(None));
    let fail = move |reply: Reply| {
        if let Reply::Failed(error) = reply {
            let _ = failed.try_set(Some(error));
        }
    };
    let join = move || {
        app.ask(Command::JoinGroup(id), move |reply| match reply {
            // The composer takes this place and the focus.
            Reply::Done if !page::is_touch() => request_animation_frame(|| page::focus("message")),
            reply => fail(reply),
        });
    };
    let decline = move |block| {
        app.ask(Command::DeclineGroup { conversation: id, block }, move |reply| match reply {
            Reply::Done => go(&Route::Home),
            reply => fail(reply),
        });
    };
    let inside = move || {
        if asked.get() {
            return question(&by, username.as_deref(), move || decline(true), asked);
        }
        let block = html::button()
            .class("button button-quiet")
            .attr("id", BLOCK)
            .attr("type", "button")
            .on(leptos::ev::click, move |_| asked.set(true))
            .child("Block");
        let buttons = vec![
            parts::button("Join", "button", join),
            parts::button("Decline", "button button-quiet", move || decline(false)),
            block.into_any(),
        ];
        let about = words::invited_to(&by, username.as_deref(), &name.get(), members);
        parts::several(vec![
            parts::text("request-question", about),
            parts::text("request-about", words::JOINING),
            parts::maybe(move || {
                failed.get().map(|error| parts::alert("note note-bad", words::command_error(error)))
            }),
            parts::stack("request-buttons", buttons),
        ])
    };
    html::div()
        .class("composer request")
        .attr("role", "group")
        .attr("aria-label", "Group invitation")
        .child(parts::dynamic(inside))
        .into_any()
}

/// Asks once more, then declines and blocks.
fn question(by: &str, username: Option<&str>, block: impl Fn() + 'static, asked: RwSignal<bool>) -> AnyView {
    let question = html::div().attr("role", "alert").child((
        html::p().class("request-question").child(words::block_inviter(by, username)),
        html::p().child(words::BLOCK_INVITER),
    ));
    parts::confirm(question.into_any(), "Decline and block", block, move || {
        asked.set(false);
        request_animation_frame(|| page::focus(BLOCK));
    })
}

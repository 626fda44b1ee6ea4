//! What stands below the messages of a group: the composer, why nothing can be written, or what to do about an invitation.

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, GroupStanding, GroupSummary, Reply};

use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::{composer, deleting};
use crate::ui::words;

/// Where the question is asked, and where the focus goes back to.
const BLOCK: &str = "block";
/// What has the focus when the composer that had it is gone.
const SILENT: &str = "no-composer";

/// What is there: as little as it changes with, so that a composer stays while members come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Foot {
    Composer,
    Silent(GroupStanding),
    Invited(GroupSummary),
}

/// In the place of the composer.
pub(crate) fn foot(app: App, id: ConversationId, name: Memo<String>) -> AnyView {
    let chat = app.chat(id);
    let foot = Memo::new(move || {
        let group = chat.with(|chat| chat.as_ref().and_then(|chat| chat.group.clone()));
        group.map(|group| match group.standing {
            GroupStanding::Invited { .. } => Foot::Invited(group),
            GroupStanding::Member if group.may_write => Foot::Composer,
            standing => Foot::Silent(standing),
        })
    });
    parts::maybe(move || {
        Some(match foot.get()? {
            Foot::Composer => composer::composer(app, id, name),
            Foot::Silent(standing) => silent(app, id, &standing),
            Foot::Invited(group) => invitation(app, id, group, name),
        })
    })
}

fn silent(app: App, id: ConversationId, standing: &GroupStanding) -> AnyView {
    let said = words::may_not_write(standing).unwrap_or_default();
    let about = html::p().class("request-about").attr("id", SILENT).attr("tabindex", "-1").child(said);
    request_animation_frame(|| page::keep_focus(SILENT));
    let mut foot = vec![about.into_any()];
    match standing {
        GroupStanding::Left | GroupStanding::Removed => {
            let question = words::DELETE_LEFT.to_owned();
            foot.push(deleting::chat(app, id, question, RwSignal::new(false)));
        }
        GroupStanding::Paused => foot.push(parts::button("Reload", "button button-quiet", page::reload)),
        GroupStanding::Member | GroupStanding::Lost | GroupStanding::Invited { .. } => {}
    }
    parts::stack("composer request", foot)
}

fn invitation(app: App, id: ConversationId, group: GroupSummary, name: Memo<String>) -> AnyView {
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
            // The composer takes this place, and has the focus.
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

/// Asks once, declines and blocks.
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

//! The foot of a group's chat: the composer, the reason why the person cannot write, or the seldom-used answers to an
//! invitation.

use leptos::prelude::*;
use parley_engine::view::{AskStage, Command, ConversationId, GroupStanding, GroupSummary};

use crate::model::route::Route;
use crate::platform::page;
use crate::ui::app::state::{App, go};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::screens::conversation::{composer, deleting};
use crate::ui::screens::seldom;
use crate::ui::words;

/// The id of the element that takes the focus from a composer that is gone.
const SILENT: &str = "no-composer";

/// The kind of foot. It has as few fields as possible, so that a composer stays while members come and go.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Foot {
    Composer,
    Silent(GroupStanding),
    Invited(GroupSummary),
}

/// The element in place of the composer.
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
            Foot::Invited(group) => seldom::invitation(app, id, &group, name),
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
        GroupStanding::Asked(stage) => {
            let name = if *stage == AskStage::Over { "Remove from list" } else { "Withdraw request" };
            let withdraw = move || app.ask(Command::WithdrawAsk(id), |_| go(&Route::Home));
            foot.push(parts::button(name, "button button-quiet", withdraw));
        }
        GroupStanding::Member | GroupStanding::Lost | GroupStanding::Invited { .. } => {}
    }
    parts::stack("composer request", foot)
}

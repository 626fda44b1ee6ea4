//! How long messages last in a chat.

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, Reply};

use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, parts};
use crate::ui::words;

const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;
/// What is offered, in seconds.
const CHOICES: [u32; 6] = [0, HOUR, 8 * HOUR, DAY, 7 * DAY, 28 * DAY];

/// The choice, or what holds where this person may not choose; with what it does.
pub(crate) fn choice(app: App, id: ConversationId, allowed: Memo<bool>) -> AnyView {
    let chat = app.chat(id);
    let now = Memo::new(move || chat.with(|chat| chat.as_ref().map_or(0, |chat| chat.timer)));
    let failed = RwSignal::new(None);
    let set = move |event| {
        let value = event_target_value(&event);
        let Some(seconds) = CHOICES.into_iter().find(|it| it.to_string() == value) else { return };
        failed.set(None);
        app.ask(Command::SetTimer { conversation: id, seconds }, move |reply| {
            if let Reply::Failed(error) = reply {
                let _ = failed.try_set(Some(error));
            }
        });
    };
    let line = parts::dynamic(move || {
        let now = now.get();
        if !allowed.get() {
            let name = html::span().child(words::DISAPPEARING).into_any();
            let value = html::span().class("quiet").child(words::lasting(now)).into_any();
            return parts::stack("setting-line", vec![name, value]);
        }
        // What another version has chosen is shown, and not offered.
        let other = Some(now).filter(|now| !CHOICES.contains(now));
        let options = CHOICES.into_iter().chain(other).map(|it| {
            let option = html::option().attr("value", it.to_string()).child(words::lasting(it));
            if it == now { option.attr("selected", "") } else { option }
        });
        let select = html::select()
            .attr("id", "timer")
            .on(ev::change, set)
            .child(options.collect::<Vec<_>>())
            .into_any();
        let name = html::label().attr("for", "timer").child(words::DISAPPEARING).into_any();
        parts::stack("setting-line", vec![name, select])
    });
    let fault = parts::maybe(move || {
        failed.get().map(|error| parts::alert("note note-bad", words::command_error(error)))
    });
    parts::stack("setting-lines", vec![line, parts::text("quiet", words::ABOUT_DISAPPEARING), fault])
}

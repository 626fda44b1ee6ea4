//! What stands in composers: in this page, under seal in localStorage (`unsaved.rs`), and on the device, which is asked to save it
//! when somebody pauses or leaves.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, ConversationView, Reply};

use crate::model::draft::{Draft, Save, Sending, Unsaved};
use crate::model::text;
use crate::platform::{clock, random, timer};
use crate::ui::app::state::App;
use crate::ui::app::unsaved;

/// How long a text that was sent may take to the disk until it is shown that it is not there, in milliseconds.
const GRACE: u64 = 300;

/// What a composer begins with.
pub(crate) fn begin(app: App, id: ConversationId) -> String {
    if let Some(chat) = app.chats.with_untracked(|chats| chats.get(id).cloned()) {
        with(app, id, |draft| draft.hear(&chat.draft, chat.draft_sent));
    }
    with(app, id, |draft| draft.settle(clock::now().0));
    with(app, id, |draft| draft.text().to_owned())
}

/// The device tells of a conversation.
pub(crate) fn hear(app: App, chat: &ConversationView) {
    let known = app.drafts.with_value(|drafts| drafts.iter().any(|(id, _)| *id == chat.id));
    if known {
        with(app, chat.id, |draft| draft.hear(&chat.draft, chat.draft_sent));
        settle(app, chat.id);
    }
}

/// Somebody types.
pub(crate) fn type_text(app: App, id: ConversationId, text: &str) {
    with(app, id, |draft| draft.type_text(text, clock::now().0));
    unsaved::keep(app);
}

/// The composer gets the keyboard, or loses it.
pub(crate) fn focus(app: App, id: ConversationId, focused: bool) {
    with(app, id, |draft| draft.focus(focused));
    settle(app, id);
    if !focused {
        save(app, id);
    }
}

/// An input method begins or ends to compose.
pub(crate) fn compose(app: App, id: ConversationId, composing: bool) {
    with(app, id, |draft| draft.compose(composing));
    settle(app, id);
}

/// The composer is not on the screen any more.
pub(crate) fn leave(app: App, id: ConversationId) {
    focus(app, id, false);
}

/// What may stand in the composer now is put there.
fn settle(app: App, id: ConversationId) {
    if with(app, id, |draft| draft.settle(clock::now().0)) {
        app.replaced.set(Some(id));
    }
    unsaved::keep(app);
}

/// Once a second: who has paused has their draft saved, and what waited for that is shown.
pub(crate) fn tick(app: App) {
    let now = clock::now().0;
    for id in all(app) {
        settle(app, id);
        if with(app, id, |draft| draft.rests(now)) {
            save(app, id);
        }
    }
}

/// Has the device save what it does not have.
fn save(app: App, id: ConversationId) {
    let Some(Save { text, over }) = with(app, id, Draft::save) else { return };
    app.ask(Command::SetDraft { conversation: id, text: text.clone(), over }, move |reply| {
        with(app, id, |draft| draft.answered(&text, reply == Reply::Done));
        settle(app, id);
    });
}

/// The device was removed: it keeps what stands in composers, whatever another page has.
pub(crate) fn keep_all(app: App) {
    for (conversation, left) in unsaved(app) {
        for Save { text, over } in left.draft.into_iter().chain(left.found) {
            app.ask(Command::SetDraft { conversation, text: text.clone(), over }, move |reply| {
                with(app, conversation, |draft| draft.answered(&text, reply == Reply::Done));
            });
        }
    }
    unsaved::keep(app);
}

/// The page may be gone soon.
pub(crate) fn save_all(app: App) {
    for id in all(app) {
        save(app, id);
    }
    unsaved::keep(app);
}

/// Sends what stands in the composer; false while too much waits for the disk.
pub(crate) fn send(app: App, id: ConversationId) -> bool {
    let request = u64::from_le_bytes(random::bytes());
    let Some(sending) = with(app, id, |draft| draft.send(request, clock::now().0)) else { return false };
    if let Some(to) = app.take_answer(id) {
        app.answers.update_value(|answers| answers.push((request, to)));
    }
    // Whatever happens to the page from here on, the text is sent.
    unsaved::keep(app);
    ask(app, id, sending);
    true
}

fn ask(app: App, id: ConversationId, sending: Sending) {
    let Sending { id: request, text, over } = sending;
    let text = text::sent(&text).to_owned();
    let answers = |answers: &Vec<(u64, _)>| answers.iter().find(|(of, _)| *of == request).map(|(_, to)| *to);
    let command = match app.answers.with_value(answers) {
        Some(to) => Command::Reply { conversation: id, text, over, to },
        None => Command::SendText { conversation: id, text, over },
    };
    timer::after(GRACE, move || show_unsent(app)).forget();
    app.ask_as(request, command, move |reply| {
        with(app, id, |draft| draft.sent(request, !matches!(reply, Reply::Failed(_))));
        if let Reply::Failed(error) = reply {
            app.send_failure.set(Some((id, error)));
            app.replaced.set(Some(id));
        }
        app.unsent.update(|unsent| unsent.retain(|(_, sending)| sending.id != request));
        settle(app, id);
    });
}

/// What was sent and is still not on the disk is shown.
fn show_unsent(app: App) {
    let unsent: Vec<(ConversationId, Sending)> = app.drafts.with_value(|drafts| {
        let of = |(id, draft): &(ConversationId, Draft)| {
            let id = *id;
            draft.sending().iter().map(move |sending| (id, sending.clone())).collect::<Vec<_>>()
        };
        drafts.iter().flat_map(of).collect()
    });
    if app.unsent.with_untracked(|shown| *shown != unsent) {
        app.unsent.set(unsent);
    }
}

/// What a page left that is gone, or this one before the device was locked.
pub(crate) fn find(app: App, left: Vec<(ConversationId, Unsaved)>) {
    for (id, left) in left {
        if let Some(chat) = app.chats.with_untracked(|chats| chats.get(id).cloned()) {
            with(app, id, |draft| draft.hear(&chat.draft, chat.draft_sent));
        }
        let sending = left.sending.clone();
        with(app, id, |draft| draft.find(left));
        for sending in sending {
            ask(app, id, sending);
        }
        settle(app, id);
        save(app, id);
    }
}

/// What would be lost if the page went now.
pub(crate) fn unsaved(app: App) -> Vec<(ConversationId, Unsaved)> {
    app.drafts.with_value(|drafts| {
        let all = drafts.iter().map(|(id, draft)| (*id, draft.unsaved()));
        all.filter(|(_, unsaved)| !unsaved.is_empty()).collect()
    })
}

/// Why the last text could not be sent, in this conversation.
pub(crate) fn failure(app: App, id: ConversationId) -> Option<CommandError> {
    app.send_failure.get().filter(|(failed, _)| *failed == id).map(|(_, error)| error)
}

fn all(app: App) -> Vec<ConversationId> {
    app.drafts.with_value(|drafts| drafts.iter().map(|(id, _)| *id).collect())
}

/// What stands in the composer of a conversation.
pub(crate) fn text(app: App, id: ConversationId) -> String {
    with(app, id, |draft| draft.text().to_owned())
}

fn with<T>(app: App, id: ConversationId, act: impl FnOnce(&mut Draft) -> T) -> T {
    let mut drafts = app.drafts.write_value();
    if let Some((_, draft)) = drafts.iter_mut().find(|(known, _)| *known == id) {
        return act(draft);
    }
    let mut draft = Draft::default();
    let done = act(&mut draft);
    drafts.push((id, draft));
    done
}

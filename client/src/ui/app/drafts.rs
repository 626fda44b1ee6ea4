//! Keeps the texts in composers: in this page, sealed in localStorage (`unsaved.rs`), and on the device, which the page asks to
//! save a text when the person pauses or leaves.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, ConversationView, Reply};

use crate::model::draft::{Draft, Save, Sending, Unsaved};
use crate::model::text;
use crate::platform::{clock, random, timer};
use crate::ui::app::state::App;
use crate::ui::app::unsaved;

/// How long a sent text may take to reach the disk before the page shows that it is not there yet, in milliseconds.
const GRACE: u64 = 300;

/// The text with which a composer begins.
pub(crate) fn begin(app: App, id: ConversationId) -> String {
    if let Some(chat) = app.chats.with_untracked(|chats| chats.get(id).cloned()) {
        with(app, id, |draft| draft.hear(&chat.draft, chat.draft_sent));
    }
    with(app, id, |draft| draft.settle(clock::now().0));
    with(app, id, |draft| draft.text().to_owned())
}

/// Takes the draft that the device reports for a conversation.
pub(crate) fn hear(app: App, chat: &ConversationView) {
    let known = app.drafts.with_value(|drafts| drafts.iter().any(|(id, _)| *id == chat.id));
    if known {
        with(app, chat.id, |draft| draft.hear(&chat.draft, chat.draft_sent));
        settle(app, chat.id);
    }
}

/// Takes the text that the person typed.
pub(crate) fn type_text(app: App, id: ConversationId, text: &str) {
    with(app, id, |draft| draft.type_text(text, clock::now().0));
    unsaved::keep(app);
}

/// Notes that the composer got or lost the focus.
pub(crate) fn focus(app: App, id: ConversationId, focused: bool) {
    with(app, id, |draft| draft.focus(focused));
    settle(app, id);
    if !focused {
        save(app, id);
    }
}

/// Notes that an input method began or ended to compose.
pub(crate) fn compose(app: App, id: ConversationId, composing: bool) {
    with(app, id, |draft| draft.compose(composing));
    settle(app, id);
}

/// Notes that the composer has left the screen.
pub(crate) fn leave(app: App, id: ConversationId) {
    focus(app, id, false);
}

/// Puts into the composer the text that may stand there now.
fn settle(app: App, id: ConversationId) {
    if with(app, id, |draft| draft.settle(clock::now().0)) {
        app.replaced.set(Some(id));
    }
    unsaved::keep(app);
}

/// Runs once a second: saves the drafts of composers in which the person has paused, and shows the texts that waited for the
/// pause.
pub(crate) fn tick(app: App) {
    let now = clock::now().0;
    for id in all(app) {
        settle(app, id);
        if with(app, id, |draft| draft.rests(now)) {
            save(app, id);
        }
    }
}

/// Asks the device to save the text of a composer that it does not have.
fn save(app: App, id: ConversationId) {
    let Some(Save { text, over }) = with(app, id, Draft::save) else { return };
    app.ask(Command::SetDraft { conversation: id, text: text.clone(), over }, move |reply| {
        with(app, id, |draft| draft.answered(&text, reply == Reply::Done));
        settle(app, id);
    });
}

/// Asks the device, which was removed from its account, to keep all texts of composers, beside those of other pages.
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

/// Saves all drafts, because the browser may end the page soon.
pub(crate) fn save_all(app: App) {
    for id in all(app) {
        save(app, id);
    }
    unsaved::keep(app);
}

/// Sends the text in the composer. Returns false while too many texts wait for the disk.
pub(crate) fn send(app: App, id: ConversationId) -> bool {
    let request = u64::from_le_bytes(random::bytes());
    let Some(sending) = with(app, id, |draft| draft.send(request, clock::now().0)) else { return false };
    if let Some(to) = app.take_answer(id) {
        app.answers.update_value(|answers| answers.push((request, to)));
    }
    // From here on the text is sent even if the page ends.
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

/// Shows the texts that were sent and are still not on the disk.
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

/// Takes over texts of a page that is gone, or of this page before the device was locked.
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

/// The texts that would be lost if the page ended now.
pub(crate) fn unsaved(app: App) -> Vec<(ConversationId, Unsaved)> {
    app.drafts.with_value(|drafts| {
        let all = drafts.iter().map(|(id, draft)| (*id, draft.unsaved()));
        all.filter(|(_, unsaved)| !unsaved.is_empty()).collect()
    })
}

/// Why the last text of this conversation could not be sent.
pub(crate) fn failure(app: App, id: ConversationId) -> Option<CommandError> {
    app.send_failure.get().filter(|(failed, _)| *failed == id).map(|(_, error)| error)
}

fn all(app: App) -> Vec<ConversationId> {
    app.drafts.with_value(|drafts| drafts.iter().map(|(id, _)| *id).collect())
}

/// The text in the composer of a conversation.
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

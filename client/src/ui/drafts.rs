//! What stands in composers: saved about once a second, and when somebody leaves.

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId};
use parley_protocol::limits::MAX_TEXT;

use super::state::App;
use crate::platform::timer;

/// How long typing may go on before it is saved, in milliseconds.
const SAVE: u64 = 1_000;

/// One conversation's, as this page has it.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) text: String,
    /// What the device was told last.
    told: String,
    /// Answers that are still to come.
    asking: u32,
    /// It is saved soon.
    soon: bool,
}

/// What a composer begins with.
pub(super) fn begin(app: App, id: ConversationId) -> String {
    let saved = app.chats.with_untracked(|chats| chats.get(id).map(|chat| chat.draft.clone()));
    adopt(app, id, saved.unwrap_or_default());
    with(app, id, |draft| draft.text.clone())
}

/// The device has this draft; whether it takes the place of what stands here, which it does unless somebody is writing.
pub(super) fn adopt(app: App, id: ConversationId, saved: String) -> bool {
    with(app, id, |draft| {
        let takes = draft.asking == 0 && draft.text == draft.told && draft.text != saved;
        if takes {
            draft.told.clone_from(&saved);
            draft.text = saved;
        }
        takes
    })
}

/// Somebody types.
pub(super) fn typed(app: App, id: ConversationId, text: &str) {
    let first = with(app, id, |draft| {
        text.clone_into(&mut draft.text);
        !std::mem::replace(&mut draft.soon, true)
    });
    if first {
        timer::after(SAVE, move || save(app, id)).forget();
    }
}

/// Saves what is not saved.
pub(super) fn save(app: App, id: ConversationId) {
    let text = with(app, id, |draft| {
        draft.soon = false;
        let new = draft.text != draft.told && draft.text.len() <= MAX_TEXT;
        new.then(|| {
            draft.told.clone_from(&draft.text);
            draft.asking = draft.asking.saturating_add(1);
            draft.text.clone()
        })
    });
    if let Some(text) = text {
        app.ask(Command::SetDraft { conversation: id, text }, move |_| answered(app, id));
    }
}

/// Saves all of them: the page may be gone soon.
pub(super) fn save_all(app: App) {
    let ids: Vec<ConversationId> = app.drafts.with_value(|drafts| drafts.iter().map(|(id, _)| *id).collect());
    for id in ids {
        save(app, id);
    }
}

/// What stood there is being sent: the device forgets the draft by itself.
pub(super) fn sent(app: App, id: ConversationId) {
    with(app, id, |draft| {
        draft.text.clear();
        draft.told.clear();
        draft.asking = draft.asking.saturating_add(1);
    });
}

/// The device has answered.
pub(super) fn answered(app: App, id: ConversationId) {
    with(app, id, |draft| draft.asking = draft.asking.saturating_sub(1));
}

/// What could not be sent goes back to where it was written, before what is there.
pub(super) fn take_back(app: App, id: ConversationId, text: String) -> String {
    let text = with(app, id, |draft| match draft.text.as_str() {
        "" => text,
        written => format!("{text}\n{written}"),
    });
    typed(app, id, &text);
    text
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

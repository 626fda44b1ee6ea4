//! Files in chats. What is here is in the page from the start: the buttons, and what takes what is pasted or dropped. All else is a
//! part that is loaded when it is first needed.

pub(crate) mod attach;
pub(crate) mod content;
pub(crate) mod dialogs;
pub(crate) mod playing;
pub(crate) mod record;
pub(crate) mod stored;
pub(crate) mod tiles;
pub(crate) mod transfer;
pub(crate) mod viewer;

use leptos::ev;
use leptos::prelude::*;
use parley_engine::view::{BodyView, Consent, ConversationId, FileState, FilesView};

use crate::model::history::FilesOver;
use crate::model::rows::Bubble;
use crate::platform::files::{self, File};
use crate::ui::app::state::{App, Dialog};
use crate::ui::design::memo::Memo;
use crate::ui::design::{html, icons, modal, parts};
use crate::ui::screens::conversation::said;
use crate::ui::screens::seldom;

/// The field behind the button.
const FIELD: &str = "attach-files";

/// In which chat a message stands.
#[derive(Clone, Copy)]
pub(crate) struct Place(pub(crate) App, pub(crate) ConversationId);

/// What a message says, wherever its files are just now: that changes by itself.
pub(crate) fn wherever(body: &BodyView) -> BodyView {
    let mut body = body.clone();
    if let BodyView::Files(view) = &mut body {
        view.files.iter_mut().for_each(|file| file.state = FileState::There);
    }
    body
}

/// What a message with files has inside.
pub(crate) fn inside(view: FilesView, now: Memo<Bubble>) -> AnyView {
    let caption = (!view.text.is_empty()).then(|| said::said(view.text.clone()));
    let files = use_context::<Place>().map(|place| seldom::files(place, view, now));
    parts::several((files, caption))
}

/// The buttons of the composer.
pub(crate) fn buttons(app: App, id: ConversationId) -> AnyView {
    let field = html::input()
        .attr("type", "file")
        .attr("id", FIELD)
        .attr("multiple", "")
        .attr("hidden", "")
        .attr("aria-hidden", "true")
        .attr("tabindex", "-1")
        .on(ev::change, move |_| app.attach(id, files::take_chosen(FIELD)));
    let record = move || app.show(Dialog::Files(FilesOver::Record(id)));
    parts::several((
        field,
        parts::icon_button("Attach", "icon-button attach", icons::attach(), || files::choose(FIELD)),
        parts::icon_button("Record voice message", "icon-button attach", icons::microphone(), record),
    ))
}

/// Files that come with an event.
pub(crate) fn carried(event: &ev::Event, by: &str) -> Vec<File> {
    files::carried(event, by)
}

/// Whether something can be written in a chat.
pub(crate) fn can_send(app: App, id: ConversationId) -> bool {
    app.chats.with_untracked(|chats| {
        chats.get(id).is_some_and(|chat| chat.consent == Consent::Granted && chat.restored.is_none())
    })
}

/// A dialog that has to do with files.
pub(crate) fn dialog(app: App, what: FilesOver) -> AnyView {
    let (title, class) = match what {
        FilesOver::Attach(_) => ("Send files", "dialog"),
        FilesOver::Record(_) => ("Voice message", "dialog"),
        FilesOver::View(..) => ("Picture", "dialog viewer"),
    };
    modal::modal(app, title, || None, class, seldom::files_dialog(app, what))
}

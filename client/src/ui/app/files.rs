//! Tracks the state of each file, and the files chosen for sending, before the page loads its part for files.

use leptos::prelude::*;
use parley_engine::view::{BodyView, ConversationId, FileId, FileState, MessageView};

use crate::model::history::FilesOver;
use crate::platform::files::File;
use crate::ui::app::state::{App, Dialog};

impl App {
    /// The state of a file.
    pub(crate) fn file_state(self, file: FileId) -> ArcRwSignal<FileState> {
        let make = || ArcRwSignal::new(FileState::There);
        let get =
            |files: &mut std::collections::BTreeMap<_, _>| files.entry(file).or_insert_with(make).clone();
        self.files.try_update_value(get).unwrap_or_else(make)
    }

    /// Takes the new state of a file.
    pub(crate) fn file_is(self, file: FileId, state: FileState) {
        let known = self.file_state(file);
        if known.with_untracked(|known| *known != state) {
            known.set(state);
        }
    }

    /// Notes the state of each file of these messages.
    pub(crate) fn learn_files<'a>(self, messages: impl Iterator<Item = &'a MessageView>) {
        for message in messages {
            if let BodyView::Files(view) = &message.body {
                view.files.iter().for_each(|file| self.file_is(file.id, file.state));
            }
        }
    }

    /// Takes files that the person has chosen, pasted or dropped, and opens the dialog in which they check them before sending.
    pub(crate) fn attach(self, id: ConversationId, files: Vec<File>) {
        if files.is_empty() {
            return;
        }
        self.chosen.update_value(|chosen| chosen.extend(files));
        let dialog = Dialog::Files(FilesOver::Attach(id));
        if self.dialog.with_untracked(|open| *open == Some(dialog.clone())) {
            self.chosen_again.update(|count| *count = count.wrapping_add(1));
        } else {
            self.show(dialog);
        }
    }
}

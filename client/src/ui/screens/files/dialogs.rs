//! The contents of the dialogs about files.

use leptos::prelude::*;

use super::{attach, record, viewer};
use crate::model::history::FilesOver;
use crate::ui::app::state::App;

pub(crate) fn body(app: App, what: FilesOver) -> AnyView {
    match what {
        FilesOver::Attach(id) => attach::body(app, id),
        FilesOver::Record(id) => record::body(app, id),
        FilesOver::View(message, place) => viewer::body(app, message, place),
    }
}

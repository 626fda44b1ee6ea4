//! Groups' pictures, as far as they are known in this page. The list of chats says only which picture a group has: it is asked for
//! when that is a new one.

use std::collections::HashMap;

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, ConversationView, GroupStanding, GroupView, Reply};

use crate::platform::files::{self, File};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;

/// The picture of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Which one it is, or will be once it has come.
    hash: [u8; 32],
    /// Where the page shows it.
    address: Option<String>,
}

/// All of them.
pub(crate) type Pictures = HashMap<ConversationId, Picture>;

/// Where a group's picture is shown; none if it has none.
pub(crate) fn of(app: App, id: ConversationId) -> Memo<Option<String>> {
    Memo::new(move || {
        app.pictures.with(|pictures| pictures.get(&id).and_then(|picture| picture.address.clone()))
    })
}

/// A chat is new or changed. What strangers want to be seen waits until the person has joined.
pub(crate) fn hear(app: App, chat: &ConversationView) {
    let id = chat.id;
    let group = chat.group.as_ref().filter(|it| !matches!(it.standing, GroupStanding::Invited { .. }));
    let wanted = group.and_then(|group| group.picture);
    if app.pictures.with_untracked(|pictures| pictures.get(&id).map(|it| it.hash) == wanted) {
        return;
    }
    let Some(hash) = wanted else {
        return app.pictures.update(|pictures| {
            pictures.remove(&id).iter().for_each(drop_address);
        });
    };
    // The one before is shown until the new one is here.
    app.pictures.update_untracked(|pictures| {
        pictures.entry(id).or_insert(Picture { hash, address: None }).hash = hash;
    });
    app.ask(Command::ShowGroup(id), move |reply| {
        if let Reply::Group(view) = reply {
            learn(app, hash, &view);
        }
    });
}

fn learn(app: App, hash: [u8; 32], view: &GroupView) {
    let address = view.picture.as_ref().and_then(|bytes| File::of_bytes(bytes)?.address());
    let picture = Picture { hash, address };
    let wanted = |pictures: &Pictures| pictures.get(&view.conversation).is_some_and(|it| it.hash == hash);
    if !app.pictures.with_untracked(wanted) {
        return drop_address(&picture);
    }
    app.pictures.update(|pictures| {
        pictures.insert(view.conversation, picture).iter().for_each(drop_address);
    });
}

/// The device is locked: nothing of it stays.
pub(crate) fn forget(app: App) {
    app.pictures.with_untracked(|pictures| pictures.values().for_each(drop_address));
    app.pictures.set(Pictures::new());
}

fn drop_address(picture: &Picture) {
    if let Some(address) = &picture.address {
        files::forget(address);
    }
}

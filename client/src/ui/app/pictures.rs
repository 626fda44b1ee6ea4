//! Keeps the pictures of groups that this page knows. The list of chats names a group's picture only by its hash; the page asks
//! the owner for a picture with a new hash.

use std::collections::HashMap;

use leptos::prelude::*;
use parley_engine::view::{Command, ConversationId, ConversationView, GroupStanding, GroupView, Reply};

use crate::platform::files::{self, File};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;

/// The picture of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// The hash of the picture, which the page has or waits for.
    hash: [u8; 32],
    /// The object URL of the picture.
    address: Option<String>,
}

/// All of them.
pub(crate) type Pictures = HashMap<ConversationId, Picture>;

/// The object URL of a group's picture; none if the page has no picture for it.
pub(crate) fn of(app: App, id: ConversationId) -> Memo<Option<String>> {
    Memo::new(move || {
        app.pictures.with(|pictures| pictures.get(&id).and_then(|picture| picture.address.clone()))
    })
}

/// Takes a new or changed chat. The page does not fetch a picture of an invitation before the person has joined: strangers
/// chose it.
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
    // The page shows the picture before until the new one has come.
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

/// Forgets all pictures, because the device is locked.
pub(crate) fn forget(app: App) {
    app.pictures.with_untracked(|pictures| pictures.values().for_each(drop_address));
    app.pictures.set(Pictures::new());
}

fn drop_address(picture: &Picture) {
    if let Some(address) = &picture.address {
        files::forget(address);
    }
}

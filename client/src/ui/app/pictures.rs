//! Groups' pictures, as far as they are known in this page. The list of chats does not say them: each group is asked once, and again
//! when its picture changes.

use std::collections::HashMap;

use leptos::prelude::*;
use parley_engine::view::{
    BodyView, Command, ConversationId, GroupLine, GroupStanding, GroupView, MessageView, Reply,
};

use crate::platform::files::{self, File};
use crate::ui::app::state::App;
use crate::ui::design::memo::Memo;

/// What is known of one group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Picture {
    bytes: Vec<u8>,
    /// Where the page shows it; none if there is none.
    address: Option<String>,
}

/// All of them.
pub(crate) type Pictures = HashMap<ConversationId, Picture>;

/// Where a group's picture is shown. It is asked for if nobody did.
pub(crate) fn of(app: App, id: ConversationId) -> Memo<Option<String>> {
    let known = app.pictures.with_untracked(|pictures| pictures.contains_key(&id));
    let is_member = app.chats.with_untracked(|chats| {
        let group = chats.get(id).and_then(|chat| chat.group.as_ref());
        group.is_some_and(|group| group.standing == GroupStanding::Member)
    });
    if !known && is_member {
        app.pictures.update_untracked(|pictures| {
            pictures.insert(id, Picture::default());
        });
        ask(app, id);
    }
    Memo::new(move || {
        app.pictures.with(|pictures| pictures.get(&id).and_then(|picture| picture.address.clone()))
    })
}

fn ask(app: App, id: ConversationId) {
    app.ask(Command::ShowGroup(id), move |reply| {
        if let Reply::Group(view) = reply {
            learn(app, &view);
        }
    });
}

/// A group says which picture it has.
pub(crate) fn learn(app: App, view: &GroupView) {
    let bytes = view.picture.clone().unwrap_or_default();
    let id = view.conversation;
    let same = |pictures: &Pictures| pictures.get(&id).map_or(bytes.is_empty(), |known| known.bytes == bytes);
    if app.pictures.with_untracked(same) {
        return;
    }
    let address = view.picture.as_ref().and_then(|bytes| File::of_bytes(bytes)?.address());
    app.pictures.update(|pictures| {
        if let Some(before) = pictures.insert(id, Picture { bytes, address }) {
            drop_address(&before);
        }
    });
}

/// Messages came: one of them may say that a picture is another.
pub(crate) fn hear(app: App, id: ConversationId, messages: &[MessageView]) {
    let says = |it: &MessageView| matches!(it.body, BodyView::Group(GroupLine::Picture { .. }));
    if messages.iter().any(says) && app.pictures.with_untracked(|pictures| pictures.contains_key(&id)) {
        ask(app, id);
    }
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

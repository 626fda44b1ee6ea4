//! Holds what the person is doing with messages: the open menu, the message being answered or edited, the selection.

use std::sync::Arc;

use leptos::prelude::*;
use parley_engine::view::{BodyView, Command, ConversationId, MessageRef, MessageView, Reply};
use parley_protocol::ids::MessageId;

use crate::platform::page;
use crate::ui::app::state::App;

/// The most quoted messages that the page keeps although they are outside of the loaded window.
const MAX_QUOTED: usize = 64;

/// What the person is doing with messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) menu: Option<Menu>,
    /// The chat in the list whose menu is open, and where.
    pub(crate) chat_menu: Option<(ConversationId, (i32, i32))>,
    /// The chat for whose composer the person chooses an emoji, and where the picker opens.
    pub(crate) picking: Option<(ConversationId, (i32, i32))>,
    /// The text that the composer of this chat inserts next.
    pub(crate) inserted: Option<(ConversationId, String)>,
    pub(crate) composing: Option<Composing>,
    pub(crate) selection: Option<Selection>,
    /// The texts for which the person still has to choose the chats.
    pub(crate) forwarding: Vec<String>,
    /// Messages that are quoted but are not in the loaded window.
    quoted: Vec<(MessageRef, Quoted)>,
}

/// A message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Quoted {
    Here(Arc<MessageView>),
    /// This device does not have the message.
    Missing,
}

impl Quoted {
    pub(crate) fn message(&self) -> Option<&MessageView> {
        match self {
            Self::Here(message) => Some(message),
            Self::Missing => None,
        }
    }
}

/// The menu of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Menu {
    pub(crate) conversation: ConversationId,
    pub(crate) message: Arc<MessageView>,
    /// Where the menu opens, in CSS pixels.
    pub(crate) at: (i32, i32),
}

/// The message that the person edits or answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Composing {
    pub(crate) conversation: ConversationId,
    pub(crate) message: Arc<MessageView>,
    /// True for an edit, false for an answer.
    pub(crate) edits: bool,
}

/// Messages that are selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) conversation: ConversationId,
    pub(crate) messages: Vec<MessageId>,
}

impl Selection {
    pub(crate) fn has(&self, id: &MessageId) -> bool {
        self.messages.contains(id)
    }
}

impl Doing {
    /// Whether a menu or the emoji picker is over the page and takes all keys.
    pub(crate) const fn is_over(&self) -> bool {
        self.menu.is_some() || self.chat_menu.is_some() || self.picking.is_some()
    }
}

/// The text of a message, if it has one.
pub(crate) fn text_of(message: &MessageView) -> Option<&str> {
    match &message.body {
        BodyView::Text(text) => Some(text),
        _ => None,
    }
}

impl App {
    /// Opens the menu of a message.
    pub(crate) fn open_menu(self, conversation: ConversationId, message: Arc<MessageView>, at: (i32, i32)) {
        if message.about.named.is_some() {
            self.doing.update(|doing| doing.menu = Some(Menu { conversation, message, at }));
        }
    }

    /// Opens the menu of a chat in the list.
    pub(crate) fn open_chat_menu(self, id: ConversationId, at: (i32, i32)) {
        self.doing.update(|doing| doing.chat_menu = Some((id, at)));
    }

    /// Begins to answer a message, or to edit it.
    pub(crate) fn compose(self, conversation: ConversationId, message: Arc<MessageView>, edits: bool) {
        self.doing.update(|doing| doing.composing = Some(Composing { conversation, message, edits }));
        request_animation_frame(move || page::focus(if edits { "edit" } else { "message" }));
    }

    /// Ends answering or editing.
    pub(crate) fn stop_composing(self) {
        self.doing.update(|doing| doing.composing = None);
        if !page::is_touch() {
            request_animation_frame(|| page::focus("message"));
        }
    }

    /// Ends, at Escape, what the person is doing with messages. Returns whether there was anything to end.
    pub(crate) fn stops(self) -> bool {
        let does = self.doing.with_untracked(|doing| doing.composing.is_some() || doing.selection.is_some());
        if does {
            self.doing.update(|doing| doing.selection = None);
            self.stop_composing();
        }
        does
    }

    /// Takes the message that the next text of this chat answers. Later texts answer nothing.
    pub(crate) fn take_answer(self, id: ConversationId) -> Option<MessageRef> {
        let is = |it: &&mut Composing| it.conversation == id && !it.edits;
        let composing = self.doing.with_untracked(|doing| doing.composing.clone())?;
        let mut composing = Some(composing);
        let answered = composing.as_mut().filter(is)?.message.about.named;
        self.doing.update(|doing| doing.composing = None);
        answered
    }

    /// Selects a message, or removes it from the selection.
    pub(crate) fn select(self, conversation: ConversationId, id: MessageId) {
        self.doing.update(|doing| {
            let empty = || Selection { conversation, messages: Vec::new() };
            let selection = doing.selection.get_or_insert_with(empty);
            match selection.messages.iter().position(|it| *it == id) {
                Some(place) => drop(selection.messages.remove(place)),
                None => selection.messages.push(id),
            }
        });
    }

    /// Adds or removes the person's reaction to a message.
    pub(crate) fn react(self, conversation: ConversationId, message: MessageRef, sign: String, on: bool) {
        self.ask(Command::React { conversation, message, sign, on }, |_| {});
    }

    /// The message that another one answers, once the page knows it.
    pub(crate) fn quoted(self, conversation: ConversationId, message: &MessageRef) -> Option<Quoted> {
        if let Some(Some(loaded)) = self.with_open(conversation, |open| open.window.named(message).cloned()) {
            return Some(Quoted::Here(loaded));
        }
        self.doing
            .with(|doing| doing.quoted.iter().find(|(of, _)| of == message).map(|(_, quoted)| quoted.clone()))
    }

    /// Asks the owner for a quoted message that the page does not know.
    pub(crate) fn quote(self, conversation: ConversationId, message: MessageRef) {
        if untrack(|| self.quoted(conversation, &message)).is_some() {
            return;
        }
        self.ask(Command::FindMessage { conversation, message }, move |reply| {
            let Reply::Message(found) = reply else { return };
            self.doing.update(|doing| {
                let over = (doing.quoted.len() + 1).saturating_sub(MAX_QUOTED);
                doing.quoted.drain(..over);
                let quoted = found.map_or(Quoted::Missing, |found| Quoted::Here(Arc::new(*found)));
                doing.quoted.push((message, quoted));
            });
        });
    }
}

//! What somebody is doing with messages: the menu that is open, what is being answered or edited, what is selected.

use std::sync::Arc;

use leptos::prelude::*;
use parley_engine::view::{BodyView, Command, ConversationId, MessageRef, MessageView, Reply};
use parley_protocol::ids::MessageId;

use crate::platform::page;
use crate::ui::app::state::App;

/// Messages that were quoted from outside of what is loaded, at most.
const MAX_QUOTED: usize = 64;

/// What it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) menu: Option<Menu>,
    /// The chat in the list whose menu is open, and where.
    pub(crate) chat_menu: Option<(ConversationId, (i32, i32))>,
    /// Somebody chooses an emoji for the composer of this chat; where that opens.
    pub(crate) picking: Option<(ConversationId, (i32, i32))>,
    /// What goes into a composer next.
    pub(crate) inserted: Option<(ConversationId, String)>,
    pub(crate) composing: Option<Composing>,
    pub(crate) selection: Option<Selection>,
    /// Texts that wait for somebody to say where they go.
    pub(crate) forwarding: Vec<String>,
    /// Messages that are quoted and not loaded.
    quoted: Vec<(MessageRef, Quoted)>,
}

/// A message that another one answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Quoted {
    Here(Arc<MessageView>),
    /// This device does not have it.
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
    /// Where it opens, in CSS pixels.
    pub(crate) at: (i32, i32),
}

/// What is written, beside a message as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Composing {
    pub(crate) conversation: ConversationId,
    pub(crate) message: Arc<MessageView>,
    /// It is edited; else it is answered.
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
    /// Whether something is over the page that takes all keys.
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

    /// It is answered or edited no longer.
    pub(crate) fn stop_composing(self) {
        self.doing.update(|doing| doing.composing = None);
        if !page::is_touch() {
            request_animation_frame(|| page::focus("message"));
        }
    }

    /// Escape ends what somebody is doing with messages; whether they were.
    pub(crate) fn stops(self) -> bool {
        let does = self.doing.with_untracked(|doing| doing.composing.is_some() || doing.selection.is_some());
        if does {
            self.doing.update(|doing| doing.selection = None);
            self.stop_composing();
        }
        does
    }

    /// The message that the next text of a chat answers; no other one does.
    pub(crate) fn take_answer(self, id: ConversationId) -> Option<MessageRef> {
        let is = |it: &&mut Composing| it.conversation == id && !it.edits;
        let composing = self.doing.with_untracked(|doing| doing.composing.clone())?;
        let mut composing = Some(composing);
        let answered = composing.as_mut().filter(is)?.message.about.named;
        self.doing.update(|doing| doing.composing = None);
        answered
    }

    /// Selects a message, or does not any more.
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

    /// Reacts to a message with a sign, or takes that back.
    pub(crate) fn react(self, conversation: ConversationId, message: MessageRef, sign: String, on: bool) {
        self.ask(Command::React { conversation, message, sign, on }, |_| {});
    }

    /// The message that another one answers, once it is known.
    pub(crate) fn quoted(self, conversation: ConversationId, message: &MessageRef) -> Option<Quoted> {
        if let Some(Some(loaded)) = self.with_open(conversation, |open| open.window.named(message).cloned()) {
            return Some(Quoted::Here(loaded));
        }
        self.doing
            .with(|doing| doing.quoted.iter().find(|(of, _)| of == message).map(|(_, quoted)| quoted.clone()))
    }

    /// Asks for it, if it is not known.
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

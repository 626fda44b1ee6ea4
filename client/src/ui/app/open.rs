//! Holds the conversation on the screen, and loads more of its messages.

use leptos::prelude::*;
use parley_engine::view::{Command, CommandError, ConversationId, MessageRef, MessageView, Page, Reply};
use parley_protocol::ids::MessageId;

use crate::model::rows::{first_unread, is_theirs};
use crate::model::window::Window;
use crate::ui::app::state::App;

/// The conversation on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) id: Option<ConversationId>,
    /// Counts openings. A reply to a request of an earlier opening is ignored.
    opening: u32,
    pub(crate) window: Window,
    /// The first message that was unread when it was opened.
    pub(crate) unread_from: Option<MessageId>,
    /// How many messages were unread from there on, if the page knows it.
    pub(crate) unread_count: Option<u32>,
    /// Counts up each time that the list has to show the newest message.
    pub(crate) to_newest: u32,
    /// The message to which the list scrolls next.
    pub(crate) sought: Option<MessageId>,
    loading: Loading,
    pub(crate) error: Option<CommandError>,
}

/// Which pages are on their way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Loading {
    older: bool,
    newer: bool,
}

/// A side of what is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Older,
    Newer,
}

impl Open {
    /// Takes messages that came while the person did not look. New ones stand below the line above unread messages, which
    /// exists `already` or begins with them.
    pub(crate) fn came_unseen(&mut self, messages: &[MessageView], already: bool) {
        let newest = self.window.newest();
        let is_new = |message: &&MessageView| Some(message.order) > newest && is_theirs(message);
        let new = messages.iter().filter(is_new);
        let count = u32::try_from(new.clone().count()).unwrap_or(u32::MAX);
        if already {
            // The engine may report a message outside of the loaded window twice, so the page cannot count such messages.
            let counted = self.unread_count.filter(|_| !self.window.has_newer());
            self.unread_count = counted.map(|known| known.saturating_add(count));
        } else if let Some(first) = new.min_by_key(|message| message.order) {
            self.unread_from = Some(first.id);
            self.unread_count = Some(count);
        }
    }
}

impl App {
    /// Closes the conversation on the screen.
    pub(crate) fn close(self) {
        let opening = self.open.with_untracked(|open| open.opening).wrapping_add(1);
        self.open.set(Open { opening, ..Open::default() });
    }

    /// Reads the conversation, if it is the one on the screen.
    pub(crate) fn with_open<T>(self, id: ConversationId, look: impl FnOnce(&Open) -> T) -> Option<T> {
        self.open.with(|open| (open.id == Some(id)).then(|| look(open)))
    }

    /// Changes the conversation, if it is the one on the screen.
    pub(crate) fn update_open(self, id: ConversationId, change: impl FnOnce(&mut Open)) {
        if self.is_open(id) {
            self.open.update(change);
        }
    }

    fn is_open(self, id: ConversationId) -> bool {
        self.open.with_untracked(|open| open.id == Some(id))
    }

    /// Shows a conversation: at its first unread message, or at its newest. Brings a conversation that is already open up to
    /// date.
    pub(crate) fn open(self, id: ConversationId) {
        if self.is_open(id) && self.open.with_untracked(|open| open.window.is_ready()) {
            self.ask_for_page(Command::OpenConversation(id), id, move |open, page| {
                let at_end = !open.window.has_newer();
                open.window.refresh(page, at_end);
            });
            return;
        }
        let opening = self.open.with_untracked(|open| open.opening).wrapping_add(1);
        self.open.set(Open { id: Some(id), opening, ..Open::default() });
        let unread = self.chats.with_untracked(|chats| chats.get(id).map_or(0, |chat| chat.unread));
        let command = if unread > 0 { Command::UnreadMessages(id) } else { Command::OpenConversation(id) };
        self.ask_for_page(command, id, move |open, page| {
            if open.window.is_ready() {
                return;
            }
            let unread = self.chats.with_untracked(|chats| chats.get(id).map_or(0, |chat| chat.unread));
            open.unread_count = (unread > 0).then_some(unread);
            open.unread_from = page.unread.and_then(|place| first_unread(&page.messages, place));
            open.window.show(page);
        });
    }

    /// Shows the newest messages, wherever the person has scrolled to.
    pub(crate) fn show_newest(self, id: ConversationId) {
        let go = |open: &mut Open| open.to_newest = open.to_newest.wrapping_add(1);
        match self.open.with_untracked(|open| (open.id == Some(id)).then(|| open.window.has_newer())) {
            Some(true) => self.ask_for_page(Command::OpenConversation(id), id, move |open, page| {
                open.window.show(page);
                go(open);
            }),
            Some(false) => self.update_open(id, go),
            None => {}
        }
    }

    /// Shows a message, wherever it stands. Loads the messages around it if the window does not have it.
    pub(crate) fn show_message(self, id: ConversationId, message: MessageRef) {
        let loaded = self.with_open_untracked(id, |open| open.window.named(&message).map(|it| it.id));
        if let Some(Some(found)) = loaded {
            return self.update_open(id, |open| open.sought = Some(found));
        }
        self.ask(Command::FindMessage { conversation: id, message }, move |reply| {
            let Reply::Message(Some(found)) = reply else { return };
            let command = Command::MessagesFrom { conversation: id, from: found.order };
            self.ask_for_page(command, id, move |open, page| {
                open.window.show(page);
                open.sought = Some(found.id);
            });
        });
    }

    fn with_open_untracked<T>(self, id: ConversationId, look: impl FnOnce(&Open) -> T) -> Option<T> {
        self.open.with_untracked(|open| (open.id == Some(id)).then(|| look(open)))
    }

    /// Notes that the person has answered: nothing is new to them, and the list shows what they wrote.
    pub(crate) fn answered(self, id: ConversationId) {
        self.update_open(id, |open| open.unread_from = None);
        self.show_newest(id);
    }

    /// Loads more messages on one side, unless there are none or a page is already on its way.
    pub(crate) fn load(self, id: ConversationId, side: Side) {
        let from = self.open.with_untracked(|open| {
            let (window, loading) = (&open.window, open.loading);
            let wanted = open.id == Some(id)
                && match side {
                    Side::Older => window.has_older() && !loading.older,
                    Side::Newer => window.has_newer() && !loading.newer,
                };
            let from = if side == Side::Older { window.oldest() } else { window.newest() };
            from.filter(|_| wanted)
        });
        let Some(from) = from else { return };
        let command = match side {
            Side::Older => Command::OlderMessages { conversation: id, before: from },
            Side::Newer => Command::NewerMessages { conversation: id, after: from },
        };
        self.open.update_untracked(|open| open.loading.set(side, true));
        let opening = self.open.with_untracked(|open| open.opening);
        self.ask(command, move |reply| {
            if self.open.with_untracked(|open| open.opening != opening) {
                return;
            }
            self.open.update_untracked(|open| open.loading.set(side, false));
            if let Reply::Page(page) = reply {
                self.open.update(|open| match side {
                    Side::Older => open.window.extend_older(from, page),
                    Side::Newer => open.window.extend_newer(from, page),
                });
            }
        });
    }

    fn ask_for_page(
        self,
        command: Command,
        id: ConversationId,
        take: impl FnOnce(&mut Open, Page) + 'static,
    ) {
        let opening = self.open.with_untracked(|open| open.opening);
        self.ask(command, move |reply| {
            if self.open.with_untracked(|open| open.opening != opening) {
                return;
            }
            self.update_open(id, |open| match reply {
                Reply::Page(page) => {
                    open.error = None;
                    take(open, page);
                }
                Reply::Failed(error) => open.error = Some(error),
                _ => {}
            });
        });
    }
}

impl Loading {
    const fn set(&mut self, side: Side, under_way: bool) {
        match side {
            Side::Older => self.older = under_way,
            Side::Newer => self.newer = under_way,
        }
    }
}

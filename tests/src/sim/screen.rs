//! One view of a device: the contents of its screen after a snapshot, pages and all later events.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parley_engine::view::{Command, ConversationId, ConversationView, Event, MessageView, Page, Reply};
use parley_protocol::ids::MessageId;

/// The contents of a view.
#[derive(Default, Clone)]
pub struct Screen {
    /// The list of conversations.
    pub conversations: BTreeMap<ConversationId, ConversationView>,
    /// Messages of each conversation, by id.
    pub messages: BTreeMap<ConversationId, BTreeMap<MessageId, MessageView>>,
    opened: BTreeSet<ConversationId>,
    /// The conversations whose first page has come. Before that, a view ignores events about their messages.
    ready: BTreeSet<ConversationId>,
    wants: VecDeque<Command>,
}

impl Screen {
    /// The next command of the view, so that it shows every conversation completely.
    pub fn next_command(&mut self) -> Option<Command> {
        self.wants.pop_front()
    }

    /// The messages of a conversation in the order on the screen.
    #[must_use]
    pub fn in_order(&self, conversation: ConversationId) -> Vec<MessageView> {
        let mut messages: Vec<MessageView> =
            self.messages.get(&conversation).into_iter().flat_map(|m| m.values().cloned()).collect();
        messages.sort_by_key(|message| message.order);
        messages
    }

    pub(super) fn take(&mut self, event: &Event) {
        match event {
            Event::Reply { reply: Reply::Snapshot(snapshot), .. } => {
                self.conversations =
                    snapshot.conversations.iter().map(|view| (view.id, view.clone())).collect();
                for id in self.conversations.keys().copied().collect::<Vec<_>>() {
                    self.open(id);
                }
            }
            Event::Reply { reply: Reply::Page(Page { conversation, messages, older, .. }), .. } => {
                let before = messages.first().map(|message| message.order);
                if let Some(before) = before.filter(|_| *older) {
                    self.wants.push_back(Command::OlderMessages { conversation: *conversation, before });
                }
                self.ready.insert(*conversation);
                self.put(*conversation, messages);
            }
            Event::Messages { conversation, messages } if self.ready.contains(conversation) => {
                self.put(*conversation, messages);
            }
            Event::Deleted { conversation, message } => {
                self.messages.entry(*conversation).or_default().remove(message);
            }
            Event::Conversation(view) => {
                self.conversations.insert(view.id, (**view).clone());
                self.open(view.id);
            }
            _ => {}
        }
    }

    fn open(&mut self, id: ConversationId) {
        if self.opened.insert(id) {
            self.wants.push_back(Command::OpenConversation(id));
        }
    }

    fn put(&mut self, conversation: ConversationId, messages: &[MessageView]) {
        let shown = self.messages.entry(conversation).or_default();
        shown.extend(messages.iter().map(|message| (message.id, message.clone())));
    }
}

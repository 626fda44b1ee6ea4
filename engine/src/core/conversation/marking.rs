//! Keeps the person's marks on conversations in the list, the same on all devices of the account.

use parley_protocol::ids::UnixMillis;

use crate::core::Engine;
use crate::domain::content::Sync;
use crate::domain::conversation::ConversationKey;
use crate::domain::marks::{Mark, Marks};
use crate::records::keys;
use crate::view::{CommandError, ConversationId, MarksView, Reply};

impl Engine {
    /// The person marks a conversation.
    pub(in crate::core) fn mark_chat(
        &mut self,
        id: ConversationId,
        mark: Mark,
    ) -> Result<Option<Reply>, CommandError> {
        let known = self.conversations.get(&id).map(|conversation| conversation.key);
        let key = known.filter(|key| !self.is_own_conversation(key));
        self.mark(&key.ok_or(CommandError::UnknownConversation)?, mark);
        Ok(Some(Reply::Done))
    }

    fn mark(&mut self, key: &ConversationKey, mark: Mark) {
        let now = self.now;
        let marks = self.places.marks.or_insert_with(*key, || Marks::new(*key));
        marks.say(mark, now);
        let marks = *marks;
        self.save_marks(&marks);
        self.sync(Sync::Marks(marks));
    }

    fn save_marks(&mut self, marks: &Marks) {
        let id = marks.conversation.id();
        self.save(&keys::marks(&id), marks);
        self.changed.conversations.insert(id);
    }

    /// The person opens a conversation: it is not marked as unread any more.
    pub(in crate::core) fn unmark_unread(&mut self, key: &ConversationKey) {
        if self.places.marks.get(key).is_some_and(Marks::unread) {
            self.mark(key, Mark::Unread(false));
        }
    }

    /// Another device of the account sent marks.
    pub(in crate::core) fn marks_came(&mut self, told: &Marks) {
        let key = told.conversation;
        if self.is_own_conversation(&key) {
            return;
        }
        let marks = self.places.marks.or_insert_with(key, || Marks::new(key));
        if marks.merge(told) {
            let marks = *marks;
            self.save_marks(&marks);
        }
    }

    /// Tells the account's other devices all marks, because one of them is new.
    pub(in crate::core) fn tell_marks(&mut self) {
        let all: Vec<Marks> = self.places.marks.values().copied().collect();
        for marks in all {
            self.sync(Sync::Marks(marks));
        }
    }

    pub(in crate::core) fn marks_view(&self, key: &ConversationKey, changed: UnixMillis) -> MarksView {
        let Some(marks) = self.places.marks.get(key) else { return MarksView::default() };
        MarksView {
            pinned: marks.pinned(),
            archived: marks.archived(changed, self.now),
            muted: Some(marks.muted()).filter(|until| *until > self.now),
            unread: marks.unread(),
        }
    }
}

//! Stores what was read from a log: messages and gap markers, and shows them.

use parley_protocol::ids::{AccountId, LogId, MessageId, Seq, UnixMillis};

use crate::core::Engine;
use crate::domain::conversation::marked;
use crate::domain::message::{Gap, Message, MessageBody};

impl Engine {
    /// Something is missing after the cursor.
    pub(in crate::core) fn gap(&mut self, id: &LogId, gap: Gap) {
        if let Some(seq) = self.logs.get(id).map(|log| log.cursor.next()) {
            self.store_gap(id, seq, self.reached(id), gap);
        }
    }

    pub(in crate::core) fn store_gap(&mut self, id: &LogId, seq: Seq, time: UnixMillis, gap: Gap) {
        self.store_marker(id, seq, time, gap);
    }

    /// Says in a chat why something is missing; by which id views know that.
    pub(in crate::core) fn store_marker(
        &mut self,
        id: &LogId,
        seq: Seq,
        time: UnixMillis,
        gap: Gap,
    ) -> MessageId {
        let message = Message {
            id: MessageId(self.random.array()),
            time,
            stored: time,
            log: marked(id),
            seq,
            author: None,
            body: MessageBody::Gap(gap),
        };
        // What this account wrote comes from its other devices, if at all.
        if !matches!(gap, Gap::Restored | Gap::Elsewhere | Gap::Late)
            && let Some(key) = self.logs.get(id).map(|log| log.conversation)
        {
            self.standing.or_default(key.id()).gap(message.order(), message.shown_id(false));
        }
        self.store_incoming(id, &message, None);
        message.shown_id(false)
    }

    /// Something to acknowledge stands at this place.
    pub(in crate::core) fn came_in(&mut self, id: &LogId, seq: Seq) {
        if let Some(log) = self.logs.get_mut(id) {
            log.incoming = seq;
        }
        self.receipts_due();
    }

    /// Stores and shows what came; `unread` is where it came, if it is to be read.
    pub(in crate::core) fn store_incoming(&mut self, id: &LogId, message: &Message, unread: Option<Seq>) {
        let Some(log) = self.logs.get(id) else {
            return;
        };
        let (key, peer) = (log.conversation, log.peer());
        let conversation = key.id();
        if self.is_deleted(&key, message) {
            if let Some(seq) = unread {
                self.came_needlessly(id, seq, None);
            }
            return;
        }
        let kept = |engine: &mut Self, peer: AccountId| {
            !engine.is_blocked(&peer) && engine.keep_of_request(&peer, message.body.length())
        };
        if !self.is_mine(message) && peer.is_some_and(|peer| !kept(self, peer)) {
            return;
        }
        // What speaks of other messages is not unread, and does not say either that the person has read what is.
        let Some(message) = self.settle(conversation, message, true) else { return };
        self.save_message(conversation, &message);
        if let Some(seq) = unread {
            self.becomes_unread(conversation, &message, (id, seq));
        }
        self.show_in_list(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.changed.messages.or_default(conversation).push(view);
    }

    pub(in crate::core) fn show_in_list(&mut self, id: crate::view::ConversationId, message: &Message) {
        self.standing.or_default(id).stands(message.stored);
        self.save_standing(id);
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else {
            return;
        };
        let order = message.order();
        let shown = self.last_of(message, self.is_mine(message), &key);
        let Some(conversation) = self.conversations.get_mut(&id) else {
            return;
        };
        if conversation.last.as_ref().is_none_or(|last| last.order <= order || last.id == message.id) {
            conversation.changed = message.stored;
            conversation.last = Some(shown);
        }
        self.unhide(&key);
        self.save_conversation(id);
    }
}

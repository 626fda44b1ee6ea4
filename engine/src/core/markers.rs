//! Markers in a chat: why something is missing, at its place.

use parley_protocol::ids::{LogId, MessageId, Seq, UnixMillis};

use super::Engine;
use crate::domain::conversation::marked;
use crate::domain::message::{Gap, Message, MessageBody};

impl Engine {
    /// Something is missing after the cursor.
    pub(super) fn gap(&mut self, id: &LogId, gap: Gap) {
        if let Some(seq) = self.logs.get(id).map(|log| log.cursor.next()) {
            self.store_gap(id, seq, self.reached(id), gap);
        }
    }

    pub(super) fn store_gap(&mut self, id: &LogId, seq: Seq, time: UnixMillis, gap: Gap) {
        self.store_marker(id, seq, time, gap);
    }

    /// Says in a chat why something is missing; by which id views know that.
    pub(super) fn store_marker(&mut self, id: &LogId, seq: Seq, time: UnixMillis, gap: Gap) -> MessageId {
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
}

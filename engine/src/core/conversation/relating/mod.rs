//! Applies relations (`relation.rs`), which are messages about other messages: stores them, and computes what they make of
//! those messages, whichever arrives first.

mod asking;
mod finding;
mod telling;

use parley_protocol::ids::{LogId, MessageId};

pub(in crate::core) use self::finding::Finding;
use crate::core::Engine;
use crate::core::conversation::purging::Purge;
use crate::domain::content::{Body, Part};
use crate::domain::conversation::{ConversationKey, Last, preview};
use crate::domain::message::{self, Message, MessageBody};
use crate::domain::order::Order;
use crate::domain::relation::{Change, MessageRef, Relation, Relations, Said, What};
use crate::io::LoadId;
use crate::mls::credential::Leaf;
use crate::records::keys;
use crate::table::Table;
use crate::view::ConversationId;

/// Most bytes of the relations of one conversation: they are in memory. This device keeps deletions beyond that.
const MOST: usize = 8 * 1024 * 1024;

/// What of the relations is in memory.
#[derive(Default)]
pub(in crate::core) struct Relating {
    /// The bytes of the relations of each conversation, once they have been counted.
    sizes: Table<ConversationId, usize>,
    /// Messages that the engine is searching.
    finding: Table<LoadId, Finding>,
}

impl Engine {
    /// The relations of a message.
    pub(in crate::core) fn relations(&self, id: ConversationId, message: &MessageRef) -> Option<Relations> {
        self.state.get(&keys::relations(&id, &message.short())).ok().flatten()
    }

    fn relations_of(&self, id: ConversationId, message: &Message) -> Option<Relations> {
        self.relations(id, &message.named()?)
    }

    fn save_relations(&mut self, id: ConversationId, message: &MessageRef, relations: &Relations) {
        let key = keys::relations(&id, &message.short());
        let size = |engine: &Self| engine.state.get_bytes(&key).map_or(0, |value| value.len());
        let known = self.related_size(id);
        let before = size(self);
        self.save(&key, relations);
        let now = known.saturating_sub(before).saturating_add(size(self));
        self.places.relating.sizes.insert(id, now);
    }

    fn related_size(&mut self, id: ConversationId) -> usize {
        if let Some(size) = self.places.relating.sizes.get(&id) {
            return *size;
        }
        let keys = self.state.keys_with_prefix(&keys::relations_in(&id));
        let size = keys.iter().filter_map(|key| self.state.get_bytes(key)).map(|value| value.len()).sum();
        self.places.relating.sizes.insert(id, size);
        size
    }

    /// Whether somebody may say this of another's message, or of how long messages last, in a log as it is now: in a group, its admins delete what others said.
    pub(in crate::core) fn may_relate(&self, id: &LogId, from: &Leaf, body: &Body) -> bool {
        let (part, again) = match body {
            Body::Part(part) => (part, false),
            Body::Again(again) => (&again.part, true),
            _ => return true,
        };
        let Some(relation) = part.relation() else { return self.may_say_timer(id, from, (part, again)) };
        let chat = self.group_chat_of(id);
        match relation.what {
            // A message that is sent again carries no signature of its author.
            _ if again && chat.is_some() => false,
            What::Deletion if !relation.target.is_by(&from.account) => {
                chat.is_some_and(|chat| chat.policy.may_delete(&from.account, &relation.target.author))
            }
            _ => true,
        }
    }

    /// Applies what this device knows of a message: stores a relation and applies it to its message; returns any other
    /// message for the caller to store. `new` says that the account's other devices and its backup may lack it.
    pub(in crate::core) fn settle(
        &mut self,
        id: ConversationId,
        message: &Message,
        new: bool,
    ) -> Option<Message> {
        if let Some(relation) = message.relation() {
            if self.relate(id, message, &relation) != Change::Void {
                if new {
                    self.save_message(id, message);
                } else {
                    self.store_message(id, message);
                }
            }
            self.standing.or_default(id).stands(message.stored);
            self.save_standing(id);
            return None;
        }
        let deleted = message.part().is_some()
            && self.relations_of(id, message).is_some_and(|relations| relations.deleted_by().is_some());
        Some(if deleted { message.trace(id) } else { message.clone() })
    }

    /// Applies a relation to the message that it names.
    fn relate(&mut self, id: ConversationId, message: &Message, relation: &Relation<'_>) -> Change {
        let Some(author) = &message.author else { return Change::Void };
        // In a group, the device that took the relation from its log has checked whether its author may make it, and the
        // signature says who that is.
        let in_group = self.is_group_chat(id);
        let others = relation.what == What::Deletion && !relation.target.is_by(&author.account);
        if in_group && author.proof.is_none() || !in_group && others {
            return Change::Void;
        }
        let said = Said { by: author.account, id: message.id, order: message.order(), time: message.time };
        self.take_relation(id, &said, relation)
    }

    /// Applies a relation whose author may make it.
    fn take_relation(&mut self, id: ConversationId, said: &Said, relation: &Relation<'_>) -> Change {
        let Relation { target, what } = relation;
        if *what != What::Deletion && self.related_size(id) >= MOST {
            return Change::Void;
        }
        let before = self.relations(id, target).unwrap_or_default();
        let mut relations = before.clone();
        let change = relations.take(&target.author, said, *what);
        if relations != before {
            self.save_relations(id, target, &relations);
        }
        if change == Change::News {
            if *what == What::Deletion {
                self.erase_edits(id, &before);
                self.purge_for(id, target);
            }
            self.show_again(id, *target);
        }
        change
    }

    /// Removes the later versions of a deleted message from the disk too.
    fn erase_edits(&mut self, id: ConversationId, relations: &Relations) {
        for order in relations.places().filter(|order| !order.is_waiting()) {
            self.out.erase(&message::key(&self.sealer, &id, order));
            self.was_taken_out(id, order);
        }
    }

    /// Removes the text of a deleted message from the disk: at once if it stands at its named place, later if the engine must
    /// search for it.
    fn purge_for(&mut self, id: ConversationId, target: &MessageRef) {
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else { return };
        if self.account_data_mut(&key).is_some() {
            self.purge_later(Purge::for_target(key, *target));
        }
    }

    /// Puts the trace of a deleted message in its place; returns whether the message was deleted.
    pub(in crate::core) fn leave_trace(&mut self, key: &ConversationKey, message: &Message) -> bool {
        let id = key.id();
        let is_deleted = |relations: Relations| relations.deleted_by().is_some();
        if message.part().is_none()
            || message.relation().is_some()
            || !self.relations_of(id, message).is_some_and(is_deleted)
        {
            return false;
        }
        let trace = message.trace(id);
        self.save_message(id, &trace);
        self.standing.or_default(id).forget(&trace.order());
        self.save_standing(id);
        self.show_message(id, &trace);
        true
    }

    /// Shows a stored message as it is now, in the chat and in the list.
    fn show_message(&mut self, id: ConversationId, message: &Message) {
        if self.archives.contains_key(&id) {
            let view = self.archived_view(&id, message);
            return self.changed.messages.or_default(id).push(view);
        }
        let view = self.message_view(id, message);
        self.remember_unread(message, &view);
        self.changed.messages.or_default(id).push(view);
        let is_last = |last: &Last| last.order == message.order();
        let body = preview(&self.as_now(id, message));
        if let Some(last) =
            self.conversations.get_mut(&id).and_then(|it| it.last.as_mut()).filter(|it| is_last(it))
        {
            last.body = body;
            self.save_conversation(id);
        }
    }

    /// The current content of a message.
    pub(in crate::core) fn as_now(&self, id: ConversationId, message: &Message) -> MessageBody {
        let edited =
            |relations: Relations| relations.edits(message.stored).next_back().map(|edit| edit.text.clone());
        let text = message.part().filter(|part| part.text().is_some());
        let text = text.and_then(|_| self.relations_of(id, message)).and_then(edited);
        text.map_or_else(|| message.body.clone(), |text| MessageBody::Part(Part::of_text(text)))
    }

    /// The newest message as it is now, for the list.
    pub(in crate::core) fn last_of(&self, message: &Message, own: bool, key: &ConversationKey) -> Last {
        Last { body: preview(&self.as_now(key.id(), message)), ..Last::of(message, own, key) }
    }

    /// Forgets the relations of a message that is gone.
    pub(in crate::core) fn forget_relations_of(&mut self, id: ConversationId, message: &MessageRef) {
        let Some(relations) = self.relations(id, message) else { return };
        self.erase_edits(id, &relations);
        self.state.delete(&keys::relations(&id, &message.short()));
        self.places.relating.sizes.remove(&id);
    }

    /// Places of a conversation were deleted: forgets the relations that stood there.
    pub(in crate::core) fn forget_relations(&mut self, key: &ConversationKey) {
        let id = key.id();
        for name in self.state.keys_with_prefix(&keys::relations_in(&id)) {
            let Some(mut relations) = self.state.get::<Relations>(&name).ok().flatten() else { continue };
            if relations.without(|order: &Order| self.is_deleted_order(id, order)) {
                self.state.delete(&name);
            } else {
                self.save(&name, &relations);
            }
        }
        self.places.relating.sizes.remove(&id);
    }

    /// An own relation cannot be sent.
    pub(in crate::core) fn relation_failed(&mut self, key: &ConversationKey, part: &Part, id: &MessageId) {
        let Some(target) = part.relation().map(|relation| relation.target) else { return };
        let Some(mut relations) = self.relations(key.id(), &target) else { return };
        relations.forget(id);
        self.save_relations(key.id(), &target, &relations);
        self.show_again(key.id(), target);
    }
}

//! Computes view models, and the events that carry them.

use crate::table::Table;

use parley_protocol::ids::{MessageId, UnixMillis};

use crate::account::Account;
use crate::channel::log::Stage;
use crate::core::Engine;
use crate::core::relay_session::steady::Timers;
use crate::domain::consent::Consent;
use crate::domain::content::Body;
use crate::domain::conversation::{ConversationKey, Last, State, id_of};
use crate::domain::invite::Invite;
use crate::domain::message::{Message, MessageBody};
use crate::domain::outbox::OutboxEntry;
use crate::domain::relation::MessageRef;
use crate::domain::safety_number::safety_number;
use crate::io::Output;
use crate::records::keys;
use crate::set::Set;
use crate::view::{
    AccountView, BodyView, ContactView, ConversationId, ConversationView, Delivery, DeviceView, Event,
    FileId, FileState, MessageView, Order, Preview, Registration, Reply, Snapshot, ViewRequestId,
};

/// What the engine has to tell the views at the end of an input.
#[derive(Default)]
pub(in crate::core) struct Changed {
    pub(in crate::core) account: bool,
    pub(in crate::core) connection: bool,
    pub(in crate::core) conversations: Set<ConversationId>,
    pub(in crate::core) messages: Table<ConversationId, Vec<MessageView>>,
    pub(in crate::core) deleted: Vec<(ConversationId, MessageId)>,
    pub(in crate::core) files: Table<FileId, FileState>,
}

impl Changed {
    /// A message is gone from the views.
    pub(in crate::core) fn gone(&mut self, conversation: ConversationId, message: MessageId) {
        self.deleted.push((conversation, message));
    }
}

/// Sorts by place. One function for all callers: sorting is much code.
pub(in crate::core) fn put_in_order(messages: &mut [MessageView]) {
    messages.sort_unstable_by_key(|message| message.order);
}

/// Each message once, in its last state, in order. One input may change a message twice, and its place with it.
fn as_they_are_now(mut messages: Vec<MessageView>) -> Vec<MessageView> {
    messages.reverse();
    messages.sort_by_key(|message| message.id);
    messages.dedup_by_key(|message| message.id);
    put_in_order(&mut messages);
    messages
}

impl Engine {
    pub(in crate::core) fn reply(&mut self, id: ViewRequestId, reply: Reply) {
        self.out.push(Output::Event(Event::Reply { id, reply }));
    }

    /// Tells the views what this input changed.
    pub(in crate::core) fn tell_views(&mut self) {
        let changed = std::mem::take(&mut self.changed);
        if changed.account {
            self.out.push(Output::Event(Event::Account(self.account_view())));
        }
        for (conversation, messages) in changed.messages {
            let messages = as_they_are_now(messages);
            self.remember_for_pages(&conversation, &messages);
            self.out.push(Output::Event(Event::Messages { conversation, messages }));
        }
        for (conversation, message) in changed.deleted {
            self.forget_for_pages(&conversation, &message);
            self.out.push(Output::Event(Event::Deleted { conversation, message }));
        }
        for (file, state) in changed.files {
            self.out.push(Output::Event(Event::File { file, state }));
        }
        for id in changed.conversations {
            if let Some(view) = self.conversation_view(id) {
                self.out.push(Output::Event(Event::Conversation(Box::new(view))));
            }
        }
        let connection = self.connection();
        if changed.connection && self.link.told != Some(connection) {
            self.link.told = Some(connection);
            self.out.push(Output::Event(Event::Connection(connection)));
        }
    }

    /// Asks for a wake-up at the earliest timer.
    pub(in crate::core) fn tell_timer(&mut self) {
        let Timers { receipts, retry, storage, backup, drafts, answers, last_words, renewal, expiry, .. } =
            &self.timers;
        let timers =
            [*receipts, *retry, *storage, *backup, *drafts, *answers, *last_words, *renewal, *expiry];
        let next = timers.into_iter().chain([self.linking.timer(), self.parts.timer()]).flatten().min();
        let Some(at) = next else { return };
        // The host counts from the request. If somebody has put the clock forward since, a moment may be over for which the
        // host still waits.
        let overdue = at <= self.steady && !std::mem::replace(&mut self.timers.overdue, at <= self.steady);
        if next != self.timers.told || overdue {
            self.timers.told = next;
            self.out.at_once(Output::WakeAt(self.steady.shown_at(self.now, at)));
        }
    }

    /// Updates the times that views show for waits, by the current wall clock.
    pub(in crate::core) fn tell_waits(&mut self) {
        self.changed.connection = true;
        if self.linking.timer().is_some() {
            self.tell_link();
        }
    }

    pub(in crate::core) fn snapshot(&self) -> Snapshot {
        let ids = self.conversations.keys().chain(self.archives.keys());
        let conversations = ids.filter_map(|id| self.conversation_view(*id)).collect();
        Snapshot {
            account: self.account_view(),
            connection: self.connection(),
            conversations,
            storage: self.storage,
            link: self.link_view(),
        }
    }

    fn account_view(&self) -> Option<AccountView> {
        self.account.as_ref().map(|account| AccountView {
            name: account.name.clone(),
            username: account.username.to_string(),
            account: account.id,
            colour: id_of(&account.id).colour(),
            invite: self.invite_of(account),
            read_receipts: account.read_receipts,
            registration: match (account.registered, &account.lost_username) {
                (false, _) => Registration::Registering,
                (true, None) => Registration::Done,
                (true, Some(_)) => Registration::Renamed,
            },
            devices: self.own_devices(),
            key_changes: self.key_changes.clone(),
            forked: self.link.forked,
            sharing: self.sharing_progress(),
            recovery: Box::new(self.recovery_view()),
            drafts_in_step: self.draft_setting.is_on(),
        })
    }

    fn invite_of(&self, account: &Account) -> String {
        let token = self.own_token.map(|own| own.token);
        Invite { username: account.username.clone(), account: account.id, token }.fragment()
    }

    fn conversation_view(&self, id: ConversationId) -> Option<ConversationView> {
        let Some(conversation) = self.conversations.get(&id) else {
            return self.archive_view(id);
        };
        let last = conversation.last.as_ref().map(|last| self.preview(last));
        let key = &conversation.key;
        let Some(peer) = key.peer() else { return self.group_conversation_view(conversation, last) };
        let contact = self.contacts.get(peer)?;
        let waiting = self.outbox.values().any(|entry| entry.conversation == *key && entry.only.is_none());
        let held_up = self.holdups.get(peer).copied();
        let active = self.usable_log(key).and_then(|log| self.logs.get(&log));
        let draft = self.draft_of(key);
        let consent = self.consent(peer);
        let granted = consent == Consent::Granted;
        let begun = granted && !self.is_hidden(key);
        let listed = last.is_some() || !draft.trim().is_empty() || begun;
        Some(ConversationView {
            id,
            name: contact.display_name(),
            account: Some(*peer),
            username: contact.username.as_ref().map(ToString::to_string),
            verified: contact.verified,
            last,
            consent,
            unread: if granted { conversation.unread } else { 0 },
            changed: conversation.changed,
            warning: contact.warning,
            draft: draft.to_owned(),
            draft_sent: self.sent_as_it_stood(key),
            listed,
            preparing: granted && waiting && active.is_none_or(|log| log.stage != Stage::Active),
            waiting: held_up.filter(|_| self.waits_to_be_sent(key)),
            restored: None,
            group: None,
            marks: self.marks_view(key, conversation.changed),
            timer: self.timer_of(key),
        })
    }

    fn preview(&self, last: &Last) -> Preview {
        Preview {
            body: self.body_view(&last.body),
            time: last.time,
            outgoing: match last.state {
                State::Other | State::By(_) => None,
                State::OwnStored(log, seq) => Some(self.delivery(&log, seq)),
                State::OwnWaiting if self.has_failed(&last.id) => Some(Delivery::Failed),
                State::OwnWaiting => Some(Delivery::Waiting),
            },
            author: None,
        }
    }

    /// Whether something that a person wrote waits to be sent.
    fn waits_to_be_sent(&self, key: &ConversationKey) -> bool {
        let waits = |entry: &OutboxEntry| entry.conversation == *key && entry.only.is_none() && !entry.failed;
        self.outbox.values().any(|entry| waits(entry))
    }

    fn has_failed(&self, id: &MessageId) -> bool {
        self.outbox.values().any(|entry| entry.id == *id && entry.failed)
    }

    pub(in crate::core) fn contact_view(&self, id: ConversationId) -> Option<ContactView> {
        let conversation = self.conversations.get(&id)?;
        let peer = conversation.key.peer()?;
        let contact = self.contacts.get(peer)?;
        let own = self.account.as_ref()?.id;
        let devices = contact.log.all_devices().iter().filter(|device| device.removed.is_none());
        Some(ContactView {
            conversation: id,
            name: contact.display_name(),
            username: contact.username.as_ref().map(ToString::to_string),
            safety_number: safety_number(&own, peer),
            verified: contact.verified,
            devices: devices.map(|device| DeviceView { added: device.added }).collect(),
        })
    }

    pub(in crate::core) fn message_view(
        &self,
        conversation: ConversationId,
        message: &Message,
    ) -> MessageView {
        let own = self.is_mine(message);
        let (body, about) = self.seen_as(conversation, message);
        MessageView {
            id: message.shown_id(own),
            order: message.order(),
            time: message.time,
            body,
            outgoing: own.then(|| self.delivery(&message.log, message.seq)),
            author: self.author_in_group(message),
            told: if own { self.told_of(message) } else { None },
            about,
            shared: !own && self.is_shared(conversation, message),
        }
    }

    /// Whether a message was written before this account came into the group, and shared with it.
    fn is_shared(&self, conversation: ConversationId, message: &Message) -> bool {
        let key = self.conversations.get(&conversation).map(|it| it.key);
        let Some(ConversationKey::Group(group)) = key else { return false };
        let came: Option<UnixMillis> = self.state.get(&keys::came(&group)).ok().flatten();
        let said = message.author.as_ref().is_some_and(|author| author.proof.is_some());
        said && came.is_some_and(|came| message.stored < came)
    }

    fn body_view(&self, body: &MessageBody) -> BodyView {
        match body {
            MessageBody::Group(line) => BodyView::Group(self.line_as_named_now(line)),
            MessageBody::Part(part) => self.with_files(BodyView::of_part(part)),
            body => BodyView::from(body),
        }
    }

    /// A text that waits in the outbox.
    pub(in crate::core) fn waiting_view(&self, number: u64) -> Option<MessageView> {
        let entry = self.outbox.get(&number)?;
        let Body::Part(part) = &entry.body else {
            return None;
        };
        if part.relation().is_some() || self.is_deleted_waiting(number) {
            return None;
        }
        let (own, conversation) = (self.account.as_ref()?.id, entry.conversation.id());
        let named = MessageRef { author: own, id: entry.id, stored: entry.time };
        let relations = self.relations(conversation, &named);
        let deleted = relations.as_ref().is_some_and(|relations| relations.deleted_by().is_some());
        Some(MessageView {
            id: entry.id,
            order: Order::of_waiting(number),
            time: entry.time,
            body: if deleted {
                BodyView::Deleted { by: None }
            } else {
                self.with_files(Self::body_of_part(part, entry.time, relations.as_ref()))
            },
            outgoing: Some(if entry.failed { Delivery::Failed } else { Delivery::Waiting }),
            author: None,
            told: None,
            about: self.about(Some(named), part, entry.time, relations.as_ref()),
            shared: false,
        })
    }

    /// The same for the list of conversations.
    pub(in crate::core) fn waiting_last(&self, number: u64) -> Option<Last> {
        let entry = self.outbox.get(&number)?;
        match &entry.body {
            Body::Part(part) if part.relation().is_none() && !self.is_deleted_waiting(number) => {
                Some(Last::waiting(entry.id, number, entry.time, part))
            }
            _ => None,
        }
    }

    pub(in crate::core) fn waiting_views(&self, id: ConversationId) -> Vec<MessageView> {
        let of_conversation = self.outbox.iter().filter(|(_, entry)| entry.conversation.id() == id);
        of_conversation.filter_map(|(number, _)| self.waiting_view(*number)).collect()
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::UnixMillis;

    use super::*;
    use crate::view::{About, BodyView, Delivery};

    fn message(number: u8, order: u8, state: Delivery) -> MessageView {
        MessageView {
            id: MessageId([number; 16]),
            order: Order::from_bytes(&[order; 48]),
            time: UnixMillis(0),
            body: BodyView::Newer,
            outgoing: Some(state),
            author: None,
            told: None,
            about: About::default(),
            shared: false,
        }
    }

    /// Whatever the number of messages: a sort that is not stable swaps two of one place only where there are many.
    #[test]
    fn p11_a_message_that_changes_twice_is_shown_as_it_is_in_the_end() {
        for count in 1..60 {
            let waiting = (0..count).map(|number| message(number, 0xFF, Delivery::Waiting));
            let delivered = (0..count).map(|number| message(number, number, Delivery::Delivered));
            let read = (0..count).map(|number| message(number, number, Delivery::Read));
            let told = as_they_are_now(waiting.chain(delivered).chain(read.clone()).collect());
            assert_eq!(told, read.collect::<Vec<_>>());
        }
    }
}

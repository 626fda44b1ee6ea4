//! Messages disappear (docs/adr/0029): the timer of a conversation, since when a message counts, and taking away what is over.

use parley_protocol::ids::{AccountId, LogId, Seq, UnixMillis};

use crate::core::Engine;
use crate::core::conversation::purging::Purge;
use crate::domain::content::{Body, Part, Sync};
use crate::domain::conversation::ConversationKey;
use crate::domain::expiry::{Expiring, LONGEST, Timer, end};
use crate::domain::message::Message;
use crate::domain::order::Order;
use crate::domain::standing::Standing;
use crate::mls::credential::Leaf;
use crate::records::keys;
use crate::table::Table;
use crate::view::{CommandError, ConversationId, Reply};

/// In milliseconds.
const LONGEST_WAIT: u64 = 3_600_000;

/// What is at hand of it.
#[derive(Default)]
pub(in crate::core) struct Expiry {
    timers: Table<ConversationKey, Timer>,
    all: Table<(ConversationId, Order), Expiring>,
}

impl Engine {
    /// The person says how long messages last from now on.
    pub(in crate::core) fn set_timer(
        &mut self,
        id: ConversationId,
        seconds: u32,
    ) -> Result<Option<Reply>, CommandError> {
        if seconds > LONGEST {
            return Err(CommandError::NotAllowed);
        }
        let key = self.may_send(id)?;
        let own = self.account.as_ref().ok_or(CommandError::NoAccount)?.id;
        if !self.may_set_timer(&key, &own) {
            return Err(CommandError::NotAllowed);
        }
        if self.timer_of(&key) != seconds {
            let (number, _) = self.enqueue(key, Body::Part(Part::timer_of(seconds)), None);
            self.text_waits(id, &key, number);
        }
        Ok(Some(Reply::Done))
    }

    /// Whether an account may say how long messages last: either side of two, and in a group who may change it.
    pub(in crate::core) fn may_set_timer(&self, key: &ConversationKey, account: &AccountId) -> bool {
        let ConversationKey::Group(group) = key else { return true };
        let chat = self.group_chats.all.get(group);
        chat.is_some_and(|chat| chat.policy.role(account) >= chat.policy.permissions.change)
    }

    /// Whether somebody who wrote into a log may say what they say of how long messages last.
    pub(in crate::core) fn may_say_timer(
        &self,
        id: &LogId,
        from: &Leaf,
        (part, again): (&Part, bool),
    ) -> bool {
        let key = self.logs.get(id).map(|log| log.conversation).filter(|_| part.timer().is_some());
        // What is sent again in a group carries no signature of its author's.
        let may = |key| self.may_set_timer(&key, &from.account) && (key.peer().is_some() || !again);
        key.is_none_or(may)
    }

    /// The same of a message from before: what its author might do then is not known here.
    pub(in crate::core) fn may_have_set_timer(&self, key: &ConversationKey, message: &Message) -> bool {
        let says = message.part().is_some_and(|part| part.timer().is_some());
        let by = message.author.as_ref().map(|author| author.account);
        !says || by.is_some_and(|by| self.may_set_timer(key, &by))
    }

    /// How long messages last that are written now, in seconds: what waits to be said holds here already.
    pub(in crate::core) fn timer_of(&self, key: &ConversationKey) -> u32 {
        let waiting = self.outbox.values().filter(|entry| entry.conversation == *key && !entry.failed);
        let waiting = waiting.filter_map(|entry| match &entry.body {
            Body::Part(part) => part.timer(),
            _ => None,
        });
        let known = || self.places.expiry.timers.get(key).map_or(0, |timer| timer.seconds);
        waiting.last().unwrap_or_else(known)
    }

    /// What somebody says, with how long it lasts here.
    pub(in crate::core) fn lasting(&self, key: &ConversationKey, body: Body) -> Body {
        match body {
            Body::Part(part) if part.timer().is_none() && part.expires().is_none() => {
                Body::Part(part.expiring(self.timer_of(key)))
            }
            body => body,
        }
    }

    /// A message is being stored: what it says of how long others last holds, and how long it lasts itself is noted. Unless it turns
    /// out to be unread, that counts since it was sent.
    pub(in crate::core) fn note_expiry(&mut self, id: ConversationId, message: &Message) {
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else { return };
        let Some((part, author)) = message.part().zip(message.author.as_ref()) else { return };
        let (order, by) = (message.order(), author.account);
        if let Some(seconds) = part.timer() {
            return self.take_timer(Timer { conversation: key, seconds, order, by });
        }
        let Some(seconds) = part.expires() else { return };
        // Who came into a group later has not heard what was agreed before: what the others do says it.
        if key.peer().is_none() && !self.places.expiry.timers.contains_key(&key) {
            self.take_timer(Timer { conversation: key, seconds, order, by });
        }
        let known = self.places.expiry.all.get(&(id, order)).is_some();
        if !known {
            let since = Some(message.stored);
            self.save_expiring(id, Expiring { conversation: key, order, seconds, since });
        }
    }

    fn take_timer(&mut self, timer: Timer) {
        let key = timer.conversation;
        if self.places.expiry.timers.get(&key).is_some_and(|known| known.order >= timer.order) {
            return;
        }
        self.places.expiry.timers.insert(key, timer);
        self.save(&keys::timer(&key.id()), &timer);
        self.changed.conversations.insert(key.id());
    }

    /// Another device of the account knows this.
    pub(in crate::core) fn timer_came(&mut self, timer: Timer) {
        let sound = timer.seconds <= LONGEST && !timer.order.is_waiting();
        if sound && !self.is_own_conversation(&timer.conversation) {
            self.take_timer(timer);
        }
    }

    /// Tells the account's other devices all of it, because one of them is new.
    pub(in crate::core) fn tell_timers(&mut self) {
        let all: Vec<Timer> = self.places.expiry.timers.values().copied().collect();
        for timer in all {
            self.sync(Sync::Timer(timer));
        }
    }

    fn save_expiring(&mut self, id: ConversationId, expiring: Expiring) {
        self.save(&keys::expiring(&id, &expiring.order), &expiring);
        self.places.expiry.all.insert((id, expiring.order), expiring);
        self.wait_for_expiry();
        if expiring.is_over(self.now) {
            self.timers.expiry = Some(self.steady);
        }
    }

    fn forget_expiring(&mut self, id: ConversationId, order: &Order) {
        if self.places.expiry.all.remove(&(id, *order)).is_some() {
            self.state.delete(&keys::expiring(&id, order));
        }
    }

    /// A message that was stored is unread, and counts from when it is read. That somebody set the timer, or what was deleted, is
    /// nothing to read.
    pub(in crate::core) fn becomes_unread(
        &mut self,
        id: ConversationId,
        message: &Message,
        (log, seq): (&LogId, Seq),
    ) {
        let is_timer = message.part().is_some_and(|part| part.timer().is_some());
        if !message.is_trace() && !is_timer {
            self.is_unread_now(id, message.order(), log, seq);
            self.lasts_from_reading(id, message.order());
        }
    }

    fn lasts_from_reading(&mut self, id: ConversationId, order: Order) {
        if let Some(expiring) = self.places.expiry.all.get(&(id, order)).copied() {
            self.save_expiring(id, Expiring { since: None, ..expiring });
        }
    }

    /// Something was read, here or on another device of the account.
    pub(in crate::core) fn count_from_reading(&mut self, id: ConversationId) {
        let first = self.standing.get(&id).and_then(Standing::first_unread_place);
        let is_read = |expiring: &&Expiring| {
            expiring.conversation.id() == id
                && expiring.since.is_none()
                && first.is_none_or(|first| expiring.order < first)
        };
        let read: Vec<Expiring> = self.places.expiry.all.values().filter(is_read).copied().collect();
        for expiring in read {
            self.save_expiring(id, Expiring { since: Some(self.now), ..expiring });
        }
    }

    /// When a message is to be gone, if that counts already.
    pub(in crate::core) fn ends(&self, id: ConversationId, order: &Order) -> Option<UnixMillis> {
        self.places.expiry.all.get(&(id, *order)).and_then(Expiring::ends)
    }

    /// Whether a message that is stored there is over.
    pub(in crate::core) fn is_over(&self, id: ConversationId, order: &Order) -> bool {
        self.places.expiry.all.get(&(id, *order)).is_some_and(|expiring| expiring.is_over(self.now))
    }

    /// Whether a message that comes with history, out of a backup or from before is over: whoever has read it did so after it was
    /// sent, so that it is gone no later than it would be there.
    pub(in crate::core) fn came_too_late(&self, message: &Message) -> bool {
        let expires = message.part().and_then(Part::expires);
        expires.is_some_and(|seconds| end(message.stored, seconds) <= self.now)
    }

    /// A wake-up for the next that will be over; what is over already is being looked for. A clock that is set meanwhile delays
    /// that by no more than a wait lasts.
    fn wait_for_expiry(&mut self) {
        let ends = self.places.expiry.all.values().filter_map(Expiring::ends);
        let next = ends.filter(|end| *end > self.now).min();
        let latest = self.steady.after(LONGEST_WAIT);
        self.timers.expiry = next.map(|at| self.steady.when(self.now, at).min(latest));
    }

    /// The same, once a wait is over.
    pub(in crate::core) fn expire_if_due(&mut self) {
        let now = self.steady;
        if self.timers.expiry.take_if(|at| *at <= now).is_some() {
            self.expire();
        }
    }

    /// Takes away what is over: from views at once, from the disk as it is found there.
    fn expire(&mut self) {
        let over = |expiring: &&Expiring| expiring.is_over(self.now);
        let over: Vec<Expiring> = self.places.expiry.all.values().filter(over).copied().collect();
        let mut by_chat = Table::<ConversationId, (ConversationKey, Vec<Order>)>::new();
        for expiring in over {
            let key = expiring.conversation;
            by_chat.or_insert_with(key.id(), || (key, Vec::new())).1.push(expiring.order);
        }
        for (id, (key, orders)) in by_chat {
            if self.conversations.contains_key(&id) && self.account_data_mut(&key).is_some() {
                self.purge_later(Purge::for_over(key, orders));
            } else {
                for order in orders {
                    self.forget_expiring(id, &order);
                }
            }
        }
        self.wait_for_expiry();
    }

    /// A message that was over is gone, or was not there.
    pub(in crate::core) fn has_expired(
        &mut self,
        key: &ConversationKey,
        order: &Order,
        message: Option<&Message>,
    ) {
        let id = key.id();
        self.forget_expiring(id, order);
        if let Some(named) = message.and_then(Message::named) {
            self.forget_relations_of(id, &named);
        }
    }

    pub(in crate::core) fn restore_expiry(&mut self, timers: Vec<Timer>, all: Vec<Expiring>) {
        for timer in timers {
            self.places.expiry.timers.insert(timer.conversation, timer);
        }
        for expiring in all {
            self.places.expiry.all.insert((expiring.conversation.id(), expiring.order), expiring);
        }
        // What was over while this device was closed goes first.
        self.timers.expiry = (!self.places.expiry.all.is_empty()).then_some(self.steady);
    }
}

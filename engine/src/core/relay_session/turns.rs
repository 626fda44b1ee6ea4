//! Chooses which logs this device reads when the relay takes no more subscriptions: logs that the person uses keep theirs,
//! and the others take turns. The limit delays the reading of a log and never ends it; and strangers cannot push out logs in
//! use by their number.

use std::collections::VecDeque;

use parley_protocol::frame::Request;
use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::core::relay_session::steady::Moment;
use crate::domain::conversation::State;

/// How long a turn is, in milliseconds.
const TURN: u64 = 60_000;
/// Logs read in one turn.
const AT_A_TIME: usize = 64;

/// Logs that wait for a subscription on this connection.
#[derive(Default)]
pub(in crate::core) struct Turns {
    waiting: VecDeque<LogId>,
    /// Logs that had a turn: they come after all others.
    had: VecDeque<LogId>,
    next: Option<Moment>,
}

/// What a person does with somebody, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Dealings {
    None,
    Reads,
    Writes,
    Own,
}

/// How much a log is used. What others write counts last.
type Use = (Dealings, bool, UnixMillis);

impl Engine {
    /// All logs, the most used first.
    pub(in crate::core) fn logs_by_use(&self) -> Vec<LogId> {
        let mut logs: Vec<(Use, LogId)> = self.logs.values().map(|log| (self.use_of(log), log.id)).collect();
        logs.sort_unstable_by(|one, other| other.cmp(one));
        logs.into_iter().map(|(_, id)| id).collect()
    }

    fn use_of(&self, log: &Log) -> Use {
        let conversation = self.conversations.get(&log.conversation.id());
        let changed = conversation.map_or(UnixMillis(0), |conversation| conversation.changed);
        let retired = self.transcripts.get(&log.id).is_some_and(|transcript| transcript.retired);
        (self.dealings(log), !retired, changed)
    }

    fn dealings(&self, log: &Log) -> Dealings {
        let contact = log.peer().and_then(|peer| self.contacts.get(&peer));
        let last = self
            .conversations
            .get(&log.conversation.id())
            .and_then(|conversation| conversation.last.as_ref());
        let wrote_last = last.is_some_and(|last| !matches!(last.state, State::Other));
        let known = self.consents_in(&log.conversation)
            && contact.is_some_and(|contact| contact.verified || contact.profile_sent > 0);
        if self.is_own_conversation(&log.conversation) {
            Dealings::Own
        } else if known || wrote_last {
            Dealings::Writes
        } else if log.read > Seq(0) && self.consents_in(&log.conversation) {
            Dealings::Reads
        } else {
            Dealings::None
        }
    }

    /// The relay takes no more subscriptions: this one waits, unless its log is used more than a subscribed one.
    pub(in crate::core) fn subscription_waits(&mut self, id: &LogId) {
        let Some(log) = self.logs.get(id) else { return };
        let used = self.use_of(log);
        if used.0 > Dealings::None
            && let Some((least, other)) = self.least_used()
            && least < used
        {
            return self.swap(&other, id);
        }
        self.turns.waiting.push_back(*id);
        self.waits_for_turn(id);
    }

    fn waits_for_turn(&mut self, id: &LogId) {
        self.live.or_default(*id).waits = true;
        self.turns.next.get_or_insert(self.steady.after(TURN));
        self.changed.connection = true;
        self.retry_later(60_000);
    }

    /// Something is to be written into a waiting log: this device reads it now.
    pub(in crate::core) fn takes_its_turn(&mut self, id: &LogId) {
        match self.least_used() {
            Some((_, other)) => self.swap(&other, id),
            None => self.try_again(id),
        }
    }

    /// Reads waiting logs for a while, in place of others that are used as little.
    pub(in crate::core) fn take_turns(&mut self) {
        let Some(next) = self.turns.next else { return };
        let left = next.since(self.steady);
        if left > 0 {
            return self.retry_later(u32::try_from(left).unwrap_or(u32::MAX));
        }
        self.turns.next = None;
        if self.turns.waiting.is_empty() {
            self.turns.waiting = std::mem::take(&mut self.turns.had);
        }
        let mut reading = self.reading();
        reading.sort_unstable();
        let mut reading = reading.into_iter();
        for _ in 0..AT_A_TIME.min(self.turns.waiting.len()) {
            let Some(id) = self.turns.waiting.pop_front() else { break };
            let Some(log) = self.logs.get(&id).filter(|log| log.stage == Stage::Active) else { continue };
            let dealings = self.dealings(log);
            match reading.next().filter(|((theirs, ..), _)| *theirs <= dealings) {
                Some((_, other)) => self.swap(&other, &id),
                // The relay may have room by now.
                None => self.try_again(&id),
            }
        }
        if !(self.turns.waiting.is_empty() && self.turns.had.is_empty()) {
            self.turns.next = Some(self.steady.after(TURN));
            self.retry_later(60_000);
        }
    }

    /// Logs that are read to their end, and on which nothing is under way.
    fn reading(&self) -> Vec<(Use, LogId)> {
        let idle = |log: &&Log| {
            self.live.get(&log.id).is_some_and(|live| {
                live.subscribed && !live.appending && !live.committing && log.cursor >= live.head
            })
        };
        let active = self.logs.values().filter(|log| log.stage == Stage::Active);
        active.filter(idle).map(|log| (self.use_of(log), log.id)).collect()
    }

    fn least_used(&self) -> Option<(Use, LogId)> {
        self.reading().into_iter().min()
    }

    /// One log gives its subscription to another, and waits for its next turn.
    fn swap(&mut self, gives: &LogId, takes: &LogId) {
        self.unsubscribe(gives);
        self.turns.had.push_back(*gives);
        self.waits_for_turn(gives);
        self.try_again(takes);
    }

    fn try_again(&mut self, id: &LogId) {
        self.turns.waiting.retain(|waiting| waiting != id);
        self.turns.had.retain(|waiting| waiting != id);
        self.live.or_default(*id).waits = false;
        self.subscribe_log(id);
    }

    /// Ends the subscription of a log.
    pub(in crate::core) fn unsubscribe(&mut self, id: &LogId) {
        if let Some(live) = self.live.get_mut(id)
            && std::mem::take(&mut live.subscribed)
        {
            self.ask(Request::UnsubscribeLog(*id), Pending::Unsubscribe);
        }
    }

    /// The connection is gone, and all subscriptions with it.
    pub(in crate::core) fn forget_turns(&mut self) {
        self.turns = Turns::default();
    }
}

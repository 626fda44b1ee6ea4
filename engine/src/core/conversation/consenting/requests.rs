//! Limits what this device keeps of people who wrote first: how many people, and how much of what each wrote.

use parley_protocol::ids::{AccountId, LogId, Seq, UnixMillis};

use super::{Engine, length, shows};
use crate::channel::log::{Log, Stage};
use crate::domain::consent::{Consent, MAX_OUTSIDE, MAX_REQUESTS, Stance, TO_THE_END};
use crate::domain::content::Content;
use crate::domain::conversation::{Conversation, ConversationKey, id_of};
use crate::mls::credential::Leaf;
use crate::table::Table;

/// Most logs in use with an account that waits for an answer, or is blocked, and most logs ever.
const MAX_LOGS: usize = 8;
const MAX_LOGS_EVER: usize = 64;
/// An account whose log is this old, in milliseconds, and that has said nothing may be forgotten: an honest client writes at
/// once.
const SILENT: u64 = 10 * 60 * 1000;
/// The time between one such account that is forgotten and the next: 60 an hour.
const FORGET_EVERY: u64 = 60 * 1000;

impl Engine {
    /// Whether this device joins a log to which a device of `peer` adds it. An account that proves that it has the link needs
    /// no room, so that strangers keep out nobody who does.
    pub(in crate::core) fn may_join(&self, peer: &AccountId, expected: bool) -> bool {
        let logs = self.logs_with(peer);
        let alive = |log: &&LogId| self.logs.get(log).is_some_and(|log| log.stage != Stage::Dead);
        let fits = logs.len() < MAX_LOGS_EVER && logs.iter().filter(alive).count() < MAX_LOGS;
        match self.consent(peer) {
            Consent::Granted => true,
            Consent::Requested => fits && (expected || self.is_known_to_ask(peer) || self.has_room_outside()),
            // A log that replaces another one says so: without it, the two sides would write into different logs after
            // Unblock.
            Consent::Revoked => fits,
        }
    }

    /// This device has joined a log. The views show nothing of it yet; an account that proved that it has the link is
    /// accepted.
    pub(in crate::core) fn was_let_in_by(&mut self, peer: &AccountId, expected: bool) {
        if self.consent(peer) == Consent::Requested {
            let outside = !self.is_known_to_ask(peer);
            if outside && !expected {
                self.make_room_outside();
            }
            self.stance_mut(peer).kept.outside = outside;
            if expected {
                self.decide(peer, Consent::Granted);
            }
        }
    }

    /// Whether the views show a request of this account.
    fn is_known_to_ask(&self, peer: &AccountId) -> bool {
        let shown = |chat: &Conversation| chat.last.is_some() && self.is_request(chat);
        self.conversations.get(&id_of(peer)).is_some_and(shown)
    }

    /// Whether this device takes another stranger of whom it shows nothing. If many have been silent for long, the one who
    /// came first makes room; only so often, however many come.
    fn has_room_outside(&self) -> bool {
        let pause = self.forgot_silent.is_some_and(|last| self.steady.since(last) < FORGET_EVERY);
        !self.is_full_outside() || !pause && self.longest_silent().is_some()
    }

    fn is_full_outside(&self) -> bool {
        self.stances.values().filter(|stance| stance.kept.outside).count() >= MAX_OUTSIDE
    }

    /// Another stranger was added: nobody made room before, since the engine may undo what it judges.
    fn make_room_outside(&mut self) {
        if !self.is_full_outside() {
            return;
        }
        let Some(peer) = self.longest_silent() else { return };
        for log in self.logs_with(&peer) {
            self.end_log(&log);
        }
        self.stance_mut(&peer).kept.outside = false;
        self.forgot_silent = Some(self.steady);
    }

    /// Among accounts whose logs were read to the end with nothing to show, the one who came first.
    fn longest_silent(&self) -> Option<AccountId> {
        let silent = |stance: &&Stance| {
            stance.kept.outside && !stance.kept.full && stance.decision.consent == Consent::Requested
        };
        let came = |stance: &Stance| {
            if self.is_known_to_ask(&stance.peer) {
                return None;
            }
            let logs = self.logs_with(&stance.peer);
            let alive =
                logs.iter().filter_map(|id| self.logs.get(id)).filter(|log| log.stage == Stage::Active);
            let is_read = |log: &Log| {
                self.live.get(&log.id).is_some_and(|live| live.subscribed && log.cursor >= live.head)
            };
            let (mut came, mut read) = (UnixMillis(0), true);
            for log in alive {
                came = came.max(log.updated);
                read &= is_read(log);
            }
            let long_ago = self.now.0.saturating_sub(came.0) >= SILENT;
            (read && long_ago).then_some((came, stance.peer))
        };
        self.stances.values().filter(silent).filter_map(came).min().map(|(_, peer)| peer)
    }

    /// The number of accounts that wait for an answer.
    fn requests(&self) -> usize {
        self.conversations.values().filter(|conversation| self.is_request(conversation)).count()
    }

    fn is_request(&self, conversation: &Conversation) -> bool {
        let Some(peer) = conversation.key.peer() else { return false };
        // What the views show may have come from another device of the account.
        let outside = self.is_outside(peer) && conversation.last.is_none();
        let begun = !conversation.logs.is_empty() && !outside;
        begun && self.consent(peer) == Consent::Requested && !self.is_hidden(&conversation.key)
    }

    fn is_outside(&self, peer: &AccountId) -> bool {
        self.stances.get(peer).is_some_and(|stance| stance.kept.outside)
    }

    /// Whether this device stops reading a log until the person decides, because it has kept as much of the request as it
    /// ever keeps. Later entries stay at the relay, and come after *Accept*. The device also stops reading a log with a
    /// blocked account as long as it does not know whether another device has unblocked the account.
    pub(in crate::core) fn rests(&self, log: &Log) -> bool {
        let stance = log.peer().and_then(|peer| self.stances.get(&peer));
        stance.is_some_and(|stance| match stance.decision.consent {
            Consent::Requested => stance.kept.full,
            Consent::Granted => false,
            Consent::Revoked => !self.has_heard_own_devices(),
        })
    }

    pub(in crate::core) fn is_resting(&self, id: &LogId) -> bool {
        self.logs.get(id).is_some_and(|log| self.rests(log))
    }

    /// Whether content exceeds what this device keeps of a request: its log rests from here on.
    pub(in crate::core) fn is_beyond_request(&mut self, id: &LogId, from: &Leaf, content: &Content) -> bool {
        let Some(peer) = self.logs.get(id).and_then(Log::peer).filter(|peer| *peer == from.account) else {
            return false;
        };
        let expected = content.token.is_some_and(|token| self.is_expected(&token));
        if expected || self.consent(&peer) != Consent::Requested || !shows(&content.body) {
            return false;
        }
        let full = (self.is_hidden(&ConversationKey::Peer(peer)) || self.is_outside(&peer))
            && self.requests() >= MAX_REQUESTS;
        let seq = self.logs.get(id).map_or(Seq(0), |log| log.cursor);
        let kept = &mut self.stance_mut(&peer).kept;
        kept.full |= !kept.skips(id, seq) && (full || !kept.has_room(length(&content.body)));
        kept.full
    }

    /// Stops reading the log.
    pub(in crate::core) fn rest(&mut self, id: &LogId) {
        self.unsubscribe(id);
        self.changed.connection = true;
    }

    /// Counts a stored part of a request; returns whether there is room for it.
    pub(in crate::core) fn keep_of_request(&mut self, peer: &AccountId, length: usize) -> bool {
        if self.consent(peer) != Consent::Requested {
            return true;
        }
        let kept = &mut self.stance_mut(peer).kept;
        let room = kept.has_room(length);
        if room {
            kept.keep(length);
        }
        room
    }

    /// The person deleted everything of a conversation: of a request also what this device has not read.
    pub(in crate::core) fn request_was_deleted(&mut self, peer: &AccountId) {
        if self.consent(peer) == Consent::Requested && self.stances.contains_key(peer) {
            let unread = self.unread_at_relay(peer);
            self.stance_mut(peer).kept.delete(unread);
            self.read_on(peer);
        }
        self.make_room_for_requests();
    }

    /// Up to which place the relay has entries that this device has not read. Nobody knows that of a log without a
    /// subscription.
    fn unread_at_relay(&self, peer: &AccountId) -> Table<LogId, Seq> {
        let logs = self.logs_with(peer).into_iter().filter_map(|id| self.logs.get(&id));
        let end = |log: &Log| {
            let live = self.live.get(&log.id).filter(|live| live.subscribed);
            (log.id, live.map_or(TO_THE_END, |live| live.head))
        };
        let unread = logs.filter(|log| log.stage == Stage::Active).map(|log| (log.cursor, end(log)));
        unread.filter(|(cursor, (_, end))| cursor < end).map(|(_, unread)| unread).collect()
    }

    /// Requests that had no room to come back may come now.
    pub(super) fn make_room_for_requests(&mut self) {
        let rest = |stance: &&Stance| stance.kept.is_only_full();
        let room = MAX_REQUESTS.saturating_sub(self.requests());
        let waiting = self.stances.values().filter(rest).take(room);
        let peers: Vec<AccountId> = waiting.map(|stance| stance.peer).collect();
        for peer in peers {
            self.stance_mut(&peer).kept.full = false;
            self.read_on(&peer);
        }
    }

    pub(super) fn read_on(&mut self, peer: &AccountId) {
        if self.online() {
            for log in self.logs_with(peer) {
                self.resume_log(&log);
            }
        }
    }

    /// Passes over what the relay had when a request was deleted; whoever writes after that asks again.
    pub(in crate::core) fn stop_skipping(&mut self, id: &LogId) {
        let known = self.logs.get(id).and_then(|log| Some((log.peer()?, log.cursor)));
        let Some((peer, cursor)) = known else { return };
        if self.stances.get(&peer).is_some_and(|stance| !stance.kept.skips.is_empty()) {
            let head = self.live.get(id).filter(|live| live.subscribed).map(|live| live.head);
            self.stance_mut(&peer).kept.read(id, cursor, head);
        }
    }
}

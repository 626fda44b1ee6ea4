//! Enforces consent: whom this person hears and answers ([`crate::domain::consent`]). This device writes nothing into a log
//! with somebody to whom the person has not consented: no receipt, no name, no key update, no commit and no question.
//! [`Engine::consents_to`] decides this for every sender; on consent, the engine does what waited for it.

mod invite;
mod requests;

use parley_protocol::ids::{AccountId, LogId, Seq};

use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::core::channel::reading::At;
use crate::core::storage::dirty_set::Dirty;
use crate::domain::consent::{Consent, Decision, PassedOver, Stance, Token, Told};
use crate::domain::content::{Again, Body, Content, Sync};
use crate::domain::conversation::{ConversationKey, id_of};
#[cfg(feature = "audit")]
use crate::group::chat::GroupChat;
use crate::mls::credential::Leaf;
use crate::view::{CommandError, ConversationId, Reply, ViewRequestId};

/// Bytes of decisions in one message to own devices, roughly, and of each log in one decision.
const AT_ONCE: usize = 24 * 1024;
const PASSED: usize = 48;

impl Engine {
    /// Whether this device may write into logs with somebody. Every part of the engine that writes into a log asks this
    /// first.
    pub(in crate::core) fn consents_to(&self, peer: &AccountId) -> bool {
        self.consent(peer) == Consent::Granted
    }

    /// Whether this device may write into a conversation.
    pub(in crate::core) fn consents_in(&self, key: &ConversationKey) -> bool {
        self.consent_in(key) == Consent::Granted
    }

    /// Whether the person wants to hear from a conversation; a member of a group has consented to it.
    pub(in crate::core) fn consent_in(&self, key: &ConversationKey) -> Consent {
        key.peer().map_or(Consent::Granted, |peer| self.consent(peer))
    }

    /// Whether this device may write into a log.
    pub(in crate::core) fn may_write_into(&self, log: &LogId) -> bool {
        self.logs.get(log).is_some_and(|log| self.consents_in(&log.conversation))
    }

    pub(in crate::core) fn consent(&self, peer: &AccountId) -> Consent {
        if self.is_own_account(peer) {
            return Consent::Granted;
        }
        self.stances.get(peer).map(|stance| stance.decision.consent).unwrap_or_default()
    }

    pub(in crate::core) fn is_blocked(&self, peer: &AccountId) -> bool {
        self.consent(peer) == Consent::Revoked
    }

    fn stance_mut(&mut self, peer: &AccountId) -> &mut Stance {
        self.dirty.insert(Dirty::Stance(*peer));
        self.stances.or_insert_with(*peer, || Stance::new(*peer))
    }

    /// The account knew somebody when a backup or a file was written: they are no stranger, whatever they have written since.
    pub(in crate::core) fn knew_before(&mut self, peer: &AccountId) {
        self.take_decision(peer, Decision::KNOWN);
    }

    /// The person decides on this device.
    pub(in crate::core) fn decide(&mut self, peer: &AccountId, consent: Consent) {
        if self.consent(peer) == consent || self.is_own_account(peer) {
            return;
        }
        let before = self.stance_mut(peer).decision;
        if consent == Consent::Granted {
            self.pass_over_what_was_read(peer);
        }
        self.take_decision(peer, before.next(consent));
        self.tell_stances(&[*peer]);
        self.note_deletion_for_backup();
    }

    /// Applies a decision: of two, the stronger one holds.
    fn take_decision(&mut self, peer: &AccountId, decision: Decision) {
        let before = self.consent(peer);
        if self.is_own_account(peer) || self.stances.get(peer).is_some_and(|it| it.decision >= decision) {
            return;
        }
        self.stance_mut(peer).decision = decision;
        if before != decision.consent {
            self.follow_decision(peer, decision.consent);
        }
    }

    fn follow_decision(&mut self, peer: &AccountId, consent: Consent) {
        let id = id_of(peer);
        self.changed.conversations.insert(id);
        if consent == Consent::Revoked {
            self.stance_mut(peer).kept.outside = false;
            // The conversation where the person finds somebody they blocked.
            self.conversation_with(peer);
            self.save_conversation(id);
        }
        if consent == Consent::Granted {
            self.stance_mut(peer).kept = crate::domain::consent::Kept::default();
            self.begin_to_answer(peer);
        }
        self.make_room_for_requests();
    }

    /// The person unblocks somebody on this device: no device of the account shows what this device has read until now.
    fn pass_over_what_was_read(&mut self, peer: &AccountId) {
        let unheard = self.stances.get(peer).map(|stance| stance.unheard.clone()).unwrap_or_default();
        for (log, after) in unheard {
            let upto = self.logs.get(&log).map_or(after, |log| log.cursor);
            self.stance_mut(peer).pass_over(log, PassedOver { after, upto });
        }
    }

    /// Does what waited for consent: reads logs on, and writes receipts and changes of members.
    fn begin_to_answer(&mut self, peer: &AccountId) {
        for (log, after) in std::mem::take(&mut self.stance_mut(peer).unheard) {
            self.hear_what_was_unheard(&log, peer, after);
        }
        for log in self.logs_with(peer) {
            self.ask_for_what_had_no_room(&log, ConversationKey::Peer(*peer));
            self.membership.unsettle(&log);
            if self.online() {
                self.resume_log(&log);
            }
        }
        self.receipts_due();
        self.pump(id_of(peer));
    }

    /// This device has passed over entries of a log. Another device of the account sends those that it has shown; the author
    /// sends again those that came after the decision. This device gives up the log itself: it never acknowledges what it
    /// passed over, and receipts say "up to here".
    fn hear_what_was_unheard(&mut self, id: &LogId, peer: &AccountId, after: Seq) {
        let passed = self.stances.get(peer).and_then(|stance| stance.passed.get(id));
        let after = passed.filter(|passed| passed.after <= after).map_or(after, |it| it.upto.max(after));
        self.ask_for_rest(id);
        let retired = self.transcripts.get(id).is_some_and(|transcript| transcript.retired);
        if self.logs.get(id).is_some_and(|log| retired || log.stage == Stage::Dead) {
            // Another device gave up the log before, without knowing what this device lacks.
            self.ask_again(id, ConversationKey::Peer(*peer), after, after);
        }
        self.abandon_from(id, after, after);
    }

    fn logs_with(&self, peer: &AccountId) -> Vec<LogId> {
        self.conversations.get(&id_of(peer)).map(|conversation| conversation.logs.clone()).unwrap_or_default()
    }

    /// Tells decisions to the other devices of the account.
    fn tell_stances(&mut self, peers: &[AccountId]) {
        let told: Vec<Told> = peers.iter().filter_map(|peer| Some(self.stances.get(peer)?.told())).collect();
        let (mut batch, mut size) = (Vec::new(), 0_usize);
        for told in told {
            let length = 64 + told.passed.len().saturating_mul(PASSED);
            if size.saturating_add(length) > AT_ONCE && !batch.is_empty() {
                self.sync(Sync::Stances(std::mem::take(&mut batch)));
                size = 0;
            }
            size = size.saturating_add(length);
            batch.push(told);
        }
        if !batch.is_empty() {
            self.sync(Sync::Stances(batch));
        }
    }

    /// Tells a new device all decisions, and the token of the own link.
    pub(in crate::core) fn tell_all_stances(&mut self) {
        let decided = self.stances.values().filter(|it| it.decision != Decision::default());
        let peers: Vec<AccountId> = decided.map(|stance| stance.peer).collect();
        self.tell_stances(&peers);
        if let Some(token) = self.own_token {
            self.sync(Sync::Token(token));
        }
    }

    /// Another device of the account, or the account's backup, tells decisions.
    pub(in crate::core) fn stances_came(&mut self, all: &[Told]) {
        for told in all {
            self.stance_came(told);
        }
        self.ask_for_unknown();
    }

    fn stance_came(&mut self, told: &Told) {
        if self.is_own_account(&told.account) {
            return;
        }
        if told.token.is_some() {
            self.stance_mut(&told.account).token = told.token;
        }
        for (log, passed) in &told.passed {
            self.stance_mut(&told.account).pass_over(*log, *passed);
        }
        let unknown_there = self.pass_over_for_others(told);
        self.take_decision(&told.account, told.decision);
        if unknown_there {
            self.tell_stances(&[told.account]);
        }
        let decided = self.consent(&told.account) != Consent::Requested;
        if decided && !self.contacts.contains_key(&told.account) {
            self.unknown.insert(told.account);
        }
    }

    /// Passes over entries for another device that has unblocked somebody and is not in one of their logs: that device cannot
    /// say what was read of the log before. No device shows what this device has read until now. Returns whether there is
    /// such a log.
    fn pass_over_for_others(&mut self, told: &Told) -> bool {
        let unblocks = told.decision.consent == Consent::Granted && self.is_blocked(&told.account);
        let stance = self.stances.get(&told.account).filter(|it| unblocks && told.decision > it.decision);
        let unheard = stance.map(|stance| stance.unheard.clone()).unwrap_or_default();
        let mut found = false;
        for (log, after) in unheard {
            if told.passed.iter().all(|(known, _)| *known != log) {
                let upto = self.logs.get(&log).map_or(after, |log| log.cursor);
                self.stance_mut(&told.account).pass_over(log, PassedOver { after, upto });
                found = true;
            }
        }
        found
    }

    /// Another device of the account has written to somebody: that is consent.
    pub(in crate::core) fn own_device_wrote_to(&mut self, peer: &AccountId) {
        if self.consent(peer) == Consent::Requested {
            self.take_decision(peer, Decision::FIRST);
        }
    }

    /// The person searched for somebody and opened the chat: an account that has not written yet is no stranger any more.
    pub(in crate::core) fn seek(&mut self, peer: &AccountId) {
        if !self.stances.contains_key(peer) {
            self.decide(peer, Consent::Granted);
        }
        if let Some(token) = self.links.remove(peer) {
            self.bring_token(peer, token);
        }
    }

    /// The person used somebody's link: the next text to them carries the link's token.
    pub(in crate::core) fn bring_token(&mut self, peer: &AccountId, token: Token) {
        self.stance_mut(peer).token = Some(token);
        self.tell_stances(&[*peer]);
    }

    /// The token that goes with the own name and texts.
    pub(in crate::core) fn token_for(&self, peer: &AccountId) -> Option<Token> {
        self.stances.get(peer).and_then(|stance| stance.token)
    }

    fn peer_of_chat(&self, id: ConversationId) -> Result<AccountId, CommandError> {
        let peer = self.conversations.get(&id).and_then(|conversation| conversation.key.peer()).copied();
        peer.filter(|peer| !self.is_own_account(peer)).ok_or(CommandError::UnknownConversation)
    }

    pub(in crate::core) fn accept_request(
        &mut self,
        id: ConversationId,
    ) -> Result<Option<Reply>, CommandError> {
        let peer = self.peer_of_chat(id)?;
        if self.consent(&peer) == Consent::Requested {
            self.decide(&peer, Consent::Granted);
        }
        Ok(Some(Reply::Done))
    }

    /// Blocks somebody. What a stranger wrote is deleted; a chat with a contact stays.
    pub(in crate::core) fn block(
        &mut self,
        view: ViewRequestId,
        id: ConversationId,
    ) -> Result<Option<Reply>, CommandError> {
        let peer = self.peer_of_chat(id)?;
        if self.consent(&peer) == Consent::Requested {
            return self.delete_and_block(view, id);
        }
        self.decide(&peer, Consent::Revoked);
        Ok(Some(Reply::Done))
    }

    pub(in crate::core) fn unblock(&mut self, id: ConversationId) -> Result<Option<Reply>, CommandError> {
        let peer = self.peer_of_chat(id)?;
        if self.consent(&peer) == Consent::Revoked {
            self.decide(&peer, Consent::Granted);
        }
        Ok(Some(Reply::Done))
    }

    /// Handles content of somebody whom the person does not hear; returns whether the content goes no further.
    pub(in crate::core) fn is_passed_over(
        &mut self,
        id: &LogId,
        from: &Leaf,
        content: &Content,
        at: At,
    ) -> bool {
        let peer = from.account;
        if self.consent(&peer) == Consent::Requested && content.token.is_some_and(|it| self.is_expected(&it))
        {
            self.decide(&peer, Consent::Granted);
        }
        match self.consent(&peer) {
            Consent::Granted => {
                if self.token_for(&peer).is_some() {
                    // They have answered, and so have the token.
                    self.stance_mut(&peer).token = None;
                }
                self.was_passed_over_elsewhere(id, &peer, &content.body, at.seq)
            }
            Consent::Requested => {
                let skips = self.stances.get(&peer).is_some_and(|stance| stance.kept.skips(id, at.seq));
                let passed = skips && shows(&content.body);
                if passed {
                    // It is no news when it comes again.
                    self.transcripts.or_default(*id).saw(&content.id);
                }
                passed
            }
            Consent::Revoked => {
                match &content.body {
                    // A resync says only where they write from now on, nothing to the person.
                    Body::Resync(resync) => self.resync_came(from, resync, at),
                    // Another device may have decided otherwise before this was written: it counts as news when it comes
                    // again.
                    body if shows(body) => {
                        let before = Seq(at.seq.0.saturating_sub(1));
                        self.stance_mut(&peer).unheard.or_insert_with(*id, || before);
                    }
                    _ => {}
                }
                true
            }
        }
    }

    /// Whether this device, or the device on which the person unblocked them, has passed over this content.
    fn was_passed_over_elsewhere(&mut self, id: &LogId, peer: &AccountId, body: &Body, seq: Seq) -> bool {
        let Some(stance) = self.stances.get(peer).filter(|stance| !stance.passed.is_empty()) else {
            return false;
        };
        let here = stance.passed.get(id).copied().filter(|passed| shows(body) && passed.covers(seq));
        if let Some(passed) = here {
            self.abandon_from(id, passed.upto, passed.upto);
            return true;
        }
        let Body::Again(Again { place, .. }) = body else { return false };
        let first = stance.passed.get(&place.log).is_some_and(|passed| passed.covers(place.seq));
        first && !self.is_of_another_era(place)
    }

    /// Whether this device knows all decisions that the account's other devices have sent.
    fn has_heard_own_devices(&self) -> bool {
        let behind = |log: &Log| {
            let live = self.live.get(&log.id).copied().unwrap_or_default();
            !live.waits && (!live.subscribed || log.cursor < live.head)
        };
        let mut own = self.logs.values().filter(|log| self.is_own_conversation(&log.conversation));
        !own.any(|log| log.stage == Stage::Active && behind(log))
    }

    /// This device has read an entry of a log. If it has now read everything from the account's other devices, it reads on in
    /// the logs of accounts that are still blocked.
    pub(in crate::core) fn own_devices_were_heard(&mut self, id: &LogId) {
        let own = self.logs.get(id).is_some_and(|log| self.is_own_conversation(&log.conversation));
        if own && self.has_heard_own_devices() {
            let blocked = self.stances.values().filter(|it| it.decision.consent == Consent::Revoked);
            for peer in blocked.map(|stance| stance.peer).collect::<Vec<AccountId>>() {
                self.read_on(&peer);
            }
        }
    }

    /// Accounts to which this device consents, for tests that watch its outputs.
    #[cfg(feature = "audit")]
    #[must_use]
    pub fn granted(&self) -> Vec<AccountId> {
        let own = self.account.iter().map(|account| account.id);
        own.chain(self.stances.keys().copied()).filter(|peer| self.consents_to(peer)).collect()
    }

    /// Logs of groups that this device has joined, for the same tests.
    #[cfg(feature = "audit")]
    #[must_use]
    pub fn joined(&self) -> Vec<LogId> {
        let joined = self.logs.keys().filter(|log| self.group_chat_of(log).is_some_and(GroupChat::is_active));
        joined.copied().collect()
    }

    /// The account of this device, for the same tests.
    #[cfg(feature = "audit")]
    #[must_use]
    pub fn own_account(&self) -> Option<AccountId> {
        self.account.as_ref().map(|account| account.id)
    }
}

/// Whether a body is something to read.
const fn shows(body: &Body) -> bool {
    matches!(body, Body::Part(_) | Body::Again(_))
}

fn length(body: &Body) -> usize {
    match body {
        Body::Part(part) => part.length(),
        Body::Again(again) => again.part.length(),
        _ => 0,
    }
}

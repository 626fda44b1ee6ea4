//! Sends the outbox to the relay: one append at a time for each log, so that order is kept, and each append with as many
//! messages as wait. The engine sends an encrypted message again as the same bytes until the relay has it or the epoch ends.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::frame::{Answer, AppendMessages, NewMessage, RelayError, Request, Retry, Stored};
use parley_protocol::ids::{AccountId, AppendId, LogId, MessageId, Seq, UnixMillis};
use parley_protocol::limits::{MAX_APPEND, MAX_MESSAGE};

use crate::channel::log::{Log, OwnAppend, Stage, payload_hash};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::core::storage::dirty_set::Dirty;
use crate::domain::content::{Body, Content, HeadHint, Profile, ReceiptOf};
use crate::domain::conversation::ConversationKey;
use crate::domain::message::{Author, Message, MessageBody};
use crate::domain::outbox::{OutboxEntry, Sealed};
use crate::group::past::KeptEntry;
use crate::mls::group::GroupError;
use crate::view::{ConversationId, WaitReason};

/// Bytes in one append, roughly.
const APPEND_BYTES: usize = 256 * 1024;
/// A longer padded content exceeds the relay's message size: MLS adds less than the difference.
const MAX_PADDED: usize = MAX_MESSAGE - 512;
/// Pause between the last message in one log and the first in the next, in milliseconds.
const SETTLING: u64 = 50;

/// Whether a body may be the first that somebody hears: it carries the token by which they learn that they are expected.
const fn brings_token(body: &Body) -> bool {
    matches!(body, Body::Profile(_) | Body::Part(_) | Body::Again(_))
}

impl Engine {
    pub(in crate::core) fn enqueue(
        &mut self,
        to: ConversationKey,
        body: Body,
        only: Option<LogId>,
    ) -> (u64, MessageId) {
        let id = MessageId(self.random.array());
        (self.enqueue_as(to, id, self.now, body, only), id)
    }

    /// Puts something into the outbox under an id that it already has.
    pub(in crate::core) fn enqueue_as(
        &mut self,
        to: ConversationKey,
        id: MessageId,
        time: UnixMillis,
        body: Body,
        only: Option<LogId>,
    ) -> u64 {
        let number = self.device.next_outbox;
        self.device.next_outbox = number.saturating_add(1);
        self.save_device();
        let body = self.lasting(&to, body);
        let entry = OutboxEntry { conversation: to, id, time, body, only, sealed: None, failed: false };
        if matches!(entry.body, Body::Part(_) | Body::Again(_)) {
            self.waiting.insert(number, to);
            self.dirty.insert(Dirty::Waiting);
        }
        self.outbox.insert(number, Box::new(entry));
        self.save_outbox(number);
        number
    }

    /// A text does not wait any more.
    pub(in crate::core) fn is_sent(&mut self, number: u64) {
        if self.waiting.remove(&number).is_some() {
            self.dirty.insert(Dirty::Waiting);
        }
    }

    /// Does what a conversation needs next: makes a group, or appends.
    pub(in crate::core) fn pump(&mut self, id: ConversationId) {
        let Some(key) = self.conversations.get(&id).map(|conversation| conversation.key) else {
            return;
        };
        if !self.online() || self.holds_back(&key) || !self.consents_in(&key) {
            return;
        }
        let waiting = self
            .outbox
            .values()
            .any(|entry| entry.conversation == key && !entry.failed && entry.only.is_none());
        if let Some(peer) = key.peer().filter(|_| waiting && self.usable_log(&key).is_none()) {
            self.ensure_group(*peer);
        }
        let logs =
            self.conversations.get(&id).map(|conversation| conversation.logs.clone()).unwrap_or_default();
        for log in logs {
            self.resend_due(&log);
            self.pump_log(&log);
        }
    }

    pub(in crate::core) fn pump_log(&mut self, id: &LogId) {
        if self.sleeps(id) {
            return;
        }
        let live = self.live.get(id).copied().unwrap_or_default();
        let Some(log) = self.logs.get(id) else {
            return;
        };
        let caught_up = live.subscribed && log.cursor >= live.head;
        if self.holds_back(&log.conversation) || !self.consents_in(&log.conversation) {
            return;
        }
        if live.waits && log.stage == Stage::Active && self.writes_into(id) {
            return self.takes_its_turn(id);
        }
        if !self.online() || log.stage != Stage::Active || !caught_up || live.appending || live.committing {
            return;
        }
        if log.commit.is_some() {
            return self.send_commit(id);
        }
        if self.of_groups().renew_after_rollback(id) {
            return;
        }
        if self.writes_into(id) && self.check_devices_of(id) || self.settle_members(id) {
            return;
        }
        if self.group_of(id).is_some()
            && (self.of_groups().remove_who_left(id) || self.of_groups().go_on_changing(id))
        {
            return;
        }
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else {
            return;
        };
        let is_main = self.usable_log(&key) == Some(*id);
        if is_main && self.waits_for_another_log(&key, id) {
            return;
        }
        if is_main {
            match key.peer() {
                Some(peer) => self.introduce(*peer),
                None => self.of_groups().introduce_in_group(id),
            }
        }
        let numbers = self.seal_waiting(id, is_main);
        if numbers.is_empty() {
            self.update_if_due(id);
        } else {
            self.send_append(id, numbers);
        }
    }

    /// Views show messages of all logs by the relay's time: a message that was written earlier and goes into another log must
    /// have an earlier time.
    fn waits_for_another_log(&mut self, key: &ConversationKey, id: &LogId) -> bool {
        let elsewhere = |entry: &OutboxEntry| entry.sealed.as_ref().is_some_and(|sealed| sealed.log != *id);
        let under_way =
            |entry: &OutboxEntry| entry.conversation == *key && entry.only.is_none() && !entry.failed;
        if self.outbox.values().any(|entry| under_way(entry) && elsewhere(entry)) {
            return true;
        }
        let settled = self.settling.get(key).is_none_or(|since| self.steady.since(*since) >= SETTLING);
        if settled {
            self.settling.remove(key);
        } else {
            self.retry_later(0);
        }
        !settled
    }

    /// Tells the contact this person's name, before anything else and after each change.
    fn introduce(&mut self, peer: AccountId) {
        let Some(account) = &self.account else {
            return;
        };
        let (name, version) = (account.name.clone(), account.profile);
        let key = ConversationKey::Peer(peer);
        let speaks = self.outbox.values().any(|entry| entry.conversation == key && entry.only.is_none());
        match self.contacts.get_mut(&peer) {
            Some(contact) if contact.profile_sent < version && (contact.profile_sent > 0 || speaks) => {
                contact.profile_sent = version;
            }
            _ => return,
        }
        self.save_contact(&peer);
        self.enqueue(key, Body::Profile(Profile { name }), None);
    }

    /// Encrypts what waits for this log; returns the numbers of the outbox entries to append, in order.
    fn seal_waiting(&mut self, id: &LogId, is_main: bool) -> Vec<u64> {
        let Some(key) = self.logs.get(id).map(|log| log.conversation) else {
            return Vec::new();
        };
        let for_this = |entry: &OutboxEntry| match (&entry.sealed, entry.only) {
            (Some(sealed), _) => sealed.log == *id,
            (None, Some(only)) => only == *id,
            (None, None) => is_main && entry.conversation == key,
        };
        let waiting: Vec<u64> = self
            .outbox
            .iter()
            .filter(|(number, entry)| !entry.failed && for_this(entry) && !self.waits_for_files(**number))
            .map(|(number, _)| *number)
            .take(MAX_APPEND)
            .collect();
        if !waiting.is_empty() {
            self.forget_lost_commit(id);
        }
        let (mut numbers, mut size) = (Vec::new(), 0_usize);
        for number in waiting {
            match self.seal_one(id, number) {
                Ok(length) => {
                    size = size.saturating_add(length);
                    if size > APPEND_BYTES && !numbers.is_empty() {
                        break;
                    }
                    numbers.push(number);
                }
                Err(_) => self.fail(number),
            }
        }
        numbers
    }

    fn seal_one(&mut self, id: &LogId, number: u64) -> Result<usize, GroupError> {
        let head = self.own_log.as_ref().map(|log| HeadHint::of(&log.head())).ok_or(GroupError::State)?;
        let entry = self.outbox.get(&number).ok_or(GroupError::State)?;
        if let Some(sealed) = &entry.sealed {
            return Ok(sealed.payload.len());
        }
        // The messages of each sender carry both kinds of hash, whatever the order in which people write.
        let whole = entry.id.as_bytes().first().is_some_and(|byte| byte % 2 == 0);
        let claim = self.transcripts.get(id).and_then(|transcript| transcript.claim(whole));
        let peer = entry.conversation.peer().filter(|_| brings_token(&entry.body));
        let token = peer.and_then(|peer| self.token_for(peer));
        let (message, time, body) = (entry.id, entry.time, entry.body.clone());
        let signature = self.of_groups().sign_in_group(id, message, time, &body)?;
        let mut content = Content { id: message, time, head, claim, token, signature, body };
        let kept = self.of_groups().seal_kept(id, &mut content)?;
        let padded = content.encode().map_err(|_| GroupError::State)?;
        if padded.len() > MAX_PADDED {
            return Err(GroupError::State);
        }
        let (epoch, payload) = self.with_group(id, |group, provider, signer| {
            Ok((group.epoch(), group.encrypt(provider, signer, &padded)?))
        })?;
        self.note_sealed(id, number, Some(&*padded).filter(|_| kept.is_none()));
        let payload = match kept {
            Some(sealed) => KeptEntry::write(&payload, &sealed).ok_or(GroupError::State)?,
            None => payload,
        };
        let length = payload.len();
        let sealed = Sealed { log: *id, epoch, append: AppendId(self.random.array()), payload };
        if let Some(entry) = self.outbox.get_mut(&number) {
            entry.sealed = Some(sealed);
        }
        self.save_outbox(number);
        if let Some(log) = self.logs.get_mut(id) {
            log.sent_since_update = log.sent_since_update.saturating_add(1);
        }
        self.save_log(id);
        Ok(length)
    }

    fn send_append(&mut self, id: &LogId, numbers: Vec<u64>) {
        if !self.may_write_into(id) {
            return;
        }
        let Some(capability) = self.capability(id) else {
            return self.broken(id);
        };
        let sealed = || numbers.iter().filter_map(|number| self.outbox.get(number)?.sealed.as_ref());
        let Some(epoch) = sealed().next().map(|sealed| sealed.epoch) else {
            return;
        };
        let messages = sealed()
            .filter_map(|sealed| {
                Some(NewMessage { append: sealed.append, payload: Bytes::new(sealed.payload.clone()).ok()? })
            })
            .collect();
        let Ok(messages) = List::new(messages) else {
            return;
        };
        self.live.or_default(*id).appending = true;
        let request = AppendMessages { log: *id, capability, epoch, messages };
        self.ask(Request::AppendMessages(request), Pending::Append { log: *id, numbers });
    }

    pub(in crate::core) fn appended(
        &mut self,
        id: &LogId,
        numbers: &[u64],
        result: Result<Answer, RelayError>,
    ) {
        self.live.or_default(*id).appending = false;
        match result {
            Ok(Answer::Stored(stored)) if stored.len() == numbers.len() => {
                for (number, stored) in numbers.iter().zip(stored.iter()) {
                    self.acknowledged(id, *number, *stored);
                }
                self.save_log(id);
                self.resend_due(id);
                self.pump_log(id);
            }
            Ok(_) => self.retry_later(2_000),
            Err(error) => self.append_refused(id, numbers, error),
        }
    }

    fn append_refused(&mut self, id: &LogId, numbers: &[u64], error: RelayError) {
        if let Some(peer) = self.logs.get(id).and_then(Log::peer) {
            self.held_up_by(peer, error, WaitReason::ChatFull);
        }
        match (error, error.retry()) {
            (_, Retry::After(pause)) => self.retry_later(pause),
            (_, Retry::AfterCatchUp) => self.go_on_after_commit(id, numbers),
            (RelayError::UnknownLog | RelayError::WrongCapability | RelayError::Expired, _) => {
                self.log_rolled_back(id);
            }
            (_, Retry::Never) => numbers.iter().for_each(|number| self.fail(*number)),
        }
    }

    /// A commit ended the epoch for which these messages were encrypted. The commit comes through the subscription, and then
    /// the engine encrypts everything again; but the commit may have come before this answer.
    fn go_on_after_commit(&mut self, id: &LogId, numbers: &[u64]) {
        let unsealed = |number| self.outbox.get(number).is_some_and(|entry| entry.sealed.is_none());
        if numbers.iter().any(unsealed) {
            self.pump_log(id);
        }
    }

    fn acknowledged(&mut self, id: &LogId, number: u64, stored: Stored) {
        let Some(sealed) = self.outbox.get(&number).and_then(|entry| entry.sealed.clone()) else {
            return;
        };
        if let Some(log) = self.logs.get_mut(id)
            && stored.seq > log.cursor
        {
            let (append, payload) = (sealed.append, payload_hash(&sealed.payload));
            log.own.push(OwnAppend { append, payload, seq: stored.seq, era: stored.era });
        }
        self.confirm(number, stored.seq, stored.time);
    }

    /// The relay has the message on disk: the message leaves the outbox and becomes history.
    pub(in crate::core) fn confirm(&mut self, number: u64, seq: Seq, time: UnixMillis) {
        let Some(entry) = self.outbox.remove(&number) else {
            return;
        };
        self.save_outbox(number);
        if let Some(peer) = entry.conversation.peer() {
            self.let_go(peer);
        }
        self.go_on_sharing();
        if entry.only.is_none()
            && entry.sealed.as_ref().map(|s| s.log) != self.usable_log(&entry.conversation)
        {
            self.settling.insert(entry.conversation, self.steady);
            self.retry_later(0);
        }
        self.is_sent(number);
        let (part, sealed) = match (entry.body, entry.sealed) {
            (Body::Receipt(receipt), Some(sealed)) => {
                return self.receipts_stored(&sealed.log, &[ReceiptOf { log: sealed.log, receipt }]);
            }
            (Body::Receipts(receipts), Some(sealed)) => return self.receipts_stored(&sealed.log, &receipts),
            (Body::Leave(_), Some(_)) => return self.of_groups().has_left(&entry.conversation),
            (Body::Part(part), Some(sealed)) => (part, sealed),
            (Body::Again(again), Some(sealed)) => return self.stored_again(sealed.log, seq, &again.place),
            _ => return,
        };
        let (written, stored) = (time, self.place_own(&sealed.log, seq, time));
        let time = self.shown_time(&sealed.log, entry.time, stored);
        let own = self.signer().map(|(signer, account)| account.leaf(signer.0));
        let proof = self.of_groups().own_proof(&sealed, entry.id, entry.time, &part);
        let author = own.map(|leaf| Author { proof, ..leaf.author() });
        let message = Message {
            id: entry.id,
            time,
            stored,
            log: sealed.log,
            seq,
            author,
            body: MessageBody::Part(part),
        };
        self.transcripts.or_default(sealed.log).saw(&entry.id);
        self.save_transcript(&sealed.log);
        if self.is_deleted(&entry.conversation, &message) {
            return;
        }
        self.passes_out(number, &sealed, (seq, written), entry.id);
        let conversation = entry.conversation.id();
        let settled = self.settle(conversation, &message, true);
        if let Some(message) = &settled {
            self.save_message(conversation, message);
        }
        self.has_passed();
        let Some(message) = settled else { return };
        self.files_were_sent(&message);
        self.show_in_list(conversation, &message);
        let view = self.message_view(conversation, &message);
        self.remember_unread(&message, &view);
        self.changed.messages.or_default(conversation).push(view);
    }

    pub(in crate::core) fn fail(&mut self, number: u64) {
        let Some(entry) = self.outbox.get_mut(&number) else {
            return;
        };
        if !matches!(entry.body, Body::Part(_) | Body::Again(_)) {
            // Nobody would see that it failed, and nobody takes it back.
            self.outbox.remove(&number);
            return self.save_outbox(number);
        }
        if let Body::Part(part) = &entry.body
            && part.relation().is_some()
        {
            let (key, part, id) = (entry.conversation, part.clone(), entry.id);
            self.outbox.remove(&number);
            self.is_sent(number);
            self.relation_failed(&key, &part, &id);
            return self.save_outbox(number);
        }
        entry.failed = true;
        let conversation = entry.conversation.id();
        self.save_outbox(number);
        if let Some(view) = self.waiting_view(number) {
            self.changed.messages.or_default(conversation).push(view);
        }
        self.changed.conversations.insert(conversation);
    }

    /// Marks everything that was encrypted for this log and is not in it to be encrypted again.
    pub(in crate::core) fn unseal(&mut self, id: &LogId) {
        let of_log = |entry: &OutboxEntry| {
            entry.only == Some(*id) || entry.sealed.as_ref().is_some_and(|sealed| sealed.log == *id)
        };
        let numbers: Vec<u64> =
            self.outbox.iter().filter(|(_, entry)| of_log(entry)).map(|(number, _)| *number).collect();
        let dead = self.logs.get(id).is_none_or(|log| log.stage == Stage::Dead);
        for number in numbers {
            let receipt_of_dead = dead && self.outbox.get(&number).is_some_and(|entry| entry.only.is_some());
            if receipt_of_dead {
                self.outbox.remove(&number);
            } else if let Some(entry) = self.outbox.get_mut(&number) {
                entry.sealed = None;
            }
            self.save_outbox(number);
        }
    }
}

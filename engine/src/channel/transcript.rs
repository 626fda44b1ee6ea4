//! The transcript: what a device remembers of the entries of one log beside its cursor, to detect a relay that shows
//! different people different logs, and to repair what the device missed.
//!
//! Every entry changes the history hash. A message carries the hash that its sender had when it encrypted the message, so
//! that a reader knows whether both have seen the same entries in the same order (the transcript consistency that RFC 9750
//! section 5.1 leaves to the application).
//!
//! There are two history hashes. One begins with each epoch, from a secret of that epoch and the place after which it begins:
//! a device that joins later compares it from its first entry on. The other goes on from the log's first entry: a device that
//! has been there since then detects also what was changed right before a commit. A message carries one of the two.

use std::collections::VecDeque;

use parley_protocol::frame::KnownPlace;
use parley_protocol::ids::{EntryHash, Era, LogId, MessageId, Seq};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::channel::reach::Reach;
use crate::table::Table;

/// Most hashes, ids and own payloads that a transcript remembers.
const REMEMBERED: usize = 64;
/// Most hashes since the log's first entry that it remembers.
const REMEMBERED_WHOLE: usize = 32;
/// Most messages sent again whose receipts it waits for.
const MAX_AGAIN: usize = 256;

/// The beginning of an id: an id with the same beginning is taken for it, and only its own author can make such an id.
pub(crate) type Short = [u8; 8];

/// The beginning of a history hash. With fewer bits, a member and the relay together could search for two histories with the
/// same hash.
type Running = [u8; 16];

/// "After this entry the history hash was this": a message carries such a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) seq: Seq,
    pub(crate) hash: Running,
    /// The hash is the one since the log's first entry, not the one of the epoch; the field with the claim says which.
    #[serde(skip)]
    pub(crate) whole: bool,
}

/// The result of comparing a claim with the own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// Both devices have seen the same up to the claim's place.
    Same,
    /// Both devices have seen the same since the epoch began; the claim says nothing of earlier entries.
    SameEpoch,
    /// The relay shows the two devices different entries.
    Different,
    /// The place is too long ago, or this device does not know yet where its part of the log begins.
    Unknown,
}

/// A message of another log that was sent again in this one.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct SentAgain {
    /// Its place here.
    pub(crate) seq: Seq,
    /// Its first place.
    pub(crate) log: LogId,
    pub(crate) first: Seq,
}

/// As stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Transcript {
    /// The history hash after entry `at`; none before this device knows where its part of the log begins.
    head: Option<EntryHash>,
    at: Seq,
    /// The hashes of this epoch after the last entries, the newest last; the first hash is the one before its first entry.
    recent: VecDeque<Running>,
    /// The hash since the log's first entry, and the hashes after the last entries; for a device that was there then.
    whole: Option<EntryHash>,
    recent_whole: VecDeque<Running>,
    /// Others had written before this device was added.
    late: bool,
    /// The last messages of others.
    seen: VecDeque<Short>,
    /// The last own payloads that came back.
    sent: VecDeque<Short>,
    /// The last place at which the other side is known to have seen the same.
    pub(crate) agreed: Seq,
    /// The other side cannot read this log any more: nothing new goes into it.
    pub(crate) retired: bool,
    /// This device has asked again for what was written in this log; messages that come again have room after this place.
    pub(crate) asked: Option<Seq>,
    /// The other side asked again for everything after this place.
    pub(crate) due: Option<Seq>,
    /// Messages that were sent again in this log.
    pub(crate) again: VecDeque<SentAgain>,
    /// How far this device has read the log.
    reach: Reach,
    /// The relay has lost entries of the log: each device says how far it has read, and nothing that was read counts as
    /// missing.
    pub(crate) lost: bool,
}

impl Transcript {
    /// The transcript of a log to which this device was added after others had written.
    pub(crate) fn late() -> Self {
        Self { late: true, ..Self::default() }
    }

    /// Whether the transcript lacks the log's beginning.
    pub(crate) const fn begins_late(&self) -> bool {
        self.late
    }

    /// An epoch begins after a place: `SHA-256("parley history v1\0" || secret of the epoch || place, 8 bytes)`.
    pub(crate) fn begin_epoch(&mut self, seed: &EntryHash, after: Seq) {
        if self.head.is_none() {
            self.agreed = after;
        }
        let mut hash = Sha256::new();
        hash.update(b"parley history v1\0");
        hash.update(seed.0);
        hash.update(after.0.to_be_bytes());
        self.at = after;
        self.recent.clear();
        self.go_on_with(hash);
    }

    fn go_on_with(&mut self, hash: Sha256) {
        let next = EntryHash(hash.finalize().into());
        remember(&mut self.recent, running(&next), REMEMBERED);
        self.head = Some(next);
    }

    /// Takes an entry of the log.
    pub(crate) fn step(&mut self, seq: Seq, era: Era, payload: &EntryHash) {
        self.at = seq;
        self.reach.step(seq, era);
        if !self.late {
            let before = self.whole.unwrap_or(EntryHash([0; 32]));
            let next = EntryHash(stepped(&before, payload).finalize().into());
            remember(&mut self.recent_whole, running(&next), REMEMBERED_WHOLE);
            self.whole = Some(next);
        }
        if let Some(head) = self.head {
            self.go_on_with(stepped(&head, payload));
        }
    }

    /// The log has entries that this device could not read: from here on it compares nothing until the next epoch, and never
    /// again since the log's first entry.
    pub(crate) fn pass(&mut self, first: Seq, last: Seq) {
        self.at = last;
        self.reach.pass(first, last);
        (self.head, self.whole, self.late) = (None, None, true);
        self.recent.clear();
        self.recent_whole.clear();
    }

    /// The last entry.
    pub(crate) const fn at(&self) -> Seq {
        self.at
    }

    /// How far this device has read the log.
    pub(crate) const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The last entry that was read, so that the relay can check whether it has the entry.
    pub(crate) fn last_read(&self) -> Option<KnownPlace> {
        self.reach.last()
    }

    /// The last place up to which everything is certain, if nothing before `seq` looked wrong.
    pub(crate) fn sure_before(&self, seq: Seq) -> Seq {
        if self.head.is_some() { self.agreed.min(seq) } else { seq }
    }

    /// The claim for a message that this device encrypts now: of the epoch or, if this device can tell, of the `whole` log.
    pub(crate) fn claim(&self, whole: bool) -> Option<Claim> {
        let since_the_start = self.recent_whole.back().filter(|_| whole && !self.late);
        let hash = since_the_start.or(self.recent.back())?;
        Some(Claim { seq: self.at, hash: *hash, whole: since_the_start.is_some() })
    }

    /// Compares another device's claim with what this device has seen.
    pub(crate) fn judge(&self, claim: &Claim) -> Agreement {
        if self.head.is_none() || claim.whole && self.late {
            return Agreement::Unknown;
        }
        let Some(back) = self.at.0.checked_sub(claim.seq.0) else {
            return Agreement::Different;
        };
        let hashes = if claim.whole { &self.recent_whole } else { &self.recent };
        let place =
            usize::try_from(back).ok().and_then(|back| hashes.len().checked_sub(back.saturating_add(1)));
        match place.and_then(|place| hashes.get(place)) {
            Some(hash) if *hash == claim.hash && (claim.whole || self.late) => Agreement::Same,
            Some(hash) if *hash == claim.hash => Agreement::SameEpoch,
            Some(_) => Agreement::Different,
            None => Agreement::Unknown,
        }
    }

    pub(crate) fn has_seen(&self, id: &MessageId) -> bool {
        self.seen.contains(&short(id.as_bytes()))
    }

    pub(crate) fn saw(&mut self, id: &MessageId) {
        remember(&mut self.seen, short(id.as_bytes()), REMEMBERED);
    }

    pub(crate) fn has_sent(&self, payload: &EntryHash) -> bool {
        self.sent.contains(&short(&payload.0))
    }

    pub(crate) fn own_came_back(&mut self, payload: &EntryHash) {
        remember(&mut self.sent, short(&payload.0), REMEMBERED);
    }

    /// The messages that were sent again here after a place, as the places in their first logs after which they stood.
    pub(crate) fn again_after(&self, after: Seq) -> Table<LogId, Seq> {
        let mut places = Table::new();
        for again in self.again.iter().filter(|again| again.seq > after) {
            // If there were more than the transcript remembers, it may have been any of them.
            let complete = self.again.len() < MAX_AGAIN;
            let before = if complete { Seq(again.first.0.saturating_sub(1)) } else { Seq(0) };
            let place = places.get(&again.log).map_or(before, |known| before.min(*known));
            places.insert(again.log, place);
        }
        places
    }

    /// A message was sent again in this log.
    pub(crate) fn sent_again(&mut self, again: SentAgain) {
        self.again.push_back(again);
        while self.again.len() > MAX_AGAIN {
            self.again.pop_front();
        }
    }
}

/// `SHA-256("parley trail v1\0" || hash before || hash of the payload)`.
fn stepped(before: &EntryHash, payload: &EntryHash) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update(b"parley trail v1\0");
    hash.update(before.0);
    hash.update(payload.0);
    hash
}

fn running(hash: &EntryHash) -> Running {
    hash.0.first_chunk().copied().unwrap_or_default()
}

fn remember<T>(ring: &mut VecDeque<T>, value: T, most: usize) {
    ring.push_back(value);
    while ring.len() > most {
        ring.pop_front();
    }
}

/// The beginning of an id or a hash.
pub(crate) fn short(bytes: &[u8]) -> Short {
    bytes.first_chunk::<8>().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(payloads: &[u8]) -> Transcript {
        walked_after(0, payloads)
    }

    /// A transcript of an epoch that begins after a place.
    fn walked_after(start: u64, payloads: &[u8]) -> Transcript {
        let mut transcript = Transcript::default();
        transcript.begin_epoch(&EntryHash([5; 32]), Seq(start));
        for (seq, payload) in (start + 1..).zip(payloads) {
            transcript.step(Seq(seq), Era([1; 8]), &EntryHash([*payload; 32]));
        }
        transcript
    }

    #[test]
    fn p5_so_much_is_remembered_and_the_oldest_goes_first() {
        let mut transcript = Transcript::default();
        let id = |number: u8| MessageId([number; 16]);
        let payload = |number: u8| EntryHash([number; 32]);
        for number in 0..65 {
            assert!(!transcript.has_seen(&id(number)) && !transcript.has_sent(&payload(number)));
            transcript.saw(&id(number));
            transcript.own_came_back(&payload(number));
            assert!(transcript.has_seen(&id(number)) && transcript.has_sent(&payload(number)));
        }
        assert!(!transcript.has_seen(&id(0)) && transcript.has_seen(&id(1)));
        assert!(!transcript.has_sent(&payload(0)) && transcript.has_sent(&payload(1)));
        for first in 1..=257 {
            transcript.sent_again(SentAgain { seq: Seq(900), log: LogId([1; 16]), first: Seq(first) });
        }
        let again: Vec<u64> = transcript.again.iter().map(|again| again.first.0).collect();
        assert_eq!(again, (2..=257).collect::<Vec<u64>>());
    }

    #[test]
    fn p5_what_was_sent_again_is_known_by_its_first_place() {
        let mut transcript = Transcript::default();
        let (one, other) = (LogId([1; 16]), LogId([2; 16]));
        for (seq, log, first) in [(3, one, 9), (4, other, 1), (5, one, 7), (6, one, 8)] {
            transcript.sent_again(SentAgain { seq: Seq(seq), log, first: Seq(first) });
        }
        let of = |transcript: &Transcript, after| {
            transcript.again_after(Seq(after)).iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>()
        };
        assert_eq!(of(&transcript, 0), [(one, Seq(6)), (other, Seq(0))]);
        assert_eq!(of(&transcript, 4), [(one, Seq(6))]);
        assert_eq!(of(&transcript, 5), [(one, Seq(7))]);
        assert_eq!(of(&transcript, 6), []);
        for _ in 4..MAX_AGAIN {
            transcript.sent_again(SentAgain { seq: Seq(7), log: one, first: Seq(20) });
        }
        assert_eq!(of(&transcript, 6), [(one, Seq(0))], "there may have been more");
    }

    #[test]
    fn what_is_sure_ends_where_the_other_agreed() {
        let mut transcript = walked(&[1, 2, 3]);
        transcript.agreed = Seq(2);
        assert_eq!([1, 2, 3].map(|seq| transcript.sure_before(Seq(seq))), [Seq(1), Seq(2), Seq(2)]);
        assert!(!transcript.begins_late());
        let mut late = Transcript { agreed: Seq(2), ..Transcript::late() };
        assert!(late.begins_late());
        assert_eq!(late.sure_before(Seq(3)), Seq(3), "nothing is known of the beginning");
        late.begin_epoch(&EntryHash([5; 32]), Seq(7));
        assert_eq!(late.sure_before(Seq(9)), Seq(7), "before that it reads nothing");
        assert!(late.begins_late());
    }

    #[test]
    fn p2_the_same_entries_agree_and_others_do_not() {
        let ours = walked(&[1, 2, 3, 4]);
        assert_eq!(ours.judge(&walked(&[1, 2, 3]).claim(false).unwrap()), Agreement::SameEpoch);
        assert_eq!(ours.judge(&ours.claim(false).unwrap()), Agreement::SameEpoch);
        assert_eq!(ours.judge(&walked(&[1, 3, 2]).claim(false).unwrap()), Agreement::Different, "reordered");
        assert_eq!(ours.judge(&walked(&[1, 3]).claim(false).unwrap()), Agreement::Different, "left out");
        assert_eq!(
            ours.judge(&walked(&[1, 2, 3, 4, 5]).claim(false).unwrap()),
            Agreement::Different,
            "ahead"
        );
    }

    #[test]
    fn p2_who_is_let_in_late_compares_from_its_first_epoch_on() {
        let there = walked(&[1, 2, 3]);
        let with = |mut transcript: Transcript, after, payloads: &[u8]| {
            transcript.begin_epoch(&EntryHash([6; 32]), Seq(after));
            for (seq, payload) in (after + 1..).zip(payloads) {
                transcript.step(Seq(seq), Era([1; 8]), &EntryHash([*payload; 32]));
            }
            transcript
        };
        let (there, late) = (with(there, 3, &[4, 5]), with(Transcript::late(), 3, &[4, 5]));
        assert_eq!(late.judge(&there.claim(false).unwrap()), Agreement::Same);
        assert_eq!(there.judge(&late.claim(false).unwrap()), Agreement::SameEpoch);
        let unwritten = with(walked(&[1, 2, 3]), 3, &[]);
        assert_eq!(late.judge(&unwritten.claim(false).unwrap()), Agreement::Same, "before the first entry");
        for (after, payloads) in [(3, [5].as_slice()), (3, &[4, 6]), (4, &[5]), (2, &[4, 5]), (2, &[3, 4, 5])]
        {
            let shown = with(Transcript::late(), after, payloads);
            assert_eq!(
                shown.judge(&there.claim(false).unwrap()),
                Agreement::Different,
                "{after} {payloads:?}"
            );
        }
    }

    #[test]
    fn p2_what_was_exchanged_right_before_a_commit_is_noticed_after_it() {
        let go_on = |mut transcript: Transcript| {
            transcript.begin_epoch(&EntryHash([6; 32]), Seq(3));
            transcript.step(Seq(4), Era([1; 8]), &EntryHash([4; 32]));
            transcript
        };
        let (ours, theirs) = (go_on(walked(&[1, 2, 9])), go_on(walked(&[2, 1, 9])));
        assert_eq!(ours.judge(&theirs.claim(false).unwrap()), Agreement::SameEpoch);
        assert_eq!(ours.judge(&theirs.claim(true).unwrap()), Agreement::Different);
        assert_eq!(ours.judge(&ours.claim(true).unwrap()), Agreement::Same);
        let mut late = Transcript::late();
        late.begin_epoch(&EntryHash([6; 32]), Seq(3));
        late.step(Seq(4), Era([1; 8]), &EntryHash([4; 32]));
        assert_eq!(late.judge(&ours.claim(true).unwrap()), Agreement::Unknown);
        assert_eq!(late.judge(&ours.claim(false).unwrap()), Agreement::Same);
        assert!(!late.claim(true).unwrap().whole);
    }

    #[test]
    fn p2_after_entries_that_could_not_be_read_nothing_is_compared_until_the_next_epoch() {
        let mut ours = walked(&[1, 2]);
        ours.pass(Seq(3), Seq(4));
        ours.step(Seq(5), Era([1; 8]), &EntryHash([5; 32]));
        let mut theirs = walked(&[1, 2, 3, 4, 5]);
        for whole in [false, true] {
            assert_eq!(ours.claim(whole), None);
            assert_eq!(ours.judge(&theirs.claim(whole).unwrap()), Agreement::Unknown);
        }
        assert_eq!(ours.sure_before(Seq(6)), Seq(6));
        for transcript in [&mut ours, &mut theirs] {
            transcript.begin_epoch(&EntryHash([6; 32]), Seq(5));
            transcript.step(Seq(6), Era([1; 8]), &EntryHash([6; 32]));
        }
        assert_eq!(ours.judge(&theirs.claim(false).unwrap()), Agreement::Same);
        assert_eq!(ours.judge(&theirs.claim(true).unwrap()), Agreement::Unknown);
        assert!(!ours.claim(true).unwrap().whole);
        theirs.step(Seq(7), Era([1; 8]), &EntryHash([7; 32]));
        ours.step(Seq(7), Era([1; 8]), &EntryHash([8; 32]));
        assert_eq!(ours.judge(&theirs.claim(false).unwrap()), Agreement::Different, "compared from there on");
        assert_eq!(ours.last_read().map(|place| place.seq), Some(Seq(7)));
    }

    #[test]
    fn what_is_long_ago_or_older_than_trails_is_unknown() {
        let long = walked(&[7; 200]);
        assert_eq!(long.judge(&walked(&[7; 137]).claim(false).unwrap()), Agreement::SameEpoch);
        assert_eq!(long.judge(&walked(&[7; 136]).claim(false).unwrap()), Agreement::Unknown);
        let mut old = Transcript::default();
        old.step(Seq(9), Era([1; 8]), &EntryHash([1; 32]));
        assert_eq!(old.claim(false), None);
        assert_eq!(old.judge(&long.claim(false).unwrap()), Agreement::Unknown);
    }

    #[test]
    fn the_hash_is_pinned() {
        insta::assert_snapshot!(crate::hex(&walked(&[1, 2]).claim(false).unwrap().hash));
    }
}

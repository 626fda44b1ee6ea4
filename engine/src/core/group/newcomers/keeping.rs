//! Keeps messages at the relay for later members, sealed to the group era, and passes the secrets of earlier eras on from era
//! to era, as long as the relay has the messages written in them.

use parley_crypto::aead::XNonce;
use parley_protocol::frame::LogEntry;
use parley_protocol::ids::{GroupId, LogId};

use super::PastEras;
use crate::channel::group_era::{GroupEra, PastEra};
use crate::core::Engine;
use crate::core::channel::reading::Read;
use crate::domain::content::{Body, Content};
use crate::group::past::{Kept, KeptEntry, hash_of};
use crate::group::policy::Policy;
use crate::group::proof::Proof;
use crate::mls::group::GroupError;
use crate::records::keys;

/// The relay has entries for 30 days, and one day more does no harm; in milliseconds.
const KEPT_FOR: u64 = 31 * 24 * 3600 * 1000;
/// Most eras that a member passes on.
const MOST_ERAS: usize = 128;

impl Engine {
    /// The kept message for a message; none if the group keeps nothing. The MLS message then only names it.
    pub(in crate::core) fn seal_kept(
        &mut self,
        id: &LogId,
        content: &mut Content,
    ) -> Result<Option<Vec<u8>>, GroupError> {
        let (Body::Part(part), true) = (&content.body, self.keeps_history(id)) else { return Ok(None) };
        let era = self.group_eras.get(id).cloned().ok_or(GroupError::State)?;
        let (_, account) = self.signer().ok_or(GroupError::State)?;
        let (account, device) = (account.id, account.device);
        let epoch = self.with_group(id, |mls, _, _| Ok(mls.epoch()))?;
        let signature = content.signature.ok_or(GroupError::State)?;
        let proof = Proof { epoch, signature };
        let kept = Kept { account, device, proof, id: content.id, time: content.time, part: part.clone() };
        let nonce: XNonce = self.random.array();
        let sealed = kept.seal(&era, *id, epoch, &nonce);
        content.body = Body::Kept(hash_of(&sealed));
        content.signature = None;
        Ok(Some(sealed))
    }

    /// Reads a kept message: it must be the one that the MLS message names, and by the same author.
    pub(in crate::core) fn with_kept(&self, id: &LogId, entry: &LogEntry, read: Read) -> Read {
        let (from, mut content) = match read {
            Read::Content { from, content } if matches!(content.body, Body::Kept(_)) => (from, content),
            other => return other,
        };
        let named = |kept: &KeptEntry<'_>| content.body == Body::Kept(kept.hash());
        let kept = KeptEntry::read(&entry.payload).filter(named).zip(self.group_eras.get(id));
        let opened = kept.and_then(|(kept, era)| kept.open(era, *id, entry.epoch).ok());
        match opened {
            Some(kept)
                if (kept.account, kept.device) == (from.account, from.device)
                    && (kept.id, kept.time) == (content.id, content.time) =>
            {
                content.body = Body::Part(kept.part);
                content.signature = Some(kept.proof.signature);
                Read::Content { from, content }
            }
            _ => Read::Unreadable,
        }
    }

    /// A group era or its log ends: remembers the era's secret, which opens the era's kept messages.
    pub(in crate::core) fn note_past_era(&mut self, id: &LogId) {
        if !self.keeps_history(id) {
            return;
        }
        let (Some(group), Some(era)) = (self.group_of(id), self.group_eras.get(id)) else { return };
        let past = era.past(*id, self.ended_now());
        self.add_past(&group, vec![past]);
    }

    pub(super) fn add_past(&mut self, group: &GroupId, more: Vec<PastEra>) {
        let now = self.relay_time();
        let none = || PastEras { group: *group, eras: Vec::new() };
        let past = self.group_chats.newcomers.past.or_insert_with(*group, none);
        for era in more {
            if !past.eras.contains(&era) {
                past.eras.push(era);
            }
        }
        past.eras.retain(|era| era.ended.0.saturating_add(KEPT_FOR) > now.0);
        let over = past.eras.len().saturating_sub(MOST_ERAS);
        past.eras.drain(..over);
        let saved = past.clone();
        self.save(&keys::past_eras(group), &saved);
    }

    /// The group keeps nothing any more: nobody passes the secrets of eras on.
    pub(in crate::core::group) fn history_follows(&mut self, group: &GroupId, policy: &Policy) {
        if !policy.keeps_history() && self.group_chats.newcomers.past.remove(group).is_some() {
            self.state.delete(&keys::past_eras(group));
        }
    }

    /// The earlier eras for those who join in the next era; `current` is the era that ends then, if one does.
    pub(in crate::core::group) fn past_to_hand_on(
        &self,
        id: &LogId,
        next: &Policy,
        current: Option<&GroupEra>,
    ) -> Vec<PastEra> {
        if !next.keeps_history() || !self.keeps_history(id) {
            return Vec::new();
        }
        let group = self.group_of(id);
        let past = group.and_then(|group| self.group_chats.newcomers.past.get(&group));
        let mut eras: Vec<PastEra> = past.map(|past| past.eras.clone()).unwrap_or_default();
        eras.extend(current.map(|era| era.past(*id, self.ended_now())));
        let over = eras.len().saturating_sub(MOST_ERAS);
        eras.drain(..over);
        eras
    }
}

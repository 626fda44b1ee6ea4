//! Reads a group's log: unseals commits and has the judge judge them. An entry that this device cannot read is skipped and
//! does not cost the group.

use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AccountId, LogId};

use crate::channel::log::payload_hash;
use crate::core::Engine;
use crate::core::channel::reading::{At, Read};
use crate::domain::content::{Body, Content};
use crate::domain::message::{Gap, GroupLine};
use crate::group::chat::Standing;
use crate::group::entry::CommitEntry;
use crate::group::proof::{Proof, Signed};
use crate::group::refusal::Refusal;
use crate::mls::chat::ChatError;
use crate::mls::credential::Leaf;
use crate::mls::group::GroupError;

impl Engine {
    /// Opens and judges a commit of a group, and enters its epoch if the judge accepts it.
    pub(in crate::core) fn open_group_commit(
        &mut self,
        id: &LogId,
        entry: &LogEntry,
    ) -> Result<Read, GroupError> {
        let era = self.group_eras.get(id).cloned().ok_or(GroupError::State)?;
        let opened = CommitEntry::open(&era, *id, &entry.payload);
        let commit = opened.map_err(|_| GroupError::Unfollowed(None))?;
        let own = self.signer().map(|(signer, account)| account.leaf(signer.0));
        self.with_group(id, |group, provider, _| {
            if group.has_pending_commit() {
                group.drop_pending(provider)?;
            }
            let before = Box::new(group.state()?);
            let staged = group.process_chat_commit(provider, &commit).map_err(|error| why(error, None))?;
            let (by, era) = (staged.judged.by, staged.era);
            let judged = group.merge_chat(provider, *staged).map_err(|error| why(error, Some(by)))?;
            if group.is_active() {
                return Ok(Read::GroupMoved { by, era, before });
            }
            let returns = own.is_some_and(|own| judged.after.member(&own).is_some());
            Ok(Read::RemovedFromGroup { by, returns })
        })
    }

    /// Handles an entry of a group's log that is not valid at its place.
    pub(in crate::core) fn group_entry_rejected(&mut self, id: &LogId, entry: &LogEntry, error: GroupError) {
        let known = self
            .transcripts
            .get(id)
            .is_some_and(|transcript| transcript.has_sent(&payload_hash(&entry.payload)));
        match (error, entry.kind) {
            (GroupError::Newer, _) => self.pause_group(id),
            (GroupError::State, _) => {
                self.store_gap(id, entry.seq, entry.time, Gap::Damaged);
                self.lose_place(id);
            }
            // This device sent the entry and does not remember it: its state was rolled back to an older copy.
            (GroupError::Own, EntryKind::Commit) => {
                self.store_gap(id, entry.seq, entry.time, Gap::Restored);
                self.lose_place(id);
            }
            (GroupError::Own, _) if !known => {
                self.store_gap(id, entry.seq, entry.time, Gap::Restored);
                self.must_renew(id);
            }
            (GroupError::Unfollowed(by), EntryKind::Commit) => self.refuse_commit(id, entry, by),
            (_, EntryKind::Commit) => self.refuse_commit(id, entry, None),
            _ => self.store_gap(id, entry.seq, entry.time, Gap::Rejected),
        }
    }

    fn pause_group(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        if let Some(chat) = self.group_chats.all.get_mut(&group) {
            chat.standing = Standing::Paused;
        }
        self.save_group_chat(&group);
        self.unsubscribe(id);
    }

    /// This device cannot go on in a group with its keys; the group goes on without it.
    pub(in crate::core) fn lose_place(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        self.end_group(&group, Standing::Lost);
        self.say_lost();
    }

    /// Checks that a message in a group is its sender's, and that they may write there; returns the proof. Other
    /// conversations have no proofs.
    pub(in crate::core) fn swap_stamp_in_group(
        &mut self,
        id: &LogId,
        from: &Leaf,
        content: &Content,
    ) -> Result<Option<Proof>, NotTheirs> {
        let Some(chat) = self.group_chat_of(id) else { return Ok(None) };
        let part = match &content.body {
            Body::Part(part) => part,
            // A message that is sent again has no signature; a member who may not write may not send again either.
            Body::Again(_) if !chat.policy.may_write(&from.account) => return Err(NotTheirs),
            _ => return Ok(None),
        };
        let (group, may) = (chat.group, chat.policy.may_write(&from.account));
        let epoch = self.with_group(id, |mls, _, _| Ok(mls.epoch())).map_err(|_| NotTheirs)?;
        let (account, device, time) = (from.account, from.device, content.time);
        let signed = Signed { group, account, device, id: content.id, time, epoch, part };
        let signature = content.signature.filter(|_| may).ok_or(NotTheirs)?;
        signed.is_signed(&signature, &from.key).then_some(Some(Proof { epoch, signature })).ok_or(NotTheirs)
    }

    /// A member wrote who may not, or without a valid proof. This device warns once for each device on a connection.
    pub(in crate::core) fn message_refused(&mut self, id: &LogId, from: &Leaf, at: At) {
        if self.membership.hear_void(id, from.device) {
            let by = Some(self.who(&from.account));
            self.say_in_group(id, at.seq, at.stored, vec![GroupLine::Refused { by }]);
        }
    }
}

/// What a refused commit means for the log; `by` is its author, as far as this device knows.
fn why(error: ChatError, by: Option<AccountId>) -> GroupError {
    match error {
        ChatError::Refused(Refusal::Newer) => GroupError::Newer,
        ChatError::Refused(_) => GroupError::Unfollowed(by),
        ChatError::Malformed | ChatError::NotOpened => GroupError::Unfollowed(None),
        ChatError::State => GroupError::State,
        ChatError::Own => GroupError::Own,
    }
}

/// The author may not write the message, or the message is not shown to be theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is not its author's, or they may not write")]
pub(in crate::core) struct NotTheirs;

//! Which copy of a group this device is in. A relay can let somebody who comes by a link into an old state of a group, in which nobody
//! else is; then nothing that comes there shows it. So who nobody has confirmed yet compares the epoch and its authenticator (RFC 9420
//! section 8.7) with members, in the chats that they have with them alone.

use std::collections::VecDeque;

use parley_protocol::ids::{AccountId, Epoch, GroupId, LogId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::core::Engine;
use crate::domain::content::{Body, GroupAt};
use crate::domain::conversation::ConversationKey;
use crate::group::chat::Standing;
use crate::records::keys;

/// Epochs that are remembered.
const MOST_EPOCHS: usize = 64;
/// Most questions of one connection.
const MOST_ASKED: usize = 256;

/// What a group is called where members compare it.
const TAG: &[u8] = b"parley group tag v1\0";

/// As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Epochs {
    /// The newest last.
    known: VecDeque<(Epoch, [u8; 16])>,
    /// A member is in another copy.
    forked: bool,
}

impl Engine {
    fn epochs_of(&self, group: &GroupId) -> Epochs {
        self.state.get(&keys::epochs(group)).ok().flatten().unwrap_or_default()
    }

    /// The group is in an epoch.
    pub(super) fn note_epoch(&mut self, id: &LogId) {
        let Some(group) = self.group_of(id) else { return };
        let Ok(now) = self.with_group(id, |mls, _, _| Ok((mls.epoch(), mls.authenticator()))) else { return };
        let mut epochs = self.epochs_of(&group);
        epochs.known.retain(|(epoch, _)| *epoch != now.0);
        epochs.known.push_back(now);
        let over = epochs.known.len().saturating_sub(MOST_EPOCHS);
        epochs.known.drain(..over);
        self.save(&keys::epochs(&group), &epochs);
    }

    /// This device comes in anew: what it knew was of another copy, or another time.
    pub(super) fn forget_epochs(&mut self, group: &GroupId) {
        self.state.delete(&keys::epochs(group));
    }

    /// Whether a member is known to be in another copy of the group.
    pub(in crate::core) fn is_forked(&self, group: &GroupId) -> bool {
        self.epochs_of(group).forked
    }

    /// This person has to do with somebody: groups that they have in common, and that nobody has confirmed yet, are compared.
    pub(in crate::core) fn compare_groups_with(&mut self, peer: &AccountId) {
        if self.is_own_account(peer) || !self.consents_to(peer) {
            return;
        }
        let in_common = self.group_chats.all.values().filter(|chat| {
            chat.is_active()
                && chat.is_member(peer)
                && self.group_chats.by_link.is_unconfirmed(&chat.group)
                && !self.is_forked(&chat.group)
        });
        let groups: Vec<GroupId> = in_common.map(|chat| chat.group).collect();
        for group in groups {
            let Some((epoch, authenticator)) = self.epochs_of(&group).known.back().copied() else { continue };
            let asked = &mut self.group_chats.compared;
            if asked.iter().count() >= MOST_ASKED || !asked.insert((group, *peer, epoch)) {
                continue;
            }
            let at = GroupAt { group: tag(&group), epoch, authenticator, asks: true };
            self.enqueue(ConversationKey::Peer(*peer), Body::GroupAt(at), None);
        }
    }

    /// Somebody says in which epoch they are in a group.
    pub(in crate::core) fn group_at_came(&mut self, from: &AccountId, at: &GroupAt) {
        let known = self.group_chats.all.values().find(|chat| tag(&chat.group) == at.group);
        let Some(chat) = known.filter(|chat| chat.standing == Standing::Member) else { return };
        let (group, is_member) = (chat.group, chat.is_member(from));
        let epochs = self.epochs_of(&group);
        let same_epoch = epochs.known.iter().find(|(epoch, _)| *epoch == at.epoch).copied();
        if let Some((_, authenticator)) = same_epoch.filter(|_| is_member) {
            if authenticator == at.authenticator {
                self.confirm_group(&group, from);
            } else {
                self.save(&keys::epochs(&group), &Epochs { forked: true, ..epochs.clone() });
                self.save_group_chat(&group);
            }
        }
        // Of the epoch that they named, where this device knows it: they may know no other.
        if let Some((epoch, authenticator)) = same_epoch.or_else(|| epochs.known.back().copied())
            && at.asks
            && self.consents_to(from)
        {
            let answer = GroupAt { group: at.group, epoch, authenticator, asks: false };
            let key = ConversationKey::Peer(*from);
            self.enqueue(key, Body::GroupAt(answer), None);
            self.pump(key.id());
        }
    }
}

/// Who does not know the group learns nothing from it.
fn tag(group: &GroupId) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(TAG);
    hash.update(group.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_and_stored_of_copies_is_pinned() {
        let at =
            GroupAt { group: tag(&GroupId([7; 16])), epoch: Epoch(300), authenticator: [8; 16], asks: true };
        insta::assert_snapshot!(crate::hex(&postcard::to_allocvec(&at).unwrap()));
        let epochs = Epochs { known: [(Epoch(300), [8; 16])].into(), forked: true };
        let bytes = postcard::to_allocvec(&epochs).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<Epochs>(&bytes).unwrap(), epochs);
    }
}

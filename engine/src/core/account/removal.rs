//! Applies the removal of a device from its account to every log: entries that the relay stored from that device after the
//! removal are void. Members do not follow a commit of a removed device; they give up the log that such a commit blocks, and
//! begin another log without that device. A late joiner still reads what the device wrote before its removal; the account's
//! other devices no longer carry out what such a message orders them to do.

use parley_protocol::frame::{LogEntry, RelayError};
use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::channel::log::Stage;
use crate::core::Engine;
use crate::domain::content::{Body, Content};
use crate::mls::credential::Leaf;
use crate::view::Gap;

/// Whether the relay stored an entry after its sender was removed.
pub(in crate::core) fn is_after(removed: Option<UnixMillis>, stored: UnixMillis) -> bool {
    removed.is_some_and(|removed| stored > removed)
}

impl Engine {
    /// Whether content is void because of its sender.
    pub(in crate::core) fn is_void(
        &self,
        id: &LogId,
        from: &Leaf,
        content: &Content,
        written: UnixMillis,
    ) -> bool {
        let Some(removed) = self.roster(id).removed(from) else { return false };
        is_after(Some(removed), written) || matches!(content.body, Body::Sync(_)) || self.tainted.contains(id)
    }

    /// If the content would be shown, warns once on each connection that a removed device wrote.
    pub(in crate::core) fn void_content_came(
        &mut self,
        id: &LogId,
        entry: &LogEntry,
        from: &Leaf,
        content: &Content,
    ) {
        let shows = matches!(content.body, Body::Part(_) | Body::Again(_));
        if shows && self.membership.hear_void(id, from.device) {
            self.store_gap(id, entry.seq, entry.time, Gap::Removed);
        }
    }

    /// Whether a commit that removes a removed device from the group does not fit into the log: that device may have filled
    /// the log.
    pub(in crate::core) fn is_filled_by_removed(&mut self, id: &LogId, error: RelayError) -> bool {
        if error != RelayError::QuotaExceeded {
            return false;
        }
        let roster = self.roster(id);
        let members = self.with_group(id, |group, _, _| Ok(group.leaves()));
        members.is_ok_and(|leaves| leaves.iter().any(|leaf| roster.removed(leaf).is_some()))
    }

    /// A removed device blocks the log: a member that follows its commits, or waits for room, never gets to remove it.
    /// Another log takes the place of this one, whose entries are valid up to this place.
    pub(in crate::core) fn go_on_without_removed(&mut self, id: &LogId, before: Seq) {
        let Some(key) =
            self.logs.get(id).filter(|log| log.stage == Stage::Active).map(|log| log.conversation)
        else {
            return;
        };
        let alone = self.own_log.as_ref().is_none_or(|log| log.devices().count() < 2);
        if self.is_own_conversation(&key) && alone {
            // The group has no other member, and nobody needs to be told.
            let numbers: Vec<u64> = self
                .outbox
                .iter()
                .filter(|(_, entry)| entry.conversation == key)
                .map(|(number, _)| *number)
                .collect();
            for number in numbers {
                self.outbox.remove(&number);
                self.save_outbox(number);
            }
            return self.end_log(id);
        }
        self.abandon(id, before);
    }
}

//! Reads from this device's disk what the backup lacks: the newest page of every conversation first, then the rest.

use std::collections::VecDeque;

use parley_protocol::ids::{BlobId, LogId};
use serde::{Deserialize, Serialize};

use crate::backup::{Item, Manifest, Place};
use crate::core::Engine;
use crate::domain::conversation::ConversationKey;
use crate::domain::message::Message;
use crate::io::{LoadId, Record};
use crate::table::Table;
use crate::view::Order;

/// The least number of bytes on top of a whole before the engine writes the whole again.
const SMALL: u64 = 1024 * 1024;

/// One pass through the conversations. As stored, from the first segment on.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(in crate::core) struct Round {
    /// Conversations, and the message before which reading continues in each.
    pub(super) left: VecDeque<(ConversationKey, Option<Order>)>,
    pub(super) of: u32,
    /// The newest messages that were read.
    pub(super) tops: Table<ConversationKey, Order>,
    /// How far the logs had come when the round began.
    pub(super) logs: Table<LogId, Place>,
    /// The place down to which each conversation is read; to its beginning if the table lacks it.
    floors: Table<ConversationKey, Order>,
    /// Places from which on messages had come late.
    pub(super) late: Table<ConversationKey, Order>,
    /// The round reads everything.
    pub(super) whole: bool,
    /// The segments that this round replaces.
    pub(super) replaces: Vec<BlobId>,
}

impl Engine {
    /// Begins a pass through the conversations that have something new, or through all.
    pub(super) fn new_round(&self) -> Round {
        let own = self.account.as_ref().map(|account| account.device);
        let size = self.manifest.size();
        // After a removal the engine writes everything, in place of what the backup has and not on top of it.
        let counts_anew = self.manifest.tops.is_empty();
        // Only the device that wrote the whole knows that the backup has it.
        let grown = self
            .manifest
            .base
            .filter(|(device, base)| Some(*device) == own && self.backup.base == Some(*base))
            .is_some_and(|(_, base)| counts_anew || size.saturating_sub(base) > base.max(SMALL));
        let whole = grown || self.manifest.segments.is_empty();
        let mut due = self.newest_first();
        due.retain(|key| whole || self.is_unsaved_with(key));
        let floor = |key: &ConversationKey| {
            let top = self.manifest.tops.get(key).filter(|_| !whole)?;
            Some((*key, self.backup.late.get(key).map_or(*top, |late| *late.min(top))))
        };
        let logs = self.logs.values().filter(|log| !self.is_own_conversation(&log.conversation));
        Round {
            floors: due.iter().filter_map(floor).collect(),
            of: u32::try_from(due.len()).unwrap_or(u32::MAX),
            left: due.into_iter().map(|key| (key, None)).collect(),
            tops: Table::new(),
            logs: logs
                .map(|log| (log.id, Place { conversation: log.conversation, seq: log.cursor }))
                .collect(),
            late: self.backup.late.clone(),
            whole,
            replaces: self.manifest.segments.iter().filter(|_| grown).map(|segment| segment.blob).collect(),
        }
    }

    /// Asks the disk for the next page of the round; returns whether there is one.
    pub(super) fn read_for_backup(&mut self) -> bool {
        let Some((key, before)) = self.writing.next_conversation() else { return false };
        self.backup_page = Some(self.read_stretch(key, before.as_ref()));
        true
    }

    /// A page of history came; returns whether it was for the backup.
    pub(in crate::core) fn read_page_for_backup(&mut self, id: LoadId, records: &[Record]) -> bool {
        let Some(page) = self.backup_page.take_if(|page| page.load == id) else {
            return false;
        };
        let conversation = page.key.id();
        let messages: Vec<Message> =
            records.iter().filter_map(|record| self.kept(&conversation, record)).collect();
        let more = crate::core::conversation::paging::oldest(records).filter(|_| page.is_full(records));
        let newest = messages.first().map(Message::order);
        let Some(round) = self.writing.round_mut() else { return true };
        let floor = round.take_page(page.key, newest, more);
        // The message at the floor is in the backup already, or came late.
        let wanted =
            messages.into_iter().filter(|message| floor.is_none_or(|floor| message.order() >= floor));
        let history = self.history_parts(page.key, wanted.collect());
        self.writing.add(history.into_iter().map(Item::History).collect());
        self.go_on_writing();
        true
    }
}

impl Round {
    /// Whether this round has read something newer than what the manifest says.
    pub(super) fn is_newer_than(&self, manifest: &Manifest) -> bool {
        self.tops.iter().any(|(key, top)| manifest.tops.get(key).is_none_or(|known| top > known))
    }

    /// A page of the first conversation was read, from its newest message down; if there is more before a message, the engine
    /// reads that next. Returns the place down to which the round wants the page's messages.
    fn take_page(
        &mut self,
        key: ConversationKey,
        newest: Option<Order>,
        more: Option<Order>,
    ) -> Option<Order> {
        let floor = self.floors.get(&key).copied();
        let Some((_, before)) = self.left.pop_front_if(|(front, _)| *front == key) else {
            return floor;
        };
        if let (None, Some(newest)) = (before, newest) {
            self.tops.insert(key, newest);
        }
        if more.is_some_and(|oldest| floor.is_none_or(|floor| oldest > floor)) {
            self.left.push_back((key, more));
        }
        floor
    }
}

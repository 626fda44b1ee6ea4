//! Limits how much each author may write into a device log, so that even a device that writes as much as it can is removed in
//! the end: every device in the log has room for its removal, the end of the log is for the phrase, and no author writes more
//! than a share.

use alloc::vec::Vec;

use super::entry::{Author, Body, Change};
use crate::ids::DeviceId;
use crate::limits::{MAX_BY_AUTHOR, MAX_DEVICE_LOG, PHRASE_ROOM};

/// What each author has written, removals not counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Written {
    devices: Vec<(DeviceId, usize)>,
    /// The number of entries by the current recovery key.
    recovery: usize,
}

impl Written {
    fn by(&self, author: &Author) -> usize {
        match author {
            Author::Recovery => self.recovery,
            Author::Device(id) => {
                self.devices.iter().find(|(device, _)| device == id).map_or(0, |(_, count)| *count)
            }
        }
    }

    /// Counts an entry of the log.
    pub(super) fn count(&mut self, body: &Body) {
        if let Change::ReplaceRecoveryKey(_) = body.change {
            self.recovery = 0;
        }
        match body.author {
            _ if is_removal(body) => {}
            Author::Recovery => self.recovery = self.recovery.saturating_add(1),
            Author::Device(id) => match self.devices.iter_mut().find(|(device, _)| *device == id) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => self.devices.push((id, 1)),
            },
        }
    }

    /// Whether a log with this many entries and current devices has room for an entry.
    pub(super) fn has_room(&self, body: &Body, entries: usize, devices: usize) -> bool {
        if is_removal(body) {
            // The log keeps room to remove each device.
            return entries < MAX_DEVICE_LOG;
        }
        let added = usize::from(matches!(body.change, Change::AddDevice(_)));
        let of_phrase =
            body.author == Author::Recovery || matches!(body.change, Change::ReplaceRecoveryKey(_));
        let kept = devices.saturating_add(added).saturating_add(if of_phrase { 0 } else { PHRASE_ROOM });
        let after = entries.saturating_add(1).saturating_add(kept);
        after <= MAX_DEVICE_LOG && self.by(&body.author) < MAX_BY_AUTHOR
    }
}

const fn is_removal(body: &Body) -> bool {
    matches!(body.change, Change::RemoveDevice(_))
}

//! Keeps the group era of each log, which opens the log for reading. The engine stores the era's secret from the era's first
//! epoch on, because MLS deletes the secrets of that epoch soon.

use parley_protocol::capability::Capability;
use parley_protocol::frame::SubscribeLog;
use parley_protocol::ids::{LogId, UnixMillis};

use crate::channel::group_era::{EraStep, GroupEra};
use crate::core::Engine;
use crate::records::keys;

impl Engine {
    /// A group era of a log begins with the current epoch.
    pub(in crate::core) fn begin_group_era(&mut self, id: &LogId, since: UnixMillis) {
        // Without its keys this device gives up the log at the next read.
        if let Ok(era) = self.with_group(id, |group, provider, _| group.era(provider, since)) {
            self.keep_group_era(id, era);
            self.of_groups().keep_ask_key(id);
        }
    }

    pub(in crate::core) fn keep_group_era(&mut self, id: &LogId, era: GroupEra) {
        self.save(&keys::group_era(id), &era);
        self.group_eras.insert(*id, era);
    }

    /// This device reads no more of a log: drops its group era.
    pub(in crate::core) fn forget_group_era(&mut self, id: &LogId) {
        self.group_eras.remove(id);
        self.state.delete(&keys::group_era(id));
        self.state.delete(&keys::ask_key(id));
    }

    /// What a commit of this device that adds and removes nobody does to the group era.
    pub(in crate::core) fn next_era_step(&self, id: &LogId) -> EraStep {
        self.group_eras.get(id).map_or(EraStep::Begins, |era| era.step(self.now))
    }

    /// Subscribes again after a member's commit that says that the group era goes on: its sender may have told the relay that
    /// the era ends, and then no entry would come any more. A device that is still catching up finds out at the end.
    pub(in crate::core) fn subscribe_to_make_sure(&mut self, id: &LogId) {
        let Some(cursor) = self.logs.get(id).map(|log| log.cursor) else { return };
        if let Some(live) = self.live.get_mut(id).filter(|live| live.subscribed && cursor >= live.head) {
            live.subscribed = false;
            if self.online() {
                self.resume_log(id);
            }
        }
    }

    /// How to continue reading a log: from this device's epoch, which may have begun after the group era.
    pub(in crate::core) fn subscription(&mut self, id: &LogId) -> Option<SubscribeLog> {
        let after = self.logs.get(id)?.cursor;
        let since = Some(self.with_group(id, |group, _, _| Ok(group.epoch())).ok()?);
        let capability = self.group_eras.get(id).map(GroupEra::read_capability)?;
        Some(SubscribeLog { log: *id, capability, since, after, known: self.known_place(id) })
    }

    /// The capability that appends to a log now.
    pub(in crate::core) fn capability(&mut self, id: &LogId) -> Option<Capability> {
        self.with_group(id, |group, provider, _| group.capability(provider)).ok()
    }
}

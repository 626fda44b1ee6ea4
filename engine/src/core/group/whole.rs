//! What the rest of the engine asks of groups in one step, so that the rest names nothing else of this half.

use parley_protocol::ids::{LogId, Seq, UnixMillis};

use crate::channel::group_era::EraStep;
use crate::core::Engine;
use crate::mls::chat::ChatCommit;

impl Engine {
    /// An own commit of a group came back through its log: merges it, and writes its lines.
    pub(in crate::core) fn own_group_commit_came(&mut self, id: &LogId, at: (Seq, UnixMillis)) {
        let before = self.with_group(id, |group, _, _| group.state()).ok();
        self.own_commit_won(id);
        self.is_renewed(id);
        if let Some(before) = before {
            self.group_moved_on(id, None, at, &before);
        }
    }

    /// Replaces this device's keys in a group.
    pub(in crate::core) fn update_group(&mut self, id: &LogId, era: EraStep) {
        self.commit_group(id, ChatCommit::update(era), None, &[]);
    }
}

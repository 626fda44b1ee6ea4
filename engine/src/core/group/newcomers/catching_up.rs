//! Reads the messages kept before this device joined, the newest era first, with nobody online. The engine continues after a
//! restart.

use parley_protocol::frame::{Answer, EntryKind, LogEntry, ReadLog, RelayError, Request, Retry};
use parley_protocol::ids::{GroupId, LogId, Seq};
use serde::{Deserialize, Serialize};

use crate::channel::group_era::{GroupEra, PastEra};
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::domain::message::GroupLine;
use crate::group::past::{KeptEntry, PastMessage};
use crate::records::keys;

/// As stored.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::core) struct CatchingUp {
    group: GroupId,
    /// The log whose package says which eras there are; this device must ask for the package.
    package: Option<LogId>,
    /// The eras left to read. The last of them is next, after this place.
    left: Vec<PastEra>,
    after: Seq,
    /// Messages read so far.
    count: u32,
}

impl CatchingUp {
    pub(super) const fn group(&self) -> GroupId {
        self.group
    }
}

impl Engine {
    /// This device joined a group that keeps its messages, and knows the earlier eras.
    pub(in crate::core::group) fn begin_catching_up(
        &mut self,
        group: &GroupId,
        log: LogId,
        past: Vec<PastEra>,
        current: &GroupEra,
    ) {
        self.add_past(group, past.clone());
        let mut left = past;
        left.push(current.past(log, self.relay_time()));
        let catching_up = CatchingUp { group: *group, package: None, left, after: Seq(0), count: 0 };
        self.save_catching_up(catching_up);
        self.go_on_catching_up();
    }

    /// The same after a Welcome: the package at the relay names the earlier eras.
    pub(in crate::core::group) fn catch_up_by_package(&mut self, group: &GroupId, log: LogId) {
        let (package, left) = (Some(log), Vec::new());
        self.save_catching_up(CatchingUp { group: *group, package, left, after: Seq(0), count: 0 });
        self.go_on_catching_up();
    }

    fn save_catching_up(&mut self, catching_up: CatchingUp) {
        self.save(&keys::catching_up(&catching_up.group), &catching_up);
        self.group_chats.newcomers.catching_up.insert(catching_up.group, catching_up);
    }

    /// Asks for the next page of each group, unless a request is on its way.
    pub(in crate::core) fn go_on_catching_up(&mut self) {
        if !self.online() {
            return;
        }
        let all: Vec<CatchingUp> = self.group_chats.newcomers.catching_up.values().cloned().collect();
        for CatchingUp { group, package, left, after, .. } in all {
            if let Some(log) = package {
                let capability = self.group_eras.get(&log).map(GroupEra::read_capability);
                let asked = self.is_pending(|pending| *pending == Pending::GroupPackage(log));
                if let Some(capability) = capability.filter(|_| !asked) {
                    self.ask(Request::FetchGroupInfo { log, capability }, Pending::GroupPackage(log));
                }
                continue;
            }
            let Some(era) = left.last() else {
                self.has_caught_up(&group);
                continue;
            };
            if !self.is_pending(|pending| *pending == Pending::CatchUp(group)) {
                let (log, capability) = (era.log, era.as_era().read_capability());
                self.ask(Request::ReadLog(ReadLog { log, capability, after }), Pending::CatchUp(group));
            }
        }
    }

    /// The package of a group came.
    pub(in crate::core::group) fn catch_up_with(&mut self, id: &LogId, past: Option<Vec<PastEra>>) {
        let Some(group) = self.group_of(id) else { return };
        let waits = self.group_chats.newcomers.catching_up.get(&group);
        if waits.is_none_or(|it| it.package != Some(*id)) {
            return;
        }
        match (past, self.group_eras.get(id).cloned()) {
            (Some(past), Some(era)) => self.begin_catching_up(&group, *id, past, &era),
            _ => self.has_caught_up(&group),
        }
    }

    /// A page of an era came.
    pub(in crate::core) fn page_to_catch_up(&mut self, group: &GroupId, result: Result<Answer, RelayError>) {
        let Some(mut now) = self.group_chats.newcomers.catching_up.get(group).cloned() else { return };
        let Some(era) = now.left.last().cloned() else { return };
        match result {
            Ok(Answer::Entries { entries, more }) => {
                let last = entries.last().map(|entry| entry.seq);
                let past: Vec<PastMessage> =
                    entries.iter().filter_map(|entry| kept_in(&era, entry)).collect();
                now.count = now.count.saturating_add(u32::try_from(past.len()).unwrap_or(u32::MAX));
                self.take_past(group, past);
                if let Some(last) = last.filter(|last| more && *last > now.after) {
                    now.after = last;
                } else {
                    now.left.pop();
                    now.after = Seq(0);
                }
            }
            Err(error) if let Retry::After(pause) = error.retry() => return self.retry_later(pause),
            // This device skips an era that the relay no longer has.
            Ok(_) | Err(_) => {
                now.left.pop();
                now.after = Seq(0);
            }
        }
        self.save_catching_up(now);
        self.go_on_catching_up();
    }

    fn has_caught_up(&mut self, group: &GroupId) {
        self.state.delete(&keys::catching_up(group));
        let Some(done) = self.group_chats.newcomers.catching_up.remove(group) else { return };
        if let Some(log) = self.log_of_group(group).filter(|_| done.count > 0) {
            self.say_now_in_group(&log, GroupLine::Earlier { by: None, count: done.count });
        }
    }
}

/// The kept message of an entry.
fn kept_in(era: &PastEra, entry: &LogEntry) -> Option<PastMessage> {
    let kept = KeptEntry::read(&entry.payload).filter(|_| entry.kind == EntryKind::Message)?;
    let kept = kept.open(&era.as_era(), era.log, entry.epoch).ok()?;
    Some(PastMessage::at(kept, era.log, entry.seq, entry.time))
}

//! Remembers devices whose inboxes take nothing now, perhaps because strangers have filled them. A conversation begins
//! without such a device, and a member makes a commit that would add the device again without it; members add the device
//! later, once its inbox has room.

use parley_protocol::frame::InboxAddress;
use parley_protocol::ids::{DeviceId, LogId};

use super::Membership;
use crate::core::Engine;
use crate::core::relay_session::steady::Moment;

/// How long others wait with a device whose inbox is full, in milliseconds.
const FULL: u64 = 10 * 60 * 1000;

impl Membership {
    /// Whether the device's inbox took nothing a moment ago.
    pub(in crate::core) fn is_full(&self, device: &DeviceId, now: Moment) -> bool {
        self.full.get(device).is_some_and(|until| *until > now)
    }

    /// A log was begun without some devices.
    pub(in crate::core) fn is_left_out_of(&mut self, log: &LogId) {
        self.left_out.insert(*log);
    }
}

impl Engine {
    /// The relay named full inboxes; returns whether a Welcome in `to` was for one of them.
    pub(in crate::core) fn are_full(&mut self, named: &[InboxAddress], to: &[InboxAddress]) -> bool {
        let until = self.steady.after(FULL);
        let mut some = false;
        for inbox in named.iter().filter(|inbox| to.contains(inbox)) {
            self.membership.full.insert(inbox.device, until);
            some = true;
        }
        if some {
            self.retry_later(u32::try_from(FULL).unwrap_or(u32::MAX));
        }
        some
    }

    /// Members can add a device to a log only after this time, in milliseconds.
    pub(in crate::core) fn let_in_later(&mut self, id: &LogId, device: &DeviceId, time: u64) {
        self.membership.full.insert(*device, self.steady.after(time));
        self.membership.is_left_out_of(id);
        self.retry_later(u32::try_from(time).unwrap_or(u32::MAX));
    }

    /// A commit adds devices whose inboxes are full: the engine makes it again without them.
    pub(in crate::core) fn commit_without(&mut self, id: &LogId, named: &[InboxAddress]) {
        let to: Vec<InboxAddress> = self.welcomes(id).posts.iter().map(|welcome| welcome.to).collect();
        if !self.are_full(named, &to) || !self.drop_commit(id) {
            return self.retry_later(60_000);
        }
        self.membership.is_left_out_of(id);
        self.membership.unsettle(id);
        self.pump_log(id);
    }

    /// Devices that were left out may have room by now.
    pub(in crate::core) fn let_in_those_left_out(&mut self) {
        let now = self.steady;
        let before = self.membership.full.len();
        self.membership.full.retain(|_, until| *until > now);
        if self.membership.full.len() < before {
            for id in std::mem::take(&mut self.membership.left_out) {
                self.membership.unsettle(&id);
            }
        }
        // Other devices have to wait longer: the engine checks the logs without them again then.
        if let Some(next) = self.membership.full.values().min() {
            self.retry_later(u32::try_from(next.since(now)).unwrap_or(u32::MAX));
        }
    }

    /// Drops the own commit that the relay refused; returns whether that worked.
    pub(in crate::core) fn drop_commit(&mut self, id: &LogId) -> bool {
        if self.with_group(id, |group, provider, _| group.drop_pending(provider)).is_err() {
            return false;
        }
        self.forget_welcomes(id);
        if let Some(log) = self.logs.get_mut(id) {
            log.commit = None;
        }
        self.save_pending(id);
        self.save_log(id);
        true
    }
}

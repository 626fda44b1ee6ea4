//! Replaces this device's keys in a group also when nobody writes (RFC 9420 section 16.6): somebody who copied them, or
//! copied the keys of the KeyPackage by which the device joined, reads nothing from then on. Devices do so at different
//! times.

use parley_protocol::ids::{GroupId, LogId};
use sha2::{Digest as _, Sha256};

use crate::core::Engine;
use crate::core::relay_session::steady::Moment;

const HOUR: u64 = 3600 * 1000;
/// After joining, a device that writes nothing replaces its keys after at most this time, in milliseconds, ...
const FIRST: u64 = 24 * HOUR;
/// ... and from then on after at most this time.
const LATER: u64 = 7 * 24 * HOUR;

impl Engine {
    /// When this device must replace its keys in a group, in milliseconds from now; none outside groups.
    fn renewal_in(&self, id: &LogId) -> Option<u64> {
        let group = self.group_chat_of(id).filter(|chat| chat.is_active())?.group;
        let (log, account) = self.logs.get(id).zip(self.account.as_ref())?;
        let most = if log.fresh { FIRST } else { LATER };
        let time = most.saturating_sub(earlier(&group, account.device.as_bytes(), most / 4));
        Some(time.saturating_sub(self.now.0.abs_diff(log.updated.0)))
    }

    /// Whether this device must replace its keys now; if not, sets a timer.
    pub(in crate::core) fn is_renewal_due(&mut self, id: &LogId) -> bool {
        let Some(left) = self.renewal_in(id) else { return false };
        if left > 0 {
            // A browser does not keep a timer for days.
            self.renew_at(self.steady.after(left.min(HOUR)));
        }
        left == 0
    }

    fn renew_at(&mut self, at: Moment) {
        self.timers.renewal = Some(self.timers.renewal.map_or(at, |earlier| earlier.min(at)));
    }

    /// The time has come in some group.
    pub(in crate::core) fn renew_groups(&mut self) {
        let logs: Vec<LogId> = self.logs.keys().filter(|id| self.is_live_group_log(id)).copied().collect();
        for id in logs {
            self.pump_log(&id);
        }
    }
}

/// How much earlier than the latest time a device replaces its keys, in milliseconds: less than `most`, different for each
/// device and group.
fn earlier(group: &GroupId, device: &[u8; 16], most: u64) -> u64 {
    let digest: [u8; 32] = Sha256::digest([group.as_bytes().as_slice(), device].concat()).into();
    let (number, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*number).checked_rem(most).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_do_not_all_replace_their_keys_at_once() {
        let mut times: Vec<u64> =
            (0..20).map(|device| earlier(&GroupId([1; 16]), &[device; 16], FIRST / 4)).collect();
        assert!(times.iter().all(|time| *time < 6 * HOUR));
        times.sort_unstable();
        times.dedup();
        assert!(times.len() == 20 && times[19] - times[0] > 3 * HOUR, "{times:?}");
    }
}

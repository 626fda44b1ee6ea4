//! Who belongs into a conversation: the devices that the logs of its accounts name.

use parley_protocol::device_log::{Device, DeviceLog};
use parley_protocol::ids::AccountId;

use crate::mls::credential::Leaf;

/// The devices of a conversation's accounts, as far as their logs are known here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Vec<(AccountId, Vec<Device>)>);

impl Roster {
    /// Of these accounts' logs; one that is named twice counts once.
    pub(crate) fn of<'a>(logs: impl IntoIterator<Item = &'a DeviceLog>) -> Self {
        let mut roster = Self::default();
        for log in logs {
            if !roster.knows(&log.account()) {
                roster.0.push((log.account(), log.all_devices().to_vec()));
            }
        }
        roster
    }

    /// Whether the account is one of the conversation's.
    pub(crate) fn knows(&self, account: &AccountId) -> bool {
        self.0.iter().any(|(known, _)| known == account)
    }

    fn device(&self, leaf: &Leaf) -> Option<&Device> {
        let (_, devices) = self.0.iter().find(|(account, _)| *account == leaf.account)?;
        devices.iter().find(|device| device.record.id == leaf.device && device.record.key == leaf.key)
    }

    /// Whether the device is in its account's log now.
    pub(crate) fn has(&self, leaf: &Leaf) -> bool {
        self.device(leaf).is_some_and(|device| device.removed.is_none())
    }

    /// Whether the device is in its account's log, or was before it was removed: whoever reads late reads what was
    /// right when it was written.
    pub(crate) fn had(&self, leaf: &Leaf) -> bool {
        self.device(leaf).is_some()
    }

    /// The leaves that belong into the group now, oldest first in each account.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.0.iter().flat_map(|(account, devices)| {
            let now = devices.iter().filter(|device| device.removed.is_none());
            now.map(|device| Leaf { account: *account, device: device.record.id, key: device.record.key })
        })
    }
}

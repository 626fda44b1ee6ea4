//! The virtual relay's device logs, and the end of a removed device's inbox.

use parley_protocol::bounded::List;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{Push, ServerFrame};
use parley_protocol::ids::AccountId;

use super::{Outgoing, VirtualRelay};

impl VirtualRelay {
    /// The device log of an account.
    #[must_use]
    pub fn device_log(&self, account: &AccountId) -> DeviceLog {
        self.accounts[account].log.clone()
    }

    /// Replaces a device log, as a lying relay may.
    pub fn put_device_log(&mut self, account: &AccountId, log: DeviceLog) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.log = log;
        }
    }

    /// Tells each reader of an inbox, once, that its device is not in the account's log any more.
    pub(super) fn ended_inboxes(&mut self) -> Outgoing {
        let mut outgoing = Vec::new();
        for (address, inbox) in &mut self.inboxes {
            let account = self.accounts.get(&address.account);
            if account.is_some_and(|account| account.log.device(&address.device).is_none()) {
                for (connection, _) in std::mem::take(&mut inbox.readers) {
                    let push = Push::Inbox { device: address.device, entries: List::default() };
                    outgoing.push((connection, ServerFrame::Push(push).encode().unwrap()));
                }
            }
        }
        outgoing
    }
}

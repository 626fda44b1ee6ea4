//! Detects rollbacks by stamps. Before this device sends anything else on a connection, it learns whether its own state is
//! the latest one, and whether the relay's is. It leaves a new stamp before it begins anything that an earlier copy would not
//! know and that nothing else would reveal: a log, KeyPackages, taking a Welcome from the inbox, an entry of the device log.

use parley_protocol::frame::{Answer, RelayError, Request, Retry, SwapStamp};
use parley_protocol::ids::Stamp;

use crate::core::Engine;
use crate::core::relay_session::requests::{LinkState, Pending};
use crate::io::Output;
use crate::records::keys;
use crate::stamp::Verdict;

impl Engine {
    /// The relay has greeted this device.
    pub(in crate::core) fn begin_with_stamp(&mut self) {
        if !self.swap_stamp(Pending::SwapStamp) {
            self.open_link();
        }
    }

    /// Leaves a stamp. Later requests take effect after it: the relay keeps the order of a device's requests.
    pub(in crate::core) fn leave_stamp(&mut self) {
        if self.online() {
            self.swap_stamp(Pending::LeaveStamp);
        }
    }

    /// Leaves another stamp at the relay, if the relay knows this device.
    fn swap_stamp(&mut self, pending: fn(Stamp) -> Pending) -> bool {
        let Some(account) = self.account.as_ref().filter(|account| account.registered) else {
            return false;
        };
        let (address, capability) = (account.address(), account.inbox.clone());
        let stamp = self.stamps.next(self.random.array());
        self.save_stamps();
        self.ask(Request::SwapStamp(SwapStamp { address, capability, stamp }), pending(stamp));
        true
    }

    pub(in crate::core) fn stamp_left(&mut self, stamp: Stamp, result: &Result<Answer, RelayError>) {
        if let Ok(Answer::StampSwapped { before }) = result {
            // Another process runs with a copy of this device. Counts once on each connection: a relay that says so of every
            // stamp must not make this device create new logs and KeyPackages without end.
            if self.judge_stamp(stamp, *before) == Verdict::RolledBack && !self.link.telling.noticed {
                self.noticed_rollback();
                self.resume();
            }
        }
    }

    fn judge_stamp(&mut self, stamp: Stamp, before: Option<Stamp>) -> Verdict {
        let verdict = self.stamps.answered(stamp, before);
        self.save_stamps();
        verdict
    }

    pub(in crate::core) fn stamp_swapped(&mut self, stamp: Stamp, result: &Result<Answer, RelayError>) {
        match result {
            Ok(Answer::StampSwapped { before }) => match self.judge_stamp(stamp, *before) {
                Verdict::Current => self.open_link(),
                Verdict::RolledBack => {
                    self.noticed_rollback();
                    self.open_link();
                }
                Verdict::RelayRolledBack => {
                    self.noticed_that_the_relay_rolled_back();
                    self.catch_directory_up();
                }
            },
            Ok(_) => self.out.push(Output::Reconnect),
            Err(RelayError::UnknownAccount) => self.register_again(),
            Err(RelayError::UnknownDevice) => self.catch_directory_up(),
            Err(error) => match error.retry() {
                Retry::After(_) => self.turned_away(*error),
                // A relay that does not know this device has nothing to compare with.
                Retry::AfterCatchUp | Retry::Never => self.open_link(),
            },
        }
    }

    pub(in crate::core) fn open_link(&mut self) {
        self.link.state = LinkState::Open;
        self.changed.connection = true;
        // A process that died may have left some receipts unsent.
        self.receipts_due();
        self.resume();
    }

    fn save_stamps(&self) {
        self.save(keys::STAMPS, &self.stamps);
    }
}

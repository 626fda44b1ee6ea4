//! Checking in: before anything else is sent on a connection, this device learns whether its state is the one that
//! was here last. It leaves another stamp before anything is begun of which a copy that was made before knows nothing
//! and nothing else would tell: a log, KeyPackages, a Welcome that is taken from the inbox.

use parley_protocol::frame::{Answer, CheckIn, RelayError, Request, Retry};
use parley_protocol::ids::Stamp;

use super::Engine;
use super::requests::{LinkState, Pending};
use crate::check_in::Verdict;
use crate::io::Output;
use crate::records::keys;

impl Engine {
    /// The relay has greeted this device.
    pub(super) fn check_in(&mut self) {
        if !self.swap_stamp(Pending::CheckIn) {
            self.open_link();
        }
    }

    /// What is asked after this takes effect after it: the relay keeps the order of a device's requests.
    pub(super) fn leave_stamp(&mut self) {
        if self.online() {
            self.swap_stamp(Pending::LeaveStamp);
        }
    }

    /// Leaves another stamp at the relay, if this device is known there.
    fn swap_stamp(&mut self, pending: fn(Stamp) -> Pending) -> bool {
        let Some(account) = self.account.as_ref().filter(|account| account.registered) else {
            return false;
        };
        let (address, capability) = (account.address(), account.inbox.clone());
        let stamp = self.check_ins.next(Stamp(self.random.array()));
        self.save_check_ins();
        self.ask(Request::CheckIn(CheckIn { address, capability, stamp }), pending(stamp));
        true
    }

    pub(super) fn stamp_left(&mut self, stamp: Stamp, result: &Result<Answer, RelayError>) {
        if let Ok(Answer::CheckedIn { before }) = result {
            // Another process runs with a copy of this device. Once on each connection: a relay that says so of every
            // stamp must not keep this device at making new logs and KeyPackages.
            if self.judge_stamp(stamp, *before) == Verdict::PutBack && !self.link.telling.noticed {
                self.noticed_put_back();
                self.resume();
            }
        }
    }

    fn judge_stamp(&mut self, stamp: Stamp, before: Option<Stamp>) -> Verdict {
        let verdict = self.check_ins.answered(stamp, before);
        self.save_check_ins();
        verdict
    }

    pub(super) fn checked_in(&mut self, stamp: Stamp, result: &Result<Answer, RelayError>) {
        match result {
            Ok(Answer::CheckedIn { before }) => {
                if self.judge_stamp(stamp, *before) == Verdict::PutBack {
                    self.noticed_put_back();
                }
                self.open_link();
            }
            Ok(_) => self.out.push(Output::Reconnect),
            Err(error) => match error.retry() {
                Retry::After(_) => self.turned_away(*error),
                // A relay that does not know this device has nothing to compare with.
                Retry::AfterCatchUp | Retry::Never => self.open_link(),
            },
        }
    }

    fn open_link(&mut self) {
        self.link.state = LinkState::Open;
        self.changed.connection = true;
        // A process that died may have left some unsaid.
        self.receipts_due();
        self.resume();
    }

    fn save_check_ins(&self) {
        self.save(keys::CHECK_INS, &self.check_ins);
    }
}

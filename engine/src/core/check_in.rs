//! Checking in: before anything else is sent on a connection, this device learns whether its state is the one that
//! was here last.

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
        let Some(account) = self.account.as_ref().filter(|account| account.registered) else {
            return self.open_link();
        };
        let (address, capability) = (account.address(), account.inbox.clone());
        let stamp = self.check_ins.next(Stamp(self.random.array()));
        self.save_check_ins();
        self.ask(Request::CheckIn(CheckIn { address, capability, stamp }), Pending::CheckIn(stamp));
    }

    pub(super) fn checked_in(&mut self, stamp: Stamp, result: &Result<Answer, RelayError>) {
        match result {
            Ok(Answer::CheckedIn { before }) => {
                let verdict = self.check_ins.answered(stamp, *before);
                self.save_check_ins();
                if verdict == Verdict::PutBack {
                    self.was_put_back();
                    self.forget_key_packages();
                }
                self.open_link();
            }
            Ok(_) => self.out.push(Output::Reconnect),
            Err(error) => match error.retry() {
                Retry::After(_) => self.out.push(Output::Reconnect),
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

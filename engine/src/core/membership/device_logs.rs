//! Asking for the device logs that groups follow, and what waits for them.

use parley_protocol::frame::{DirectoryRecord, LogEntry, RelayError, Request, Retry};
use parley_protocol::ids::{AccountId, LogId};

use crate::conversation::id_of;
use crate::core::Engine;
use crate::core::requests::Pending;
use crate::directory_entry::Found;
use crate::set::Set;
use crate::view::WaitReason;

/// So long after it was asked for a device log is taken to be the one that there is, in milliseconds.
const CHECKED_FOR: u64 = 10_000;

impl Engine {
    /// An entry makes sense only with a newer device log: it and what follows wait.
    pub(in crate::core) fn wait_for_device_log(&mut self, id: &LogId, entry: LogEntry, account: AccountId) {
        self.membership.asked.insert((*id, entry.seq, account));
        self.membership.waiting.insert(*id, account);
        self.keep_early(id, entry);
        if self.is_own_account(&account) {
            self.ask_own_log();
        } else {
            self.ask_device_log(account);
        }
    }

    /// Once on each connection, and again when that was some seconds ago, the device logs of both accounts are asked for;
    /// whether that is under way. A device that was removed must not read what is written from then on, one that was put
    /// back may not, and nobody else may be there to say so.
    pub(in crate::core) fn check_devices_of(&mut self, id: &LogId) -> bool {
        let peer = self.logs.get(id).map(|log| log.peer);
        let own = self.account.as_ref().filter(|account| account.registered).map(|account| account.id);
        let mut waits = false;
        for account in peer.into_iter().chain(own.filter(|own| Some(*own) != peer)) {
            if !self.checked_lately(&account) {
                self.link.checked.insert(account, self.steady);
                self.ask_device_log(account);
            }
            waits |= self.asks_device_log(&account);
        }
        waits
    }

    fn checked_lately(&self, account: &AccountId) -> bool {
        self.link.checked.get(account).is_some_and(|last| self.steady.since(*last) < CHECKED_FOR)
    }

    fn asks_device_log(&self, account: &AccountId) -> bool {
        let own = self.is_own_account(account);
        let asks = |pending: &Pending| match pending {
            Pending::DeviceLog(of) => of == account,
            Pending::OwnLog => own,
            _ => false,
        };
        self.is_pending(asks)
    }

    /// Whether the device log, as it is known here, is the one that there was some seconds ago.
    pub(in crate::core) fn knows_devices_of(&self, account: &AccountId) -> bool {
        self.checked_lately(account) && !self.asks_device_log(account)
    }

    /// Nothing is known of a device log that could not be fetched: who has to know it asks again.
    pub(in crate::core) fn device_log_did_not_come(&mut self, account: &AccountId) {
        self.link.checked.remove(account);
    }

    /// What waited until it was known who is in the account is written now.
    pub(in crate::core) fn go_on_sending(&mut self) {
        let mut peers = Set::default();
        peers.extend(self.outbox.values().filter(|entry| !entry.failed).map(|entry| entry.peer));
        for peer in peers {
            self.pump(id_of(&peer));
        }
    }

    /// Asks for the device log of a contact, for those that wait for it.
    pub(in crate::core) fn ask_device_log(&mut self, account: AccountId) {
        if self.is_own_account(&account) {
            return self.ask_own_log();
        }
        if self.online() && !self.is_pending(|pending| *pending == Pending::DeviceLog(account)) {
            self.ask(Request::FetchDeviceLog(account), Pending::DeviceLog(account));
        }
    }

    pub(in crate::core) fn device_log_came(
        &mut self,
        account: AccountId,
        result: Result<DirectoryRecord, RelayError>,
    ) {
        match result.map(|record| Found::verify(&record)) {
            Ok(Ok(found)) => self.update_contact(&account, found),
            Ok(Err(_)) => {}
            Err(error) => {
                self.held_up_by(account, error, WaitReason::TooMany);
                let pause = match error.retry() {
                    Retry::After(pause) => {
                        self.device_log_did_not_come(&account);
                        pause
                    }
                    Retry::AfterCatchUp | Retry::Never => 0,
                };
                return self.retry_later(pause.max(2_000));
            }
        }
        self.stop_waiting(&account);
        self.pump(id_of(&account));
    }

    /// Asks again for device logs that are waited for: the relay may have failed the first time.
    pub(in crate::core) fn ask_for_waiting(&mut self) {
        // Not collected: that would sort first, with code of its own.
        let mut accounts = Set::default();
        accounts.extend(self.membership.waiting.values().copied());
        for account in accounts {
            self.ask_device_log(account);
        }
    }

    /// What waited for a device log goes on.
    pub(in crate::core) fn stop_waiting(&mut self, account: &AccountId) {
        let waiting = self.membership.waiting.iter().filter(|(_, of)| *of == account);
        let logs: Vec<LogId> = waiting.map(|(log, _)| *log).collect();
        for id in logs {
            self.membership.waiting.remove(&id);
            self.read_early(&id);
            self.changed.connection = true;
            self.pump_log(&id);
        }
    }
}

//! Asking for the device logs that groups follow, and what waits for them.

use parley_protocol::frame::{DirectoryRecord, LogEntry, RelayError, Request, Retry};
use parley_protocol::ids::{AccountId, LogId};

use crate::conversation::id_of;
use crate::core::Engine;
use crate::core::requests::Pending;
use crate::directory_entry::Found;
use crate::set::Set;
use crate::view::WaitReason;

/// So long after it was asked for a contact's device log is taken to be the one that there is, in milliseconds.
const CHECKED_FOR: u64 = 10 * 60 * 1000;

impl Engine {
    /// An entry makes sense only with a newer device log: it and what follows wait.
    pub(in crate::core) fn wait_for_device_log(&mut self, id: &LogId, entry: &LogEntry, account: AccountId) {
        self.membership.asked.insert((*id, entry.seq, account));
        self.membership.waiting.insert(*id, account);
        self.keep_early(id, entry.clone());
        if self.is_own_account(&account) {
            self.ask_own_log();
        } else {
            self.ask_device_log(account);
        }
    }

    /// Once on each connection, and again when that was some time ago, the contact's device log is asked for; whether
    /// that is under way. A device that was removed must not read what is written from then on, one that was put back may
    /// not, and nobody else may be there to say so.
    pub(in crate::core) fn check_devices_of(&mut self, id: &LogId) -> bool {
        let Some(peer) = self.logs.get(id).map(|log| log.peer).filter(|peer| !self.is_own_account(peer))
        else {
            return false;
        };
        let now = self.now;
        let last = self.link.checked.get(&peer);
        if last.is_none_or(|last| now.0.abs_diff(last.0) >= CHECKED_FOR) {
            self.link.checked.insert(peer, now);
            self.ask_device_log(peer);
        }
        self.is_pending(|pending| *pending == Pending::DeviceLog(peer))
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
                    Retry::After(pause) => pause,
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

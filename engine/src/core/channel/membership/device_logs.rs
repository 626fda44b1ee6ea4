//! Asks the directory for the device logs that groups follow, and keeps what waits for the answers.

use parley_protocol::frame::{Answer, DeviceLogNews, LogEntry, RelayError, Retry};
use parley_protocol::ids::{AccountId, LogId};
use parley_protocol::limits::MAX_LOOKUPS;

use crate::channel::log::Log;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::Found;
use crate::domain::conversation::id_of;
use crate::set::Set;
use crate::view::WaitReason;

/// For this long after a request, in milliseconds, this device takes a device log to be current.
const CHECKED_FOR: u64 = 10_000;

impl Engine {
    /// An entry needs a newer device log: the entry and those after it wait.
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

    /// Asks for the device logs of both accounts once on each connection, and again if the last request was some seconds ago;
    /// returns whether a request is under way. A removed device must not read what this device writes from then on, a device
    /// that was rolled back may not, and nobody else may be there to say so.
    pub(in crate::core) fn check_devices_of(&mut self, id: &LogId) -> bool {
        if self.group_of(id).is_some() {
            return self.of_groups().check_members_of(id);
        }
        let peer = self.logs.get(id).and_then(Log::peer);
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

    pub(in crate::core) fn checked_lately(&self, account: &AccountId) -> bool {
        self.checked_within(account, CHECKED_FOR)
    }

    /// Whether this device asked for a device log within this time, in milliseconds.
    pub(in crate::core) fn checked_within(&self, account: &AccountId, time: u64) -> bool {
        self.link.checked.get(account).is_some_and(|last| self.steady.since(*last) < time)
    }

    pub(in crate::core) fn asks_device_log(&self, account: &AccountId) -> bool {
        let own = self.is_own_account(account);
        let asks = |pending: &Pending| match pending {
            Pending::DeviceLogs(of) => of.contains(account),
            Pending::OwnLog => own,
            _ => false,
        };
        self.is_pending(asks)
    }

    /// Whether the device log, as this device knows it, was current some seconds ago.
    pub(in crate::core) fn knows_devices_of(&self, account: &AccountId) -> bool {
        self.checked_lately(account) && !self.asks_device_log(account)
    }

    /// The request for a device log failed: whoever needs the log asks again.
    pub(in crate::core) fn device_log_did_not_come(&mut self, account: &AccountId) {
        self.link.checked.remove(account);
    }

    /// Sends what waited until this device knew which devices are in the account.
    pub(in crate::core) fn go_on_sending(&mut self) {
        let mut peers = Set::default();
        peers.extend(self.outbox.values().filter(|entry| !entry.failed).map(|entry| entry.conversation));
        for key in peers {
            self.pump(key.id());
        }
    }

    /// Asks for the device log of an account, for the entries that wait for it.
    pub(in crate::core) fn ask_device_log(&mut self, account: AccountId) {
        self.ask_device_logs(vec![account]);
    }

    /// Asks for device logs that are not asked for yet, in as few requests as possible.
    pub(in crate::core) fn ask_device_logs(&mut self, mut accounts: Vec<AccountId>) {
        if accounts.iter().any(|account| self.is_own_account(account)) {
            self.ask_own_log();
        }
        if !self.online() {
            return;
        }
        accounts.retain(|account| !self.is_own_account(account) && !self.asks_device_log(account));
        for accounts in accounts.chunks(MAX_LOOKUPS) {
            self.look_up_all(accounts.to_vec(), Pending::DeviceLogs(accounts.to_vec()));
        }
    }

    /// Takes the new entries of device logs that this device asked for.
    pub(in crate::core) fn device_logs_came(
        &mut self,
        asked: &[AccountId],
        result: Result<Answer, RelayError>,
    ) {
        let news = match result {
            Ok(Answer::DeviceLogs(news)) => news.into_vec(),
            Ok(_) => {
                return asked.iter().for_each(|account| self.no_device_log(account, RelayError::Internal));
            }
            Err(error) => return asked.iter().for_each(|account| self.no_device_log(account, error)),
        };
        let (mut later, mut unanswered) = (Vec::new(), asked.to_vec());
        for news in news.into_iter().filter(|news| asked.contains(&news.account())) {
            unanswered.retain(|account| *account != news.account());
            match news {
                DeviceLogNews::Record(record) => {
                    let found = Found::verify(&record, self.known_log(&record.account));
                    self.device_log_came(record.account, found.ok());
                }
                DeviceLogNews::Unknown(account) => self.no_device_log(&account, RelayError::UnknownAccount),
                DeviceLogNews::Later(account) => later.push(account),
            }
        }
        // The same as with a log that does not verify: a relay that hides news could as well say that there is none.
        for account in unanswered {
            self.device_log_came(account, None);
        }
        self.of_groups().go_on_gathering();
        // Sends what waits in groups until this device knows who is in them.
        self.go_on_sending();
        // The engine does not ask at once again a relay that answered nothing.
        if later.len() == asked.len() {
            return later.iter().for_each(|account| self.no_device_log(account, RelayError::Internal));
        }
        self.ask_device_logs(later);
        // Sends what waits in groups until this device knows who is in them.
        self.go_on_sending();
    }

    /// A log that does not verify is no log of the account: what waits goes on with the log that this device knows.
    fn device_log_came(&mut self, account: AccountId, found: Option<Found>) {
        if let Some(found) = found {
            if self.contacts.contains_key(&account) {
                self.update_contact(&account, found);
            } else if self.is_in_a_group(&account) {
                self.found.insert(account, found);
                self.pin(&account);
                self.name_member(&account);
                self.of_groups().prove_past(&account);
                self.show_member(&account);
            }
        }
        self.stop_waiting(&account);
        self.pump(id_of(&account));
    }

    fn no_device_log(&mut self, account: &AccountId, error: RelayError) {
        self.held_up_by(*account, error, WaitReason::TooMany);
        let pause = match error.retry() {
            Retry::After(pause) => {
                self.device_log_did_not_come(account);
                pause
            }
            Retry::AfterCatchUp | Retry::Never => 0,
        };
        self.retry_later(pause.max(2_000));
    }

    /// Asks again for device logs that entries wait for: the relay may have failed the first time.
    pub(in crate::core) fn ask_for_waiting(&mut self) {
        // Not by `collect`: that would sort first, with code of its own.
        let mut accounts = Set::default();
        accounts.extend(self.membership.waiting.values().copied());
        self.ask_device_logs(accounts.into_iter().collect());
    }

    /// Continues what waited for a device log.
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

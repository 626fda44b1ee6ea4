//! Repairs a directory that was rolled back to an older copy, and so lacks accounts, or the last entries of device logs. A
//! client that knows more sends the missing entries. The account's devices have signed all of them, so that nobody has to be
//! trusted; and a device that was removed after the copy does not come to life again.

use parley_protocol::bounded::List;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{AppendDeviceLog, RegisterAccount, RelayError, Request, Retry};
use parley_protocol::ids::AccountId;
use parley_protocol::limits::MAX_USERNAME;
use parley_protocol::username::Username;

use crate::core::Engine;
use crate::core::relay_session::requests::{LinkState, Pending};
use crate::directory_entry::{Found, LookUpError};
use crate::io::Output;
use crate::view::Warning;

/// Other usernames that the engine tries on one connection if somebody else has the own one by now.
const MAX_NAMES: u32 = 16;

/// What this device has done on a connection to a relay whose directory lacks something.
#[derive(Default)]
pub(in crate::core) struct BroughtBack {
    /// This device swapped its stamp a second time: it has brought back to the directory what it could.
    checked_in_again: bool,
    /// The number of usernames tried.
    names: u32,
}

impl Engine {
    /// The relay was rolled back. What it has of this device is from before.
    pub(in crate::core) fn noticed_that_the_relay_rolled_back(&mut self) {
        self.pool_is_stale();
        self.backup_rolled_back();
    }

    /// The relay does not know this account: it was made after the copy.
    pub(in crate::core) fn register_again(&mut self) {
        let (Some(account), Some(key)) = (&self.account, &self.key) else { return self.open_link() };
        let Ok(log) = List::new(account.entries.clone()) else { return self.open_link() };
        let request = RegisterAccount { log, claim: account.claim(key) };
        self.ask(Request::RegisterAccount(request), Pending::RegisterAgain);
    }

    pub(in crate::core) fn registered_again(&mut self, result: Result<(), RelayError>) {
        match result {
            // Another device of the account was here before, and may have had to take another username.
            Ok(()) | Err(RelayError::BadRequest) => self.catch_directory_up(),
            Err(RelayError::UsernameTaken) if self.link.brought_back.names < MAX_NAMES => {
                self.link.brought_back.names = self.link.brought_back.names.saturating_add(1);
                self.take_another_username();
                self.register_again();
            }
            Err(error) if matches!(error.retry(), Retry::After(_)) => self.out.push(Output::Reconnect),
            Err(_) => self.open_link(),
        }
    }

    /// Somebody else has the account's username by now: the account takes that name with a number.
    fn take_another_username(&mut self) {
        let [first, second] = self.random.array();
        let number = format!("{:04}", u16::from_be_bytes([first, second]) % 10_000);
        let Some(account) = &mut self.account else { return };
        let room = MAX_USERNAME.saturating_sub(number.len());
        let begin: String = account.first_username().as_str().chars().take(room).collect();
        if let Ok(name) = Username::parse(&(begin + &number)) {
            account.rename(name);
            self.save_account();
        }
    }

    /// The directory has the account under this username.
    pub(in crate::core) fn hear_own_username(&mut self, username: Option<&Username>) {
        if let (Some(account), Some(username)) = (&mut self.account, username)
            && account.username != *username
        {
            account.rename(username.clone());
            self.save_account();
        }
    }

    /// Checks, before anything else, whether the directory lacks entries of the own device log.
    pub(in crate::core) fn catch_directory_up(&mut self) {
        let Some(account) = self.account.as_ref().map(|account| account.id) else { return self.open_link() };
        self.look_up(account, Pending::OwnLogFirst);
    }

    pub(in crate::core) fn own_log_came_first(&mut self, result: Result<Found, LookUpError>) {
        match result {
            Ok(found) => {
                self.hear_own_username(found.username.as_ref());
                self.take_own_log(found.log);
            }
            Err(LookUpError::Relay(error)) if matches!(error.retry(), Retry::After(_)) => {
                return self.out.push(Output::Reconnect);
            }
            Err(_) => {}
        }
        if !self.erased && !self.is_bringing_back_own() {
            self.directory_is_caught_up();
        }
    }

    fn is_bringing_back_own(&self) -> bool {
        let own = self.account.as_ref().map(|account| account.id);
        self.is_pending(
            |pending| matches!(pending, Pending::BringBack { account, .. } if Some(*account) == own),
        )
    }

    /// The relay has the own device log as far as this device knows it, or refused it.
    fn directory_is_caught_up(&mut self) {
        if self.link.state != LinkState::Greeting {
            return self.resume();
        }
        if std::mem::replace(&mut self.link.brought_back.checked_in_again, true) {
            self.open_link();
        } else {
            self.begin_with_stamp();
        }
    }

    /// Brings back the entries of a device log that the relay lacks, from entry `next` on.
    pub(in crate::core) fn bring_back(&mut self, account: AccountId, next: usize) {
        let under_way = |pending: &Pending| matches!(pending, Pending::BringBack { account: other, .. } if *other == account);
        if self.is_pending(under_way) {
            return;
        }
        let own = self.own_log.as_ref().filter(|log| log.account() == account);
        let log = own.or_else(|| self.contacts.get(&account).map(|contact| &contact.log));
        if let Some(entry) = log.map(DeviceLog::entries).and_then(|entries| entries.get(next)).cloned() {
            let request = AppendDeviceLog { account, entry };
            self.ask(Request::AppendDeviceLog(request), Pending::BringBack { account, next });
        } else if self.is_own_account(&account) {
            self.directory_is_caught_up();
        } else {
            self.is_whole(account);
        }
    }

    pub(in crate::core) fn brought_back(
        &mut self,
        account: AccountId,
        next: usize,
        result: Result<(), RelayError>,
    ) {
        let own = self.is_own_account(&account);
        match result.map_err(RelayError::retry) {
            Ok(()) => return self.bring_back(account, next.saturating_add(1)),
            Err(Retry::After(_)) if self.link.state == LinkState::Greeting => {
                return self.out.push(Output::Reconnect);
            }
            Err(Retry::After(pause)) => {
                self.link.asked_own_log &= !own;
                self.retry_later(pause);
            }
            // Somebody else brings it back, or the log has grown: the next question tells.
            Err(Retry::AfterCatchUp) => self.is_whole(account),
            // The relay refuses entries that continue what it has shown: it has not shown all that it has.
            Err(Retry::Never) => {
                if let Some(contact) = self.contacts.get_mut(&account) {
                    contact.warning = Some(Warning::ForkedDeviceLog);
                    self.save_contact(&account);
                }
            }
        }
        if own {
            self.directory_is_caught_up();
        }
    }

    /// The relay has, or had, a contact's device log as far as this device knows it.
    fn is_whole(&mut self, account: AccountId) {
        let times = self.link.whole.or_default(account);
        *times = times.saturating_add(1);
    }
}

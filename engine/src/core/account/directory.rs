//! Verifies what the relay's directory returns about accounts, and updates the pinned device logs.

use parley_protocol::bounded::List;
use parley_protocol::device_log::DeviceLog;
use parley_protocol::frame::{Answer, DeviceLogNews, KnownDeviceLog, RelayError, Request};
use parley_protocol::ids::AccountId;

use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::contact::{Contact, HeadVerdict};
use crate::domain::content::HeadHint;
use crate::domain::conversation::{ConversationKey, id_of};
use crate::view::{CommandError, Person, Reply, UsernameStatus, ViewRequestId, Warning};

/// How often on one connection the relay may lack entries of a contact's device log that this device gave it: answers may
/// overtake each other once.
const MAX_TOLD: u32 = 2;

impl Engine {
    /// Asks the directory for new entries of an account.
    pub(in crate::core) fn look_up(&mut self, account: AccountId, pending: Pending) {
        self.look_up_all(vec![account], pending);
    }

    /// Asks the directory for new entries of some accounts, at most [`MAX_LOOKUPS`].
    pub(in crate::core) fn look_up_all(&mut self, accounts: Vec<AccountId>, pending: Pending) {
        let known = |account| {
            let known = self.known_log(&account).map(DeviceLog::head);
            KnownDeviceLog { account, known }
        };
        let known = List::new(accounts.into_iter().map(known).collect()).unwrap_or_default();
        self.ask(Request::FetchDeviceLogs(known), pending);
    }

    /// The device log of an account, as far as this device has verified it.
    pub(in crate::core) fn known_log(&self, account: &AccountId) -> Option<&DeviceLog> {
        let own = self.own_log.as_ref().filter(|log| log.account() == *account);
        own.or_else(|| self.contacts.get(account).map(|contact| &contact.log))
    }

    /// The directory's answer about the one account in the request.
    pub(in crate::core) fn looked_up(
        &self,
        result: Result<Answer, RelayError>,
    ) -> Result<Found, LookUpError> {
        let record = match result? {
            Answer::Directory(record) => record,
            Answer::DeviceLogs(news) => match news.into_vec().pop() {
                Some(DeviceLogNews::Record(record)) => record,
                Some(DeviceLogNews::Unknown(_)) => return Err(RelayError::UnknownAccount.into()),
                Some(DeviceLogNews::Later(_)) | None => return Err(RelayError::Internal.into()),
            },
            _ => return Err(RelayError::Internal.into()),
        };
        Ok(Found::verify(&record, self.known_log(&record.account))?)
    }

    pub(in crate::core) fn username_checked(
        &mut self,
        view: ViewRequestId,
        result: &Result<Answer, RelayError>,
    ) {
        let status = match result {
            Ok(Answer::Directory(_)) => UsernameStatus::Taken,
            Err(RelayError::UnknownAccount) => UsernameStatus::Free,
            _ => UsernameStatus::Unknown,
        };
        self.reply(view, Reply::Username(status));
    }

    pub(in crate::core) fn person_found(
        &mut self,
        view: ViewRequestId,
        invited: Option<AccountId>,
        result: Result<Found, LookUpError>,
    ) {
        let reply = match result {
            // The invite names its account; the relay has no say in that.
            Ok(found) if invited.is_some_and(|account| account != found.log.account()) => {
                Reply::Failed(CommandError::Forged)
            }
            Ok(found) => self.take_found(found).map_or_else(Reply::Failed, Reply::Person),
            Err(error) => Reply::Failed(lookup_refused(error)),
        };
        self.reply(view, reply);
    }

    fn take_found(&mut self, found: Found) -> Result<Person, CommandError> {
        let account = found.log.account();
        if self.account.as_ref().is_some_and(|own| own.id == account) {
            return Err(CommandError::Yourself);
        }
        let username = found.username.as_ref().map(ToString::to_string);
        let chat = id_of(&account);
        let conversation = Some(chat).filter(|id| {
            self.conversations.contains_key(id) && !self.is_hidden(&ConversationKey::Peer(account))
        });
        if self.contacts.contains_key(&account) {
            self.update_contact(&account, found);
        } else {
            self.found.insert(account, found);
        }
        if conversation.is_some()
            && let Some(token) = self.links.remove(&account)
        {
            self.bring_token(&account, token);
        }
        Ok(Person { account, username, conversation, chat })
    }

    /// Takes a newer log of a contact; refuses a log that contradicts the pinned one, and shows that.
    pub(in crate::core) fn update_contact(&mut self, account: &AccountId, found: Found) {
        let Some(contact) = self.contacts.get_mut(account) else {
            return;
        };
        let (before, there) = (contact.log.entries().len(), found.log.entries().len());
        // The relay was rolled back to a copy, or hides what it has: it cannot have lost the entries that this device brought
        // back.
        let told = self.link.whole.get(account).copied().unwrap_or_default();
        if there < before && contact.log.contains(&found.log.head()) && told < MAX_TOLD {
            return self.bring_back(*account, there);
        }
        match contact.log.advance_to(found.log) {
            // The first username stays: only the relay says that it changed.
            Ok(()) => contact.username = contact.username.take().or(found.username),
            Err(_) => contact.warning = Some(Warning::ForkedDeviceLog),
        }
        let changed = contact.log.entries().len() != before;
        self.save_contact(account);
        if changed {
            self.keys_changed(account, before);
            self.hear_rollback(account, before);
            self.devices_changed(account);
        }
    }

    /// Pins an account at first contact.
    pub(in crate::core) fn pin(&mut self, account: &AccountId) -> bool {
        if self.contacts.contains_key(account) {
            return true;
        }
        let Some(found) = self.found.remove(account) else {
            return false;
        };
        self.contacts.insert(*account, Contact::new(found.log, found.username, self.now));
        self.save_contact(account);
        self.use_card(account);
        true
    }

    /// A member said inside a message how its own device log ends.
    pub(in crate::core) fn heard(&mut self, account: &AccountId, head: &HeadHint) {
        if self.is_own_account(account) {
            return self.heard_of_own_log(head);
        }
        let Some(contact) = self.contacts.get_mut(account) else {
            return;
        };
        match contact.judge(head) {
            HeadVerdict::Known => {}
            HeadVerdict::Forked => {
                contact.warning = Some(Warning::ForkedDeviceLog);
                self.save_contact(account);
            }
            HeadVerdict::Newer => {
                let asked =
                    |pending: &Pending| matches!(pending, Pending::Gossip { account: a, .. } if a == account);
                if self.online() && !self.is_pending(asked) {
                    let gossip = Pending::Gossip { account: *account, head: *head };
                    self.look_up(*account, gossip);
                }
            }
        }
    }

    /// Another device of the account says what it knows of the account's device log.
    fn heard_of_own_log(&mut self, head: &HeadHint) {
        match self.own_log.as_ref().map(|log| head.judge(log)) {
            Some(HeadVerdict::Newer) => self.ask_own_log(),
            // The relay shows the two devices different logs, and may never show this device the other's.
            Some(HeadVerdict::Forked) => self.own_log_is_forked(),
            Some(HeadVerdict::Known) | None => {}
        }
    }

    /// The relay's answer about the log that a contact spoke of. If the relay has no log with that head, it hides something.
    pub(in crate::core) fn gossip_answered(
        &mut self,
        account: AccountId,
        head: &HeadHint,
        result: Result<Found, LookUpError>,
    ) {
        match result {
            Ok(found) => self.update_contact(&account, found),
            // Without an answer this device knows nothing; the next message makes it ask again.
            Err(LookUpError::Relay(_)) => return,
            Err(LookUpError::Forged) => {}
        }
        if let Some(contact) = self.contacts.get_mut(&account)
            && contact.judge(head) != HeadVerdict::Known
        {
            contact.warning = Some(Warning::ForkedDeviceLog);
            self.save_contact(&account);
        }
    }
}

/// The error for a person whose search got no good answer from the directory.
pub(in crate::core) const fn lookup_refused(error: LookUpError) -> CommandError {
    match error {
        LookUpError::Forged => CommandError::Forged,
        LookUpError::Relay(error) => command_error(error),
    }
}

/// The error for a person whose request the relay refused.
pub(in crate::core) const fn command_error(error: RelayError) -> CommandError {
    match error {
        RelayError::UnknownAccount => CommandError::NotFound,
        RelayError::UsernameTaken => CommandError::UsernameTaken,
        RelayError::RateLimited { .. } => CommandError::RateLimited,
        _ => CommandError::Relay,
    }
}

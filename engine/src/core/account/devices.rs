//! The devices of the own account: verifies and extends the own device log, and applies each change to this device.

use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::{Author, Body, Change, DeviceLog, SignedEntry};
use parley_protocol::frame::{AppendDeviceLog, InboxAddress, InboxPost, RelayError, Request, Retry};
use parley_protocol::ids::{AppendId, DeviceId, LogId};

use crate::account::Account;
use crate::core::Engine;
use crate::core::account::directory::command_error;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::content::{Sync, display_name};
use crate::view::{CommandError, OwnDeviceView, Reply, ViewRequestId};

/// First bytes of an inbox entry that says that a device of the account can be added to conversations: version and kind.
pub(in crate::core) const READY: [u8; 2] = [1, 2];

impl Engine {
    /// Asks the directory for the own device log: another device, or the recovery key, may have appended to it.
    pub(in crate::core) fn ask_own_log(&mut self) {
        let Some(account) = self.account.as_ref().map(|account| account.id) else { return };
        if self.online() && self.is_registered() && !self.is_pending(|pending| *pending == Pending::OwnLog) {
            self.look_up(account, Pending::OwnLog);
        }
    }

    pub(in crate::core) fn own_log_came(&mut self, result: Result<Found, LookUpError>) {
        match result {
            Ok(found) => {
                self.hear_own_username(found.username.as_ref());
                self.take_own_log(found.log);
                if self.removed.is_some() {
                    return;
                }
                self.begin_own_conversation();
            }
            // A log that does not verify is no log of this account.
            Err(LookUpError::Forged) => {}
            Err(LookUpError::Relay(error)) => {
                if let (Retry::After(_), Some(account)) = (error.retry(), &self.account) {
                    let account = account.id;
                    self.device_log_did_not_come(&account);
                }
                return self.retry_later(2_000);
            }
        }
        if let Some(device) = self.shares_with_nobody() {
            self.stop_sharing(&device);
        }
        self.tell_rollback();
        if let Some(account) = self.account.as_ref().map(|account| account.id) {
            self.stop_waiting(&account);
        }
        self.of_account().go_on_returning();
        self.go_on_sending();
    }

    /// Another device log of the own account contradicts the one that this device knows: tells the person.
    pub(in crate::core) fn own_log_is_forked(&mut self) {
        if !std::mem::replace(&mut self.link.forked, true) {
            self.changed.account = true;
        }
    }

    /// Takes a log that continues the own one. A log that contradicts the own one is a lie of the relay: it changes nothing,
    /// and the person is told.
    pub(in crate::core) fn take_own_log(&mut self, log: DeviceLog) {
        let Some(own) = &mut self.own_log else { return };
        // Answers may overtake each other: an older log is no contradiction.
        if !log.contains(&own.head()) && !own.contains(&log.head()) {
            return self.own_log_is_forked();
        }
        let (before, there) = (own.entries().len(), log.entries().len());
        let lacks = there < before && own.contains(&log.head());
        if own.advance_to(log).is_err() || own.entries().len() == before {
            if lacks && let Some(account) = self.account.as_ref().map(|account| account.id) {
                self.bring_back(account, there);
            }
            return;
        }
        let entries = own.entries().to_vec();
        let news: Vec<SignedEntry> = entries.iter().skip(before).cloned().collect();
        let Some(account) = &mut self.account else { return };
        account.entries = entries;
        let (id, device) = (account.id, account.device);
        self.save_account();
        // A relay that is rolled back to an earlier copy would not know these entries.
        self.leave_stamp();
        if self.own_log.as_ref().is_some_and(|log| log.device(&device).is_none()) {
            return self.removed();
        }
        self.note_key_changes(&news);
        self.note_new_devices(&news);
        self.take_next_phrase();
        self.backup_follows_log(self.removed_another(&news));
        self.hear_rollback(&id, before);
        self.devices_changed(&id);
    }

    /// Says in the inboxes of the account's other devices that this device can be added, as long as it is not in the
    /// account's own conversation: the device that linked it may have gone before this one could tell it.
    pub(in crate::core) fn post_ready(&mut self) {
        let (Some(log), Some(own)) = (&self.own_log, self.account.as_ref().map(Account::address)) else {
            return;
        };
        if self.logs.values().any(|log| log.peer() == Some(own.account)) {
            return;
        }
        let others: Vec<DeviceId> =
            log.devices().map(|device| device.id).filter(|id| *id != own.device).collect();
        for device in others {
            let to = InboxAddress { account: own.account, device };
            if let Ok(payload) = Bytes::new(READY.to_vec()) {
                let post = InboxPost { to, append: AppendId(self.random.array()), payload };
                self.ask(Request::PostInbox(post), Pending::PostReady);
            }
        }
    }

    /// Somebody says that a device of the account can be added. Anybody can say so: this device only checks its groups.
    pub(in crate::core) fn device_is_ready(&mut self) {
        let Some(account) = &self.account else { return };
        let (account, device) = (account.id, account.device);
        self.ask_own_log();
        self.begin_own_conversation();
        self.devices_changed(&account);
        if self.own_log.as_ref().and_then(DeviceLog::last_author) == Some(device) {
            self.membership_is_due();
        }
    }

    /// The account's own conversation with a device that was linked here is made: now the other conversations are changed.
    pub(in crate::core) fn own_conversation_made(&mut self, id: &LogId) {
        let own = self.logs.get(id).is_some_and(|log| self.is_own_conversation(&log.conversation));
        if own && self.notes.is_due() {
            self.membership_is_due();
        }
    }

    /// Shows every device that this one did not link itself, until the person says that the device is theirs.
    fn note_new_devices(&mut self, news: &[SignedEntry]) {
        let Some(own) = self.account.as_ref().map(|account| account.device) else { return };
        for body in news.iter().filter_map(|entry| entry.parse().ok()) {
            if let Change::AddDevice(record) = body.change
                && body.author != Author::Device(own)
                && record.id != own
            {
                self.notes.is_new(record.id);
            }
        }
        self.save_notes();
    }

    /// Whether this device has removed another one.
    fn removed_another(&self, news: &[SignedEntry]) -> bool {
        let own = self.account.as_ref().map(|account| Author::Device(account.device));
        let mut bodies = news.iter().filter_map(|entry| entry.parse().ok());
        bodies.any(|body| matches!(body.change, Change::RemoveDevice(_)) && Some(body.author) == own)
    }

    /// A commit removed this device from a group; the device log says whether it was also removed from the account.
    pub(in crate::core) fn was_removed_from(&mut self, id: &LogId) {
        self.end_log(id);
        self.ask_own_log();
    }

    /// Removes another device of the account.
    pub(in crate::core) fn remove_device(
        &mut self,
        view: ViewRequestId,
        device: DeviceId,
    ) -> Result<Option<Reply>, CommandError> {
        let own = self.account.as_ref().ok_or(CommandError::NoAccount)?.device;
        if device == own {
            return Err(CommandError::UnknownDevice);
        }
        self.own_log.as_ref().and_then(|log| log.device(&device)).ok_or(CommandError::UnknownDevice)?;
        if !self.online() {
            return Err(CommandError::Offline);
        }
        let entry = self.sign_change(Change::RemoveDevice(device), None).ok_or(CommandError::Storage)?;
        self.append_own_log(entry, Some(view));
        Ok(None)
    }

    /// Renames one of the own devices, on all devices of the account.
    pub(in crate::core) fn rename_device(
        &mut self,
        device: DeviceId,
        name: &str,
    ) -> Result<Option<Reply>, CommandError> {
        self.own_log.as_ref().and_then(|log| log.device(&device)).ok_or(CommandError::UnknownDevice)?;
        let name = display_name(name).ok_or(CommandError::Name)?;
        self.named(device, &name);
        self.sync(Sync::Named(device, name));
        Ok(Some(Reply::Done))
    }

    pub(in crate::core) fn accept_device(&mut self, device: &DeviceId) -> Reply {
        let back = self.notes.is_fresh(device) && self.came_by_phrase(device);
        self.notes.accept(device);
        self.save_notes();
        // Without a backup the phrase opened nothing: now that the person agrees, this device sends the history.
        if back && !self.phrase_opens_all() {
            self.share_with_returned(None);
        }
        Reply::Done
    }

    /// Whether a device entered the device log by the recovery key.
    fn came_by_phrase(&self, device: &DeviceId) -> bool {
        let mut bodies =
            self.own_log.iter().flat_map(DeviceLog::entries).filter_map(|entry| entry.parse().ok());
        bodies.any(|body| {
            matches!(body.change, Change::AddDevice(record) if record.id == *device)
                && body.author == Author::Recovery
        })
    }

    /// The next entry of the own log, before it is signed.
    pub(in crate::core) fn next_entry(&self, change: Change) -> Option<Body> {
        let (log, account) = (self.own_log.as_ref()?, self.account.as_ref()?);
        let author = Author::Device(account.device);
        Some(Body { previous: Some(log.head().hash), created: self.relay_time(), author, change })
    }

    pub(in crate::core) fn sign_change(
        &self,
        change: Change,
        added: Option<&ed25519_dalek::SigningKey>,
    ) -> Option<SignedEntry> {
        SignedEntry::sign(&self.next_entry(change)?, self.key.as_ref()?, added).ok()
    }

    /// Sends an entry of the own log; the engine applies the entry when the relay has it.
    pub(in crate::core) fn append_own_log(&mut self, entry: SignedEntry, view: Option<ViewRequestId>) {
        let Some(account) = self.account.as_ref().map(|account| account.id) else { return };
        self.leave_stamp();
        let request = AppendDeviceLog { account, entry: entry.clone() };
        self.ask(Request::AppendDeviceLog(request), Pending::AppendOwnLog { entry, view });
    }

    pub(in crate::core) fn own_log_appended(
        &mut self,
        entry: &SignedEntry,
        view: Option<ViewRequestId>,
        result: Result<(), RelayError>,
    ) {
        let reply = match result {
            Ok(()) => {
                if let Some(mut log) = self.own_log.clone()
                    && log.append(entry).is_ok()
                {
                    self.take_own_log(log);
                }
                if self.returning.is_some() {
                    // Outputs that waited until the lost devices were removed go out now.
                    self.retry_later(0);
                }
                Reply::Done
            }
            Err(error) => {
                // Another device may have appended first.
                self.ask_own_log();
                Reply::Failed(command_error(error))
            }
        };
        self.of_account().link_entry_appended(entry, matches!(reply, Reply::Done));
        self.of_account().go_on_returning();
        if let Some(view) = view {
            self.reply(view, reply);
        }
    }

    /// What the views show of the own devices, oldest first.
    pub(in crate::core) fn own_devices(&self) -> Vec<OwnDeviceView> {
        let (Some(log), Some(account)) = (&self.own_log, &self.account) else { return Vec::new() };
        let now = log.all_devices().iter().filter(|device| device.removed.is_none());
        now.map(|device| {
            let note = self.notes.of(&device.record.id);
            OwnDeviceView {
                id: device.record.id,
                name: note.map(|note| note.name.clone()).unwrap_or_default(),
                added: device.added,
                seen: note.map_or(device.added, |note| note.seen.max(device.added)),
                this: device.record.id == account.device,
                fresh: self.notes.is_fresh(&device.record.id),
            }
        })
        .collect()
    }
}

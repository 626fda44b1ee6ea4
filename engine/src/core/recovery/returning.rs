//! Brings an account back: a new device finds the account by its recovery phrase, enters the device log with the recovery
//! key, and removes the lost devices. Each step is on disk before the engine takes the next, and the engine repeats it after
//! a restart.

use ed25519_dalek::SigningKey;
use parley_protocol::device_log::{Author, Body, Change, DeviceLog, SignedEntry};
use parley_protocol::frame::{AppendDeviceLog, RelayError, Request, Retry};
use parley_protocol::ids::DeviceId;
use serde::{Deserialize, Serialize};

use super::handing_over::Wait;
use super::restoring::Restoring;
use crate::core::Engine;
use crate::core::account::directory::{command_error, lookup_refused};
use crate::core::linking::Joining;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::records::keys;
use crate::recovery::RecoverySeed;
use crate::view::{CommandError, Reply, Typed, ViewRequestId};

/// Between two attempts, in milliseconds.
const PAUSE: u32 = 2_000;

/// What a person asked for, until the account is found.
pub(in crate::core) struct Wish {
    view: ViewRequestId,
    seed: RecoverySeed,
    name: String,
    alone: bool,
}

/// As stored, from the signature until everything is restored.
#[derive(Serialize, Deserialize)]
pub(in crate::core) struct Returning {
    pub(super) seed: RecoverySeed,
    /// The account's other devices are to be removed.
    pub(super) alone: bool,
    /// Segments of the backup still to come, the oldest; none before that number is known.
    pub(super) left: Option<u32>,
    /// Parts that did not open, so far.
    pub(super) lost: u32,
    /// The device that wrote the backup was removed before: it may have been stolen.
    pub(super) by_removed: bool,
    /// This device has asked for the device log once more, since the backup speaks of a later one.
    #[serde(skip)]
    pub(super) asked_log: bool,
    #[serde(skip)]
    pub(super) work: Restoring,
    #[serde(skip)]
    pub(super) wait: Wait,
}

impl Returning {
    fn new(seed: RecoverySeed, alone: bool) -> Self {
        Self {
            seed,
            alone,
            left: None,
            lost: 0,
            by_removed: false,
            asked_log: false,
            work: Restoring::Idle,
            wait: Wait::default(),
        }
    }
}

impl Engine {
    pub(in crate::core) fn recover(
        &mut self,
        view: ViewRequestId,
        phrase: &Typed,
        name: &str,
        alone: bool,
    ) -> Result<Option<Reply>, CommandError> {
        if self.returning.is_some() && self.account.is_none() {
            // A view repeats its request because the worker died.
            self.registering = Some(view);
            return Ok(None);
        }
        if self.account.is_some() || self.joining.is_some() {
            return Err(CommandError::AccountExists);
        }
        let seed = RecoverySeed::parse(&phrase.0).map_err(CommandError::Phrase)?;
        if !self.online() {
            return Err(CommandError::Offline);
        }
        let key = seed.verifying_key();
        self.wish = Some(Wish { view, seed, name: name.to_owned(), alone });
        self.ask(Request::FindRecoveryKey(key), Pending::FindRecovery(view));
        Ok(None)
    }

    pub(in crate::core) fn recovery_found(
        &mut self,
        view: ViewRequestId,
        result: Result<Found, LookUpError>,
    ) {
        let Some(wish) = self.wish.take_if(|wish| wish.view == view) else {
            return self.reply(view, Reply::Failed(CommandError::Relay));
        };
        let found = match result {
            Err(LookUpError::Relay(RelayError::UnknownAccount)) => Err(CommandError::UnknownPhrase),
            Err(error) => Err(lookup_refused(error)),
            Ok(found) => Ok(found),
        };
        let found = found.and_then(|found| {
            let named = found.log.recovery_key() == wish.seed.verifying_key();
            if named { Ok(found) } else { Err(CommandError::Forged) }
        });
        match found {
            Ok(found) => self.return_to(found, wish),
            Err(error) => self.reply(view, Reply::Failed(error)),
        }
    }

    fn return_to(&mut self, found: Found, wish: Wish) {
        // The directory has a name for every account.
        let Some(username) = found.username else {
            return self.reply(wish.view, Reply::Failed(CommandError::Relay));
        };
        self.begin_joining(&found.log, &wish.name, username);
        let returning = Returning::new(wish.seed, wish.alone);
        self.save(keys::RETURNING, &returning);
        self.returning = Some(returning);
        self.registering = Some(wish.view);
        self.append_return(&found.log);
    }

    /// Enters this device into the device log with the recovery key.
    pub(in crate::core) fn append_return(&mut self, log: &DeviceLog) {
        let (Some(returning), Some(key), Some(record)) =
            (&self.returning, &self.key, self.joining.as_ref().map(Joining::record))
        else {
            return;
        };
        if self.is_pending(|pending| *pending == Pending::AppendReturn) {
            return;
        }
        let entry = self.recovery_entry(log, Change::AddDevice(record), &returning.seed, Some(key));
        if let Some(entry) = entry {
            let request = AppendDeviceLog { account: log.account(), entry };
            self.ask(Request::AppendDeviceLog(request), Pending::AppendReturn);
        }
    }

    fn recovery_entry(
        &self,
        log: &DeviceLog,
        change: Change,
        seed: &RecoverySeed,
        added: Option<&SigningKey>,
    ) -> Option<SignedEntry> {
        let author = Author::Recovery;
        let body = Body { previous: Some(log.head().hash), created: self.relay_time(), author, change };
        SignedEntry::sign(&body, &seed.signing_key(), added).ok()
    }

    pub(in crate::core) fn return_appended(&mut self, result: Result<(), RelayError>) {
        match result {
            // After a conflict the log may already have the entry; if not, this device signs it again.
            Ok(()) | Err(RelayError::DeviceLogConflict) => self.ask_joined_log(),
            Err(error) if error.retry() == Retry::Never => {
                let view = self.registering.take();
                self.forget_returning();
                self.forget_joining();
                if let Some(view) = view {
                    self.reply(view, Reply::Failed(command_error(error)));
                }
            }
            Err(_) => self.retry_later(PAUSE),
        }
    }

    pub(in crate::core) fn forget_returning(&mut self) {
        if self.returning.take().is_some() {
            self.save_returning();
        }
    }

    /// This device belongs to the account now; if it came by the phrase, it continues from there.
    pub(in crate::core) fn returned(&mut self) {
        let Some(returning) = &self.returning else { return };
        let seed = returning.seed.clone();
        if let Some(account) = &mut self.account {
            account.recovery = seed;
        }
        if let Some(view) = self.registering.take() {
            self.reply(view, Reply::Done);
        }
    }

    /// Does what comes next. Callers may call it at any time.
    pub(in crate::core) fn go_on_returning(&mut self) {
        if self.returning.is_none() || self.account.is_none() || !self.online() {
            return;
        }
        let over = self.handing_over_is_over();
        match self.lost_devices().first().copied().filter(|_| over) {
            Some(device) => self.remove_lost(device),
            None => self.go_on_restoring(),
        }
    }

    fn remove_lost(&mut self, device: DeviceId) {
        if self.is_pending(|pending| matches!(pending, Pending::AppendOwnLog { .. } | Pending::OwnLog)) {
            return;
        }
        if let Some(entry) = self.sign_change(Change::RemoveDevice(device), None) {
            self.append_own_log(entry, None);
        }
    }

    pub(super) fn save_returning(&mut self) {
        match &self.returning {
            Some(returning) => self.save(keys::RETURNING, returning),
            None => self.state.delete(keys::RETURNING),
        }
        self.changed.account = true;
    }
}

//! Joins an account, on the side of the new device: makes the device's own keys, and counter-signs the entry that names it.
//! The device belongs to the account as soon as the directory shows that entry. The engine writes the device's word to disk
//! before it gives the word, so that a restart in between loses nothing.

use ed25519_dalek::SigningKey;
use parley_crypto::MlsRandom;
use parley_protocol::capability::Capability;
use parley_protocol::device_log::{
    Author, Change, DeviceLog, DeviceRecord, LogHead, SignedEntry, VerifyingKeyBytes,
};
use parley_protocol::ids::{AccountId, DeviceId};
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};

use super::{Session, State};
use crate::account::Account;
use crate::core::Engine;
use crate::core::relay_session::requests::Pending;
use crate::directory_entry::{Found, LookUpError};
use crate::domain::content::display_name;
use crate::domain::device_note::{Note, day};
use crate::link::message::{Hello, LinkMessage, Offer};
use crate::records::keys;
use crate::view::LinkFailure;

/// How long to wait before this device asks the directory again whether it is in the log, in milliseconds: longer each time,
/// up to [`MOST_PATIENT`] times as long.
const ASK_AGAIN: u32 = 2_000;
const MOST_PATIENT: u32 = 30;
/// The device of the account sends the entry at once, or never. A new device that has asked this often in vain, for twelve
/// seconds in all, and has no channel any more, stops waiting.
const ENOUGH: u32 = 3;

/// The keys that a device makes for itself before it belongs to an account.
pub(super) struct NewDevice {
    key: SigningKey,
    inbox: Capability,
    id: DeviceId,
    name: String,
}

impl Joining {
    pub(in crate::core) const fn record(&self) -> DeviceRecord {
        self.record
    }
}

impl NewDevice {
    pub(super) fn draw(random: &MlsRandom, name: String) -> Self {
        let key = SigningKey::from_bytes(&random.array());
        Self { key, inbox: Capability::new(random.array()), id: DeviceId(random.array()), name }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn record(&self) -> DeviceRecord {
        let key = VerifyingKeyBytes(self.key.verifying_key().to_bytes());
        DeviceRecord { id: self.id, key, inbox: self.inbox.hash() }
    }

    pub(super) fn hello(&self) -> Hello {
        Hello { name: self.name.clone(), record: self.record() }
    }
}

/// As stored, from the counter-signature until the directory shows the entry.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::core) struct Joining {
    account: AccountId,
    record: DeviceRecord,
    inbox: Capability,
    /// The name of this device.
    device_name: String,
    /// The head of the device log that was counter-signed.
    head: LogHead,
    name: String,
    username: Username,
    profile: u32,
    read_receipts: bool,
}

impl Engine {
    /// A device of the account is there: this device introduces itself.
    pub(super) fn introduce_device(&mut self, mut session: Box<Session>) {
        let Some(hello) = self.linking.new.as_ref().map(|new| new.hello()) else {
            return self.fail_link_in(&session, LinkFailure::SameSide);
        };
        self.say_in_slot(&mut session, &LinkMessage::Hello(hello));
        self.set_link(State::Waiting(session));
    }

    /// The account and the entry came: asks the directory for the log that the entry continues.
    pub(super) fn offer_came(&mut self, session: Box<Session>, offer: Offer) {
        self.look_up(offer.account, Pending::LinkLog(Box::new(offer)));
        self.set_link(State::Waiting(session));
    }

    pub(in crate::core) fn link_log_came(&mut self, offer: &Offer, result: Result<Found, LookUpError>) {
        let State::Waiting(session) = std::mem::take(&mut self.linking.state) else { return };
        let found = result.ok();
        match found.and_then(|found| self.check_offer(&found.log, offer)) {
            Some(joining) => self.join(session, joining, offer),
            None => self.fail_link_in(&session, LinkFailure::Forged),
        }
    }

    fn check_offer(&self, log: &DeviceLog, offer: &Offer) -> Option<Joining> {
        let new = self.linking.new.as_ref()?;
        adds_only(log, offer, new.record()).then(|| Joining {
            account: offer.account,
            record: new.record(),
            inbox: new.inbox.clone(),
            device_name: new.name.clone(),
            head: offer.head,
            name: display_name(&offer.name).unwrap_or_else(|| offer.username.to_string()),
            username: offer.username.clone(),
            profile: offer.profile,
            read_receipts: offer.read_receipts,
        })
    }

    fn join(&mut self, mut session: Box<Session>, joining: Joining, offer: &Offer) {
        let Some(new) = self.linking.new.take() else {
            return self.fail_link_in(&session, LinkFailure::SameSide);
        };
        let counter = SignedEntry::counter_sign(&offer.body, &new.key);
        self.key = Some(new.key.clone());
        self.save_vault();
        self.save(keys::JOINING, &joining);
        self.joining = Some(joining);
        self.say_in_slot(&mut session, &LinkMessage::Counter(counter));
        self.linking.until = None;
        self.set_link(State::Waiting(session));
        self.retry_later(ASK_AGAIN);
    }

    /// Begins to join an account that was found by its recovery phrase; the caller must append the entry.
    pub(in crate::core) fn begin_joining(&mut self, log: &DeviceLog, device_name: &str, username: Username) {
        let device_name = display_name(device_name).unwrap_or_else(|| super::NAMELESS.to_owned());
        let new = NewDevice::draw(&self.random, device_name);
        let joining = Joining {
            account: log.account(),
            record: new.record(),
            inbox: new.inbox.clone(),
            device_name: new.name.clone(),
            head: log.head(),
            name: username.to_string(),
            username,
            // Whatever the backup says is newer.
            profile: 0,
            read_receipts: true,
        };
        self.key = Some(new.key);
        self.save_vault();
        self.save(keys::JOINING, &joining);
        self.joining = Some(joining);
    }

    /// Asks whether the entry is in the log.
    pub(in crate::core) fn ask_joined_log(&mut self) {
        let Some(account) = self.joining.as_ref().map(|joining| joining.account) else { return };
        if self.online() && !self.is_pending(|pending| *pending == Pending::JoinedLog) {
            self.look_up(account, Pending::JoinedLog);
        }
    }

    pub(in crate::core) fn joined_log_came(&mut self, result: Result<Found, LookUpError>) {
        let Some(joining) = &self.joining else { return };
        let log = result.ok().map(|found| found.log);
        let log = log.filter(|log| log.account() == joining.account && log.contains(&joining.head));
        let entry = |log: &DeviceLog| {
            log.all_devices().iter().find(|device| device.record == joining.record).copied()
        };
        let alone = matches!(self.linking.state, State::Idle) && self.linking.asked >= ENOUGH;
        match log.map(|log| (entry(&log), log)) {
            Some((Some(device), log)) if device.removed.is_none() => self.become_device(log),
            Some((None, log)) if self.returning.is_some() => self.append_return(&log),
            // The device was added and removed again before it looked, or never added.
            Some((entry, _)) if entry.is_some() || alone => {
                self.forget_joining();
                self.forget_returning();
                self.fail_link(LinkFailure::Cancelled);
            }
            _ => {
                self.linking.asked = self.linking.asked.saturating_add(1);
                self.retry_later(ASK_AGAIN.saturating_mul(self.linking.asked.min(MOST_PATIENT)));
            }
        }
    }

    /// This device belongs to the account now.
    fn become_device(&mut self, log: DeviceLog) {
        let Some(joining) = self.joining.take() else { return };
        self.state.delete(keys::JOINING);
        let note = Note { name: joining.device_name.clone(), seen: day(self.now) };
        self.notes.take(joining.record.id, &note);
        self.account = Some(Account::linked(
            &log,
            joining.record.id,
            joining.inbox,
            (joining.name, joining.username),
            (joining.profile, joining.read_receipts),
        ));
        self.own_log = Some(log);
        self.linking.joined = self.returning.is_none();
        self.returned();
        self.save_account();
        self.save_notes();
        // The channel has ended, and nobody else tells the views that the wait is over.
        self.tell_link();
        self.resume();
    }

    /// The relay has this device's KeyPackages: the others can add it.
    pub(in crate::core) fn tell_ready(&mut self) {
        match std::mem::take(&mut self.linking.state) {
            State::Waiting(mut session) if self.linking.joined => {
                self.say_in_slot(&mut session, &LinkMessage::Ready);
                self.set_link(State::Done);
            }
            other => {
                self.linking.state = other;
                self.post_ready();
            }
        }
    }

    /// Takes the counter-signature back: nobody has used it.
    pub(in crate::core) fn forget_joining(&mut self) {
        if self.joining.take().is_some() {
            self.state.delete(keys::JOINING);
            self.key = None;
            self.out.vault = Some(Vec::new());
        }
    }
}

/// Whether the offered entry only adds this device to the account, at the end of the account's log.
fn adds_only(log: &DeviceLog, offer: &Offer, device: DeviceRecord) -> bool {
    let Ok(body) = SignedEntry::parse_body(&offer.body) else { return false };
    let Author::Device(author) = body.author else { return false };
    log.account() == offer.account
        && log.head() == offer.head
        && body.previous == Some(offer.head.hash)
        && body.change == Change::AddDevice(device)
        && log.device(&author).is_some()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use parley_crypto::MlsRandom;
    use parley_protocol::capability::CapabilityHash;
    use parley_protocol::device_log::Body;
    use parley_protocol::ids::{EntryHash, UnixMillis};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::account::Account;

    const NEW: DeviceRecord = DeviceRecord {
        id: DeviceId([1; 16]),
        key: VerifyingKeyBytes([2; 32]),
        inbox: CapabilityHash([3; 32]),
    };

    /// Whether a new device accepts an honest offer with Ada's device log after `change` has changed it.
    fn is_accepted(change: impl FnOnce(&mut Offer, &mut Body)) -> bool {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let key = SigningKey::from_bytes(&[4; 32]);
        let username = Username::parse("ada").unwrap();
        let account = Account::create(UnixMillis(1), &random, &key, "Ada".into(), username.clone()).unwrap();
        let log = account.log().unwrap();
        let mut body = Body {
            previous: Some(log.head().hash),
            created: UnixMillis(2),
            author: Author::Device(account.device),
            change: Change::AddDevice(NEW),
        };
        let mut offer = Offer {
            account: account.id,
            head: log.head(),
            body: SignedEntry::body_bytes(&body).unwrap(),
            name: "Ada".into(),
            username,
            profile: 1,
            read_receipts: true,
        };
        change(&mut offer, &mut body);
        offer.body = SignedEntry::body_bytes(&body).unwrap();
        adds_only(&log, &offer, NEW)
    }

    #[test]
    fn p4_an_entry_is_signed_that_adds_this_device_and_nothing_else() {
        assert!(is_accepted(|_, _| {}));
        assert!(!is_accepted(|offer, _| offer.account = AccountId([9; 32])), "another account");
        assert!(!is_accepted(|offer, _| offer.head.length += 1), "a log that the directory does not have");
        assert!(!is_accepted(|_, body| body.previous = Some(EntryHash([9; 32]))), "at another place");
        let other = DeviceRecord { id: DeviceId([9; 16]), ..NEW };
        assert!(!is_accepted(|_, body| body.change = Change::AddDevice(other)), "another device");
        assert!(!is_accepted(|_, body| body.change = Change::RemoveDevice(NEW.id)), "another change");
        let stranger = Author::Device(DeviceId([9; 16]));
        assert!(!is_accepted(|_, body| body.author = stranger), "by a device that is not of the account");
        assert!(!is_accepted(|_, body| body.author = Author::Recovery), "by no device");
    }
}

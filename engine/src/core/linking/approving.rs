//! Approves a new device, on the side of the account's device: asks the person, writes the new device into the device log
//! with the new device's counter-signature, and adds it to the conversations.

use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::{Change, DeviceLog, DeviceRecord, SignedEntry};
use parley_protocol::frame::SlotState;
use parley_protocol::ids::{DeviceId, UnixMillis};
use parley_protocol::limits::MAX_DEVICE_LOG_BODY;

use super::{Session, State};
use crate::channel::log::{Log, Stage};
use crate::core::Engine;
use crate::link::message::{Hello, LinkMessage, Offer};
use crate::view::{CommandError, LinkFailure, Share};

/// Thirty days, in milliseconds.
const MONTH: u64 = 30 * 24 * 3_600 * 1_000;

/// The device has told the new device what to counter-sign.
pub(super) struct Offering {
    pub(super) session: Session,
    hello: Hello,
    body: Bytes<MAX_DEVICE_LOG_BODY>,
}

impl Engine {
    /// A new device has introduced itself: nothing more happens before the person agrees.
    pub(super) fn ask_person(&mut self, session: Box<Session>, hello: Hello) {
        if self.own_log.as_ref().is_none_or(|log| is_taken(log, &hello.record)) {
            return self.fail_link_in(&session, LinkFailure::Forged);
        }
        self.set_link(State::Approving(session, Box::new(hello)));
    }

    pub(super) fn approve_device(&mut self) -> Result<(), CommandError> {
        match std::mem::take(&mut self.linking.state) {
            State::Approving(session, hello) => {
                self.offer(*session, *hello);
                Ok(())
            }
            other => {
                self.linking.state = other;
                Err(CommandError::NotLinking)
            }
        }
    }

    fn offer(&mut self, mut session: Session, hello: Hello) {
        let body = self.next_entry(Change::AddDevice(hello.record));
        let body = body.and_then(|body| SignedEntry::body_bytes(&body).ok());
        let (Some(body), Some(account), Some(log)) = (body, &self.account, &self.own_log) else {
            return self.fail_link_in(&session, LinkFailure::Refused);
        };
        let offer = Offer {
            account: account.id,
            head: log.head(),
            body: body.clone(),
            name: account.name.clone(),
            username: account.username.clone(),
            profile: account.profile,
            read_receipts: account.read_receipts,
        };
        self.say_in_slot(&mut session, &LinkMessage::Offer(Box::new(offer)));
        self.set_link(State::Offering(Box::new(Offering { session, hello, body })));
    }

    /// The new device has counter-signed: sends the entry to the relay.
    pub(super) fn counter_came(&mut self, mut offering: Offering, value: &SlotState) {
        if value.version <= offering.session.version {
            self.linking.state = State::Offering(Box::new(offering));
            return;
        }
        offering.session.version = value.version;
        let Some(entry) = self.counter_signed(&mut offering, value) else {
            return self.fail_link_in(&offering.session, LinkFailure::Forged);
        };
        let Offering { session, hello, .. } = offering;
        // This comes before the entry leaves: from then on the new device may be in the account, whatever happens to this
        // one.
        self.promise(hello.record.id);
        self.set_link(State::Appending(Box::new(session), Box::new((entry.clone(), hello))));
        self.append_own_log(entry, None);
    }

    fn counter_signed(&self, offering: &mut Offering, value: &SlotState) -> Option<SignedEntry> {
        let opened = offering.session.channel.open(&value.value).ok()?;
        let LinkMessage::Counter(counter) = LinkMessage::decode(&opened).ok()? else { return None };
        let entry = SignedEntry::sign_counter_signed(offering.body.clone(), self.key.as_ref()?, counter);
        // The relay would refuse the entry too; this device also knows whose fault that is.
        self.own_log.clone()?.append(&entry).ok()?;
        Some(entry)
    }

    /// The relay has answered about an entry of the own log.
    pub(in crate::core) fn link_entry_appended(&mut self, entry: &SignedEntry, done: bool) {
        match std::mem::take(&mut self.linking.state) {
            State::Appending(mut session, waiting) if waiting.0 == *entry => {
                if !done {
                    self.take_promise_back(&waiting.1.record.id);
                    return self.fail_link_in(&session, LinkFailure::Refused);
                }
                let hello = &waiting.1;
                self.named(hello.record.id, &hello.name);
                self.linking.device = Some(hello.record.id);
                self.say_in_slot(&mut session, &LinkMessage::Added);
                self.linking.until = None;
                self.set_link(State::Waiting(session));
            }
            other => self.linking.state = other,
        }
    }

    /// The relay has the new device's KeyPackages: adds the device to the conversations.
    pub(super) fn new_device_is_ready(&mut self) {
        self.add_new_device();
        let own = |log: &&Log| self.is_own_conversation(&log.conversation) && log.stage == Stage::Active;
        if self.logs.values().find(own).is_some() {
            self.membership_is_due();
        } else {
            // The other conversations follow once that is made: history goes through it.
            self.begin_own_conversation();
        }
        self.tell_added();
    }

    /// From now on linking shows in how many conversations the new device is.
    pub(super) fn add_new_device(&mut self) {
        self.linking.state = State::Adding;
        self.linking.added = (0, self.unsettled_logs());
    }

    /// Remembers what this device must tell and send to the new device.
    fn promise(&mut self, device: DeviceId) {
        self.notes.make_due();
        self.save_notes();
        match self.linking.share {
            Share::All => self.share_history(UnixMillis(0), device),
            Share::Month => self.share_history(UnixMillis(self.now.0.saturating_sub(MONTH)), device),
            Share::Nothing => {}
        }
    }

    /// The new device did not come into the account.
    fn take_promise_back(&mut self, device: &DeviceId) {
        self.notes.take_due();
        self.save_notes();
        self.stop_sharing(device);
    }

    /// Whether an entry that adds a device is on its way.
    pub(in crate::core) const fn is_appending(&self) -> bool {
        matches!(self.linking.state, State::Appending(..))
    }

    /// Tells the views in how many conversations the new device is, if one is being added.
    pub(in crate::core) fn tell_added(&mut self) {
        if !matches!(self.linking.state, State::Adding) {
            return;
        }
        let left = self.unsettled_logs();
        let (_, of) = self.linking.added;
        let of = of.max(left);
        let done = of.saturating_sub(left);
        if self.linking.added != (done, of) || left == 0 {
            self.linking.added = (done, of);
            if left == 0 {
                self.count_key_packages();
            }
            self.set_link(if left == 0 { State::Done } else { State::Adding });
        }
    }
}

/// Whether a current or former device of the account has the id or the key.
fn is_taken(log: &DeviceLog, device: &DeviceRecord) -> bool {
    let same = |known: &DeviceRecord| known.id == device.id || known.key == device.key;
    log.all_devices().iter().any(|known| same(&known.record))
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use parley_crypto::MlsRandom;
    use parley_protocol::device_log::VerifyingKeyBytes;
    use parley_protocol::username::Username;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::account::Account;

    #[test]
    fn p4_a_new_device_has_neither_the_id_nor_the_key_of_another() {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let key = SigningKey::from_bytes(&[4; 32]);
        let name = Username::parse("ada").unwrap();
        let log = Account::create(UnixMillis(1), &random, &key, "Ada".into(), name).unwrap().log().unwrap();
        let known = *log.devices().next().unwrap();
        let (id, key) = (DeviceId([9; 16]), VerifyingKeyBytes([9; 32]));
        assert!(!is_taken(&log, &DeviceRecord { id, key, ..known }));
        assert!(is_taken(&log, &DeviceRecord { id, ..known }));
        assert!(is_taken(&log, &DeviceRecord { key, ..known }));
    }
}

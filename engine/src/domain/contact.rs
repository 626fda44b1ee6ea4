//! Contacts: the device log that was pinned at first contact, and what the contact says about themselves.

use parley_protocol::device_log::{DeviceLog, DeviceLogError, SignedEntry};
use parley_protocol::ids::{AccountId, UnixMillis};
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};

use crate::domain::content::HeadHint;

/// A warning about a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Warning {
    /// The contact's devices, as the relay shows them, contradict what they say themselves.
    ForkedDeviceLog,
    /// The contact's KeyPackages or device log do not fit together; this device sends nothing.
    ForgedKeys,
    /// The relay showed the two sides different messages, or left some out.
    DifferentMessages,
    /// A member of a group is in another copy of it than this device.
    AnotherCopy,
}

/// As stored.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    entries: Vec<SignedEntry>,
    username: Option<Username>,
    name: Option<String>,
    verified: bool,
    warning: Option<Warning>,
    profile_sent: u32,
    first_seen: UnixMillis,
}

/// A contact that this device knows.
#[derive(Debug, Clone)]
pub(crate) struct Contact {
    pub(crate) log: DeviceLog,
    /// As the directory says.
    pub(crate) username: Option<Username>,
    /// As the contact says.
    pub(crate) name: Option<String>,
    pub(crate) verified: bool,
    pub(crate) warning: Option<Warning>,
    /// The version of the own profile that the contact was sent.
    pub(crate) profile_sent: u32,
    pub(crate) first_seen: UnixMillis,
}

/// What a head that a member told says about the pinned log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadVerdict {
    /// The log has or had this head.
    Known,
    /// The log has grown: fetch it.
    Newer,
    /// The log never had this head: the relay shows somebody another log.
    Forked,
}

impl Contact {
    pub(crate) const fn new(log: DeviceLog, username: Option<Username>, now: UnixMillis) -> Self {
        Self { log, username, name: None, verified: false, warning: None, profile_sent: 0, first_seen: now }
    }

    pub(crate) const fn account(&self) -> AccountId {
        self.log.account()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let stored = Stored {
            entries: self.log.entries().to_vec(),
            username: self.username.clone(),
            name: self.name.clone(),
            verified: self.verified,
            warning: self.warning,
            profile_sent: self.profile_sent,
            first_seen: self.first_seen,
        };
        postcard::to_allocvec(&stored).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DeviceLogError> {
        let stored: Stored = postcard::from_bytes(bytes).map_err(|_| DeviceLogError::Malformed)?;
        Ok(Self {
            log: DeviceLog::verify(&stored.entries)?,
            username: stored.username,
            name: stored.name,
            verified: stored.verified,
            warning: stored.warning,
            profile_sent: stored.profile_sent,
            first_seen: stored.first_seen,
        })
    }

    /// The name to show.
    pub(crate) fn display_name(&self) -> String {
        match (&self.name, &self.username) {
            (Some(name), _) => name.clone(),
            (None, Some(username)) => username.to_string(),
            (None, None) => "Somebody".to_owned(),
        }
    }

    pub(crate) fn judge(&self, head: &HeadHint) -> HeadVerdict {
        head.judge(&self.log)
    }
}

impl HeadHint {
    /// Compares the head with a log as this device knows it.
    pub(crate) fn judge(&self, log: &DeviceLog) -> HeadVerdict {
        let place = usize::try_from(self.length).ok().and_then(|length| length.checked_sub(1));
        match place.and_then(|place| log.entries().get(place)) {
            Some(entry) if entry.hash().0.starts_with(&self.hash) => HeadVerdict::Known,
            Some(_) => HeadVerdict::Forked,
            None if place.is_none() => HeadVerdict::Forked,
            None => HeadVerdict::Newer,
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_crypto::MlsRandom;
    use parley_protocol::device_log::LogHead;
    use parley_protocol::ids::EntryHash;
    use parley_protocol::username::Username;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::account::Account;

    fn contact() -> Contact {
        let random = MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1));
        let key = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
        let username = Username::parse("ada").unwrap();
        let account = Account::create(UnixMillis(1), &random, &key, "Ada".into(), username).unwrap();
        Contact::new(account.log().unwrap(), None, UnixMillis(1))
    }

    #[test]
    fn p4_a_gossiped_head_tells_a_fork_from_news() {
        let contact = contact();
        let known = contact.log.head();
        let head = |length, hash| HeadHint::of(&LogHead { length, hash });
        assert_eq!(contact.judge(&head(1, known.hash)), HeadVerdict::Known);
        assert_eq!(contact.judge(&head(2, EntryHash([9; 32]))), HeadVerdict::Newer);
        assert_eq!(contact.judge(&head(1, EntryHash([9; 32]))), HeadVerdict::Forked);
        assert_eq!(contact.judge(&head(0, known.hash)), HeadVerdict::Forked);
    }

    #[test]
    fn a_contact_comes_back_from_its_record() {
        let mut before = contact();
        before.name = Some("Ada".into());
        before.warning = Some(Warning::ForkedDeviceLog);
        let after = Contact::decode(&before.encode()).unwrap();
        assert_eq!((after.log, after.name, after.warning), (before.log, before.name, before.warning));
    }
}

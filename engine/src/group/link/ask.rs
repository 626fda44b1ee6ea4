//! Asking to be let into a group: who has a link that needs approval leaves a request in the group's log, sealed to its members. Whoever
//! governs the group adds them later, as they would add anybody, while who asked may be offline.
//!
//! The key to which requests are sealed follows from the first epoch of a group era, and who comes by a link knows the era's secret only:
//! so that who has a link, or the relay, does not see who else asks.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_crypto::hpke::xwing;
use parley_crypto::{MlsRandom, hkdf};
use parley_protocol::device_log::{DeviceLog, Signature, SignedEntry};
use parley_protocol::ids::{AccountId, DeviceId, GroupId, LogId, UnixMillis};
use parley_protocol::limits::MAX_ASK;
use parley_protocol::padding::{pad_message, unpad};
use serde::{Deserialize, Serialize};
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::{Link, LinkId, LinkSecret};
use crate::domain::content::display_name;
use crate::group::codec::{self, FormatError};

/// The first byte, inside.
const FORMAT: u8 = 1;
/// The first byte of an entry that carries a request; an MLS message begins with 0, one that is kept with 2.
const ASK: u8 = 3;
const KEYS: &[u8] = b"parley ask sealing key v1";
const SEAL: &[u8] = b"parley ask v1";
const BY_LINK: &[u8] = b"parley ask by link v1\0";
const BY_DEVICE: &[u8] = b"parley ask by device v1\0";
const WITHDRAWN: &[u8] = b"parley ask withdrawn v1\0";
/// Longest greeting, in bytes.
pub(crate) const MAX_GREETING: usize = 1_000;
/// Most entries of a device log that a request carries.
const MAX_ENTRIES: usize = 160;

/// Names a request: random.
pub(crate) type AskId = [u8; 16];

/// Who asks to be let in. Members check it; it shows nothing to who is not one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) id: AskId,
    /// By which link.
    pub(crate) link: LinkId,
    /// The device log of who asks, and which of its devices asks.
    log: Vec<SignedEntry>,
    device: DeviceId,
    pub(crate) name: String,
    pub(crate) greeting: String,
    /// When, by the clock of who asks.
    pub(crate) time: UnixMillis,
    /// By the link's key: who asks has the link.
    by_link: Signature,
    /// By the device's key: who asks is who they say they are.
    by_device: Signature,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AskEntry {
    /// Somebody asks.
    Asks(Box<Ask>),
    /// They ask no more: the device that asked says so.
    Withdraws(AskId, Signature),
}

/// What a member says of requests to the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskNews {
    /// Requests that who came later has not seen.
    pub(crate) asks: Vec<Ask>,
    /// Those that somebody who governs the group has declined.
    pub(crate) declined: Vec<AskId>,
}

/// Opens requests of one group era. As it is stored.
#[derive(Clone, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct AskKey([u8; 32]);

/// A request whose signatures hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asker {
    pub(crate) account: AccountId,
    pub(crate) log: DeviceLog,
}

impl AskKey {
    /// Exported from the era's first epoch.
    pub(crate) const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    fn keys(&self) -> xwing::KeyPair {
        xwing::derive_key_pair(hkdf::derive(&self.0, KEYS).as_slice())
    }

    /// What requests are sealed to.
    pub(crate) fn public(&self) -> Vec<u8> {
        self.keys().public
    }

    /// Opens an entry of this log.
    pub(crate) fn open(&self, log: LogId, payload: &[u8]) -> Result<AskEntry, FormatError> {
        let sealed = payload.strip_prefix(&[ASK]).ok_or(FormatError::Malformed)?;
        let parts = sealed.split_at_checked(xwing::ENCAPPED).ok_or(FormatError::Malformed)?;
        let private: Zeroizing<Vec<u8>> = Zeroizing::new(self.keys().private.to_vec());
        let opened = xwing::open(&private, parts.0, SEAL, log.as_bytes(), parts.1);
        let padded = opened.map_err(|_| FormatError::Malformed)?;
        let entry: AskEntry =
            codec::decode(FORMAT, MAX_ASK, unpad(&padded).map_err(|_| FormatError::Malformed)?)?;
        match &entry {
            AskEntry::Asks(ask) if !ask.is_bounded() => Err(FormatError::Malformed),
            _ => Ok(entry),
        }
    }
}

/// Whether an entry of a group's log carries a request.
pub(crate) fn is_ask(payload: &[u8]) -> bool {
    payload.first() == Some(&ASK)
}

impl AskEntry {
    /// `3 || encapsulated key || ciphertext`, for the members who have the other half of `to`; none if it is too long.
    pub(crate) fn seal(&self, random: &MlsRandom, to: &[u8], log: LogId) -> Option<Vec<u8>> {
        let mut plaintext = codec::encode(FORMAT, self);
        pad_message(&mut plaintext);
        let sealed = xwing::seal(random, to, SEAL, log.as_bytes(), &plaintext).ok()?;
        let bytes = [&[ASK], sealed.encapped.as_slice(), &sealed.ciphertext].concat();
        (bytes.len() <= MAX_ASK).then_some(bytes)
    }
}

impl AskEntry {
    /// They ask no more.
    pub(crate) fn withdraw(id: AskId, group: GroupId, key: &SigningKey) -> Self {
        Self::Withdraws(id, Signature(key.sign(&withdrawn(group, &id)).to_bytes()))
    }
}

/// `label || group (16) || id (16)`.
fn withdrawn(group: GroupId, id: &AskId) -> Vec<u8> {
    [WITHDRAWN, group.as_bytes(), id].concat()
}

impl Ask {
    /// Asks, with what proves it.
    pub(crate) fn new(
        (id, group, secret): (AskId, GroupId, &LinkSecret),
        (own, device, key): (&DeviceLog, DeviceId, &SigningKey),
        (name, greeting): (String, String),
        time: UnixMillis,
    ) -> Self {
        let mut ask = Self {
            id,
            link: secret.id(),
            log: own.entries().to_vec(),
            device,
            name,
            greeting,
            time,
            by_link: Signature([0; 64]),
            by_device: Signature([0; 64]),
        };
        ask.by_link =
            Signature(secret.signing_key().sign(&ask.text(BY_LINK, group, &own.account())).to_bytes());
        ask.by_device = Signature(key.sign(&ask.text(BY_DEVICE, group, &own.account())).to_bytes());
        ask
    }

    /// `label || group (16) || link (16) || id (16) || account (32) || device (16) || time (8, big-endian) || length of the name (2,
    /// big-endian) || name || greeting`.
    fn text(&self, label: &[u8], group: GroupId, account: &AccountId) -> Vec<u8> {
        let length = u16::try_from(self.name.len()).unwrap_or(u16::MAX).to_be_bytes();
        let who = [account.as_bytes().as_slice(), self.device.as_bytes()].concat();
        let said = [&length, self.name.as_bytes(), self.greeting.as_bytes()].concat();
        [label, group.as_bytes(), &self.link, &self.id, &who, &self.time.0.to_be_bytes(), &said].concat()
    }

    fn is_bounded(&self) -> bool {
        self.log.len() <= MAX_ENTRIES && self.greeting.len() <= MAX_GREETING
    }

    /// Who asks: somebody who has this link, and whose device, which is in its account's log, says so.
    pub(crate) fn asker(&self, group: GroupId, link: &Link) -> Option<Asker> {
        if !self.is_bounded() || display_name(&self.name).as_ref() != Some(&self.name) {
            return None;
        }
        let log = DeviceLog::verify(&self.log).ok()?;
        let account = log.account();
        let device = log.device(&self.device)?;
        let holds = link.id == self.link
            && link.key.verifies(&self.text(BY_LINK, group, &account), &self.by_link)
            && device.key.verifies(&self.text(BY_DEVICE, group, &account), &self.by_device);
        holds.then_some(Asker { account, log })
    }

    /// Whether the device that asked says that they ask no more.
    pub(crate) fn is_withdrawn(&self, group: GroupId, signature: &Signature) -> bool {
        let log = DeviceLog::verify(&self.log).ok();
        let device = log.as_ref().and_then(|log| log.device(&self.device));
        device.is_some_and(|device| device.key.verifies(&withdrawn(group, &self.id), signature))
    }
}

#[cfg(test)]
impl Ask {
    /// One that nobody could check, always the same.
    pub(crate) fn of_test() -> Self {
        let (id, link, device) = ([6; 16], [5; 16], DeviceId([4; 16]));
        let (by_link, by_device) = (Signature([1; 64]), Signature([2; 64]));
        let (name, greeting) = ("Finn".to_owned(), "It's me".to_owned());
        Self { id, link, log: Vec::new(), device, name, greeting, time: UnixMillis(7), by_link, by_device }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::group::fixtures::Account;
    use crate::group::link::Terms;

    const LOG: LogId = LogId([3; 16]);
    const GROUP: GroupId = GroupId([4; 16]);

    fn random() -> MlsRandom {
        MlsRandom::new(&mut ChaCha20Rng::seed_from_u64(1))
    }

    fn secret() -> LinkSecret {
        LinkSecret::new([5; 32])
    }

    fn link() -> Link {
        secret().link(AccountId([1; 32]), Terms { approval: true, ..Terms::default() })
    }

    fn ask_of(account: &Account, key: &SigningKey) -> Ask {
        let said = ("Finn".to_owned(), "It's me".to_owned());
        let whose = (&account.log, account.leaf(1).device, key);
        Ask::new(([6; 16], GROUP, &secret()), whose, said, UnixMillis(7))
    }

    fn finn() -> (Account, Ask) {
        let finn = Account::new(9, 1);
        let ask = ask_of(&finn, &finn.key(1));
        (finn, ask)
    }

    #[test]
    fn what_members_open_is_what_was_asked_and_nobody_else_opens_it() {
        let era = AskKey::new([8; 32]);
        let entry = AskEntry::Asks(Box::new(finn().1));
        let sealed = entry.seal(&random(), &era.public(), LOG).unwrap();
        assert!(is_ask(&sealed));
        assert_eq!(era.open(LOG, &sealed), Ok(entry));
        assert_eq!(era.open(LogId([9; 16]), &sealed), Err(FormatError::Malformed), "in another log");
        assert_eq!(AskKey::new([7; 32]).open(LOG, &sealed), Err(FormatError::Malformed), "of another era");
        for cut in [0, 1, 2, 1_000, sealed.len() - 1] {
            assert!(era.open(LOG, &sealed[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn p2_a_request_is_its_askers_by_this_link_into_this_group_or_none() {
        let (finn, ask) = finn();
        let other = Account::new(10, 1);
        assert_eq!(ask.asker(GROUP, &link()).map(|it| it.account), Some(finn.id()));
        assert_eq!(ask.asker(GroupId([5; 16]), &link()), None, "another group");
        let stranger = LinkSecret::new([6; 32]).link(AccountId([1; 32]), Terms::default());
        assert_eq!(ask.asker(GROUP, &stranger), None, "another link");
        assert_eq!(ask.asker(GROUP, &Link { key: stranger.key, ..link() }), None, "without the link's key");
        for forged in [
            Ask { name: "Ada".into(), ..ask.clone() },
            Ask { greeting: "Other".into(), ..ask.clone() },
            Ask { time: UnixMillis(8), ..ask.clone() },
            Ask { log: other.entries(), ..ask.clone() },
            Ask { name: " Finn".into(), ..ask.clone() },
            ask_of(&finn, &other.key(1)),
        ] {
            assert_eq!(forged.asker(GROUP, &link()), None, "{forged:?}");
        }
    }

    #[test]
    fn p2_only_the_device_that_asked_takes_it_back() {
        let (finn, ask) = finn();
        let AskEntry::Withdraws(id, signature) = AskEntry::withdraw(ask.id, GROUP, &finn.key(1)) else {
            panic!()
        };
        assert_eq!((id, ask.is_withdrawn(GROUP, &signature)), (ask.id, true));
        assert!(!ask.is_withdrawn(GroupId([5; 16]), &signature), "elsewhere");
        let other = AskEntry::withdraw(ask.id, GROUP, &Account::new(10, 1).key(1));
        let AskEntry::Withdraws(_, signature) = other else { panic!() };
        assert!(!ask.is_withdrawn(GROUP, &signature), "by somebody else");
    }

    #[test]
    fn a_request_has_bounds() {
        let era = AskKey::new([8; 32]);
        let long = Ask { greeting: "x".repeat(MAX_GREETING + 1), ..finn().1 };
        let sealed = AskEntry::Asks(Box::new(long)).seal(&random(), &era.public(), LOG).unwrap();
        assert_eq!(era.open(LOG, &sealed), Err(FormatError::Malformed));
    }

    #[test]
    fn the_formats_are_pinned() {
        insta::assert_snapshot!(crate::hex(&Sha256::digest(AskKey::new([8; 32]).public())));
        let withdrawn = AskEntry::Withdraws([6; 16], Signature([7; 64]));
        insta::assert_snapshot!(crate::hex(&codec::encode(FORMAT, &withdrawn)));
        let ask = Ask { log: Vec::new(), ..finn().1 };
        insta::assert_snapshot!(crate::hex(&codec::encode(FORMAT, &AskEntry::Asks(Box::new(ask.clone())))));
        let news = AskNews { asks: vec![ask], declined: vec![[1; 16]] };
        insta::assert_snapshot!(crate::hex(&postcard::to_allocvec(&news).unwrap()));
    }
}

//! Invite links of a group: a person who has one joins by an external commit (RFC 9420 section 12.4.3.2), with every member
//! offline.
//!
//! From a link's secret derive a key that signs the joiner's commit (the policy has its public half), keys to which each
//! group era's secret is sealed, and a capability at the relay. Members know only the public halves, so that a removed
//! member, even with the relay's help, opens no later era.

pub(crate) mod ask;
mod fragment;
mod package;

use ed25519_dalek::{Signer as _, SigningKey};
use parley_crypto::hpke::xwing;
use parley_crypto::{MlsRandom, hkdf};
use parley_protocol::capability::{Capability, CapabilityHash};
use parley_protocol::device_log::{Signature, VerifyingKeyBytes};
use parley_protocol::ids::{AccountId, AppendId, Epoch, GroupId, LogId, UnixMillis};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::{ZeroizeOnDrop, Zeroizing};

pub(crate) use self::fragment::GroupLink;
pub(crate) use self::package::Package;
use super::leaf_state::Nonce;
use crate::mls::credential::Leaf;

const SIGN: &[u8] = b"parley link signing key v1";
const SEAL: &[u8] = b"parley link sealing key v1";
const OPEN: &[u8] = b"parley link capability v1";
const KEYS: &[u8] = b"parley link keys v1\0";
const WRAP: &[u8] = b"parley link wrap v1";
const PROOF: &[u8] = b"parley link proof v1\0";
/// The longest validity of a link, in milliseconds (400 days: as long as the relay keeps commits).
pub(crate) const LONGEST: u64 = 400 * 24 * 3600 * 1000;

/// The id of a link: the beginning of its capability's hash.
pub(crate) type LinkId = [u8; 16];

/// What the policy says of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    pub(crate) id: LinkId,
    /// The account that made the link.
    pub(crate) by: AccountId,
    /// Verifies who joins by the link.
    pub(crate) key: VerifyingKeyBytes,
    /// [`LinkKeys::hash`] of the keys that go with it.
    pub(crate) keys: [u8; 32],
    /// A person with the link asks to join; a member adds them.
    pub(crate) approval: bool,
    /// How many may join by the link; 0 is any number.
    pub(crate) most: u16,
    /// How many joined by the link and have gone.
    pub(crate) used: u16,
    /// The relay serves the link until then, and a member who governs the group revokes it. Members do not judge by this
    /// time: clocks differ.
    pub(crate) expires: Option<UnixMillis>,
}

/// The public keys for which the policy has no room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkKeys {
    pub(crate) capability: CapabilityHash,
    /// An X-Wing key (1,216 bytes): the secret of each group era is sealed to it.
    #[serde(with = "serde_bytes")]
    wrap: Vec<u8>,
}

/// The terms on which people join by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Terms {
    pub(crate) approval: bool,
    pub(crate) most: u16,
    pub(crate) expires: Option<UnixMillis>,
}

/// The secret in a link. Whoever has it may join.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
pub(crate) struct LinkSecret([u8; 32]);

impl core::fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LinkSecret(..)")
    }
}

/// Who joins by a link, into which epoch of which group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coming {
    pub(crate) group: GroupId,
    pub(crate) epoch: Epoch,
    pub(crate) leaf: Leaf,
    pub(crate) nonce: Nonce,
}

/// Proves that the joiner has a link. Evidence beside the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LinkProof {
    pub(crate) link: LinkId,
    /// The epoch that the commit ends.
    pub(crate) epoch: Epoch,
    signature: Signature,
}

impl LinkSecret {
    /// Of 32 random bytes.
    pub(crate) const fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// The capability of the link at the relay.
    pub(crate) fn capability(&self) -> Capability {
        Capability::new(*hkdf::derive(&self.0, OPEN))
    }

    pub(crate) fn id(&self) -> LinkId {
        id_of(&self.capability().hash())
    }

    fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&hkdf::derive(&self.0, SIGN))
    }

    fn sealing_keys(&self) -> xwing::KeyPair {
        xwing::derive_key_pair(hkdf::derive(&self.0, SEAL).as_slice())
    }

    pub(crate) fn keys(&self) -> LinkKeys {
        LinkKeys { capability: self.capability().hash(), wrap: self.sealing_keys().public }
    }

    /// The entry of the link in the policy.
    pub(crate) fn link(&self, by: AccountId, terms: Terms) -> Link {
        let Terms { approval, most, expires } = terms;
        let key = VerifyingKeyBytes(self.signing_key().verifying_key().to_bytes());
        Link { id: self.id(), by, key, keys: self.keys().hash(), approval, most, used: 0, expires }
    }

    /// Opens what [`LinkKeys::wrap`] sealed for this log.
    pub(crate) fn open(&self, log: LogId, wrap: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let (encapped, sealed) = wrap.split_at_checked(xwing::ENCAPPED)?;
        let keys = self.sealing_keys();
        let opened = xwing::open(&keys.private, encapped, WRAP, log.as_bytes(), sealed).ok()?;
        Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
    }

    /// Signs the joiner's commit.
    pub(crate) fn prove(&self, coming: &Coming) -> LinkProof {
        let signature = Signature(self.signing_key().sign(&coming.text(&self.id())).to_bytes());
        LinkProof { link: self.id(), epoch: coming.epoch, signature }
    }

    pub(crate) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl LinkKeys {
    /// The hash of the keys, which the policy has.
    pub(crate) fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(KEYS);
        hash.update(self.capability.0);
        hash.update(&self.wrap);
        hash.finalize().into()
    }

    pub(crate) fn id(&self) -> LinkId {
        id_of(&self.capability)
    }

    /// Seals a group era's secret for those who have the link.
    pub(crate) fn wrap(&self, random: &MlsRandom, log: LogId, secret: &[u8; 32]) -> Option<Vec<u8>> {
        let sealed = xwing::seal(random, &self.wrap, WRAP, log.as_bytes(), secret).ok()?;
        Some([sealed.encapped, sealed.ciphertext].concat())
    }
}

impl LinkProof {
    /// Whether somebody who has the link signed this join.
    pub(crate) fn is_by(&self, link: &Link, coming: &Coming) -> bool {
        self.link == link.id
            && self.epoch == coming.epoch
            && link.key.verifies(&coming.text(&link.id), &self.signature)
    }
}

impl Coming {
    /// `label || link (16) || group (16) || epoch (8, big-endian) || account (32) || device (16) || key (32) || nonce (16)`.
    fn text(&self, link: &LinkId) -> Vec<u8> {
        let Leaf { account, device, key } = &self.leaf;
        let epoch = self.epoch.0.to_be_bytes();
        let who = [account.as_bytes().as_slice(), device.as_bytes(), &key.0, &self.nonce].concat();
        [PROOF, link, self.group.as_bytes(), &epoch, &who].concat()
    }
}

/// Whether an append id is of a join by a link: the relay accepts no other, and members see by which link an entry came that
/// they cannot read.
pub(crate) fn is_append_of(link: &LinkId, append: &AppendId) -> bool {
    append.as_bytes().first_chunk::<8>() == link.first_chunk::<8>()
}

/// The append id of a join by a link; `random` is random.
pub(crate) fn append_of(link: &LinkId, random: [u8; 8]) -> AppendId {
    let mut append = [0; 16];
    for (to, from) in append.iter_mut().zip(link.iter().take(8).chain(&random)) {
        *to = *from;
    }
    AppendId(append)
}

fn id_of(capability: &CapabilityHash) -> LinkId {
    capability.0.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;

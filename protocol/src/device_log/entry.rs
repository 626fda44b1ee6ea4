//! One entry of a device log: its bytes, its hash and its signatures.

use alloc::vec::Vec;
use core::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::DeviceLogError;
use crate::bounded::Bytes;
use crate::capability::CapabilityHash;
use crate::ids::{DeviceId, EntryHash, UnixMillis};
use crate::limits::MAX_DEVICE_LOG_BODY;

/// The version of a body.
const BODY_VERSION: u8 = 1;
const SIGN: &[u8] = b"parley device log v1\0";
const COUNTER_SIGN: &[u8] = b"parley device log counter v1\0";
const HASH: &[u8] = b"parley device log hash v1\0";

/// An Ed25519 signature (RFC 8032).
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature(#[serde(with = "serde_bytes")] pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

/// An Ed25519 public key (RFC 8032), not yet checked to be a point.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VerifyingKeyBytes(pub [u8; 32]);

impl fmt::Debug for VerifyingKeyBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifyingKeyBytes(..)")
    }
}

impl VerifyingKeyBytes {
    /// Verifies strictly: no small-order keys, no malleable signatures.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| {
            key.verify_strict(message, &ed25519_dalek::Signature::from_bytes(&signature.0)).is_ok()
        })
    }
}

/// A device as the log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Chosen at random by the device.
    pub id: DeviceId,
    /// The device's key: signs its log entries and its MLS leaf.
    pub key: VerifyingKeyBytes,
    /// Hash of the capability that opens the device's inbox.
    pub inbox: CapabilityHash,
}

/// Who signs an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Author {
    /// A device that is in the log before this entry (in the genesis: the first device).
    Device(DeviceId),
    /// The recovery key.
    Recovery,
}

/// What an entry changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// Begins the log.
    Genesis {
        /// The first device.
        device: DeviceRecord,
        /// May sign later entries when all devices are lost.
        recovery_key: VerifyingKeyBytes,
    },
    /// A new device, which counter-signs.
    AddDevice(DeviceRecord),
    /// A device that is no longer the account's.
    RemoveDevice(DeviceId),
    /// A new recovery key from here on.
    ReplaceRecoveryKey(VerifyingKeyBytes),
    /// The device says of itself that its state is an older one again (a browser profile that was restored from a copy). It
    /// may know nothing of logs that others began with it since the copy.
    RolledBack(DeviceId),
    /// The device says of itself that it could not open a Welcome: a relay that was rolled back to a copy gave out a
    /// KeyPackage a second time. The device may know nothing of a log that others began with it since.
    Missed(DeviceId),
}

/// What is signed and hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Hash of the entry before; none in the genesis.
    pub previous: Option<EntryHash>,
    /// The relay's clock, as the signing device knows it: what a removed device wrote counts if the relay stored it before
    /// the removal.
    pub created: UnixMillis,
    /// Who signs.
    pub author: Author,
    /// What changes.
    pub change: Change,
}

/// An entry as clients and relay store and send it: not yet verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEntry {
    /// A version byte and the postcard form of [`Body`]: exactly these bytes are signed and hashed.
    pub body: Bytes<MAX_DEVICE_LOG_BODY>,
    /// By the author.
    pub signature: Signature,
    /// By the device that the entry adds.
    pub counter_signature: Option<Signature>,
}

impl SignedEntry {
    /// Signs `body` by its author's key, and by the added device's key if the entry adds one.
    pub fn sign(
        body: &Body,
        author: &SigningKey,
        added: Option<&SigningKey>,
    ) -> Result<Self, DeviceLogError> {
        let body = Self::body_bytes(body)?;
        let signature = Signature(author.sign(&labelled(SIGN, &body)).to_bytes());
        let counter_signature = added.map(|key| Self::counter_sign(&body, key));
        Ok(Self { body, signature, counter_signature })
    }

    /// Makes an entry from a body that another device has counter-signed.
    #[must_use]
    pub fn sign_counter_signed(
        body: Bytes<MAX_DEVICE_LOG_BODY>,
        author: &SigningKey,
        counter_signature: Signature,
    ) -> Self {
        let signature = Signature(author.sign(&labelled(SIGN, &body)).to_bytes());
        Self { body, signature, counter_signature: Some(counter_signature) }
    }

    /// The counter-signature of the device that an entry with this body adds.
    #[must_use]
    pub fn counter_sign(body: &[u8], added: &SigningKey) -> Signature {
        Signature(added.sign(&labelled(COUNTER_SIGN, body)).to_bytes())
    }

    /// The bytes of a body, as they are signed.
    pub fn body_bytes(body: &Body) -> Result<Bytes<MAX_DEVICE_LOG_BODY>, DeviceLogError> {
        let bytes =
            postcard::to_extend(body, Vec::from([BODY_VERSION])).map_err(|_| DeviceLogError::Malformed)?;
        Bytes::new(bytes).map_err(|_| DeviceLogError::Malformed)
    }

    /// Decodes the bytes of a body.
    pub fn parse_body(bytes: &[u8]) -> Result<Body, DeviceLogError> {
        match bytes {
            [BODY_VERSION, rest @ ..] => match postcard::take_from_bytes::<Body>(rest) {
                Ok((body, [])) => Ok(body),
                _ => Err(DeviceLogError::Malformed),
            },
            [version, ..] => Err(DeviceLogError::Version(*version)),
            [] => Err(DeviceLogError::Malformed),
        }
    }

    /// The body, if its bytes are one.
    pub fn parse(&self) -> Result<Body, DeviceLogError> {
        Self::parse_body(&self.body)
    }

    /// `SHA-256("parley device log hash v1\0" || body)`.
    #[must_use]
    pub fn hash(&self) -> EntryHash {
        let mut hash = Sha256::new();
        hash.update(HASH);
        hash.update(&*self.body);
        EntryHash(hash.finalize().into())
    }

    pub(super) fn signed_by(&self, key: &VerifyingKeyBytes) -> bool {
        key.verifies(&labelled(SIGN, &self.body), &self.signature)
    }

    pub(super) fn counter_signed_by(&self, key: &VerifyingKeyBytes) -> bool {
        self.counter_signature
            .is_some_and(|signature| key.verifies(&labelled(COUNTER_SIGN, &self.body), &signature))
    }
}

fn labelled(label: &[u8], body: &[u8]) -> Vec<u8> {
    [label, body].concat()
}

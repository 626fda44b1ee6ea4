//! The keys made of the recovery seed: one signs in the device log, one opens backups, one reads their head at the
//! relay. The seed itself is the signing key (RFC 8032), as the genesis of every account has named it from the first
//! version on; the others are derived from it (HKDF, RFC 5869).

use ed25519_dalek::SigningKey;
use hkdf::Hkdf;
use hpke::kem::XWing;
use hpke::{Kem, Serializable as _};
use parley_protocol::capability::Capability;
use parley_protocol::device_log::VerifyingKeyBytes;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// 256 bits that sign a new device when all are lost; zeros on a device that was linked and does not have them.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct RecoverySeed([u8; 32]);

/// What a device needs to write a backup that only the recovery phrase opens. It is no secret of the account, but is
/// not told to the relay.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupAddress {
    /// Names the seed.
    pub(crate) recovery_key: VerifyingKeyBytes,
    /// X-Wing public key (1,216 bytes), to which the key of the backup is sealed.
    pub(crate) recipient: Vec<u8>,
    /// Reads the head at the relay.
    pub(crate) access: Capability,
}

impl RecoverySeed {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What a device has that does not know the seed.
    pub(crate) const fn unknown() -> Self {
        Self([0; 32])
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Signs in the device log as [`parley_protocol::device_log::Author::Recovery`].
    pub(crate) fn signing_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.0)
    }

    pub(crate) fn verifying_key(&self) -> VerifyingKeyBytes {
        VerifyingKeyBytes(self.signing_key().verifying_key().to_bytes())
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are far below HKDF's limit of 8,160: expand cannot fail.
        let _ = Hkdf::<Sha256>::new(None, &self.0).expand(label, key.as_mut());
        key
    }

    /// Opens what was sealed to [`BackupAddress::recipient`]: an X-Wing private key.
    pub(crate) fn backup_key(&self) -> <XWing as Kem>::PrivateKey {
        XWing::derive_keypair(self.derive(b"parley backup recipient v1").as_slice()).0
    }

    pub(crate) fn backup_address(&self) -> BackupAddress {
        let (_, recipient) = XWing::derive_keypair(self.derive(b"parley backup recipient v1").as_slice());
        BackupAddress {
            recovery_key: self.verifying_key(),
            recipient: recipient.to_bytes().to_vec(),
            access: Capability::new(*self.derive(b"parley backup access v1")),
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    /// Whoever wrote a phrase down must find the same keys in every later version.
    #[test]
    fn the_keys_of_a_seed_are_pinned() {
        let address = RecoverySeed::new([7; 32]).backup_address();
        let recipient: [u8; 32] = Sha256::digest(&address.recipient).into();
        let keys = [address.recovery_key.0, recipient, *address.access.expose()];
        insta::assert_snapshot!(keys.map(|key| crate::hex(&key)).join("\n"));
    }
}

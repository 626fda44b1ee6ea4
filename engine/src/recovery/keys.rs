//! The keys derived from the recovery seed: one signs in the device log, one opens backups. The seed itself is the signing
//! key (RFC 8032), as the genesis of every account has named it from the first version on; the other key is derived from the
//! seed (HKDF, RFC 5869).

use ed25519_dalek::{Signer as _, SigningKey};
use parley_crypto::hkdf;
use parley_crypto::hpke::xwing;
use parley_protocol::device_log::{Signature, VerifyingKeyBytes};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// What a recovery key signs of where backups are sealed to.
const SIGN: &[u8] = b"parley backup recipient signature v1\0";

/// 256 bits that sign a new device when all are lost; zeros on a device that was linked and does not have them.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub(crate) struct RecoverySeed([u8; 32]);

/// What a device needs to write a backup that only the recovery phrase opens. It is no secret. A device that does not have the
/// phrase takes it from another, which may be stolen: so the recovery key has signed it, and the device log names that key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackupAddress {
    /// Names the seed.
    pub(crate) recovery_key: VerifyingKeyBytes,
    /// X-Wing public key (1,216 bytes), to which the key of the backup is sealed.
    pub(crate) recipient: Vec<u8>,
    /// By the recovery key.
    pub(crate) signature: Signature,
}

impl BackupAddress {
    /// Whether the recovery key that it names has signed it.
    pub(crate) fn is_signed(&self) -> bool {
        self.recovery_key.verifies(&signed_bytes(&self.recipient), &self.signature)
    }
}

fn signed_bytes(recipient: &[u8]) -> Vec<u8> {
    [SIGN, recipient].concat()
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
        hkdf::derive(&self.0, label)
    }

    fn backup_keys(&self) -> xwing::KeyPair {
        xwing::derive_key_pair(self.derive(b"parley backup recipient v1").as_slice())
    }

    /// Opens what was sealed to [`BackupAddress::recipient`]: an X-Wing private key.
    pub(crate) fn backup_key(&self) -> Zeroizing<Vec<u8>> {
        self.backup_keys().private
    }

    pub(crate) fn backup_address(&self) -> BackupAddress {
        let recipient = self.backup_keys().public;
        let signature = Signature(self.signing_key().sign(&signed_bytes(&recipient)).to_bytes());
        BackupAddress { recovery_key: self.verifying_key(), recipient, signature }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    /// Whoever wrote a phrase down must find the same keys in every later version.
    #[test]
    fn the_keys_of_a_seed_are_pinned() {
        let address = RecoverySeed::new([7; 32]).backup_address();
        let recipient: [u8; 32] = Sha256::digest(&address.recipient).into();
        let keys = [&address.recovery_key.0[..], &recipient, &address.signature.0];
        insta::assert_snapshot!(keys.map(crate::hex).join("\n"));
    }

    #[test]
    fn p10_an_address_is_the_recovery_keys_or_is_refused() {
        let (own, other) =
            (RecoverySeed::new([7; 32]).backup_address(), RecoverySeed::new([8; 32]).backup_address());
        assert!(own.is_signed());
        let recipient = BackupAddress { recipient: other.recipient.clone(), ..own.clone() };
        let signature = BackupAddress { signature: other.signature, ..recipient.clone() };
        let named = BackupAddress { recovery_key: own.recovery_key, ..other };
        assert!(![recipient, signature, named].iter().any(BackupAddress::is_signed));
    }
}

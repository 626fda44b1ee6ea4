//! The MLS credential: which device of which account a leaf is (design: identity).

use openmls::prelude::{BasicCredential, Credential, CredentialWithKey};
use parley_protocol::device_log::VerifyingKeyBytes;
use parley_protocol::ids::{AccountId, DeviceId};

use crate::domain::message::Author;

const VERSION: u8 = 1;

/// A leaf's claim. It counts only if the account's device log says the same ([`crate::roster::Roster`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) key: VerifyingKeyBytes,
}

/// The credential or key of a leaf is not one of Parley's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a leaf has a credential of another kind")]
pub(crate) struct CredentialError;

impl Leaf {
    /// As the author of a message without a signature.
    pub(crate) const fn author(&self) -> Author {
        Author { account: self.account, device: self.device, proof: None }
    }

    /// `version (1) || account id (32) || device id (16)` as a basic credential (RFC 9420 section 5.3).
    pub(crate) fn credential(&self) -> CredentialWithKey {
        let mut identity = vec![VERSION];
        identity.extend_from_slice(self.account.as_bytes());
        identity.extend_from_slice(self.device.as_bytes());
        CredentialWithKey {
            credential: BasicCredential::new(identity).into(),
            signature_key: self.key.0.as_slice().into(),
        }
    }

    /// Reads a leaf's credential and signature key.
    pub(crate) fn parse(credential: &Credential, key: &[u8]) -> Result<Self, CredentialError> {
        let basic = BasicCredential::try_from(credential.clone()).map_err(|_| CredentialError)?;
        let [VERSION, rest @ ..] = basic.identity() else {
            return Err(CredentialError);
        };
        let (account, device) = rest.split_first_chunk::<32>().ok_or(CredentialError)?;
        Ok(Self {
            account: AccountId(*account),
            device: DeviceId(device.try_into().map_err(|_| CredentialError)?),
            key: VerifyingKeyBytes(key.try_into().map_err(|_| CredentialError)?),
        })
    }
}

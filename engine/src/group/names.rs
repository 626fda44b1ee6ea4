//! Names of members, as signed statements that others can pass on: a member who adds somebody tells them the names of all
//! other members, and cannot change those names.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_protocol::device_log::{DeviceLog, Signature};
use parley_protocol::ids::{AccountId, DeviceId};
use serde::{Deserialize, Serialize};

use crate::domain::content::display_name;

const LABEL: &[u8] = b"parley name v1\0";
/// Most names in one message.
pub(crate) const MAX_NAMES: usize = 64;

/// An account's device signs the name of the account's person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignedName {
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    /// Counts the names of the account: the last one is valid.
    pub(crate) version: u32,
    pub(crate) name: String,
    /// By the device.
    pub(crate) signature: Signature,
}

impl SignedName {
    /// Signs a name with the device's key.
    pub(crate) fn sign(
        (account, device): (AccountId, DeviceId),
        version: u32,
        name: String,
        key: &SigningKey,
    ) -> Self {
        let mut signed = Self { account, device, version, name, signature: Signature([0; 64]) };
        signed.signature = Signature(key.sign(&signed.text()).to_bytes());
        signed
    }

    /// `label || account (32) || device (16) || version (4, big-endian) || name`.
    fn text(&self) -> Vec<u8> {
        let version = self.version.to_be_bytes();
        [LABEL, self.account.as_bytes(), self.device.as_bytes(), &version, self.name.as_bytes()].concat()
    }

    /// Whether a device of this account that is in its log, or was, has signed it; and whether it is a name.
    pub(crate) fn is_said_by(&self, log: &DeviceLog) -> bool {
        let device = log.all_devices().iter().find(|known| known.record.id == self.device);
        log.account() == self.account
            && display_name(&self.name).as_ref() == Some(&self.name)
            && device.is_some_and(|known| known.record.key.verifies(&self.text(), &self.signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::fixtures::{Account, key};

    #[test]
    fn p2_a_name_is_its_accounts_and_nobody_elses() {
        let (ada, bob) = (Account::new(1, 1), Account::new(2, 1));
        let said = |of: &Account, name: &str| {
            SignedName::sign((of.id(), of.leaf(1).device), 3, name.to_owned(), &key(of.number, 1))
        };
        let name = said(&ada, "Ada");
        assert!(name.is_said_by(&ada.log) && !name.is_said_by(&bob.log));
        for changed in [
            SignedName { name: "Eve".to_owned(), ..name.clone() },
            SignedName { version: 4, ..name.clone() },
            SignedName { device: DeviceId([9; 16]), ..name.clone() },
            SignedName { account: bob.id(), ..name.clone() },
        ] {
            assert!(!changed.is_said_by(&ada.log) && !changed.is_said_by(&bob.log));
        }
        assert!(!said(&ada, " \u{202E}").is_said_by(&ada.log), "it is no name");
    }
}

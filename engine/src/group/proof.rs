//! Proofs of who wrote a message of a group: a signature by the author's device over the content, beside the signature of
//! MLS, which nobody can check who was not a member then. Members can pass a proof on. Messages between two people carry none
//! (RFC 9420 section 16.5), so that their authors can deny them towards others.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_protocol::device_log::{Signature, VerifyingKeyBytes};
use parley_protocol::ids::{AccountId, DeviceId, Epoch, GroupId, MessageId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::domain::content::Part;

const LABEL: &[u8] = b"parley message v1\0";

/// As it is stored with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// The group's epoch in which the message was written.
    pub(crate) epoch: Epoch,
    /// By the author's device.
    pub(crate) signature: Signature,
}

/// What is signed: who said what, where and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) group: GroupId,
    pub(crate) account: AccountId,
    pub(crate) device: DeviceId,
    pub(crate) id: MessageId,
    pub(crate) time: UnixMillis,
    pub(crate) epoch: Epoch,
    pub(crate) part: &'a Part,
}

impl Signed<'_> {
    /// `label || group (16) || account (32) || device (16) || id (16) || time (8) || epoch (8) || postcard(part)`; numbers are
    /// big-endian.
    fn text(&self) -> Vec<u8> {
        let mut text = LABEL.to_vec();
        text.extend_from_slice(self.group.as_bytes());
        text.extend_from_slice(self.account.as_bytes());
        text.extend_from_slice(self.device.as_bytes());
        text.extend_from_slice(self.id.as_bytes());
        text.extend_from_slice(&self.time.0.to_be_bytes());
        text.extend_from_slice(&self.epoch.0.to_be_bytes());
        // Into a Vec, postcard fails on nothing that a part contains.
        postcard::to_extend(self.part, text).unwrap_or_default()
    }

    /// Signs it with the device's key.
    pub(crate) fn sign(&self, key: &SigningKey) -> Proof {
        Proof { epoch: self.epoch, signature: Signature(key.sign(&self.text()).to_bytes()) }
    }

    /// Whether the device with this key has signed it.
    pub(crate) fn is_signed(&self, signature: &Signature, key: &VerifyingKeyBytes) -> bool {
        key.verifies(&self.text(), signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(part: &Part) -> Signed<'_> {
        Signed {
            group: GroupId([1; 16]),
            account: AccountId([2; 32]),
            device: DeviceId([3; 16]),
            id: MessageId([4; 16]),
            time: UnixMillis(5),
            epoch: Epoch(6),
            part,
        }
    }

    #[test]
    fn p2_each_thing_that_is_said_is_signed() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = VerifyingKeyBytes(key.verifying_key().to_bytes());
        let (part, other) = (Part::of_text("hello".to_owned()), Part::of_text("hullo".to_owned()));
        let said = signed(&part);
        let proof = said.sign(&key);
        assert!(said.is_signed(&proof.signature, &public));
        for changed in [
            Signed { group: GroupId([8; 16]), ..said },
            Signed { account: AccountId([8; 32]), ..said },
            Signed { device: DeviceId([8; 16]), ..said },
            Signed { id: MessageId([8; 16]), ..said },
            Signed { time: UnixMillis(8), ..said },
            Signed { epoch: Epoch(8), ..said },
            Signed { part: &other, ..said },
        ] {
            assert!(!changed.is_signed(&proof.signature, &public), "{changed:?}");
        }
        let another = SigningKey::from_bytes(&[8; 32]);
        let another = VerifyingKeyBytes(another.verifying_key().to_bytes());
        assert!(!said.is_signed(&proof.signature, &another));
    }

    #[test]
    fn the_text_is_pinned() {
        insta::assert_snapshot!(crate::hex(&signed(&Part::of_text("hello".to_owned())).text()));
    }
}

//! Evidence: what a commit shows to the members who judge it and MLS does not carry, which is device logs, leave statements
//! and link proofs. The evidence is beside the MLS message; the committer signs its hash.

use ed25519_dalek::{Signer as _, SigningKey};
use parley_protocol::device_log::{DeviceLog, Signature, SignedEntry, VerifyingKeyBytes};
use parley_protocol::ids::{AccountId, DeviceId, Epoch, GroupId};
use parley_protocol::limits::MAX_DEVICE_LOG;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::codec::{self, FormatError};
use super::leaf_state::Nonce;
use super::link::LinkProof;
use super::refusal::Refusal;

/// The first byte.
const FORMAT: u8 = 1;
/// The first byte of evidence with a [`LinkProof`].
const WITH_LINK: u8 = 2;
/// Most logs, and most leave statements.
pub(crate) const MAX_EACH: usize = 256;
/// Longest evidence, in bytes.
pub(crate) const MAX_EVIDENCE: usize = 512 * 1024;
const LEAVE: &[u8] = b"parley leave v1\0";

/// The evidence of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// Device logs from their beginning, each of another account.
    pub(crate) logs: Vec<Vec<SignedEntry>>,
    pub(crate) leaves: Vec<LeaveStatement>,
    /// Proof that the joiner has an invite link.
    #[serde(skip)]
    pub(crate) link: Option<LinkProof>,
}

/// The form of evidence with a link proof.
#[derive(Serialize, Deserialize)]
struct WithLink {
    evidence: Evidence,
    link: LinkProof,
}

/// An account leaves a group. The account sends it as a message; whichever member commits next removes all its leaves, with
/// this as evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeaveStatement {
    pub(crate) group: GroupId,
    pub(crate) account: AccountId,
    /// The device of the account that signs the statement.
    pub(crate) device: DeviceId,
    /// The nonce of that device's leaf.
    pub(crate) nonce: Nonce,
    /// The epoch in which the device signed it.
    pub(crate) epoch: Epoch,
    /// By that device's key.
    pub(crate) signature: Signature,
}

impl LeaveStatement {
    /// Signs, with the key of `device`, that `account` leaves.
    pub(crate) fn sign(
        group: GroupId,
        (account, device): (AccountId, DeviceId),
        nonce: Nonce,
        epoch: Epoch,
        key: &SigningKey,
    ) -> Self {
        let mut statement = Self { group, account, device, nonce, epoch, signature: Signature([0; 64]) };
        statement.signature = Signature(key.sign(&statement.text()).to_bytes());
        statement
    }

    /// `label || group (16) || account (32) || device (16) || nonce (16) || epoch (8, big-endian)`.
    fn text(&self) -> Vec<u8> {
        let epoch = self.epoch.0.to_be_bytes();
        let parts = [&self.group.0[..], &self.account.0, &self.device.0, &self.nonce, &epoch];
        [LEAVE, &parts.concat()].concat()
    }

    /// Whether the device with this key signed it.
    pub(crate) fn is_by(&self, key: &VerifyingKeyBytes) -> bool {
        key.verifies(&self.text(), &self.signature)
    }
}

impl Evidence {
    pub(crate) fn encode(&self) -> Vec<u8> {
        match self.link {
            None => codec::encode(FORMAT, self),
            Some(link) => codec::encode(WITH_LINK, &WithLink { evidence: self.clone(), link }),
        }
    }

    /// Decodes the bytes. Nothing in them is verified yet.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let evidence: Self = if bytes.first() == Some(&FORMAT) {
            codec::decode(FORMAT, MAX_EVIDENCE, bytes)?
        } else {
            let WithLink { evidence, link } = codec::decode(WITH_LINK, MAX_EVIDENCE, bytes)?;
            Self { link: Some(link), ..evidence }
        };
        if evidence.is_bounded() { Ok(evidence) } else { Err(FormatError::Malformed) }
    }

    fn is_bounded(&self) -> bool {
        self.logs.len() <= MAX_EACH
            && self.leaves.len() <= MAX_EACH
            && self.logs.iter().all(|log| log.len() <= MAX_DEVICE_LOG)
    }

    /// SHA-256 of the bytes.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    /// The logs, verified. An error if one is no device log, or two are of one account, or the evidence exceeds the limits of
    /// a reader.
    pub(super) fn verified(&self) -> Result<Vec<DeviceLog>, Refusal> {
        if !self.is_bounded() || self.encode().len() > MAX_EVIDENCE {
            return Err(Refusal::Evidence);
        }
        let mut logs: Vec<DeviceLog> = Vec::with_capacity(self.logs.len());
        for entries in &self.logs {
            let log = DeviceLog::verify(entries).map_err(|_| Refusal::Evidence)?;
            if logs.iter().any(|known| known.account() == log.account()) {
                return Err(Refusal::Evidence);
            }
            logs.push(log);
        }
        Ok(logs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::fixtures::{Account, key};
    use crate::group::link::{Coming, LinkSecret};

    fn statement() -> LeaveStatement {
        let by = (AccountId([1; 32]), DeviceId([2; 16]));
        LeaveStatement::sign(GroupId([7; 16]), by, [3; 16], Epoch(300), &key(1, 1))
    }

    fn proof() -> LinkProof {
        let (group, leaf) = (GroupId([7; 16]), Account::new(2, 1).leaf(1));
        LinkSecret::new([6; 32]).prove(&Coming { group, epoch: Epoch(3), leaf, nonce: [4; 16] })
    }

    fn evidence() -> Evidence {
        Evidence { logs: vec![Account::new(1, 2).entries()], leaves: vec![statement()], link: None }
    }

    #[test]
    fn the_format_is_pinned() {
        insta::assert_snapshot!(crate::hex(&statement().text()));
        insta::assert_snapshot!(crate::hex(&evidence().encode()));
        insta::assert_snapshot!(crate::hex(&evidence().hash()));
        assert_eq!(Evidence::decode(&evidence().encode()), Ok(evidence()));
        let with_link = Evidence { link: Some(proof()), ..evidence() };
        insta::assert_snapshot!(crate::hex(&with_link.encode()));
        assert_eq!(Evidence::decode(&with_link.encode()), Ok(with_link));
        assert_eq!(Evidence::decode(&[3, 0, 0]), Err(FormatError::Newer));
    }

    #[test]
    fn it_has_one_form_and_an_end() {
        let bytes = evidence().encode();
        for cut in 0..bytes.len() {
            assert_eq!(Evidence::decode(&bytes[..cut]), Err(FormatError::Malformed), "cut at {cut}");
        }
        assert_eq!(Evidence::decode(&[&bytes[..], &[0]].concat()), Err(FormatError::Malformed));
        assert_eq!(Evidence::decode(&[1, 0x80, 0, 0]), Err(FormatError::Malformed));
        let entry = Account::new(1, 1).entries().remove(0);
        for (logs, leaves, fits) in [
            (vec![Vec::new(); 256], Vec::new(), true),
            (vec![Vec::new(); 257], Vec::new(), false),
            (Vec::new(), vec![statement(); 257], false),
            (vec![vec![entry.clone(); 1_024]], Vec::new(), true),
            (vec![vec![entry.clone(); 1_025]], Vec::new(), false),
            (vec![vec![entry; 1_000]; 3], Vec::new(), false),
        ] {
            let bytes = Evidence { logs, leaves, link: None }.encode();
            assert_eq!(Evidence::decode(&bytes).is_ok(), fits, "{} bytes", bytes.len());
        }
    }

    #[test]
    fn h2_a_statement_is_by_whom_it_says() {
        let (own, other) =
            [key(1, 1), key(1, 2)].map(|key| VerifyingKeyBytes(key.verifying_key().to_bytes())).into();
        assert!(statement().is_by(&own) && !statement().is_by(&other));
        let changes: [fn(&mut LeaveStatement); 5] = [
            |it| it.group.0[0] ^= 1,
            |it| it.account.0[0] ^= 1,
            |it| it.device.0[0] ^= 1,
            |it| it.nonce[0] ^= 1,
            |it| it.epoch = Epoch(0),
        ];
        for change in changes {
            let mut statement = statement();
            change(&mut statement);
            assert!(!statement.is_by(&own));
        }
    }
}

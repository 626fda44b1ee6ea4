//! The GroupInfo of a group chat (RFC 9420 section 12.4.3): what a joiner from outside needs beside the ratchet tree. OpenMLS
//! makes and reads whole ones; this module has its parts, to leave the tree out and to compare the rest with what an epoch
//! should have.

use ed25519_dalek::Signer as _;
use openmls::prelude::{Extension, MlsMessageBodyIn, MlsMessageIn};
use parley_protocol::device_log::{Signature, VerifyingKeyBytes};
use tls_codec::{Deserialize as _, DeserializeBytes as _, Serialize as _, Size as _, VLBytes};

use crate::mls::DeviceSigner;
use crate::mls::group::GroupError;

/// Version of the protocol and wire format: what stands before a GroupInfo in an MLS message (RFC 9420 section 6).
const HEAD: [u8; 4] = [0, 1, 0, 4];
/// What a signature begins with (RFC 9420 section 5.1.2).
const LABEL: &[u8] = b"MLS 1.0 GroupInfoTBS";

/// The parts of a GroupInfo, each as its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupInfo {
    context: Vec<u8>,
    extensions: Vec<u8>,
    confirmation_tag: Vec<u8>,
    signer: u32,
    signature: Vec<u8>,
}

impl GroupInfo {
    /// Reads an MLS message that is a GroupInfo.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, GroupError> {
        let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| GroupError::Invalid)?;
        let MlsMessageBodyIn::GroupInfo(whole) = message.extract() else {
            return Err(GroupError::Invalid);
        };
        let rest = bytes.strip_prefix(&HEAD).ok_or(GroupError::Invalid)?;
        let length = whole.group_context().tls_serialized_len();
        let (context, rest) = rest.split_at_checked(length).ok_or(GroupError::Invalid)?;
        let (extensions, rest) = opaque(rest)?;
        let (confirmation_tag, rest) = opaque(rest)?;
        let (signer, rest) = rest.split_first_chunk::<4>().ok_or(GroupError::Invalid)?;
        let (signature, _) = opaque(rest)?;
        let (context, signer) = (context.to_vec(), u32::from_be_bytes(*signer));
        Ok(Self { context, extensions, confirmation_tag, signer, signature })
    }

    /// The same without the ratchet tree, signed anew by who made it.
    pub(super) fn without_tree(
        mut self,
        external_pub: &Extension,
        signer: &DeviceSigner<'_>,
    ) -> Result<Vec<u8>, GroupError> {
        self.extensions = external_pub.tls_serialize_detached().map_err(|_| GroupError::State)?;
        self.signature = signer.0.sign(&self.signed()?).to_bytes().to_vec();
        let signature = vector(&self.signature)?;
        Ok([HEAD.to_vec(), self.body()?, signature].concat())
    }

    /// Whether it says what `expected` says of the same epoch, and the leaf `signer` with this key signed it.
    pub(super) fn is(&self, expected: &Self, signer: u32, key: &VerifyingKeyBytes) -> bool {
        let said = self.context == expected.context
            && self.extensions == expected.extensions
            && self.confirmation_tag == expected.confirmation_tag;
        let signature = <[u8; 64]>::try_from(self.signature.as_slice()).map(Signature);
        let both = self.signed().ok().zip(signature.ok());
        said && self.signer == signer && both.is_some_and(|(text, signature)| key.verifies(&text, &signature))
    }

    /// All but the signature.
    fn body(&self) -> Result<Vec<u8>, GroupError> {
        let (extensions, tag) = (vector(&self.extensions)?, vector(&self.confirmation_tag)?);
        Ok([&self.context, &extensions, &tag, &self.signer.to_be_bytes()[..]].concat())
    }

    /// What is signed.
    fn signed(&self) -> Result<Vec<u8>, GroupError> {
        Ok([vector(LABEL)?, vector(&self.body()?)?].concat())
    }
}

fn opaque(bytes: &[u8]) -> Result<(Vec<u8>, &[u8]), GroupError> {
    let (part, rest) = VLBytes::tls_deserialize_bytes(bytes).map_err(|_| GroupError::Invalid)?;
    Ok((part.as_slice().to_vec(), rest))
}

fn vector(bytes: &[u8]) -> Result<Vec<u8>, GroupError> {
    VLBytes::new(bytes.to_vec()).tls_serialize_detached().map_err(|_| GroupError::State)
}

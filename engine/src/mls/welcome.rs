//! Splits a Welcome into the part for one joiner and the part for all. OpenMLS makes one Welcome for everybody, with a secret
//! for each joiner; unsplit, every joiner would also get the secrets of all others.

use openmls::prelude::{KeyPackage, MlsMessageOut, ProtocolVersion, Welcome};
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes};

use super::Provider;
use super::group::GroupError;

/// Version of the protocol, wire format and cipher suite: what stands before the secrets (RFC 9420 sections 6 and 12.4.3.1).
const HEAD: usize = 6;

/// A Welcome of RFC 9420, in two parts: any beginning and the end together are a whole Welcome.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// For each joiner, in the order in which they were named.
    pub(crate) beginnings: Vec<Vec<u8>>,
    /// The sealed GroupInfo.
    pub(crate) end: Vec<u8>,
}

#[cfg(any(test, feature = "hostile", feature = "bench"))]
impl Parts {
    /// The Welcome as OpenMLS made it, with the secrets of all joiners.
    pub(crate) fn together(&self) -> Result<Vec<u8>, GroupError> {
        let mut secrets = Vec::new();
        let mut head = Vec::new();
        for beginning in &self.beginnings {
            let (first, rest) = beginning.split_at_checked(HEAD).ok_or(GroupError::State)?;
            let (secret, _) = VLBytes::tls_deserialize_bytes(rest).map_err(|_| GroupError::State)?;
            head = first.to_vec();
            secrets.extend_from_slice(secret.as_slice());
        }
        let secrets = VLBytes::new(secrets).tls_serialize_detached().map_err(|_| GroupError::State)?;
        Ok([head, secrets, self.end.clone()].concat())
    }
}

/// The references by which a Welcome names its joiners.
pub(crate) fn references(provider: &Provider, joiners: &[KeyPackage]) -> Result<Vec<Vec<u8>>, GroupError> {
    let reference = |joiner: &KeyPackage| joiner.hash_ref(provider.crypto()).map(|it| it.as_slice().to_vec());
    joiners.iter().map(reference).collect::<Result<_, _>>().map_err(|_| GroupError::State)
}

/// Splits a Welcome that OpenMLS made.
pub(super) fn of_message(welcome: &Welcome, joiners: &[Vec<u8>]) -> Result<Parts, GroupError> {
    let message = MlsMessageOut::from_welcome(welcome.clone(), ProtocolVersion::Mls10);
    split(&message.tls_serialize_detached().map_err(|_| GroupError::State)?, joiners)
}

/// Takes a serialised Welcome apart. Fails if it has no secret for one of the joiners.
pub(crate) fn split(welcome: &[u8], joiners: &[Vec<u8>]) -> Result<Parts, GroupError> {
    let (head, rest) = welcome.split_at_checked(HEAD).ok_or(GroupError::State)?;
    let (secrets, end) = VLBytes::tls_deserialize_bytes(rest).map_err(|_| GroupError::State)?;
    let secrets = secrets_of(secrets.as_slice())?;
    let beginning = |joiner: &Vec<u8>| {
        let secret = secrets.iter().find(|secret| secret.whose == *joiner).ok_or(GroupError::State)?;
        let only =
            VLBytes::new(secret.bytes.clone()).tls_serialize_detached().map_err(|_| GroupError::State)?;
        Ok([head, &only].concat())
    };
    let beginnings = joiners.iter().map(beginning).collect::<Result<_, _>>()?;
    Ok(Parts { beginnings, end: end.to_vec() })
}

/// An `EncryptedGroupSecrets`: the reference of its joiner, the encapsulated key and the ciphertext.
struct Secret {
    whose: Vec<u8>,
    bytes: Vec<u8>,
}

fn secrets_of(mut bytes: &[u8]) -> Result<Vec<Secret>, GroupError> {
    let mut secrets = Vec::new();
    while !bytes.is_empty() {
        let mut rest = bytes;
        let mut first = None;
        for _ in 0..3 {
            let (part, behind) = VLBytes::tls_deserialize_bytes(rest).map_err(|_| GroupError::State)?;
            first.get_or_insert(part);
            rest = behind;
        }
        let (secret, behind) =
            bytes.split_at_checked(bytes.len().saturating_sub(rest.len())).ok_or(GroupError::State)?;
        let whose = first.map(|part| part.as_slice().to_vec()).unwrap_or_default();
        secrets.push(Secret { whose, bytes: secret.to_vec() });
        bytes = behind;
    }
    Ok(secrets)
}

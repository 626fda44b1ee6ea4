//! KeyPackages (RFC 9420 section 10): makes own ones to publish, and checks others' before this device encrypts anything to
//! them.

use openmls::prelude::{
    Capabilities, CredentialType, ExtensionType, KeyPackage, KeyPackageIn, LeafNode, Lifetime,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsProvider as _, ProposalType, ProtocolVersion,
};
use parley_crypto::SUITE;
use parley_protocol::device_log::LogHead;
use tls_codec::{Deserialize as _, Serialize as _, Size as _};

use super::credential::Leaf;
use super::extensions::{self, FLOORS, LEAF_STATE, POLICY};
use super::{DeviceSigner, Provider};
use crate::group::leaf_state::LeafState;

/// A KeyPackage cannot be made or used. A retry with the same one does not help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyPackageError {
    /// OpenMLS could not make it.
    #[error("the KeyPackage could not be made")]
    Make,
    /// Bytes, signature, suite or version are wrong.
    #[error("the KeyPackage is invalid")]
    Invalid,
    /// The KeyPackage belongs to another device than the requested one.
    #[error("the KeyPackage is another device's")]
    WrongDevice,
}

/// The capabilities of Parley's leaves: one suite, basic credentials, and what groups of more than two people need. A group
/// can require an extension only if every leaf names it (RFC 9420 section 13.4), so all leaves name them from the first
/// version on.
pub(crate) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        Some(&[ExtensionType::LastResort, POLICY, FLOORS, LEAF_STATE]),
        Some(&[ProposalType::SelfRemove]),
        Some(&[CredentialType::Basic]),
    )
}

/// Whether a leaf can be in every group of Parley's.
pub(super) fn can_be_in_groups(node: &LeafNode) -> bool {
    let (ours, theirs) = (capabilities(), node.capabilities());
    ours.extensions().iter().all(|extension| theirs.extensions().contains(extension))
        && ours.proposals().iter().all(|proposal| theirs.proposals().contains(proposal))
}

/// The engine has no ambient clock, and a lifetime is checked against one: KeyPackages do not expire by themselves; the relay
/// deletes them from its pool and their owner replaces them (`docs/adr/0002-no-lifetimes.md`).
pub(super) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// Makes a KeyPackage of a device whose account's log ends at `head`; its private part goes into the state.
pub(crate) fn make(
    provider: &Provider,
    signer: &DeviceSigner<'_>,
    leaf: &Leaf,
    head: LogHead,
    last_resort: bool,
) -> Result<Vec<u8>, KeyPackageError> {
    let state = LeafState::new(head, provider.rand().array());
    let extensions = extensions::of_leaf(&state).ok_or(KeyPackageError::Make)?;
    let mut builder = KeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(extensions)
        .key_package_lifetime(lifetime());
    if last_resort {
        builder = builder.mark_as_last_resort();
    }
    let bundle =
        builder.build(SUITE, provider, signer, leaf.credential()).map_err(|_| KeyPackageError::Make)?;
    MlsMessageOut::from(bundle.into_key_package()).tls_serialize_detached().map_err(|_| KeyPackageError::Make)
}

/// Checks a KeyPackage that the relay gave out for a device.
pub(crate) fn check(
    provider: &Provider,
    bytes: &[u8],
    expected: &Leaf,
) -> Result<KeyPackage, KeyPackageError> {
    let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| KeyPackageError::Invalid)?;
    let MlsMessageBodyIn::KeyPackage(unverified) = message.extract() else {
        return Err(KeyPackageError::Invalid);
    };
    let key_package = validate(provider, unverified)?;
    let node = key_package.leaf_node();
    let leaf = Leaf::parse(node.credential(), node.signature_key().as_slice())
        .map_err(|_| KeyPackageError::Invalid)?;
    if !keeps_nobody_out(&key_package) {
        return Err(KeyPackageError::Invalid);
    }
    if leaf == *expected { Ok(key_package) } else { Err(KeyPackageError::WrongDevice) }
}

/// Most bytes of a leaf: the keys, the signature and the names of a device take 1.5 kB.
const MAX_LEAF: usize = 2 * 1024;

/// Whether a leaf is no larger than leaves are: later Welcomes carry it, and a relay takes none that is too large.
pub(super) fn is_small(node: &LeafNode) -> bool {
    node.tls_serialized_len() <= MAX_LEAF
}

/// Whether members can add its device without keeping out later joiners: its leaf is small and has all capabilities, and its
/// lifetime has no end, which other implementations check when they join.
pub(super) fn keeps_nobody_out(key_package: &KeyPackage) -> bool {
    let node = key_package.leaf_node();
    *key_package.life_time() == lifetime() && is_small(node) && can_be_in_groups(node)
}

fn validate(provider: &Provider, unverified: KeyPackageIn) -> Result<KeyPackage, KeyPackageError> {
    let key_package = unverified
        .validate(provider.crypto(), ProtocolVersion::Mls10)
        .map_err(|_| KeyPackageError::Invalid)?;
    if key_package.ciphersuite() == SUITE { Ok(key_package) } else { Err(KeyPackageError::Invalid) }
}

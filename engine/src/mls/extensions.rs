//! The private-use extensions (RFC 9420 section 17.3) of group chats: the only extensions in a leaf and in the GroupContext.

use openmls::prelude::{
    Extension, ExtensionType, Extensions, GroupContext, KeyPackage, LeafNode, RequiredCapabilitiesExtension,
    UnknownExtension,
};
use tls_codec::Serialize as _;

use super::credential::Leaf;
use super::key_package::{can_be_in_groups, is_small, lifetime};
use crate::group::floors::Floors;
use crate::group::leaf_state::LeafState;
use crate::group::policy::Policy;
use crate::group::refusal::Refusal;
use crate::group::state::Member;

const POLICY_TYPE: u16 = 0xF0A1;
const FLOORS_TYPE: u16 = 0xF0A2;
const LEAF_STATE_TYPE: u16 = 0xF0A3;
/// The policy of a group, in its GroupContext.
pub(super) const POLICY: ExtensionType = ExtensionType::Unknown(POLICY_TYPE);
/// The floors of a group, in its GroupContext.
pub(super) const FLOORS: ExtensionType = ExtensionType::Unknown(FLOORS_TYPE);
/// The leaf state, in a leaf.
pub(super) const LEAF_STATE: ExtensionType = ExtensionType::Unknown(LEAF_STATE_TYPE);

fn unknown(number: u16, bytes: Vec<u8>) -> Extension {
    Extension::Unknown(number, UnknownExtension(bytes))
}

/// The whole GroupContext of a chat: what its leaves must be able to do, the policy, the floors, in this order. None if OpenMLS
/// does not make one of these.
pub(crate) fn context(policy: &Policy, floors: &Floors) -> Option<Extensions<GroupContext>> {
    let required = RequiredCapabilitiesExtension::new(&[POLICY, FLOORS, LEAF_STATE], &[], &[]);
    let all = vec![
        Extension::RequiredCapabilities(required),
        unknown(POLICY_TYPE, policy.encode()),
        unknown(FLOORS_TYPE, floors.encode()),
    ];
    Extensions::from_vec(all).ok()
}

/// The policy and the floors of a chat's GroupContext; none if it has no extension at all, as a conversation of two has. An error
/// if it is neither, or not in its one form.
pub(super) fn read_context(context: &Extensions<GroupContext>) -> Result<Option<(Policy, Floors)>, Refusal> {
    if context.iter().next().is_none() {
        return Ok(None);
    }
    let bytes = |number| context.unknown(number).map(|extension| extension.0.as_slice());
    let policy = bytes(POLICY_TYPE).and_then(|bytes| Policy::decode(bytes).ok());
    let floors = bytes(FLOORS_TYPE).and_then(|bytes| Floors::decode(bytes).ok());
    let (policy, floors) = policy.zip(floors).ok_or(Refusal::Context)?;
    if self::context(&policy, &floors).as_ref() == Some(context) {
        Ok(Some((policy, floors)))
    } else {
        Err(Refusal::Context)
    }
}

/// The extensions of a leaf. None if OpenMLS does not make them.
pub(super) fn of_leaf(state: &LeafState) -> Option<Extensions<LeafNode>> {
    Extensions::single(unknown(LEAF_STATE_TYPE, state.encode())).ok()
}

/// The member of a chat's leaf; an error if the leaf is not Parley's.
pub(super) fn member(node: &LeafNode) -> Result<Member, Refusal> {
    let leaf = Leaf::parse(node.credential(), node.signature_key().as_slice()).map_err(|_| Refusal::Leaf)?;
    let bytes = node.extensions().unknown(LEAF_STATE_TYPE).ok_or(Refusal::Leaf)?;
    let state = LeafState::decode(&bytes.0).map_err(|_| Refusal::Leaf)?;
    let fits =
        is_endless(node) && node.extensions().iter().count() == 1 && is_small(node) && can_be_in_groups(node);
    let by_key_package = is_by_key_package(node);
    if fits { Ok(Member { leaf, state, by_key_package }) } else { Err(Refusal::Leaf) }
}

/// The source of a leaf that came by a KeyPackage (RFC 9420 section 7.2), after which its lifetime stands.
const KEY_PACKAGE: u8 = 1;

fn is_by_key_package(node: &LeafNode) -> bool {
    let source = node.leaf_node_source().tls_serialize_detached();
    source.is_ok_and(|source| source.first() == Some(&KEY_PACKAGE))
}

/// Whether a leaf has no lifetime, or one without an end: whether a lifetime is over is a question of a clock (ADR 2).
fn is_endless(node: &LeafNode) -> bool {
    match node.leaf_node_source().tls_serialize_detached().as_deref() {
        Ok([KEY_PACKAGE, theirs @ ..]) => {
            lifetime().tls_serialize_detached().is_ok_and(|ours| ours == theirs)
        }
        Ok(_) => true,
        Err(_) => false,
    }
}

/// The leaf that a KeyPackage brings.
pub(crate) fn member_of(key_package: &KeyPackage) -> Result<Member, Refusal> {
    let known = |extension: &Extension| matches!(extension, Extension::LastResort(_));
    if key_package.extensions().iter().all(known) {
        member(key_package.leaf_node())
    } else {
        Err(Refusal::Leaf)
    }
}

/// Whether a leaf has all the capabilities of the leaf that it replaces.
pub(super) fn keeps_capabilities(before: &LeafNode, after: &LeafNode) -> bool {
    fn all<T: PartialEq>(before: &[T], after: &[T]) -> bool {
        before.iter().all(|it| after.contains(it))
    }
    let (before, after) = (before.capabilities(), after.capabilities());
    all(before.versions(), after.versions())
        && all(before.ciphersuites(), after.ciphersuites())
        && all(before.extensions(), after.extensions())
        && all(before.proposals(), after.proposals())
        && all(before.credentials(), after.credentials())
}

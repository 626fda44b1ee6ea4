//! Group chats as MLS: makes, changes and follows them. [`crate::group::judge`] decides what is allowed; this module converts
//! a group into what the judge judges, before it stages or merges anything.
//!
//! As in `group.rs`, a failed function leaves the state as it was only together with a roll-back.

mod data;
mod group_info;
pub(crate) mod outside;
mod read;

use openmls::prelude::{
    Extension, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig,
    OpenMlsProvider as _, StagedCommit,
};
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::types::SignatureScheme;
use parley_crypto::SUITE;
use parley_protocol::ids::GroupId;
use tls_codec::Serialize as _;

use self::data::AuthenticatedData;
use self::group_info::GroupInfo;
use super::credential::Leaf;
use super::extensions::{self, member_of};
use super::group::{Group, GroupError, mls_id};
use super::key_package::{capabilities, lifetime};
use super::settings::{GroupSettings, ratchet_configuration};
use super::welcome;
use super::{DeviceSigner, Provider};
use crate::channel::group_era::EraStep;
use crate::group::entry::CommitEntry;
use crate::group::evidence::Evidence;
use crate::group::floors::Floors;
use crate::group::judge::{self, Deed, Judged};
use crate::group::leaf_state::LeafState;
use crate::group::policy::Policy;
use crate::group::refusal::Refusal;
use crate::group::state::{Member, State};
use crate::table::Table;

/// What a commit must do.
#[derive(Debug, Clone)]
pub(crate) struct ChatCommit {
    pub(crate) add: Vec<KeyPackage>,
    pub(crate) remove: Vec<Leaf>,
    /// The policy and the floors to write ([`judge::context_of`]).
    pub(crate) context: Option<(Policy, Floors)>,
    /// The own leaf's new state. Without it, a commit that only adds replaces nobody's keys, and any other commit keeps the
    /// leaf's state.
    pub(crate) own: Option<LeafState>,
    pub(crate) era: EraStep,
    pub(crate) evidence: Evidence,
}

impl ChatCommit {
    /// Replaces the own keys, and does nothing else.
    pub(crate) fn update(era: EraStep) -> Self {
        let (add, remove, evidence) = (Vec::new(), Vec::new(), Evidence::default());
        Self { add, remove, context: None, own: None, era, evidence }
    }
}

/// A staged commit, with what goes to the log and to the joiners.
#[derive(Debug)]
pub(crate) struct MadeCommit {
    /// For the log: the MLS message, the evidence, and the GroupInfo of the epoch that it leads to.
    pub(crate) entry: CommitEntry,
    /// For those it adds, in their order.
    pub(crate) welcome: welcome::Parts,
    pub(crate) judged: Judged,
    /// The ratchet tree of that epoch.
    pub(crate) tree: Vec<u8>,
}

/// Why this device does not follow another member's commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChatError {
    /// The commit is wrong for all members, or for all who can open it.
    #[error("the commit is refused: {0}")]
    Refused(Refusal),
    /// The bytes are no commit. Every reader comes to the same result.
    #[error("the bytes are no commit of a chat")]
    Malformed,
    /// The commit's path does not open on this device, or its evidence is not what the committer signed. Others may be able
    /// to follow it: this device does not judge it, and does as they do.
    #[error("the commit does not open on this device")]
    NotOpened,
    /// The group's state does not allow this: a bug, or damage.
    #[error("the group's state does not allow this")]
    State,
    /// The commit is this device's own: the pending one that won, or one that this device has forgotten.
    #[error("the commit is this device's own")]
    Own,
}

/// Another member's valid commit, not merged yet.
pub(crate) struct StagedChat {
    pub(crate) judged: Judged,
    pub(crate) era: EraStep,
    pub(super) staged: StagedCommit,
    /// The committer.
    pub(super) by: Leaf,
    pub(super) group_info: Vec<u8>,
}

/// Signs nothing: for a GroupInfo that is only compared.
struct NoSigner;

impl Signer for NoSigner {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(Vec::new())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl Group {
    /// Makes a chat of this device and the given ones, at its first epoch with all of them, and the Welcome for the others; without
    /// others it is at epoch 0. `own` is in the policy as an owner, and `evidence` has the device log of each of the others.
    pub(crate) fn create_chat(
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        own: &Member,
        group: GroupId,
        policy: &Policy,
        (others, evidence): (&[KeyPackage], Evidence),
    ) -> Result<(Self, welcome::Parts), GroupError> {
        let context = extensions::context(policy, &Floors::default()).ok_or(GroupError::State)?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .wire_format_policy(GroupSettings::Chat.wire_format_policy())
            .max_past_epochs(0)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet_configuration())
            .capabilities(capabilities())
            .lifetime(lifetime())
            .with_group_context_extensions(context)
            .with_leaf_node_extensions(extensions::of_leaf(&own.state).ok_or(GroupError::State)?)
            .map_err(|_| GroupError::State)?
            .build();
        let credential = own.leaf.credential();
        let mls = MlsGroup::new_with_group_id(provider, signer, &config, mls_id(group), credential)
            .map_err(|_| GroupError::State)?;
        let mut made = Self::of(mls);
        judge::judge_state(&made.state()?).map_err(GroupError::Refused)?;
        if others.is_empty() {
            return Ok((made, welcome::Parts::default()));
        }
        let add = others.to_vec();
        let commit = ChatCommit { add, evidence, ..ChatCommit::update(EraStep::Begins) };
        let commit = made.commit_chat(provider, signer, commit)?;
        made.merge_pending(provider)?;
        Ok((made, commit.welcome))
    }

    /// Whether it is a chat, not a conversation of two.
    #[cfg(any(test, feature = "hostile"))]
    pub(crate) fn is_chat(&self) -> bool {
        self.mls().extensions().iter().next().is_some()
    }

    /// The policy of a chat.
    #[cfg(test)]
    pub(crate) fn policy(&self) -> Result<Policy, GroupError> {
        self.context().map(|(policy, _)| policy)
    }

    fn context(&self) -> Result<(Policy, Floors), GroupError> {
        extensions::read_context(self.mls().extensions()).ok().flatten().ok_or(GroupError::State)
    }

    /// What a chat is in this epoch.
    pub(crate) fn state(&self) -> Result<State, GroupError> {
        let mut leaves = Table::new();
        for (index, node) in self.mls().treesync().full_leaves() {
            leaves.insert(index.u32(), extensions::member(node).map_err(|_| GroupError::State)?);
        }
        let (policy, floors) = self.context()?;
        Ok(State { leaves, policy, floors })
    }

    /// Its id.
    pub(crate) fn id(&self) -> Result<GroupId, GroupError> {
        GroupId::try_from(self.mls().group_id().as_slice()).map_err(|_| GroupError::State)
    }

    /// Stages a commit, once the judge has accepted it as all others will judge it.
    pub(crate) fn commit_chat(
        &mut self,
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        mut commit: ChatCommit,
    ) -> Result<MadeCommit, GroupError> {
        commit.own = self.own_leaf(provider, &commit)?;
        let (before, deed) = self.deed(&commit)?;
        let judged = judge::judge(&self.id()?, &before, &deed, &commit.evidence);
        let judged = judged.map_err(GroupError::Refused)?;
        let ChatCommit { add, remove, context, own, era, evidence } = commit;
        let joiners = welcome::references(provider, &add)?;
        let going = before.leaves.iter().filter(|(_, member)| remove.contains(&member.leaf));
        let going: Vec<_> = going.map(|(index, _)| LeafNodeIndex::new(*index)).collect();
        let path = match own.as_ref().map(extensions::of_leaf) {
            Some(None) => return Err(GroupError::State),
            Some(Some(extensions)) => LeafNodeParameters::builder().with_extensions(extensions).build(),
            None => LeafNodeParameters::default(),
        };
        let mls = self.raw_mls();
        mls.set_aad(AuthenticatedData::of(era, &evidence).encode());
        let mut builder = mls
            .commit_builder()
            // This device does not commit proposals of others in its own name.
            .consume_proposal_store(false)
            .force_self_update(deed.path.is_some())
            .propose_adds(add)
            .propose_removals(going)
            .leaf_node_parameters(path);
        if let Some((policy, floors)) = context {
            let context = extensions::context(&policy, &floors).ok_or(GroupError::State)?;
            builder = builder.propose_group_context_extensions(context).map_err(|_| GroupError::State)?;
        }
        let bundle = builder
            .load_psks(provider.storage())
            .map_err(|_| GroupError::State)?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|_| GroupError::Invalid)?
            .stage_commit(provider)
            .map_err(|_| GroupError::State)?;
        let (message, welcome, group_info) = bundle.into_contents();
        let message = message.tls_serialize_detached().map_err(|_| GroupError::State)?;
        let welcome = welcome.map(|it| welcome::of_message(&it, &joiners)).transpose()?.unwrap_or_default();
        let (group_info, tree) = small_group_info(group_info, signer)?;
        let entry = CommitEntry { message, evidence, group_info };
        if entry.fits() {
            Ok(MadeCommit { entry, welcome, judged, tree })
        } else {
            Err(GroupError::Refused(Refusal::Size))
        }
    }

    /// What the own leaf says from a commit on, if the commit has a path. What a KeyPackage said is not of this stay alone.
    fn own_leaf(&self, provider: &Provider, commit: &ChatCommit) -> Result<Option<LeafState>, GroupError> {
        let node = self.mls().own_leaf_node().ok_or(GroupError::State)?;
        let own = extensions::member(node).map_err(|_| GroupError::State)?;
        let only_adds = !commit.add.is_empty() && commit.remove.is_empty() && commit.context.is_none();
        let Some(state) = commit.own.or_else(|| (!only_adds).then_some(own.state)) else { return Ok(None) };
        let nonce = if own.by_key_package { provider.rand().array() } else { state.nonce };
        Ok(Some(LeafState { nonce, ..state }))
    }

    /// The state of the group, and what a commit would do to it.
    pub(crate) fn deed(&self, commit: &ChatCommit) -> Result<(State, Deed), GroupError> {
        let before = self.state()?;
        let own = *before.leaves.get(&self.mls().own_leaf_index().u32()).ok_or(GroupError::State)?;
        let adds = commit.add.iter().map(member_of).collect::<Result<Vec<_>, _>>();
        let adds = adds.map_err(GroupError::Refused)?;
        let deed = Deed {
            epoch: self.epoch(),
            by: own.leaf,
            external: false,
            path: commit.own.map(|state| Member { state, by_key_package: false, ..own }),
            adds,
            removes: commit.remove.clone(),
            context: commit.context.clone(),
            era: commit.era,
        };
        Ok((before, deed))
    }

    /// Enters the epoch of another member's commit, if the GroupInfo that came with the commit is of that epoch.
    pub(crate) fn merge_chat(
        &mut self,
        provider: &Provider,
        staged: StagedChat,
    ) -> Result<Judged, ChatError> {
        let StagedChat { judged, staged, by, group_info, .. } = staged;
        self.raw_mls().merge_staged_commit(provider, staged).map_err(|_| ChatError::State)?;
        if self.is_active() && !group_info.is_empty() {
            self.check_group_info(provider, &judged.after, &by, &group_info)?;
        }
        Ok(judged)
    }

    /// A false GroupInfo locks out joiners from outside: a commit with one is as wrong as a false commit.
    fn check_group_info(
        &self,
        provider: &Provider,
        state: &State,
        by: &Leaf,
        bytes: &[u8],
    ) -> Result<(), ChatError> {
        let expected = self.mls().export_group_info(provider.crypto(), &NoSigner, false);
        let expected = expected.ok().and_then(|message| message.tls_serialize_detached().ok());
        let expected = expected.and_then(|bytes| GroupInfo::read(&bytes).ok()).ok_or(ChatError::State)?;
        let index = state.leaves.iter().find(|(_, member)| member.leaf == *by).map(|(index, _)| *index);
        let is_it = GroupInfo::read(bytes)
            .ok()
            .zip(index)
            .is_some_and(|(given, index)| given.is(&expected, index, &by.key));
        if is_it { Ok(()) } else { Err(ChatError::Refused(Refusal::GroupInfo)) }
    }

    /// The GroupInfo of this epoch without the ratchet tree, and the ratchet tree, for joiners from outside.
    pub(crate) fn package(
        &self,
        provider: &Provider,
        signer: &DeviceSigner<'_>,
    ) -> Result<(Vec<u8>, Vec<u8>), GroupError> {
        let group_info = self.mls().export_group_info(provider.crypto(), signer, false);
        let group_info = group_info.map_err(|_| GroupError::State)?;
        let group_info = group_info.tls_serialize_detached().map_err(|_| GroupError::State)?;
        let tree = self.mls().export_ratchet_tree().tls_serialize_detached();
        Ok((group_info, tree.map_err(|_| GroupError::State)?))
    }
}

/// The GroupInfo that OpenMLS made for a commit, without the ratchet tree, and that tree.
pub(super) fn small_group_info(
    whole: Option<openmls::prelude::group_info::GroupInfo>,
    signer: &DeviceSigner<'_>,
) -> Result<(Vec<u8>, Vec<u8>), GroupError> {
    let whole = whole.ok_or(GroupError::State)?;
    let tree = whole.extensions().ratchet_tree().ok_or(GroupError::State)?;
    let tree = tree.ratchet_tree().tls_serialize_detached().map_err(|_| GroupError::State)?;
    let external_pub = whole.extensions().external_pub().cloned().ok_or(GroupError::State)?;
    let message = openmls::prelude::MlsMessageOut::from(whole);
    let bytes = message.tls_serialize_detached().map_err(|_| GroupError::State)?;
    let small = GroupInfo::read(&bytes)?.without_tree(&Extension::ExternalPub(external_pub), signer)?;
    Ok((small, tree))
}

#[cfg(test)]
mod attacks;
#[cfg(test)]
mod tests;

/// What a commit that only adds, removes or writes a context authenticates, for who breaks other rules than that.
#[cfg(feature = "hostile")]
pub(crate) fn authenticated_data(era: EraStep, evidence: &Evidence) -> Vec<u8> {
    AuthenticatedData::of(era, evidence).encode()
}

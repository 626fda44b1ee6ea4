//! Joins a group chat from outside, by an external commit (RFC 9420 section 12.4.3.2), with nobody online and no KeyPackage:
//! a person who has an invite link joins, a device that lost its place takes it again, and so does another device of a
//! member's account.

use openmls::prelude::group_info::VerifiableGroupInfo;
use openmls::prelude::{
    LeafNodeParameters, MlsGroup, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _, ProposalStore,
    PublicGroup, RatchetTreeIn,
};
use parley_crypto::SUITE;
use parley_protocol::device_log::LogHead;
use parley_protocol::ids::{Epoch, GroupId};
use tls_codec::{Deserialize as _, Serialize as _};

use super::data::AuthenticatedData;
use super::read::{deed_of, public_message};
use super::{ChatError, MadeCommit, small_group_info};
use crate::channel::group_era::EraStep;
use crate::group::entry::CommitEntry;
use crate::group::evidence::Evidence;
use crate::group::judge::{self, Deed, Judged};
use crate::group::leaf_state::LeafState;
use crate::group::link::{Coming, LinkId, LinkSecret};
use crate::group::policy;
use crate::group::refusal::Refusal;
use crate::group::state::{Member, State};
use crate::mls::credential::Leaf;
use crate::mls::extensions;
use crate::mls::group::{Group, GroupError, mls_id};
use crate::mls::key_package::capabilities;
use crate::mls::settings::GroupSettings;
use crate::mls::welcome;
use crate::mls::{DeviceSigner, Provider};
use crate::table::Table;

/// What a chat looks like from outside ([`Group::package`]).
pub(crate) struct Outside {
    pub(crate) group: GroupId,
    group_info: VerifiableGroupInfo,
    public: PublicGroup,
    /// What it is in this epoch.
    pub(crate) state: State,
    /// A commit that was followed has begun another group era, whose secret is not known here.
    pub(crate) is_over: bool,
}

impl Outside {
    /// Reads a GroupInfo without a ratchet tree, and the ratchet tree. Whoever made them is in the tree; more is not known of
    /// them. What this leaves in the state is rolled back, or overwritten by [`Group::come_in`].
    pub(crate) fn read(provider: &Provider, group_info: &[u8], tree: &[u8]) -> Result<Self, GroupError> {
        let group_info = verifiable(group_info).ok_or(GroupError::Invalid)?;
        if group_info.ciphersuite() != SUITE {
            return Err(GroupError::Invalid);
        }
        let group = GroupId::try_from(group_info.group_id().as_slice()).map_err(|_| GroupError::Invalid)?;
        let context = extensions::read_context(group_info.group_context().extensions());
        let (policy, floors) = context.map_err(GroupError::Refused)?.ok_or(GroupError::Invalid)?;
        let tree = RatchetTreeIn::tls_deserialize_exact(tree).map_err(|_| GroupError::Invalid)?;
        let (public, _) = PublicGroup::from_external(
            provider.crypto(),
            provider.storage(),
            tree,
            group_info.clone(),
            ProposalStore::default(),
        )
        .map_err(|_| GroupError::Invalid)?;
        let mut leaves = Table::new();
        for (index, node) in public.treesync().full_leaves() {
            leaves.insert(index.u32(), extensions::member(node).map_err(GroupError::Refused)?);
        }
        let state = State { leaves, policy, floors };
        judge::judge_state(&state).map_err(GroupError::Refused)?;
        Ok(Self { group, group_info, public, state, is_over: false })
    }

    /// The epoch in which it is.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.public.group_context().epoch().as_u64())
    }

    /// Reads and judges the next commit, and looks at the chat after it. Whether its path opens is not seen from outside. After an
    /// error nothing more can be followed.
    pub(crate) fn follow(&mut self, provider: &Provider, entry: &CommitEntry) -> Result<Judged, ChatError> {
        if self.state.policy.floor > policy::VERSION {
            return Err(ChatError::Refused(Refusal::Newer));
        }
        let message = public_message(entry)?;
        let processed = self
            .public
            .process_message(provider.crypto(), message)
            .map_err(|_| ChatError::Refused(Refusal::Mls))?;
        let epoch = self.epoch();
        let old = |index: u32| {
            let mut leaves = self.public.treesync().full_leaves();
            leaves.find(|(at, _)| at.u32() == index).map(|(_, node)| node)
        };
        let (deed, staged) = deed_of(processed, entry, &self.state, epoch, old)?;
        let judged = judge::judge(&self.group, &self.state, &deed, &entry.evidence);
        let judged = judged.map_err(ChatError::Refused)?;
        self.public.merge_commit(provider.storage(), *staged).map_err(|_| ChatError::State)?;
        self.group_info = verifiable(&entry.group_info)
            .filter(|it| it.group_context().epoch() == self.public.group_context().epoch())
            .ok_or(ChatError::Refused(Refusal::GroupInfo))?;
        self.state = judged.after.clone();
        self.is_over |= deed.era == EraStep::Begins;
        Ok(judged)
    }

    /// What the device's leaf is to say: of the same stay if it is in the tree.
    fn own(&self, provider: &Provider, leaf: Leaf, head: LogHead, link: Option<LinkId>) -> Member {
        let fresh = LeafState { came_by: link, ..LeafState::new(head, provider.rand().array()) };
        let state = match self.state.member(&leaf) {
            Some(Member { state, by_key_package, .. }) => {
                let nonce = if *by_key_package { fresh.nonce } else { state.nonce };
                LeafState { nonce, came_by: state.came_by, ..fresh }
            }
            None => fresh,
        };
        Member { leaf, state, by_key_package: false }
    }

    /// What the commit does that brings the device in, judged as everybody else will judge it.
    fn judged(&self, own: Member, evidence: &Evidence) -> Result<Judged, GroupError> {
        let removes = self.state.member(&own.leaf).map(|member| member.leaf).into_iter().collect();
        let deed = Deed {
            epoch: self.epoch(),
            by: own.leaf,
            external: true,
            path: Some(own),
            adds: Vec::new(),
            removes,
            context: None,
            era: EraStep::GoesOn,
        };
        judge::judge(&self.group, &self.state, &deed, evidence).map_err(GroupError::Refused)
    }
}

impl Group {
    /// Comes in: a device that is in the tree takes its own place again; another one needs its account's device log as evidence,
    /// and, if that account is not in the tree, an invite link. The group that comes back is in the epoch after the commit, as if the log had taken it
    /// already: unless it does, the caller rolls back.
    pub(crate) fn come_in(
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        (leaf, head): (Leaf, LogHead),
        outside: Outside,
        (mut evidence, link): (Evidence, Option<&LinkSecret>),
    ) -> Result<(Self, MadeCommit), GroupError> {
        let own = outside.own(provider, leaf, head, link.map(LinkSecret::id));
        let (group, epoch, nonce) = (outside.group, outside.epoch(), own.state.nonce);
        evidence.link = link.map(|link| link.prove(&Coming { group, epoch, leaf, nonce }));
        let judged = outside.judged(own, &evidence)?;
        if let Ok(Some(mut old)) = MlsGroup::load(provider.storage(), &mls_id(outside.group)) {
            old.delete(provider.storage()).map_err(|_| GroupError::State)?;
        }
        let parameters = LeafNodeParameters::builder()
            // OpenMLS would name others.
            .with_capabilities(capabilities())
            .with_extensions(extensions::of_leaf(&own.state).ok_or(GroupError::State)?)
            .build();
        let (mls, bundle) = MlsGroup::external_commit_builder()
            .with_ratchet_tree(outside.public.export_ratchet_tree().into())
            .with_config(GroupSettings::Chat.join_config())
            .with_aad(AuthenticatedData::of(EraStep::GoesOn, &evidence).encode())
            .skip_lifetime_validation()
            .build_group(provider, outside.group_info, leaf.credential())
            .map_err(|_| GroupError::Invalid)?
            .leaf_node_parameters(parameters)
            .load_psks(provider.storage())
            .map_err(|_| GroupError::State)?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|_| GroupError::Invalid)?
            .finalize(provider)
            .map_err(|_| GroupError::State)?;
        let (message, _, group_info) = bundle.into_contents();
        let message = message.tls_serialize_detached().map_err(|_| GroupError::State)?;
        let (group_info, tree) = small_group_info(group_info, signer)?;
        let entry = CommitEntry { message, evidence, group_info };
        Ok((Self::of(mls), MadeCommit { entry, welcome: welcome::Parts::default(), judged, tree }))
    }
}

/// A GroupInfo of which nothing is verified yet.
fn verifiable(bytes: &[u8]) -> Option<VerifiableGroupInfo> {
    match MlsMessageIn::tls_deserialize_exact(bytes).ok()?.extract() {
        MlsMessageBodyIn::GroupInfo(group_info) => Some(group_info),
        _ => None,
    }
}

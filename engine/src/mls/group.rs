//! One MLS group: makes, joins, writes to and reads it. A failed function leaves the state as it was only together with
//! [`crate::records::state::StateStore::roll_back`]; the caller calls that and loads the group again.

use openmls::prelude::{
    JoinBuilder, KeyPackage, LeafNodeIndex, LeafNodeParameters, MlsGroup, MlsGroupCreateConfig,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, OpenMlsProvider as _, ProcessedMessageContent,
    ProcessedWelcome, Sender, StagedCommit, StagedWelcome,
};
use openmls::treesync::RatchetTree;
use parley_crypto::SUITE;
use parley_protocol::capability::Capability;
use parley_protocol::ids::{AccountId, EntryHash, Epoch, GroupId, LogId, Seq, UnixMillis};
use tls_codec::{Deserialize as _, Serialize as _};

use super::credential::Leaf;
use super::extensions;
use super::key_package::{capabilities, is_small, lifetime};
use super::settings::{GroupSettings, ratchet_configuration};
use super::welcome;
use super::{DeviceSigner, Provider};
use crate::channel::group_era::{EraStep, GroupEra};
use crate::group::floors::{Floors, MAX_BYTES as MAX_FLOORS_BYTES};
use crate::group::judge::judge_state;
use crate::group::link::ask::AskKey;
use crate::group::policy::{MAX_POLICY, Policy};
use crate::group::refusal::Refusal;
use crate::group::state::State;
use crate::table::Table;

/// A Welcome is no larger than this and so much for each member, in bytes: its leaf, a parent, and the secret for who joins.
const MAX_WELCOME: usize = 8 * 1024;
const PER_MEMBER: usize = 6 * 1024;
/// The same of a chat, with a policy and floors of any size.
const MAX_CHAT_WELCOME: usize = MAX_WELCOME + MAX_POLICY + MAX_FLOORS_BYTES;
const CAPABILITY_LABEL: &str = "parley log capability v1";
const HISTORY_LABEL: &str = "parley history v1";
const SUCCESSOR_LABEL: &str = "parley successor v1";
const ERA_LABEL: &str = "parley era v1";
const ASK_LABEL: &str = "parley ask v1";

/// Why an operation on a group failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GroupError {
    /// OpenMLS refused what this device itself asked for: a bug, or damaged state.
    #[error("the group's state does not allow this")]
    State,
    /// The bytes from outside are not valid for this group.
    #[error("the message is not valid for this group")]
    Invalid,
    /// The message is this device's own, which only this device's memory shows.
    #[error("the message is this device's own")]
    Own,
    /// A commit adds or removes a device of this account, and the account's device log, as this device knows it, says
    /// otherwise.
    #[error("the commit does not agree with the device log as it is known")]
    Unlisted(AccountId),
    /// The sender had been removed from their account when the relay stored the commit.
    #[error("the commit is by a device that had been removed")]
    Removed,
    /// A commit of a group that nobody may make, and its author, as far as this device knows.
    #[error("the commit is not followed")]
    Unfollowed(Option<AccountId>),
    /// The group follows rules of a newer version.
    #[error("the group needs a newer version")]
    Newer,
    /// The judge refuses to make, join or change the chat in this way.
    #[error("the chat may not be so: {0}")]
    Refused(Refusal),
    /// No own KeyPackage opens the Welcome.
    #[error("the Welcome is for a KeyPackage that this device does not have")]
    NoKeyPackage,
}

/// The result of processing an entry of the log.
pub(crate) enum Incoming {
    /// Padded content from this leaf.
    Message { from: Leaf, padded: Vec<u8> },
    /// A commit by this leaf, not merged yet, and what it does to the group era.
    Commit { from: Leaf, staged: Box<StagedCommit>, era: EraStep },
}

/// What a chat is into which a Welcome leads; none of a conversation of two.
type ChatOf<'a> = dyn Fn(Option<&RatchetTree>, &StagedWelcome) -> Result<Option<State>, GroupError> + 'a;

/// A group that this device is a member of.
pub(crate) struct Group {
    mls: MlsGroup,
}

/// An opened Welcome: the caller must check the group's members before it joins.
pub(crate) struct OpenedWelcome {
    staged: StagedWelcome,
    pub(crate) group: GroupId,
    pub(crate) epoch: Epoch,
    pub(crate) members: Vec<Leaf>,
    pub(crate) sender: Leaf,
    /// The state of the chat; none for a conversation of two.
    pub(crate) chat: Option<State>,
}

impl Group {
    /// Makes a group of this device and the given ones, at its first epoch with all of them, and the Welcome for
    /// the others.
    pub(crate) fn create(
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        own: &Leaf,
        group: GroupId,
        others: &[KeyPackage],
    ) -> Result<(Self, welcome::Parts), GroupError> {
        let joiners = welcome::references(provider, others)?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .wire_format_policy(GroupSettings::Pair.wire_format_policy())
            .max_past_epochs(0)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(ratchet_configuration())
            .capabilities(capabilities())
            .lifetime(lifetime())
            .build();
        let group_id = mls_id(group);
        let mut mls = MlsGroup::new_with_group_id(provider, signer, &config, group_id, own.credential())
            .map_err(|_| GroupError::State)?;
        let (_, welcome, _) = mls.add_members(provider, signer, others).map_err(|_| GroupError::Invalid)?;
        mls.merge_pending_commit(provider).map_err(|_| GroupError::State)?;
        let welcome = welcome.tls_serialize_detached().map_err(|_| GroupError::State)?;
        Ok((Self { mls }, welcome::split(&welcome, &joiners)?))
    }

    /// What is behind it, for who breaks the rules.
    #[cfg(any(test, feature = "hostile"))]
    pub(crate) const fn raw(&mut self) -> &mut MlsGroup {
        &mut self.mls
    }

    pub(super) const fn of(mls: MlsGroup) -> Self {
        Self { mls }
    }

    pub(super) const fn mls(&self) -> &MlsGroup {
        &self.mls
    }

    pub(super) const fn raw_mls(&mut self) -> &mut MlsGroup {
        &mut self.mls
    }

    /// Reads a group from the state.
    pub(crate) fn load(provider: &Provider, group: GroupId) -> Result<Self, GroupError> {
        match MlsGroup::load(provider.storage(), &mls_id(group)) {
            Ok(Some(mls)) => Ok(Self { mls }),
            _ => Err(GroupError::State),
        }
    }

    /// Removes everything of a group from the state.
    pub(crate) fn delete(mut self, provider: &Provider) -> Result<(), GroupError> {
        self.mls.delete(provider.storage()).map_err(|_| GroupError::State)
    }

    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.mls.epoch().as_u64())
    }

    /// The capability of the current epoch: an exporter secret (RFC 9420 section 8.5).
    pub(crate) fn capability(&self, provider: &Provider) -> Result<Capability, GroupError> {
        let secret = self
            .mls
            .export_secret(provider.crypto(), CAPABILITY_LABEL, &[], 32)
            .map_err(|_| GroupError::State)?;
        secret.try_into().map(Capability::new).map_err(|_| GroupError::State)
    }

    /// The start of the current epoch's history hash: an exporter secret, the same for all members and known to nobody else.
    pub(crate) fn history_seed(&self, provider: &Provider) -> Result<EntryHash, GroupError> {
        let secret = self
            .mls
            .export_secret(provider.crypto(), HISTORY_LABEL, &[], 32)
            .map_err(|_| GroupError::State)?;
        secret.try_into().map(EntryHash).map_err(|_| GroupError::State)
    }

    /// The group era that begins with the current epoch.
    pub(crate) fn era(&self, provider: &Provider, since: UnixMillis) -> Result<GroupEra, GroupError> {
        let secret =
            self.mls.export_secret(provider.crypto(), ERA_LABEL, &[], 32).map_err(|_| GroupError::State)?;
        secret.try_into().map(|secret| GroupEra::new(secret, since)).map_err(|_| GroupError::State)
    }

    /// The beginning of the authenticator of the epoch of now: who has the same is in the same group with the same members.
    pub(crate) fn authenticator(&self) -> [u8; 16] {
        self.mls.epoch_authenticator().as_slice().first_chunk().copied().unwrap_or_default()
    }

    /// What opens requests to be let in, in the group era that begins with the epoch of now.
    pub(crate) fn ask_key(&self, provider: &Provider) -> Result<AskKey, GroupError> {
        let secret =
            self.mls.export_secret(provider.crypto(), ASK_LABEL, &[], 32).map_err(|_| GroupError::State)?;
        secret.try_into().map(AskKey::new).map_err(|_| GroupError::State)
    }

    /// The same, in the group era that begins with the epoch that the pending commit leads to.
    pub(crate) fn next_ask_key(&self, provider: &Provider) -> Result<AskKey, GroupError> {
        let pending = self.mls.pending_commit().ok_or(GroupError::State)?;
        let secret =
            pending.export_secret(provider.crypto(), ASK_LABEL, &[], 32).map_err(|_| GroupError::State)?;
        secret.try_into().map(AskKey::new).map_err(|_| GroupError::State)
    }

    /// The group era that begins with the epoch that the pending commit leads to.
    pub(crate) fn next_era(&self, provider: &Provider, since: UnixMillis) -> Result<GroupEra, GroupError> {
        let pending = self.mls.pending_commit().ok_or(GroupError::State)?;
        let secret =
            pending.export_secret(provider.crypto(), ERA_LABEL, &[], 32).map_err(|_| GroupError::State)?;
        secret.try_into().map(|secret| GroupEra::new(secret, since)).map_err(|_| GroupError::State)
    }

    /// The capability of the epoch that the pending commit leads to.
    pub(crate) fn next_capability(&self, provider: &Provider) -> Result<Capability, GroupError> {
        let pending = self.mls.pending_commit().ok_or(GroupError::State)?;
        let secret = pending
            .export_secret(provider.crypto(), CAPABILITY_LABEL, &[], 32)
            .map_err(|_| GroupError::State)?;
        secret.try_into().map(Capability::new).map_err(|_| GroupError::State)
    }

    /// Encrypts padded content; the ratchet step is in the state.
    pub(crate) fn encrypt(
        &mut self,
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        padded: &[u8],
    ) -> Result<Vec<u8>, GroupError> {
        let message = self.mls.create_message(provider, signer, padded).map_err(|_| GroupError::State)?;
        message.tls_serialize_detached().map_err(|_| GroupError::State)
    }

    /// Stages a commit that replaces this device's own keys (post-compromise security); returns the commit.
    pub(crate) fn self_update(
        &mut self,
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        era: EraStep,
    ) -> Result<Vec<u8>, GroupError> {
        self.mls.set_aad(era.authenticated_data().to_vec());
        let bundle = self
            .mls
            .self_update(provider, signer, LeafNodeParameters::default())
            .map_err(|_| GroupError::State)?;
        bundle.into_commit().tls_serialize_detached().map_err(|_| GroupError::State)
    }

    /// Stages a commit that adds and removes devices, and begins a group era; returns the commit, and the Welcome for those it adds, in their order.
    pub(crate) fn change_members(
        &mut self,
        provider: &Provider,
        signer: &DeviceSigner<'_>,
        add: Vec<KeyPackage>,
        remove: &[Leaf],
    ) -> Result<(Vec<u8>, welcome::Parts), GroupError> {
        let joiners = welcome::references(provider, &add)?;
        let going: Vec<_> = self
            .mls
            .members()
            .filter(|member| {
                Leaf::parse(&member.credential, &member.signature_key)
                    .is_ok_and(|leaf| remove.contains(&leaf))
            })
            .map(|member| member.index)
            .collect();
        self.mls.set_aad(EraStep::Begins.authenticated_data().to_vec());
        let bundle = self
            .mls
            .commit_builder()
            .force_self_update(true)
            .propose_adds(add)
            .propose_removals(going)
            .load_psks(provider.storage())
            .map_err(|_| GroupError::State)?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|_| GroupError::Invalid)?
            .stage_commit(provider)
            .map_err(|_| GroupError::State)?;
        let (commit, welcome, _) = bundle.into_messages();
        let serialise = |message: MlsMessageOut| message.tls_serialize_detached();
        let welcome = welcome.map(serialise).transpose().map_err(|_| GroupError::State)?;
        let parts = welcome.map(|welcome| welcome::split(&welcome, &joiners)).transpose()?;
        Ok((serialise(commit).map_err(|_| GroupError::State)?, parts.unwrap_or_default()))
    }

    /// The leaves of all members. All are Parley's: the engine accepts no others.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let members = self.mls.members();
        members.filter_map(|member| Leaf::parse(&member.credential, &member.signature_key).ok()).collect()
    }

    pub(crate) fn leaf_at(&self, index: LeafNodeIndex) -> Result<Leaf, GroupError> {
        let member = self.mls.member_at(index).ok_or(GroupError::Invalid)?;
        Leaf::parse(&member.credential, &member.signature_key).map_err(|_| GroupError::Invalid)
    }

    /// Whether this device is still a member.
    pub(crate) fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    pub(crate) fn has_pending_commit(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// The pending commit won: enters its epoch.
    pub(crate) fn merge_pending(&mut self, provider: &Provider) -> Result<(), GroupError> {
        self.mls.merge_pending_commit(provider).map_err(|_| GroupError::State)
    }

    /// The pending commit lost: drops it.
    pub(crate) fn drop_pending(&mut self, provider: &Provider) -> Result<(), GroupError> {
        self.mls.clear_pending_commit(provider.storage()).map_err(|_| GroupError::State)
    }

    /// Decrypts and verifies an entry of the log.
    pub(crate) fn process(&mut self, provider: &Provider, bytes: &[u8]) -> Result<Incoming, GroupError> {
        let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| GroupError::Invalid)?;
        let MlsMessageBodyIn::PrivateMessage(message) = message.extract() else {
            return Err(GroupError::Invalid);
        };
        let processed = self.mls.process_message(provider, message).map_err(|_| GroupError::Invalid)?;
        if matches!(processed.content(), ProcessedMessageContent::OwnPrivateMessage) {
            return Err(GroupError::Own);
        }
        let Sender::Member(index) = *processed.sender() else {
            return Err(GroupError::Invalid);
        };
        let from = self.leaf_at(index)?;
        let era = EraStep::of(processed.aad());
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                Ok(Incoming::Message { from, padded: message.into_bytes() })
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let era = era.ok_or(GroupError::Invalid)?;
                Ok(Incoming::Commit { from, staged, era })
            }
            _ => Err(GroupError::Invalid),
        }
    }

    /// The secret from which the id of the successor log follows if members refuse this entry of a log: an exporter secret of
    /// the epoch, over the log, the entry's place and its hash.
    pub(crate) fn successor(
        &self,
        provider: &Provider,
        log: &LogId,
        seq: Seq,
        payload: &EntryHash,
    ) -> Result<[u8; 16], GroupError> {
        let context = [log.as_bytes().as_slice(), &seq.0.to_be_bytes(), &payload.0].concat();
        let secret = self
            .mls
            .export_secret(provider.crypto(), SUCCESSOR_LABEL, &context, 16)
            .map_err(|_| GroupError::State)?;
        secret.try_into().map_err(|_| GroupError::State)
    }

    /// Enters the epoch of another member's commit.
    pub(crate) fn merge(&mut self, provider: &Provider, staged: StagedCommit) -> Result<(), GroupError> {
        self.mls.merge_staged_commit(provider, staged).map_err(|_| GroupError::Invalid)
    }
}

/// The group id as OpenMLS has it.
pub(super) fn mls_id(group: GroupId) -> openmls::prelude::GroupId {
    openmls::prelude::GroupId::from_slice(group.as_bytes())
}

impl OpenedWelcome {
    /// Opens a Welcome into a conversation of two. Opening uses up the KeyPackage, so the caller rolls back unless it joins.
    pub(crate) fn open_pair(provider: &Provider, bytes: &[u8]) -> Result<Self, GroupError> {
        Self::open_as(provider, bytes, &|_, staged| {
            let is_pair = staged.group_context().extensions().iter().next().is_none();
            if is_pair { Ok(None) } else { Err(GroupError::Refused(Refusal::Context)) }
        })
    }

    /// Opens a Welcome into a conversation of two or a group chat, in the same way.
    pub(crate) fn open(provider: &Provider, bytes: &[u8]) -> Result<Self, GroupError> {
        Self::open_as(provider, bytes, &|tree, staged| {
            let context = extensions::read_context(staged.group_context().extensions());
            context.map_err(GroupError::Refused)?.map(|context| chat_of(staged, tree, context)).transpose()
        })
    }

    /// `chat` says what the chat is. It is called by its address: what judges chats is only where somebody opens Welcomes into such.
    fn open_as(provider: &Provider, bytes: &[u8], chat: &ChatOf<'_>) -> Result<Self, GroupError> {
        let message = MlsMessageIn::tls_deserialize_exact(bytes).map_err(|_| GroupError::Invalid)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(GroupError::Invalid);
        };
        let processed =
            ProcessedWelcome::new_from_welcome(provider, &GroupSettings::Pair.join_config(), welcome)
                .map_err(|_| GroupError::NoKeyPackage)?;
        let is_chat = processed.unverified_group_info().group_context().extensions().iter().next().is_some();
        let tree = if is_chat { tree_of(&processed, provider) } else { None };
        // Whether a lifetime is over is a question of a clock, and each device would answer it by its own clock (ADR 2).
        let staged = JoinBuilder::new(provider, processed).skip_lifetime_validation().build();
        let staged = staged.map_err(|_| GroupError::Invalid)?;
        let context = staged.group_context();
        if context.ciphersuite() != SUITE {
            return Err(GroupError::Invalid);
        }
        let group = GroupId::try_from(context.group_id().as_slice()).map_err(|_| GroupError::Invalid)?;
        let epoch = Epoch(context.epoch().as_u64());
        let members = staged
            .members()
            .map(|member| Leaf::parse(&member.credential, &member.signature_key))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| GroupError::Invalid)?;
        let chat = chat(tree.as_ref(), &staged)?;
        let node = staged.welcome_sender().map_err(|_| GroupError::Invalid)?;
        let most = if chat.is_some() { MAX_CHAT_WELCOME } else { MAX_WELCOME };
        if !is_small(node) || bytes.len() > most.saturating_add(members.len().saturating_mul(PER_MEMBER)) {
            return Err(GroupError::Invalid);
        }
        let sender = Leaf::parse(node.credential(), node.signature_key().as_slice())
            .map_err(|_| GroupError::Invalid)?;
        Ok(Self { staged, group, epoch, members, sender, chat })
    }

    /// Joins the group.
    pub(crate) fn join(self, provider: &Provider) -> Result<Group, GroupError> {
        let mut mls = self.staged.into_group(provider).map_err(|_| GroupError::Invalid)?;
        if self.chat.is_some() {
            let settings = GroupSettings::Chat.join_config();
            mls.set_configuration(provider.storage(), &settings).map_err(|_| GroupError::State)?;
        }
        Ok(Group { mls })
    }
}

/// The ratchet tree in a Welcome. It is the group's once OpenMLS has checked it against what the sender signed.
fn tree_of(welcome: &ProcessedWelcome, provider: &Provider) -> Option<RatchetTree> {
    let group_info = welcome.unverified_group_info();
    let tree = group_info.extensions().ratchet_tree()?.ratchet_tree().clone();
    tree.into_verified(SUITE, provider.crypto(), group_info.group_id()).ok()
}

/// The state of the chat to which a Welcome leads, if the judge accepts it.
fn chat_of(
    staged: &StagedWelcome,
    tree: Option<&RatchetTree>,
    (policy, floors): (Policy, Floors),
) -> Result<State, GroupError> {
    let mut state = State { leaves: Table::new(), policy, floors };
    let tree = tree.ok_or(GroupError::Invalid)?;
    for (member, node) in staged.members().zip(tree.leaves()) {
        if member.signature_key != node.signature_key().as_slice() {
            return Err(GroupError::Invalid);
        }
        state.leaves.insert(member.index.u32(), extensions::member(node).map_err(GroupError::Refused)?);
    }
    if state.leaves.len() != staged.members().count() {
        return Err(GroupError::Invalid);
    }
    judge_state(&state).map_err(GroupError::Refused)?;
    Ok(state)
}

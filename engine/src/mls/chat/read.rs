//! Converts another member's commit to a group chat, as OpenMLS describes it, into what the judge judges.

use openmls::prelude::{
    ApplyUpdatePathError, LeafNode, MlsMessageBodyIn, MlsMessageIn, ProcessMessageError, ProcessedMessage,
    ProcessedMessageContent, Proposal, ProposalOrRefType, PublicMessageIn, Sender, StageCommitError,
    StagedCommit,
};
use parley_protocol::ids::Epoch;
use tls_codec::Deserialize as _;

use super::data::AuthenticatedData;
use super::{ChatError, StagedChat};
use crate::channel::group_era::EraStep;
use crate::group::entry::CommitEntry;
use crate::group::judge::{self, Deed};
use crate::group::policy;
use crate::group::refusal::Refusal;
use crate::group::state::{Member, State};
use crate::mls::Provider;
use crate::mls::extensions::{self, member_of};
use crate::mls::group::Group;

impl Group {
    /// Reads and judges somebody else's commit. Nothing is kept of one that is not followed.
    pub(crate) fn process_chat_commit(
        &mut self,
        provider: &Provider,
        entry: &CommitEntry,
    ) -> Result<Box<StagedChat>, ChatError> {
        let before = self.state().map_err(|_| ChatError::State)?;
        // Before anything is said of the commit: a version to come may make what this one does not understand.
        if before.policy.floor > policy::VERSION {
            return Err(ChatError::Refused(Refusal::Newer));
        }
        let message = public_message(entry)?;
        let epoch = self.epoch();
        let processed = self.raw_mls().process_message(provider, message).map_err(|error| why(&error))?;
        let old = |index: u32| {
            let mut leaves = self.mls().treesync().full_leaves();
            leaves.find(|(at, _)| at.u32() == index).map(|(_, node)| node)
        };
        let (deed, staged) = deed_of(processed, entry, &before, epoch, old)?;
        let id = self.id().map_err(|_| ChatError::State)?;
        let judged = judge::judge(&id, &before, &deed, &entry.evidence).map_err(ChatError::Refused)?;
        let (era, by, group_info) = (deed.era, deed.by, entry.group_info.clone());
        Ok(Box::new(StagedChat { judged, era, staged: *staged, by, group_info }))
    }
}

/// The MLS message of a commit.
pub(super) fn public_message(entry: &CommitEntry) -> Result<PublicMessageIn, ChatError> {
    let message = MlsMessageIn::tls_deserialize_exact(&entry.message).map_err(|_| ChatError::Malformed)?;
    match message.extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message),
        _ => Err(ChatError::Malformed),
    }
}

/// What a commit does, if it is of the kinds that a chat knows, and what OpenMLS made of it. `old` has the leaves of before.
pub(super) fn deed_of<'a>(
    processed: ProcessedMessage,
    entry: &CommitEntry,
    before: &State,
    epoch: Epoch,
    old: impl Fn(u32) -> Option<&'a LeafNode>,
) -> Result<(Deed, Box<StagedCommit>), ChatError> {
    let authenticated = AuthenticatedData::decode(processed.aad());
    let (sender, staged) = commit_of(processed)?;
    let authenticated = authenticated.ok_or(ChatError::Refused(Refusal::AuthenticatedData))?;
    // Who knows the era's key can put other evidence beside a commit: that is no fault of its committer's.
    if authenticated.evidence != entry.evidence.hash() {
        return Err(ChatError::NotOpened);
    }
    let deed = read(before, &staged, &sender, (epoch, authenticated.era), old).map_err(ChatError::Refused)?;
    Ok((deed, staged))
}

fn read<'a>(
    before: &State,
    staged: &StagedCommit,
    sender: &Sender,
    (epoch, era): (Epoch, EraStep),
    old: impl Fn(u32) -> Option<&'a LeafNode>,
) -> Result<Deed, Refusal> {
    let path = staged.update_path_leaf_node().map(extensions::member).transpose()?;
    let (by, external) = match sender {
        Sender::Member(index) => {
            let own = before.leaves.get(&index.u32()).ok_or(Refusal::Committer)?;
            if let Some(node) = staged.update_path_leaf_node() {
                let kept = old(index.u32()).is_some_and(|old| extensions::keeps_capabilities(old, node));
                kept.then_some(()).ok_or(Refusal::PathLeaf)?;
            }
            (own.leaf, false)
        }
        Sender::NewMemberCommit => (path.as_ref().ok_or(Refusal::NoPath)?.leaf, true),
        _ => return Err(Refusal::Committer),
    };
    let (adds, removes, context) = (Vec::new(), Vec::new(), None);
    let mut deed = Deed { epoch, by, external, path, adds, removes, context, era };
    for queued in staged.queued_proposals() {
        // What is named and not given was sent by somebody else, who may not do what the committer may.
        if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
            return Err(Refusal::Proposal);
        }
        read_proposal(queued.proposal(), before, &mut deed)?;
    }
    Ok(deed)
}

fn read_proposal(proposal: &Proposal, before: &State, deed: &mut Deed) -> Result<(), Refusal> {
    match proposal {
        Proposal::Add(add) => deed.adds.push(member_of(add.key_package())?),
        Proposal::Remove(remove) => {
            let removed: &Member = before.leaves.get(&remove.removed().u32()).ok_or(Refusal::Removed)?;
            deed.removes.push(removed.leaf);
        }
        Proposal::GroupContextExtensions(context) if deed.context.is_none() => {
            let context = extensions::read_context(context.extensions())?;
            deed.context = Some(context.ok_or(Refusal::Context)?);
        }
        // What an external commit consists of (RFC 9420 section 12.4.3.2).
        Proposal::ExternalInit(_) if deed.external => {}
        _ => return Err(Refusal::Proposal),
    }
    Ok(())
}

/// The commit that a message turned out to be.
fn commit_of(processed: ProcessedMessage) -> Result<(Sender, Box<StagedCommit>), ChatError> {
    let sender = processed.sender().clone();
    match processed.into_content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok((sender, staged)),
        ProcessedMessageContent::OwnPendingCommit => Err(ChatError::Own),
        _ => Err(ChatError::Malformed),
    }
}

/// What an error of OpenMLS's means: whether a path secret opens is the one thing that differs between members.
pub(super) fn why<T>(error: &ProcessMessageError<T>) -> ChatError {
    use ProcessMessageError as E;
    match error {
        E::InvalidCommit(StageCommitError::OwnCommitMismatch) => ChatError::Own,
        E::InvalidCommit(StageCommitError::UpdatePathError(
            ApplyUpdatePathError::UnableToDecrypt
            | ApplyUpdatePathError::PathMismatch
            | ApplyUpdatePathError::MissingCiphertext,
        )) => ChatError::NotOpened,
        E::StorageError(_)
        | E::GroupStateError(_)
        | E::InvalidCommit(StageCommitError::MissingDecryptionKey) => ChatError::State,
        _ => ChatError::Refused(Refusal::Mls),
    }
}

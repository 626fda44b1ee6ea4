//! Why members do not follow a commit, or do not join a group by a Welcome.

use parley_protocol::ids::AccountId;

/// All members of one version come to the same, whatever they know beside the group. None is cured by a retry with the same
/// bytes, but for [`Refusal::Newer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The group's policy asks for a newer version than this one. It is no fault of the commit's: this device waits until it is
    /// updated.
    #[error("the group asks for a newer version")]
    Newer,
    /// It is no valid commit of RFC 9420 in this epoch, whoever looks at it.
    #[error("the commit is not valid MLS")]
    Mls,
    /// A proposal of a kind that Parley does not know, or one that is named instead of given.
    #[error("the commit has a proposal that is not allowed")]
    Proposal,
    /// A leaf has another credential, other extensions or fewer capabilities than Parley's, is too large, or expires.
    #[error("a leaf is not one of Parley's")]
    Leaf,
    /// The GroupContext has not exactly the extensions that it should, or not in their one form.
    #[error("the group context is malformed")]
    Context,
    /// The authenticated data are not those of a group's commit.
    #[error("the authenticated data are malformed")]
    AuthenticatedData,
    /// The GroupInfo that came with the commit is not the one of the epoch that it leads to.
    #[error("the GroupInfo is not that of the next epoch")]
    GroupInfo,
    /// Who commits is not in the group; or comes from outside and is.
    #[error("the committer is not in the group")]
    Committer,
    /// It replaces nobody's keys, although it does more than add.
    #[error("the commit has no path")]
    NoPath,
    /// The committer's new leaf is another's, or of another stay, or its log was rolled back.
    #[error("the committer's leaf changed")]
    PathLeaf,
    /// Among the evidence is what is no device log, or two of one account.
    #[error("the evidence is malformed")]
    Evidence,
    /// Who is added has no device log among the evidence.
    #[error("the device log of who is added is missing")]
    NoLog(AccountId),
    /// The device log among the evidence is shorter than, or contradicts, what the group has seen of it.
    #[error("the device log is older than what the group knows, or another")]
    OldLog(AccountId),
    /// A device is added that its account's log does not name, or names as removed.
    #[error("a device is not in its account's log")]
    NotListed(AccountId),
    /// The committer may not add people.
    #[error("the committer may not add people")]
    MayNotAdd,
    /// The committer may not remove this account's leaf.
    #[error("the committer may not remove this member")]
    MayNotRemove(AccountId),
    /// A leaf is removed that is not there, is named twice, or is the committer's.
    #[error("the commit removes what it cannot remove")]
    Removed,
    /// The committer may not change what the commit changes in the policy.
    #[error("the committer may not change the policy so")]
    MayNotChange,
    /// The roles after the commit are not those that follow from it.
    #[error("the roles do not follow from the commit")]
    Roles,
    /// Owners or admins without a leaf, no owner, or a policy out of its bounds.
    #[error("the policy does not fit the group")]
    Policy,
    /// The floors after the commit are not those that follow from it.
    #[error("the floors do not follow from the commit")]
    Floors,
    /// The policy asks for a higher version than a leaf has, or for a lower one than before.
    #[error("a leaf is older than the group asks for")]
    Version,
    /// A device or a key would be in the group twice.
    #[error("a device would be in the group twice")]
    Twice,
    /// There would be more leaves than a group may have, or none.
    #[error("the group would be too large")]
    Size,
    /// The group era goes on where it has to end, or ends where it may not.
    #[error("the commit does the wrong thing to the group era")]
    Era,
    /// Who comes has no invite link of the group, or one by which they may not come, or not any more.
    #[error("the invite link does not let anybody in so")]
    Link,
    /// A commit from outside does more than bring its device in.
    #[error("the commit from outside does more than bring its device in")]
    External,
}

//! The policy of a group: its name, who governs it, and who may do what. The policy is in the GroupContext, so that all
//! members have the same, and changes only by a commit that [`super::judge`] accepts.

use parley_protocol::ids::AccountId;
use serde::{Deserialize, Serialize};

use super::codec::{self, FormatError};
use super::link::{Link, LinkId};
use crate::domain::content::display_name;
use crate::table::Table;

/// The newest version of this format and its rules that this build knows.
pub(crate) const VERSION: u16 = 2;
/// From this version on people join by invite links and see earlier messages. A group with such links or history requires it.
pub(crate) const FOR_NEWCOMERS: u16 = 2;
/// The first byte.
const FORMAT: u8 = 1;
/// Longest policy, in bytes.
pub(crate) const MAX_POLICY: usize = 4_096;
/// Most invite links.
pub(crate) const MAX_LINKS: usize = parley_protocol::limits::MAX_LINKS;

/// Why bytes are not a policy.
pub(crate) type PolicyError = FormatError;

/// The role of an account in a group. A higher role may do everything that a lower role may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Everybody who is neither admin nor owner.
    Member,
    /// Removes members, and says what members may do.
    Admin,
    /// Removes admins too, and says who has which role. A group always has one.
    Owner,
}

/// The least role that may do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Add people. A device of an account that is in the group already may be added by everybody.
    pub add: Role,
    /// Write messages.
    pub write: Role,
    /// Change the name and the picture.
    pub change: Role,
}

impl Default for Permissions {
    fn default() -> Self {
        Self { add: Role::Member, write: Role::Member, change: Role::Admin }
    }
}

/// What new members see of earlier messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum History {
    /// Nothing.
    Nothing,
    /// What a member who may add people shares with the new member.
    Shared,
    /// Messages since the group agreed to this, as far as the relay still has them, whoever is online.
    Kept,
}

impl History {
    /// The number in the policy.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::Shared => 1,
            Self::Kept => 2,
        }
    }
}

/// The policy of a group. In the GroupContext: `1 || postcard`, at most [`MAX_POLICY`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    /// The lowest version of this format that may act in the group: a device with an older one waits for an update.
    pub(crate) floor: u16,
    /// As [`display_name`] leaves it; empty if the group has none.
    pub(crate) name: String,
    /// SHA-256 of the picture.
    pub(crate) picture: Option<[u8; 32]>,
    /// Owners and admins; everybody else is a member.
    pub(crate) roles: Table<AccountId, Role>,
    pub(crate) permissions: Permissions,
    /// What new members see of earlier messages ([`History`]).
    pub(crate) history: u8,
    /// Invite links.
    #[serde(with = "links")]
    pub(crate) links: Vec<Link>,
}

impl Policy {
    /// The policy of a new group, which one account owns. A name without a visible character is none.
    pub(crate) fn new(name: &str, owner: AccountId) -> Self {
        Self {
            floor: 1,
            name: display_name(name).unwrap_or_default(),
            picture: None,
            roles: [(owner, Role::Owner)].into_iter().collect(),
            permissions: Permissions::default(),
            history: 0,
            links: Vec::new(),
        }
    }

    /// Encodes the policy. The bytes are a valid policy only if [`Self::is_sound`].
    pub(crate) fn encode(&self) -> Vec<u8> {
        codec::encode(FORMAT, self)
    }

    /// Decodes the bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PolicyError> {
        let policy: Self = codec::decode(FORMAT, MAX_POLICY, bytes)?;
        if policy.is_sound() { Ok(policy) } else { Err(FormatError::Malformed) }
    }

    /// Whether every member can read the policy: within its bounds, its name clean, and no member among the roles.
    pub(crate) fn is_sound(&self) -> bool {
        let name = self.name.is_empty() || display_name(&self.name).as_ref() == Some(&self.name);
        let roles = self.roles.values().all(|role| *role != Role::Member);
        let twice =
            |(place, link): (usize, &Link)| self.links.iter().take(place).any(|other| other.id == link.id);
        let links = self.links.len() <= MAX_LINKS && !self.links.iter().enumerate().any(twice);
        name && roles && links && self.encode().len() <= MAX_POLICY
    }

    /// What new members see of earlier messages; a value that only a later version knows counts as nothing.
    pub(crate) const fn history(&self) -> History {
        match self.history {
            1 => History::Shared,
            2 => History::Kept,
            _ => History::Nothing,
        }
    }

    /// Whether members may share earlier messages with new members.
    pub(crate) const fn shows_history(&self) -> bool {
        matches!(self.history(), History::Shared | History::Kept)
    }

    /// Whether the relay keeps messages for new members.
    pub(crate) const fn keeps_history(&self) -> bool {
        matches!(self.history(), History::Kept)
    }

    /// Whether the policy has something that only [`FOR_NEWCOMERS`] and later versions know.
    pub(crate) const fn is_for_newcomers(&self) -> bool {
        self.history > 0 || !self.links.is_empty()
    }

    /// An invite link.
    pub(crate) fn link(&self, id: &LinkId) -> Option<&Link> {
        self.links.iter().find(|link| link.id == *id)
    }

    /// What an account is, if it is in the group.
    pub(crate) fn role(&self, account: &AccountId) -> Role {
        self.roles.get(account).copied().unwrap_or(Role::Member)
    }

    /// Gives an account a role.
    pub(crate) fn set_role(&mut self, account: AccountId, role: Role) {
        if role == Role::Member {
            self.roles.remove(&account);
        } else {
            self.roles.insert(account, role);
        }
    }

    /// The owners, in order of their ids.
    pub(crate) fn owners(&self) -> impl Iterator<Item = &AccountId> {
        self.roles.iter().filter(|(_, role)| **role == Role::Owner).map(|(account, _)| account)
    }

    /// Whether an account may add people.
    pub(crate) fn may_add(&self, account: &AccountId) -> bool {
        self.role(account) >= self.permissions.add
    }

    /// Whether an account may write messages.
    pub(crate) fn may_write(&self, account: &AccountId) -> bool {
        self.role(account) >= self.permissions.write
    }

    /// Whether an account may delete for everyone what another one said. What they say themselves, everybody may.
    pub(crate) fn may_delete(&self, account: &AccountId, author: &AccountId) -> bool {
        let role = self.role(account);
        account == author || role >= Role::Admin && role >= self.role(author)
    }

    /// Whether an account may change the name and the picture.
    pub(crate) fn may_change(&self, account: &AccountId) -> bool {
        self.role(account) >= self.permissions.change
    }
}

/// Each link stands in its own bytes, as a version to come may say more of it.
mod links {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use serde_bytes::ByteBuf;

    use super::Link;
    use crate::group::codec;

    /// The first byte of a link.
    const FORMAT: u8 = 1;
    /// Longest link, in bytes.
    const LONGEST: usize = 160;

    pub(super) fn serialize<S: Serializer>(links: &[Link], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(links.iter().map(|link| ByteBuf::from(codec::encode(FORMAT, link))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Link>, D::Error> {
        let all: Vec<ByteBuf> = Vec::deserialize(deserializer)?;
        let link = |bytes: &ByteBuf| codec::decode(FORMAT, LONGEST, bytes);
        all.iter().map(link).collect::<Result<_, _>>().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::group::link::{LinkSecret, Terms};

    const ADA: AccountId = AccountId([1; 32]);
    const BOB: AccountId = AccountId([2; 32]);

    fn policy() -> Policy {
        let mut policy = Policy::new("Friends", ADA);
        policy.set_role(BOB, Role::Admin);
        policy.picture = Some([9; 32]);
        policy.permissions = Permissions { add: Role::Admin, write: Role::Member, change: Role::Owner };
        policy.links = vec![link(1)];
        policy
    }

    fn link(number: u8) -> Link {
        LinkSecret::new([number; 32]).link(ADA, Terms { approval: true, most: 300, ..Terms::default() })
    }

    /// The bytes of a policy that no version writes.
    fn forged(change: impl FnOnce(&mut Policy)) -> Vec<u8> {
        let mut policy = policy();
        change(&mut policy);
        policy.encode()
    }

    #[test]
    fn the_format_is_pinned() {
        insta::assert_snapshot!(crate::hex(&Policy::new("", ADA).encode()));
        insta::assert_snapshot!(crate::hex(&policy().encode()));
        assert_eq!(Policy::decode(&policy().encode()), Ok(policy()));
        assert_eq!(Policy::decode(&[2]), Err(FormatError::Newer));
    }

    #[test]
    fn c7_a_policy_has_one_form_only() {
        let bytes = policy().encode();
        for cut in 0..bytes.len() {
            assert_eq!(Policy::decode(&bytes[..cut]), Err(FormatError::Malformed), "cut at {cut}");
        }
        assert_eq!(Policy::decode(&[bytes.clone(), vec![0]].concat()), Err(FormatError::Malformed));
        // 1 as a varint of two bytes, and as one.
        assert_eq!(bytes[1], 1);
        let long = [&[1, 0x81, 0], &bytes[2..]].concat();
        assert_eq!(Policy::decode(&long), Err(FormatError::Malformed));
        // The roles in another order.
        let at = bytes.windows(32).position(|window| window == ADA.0).unwrap();
        let mut swapped = bytes;
        let (ada, bob) = (at..at + 33, at + 33..at + 66);
        let both = [swapped[bob].to_vec(), swapped[ada].to_vec()].concat();
        swapped[at..at + 66].copy_from_slice(&both);
        assert_eq!(Policy::decode(&swapped), Err(FormatError::Malformed));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused() {
        for bytes in [
            forged(|it| it.name = " Friends".to_owned()),
            forged(|it| it.name = "F\u{202E}riends".to_owned()),
            forged(|it| it.name = "x".repeat(65)),
            forged(|it| it.roles = [(ADA, Role::Owner), (BOB, Role::Member)].into_iter().collect()),
            forged(|it| it.links = (0..17).map(link).collect()),
            forged(|it| it.links = vec![link(1), link(1)]),
        ] {
            assert_eq!(Policy::decode(&bytes), Err(FormatError::Malformed));
        }
        assert!(Policy::decode(&forged(|it| it.name = "x".repeat(64))).is_ok());
    }

    #[test]
    fn roles_are_ordered_and_everybody_else_is_a_member() {
        let mut policy = policy();
        assert!(Role::Owner > Role::Admin && Role::Admin > Role::Member);
        let other = AccountId([3; 32]);
        assert_eq!([ADA, BOB, other].map(|it| policy.role(&it)), [Role::Owner, Role::Admin, Role::Member]);
        assert_eq!([ADA, BOB, other].map(|it| policy.may_add(&it)), [true, true, false]);
        assert_eq!([ADA, BOB, other].map(|it| policy.may_write(&it)), [true; 3]);
        assert_eq!([ADA, BOB, other].map(|it| policy.may_change(&it)), [true, false, false]);
        let may = |by: &AccountId, author: &AccountId| policy.may_delete(by, author);
        assert!(may(&ADA, &BOB) && may(&BOB, &other) && may(&other, &other));
        assert!(!may(&BOB, &ADA) && !may(&other, &BOB) && !may(&other, &AccountId([4; 32])));
        policy.set_role(BOB, Role::Owner);
        assert_eq!(policy.owners().collect::<Vec<_>>(), [&ADA, &BOB]);
        policy.set_role(BOB, Role::Member);
        assert!(!policy.roles.contains_key(&BOB) && policy.is_sound());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_as_the_same_bytes(bytes: Vec<u8>) {
            let bytes = [vec![1, 1], bytes].concat();
            if let Ok(policy) = Policy::decode(&bytes) {
                prop_assert_eq!(policy.encode(), bytes);
            }
        }
    }
}

//! The card of a group chat in a backup: its name and its members. A device that comes back by the phrase shows the chat's
//! history; the members add the device.

use parley_protocol::ids::{AccountId, GroupId};
use serde::{Deserialize, Serialize};

use super::chat::{GroupChat, Standing};
use super::policy::{Policy, PolicyError};

/// Most people whose names a card has.
const MAX_PEOPLE: usize = 256;

/// A group chat in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GroupCard {
    pub(crate) group: GroupId,
    /// Whether the account was in the group.
    active: bool,
    #[serde(with = "serde_bytes")]
    policy: Vec<u8>,
    people: Vec<AccountId>,
}

impl GroupCard {
    /// The card of a group; none for an invitation that the person has not answered.
    pub(crate) fn of(chat: &GroupChat) -> Option<Self> {
        let active = match chat.standing {
            Standing::Invited(_) | Standing::Asked => return None,
            Standing::Member | Standing::Paused | Standing::Lost => true,
            Standing::Left | Standing::Removed => false,
        };
        let people = chat.members.iter().take(MAX_PEOPLE).map(|(account, _)| *account).collect();
        Some(Self { group: chat.group, active, policy: chat.policy.encode(), people })
    }

    /// The group on a device that is not in it.
    pub(crate) fn restored(&self) -> Result<GroupChat, PolicyError> {
        let standing = if self.active { Standing::Lost } else { Standing::Left };
        let policy = Policy::decode(&self.policy)?;
        let members = self.people.iter().take(MAX_PEOPLE).map(|account| (*account, 0)).collect();
        Ok(GroupChat::outside(self.group, standing, policy, members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::group::fixtures::state;

    #[test]
    fn a_group_comes_back_from_a_backup_as_one_that_lets_the_device_in_again() {
        let state = state(&[1, 2, 3]);
        let chat = GroupChat::new(GroupId([7; 16]), Standing::Member, &state);
        let card = GroupCard::of(&chat).unwrap();
        insta::assert_snapshot!("card", crate::hex(&postcard::to_allocvec(&card).unwrap()));
        insta::assert_snapshot!("record", crate::hex(&postcard::to_allocvec(&chat).unwrap()));
        let restored = card.restored().unwrap();
        assert_eq!((restored.standing, restored.people()), (Standing::Lost, 3));
        assert_eq!(restored.policy, chat.policy);
        let with = |standing| {
            let mut chat = chat.clone();
            chat.standing = standing;
            chat
        };
        assert_eq!(
            GroupCard::of(&with(Standing::Left)).unwrap().restored().unwrap().standing,
            Standing::Left
        );
        let by = state.accounts()[0];
        assert_eq!(GroupCard::of(&with(Standing::Invited(by))), None);
    }
}

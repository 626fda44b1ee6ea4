//! Account data: what a person keeps of a conversation for themselves, which is deletions and the draft.

use parley_protocol::ids::UnixMillis;
use serde::{Deserialize, Serialize};

use crate::domain::conversation::ConversationKey;
use crate::domain::deletion::Deleted;
use crate::domain::draft::Draft;

/// As stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountData {
    pub(crate) deleted: Deleted,
    /// The disk may still have something that was deleted.
    pub(crate) unpurged: bool,
    pub(crate) draft: Draft,
    /// The other devices know the draft, or it came from them.
    pub(crate) told: bool,
}

impl AccountData {
    /// Empty account data.
    pub(crate) const fn new(conversation: ConversationKey) -> Self {
        Self {
            deleted: Deleted::new(conversation, UnixMillis(0)),
            unpurged: false,
            draft: Draft::new(conversation),
            told: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::ids::AccountId;

    use super::*;

    #[test]
    fn what_is_stored_is_pinned() {
        let mut account_data = AccountData::new(ConversationKey::Peer(AccountId([4; 32])));
        account_data.deleted.merge(&crate::domain::deletion::tests::deleted());
        account_data.draft.edit("h\u{e9}".to_owned(), UnixMillis(300));
        let bytes = postcard::to_allocvec(&account_data).unwrap();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(postcard::from_bytes::<AccountData>(&bytes).unwrap(), account_data);
    }
}

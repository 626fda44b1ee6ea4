//! The items of a backup: the same things that a linked device is told.
//!
//! Each item is `kind (2) || length (4) || body`, so that a version which does not know a kind skips that item.

use parley_protocol::device_log::SignedEntry;
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};

use crate::domain::consent::{OwnToken, Told};
use crate::domain::content::{Card, History, Settings};
use crate::domain::deletion::Deleted;
use crate::group::card::GroupCard;

const SETTINGS: u16 = 1;
const KNOWN: u16 = 2;
const HISTORY: u16 = 3;
const DELETED: u16 = 4;
const STANCE: u16 = 5;
const TOKEN: u16 = 6;
const GROUP: u16 = 7;

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// The account's name and settings.
    Settings(Settings),
    /// Somebody whom the account knows.
    Known(Known),
    /// Messages of one conversation.
    History(History),
    /// What was deleted of one conversation; older history may still have it.
    Deleted(Deleted),
    /// What was decided of somebody.
    Stance(Told),
    /// The token of the account's invite link.
    Token(OwnToken),
    /// A group chat.
    Group(GroupCard),
    /// A newer version knows what this is.
    Newer,
}

/// Somebody whom the account knows, with their device log as it was: its first entry pins who they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) entries: Vec<SignedEntry>,
    pub(crate) username: Option<Username>,
    pub(crate) card: Card,
}

impl Item {
    pub(crate) fn encode(&self) -> Vec<u8> {
        // Into a Vec, postcard fails on nothing that these types contain.
        let (kind, body) = match self {
            Self::Settings(settings) => (SETTINGS, postcard::to_allocvec(settings)),
            Self::Known(known) => (KNOWN, postcard::to_allocvec(known)),
            Self::History(history) => (HISTORY, postcard::to_allocvec(history)),
            Self::Deleted(deleted) => (DELETED, postcard::to_allocvec(deleted)),
            Self::Stance(told) => (STANCE, postcard::to_allocvec(told)),
            Self::Token(token) => (TOKEN, postcard::to_allocvec(token)),
            Self::Group(card) => (GROUP, postcard::to_allocvec(card)),
            Self::Newer => return Vec::new(),
        };
        let body = body.unwrap_or_default();
        let length = u32::try_from(body.len()).unwrap_or_default();
        [kind.to_be_bytes().as_slice(), &length.to_be_bytes(), &body].concat()
    }

    /// The items of one chunk; none if they are not items.
    pub(crate) fn decode_all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut items = Vec::new();
        while !bytes.is_empty() {
            let (kind, rest) = bytes.split_first_chunk::<2>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let (body, rest) = rest.split_at_checked(length)?;
            items.push(match u16::from_be_bytes(*kind) {
                SETTINGS => Self::Settings(postcard::from_bytes(body).ok()?),
                KNOWN => Self::Known(postcard::from_bytes(body).ok()?),
                HISTORY => Self::History(postcard::from_bytes(body).ok()?),
                DELETED => Self::Deleted(postcard::from_bytes(body).ok()?),
                STANCE => Self::Stance(postcard::from_bytes(body).ok()?),
                TOKEN => Self::Token(postcard::from_bytes(body).ok()?),
                GROUP => Self::Group(postcard::from_bytes(body).ok()?),
                _ => Self::Newer,
            });
            bytes = rest;
        }
        Some(items)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use parley_protocol::ids::{AccountId, DeviceId, LogId, MessageId, Seq, UnixMillis};
    use proptest::prelude::*;

    use super::*;
    use crate::domain::content::Part;
    use crate::domain::content::{Receipt, ReceiptOf};
    use crate::domain::conversation::ConversationKey;
    use crate::domain::message::{Author, Message, MessageBody};

    /// History of one message of so many bytes.
    pub(in crate::backup) fn text(number: u8, length: usize) -> Item {
        let message = Message {
            id: MessageId([number; 16]),
            time: UnixMillis(1),
            stored: UnixMillis(2),
            log: LogId([3; 16]),
            seq: Seq(u64::from(number)),
            author: Some(Author { account: AccountId([4; 32]), device: DeviceId([6; 16]), proof: None }),
            body: MessageBody::Part(Part::of_text("x".repeat(length))),
        };
        let receipt = Receipt { delivered: Seq(2), read: Seq(1) };
        let receipts = vec![ReceiptOf { log: LogId([3; 16]), receipt }];
        Item::History(History {
            conversation: ConversationKey::Peer(AccountId([4; 32])),
            messages: vec![message],
            receipts,
        })
    }

    fn items() -> Vec<Item> {
        let card = Card { account: AccountId([4; 32]), name: Some("Bob".into()), verified: true };
        let known = Known { entries: vec![], username: Username::parse("bob").ok(), card };
        let settings = Settings { name: "Ada".into(), version: 3, read_receipts: true };
        vec![Item::Settings(settings), Item::Known(known), text(5, 3)]
    }

    #[test]
    fn the_format_is_pinned_and_comes_back() {
        let bytes: Vec<Vec<u8>> = items().iter().map(Item::encode).collect();
        insta::assert_snapshot!(bytes.iter().map(|bytes| crate::hex(bytes)).collect::<Vec<_>>().join("\n"));
        assert_eq!(Item::decode_all(&bytes.concat()), Some(items()));
    }

    #[test]
    fn what_a_newer_version_wrote_is_passed_over() {
        let newer = [&[0xFF, 1, 0, 0, 0, 2, 8, 8], text(1, 3).encode().as_slice()].concat();
        assert_eq!(Item::decode_all(&newer), Some(vec![Item::Newer, text(1, 3)]));
    }

    #[test]
    fn deletions_are_pinned_and_come_back() {
        let item = Item::Deleted(crate::domain::deletion::tests::deleted());
        let bytes = item.encode();
        insta::assert_snapshot!(crate::hex(&bytes));
        assert_eq!(Item::decode_all(&bytes), Some(vec![item]));
    }

    #[test]
    fn decisions_are_pinned_and_come_back() {
        let token = OwnToken { version: 2, token: crate::domain::consent::Token([7; 16]) };
        let items = vec![Item::Stance(crate::domain::consent::tests::told()), Item::Token(token)];
        let bytes: Vec<Vec<u8>> = items.iter().map(Item::encode).collect();
        insta::assert_snapshot!(bytes.iter().map(|bytes| crate::hex(bytes)).collect::<Vec<_>>().join("\n"));
        assert_eq!(Item::decode_all(&bytes.concat()), Some(items));
    }

    proptest! {
        #[test]
        fn any_bytes_are_items_or_none(bytes: Vec<u8>) {
            let _ = Item::decode_all(&bytes);
        }
    }
}

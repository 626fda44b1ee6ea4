//! Which messages are on this device already: a file adds what is not, and takes the place of nothing.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use crate::message::Message;
use crate::view::{BodyView, ConversationId, Gap};

/// Sixteen bytes for the place of each message, and sixteen for what it says.
#[derive(Default)]
pub(super) struct Seen(BTreeSet<[u8; 16]>);

impl Seen {
    /// Takes note of a message that is here. Where something is said to be missing, it may come.
    pub(super) fn here(&mut self, conversation: ConversationId, message: &Message) {
        match &message.body {
            BodyView::Gap(gap) if *gap != Gap::Rejected => {}
            _ => drop(self.add(conversation, message)),
        }
    }

    /// Whether neither the message nor another in its place is here; it is now.
    pub(super) fn add(&mut self, conversation: ConversationId, message: &Message) -> bool {
        let [place, said] = [place(conversation, message), said(conversation, message)];
        if self.0.contains(&place) || self.0.contains(&said) {
            return false;
        }
        self.0.extend([place, said]);
        true
    }
}

fn place(conversation: ConversationId, message: &Message) -> [u8; 16] {
    digest(&[b"place", &conversation.0, &message.order().0])
}

/// The same message may stand at another place: one that was sent again.
fn said(conversation: ConversationId, message: &Message) -> [u8; 16] {
    let text: &[u8] = match &message.body {
        BodyView::Text(text) => text.as_bytes(),
        BodyView::Newer | BodyView::Gap(_) => &[],
    };
    digest(&[b"said", &conversation.0, &[u8::from(message.own)], message.id.as_bytes(), text])
}

fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    digest.first_chunk::<16>().copied().unwrap_or_default()
}

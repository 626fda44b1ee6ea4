//! The local file: what this device has of a file of a message.

use parley_protocol::ids::{LogId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::domain::content::files::{ExternalPart, FileKind};
use crate::domain::conversation::ConversationId;
use crate::domain::order::Order;

/// A file of which something is on this device, or shall be. As it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LocalFile {
    /// Without what is only shown before the file is here.
    pub(crate) part: ExternalPart,
    /// Where it was said first on this device.
    pub(crate) conversation: ConversationId,
    /// The place of its message; none while that waits in the outbox.
    pub(crate) order: Option<Order>,
    /// When it came here.
    pub(crate) since: UnixMillis,
    pub(crate) kind: FileKind,
    pub(crate) stage: Stage,
    /// The person does not want it to go on.
    pub(crate) paused: bool,
}

/// How far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// What a view has chosen is being sealed.
    Sealing(Sending),
    /// It is sealed on this device, and goes to the relay, into this log once one is chosen.
    Uploading(Sending, Option<LogId>),
    /// It comes from the relay.
    Receiving,
    /// All of it is on this device.
    Here,
    /// It cannot be sent.
    Stopped(Sending, Stopped),
}

/// A file on its way into a message that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sending {
    /// Of the message in the outbox.
    pub(crate) number: u64,
    /// Which of its files.
    pub(crate) index: u32,
    /// By which the host knows what the view has chosen.
    pub(crate) source: u64,
}

/// Why a file is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stopped {
    /// The browser has no room for it.
    NoRoomHere,
    /// The relay has no room for it in this conversation.
    NoRoomThere,
    /// It was gone before all of it was sealed.
    Lost,
}

impl LocalFile {
    /// Its way into a message, if it has not arrived there.
    pub(crate) const fn sending(&self) -> Option<Sending> {
        match &self.stage {
            Stage::Sealing(sending) | Stage::Uploading(sending, _) | Stage::Stopped(sending, _) => {
                Some(*sending)
            }
            Stage::Receiving | Stage::Here => None,
        }
    }

    /// Whether all of it is on this device's disk.
    pub(crate) const fn is_whole(&self) -> bool {
        matches!(self.stage, Stage::Here | Stage::Uploading(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::files::tests::external;

    #[test]
    fn the_record_is_pinned() {
        let sending = Sending { number: 300, index: 1, source: 7 };
        let stages = [
            Stage::Sealing(sending),
            Stage::Uploading(sending, Some(LogId([7; 16]))),
            Stage::Receiving,
            Stage::Here,
            Stage::Stopped(sending, Stopped::NoRoomThere),
        ];
        for stage in stages {
            let file = LocalFile {
                part: external(),
                conversation: ConversationId([4; 16]),
                order: Some(Order::from_bytes(&[9; 48])),
                since: UnixMillis(1_790_000_000_000),
                kind: FileKind::Picture,
                stage,
                paused: false,
            };
            let bytes = postcard::to_allocvec(&file).unwrap();
            insta::assert_snapshot!(crate::hex(&bytes));
            assert_eq!(postcard::from_bytes::<LocalFile>(&bytes).unwrap(), file);
        }
    }
}

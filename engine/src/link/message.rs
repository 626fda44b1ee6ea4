//! The messages of two devices during linking, each in its turn. None contains a private key.

use parley_protocol::bounded::Bytes;
use parley_protocol::device_log::{DeviceRecord, LogHead, Signature};
use parley_protocol::ids::AccountId;
use parley_protocol::limits::MAX_DEVICE_LOG_BODY;
use parley_protocol::username::Username;
use serde::{Deserialize, Serialize};

/// Serialised: `version (1) || postcard`.
const VERSION: u8 = 2;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LinkMessage {
    /// From a device of the account that scanned or typed: it is there; it sends this again once its person has compared the
    /// digits.
    Knock,
    /// From the new device: its introduction.
    Hello(Hello),
    /// From the device of the account, once its person has agreed.
    Offer(Box<Offer>),
    /// From the new device: it agrees, and will wait for the entry in the device log.
    Counter(Signature),
    /// From the device of the account: the entry is at the relay.
    Added,
    /// From the new device: its KeyPackages are at the relay.
    Ready,
    /// From the device that shows the code, in answer to the other's first message: the nonce on which the digits depend.
    Opening([u8; 32]),
}

/// The new device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Such as "Firefox on Linux".
    pub(crate) name: String,
    pub(crate) record: DeviceRecord,
}

/// The account, and the entry that adds the new device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Offer {
    pub(crate) account: AccountId,
    /// Of the device log, before the entry.
    pub(crate) head: LogHead,
    /// The entry's body, to be counter-signed.
    pub(crate) body: Bytes<MAX_DEVICE_LOG_BODY>,
    pub(crate) name: String,
    pub(crate) username: Username,
    /// Which version of the name it is.
    pub(crate) profile: u32,
    pub(crate) read_receipts: bool,
}

/// The bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message between linking devices is malformed")]
pub(crate) struct MessageError;

impl LinkMessage {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, MessageError> {
        postcard::to_extend(self, vec![VERSION]).map_err(|_| MessageError)
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        match bytes {
            [VERSION, rest @ ..] => match postcard::take_from_bytes(rest) {
                Ok((message, [])) => Ok(message),
                _ => Err(MessageError),
            },
            _ => Err(MessageError),
        }
    }
}

#[cfg(test)]
mod tests {
    use parley_protocol::capability::CapabilityHash;
    use parley_protocol::device_log::VerifyingKeyBytes;
    use parley_protocol::ids::{DeviceId, EntryHash};
    use parley_protocol::limits::MAX_SLOT;
    use proptest::prelude::*;

    use super::*;

    fn messages() -> Vec<LinkMessage> {
        let record = DeviceRecord {
            id: DeviceId([1; 16]),
            key: VerifyingKeyBytes([2; 32]),
            inbox: CapabilityHash([3; 32]),
        };
        let offer = Offer {
            account: AccountId([4; 32]),
            head: LogHead { length: 300, hash: EntryHash([5; 32]) },
            body: Bytes::new(vec![6; MAX_DEVICE_LOG_BODY]).unwrap(),
            name: "n".repeat(256),
            username: Username::parse("ada").unwrap(),
            profile: 7,
            read_receipts: true,
        };
        vec![
            LinkMessage::Knock,
            LinkMessage::Hello(Hello { name: "Firefox on Linux".into(), record }),
            LinkMessage::Offer(Box::new(offer)),
            LinkMessage::Counter(Signature([8; 64])),
            LinkMessage::Added,
            LinkMessage::Ready,
            LinkMessage::Opening([9; 32]),
        ]
    }

    #[test]
    fn messages_are_pinned_and_fit_into_a_slot() {
        for message in messages() {
            let bytes = message.encode().unwrap();
            assert!(bytes.len() + 64 < MAX_SLOT);
            insta::assert_snapshot!(crate::hex(&bytes));
            assert_eq!(LinkMessage::decode(&bytes), Ok(message));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: Vec<u8>) {
            let _ = LinkMessage::decode(&bytes);
        }
    }
}

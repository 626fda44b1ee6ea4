//! Identifiers and counters, each a type of its own.

use core::fmt;

use serde::{Deserialize, Serialize};

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = core::array::TryFromSliceError;
            fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
                bytes.try_into().map(Self)
            }
        }

        // Identifiers do not belong into log output: Debug shows two bytes, enough to tell a few apart in a test.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let [first, second, ..] = self.0;
                write!(f, "{}({first:02x}{second:02x}..)", stringify!($name))
            }
        }
    };
}

impl GroupId {
    /// The first log that carries a group has its id.
    #[must_use]
    pub const fn first_log(self) -> LogId {
        LogId(self.0)
    }

    /// The group whose first log this is.
    #[must_use]
    pub const fn begun_in(log: LogId) -> Self {
        Self(log.0)
    }
}

random_id!(
    /// An account: the hash of the first entry of its device log.
    AccountId, 32
);
random_id!(
    /// A device of an account, chosen at random by the device.
    DeviceId, 16
);
random_id!(
    /// A conversation log, chosen at random by the one who creates it.
    LogId, 16
);
random_id!(
    /// An MLS group (RFC 9420 section 8.1). The relay never sees it: the relay knows only the log that carries the group now.
    GroupId, 16
);
random_id!(
    /// Chosen by the client for each append, so that a retry is not a duplicate.
    AppendId, 16
);
random_id!(
    /// A message, chosen at random by its sender (the message id of draft-ietf-mimi-content).
    MessageId, 16
);
random_id!(
    /// The hash of one device log entry.
    EntryHash, 32
);
random_id!(
    /// A random mark that a device leaves at the relay at each connection, so that it notices when its own state was rolled
    /// back.
    Stamp, 16
);

random_id!(
    /// A rendezvous slot, in which two devices that want to be linked leave each other messages.
    SlotId, 16
);

random_id!(
    /// A blob: bytes that the relay keeps for an account or a log, chosen at random by the device that puts it there.
    BlobId, 16
);

random_id!(
    /// SHA-256 of all bytes of a blob.
    BlobHash, 32
);

random_id!(
    /// One run of the relay over its database. The relay never gives out a place in a log together with its era twice, even
    /// if its database was rolled back to a copy.
    Era, 8
);

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        pub struct $name(pub u64);

        impl $name {
            /// The next number; the last one stays (no client reaches it: counting takes longer than there is time).
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }
    };
}

counter!(
    /// Place of an entry in a log: 1, 2, 3 and so on. 0 stands before the first.
    Seq
);
counter!(
    /// Epoch of an MLS group (RFC 9420 section 2).
    Epoch
);
counter!(
    /// Milliseconds since 1970-01-01 00:00 UTC.
    UnixMillis
);

/// Pairs an answer with its request on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u32);

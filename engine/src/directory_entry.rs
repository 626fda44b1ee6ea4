//! A directory entry of an account, verified.

use parley_protocol::device_log::{DeviceLog, DeviceLogError};
use parley_protocol::frame::{DirectoryRecord, RelayError};
use parley_protocol::username::Username;

/// A verified device log and the directory's claim of a name.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) log: DeviceLog,
    pub(crate) username: Option<Username>,
}

/// Why the directory's answer says nothing of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookUpError {
    /// What it said does not verify.
    Forged,
    /// It refused, or has no such account.
    Relay(RelayError),
}

impl From<DeviceLogError> for LookUpError {
    fn from(_: DeviceLogError) -> Self {
        Self::Forged
    }
}

impl From<RelayError> for LookUpError {
    fn from(error: RelayError) -> Self {
        Self::Relay(error)
    }
}

impl Found {
    /// Verifies what the directory says of an account, of which `known` is what this device has already.
    pub(crate) fn verify(
        record: &DirectoryRecord,
        known: Option<&DeviceLog>,
    ) -> Result<Self, DeviceLogError> {
        let log = match known {
            _ if record.after == 0 => DeviceLog::verify_for(&record.account, &record.log)?,
            Some(known) if known.account() == record.account => known.continued(record.after, &record.log)?,
            _ => return Err(DeviceLogError::Broken),
        };
        Ok(Self { log, username: record.username.clone() })
    }
}

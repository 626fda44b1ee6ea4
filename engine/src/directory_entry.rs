//! Somebody the directory told about, verified.

use parley_protocol::device_log::{DeviceLog, DeviceLogError};
use parley_protocol::frame::DirectoryRecord;
use parley_protocol::username::Username;

/// A verified device log and the directory's claim of a name.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) log: DeviceLog,
    pub(crate) username: Option<Username>,
}

impl Found {
    pub(crate) fn verify(record: &DirectoryRecord) -> Result<Self, DeviceLogError> {
        let log = DeviceLog::verify_for(&record.account, &record.log)?;
        Ok(Self { log, username: record.username.clone() })
    }
}

//! The failures inside an operation, and which of them the client learns.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use parley_protocol::frame::RelayError;
use rusqlite::ErrorCode;

/// The shortest pause between two log lines about a full disk: a line for each refused operation would fill the rest.
const REMINDER: Duration = Duration::from_mins(1);
static REMINDED: Mutex<Option<Instant>> = Mutex::new(None);

fn log_full_disk() {
    let now = Instant::now();
    let mut reminded = REMINDED.lock().unwrap_or_else(PoisonError::into_inner);
    if reminded.is_none_or(|last| now.saturating_duration_since(last) >= REMINDER) {
        *reminded = Some(now);
        tracing::warn!("the disk is full: operations that need room are refused");
    }
}

/// Why an operation did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The rules refuse the operation.
    Refused(RelayError),
    /// SQLite refuses the operation.
    Sql(rusqlite::Error),
    /// SQLite failed in the middle of an operation without a savepoint: the transaction may contain a part of it and must not
    /// be committed.
    Spoiled(rusqlite::Error),
}

impl From<RelayError> for Failure {
    fn from(refusal: RelayError) -> Self {
        Self::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    /// Converts the failure of an operation that has written without a savepoint.
    pub(super) fn without_savepoint(self) -> Self {
        match self {
            Self::Sql(error) => Self::Spoiled(error),
            other => other,
        }
    }

    /// The error for the client. Logs the cause of an internal failure here: SQLite's messages name tables and limits, never
    /// values.
    pub(super) fn tell(self) -> RelayError {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Sql(error) | Self::Spoiled(error)
                if error.sqlite_error_code() == Some(ErrorCode::DiskFull) =>
            {
                log_full_disk();
                RelayError::StorageFull
            }
            Self::Sql(error) | Self::Spoiled(error) => {
                tracing::error!(%error, "an operation on the store failed");
                RelayError::Internal
            }
        }
    }
}

//! The failures inside an operation, and which of them the client learns.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use parley_protocol::frame::RelayError;
use rusqlite::ErrorCode;

/// A full disk is logged this often at most: a line for every refused operation would fill what is left.
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
    /// The rules say no.
    Refused(RelayError),
    /// SQLite says no.
    Sql(rusqlite::Error),
    /// SQLite says no in the middle of an operation that has no savepoint: the transaction may hold a part of
    /// it and must not be committed.
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
    /// The failure of an operation that has written without a savepoint.
    pub(super) fn without_savepoint(self) -> Self {
        match self {
            Self::Sql(error) => Self::Spoiled(error),
            other => other,
        }
    }

    /// What the client is told. The cause of an internal failure is logged here: SQLite's messages name
    /// tables and limits, never values.
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

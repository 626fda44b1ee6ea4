//! What can go wrong inside an operation, and what of it the client is told.

use parley_protocol::frame::RelayError;
use rusqlite::ErrorCode;

/// Why an operation did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The rules say no.
    Refused(RelayError),
    /// SQLite says no.
    Sql(rusqlite::Error),
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
    /// What the client is told. The cause of an internal failure is logged here: SQLite's messages name
    /// tables and limits, never values.
    pub(super) fn tell(self) -> RelayError {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Sql(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                tracing::warn!("the disk is full: an operation was refused");
                RelayError::StorageFull
            }
            Self::Sql(error) => {
                tracing::error!(%error, "an operation on the store failed");
                RelayError::Internal
            }
        }
    }
}

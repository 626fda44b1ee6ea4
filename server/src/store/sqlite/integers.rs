//! Converts counters to and from SQLite's signed integers.

use parley_protocol::frame::RelayError;
use rusqlite::Row;
use rusqlite::types::Type;

/// A counter or cursor as SQLite's integer. No counter reaches the maximum, and a cursor beyond it means the same as the
/// maximum.
pub(super) fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A number that a client chose and that must not be confused with another one.
pub(super) fn id(value: u64) -> Result<i64, RelayError> {
    // The greatest number has no successor.
    i64::try_from(value).ok().filter(|value| *value < i64::MAX).ok_or(RelayError::BadRequest)
}

/// A column that holds a counter.
pub(super) fn uint(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Integer, Box::new(error)))
}

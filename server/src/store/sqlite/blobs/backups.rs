//! Stores the heads of backups.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{BackupHead, FetchBackupHead, RelayError, WriteBackupHead};
use parley_protocol::ids::UnixMillis;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::owners::{self, OwnerId};

/// Writes a head after the version that the writer has seen. An empty head ends the backup: its blobs go, and the version
/// stays, so that a device that has not heard of the end cannot write on.
pub(super) fn write_head(
    connection: &Connection,
    now: UnixMillis,
    request: &WriteBackupHead,
) -> Result<BackupHead, Failure> {
    let owner = owners::find_or_make(connection, &OwnerId::Account(request.address.account))?;
    if owner.version != request.after {
        return Err(RelayError::BackupConflict.into());
    }
    let version = request.after.checked_add(1).ok_or(RelayError::QuotaExceeded)?;
    connection
        .prepare_cached("UPDATE owners SET version = ?2, head = ?3 WHERE id = ?1")?
        .execute(params![owner.row, version, &*request.value])?;
    if request.value.is_empty() {
        owners::drop_all(connection, owner.row)?;
    } else {
        owners::touch(connection, owner.row, now)?;
    }
    Ok(BackupHead { version, value: request.value.clone() })
}

/// The head, for a device of the account.
pub(super) fn head(connection: &Connection, request: &FetchBackupHead) -> Result<BackupHead, Failure> {
    let head = connection
        .prepare_cached("SELECT version, head FROM owners WHERE owner = ?1 AND head IS NOT NULL")?
        .query_row([request.address.account.as_bytes()], |row| {
            let value: Vec<u8> = row.get(1)?;
            let value = Bytes::new(value)
                .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error)))?;
            Ok(BackupHead { version: row.get(0)?, value })
        })
        .optional()?;
    head.ok_or(Failure::Refused(RelayError::UnknownBlob))
}

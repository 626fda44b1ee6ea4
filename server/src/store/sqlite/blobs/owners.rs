//! Counts what an account or a log has here: blobs, bytes, and the version of a head.

use parley_protocol::frame::RelayError;
use parley_protocol::ids::{AccountId, LogId, UnixMillis};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::super::integers::{int, uint};
use crate::store::Quotas;

/// The owner of blobs.
#[derive(Debug, Clone, Copy)]
pub(super) enum OwnerId {
    Account(AccountId),
    Log(LogId),
}

impl OwnerId {
    /// The ids of accounts and logs have different lengths.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Account(account) => account.as_bytes(),
            Self::Log(log) => log.as_bytes(),
        }
    }

    /// The most blobs, and the most bytes in them.
    const fn most(&self, quotas: &Quotas) -> (u64, u64) {
        match self {
            Self::Account(_) => (quotas.blobs, quotas.blob_bytes),
            Self::Log(_) => (quotas.log_blobs, quotas.log_blob_bytes),
        }
    }
}

/// A row of `owners`.
pub(super) struct Owner {
    pub(super) row: i64,
    blobs: u64,
    bytes: u64,
    pub(super) version: u32,
}

/// Finds an owner, or makes its row. The caller has checked that the owner exists in the relay's database.
pub(super) fn find_or_make(connection: &Connection, owner: &OwnerId) -> Result<Owner, Failure> {
    connection
        .prepare_cached("INSERT INTO owners (owner) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([owner.bytes()])?;
    let owner = connection
        .prepare_cached("SELECT id, blobs, bytes, version FROM owners WHERE owner = ?1")?
        .query_row([owner.bytes()], |row| {
        Ok(Owner { row: row.get(0)?, blobs: uint(row, 1)?, bytes: uint(row, 2)?, version: row.get(3)? })
    })?;
    Ok(owner)
}

/// Counts one more blob, if the owner may have it.
pub(super) fn count_blob(
    connection: &Connection,
    (id, owner): (&OwnerId, &Owner),
    size: u64,
    quotas: &Quotas,
) -> Result<(), Failure> {
    let (blobs, bytes) = id.most(quotas);
    if owner.blobs >= blobs || owner.bytes.saturating_add(size) > bytes {
        return Err(RelayError::QuotaExceeded.into());
    }
    connection
        .prepare_cached("UPDATE owners SET blobs = blobs + 1, bytes = bytes + ?2 WHERE id = ?1")?
        .execute([owner.row, int(size)])?;
    Ok(())
}

/// Notes that an account has written something. Blobs of a log expire one by one instead.
pub(super) fn touch(connection: &Connection, owner: i64, now: UnixMillis) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE owners SET time = ?2 WHERE id = ?1")?.execute([owner, int(now.0)])?;
    Ok(())
}

/// Takes a blob from its owner: nobody can read it any more, and its id is free. Its bytes are deleted later.
pub(super) fn drop_blob(connection: &Connection, blob: i64) -> Result<(), Failure> {
    let found: Option<(i64, i64)> = connection
        .prepare_cached("SELECT owner, size FROM blobs WHERE id = ?1")?
        .query_row([blob], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((owner, size)) = found else { return Ok(()) };
    connection
        .prepare_cached("UPDATE owners SET blobs = blobs - 1, bytes = bytes - ?2 WHERE id = ?1")?
        .execute([owner, size])?;
    connection.prepare_cached("INSERT INTO dropped (blob) VALUES (?1)")?.execute([blob])?;
    connection.prepare_cached("DELETE FROM blobs WHERE id = ?1")?.execute([blob])?;
    // An owner without blobs that never had a head needs no row.
    connection
        .prepare_cached("DELETE FROM owners WHERE id = ?1 AND blobs = 0 AND version = 0")?
        .execute([owner])?;
    Ok(())
}

/// Drops all blobs of an account.
pub(super) fn drop_all(connection: &Connection, owner: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("INSERT INTO dropped (blob) SELECT id FROM blobs WHERE owner = ?1")?
        .execute([owner])?;
    connection.prepare_cached("DELETE FROM blobs WHERE owner = ?1")?.execute([owner])?;
    connection
        .prepare_cached("UPDATE owners SET blobs = 0, bytes = 0, time = NULL WHERE id = ?1")?
        .execute(params![owner])?;
    Ok(())
}

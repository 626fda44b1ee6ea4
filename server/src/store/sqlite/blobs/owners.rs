//! What an account has here: how many blobs, how many bytes, which version of a head.

use parley_protocol::frame::RelayError;
use parley_protocol::ids::{AccountId, UnixMillis};
use rusqlite::{Connection, params};

use super::super::failure::Failure;
use super::super::integers::{int, uint};
use crate::store::Quotas;

/// A row of `accounts`.
pub(super) struct Owner {
    pub(super) row: i64,
    blobs: u64,
    bytes: u64,
    pub(super) version: u32,
}

/// Finds an account, or makes its row. That it is in the directory was checked before.
pub(super) fn find_or_make(connection: &Connection, account: &AccountId) -> Result<Owner, Failure> {
    connection
        .prepare_cached("INSERT INTO accounts (account) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([account.as_bytes()])?;
    let owner = connection
        .prepare_cached("SELECT id, blobs, bytes, version FROM accounts WHERE account = ?1")?
        .query_row([account.as_bytes()], |row| {
            Ok(Owner { row: row.get(0)?, blobs: uint(row, 1)?, bytes: uint(row, 2)?, version: row.get(3)? })
        })?;
    Ok(owner)
}

/// Counts one more blob, if the account may have it.
pub(super) fn count_blob(
    connection: &Connection,
    owner: &Owner,
    size: u64,
    quotas: &Quotas,
) -> Result<(), Failure> {
    if owner.blobs >= quotas.blobs || owner.bytes.saturating_add(size) > quotas.blob_bytes {
        return Err(RelayError::QuotaExceeded.into());
    }
    connection
        .prepare_cached("UPDATE accounts SET blobs = blobs + 1, bytes = bytes + ?2 WHERE id = ?1")?
        .execute([owner.row, int(size)])?;
    Ok(())
}

/// Notes that the account has written something.
pub(super) fn touch(connection: &Connection, owner: i64, now: UnixMillis) -> Result<(), Failure> {
    connection.prepare_cached("UPDATE accounts SET time = ?2 WHERE id = ?1")?.execute([owner, int(now.0)])?;
    Ok(())
}

/// Takes a blob from its account: for everybody it is gone, and its id is free. Its bytes are deleted later.
pub(super) fn drop_blob(connection: &Connection, blob: i64) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE accounts SET blobs = blobs - 1, bytes = bytes - (SELECT size FROM blobs WHERE id = ?1)
             WHERE id = (SELECT account FROM blobs WHERE id = ?1)",
        )?
        .execute([blob])?;
    connection.prepare_cached("INSERT INTO dropped (blob) VALUES (?1)")?.execute([blob])?;
    connection.prepare_cached("DELETE FROM blobs WHERE id = ?1")?.execute([blob])?;
    Ok(())
}

/// Takes all of its blobs from an account.
pub(super) fn drop_all(connection: &Connection, owner: i64) -> Result<(), Failure> {
    connection
        .prepare_cached("INSERT INTO dropped (blob) SELECT id FROM blobs WHERE account = ?1")?
        .execute([owner])?;
    connection.prepare_cached("DELETE FROM blobs WHERE account = ?1")?.execute([owner])?;
    connection
        .prepare_cached("UPDATE accounts SET blobs = 0, bytes = 0, time = NULL WHERE id = ?1")?
        .execute(params![owner])?;
    Ok(())
}

//! Deletes blobs that nobody can read any more, and expired ones. One call deletes a bounded number of rows, so that writes of
//! parts do not wait long.

use parley_protocol::ids::UnixMillis;
use rusqlite::{Connection, OptionalExtension as _};

use super::super::failure::Failure;
use super::super::integers::int;
use super::owners;
use crate::store::{ExpiryRun, Quotas};

/// The most rows of each kind that one call deletes: 16 MiB of chunks.
const BATCH: u64 = 256;

pub(super) fn expire(
    connection: &Connection,
    now: UnixMillis,
    quotas: &Quotas,
) -> Result<ExpiryRun, Failure> {
    let unfinished = unfinished(connection, int(now.0.saturating_sub(quotas.unfinished_ms)))?;
    let log_age = quotas.expiry_ms.saturating_add(quotas.unfinished_ms);
    let of_logs = of_logs(connection, int(now.0.saturating_sub(log_age)))?;
    let abandoned = abandoned(connection, int(now.0.saturating_sub(quotas.backup_ms)))?;
    let chunks = chunks(connection)?;
    Ok(ExpiryRun {
        deleted: [unfinished, of_logs, abandoned.unwrap_or(0), chunks].iter().sum(),
        more: unfinished >= BATCH || of_logs >= BATCH || abandoned.is_some() || chunks >= BATCH,
    })
}

/// Drops blobs that were not continued in time.
fn unfinished(connection: &Connection, cutoff: i64) -> Result<u64, Failure> {
    let old = rows(
        connection,
        "SELECT id FROM blobs WHERE stored < size AND time < ?1 ORDER BY time LIMIT ?2",
        cutoff,
    )?;
    drop_all_of(connection, &old)
}

/// Drops blobs of logs whose messages have expired. A message is written soon after its blob, so the blob stays that much
/// longer.
fn of_logs(connection: &Connection, cutoff: i64) -> Result<u64, Failure> {
    let old = rows(
        connection,
        "SELECT id FROM blobs WHERE reader IS NOT NULL AND time < ?1 ORDER BY time LIMIT ?2",
        cutoff,
    )?;
    drop_all_of(connection, &old)
}

/// Ends the backup of the account that wrote longest ago, if that is too long ago. The caller repeats this, because there may
/// be more of it, or another account.
fn abandoned(connection: &Connection, cutoff: i64) -> Result<Option<u64>, Failure> {
    let owner: Option<i64> = connection
        .prepare_cached("SELECT id FROM owners WHERE time < ?1 ORDER BY time LIMIT 1")?
        .query_row([cutoff], |row| row.get(0))
        .optional()?;
    let Some(owner) = owner else { return Ok(None) };
    // This goes first, because the head names blobs that are about to go.
    connection
        .prepare_cached(
            "UPDATE owners SET version = version + 1, head = x'' WHERE id = ?1 AND length(head) > 0",
        )?
        .execute([owner])?;
    let blobs = rows(connection, "SELECT id FROM blobs WHERE owner = ?1 LIMIT ?2", owner)?;
    let dropped = drop_all_of(connection, &blobs)?;
    if dropped < BATCH {
        connection.prepare_cached("UPDATE owners SET time = NULL WHERE id = ?1")?.execute([owner])?;
    }
    Ok(Some(dropped))
}

/// Deletes chunks of dropped blobs.
fn chunks(connection: &Connection) -> Result<u64, Failure> {
    let mut deleted = 0_u64;
    while deleted < BATCH {
        let first: Option<i64> = connection
            .prepare_cached("SELECT blob FROM dropped LIMIT 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let Some(blob) = first else { break };
        let room = BATCH.saturating_sub(deleted);
        let count = connection
            .prepare_cached(
                "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE blob = ?1 LIMIT ?2)",
            )?
            .execute([blob, int(room)])?;
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        if count < room {
            connection.prepare_cached("DELETE FROM dropped WHERE blob = ?1")?.execute([blob])?;
        }
        // A blob counts as work even when it has no chunks left.
        deleted = deleted.saturating_add(count.max(1));
    }
    Ok(deleted)
}

/// The rows that `sql` selects for `parameter`, at most [`BATCH`].
fn rows(connection: &Connection, sql: &str, parameter: i64) -> Result<Vec<i64>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([parameter, int(BATCH)], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Drops blobs, and returns how many.
fn drop_all_of(connection: &Connection, blobs: &[i64]) -> Result<u64, Failure> {
    for blob in blobs {
        owners::drop_blob(connection, *blob)?;
    }
    Ok(u64::try_from(blobs.len()).unwrap_or(u64::MAX))
}

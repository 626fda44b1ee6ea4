//! Deletes expired data. One call deletes a bounded number of rows, so that appends do not wait long.

use parley_protocol::ids::UnixMillis;
use rusqlite::{Connection, params};

use super::commits;
use super::failure::Failure;
use super::integers::int;
use super::links;
use crate::store::{ExpiryRun, Quotas};

/// The most rows of each table that one call reads.
const BATCH: i64 = 500;
/// How long the row of an acknowledged inbox entry stays, in milliseconds, for late retries of its post.
const RETRY_WINDOW_MS: u64 = 2 * 24 * 60 * 60 * 1000;

pub(super) fn expire(
    connection: &Connection,
    now: UnixMillis,
    quotas: &Quotas,
) -> Result<ExpiryRun, Failure> {
    let cutoff = int(now.0.saturating_sub(quotas.expiry_ms));
    let old = int(now.0.saturating_sub(quotas.commit_ms));
    let retried = int(now.0.saturating_sub(quotas.expiry_ms.min(RETRY_WINDOW_MS)));
    let deleted = [
        entries(connection, cutoff)?,
        inboxes(connection, cutoff)?,
        delete(connection, ACKNOWLEDGED, retried)?,
        delete(connection, KEY_PACKAGES, cutoff)?,
        delete(connection, NEVER_USED, cutoff)?,
        old_commits(connection, old)?,
        delete(connection, IDLE, old)?,
        links::expire(connection, now, BATCH)?,
    ];
    let full = u64::try_from(BATCH).unwrap_or(u64::MAX);
    Ok(ExpiryRun { deleted: deleted.iter().sum(), more: deleted.iter().any(|count| *count >= full) })
}

// Each statement reads a bounded number of rows, however long the table is: by an index, or only the oldest rows.
const ACKNOWLEDGED: &str = "DELETE FROM inbox WHERE id IN
    (SELECT id FROM inbox WHERE payload IS NULL AND time < ?1 ORDER BY time LIMIT ?2)";
/// One-time KeyPackages only. One of last resort stays, or nobody could reach a device that was away.
const KEY_PACKAGES: &str = "DELETE FROM key_packages WHERE id IN
    (SELECT id FROM (SELECT id, time FROM key_packages ORDER BY id LIMIT ?2) WHERE time < ?1)";
/// Logs that never got an entry.
const NEVER_USED: &str = "DELETE FROM logs WHERE id IN
    (SELECT id FROM logs WHERE head = 0 AND time < ?1 ORDER BY time LIMIT ?2)";
/// Logs that got no entry for as long as commits are kept, with their GroupInfo. A person who writes there begins another log.
const IDLE: &str = "DELETE FROM logs WHERE id IN
    (SELECT id FROM logs WHERE head = messages_expired AND time < ?1 ORDER BY time LIMIT ?2)";

fn delete(connection: &Connection, sql: &str, cutoff: i64) -> Result<u64, Failure> {
    let deleted = connection.prepare_cached(sql)?.execute(params![cutoff, BATCH])?;
    Ok(u64::try_from(deleted).unwrap_or(u64::MAX))
}

/// For each log with old rows among the first of a table: the log, the last old row, their bytes and their number.
fn old_rows(connection: &Connection, sql: &str, cutoff: i64) -> Result<Vec<(i64, i64, i64, i64)>, Failure> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![cutoff, BATCH], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes old messages, keeps the commits among them, and notes in the logs how far. Rows are in the order of arrival, so the
/// oldest come first, and within a log no entry is deleted before an older one.
fn entries(connection: &Connection, cutoff: i64) -> Result<u64, Failure> {
    const OLD: &str = "SELECT log, max(seq), sum(iif(is_commit, 0, length(payload))), count(*) FROM
            (SELECT log, seq, is_commit, time, payload FROM entries ORDER BY id LIMIT ?2)
         WHERE time < ?1 GROUP BY log";
    let mut deleted = 0_u64;
    for (log, seq, bytes, count) in old_rows(connection, OLD, cutoff)? {
        connection
            .prepare_cached("UPDATE logs SET messages_expired = ?2, bytes = bytes - ?3 WHERE id = ?1")?
            .execute([log, seq, bytes])?;
        commits::keep(connection, log, seq)?;
        connection.prepare_cached("DELETE FROM entries WHERE log = ?1 AND seq <= ?2")?.execute([log, seq])?;
        deleted = deleted.saturating_add(u64::try_from(count).unwrap_or(0));
    }
    Ok(deleted)
}

/// Deletes old commits, and notes in their logs that nobody can read on from before them.
fn old_commits(connection: &Connection, cutoff: i64) -> Result<u64, Failure> {
    const OLD: &str = "SELECT log, max(seq), sum(length(payload)), count(*) FROM
            (SELECT log, seq, time, payload FROM commits ORDER BY id LIMIT ?2)
         WHERE time < ?1 GROUP BY log";
    let mut deleted = 0_u64;
    for (log, seq, bytes, count) in old_rows(connection, OLD, cutoff)? {
        connection
            .prepare_cached(
                "UPDATE logs SET expired = ?2, bytes = bytes - ?3, commit_bytes = commit_bytes - ?3 WHERE id = ?1",
            )?
            .execute([log, seq, bytes])?;
        connection.prepare_cached("DELETE FROM commits WHERE log = ?1 AND seq <= ?2")?.execute([log, seq])?;
        deleted = deleted.saturating_add(u64::try_from(count).unwrap_or(0));
    }
    Ok(deleted)
}

/// Deletes expired entries of inboxes.
fn inboxes(connection: &Connection, cutoff: i64) -> Result<u64, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id, device, length(payload) FROM
            (SELECT id, device, time, payload FROM inbox ORDER BY id LIMIT ?2)
         WHERE payload IS NOT NULL AND time < ?1",
    )?;
    let old = statement
        .query_map(params![cutoff, BATCH], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, i64, i64)>, _>>()?;
    let mut deleted = 0_u64;
    for (entry, device, bytes) in old {
        connection.prepare_cached("DELETE FROM inbox WHERE id = ?1")?.execute([entry])?;
        connection
            .prepare_cached("UPDATE devices SET waiting = waiting - 1, bytes = bytes - ?2 WHERE id = ?1")?
            .execute([device, bytes])?;
        deleted = deleted.saturating_add(1);
    }
    Ok(deleted)
}

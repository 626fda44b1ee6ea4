//! Stores conversation logs: creation, commits, and the rules of epochs. Messages are in `appends`.

use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{
    AppendLinkedCommit, CreateLinkedLog, EntryKind, InboxAddress, RelayError, Stored,
};
use parley_protocol::ids::{AppendId, Epoch, Era, LogId, Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::inbox;
use super::integers::{id, int, uint};
use super::links;
use crate::store::{Committed, Poster, Quotas};

/// A row of `logs`.
#[derive(Clone, Copy)]
pub(super) struct Log {
    pub(super) row: i64,
    pub(super) epoch: Epoch,
    pub(super) head: Seq,
    /// Up to this number only commits remain.
    pub(super) messages_expired: Seq,
    /// Up to this number nothing remains.
    pub(super) expired: Seq,
    pub(super) time: UnixMillis,
    pub(super) bytes: u64,
    commit_bytes: u64,
    /// The current era.
    era: Era,
}

/// Finds a log.
pub(super) fn find(connection: &Connection, log: &LogId) -> Result<Log, Failure> {
    connection
        .prepare_cached(
            "SELECT id, epoch, head, messages_expired, expired, time, bytes, commit_bytes, (SELECT era FROM era)
             FROM logs WHERE log = ?1",
        )?
        .query_row([log.as_bytes()], |row| {
            Ok(Log {
                row: row.get(0)?,
                epoch: Epoch(uint(row, 1)?),
                head: Seq(uint(row, 2)?),
                messages_expired: Seq(uint(row, 3)?),
                expired: Seq(uint(row, 4)?),
                time: UnixMillis(uint(row, 5)?),
                bytes: uint(row, 6)?,
                commit_bytes: uint(row, 7)?,
                era: Era(row.get(8)?),
            })
        })
        .optional()?
        .ok_or(Failure::Refused(RelayError::UnknownLog))
}

/// Makes a log, unless some inboxes have no room; then returns those.
pub(super) fn create(
    connection: &Connection,
    now: UnixMillis,
    (request, posters): (&CreateLinkedLog, &[Poster]),
    quotas: &Quotas,
) -> Result<Vec<InboxAddress>, Failure> {
    let CreateLinkedLog { creation: request, links } = request;
    let made_before = connection
        .prepare_cached("SELECT first_epoch, first_append, first_read FROM logs WHERE log = ?1")?
        .query_row([request.log.as_bytes()], |row| {
            Ok((Epoch(uint(row, 0)?), CapabilityHash(row.get(1)?), CapabilityHash(row.get(2)?)))
        })
        .optional()?;
    if let Some(first) = made_before {
        let same = first == (request.epoch, request.append, request.read);
        return if same { Ok(Vec::new()) } else { Err(RelayError::LogExists.into()) };
    }
    quotas.room.for_new()?;
    let full = inbox::without_room(connection, &request.welcomes.posts, posters, quotas)?;
    if full.len() == request.welcomes.posts.len() && !full.is_empty() {
        return Err(RelayError::QuotaExceeded.into());
    }
    if !full.is_empty() {
        return Ok(full);
    }
    connection
        .prepare_cached(
            "INSERT INTO logs (log, first_epoch, first_append, first_read, epoch, time, group_info, bytes)
             VALUES (?1, ?2, ?3, ?4, ?2, ?5, ?6, coalesce(length(?6), 0))",
        )?
        .execute(params![
            request.log.as_bytes(),
            id(request.epoch.0)?,
            request.append.0,
            request.read.0,
            int(now.0),
            request.group_info.as_deref(),
        ])?;
    let row = connection.last_insert_rowid();
    open(connection, EPOCH, row, (request.epoch, Seq(1)), &request.append)?;
    open(connection, GROUP_ERA, row, (request.epoch, Seq(1)), &request.read)?;
    let bytes = links::write(connection, row, links)?;
    connection
        .prepare_cached("UPDATE logs SET bytes = bytes + ?2 WHERE id = ?1")?
        .execute([row, int(bytes)])?;
    inbox::post_all(connection, now, (&request.welcomes.posts, posters), quotas)?;
    Ok(full)
}

const EPOCH: &str = "INSERT INTO epochs (log, capability, epoch, first) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";
const GROUP_ERA: &str = "INSERT INTO group_eras (log, capability, epoch, first) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO NOTHING";

/// Begins an epoch or a group era; `sql` decides which.
fn open(
    connection: &Connection,
    sql: &str,
    row: i64,
    (epoch, first): (Epoch, Seq),
    capability: &CapabilityHash,
) -> Result<(), Failure> {
    let inserted =
        connection.prepare_cached(sql)?.execute(params![row, capability.0, id(epoch.0)?, int(first.0)])?;
    // A capability that opened an earlier one would open two.
    if inserted == 1 { Ok(()) } else { Err(RelayError::BadRequest.into()) }
}

/// Ends the group era with the commit at this place, and begins another one with the next epoch.
fn begin_group_era(
    connection: &Connection,
    log: &Log,
    ended: Seq,
    read: &CapabilityHash,
) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE group_eras SET last = ?2 WHERE log = ?1 AND last IS NULL")?
        .execute([log.row, int(ended.0)])?;
    open(connection, GROUP_ERA, log.row, (log.epoch, ended.next()), read)
}

/// The epoch in which a capability permits appends.
pub(super) fn epoch_of(
    connection: &Connection,
    row: i64,
    capability: &CapabilityHash,
) -> Result<Epoch, Failure> {
    connection
        .prepare_cached("SELECT epoch FROM epochs WHERE log = ?1 AND capability = ?2")?
        .query_row(params![row, capability.0], |row| uint(row, 0).map(Epoch))
        .optional()?
        .ok_or(Failure::Refused(RelayError::WrongCapability))
}

/// Checks that `capability` permits appends in `epoch`.
pub(super) fn authorise(
    connection: &Connection,
    log: &Log,
    epoch: Epoch,
    capability: &CapabilityHash,
) -> Result<(), Failure> {
    let opens = epoch_of(connection, log.row, capability)?;
    if opens < log.epoch {
        return Err(RelayError::StaleEpoch { current: log.epoch }.into());
    }
    if opens == epoch { Ok(()) } else { Err(RelayError::WrongCapability.into()) }
}

/// The place of an earlier append with this id.
pub(super) fn landed(
    connection: &Connection,
    row: i64,
    append: &AppendId,
) -> Result<Option<Stored>, Failure> {
    match landed_surely(connection, row, append) {
        Ok(stored) => Ok(Some(stored)),
        Err(Failure::Sql(rusqlite::Error::QueryReturnedNoRows)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The place of an earlier append with this id, which must exist.
pub(super) fn landed_surely(connection: &Connection, row: i64, append: &AppendId) -> Result<Stored, Failure> {
    let stored = connection
        .prepare_cached("SELECT seq, time, era FROM entries WHERE log = ?1 AND append = ?2")?
        .query_row(params![row, append.as_bytes()], |row| {
            Ok(Stored { seq: Seq(uint(row, 0)?), time: UnixMillis(uint(row, 1)?), era: Era(row.get(2)?) })
        })?;
    Ok(stored)
}

/// Appends a commit with its epoch's capability. If it begins a group era, its links replace all others.
pub(super) fn append_commit(
    connection: &Connection,
    now: UnixMillis,
    (request, posters): (&AppendLinkedCommit, &[Poster]),
    quotas: &Quotas,
) -> Result<Committed, Failure> {
    let AppendLinkedCommit { commit: request, links } = request;
    let mut log = find(connection, &request.log)?;
    if let Some(stored) = landed(connection, log.row, &request.append)? {
        return Ok(Committed::Stored(stored));
    }
    authorise(connection, &log, request.epoch, &request.capability.hash())?;
    quotas.room.to_grow()?;
    let full = inbox::without_room(connection, &request.welcomes.posts, posters, quotas)?;
    if !full.is_empty() {
        return Ok(Committed::Undelivered(full));
    }
    let commit = (&request.append, &*request.commit, &request.next_append);
    let stored = end_epoch(connection, now, &mut log, commit)?;
    if let Some(read) = &request.next_read {
        begin_group_era(connection, &log, stored.seq, read)?;
        log.bytes = links::replace(connection, &log, links)?;
    } else if !links.is_empty() {
        return Err(RelayError::BadRequest.into());
    }
    // The GroupInfo of a group era's beginning is valid for all of it: a commit within the era need not bring one.
    if request.group_info.is_some() || request.next_read.is_some() {
        log.bytes = replace_group_info(connection, &log, request.group_info.as_deref())?;
    }
    inbox::post_all(connection, now, (&request.welcomes.posts, posters), quotas)?;
    check_quota(&log, quotas)?;
    save_head(connection, &log)?;
    Ok(Committed::Stored(stored))
}

/// Inserts a commit, and begins the next epoch with its capability for appends.
pub(super) fn end_epoch(
    connection: &Connection,
    now: UnixMillis,
    log: &mut Log,
    (append, commit, next): (&AppendId, &[u8], &CapabilityHash),
) -> Result<Stored, Failure> {
    let stored =
        insert(connection, now, log, append, EntryKind::Commit, commit)?.ok_or(RelayError::BadRequest)?;
    log.epoch = log.epoch.next();
    log.commit_bytes = log.commit_bytes.saturating_add(length(commit));
    open(connection, EPOCH, log.row, (log.epoch, stored.seq.next()), next)?;
    Ok(stored)
}

/// Replaces the GroupInfo. Returns the bytes of the log afterwards.
fn replace_group_info(connection: &Connection, log: &Log, info: Option<&[u8]>) -> Result<u64, Failure> {
    let before: u64 = connection
        .prepare_cached("SELECT coalesce(length(group_info), 0) FROM logs WHERE id = ?1")?
        .query_row([log.row], |row| uint(row, 0))?;
    connection
        .prepare_cached("UPDATE logs SET group_info = ?2 WHERE id = ?1")?
        .execute(params![log.row, info])?;
    let added = info.map_or(0, length);
    Ok(log.bytes.saturating_sub(before).saturating_add(added))
}

/// Inserts an entry and advances `log`, unless the log has an entry with this id. [`save_head`] stores the new head once for
/// all entries of a request.
pub(super) fn insert(
    connection: &Connection,
    now: UnixMillis,
    log: &mut Log,
    append: &AppendId,
    kind: EntryKind,
    payload: &[u8],
) -> Result<Option<Stored>, Failure> {
    let stored = Stored { seq: log.head.next(), time: log.time.max(now), era: log.era };
    let inserted = connection
        .prepare_cached(
            "INSERT INTO entries (log, seq, epoch, append, is_commit, time, payload, era)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            log.row,
            int(stored.seq.0),
            id(log.epoch.0)?,
            append.as_bytes(),
            kind == EntryKind::Commit,
            int(stored.time.0),
            payload,
            stored.era.as_bytes(),
        ])?;
    if inserted == 0 {
        return Ok(None);
    }
    log.head = stored.seq;
    log.time = stored.time;
    log.bytes = log.bytes.saturating_add(length(payload));
    Ok(Some(stored))
}

/// Checks that the log is not too large.
pub(super) fn check_quota(log: &Log, quotas: &Quotas) -> Result<(), Failure> {
    let fits = log.bytes <= quotas.log_bytes && log.commit_bytes <= quotas.commit_bytes;
    if fits { Ok(()) } else { Err(RelayError::QuotaExceeded.into()) }
}

pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

pub(super) fn save_head(connection: &Connection, log: &Log) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "UPDATE logs SET epoch = ?2, head = ?3, time = ?4, bytes = ?5, commit_bytes = ?6 WHERE id = ?1",
        )?
        .execute(params![
            log.row,
            id(log.epoch.0)?,
            int(log.head.0),
            int(log.time.0),
            int(log.bytes),
            int(log.commit_bytes),
        ])?;
    Ok(())
}

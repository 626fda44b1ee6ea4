//! Reading conversation logs: what a capability opens, page by page.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{EntryKind, KnownPlace, LogEntry, RelayError, Subscribed};
use parley_protocol::ids::{AppendId, Epoch, Era, LogId, Seq, UnixMillis};
use parley_protocol::limits::{MAX_PUSH, PUSH_TARGET_BYTES};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::failure::Failure;
use super::integers::{id, int, uint};
use super::logs::{self, Log};
use crate::store::{LogPage, OpenedLog};

/// The entries of an epoch: from `first` to `last`, which is there once a commit has ended the epoch.
struct Span {
    first: Seq,
    last: Option<Seq>,
}

fn span(connection: &Connection, row: i64, epoch: Epoch) -> Result<Span, Failure> {
    let span = connection
        .prepare_cached("SELECT first, last FROM epochs WHERE log = ?1 AND epoch = ?2")?
        .query_row(params![row, id(epoch.0)?], |row| {
            let last: Option<i64> = row.get(1)?;
            Ok(Span {
                first: Seq(uint(row, 0)?),
                last: last.and_then(|last| u64::try_from(last).ok()).map(Seq),
            })
        })?;
    Ok(span)
}

/// What `capability` opens of `log`, and where to go on for a client that has everything up to `after`.
pub(super) fn open(
    connection: &Connection,
    log: &LogId,
    capability: &CapabilityHash,
    (after, known): (Seq, Option<KnownPlace>),
) -> Result<OpenedLog, Failure> {
    let log = logs::find(connection, log)?;
    let epoch = logs::epoch_of(connection, log.row, capability)?;
    if let Some(known) = known {
        check_known(connection, &log, known)?;
    }
    let span = span(connection, log.row, epoch)?;
    if after > log.head {
        return Err(RelayError::BadRequest.into());
    }
    // What stands before the epoch is not opened by its capability.
    let start = after.max(Seq(span.first.0.saturating_sub(1)));
    let last = span.last.unwrap_or(log.head);
    if start < log.expired && start < last {
        return Err(RelayError::Expired.into());
    }
    let head = if last >= span.first { last } else { Seq(0) };
    Ok(OpenedLog { state: Subscribed { head, epoch }, start })
}

/// Whether the log has an entry that a client knows. Of what has expired nobody can tell.
fn check_known(connection: &Connection, log: &Log, known: KnownPlace) -> Result<(), Failure> {
    if known.seq <= log.expired {
        return Ok(());
    }
    let era = connection
        .prepare_cached("SELECT era FROM entries WHERE log = ?1 AND seq = ?2")?
        .query_row(params![log.row, int(known.seq.0)], |row| Ok(Era(row.get(0)?)))
        .optional()?;
    if era == Some(known.era) { Ok(()) } else { Err(RelayError::WentBack.into()) }
}

/// The entries of `epoch` that follow `after`: at most [`MAX_PUSH`], and no more once they have
/// [`PUSH_TARGET_BYTES`].
pub(super) fn page(
    connection: &Connection,
    log: &LogId,
    epoch: Epoch,
    after: Seq,
) -> Result<LogPage, Failure> {
    let log = logs::find(connection, log)?;
    let span = span(connection, log.row, epoch)?;
    let last = span.last.unwrap_or(log.head);
    if after >= last {
        return Ok(LogPage { entries: Vec::new(), finished: span.last.is_some() });
    }
    if after < log.expired {
        return Err(RelayError::Expired.into());
    }
    let mut statement = connection.prepare_cached(
        "SELECT seq, epoch, append, is_commit, time, payload, era FROM entries
         WHERE log = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query(params![log.row, int(after.0), int(last.0)])?;
    let mut entries = Vec::new();
    let mut bytes = 0_usize;
    while entries.len() < MAX_PUSH
        && bytes < PUSH_TARGET_BYTES
        && let Some(row) = rows.next()?
    {
        let entry = entry(row)?;
        bytes = bytes.saturating_add(entry.payload.len());
        entries.push(entry);
    }
    let reached = entries.last().map(|entry| entry.seq);
    Ok(LogPage { finished: span.last.is_some() && reached == span.last, entries })
}

fn entry(row: &Row<'_>) -> rusqlite::Result<LogEntry> {
    let payload: Vec<u8> = row.get(5)?;
    Ok(LogEntry {
        seq: Seq(uint(row, 0)?),
        epoch: Epoch(uint(row, 1)?),
        era: Era(row.get(6)?),
        append: AppendId(row.get(2)?),
        kind: if row.get(3)? { EntryKind::Commit } else { EntryKind::Message },
        time: UnixMillis(uint(row, 4)?),
        payload: Bytes::new(payload)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(5, Type::Blob, Box::new(error)))?,
    })
}

/// The current epoch, for who knows its capability, and its sealed GroupInfo.
pub(super) fn group_info(
    connection: &Connection,
    log: &LogId,
    capability: &CapabilityHash,
) -> Result<(Epoch, Option<Vec<u8>>), Failure> {
    let log = logs::find(connection, log)?;
    logs::authorise(connection, &log, log.epoch, capability)?;
    let sealed = connection
        .prepare_cached("SELECT group_info FROM logs WHERE id = ?1")?
        .query_row([log.row], |row| row.get(0))?;
    Ok((log.epoch, sealed))
}

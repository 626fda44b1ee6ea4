//! Reads conversation logs page by page, as far as a capability opens them.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{EntryKind, KnownPlace, LogEntry, RelayError, Subscribed};
use parley_protocol::ids::{AppendId, Epoch, Era, LogId, Seq, UnixMillis};
use parley_protocol::limits::{MAX_PUSH, PUSH_TARGET_BYTES};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::commits;
use super::failure::Failure;
use super::integers::{id, int, uint};
use super::logs::{self, Log};
use crate::store::{LogPage, OpenedLog, ReadFrom};

/// A group era: its first epoch, and its entries from `first` to `last`. `last` is set once a commit has ended the era.
struct GroupEra {
    epoch: Epoch,
    first: Seq,
    last: Option<Seq>,
}

impl GroupEra {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        let last: Option<i64> = row.get(2)?;
        let last = last.and_then(|last| u64::try_from(last).ok()).map(Seq);
        Ok(Self { epoch: Epoch(uint(row, 0)?), first: Seq(uint(row, 1)?), last })
    }

    /// The group era that a capability reads.
    fn by_capability(connection: &Connection, row: i64, hash: &CapabilityHash) -> Result<Self, Failure> {
        connection
            .prepare_cached("SELECT epoch, first, last FROM group_eras WHERE log = ?1 AND capability = ?2")?
            .query_row(params![row, hash.0], Self::of)
            .optional()?
            .ok_or(Failure::Refused(RelayError::WrongCapability))
    }

    /// The group era that begins with an epoch.
    fn by_epoch(connection: &Connection, row: i64, epoch: Epoch) -> Result<Self, Failure> {
        let era = connection
            .prepare_cached("SELECT epoch, first, last FROM group_eras WHERE log = ?1 AND epoch = ?2")?
            .query_row(params![row, id(epoch.0)?], Self::of)?;
        Ok(era)
    }

    /// The first place that a client may read that joined in this epoch.
    fn first_since(&self, connection: &Connection, row: i64, since: Option<Epoch>) -> Result<Seq, Failure> {
        let Some(since) = since else { return Ok(self.first) };
        let first = connection
            .prepare_cached("SELECT first FROM epochs WHERE log = ?1 AND epoch = ?2")?
            .query_row(params![row, id(since.0)?], |row| uint(row, 0).map(Seq))
            .optional()?
            .filter(|first| *first >= self.first && self.last.is_none_or(|last| *first <= last));
        first.ok_or(Failure::Refused(RelayError::WrongCapability))
    }
}

/// Finds what `capability` reads of `log`, and where to go on for a client that has everything up to `from.after`.
pub(super) fn open(
    connection: &Connection,
    log: &LogId,
    capability: &CapabilityHash,
    from: ReadFrom,
) -> Result<OpenedLog, Failure> {
    let log = logs::find(connection, log)?;
    let era = GroupEra::by_capability(connection, log.row, capability)?;
    if let Some(known) = from.known {
        check_known(connection, &log, known)?;
    }
    let first = era.first_since(connection, log.row, from.since)?;
    if from.after > log.head {
        return Err(RelayError::BadRequest.into());
    }
    let start = from.after.max(Seq(first.0.saturating_sub(1)));
    let last = era.last.unwrap_or(log.head);
    if start < log.expired && start < last {
        return Err(RelayError::Expired.into());
    }
    let head = if last >= era.first { last } else { Seq(0) };
    Ok(OpenedLog { state: Subscribed { head, epoch: era.epoch }, start })
}

/// Checks that the log has an entry that a client knows. This cannot be checked for expired entries.
fn check_known(connection: &Connection, log: &Log, known: KnownPlace) -> Result<(), Failure> {
    if known.seq <= log.messages_expired {
        return Ok(());
    }
    let era = connection
        .prepare_cached("SELECT era FROM entries WHERE log = ?1 AND seq = ?2")?
        .query_row(params![log.row, int(known.seq.0)], |row| Ok(Era(row.get(0)?)))
        .optional()?;
    if era == Some(known.era) { Ok(()) } else { Err(RelayError::RolledBack.into()) }
}

/// The entries after `after` of the group era that begins with `era`: at most [`MAX_PUSH`], and no further ones once they have
/// [`PUSH_TARGET_BYTES`].
pub(super) fn page(connection: &Connection, log: &LogId, era: Epoch, after: Seq) -> Result<LogPage, Failure> {
    let log = logs::find(connection, log)?;
    let era = GroupEra::by_epoch(connection, log.row, era)?;
    let last = era.last.unwrap_or(log.head);
    if after >= last {
        return Ok(LogPage { entries: Vec::new(), finished: era.last.is_some() });
    }
    if after < log.expired {
        return Err(RelayError::Expired.into());
    }
    let entries = if after < log.messages_expired {
        commits::page(connection, &log, after, last)?
    } else {
        recent(connection, &log, after, last)?
    };
    let reached = entries.last().map(|entry| entry.seq);
    Ok(LogPage { finished: era.last.is_some() && reached == era.last, entries })
}

/// The entries after a place behind which nothing has expired.
fn recent(connection: &Connection, log: &Log, after: Seq, last: Seq) -> Result<Vec<LogEntry>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, epoch, append, is_commit, time, payload, era FROM entries
         WHERE log = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query([log.row, int(after.0), int(last.0)])?;
    let mut page = Page::default();
    while page.has_room()
        && let Some(row) = rows.next()?
    {
        let kind = if row.get(3)? { EntryKind::Commit } else { EntryKind::Message };
        page.push(entry(row, kind)?);
    }
    Ok(page.entries)
}

/// Collects entries until there are enough for one push.
#[derive(Default)]
pub(super) struct Page {
    pub(super) entries: Vec<LogEntry>,
    bytes: usize,
}

impl Page {
    pub(super) fn has_room(&self) -> bool {
        self.entries.len() < MAX_PUSH && self.bytes < PUSH_TARGET_BYTES
    }

    pub(super) fn push(&mut self, entry: LogEntry) {
        self.bytes = self.bytes.saturating_add(entry.payload.len());
        self.entries.push(entry);
    }
}

/// Reads an entry from the columns place, epoch, append id, any, time, payload and era.
pub(super) fn entry(row: &Row<'_>, kind: EntryKind) -> rusqlite::Result<LogEntry> {
    let payload: Vec<u8> = row.get(5)?;
    Ok(LogEntry {
        seq: Seq(uint(row, 0)?),
        epoch: Epoch(uint(row, 1)?),
        era: Era(row.get(6)?),
        append: AppendId(row.get(2)?),
        kind,
        time: UnixMillis(uint(row, 4)?),
        payload: Bytes::new(payload)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(5, Type::Blob, Box::new(error)))?,
    })
}

/// The current epoch, for a client that may read its group era, and its sealed GroupInfo.
pub(super) fn group_info(
    connection: &Connection,
    log: &LogId,
    capability: &CapabilityHash,
) -> Result<(Epoch, Option<Vec<u8>>), Failure> {
    let log = logs::find(connection, log)?;
    if GroupEra::by_capability(connection, log.row, capability)?.last.is_some() {
        return Err(RelayError::StaleEpoch { current: log.epoch }.into());
    }
    let sealed = connection
        .prepare_cached("SELECT group_info FROM logs WHERE id = ?1")?
        .query_row([log.row], |row| row.get(0))?;
    Ok((log.epoch, sealed))
}

//! Keeps commits after the messages of their log have expired. A device that was away for long reads the commits one by one,
//! with a marker for the messages between them, until it reaches entries that are still complete.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{EntryKind, LogEntry};
use parley_protocol::ids::{AppendId, Epoch, Era, Seq, UnixMillis};
use rusqlite::{Connection, OptionalExtension as _};

use super::failure::Failure;
use super::integers::{int, uint};
use super::logs::Log;
use super::reading::{Page, entry};

/// The remaining entries after a place, up to `last` or to the place from which on nothing has expired.
pub(super) fn page(
    connection: &Connection,
    log: &Log,
    after: Seq,
    last: Seq,
) -> Result<Vec<LogEntry>, Failure> {
    let end = last.min(log.messages_expired);
    let mut statement = connection.prepare_cached(
        "SELECT seq, epoch, append, NULL, time, payload, era FROM commits
         WHERE log = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let mut rows = statement.query([log.row, int(after.0), int(end.0)])?;
    let mut page = Page::default();
    let mut reached = after;
    while page.has_room()
        && let Some(row) = rows.next()?
    {
        let commit = entry(row, EntryKind::Commit)?;
        let before = Seq(commit.seq.0.saturating_sub(1));
        if before > reached {
            page.push(marker((reached.next(), before), commit.epoch, commit.time));
            reached = before;
        }
        if page.has_room() {
            reached = commit.seq;
            page.push(commit);
        }
    }
    if page.has_room() && reached < end {
        let (epoch, time) = follower(connection, log, end)?;
        page.push(marker((reached.next(), end), epoch, time));
    }
    Ok(page.entries)
}

/// The entry that stands for expired messages.
fn marker((first, seq): (Seq, Seq), epoch: Epoch, time: UnixMillis) -> LogEntry {
    LogEntry {
        seq,
        epoch,
        era: Era([0; 8]),
        append: AppendId([0; 16]),
        kind: EntryKind::Expired { first },
        time,
        payload: Bytes::default(),
    }
}

/// The epoch and the time of the entry that follows a message, or of the log.
fn follower(connection: &Connection, log: &Log, seq: Seq) -> Result<(Epoch, UnixMillis), Failure> {
    let next = connection
        .prepare_cached("SELECT epoch, time FROM entries WHERE log = ?1 AND seq = ?2")?
        .query_row([log.row, int(seq.next().0)], |row| Ok((Epoch(uint(row, 0)?), UnixMillis(uint(row, 1)?))))
        .optional()?;
    Ok(next.unwrap_or((log.epoch, log.time)))
}

/// Keeps the commits of a log up to a place, before the other entries are deleted.
pub(super) fn keep(connection: &Connection, log: i64, upto: i64) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO commits (log, seq, epoch, append, time, payload, era)
             SELECT log, seq, epoch, append, time, payload, era FROM entries
             WHERE log = ?1 AND seq <= ?2 AND is_commit ORDER BY seq",
        )?
        .execute([log, upto])?;
    Ok(())
}

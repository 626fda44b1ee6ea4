//! Stores link slots, the ways into logs by invite link. A slot lasts as long as the group era in which it was written. It
//! admits one kind of commit without the epoch's capability: a client that has the link's capability joins by it.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{AskToJoin, EntryKind, JoinByLink, LinkOffer, LinkSlot, RelayError, Stored};
use parley_protocol::ids::{AppendId, Epoch, LogId, UnixMillis};
use parley_protocol::limits::MAX_LINK_OFFERS;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::integers::int;
use super::logs::{self, Log, length};
use crate::store::Quotas;

/// The append id of a join begins with this many bytes of the hash of its link's capability.
const MARK: usize = 8;

/// Writes the slots of a log that has none. Returns their bytes.
pub(super) fn write(connection: &Connection, log: i64, slots: &[LinkSlot]) -> Result<u64, Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO link_slots (log, link, wrap, expires) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    let mut bytes = 0_u64;
    for slot in slots {
        let expires = slot.expires.map(|time| int(time.0));
        if statement.execute(params![log, slot.link.0, &*slot.wrap, expires])? == 0 {
            return Err(RelayError::BadRequest.into());
        }
        bytes = bytes.saturating_add(length(&slot.wrap));
    }
    Ok(bytes)
}

/// Replaces all slots of a log. Returns the bytes of the log afterwards.
pub(super) fn replace(connection: &Connection, log: &Log, slots: &[LinkSlot]) -> Result<u64, Failure> {
    let before: i64 = connection
        .prepare_cached("SELECT coalesce(sum(length(wrap)), 0) FROM link_slots WHERE log = ?1")?
        .query_row([log.row], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM link_slots WHERE log = ?1")?.execute([log.row])?;
    let before = u64::try_from(before).unwrap_or(0);
    Ok(log.bytes.saturating_sub(before).saturating_add(write(connection, log.row, slots)?))
}

/// The logs into which a link leads, the newest first.
pub(super) fn offers(
    connection: &Connection,
    now: UnixMillis,
    link: &CapabilityHash,
) -> Result<Vec<LinkOffer>, Failure> {
    let most = u64::try_from(MAX_LINK_OFFERS).unwrap_or(u64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT logs.log, wrap FROM link_slots JOIN logs ON logs.id = link_slots.log
         WHERE link = ?1 AND (expires IS NULL OR expires >= ?2) ORDER BY link_slots.log DESC LIMIT ?3",
    )?;
    let rows = statement.query_map(params![link.0, int(now.0), int(most)], |row| {
        let wrap: Vec<u8> = row.get(1)?;
        let wrap = Bytes::new(wrap)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error)))?;
        Ok(LinkOffer { log: LogId(row.get(0)?), wrap })
    })?;
    let offers = rows.collect::<Result<Vec<_>, _>>()?;
    if offers.is_empty() { Err(RelayError::UnknownLink.into()) } else { Ok(offers) }
}

/// Whether a link leads into a log now.
fn leads(connection: &Connection, now: UnixMillis, log: i64, link: &CapabilityHash) -> Result<bool, Failure> {
    let found = connection
        .prepare_cached(
            "SELECT 1 FROM link_slots WHERE log = ?1 AND link = ?2 AND (expires IS NULL OR expires >= ?3)",
        )?
        .query_row(params![log, link.0, int(now.0)], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

/// Appends the commit of a client that joins by a link, and begins the next epoch. The group era, its slots and its GroupInfo
/// stay. `link` is the hash of the request's capability.
pub(super) fn join(
    connection: &Connection,
    now: UnixMillis,
    (request, link): (&JoinByLink, &CapabilityHash),
    quotas: &Quotas,
) -> Result<Stored, Failure> {
    let JoinByLink { log, epoch, append, .. } = request;
    let mut log = match enter(connection, now, (log, link), (*epoch, append))? {
        Entry::Landed(stored) => return Ok(stored),
        Entry::Into(log) => log,
    };
    quotas.room.to_grow()?;
    let commit = (append, &*request.commit, &request.next_append);
    let stored = logs::end_epoch(connection, now, &mut log, commit)?;
    logs::check_quota(&log, quotas)?;
    logs::save_head(connection, &log)?;
    Ok(stored)
}

/// Appends the request of who has a link to be let in, as a message of the epoch. `link` is the hash of the request's capability.
pub(super) fn ask(
    connection: &Connection,
    now: UnixMillis,
    (request, link): (&AskToJoin, &CapabilityHash),
    quotas: &Quotas,
) -> Result<Stored, Failure> {
    let AskToJoin { log, epoch, append, ask, .. } = request;
    let mut log = match enter(connection, now, (log, link), (*epoch, append))? {
        Entry::Landed(stored) => return Ok(stored),
        Entry::Into(log) => log,
    };
    quotas.room.to_grow()?;
    let stored = logs::insert(connection, now, &mut log, append, EntryKind::Message, ask)?
        .ok_or(RelayError::BadRequest)?;
    logs::check_quota(&log, quotas)?;
    logs::save_head(connection, &log)?;
    Ok(stored)
}

/// What becomes of an entry that comes by a link.
enum Entry {
    /// It is in the log already.
    Landed(Stored),
    /// It belongs here.
    Into(Log),
}

/// The log into which who has a link may append now.
fn enter(
    connection: &Connection,
    now: UnixMillis,
    (log, link): (&LogId, &CapabilityHash),
    (epoch, append): (Epoch, &AppendId),
) -> Result<Entry, Failure> {
    let log = match logs::find(connection, log) {
        // A link that leads nowhere: who has it need not know why.
        Err(Failure::Refused(_)) => return Err(RelayError::UnknownLink.into()),
        found => found?,
    };
    if let Some(stored) = logs::landed(connection, log.row, append)? {
        return Ok(Entry::Landed(stored));
    }
    if !leads(connection, now, log.row, link)? {
        return Err(RelayError::UnknownLink.into());
    }
    if append.as_bytes().first_chunk::<MARK>() != link.0.first_chunk::<MARK>() {
        return Err(RelayError::BadRequest.into());
    }
    if epoch != log.epoch {
        return Err(RelayError::StaleEpoch { current: log.epoch }.into());
    }
    Ok(Entry::Into(log))
}

/// Deletes slots whose time is over, at most so many; how many they were.
pub(super) fn expire(connection: &Connection, now: UnixMillis, most: i64) -> Result<u64, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT id, log, length(wrap) FROM link_slots WHERE expires < ?1 ORDER BY expires LIMIT ?2",
    )?;
    let old = statement
        .query_map([int(now.0), most], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<Vec<(i64, i64, i64)>, _>>()?;
    let mut deleted = 0_u64;
    for (slot, log, bytes) in old {
        connection.prepare_cached("DELETE FROM link_slots WHERE id = ?1")?.execute([slot])?;
        connection
            .prepare_cached("UPDATE logs SET bytes = bytes - ?2 WHERE id = ?1")?
            .execute([log, bytes])?;
        deleted = deleted.saturating_add(1);
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use parley_protocol::bounded::List;
    use parley_protocol::capability::Capability;
    use parley_protocol::frame::{
        AppendCommit, AppendLinkedCommit, EntryKind, JoinByLink, LinkSlot, Welcomes,
    };
    use parley_protocol::ids::{AppendId, Epoch, Seq};

    use super::super::{SqliteOptions, SqliteStore};
    use super::*;
    use crate::store::{ReadFrom, Store as _, suite};

    const LOG: LogId = LogId([1; 16]);

    /// Writes a database like the first release: a log with a message, whose capabilities consist of twos and threes.
    fn write_first_release(path: &std::path::Path) {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(include_str!("schema/relay.sql")).unwrap();
        connection.pragma_update(None, "user_version", 6).unwrap();
        let (append, read) = (Capability::new([2; 32]).hash(), Capability::new([3; 32]).hash());
        connection
            .execute(
                "INSERT INTO logs (id, log, first_epoch, first_append, first_read, epoch, head, time, bytes, group_info)
                 VALUES (7, ?1, 4, ?2, ?3, 4, 1, 50, 11, x'696E666F')",
                params![LOG.as_bytes(), append.0, read.0],
            )
            .unwrap();
        for (table, capability) in [("epochs", append), ("group_eras", read)] {
            let sql = format!("INSERT INTO {table} (log, capability, epoch, first) VALUES (7, ?1, 4, 1)");
            connection.execute(&sql, [capability.0]).unwrap();
        }
        connection
            .execute(
                "INSERT INTO entries (log, seq, epoch, append, is_commit, time, payload, era)
                 VALUES (7, 1, 4, ?1, 0, 50, x'6D657373616765', x'0102030405060708')",
                [[9_u8; 16]],
            )
            .unwrap();
    }

    #[tokio::test]
    async fn a_database_of_the_first_release_opens_with_what_is_in_it_and_takes_links() {
        let folder = tempfile::tempdir().unwrap();
        write_first_release(&folder.path().join("relay.sqlite3"));
        let options = SqliteOptions {
            folder: folder.path().to_owned(),
            readers: 1,
            quotas: suite::QUOTAS,
            floor: 0,
            max_pages: None,
        };
        let store = SqliteStore::open(&options).unwrap();
        let (now, reader) = (UnixMillis(60), Capability::new([3; 32]).hash());
        let opened = store.open_log(LOG, reader, ReadFrom::default()).await.unwrap();
        assert_eq!((opened.state.head, opened.state.epoch), (Seq(1), Epoch(4)));
        let page = store.read_log(LOG, Epoch(4), Seq(0)).await.unwrap();
        assert_eq!((page.entries[0].kind, &*page.entries[0].payload), (EntryKind::Message, &b"message"[..]));
        assert_eq!(store.group_info(LOG, reader).await, Ok((Epoch(4), Some(b"info".to_vec()))));
        let link = Capability::new([5; 32]);
        let wrap = Bytes::new(b"wrap".to_vec()).unwrap();
        let commit = AppendCommit {
            log: LOG,
            capability: Capability::new([2; 32]),
            epoch: Epoch(4),
            append: AppendId([8; 16]),
            commit: Bytes::new(b"commit".to_vec()).unwrap(),
            next_append: Capability::new([12; 32]).hash(),
            next_read: Some(Capability::new([13; 32]).hash()),
            welcomes: Welcomes::default(),
            group_info: None,
        };
        let slot = LinkSlot { link: link.hash(), wrap: wrap.clone(), expires: None };
        let request = AppendLinkedCommit { commit, links: List::new(vec![slot]).unwrap() };
        store.append_linked_commit(now, request, vec![]).await.unwrap();
        assert_eq!(store.open_link(now, link.hash()).await, Ok(vec![LinkOffer { log: LOG, wrap }]));
        let mut append = [0; 16];
        append[..MARK].copy_from_slice(&link.hash().0[..MARK]);
        let join = JoinByLink {
            log: LOG,
            link,
            epoch: Epoch(5),
            append: AppendId(append),
            commit: Bytes::new(b"join".to_vec()).unwrap(),
            next_append: Capability::new([22; 32]).hash(),
        };
        assert_eq!(store.join_by_link(now, join).await.unwrap().seq, Seq(3));
        store.close();
        drop(store);
        // The database opens again afterwards.
        let store = SqliteStore::open(&options).unwrap();
        assert!(store.open_link(now, Capability::new([5; 32]).hash()).await.is_ok());
    }
}

//! Inboxes of devices.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{CheckIn, InboxAddress, InboxEntry, InboxPost, RelayError, Stored};
use parley_protocol::ids::{Era, Seq, Stamp, UnixMillis};
use parley_protocol::limits::{MAX_PUSH, PUSH_TARGET_BYTES};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::integers::{int, uint};
use crate::store::Quotas;

/// Numbers of an inbox are good for one subscription, whatever becomes of the database.
const NO_ERA: Era = Era([0; Era::LENGTH]);

/// A row of `devices`.
pub(super) struct Inbox {
    pub(super) row: i64,
    capability: CapabilityHash,
    head: Seq,
    acked: Seq,
    time: UnixMillis,
    waiting: u64,
    bytes: u64,
}

/// Finds the inbox of a device that is in its account's log now.
pub(super) fn find(connection: &Connection, address: &InboxAddress) -> Result<Inbox, Failure> {
    let found = connection
        .prepare_cached(
            "SELECT devices.id, capability, devices.head, acked, time, waiting, bytes
             FROM devices JOIN accounts ON accounts.id = devices.account
             WHERE accounts.account = ?1 AND devices.device = ?2",
        )?
        .query_row(params![address.account.as_bytes(), address.device.as_bytes()], |row| {
            Ok(Inbox {
                row: row.get(0)?,
                capability: CapabilityHash(row.get(1)?),
                head: Seq(uint(row, 2)?),
                acked: Seq(uint(row, 3)?),
                time: UnixMillis(uint(row, 4)?),
                waiting: uint(row, 5)?,
                bytes: uint(row, 6)?,
            })
        })
        .optional()?;
    found.ok_or(Failure::Refused(RelayError::UnknownDevice))
}

/// Finds an inbox for somebody who has to know its capability.
pub(super) fn find_owned(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
) -> Result<Inbox, Failure> {
    let inbox = find(connection, address)?;
    if inbox.capability == *capability { Ok(inbox) } else { Err(RelayError::WrongCapability.into()) }
}

pub(super) fn post(
    connection: &Connection,
    now: UnixMillis,
    post: &InboxPost,
    quotas: &Quotas,
) -> Result<Stored, Failure> {
    let inbox = find(connection, &post.to)?;
    let known = connection
        .prepare_cached("SELECT seq, time FROM inbox WHERE device = ?1 AND append = ?2")?
        .query_row(params![inbox.row, post.append.as_bytes()], |row| {
            Ok(Stored { seq: Seq(uint(row, 0)?), time: UnixMillis(uint(row, 1)?), era: NO_ERA })
        })
        .optional()?;
    if let Some(stored) = known {
        return Ok(stored);
    }
    let bytes = inbox.bytes.saturating_add(u64::try_from(post.payload.len()).unwrap_or(u64::MAX));
    if inbox.waiting >= quotas.inbox_entries || bytes > quotas.inbox_bytes {
        return Err(RelayError::QuotaExceeded.into());
    }
    let stored = Stored { seq: inbox.head.next(), time: inbox.time.max(now), era: NO_ERA };
    connection
        .prepare_cached("INSERT INTO inbox (device, seq, append, time, payload) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![
            inbox.row,
            int(stored.seq.0),
            post.append.as_bytes(),
            int(stored.time.0),
            &*post.payload
        ])?;
    connection
        .prepare_cached(
            "UPDATE devices SET head = ?2, time = ?3, waiting = waiting + 1, bytes = ?4 WHERE id = ?1",
        )?
        .execute(params![inbox.row, int(stored.seq.0), int(stored.time.0), int(bytes)])?;
    Ok(stored)
}

/// The inbox's last place, for who knows its capability.
pub(super) fn open(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
) -> Result<Seq, Failure> {
    Ok(find_owned(connection, address, capability)?.head)
}

/// What waits in the inbox after `after`, as much as goes into one push.
pub(super) fn page(
    connection: &Connection,
    address: &InboxAddress,
    after: Seq,
) -> Result<Vec<InboxEntry>, Failure> {
    let inbox = find(connection, address)?;
    let mut statement = connection.prepare_cached(
        "SELECT seq, time, payload FROM inbox WHERE device = ?1 AND seq > ?2 AND payload IS NOT NULL
         ORDER BY seq",
    )?;
    let mut rows = statement.query(params![inbox.row, int(after.max(inbox.acked).0)])?;
    let mut entries = Vec::new();
    let mut bytes = 0_usize;
    while entries.len() < MAX_PUSH
        && bytes < PUSH_TARGET_BYTES
        && let Some(row) = rows.next()?
    {
        let payload: Vec<u8> = row.get(2)?;
        bytes = bytes.saturating_add(payload.len());
        let payload = Bytes::new(payload)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Blob, Box::new(error)))?;
        entries.push(InboxEntry { seq: Seq(uint(row, 0)?), time: UnixMillis(uint(row, 1)?), payload });
    }
    Ok(entries)
}

pub(super) fn acknowledge(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
    upto: Seq,
) -> Result<(), Failure> {
    let inbox = find_owned(connection, address, capability)?;
    // Nobody can acknowledge what has not come yet.
    let upto = upto.min(inbox.head);
    if upto <= inbox.acked {
        return Ok(());
    }
    let (count, bytes): (i64, i64) = connection
        .prepare_cached(
            "SELECT count(*), coalesce(sum(length(payload)), 0) FROM inbox
             WHERE device = ?1 AND seq > ?2 AND seq <= ?3 AND payload IS NOT NULL",
        )?
        .query_row(params![inbox.row, int(inbox.acked.0), int(upto.0)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    connection
        .prepare_cached("UPDATE inbox SET payload = NULL WHERE device = ?1 AND seq > ?2 AND seq <= ?3")?
        .execute(params![inbox.row, int(inbox.acked.0), int(upto.0)])?;
    connection
        .prepare_cached(
            "UPDATE devices SET acked = ?2, waiting = waiting - ?3, bytes = bytes - ?4 WHERE id = ?1",
        )?
        .execute(params![inbox.row, int(upto.0), count, bytes])?;
    Ok(())
}

/// Puts the device's new stamp in place of the one that it left before, which is the answer.
pub(super) fn check_in(connection: &Connection, request: &CheckIn) -> Result<Option<Stamp>, Failure> {
    let inbox = find_owned(connection, &request.address, &request.capability.hash())?;
    let before: Option<[u8; Stamp::LENGTH]> = connection
        .prepare_cached("SELECT stamp FROM devices WHERE id = ?1")?
        .query_row([inbox.row], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE devices SET stamp = ?2 WHERE id = ?1")?
        .execute(params![inbox.row, request.stamp.as_bytes()])?;
    Ok(before.map(Stamp))
}

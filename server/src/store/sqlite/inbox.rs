//! Inboxes of devices.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{InboxAddress, InboxEntry, InboxPost, RelayError, Stored, SwapStamp};
use parley_protocol::ids::{AppendId, Era, Seq, Stamp, UnixMillis};
use parley_protocol::limits::{MAX_PUSH, PUSH_TARGET_BYTES};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::Failure;
use super::integers::{int, uint};
use super::room;
use crate::store::{Poster, Quotas};

/// Numbers of an inbox are good for one subscription, whatever becomes of the database.
const NO_ERA: Era = Era([0; Era::LENGTH]);

/// A row of `devices`.
pub(super) struct Inbox {
    pub(super) row: i64,
    capability: CapabilityHash,
    head: Seq,
    acked: Seq,
    time: UnixMillis,
    pub(super) waiting: u64,
    pub(super) bytes: u64,
}

/// Length of what is put in.
pub(super) fn length(post: &InboxPost) -> u64 {
    u64::try_from(post.payload.len()).unwrap_or(u64::MAX)
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

/// Where an earlier post with this id landed.
fn landed(connection: &Connection, inbox: &Inbox, append: &AppendId) -> Result<Option<Stored>, Failure> {
    let known = connection
        .prepare_cached("SELECT seq, time FROM inbox WHERE device = ?1 AND append = ?2")?
        .query_row(params![inbox.row, append.as_bytes()], |row| {
            Ok(Stored { seq: Seq(uint(row, 0)?), time: UnixMillis(uint(row, 1)?), era: NO_ERA })
        })
        .optional()?;
    Ok(known)
}

/// Those of the inboxes that do not take their Welcome now.
pub(super) fn without_room(
    connection: &Connection,
    welcomes: &[InboxPost],
    posters: &[Poster],
    quotas: &Quotas,
) -> Result<Vec<InboxAddress>, Failure> {
    let mut full = Vec::new();
    for (post, poster) in welcomes.iter().zip(posters) {
        let inbox = find(connection, &post.to)?;
        let takes = landed(connection, &inbox, &post.append)?.is_some()
            || room::is_room(connection, &inbox, (post, *poster), quotas)?;
        if !takes {
            full.push(post.to);
        }
    }
    Ok(full)
}

/// Puts Welcomes into their inboxes, all or none.
pub(super) fn post_all(
    connection: &Connection,
    now: UnixMillis,
    (welcomes, posters): (&[InboxPost], &[Poster]),
    quotas: &Quotas,
) -> Result<(), Failure> {
    welcomes
        .iter()
        .zip(posters)
        .try_for_each(|(welcome, poster)| post(connection, now, (welcome, *poster), quotas).map(|_| ()))
}

pub(super) fn post(
    connection: &Connection,
    now: UnixMillis,
    (post, poster): (&InboxPost, Poster),
    quotas: &Quotas,
) -> Result<Stored, Failure> {
    let inbox = find(connection, &post.to)?;
    if let Some(stored) = landed(connection, &inbox, &post.append)? {
        return Ok(stored);
    }
    quotas.room.to_grow()?;
    if !room::is_room(connection, &inbox, (post, poster), quotas)? {
        return Err(RelayError::QuotaExceeded.into());
    }
    let bytes = inbox.bytes.saturating_add(length(post));
    let stored = Stored { seq: inbox.head.next(), time: inbox.time.max(now), era: NO_ERA };
    connection
        .prepare_cached(
            "INSERT INTO inbox (device, seq, append, time, payload, poster) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            inbox.row,
            int(stored.seq.0),
            post.append.as_bytes(),
            int(stored.time.0),
            &*post.payload,
            room::mark(poster),
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
        .prepare_cached(
            "UPDATE inbox SET payload = NULL, poster = NULL WHERE device = ?1 AND seq > ?2 AND seq <= ?3",
        )?
        .execute(params![inbox.row, int(inbox.acked.0), int(upto.0)])?;
    connection
        .prepare_cached(
            "UPDATE devices SET acked = ?2, waiting = waiting - ?3, bytes = bytes - ?4 WHERE id = ?1",
        )?
        .execute(params![inbox.row, int(upto.0), count, bytes])?;
    Ok(())
}

/// Puts the device's new stamp in place of the one that it left before, which is the answer.
pub(super) fn swap_stamp(connection: &Connection, request: &SwapStamp) -> Result<Option<Stamp>, Failure> {
    let inbox = find_owned(connection, &request.address, &request.capability.hash())?;
    let before: Option<[u8; Stamp::LENGTH]> = connection
        .prepare_cached("SELECT stamp FROM devices WHERE id = ?1")?
        .query_row([inbox.row], |row| row.get(0))?;
    connection
        .prepare_cached("UPDATE devices SET stamp = ?2 WHERE id = ?1")?
        .execute(params![inbox.row, request.stamp.as_bytes()])?;
    Ok(before.map(Stamp))
}

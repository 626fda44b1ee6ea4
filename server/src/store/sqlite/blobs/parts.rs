//! Blobs, as they come in parts and are read in parts. They lie on disk in chunks of one length, whatever the parts were:
//! so many small parts make no more rows, and reading anywhere touches few.

use parley_protocol::bounded::Bytes;
use parley_protocol::frame::{DeleteBlobs, FetchBlob, PutBlob, RelayError};
use parley_protocol::ids::{AccountId, BlobId, UnixMillis};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::super::integers::{int, uint};
use super::owners;
use crate::store::{BlobPart, Quotas};

/// Bytes of every chunk but a blob's last. A short part rewrites at most so much.
const CHUNK: u64 = 64 * 1024;

/// A row of `blobs`.
struct Blob {
    row: i64,
    owner: i64,
    account: AccountId,
    size: u64,
    stored: u64,
}

fn find(connection: &Connection, blob: &BlobId) -> Result<Option<Blob>, Failure> {
    let found = connection
        .prepare_cached(
            "SELECT blobs.id, accounts.id, accounts.account, size, stored
             FROM blobs JOIN accounts ON accounts.id = blobs.account WHERE blob = ?1",
        )?
        .query_row([blob.as_bytes()], |row| {
            Ok(Blob {
                row: row.get(0)?,
                owner: row.get(1)?,
                account: AccountId(row.get(2)?),
                size: uint(row, 3)?,
                stored: uint(row, 4)?,
            })
        })
        .optional()?;
    Ok(found)
}

/// Puts the next bytes, if they are that. The answer is how far the blob is stored then.
pub(super) fn put(
    connection: &Connection,
    now: UnixMillis,
    request: &PutBlob,
    quotas: &Quotas,
) -> Result<u64, Failure> {
    if request.size == 0 || request.size > MAX_BLOB {
        return Err(RelayError::TooLarge.into());
    }
    let found = find(connection, &request.blob)?;
    let agrees = |blob: &Blob| (blob.account, blob.size) == (request.address.account, request.size);
    if found.as_ref().is_some_and(|blob| !agrees(blob)) {
        return Err(RelayError::WrongCapability.into());
    }
    let stored = found.as_ref().map_or(0, |blob| blob.stored);
    let end = stored.saturating_add(length(&request.bytes));
    if request.bytes.is_empty() || request.offset != stored || end > request.size {
        return Ok(stored);
    }
    quotas.room.for_new()?;
    let (blob, owner) = match found {
        Some(blob) => (blob.row, blob.owner),
        None => begin(connection, now, request, quotas)?,
    };
    append(connection, blob, stored, &request.bytes)?;
    connection.prepare_cached("UPDATE blobs SET stored = ?2, time = ?3 WHERE id = ?1")?.execute([
        blob,
        int(end),
        int(now.0),
    ])?;
    owners::touch(connection, owner, now)?;
    Ok(end)
}

/// Makes a blob, of which nothing is stored. Returns its row and its account's.
fn begin(
    connection: &Connection,
    now: UnixMillis,
    request: &PutBlob,
    quotas: &Quotas,
) -> Result<(i64, i64), Failure> {
    let owner = owners::find_or_make(connection, &request.address.account)?;
    owners::count_blob(connection, &owner, request.size, quotas)?;
    connection
        .prepare_cached("INSERT INTO blobs (blob, account, size, time) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![request.blob.as_bytes(), owner.row, int(request.size), int(now.0),])?;
    Ok((connection.last_insert_rowid(), owner.row))
}

/// Writes bytes behind those that are stored: fills the last chunk, then makes new ones.
fn append(connection: &Connection, blob: i64, stored: u64, bytes: &[u8]) -> Result<(), Failure> {
    let mut place = stored / CHUNK;
    let begun = stored % CHUNK;
    let mut rest = bytes;
    if begun > 0 {
        let (more, behind) = cut(bytes, CHUNK.saturating_sub(begun));
        let (row, mut chunk): (i64, Vec<u8>) = connection
            .prepare_cached("SELECT id, bytes FROM chunks WHERE blob = ?1 AND place = ?2")?
            .query_row([blob, int(place)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        chunk.extend_from_slice(more);
        connection
            .prepare_cached("UPDATE chunks SET bytes = ?2 WHERE id = ?1")?
            .execute(params![row, chunk])?;
        rest = behind;
        place = place.saturating_add(1);
    }
    while !rest.is_empty() {
        let (chunk, behind) = cut(rest, CHUNK);
        connection
            .prepare_cached("INSERT INTO chunks (blob, place, bytes) VALUES (?1, ?2, ?3)")?
            .execute(params![blob, int(place), chunk])?;
        rest = behind;
        place = place.saturating_add(1);
    }
    Ok(())
}

/// A part of what is stored, for a device of the blob's account. Of another account's blob nobody learns that it is there.
pub(super) fn read(connection: &Connection, request: &FetchBlob) -> Result<BlobPart, Failure> {
    let own = |blob: &Blob| blob.account == request.address.account;
    let blob = find(connection, &request.blob)?.filter(own).ok_or(RelayError::UnknownBlob)?;
    let most = u64::from(request.most).min(u64::try_from(MAX_BLOB_PART).unwrap_or(u64::MAX));
    let end = request.offset.saturating_add(most).min(blob.stored);
    let mut bytes = Vec::new();
    if request.offset < end {
        let mut statement = connection.prepare_cached(
            "SELECT place, bytes FROM chunks WHERE blob = ?1 AND place >= ?2 AND place <= ?3 ORDER BY place",
        )?;
        let mut rows =
            statement.query([blob.row, int(request.offset / CHUNK), int(end.saturating_sub(1) / CHUNK)])?;
        while let Some(row) = rows.next()? {
            let begins = uint(row, 0)?.saturating_mul(CHUNK);
            let chunk = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let (_, wanted) = cut(chunk, request.offset.saturating_sub(begins));
            let (wanted, _) = cut(wanted, end.saturating_sub(begins.max(request.offset)));
            bytes.extend_from_slice(wanted);
        }
    }
    let bytes = Bytes::new(bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error)))?;
    Ok(BlobPart { size: blob.size, bytes })
}

/// Drops those of the blobs that are the account's.
pub(super) fn delete(connection: &Connection, request: &DeleteBlobs) -> Result<(), Failure> {
    for blob in request.blobs.iter() {
        if let Some(blob) = find(connection, blob)?
            && blob.account == request.address.account
        {
            owners::drop_blob(connection, blob.row)?;
        }
    }
    Ok(())
}

/// The first bytes, at most so many, and the others.
fn cut(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    bytes.split_at(usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

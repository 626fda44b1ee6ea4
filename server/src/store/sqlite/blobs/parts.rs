//! Writes and reads blobs part by part. On disk a blob lies in chunks of one length, whatever the parts were. So many small
//! parts make no more rows, and a read anywhere touches few rows.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{DeleteBlobs, FetchBlob, FetchLogBlob, PutBlob, PutLogBlob, RelayError};
use parley_protocol::ids::{AccountId, BlobHash, BlobId, UnixMillis};
use parley_protocol::limits::{MAX_BLOB, MAX_BLOB_PART};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::super::failure::Failure;
use super::super::integers::{int, uint};
use super::owners::{self, OwnerId};
use crate::store::{BlobPart, Quotas};

/// The length of every chunk but a blob's last, in bytes. A short part rewrites at most this much.
const CHUNK: u64 = 64 * 1024;

/// The additional data of a log's blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealing {
    /// The hash that the complete blob must have.
    hash: BlobHash,
    /// The hash of the capability that reads it.
    reader: CapabilityHash,
}

/// The next bytes of a blob, of an account or a log.
pub(super) struct Part<'a> {
    owner: OwnerId,
    blob: BlobId,
    size: u64,
    offset: u64,
    bytes: &'a [u8],
    sealing: Option<Sealing>,
}

impl<'a> From<&'a PutBlob> for Part<'a> {
    fn from(put: &'a PutBlob) -> Self {
        let PutBlob { address, blob, size, offset, bytes, .. } = put;
        let owner = OwnerId::Account(address.account);
        Self { owner, blob: *blob, size: *size, offset: *offset, bytes, sealing: None }
    }
}

impl<'a> From<&'a PutLogBlob> for Part<'a> {
    fn from(put: &'a PutLogBlob) -> Self {
        let PutLogBlob { log, blob, size, hash, reader, offset, bytes, .. } = put;
        let sealing = Some(Sealing { hash: *hash, reader: *reader });
        Self { owner: OwnerId::Log(*log), blob: *blob, size: *size, offset: *offset, bytes, sealing }
    }
}

/// The outcome of writing a part.
pub(super) enum Put {
    /// This many bytes of the blob are stored.
    Stored(u64),
    /// The blob was complete, had another hash, and is deleted.
    Spoilt,
}

impl Put {
    pub(super) fn answer(self) -> Result<u64, Failure> {
        match self {
            Self::Stored(stored) => Ok(stored),
            Self::Spoilt => Err(RelayError::WrongHash.into()),
        }
    }
}

/// A row of `blobs`.
struct Blob {
    row: i64,
    owner: i64,
    owner_id: Vec<u8>,
    size: u64,
    stored: u64,
    sealing: Option<Sealing>,
}

impl Blob {
    fn is_of(&self, account: &AccountId) -> bool {
        self.owner_id == account.as_bytes()
    }
}

fn find(connection: &Connection, blob: &BlobId) -> Result<Option<Blob>, Failure> {
    let found = connection
        .prepare_cached(
            "SELECT blobs.id, owners.id, owners.owner, size, stored, hash, reader
             FROM blobs JOIN owners ON owners.id = blobs.owner WHERE blob = ?1",
        )?
        .query_row([blob.as_bytes()], |row| {
            let (hash, reader): (Option<[u8; 32]>, Option<[u8; 32]>) = (row.get(5)?, row.get(6)?);
            let sealing = |(hash, reader)| Sealing { hash: BlobHash(hash), reader: CapabilityHash(reader) };
            Ok(Blob {
                row: row.get(0)?,
                owner: row.get(1)?,
                owner_id: row.get(2)?,
                size: uint(row, 3)?,
                stored: uint(row, 4)?,
                sealing: hash.zip(reader).map(sealing),
            })
        })
        .optional()?;
    Ok(found)
}

/// Writes the next bytes, if they follow the stored ones.
pub(super) fn put(
    connection: &Connection,
    now: UnixMillis,
    part: &Part<'_>,
    quotas: &Quotas,
) -> Result<Put, Failure> {
    if part.size == 0 || part.size > MAX_BLOB {
        return Err(RelayError::TooLarge.into());
    }
    let found = find(connection, &part.blob)?;
    let agrees = |blob: &Blob| {
        (blob.owner_id.as_slice(), blob.size, blob.sealing) == (part.owner.bytes(), part.size, part.sealing)
    };
    if found.as_ref().is_some_and(|blob| !agrees(blob)) {
        return Err(RelayError::WrongCapability.into());
    }
    let stored = found.as_ref().map_or(0, |blob| blob.stored);
    let end = stored.saturating_add(length(part.bytes));
    if part.bytes.is_empty() || part.offset != stored || end > part.size {
        return Ok(Put::Stored(stored));
    }
    quotas.room.for_new()?;
    let (blob, owner) = match found {
        Some(blob) => (blob.row, blob.owner),
        None => begin(connection, now, part, quotas)?,
    };
    append(connection, blob, stored, part.bytes)?;
    connection.prepare_cached("UPDATE blobs SET stored = ?2, time = ?3 WHERE id = ?1")?.execute([
        blob,
        int(end),
        int(now.0),
    ])?;
    match part.sealing {
        None => owners::touch(connection, owner, now)?,
        Some(sealing) if end == part.size && hash_of(connection, blob)? != sealing.hash => {
            owners::drop_blob(connection, blob)?;
            return Ok(Put::Spoilt);
        }
        Some(_) => {}
    }
    Ok(Put::Stored(end))
}

/// The hash of all bytes of a blob. The bytes are read again for this, because parts come at any pace, and the relay may have
/// restarted between two of them.
fn hash_of(connection: &Connection, blob: i64) -> Result<BlobHash, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT bytes FROM chunks WHERE blob = ?1 ORDER BY place")?;
    let mut rows = statement.query([blob])?;
    let mut hash = Sha256::new();
    while let Some(row) = rows.next()? {
        hash.update(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    Ok(BlobHash(hash.finalize().into()))
}

/// Makes an empty blob. Returns its row and its owner's row.
fn begin(
    connection: &Connection,
    now: UnixMillis,
    part: &Part<'_>,
    quotas: &Quotas,
) -> Result<(i64, i64), Failure> {
    let owner = owners::find_or_make(connection, &part.owner)?;
    owners::count_blob(connection, (&part.owner, &owner), part.size, quotas)?;
    connection
        .prepare_cached(
            "INSERT INTO blobs (blob, owner, size, time, hash, reader) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            part.blob.as_bytes(),
            owner.row,
            int(part.size),
            int(now.0),
            part.sealing.map(|sealing| sealing.hash.0),
            part.sealing.map(|sealing| sealing.reader.0),
        ])?;
    Ok((connection.last_insert_rowid(), owner.row))
}

/// Writes bytes after the stored ones: fills the last chunk, then makes new ones.
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

/// Reads stored bytes, for a device of the blob's account. Other accounts do not learn that the blob exists.
pub(super) fn read(connection: &Connection, request: &FetchBlob) -> Result<BlobPart, Failure> {
    let own = |blob: &Blob| blob.is_of(&request.address.account);
    let blob = find(connection, &request.blob)?.filter(own).ok_or(RelayError::UnknownBlob)?;
    part_of(connection, &blob, request.offset, request.most)
}

/// Reads a part of a complete blob of a log, for a client that knows its capability.
pub(super) fn read_of_log(connection: &Connection, request: &FetchLogBlob) -> Result<BlobPart, Failure> {
    let reader = request.capability.hash();
    let opens = |blob: &Blob| {
        blob.stored == blob.size && blob.sealing.is_some_and(|sealing| sealing.reader == reader)
    };
    let blob = find(connection, &request.blob)?.filter(opens).ok_or(RelayError::UnknownBlob)?;
    part_of(connection, &blob, request.offset, request.most)
}

fn part_of(connection: &Connection, blob: &Blob, offset: u64, most: u32) -> Result<BlobPart, Failure> {
    let most = u64::from(most).min(u64::try_from(MAX_BLOB_PART).unwrap_or(u64::MAX));
    let end = offset.saturating_add(most).min(blob.stored);
    let mut bytes = Vec::new();
    if offset < end {
        let mut statement = connection.prepare_cached(
            "SELECT place, bytes FROM chunks WHERE blob = ?1 AND place >= ?2 AND place <= ?3 ORDER BY place",
        )?;
        let mut rows =
            statement.query([blob.row, int(offset / CHUNK), int(end.saturating_sub(1) / CHUNK)])?;
        while let Some(row) = rows.next()? {
            let begins = uint(row, 0)?.saturating_mul(CHUNK);
            let chunk = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let (_, wanted) = cut(chunk, offset.saturating_sub(begins));
            let (wanted, _) = cut(wanted, end.saturating_sub(begins.max(offset)));
            bytes.extend_from_slice(wanted);
        }
    }
    let bytes = Bytes::new(bytes)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error)))?;
    Ok(BlobPart { size: blob.size, bytes })
}

/// Drops these blobs, as far as they belong to the account.
pub(super) fn delete(connection: &Connection, request: &DeleteBlobs) -> Result<(), Failure> {
    for blob in request.blobs.iter() {
        if let Some(blob) = find(connection, blob)?
            && blob.is_of(&request.address.account)
        {
            owners::drop_blob(connection, blob.row)?;
        }
    }
    Ok(())
}

/// Splits the bytes after at most this many.
fn cut(bytes: &[u8], at: u64) -> (&[u8], &[u8]) {
    bytes.split_at(usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len()))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

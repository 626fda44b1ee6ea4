//! Stores accounts: device logs and usernames. The connection has verified the signatures before; this module checks what only
//! the one writer can check.

use parley_protocol::bounded::{Bytes, List};
use parley_protocol::device_log::{DeviceRecord, LogHead, Signature, SignedEntry, VerifyingKeyBytes};
use parley_protocol::frame::{DeviceLogNews, DirectoryRecord, InboxAddress, KnownDeviceLog, RelayError};
use parley_protocol::ids::{AccountId, DeviceId, EntryHash};
use parley_protocol::limits::LOOKUP_TARGET_BYTES;
use parley_protocol::username::Username;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::failure::Failure;
use super::{inbox, recovery_keys};
use crate::store::{DeviceLogEffect, DeviceLogStep, NewAccount, Quotas};

/// A row of `accounts`.
pub(super) struct Account {
    pub(super) row: i64,
    id: AccountId,
    username: Username,
    length: i64,
    head: EntryHash,
}

const COLUMNS: &str = "SELECT id, account, username, length, head FROM accounts";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let username: String = row.get(2)?;
    Ok(Account {
        row: row.get(0)?,
        id: AccountId(row.get(1)?),
        username: Username::try_from(username)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error)))?,
        length: row.get(3)?,
        head: EntryHash(row.get(4)?),
    })
}

/// Finds an account.
pub(super) fn find(connection: &Connection, id: &AccountId) -> Result<Account, Failure> {
    connection
        .prepare_cached(&format!("{COLUMNS} WHERE account = ?1"))?
        .query_row([id.as_bytes()], account)
        .optional()?
        .ok_or(Failure::Refused(RelayError::UnknownAccount))
}

pub(super) fn register(connection: &Connection, new: &NewAccount, quotas: &Quotas) -> Result<(), Failure> {
    match find(connection, &new.account) {
        // The account exists under another name: `ClaimUsername` is for that.
        Ok(found) if found.username != new.username => return Err(RelayError::BadRequest.into()),
        Ok(_) => return Ok(()),
        Err(Failure::Refused(RelayError::UnknownAccount)) => {}
        Err(failure) => return Err(failure),
    }
    quotas.room.for_new()?;
    let head = new.entries.last().ok_or(RelayError::Invalid)?.hash();
    let inserted = connection
        .prepare_cached(
            "INSERT INTO accounts (account, username, skeleton, length, head) VALUES (?1, ?2, ?3, 0, ?4)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            new.account.as_bytes(),
            new.username.as_str(),
            new.username.skeleton(),
            head.as_bytes(),
        ])?;
    if inserted == 0 {
        return Err(RelayError::UsernameTaken.into());
    }
    let row = connection.last_insert_rowid();
    for (place, entry) in (0..).zip(&new.entries) {
        append_entry(connection, row, place, entry)?;
    }
    recovery_keys::keep(connection, row, &new.recovery_key)?;
    new.devices.iter().try_for_each(|device| add_device(connection, row, device))
}

fn append_entry(connection: &Connection, row: i64, place: i64, entry: &SignedEntry) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO device_log (account, place, body, signature, counter_signature)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            row,
            place,
            &*entry.body,
            entry.signature.0,
            entry.counter_signature.map(|signature| signature.0),
        ])?;
    connection
        .prepare_cached("UPDATE accounts SET length = ?2, head = ?3 WHERE id = ?1")?
        .execute(params![row, place.saturating_add(1), entry.hash().as_bytes()])?;
    Ok(())
}

fn add_device(connection: &Connection, row: i64, device: &DeviceRecord) -> Result<(), Failure> {
    connection
        .prepare_cached("INSERT INTO devices (account, device, capability) VALUES (?1, ?2, ?3)")?
        .execute(params![row, device.id.as_bytes(), device.inbox.0])?;
    Ok(())
}

pub(super) fn append(connection: &Connection, step: &DeviceLogStep) -> Result<(), Failure> {
    let found = find(connection, &step.account)?;
    if found.head == step.entry.hash() {
        // This is a retry after a lost answer.
        return Ok(());
    }
    if found.head != step.previous {
        return Err(RelayError::DeviceLogConflict.into());
    }
    append_entry(connection, found.row, found.length, &step.entry)?;
    match step.effect {
        DeviceLogEffect::Add(device) => add_device(connection, found.row, &device)?,
        DeviceLogEffect::Remove(device) => {
            // Its inbox and its pool are deleted with it.
            connection
                .prepare_cached("DELETE FROM devices WHERE account = ?1 AND device = ?2")?
                .execute(params![found.row, device.as_bytes()])?;
        }
        DeviceLogEffect::ReplaceRecoveryKey(key) => recovery_keys::keep(connection, found.row, &key)?,
        DeviceLogEffect::None => {}
    }
    Ok(())
}

pub(super) fn claim_username(
    connection: &Connection,
    account: &AccountId,
    device: &DeviceId,
    username: &Username,
) -> Result<(), Failure> {
    let found = find(connection, account)?;
    // Somebody may have removed the device since its signature was verified.
    inbox::find(connection, &InboxAddress { account: *account, device: *device })?;
    let updated = connection
        .prepare_cached("UPDATE OR IGNORE accounts SET username = ?2, skeleton = ?3 WHERE id = ?1")?
        .execute(params![found.row, username.as_str(), username.skeleton()])?;
    if updated == 1 { Ok(()) } else { Err(RelayError::UsernameTaken.into()) }
}

pub(super) fn record(connection: &Connection, id: &AccountId) -> Result<DirectoryRecord, Failure> {
    let found = find(connection, id)?;
    with_log(connection, found)
}

pub(super) fn resolve(connection: &Connection, username: &Username) -> Result<DirectoryRecord, Failure> {
    let found = connection
        .prepare_cached(&format!("{COLUMNS} WHERE username = ?1"))?
        .query_row([username.as_str()], account)
        .optional()?
        .ok_or(Failure::Refused(RelayError::UnknownAccount))?;
    with_log(connection, found)
}

/// The account to which a recovery key leads.
pub(super) fn recover(connection: &Connection, key: &VerifyingKeyBytes) -> Result<DirectoryRecord, Failure> {
    let found = connection
        .prepare_cached(&format!("{COLUMNS} WHERE id = (SELECT account FROM recovery_keys WHERE key = ?1)"))?
        .query_row([key.0], account)
        .optional()?
        .ok_or(Failure::Refused(RelayError::UnknownAccount))?;
    with_log(connection, found)
}

/// The new entries of device logs. Leaves entries that would make the answer too long for another request.
pub(super) fn news(connection: &Connection, known: &[KnownDeviceLog]) -> Result<Vec<DeviceLogNews>, Failure> {
    let mut bytes = 0_usize;
    let mut news = Vec::with_capacity(known.len());
    for known in known {
        if bytes >= LOOKUP_TARGET_BYTES {
            news.push(DeviceLogNews::Later(known.account));
            continue;
        }
        news.push(match find(connection, &known.account) {
            Ok(found) => {
                let record = after(connection, found, known.known)?;
                bytes = record.log.iter().map(|entry| entry.body.len()).fold(bytes, usize::saturating_add);
                DeviceLogNews::Record(record)
            }
            Err(Failure::Refused(RelayError::UnknownAccount)) => DeviceLogNews::Unknown(known.account),
            Err(failure) => return Err(failure),
        });
    }
    Ok(news)
}

fn with_log(connection: &Connection, found: Account) -> Result<DirectoryRecord, Failure> {
    after(connection, found, None)
}

/// The entries after those that a client has, if the log contains the client's head.
fn after(
    connection: &Connection,
    found: Account,
    known: Option<LogHead>,
) -> Result<DirectoryRecord, Failure> {
    let after = match known {
        Some(head) if has(connection, &found, &head)? => head.length,
        _ => 0,
    };
    let mut statement = connection.prepare_cached(
        "SELECT body, signature, counter_signature FROM device_log WHERE account = ?1 AND place >= ?2
         ORDER BY place",
    )?;
    let entries =
        statement.query_map(params![found.row, after], signed_entry)?.collect::<Result<Vec<_>, _>>()?;
    let log = List::new(entries)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error)))?;
    Ok(DirectoryRecord { account: found.id, after, log, username: Some(found.username) })
}

/// Whether the log has or had this head.
fn has(connection: &Connection, found: &Account, head: &LogHead) -> Result<bool, Failure> {
    if found.length == i64::from(head.length) {
        return Ok(found.head == head.hash);
    }
    let Some(place) = head.length.checked_sub(1) else { return Ok(false) };
    let entry = connection
        .prepare_cached(
            "SELECT body, signature, counter_signature FROM device_log WHERE account = ?1 AND place = ?2",
        )?
        .query_row(params![found.row, place], signed_entry)
        .optional()?;
    Ok(entry.is_some_and(|entry| entry.hash() == head.hash))
}

/// An entry from the columns `body`, `signature` and `counter_signature`.
pub(super) fn signed_entry(row: &Row<'_>) -> rusqlite::Result<SignedEntry> {
    let body: Vec<u8> = row.get(0)?;
    let counter_signature: Option<[u8; 64]> = row.get(2)?;
    Ok(SignedEntry {
        body: Bytes::new(body)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error)))?,
        signature: Signature(row.get(1)?),
        counter_signature: counter_signature.map(Signature),
    })
}

//! Stores the KeyPackage pools of devices.

use parley_protocol::bounded::Bytes;
use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{ClaimedKeyPackage, InboxAddress, PublishKeyPackages, RelayError};
use parley_protocol::ids::{AccountId, DeviceId, UnixMillis};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::integers::int;
use super::{directory, inbox};
use crate::store::{Claim, PoolCount, Quotas};

pub(super) fn publish(
    connection: &Connection,
    now: UnixMillis,
    request: &PublishKeyPackages,
    quotas: &Quotas,
) -> Result<PoolCount, Failure> {
    quotas.room.to_grow()?;
    let device = inbox::find_owned(connection, &request.address, &request.capability.hash())?.row;
    for key_package in request.one_time.iter() {
        let hash: [u8; 32] = Sha256::digest(&**key_package).into();
        connection
            .prepare_cached(
                "INSERT INTO key_packages (device, hash, time, key_package) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![device, hash, int(now.0), &**key_package])?;
    }
    if let Some(last_resort) = &request.last_resort {
        connection
            .prepare_cached("UPDATE devices SET last_resort = ?2 WHERE id = ?1")?
            .execute(params![device, &**last_resort])?;
    }
    let count = count_row(connection, device)?;
    if u64::from(count.one_time) > quotas.pool {
        return Err(RelayError::QuotaExceeded.into());
    }
    Ok(count)
}

/// A KeyPackage that was given out stays known by its hash, so that a device cannot publish it again.
pub(super) fn forget(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
) -> Result<PoolCount, Failure> {
    let device = inbox::find_owned(connection, address, capability)?.row;
    connection
        .prepare_cached("UPDATE key_packages SET key_package = NULL WHERE device = ?1")?
        .execute([device])?;
    connection.prepare_cached("UPDATE devices SET last_resort = NULL WHERE id = ?1")?.execute([device])?;
    count_row(connection, device)
}

pub(super) fn count(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
) -> Result<PoolCount, Failure> {
    let device = inbox::find_owned(connection, address, capability)?.row;
    count_row(connection, device)
}

fn count_row(connection: &Connection, device: i64) -> Result<PoolCount, Failure> {
    let count = connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM key_packages WHERE device = ?1 AND key_package IS NOT NULL),
                    last_resort IS NOT NULL
             FROM devices WHERE id = ?1",
        )?
        .query_row([device], |row| Ok(PoolCount { one_time: row.get(0)?, last_resort: row.get(1)? }))?;
    Ok(count)
}

pub(super) fn claim(
    connection: &Connection,
    account: &AccountId,
    devices: &[(DeviceId, Claim)],
) -> Result<Vec<ClaimedKeyPackage>, Failure> {
    let account = directory::find(connection, account)?.row;
    let mut claimed = Vec::with_capacity(devices.len());
    for (device, claim) in devices {
        let row = connection
            .prepare_cached("SELECT id FROM devices WHERE account = ?1 AND device = ?2")?
            .query_row(params![account, device.as_bytes()], |row| row.get(0))
            .optional()?;
        if let Some(row) = row
            && let Some(key_package) = take(connection, row, *claim)?
        {
            claimed.push(ClaimedKeyPackage { device: *device, key_package });
        }
    }
    Ok(claimed)
}

/// Takes the oldest one-time KeyPackage, which is given out only once, or returns the one of last resort.
fn take<const MAX: usize>(
    connection: &Connection,
    device: i64,
    claim: Claim,
) -> Result<Option<Bytes<MAX>>, Failure> {
    let one_time = if claim == Claim::OneTime { oldest(connection, device)? } else { None };
    let bytes = if let Some((row, bytes)) = one_time {
        connection
            .prepare_cached("UPDATE key_packages SET key_package = NULL WHERE id = ?1")?
            .execute([row])?;
        Some(bytes)
    } else {
        connection
            .prepare_cached("SELECT last_resort FROM devices WHERE id = ?1")?
            .query_row([device], |row| row.get(0))?
    };
    let too_long = |error| rusqlite::Error::FromSqlConversionFailure(1, Type::Blob, Box::new(error));
    Ok(bytes.map(Bytes::new).transpose().map_err(too_long)?)
}

fn oldest(connection: &Connection, device: i64) -> Result<Option<(i64, Vec<u8>)>, Failure> {
    let oldest = connection
        .prepare_cached(
            "SELECT id, key_package FROM key_packages WHERE device = ?1 AND key_package IS NOT NULL
             ORDER BY id LIMIT 1",
        )?
        .query_row([device], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(oldest)
}

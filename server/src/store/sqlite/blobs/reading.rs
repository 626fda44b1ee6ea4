//! Decides who may read blobs: a device that is in the account's log now. The reading threads have the relay's database
//! attached.

use std::path::Path;

use parley_protocol::capability::CapabilityHash;
use parley_protocol::frame::{InboxAddress, RelayError};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::failure::Failure;
use super::super::threads::Readers;
use super::super::{OpenError, connect_reading};

/// The threads that read blobs and heads.
pub(super) fn readers(path: &Path, relay: &Path, count: usize) -> Result<Readers, OpenError> {
    let open = || {
        let connection = connect_reading(path)?;
        let relay = relay.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(relay.to_owned()))?;
        connection.execute("ATTACH DATABASE ?1 AS relay", [relay])?;
        Ok::<_, rusqlite::Error>(connection)
    };
    let connections = (0..count.max(1)).map(|_| open()).collect::<Result<Vec<_>, _>>()?;
    Ok(Readers::spawn(connections)?)
}

/// Refuses a client that does not know the inbox capability of a device that is in its account's log now.
pub(super) fn check(
    connection: &Connection,
    address: &InboxAddress,
    capability: &CapabilityHash,
) -> Result<(), Failure> {
    let known: Option<[u8; 32]> = connection
        .prepare_cached(
            "SELECT devices.capability FROM relay.devices AS devices
             JOIN relay.accounts AS accounts ON accounts.id = devices.account
             WHERE accounts.account = ?1 AND devices.device = ?2",
        )?
        .query_row(params![address.account.as_bytes(), address.device.as_bytes()], |row| row.get(0))
        .optional()?;
    match known {
        None => Err(RelayError::UnknownDevice.into()),
        Some(known) if known == capability.0 => Ok(()),
        Some(_) => Err(RelayError::WrongCapability.into()),
    }
}

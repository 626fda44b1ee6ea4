//! Which account a recovery key leads to. Anybody can put somebody else's public key into their own log: the account
//! that was first with a key keeps it, for as long as its log names it.

use std::collections::BTreeMap;

use parley_protocol::device_log::{Change, VerifyingKeyBytes};
use rusqlite::{Connection, params};

use super::directory;
use super::failure::Failure;

/// Notes the recovery key of an account, in the place of the one that it had.
pub(super) fn keep(connection: &Connection, account: i64, key: &VerifyingKeyBytes) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM recovery_keys WHERE account = ?1")?.execute([account])?;
    Ok(insert(connection, account, key)?)
}

fn insert(connection: &Connection, account: i64, key: &VerifyingKeyBytes) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO recovery_keys (key, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![key.0, account])?;
    Ok(())
}

/// Notes the keys of all accounts of a database that has not done so yet. Of two that name the same key now, the one
/// that registered first gets it.
pub(super) fn fill(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(
        "SELECT body, signature, counter_signature, account FROM device_log ORDER BY account, place",
    )?;
    let mut rows = statement.query([])?;
    let mut keys = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let account: i64 = row.get(3)?;
        match directory::signed_entry(row)?.parse().map(|body| body.change) {
            Ok(Change::Genesis { recovery_key: key, .. } | Change::ReplaceRecoveryKey(key)) => {
                keys.insert(account, key);
            }
            Ok(Change::AddDevice(_) | Change::RemoveDevice(_) | Change::PutBack(_) | Change::Missed(_)) => {}
            // It was verified when it came. The relay shall start all the same.
            Err(error) => tracing::error!(%error, "a stored device log entry cannot be read"),
        }
    }
    for (account, key) in keys {
        insert(connection, account, &key)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use parley_protocol::capability::Capability;
    use parley_protocol::device_log::{Author, Body, DeviceRecord, SignedEntry};
    use parley_protocol::ids::{DeviceId, EntryHash, UnixMillis};

    use super::super::migrate::{RELAY, migrate};
    use super::*;

    fn entry(change: Change) -> SignedEntry {
        let previous = (!matches!(change, Change::Genesis { .. })).then_some(EntryHash([1; 32]));
        let author = Author::Device(DeviceId([2; 16]));
        let body = Body { previous, created: UnixMillis(0), author, change };
        SignedEntry::sign(&body, &SigningKey::from_bytes(&[3; 32]), None).unwrap()
    }

    fn genesis(recovery_key: VerifyingKeyBytes) -> SignedEntry {
        let inbox = Capability::new([4; 32]).hash();
        let device = DeviceRecord { id: DeviceId([2; 16]), key: recovery_key, inbox };
        entry(Change::Genesis { device, recovery_key })
    }

    /// A database of version 2 with the device logs of accounts 1, 2 and so on.
    fn version_2(logs: &[&[SignedEntry]]) -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &RELAY[..2]).unwrap();
        for (account, log) in (1..).zip(logs) {
            connection
                .execute(
                    "INSERT INTO accounts (id, account, username, skeleton, length, head)
                     VALUES (?1, randomblob(32), hex(?1), hex(?1), ?2, x'00')",
                    params![account, i64::try_from(log.len()).unwrap()],
                )
                .unwrap();
            for (place, entry) in (0_i64..).zip(*log) {
                connection
                    .execute(
                        "INSERT INTO device_log (account, place, body, signature) VALUES (?1, ?2, ?3, ?4)",
                        params![account, place, &*entry.body, entry.signature.0],
                    )
                    .unwrap();
            }
        }
        connection
    }

    #[test]
    fn a_database_of_version_2_finds_its_accounts_by_their_recovery_keys() {
        let [first, second, newer] = [1, 2, 3].map(|byte| VerifyingKeyBytes([byte; 32]));
        let replaced = entry(Change::ReplaceRecoveryKey(newer));
        let removed = entry(Change::RemoveDevice(DeviceId([9; 16])));
        let mut unreadable = genesis(second);
        unreadable.body = parley_protocol::bounded::Bytes::new(vec![9; 40]).unwrap();
        let mut connection = version_2(&[
            &[genesis(first), removed.clone()],
            &[genesis(second), replaced, removed],
            // Somebody else's keys, and what cannot be read.
            &[genesis(first)],
            &[genesis(newer)],
            &[unreadable],
        ]);
        migrate(&mut connection, RELAY).unwrap();
        let mut statement =
            connection.prepare("SELECT key, account FROM recovery_keys ORDER BY key").unwrap();
        let found = statement.query_map([], |row| Ok((VerifyingKeyBytes(row.get(0)?), row.get(1)?))).unwrap();
        let found: Vec<(VerifyingKeyBytes, i64)> = found.collect::<Result<_, _>>().unwrap();
        assert_eq!(found, [(first, 1), (newer, 2)]);
    }
}

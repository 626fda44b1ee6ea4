//! Stores which account a recovery key leads to. Anybody can put somebody else's public key into their own log, so the account
//! that was first with a key keeps it as long as its log names it.

use parley_protocol::device_log::VerifyingKeyBytes;
use rusqlite::{Connection, params};

use super::failure::Failure;

/// Stores the recovery key of an account, in place of its earlier one.
pub(super) fn keep(connection: &Connection, account: i64, key: &VerifyingKeyBytes) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM recovery_keys WHERE account = ?1")?.execute([account])?;
    connection
        .prepare_cached("INSERT INTO recovery_keys (key, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![key.0, account])?;
    Ok(())
}

//! Brings a database to the schema of this build, one file for each step.

use rusqlite::Connection;

use super::OpenError;

/// Step *n* (from 1) leads from `user_version` *n - 1* to *n*. A step that was released is never edited.
const STEPS: &[&str] = &[include_str!("schema/001.sql"), include_str!("schema/002.sql")];

pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = STEPS.get(found..).ok_or(OpenError::Newer { found, known: STEPS.len() })?;
    for (version, step) in (found.saturating_add(1)..).zip(missing) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, STEPS.len());
    }

    #[test]
    fn a_database_of_version_1_keeps_its_devices_and_gets_room_for_stamps() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO accounts (id, account, username, skeleton, length, head)
                 VALUES (1, x'01', 'ada', 'ada', 1, x'02');
                 INSERT INTO devices (account, device, capability, head) VALUES (1, x'03', x'04', 7);",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let device: (i64, Option<Vec<u8>>) = connection
            .query_row("SELECT head, stamp FROM devices", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(device, (7, None));
    }

    #[test]
    fn a_database_of_a_newer_relay_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", STEPS.len() + 1).unwrap();
        assert!(matches!(migrate(&mut connection), Err(OpenError::Newer { .. })));
    }
}

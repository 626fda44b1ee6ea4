//! Brings a database to the schema of this build, one file for each step.

use rusqlite::Connection;

use super::{OpenError, recovery_keys};

/// One step of a schema.
pub(super) struct Step {
    sql: &'static str,
    /// What SQL cannot do, after it.
    fill: Option<fn(&Connection) -> rusqlite::Result<()>>,
}

impl Step {
    const fn sql(sql: &'static str) -> Self {
        Self { sql, fill: None }
    }
}

/// Step *n* (from 1) leads from `user_version` *n - 1* to *n*. A step that was released is never edited.
pub(super) const RELAY: &[Step] = &[
    Step::sql(include_str!("schema/001.sql")),
    Step::sql(include_str!("schema/002.sql")),
    Step { sql: include_str!("schema/003.sql"), fill: Some(recovery_keys::fill) },
    Step::sql(include_str!("schema/004.sql")),
    Step::sql(include_str!("schema/005.sql")),
];

/// The same for the database of blobs.
pub(super) const BLOBS: &[Step] = &[Step::sql(include_str!("schema/blobs_001.sql"))];

pub(super) fn migrate(connection: &mut Connection, steps: &[Step]) -> Result<(), OpenError> {
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let missing = steps.get(found..).ok_or(OpenError::Newer { found, known: steps.len() })?;
    for (version, step) in (found.saturating_add(1)..).zip(missing) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step.sql)?;
        if let Some(fill) = step.fill {
            fill(&transaction)?;
        }
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
        for steps in [RELAY, BLOBS] {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, steps).unwrap();
            migrate(&mut connection, steps).unwrap();
            let version: usize =
                connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(version, steps.len());
        }
    }

    #[test]
    fn a_database_of_version_1_keeps_its_devices_and_gets_room_for_stamps() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(RELAY[0].sql).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO accounts (id, account, username, skeleton, length, head)
                 VALUES (1, x'01', 'ada', 'ada', 1, x'02');
                 INSERT INTO devices (account, device, capability, head) VALUES (1, x'03', x'04', 7);",
            )
            .unwrap();
        migrate(&mut connection, RELAY).unwrap();
        let device: (i64, Option<Vec<u8>>) = connection
            .query_row("SELECT head, stamp FROM devices", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!(device, (7, None));
    }

    #[test]
    fn a_database_of_a_newer_relay_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", RELAY.len() + 1).unwrap();
        assert!(matches!(migrate(&mut connection, RELAY), Err(OpenError::Newer { .. })));
    }
}

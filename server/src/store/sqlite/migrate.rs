//! Migrates a database to the schema of this build, with one file for each step.

use rusqlite::Connection;

use super::OpenError;

/// The versions of a schema.
pub(super) struct Schema {
    /// The `user_version` of the first released schema, which the first step makes in an empty database. Earlier schemas were
    /// never released: the relay leaves such a database as it is.
    first: usize,
    /// The steps: to the first version, and from each version to the next. A released step is never edited.
    steps: &'static [&'static str],
}

impl Schema {
    fn newest(&self) -> usize {
        self.first.saturating_add(self.steps.len()).saturating_sub(1)
    }
}

/// Logs, inboxes, pools and the directory.
pub(super) const RELAY: Schema =
    Schema { first: 6, steps: &[include_str!("schema/relay.sql"), include_str!("schema/link_slots.sql")] };

/// Blobs and the heads of backups.
pub(super) const BLOBS: Schema = Schema { first: 2, steps: &[include_str!("schema/blobs.sql")] };

pub(super) fn migrate(connection: &mut Connection, schema: &Schema) -> Result<(), OpenError> {
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > 0 && found < schema.first {
        return Err(OpenError::Older { found, oldest: schema.first });
    }
    let begun = found.saturating_add(1).saturating_sub(schema.first);
    let missing = schema.steps.get(begun..).ok_or(OpenError::Newer { found, known: schema.newest() })?;
    for (version, sql) in (schema.first.saturating_add(begun)..).zip(missing) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(connection: &Connection) -> usize {
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        for schema in [RELAY, BLOBS] {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, &schema).unwrap();
            migrate(&mut connection, &schema).unwrap();
            assert_eq!(version(&connection), schema.newest());
        }
    }

    /// Tests with a step that a later build may have.
    #[test]
    fn a_database_goes_through_the_steps_that_it_lacks_and_keeps_what_is_in_it() {
        const NEXT: Schema = Schema {
            first: RELAY.first,
            steps: &[RELAY.steps[0], RELAY.steps[1], "ALTER TABLE probe ADD COLUMN more INTEGER"],
        };
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &RELAY).unwrap();
        connection.execute("UPDATE probe SET written = 7", []).unwrap();
        migrate(&mut connection, &NEXT).unwrap();
        let probe: (i64, Option<i64>) = connection
            .query_row("SELECT written, more FROM probe", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!((probe, version(&connection)), ((7, None), RELAY.newest() + 1));
    }

    #[test]
    fn a_database_of_a_newer_relay_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", RELAY.newest() + 1).unwrap();
        let refused = migrate(&mut connection, &RELAY);
        assert!(matches!(refused, Err(OpenError::Newer { found: 8, known: 7 })), "{refused:?}");
    }

    #[test]
    fn a_database_from_before_the_first_release_is_refused_and_left_as_it_is() {
        for (schema, old) in [(RELAY, 1), (RELAY, 5), (BLOBS, 1)] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection
                .execute_batch("CREATE TABLE logs (log BLOB); INSERT INTO logs VALUES (x'01')")
                .unwrap();
            connection.pragma_update(None, "user_version", old).unwrap();
            let refused = migrate(&mut connection, &schema).unwrap_err();
            assert_eq!(
                refused.to_string(),
                format!(
                    "a database has schema {old}, of a build from before the first release; this relay knows schemas \
                     from {} on: give it another data folder, or use the build that made this one",
                    schema.first
                )
            );
            let rows: u32 = connection.query_row("SELECT count(*) FROM logs", [], |row| row.get(0)).unwrap();
            assert_eq!((rows, version(&connection)), (1, old));
        }
    }
}

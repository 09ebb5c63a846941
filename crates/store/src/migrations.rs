//! The engine's own tables: numbered files, each carried out once, all in one transaction.

use rusqlite::Connection;

use crate::error::Error;
use crate::sqlite::failure::failed;

/// A numbered file of SQL.
pub(crate) struct Migration {
    pub number: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

const fn step(number: i64, name: &'static str, sql: &'static str) -> Migration {
    Migration { number, name, sql }
}

/// For SQLite, in order.
pub(crate) const SQLITE: [Migration; 10] = [
    step(1, "engine", include_str!("../../../migrations/sqlite/0001_engine.sql")),
    step(2, "conformity", include_str!("../../../migrations/sqlite/0002_conformity.sql")),
    step(3, "view_columns", include_str!("../../../migrations/sqlite/0003_view_columns.sql")),
    step(4, "identity", include_str!("../../../migrations/sqlite/0004_identity.sql")),
    step(5, "framework", include_str!("../../../migrations/sqlite/0005_framework.sql")),
    step(6, "mail", include_str!("../../../migrations/sqlite/0006_mail.sql")),
    step(7, "ways_in", include_str!("../../../migrations/sqlite/0007_ways_in.sql")),
    step(8, "provisioned", include_str!("../../../migrations/sqlite/0008_provisioned.sql")),
    step(9, "doors", include_str!("../../../migrations/sqlite/0009_doors.sql")),
    step(10, "webhooks", include_str!("../../../migrations/sqlite/0010_webhooks.sql")),
];

/// For PostgreSQL, in order.
pub(crate) const POSTGRES: [Migration; 10] = [
    step(1, "engine", include_str!("../../../migrations/postgres/0001_engine.sql")),
    step(2, "conformity", include_str!("../../../migrations/postgres/0002_conformity.sql")),
    step(3, "view_columns", include_str!("../../../migrations/postgres/0003_view_columns.sql")),
    step(4, "identity", include_str!("../../../migrations/postgres/0004_identity.sql")),
    step(5, "framework", include_str!("../../../migrations/postgres/0005_framework.sql")),
    step(6, "mail", include_str!("../../../migrations/postgres/0006_mail.sql")),
    step(7, "ways_in", include_str!("../../../migrations/postgres/0007_ways_in.sql")),
    step(8, "provisioned", include_str!("../../../migrations/postgres/0008_provisioned.sql")),
    step(9, "doors", include_str!("../../../migrations/postgres/0009_doors.sql")),
    step(10, "webhooks", include_str!("../../../migrations/postgres/0010_webhooks.sql")),
];

/// Tables of the engine whose rows are numbered by `id` through [`crate::Store::allocate`].
pub(crate) const NUMBERED: [&str; 8] = [
    "account",
    "api_token",
    "passkey",
    "conformity_run",
    "conformity_judgement",
    "conformity_framework",
    "webhook",
    "calendar_link",
];

/// Every table of the engine; a record type may not have such a name.
pub(crate) const TABLES: [&str; 48] = [
    "migration",
    "log_entry",
    "log_leaf",
    "log_node",
    "log_pending",
    "log_checkpoint",
    "link",
    "job",
    "account",
    "session",
    "api_token",
    "sign_in_attempt",
    "one_time_link",
    "recovery_code",
    "outside_identity",
    "passkey",
    "waiting_step",
    "provisioned",
    "comment",
    "attachment",
    "watcher",
    "blob",
    "blob_chunk",
    "search_document",
    "search_index",
    "saved_view",
    "setting",
    "idempotency",
    "counter",
    "import_source",
    "import_case",
    "import_refusal",
    "conformity_run",
    "conformity_result",
    "conformity_exception",
    "conformity_state",
    "conformity_judgement",
    "conformity_retest",
    "conformity_framework",
    "mail_out",
    "mail_in",
    "mail_preference",
    "door_case",
    "door_event",
    "webhook",
    "webhook_seen",
    "calendar_link",
    "sqlite_sequence",
];

/// The text that makes the table of carried-out migrations.
pub(crate) const MIGRATION_TABLE: &str =
    "CREATE TABLE IF NOT EXISTS migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL)";

/// Gives a migration that an earlier program carried out under another number the one it has now: frameworks were the
/// eighth before they were the fifth.
pub(crate) const RENUMBER: &str = "UPDATE migration SET number = 5 WHERE number = 8 AND name = 'framework'";

/// Refuses a database that a newer program has changed.
pub(crate) fn not_newer(last: i64, known: &[Migration]) -> Result<(), Error> {
    let newest = known.last().map_or(0, |m| m.number);
    if last > newest {
        return Err(Error::Schema(vec![format!(
            "the database is at migration {last}, this program knows {newest}; use the program that wrote it, or a newer one"
        )]));
    }
    Ok(())
}

/// Brings a SQLite file up to date.
pub(crate) fn sqlite(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let done = sqlite_in_transaction(connection);
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.execute_batch(end).map_err(failed)?;
    done
}

fn sqlite_in_transaction(connection: &Connection) -> Result<(), Error> {
    connection.execute_batch(MIGRATION_TABLE).map_err(failed)?;
    connection.execute_batch(RENUMBER).map_err(failed)?;
    let done: Vec<i64> = connection
        .prepare("SELECT number FROM migration ORDER BY number")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .map_err(failed)?;
    not_newer(done.last().copied().unwrap_or(0), &SQLITE)?;
    // one with a smaller number may come after one with a larger: they were made side by side
    for migration in SQLITE.iter().filter(|m| !done.contains(&m.number)) {
        connection.execute_batch(migration.sql).map_err(failed)?;
        let insert = "INSERT INTO migration (number, name) VALUES (?1, ?2)";
        connection.execute(insert, (migration.number, migration.name)).map_err(failed)?;
    }
    Ok(())
}

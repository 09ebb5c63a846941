//! The small desk in SQLite and PostgreSQL, by bare drivers.

use std::collections::BTreeSet;

use proofdesk_condition::{Type, Value, day_text};
use proofdesk_store::{Arg, ArgType, Dialect, Sql};
use tokio_postgres::types::ToSql;

use crate::world::{TYPES, World, fields};

/// Writes the tables and indexes for a database.
pub fn tables(dialect: Dialect) -> String {
    let (int, text, flag, end) = match dialect {
        Dialect::Sqlite => ("INTEGER", "TEXT", "INTEGER", ") STRICT;\n"),
        Dialect::Postgres => ("BIGINT", "TEXT COLLATE \"C\"", "BOOLEAN", ");\n"),
    };
    let mut sql = String::new();
    for record_type in TYPES {
        let columns: Vec<String> = fields(record_type)
            .into_iter()
            .filter_map(|(name, kind)| {
                let column = match kind {
                    Type::Links(_) => return None,
                    Type::Bool => flag,
                    Type::Text | Type::Choice(_) | Type::Choices(_) | Type::Day => text,
                    _ => int,
                };
                let key = if name == "number" { " PRIMARY KEY" } else { "" };
                Some(format!("\"{name}\" {column}{key}"))
            })
            .collect();
        sql += &format!("CREATE TABLE \"{record_type}\" ({}{end}", columns.join(", "));
    }
    sql += &format!(
        "CREATE TABLE \"link\" (\"from_type\" {text} NOT NULL, \"from_number\" {int} NOT NULL, \
         \"relation\" {text} NOT NULL, \"to_type\" {text} NOT NULL, \"to_number\" {int} NOT NULL, \
         PRIMARY KEY (\"from_type\", \"from_number\", \"relation\", \"to_type\", \"to_number\"){end}"
    );
    sql + "CREATE INDEX link_to ON \"link\" (\"to_type\", \"to_number\", \"relation\", \"from_type\", \"from_number\");"
}

fn stored(value: &Value, kind: &Type) -> Arg {
    match value {
        Value::Null => Arg::Null(match kind {
            Type::Bool => ArgType::Bool,
            Type::Text | Type::Choice(_) | Type::Choices(_) | Type::Day => ArgType::Text,
            _ => ArgType::Int,
        }),
        Value::Bool(flag) => Arg::Bool(*flag),
        Value::Int(n) | Value::Instant(n) | Value::Duration(n) | Value::Link(n) => Arg::Int(*n),
        Value::Decimal(decimal) => Arg::Int(decimal.scaled()),
        Value::Text(text) => Arg::Text(text.clone()),
        Value::Day(day) => Arg::Text(day_text(*day)),
        Value::Choices(options) => Arg::Text(serde_json::Value::from(options.clone()).to_string()),
    }
}

/// Writes the statements that fill the tables.
pub fn inserts(world: &World, dialect: Dialect) -> Vec<Sql> {
    let mut all = Vec::new();
    for (record_type, records) in &world.tables {
        for record in *records {
            let mut sql = Sql::new(dialect);
            sql.push("INSERT INTO ").name(record_type).push(" VALUES (");
            let columns = fields(record_type).into_iter().filter(|(_, kind)| !matches!(kind, Type::Links(_)));
            for (i, (name, kind)) in columns.enumerate() {
                // Many choices that were never set have no text at all in some rows.
                let value = record.values.get(name).cloned().unwrap_or_default();
                let unset = value == Value::Choices(Vec::new()) && record.number() % 2 == 0;
                let arg = stored(if unset { &Value::Null } else { &value }, &kind);
                sql.push(if i > 0 { ", " } else { "" }).bind(arg);
            }
            sql.push(")");
            all.push(sql);
        }
    }
    for link in &world.links {
        let mut sql = Sql::new(dialect);
        sql.push("INSERT INTO \"link\" VALUES (").bind(link.from.0).push(", ").bind(link.from.1);
        sql.push(", ").bind(link.relation).push(", ").bind(link.to.0).push(", ").bind(link.to.1).push(")");
        all.push(sql);
    }
    all
}

/// A database to ask.
pub enum Database {
    /// In memory.
    Sqlite(rusqlite::Connection),
    /// With the runtime that its driver needs.
    Postgres(tokio::runtime::Runtime, tokio_postgres::Client),
}

fn sqlite_values(args: &[Arg]) -> Vec<rusqlite::types::Value> {
    use rusqlite::types::Value as Stored;
    args.iter()
        .map(|arg| match arg {
            Arg::Null(_) => Stored::Null,
            Arg::Bool(flag) => Stored::Integer(i64::from(*flag)),
            Arg::Int(n) => Stored::Integer(*n),
            Arg::Text(text) => Stored::Text(text.clone()),
            Arg::Bytes(bytes) => Stored::Blob(bytes.clone()),
        })
        .collect()
}

fn postgres_values(args: &[Arg]) -> Vec<Box<dyn ToSql + Sync + Send>> {
    args.iter()
        .map(|arg| -> Box<dyn ToSql + Sync + Send> {
            match arg.clone() {
                Arg::Null(ArgType::Bool) => Box::new(None::<bool>),
                Arg::Null(ArgType::Int) => Box::new(None::<i64>),
                Arg::Null(ArgType::Text) => Box::new(None::<String>),
                Arg::Null(ArgType::Bytes) => Box::new(None::<Vec<u8>>),
                Arg::Bool(flag) => Box::new(flag),
                Arg::Int(n) => Box::new(n),
                Arg::Text(text) => Box::new(text),
                Arg::Bytes(bytes) => Box::new(bytes),
            }
        })
        .collect()
}

impl Database {
    /// Makes an SQLite database with the world in it.
    pub fn sqlite(world: &World) -> Self {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch(&tables(Dialect::Sqlite)).unwrap();
        for sql in inserts(world, Dialect::Sqlite) {
            let args = rusqlite::params_from_iter(sqlite_values(&sql.args));
            connection.execute(&sql.text, args).unwrap();
        }
        Self::Sqlite(connection)
    }

    /// Makes a PostgreSQL database with the world in it.
    pub fn postgres(world: &World, connection: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (client, driver) = tokio_postgres::connect(connection, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(driver);
            client.batch_execute(&tables(Dialect::Postgres)).await.unwrap();
            for sql in inserts(world, Dialect::Postgres) {
                let args = postgres_values(&sql.args);
                let args: Vec<_> = args.iter().map(|arg| arg.as_ref() as &(dyn ToSql + Sync)).collect();
                client.execute(&sql.text, &args).await.unwrap();
            }
            client
        });
        Self::Postgres(runtime, client)
    }

    /// Gives the dialect of the database.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
        }
    }

    /// Gives the numbers that a query selects.
    pub fn numbers(&self, sql: &Sql) -> Result<BTreeSet<i64>, String> {
        match self {
            Self::Sqlite(connection) => {
                let mut query = connection.prepare(&sql.text).map_err(|error| error.to_string())?;
                let args = rusqlite::params_from_iter(sqlite_values(&sql.args));
                let rows = query.query_map(args, |row| row.get(0)).map_err(|error| error.to_string())?;
                rows.collect::<Result<_, _>>().map_err(|error| error.to_string())
            }
            Self::Postgres(runtime, client) => {
                let args = postgres_values(&sql.args);
                let args: Vec<_> = args.iter().map(|arg| arg.as_ref() as &(dyn ToSql + Sync)).collect();
                let rows =
                    runtime.block_on(client.query(&sql.text, &args)).map_err(|error| format!("{error:?}"))?;
                Ok(rows.into_iter().map(|row| row.get(0)).collect())
            }
        }
    }

    /// Runs an SQLite query and gives its first column as text.
    pub fn texts(&self, sql: &Sql, column: usize) -> Vec<String> {
        let Self::Sqlite(connection) = self else { return Vec::new() };
        let mut query = connection.prepare(&sql.text).unwrap();
        let args = rusqlite::params_from_iter(sqlite_values(&sql.args));
        query.query_map(args, |row| row.get(column)).unwrap().map(Result::unwrap).collect()
    }
}

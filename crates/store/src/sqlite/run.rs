//! Running statements on a SQLite connection.

use rusqlite::types::{Null, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection};

use super::failure::{broken_constraint, failed};
use crate::error::Error;
use crate::row::{Cell, Row};
use crate::sql::{Arg, Dialect, Sql};
use crate::unit::{NewEntry, OnNone, Step};

impl ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null(_) => ToSqlOutput::from(Null),
            Self::Bool(b) => ToSqlOutput::from(i64::from(*b)),
            Self::Int(n) => ToSqlOutput::from(*n),
            Self::Text(t) => ToSqlOutput::from(t.as_str()),
            Self::Bytes(b) => ToSqlOutput::from(b.as_slice()),
        })
    }
}

fn bound<'c>(connection: &'c Connection, sql: &Sql) -> rusqlite::Result<CachedStatement<'c>> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    for (i, arg) in sql.args.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, arg)?;
    }
    Ok(statement)
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(n) => Cell::Int(n),
        ValueRef::Real(f) => Cell::Float(f),
        ValueRef::Text(t) => Cell::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => Cell::Bytes(b.to_vec()),
    }
}

fn collect(statement: &mut CachedStatement<'_>) -> rusqlite::Result<Vec<Row>> {
    let columns = statement.column_count();
    let mut answer = statement.raw_query();
    let mut rows = Vec::new();
    while let Some(row) = answer.next()? {
        let mut cells = Vec::with_capacity(columns);
        for i in 0..columns {
            cells.push(cell(row.get_ref(i)?));
        }
        rows.push(Row(cells));
    }
    Ok(rows)
}

/// Bytes of a text above which a statement is not kept prepared: those are asked once an hour by a conformity run, one for
/// each record type, and a program of SQLite takes many times the room of its text on every connection.
const LONG: usize = 4_096;

/// Asks a question.
pub(crate) fn rows(connection: &Connection, sql: &Sql) -> Result<Vec<Row>, Error> {
    let mut statement = bound(connection, sql).map_err(failed)?;
    let rows = collect(&mut statement).map_err(failed);
    if sql.text.len() > LONG {
        statement.discard();
    }
    rows
}

/// Runs one step of a transaction; gives the rows it returns.
pub(crate) fn step(connection: &Connection, step: &Step) -> Result<Vec<Row>, Error> {
    let refused = |e: rusqlite::Error| match broken_constraint(&e) {
        Some(columns) => step.taken(&columns),
        None => failed(e),
    };
    let mut statement = bound(connection, &step.sql).map_err(refused)?;
    let (rows, changed) = if statement.column_count() > 0 {
        let rows = collect(&mut statement).map_err(refused)?;
        let count = rows.len();
        (rows, count)
    } else {
        (Vec::new(), statement.raw_execute().map_err(refused)?)
    };
    drop(statement);
    match &step.on_none {
        OnNone::Missing(what) if changed == 0 => Err(Error::NotFound(format!("the row of {what}"))),
        OnNone::Stale(record) if changed == 0 => {
            let mut sql = Sql::new(Dialect::Sqlite);
            sql.push("SELECT version FROM ").name(&record.record_type);
            sql.push(" WHERE number = ").bind(record.number);
            Err(Error::stale(record, self::rows(connection, &sql)?.first().map(|row| row.int(0))))
        }
        _ => Ok(rows),
    }
}

/// Adds an entry and gives its id.
pub(crate) fn enter(connection: &Connection, new: &NewEntry) -> Result<i64, Error> {
    let refused =
        |e: rusqlite::Error| if broken_constraint(&e).is_some() { Error::Duplicate } else { failed(e) };
    let sql = "INSERT INTO log_entry (write_id, seq, record_type, number, version, at, body, leaf_hash) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut statement = connection.prepare_cached(sql).map_err(refused)?;
    let entry = &new.entry;
    statement
        .execute(rusqlite::params![
            new.write_id.as_bytes().as_slice(),
            new.seq,
            entry.record.record_type,
            entry.record.number,
            entry.version,
            entry.at,
            entry.body,
            new.hash.as_slice(),
        ])
        .map_err(refused)?;
    Ok(connection.last_insert_rowid())
}

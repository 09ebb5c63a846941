//! The row of a record and its rows of the table `link`.

use proofdesk_model::record_type::{COMMON, Shape};
use proofdesk_model::{Checked, Kind, Record, RecordType, Reference, Value};

use crate::error::Error;
use crate::record::arg_of;
use crate::sql::{Arg, ArgType, Dialect, Sql};
use crate::unit::{OnNone, Step, Subject, Unit};

/// Appends the insert of a new row, or the update of what differs from `before`.
pub(super) fn row_step(
    before: Option<&Record>,
    after: &Record,
    dialect: Dialect,
    unit: &mut Unit,
) -> Result<(), Error> {
    let of = &after.of;
    if after.number <= 0 {
        return Err(Error::Internal(format!("a record of {} has no number yet", of.name)));
    }
    for (column, value) in of.columns().iter().zip(&after.values) {
        if !value.is_storable() {
            let message = format!("the value of `{}` is outside of what can be stored", column.name);
            return Err(Error::Invalid(message));
        }
    }
    let record = Reference::new(of.name.clone(), after.number);
    let subject = Subject::Record(record.clone(), after.external_key.clone());
    unit.steps.push(match before {
        None => {
            let (sql, head) = insert(of, after, dialect);
            Step { sql, on_none: OnNone::Fine, subject, insert_head: Some(head) }
        }
        Some(before) => {
            let sql = update(before, after, dialect);
            Step { sql, on_none: OnNone::Stale(record), subject, insert_head: None }
        }
    });
    Ok(())
}

fn person(number: Option<i64>) -> Arg {
    number.map_or(Arg::Null(ArgType::Int), Arg::Int)
}

fn insert(of: &RecordType, record: &Record, dialect: Dialect) -> (Sql, usize) {
    let mut sql = Sql::new(dialect);
    sql.push("INSERT INTO ").name(&of.name).push(" (");
    let common = COMMON.iter().map(|(name, _)| *name);
    for (i, name) in common.chain(of.columns().iter().map(|c| c.name.as_str())).enumerate() {
        sql.push(if i > 0 { ", " } else { "" }).name(name);
    }
    sql.push(") VALUES ");
    let head = sql.text.len();
    sql.push("(").bind(record.number).push(", ").bind(record.version).push(", ").bind(record.state.as_str());
    sql.push(", ").bind(record.created_at).push(", ").bind(person(record.created_by));
    sql.push(", ").bind(record.updated_at).push(", ").bind(person(record.updated_by));
    sql.push(", ").bind(record.origin.as_str()).push(", ");
    sql.bind(record.external_key.clone().map_or(Arg::Null(ArgType::Text), Arg::Text));
    for (column, value) in of.columns().iter().zip(&record.values) {
        sql.push(", ").bind(arg_of(column.shape, value));
    }
    sql.push(")");
    (sql, head)
}

fn update(before: &Record, after: &Record, dialect: Dialect) -> Sql {
    let of = &after.of;
    let mut sql = Sql::new(dialect);
    sql.push("UPDATE ").name(&of.name).push(" SET version = ").bind(after.version);
    sql.push(", updated_at = ").bind(after.updated_at).push(", updated_by = ").bind(person(after.updated_by));
    let mut set = |name: &str, shape: Shape, old: &Value, new: &Value| {
        if old != new {
            sql.push(", ").name(name).push(" = ").bind(arg_of(shape, new));
        }
    };
    set("state", Shape::Text, &before.get("state"), &after.get("state"));
    for ((column, old), new) in of.columns().iter().zip(&before.values).zip(&after.values) {
        set(&column.name, column.shape, old, new);
    }
    sql.push(" WHERE number = ").bind(after.number).push(" AND version = ").bind(before.version);
    sql
}

/// Appends the link rows that a write adds and removes. An inverse relation writes the same row, seen from the other
/// side.
pub(super) fn link_steps(checked: &Checked, dialect: Dialect, unit: &mut Unit) -> Result<(), Error> {
    let record = checked.after();
    let of = &record.of;
    for link in checked.links() {
        let is_own = of.fields.get(&link.relation).is_some_and(|f| matches!(f.kind, Kind::Links { .. }));
        let own = Reference::new(of.name.clone(), record.number);
        let (relation, from, to) = match of.inverses.get(&link.relation) {
            _ if is_own => (format!("{}.{}", of.name, link.relation), &own, &link.to),
            Some(inverse) if inverse.many => (format!("{}.{}", inverse.from, inverse.field), &link.to, &own),
            Some(inverse) => {
                let message = format!(
                    "`{}` is kept in the field `{}` of the other record; change it there",
                    link.relation, inverse.field
                );
                return Err(Error::Invalid(message));
            }
            None => {
                return Err(Error::Invalid(format!("`{}` is not a relation of {}", link.relation, of.name)));
            }
        };
        let mut sql = Sql::new(dialect);
        if link.add {
            sql.push("INSERT INTO link (relation, from_type, from_number, to_type, to_number) VALUES (");
            sql.bind(relation).push(", ").bind(from.record_type.as_str()).push(", ").bind(from.number);
            sql.push(", ").bind(to.record_type.as_str()).push(", ").bind(to.number);
            sql.push(") ON CONFLICT DO NOTHING");
        } else {
            sql.push("DELETE FROM link WHERE relation = ").bind(relation);
            sql.push(" AND from_number = ").bind(from.number).push(" AND to_number = ").bind(to.number);
        }
        unit.steps.push(Step::of(sql));
    }
    Ok(())
}

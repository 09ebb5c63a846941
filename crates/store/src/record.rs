//! Records from rows, and their relations.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofdesk_condition::{day_from_text, day_text};
use proofdesk_model::record_type::{COMMON, Shape};
use proofdesk_model::{Decimal, Field, Kind, Record, RecordType, Reference, Value};

use crate::error::Error;
use crate::row::{Cell, Row};
use crate::sql::{Arg, ArgType, Sql};
use crate::store::Store;

/// Most records that are given of the inverse of a single link, newest by number.
pub const INVERSE_MAX: i64 = 1_000;

/// Numbers asked for at once; larger lists go in several questions.
const AT_ONCE: usize = 500;

/// The stored form of a value in a column of this shape.
pub(crate) fn arg_of(shape: Shape, value: &Value) -> Arg {
    match value {
        Value::Null => Arg::Null(match shape {
            Shape::Text | Shape::Day | Shape::Choices => ArgType::Text,
            Shape::Bool => ArgType::Bool,
            _ => ArgType::Int,
        }),
        Value::Bool(b) => Arg::Bool(*b),
        Value::Int(n) | Value::Link(n) | Value::Instant(n) | Value::Duration(n) => Arg::Int(*n),
        Value::Decimal(d) => Arg::Int(d.scaled()),
        Value::Text(t) => Arg::Text(t.clone()),
        Value::Day(d) => Arg::Text(day_text(*d)),
        Value::Choices(options) => Arg::Text(serde_json::Value::from(options.clone()).to_string()),
    }
}

/// The value of a column of this shape.
fn value_of(shape: Shape, cell: Cell) -> Value {
    match (shape, cell) {
        (Shape::Text, Cell::Text(t)) => Value::Text(t),
        (Shape::Int, Cell::Int(n)) => Value::Int(n),
        (Shape::Decimal, Cell::Int(n)) => Value::Decimal(Decimal::from_scaled(n)),
        (Shape::Instant, Cell::Int(n)) => Value::Instant(n),
        (Shape::Duration, Cell::Int(n)) => Value::Duration(n),
        (Shape::Link, Cell::Int(n)) => Value::Link(n),
        (Shape::Bool, Cell::Bool(b)) => Value::Bool(b),
        (Shape::Bool, Cell::Int(n)) => Value::Bool(n != 0),
        (Shape::Day, Cell::Text(t)) => day_from_text(&t).map_or(Value::Null, Value::Day),
        (Shape::Choices, Cell::Text(t)) => serde_json::from_str(&t).map_or(Value::Null, Value::Choices),
        _ => Value::Null,
    }
}

/// Appends the columns of a record, common ones first, for [`record_of`].
pub(crate) fn push_columns(sql: &mut Sql, of: &RecordType, alias: &str) {
    let common = COMMON.iter().map(|(name, _)| *name);
    for (i, name) in common.chain(of.columns().iter().map(|c| c.name.as_str())).enumerate() {
        sql.push(if i > 0 { ", " } else { "" }).column(alias, name);
    }
}

/// The record of a row that has [`push_columns`] first.
pub(crate) fn record_of(of: &Arc<RecordType>, row: &mut Row) -> Record {
    let text = |cell: Cell| match cell {
        Cell::Text(t) => Some(t),
        _ => None,
    };
    let values = of.columns().iter().enumerate();
    Record {
        of: of.clone(),
        number: row.int(0),
        version: row.int(1),
        state: text(row.take(2)).unwrap_or_default(),
        created_at: row.int(3),
        created_by: row.opt_int(4),
        updated_at: row.int(5),
        updated_by: row.opt_int(6),
        origin: text(row.take(7)).unwrap_or_default(),
        external_key: text(row.take(8)),
        values: values.map(|(i, column)| value_of(column.shape, row.take(COMMON.len() + i))).collect(),
        links: BTreeMap::new(),
    }
}

/// A relation as it is stored.
struct Way<'a> {
    name: &'a str,
    other: &'a str,
    place: Place<'a>,
}

enum Place<'a> {
    /// Rows of `link` from this record.
    Forward(String),
    /// Rows of `link` to this record.
    Inverse(String),
    /// A column of the other type.
    Column(&'a str),
}

/// All relations of a type to many records.
fn ways(of: &RecordType) -> Vec<Way<'_>> {
    let own = of.fields.values().filter_map(|field: &Field| match &field.kind {
        Kind::Links { to, .. } => {
            let place = Place::Forward(format!("{}.{}", of.name, field.name));
            Some(Way { name: &field.name, other: to, place })
        }
        _ => None,
    });
    let others = of.inverses.iter().map(|(name, inverse)| {
        let place = if inverse.many {
            Place::Inverse(format!("{}.{}", inverse.from, inverse.field))
        } else {
            Place::Column(&inverse.field)
        };
        Way { name, other: &inverse.from, place }
    });
    own.chain(others).collect()
}

impl Store {
    /// Loads a record, without its relations.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load(&self, of: &Arc<RecordType>, number: i64) -> Result<Option<Record>, Error> {
        Ok(self.load_many(of, &[number]).await?.pop())
    }

    /// Loads records by number, without their relations, in the order of the numbers given; those that do not exist
    /// are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load_many(&self, of: &Arc<RecordType>, numbers: &[i64]) -> Result<Vec<Record>, Error> {
        let mut found: BTreeMap<i64, Record> = BTreeMap::new();
        for some in numbers.chunks(AT_ONCE) {
            let mut sql = self.sql();
            push_columns(sql.push("SELECT "), of, "t");
            sql.push(" FROM ").name(&of.name).push(" t WHERE ").column("t", "number").push(" IN (");
            // Lists are filled up to a power of two, so that few texts are prepared.
            for i in 0..some.len().next_power_of_two().min(AT_ONCE) {
                sql.push(if i > 0 { ", " } else { "" }).bind(some[i.min(some.len() - 1)]);
            }
            sql.push(")");
            for mut row in self.known_rows(sql).await? {
                let record = record_of(of, &mut row);
                found.insert(record.number, record);
            }
        }
        if let [_] = numbers {
            return Ok(found.into_values().collect());
        }
        Ok(numbers.iter().filter_map(|number| found.get(number).cloned()).collect())
    }

    /// Gives the relations of a record by name: many-links, inverses of many-links and inverses of single links,
    /// each sorted by number; only `relation` where given. Every relation of the type has a list, maybe empty. Of
    /// the inverse of a single link only the newest [`INVERSE_MAX`] are given: a service has had a million incidents.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn links(
        &self,
        record: &Reference,
        of: &RecordType,
        relation: Option<&str>,
    ) -> Result<BTreeMap<String, Vec<Reference>>, Error> {
        let ways: Vec<Way<'_>> =
            ways(of).into_iter().filter(|w| relation.is_none_or(|only| only == w.name)).collect();
        let mut found: BTreeMap<String, Vec<Reference>> =
            ways.iter().map(|w| (w.name.to_owned(), Vec::new())).collect();
        if ways.is_empty() {
            return Ok(found);
        }
        let mut sql = self.sql();
        for (i, way) in ways.iter().enumerate() {
            sql.push(if i > 0 { " UNION ALL SELECT " } else { "SELECT " }).bind(i as i64).push(" AS way, ");
            match &way.place {
                Place::Forward(relation) => {
                    sql.push("to_number AS n FROM link WHERE relation = ").bind(relation.as_str());
                    sql.push(" AND from_number = ").bind(record.number);
                }
                Place::Inverse(relation) => {
                    sql.push("from_number AS n FROM link WHERE relation = ").bind(relation.as_str());
                    sql.push(" AND to_number = ").bind(record.number);
                }
                Place::Column(column) => {
                    sql.push("n FROM (SELECT number AS n FROM ").name(way.other).push(" WHERE ").name(column);
                    sql.push(" = ")
                        .bind(record.number)
                        .push(" ORDER BY number DESC LIMIT ")
                        .bind(INVERSE_MAX);
                    sql.push(") AS newest");
                }
            }
        }
        sql.push(" ORDER BY 1, 2");
        for row in self.known_rows(sql).await? {
            if let Some(way) = usize::try_from(row.int(0)).ok().and_then(|i| ways.get(i))
                && let Some(list) = found.get_mut(way.name)
            {
                list.push(Reference::new(way.other, row.int(1)));
            }
        }
        Ok(found)
    }

    /// Finds the number of the record with this external key.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn find_external(&self, of: &RecordType, key: &str) -> Result<Option<i64>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT number FROM ").name(&of.name).push(" WHERE external_key = ").bind(key);
        Ok(self.known_rows(sql).await?.first().map(|row| row.int(0)))
    }
}

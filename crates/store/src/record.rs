//! Records from rows, and their relations.

use std::collections::{BTreeMap, HashMap, HashSet};
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

/// Rows by number up to which a question is a short one.
const FEW: usize = 64;

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
pub(crate) fn value_of(shape: Shape, cell: Cell) -> Value {
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
    let places: Vec<usize> = (0..of.columns().len()).collect();
    push_columns_at(sql, of, &places, alias);
}

/// Appends the common columns and those at these positions, for [`record_at`].
pub(crate) fn push_columns_at(sql: &mut Sql, of: &RecordType, places: &[usize], alias: &str) {
    let common = COMMON.iter().map(|(name, _)| *name);
    let declared = places.iter().filter_map(|at| of.columns().get(*at));
    for (i, name) in common.chain(declared.map(|c| c.name.as_str())).enumerate() {
        sql.push(if i > 0 { ", " } else { "" }).column(alias, name);
    }
}

/// The record of a row that has [`push_columns`] first.
pub(crate) fn record_of(of: &Arc<RecordType>, row: &mut Row) -> Record {
    let values = of.columns().iter().enumerate();
    let values = values.map(|(i, column)| value_of(column.shape, row.take(COMMON.len() + i))).collect();
    with_common(of, row, values)
}

/// The record of a row that has [`push_columns_at`] first; its other values are null.
pub(crate) fn record_at(of: &Arc<RecordType>, places: &[usize], row: &mut Row) -> Record {
    let mut values = vec![Value::Null; of.columns().len()];
    for (i, at) in places.iter().enumerate() {
        if let (Some(value), Some(column)) = (values.get_mut(*at), of.columns().get(*at)) {
            *value = value_of(column.shape, row.take(COMMON.len() + i));
        }
    }
    with_common(of, row, values)
}

fn with_common(of: &Arc<RecordType>, row: &mut Row, values: Vec<Value>) -> Record {
    let text = |cell: Cell| match cell {
        Cell::Text(t) => Some(t),
        _ => None,
    };
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
        values,
        links: BTreeMap::new(),
    }
}

/// Appends a list of numbers and the parenthesis after it; filled up to a power of two, so that few texts are
/// prepared.
fn push_numbers(sql: &mut Sql, some: &[i64]) {
    for i in 0..some.len().next_power_of_two().min(AT_ONCE) {
        sql.push(if i > 0 { ", " } else { "" }).bind(some[i.min(some.len() - 1)]);
    }
    sql.push(")");
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

impl Way<'_> {
    /// How the rows of [`Store::links_sql`] name it: the kind of its place, and a word that tells it from others there.
    fn key(&self) -> (i64, &str) {
        match &self.place {
            Place::Forward(relation) => (0, relation),
            Place::Inverse(relation) => (1, relation),
            Place::Column(_) => (2, self.name),
        }
    }
}

/// The relations that the rows of [`Store::links_sql`] tell; every relation has a list, in order of numbers.
fn links_of(ways: &[Way<'_>], rows: &[Row]) -> BTreeMap<String, Vec<Reference>> {
    let mut found: BTreeMap<String, Vec<Reference>> =
        ways.iter().map(|w| (w.name.to_owned(), Vec::new())).collect();
    for row in rows {
        let key = (row.int(0), row.text(1));
        if let Some(way) = ways.iter().find(|way| way.key() == key)
            && let Some(list) = found.get_mut(way.name)
        {
            list.push(Reference::new(way.other, row.int(2)));
        }
    }
    found.values_mut().for_each(|list| list.sort_unstable_by_key(|to| to.number));
    found
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
            push_numbers(&mut sql, some);
            for mut row in self.few(sql, some.len()).await? {
                let record = record_of(of, &mut row);
                found.insert(record.number, record);
            }
        }
        if let [_] = numbers {
            return Ok(found.into_values().collect());
        }
        Ok(numbers.iter().filter_map(|number| found.get(number).cloned()).collect())
    }

    /// Titles of records by number, none for one without; those that do not exist are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn titles_of(
        &self,
        of: &RecordType,
        numbers: &[i64],
    ) -> Result<Vec<(i64, Option<String>)>, Error> {
        let mut found = Vec::with_capacity(numbers.len());
        if of.column_index(of.title_field()).is_none() {
            return Ok(found);
        }
        for some in numbers.chunks(AT_ONCE) {
            let mut sql = self.sql();
            sql.push("SELECT t.\"number\", ").column("t", of.title_field()).push(" FROM ").name(&of.name);
            sql.push(" t WHERE t.\"number\" IN (");
            push_numbers(&mut sql, some);
            for mut row in self.few(sql, some.len()).await? {
                let title = match row.take(1) {
                    Cell::Text(title) => Some(title),
                    _ => None,
                };
                found.push((row.int(0), title));
            }
        }
        Ok(found)
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
        let rows = match self.links_sql(record.number, &ways) {
            Some(sql) => self.short_rows(sql).await?,
            None => Vec::new(),
        };
        Ok(links_of(&ways, &rows))
    }

    /// Asks for relations of a record: the place and the word of [`Way::key`], and a number. Rows of `link` are asked for
    /// once in each direction, whatever the number of relations.
    fn links_sql(&self, number: i64, ways: &[Way<'_>]) -> Option<Sql> {
        let mut sql = self.sql();
        for (kind, far, near) in [(0_i64, "to_number", "from_number"), (1, "from_number", "to_number")] {
            let mut relations = ways.iter().map(Way::key).filter(|key| key.0 == kind).map(|key| key.1);
            let Some(first) = relations.next() else { continue };
            sql.push(if sql.text.is_empty() { "SELECT " } else { " UNION ALL SELECT " }).bind(kind);
            sql.push(", relation, ").push(far).push(" FROM link WHERE ").push(near).push(" = ").bind(number);
            sql.push(" AND relation IN (").bind(first);
            relations.for_each(|relation| {
                sql.push(", ").bind(relation);
            });
            sql.push(")");
        }
        for way in ways {
            let Place::Column(column) = &way.place else { continue };
            sql.push(if sql.text.is_empty() { "SELECT " } else { " UNION ALL SELECT " }).bind(2_i64);
            sql.push(", ").bind(way.name).push(", n FROM (SELECT number AS n FROM ").name(way.other);
            sql.push(" WHERE ").name(column).push(" = ").bind(number);
            sql.push(" ORDER BY number DESC LIMIT ").bind(INVERSE_MAX).push(") AS newest");
        }
        (!ways.is_empty()).then_some(sql)
    }

    /// Loads what a write must know before it begins, in one go: the record with its relations, where there is one,
    /// and which of the records that it will link to exist.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn load_to_write(
        &self,
        of: &Arc<RecordType>,
        number: Option<i64>,
        others: &[(Arc<RecordType>, Vec<i64>)],
    ) -> Result<(Option<Record>, HashSet<Reference>), Error> {
        let ways = ways(of);
        let mut questions = Vec::with_capacity(3);
        if let Some(number) = number {
            let mut sql = self.sql();
            push_columns(sql.push("SELECT "), of, "t");
            sql.push(" FROM ")
                .name(&of.name)
                .push(" t WHERE ")
                .column("t", "number")
                .push(" = ")
                .bind(number);
            questions.push(sql);
            questions.extend(self.links_sql(number, &ways));
        }
        let mut asked = Vec::new();
        for (other, numbers) in others {
            for some in numbers.chunks(AT_ONCE) {
                let mut sql = self.sql();
                sql.push("SELECT number FROM ").name(&other.name).push(" WHERE number IN (");
                push_numbers(&mut sql, some);
                questions.push(sql);
                asked.push(other);
            }
        }
        let mut answers = self.rows_together(questions).await?.into_iter();
        let mut record = None;
        if number.is_some() {
            let row = answers.next().and_then(|mut rows| rows.pop());
            record = row.map(|mut row| record_of(of, &mut row));
            if !ways.is_empty() {
                let links = links_of(&ways, &answers.next().unwrap_or_default());
                if let Some(record) = &mut record {
                    record.links = links;
                }
            }
        }
        let rows =
            asked.iter().zip(answers).flat_map(|(of, rows)| rows.into_iter().map(move |row| (of, row)));
        let present = rows.map(|(of, row)| Reference::new(of.name.clone(), row.int(0))).collect();
        Ok((record, present))
    }

    /// The relations to many that records declare, those of one record after another, by number: of these records, or
    /// of all of a small type.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn declared_links(
        &self,
        of: &RecordType,
        numbers: Option<&[i64]>,
    ) -> Result<HashMap<i64, BTreeMap<String, Vec<Reference>>>, Error> {
        let mut found: HashMap<i64, BTreeMap<String, Vec<Reference>>> = HashMap::new();
        let parts: Vec<Option<&[i64]>> = match numbers {
            Some(numbers) => numbers.chunks(AT_ONCE).map(Some).collect(),
            None => vec![None],
        };
        for way in ways(of) {
            let Place::Forward(relation) = &way.place else { continue };
            for part in &parts {
                let mut sql = self.sql();
                sql.push("SELECT from_number, to_number FROM link WHERE relation = ").bind(relation.as_str());
                if let Some(numbers) = part {
                    sql.push(" AND from_number IN (");
                    push_numbers(&mut sql, numbers);
                }
                sql.push(" ORDER BY 1, 2");
                for row in self.known_rows(sql).await? {
                    let list = found.entry(row.int(0)).or_default().entry(way.name.to_owned()).or_default();
                    list.push(Reference::new(way.other, row.int(1)));
                }
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
        Ok(self.short_rows(sql).await?.first().map(|row| row.int(0)))
    }

    /// Asks for so many rows by number.
    async fn few(&self, sql: Sql, count: usize) -> Result<Vec<Row>, Error> {
        if count <= FEW { self.short_rows(sql).await } else { self.known_rows(sql).await }
    }
}

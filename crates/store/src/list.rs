//! Lists of records, page by page by key, and counts.
//!
//! Invariant: a list is ordered by a value that is never null and then by number, and an index of the same order
//! exists for every declared view; a page never depends on how many records came before it.

mod cursor;
pub(crate) mod order;
pub(crate) mod states;

use std::sync::Arc;

use proofdesk_model::record_type::{COMMON, Shape};
use proofdesk_model::{Condition, Context, Record, RecordType, Reference, Value};

pub use cursor::Cursor;

use crate::error::Error;
use crate::predicate;
use crate::record::{push_columns_at, record_at, value_of};
use crate::row::Cell;
use crate::sql::Sql;
use crate::store::Store;
use order::Order;

/// Which records, in which order, from where.
#[derive(Debug, Clone)]
pub struct ListQuery {
    /// The type.
    pub of: Arc<RecordType>,
    /// Only records that meet it; those for which it cannot be evaluated are left out.
    pub filter: Option<Condition>,
    /// What the condition may know.
    pub context: Context,
    /// Column to sort by, declared or common. Records without a value come last in either direction.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Continue after this place.
    pub after: Option<Cursor>,
    /// At most so many records.
    pub limit: usize,
}

/// What a list shows of its records; the rest is not read.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Declared columns by name; unknown ones are left out. Common columns are always read.
    pub columns: Vec<String>,
    /// Columns with a single link whose other record is shown by its title, with the other type.
    pub titles: Vec<(String, Arc<RecordType>)>,
}

/// One page of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// The records, without relations.
    pub records: Vec<Record>,
    /// Where the next page begins; none at the end.
    pub next: Option<Cursor>,
}

impl Store {
    /// Gives one page of a list.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown column or a cursor of another list; [`Error::Unavailable`].
    pub async fn list(&self, query: &ListQuery) -> Result<Page, Error> {
        Ok(self.list_page(query, None).await?.0)
    }

    /// As [`Store::list`] with no more than what is shown: other columns of the records are null. Also gives the
    /// titles of the linked records, those that have one, each as often as it occurs; from the same query.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn list_shown(
        &self,
        query: &ListQuery,
        shown: &Shown,
    ) -> Result<(Page, Vec<(Reference, String)>), Error> {
        self.list_page(query, Some(shown)).await
    }

    async fn list_page(
        &self,
        query: &ListQuery,
        shown: Option<&Shown>,
    ) -> Result<(Page, Vec<(Reference, String)>), Error> {
        let order = Order::new(&query.of, &query.sort, query.descending, self.dialect())?;
        let places = places(&query.of, shown);
        let linked = linked(&query.of, shown);
        let sql = self.list_sql(query, &order, &places, &linked)?;
        let mut rows = self.known_rows(sql).await?;
        let is_more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let key_at = rows.first().map_or(0, |row| row.len().saturating_sub(1));
        let mut last_key = Cell::Null;
        let mut records = Vec::with_capacity(rows.len());
        let mut titles = Vec::new();
        for mut row in rows {
            last_key = row.take(key_at);
            let record = record_at(&query.of, &places, &mut row);
            for (i, (at, to)) in linked.iter().enumerate() {
                if let (Some(Value::Link(number)), Cell::Text(title)) =
                    (record.values.get(*at), row.take(COMMON.len() + places.len() + i))
                {
                    titles.push((Reference::new(to.name.clone(), *number), title));
                }
            }
            records.push(record);
        }
        let next = match records.last() {
            Some(last) if is_more => Some(Cursor::new(query, &last_key, last.number)?),
            _ => None,
        };
        Ok((Page { records, next }, titles))
    }

    fn list_sql(
        &self,
        query: &ListQuery,
        order: &Order,
        places: &[usize],
        linked: &[(usize, &RecordType)],
    ) -> Result<Sql, Error> {
        let mut sql = self.sql();
        push_columns_at(sql.push("SELECT "), &query.of, places, "t");
        for (at, to) in linked {
            // no join: order and filter are in the words of the indexes, without the table's name
            sql.push(", (SELECT o.").name(to.title_field()).push(" FROM ").name(&to.name);
            sql.push(" o WHERE o.\"number\" = ").column("t", &query.of.columns()[*at].name).push(")");
        }
        sql.push(", ").push(&order.key).push(" FROM ").name(&query.of.name).push(" t WHERE ");
        push_filter(&mut sql, &query.of, query.filter.as_ref(), &query.context);
        let direction = if query.descending { " DESC" } else { "" };
        if let Some(cursor) = &query.after {
            let (key, number) = cursor.read(query)?;
            let beyond = if query.descending { " < (" } else { " > (" };
            if order.is_number {
                sql.push(" AND t.\"number\"").push(if query.descending { " < " } else { " > " }).bind(number);
            } else {
                sql.push(" AND (").push(&order.key).push(", t.\"number\")").push(beyond);
                sql.bind(key).push(", ").bind(number).push(")");
            }
        }
        sql.push(" ORDER BY ");
        if !order.is_number {
            sql.push(&order.key).push(direction).push(", ");
        }
        sql.push("t.\"number\"").push(direction).push(" LIMIT ");
        sql.bind(i64::try_from(query.limit).unwrap_or(i64::MAX).saturating_add(1));
        Ok(sql)
    }

    /// Gives the record with the largest value in a column, its number and that value, among those that meet a
    /// condition; of equals the one with the largest number. Records without a value are left out. In the words of the
    /// column's own index, so that a condition on the same column (`at <= now`) is no reason to read them all.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown column; [`Error::Unavailable`].
    pub async fn largest(
        &self,
        of: &RecordType,
        column: &str,
        filter: Option<&Condition>,
        context: &Context,
    ) -> Result<Option<(i64, Value)>, Error> {
        let shape = order::shape_of(of, column).ok_or_else(|| {
            Error::Invalid(format!("`{column}` is not a column of {}; nothing is its largest", of.name))
        })?;
        let mut sql = self.sql();
        sql.push("SELECT t.\"number\", ").column("t", column).push(" FROM ").name(&of.name).push(" t WHERE ");
        sql.column("t", column).push(" IS NOT NULL AND ");
        push_filter(&mut sql, of, filter, context);
        sql.push(" ORDER BY ").column("t", column).push(" DESC, t.\"number\" DESC LIMIT 1");
        let mut rows = self.known_rows(sql).await?;
        Ok(rows.first_mut().map(|row| (row.int(0), value_of(shape, row.take(1)))))
    }

    /// Counts the records that meet a condition; with a limit it stops there.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn count(
        &self,
        of: &RecordType,
        filter: Option<&Condition>,
        context: &Context,
        limit: Option<usize>,
    ) -> Result<u64, Error> {
        let mut sql = self.sql();
        sql.push(if limit.is_some() {
            "SELECT count(*) FROM (SELECT 1 FROM "
        } else {
            "SELECT count(*) FROM "
        });
        sql.name(&of.name).push(" t WHERE ");
        push_filter(&mut sql, of, filter, context);
        if let Some(limit) = limit {
            sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX)).push(") some_rows");
        }
        let count = self.known_rows(sql).await?.first().map_or(0, |row| row.int(0));
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// The positions of the columns to read, in the order of the declaration; all without a choice.
fn places(of: &RecordType, shown: Option<&Shown>) -> Vec<usize> {
    let Some(shown) = shown else { return (0..of.columns().len()).collect() };
    let linked = shown.titles.iter().map(|(column, _)| column);
    let mut places: Vec<usize> =
        shown.columns.iter().chain(linked).filter_map(|name| of.column_index(name)).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The positions of the links whose titles are read, with the other type.
fn linked<'a>(of: &RecordType, shown: Option<&'a Shown>) -> Vec<(usize, &'a RecordType)> {
    let titles = shown.map_or(&[][..], |shown| shown.titles.as_slice()).iter();
    let is_text = |to: &RecordType| to.column_index(to.title_field()).is_some();
    let found = titles.filter_map(|(column, to)| Some((of.column_index(column)?, &**to)));
    found.filter(|(at, to)| of.columns()[*at].shape == Shape::Link && is_text(to)).collect()
}

/// Writes which records a filter selects; where only some states can meet it, also in the words of the indexes
/// that hold only those.
pub(crate) fn push_filter(sql: &mut Sql, of: &RecordType, filter: Option<&Condition>, context: &Context) {
    let Some(filter) = filter else {
        sql.push("TRUE");
        return;
    };
    for words in states::terms(of, filter) {
        sql.push(&words).push(" AND ");
    }
    predicate::holds(filter, "t", context, sql);
}

//! Small statements about the engine's own tables, said without SQL by the layers above: one table, columns by
//! name, equal or smaller than a value. Anything larger is a method of [`crate::Store`].
//!
//! Invariant: table and column names are `&'static str`, so none comes from a user.

use proofdesk_model::{Job, Reference};

use crate::migrations::NUMBERED;
use crate::queue;
use crate::search::Document;
use crate::sql::{Arg, ArgType, Dialect, Sql};
use crate::unit::{OnNone, Step, Subject};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Insert,
    InsertNew,
    Upsert,
    Update,
    Delete,
}

#[derive(Debug, Clone, PartialEq)]
enum When {
    Is(&'static str, Arg),
    Below(&'static str, Arg),
    Above(&'static str, Arg),
    UpTo(&'static str, Arg),
    Null(&'static str),
    NotNull(&'static str),
    Not(&'static str, Arg),
    Word(&'static str, &'static str),
    In(&'static str, Vec<Arg>),
    Exists(Select),
}

/// Statements that differ between the databases.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Special {
    /// See [`Statement::enqueue`].
    Enqueue(Job),
    /// See [`Statement::search_text`].
    Search(Document),
    /// See [`Statement::one_at_a_time`].
    Lock(i64),
}

/// A change of rows of one engine table.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// Known statements of other files; the rest is empty then.
    special: Option<Special>,
    kind: Kind,
    table: &'static str,
    keys: Vec<(&'static str, Arg)>,
    values: Vec<(&'static str, Arg)>,
    when: Vec<When>,
    must_hit: bool,
}

impl Statement {
    fn new(kind: Kind, table: &'static str) -> Self {
        Self {
            special: None,
            kind,
            table,
            keys: Vec::new(),
            values: Vec::new(),
            when: Vec::new(),
            must_hit: false,
        }
    }

    /// Adds a row; a row of the same key is [`crate::Error::Duplicate`].
    #[must_use]
    pub fn insert(table: &'static str) -> Self {
        Self::new(Kind::Insert, table)
    }

    /// Adds a row unless one of the same key is there.
    #[must_use]
    pub fn insert_new(table: &'static str) -> Self {
        Self::new(Kind::InsertNew, table)
    }

    /// Adds a row, or changes the one of the same [`Statement::key`].
    #[must_use]
    pub fn upsert(table: &'static str) -> Self {
        Self::new(Kind::Upsert, table)
    }

    /// Changes the rows that the conditions name; every row without conditions.
    #[must_use]
    pub fn update(table: &'static str) -> Self {
        Self::new(Kind::Update, table)
    }

    /// Removes the rows that the conditions name; every row without conditions.
    #[must_use]
    pub fn delete(table: &'static str) -> Self {
        Self::new(Kind::Delete, table)
    }

    /// A column of the key of an upsert.
    #[must_use]
    pub fn key(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.keys.push((column, value.into()));
        self
    }

    /// A column's new value.
    #[must_use]
    pub fn set(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.values.push((column, value.into()));
        self
    }

    /// Only rows whose column has this value.
    #[must_use]
    pub fn when(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Is(column, value.into()));
        self
    }

    /// Only rows whose column is smaller than this value.
    #[must_use]
    pub fn when_below(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Below(column, value.into()));
        self
    }

    /// Only rows whose column is larger than this value.
    #[must_use]
    pub fn when_above(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Above(column, value.into()));
        self
    }

    /// Only rows whose column is null.
    #[must_use]
    pub fn when_null(mut self, column: &'static str) -> Self {
        self.when.push(When::Null(column));
        self
    }

    /// Only while a question has an answer, in the same transaction. Two transactions that each take away what the
    /// other asks for need [`Statement::one_at_a_time`] before them.
    #[must_use]
    pub fn when_exists(mut self, question: Select) -> Self {
        self.when.push(When::Exists(question));
        self
    }

    /// Lets only one transaction with this number go on at a time, to its end; what comes after it in the transaction
    /// sees what the others have committed. On SQLite there is one at a time anyway.
    #[must_use]
    pub fn one_at_a_time(number: i64) -> Self {
        Self::special(Special::Lock(number))
    }

    /// Fails the whole transaction with [`crate::Error::NotFound`] when no row was changed.
    #[must_use]
    pub fn must_hit(mut self) -> Self {
        self.must_hit = true;
        self
    }

    pub(crate) fn special(special: Special) -> Self {
        Self { special: Some(special), ..Self::new(Kind::Insert, "") }
    }

    /// Writes it as steps of a transaction.
    pub(crate) fn to_steps(&self, dialect: Dialect, steps: &mut Vec<Step>) {
        match &self.special {
            Some(Special::Enqueue(job)) => steps.push(Step::of(queue::enqueue(job, dialect))),
            Some(Special::Search(document)) => document.to_steps(dialect, steps),
            Some(Special::Lock(number)) if dialect == Dialect::Postgres => {
                let mut sql = Sql::new(dialect);
                sql.push("SELECT count(*) FROM pg_advisory_xact_lock(").bind(*number).push(")");
                steps.push(Step::of(sql));
            }
            Some(Special::Lock(_)) => {}
            None => {
                let on_none = if self.must_hit { OnNone::Missing(self.table) } else { OnNone::Fine };
                let subject = self.subject();
                steps.push(Step { on_none, subject, ..Step::of(self.to_sql(dialect)) });
            }
        }
    }

    /// A new row of a numbered table: where its number is taken, another one is to be tried.
    fn subject(&self) -> Subject {
        let number = self.values.iter().find_map(|(column, value)| match (column, value) {
            (&"id", Arg::Int(number)) => Some(*number),
            _ => None,
        });
        match number.filter(|_| self.kind == Kind::Insert && NUMBERED.contains(&self.table)) {
            Some(number) => Subject::Record(Reference::new(self.table, number), None),
            None => Subject::Own,
        }
    }

    fn to_sql(&self, dialect: Dialect) -> Sql {
        let mut sql = Sql::new(dialect);
        match self.kind {
            Kind::Insert | Kind::InsertNew | Kind::Upsert => {
                sql.push("INSERT INTO ").name(self.table).push(" (");
                for (i, (column, _)) in self.keys.iter().chain(&self.values).enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).name(column);
                }
                sql.push(") VALUES (");
                for (i, (_, value)) in self.keys.iter().chain(&self.values).enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).bind(value.clone());
                }
                sql.push(")");
                self.on_conflict(&mut sql);
            }
            Kind::Update => {
                sql.push("UPDATE ").name(self.table).push(" SET ");
                for (i, (column, value)) in self.values.iter().enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).name(column).push(" = ").bind(value.clone());
                }
                write_when(&mut sql, &self.when);
            }
            Kind::Delete => {
                sql.push("DELETE FROM ").name(self.table);
                write_when(&mut sql, &self.when);
            }
        }
        sql
    }

    fn on_conflict(&self, sql: &mut Sql) {
        match self.kind {
            Kind::InsertNew => {
                sql.push(" ON CONFLICT DO NOTHING");
            }
            Kind::Upsert => {
                sql.push(" ON CONFLICT (");
                for (i, (column, _)) in self.keys.iter().enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).name(column);
                }
                sql.push(if self.values.is_empty() { ") DO NOTHING" } else { ") DO UPDATE SET " });
                for (i, (column, _)) in self.values.iter().enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).name(column).push(" = ");
                    sql.column("excluded", column);
                }
            }
            _ => {}
        }
    }
}

fn write_when(sql: &mut Sql, when: &[When]) {
    for (i, condition) in when.iter().enumerate() {
        sql.push(if i > 0 { " AND " } else { " WHERE " });
        match condition {
            When::Is(column, value) => sql.name(column).push(" = ").bind(value.clone()),
            When::Below(column, value) => sql.name(column).push(" < ").bind(value.clone()),
            When::Above(column, value) => sql.name(column).push(" > ").bind(value.clone()),
            When::UpTo(column, value) => sql.name(column).push(" <= ").bind(value.clone()),
            When::Null(column) => sql.name(column).push(" IS NULL"),
            When::NotNull(column) => sql.name(column).push(" IS NOT NULL"),
            When::Not(column, value) => sql.name(column).push(" <> ").bind(value.clone()),
            When::Word(column, word) => {
                sql.push("' ' || ").name(column).push(" || ' ' LIKE ").bind(format!("% {word} %"))
            }
            When::Exists(question) => {
                sql.push("EXISTS (");
                question.write(sql);
                sql.push(")")
            }
            When::In(column, values) => {
                sql.name(column).push(" IN (");
                for (i, value) in values.iter().enumerate() {
                    sql.push(if i > 0 { ", " } else { "" }).bind(value.clone());
                }
                sql.push(")")
            }
        };
    }
}

/// A question about rows of one engine table.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    table: &'static str,
    columns: Vec<&'static str>,
    when: Vec<When>,
    order: Vec<(&'static str, bool)>,
    limit: Option<i64>,
    is_short: bool,
}

impl Select {
    /// Asks for columns of a table, in this order.
    #[must_use]
    pub fn from(table: &'static str, columns: &[&'static str]) -> Self {
        Self {
            table,
            columns: columns.to_vec(),
            when: Vec::new(),
            order: Vec::new(),
            limit: None,
            is_short: false,
        }
    }

    /// Only rows whose column has this value.
    #[must_use]
    pub fn when(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Is(column, value.into()));
        self
    }

    /// Only rows whose column is smaller than this value.
    #[must_use]
    pub fn when_below(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Below(column, value.into()));
        self
    }

    /// Only rows whose column is larger than this value.
    #[must_use]
    pub fn when_above(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Above(column, value.into()));
        self
    }

    /// Only rows whose column is a value or below it.
    #[must_use]
    pub fn when_up_to(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::UpTo(column, value.into()));
        self
    }

    /// Only rows whose column is null.
    #[must_use]
    pub fn when_null(mut self, column: &'static str) -> Self {
        self.when.push(When::Null(column));
        self
    }

    /// Only rows whose column is not null.
    #[must_use]
    pub fn when_not_null(mut self, column: &'static str) -> Self {
        self.when.push(When::NotNull(column));
        self
    }

    /// Only rows whose column has another value than this.
    #[must_use]
    pub fn when_not(mut self, column: &'static str, value: impl Into<Arg>) -> Self {
        self.when.push(When::Not(column, value.into()));
        self
    }

    /// Only rows whose column has this word among words parted by single blanks.
    #[must_use]
    pub fn when_word(mut self, column: &'static str, word: &'static str) -> Self {
        self.when.push(When::Word(column, word));
        self
    }

    /// Only rows whose column has one of these values; no row for none. At most some hundred.
    #[must_use]
    pub fn when_in(mut self, column: &'static str, values: impl IntoIterator<Item = impl Into<Arg>>) -> Self {
        let mut values: Vec<Arg> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            values.push(Arg::Null(ArgType::Text));
        }
        self.when.push(When::In(column, values));
        self
    }

    /// Sorts by a column, smallest first; several sort one after another.
    #[must_use]
    pub fn order(mut self, column: &'static str) -> Self {
        self.order.push((column, false));
        self
    }

    /// Sorts by a column, largest first.
    #[must_use]
    pub fn order_descending(mut self, column: &'static str) -> Self {
        self.order.push((column, true));
        self
    }

    /// Gives at most so many rows.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(i64::try_from(limit).unwrap_or(i64::MAX));
        self
    }

    /// Says that an index answers this with a few rows: it need not wait for a thread of its own.
    #[must_use]
    pub fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    pub(crate) fn is_short(&self) -> bool {
        self.is_short
    }

    pub(crate) fn to_sql(&self, dialect: Dialect) -> Sql {
        let mut sql = Sql::new(dialect);
        self.write(&mut sql);
        sql
    }

    fn write(&self, sql: &mut Sql) {
        sql.push("SELECT ");
        for (i, column) in self.columns.iter().enumerate() {
            sql.push(if i > 0 { ", " } else { "" }).name(column);
        }
        sql.push(" FROM ").name(self.table);
        write_when(sql, &self.when);
        for (i, (column, descending)) in self.order.iter().enumerate() {
            sql.push(if i > 0 { ", " } else { " ORDER BY " }).name(column);
            sql.push(if *descending { " DESC" } else { "" });
        }
        if let Some(limit) = self.limit {
            sql.push(" LIMIT ").bind(limit);
        }
    }
}

impl From<Option<i64>> for Arg {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Null(ArgType::Int), Self::Int)
    }
}

impl From<Option<String>> for Arg {
    fn from(value: Option<String>) -> Self {
        value.map_or(Self::Null(ArgType::Text), Self::Text)
    }
}

impl From<Option<&str>> for Arg {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Null(ArgType::Text), |text| Self::Text(text.to_owned()))
    }
}

impl From<&[u8]> for Arg {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<uuid::Uuid> for Arg {
    fn from(value: uuid::Uuid) -> Self {
        Self::Bytes(value.into_bytes().to_vec())
    }
}

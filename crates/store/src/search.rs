//! Full-text search over search fields and comments. Words are cut and folded here, the same for both databases;
//! any text is a safe question.
//!
//! Source: Unicode normalization form KD; marks are dropped, so `Grüße` is found by `grusse`.

pub(crate) mod words;

use std::collections::HashSet;

use proofdesk_model::Reference;

use crate::error::Error;
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::statement::{Special, Statement};
use crate::store::Store;
use crate::unit::Step;
use words::{cut, fts_text, vector};

/// Only so many of the newest hits are looked at.
const NEWEST: usize = 10_000;

/// One thing found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The record.
    pub record: Reference,
    /// `record`, or the part given with the text (`comment/17`).
    pub part: String,
}

/// A text that search finds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub record: Reference,
    pub part: String,
    pub at: i64,
    /// Words here come before others.
    pub title: String,
    pub text: String,
}

impl Statement {
    /// Makes a part of a record found by this text, for [`Store::note`] and [`crate::Extra`]: a comment by
    /// `comment/17`. An empty text is not found any more.
    #[must_use]
    pub fn search_text(record: &Reference, part: &str, at: i64, text: &str) -> Self {
        let (record, part, text) = (record.clone(), part.to_owned(), text.to_owned());
        Self::special(Special::Search(Document { record, part, at, title: String::new(), text }))
    }
}

impl Document {
    pub(crate) fn to_steps(&self, dialect: Dialect, steps: &mut Vec<Step>) {
        let (title, words) = (cut(&self.title), cut(&self.text));
        if title.is_empty() && words.is_empty() {
            return self.remove(dialect, steps);
        }
        let mut sql = Sql::new(dialect);
        let is_postgres = dialect == Dialect::Postgres;
        sql.push("INSERT INTO search_document (record_type, number, part, at");
        sql.push(if is_postgres { ", words) VALUES (" } else { ") VALUES (" });
        sql.bind(self.record.record_type.as_str()).push(", ").bind(self.record.number).push(", ");
        sql.bind(self.part.as_str()).push(", ").bind(self.at);
        if is_postgres {
            sql.push(", ").bind(vector(&title, &words)).push("::tsvector");
        }
        sql.push(") ON CONFLICT (record_type, number, part) DO UPDATE SET at = excluded.at");
        sql.push(if is_postgres { ", words = excluded.words" } else { "" });
        steps.push(Step::of(sql));
        if !is_postgres {
            let mut sql = Sql::new(dialect);
            sql.push("INSERT OR REPLACE INTO search_index (rowid, title, words) SELECT id, ");
            sql.bind(fts_text(&title)).push(", ").bind(fts_text(&words));
            self.which(sql.push(" FROM search_document"));
            steps.push(Step::of(sql));
        }
    }

    fn remove(&self, dialect: Dialect, steps: &mut Vec<Step>) {
        if dialect == Dialect::Sqlite {
            let mut sql = Sql::new(dialect);
            self.which(sql.push("DELETE FROM search_index WHERE rowid IN (SELECT id FROM search_document"));
            sql.push(")");
            steps.push(Step::of(sql));
        }
        let mut sql = Sql::new(dialect);
        self.which(sql.push("DELETE FROM search_document"));
        steps.push(Step::of(sql));
    }

    fn which(&self, sql: &mut Sql) {
        sql.push(" WHERE record_type = ").bind(self.record.record_type.as_str());
        sql.push(" AND number = ").bind(self.record.number).push(" AND part = ").bind(self.part.as_str());
    }
}

impl Store {
    /// Finds records by words: all must occur, the last one may be a beginning. Records whose title has all of them
    /// come first, newest first; each record once. `types` restricts to these record types; empty means
    /// all. At most the newest 10,000 hits are looked at. A text without words finds nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn search(&self, text: &str, types: &[String], limit: usize) -> Result<Vec<Hit>, Error> {
        self.search_apart(text, types, &[], "", limit).await
    }

    /// As [`Store::search`], without the parts of `hidden` record types whose name begins with `prefix`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn search_apart(
        &self,
        text: &str,
        types: &[String],
        hidden: &[&str],
        prefix: &str,
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        let words = cut(text);
        if words.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let is_prefix = text.chars().last().is_some_and(char::is_alphanumeric);
        // A record may be found by several parts.
        let few = limit.saturating_mul(4).min(NEWEST);
        let mut found = Found { hits: Vec::new(), seen: HashSet::new(), types, hidden, prefix, limit };
        for in_title in [true, false] {
            let rows = self.newest(&words, is_prefix, in_title, few).await?;
            let is_all = rows.len() < few;
            found.take(&rows);
            // most ask for all types: only where few of many hits were of the types asked for, more are looked at
            if !found.is_full() && !is_all && few < NEWEST {
                found.take(&self.newest(&words, is_prefix, in_title, NEWEST).await?);
            }
            if found.is_full() {
                break;
            }
        }
        Ok(found.hits)
    }

    /// The newest documents with all words.
    async fn newest(
        &self,
        words: &[String],
        is_prefix: bool,
        in_title: bool,
        count: usize,
    ) -> Result<Vec<Row>, Error> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let mut sql = self.sql();
        match self.dialect() {
            Dialect::Sqlite => {
                let asked = words::fts_query(words, is_prefix, in_title);
                sql.push(
                    "SELECT d.record_type, d.number, d.part FROM (SELECT rowid AS id FROM search_index ",
                );
                sql.push("WHERE search_index MATCH ").bind(asked);
                sql.push(" ORDER BY rowid DESC LIMIT ").bind(count);
                sql.push(") h JOIN search_document d ON d.id = h.id ORDER BY d.id DESC");
                self.known_rows(sql).await
            }
            Dialect::Postgres => {
                let asked = words::ts_query(words, is_prefix, in_title);
                sql.push("SELECT record_type, number, part FROM search_document WHERE words @@ ");
                sql.bind(asked).push("::tsquery ORDER BY id DESC LIMIT ").bind(count);
                // how rare the words are decides the plan: one that was kept would not know
                self.rows(sql).await
            }
        }
    }
}

/// What a search has found so far.
struct Found<'a> {
    hits: Vec<Hit>,
    seen: HashSet<Reference>,
    types: &'a [String],
    hidden: &'a [&'a str],
    prefix: &'a str,
    limit: usize,
}

impl Found<'_> {
    fn is_full(&self) -> bool {
        self.hits.len() >= self.limit
    }

    /// Takes what was asked for, each record once.
    fn take(&mut self, rows: &[Row]) {
        for hit in rows.iter().map(hit_of) {
            let of = &hit.record.record_type;
            let is_hidden = hit.part.starts_with(self.prefix) && self.hidden.contains(&of.as_str());
            let is_asked = self.types.is_empty() || self.types.contains(of);
            if is_asked && !is_hidden && !self.is_full() && self.seen.insert(hit.record.clone()) {
                self.hits.push(hit);
            }
        }
    }
}

fn hit_of(row: &Row) -> Hit {
    Hit { record: Reference::new(row.text(0), row.int(1)), part: row.text(2).to_owned() }
}

/// Whether every word of a question stands in a text, or begins a word of it.
pub fn has_words(text: &str, question: &str) -> bool {
    let text = words::cut(text);
    words::cut(question).iter().all(|word| text.iter().any(|t| t.starts_with(word.as_str())))
}

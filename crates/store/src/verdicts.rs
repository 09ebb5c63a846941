//! A condition over a whole population: how many records meet it, fail it, or cannot be judged.

use proofdesk_condition::{Comparison, Node, NodeKind, Operand};
use proofdesk_model::{Condition, Context, RecordType};

use crate::error::Error;
use crate::list::{push_filter, states};
use crate::predicate::{fails, holds};
use crate::row::Row;
use crate::sql::Sql;
use crate::store::Store;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The record type.
    pub of: &'a RecordType,
    /// Which records count; none means all of the type.
    pub population: Option<&'a Condition>,
    /// What each of them must meet.
    pub must: &'a Condition,
    /// Only this record, for a new test after its change.
    pub only: Option<i64>,
    /// How many exceptions are named.
    pub exceptions_limit: usize,
}

/// The verdict on one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It meets the condition.
    Holds,
    /// It does not.
    Fails,
    /// It belongs to the population but the condition cannot be evaluated.
    Error,
    /// Whether it belongs to the population cannot be evaluated.
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Records that meet the condition.
    pub holds: u64,
    /// Records that do not.
    pub fails: u64,
    /// Records of the population for which it cannot be evaluated.
    pub errors: u64,
    /// Records of which cannot be said whether they belong to the population. Counted apart, never dropped.
    pub unknown: u64,
    /// The first exceptions by number: all but [`Verdict::Holds`].
    pub exceptions: Vec<(i64, Verdict)>,
}

impl Verdicts {
    /// Size of the population, with those that may belong to it.
    pub fn population(&self) -> u64 {
        self.holds + self.fails + self.errors + self.unknown
    }

    fn add(&mut self, verdict: Verdict, count: u64) {
        match verdict {
            Verdict::Holds => self.holds += count,
            Verdict::Fails => self.fails += count,
            Verdict::Error => self.errors += count,
            Verdict::Unknown => self.unknown += count,
        }
    }
}

fn verdict_of(code: i64) -> Verdict {
    match code {
        0 => Verdict::Holds,
        1 => Verdict::Fails,
        2 => Verdict::Error,
        _ => Verdict::Unknown,
    }
}

impl Store {
    /// Judges every record of a population in one pass, and names the first exceptions in a second one where there
    /// are any.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn verdicts(&self, question: Question<'_>, context: &Context) -> Result<Verdicts, Error> {
        let mut verdicts = Verdicts::default();
        if let Some(number) = question.only {
            for row in self.known_rows(self.one_by_one(&question, context, Some(number))).await? {
                verdicts.add(verdict_of(row.int(1)), 1);
                if row.int(1) != 0 {
                    verdicts.exceptions.push((row.int(0), verdict_of(row.int(1))));
                }
            }
            return Ok(verdicts);
        }
        let mut sql = self.sql();
        sql.push("SELECT ");
        push_code(&mut sql, &question, context);
        sql.push(", count(*) FROM ").name(&question.of.name).push(" t WHERE ");
        push_population(&mut sql, &question, context);
        sql.push(" GROUP BY 1");
        for row in self.known_rows(sql).await? {
            verdicts.add(verdict_of(row.int(0)), u64::try_from(row.int(1)).unwrap_or_default());
        }
        let has_exceptions = verdicts.population() > verdicts.holds;
        if has_exceptions && question.exceptions_limit > 0 {
            let rows = self.known_rows(self.one_by_one(&question, context, None)).await?;
            let exception = |row: &Row| (row.int(0), verdict_of(row.int(1)));
            verdicts.exceptions = rows.iter().map(exception).collect();
        }
        Ok(verdicts)
    }

    /// Number and code of one record, or of the first exceptions.
    fn one_by_one(&self, question: &Question<'_>, context: &Context, only: Option<i64>) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT number, code FROM (SELECT t.\"number\" AS number, ");
        push_code(&mut sql, question, context);
        sql.push(" AS code FROM ").name(&question.of.name).push(" t WHERE ");
        if let Some(number) = only {
            sql.push("t.\"number\" = ").bind(number).push(" AND ");
        }
        push_population(&mut sql, question, context);
        sql.push(") judged");
        if only.is_none() {
            sql.push(" WHERE code <> 0 ORDER BY number LIMIT ");
            sql.bind(i64::try_from(question.exceptions_limit).unwrap_or(i64::MAX));
        }
        sql
    }
}

/// Writes the verdict on a row as a number, see [`verdict_of`].
fn push_code(sql: &mut Sql, question: &Question<'_>, context: &Context) {
    sql.push("CASE");
    if let Some(population) = question.population.filter(|p| !is_decided(p.tree())) {
        sql.push(" WHEN (");
        holds(population, "t", context, sql);
        sql.push(") IS NOT TRUE THEN 3");
    }
    sql.push(" WHEN ");
    holds(question.must, "t", context, sql);
    if is_decided(question.must.tree()) {
        sql.push(" THEN 0 ELSE 1 END");
    } else {
        sql.push(" THEN 0 WHEN ");
        fails(question.must, "t", context, sql);
        sql.push(" THEN 1 ELSE 2 END");
    }
}

/// Writes which rows are judged: those of the population, and those of which it cannot be said.
fn push_population(sql: &mut Sql, question: &Question<'_>, context: &Context) {
    match question.population {
        Some(population) if !is_decided(population.tree()) => {
            sql.push("(");
            fails(population, "t", context, sql);
            sql.push(") IS NOT TRUE");
        }
        population => push_filter(sql, question.of, population, context),
    }
}

/// Whether a condition is true or false of every record: it compares own fields for equality only.
pub(crate) fn is_decided(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Const(_) => true,
        NodeKind::Not(inner) => is_decided(inner),
        NodeKind::And(parts) | NodeKind::Or(parts) => parts.iter().all(is_decided),
        NodeKind::Compare(Comparison::Equal | Comparison::NotEqual, left, right) => {
            is_plain(left) && is_plain(right)
        }
        NodeKind::In(Operand::Field(path), list) => states::is_state(path) && list.iter().all(is_plain),
        _ => false,
    }
}

/// A literal, or an own field.
fn is_plain(operand: &Operand) -> bool {
    match operand {
        Operand::Value(_) => true,
        Operand::Field(path) => path.scope == 0 && path.links.is_empty(),
        _ => false,
    }
}

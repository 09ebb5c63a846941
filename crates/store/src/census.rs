//! Many conditions over one population type in one pass: what a full run of conformity tests asks.
//!
//! Not here: one condition on its own (`verdicts`).
//! Invariant: the three counts of one pass share a BIGINT of 21 bits each, so a pass covers at most 1,000,000
//! numbers of records; larger tables are asked in several passes.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use proofdesk_model::{Condition, Context, Kind, RecordType, Reference};

use crate::error::Error;
use crate::predicate::{fails, holds};
use crate::row::Row;
use crate::sql::Sql;
use crate::store::Store;
use crate::verdicts::{Verdict, Verdicts};

/// Numbers of records in one pass.
const PASS: i64 = 250_000;
/// Passes that run at the same time.
const AT_ONCE: usize = 4;
/// Bits of one count.
const BITS: u32 = 21;

/// One question among many about the same record type.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which records count; none means all of the type.
    pub population: Option<&'a Condition>,
    /// What each of them must meet.
    pub must: &'a Condition,
}

impl Store {
    /// Judges every record of a type by many conditions in one pass over the table, without naming exceptions. The
    /// answers come in the order of the questions.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn census(
        &self,
        of: &RecordType,
        asked: &[Asked<'_>],
        context: &Context,
    ) -> Result<Vec<Verdicts>, Error> {
        let mut answers = vec![Verdicts::default(); asked.len()];
        if asked.is_empty() {
            return Ok(answers);
        }
        let mut span = self.sql();
        span.push("SELECT min(number), max(number) FROM ").name(&of.name);
        let rows = self.rows(span).await?;
        let Some((low, high)) = rows.first().and_then(|r| Some((r.opt_int(0)?, r.opt_int(1)?))) else {
            return Ok(answers);
        };
        let passes = (low / PASS..=high / PASS).map(|pass| {
            let mut sql = self.sql();
            for (i, question) in asked.iter().enumerate() {
                sql.push(if i > 0 { ", CAST(sum(" } else { "SELECT CAST(sum(" });
                push_code(&mut sql, *question, context, [0, 1, 1 << BITS, 1 << (2 * BITS)]);
                sql.push(") AS BIGINT)");
            }
            sql.push(" FROM ").name(&of.name).push(" t WHERE t.\"number\" >= ").bind(pass * PASS);
            sql.push(" AND t.\"number\" < ").bind((pass + 1) * PASS);
            self.rows(sql)
        });
        let found: Vec<_> = stream::iter(passes).buffer_unordered(AT_ONCE).try_collect().await?;
        let part = |sum: i64, at: u32| u64::try_from((sum >> (at * BITS)) & ((1 << BITS) - 1)).unwrap_or(0);
        for row in found.iter().flatten() {
            for (i, answer) in answers.iter_mut().enumerate() {
                let sum = row.int(i);
                answer.holds += part(sum, 0);
                answer.fails += part(sum, 1);
                answer.errors += part(sum, 2);
            }
        }
        Ok(answers)
    }

    /// Names the first exceptions of each question by number, at most `limit` of each. `counts` are the answers of
    /// [`Store::census`]: questions without exceptions are not asked, those with few share one pass.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn exceptions(
        &self,
        of: &RecordType,
        asked: &[Asked<'_>],
        counts: &[Verdicts],
        context: &Context,
        limit: usize,
    ) -> Result<Vec<Vec<(i64, Verdict)>>, Error> {
        let mut named = vec![Vec::new(); asked.len()];
        let total = |i: usize| counts.get(i).map_or(0, |c| c.population() - c.holds);
        let few: Vec<usize> = (0..asked.len()).filter(|i| (1..=limit as u64).contains(&total(*i))).collect();
        let many: Vec<usize> = (0..asked.len()).filter(|i| total(*i) > limit as u64).collect();
        for at in many {
            let [question] = &asked[at..=at] else { continue };
            let rows = self.rows(self.exception_sql(of, &[*question], context, Some(limit))).await?;
            named[at] = rows.iter().map(|row| (row.int(0), verdict_of(row.int(1)))).collect();
        }
        if !few.is_empty() {
            let questions: Vec<Asked<'_>> = few.iter().map(|i| asked[*i]).collect();
            for row in self.rows(self.exception_sql(of, &questions, context, None)).await? {
                for (column, at) in few.iter().enumerate() {
                    let code = row.int(column + 1);
                    if code > 1 && named[*at].len() < limit {
                        named[*at].push((row.int(0), verdict_of(code)));
                    }
                }
            }
        }
        Ok(named)
    }

    fn exception_sql(
        &self,
        of: &RecordType,
        asked: &[Asked<'_>],
        context: &Context,
        limit: Option<usize>,
    ) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT * FROM (SELECT t.\"number\" AS number");
        for (i, question) in asked.iter().enumerate() {
            sql.push(", ");
            push_code(&mut sql, *question, context, [0, 1, 2, 3]);
            sql.push(&format!(" AS code{i}"));
        }
        sql.push(" FROM ").name(&of.name).push(" t) judged WHERE ");
        for i in 0..asked.len() {
            sql.push(if i > 0 { " OR " } else { "" }).push(&format!("code{i} > 1"));
        }
        sql.push(" ORDER BY number");
        if let Some(limit) = limit {
            sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        }
        sql
    }

    /// Counts the records that were tested again in a scope since a run, by test, what they were and what they are.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn retest_counts(
        &self,
        scope: &str,
        run: i64,
    ) -> Result<Vec<(String, String, String, u64)>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT test, was, standing, count(*) FROM conformity_retest WHERE scope = ").bind(scope);
        sql.push(" AND run_id = ").bind(run);
        sql.push(" GROUP BY test, was, standing ORDER BY test, was, standing");
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let rows = self.rows(sql).await?;
        let read =
            |r: &Row| (r.text(0).to_owned(), r.text(1).to_owned(), r.text(2).to_owned(), count(r.int(3)));
        Ok(rows.iter().map(read).collect())
    }

    /// Gives one relation of many records by number; records without any are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn links_of_many(
        &self,
        of: &RecordType,
        numbers: &[i64],
        relation: &str,
    ) -> Result<HashMap<i64, Vec<Reference>>, Error> {
        let mut found: HashMap<i64, Vec<Reference>> = HashMap::new();
        for some in numbers.chunks(500) {
            let mut sql = self.sql();
            let (other, end) = match (of.field(relation).map(|f| &f.kind), of.inverses.get(relation)) {
                (Some(Kind::Links { to, .. }), _) => {
                    sql.push("SELECT from_number, to_number FROM link WHERE relation = ");
                    sql.bind(format!("{}.{relation}", of.name)).push(" AND from_number IN (");
                    (to.as_str(), ") ORDER BY from_number, to_number")
                }
                (_, Some(inverse)) if inverse.many => {
                    sql.push("SELECT to_number, from_number FROM link WHERE relation = ");
                    sql.bind(format!("{}.{}", inverse.from, inverse.field)).push(" AND to_number IN (");
                    (inverse.from.as_str(), ") ORDER BY to_number, from_number")
                }
                (_, Some(inverse)) => {
                    sql.push("SELECT ").name(&inverse.field).push(", number FROM ").name(&inverse.from);
                    sql.push(" WHERE ").name(&inverse.field).push(" IN (");
                    (inverse.from.as_str(), ") ORDER BY 1, 2")
                }
                _ => return Err(Error::Invalid(format!("{} has no relation `{relation}`", of.name))),
            };
            for (i, number) in some.iter().enumerate() {
                sql.push(if i > 0 { ", " } else { "" }).bind(*number);
            }
            sql.push(end);
            for row in self.rows(sql).await? {
                found.entry(row.int(0)).or_default().push(Reference::new(other, row.int(1)));
            }
        }
        Ok(found)
    }
}

fn verdict_of(code: i64) -> Verdict {
    match code {
        1 => Verdict::Holds,
        2 => Verdict::Fails,
        _ => Verdict::Error,
    }
}

/// Writes the verdict on a row as one of four numbers: outside, holds, fails, cannot be evaluated. A record of
/// which cannot be said whether it belongs to the population cannot be evaluated.
fn push_code(sql: &mut Sql, asked: Asked<'_>, context: &Context, codes: [i64; 4]) {
    let [outside, good, bad, error] = codes;
    sql.push("CASE");
    if let Some(population) = asked.population {
        sql.push(" WHEN ");
        fails(population, "t", context, sql);
        sql.push(&format!(" THEN {outside} WHEN ("));
        holds(population, "t", context, sql);
        sql.push(&format!(") IS NOT TRUE THEN {error}"));
    }
    sql.push(" WHEN ");
    holds(asked.must, "t", context, sql);
    sql.push(&format!(" THEN {good} WHEN "));
    fails(asked.must, "t", context, sql);
    sql.push(&format!(" THEN {bad} ELSE {error} END"));
}

//! Many conditions over one population type in one pass: what a full run of conformity tests asks.
//!
//! The database judges each record by all questions and gives the verdicts as two bits each in one number; counting, and
//! naming the first exceptions, is done here. So every condition is asked once of a record, and no list is longer than a
//! pass.
//!
//! Not here: one condition on its own (`verdicts`).

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use proofdesk_model::{Condition, Context, Kind, RecordType, Reference};

use crate::error::Error;
use crate::predicate::{fails, holds};
use crate::row::Row;
use crate::sql::Sql;
use crate::store::Store;
use crate::verdicts::{Verdict, Verdicts, is_decided};

/// Numbers of records in one pass.
const PASS: i64 = 50_000;
/// Passes that run at the same time.
const AT_ONCE: usize = 3;
/// Verdicts in one number: two bits each, and never a negative number.
const TOGETHER: usize = 31;

/// One question among many about the same record type.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which records count; none means all of the type.
    pub population: Option<&'a Condition>,
    /// What each of them must meet.
    pub must: &'a Condition,
    /// How many exceptions are named.
    pub named: usize,
}

impl Store {
    /// Judges every record of a type by many conditions in one pass over the table, and names the first exceptions of
    /// each by number. A record of which cannot be said whether it belongs to a population counts among the errors. The
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
        let question = self.census_sql(of, asked, context);
        let named: Vec<usize> = asked.iter().map(|question| question.named).collect();
        let passes = (low / PASS..=high / PASS).map(|pass| {
            let mut sql = question.clone();
            sql.bind(pass * PASS).push(" AND t.\"number\" < ").bind((pass + 1) * PASS);
            sql.push(" ORDER BY t.\"number\"");
            self.known_rows(sql)
        });
        let mut passes = stream::iter(passes).buffered(AT_ONCE);
        while let Some(rows) = passes.next().await {
            count(&rows?, &named, &mut answers);
        }
        Ok(answers)
    }

    /// Number and verdicts of records, up to the first number of the pass.
    fn census_sql(&self, of: &RecordType, asked: &[Asked<'_>], context: &Context) -> Sql {
        let mut sql = self.sql();
        sql.push("SELECT t.\"number\"");
        for group in asked.chunks(TOGETHER) {
            for (at, question) in group.iter().enumerate() {
                sql.push(if at > 0 { " + " } else { ", CAST(" });
                push_code(&mut sql, *question, context, 2 * at);
            }
            sql.push(" AS BIGINT)");
        }
        sql.push(" FROM ").name(&of.name).push(" t WHERE t.\"number\" >= ");
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

    /// The newest state of each obligation of a framework in a scope, in the order in which they were noted: obligation,
    /// since when, state, run and cause.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn newest_states(&self, framework: &str, scope: &str) -> Result<Vec<Row>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT obligation, since, state, run_id, cause FROM conformity_state WHERE id IN (");
        sql.push("SELECT max(id) FROM conformity_state WHERE framework = ").bind(framework);
        sql.push(" AND scope = ").bind(scope).push(" GROUP BY obligation) ORDER BY id");
        self.known_rows(sql).await
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

/// Adds the verdicts on the records of a pass to the answers.
fn count(rows: &[Row], named: &[usize], answers: &mut [Verdicts]) {
    // most records have the verdicts of some other one
    let mut alike: HashMap<(usize, i64), u64> = HashMap::new();
    for row in rows {
        for (column, group) in answers.chunks_mut(TOGETHER).enumerate() {
            let codes = row.int(column + 1);
            *alike.entry((column, codes)).or_default() += 1;
            // the upper bit of a pair says that it is an exception
            let mut exceptions = codes & 0x2aaa_aaaa_aaaa_aaaa;
            while exceptions != 0 {
                let at = exceptions.trailing_zeros() as usize / 2;
                exceptions &= exceptions - 1;
                let wanted = named.get(column * TOGETHER + at).copied().unwrap_or_default();
                if let Some(answer) = group.get_mut(at).filter(|a| a.exceptions.len() < wanted) {
                    answer.exceptions.push((row.int(0), verdict_of(codes, at)));
                }
            }
        }
    }
    for ((column, codes), n) in alike {
        for (at, answer) in answers.iter_mut().skip(column * TOGETHER).take(TOGETHER).enumerate() {
            match codes >> (2 * at) & 3 {
                0 => {}
                1 => answer.holds += n,
                2 => answer.fails += n,
                _ => answer.errors += n,
            }
        }
    }
}

fn verdict_of(codes: i64, at: usize) -> Verdict {
    if codes >> (2 * at) & 1 == 0 { Verdict::Fails } else { Verdict::Error }
}

/// Writes the verdict on a row as one of four numbers, shifted to its place: outside, holds, fails, cannot be evaluated.
/// A record of which cannot be said whether it belongs to the population cannot be evaluated. What is true or false of
/// every record is asked once, anything else for both.
fn push_code(sql: &mut Sql, asked: Asked<'_>, context: &Context, shift: usize) {
    let [good, bad, error] = [1_i64, 2, 3].map(|code| code << shift);
    sql.push("CASE");
    if let Some(population) = asked.population {
        sql.push(" WHEN ");
        fails(population, "t", context, sql);
        sql.push(" THEN 0");
        if !is_decided(population.tree()) {
            sql.push(" WHEN (");
            holds(population, "t", context, sql);
            sql.push(&format!(") IS NOT TRUE THEN {error}"));
        }
    }
    sql.push(" WHEN ");
    holds(asked.must, "t", context, sql);
    sql.push(&format!(" THEN {good}"));
    if is_decided(asked.must.tree()) {
        sql.push(&format!(" ELSE {bad} END"));
    } else {
        sql.push(" WHEN ");
        fails(asked.must, "t", context, sql);
        sql.push(&format!(" THEN {bad} ELSE {error} END"));
    }
}

#[cfg(test)]
mod tests {
    use super::{TOGETHER, count};
    use crate::row::{Cell, Row};
    use crate::verdicts::{Verdict, Verdicts};

    /// A record with one verdict more than fit into a number: the first and the last are as given, the others hold.
    fn row(number: i64, first: i64, last: i64) -> Row {
        let others = (1..TOGETHER).map(|at| 1_i64 << (2 * at)).sum::<i64>();
        Row([number, first | others, last].map(Cell::Int).to_vec())
    }

    #[test]
    fn all_are_counted_and_only_so_many_are_named() {
        let mut answers = vec![Verdicts::default(); TOGETHER + 1];
        let mut named = vec![2; TOGETHER + 1];
        named[TOGETHER] = 1;
        let pass = |from: i64| (from..from + 1_000).map(|n| row(n, n % 4, 2 + n % 2)).collect::<Vec<_>>();
        for from in [0, 1_000] {
            count(&pass(from), &named, &mut answers);
        }
        let first = &answers[0];
        assert_eq!((first.holds, first.fails, first.errors), (500, 500, 500));
        assert_eq!(first.exceptions, [(2, Verdict::Fails), (3, Verdict::Error)]);
        for middle in &answers[1..TOGETHER] {
            assert_eq!((middle.holds, middle.exceptions.len()), (2_000, 0));
        }
        let last = &answers[TOGETHER];
        assert_eq!((last.holds, last.fails, last.errors), (0, 1_000, 1_000));
        assert_eq!(last.exceptions, [(0, Verdict::Fails)]);
    }
}

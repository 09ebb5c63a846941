//! One transaction: everything is sent at once, the outcome read once; a lost connection is resolved by looking for
//! the write's id.

use std::time::Instant;

use deadpool_postgres::Object;
use tokio_postgres::types::{ToSql, Type};

use super::failure::{Failure, failed};
use super::pipeline::{Sent, in_order};
use super::{Inner, LOOK_FOR, run};
use crate::error::Error;
use crate::row::Row;
use crate::sql::{Arg, Dialect, Sql};
use crate::sqlite::lock;
use crate::store::Changed;
use crate::unit::{Done, NewEntry, OnNone, Step, Unit};

/// Most rows of one statement.
const ROWS: usize = 64;
/// Columns of an entry without its id.
const ENTRY_HEAD: &str =
    "INSERT INTO log_entry (write_id, seq, record_type, number, version, at, body, leaf_hash) VALUES ";

/// A statement to send, and which steps it carries out.
struct Planned<'u> {
    text: String,
    args: Vec<&'u Arg>,
    /// Index of its first step; none for entries.
    step: Option<usize>,
    /// It has rows of more than one step.
    merged: bool,
}

impl Inner {
    /// Runs a transaction until it is known to be committed or refused.
    pub(super) async fn unit(&self, unit: Unit) -> Result<Done, Error> {
        let ids = unit.entries.iter().map(|new| new.write_id);
        lock(&self.own).add(ids);
        let begun = Instant::now();
        let mut was_lost = false;
        let mut merge = true;
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.attempt(&unit, merge).await {
                Ok(done) => return Ok(self.told(&unit, done)),
                Err((failure, step)) => self.explain(failure, step, &unit, &mut merge).await,
            };
            match failure {
                Failure::Again(text) if tries > 5 => return Err(Error::Unavailable(text)),
                Failure::Again(_) => {}
                Failure::Lost(text) => {
                    was_lost = true;
                    if unit.entries.is_empty() {
                        return Err(Error::Unavailable(text));
                    }
                    if let Some(done) = self.look_for(&unit, begun).await? {
                        return Ok(self.told(&unit, done));
                    }
                    if tries > 3 {
                        return Err(Error::Unavailable(text));
                    }
                }
                failure => {
                    // What stands in the way may be this very write, committed after all.
                    if was_lost && let Some(done) = self.look_for(&unit, begun).await? {
                        return Ok(self.told(&unit, done));
                    }
                    return Err(failure.into_error());
                }
            }
        }
    }

    /// Tells what a failure means for the step that it happened in.
    async fn explain(
        &self,
        failure: Failure,
        step: Option<(usize, bool)>,
        unit: &Unit,
        merge: &mut bool,
    ) -> Failure {
        let Some((at, merged)) = step else { return failure };
        let Some(step) = unit.steps.get(at) else { return failure };
        match failure {
            Failure::Taken(_) if merged => {
                // Only one row in each statement tells which one it was.
                *merge = false;
                Failure::Again("a row is already there".to_owned())
            }
            Failure::Taken(constraint) => Failure::Refused(step.taken(&constraint)),
            Failure::NoRow => match &step.on_none {
                OnNone::Missing(what) => Failure::Refused(Error::NotFound(format!("the row of {what}"))),
                OnNone::Stale(record) => {
                    let mut sql = Sql::new(Dialect::Postgres);
                    sql.push("SELECT version FROM ").name(&record.record_type);
                    sql.push(" WHERE number = ").bind(record.number);
                    match self.rows(&sql, true).await {
                        Ok(rows) => {
                            Failure::Refused(Error::stale(record, rows.first().map(|row| row.int(0))))
                        }
                        Err(error) => Failure::Refused(error),
                    }
                }
                OnNone::Fine => Failure::NoRow,
            },
            other => other,
        }
    }

    /// Tells this node's listeners and the sequencer.
    fn told(&self, unit: &Unit, done: Done) -> Done {
        for (new, id) in unit.entries.iter().zip(&done.entries) {
            // Nobody may be listening.
            let _ = self.changes.send(Changed::of(&new.entry, *id));
        }
        if !done.entries.is_empty() {
            self.waiting.notify_one();
        }
        done
    }

    /// Looks whether the write is committed, until the server answers or time is up.
    async fn look_for(&self, unit: &Unit, begun: Instant) -> Result<Option<Done>, Error> {
        let Some(first) = unit.entries.first() else { return Ok(None) };
        let mut sql = Sql::new(Dialect::Postgres);
        sql.push("SELECT count(*) FROM log_entry WHERE write_id = ").bind(first.write_id);
        loop {
            match self.rows(&sql, false).await {
                Ok(rows) if rows.first().is_some_and(|row| row.int(0) > 0) => break,
                Ok(_) => return Ok(None),
                Err(Error::Unavailable(_)) if begun.elapsed() < LOOK_FOR => {
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
                Err(error) => return Err(error),
            }
        }
        let mut done = Done::default();
        for new in &unit.entries {
            let mut sql = Sql::new(Dialect::Postgres);
            sql.push("SELECT id FROM log_entry WHERE write_id = ").bind(new.write_id);
            sql.push(" AND seq = ").bind(new.seq);
            done.entries.push(self.rows(&sql, true).await?.first().map_or(0, |row| row.int(0)));
            done.leaves.push(None);
        }
        Ok(Some(done))
    }

    /// Sends the transaction once. A failure names the step it happened in, and whether that was a merged one.
    async fn attempt(&self, unit: &Unit, merge: bool) -> Result<Done, (Failure, Option<(usize, bool)>)> {
        let plain = |failure| (failure, None);
        let client = self.client().await.map_err(|e| plain(Failure::Refused(e)))?;
        let rows_of: Vec<[Arg; 8]> = unit.entries.iter().map(entry_args).collect();
        let plan = plan(unit, &rows_of, merge);
        let answers = send(&client, &plan).await;
        let mut done = Done::default();
        let answers = match answers {
            Ok(answers) => answers,
            Err(failure) => {
                drop(Object::take(client));
                return Err(plain(failure));
            }
        };
        for (planned, answer) in plan.iter().zip(answers) {
            let rows = answer.map_err(|failure| {
                if matches!(failure, Failure::Lost(_)) {
                    return plain(failure);
                }
                (failure, planned.step.map(|at| (at, planned.merged)))
            })?;
            if planned.step.is_none() {
                done.leaves.extend(rows.iter().map(|_| None));
                done.entries.extend(rows.iter().map(|row| row.int(0)));
            } else if unit.returning {
                done.rows.extend(rows);
            }
        }
        Ok(done)
    }
}

/// Values of a row of `log_entry`.
fn entry_args(new: &NewEntry) -> [Arg; 8] {
    let entry = &new.entry;
    [
        new.write_id.into(),
        new.seq.into(),
        entry.record.record_type.clone().into(),
        entry.record.number.into(),
        entry.version.into(),
        entry.at.into(),
        entry.body.clone().into(),
        new.hash.to_vec().into(),
    ]
}

/// The statements of a unit: neighbouring inserts into one table in one statement, then the entries.
fn plan<'u>(unit: &'u Unit, entries: &'u [[Arg; 8]], merge: bool) -> Vec<Planned<'u>> {
    let mut plan = Vec::new();
    let mut at = 0;
    while let Some(step) = unit.steps.get(at) {
        let rest = unit.steps.get(at..).unwrap_or_default();
        let alike =
            if merge { rest.iter().take(ROWS).take_while(|other| is_alike(step, other)).count() } else { 0 };
        // Few lengths, so that few texts are prepared.
        let count = if alike >= ROWS {
            ROWS
        } else if alike >= 8 {
            8
        } else {
            1
        };
        let some = rest.get(..count).unwrap_or_default();
        let text = match (step.insert_head, &step.on_none) {
            (Some(head), _) if count > 1 => {
                let rows: Vec<Vec<&Arg>> = some.iter().map(|s| s.sql.args.iter().collect()).collect();
                values(step.sql.text.get(..head).unwrap_or_default(), &rows)
            }
            (_, OnNone::Fine) => step.sql.text.clone(),
            // Changing no row must end the transaction, although COMMIT is already on its way.
            _ => format!("WITH hit AS ({} RETURNING 1) SELECT 1 / count(*) FROM hit", step.sql.text),
        };
        let args = some.iter().flat_map(|s| &s.sql.args).collect();
        plan.push(Planned { text, args, step: Some(at), merged: count > 1 });
        at += count;
    }
    let mut rest = entries;
    while !rest.is_empty() {
        let count = if rest.len() >= ROWS {
            ROWS
        } else if rest.len() >= 8 {
            8
        } else {
            1
        };
        let (some, later) = rest.split_at(count);
        let rows: Vec<Vec<&Arg>> = some.iter().map(|row| row.iter().collect()).collect();
        let insert = values(ENTRY_HEAD, &rows);
        let text = format!(
            "WITH made AS ({insert} RETURNING id), waits AS (INSERT INTO log_pending (entry_id) SELECT id FROM made) \
             SELECT id FROM made ORDER BY id"
        );
        plan.push(Planned { text, args: some.iter().flatten().collect(), step: None, merged: count > 1 });
        rest = later;
    }
    plan
}

fn is_alike(one: &Step, other: &Step) -> bool {
    one.insert_head.is_some() && one.insert_head == other.insert_head && one.sql.text == other.sql.text
}

/// `INSERT … VALUES ($1::bigint, …), (…)`.
fn values(head: &str, rows: &[Vec<&Arg>]) -> String {
    let mut sql = Sql::new(Dialect::Postgres);
    sql.push(head);
    for (i, row) in rows.iter().enumerate() {
        sql.push(if i > 0 { ", (" } else { "(" });
        for (j, arg) in row.iter().enumerate() {
            // Only the type matters here; the value is sent with the statement.
            sql.push(if j > 0 { ", " } else { "" }).bind(Arg::Null(arg.kind()));
        }
        sql.push(")");
    }
    sql.text
}

/// Prepares and sends all; BEGIN and COMMIT around where there is more than one.
async fn send(client: &Object, plan: &[Planned<'_>]) -> Result<Vec<Result<Vec<Row>, Failure>>, Failure> {
    let mut statements = Vec::with_capacity(plan.len());
    for planned in plan {
        let types: Vec<Type> = planned.args.iter().map(|arg| run::type_of(arg)).collect();
        statements.push(run::prepare(client, &planned.text, &types).await?);
    }
    let args: Vec<Vec<&(dyn ToSql + Sync)>> = plan
        .iter()
        .map(|planned| planned.args.iter().map(|arg| *arg as &(dyn ToSql + Sync)).collect())
        .collect();
    let alone = plan.len() == 1;
    let bare = |text: &'static str| -> Sent<'_, Result<Vec<Row>, Failure>> {
        Box::pin(async move { client.batch_execute(text).await.map(|()| Vec::new()).map_err(|e| failed(&e)) })
    };
    let mut sent: Vec<Sent<'_, Result<Vec<Row>, Failure>>> = Vec::with_capacity(plan.len() + 2);
    if !alone {
        sent.push(bare("BEGIN"));
    }
    for (statement, args) in statements.iter().zip(&args) {
        sent.push(Box::pin(async move {
            let rows = client.query(statement, args).await.map_err(|e| failed(&e))?;
            run::convert(&rows)
        }));
    }
    if !alone {
        sent.push(bare("COMMIT"));
    }
    let mut answers = in_order(sent).await;
    if !alone {
        let commit = answers.pop().unwrap_or_else(|| Ok(Vec::new()));
        let begin = answers.remove(0);
        let all_ran = answers.iter().all(Result::is_ok);
        // Where a statement failed, COMMIT has rolled back and says nothing of it.
        if all_ran && let Err(failure) = begin.and(commit) {
            return Err(failure);
        }
    }
    Ok(answers)
}

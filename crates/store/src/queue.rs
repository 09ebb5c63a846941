//! The queue of jobs: enqueued with a write, claimed with a lease, done, tried again or given up.

use proofdesk_model::Job;

use crate::error::Error;
use crate::row::Row;
use crate::sql::{Dialect, Sql};
use crate::statement::{Special, Statement};
use crate::store::Store;
use crate::unit::{Step, Unit};

/// A job that this worker may run until its lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// Its id.
    pub id: i64,
    /// Counts how often it was enqueued; a newer one is not removed by finishing this one.
    pub generation: i64,
    /// How often it was tried, this time included.
    pub attempts: i64,
    /// The job.
    pub job: Job,
}

/// A job as an operator sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueuedJob {
    /// Its id.
    pub id: i64,
    /// The job.
    pub job: Job,
    /// How often it was tried.
    pub attempts: i64,
    /// What the last try said.
    pub error: Option<String>,
    /// Given up: waits for an operator.
    pub dead: bool,
}

/// How many jobs of a kind there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueLength {
    /// Kind.
    pub kind: String,
    /// Due and not yet done.
    pub due: i64,
    /// Due by a later instant that was asked for, those that are due already included.
    pub soon: i64,
    /// Not yet due.
    pub waiting: i64,
    /// Given up.
    pub dead: i64,
    /// When the oldest due one was due, microseconds UTC.
    pub oldest_due_at: Option<i64>,
}

impl Statement {
    /// Enqueues a job, or replaces the one of the same kind and key; one that is due at [`Job::NEVER`] is withdrawn.
    #[must_use]
    pub fn enqueue(job: &Job) -> Self {
        Self::special(Special::Enqueue(job.clone()))
    }
}

/// Writes the statement that enqueues a job. One that is being run keeps its lease; its new generation runs after.
pub(crate) fn enqueue(job: &Job, dialect: Dialect) -> Sql {
    let mut sql = Sql::new(dialect);
    if job.run_at >= Job::NEVER {
        // a million closed records would leave three million rows that never run
        sql.push("DELETE FROM job WHERE kind = ").bind(job.kind.as_str());
        sql.push(" AND key = ").bind(job.key.as_str());
        return sql;
    }
    sql.push("INSERT INTO job (kind, key, run_at, payload) VALUES (");
    sql.bind(job.kind.as_str()).push(", ").bind(job.key.as_str()).push(", ").bind(job.run_at).push(", ");
    sql.bind(job.payload.to_string()).push(
        ") ON CONFLICT (kind, key) DO UPDATE SET run_at = excluded.run_at, payload = excluded.payload, \
         generation = job.generation + 1, attempts = 0, error = NULL, dead = FALSE",
    );
    sql
}

fn job_of(row: &Row, from: usize) -> Job {
    Job {
        kind: row.text(from).to_owned(),
        key: row.text(from + 1).to_owned(),
        run_at: row.int(from + 2),
        payload: serde_json::from_str(row.text(from + 3)).unwrap_or_default(),
    }
}

/// Writes which jobs may be claimed.
fn write_due(sql: &mut Sql, kinds: &[&str], now: i64) {
    sql.push(" FROM job WHERE run_at <= ")
        .bind(now)
        .push(" AND lease_until <= ")
        .bind(now)
        .push(" AND NOT dead");
    for (i, kind) in kinds.iter().enumerate() {
        sql.push(if i == 0 { " AND kind IN (" } else { ", " }).bind(*kind);
    }
    sql.push(if kinds.is_empty() { "" } else { ")" });
}

impl Store {
    /// Claims jobs that are due, oldest first, until `now + lease` (microseconds). Empty `kinds` means all.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn claim(
        &self,
        kinds: &[&str],
        now: i64,
        lease: i64,
        limit: usize,
    ) -> Result<Vec<Claimed>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT 1");
        write_due(&mut sql, kinds, now);
        sql.push(" LIMIT 1");
        if self.known_rows(sql).await?.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = self.sql();
        sql.push("UPDATE job SET attempts = attempts + 1, lease_until = ").bind(now.saturating_add(lease));
        sql.push(" WHERE id IN (SELECT id");
        write_due(&mut sql, kinds, now);
        sql.push(" ORDER BY run_at, id LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        if self.dialect() == Dialect::Postgres {
            sql.push(" FOR UPDATE SKIP LOCKED");
        }
        sql.push(") RETURNING id, generation, attempts, kind, key, run_at, payload");
        let done =
            self.commit(Unit { steps: vec![Step::of(sql)], returning: true, ..Unit::default() }).await?;
        let mut claimed: Vec<Claimed> = done.rows.iter().map(claimed_of).collect();
        claimed.sort_by_key(|c| (c.job.run_at, c.id));
        Ok(claimed)
    }

    /// Removes a job that is done. One that was enqueued again in the meantime stays and runs again.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn finish(&self, job: &Claimed) -> Result<(), Error> {
        let mut remove = self.sql();
        remove.push("DELETE FROM job WHERE id = ").bind(job.id);
        remove.push(" AND generation = ").bind(job.generation);
        let mut release = self.sql();
        release.push("UPDATE job SET lease_until = 0 WHERE id = ").bind(job.id);
        self.commit(Unit { steps: vec![Step::of(remove), Step::of(release)], ..Unit::default() }).await?;
        Ok(())
    }

    /// Puts a job back with what went wrong, to run at `run_at`; without one it is given up and kept for an operator.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn retry_later(&self, job: &Claimed, run_at: Option<i64>, error: &str) -> Result<(), Error> {
        let mut put_back = self.sql();
        put_back.push("UPDATE job SET error = ").bind(error).push(", dead = ").bind(run_at.is_none());
        if let Some(run_at) = run_at {
            put_back.push(", run_at = ").bind(run_at);
        }
        put_back.push(" WHERE id = ").bind(job.id).push(" AND generation = ").bind(job.generation);
        let mut release = self.sql();
        release.push("UPDATE job SET lease_until = 0 WHERE id = ").bind(job.id);
        self.commit(Unit { steps: vec![Step::of(put_back), Step::of(release)], ..Unit::default() }).await?;
        Ok(())
    }

    /// Tells when the next job is due, microseconds UTC; one that is being run counts when its lease ends.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn next_run_at(&self) -> Result<Option<i64>, Error> {
        let mut sql = self.sql();
        sql.push(
            "SELECT min(CASE WHEN run_at > lease_until THEN run_at ELSE lease_until END) FROM job WHERE NOT dead",
        );
        Ok(self.known_rows(sql).await?.first().and_then(|row| row.opt_int(0)))
    }

    /// Counts the jobs of each kind; `soon` is an instant after `now`, microseconds UTC. In order of kind.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn queue_lengths(&self, now: i64, soon: i64) -> Result<Vec<QueueLength>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT kind, sum(CASE WHEN NOT dead AND run_at <= ").bind(now);
        sql.push(" THEN 1 ELSE 0 END), sum(CASE WHEN NOT dead AND run_at <= ").bind(soon);
        sql.push(" THEN 1 ELSE 0 END), sum(CASE WHEN NOT dead AND run_at > ").bind(now);
        sql.push(" THEN 1 ELSE 0 END), sum(CASE WHEN dead THEN 1 ELSE 0 END), ");
        sql.push("min(CASE WHEN NOT dead AND run_at <= ").bind(now);
        sql.push(" THEN run_at END) FROM job GROUP BY kind ORDER BY kind");
        let length = |row: &Row| QueueLength {
            kind: row.text(0).to_owned(),
            due: row.int(1),
            soon: row.int(2),
            waiting: row.int(3),
            dead: row.int(4),
            oldest_due_at: row.opt_int(5),
        };
        Ok(self.known_rows(sql).await?.iter().map(length).collect())
    }

    /// Lists jobs for an operator: the dead ones, or those that wait, next first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn jobs(&self, dead: bool, limit: usize) -> Result<Vec<QueuedJob>, Error> {
        let mut sql = self.sql();
        sql.push("SELECT id, attempts, error, dead, kind, key, run_at, payload FROM job WHERE ");
        sql.push(if dead { "dead" } else { "NOT dead" }).push(" ORDER BY run_at, id LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        let queued = |row: &Row| QueuedJob {
            id: row.int(0),
            job: job_of(row, 4),
            attempts: row.int(1),
            error: row.opt_text(2).map(str::to_owned),
            dead: row.bool(3),
        };
        Ok(self.known_rows(sql).await?.iter().map(queued).collect())
    }

    /// Gives a dead job another chance at `run_at`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn revive(&self, id: i64, run_at: i64) -> Result<(), Error> {
        let revive = Statement::update("job").set("dead", false).set("attempts", 0_i64).set("run_at", run_at);
        self.execute(vec![revive.when("id", id).must_hit()]).await
    }
}

fn claimed_of(row: &Row) -> Claimed {
    Claimed { id: row.int(0), generation: row.int(1), attempts: row.int(2), job: job_of(row, 3) }
}

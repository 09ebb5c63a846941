//! The queue of jobs: enqueued with a write, claimed with a lease, done, tried again or given up.

use proofdesk_model::Job;

use crate::error::Error;
use crate::statement::Statement;
use crate::store::Store;

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

impl Statement {
    /// Enqueues a job, or replaces the one of the same kind and key.
    #[must_use]
    pub fn enqueue(job: &Job) -> Self {
        let _ = job;
        Self::upsert("job")
    }
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
        let _ = (kinds, now, lease, limit);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Removes a job that is done. One that was enqueued again in the meantime stays and runs again.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn finish(&self, job: &Claimed) -> Result<(), Error> {
        let _ = job;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Puts a job back with what went wrong, to run at `run_at`; without one it is given up and kept for an operator.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn retry_later(&self, job: &Claimed, run_at: Option<i64>, error: &str) -> Result<(), Error> {
        let _ = (job, run_at, error);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Tells when the next job is due, microseconds UTC; one that is being run counts when its lease ends.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn next_run_at(&self) -> Result<Option<i64>, Error> {
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Lists jobs for an operator: the dead ones, or those that wait, next first.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn jobs(&self, dead: bool, limit: usize) -> Result<Vec<QueuedJob>, Error> {
        let _ = (dead, limit);
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Gives a dead job another chance at `run_at`.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn revive(&self, id: i64, run_at: i64) -> Result<(), Error> {
        let _ = (id, run_at);
        Err(Error::Internal("not in this build".to_owned()))
    }
}

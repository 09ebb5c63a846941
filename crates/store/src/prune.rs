//! What is not kept for ever: the lists of exceptions of old conformity runs. Their counts, their digest and the entry
//! that seals a run stay.

use crate::error::Error;
use crate::store::Store;
use crate::unit::{Step, Unit};

impl Store {
    /// Forgets the lists of exceptions of a scope's runs before run `oldest`, but for those that its results still
    /// mean (a list that did not change is kept once, under the run that found it).
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Unavailable`].
    pub async fn forget_exceptions(&self, scope: &str, oldest: i64) -> Result<(), Error> {
        let mut sql = self.sql();
        sql.push(
            "DELETE FROM conformity_exception WHERE run_id IN (SELECT id FROM conformity_run WHERE scope = ",
        );
        sql.bind(scope).push(" AND id < ").bind(oldest);
        sql.push(") AND NOT EXISTS (SELECT 1 FROM conformity_result r WHERE r.run_id = ").bind(oldest);
        sql.push(
            " AND r.test = conformity_exception.test AND r.exceptions_run = conformity_exception.run_id)",
        );
        self.commit(Unit { steps: vec![Step::of(sql)], ..Unit::default() }).await?;
        Ok(())
    }
}

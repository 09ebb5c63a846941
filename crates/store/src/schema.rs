//! Record tables from declarations: what must be done to the database so that it fits them.

use proofdesk_model::Registry;

use crate::error::Error;
use crate::store::Store;

/// Steps that bring the database to the declarations, in order; empty when it fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlanStep>,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanStep {
    /// What it does, for a person.
    pub what: String,
    /// The statement.
    pub sql: String,
}

impl Store {
    /// Compares the record tables with the declarations. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Schema`] with all findings: a column that is neither declared nor retired nor renamed, or that has
    /// another type.
    pub async fn plan(&self, registry: &Registry) -> Result<Plan, Error> {
        let _ = registry;
        Err(Error::Internal("not in this build".to_owned()))
    }

    /// Carries out the plan in one transaction and gives what was done.
    ///
    /// # Errors
    /// As [`Store::plan`].
    pub async fn migrate(&self, registry: &Registry) -> Result<Plan, Error> {
        self.plan(registry).await
    }
}

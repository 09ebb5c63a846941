//! What may come next: the steps of the guide that wait on this desk, those first that bear on most obligations.

use std::collections::{BTreeMap, BTreeSet};

use proofdesk_engine::Action;

use crate::error::Error;
use crate::make::Desk;

/// Which obligations that do not hold yet ask about records of a type.
#[derive(Debug, Clone, Default)]
pub struct Bearing(pub BTreeMap<String, BTreeSet<String>>);

impl Bearing {
    /// Adds an obligation that asks about a type.
    pub fn add(&mut self, record_type: &str, obligation: &str) {
        self.0.entry(record_type.to_owned()).or_default().insert(obligation.to_owned());
    }
}

/// A step that waits.
#[derive(Debug, Clone)]
pub struct NextStep {
    /// What is to be done.
    pub label: String,
    /// How, and by whom.
    pub says: String,
    /// The type of the records.
    pub of: String,
    /// The condition of those that wait; none where there is no record yet.
    pub filter: Option<String>,
    /// Records that wait.
    pub waiting: u64,
    /// Obligations that do not hold yet and ask about such records.
    pub bears: Vec<String>,
}

impl Desk<'_> {
    /// The next steps, at most `most`.
    ///
    /// # Errors
    /// A condition of the guide that is none; a fault of the database.
    pub async fn next_steps(&self, bearing: &Bearing, most: usize) -> Result<Vec<NextStep>, Error> {
        let mut found = Vec::new();
        for step in &self.guide.steps {
            let of = self.engine.require_type(&step.of)?;
            if !self.caller.may(&of, &Action::Read) {
                continue;
            }
            let filter = step.filter.as_deref().map(|f| self.engine.condition(f, &step.of)).transpose()?;
            let waiting = self.engine.count(self.caller, &step.of, filter.as_ref(), Some(1_000)).await?;
            let is_due = if filter.is_some() { waiting > 0 } else { waiting == 0 };
            let bears: Vec<String> = bearing.0.get(&step.of).into_iter().flatten().cloned().collect();
            if is_due && !bears.is_empty() {
                found.push(NextStep {
                    label: step.label.clone(),
                    says: step.says.clone(),
                    of: step.of.clone(),
                    filter: step.filter.clone(),
                    waiting,
                    bears,
                });
            }
        }
        found.sort_by_key(|step| std::cmp::Reverse(step.bears.len()));
        found.truncate(most);
        Ok(found)
    }
}

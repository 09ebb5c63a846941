//! Cells of the engine's own tables that are in no form which the program writes: what says yes or no is 1 or 0.
//!
//! Not here: cells of records, which are compared to the letter with the rows themselves.

use super::{FindingKind, Report};
use crate::Engine;
use crate::account::sealed::{TYPE, reference};
use crate::error::Error;

impl Engine {
    /// Names the rows that say neither yes nor no where they have to: a 2 is read as yes, but a question to the database
    /// for what is yes passes it by.
    pub(super) async fn verify_forms(&self, report: &mut Report) -> Result<(), Error> {
        for (table, column, row) in self.store().neither_yes_nor_no().await? {
            let account = if table == TYPE { row.parse().ok().map(reference) } else { None };
            let name = account.clone().unwrap_or_else(|| format!("row {row} of the table {table}"));
            let message = format!(
                "The `{column}` of {name} was changed past the log: it is neither yes (1) nor no (0)."
            );
            report.add(FindingKind::ChangedRow, None, account, message);
        }
        Ok(())
    }
}

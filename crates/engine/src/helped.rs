//! Whether an article helped, as its reader says: an entry of the record, which does not change the record itself.
//!
//! Not here: which article an agent used for an incident (a relation of the incident).
//! Source: ISO/IEC 20000-1:2018, 7.6.

use proofdesk_model::{Action, Caller, Door, Reference, Stamp};

use crate::Engine;
use crate::error::Error;

/// How the history names the two answers.
pub const HELPED: [&str; 2] = ["helped", "did_not_help"];
/// Entries in which an earlier answer of the same person is looked for.
const LOOKED_AT: usize = 200;

impl Engine {
    /// Keeps that a record helped its reader, or did not. Who says the same of the same version once more is not counted
    /// again.
    ///
    /// # Errors
    /// `NotFound` where the caller does not see it, `Invalid` when the caller is no person.
    pub async fn tell_whether_it_helped(
        &self,
        caller: &Caller,
        on: &Reference,
        helped: bool,
        door: Door,
    ) -> Result<(), Error> {
        let record = self.require_for(caller, on, Action::Read).await?;
        let permit = record.of.permit(caller, Action::Read, Some(&record)).map_err(Error::Forbidden)?;
        let missing = || Error::invalid("person", "required", "Only a person can say whether it helped.");
        let person = caller.person.ok_or_else(missing)?;
        let action = if helped { HELPED[0] } else { HELPED[1] };
        let history = self.history(on, LOOKED_AT).await?;
        let own = |item: &&crate::HistoryItem| {
            item.person == Some(person) && HELPED.contains(&item.action.as_str())
        };
        let said = history.iter().find(own);
        if said.is_some_and(|item| item.action == action && item.version == record.version) {
            return Ok(());
        }
        let stamp = Stamp::now(self.now(), door);
        self.note(&permit, &record, &stamp, action, serde_json::json!({}), Vec::new()).await?;
        Ok(())
    }
}

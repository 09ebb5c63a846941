//! A message about a record that it names: notes and steps on it, each once.

use proofdesk_engine::Error;

use super::write::Stepped;
use super::{Done, Outcome, Work};
use crate::declare::On;

impl Work<'_> {
    pub(super) async fn on(&self, on: &On) -> Result<Done, Error> {
        let found = self.find_all().await?;
        let Some(record) = found.records.get(&on.find) else {
            let named = found.missing.first().cloned().unwrap_or_else(|| on.find.clone());
            let says = format!("There is no one record for {named}.");
            return Ok(self.refused(Error::invalid(&on.find, "link", says)));
        };
        let taken = match self.steps(record, &on.steps, "on").await? {
            Stepped::Taken(taken) => taken,
            Stepped::Refused(error @ Error::Forbidden(_)) => return Err(error),
            Stepped::Refused(error) => {
                return Ok(Done { record: Some(record.clone()), ..self.refused(error) });
            }
        };
        let mut written = 0;
        for (at, (note, when)) in on.notes.iter().enumerate() {
            if self.holds(when.as_ref()) {
                let text = note.fill(self.inputs);
                written += usize::from(self.note(record, &format!("on note {at}"), &text).await?);
            }
        }
        let outcome = if taken + written > 0 { Outcome::Done } else { Outcome::Unchanged };
        Ok(self.done(outcome, Some(record), ""))
    }
}

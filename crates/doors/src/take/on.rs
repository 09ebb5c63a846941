//! A message about a record that it names: notes and steps on it, each once.

use proofdesk_engine::{Error, Reference};

use super::write::Stepped;
use super::{Done, Outcome, Work};
use crate::declare::On;
use crate::inputs::DIFFERENCES;

impl Work<'_> {
    pub(super) async fn on(&self, on: &On) -> Result<Done, Error> {
        let found = self.find_all().await?;
        let Some(record) = found.records.get(&on.find) else {
            // what is not recorded may be proposed; which of several it is, somebody has to say
            let open = self.door.open.as_ref().filter(|open| !found.several && self.holds(Some(&open.when)));
            if let Some(open) = open {
                return self.fires(open).await;
            }
            let named = found.missing.first().cloned().unwrap_or_else(|| on.find.clone());
            let says = format!("There is no one record for {named}.");
            return Ok(self.refused(Error::invalid(&on.find, "link", says)));
        };
        let Some(differences) = self.differences(on, record).await? else {
            return self.act(on, record).await;
        };
        let inputs = self.inputs.clone().with(DIFFERENCES, differences);
        Work { inputs: &inputs, new: self.new.clone(), ..*self }.act(on, record).await
    }

    /// What a record says otherwise than the message; none where nothing differs.
    async fn differences(&self, on: &On, record: &Reference) -> Result<Option<String>, Error> {
        let record = self.engine.require(self.caller(), record).await?;
        let mut lines = Vec::new();
        for (name, template) in &on.compare {
            let found = template.fill(self.inputs);
            let recorded = record.text(name).unwrap_or_default();
            // an agent that found nothing says nothing
            if found.is_empty() || found.eq_ignore_ascii_case(recorded) {
                continue;
            }
            let label = record.of.field(name).map_or(name.as_str(), |f| f.label.as_str());
            let recorded = if recorded.is_empty() { "nothing" } else { recorded };
            lines.push(format!("- {label}: recorded {recorded}, found {found}"));
        }
        Ok((!lines.is_empty()).then(|| lines.join("\n")))
    }

    /// Notes and steps on the record.
    async fn act(&self, on: &On, record: &Reference) -> Result<Done, Error> {
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

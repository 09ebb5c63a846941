//! It is over: the record is told, and takes the declared steps as far as its rules let it.

use proofdesk_engine::Error;
use proofdesk_model::Job;
use proofdesk_store::Statement;

use super::finds::is_open;
use super::write::Stepped;
use super::{Done, Outcome, TRIES, Work};
use crate::declare::Over;

impl Work<'_> {
    pub(super) async fn ends(&self, over: &Over) -> Result<Done, Error> {
        // whoever was quiet has nothing more to say
        self.engine.store().execute(vec![Statement::enqueue(&self.job(Job::NEVER))]).await?;
        for _ in 0..TRIES {
            let Some(case) = self.engine.case(&self.door.name, &self.new.key).await? else {
                return Ok(self.done(Outcome::Ignored, None, "nothing is open under this key"));
            };
            if case.over {
                return Ok(self.done(Outcome::Unchanged, Some(&case.record), "it was over already"));
            }
            let record = self.engine.load(self.caller(), &case.record).await?;
            let mut reason = String::new();
            if record.is_some_and(|r| is_open(&r)) {
                let what = format!("over {}", case.times);
                let note = over.note.fill(self.inputs);
                self.note(&case.record, &what, &note).await?;
                if let Stepped::Refused(error) = self.steps(&case.record, &over.steps, &what).await? {
                    reason = error.to_string();
                    let text = format!("The step that follows was refused: {reason}");
                    self.note(&case.record, &format!("{what} refused"), &text).await?;
                }
            }
            if self.engine.move_case(&self.new, &case, true).await? {
                return Ok(self.done(Outcome::Over, Some(&case.record), reason));
            }
        }
        Err(Error::Unavailable)
    }
}

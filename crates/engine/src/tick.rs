//! A clock that reached its instant: the record is derived anew and written only if something happened.

use proofdesk_model::{Action, Caller, Change, Door, Draft, Reference, Stamp};
use uuid::Uuid;

use crate::Engine;
use crate::error::Error;

impl Engine {
    /// Lets a record's rules see the present instant, so that at-risk and breach are written when they happen.
    /// Returns whether anything was written. A concurrent write is simply tried again.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn tick(&self, reference: &Reference) -> Result<bool, Error> {
        for _ in 0..5 {
            match self.tick_once(reference).await {
                Err(Error::Conflict(_)) => {}
                other => return other,
            }
        }
        Err(Error::Unavailable)
    }

    async fn tick_once(&self, reference: &Reference) -> Result<bool, Error> {
        let of = self.require_type(&reference.record_type)?;
        let Some(mut record) = self.store().load(&of, reference.number).await? else { return Ok(false) };
        if !of.relations().is_empty() {
            record.links = self.store().links(reference, &of, None).await?;
        }
        let caller = Caller::system("Clock");
        let stamp = Stamp::now(self.now(), Door::Clock);
        let permit = of.permit(&caller, Action::Update, Some(&record)).map_err(Error::Forbidden)?;
        let draft =
            Draft::new(&of, Some(record), Change::default(), &caller, stamp).map_err(Error::Invalid)?;
        let facts = self.facts(&draft).await?;
        let checked =
            draft.derive(self.rules(), &facts).check(self.rules(), &facts).map_err(Error::Invalid)?;
        if checked.differences().is_empty() {
            return Ok(false);
        }
        self.store_write(&permit, &checked, Uuid::now_v7()).await?;
        Ok(true)
    }
}

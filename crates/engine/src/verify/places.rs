//! Places up to which others have read the log: none can lie beyond its end.

use proofdesk_store::Select;

use super::{FindingKind, Report};
use crate::Engine;
use crate::error::Error;

impl Engine {
    /// Webhooks that have told of more entries than are left: the end of the log was cut off.
    pub(super) async fn verify_places(&self, report: &mut Report) -> Result<(), Error> {
        let rows = self.store().select(Select::from("webhook", &["id", "seen"]).order("id")).await?;
        for row in rows {
            self.verify_place(&format!("The webhook {}", row.int(0)), row.int(1), report).await?;
        }
        Ok(())
    }

    /// Names a reader of the log that has read further than the log goes.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn verify_place(&self, who: &str, place: i64, report: &mut Report) -> Result<(), Error> {
        // asked anew: the log grows while it is verified
        let size = self.store().log_size().await?;
        if u64::try_from(place).is_ok_and(|place| place > size) {
            let message = format!(
                "{who} has read {place} entries of the log, but only {size} are left: the end of the log was cut off."
            );
            report.add(FindingKind::MissingEntry, None, None, message);
        }
        Ok(())
    }
}

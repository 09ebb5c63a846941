//! Figures that are kept: reading the whole history of a type takes seconds, so the newest that were computed stay in
//! the database, with the size of the log that they saw, and pages read those.
//!
//! Invariant: a snapshot is never changed, only replaced by one that saw more of the log.

use proofdesk_engine::Engine;
use proofdesk_store::{Select, Statement};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::figures::{Figures, Scope, figures};

/// Figures of a type as they were at one size of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    /// Form of the snapshot: one of another form is not read.
    pub(crate) form: String,
    /// Time zone of its days and months.
    pub(crate) zone: String,
    /// When it was begun, microseconds UTC.
    pub at: i64,
    /// Leaves of the log at that time.
    pub log_size: u64,
    /// How long it took, microseconds.
    pub took: i64,
    /// The figures.
    pub figures: Figures,
}

/// Form of the snapshots that this program writes: another version of it may count otherwise.
pub(crate) const FORM: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));

/// How far the clock of another node may be ahead, microseconds.
const AHEAD: i64 = 60_000_000;
/// Before the name of a type, in the table of settings.
pub(crate) const PREFIX: &str = "figures.";

fn zone(scope: &Scope) -> String {
    scope.zone.iana_name().unwrap_or("UTC").to_owned()
}

fn name(scope: &Scope) -> String {
    format!("{PREFIX}{}", scope.of)
}

impl Snapshot {
    /// The kept figures of a type in the scope's time zone; none where there are none yet.
    ///
    /// # Errors
    /// The database is away.
    pub async fn load(engine: &Engine, scope: &Scope) -> Result<Option<Self>, Error> {
        let question = Select::from("setting", &["value"]).when("name", name(scope)).limit(1);
        let rows = engine.store().select(question).await?;
        // what cannot be read, or was counted by another version, is computed anew
        let found: Option<Self> = rows.first().and_then(|row| serde_json::from_str(row.text(0)).ok());
        let Some(found) = found.filter(|s| s.form == FORM && s.zone == zone(scope)) else { return Ok(None) };
        let size = engine.store().log_size().await?;
        Ok(Some(found).filter(|s| s.is_of_this_log(size, engine.now())))
    }

    /// Whether it can have been made of a log of this size by now; one that claims more was not made by this program.
    pub(crate) fn is_of_this_log(&self, log_size: u64, now: i64) -> bool {
        self.log_size <= log_size && self.at <= now + AHEAD
    }

    /// Computes the figures of a type and keeps them.
    ///
    /// # Errors
    /// As [`figures`].
    pub async fn renew(engine: &Engine, scope: &Scope) -> Result<Self, Error> {
        let began = std::time::Instant::now();
        let log_size = engine.store().log_size().await?;
        let at = engine.now();
        let found = figures(engine, scope).await?;
        let took = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        let snapshot = Self { form: FORM.to_owned(), zone: zone(scope), at, log_size, took, figures: found };
        let row = Statement::upsert("setting")
            .key("name", name(scope))
            .set("value", serde_json::to_string(&snapshot)?)
            .set("updated_at", at);
        engine.store().execute(vec![row]).await?;
        Ok(snapshot)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    /// `verify` compares kept figures with computed ones to the last bit.
    #[test]
    fn every_share_is_read_as_it_was_written() {
        for (part, whole) in (1..=400_u32).flat_map(|whole| (0..whole).map(move |part| (part, whole))) {
            let percent = 100.0 * f64::from(part) / f64::from(whole);
            let read: f64 = serde_json::from_str(&serde_json::to_string(&percent).unwrap()).unwrap();
            assert_eq!(read.to_bits(), percent.to_bits(), "{part} of {whole}");
        }
    }
}

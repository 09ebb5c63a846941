//! Steps that wait for what a browser brings back: a sign-in at another provider, the answer of a passkey. Kept by a hash of
//! their secret, taken once, with an end.

use proofdesk_store::{Select, Statement};
use rand::Rng;

use super::password::{fingerprint, secret};
use crate::Engine;
use crate::error::Error;

/// So long a step waits, microseconds.
pub const STEP_WAITS: i64 = 10 * 60_000_000;

impl Engine {
    /// Keeps what a step needs when it goes on; its secret.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn keep_step(
        &self,
        purpose: &'static str,
        body: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        let (secret, now) = (secret(random), self.now());
        let old = Statement::delete("waiting_step").when_below("expires_at", now);
        let row = Statement::insert("waiting_step")
            .set("token_hash", fingerprint(&secret))
            .set("purpose", purpose)
            .set("body", body.to_owned())
            .set("expires_at", now + STEP_WAITS);
        self.store().execute(vec![old, row]).await?;
        Ok(secret)
    }

    /// Takes what was kept: once, of two at the same time only one gets it.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn take_step(&self, purpose: &'static str, secret: &str) -> Result<Option<String>, Error> {
        let hash = fingerprint(secret);
        let question = Select::from("waiting_step", &["body", "expires_at"]).when("token_hash", hash.clone());
        let rows = self.store().select(question.when("purpose", purpose).limit(1)).await?;
        let Some(row) = rows.first().filter(|row| row.int(1) >= self.now()) else { return Ok(None) };
        let gone = Statement::delete("waiting_step").when("token_hash", hash).must_hit();
        match self.store().execute(vec![gone]).await {
            Err(proofdesk_store::Error::NotFound(_)) => Ok(None),
            other => Ok(other.map(|()| Some(row.text(0).to_owned()))?),
        }
    }
}

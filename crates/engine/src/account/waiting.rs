//! Steps that wait for what a browser brings back: a sign-in at another provider, the answer of a passkey. Kept by a hash of
//! their secret, taken once, with an end.
//!
//! Invariant: nobody fills the table. From one address that signs nobody in only so many are begun, and all together are
//! limited.

use proofdesk_store::{Select, Statement};
use rand::Rng;

use super::password::{fingerprint, secret};
use super::session::Visitor;
use super::throttle::Key;
use crate::Engine;
use crate::error::Error;

/// So long a step waits, microseconds.
pub const STEP_WAITS: i64 = 10 * 60_000_000;
/// Steps that wait at a time.
const MOST: usize = 5_000;

impl Engine {
    /// As [`Engine::keep_step`], for a sign-in that a visitor begins: counted by his address.
    ///
    /// # Errors
    /// `Invalid` with code `wait`.
    pub async fn begin_step(
        &self,
        purpose: &'static str,
        body: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        self.admit(visitor.address.map(Key::Begun).into_iter().collect()).await?;
        self.keep_step(purpose, body, random).await
    }

    /// Forgets what was begun at an address from which somebody has signed in now: people share one.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn forget_begun(&self, visitor: &Visitor) -> Result<(), Error> {
        let Some(address) = visitor.address else { return Ok(()) };
        let row = Statement::delete("sign_in_attempt").when("key", Key::Begun(address).word());
        Ok(self.store().execute(vec![row]).await?)
    }

    /// Keeps what a step needs when it goes on; its secret.
    ///
    /// # Errors
    /// `Invalid` with code `wait` where too many wait; a fault of the database.
    pub async fn keep_step(
        &self,
        purpose: &'static str,
        body: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        let (secret, now) = (secret(random), self.now());
        let old = Statement::delete("waiting_step").when_below("expires_at", now);
        let waiting = Select::from("waiting_step", &["expires_at"]).when_above("expires_at", now);
        if self.store().select(waiting.limit(MOST)).await?.len() >= MOST {
            tracing::warn!("too many sign-ins are under way");
            let message = "Too many sign-ins are under way. Try again in ten minutes.";
            return Err(Error::invalid("sign_in", "wait", message));
        }
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

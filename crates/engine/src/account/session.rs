//! Sign-in by password, and the sessions of browsers.

use proofdesk_store::{Select, Statement};
use rand::Rng;

use super::Account;
use super::password::{PASSWORD_MAX, fingerprint, hash_password, password_matches, secret};
use crate::Engine;
use crate::error::Error;

/// A session ends this long after its last use, microseconds.
pub const SESSION_IDLE: i64 = 12 * 3_600_000_000;
/// A session ends this long after sign-in, microseconds.
pub const SESSION_MOST: i64 = 7 * 86_400_000_000;
/// Failed attempts until an account waits.
const FREE_FAILURES: i64 = 5;
/// The longest wait after failed attempts, microseconds.
const LONGEST_WAIT: i64 = 15 * 60_000_000;

/// A session that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub account: Account,
    /// When it began, microseconds UTC.
    pub since: i64,
}

impl Engine {
    /// Signs a person in: the session's secret for the cookie, and the account. A wrong name and a wrong password
    /// take the same time and get the same answer; after five failures the account waits, longer each time.
    ///
    /// # Errors
    /// `Invalid` with code `sign_in` or `wait`.
    pub async fn sign_in(
        &self,
        sign_in: &str,
        password: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<(String, Account), Error> {
        let wrong = || Error::invalid("password", "sign_in", "The name or the password is not right.");
        if password.len() > PASSWORD_MAX {
            return Err(wrong());
        }
        let found = self.stored_account("sign_in", sign_in.trim().to_lowercase()).await?;
        let now = self.now();
        let found = found.filter(|f| f.account.active && f.password.is_some());
        let Some(found) = found else {
            hash_password(password.to_owned()).await?;
            return Err(wrong());
        };
        if found.wait_until > now {
            let minutes = (found.wait_until - now) / 60_000_000 + 1;
            let message = format!("Too many attempts. Try again in {minutes} min.");
            return Err(Error::invalid("password", "wait", message));
        }
        let stored_hash = found.password.clone().unwrap_or_default();
        if !password_matches(password.to_owned(), stored_hash).await? {
            let failures = found.failures + 1;
            let doubling = (failures - FREE_FAILURES).clamp(0, 12);
            let wait =
                if failures < FREE_FAILURES { 0 } else { (15_000_000_i64 << doubling).min(LONGEST_WAIT) };
            let row = Statement::update("account")
                .set("failures", failures)
                .set("wait_until", now + wait)
                .when("id", found.account.id);
            self.store().execute(vec![row]).await?;
            return Err(wrong());
        }
        let secret = secret(random);
        let reset = Statement::update("account")
            .set("failures", 0_i64)
            .set("wait_until", 0_i64)
            .when("id", found.account.id);
        let session = Statement::insert("session")
            .set("token_hash", fingerprint(&secret))
            .set("account", found.account.id)
            .set("since", now)
            .set("used_at", now)
            .set("expires_at", now + SESSION_MOST);
        let old = Statement::delete("session").when_below("expires_at", now);
        self.store().execute(vec![reset, session, old]).await?;
        Ok((secret, found.account))
    }

    /// The session of a cookie's secret; none when it is unknown, over, or its account may not sign in.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn session(&self, secret: &str) -> Result<Option<Session>, Error> {
        let hash = fingerprint(secret);
        let columns = ["account", "since", "used_at", "expires_at"];
        let question = Select::from("session", &columns).when("token_hash", hash.clone()).limit(1).short();
        let rows = self.store().select(question).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let now = self.now();
        if row.int(3) < now || row.int(2) + SESSION_IDLE < now {
            self.sign_out(secret).await?;
            return Ok(None);
        }
        if row.int(2) + 60_000_000 < now {
            let touch = Statement::update("session").set("used_at", now).when("token_hash", hash);
            self.store().execute(vec![touch]).await?;
        }
        let found = self.stored_account("id", row.int(0)).await?.filter(|f| f.account.active);
        Ok(found.map(|f| Session { account: f.account, since: row.int(1) }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn sign_out(&self, secret: &str) -> Result<(), Error> {
        let row = Statement::delete("session").when("token_hash", fingerprint(secret));
        Ok(self.store().execute(vec![row]).await?)
    }
}

//! Local accounts, sessions and API tokens.
//!
//! Secrets are kept as hashes only: passwords by Argon2id with the OWASP parameters (19 MiB, two passes, one
//! lane), session and API tokens of 256 random bits by SHA-256. Randomness is handed in.
//! Source: OWASP Password Storage Cheat Sheet; OWASP Session Management Cheat Sheet.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proofdesk_model::Caller;
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Engine;
use crate::error::Error;

/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 10;
/// Longest password, in bytes: longer ones only cost time.
pub const PASSWORD_MAX: usize = 256;
/// A session ends this long after its last use, microseconds.
pub const SESSION_IDLE: i64 = 12 * 3_600_000_000;
/// A session ends this long after sign-in, microseconds.
pub const SESSION_MOST: i64 = 7 * 86_400_000_000;
/// Failed attempts until an account waits.
const FREE_FAILURES: i64 = 5;
/// The longest wait after failed attempts, microseconds.
const LONGEST_WAIT: i64 = 15 * 60_000_000;

/// An account of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its id.
    pub id: i64,
    /// Number of the person.
    pub person: i64,
    /// What is typed at sign-in.
    pub sign_in: String,
    /// Name shown in histories.
    pub name: String,
    /// Roles held.
    pub roles: Vec<String>,
    /// May sign in.
    pub active: bool,
}

impl Account {
    /// The caller that this account acts as.
    pub fn caller(&self) -> Caller {
        Caller::person(self.person, &self.name, self.roles.iter().cloned())
    }
}

/// A session that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub account: Account,
    /// When it began, microseconds UTC.
    pub since: i64,
}

/// An API token without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub label: String,
    /// When it was made, microseconds UTC.
    pub created_at: i64,
    /// When it ends, microseconds UTC.
    pub expires_at: Option<i64>,
    /// When it was last used, microseconds UTC; to the minute.
    pub used_at: Option<i64>,
}

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19_456, 2, 1, None).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn fingerprint(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// A fresh secret of 256 bits, URL-safe text.
pub fn secret(random: &mut impl Rng) -> String {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

async fn hash_password(password: String) -> Result<String, Error> {
    let work = move || {
        let hash =
            hasher()?.hash_password(password.as_bytes()).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(hash.to_string())
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

async fn password_matches(password: String, stored: String) -> Result<bool, Error> {
    let work = move || {
        let parsed = PasswordHash::new(&stored).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok())
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

fn check_password(password: &str, sign_in: &str) -> Result<(), Error> {
    let message = if password.chars().count() < PASSWORD_MIN {
        format!("A password has at least {PASSWORD_MIN} characters.")
    } else if password.len() > PASSWORD_MAX {
        format!("A password has at most {PASSWORD_MAX} bytes.")
    } else if password.eq_ignore_ascii_case(sign_in) {
        "The password must differ from the sign-in name.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid("password", "range", message))
}

const COLUMNS: [&str; 9] =
    ["id", "person", "sign_in", "name", "roles", "active", "password", "failures", "wait_until"];

struct Stored {
    account: Account,
    password: Option<String>,
    failures: i64,
    wait_until: i64,
}

fn stored(row: &proofdesk_store::Row) -> Stored {
    let account = Account {
        id: row.int(0),
        person: row.int(1),
        sign_in: row.text(2).to_owned(),
        name: row.text(3).to_owned(),
        roles: row.text(4).split(' ').filter(|r| !r.is_empty()).map(str::to_owned).collect(),
        active: row.bool(5),
    };
    Stored {
        account,
        password: row.opt_text(6).map(str::to_owned),
        failures: row.int(7),
        wait_until: row.int(8),
    }
}

impl Engine {
    /// Makes an account for a person. The password is checked against [`PASSWORD_MIN`] and hashed.
    ///
    /// # Errors
    /// `Invalid` when the name is taken, the password too short, or a role unknown.
    pub async fn create_account(
        &self,
        person: i64,
        sign_in: &str,
        name: &str,
        roles: &[String],
        password: &str,
    ) -> Result<Account, Error> {
        let sign_in = sign_in.trim().to_lowercase();
        if sign_in.is_empty() || sign_in.chars().count() > 120 || sign_in.contains(char::is_whitespace) {
            return Err(Error::invalid(
                "sign_in",
                "format",
                "A sign-in name has 1 to 120 characters and no blanks.",
            ));
        }
        check_password(password, &sign_in)?;
        if let Some(role) = roles.iter().find(|r| !proofdesk_model::access::ROLES.contains(&r.as_str())) {
            let known = proofdesk_model::access::ROLES.join(", ");
            return Err(Error::invalid(
                "roles",
                "option",
                format!("`{role}` is not a role; the roles are: {known}."),
            ));
        }
        if self.stored_account("sign_in", sign_in.clone()).await?.is_some() {
            return Err(Error::invalid("sign_in", "taken", "This sign-in name is taken."));
        }
        let hash = hash_password(password.to_owned()).await?;
        let row = Statement::insert("account")
            .set("person", person)
            .set("sign_in", sign_in.clone())
            .set("name", name.to_owned())
            .set("roles", roles.join(" "))
            .set("active", true)
            .set("password", hash)
            .set("failures", 0_i64)
            .set("wait_until", 0_i64)
            .set("created_at", self.now());
        self.store().execute(vec![row]).await?;
        let made = self.stored_account("sign_in", sign_in).await?;
        made.map(|s| s.account).ok_or_else(|| Error::Internal("the new account is not there".to_owned()))
    }

    /// All accounts by sign-in name.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        let rows =
            self.store().select(Select::from("account", &COLUMNS).order("sign_in").limit(10_000)).await?;
        Ok(rows.iter().map(|row| stored(row).account).collect())
    }

    async fn stored_account(
        &self,
        column: &'static str,
        value: impl Into<proofdesk_store::Arg>,
    ) -> Result<Option<Stored>, Error> {
        let question = Select::from("account", &COLUMNS).when(column, value).limit(1);
        Ok(self.store().select(question.short()).await?.first().map(stored))
    }

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
        let Some(found) = found.filter(|f| f.account.active) else {
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

    /// Changes a person's own password and ends all other sessions of the account.
    ///
    /// # Errors
    /// `Invalid` when the present password is wrong or the new one too short.
    pub async fn change_password(&self, account: i64, present: &str, new: &str) -> Result<(), Error> {
        let found = self.stored_account("id", account).await?;
        let found = found.ok_or_else(|| Error::NotFound("account".to_owned()))?;
        if !password_matches(present.to_owned(), found.password.unwrap_or_default()).await? {
            return Err(Error::invalid("present", "sign_in", "The present password is not right."));
        }
        self.set_password(&found.account, new).await
    }

    /// Sets a password without asking for the present one: the operator's command.
    ///
    /// # Errors
    /// `Invalid` when it is too short.
    pub async fn set_password(&self, account: &Account, new: &str) -> Result<(), Error> {
        check_password(new, &account.sign_in)?;
        let hash = hash_password(new.to_owned()).await?;
        let row = Statement::update("account")
            .set("password", hash)
            .set("failures", 0_i64)
            .set("wait_until", 0_i64);
        let sessions = Statement::delete("session").when("account", account.id);
        Ok(self.store().execute(vec![row.when("id", account.id), sessions]).await?)
    }

    /// Makes an API token; its secret is returned once and never again. It acts with the account's roles.
    ///
    /// # Errors
    /// `Invalid` without a label.
    pub async fn create_token(
        &self,
        account: i64,
        label: &str,
        expires_at: Option<i64>,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        if label.trim().is_empty() || label.chars().count() > 100 {
            return Err(Error::invalid(
                "label",
                "required",
                "Say what the token is for, in at most 100 characters.",
            ));
        }
        let secret = format!("pd_{}", secret(random));
        let row = Statement::insert("api_token")
            .set("account", account)
            .set("label", label.trim().to_owned())
            .set("token_hash", fingerprint(&secret))
            .set("created_at", self.now())
            .set("expires_at", expires_at);
        self.store().execute(vec![row]).await?;
        Ok(secret)
    }

    /// The account behind an API token; none when it is unknown or over.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_of_token(&self, secret: &str) -> Result<Option<Account>, Error> {
        let columns = ["id", "account", "expires_at", "used_at"];
        let question =
            Select::from("api_token", &columns).when("token_hash", fingerprint(secret)).limit(1).short();
        let rows = self.store().select(question).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let now = self.now();
        if row.opt_int(2).is_some_and(|end| end < now) {
            return Ok(None);
        }
        if row.opt_int(3).is_none_or(|used| used + 60_000_000 < now) {
            let touch = Statement::update("api_token").set("used_at", now).when("id", row.int(0));
            self.store().execute(vec![touch]).await?;
        }
        let found = self.stored_account("id", row.int(1)).await?;
        Ok(found.map(|f| f.account).filter(|a| a.active))
    }

    /// The tokens of an account, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn tokens(&self, account: i64) -> Result<Vec<Token>, Error> {
        let columns = ["id", "label", "created_at", "expires_at", "used_at"];
        let question = Select::from("api_token", &columns).when("account", account).order("id").limit(500);
        let rows = self.store().select(question).await?;
        let token = |row: &proofdesk_store::Row| Token {
            id: row.int(0),
            label: row.text(1).to_owned(),
            created_at: row.int(2),
            expires_at: row.opt_int(3),
            used_at: row.opt_int(4),
        };
        Ok(rows.iter().map(token).collect())
    }

    /// Ends a token of an account.
    ///
    /// # Errors
    /// A fault of the database; a token that is not there is no error.
    pub async fn revoke_token(&self, account: i64, id: i64) -> Result<(), Error> {
        let row = Statement::delete("api_token").when("id", id).when("account", account);
        Ok(self.store().execute(vec![row]).await?)
    }
}

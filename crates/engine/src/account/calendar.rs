//! Secret addresses of calendars: 256 random bits, shown once, kept as a hash, ended by their owner.
//!
//! A calendar program sends no sign-in, so the address is the secret. It reads what its account may see, and nothing else.

use proofdesk_model::format::{day_of, write_instant};
use proofdesk_store::{Row, Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};

use super::Account;
use super::password::{fingerprint, mark, secret};
use super::sealed::{Act, Told};
use crate::Engine;
use crate::error::Error;

/// A secret address without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarLink {
    /// Its id.
    pub id: i64,
    /// What it is for.
    pub label: String,
    /// When it was made, microseconds UTC.
    pub created_at: i64,
    /// When it was last read, microseconds UTC; to the minute.
    pub used_at: Option<i64>,
}

const COLUMNS: [&str; 6] = ["id", "account", "label", "token_hash", "created_at", "used_at"];

/// What the log tells of a secret address.
fn item(label: &str, hash: &[u8], created_at: i64) -> Json {
    json!({"label": label, "mark": mark(hash), "created_at": write_instant(created_at)})
}

impl Engine {
    /// Makes a secret address for the account of the caller; gives its id and its secret, which is told once.
    ///
    /// # Errors
    /// `Forbidden` for another's account; `Invalid` without a label.
    pub async fn create_calendar_link(
        &self,
        act: &Act,
        account: i64,
        label: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<(i64, String), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_own(owner.person)?;
        let label = label.trim();
        if label.is_empty() || label.chars().count() > 100 || label.chars().any(char::is_control) {
            let message = "Say which calendar it is for, in at most 100 characters.";
            return Err(Error::invalid("calendar", "required", message));
        }
        let secret = secret(random);
        let hash = fingerprint(&secret);
        let now = self.now();
        let is = item(label, &hash, now);
        let row = Statement::insert("calendar_link")
            .set("account", account)
            .set("label", label.to_owned())
            .set("token_hash", hash)
            .set("created_at", now);
        let write = async |id: i64| {
            let told = Told::of("calendar").item("calendar", id, is.clone());
            self.seal_account(act, &permit, account, told, vec![row.clone().set("id", id)]).await
        };
        let id = self.numbered("calendar_link", write).await?;
        Ok((id, secret))
    }

    /// The secret addresses of an account, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn calendar_links(&self, account: i64) -> Result<Vec<CalendarLink>, Error> {
        let question =
            Select::from("calendar_link", &COLUMNS).when("account", account).order("id").limit(500);
        let link = |row: &Row| CalendarLink {
            id: row.int(0),
            label: row.text(2).to_owned(),
            created_at: row.int(4),
            used_at: row.opt_int(5),
        };
        Ok(self.store().select(question).await?.iter().map(link).collect())
    }

    /// Ends a secret address of an account.
    ///
    /// # Errors
    /// `NotFound` where the account has no such one; `Forbidden` for another's account without being an administrator.
    pub async fn end_calendar_link(&self, act: &Act, account: i64, id: i64) -> Result<(), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_end(Some(owner.person))?;
        let row = Statement::delete("calendar_link").when("id", id).when("account", account).must_hit();
        let told = Told::of("calendar_end").item("calendar", id, Json::Null);
        self.seal_account(act, &permit, account, told, vec![row]).await
    }

    /// The account whose calendar an address shows, with the roles that hold today; none where it is unknown or ended, or
    /// the account is disabled.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_of_calendar(&self, secret: &str) -> Result<Option<Account>, Error> {
        let question =
            Select::from("calendar_link", &COLUMNS).when("token_hash", fingerprint(secret)).limit(1).short();
        let rows = self.store().select(question).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let now = self.now();
        if row.opt_int(5).is_none_or(|used| used + 60_000_000 < now) {
            let touch = Statement::update("calendar_link").set("used_at", now).when("id", row.int(0));
            self.store().execute(vec![touch]).await?;
        }
        let found = self.stored_account("id", row.int(1)).await?;
        Ok(found.map(|f| f.account).filter(|a| a.active).map(|account| account.on(day_of(now))))
    }

    /// All secret addresses as the log tells of them: account, id and what it says.
    pub(crate) async fn calendar_items(&self) -> Result<Vec<(i64, i64, Json)>, Error> {
        let rows = self.store().select(Select::from("calendar_link", &COLUMNS).order("id")).await?;
        Ok(rows
            .iter()
            .map(|row| (row.int(1), row.int(0), item(row.text(2), row.bytes(3), row.int(4))))
            .collect())
    }
}

//! API tokens: 256 random bits, shown once, kept as a hash.

use proofdesk_model::access::Scope;
use proofdesk_model::format::write_instant;
use proofdesk_model::{Door, Problem, Problems};
use proofdesk_store::{Row, Select, Statement};
use rand::Rng;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Account;
use super::password::{fingerprint, mark, secret};
use super::sealed::{Act, Told};
use super::session::{SignedIn, Stage, Visitor};
use super::throttle::Key;
use crate::Engine;
use crate::error::Error;

/// So young a sign-in proves who it is, where there is no password to ask for, microseconds.
const FRESH: i64 = 10 * 60_000_000;

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
    /// What it reaches, as `type:action` parted by blanks; empty for all that its account may.
    pub scope: String,
}

/// An API token on its way in.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// What it is for.
    pub label: String,
    /// When it ends, microseconds UTC; none for not by itself.
    pub expires_at: Option<i64>,
    /// What it reaches, as `type:action` parted by blanks; empty for all that its account may.
    pub scope: String,
}

const TOLD: [&str; 7] = ["id", "account", "label", "expires_at", "token_hash", "scope", "created_at"];

/// What the log tells of a token.
fn item(label: &str, (created_at, expires_at): (i64, Option<i64>), hash: &[u8], scope: &str) -> Json {
    json!({
        "label": label, "created_at": write_instant(created_at), "expires_at": expires_at.map(write_instant),
        "mark": mark(hash), "scope": scope,
    })
}

impl Engine {
    /// Makes an API token; its id and its secret, which is returned once and never again. It acts with the account's
    /// roles, as far as its scope reaches. A token with a scope makes no tokens.
    ///
    /// # Errors
    /// `Invalid` without a label or for a scope that is none; `Forbidden` for another's account without being an
    /// administrator.
    pub async fn create_token(
        &self,
        act: &Act,
        account: i64,
        new: &NewToken,
        random: &mut (impl Rng + Send),
    ) -> Result<(i64, String), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_own(owner.person)?;
        let scope = Scope::parse(&new.scope, |name| self.registry().get(name).map(|of| &**of));
        let scope = scope.map_err(|word| {
            let short: String = word.chars().filter(|c| !c.is_control()).take(60).collect();
            let message = format!(
                "`{short}` is no type with an action, such as `incident:create`, `*:read` or `service:*`; beside record types there are: {}.",
                Scope::AREAS.join(", ")
            );
            Error::invalid("scope", "option", message)
        })?;
        let scope = scope.map(|s| s.write()).unwrap_or_default();
        let (label, expires_at) = (new.label.trim(), new.expires_at);
        if label.is_empty() || label.chars().count() > 100 {
            let message = "Say what the token is for, in at most 100 characters.";
            return Err(Error::invalid("label", "required", message));
        }
        let secret = format!("pd_{}", secret(random));
        let hash = fingerprint(&secret);
        let now = self.now();
        let is = item(label, (now, expires_at), &hash, &scope);
        let row = Statement::insert("api_token")
            .set("account", account)
            .set("label", label.to_owned())
            .set("token_hash", hash)
            .set("created_at", now)
            .set("expires_at", expires_at)
            .set("scope", scope);
        let write = async |id: i64| {
            let told = Told::of("token").item("token", id, is.clone());
            self.seal_account(act, &permit, account, told, vec![row.clone().set("id", id)]).await
        };
        let id = self.numbered("api_token", write).await?;
        Ok((id, secret))
    }

    /// The account behind an API token and what the token reaches; none when it is unknown or over.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_of_token(&self, secret: &str) -> Result<Option<(Account, Option<Scope>)>, Error> {
        let columns = ["id", "account", "expires_at", "used_at", "scope"];
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
        let scope = Scope::read(row.text(4));
        let today = proofdesk_model::format::day_of(self.now());
        Ok(found.map(|f| f.account).filter(|a| a.active).map(|account| (account.on(today), scope)))
    }

    /// The tokens of an account, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn tokens(&self, account: i64) -> Result<Vec<Token>, Error> {
        let columns = ["id", "label", "created_at", "expires_at", "used_at", "scope"];
        let question = Select::from("api_token", &columns).when("account", account).order("id").limit(500);
        let rows = self.store().select(question).await?;
        let token = |row: &Row| Token {
            id: row.int(0),
            label: row.text(1).to_owned(),
            created_at: row.int(2),
            expires_at: row.opt_int(3),
            used_at: row.opt_int(4),
            scope: row.text(5).to_owned(),
        };
        Ok(rows.iter().map(token).collect())
    }

    /// Ends a token of an account.
    ///
    /// # Errors
    /// `NotFound` where the account has no such token; `Forbidden` for another's account without being an
    /// administrator.
    pub async fn revoke_token(&self, act: &Act, account: i64, id: i64) -> Result<(), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_end(Some(owner.person))?;
        let row = Statement::delete("api_token").when("id", id).when("account", account).must_hit();
        let told = Told::of("token_end").item("token", id, Json::Null);
        self.seal_account(act, &permit, account, told, vec![row]).await
    }

    /// Ends all tokens of an account with another act on it.
    pub(crate) async fn end_tokens(
        &self,
        account: i64,
        mut told: Told,
        statements: &mut Vec<Statement>,
    ) -> Result<Told, Error> {
        let rows = self
            .store()
            .select(Select::from("api_token", &["id"]).when("account", account).order("id"))
            .await?;
        for row in &rows {
            told = told.item("token", row.int(0), Json::Null);
            statements.push(Statement::delete("api_token").when("id", row.int(0)));
        }
        Ok(told)
    }

    /// Asks again who it is before a token or a passkey is made: the password; where the account has none, a sign-in of the last ten
    /// minutes. Nobody signs in to the account of a program, so it makes no tokens.
    ///
    /// # Errors
    /// `Invalid` on `present` at a page and on `password` elsewhere; `Forbidden` for a program.
    pub async fn prove_anew(
        &self,
        act: &Act,
        account: i64,
        password: Option<&str>,
        session: Option<&str>,
    ) -> Result<(), Error> {
        let found = self.account(account).await?;
        let field = if act.door == Door::Page { "present" } else { "password" };
        if found.program {
            let message = "A program makes no tokens; an administrator makes them.";
            return Err(Error::Forbidden(Problems(vec![Problem::new("", "permission", message)])));
        }
        if self.proves_by_password(&found).await? {
            let Some(password) = password.filter(|given| !given.is_empty()) else {
                return Err(Error::invalid(field, "required", "Type your password once more."));
            };
            let key = if act.door == Door::Page { Key::Code(account) } else { Key::Proof(account) };
            return self.prove_by(account, password, key, field).await.map(|_| ());
        }
        let session = match session {
            Some(secret) => self.session(secret).await?,
            None => None,
        };
        if session.is_some_and(|s| s.account.id == account && s.since + FRESH > self.now()) {
            return Ok(());
        }
        let message = "Sign out and in again, then do this within ten minutes: your account has no password to ask for.";
        Err(Error::invalid(field, "fresh", message))
    }

    /// Whether a session, also one whose sign-in waits for its second step, began within the last ten minutes.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn is_young(&self, session: &str) -> Result<bool, Error> {
        let found = self.session_in(session).await?;
        Ok(found.is_some_and(|session| session.since + FRESH > self.now()))
    }

    /// Asks again who it is before a demanded second factor is set up in a session that is not young: one that was under way
    /// when the factor was demanded. The session goes on as a young one, under another secret.
    ///
    /// # Errors
    /// `Invalid` on `present`; `NotFound` without the session.
    pub async fn prove_enrolling(
        &self,
        session: &str,
        present: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let gone = || Error::NotFound("sign-in that waits for this; begin again".to_owned());
        let found = self.session_on_its_way(session).await?.filter(|s| s.stage == Stage::Enrol);
        let found = found.ok_or_else(gone)?;
        self.prove_again(found.account.id, present).await?;
        self.go_on(session, (&found, Stage::Enrol), visitor, random).await
    }

    /// All tokens as the log tells of them: account, id and what it says.
    pub(crate) async fn token_items(&self) -> Result<Vec<(i64, i64, Json)>, Error> {
        let rows = self.store().select(Select::from("api_token", &TOLD).order("id")).await?;
        let is = |row: &Row| item(row.text(2), (row.int(6), row.opt_int(3)), row.bytes(4), row.text(5));
        let told = |row: &Row| (row.int(1), row.int(0), is(row));
        Ok(rows.iter().map(told).collect())
    }
}

//! Sign-in by password, and the sessions of browsers: listed, ended by their owner or an administrator, with an end
//! after idleness and one that nothing moves.
//!
//! A session's secret is made at sign-in and again when its stage rises, so one that was planted in a browser before is
//! worth nothing. Source: OWASP Session Management Cheat Sheet.

use std::net::IpAddr;

use proofdesk_model::Caller;
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde::Serialize;
use serde_json::json;

use super::directory::{Judged, Typed};
use super::password::{fingerprint, secret};
use super::sealed::{Act, Told};
use super::{Account, Stored};
use crate::Engine;
use crate::error::Error;

/// A session ends this long after its last use, microseconds.
pub const SESSION_IDLE: i64 = 12 * 3_600_000_000;
/// A session ends this long after sign-in, microseconds.
pub const SESSION_MOST: i64 = 7 * 86_400_000_000;
/// So long somebody has for the second step, microseconds.
pub const STEP_MOST: i64 = 15 * 60_000_000;
/// Longest name of a browser that is kept, in characters.
const AGENT_MAX: usize = 200;

/// Where a request comes from.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Address of the network; none where it is not known (a test, a socket of the machine).
    pub address: Option<IpAddr>,
    /// What the browser says of itself.
    pub agent: String,
}

impl Visitor {
    /// The network that it counts as where attempts and requests are counted: the address, of version 6 the 64 bits that
    /// one customer has. None where the address is not known.
    pub fn network(&self) -> Option<String> {
        self.address.map(super::throttle::net_of)
    }
}

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// All the way.
    Full,
    /// The code of the second factor is asked for.
    Code,
    /// A second factor is demanded by role and has to be set up first.
    Enrol,
}

impl Stage {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Code => "code",
            Self::Enrol => "enrol",
        }
    }

    fn read(word: &str) -> Self {
        match word {
            "full" => Self::Full,
            "enrol" => Self::Enrol,
            _ => Self::Code,
        }
    }
}

/// A session that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose it is.
    pub account: Account,
    /// When it began, microseconds UTC.
    pub since: i64,
    /// How far the sign-in has come.
    pub stage: Stage,
    /// A second factor that is being set up: its secret.
    pub(crate) pending: Option<String>,
    /// How it began: `password`, `link`, `passkey`, or the name of a provider.
    pub method: String,
}

/// What a sign-in gave.
#[derive(Debug)]
pub struct SignedIn {
    /// The session's secret, for the cookie.
    pub secret: String,
    /// Whose it is.
    pub account: Account,
    /// How far it has come.
    pub stage: Stage,
}

/// A session as its owner and administrators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionItem {
    /// Its id: tells nothing of the secret.
    pub id: String,
    /// When it began, microseconds UTC.
    pub since: i64,
    /// When it was last used, microseconds UTC; to the minute.
    pub used_at: i64,
    /// When it ends at the latest, microseconds UTC.
    pub expires_at: i64,
    /// Address that it began at.
    pub address: String,
    /// What the browser said of itself.
    pub agent: String,
    /// How it began.
    pub method: String,
    /// It is the one that asks.
    pub current: bool,
}

/// The id of a session, of the hash that is kept of its secret.
fn id_of(hash: &[u8]) -> String {
    hex::encode(hash.get(..10).unwrap_or_default())
}

impl Engine {
    /// Signs a person in: the session's secret for the cookie, and how far that leads. A wrong name and a wrong
    /// password take the same time, wait the same and get the same answer.
    ///
    /// # Errors
    /// `Invalid` with code `sign_in` or `wait`.
    pub async fn sign_in(
        &self,
        sign_in: &str,
        password: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        match self.sign_in_by(&Typed { sign_in, password, directory: None }, visitor, random).await? {
            Judged::Here(signed) => Ok(signed),
            Judged::There(listed) => match self.account_of_outside(&listed.who).await? {
                Some(account) => self.sign_in_from_directory(&listed.who, account.id, visitor, random).await,
                None => Err(Self::wrong_sign_in()),
            },
        }
    }

    pub(super) fn wrong_sign_in() -> Error {
        Error::invalid("password", "sign_in", "The name or the password is not right.")
    }

    /// Begins the session of an account whose password was right.
    pub(super) async fn enter(
        &self,
        found: Stored,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let stage = self.stage_after_password(&found).await?;
        let secret = self.begin_session(&found.account, stage, "password", visitor, random).await?;
        // demanded meanwhile: who said so has not seen this session
        let stage = self.stage_after_password(&found).await?;
        if stage == Stage::Enrol {
            self.store().execute(Self::ask_for_factor(found.account.id)).await?;
        }
        Ok(SignedIn { secret, account: found.account, stage })
    }

    async fn stage_after_password(&self, found: &Stored) -> Result<Stage, Error> {
        if self.has_factor(&found.account).await? {
            return Ok(Stage::Code);
        }
        let demanded = self.second_factor_roles().await?;
        let held = found.account.roles.iter().any(|role| demanded.contains(role));
        Ok(if held { Stage::Enrol } else { Stage::Full })
    }

    /// Begins a session of an account that has proved who it is, and gives its secret.
    ///
    /// # Errors
    /// `Invalid` where the account was closed meanwhile: its sessions would begin again when it is opened.
    pub(crate) async fn begin_session(
        &self,
        account: &Account,
        stage: Stage,
        method: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        if !self.account(account.id).await?.active {
            return Err(Error::invalid("account", "disabled", "Your account here is disabled."));
        }
        let secret = secret(random);
        let now = self.now();
        let lasts = if stage == Stage::Full { SESSION_MOST } else { STEP_MOST };
        let agent: String = visitor.agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect();
        let session = Statement::insert("session")
            .set("token_hash", fingerprint(&secret))
            .set("account", account.id)
            .set("since", now)
            .set("used_at", now)
            .set("expires_at", now + lasts)
            .set("stage", stage.word())
            .set("address", visitor.address.map(|a| a.to_canonical().to_string()).unwrap_or_default())
            .set("agent", agent)
            .set("method", method.to_owned());
        let old = Statement::delete("session").when_below("expires_at", now);
        self.store().execute(vec![session, old]).await?;
        tracing::info!(account = account.reference(), method, stage = stage.word(), "a session began");
        Ok(secret)
    }

    /// Goes on with a session whose sign-in has come further, under another secret: how it began stays, and who it is at a
    /// provider. The old one ends.
    ///
    /// # Errors
    /// As [`Engine::begin_session`].
    pub(super) async fn go_on(
        &self,
        old: &str,
        (found, stage): (&Session, Stage),
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let account = found.account.clone();
        let secret = self.begin_session(&account, stage, &found.method, visitor, random).await?;
        let columns = ["token", "issuer", "subject", "sid", "pending"];
        let question = Select::from("session", &columns).when("token_hash", fingerprint(old)).limit(1);
        if let Some(row) = self.store().select(question).await?.first() {
            let kept = |at: usize| row.opt_text(at).map(str::to_owned);
            let same = columns.into_iter().enumerate();
            let same = same.fold(Statement::update("session"), |to, (at, column)| to.set(column, kept(at)));
            self.store().execute(vec![same.when("token_hash", fingerprint(&secret))]).await?;
        }
        self.sign_out(old).await?;
        Ok(SignedIn { secret, account, stage })
    }

    /// The session of a cookie's secret whose sign-in is complete; none when it is unknown, over, or its account may
    /// not sign in.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn session(&self, secret: &str) -> Result<Option<Session>, Error> {
        Ok(self.session_in(secret).await?.filter(|s| s.stage == Stage::Full))
    }

    /// As [`Engine::session`], for one whose sign-in waits for its second step.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn session_on_its_way(&self, secret: &str) -> Result<Option<Session>, Error> {
        Ok(self.session_in(secret).await?.filter(|s| s.stage != Stage::Full))
    }

    pub(crate) async fn session_in(&self, secret: &str) -> Result<Option<Session>, Error> {
        let hash = fingerprint(secret);
        let columns = ["account", "since", "used_at", "expires_at", "stage", "pending", "method"];
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
        Ok(found.map(|f| Session {
            account: f.account.on(proofdesk_model::format::day_of(self.now())),
            since: row.int(1),
            stage: Stage::read(row.text(4)),
            pending: row.opt_text(5).map(str::to_owned),
            method: row.text(6).to_owned(),
        }))
    }

    /// As whom a session speaks now, without counting as a use of it: for an answer that stays open. None when it has
    /// ended.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn session_stays(&self, secret: &str) -> Result<Option<Caller>, Error> {
        let columns = ["account", "used_at", "expires_at", "stage"];
        let question =
            Select::from("session", &columns).when("token_hash", fingerprint(secret)).limit(1).short();
        let rows = self.store().select(question).await?;
        let now = self.now();
        let lives = |row: &&proofdesk_store::Row| {
            row.int(2) >= now && row.int(1) + SESSION_IDLE >= now && Stage::read(row.text(3)) == Stage::Full
        };
        let Some(row) = rows.first().filter(lives) else { return Ok(None) };
        let found = self.stored_account("id", row.int(0)).await?.filter(|f| f.account.active);
        Ok(found.map(|f| f.account.on(proofdesk_model::format::day_of(now)).caller()))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn sign_out(&self, secret: &str) -> Result<(), Error> {
        let row = Statement::delete("session").when("token_hash", fingerprint(secret));
        Ok(self.store().execute(vec![row]).await?)
    }

    /// The complete sessions of an account that are under way, the last used first; `own` is the secret of the one
    /// that asks.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn sessions(&self, account: i64, own: Option<&str>) -> Result<Vec<SessionItem>, Error> {
        let columns = ["token_hash", "since", "used_at", "expires_at", "address", "agent", "method"];
        let question = Select::from("session", &columns).when("account", account).when("stage", "full");
        let rows = self.store().select(question.order_descending("used_at").limit(500)).await?;
        let own = own.map(fingerprint);
        let now = self.now();
        let lives = |row: &&proofdesk_store::Row| row.int(3) >= now && row.int(2) + SESSION_IDLE >= now;
        let item = |row: &proofdesk_store::Row| SessionItem {
            id: id_of(row.bytes(0)),
            since: row.int(1),
            used_at: row.int(2),
            expires_at: row.int(3),
            address: row.text(4).to_owned(),
            agent: row.text(5).to_owned(),
            method: row.text(6).to_owned(),
            current: own.as_deref() == Some(row.bytes(0)),
        };
        Ok(rows.iter().filter(lives).map(item).collect())
    }

    /// Ends one session of an account.
    ///
    /// # Errors
    /// `NotFound` where the account has no such session; `Forbidden` for another's account without being an
    /// administrator.
    pub async fn end_session(&self, act: &Act, account: i64, id: &str) -> Result<(), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_end(Some(owner.person))?;
        let rows =
            self.store().select(Select::from("session", &["token_hash"]).when("account", account)).await?;
        let found = rows.iter().map(|row| row.bytes(0)).find(|hash| id_of(hash) == id);
        let hash = found.ok_or_else(|| Error::NotFound("session of this account with this id".to_owned()))?;
        let row = Statement::delete("session").when("token_hash", hash.to_vec());
        let told = Told::of("session_end").also("session", json!(id));
        self.seal_account(act, &permit, account, told, vec![row]).await
    }

    /// Ends all sessions of an account; but for the one of a secret, where one is given.
    ///
    /// # Errors
    /// `Forbidden` for another's account without being an administrator.
    pub async fn end_sessions(&self, act: &Act, account: i64, but: Option<&str>) -> Result<(), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_end(Some(owner.person))?;
        let kept = but.map(fingerprint);
        let rows =
            self.store().select(Select::from("session", &["token_hash"]).when("account", account)).await?;
        let ending = rows.iter().map(|row| row.bytes(0)).filter(|hash| kept.as_deref() != Some(*hash));
        let gone: Vec<Statement> =
            ending.map(|hash| Statement::delete("session").when("token_hash", hash.to_vec())).collect();
        let told = Told::of("session_end").also("sessions", json!(gone.len()));
        self.seal_account(act, &permit, account, told, gone).await
    }
}

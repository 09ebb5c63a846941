//! Local accounts: who may sign in, under which name and with which roles.
//!
//! Secrets are kept as hashes only ([`password`]); sign-in and sessions are in [`session`], second factors in
//! [`second`], API tokens in [`token`], invitations in [`link`]. Randomness is handed in. Every act is sealed in the log in the transaction of the act ([`sealed`]); `verify` compares the rows.
//! Source: OWASP Authentication and Session Management Cheat Sheets.

pub mod calendar;
pub mod directory;
pub mod ends;
pub mod gone;
pub mod link;
pub mod outside;
pub mod passkey;
pub mod password;
pub mod provision;
pub mod refused;
pub mod sealed;
pub mod second;
pub mod session;
pub mod throttle;
pub mod token;
mod waiting;
pub mod webhook;

use std::collections::BTreeMap;

use proofdesk_model::access::{ADMINISTRATOR, ROLES, Scope};
use proofdesk_model::format::day_of;
use proofdesk_model::{Caller, Permit};
use proofdesk_store::{Select, Statement};
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::Engine;
use crate::error::Error;
use crate::together::other_administrators;
use password::{hash_password, mark};
pub use sealed::Act;
use sealed::{TYPE, Told};

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
    /// Roles held, also those that have ended; those that hold now are what a session and a token speak with.
    pub roles: Vec<String>,
    /// Last day of a role, `YYYY-MM-DD`, where it ends by itself.
    pub ends: BTreeMap<String, String>,
    /// May sign in, and its tokens speak for it.
    pub active: bool,
    /// It is one of a program: nobody signs in to it, its tokens speak for it.
    pub program: bool,
    /// A second factor is asked for after the password.
    pub second_factor: bool,
    /// It has a password; who has none comes by a link, a passkey or another provider.
    pub has_password: bool,
}

impl Account {
    /// The caller that this account acts as.
    pub fn caller(&self) -> Caller {
        Caller::person(self.person, &self.name, self.roles.iter().cloned())
    }

    /// How it is written in the log.
    pub fn reference(&self) -> String {
        sealed::reference(self.id)
    }
}

/// An account on its way in.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Number of the person.
    pub person: i64,
    /// What is typed at sign-in.
    pub sign_in: String,
    /// Name shown in histories.
    pub name: String,
    /// Roles held.
    pub roles: Vec<String>,
    /// First password; none where a link lets its owner set one.
    pub password: Option<String>,
    /// It is one of a program: without a password.
    pub program: bool,
}

/// What takes an administrator away waits for the others that do; a number of our own among locks.
const ADMINISTRATORS: i64 = 7_014_001;

const COLUMNS: [&str; 10] = [
    "id",
    "person",
    "sign_in",
    "name",
    "roles",
    "active",
    "password",
    "program",
    "second_factor",
    "second_factor_step",
];

pub(crate) struct Stored {
    pub account: Account,
    pub password: Option<String>,
    pub second_factor: Option<String>,
    pub second_factor_step: i64,
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').filter(|r| !r.is_empty()).map(str::to_owned).collect()
}

fn stored(row: &proofdesk_store::Row) -> Stored {
    let account = Account {
        id: row.int(0),
        person: row.int(1),
        sign_in: row.text(2).to_owned(),
        name: row.text(3).to_owned(),
        roles: ends::names(row.text(4)),
        ends: ends::days(row.text(4)),
        active: row.bool(5),
        program: row.bool(7),
        second_factor: !row.is_null(8),
        has_password: !row.is_null(6),
    };
    Stored {
        account,
        password: row.opt_text(6).map(str::to_owned),
        second_factor: row.opt_text(8).map(str::to_owned),
        second_factor_step: row.int(9),
    }
}

impl Stored {
    /// The columns that the log tells of, as it tells them.
    pub(crate) fn told(&self) -> Vec<(&'static str, Json)> {
        let account = &self.account;
        vec![
            ("person", json!(account.person)),
            ("sign_in", json!(account.sign_in)),
            ("name", json!(account.name)),
            ("roles", json!(account.written_roles())),
            ("active", json!(account.active)),
            ("password", json!(self.password.as_ref().map(|hash| mark(hash.as_bytes())))),
            ("program", json!(account.program.then_some(true))),
            ("second_factor", json!(self.second_factor.as_ref().map(|secret| mark(secret.as_bytes())))),
        ]
    }
}

fn check_sign_in(sign_in: &str) -> Result<(), Error> {
    if sign_in.is_empty() || sign_in.chars().count() > 120 || sign_in.contains(char::is_whitespace) {
        let message = "A sign-in name has 1 to 120 characters and no blanks.";
        return Err(Error::invalid("sign_in", "format", message));
    }
    Ok(())
}

/// The rows of a change of an account, and whether it takes an administrator away: then another one who can sign in must
/// be left, asked in the same transaction.
pub(crate) fn keeping_one(
    account: &Account,
    (row, beside): (Statement, Vec<Statement>),
    takes: bool,
) -> (Vec<Statement>, bool) {
    let is_one = account.active && !account.program && account.roles.iter().any(|r| r == ADMINISTRATOR);
    let mut rows = if takes && is_one {
        vec![Statement::one_at_a_time(ADMINISTRATORS), row.when_exists(other_administrators(&[account.id]))]
    } else {
        vec![row]
    };
    rows.extend(beside);
    (rows, takes && is_one)
}

/// The names of roles in the order of the permission matrix, each once.
fn check_roles(roles: &[String]) -> Result<String, Error> {
    ends::known(roles.iter().map(String::as_str))?;
    let held: Vec<&str> = ROLES.into_iter().filter(|r| roles.iter().any(|given| given == r)).collect();
    Ok(held.join(" "))
}

/// Whether this caller may change the accounts of others.
pub fn is_administrator(caller: &Caller) -> bool {
    Permit::of_account(caller, None).is_ok()
}

impl Engine {
    /// Says what is wrong with an account before its person is made: name, roles, password.
    ///
    /// # Errors
    /// `Invalid`.
    pub async fn check_new_account(&self, new: &NewAccount) -> Result<(), Error> {
        let sign_in = new.sign_in.trim().to_lowercase();
        check_sign_in(&sign_in)?;
        ends::check(&new.roles, &BTreeMap::new(), day_of(self.now()))?;
        if self.stored_account("sign_in", sign_in).await?.is_some() {
            return Err(Error::invalid("sign_in", "taken", "This sign-in name is taken."));
        }
        Ok(())
    }

    /// Makes an account for a person. The password is checked against [`password::PASSWORD_MIN`] and hashed.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` when the name is taken, the password too short, or a role
    /// unknown.
    pub async fn create_account(&self, act: &Act, new: NewAccount) -> Result<Account, Error> {
        self.create_account_with(act, new, |_, told| (told, Vec::new())).await
    }

    /// As [`Engine::create_account`], with rows that are written in the same transaction, and what is told of them.
    pub(crate) async fn create_account_with(
        &self,
        act: &Act,
        new: NewAccount,
        beside: impl Fn(i64, Told) -> (Told, Vec<Statement>),
    ) -> Result<Account, Error> {
        let permit = act.permit_all()?;
        let (row, told) = self.new_account(new, true).await?;
        let write = async |id: i64| {
            let (told, more) = beside(id, told.clone());
            let rows = std::iter::once(row.clone().set("id", id)).chain(more).collect();
            self.seal_account(act, &permit, id, told, rows).await
        };
        let id = self.numbered("account", write).await?;
        self.account(id).await
    }

    /// The row of a new account, still without its id, and what is told of it.
    pub(crate) async fn new_account(
        &self,
        new: NewAccount,
        active: bool,
    ) -> Result<(Statement, Told), Error> {
        let sign_in = new.sign_in.trim().to_lowercase();
        check_sign_in(&sign_in)?;
        let roles = ends::check(&new.roles, &BTreeMap::new(), day_of(self.now()))?;
        if self.stored_account("sign_in", sign_in.clone()).await?.is_some() {
            return Err(Error::invalid("sign_in", "taken", "This sign-in name is taken."));
        }
        let hash = match new.password.filter(|_| !new.program) {
            Some(password) => {
                self.check_password(&password, &sign_in).await?;
                Some(hash_password(password).await?)
            }
            None => None,
        };
        let told = Told::of("create")
            .set("person", Json::Null, new.person)
            .set("sign_in", Json::Null, sign_in.clone())
            .set("name", Json::Null, new.name.clone())
            .set("roles", Json::Null, roles.clone())
            .set("active", Json::Null, active)
            .set("password", Json::Null, hash.as_ref().map(|h| mark(h.as_bytes())))
            .set("program", Json::Null, new.program.then_some(true));
        let row = Statement::insert("account")
            .set("person", new.person)
            .set("sign_in", sign_in)
            .set("name", new.name)
            .set("roles", roles)
            .set("active", active)
            .set("program", new.program)
            .set("password", hash)
            .set("created_at", self.now());
        Ok((row, told))
    }

    /// All accounts by sign-in name.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn accounts(&self) -> Result<Vec<Account>, Error> {
        Ok(self.stored_accounts().await?.into_iter().map(|s| s.account).collect())
    }

    /// What a person may do who writes and is not signed in: the roles that the accounts have today, or those of a
    /// requester for who never had an account. None where all accounts of the person are disabled: who was shut out is
    /// not let in another way.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn caller_of(&self, person: i64, name: &str) -> Result<Option<Caller>, Error> {
        let question = Select::from("account", &COLUMNS).when("person", person).when("program", false);
        let rows = self.store().select(question.order("id").limit(100).short()).await?;
        let (open, closed): (Vec<Account>, Vec<Account>) =
            rows.iter().map(|row| stored(row).account).partition(|account| account.active);
        if open.is_empty() && !closed.is_empty() {
            return Ok(None);
        }
        let today = day_of(self.now());
        let mut roles: Vec<String> = open.into_iter().flat_map(|account| account.on(today).roles).collect();
        if roles.is_empty() {
            roles.push("requester".to_owned());
        }
        Ok(Some(Caller::person(person, name, roles)))
    }

    pub(crate) async fn stored_accounts(&self) -> Result<Vec<Stored>, Error> {
        let question = Select::from("account", &COLUMNS).order("sign_in").limit(100_000);
        Ok(self.store().select(question).await?.iter().map(stored).collect())
    }

    /// An account by id.
    ///
    /// # Errors
    /// `NotFound`, or a fault of the database.
    pub async fn account(&self, id: i64) -> Result<Account, Error> {
        Ok(self.require_account(id).await?.account)
    }

    /// As whom an account acts today, in what one of its tokens reaches (`scope` as [`Scope::write`] wrote it): for what
    /// goes on later in its name. None where the account is gone or disabled.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn caller_of_account(&self, id: i64, scope: &str) -> Result<Option<Caller>, Error> {
        let today = day_of(self.now());
        let found = self.stored_account("id", id).await?.map(|s| s.account).filter(|a| a.active);
        Ok(found.map(|account| Caller { scope: Scope::read(scope), ..account.on(today).caller() }))
    }

    async fn require_account(&self, id: i64) -> Result<Stored, Error> {
        let found = self.stored_account("id", id).await?;
        found.ok_or_else(|| Error::NotFound(format!("account {}", sealed::reference(id))))
    }

    async fn stored_account(
        &self,
        column: &'static str,
        value: impl Into<proofdesk_store::Arg>,
    ) -> Result<Option<Stored>, Error> {
        let question = Select::from("account", &COLUMNS).when(column, value).limit(1);
        Ok(self.store().select(question.short()).await?.first().map(stored))
    }

    /// Gives an account other roles.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` for an unknown role, or when nobody would be left who is one.
    pub async fn set_roles(&self, act: &Act, id: i64, roles: &[String]) -> Result<Account, Error> {
        let permit = act.permit_all()?;
        let account = self.account(id).await?;
        let old = account.written_roles();
        let new = ends::check(roles, &account.ends, day_of(self.now()))?;
        if old == new {
            return Ok(account);
        }
        let told = Told::of("roles").set("roles", old.clone(), new.clone());
        let row = Statement::update("account").set("roles", new.clone()).when("id", id).when("roles", old);
        let row = row.when("active", account.active).must_hit();
        let takes = !ends::names(&new).iter().any(|r| r == ADMINISTRATOR);
        let demanded = self.second_factor_roles().await?;
        let needs = ends::names(&new).iter().any(|r| demanded.contains(r));
        let beside =
            if needs { Self::demand_factor(id, self.has_factor(&account).await?) } else { Vec::new() };
        self.seal_keeping_one(act, &permit, &account, told, (row, beside), takes).await?;
        self.account(id).await
    }

    /// Lets an account sign in, or not any more: then its sessions end at once.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` when no administrator would be left.
    pub async fn set_active(&self, act: &Act, id: i64, active: bool) -> Result<Account, Error> {
        let permit = act.permit_all()?;
        let account = self.account(id).await?;
        if account.active == active {
            return Ok(account);
        }
        let told = Told::of(if active { "enable" } else { "disable" }).set("active", !active, active);
        let row = Statement::update("account").set("active", active).when("id", id);
        let row = row.when("active", !active).must_hit();
        let mut beside = Vec::new();
        if !active {
            beside.push(Statement::delete("session").when("account", id));
            beside.push(Statement::delete("one_time_link").when("account", id));
        }
        self.seal_keeping_one(act, &permit, &account, told, (row, beside), !active).await?;
        self.account(id).await
    }

    /// Writes the row of an account and what goes with it. Where that `takes` an administrator away, another one who can
    /// sign in must be left: asked in the same transaction, so that two who take each other away at the same time do
    /// not both succeed.
    async fn seal_keeping_one(
        &self,
        act: &Act,
        permit: &Permit,
        account: &Account,
        told: Told,
        (row, beside): (Statement, Vec<Statement>),
        takes: bool,
    ) -> Result<(), Error> {
        let (rows, takes) = keeping_one(account, (row, beside), takes);
        let mut together = self.together(act);
        together.seal(permit.clone(), account.id, told, rows, takes);
        together.commit().await
    }

    /// Changes a person's own password and ends all sessions of the account.
    ///
    /// # Errors
    /// `Invalid` when the present password is wrong or the new one too short.
    pub async fn change_password(
        &self,
        act: &Act,
        account: i64,
        present: &str,
        new: &str,
    ) -> Result<(), Error> {
        let found = self.prove_again(account, present).await?;
        self.set_password(act, &found.account, new, true).await
    }

    /// Sets a password without asking for the present one: the operator's command. Ends all sessions of the account, and
    /// its API tokens but where `keep_tokens`: who lost a password does not know who made them.
    ///
    /// # Errors
    /// `Forbidden` for another's account without being an administrator; `Invalid` when it is too short.
    pub async fn set_password(
        &self,
        act: &Act,
        account: &Account,
        new: &str,
        keep_tokens: bool,
    ) -> Result<(), Error> {
        let permit = act.permit_own(account.person)?;
        if account.program {
            return Err(Error::invalid("password", "state", "Nobody signs in to the account of a program."));
        }
        self.check_password(new, &account.sign_in).await?;
        let old = self.require_account(account.id).await?.password.map(|hash| mark(hash.as_bytes()));
        let hash = hash_password(new.to_owned()).await?;
        let mut told = Told::of("password").set("password", old, mark(hash.as_bytes()));
        let mut statements = vec![
            Statement::update("account").set("password", hash).when("id", account.id).must_hit(),
            Statement::delete("session").when("account", account.id),
            Statement::delete("one_time_link").when("account", account.id),
            Self::forget_attempts(&account.sign_in),
        ];
        if !keep_tokens {
            told = self.end_tokens(account.id, told, &mut statements).await?;
        }
        self.seal_account(act, &permit, account.id, told, statements).await
    }

    /// Takes accounts and tokens into the log that were made before the log told of accounts. It happens once: as soon
    /// as the log has one entry about an account, a row without entries is a finding of `verify`.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn adopt_accounts(&self) -> Result<usize, Error> {
        if !self.store().entries_about(TYPE, 0, 1).await?.is_empty() {
            return Ok(0);
        }
        let act = Act { caller: Caller::system("Upgrade"), door: proofdesk_model::Door::Cli };
        let permit = act.permit_all()?;
        let all = self.stored_accounts().await?;
        for found in &all {
            let start = Told::of("adopt");
            let told =
                found.told().into_iter().fold(start, |told, (name, is)| told.set(name, Json::Null, is));
            self.seal_account(&act, &permit, found.account.id, told, Vec::new()).await?;
        }
        for (account, id, is) in self.token_items().await? {
            let told = Told::of("adopt").item("token", id, is);
            self.seal_account(&act, &permit, account, told, Vec::new()).await?;
        }
        Ok(all.len())
    }
}

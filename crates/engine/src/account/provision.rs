//! Accounts that a directory keeps here: made, renamed, closed, opened and removed, with the directory's own id of each.
//!
//! Not here: the protocol (`web::scim`). Invariant: what a directory changes of an account is an entry as any other; nothing of
//! it is deleted, so its history keeps its name. Who is removed has no way in left.

use std::collections::BTreeMap;

use proofdesk_model::access::ADMINISTRATOR;
use proofdesk_model::format::day_of;
use proofdesk_store::{Select, Statement};
use serde_json::{Value as Json, json};

use super::outside::Outside;
use super::password::mark;
use super::sealed::Told;
use super::{NewAccount, check_sign_in, ends, keeping_one};
use crate::Engine;
use crate::error::Error;
use crate::together::Together;

/// What a directory says of what it keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Its own id.
    pub external_id: Option<String>,
    /// It has removed it.
    pub removed: bool,
}

/// The account whose entries tell of it, and by which name: groups are no account's.
fn place(kind: &str, id: &str) -> (i64, String) {
    match id.parse() {
        Ok(account) if kind == "user" => (account, kind.to_owned()),
        _ => (0, format!("{kind}/{id}")),
    }
}

/// What the log tells of it.
fn item(said: &Provisioned) -> Json {
    json!({"external_id": said.external_id, "removed": said.removed})
}

fn taken() -> Error {
    Error::invalid("sign_in", "taken", "This sign-in name is taken.")
}

impl Together<'_> {
    /// Plans what a directory says of one of a kind (`user` or `group`).
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn keep_provisioned(
        &mut self,
        kind: &'static str,
        id: &str,
        said: &Provisioned,
    ) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        if self.engine().provisioned(kind).await?.get(id) == Some(said) {
            return Ok(());
        }
        let row = Statement::upsert("provisioned")
            .key("kind", kind)
            .key("id", id.to_owned())
            .set("external_id", said.external_id.clone())
            .set("removed", said.removed);
        let (account, name) = place(kind, id);
        let told = Told::of("provisioned").item("provisioned", name, item(said));
        self.seal(permit, account, told, vec![row], false);
        Ok(())
    }

    /// Plans a new account, bound to who its owner is at a provider where one is given; gives its id.
    ///
    /// # Errors
    /// As [`Engine::create_account`].
    pub async fn create_account(
        &mut self,
        new: NewAccount,
        active: bool,
        bound: Option<&Outside>,
    ) -> Result<i64, Error> {
        let permit = self.act().permit_all()?;
        let (row, mut told) = self.engine().new_account(new, active).await?;
        let id = self.engine().store().allocate("account", 1).await?;
        let mut rows = vec![row.set("id", id)];
        if let Some(bound) = bound {
            told = told.item("identity", bound.item(), json!({}));
            rows.push(bound.row(id));
        }
        self.seal(permit, id, told, rows, false);
        Ok(id)
    }

    /// Plans another sign-in name and name of an account.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` for a name that is none, or is taken.
    pub async fn rename_account(&mut self, id: i64, sign_in: &str, name: &str) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        let account = self.engine().account(id).await?;
        let sign_in = sign_in.trim().to_lowercase();
        check_sign_in(&sign_in)?;
        let mut told = Told::of("rename");
        if sign_in != account.sign_in {
            if self.engine().stored_account("sign_in", sign_in.clone()).await?.is_some() {
                return Err(taken());
            }
            told = told.set("sign_in", account.sign_in.clone(), sign_in.clone());
        }
        if name != account.name {
            told = told.set("name", account.name.clone(), name);
        }
        if sign_in == account.sign_in && name == account.name {
            return Ok(());
        }
        let row = Statement::update("account").set("sign_in", sign_in).set("name", name.to_owned());
        self.seal(permit, id, told, vec![row.when("id", id).must_hit()], false);
        Ok(())
    }

    /// Plans that somebody may sign in again.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn open_account(&mut self, id: i64) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        if self.engine().account(id).await?.active {
            return Ok(());
        }
        let row = Statement::update("account").set("active", true).when("id", id).when("active", false);
        self.seal(permit, id, Told::of("enable").set("active", false, true), vec![row.must_hit()], false);
        Ok(())
    }

    /// Plans that an account is closed until somebody opens it: nobody signs in, its sessions, links, secret addresses and
    /// tokens end. Passkeys and what binds it to a provider rest.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn close_account(&mut self, id: i64) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        let engine = self.engine();
        let account = engine.account(id).await?;
        let open = !engine.tokens(id).await?.is_empty() || !engine.calendar_links(id).await?.is_empty();
        if !account.active && !open {
            return Ok(());
        }
        let mut told = Told::of("close");
        let mut row = Statement::update("account").set("active", false).when("id", id);
        if account.active {
            told = told.set("active", true, false);
            row = row.when("active", true);
        }
        let mut beside = Vec::new();
        let told = engine.end_what_is_open(id, told, &mut beside).await?;
        let (rows, takes) = keeping_one(&account, (row.must_hit(), beside), account.active);
        self.seal(permit, id, told, rows, takes);
        Ok(())
    }

    /// Plans that an account is closed for good: no role and no way in is left, neither password nor second factor, passkey,
    /// provider, session, link, secret address or token. What is opened again later begins anew.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn remove_account(&mut self, id: i64) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        let engine = self.engine();
        let found = engine.require_account(id).await?;
        let (account, roles) = (&found.account, found.account.written_roles());
        let mut told = Told::of("remove");
        let mut row = Statement::update("account")
            .set("active", false)
            .set("roles", "")
            .set("password", None::<String>)
            .set("second_factor", None::<String>)
            .when("id", id)
            .when("active", account.active)
            .when("roles", roles.clone());
        if account.active {
            told = told.set("active", true, false);
        }
        if !roles.is_empty() {
            told = told.set("roles", roles, "");
        }
        if let Some(password) = &found.password {
            told = told.set("password", mark(password.as_bytes()), Json::Null);
        }
        if let Some(secret) = &found.second_factor {
            told = told.set("second_factor", mark(secret.as_bytes()), Json::Null);
        }
        row = row.must_hit();
        let mut beside = Vec::new();
        told = engine.end_what_is_open(id, told, &mut beside).await?;
        told = engine.end_passkeys(id, told, &mut beside).await?;
        told = engine.end_identities(id, told, &mut beside).await?;
        told = engine.renew_codes(id, &[], told, &mut beside).await?;
        let (rows, takes) = keeping_one(account, (row, beside), true);
        self.seal(permit, id, told, rows, takes);
        Ok(())
    }

    /// Plans the roles that a directory says of an account: the days of roles that are held stay as they are.
    ///
    /// # Errors
    /// As [`Engine::set_roles`].
    pub async fn follow_roles(&mut self, id: i64, roles: &[String]) -> Result<(), Error> {
        let permit = self.act().permit_all()?;
        let engine = self.engine();
        let account = engine.account(id).await?;
        let (old, new) =
            (account.written_roles(), ends::following(roles, &account.ends, day_of(engine.now()))?);
        if old == new {
            return Ok(());
        }
        let demanded = engine.second_factor_roles().await?;
        let needs = roles.iter().any(|r| demanded.contains(r));
        let beside =
            if needs { Engine::demand_factor(id, engine.has_factor(&account).await?) } else { Vec::new() };
        let told = Told::of("roles").set("roles", old.clone(), new.clone());
        let row = Statement::update("account").set("roles", new.clone()).when("id", id).when("roles", old);
        let takes = !ends::names(&new).iter().any(|role| role == ADMINISTRATOR);
        let (rows, takes) = keeping_one(&account, (row.must_hit(), beside), takes);
        self.seal(permit, id, told, rows, takes);
        Ok(())
    }
}

impl Engine {
    /// What a directory says of all of a kind (`user` or `group`), by id.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn provisioned(&self, kind: &'static str) -> Result<BTreeMap<String, Provisioned>, Error> {
        let question = Select::from("provisioned", &["id", "external_id", "removed"]).when("kind", kind);
        let rows = self.store().select(question).await?;
        let said = |row: &proofdesk_store::Row| {
            let external_id = row.opt_text(1).map(str::to_owned);
            (row.text(0).to_owned(), Provisioned { external_id, removed: row.bool(2) })
        };
        Ok(rows.iter().map(said).collect())
    }

    /// All that directories say, as the log tells of it: account, name and what it says.
    pub(crate) async fn provisioned_items(&self) -> Result<Vec<(i64, String, Json)>, Error> {
        let mut items = Vec::new();
        for kind in ["user", "group"] {
            for (id, said) in self.provisioned(kind).await? {
                let (account, name) = place(kind, &id);
                items.push((account, name, item(&said)));
            }
        }
        Ok(items)
    }

    /// Ends sessions, one-time links, secret addresses and tokens of an account with another act on it.
    pub(super) async fn end_what_is_open(
        &self,
        id: i64,
        mut told: Told,
        statements: &mut Vec<Statement>,
    ) -> Result<Told, Error> {
        statements.push(Statement::delete("session").when("account", id));
        statements.push(Statement::delete("one_time_link").when("account", id));
        for link in self.calendar_links(id).await? {
            told = told.item("calendar", link.id, Json::Null);
        }
        statements.push(Statement::delete("calendar_link").when("account", id));
        self.end_tokens(id, told, statements).await
    }

    /// Ends all that binds an account to providers with another act on it.
    async fn end_identities(
        &self,
        id: i64,
        mut told: Told,
        statements: &mut Vec<Statement>,
    ) -> Result<Told, Error> {
        for bound in self.outside_identities(id).await? {
            told = told.item("identity", bound.item(), Json::Null);
        }
        statements.push(Statement::delete("outside_identity").when("account", id));
        Ok(told)
    }
}

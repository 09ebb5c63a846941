//! Accounts that a directory keeps here: renamed, closed and opened again, with the directory's own id of each.
//!
//! Not here: the protocol (`web::scim`). Invariant: what a directory changes of an account is an entry as any other; nothing of
//! it is deleted, so its history keeps its name.

use std::collections::BTreeMap;

use proofdesk_model::Permit;
use proofdesk_model::access::ADMINISTRATOR;
use proofdesk_model::format::day_of;
use proofdesk_store::{Select, Statement};
use serde_json::{Value as Json, json};

use super::sealed::{Act, Told};
use super::{Account, check_sign_in, ends};
use crate::Engine;
use crate::error::Error;

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

    /// Keeps what a directory says of one, and tells the log when it is something else than before.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; a fault of the database.
    pub async fn keep_provisioned(
        &self,
        act: &Act,
        kind: &'static str,
        id: &str,
        said: &Provisioned,
    ) -> Result<(), Error> {
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        if self.provisioned(kind).await?.get(id) == Some(said) {
            return Ok(());
        }
        let row = Statement::upsert("provisioned")
            .key("kind", kind)
            .key("id", id.to_owned())
            .set("external_id", said.external_id.clone())
            .set("removed", said.removed);
        let (account, name) = place(kind, id);
        let told = Told::of("provisioned").item("provisioned", name, item(said));
        self.seal_account(act, &permit, account, told, vec![row]).await
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

    /// Gives an account another sign-in name and name.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` for a name that is none, or is taken.
    pub async fn rename_account(
        &self,
        act: &Act,
        id: i64,
        sign_in: &str,
        name: &str,
    ) -> Result<Account, Error> {
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        act.reaches_all()?;
        let account = self.account(id).await?;
        let sign_in = sign_in.trim().to_lowercase();
        check_sign_in(&sign_in)?;
        let mut told = Told::of("rename");
        if sign_in != account.sign_in {
            if self.stored_account("sign_in", sign_in.clone()).await?.is_some() {
                return Err(Error::invalid("sign_in", "taken", "This sign-in name is taken."));
            }
            told = told.set("sign_in", account.sign_in.clone(), sign_in.clone());
        }
        if name != account.name {
            told = told.set("name", account.name.clone(), name);
        }
        if sign_in == account.sign_in && name == account.name {
            return Ok(account);
        }
        let row = Statement::update("account").set("sign_in", sign_in).set("name", name.to_owned());
        let row = row.when("id", id).must_hit();
        match self.seal_account(act, &permit, id, told, vec![row]).await {
            Err(Error::Taken) => Err(Error::invalid("sign_in", "taken", "This sign-in name is taken.")),
            other => {
                other?;
                self.account(id).await
            }
        }
    }

    /// Closes an account for good until somebody opens it: nobody signs in, its sessions, links and tokens end.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` when no administrator would be left.
    pub async fn close_account(&self, act: &Act, id: i64) -> Result<Account, Error> {
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        act.reaches_all()?;
        let account = self.account(id).await?;
        let tokens = self.tokens(id).await?;
        if !account.active && tokens.is_empty() {
            return Ok(account);
        }
        let mut told = Told::of("close");
        let mut row = Statement::update("account").set("active", false).when("id", id);
        if account.active {
            told = told.set("active", true, false);
            row = row.when("active", true);
        }
        let mut beside = vec![
            Statement::delete("session").when("account", id),
            Statement::delete("one_time_link").when("account", id),
        ];
        let told = self.end_tokens(id, told, &mut beside).await?;
        self.seal_keeping_one(act, &permit, &account, told, (row.must_hit(), beside), account.active).await?;
        self.account(id).await
    }

    /// Gives an account the roles that a directory says: the days of roles that are held stay as they are.
    ///
    /// # Errors
    /// As [`Engine::set_roles`].
    pub async fn follow_roles(&self, act: &Act, id: i64, roles: &[String]) -> Result<Account, Error> {
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        act.reaches_all()?;
        let account = self.account(id).await?;
        let (old, new) =
            (account.written_roles(), ends::following(roles, &account.ends, day_of(self.now()))?);
        if old == new {
            return Ok(account);
        }
        let demanded = self.second_factor_roles().await?;
        let needs = roles.iter().any(|r| demanded.contains(r)) && !self.has_factor(&account).await?;
        let beside = if needs { Self::ask_for_factor(id) } else { Vec::new() };
        let told = Told::of("roles").set("roles", Json::from(old.clone()), new.clone());
        let row = Statement::update("account").set("roles", new.clone()).when("id", id).when("roles", old);
        let takes = !ends::names(&new).iter().any(|role| role == ADMINISTRATOR);
        self.seal_keeping_one(act, &permit, &account, told, (row.must_hit(), beside), takes).await?;
        self.account(id).await
    }
}

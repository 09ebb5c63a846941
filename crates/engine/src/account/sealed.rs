//! Entries of the log about accounts: who did what, when, through which door. No secret and no hash of a password is
//! ever in them; of what is stored as a hash they tell a mark ([`super::password::mark`]).
//!
//! Shape: as entries of records (`docs/proof.md`), of type `account`, `ref` `ACCOUNT-n`. `set` has the columns that change;
//! `note.items` has what belongs to an account and is none of its columns: `{"item":"token","id":5,"is":{…}}`, and
//! `"is":null` when it ends.

use std::future::Future;

use proofdesk_model::entry::{self, Entry};
use proofdesk_model::{Caller, Door, Permit, Problem, Problems, Reference, Stamp};
use proofdesk_store::Statement;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::Engine;
use crate::error::Error;

/// Word for accounts in the log.
pub(crate) const TYPE: &str = "account";
/// How often a number that another program took meanwhile is tried again.
const TRIES: usize = 8;

/// Who acts on accounts, and through which door.
#[derive(Debug, Clone)]
pub struct Act {
    /// Who.
    pub caller: Caller,
    /// Through which door.
    pub door: Door,
}

impl Act {
    /// An act of a caller.
    pub fn new(caller: &Caller, door: Door) -> Self {
        Self { caller: caller.clone(), door }
    }

    /// Permits an act of an administrator on accounts, webhooks and settings of sign-in. Every such act asks here.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn permit_all(&self) -> Result<Permit, Error> {
        self.permit(None)
    }

    /// Permits an act of an administrator, or of the person whose account it is.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn permit_own(&self, person: i64) -> Result<Permit, Error> {
        self.permit(Some(person))
    }

    /// As [`Act::permit_own`] (of an administrator alone without a person), for what gives nobody access: to read, and to
    /// end sessions, tokens and secret addresses. A token with a scope may do it where that reaches `account:update`.
    ///
    /// # Errors
    /// `Forbidden`.
    pub(crate) fn permit_end(&self, person: Option<i64>) -> Result<Permit, Error> {
        Permit::of_account(&self.caller, person).map_err(Error::Forbidden)
    }

    /// Refuses the owner of a token with a scope: by accounts, roles, links and tokens it would reach everything.
    fn permit(&self, person: Option<i64>) -> Result<Permit, Error> {
        if self.caller.scope.is_some() {
            let message =
                "A token that reaches only a part changes no account, role, link, token or webhook.";
            return Err(Error::Forbidden(Problems(vec![Problem::new("scope", "permission", message)])));
        }
        self.permit_end(person)
    }

    /// An act of the operator at the command line.
    pub fn operator() -> Self {
        Self { caller: Caller::system("Operator"), door: Door::Cli }
    }
}

/// What an entry tells of an account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    action: &'static str,
    set: Map<String, Json>,
    items: Vec<Json>,
    note: Map<String, Json>,
}

impl Told {
    pub fn of(action: &'static str) -> Self {
        Self { action, ..Self::default() }
    }

    /// A column that changes from one value to another.
    pub fn set(mut self, column: &str, old: impl Into<Json>, new: impl Into<Json>) -> Self {
        self.set.insert(column.to_owned(), json!([old.into(), new.into()]));
        self
    }

    /// Something that belongs to the account from now on, or (`Null`) no longer.
    pub fn item(mut self, item: &str, id: impl Into<Json>, is: Json) -> Self {
        self.items.push(json!({"item": item, "id": id.into(), "is": is}));
        self
    }

    /// Anything else that is worth telling.
    pub fn also(mut self, name: &str, is: Json) -> Self {
        self.note.insert(name.to_owned(), is);
        self
    }

    pub(crate) fn entry(mut self, account: i64, act: &Act, at: i64) -> Entry {
        let mut rest = Map::new();
        if !self.set.is_empty() {
            rest.insert("set".to_owned(), Json::Object(self.set));
        }
        if !self.items.is_empty() {
            self.note.insert("items".to_owned(), Json::Array(self.items));
        }
        if !self.note.is_empty() {
            rest.insert("note".to_owned(), Json::Object(self.note));
        }
        let (about, stamp) = (Reference::new(TYPE, account), Stamp::now(at, act.door));
        entry::of_other(about, &reference(account), &act.caller, &stamp, self.action, &rest)
    }
}

/// How an account is written in the log and in findings.
pub(crate) fn reference(account: i64) -> String {
    format!("ACCOUNT-{account}")
}

impl Engine {
    /// Writes rows that concern an account together with the entry that tells of it.
    pub(crate) async fn seal_account(
        &self,
        act: &Act,
        permit: &Permit,
        account: i64,
        told: Told,
        statements: Vec<Statement>,
    ) -> Result<(), Error> {
        let entry = told.entry(account, act, self.now());
        match self.store().note(permit, vec![entry], statements, Uuid::now_v7()).await {
            // the id of the write is new: it is a row that was there already
            Err(proofdesk_store::Error::Duplicate) => Err(Error::Taken),
            other => Ok(other.map(|_| ())?),
        }
    }

    /// Takes a number of a table and writes with it; where another program took the number meanwhile, the next one is
    /// tried.
    pub(crate) async fn numbered<F>(&self, table: &str, mut write: impl FnMut(i64) -> F) -> Result<i64, Error>
    where
        F: Future<Output = Result<(), Error>>,
    {
        for _ in 0..TRIES {
            let id = self.store().allocate(table, 1).await?;
            match write(id).await {
                Err(Error::Taken) => {}
                other => return other.map(|()| id),
            }
        }
        Err(Error::Unavailable)
    }
}

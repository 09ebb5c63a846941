//! One-time links: an invitation or a new password for an account, and the link by which the first administrator of an
//! empty desk is made. Kept as hashes, used once, with an end. Not here: how they are sent (`mail`), or shown once to who made
//! them.

use std::collections::BTreeMap;

use proofdesk_model::{Caller, Door};
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};

use super::password::{fingerprint, hash_password, mark, secret};
use super::sealed::{Act, Told};
use super::session::Visitor;
use super::throttle::Key;
use super::{Account, NewAccount, check_sign_in, ends};
use crate::Engine;
use crate::error::Error;

/// An invitation holds this long, microseconds.
pub const INVITATION_LASTS: i64 = 7 * 86_400_000_000;
/// A link for a new password, and the first one of a desk, hold this long, microseconds.
pub const RESET_LASTS: i64 = 86_400_000_000;

/// A link that somebody asked for who says that he forgot the password holds this long, microseconds.
pub const FORGOTTEN_LASTS: i64 = 3_600_000_000;

/// What a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Makes the first administrator of an empty desk.
    First,
    /// Sets the first password of an account.
    Invitation(Account),
    /// Sets another password.
    Reset(Account),
}

pub(super) fn gone() -> Error {
    Error::NotFound("such link any more: it was used, it has ended, or it was never made".to_owned())
}

impl Engine {
    /// Makes the link by which an account gets its password: an invitation where it has none yet. Earlier links of the
    /// account end. The secret is given once.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` for the account of a program and for one that is disabled.
    pub async fn make_link(
        &self,
        act: &Act,
        account: i64,
        random: &mut (impl Rng + Send),
    ) -> Result<(Link, String), Error> {
        self.make_link_with(act, account, random, |_, _| Vec::new()).await
    }

    /// As [`Engine::make_link`], with rows that are written in the same transaction and know the link and its secret.
    ///
    /// # Errors
    /// As [`Engine::make_link`].
    pub async fn make_link_with(
        &self,
        act: &Act,
        account: i64,
        random: &mut (impl Rng + Send),
        beside: impl FnOnce(&Link, &str) -> Vec<Statement> + Send,
    ) -> Result<(Link, String), Error> {
        let found = self.require_account(account).await?;
        if found.account.program || !found.account.active {
            act.permit_all()?;
            let message = "Nobody signs in to this account: it is one of a program, or disabled.";
            return Err(Error::invalid("account", "state", message));
        }
        let kind = match found.password {
            None => ("invitation", INVITATION_LASTS),
            Some(_) => ("reset", RESET_LASTS),
        };
        self.write_link(act, found.account, kind, random, beside).await
    }

    /// Counts that somebody says to have forgotten the password of a name, whether anybody has it or not.
    ///
    /// # Errors
    /// `Invalid` with code `wait`.
    pub async fn admit_forgotten(&self, name: &str, visitor: &Visitor) -> Result<(), Error> {
        let key = Key::Forgotten(name.trim().to_lowercase());
        let by_address = visitor.address.map(Key::Address);
        self.admit(by_address.into_iter().chain([key]).collect()).await.map(|_| ())
    }

    /// The account whose password may be set anew by a mail to its owner: the one of this sign-in name, else the one of
    /// this person. None where it has no password, for it has other ways in, or none at all yet.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn forgotten_account(&self, name: &str, person: Option<i64>) -> Result<Option<Account>, Error> {
        let fits = |account: &Account| account.active && !account.program && account.has_password;
        if let Some(found) = self.account_named(name).await? {
            return Ok(Some(found).filter(fits));
        }
        let Some(person) = person else { return Ok(None) };
        let all = self.stored_accounts().await?.into_iter().map(|stored| stored.account);
        let all: Vec<Account> = all.filter(|account| account.person == person && fits(account)).collect();
        match <[Account; 1]>::try_from(all) {
            Ok([one]) => Ok(Some(one)),
            Err(_) => Ok(None),
        }
    }

    /// Makes the link of somebody who says that he forgot his password, which [`FORGOTTEN_LASTS`]. It goes to the owner by
    /// mail alone: `beside` are the rows of that mail.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn make_forgotten_link(
        &self,
        account: Account,
        random: &mut (impl Rng + Send),
        beside: impl FnOnce(&Link, &str) -> Vec<Statement> + Send,
    ) -> Result<(), Error> {
        let act = Act::new(&Caller::system("Forgotten password"), Door::Page);
        self.write_link(&act, account, ("reset", FORGOTTEN_LASTS), random, beside).await.map(|_| ())
    }

    async fn write_link(
        &self,
        act: &Act,
        found: Account,
        (purpose, lasts): (&'static str, i64),
        random: &mut (impl Rng + Send),
        beside: impl FnOnce(&Link, &str) -> Vec<Statement> + Send,
    ) -> Result<(Link, String), Error> {
        let (permit, account) = (act.permit_all()?, found.id);
        let secret = secret(random);
        let (now, ends) = (self.now(), self.now() + lasts);
        let old = Statement::delete("one_time_link").when("account", account);
        let row = Statement::insert("one_time_link")
            .set("token_hash", fingerprint(&secret))
            .set("account", account)
            .set("purpose", purpose)
            .set("created_at", now)
            .set("expires_at", ends);
        let ends = proofdesk_model::format::write_instant(ends);
        let is = json!({"purpose": purpose, "expires_at": ends, "mark": mark(&fingerprint(&secret))});
        let told = Told::of("link").also("link", is);
        let link = if purpose == "reset" { Link::Reset } else { Link::Invitation };
        let link = link(found);
        let mut rows = vec![old, row];
        rows.extend(beside(&link, &secret));
        self.seal_account(act, &permit, account, told, rows).await?;
        Ok((link, secret))
    }

    /// All open links of accounts as the log tells of them: account, and what it says. The one for the first account is no
    /// account's, and opens nothing once there is one.
    pub(crate) async fn link_notes(&self) -> Result<Vec<(i64, Json)>, Error> {
        let columns = ["account", "purpose", "expires_at", "token_hash"];
        let question = Select::from("one_time_link", &columns).when_not("purpose", "first").order("account");
        let note = |row: &proofdesk_store::Row| {
            let ends = proofdesk_model::format::write_instant(row.int(2));
            (row.int(0), json!({"purpose": row.text(1), "expires_at": ends, "mark": mark(row.bytes(3))}))
        };
        Ok(self.store().select(question).await?.iter().map(note).collect())
    }

    /// What a link is for.
    ///
    /// # Errors
    /// `NotFound` where it was used, has ended or never was.
    pub async fn link(&self, secret: &str) -> Result<Link, Error> {
        let columns = ["account", "purpose", "expires_at"];
        let question =
            Select::from("one_time_link", &columns).when("token_hash", fingerprint(secret)).limit(1);
        let rows = self.store().select(question).await?;
        let row = rows.first().filter(|row| row.int(2) >= self.now()).ok_or_else(gone)?;
        if row.text(1) == "first" {
            return if self.accounts().await?.is_empty() { Ok(Link::First) } else { Err(gone()) };
        }
        let account = self.account(row.int(0)).await?;
        match row.text(1) {
            _ if !account.active => Err(gone()),
            "invitation" => Ok(Link::Invitation(account)),
            _ => Ok(Link::Reset(account)),
        }
    }

    /// Sets the password of an account by its link, which ends with it, as do all sessions and API tokens of the account:
    /// who lost a password does not know what others did with it.
    ///
    /// # Errors
    /// `NotFound` where the link was used, has ended or never was; `Invalid` when the password is too short.
    pub async fn use_link(&self, secret: &str, password: &str) -> Result<Account, Error> {
        let (Link::Invitation(account) | Link::Reset(account)) = self.link(secret).await? else {
            return Err(gone());
        };
        self.check_password(password, &account.sign_in).await?;
        let old = self.require_account(account.id).await?.password.map(|hash| mark(hash.as_bytes()));
        let hash = hash_password(password.to_owned()).await?;
        let act = Act::new(&account.caller(), Door::Page);
        let permit = act.permit_own(account.person)?;
        let told = Told::of("password_by_link").set("password", old, mark(hash.as_bytes()));
        let mut statements = vec![
            Statement::delete("one_time_link").when("token_hash", fingerprint(secret)).must_hit(),
            Statement::update("account").set("password", hash).when("id", account.id).must_hit(),
            Statement::delete("session").when("account", account.id),
            Self::forget_attempts(&account.sign_in),
        ];
        let told = self.end_tokens(account.id, told, &mut statements).await?;
        match self.seal_account(&act, &permit, account.id, told, statements).await {
            Err(Error::NotFound(_)) => Err(gone()),
            other => other.map(|()| account),
        }
    }

    /// Makes the link by which the first administrator is made; none where there is an account. An earlier one ends.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn make_first_link(&self, random: &mut (impl Rng + Send)) -> Result<Option<String>, Error> {
        if !self.accounts().await?.is_empty() {
            return Ok(None);
        }
        let secret = secret(random);
        let old = Statement::delete("one_time_link").when("purpose", "first");
        let row = Statement::insert("one_time_link")
            .set("token_hash", fingerprint(&secret))
            .set("account", 0_i64)
            .set("purpose", "first")
            .set("created_at", self.now())
            .set("expires_at", self.now() + RESET_LASTS);
        self.store().execute(vec![old, row]).await?;
        Ok(Some(secret))
    }

    /// Says what is wrong with the first account before its person is made.
    ///
    /// # Errors
    /// `NotFound` for another link; `Invalid`.
    pub async fn check_first_account(
        &self,
        secret: &str,
        sign_in: &str,
        password: &str,
    ) -> Result<(), Error> {
        if self.link(secret).await? != Link::First {
            return Err(gone());
        }
        let sign_in = sign_in.trim().to_lowercase();
        check_sign_in(&sign_in)?;
        self.check_password(password, &sign_in).await
    }

    /// Makes the first account by its link, which ends with it.
    ///
    /// # Errors
    /// `NotFound` where the link was used, has ended or never was; as [`Engine::create_account`].
    pub async fn create_first_account(&self, secret: &str, new: NewAccount) -> Result<Account, Error> {
        if self.link(secret).await? != Link::First {
            return Err(gone());
        }
        ends::check(&new.roles, &BTreeMap::new(), proofdesk_model::format::day_of(self.now()))?;
        let act = Act { caller: Caller::system("First start"), door: Door::Page };
        let link = Statement::delete("one_time_link").when("token_hash", fingerprint(secret)).must_hit();
        match self.create_account_with(&act, new, |_, told| (told, vec![link.clone()])).await {
            Err(Error::NotFound(_)) => Err(gone()),
            other => other,
        }
    }
}

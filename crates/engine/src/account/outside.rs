//! Accounts of people who sign in elsewhere: bound by the provider's issuer and the subject there, which neither a name nor an
//! address can change. The word by which the configuration names a provider binds nothing: it may name another one tomorrow.
//!
//! Not here: the flow with the provider (`sso`), the person's record (who makes it hands its number in).
//! Invariant: what a provider changes, an account and its roles, is an entry under the provider's name.

use std::collections::BTreeMap;

use proofdesk_model::format::day_of;
use proofdesk_model::{Caller, Door};
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};

use super::password::mark;
use super::sealed::{Act, Told};
use super::session::{SignedIn, Stage, Visitor};
use super::{ADMINISTRATOR, Account, ends};
use crate::Engine;
use crate::error::Error;

/// Who a provider says that somebody is.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The provider's word.
    pub provider: String,
    /// Its name for people.
    pub label: String,
    /// Its issuer, which its tokens say.
    pub issuer: String,
    /// Who it is there, for good.
    pub subject: String,
    /// Roles by the provider's groups; none where the desk gives them.
    pub roles: Option<Vec<String>>,
    /// What the provider takes back at sign-out.
    pub token: String,
    /// Its own session, where it names one.
    pub sid: Option<String>,
    /// It says that a second factor was used there.
    pub second_factor: bool,
}

/// When a second factor of the desk is asked for after another place vouched for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Where a role needs one: a provider has ways of its own to be sure.
    WhereDemanded,
    /// Wherever the account has one: a directory took a password and nothing more.
    WhereThereIsOne,
}

/// What binds an account to who its owner is at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The provider's issuer.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
}

impl Bound {
    /// What the log tells of it: no subject, which is often an address.
    pub(crate) fn item(&self) -> String {
        let Self { issuer, subject } = self;
        format!("{issuer} {}", mark(format!("{issuer}\n{subject}").as_bytes()))
    }
}

impl Outside {
    /// The provider as it acts here.
    pub fn act(&self) -> Act {
        Act::new(&Caller::system(&format!("Sign-in by {}", self.label)), Door::Page)
    }

    /// What the log tells of the binding.
    pub(super) fn item(&self) -> String {
        Bound { issuer: self.issuer.clone(), subject: self.subject.clone() }.item()
    }

    pub(super) fn row(&self, account: i64) -> Statement {
        Statement::insert("outside_identity")
            .set("issuer", self.issuer.clone())
            .set("subject", self.subject.clone())
            .set("account", account)
    }
}

fn bound(row: &proofdesk_store::Row, from: usize) -> Bound {
    Bound { issuer: row.text(from).to_owned(), subject: row.text(from + 1).to_owned() }
}

impl Engine {
    /// The account that is bound to who somebody is at a provider.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_of_outside(&self, who: &Outside) -> Result<Option<Account>, Error> {
        let question = Select::from("outside_identity", &["account"])
            .when("issuer", who.issuer.clone())
            .when("subject", who.subject.clone());
        let rows = self.store().select(question.limit(1)).await?;
        match rows.first() {
            Some(row) => Ok(Some(self.account(row.int(0)).await?)),
            None => Ok(None),
        }
    }

    /// The account with a sign-in name.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_named(&self, sign_in: &str) -> Result<Option<Account>, Error> {
        let found = self.stored_account("sign_in", sign_in.trim().to_lowercase()).await?;
        Ok(found.map(|found| found.account))
    }

    /// Binds an account that is there already to who its owner is at a provider.
    ///
    /// # Errors
    /// `Invalid` for the account of a program, for one that is closed, and where somebody else bound the same meanwhile.
    pub async fn bind_outside(&self, who: &Outside, account: i64) -> Result<Account, Error> {
        let found = self.account(account).await?;
        let refused = || Error::invalid("account", "state", "This account cannot be bound to a provider.");
        if found.program || !found.active {
            return Err(refused());
        }
        let act = who.act();
        let permit = act.permit_all()?;
        let told = Told::of("identity").item("identity", who.item(), json!({}));
        match self.seal_account(&act, &permit, account, told, vec![who.row(account)]).await {
            Err(Error::Taken) => Err(refused()),
            other => other.map(|()| found),
        }
    }

    /// Ends what binds an account to a provider: its owner comes in by it no more, unless he is bound again. Sessions that
    /// began there end.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn unbind_outside(&self, act: &Act, account: i64, issuer: &str) -> Result<(), Error> {
        let permit = act.permit_all()?;
        let mut told = Told::of("identity_end");
        let of = Statement::delete("session").when("account", account);
        let mut rows = vec![of.when("issuer", issuer.to_owned())];
        for bound in self.outside_identities(account).await?.into_iter().filter(|b| b.issuer == issuer) {
            told = told.item("identity", bound.item(), Json::Null);
            let row = Statement::delete("outside_identity").when("issuer", bound.issuer);
            rows.push(row.when("subject", bound.subject).must_hit());
        }
        if rows.len() == 1 {
            return Ok(());
        }
        self.seal_account(act, &permit, account, told, rows).await
    }

    /// All that an account is bound to, by issuer.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn outside_identities(&self, account: i64) -> Result<Vec<Bound>, Error> {
        let question = Select::from("outside_identity", &["issuer", "subject"]).when("account", account);
        let rows = self.store().select(question.order("issuer")).await?;
        Ok(rows.iter().map(|row| bound(row, 0)).collect())
    }

    /// Account and what is told of each binding.
    pub(crate) async fn outside_items(&self) -> Result<Vec<(i64, String)>, Error> {
        let question = Select::from("outside_identity", &["account", "issuer", "subject"]);
        let rows = self.store().select(question).await?;
        Ok(rows.iter().map(|row| (row.int(0), bound(row, 1).item())).collect())
    }

    /// Ends the sessions that a provider says are over: one of its own sessions, or all of somebody. Gives how many.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn end_outside_sessions(
        &self,
        label: &str,
        issuer: &str,
        (subject, sid): (Option<&str>, Option<&str>),
    ) -> Result<usize, Error> {
        let mut question =
            Select::from("session", &["token_hash", "account"]).when("issuer", issuer.to_owned());
        if let Some(subject) = subject {
            question = question.when("subject", subject.to_owned());
        }
        if let Some(sid) = sid {
            question = question.when("sid", sid.to_owned());
        }
        if subject.is_none() && sid.is_none() {
            return Ok(0);
        }
        let rows = self.store().select(question.limit(1_000)).await?;
        let act = Act::new(&Caller::system(&format!("Sign-out at {label}")), Door::Page);
        let permit = act.permit_all()?;
        let mut ended: BTreeMap<i64, Vec<Statement>> = BTreeMap::new();
        for row in &rows {
            let gone = Statement::delete("session").when("token_hash", row.bytes(0).to_vec());
            ended.entry(row.int(1)).or_default().push(gone);
        }
        for (account, gone) in ended {
            let told = Told::of("session_end").also("sessions", json!(gone.len()));
            self.seal_account(&act, &permit, account, told, gone).await?;
        }
        Ok(rows.len())
    }

    /// Signs somebody in who proved at a provider who he is: `account` is the one that [`Engine::account_of_outside`]
    /// gave. Roles follow the groups before the session begins. A second factor that a role needs is asked for here, unless the
    /// provider says that one was used there.
    ///
    /// # Errors
    /// `Invalid` for an account that is disabled, or that no role is left to.
    pub async fn sign_in_from_outside(
        &self,
        who: &Outside,
        account: i64,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        self.come_in(who, (account, Asks::WhereDemanded), visitor, random).await
    }

    /// Lets somebody in whom another place vouches for.
    pub(super) async fn come_in(
        &self,
        who: &Outside,
        (account, asks): (i64, Asks),
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let account = self.admit_outside(who, account).await?;
        let first = self.stage_from_outside(who, &account, asks).await?;
        let secret = self.begin_outside(who, &account, first, visitor, random).await?;
        // demanded meanwhile: who said so has not seen this session
        let stage = self.stage_from_outside(who, &account, asks).await?;
        if stage != first {
            let row = Statement::update("session").set("stage", stage.word());
            let row = row.when("token_hash", super::password::fingerprint(&secret));
            self.store().execute(vec![row]).await?;
        }
        Ok(SignedIn { secret, account, stage })
    }

    /// The account, once it may come in: with the roles of its groups.
    async fn admit_outside(&self, who: &Outside, account: i64) -> Result<Account, Error> {
        let mut account = self.account(account).await?;
        if !account.active || account.program {
            return Err(Error::invalid("account", "disabled", "Your account here is disabled."));
        }
        if let Some(roles) = &who.roles {
            account = self.follow_groups((who, &who.act()), account, roles).await?;
        }
        let account = account.on(day_of(self.now()));
        if account.roles.is_empty() {
            let message = "None of your groups gives you a role here.";
            return Err(Error::invalid("roles", "none", message));
        }
        Ok(account)
    }

    /// Begins a session that knows where its owner came from.
    async fn begin_outside(
        &self,
        who: &Outside,
        account: &Account,
        stage: Stage,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<String, Error> {
        let secret = self.begin_session(account, stage, &who.provider, visitor, random).await?;
        let row = Statement::update("session")
            .set("token", Some(who.token.clone()).filter(|token| !token.is_empty()))
            .set("issuer", who.issuer.clone())
            .set("subject", who.subject.clone())
            .set("sid", who.sid.clone())
            .when("token_hash", super::password::fingerprint(&secret));
        self.store().execute(vec![row]).await?;
        Ok(secret)
    }

    async fn stage_from_outside(&self, who: &Outside, account: &Account, asks: Asks) -> Result<Stage, Error> {
        if who.second_factor {
            return Ok(Stage::Full);
        }
        let demanded = self.second_factor_roles().await?;
        let needs = account.roles.iter().any(|role| demanded.contains(role));
        let has = (needs || asks == Asks::WhereThereIsOne) && self.has_factor(account).await?;
        Ok(match (has, needs) {
            (true, _) => Stage::Code,
            (false, true) => Stage::Enrol,
            (false, false) => Stage::Full,
        })
    }

    /// Gives an account the roles of its groups, and takes others away. The last administrator stays one.
    pub(super) async fn follow_groups(
        &self,
        (who, act): (&Outside, &Act),
        account: Account,
        roles: &[String],
    ) -> Result<Account, Error> {
        let permit = act.permit_all()?;
        let old = account.written_roles();
        for keeps in [false, true] {
            let mut wanted = roles.to_vec();
            if keeps {
                wanted.push(ADMINISTRATOR.to_owned());
            }
            let new = ends::following(&wanted, &account.ends, day_of(self.now()))?;
            if new == old {
                return Ok(account);
            }
            let told = Told::of("roles").set("roles", old.clone(), new.clone());
            let told = told.also("by_groups_of", json!(who.provider));
            let row = Statement::update("account").set("roles", new.clone()).when("id", account.id);
            let row = row.when("roles", old.clone()).must_hit();
            let takes = !ends::names(&new).iter().any(|role| role == ADMINISTRATOR);
            let beside = self.demanded_now(&account, &ends::names(&new)).await?;
            match self.seal_keeping_one(act, &permit, &account, told, (row, beside), takes).await {
                Err(Error::Invalid(_)) if !keeps => {
                    tracing::warn!(
                        account = account.id,
                        "the last administrator lost the group and stays one"
                    );
                }
                other => {
                    return other.map(|()| Account {
                        roles: ends::names(&new),
                        ends: ends::days(&new),
                        ..account
                    });
                }
            }
        }
        Ok(account)
    }

    /// What follows for open sessions where a role that is given now needs a second factor, and none before did.
    async fn demanded_now(&self, account: &Account, new: &[String]) -> Result<Vec<Statement>, Error> {
        let demanded = self.second_factor_roles().await?;
        let needs = |roles: &[String]| roles.iter().any(|role| demanded.contains(role));
        if needs(&account.roles) || !needs(new) {
            return Ok(Vec::new());
        }
        Ok(Self::demand_factor(account.id, self.has_factor(account).await?))
    }

    /// The token that the provider of a session takes back at sign-out, with the provider's issuer.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn outside_of_session(&self, secret: &str) -> Result<Option<(String, String)>, Error> {
        let question = Select::from("session", &["issuer", "token"]);
        let rows = self
            .store()
            .select(question.when("token_hash", super::password::fingerprint(secret)).limit(1))
            .await?;
        let found =
            |row: &proofdesk_store::Row| Some((row.opt_text(0)?.to_owned(), row.opt_text(1)?.to_owned()));
        Ok(rows.first().and_then(found))
    }
}

//! Accounts of people who sign in elsewhere: bound by provider and subject, which neither name nor address can change.
//!
//! Not here: the flow with the provider (`sso`), the person's record (who makes it hands its number in).
//! Invariant: what a provider changes, an account and its roles, is an entry under the provider's name.

use proofdesk_model::format::day_of;
use proofdesk_model::{Caller, Door, Permit};
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};

use super::password::mark;
use super::sealed::{Act, Told};
use super::session::{SignedIn, Stage, Visitor};
use super::{ADMINISTRATOR, Account, NewAccount, ends};
use crate::Engine;
use crate::error::Error;

/// Who a provider says that somebody is.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The provider's word.
    pub provider: String,
    /// Its name for people.
    pub label: String,
    /// Who it is there, for good.
    pub subject: String,
    /// Roles by the provider's groups; none where the desk gives them.
    pub roles: Option<Vec<String>>,
    /// What the provider takes back at sign-out.
    pub token: String,
}

impl Outside {
    /// The provider as it acts here.
    pub fn act(&self) -> Act {
        Act::new(&Caller::system(&format!("Sign-in by {}", self.label)), Door::Page)
    }

    /// What the log tells of the binding: no subject, which is often an address.
    fn item(&self) -> String {
        item(&self.provider, &self.subject)
    }

    fn row(&self, account: i64) -> Statement {
        Statement::insert("outside_identity")
            .set("provider", self.provider.clone())
            .set("subject", self.subject.clone())
            .set("account", account)
    }
}

fn item(provider: &str, subject: &str) -> String {
    format!("{provider} {}", mark(format!("{provider}\n{subject}").as_bytes()))
}

impl Engine {
    /// The account that is bound to who somebody is at a provider.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn account_of_outside(&self, who: &Outside) -> Result<Option<Account>, Error> {
        let question = Select::from("outside_identity", &["account"])
            .when("provider", who.provider.clone())
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

    /// Makes the account of somebody who came by a provider for the first time, bound to who he is there.
    ///
    /// # Errors
    /// As [`Engine::create_account`].
    pub async fn create_outside_account(&self, who: &Outside, new: NewAccount) -> Result<Account, Error> {
        let new = NewAccount { password: None, program: false, ..new };
        let beside = |id: i64, told: Told| (told.item("identity", who.item(), json!({})), vec![who.row(id)]);
        self.create_account_with(&who.act(), new, beside).await
    }

    /// Binds an account that is there already to who its owner is at a provider.
    ///
    /// # Errors
    /// `Invalid` for the account of a program, and where somebody else bound the same meanwhile.
    pub async fn bind_outside(&self, who: &Outside, account: i64) -> Result<Account, Error> {
        let found = self.account(account).await?;
        let refused = || Error::invalid("account", "state", "This account cannot be bound to a provider.");
        if found.program {
            return Err(refused());
        }
        let act = who.act();
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        let told = Told::of("identity").item("identity", who.item(), json!({}));
        match self.seal_account(&act, &permit, account, told, vec![who.row(account)]).await {
            Err(Error::Taken) => Err(refused()),
            other => other.map(|()| found),
        }
    }

    /// Ends what binds an account to a provider: its owner comes in by it no more, unless he is bound again.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator.
    pub async fn unbind_outside(&self, act: &Act, account: i64, provider: &str) -> Result<(), Error> {
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
        act.reaches_all()?;
        let mut told = Told::of("identity_end");
        let mut rows = vec![Statement::delete("session").when("account", account).when("method", provider)];
        for (known, subject) in self.outside_identities(account).await? {
            if known == provider {
                told = told.item("identity", item(&known, &subject), Json::Null);
                let row = Statement::delete("outside_identity").when("provider", known);
                rows.push(row.when("subject", subject).must_hit());
            }
        }
        if rows.len() == 1 {
            return Ok(());
        }
        self.seal_account(act, &permit, account, told, rows).await
    }

    /// Provider and subject of all that an account is bound to.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn outside_identities(&self, account: i64) -> Result<Vec<(String, String)>, Error> {
        let question = Select::from("outside_identity", &["provider", "subject"]).when("account", account);
        let rows = self.store().select(question.order("provider")).await?;
        Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
    }

    /// Account and what is told of each binding.
    pub(crate) async fn outside_items(&self) -> Result<Vec<(i64, String)>, Error> {
        let rows = self
            .store()
            .select(Select::from("outside_identity", &["account", "provider", "subject"]))
            .await?;
        Ok(rows.iter().map(|row| (row.int(0), item(row.text(1), row.text(2)))).collect())
    }

    /// Signs somebody in who proved at a provider who he is: `account` is the one that [`Engine::account_of_outside`]
    /// gave. Roles follow the groups before the session begins; its second step was the provider's matter.
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
        let mut account = self.account(account).await?;
        if !account.active || account.program {
            return Err(Error::invalid("account", "disabled", "Your account here is disabled."));
        }
        if let Some(roles) = &who.roles {
            account = self.follow_groups(who, account, roles).await?;
        }
        let account = account.on(day_of(self.now()));
        if account.roles.is_empty() {
            let message = "None of your groups gives you a role here.";
            return Err(Error::invalid("roles", "none", message));
        }
        let secret = self.begin_session(&account, Stage::Full, &who.provider, visitor, random).await?;
        if !who.token.is_empty() {
            let row = Statement::update("session").set("token", who.token.clone());
            let hash = super::password::fingerprint(&secret);
            self.store().execute(vec![row.when("token_hash", hash)]).await?;
        }
        Ok(SignedIn { secret, account, stage: Stage::Full })
    }

    /// Gives an account the roles of its groups, and takes others away. The last administrator stays one.
    async fn follow_groups(
        &self,
        who: &Outside,
        account: Account,
        roles: &[String],
    ) -> Result<Account, Error> {
        let act = who.act();
        let permit = Permit::of_account(&act.caller, None).map_err(Error::Forbidden)?;
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
            match self.seal_keeping_one(&act, &permit, &account, told, (row, Vec::new()), takes).await {
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

    /// The token that the provider of a session takes back at sign-out, with the provider's word.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn outside_of_session(&self, secret: &str) -> Result<Option<(String, String)>, Error> {
        let question = Select::from("session", &["method", "token"]);
        let rows = self
            .store()
            .select(question.when("token_hash", super::password::fingerprint(secret)).limit(1))
            .await?;
        let found = |row: &proofdesk_store::Row| Some((row.text(0).to_owned(), row.opt_text(1)?.to_owned()));
        Ok(rows.first().and_then(found))
    }
}

//! Who is gone from a directory, or out of all groups there that give a role, loses what is open here, without waiting for
//! its end: sessions, tokens, secret addresses, one-time links.
//!
//! Not here: how a directory is spoken to (`sso`), when this runs (`jobs`).
//! Invariant: a directory that does not answer ends nothing; what another place or a password of the desk vouches for
//! stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofdesk_model::format::day_of;
use proofdesk_model::{Caller, Door};
use proofdesk_store::{Select, Statement};
use serde_json::json;

use super::Account;
use super::directory::{Directory, Unheard};
use super::sealed::{Act, Told};
use crate::Engine;
use crate::error::Error;

/// What one round of questions to a directory came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// The directory's word.
    pub directory: String,
    /// How many people it was asked about.
    pub asked: usize,
    /// How many of them do not come in any more, and lost what was open.
    pub ended: usize,
    /// Of how many it said too little to judge: theirs stays.
    pub unfit: usize,
    /// It did not answer, or not to the end: who was not asked about keeps all, and is asked about soon.
    pub is_away: bool,
}

/// Name of the setting that keeps when a directory was last asked about everybody.
fn setting(directory: &str) -> String {
    format!("directory_looked/{directory}")
}

impl Engine {
    /// Asks each directory whose interval is over about the people who came by it and have something open: who is gone loses
    /// it, and roles follow groups as at a sign-in. Gives a round for each directory that was asked.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn recheck_directories(&self) -> Result<Vec<Round>, Error> {
        let mut rounds = Vec::new();
        for directory in self.directories() {
            let Some(every) = directory.recheck_every() else { continue };
            let every = i64::try_from(every.as_micros()).unwrap_or(i64::MAX);
            let last = self.looked_again(directory.name()).await?;
            // an instant ahead is no answer of the past: whoever wrote it would put off every round
            if last.is_some_and(|last| (last..last.saturating_add(every)).contains(&self.now())) {
                continue;
            }
            let round = self.round(directory).await?;
            if !round.is_away {
                let row = Statement::upsert("setting").key("name", setting(directory.name()));
                let row = row.set("value", self.now().to_string()).set("updated_at", self.now());
                self.store().execute(vec![row]).await?;
            }
            rounds.push(round);
        }
        Ok(rounds)
    }

    /// When a directory was last asked about everybody, microseconds UTC; none where it never was.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn looked_again(&self, directory: &str) -> Result<Option<i64>, Error> {
        let question = Select::from("setting", &["value"]).when("name", setting(directory)).limit(1);
        let rows = self.store().select(question).await?;
        Ok(rows.first().and_then(|row| row.text(0).parse().ok()))
    }

    async fn round(&self, directory: &Arc<dyn Directory>) -> Result<Round, Error> {
        let name = directory.name().to_owned();
        let mut round = Round { directory: name, asked: 0, ended: 0, unfit: 0, is_away: false };
        // a server that lost what it holds has no people, and must not be believed about them
        if directory.answers().await.is_err() {
            round.is_away = true;
            return Ok(round);
        }
        for (account, subject) in self.with_something_open(directory.issuer()).await? {
            round.asked += 1;
            let said = directory.look_up(&subject, &account.sign_in).await;
            let stays = match said {
                Err(Unheard::Away) => {
                    round.is_away = true;
                    return Ok(round);
                }
                Err(Unheard::Unfit) => {
                    round.unfit += 1;
                    true
                }
                Ok(None) => false,
                Ok(Some(listed)) => match &listed.who.roles {
                    None => true,
                    Some(roles) => {
                        let by = (&listed.who, &act_of(directory));
                        let account = self.follow_groups(by, account.clone(), roles).await?;
                        !account.on(day_of(self.now())).roles.is_empty()
                    }
                },
            };
            if !stays && self.end_what_it_vouched_for(directory, &account).await? {
                round.ended += 1;
            }
        }
        Ok(round)
    }

    /// The accounts of people bound to an issuer that have a session, a token or a secret address, each with who its owner
    /// is there.
    async fn with_something_open(&self, issuer: &str) -> Result<Vec<(Account, String)>, Error> {
        let mut open = BTreeSet::new();
        for table in ["session", "api_token", "calendar_link", "one_time_link"] {
            let rows = self.store().select(Select::from(table, &["account"])).await?;
            open.extend(rows.iter().map(|row| row.int(0)));
        }
        let question = Select::from("outside_identity", &["account", "subject"]);
        let bound = self.store().select(question.when("issuer", issuer.to_owned()).order("account")).await?;
        let mut found = Vec::new();
        for row in bound.iter().filter(|row| open.contains(&row.int(0))) {
            let account = self.account(row.int(0)).await?;
            if account.active && !account.program {
                found.push((account, row.text(1).to_owned()));
            }
        }
        Ok(found)
    }

    /// Ends what is open of somebody whom a directory does not let in any more; gives whether there was something. Of an
    /// account that has another way in, a password of the desk or another place, only sessions that began there end.
    async fn end_what_it_vouched_for(
        &self,
        directory: &Arc<dyn Directory>,
        account: &Account,
    ) -> Result<bool, Error> {
        let act = act_of(directory);
        let permit = act.permit_all()?;
        let mut rows = Vec::new();
        let mut told = Told::of("gone").also("directory", json!(directory.name()));
        let of = Select::from("session", &["token_hash"]).when("account", account.id);
        if self.has_other_way(account, directory.issuer()).await? {
            let theirs = of.when("issuer", directory.issuer().to_owned());
            let sessions = self.store().select(theirs).await?;
            if sessions.is_empty() {
                return Ok(false);
            }
            told = told.also("sessions", json!(sessions.len()));
            let gone = Statement::delete("session").when("account", account.id);
            rows.push(gone.when("issuer", directory.issuer().to_owned()));
        } else {
            told = told.also("sessions", json!(self.store().select(of).await?.len()));
            told = self.end_what_is_open(account.id, told, &mut rows).await?;
        }
        self.seal_account(&act, &permit, account.id, told, rows).await?;
        Ok(true)
    }

    async fn has_other_way(&self, account: &Account, issuer: &str) -> Result<bool, Error> {
        let bound = self.outside_identities(account.id).await?;
        Ok(account.has_password || bound.iter().any(|bound| bound.issuer != issuer))
    }

    /// Refuses whoever is vouched for by directories alone, and by none of them any more. A directory that does not answer
    /// judges nobody: what is open then ends when it does.
    ///
    /// # Errors
    /// `Invalid` with code `gone`.
    pub(super) async fn is_still_listed(&self, account: &Account) -> Result<(), Error> {
        let directories = self.bound_directories(account).await?;
        let bound = self.outside_identities(account.id).await?.len();
        if account.has_password || directories.is_empty() || bound > directories.len() {
            return Ok(());
        }
        for (directory, subject) in directories {
            if !matches!(directory.find_again(&subject, &account.sign_in).await, Ok(None)) {
                return Ok(());
            }
        }
        tracing::warn!(account = account.id, "a sign-in was refused: its owner is gone from the directory");
        let message = "The directory by which you came knows you no more. Ask an administrator.";
        Err(Error::invalid("account", "gone", message))
    }
}

/// The directory as it acts here.
fn act_of(directory: &Arc<dyn Directory>) -> Act {
    Act::new(&Caller::system(&format!("Directory {}", directory.label())), Door::Rule)
}

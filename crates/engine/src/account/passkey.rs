//! Passkeys: kept, listed, ended, and what a proved one opens. Whoever has one has a second factor.
//!
//! Not here: whether an answer of a browser holds (`web::passkeys`); what comes in here was verified there, the person too.
//! The log tells a mark of each public key, so `verify` finds one that was put in its place. Source: WebAuthn level 3.

use std::collections::BTreeSet;

use proofdesk_model::format::write_instant;
use proofdesk_model::{Caller, Door};
use proofdesk_store::{Row, Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};

use super::link::Link;
use super::password::{fingerprint, mark};
use super::sealed::{Act, Told};
use super::second::recovery_codes;
use super::session::{SignedIn, Stage, Visitor};
use super::{Account, password};
use crate::Engine;
use crate::error::Error;

/// Passkeys of one account at most.
const MOST: usize = 20;
/// Longest name of one, in characters.
pub const LABEL_MAX: usize = 100;
const COLUMNS: [&str; 6] = ["id", "account", "label", "credential", "created_at", "used_at"];

/// A passkey of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: i64,
    /// Whose it is.
    pub account: i64,
    /// What its owner calls it.
    pub label: String,
    /// What the verifier needs, as it wrote it.
    pub credential: String,
    /// When it was registered, microseconds UTC.
    pub created_at: i64,
    /// When it was last used, microseconds UTC.
    pub used_at: Option<i64>,
}

/// A passkey on its way in, verified.
#[derive(Debug, Clone)]
pub struct NewPasskey {
    /// What its owner calls it.
    pub label: String,
    /// What the device names it by.
    pub credential_id: Vec<u8>,
    /// What the verifier needs.
    pub credential: String,
}

fn passkey(row: &Row) -> Passkey {
    Passkey {
        id: row.int(0),
        account: row.int(1),
        label: row.text(2).to_owned(),
        credential: row.text(3).to_owned(),
        created_at: row.int(4),
        used_at: row.opt_int(5),
    }
}

/// What changes of a passkey by its use: the device's counter, and whether it has been copied to where its owner has others.
const CHANGING: [&str; 3] = ["counter", "backup_state", "backup_eligible"];

/// What the log tells of one: name, when it was added, and a mark of all that never changes, such as id, public key and whether its device asks
/// who holds it.
fn item(label: &str, credential: &str, created_at: i64) -> Json {
    let steady = match serde_json::from_str::<Json>(credential) {
        Ok(mut kept) => {
            if let Some(Json::Object(inside)) = kept.get_mut("cred") {
                inside.retain(|name, _| !CHANGING.contains(&name.as_str()));
            }
            kept.to_string()
        }
        // what cannot be read is marked as it is, so that it differs from all others
        Err(_) => credential.to_owned(),
    };
    json!({"label": label, "mark": mark(steady.as_bytes()), "created_at": write_instant(created_at)})
}

impl Engine {
    /// The passkeys of an account, oldest first.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn passkeys(&self, account: i64) -> Result<Vec<Passkey>, Error> {
        let question = Select::from("passkey", &COLUMNS).when("account", account).order("id");
        Ok(self.store().select(question).await?.iter().map(passkey).collect())
    }

    /// The passkey that a device names, with its account; none where that may not sign in.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn passkey_named(&self, credential_id: &[u8]) -> Result<Option<(Passkey, Account)>, Error> {
        let question = Select::from("passkey", &COLUMNS).when("credential_id", credential_id.to_vec());
        let rows = self.store().select(question.limit(1).short()).await?;
        let Some(found) = rows.first().map(passkey) else { return Ok(None) };
        let account = self.account(found.account).await?;
        Ok((account.active && !account.program).then_some((found, account)))
    }

    /// The accounts that have a passkey.
    pub(crate) async fn accounts_with_passkeys(&self) -> Result<BTreeSet<i64>, Error> {
        let rows = self.store().select(Select::from("passkey", &["account"])).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect())
    }

    /// Whether something is asked for after the password of an account: a code or a passkey.
    pub(crate) async fn has_factor(&self, account: &Account) -> Result<bool, Error> {
        if account.second_factor {
            return Ok(true);
        }
        let question = Select::from("passkey", &["id"]).when("account", account.id).limit(1).short();
        Ok(!self.store().select(question).await?.is_empty())
    }

    fn new_row(account: i64, id: i64, new: &NewPasskey, now: i64) -> Statement {
        Statement::insert("passkey")
            .set("id", id)
            .set("account", account)
            .set("label", new.label.trim().to_owned())
            .set("credential_id", new.credential_id.clone())
            .set("credential", new.credential.clone())
            .set("created_at", now)
    }

    async fn check_new(&self, account: i64, new: &NewPasskey) -> Result<(), Error> {
        let label = new.label.trim();
        if label.is_empty() || label.chars().count() > LABEL_MAX || label.chars().any(char::is_control) {
            let message = format!("Name the passkey, in at most {LABEL_MAX} characters.");
            return Err(Error::invalid("label", "required", message));
        }
        if self.passkeys(account).await?.len() >= MOST {
            let message = format!("An account has at most {MOST} passkeys; end one first.");
            return Err(Error::invalid("label", "range", message));
        }
        let known = Select::from("passkey", &["id"]).when("credential_id", new.credential_id.clone());
        if !self.store().select(known.limit(1)).await?.is_empty() {
            return Err(Error::invalid("label", "taken", "This passkey is registered already."));
        }
        Ok(())
    }

    /// Adds a passkey to an account. Gives recovery codes, once, where the account has a password and none were there: from
    /// now on the password alone does not open it.
    ///
    /// # Errors
    /// `Invalid` for its name, for one that is registered already, and for too many; `Forbidden` for another's account.
    pub async fn add_passkey(
        &self,
        act: &Act,
        account: i64,
        new: &NewPasskey,
        random: &mut (impl Rng + Send),
    ) -> Result<Vec<String>, Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_own(owner.person)?;
        self.check_new(account, new).await?;
        let wants_codes =
            self.proves_by_password(&owner).await? && self.recovery_codes_left(account).await? == 0;
        let codes = if wants_codes { recovery_codes(random) } else { Vec::new() };
        let mut beside = Vec::new();
        let mut told = Told::of("passkey");
        if wants_codes {
            told = self.renew_codes(account, &codes, told, &mut beside).await?;
        }
        let now = self.now();
        let is = item(new.label.trim(), &new.credential, now);
        let write = async |id: i64| {
            let mut rows = vec![Self::new_row(account, id, new, now)];
            rows.extend(beside.iter().cloned());
            self.seal_account(act, &permit, account, told.clone().item("passkey", id, is.clone()), rows).await
        };
        self.numbered("passkey", write).await?;
        Ok(codes)
    }

    /// Ends a passkey of an account.
    ///
    /// # Errors
    /// `NotFound` where the account has no such passkey; `Invalid` for the last way in, and for the last second factor
    /// where a role needs one.
    pub async fn end_passkey(&self, act: &Act, account: i64, id: i64) -> Result<(), Error> {
        let owner = self.account(account).await?;
        let permit = act.permit_own(owner.person)?;
        let all = self.passkeys(account).await?;
        if !all.iter().any(|key| key.id == id) {
            return Err(Error::NotFound("passkey of this account with this id".to_owned()));
        }
        if all.len() == 1 {
            let outside = !self.outside_identities(account).await?.is_empty();
            if !owner.has_password && !outside {
                let message = "This passkey is the only way in. Register another one first.";
                return Err(Error::invalid("passkey", "last", message));
            }
            let demanded = self.second_factor_roles().await?;
            let needs = self.proves_by_password(&owner).await?
                && owner.roles.iter().any(|role| demanded.contains(role));
            if needs && !owner.second_factor {
                let message = "One of your roles needs a second factor, and this passkey is the only one.";
                return Err(Error::invalid("passkey", "demanded", message));
            }
        }
        let row = Statement::delete("passkey").when("id", id).when("account", account).must_hit();
        let told = Told::of("passkey_end").item("passkey", id, Json::Null);
        self.seal_account(act, &permit, account, told, vec![row]).await
    }

    /// Keeps what changed about a passkey by its use: the device's counter. Of two answers at once that were held against the
    /// same counter one is refused: a copy may have given it.
    async fn used(&self, key: &Passkey, credential: Option<String>) -> Result<(), Error> {
        let row = Statement::update("passkey").set("used_at", self.now());
        let mut row = row.when("id", key.id).when("credential", key.credential.clone()).must_hit();
        if let Some(credential) = credential {
            row = row.set("credential", credential);
        }
        match self.store().execute(vec![row]).await {
            Err(proofdesk_store::Error::NotFound(_)) => {
                let message = "This passkey was used or removed at the same moment. Try again.";
                Err(Error::invalid("passkey", "stale", message))
            }
            other => Ok(other?),
        }
    }

    /// Seals that the counter of a passkey's device went back, as it does when there is a copy: nobody was signed in.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn passkey_went_back(&self, key: &Passkey) -> Result<(), Error> {
        let act = Act::new(&Caller::system("Sign-in by passkey"), Door::Page);
        let permit = act.permit_all()?;
        let told = Told::of("passkey_went_back").also("passkey", json!(key.id));
        self.seal_account(&act, &permit, key.account, told, Vec::new()).await
    }

    /// Signs the owner of a proved passkey in, all the way: the device asked for a finger, a face or a code of its own.
    ///
    /// # Errors
    /// `Invalid` where it was used at the same moment, and where the directory that its owner came by knows him no more; a
    /// fault of the database.
    pub async fn sign_in_by_passkey(
        &self,
        (key, account): (&Passkey, Account),
        credential: Option<String>,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        self.is_still_listed(&account).await?;
        self.used(key, credential).await?;
        let secret = self.begin_session(&account, Stage::Full, "passkey", visitor, random).await?;
        Ok(SignedIn { secret, account, stage: Stage::Full })
    }

    /// The second step of a sign-in by a proved passkey in place of a code.
    ///
    /// # Errors
    /// `NotFound` where no sign-in of this account waits for it.
    pub async fn second_step_by_passkey(
        &self,
        session: &str,
        key: &Passkey,
        credential: Option<String>,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let found = self.session_in(session).await?;
        let found = found.filter(|s| s.stage == Stage::Code && s.account.id == key.account);
        let gone = || Error::NotFound("sign-in that waits for this; begin again".to_owned());
        let found = found.ok_or_else(gone)?;
        self.used(key, credential).await?;
        self.go_on(session, (&found, Stage::Full), visitor, random).await
    }

    /// Takes an invitation with a passkey in place of a password: the link ends, and its owner is signed in.
    ///
    /// # Errors
    /// `NotFound` where the link was used, has ended or never was, or is none of an invitation.
    pub async fn use_link_with_passkey(
        &self,
        link: &str,
        new: &NewPasskey,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let Link::Invitation(account) = self.link(link).await? else { return Err(super::link::gone()) };
        self.check_new(account.id, new).await?;
        let act = Act::new(&account.caller(), Door::Page);
        let permit = act.permit_own(account.person)?;
        let now = self.now();
        let is = item(new.label.trim(), &new.credential, now);
        let used = Statement::delete("one_time_link").when("token_hash", fingerprint(link)).must_hit();
        let write = async |id: i64| {
            let rows = vec![used.clone(), Self::new_row(account.id, id, new, now)];
            let told = Told::of("passkey_by_link").item("passkey", id, is.clone());
            self.seal_account(&act, &permit, account.id, told, rows).await
        };
        match self.numbered("passkey", write).await {
            Err(Error::NotFound(_)) => return Err(super::link::gone()),
            other => other?,
        };
        let secret = self.begin_session(&account, Stage::Full, "passkey", visitor, random).await?;
        Ok(SignedIn { secret, account, stage: Stage::Full })
    }

    /// Ends all passkeys of an account with another act on it.
    pub(super) async fn end_passkeys(
        &self,
        account: i64,
        mut told: Told,
        statements: &mut Vec<Statement>,
    ) -> Result<Told, Error> {
        for key in self.passkeys(account).await? {
            told = told.item("passkey", key.id, Json::Null);
            statements.push(Statement::delete("passkey").when("id", key.id));
        }
        Ok(told)
    }

    /// All passkeys as the log tells of them: account, id and what it says.
    pub(crate) async fn passkey_items(&self) -> Result<Vec<(i64, i64, Json)>, Error> {
        let rows = self.store().select(Select::from("passkey", &COLUMNS).order("id")).await?;
        let told = |key: Passkey| (key.account, key.id, item(&key.label, &key.credential, key.created_at));
        Ok(rows.iter().map(passkey).map(told).collect())
    }

    /// What a device keeps to know an account by: nothing of its owner.
    pub fn passkey_handle(&self, account: i64) -> [u8; 16] {
        let text = format!("proofdesk passkey\n{}\n{account}", self.origin());
        let hash = password::fingerprint(&text);
        let mut handle = [0_u8; 16];
        handle.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        handle
    }
}

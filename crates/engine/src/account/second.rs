//! The second factor: time-based codes, recovery codes, and the roles that need one.
//!
//! A code is taken once: its time step is kept, and no step up to it is taken again. Recovery codes are shown once,
//! kept as hashes and used once. The secret of the codes has to be readable by the desk: it is in the database, not in
//! the log. Source: RFC 6238 (30 seconds, six digits, SHA-1, as all programs for it take them), RFC 4226.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use proofdesk_model::Permit;
use proofdesk_store::{Select, Statement};
use rand::Rng;
use serde_json::{Value as Json, json};
use sha1::Sha1;
use subtle::ConstantTimeEq;

use super::password::{fingerprint, mark};
use super::sealed::{Act, Told};
use super::session::{SignedIn, Stage, Visitor};
use super::throttle::Key;
use super::{Account, Stored};
use crate::Engine;
use crate::error::Error;

/// Seconds that a code lasts.
pub const STEP: i64 = 30;
/// Recovery codes made at a time.
pub const RECOVERY_CODES: usize = 10;
/// Longest reason, in characters.
const REASON_MAX: usize = 500;
/// Ways to sign in that a demanded second factor comes after.
const BY_PASSWORD: [&str; 2] = ["password", "link"];
/// Name of the setting.
const SETTING: &str = "second_factor_roles";
/// Letters of base32, RFC 4648.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A second factor that is being set up.
#[derive(Debug, Clone)]
pub struct NewFactor {
    /// The secret, to be typed where no picture can be read.
    pub secret: String,
    /// The address that the picture shows.
    pub address: String,
}

/// 160 bits in base32: 32 letters, no padding.
fn new_secret(random: &mut impl Rng) -> String {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    bytes.iter().map(|b| char::from(BASE32[usize::from(b & 31)])).collect()
}

fn key_of(secret: &str) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(secret.len() * 5 / 8);
    let (mut held, mut bits) = (0_u32, 0);
    for letter in secret.bytes() {
        let value = BASE32.iter().position(|l| *l == letter)?;
        held = (held << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            key.push(u8::try_from((held >> bits) & 0xff).ok()?);
        }
    }
    Some(key)
}

/// The code of a time step.
pub fn code_at(secret: &str, step: i64) -> Option<String> {
    let mut hash = Hmac::<Sha1>::new_from_slice(&key_of(secret)?).ok()?;
    hash.update(&step.to_be_bytes());
    let hash = hash.finalize().into_bytes();
    let at = usize::from(hash.last()? & 15);
    let four: [u8; 4] = hash.get(at..at + 4)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

/// The time step at which a code is right: the present one, or one beside it, but none up to `last`.
fn step_of(secret: &str, code: &str, now: i64, last: i64) -> Option<i64> {
    let present = now.div_euclid(STEP * 1_000_000);
    let mut found = None;
    for step in [present, present - 1, present + 1] {
        let right = code_at(secret, step).is_some_and(|c| c.as_bytes().ct_eq(code.as_bytes()).into());
        if right && step > last {
            found = found.or(Some(step));
        }
    }
    found
}

/// A code as it was typed, without blanks and dashes.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>().to_uppercase()
}

fn wrong_code() -> Error {
    Error::invalid("code", "sign_in", "The code is not right, or it was used already.")
}

fn escape(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

impl Engine {
    /// Begins to set a second factor up in a session. Nothing changes until [`Engine::confirm_factor`].
    ///
    /// # Errors
    /// `NotFound` without the session; `Invalid` where the account has one.
    pub async fn begin_factor(
        &self,
        session: &str,
        issuer: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<NewFactor, Error> {
        let found = self.session_in(session).await?;
        let found = found.filter(|s| s.stage != Stage::Code).ok_or_else(no_session)?;
        if self.require_account(found.account.id).await?.second_factor.is_some() {
            return Err(Error::invalid("code", "state", "This account has a second factor already."));
        }
        let secret = match found.pending {
            Some(secret) => secret,
            None => {
                let secret = new_secret(random);
                let row = Statement::update("session").set("pending", secret.clone());
                self.store().execute(vec![row.when("token_hash", fingerprint(session))]).await?;
                secret
            }
        };
        let (issuer, name) = (escape(issuer), escape(&found.account.sign_in));
        let address = format!(
            "otpauth://totp/{issuer}:{name}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}"
        );
        Ok(NewFactor { secret, address })
    }

    /// Proves by a first code that the secret was taken over, and gives the recovery codes, once. A session that
    /// waited for this is complete then, under another secret.
    ///
    /// # Errors
    /// `Invalid` for a wrong code; `NotFound` where nothing was begun.
    pub async fn confirm_factor(
        &self,
        act_door: proofdesk_model::Door,
        session: &str,
        code: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<(Vec<String>, Option<SignedIn>), Error> {
        let found = self.session_in(session).await?.ok_or_else(no_session)?;
        let secret = found.pending.clone().ok_or_else(no_session)?;
        let account = found.account.clone();
        let attempt = self.admit(vec![Key::Code(account.id)]).await?;
        let step = step_of(&secret, &plain(code), self.now(), 0).ok_or_else(wrong_code)?;
        self.forgive(attempt).await?;
        let act = Act::new(&account.caller(), act_door);
        let permit = act.permit_own(account.person)?;
        let codes = recovery_codes(random);
        let told = Told::of("second_factor").set("second_factor", Json::Null, mark(secret.as_bytes()));
        let row = Statement::update("account")
            .set("second_factor", secret)
            .set("second_factor_step", step)
            .when("id", account.id)
            .when_null("second_factor")
            .must_hit();
        let done = Statement::update("session").set("pending", None::<String>);
        let mut statements = vec![row, done.when("token_hash", fingerprint(session))];
        let told = self.renew_codes(account.id, &codes, told, &mut statements).await?;
        self.seal_account(&act, &permit, account.id, told, statements).await?;
        if found.stage == Stage::Full {
            return Ok((codes, None));
        }
        Ok((codes, Some(self.go_on(session, (&found, Stage::Full), visitor, random).await?)))
    }

    /// The second step of a sign-in: a code, or a recovery code. The session goes on under another secret.
    ///
    /// # Errors
    /// `NotFound` where no sign-in waits for it; `Invalid` with code `sign_in` or `wait`.
    pub async fn second_step(
        &self,
        session: &str,
        code: &str,
        visitor: &Visitor,
        random: &mut (impl Rng + Send),
    ) -> Result<SignedIn, Error> {
        let found = self.session_in(session).await?;
        let found = found.filter(|s| s.stage == Stage::Code).ok_or_else(no_session)?;
        let attempt = self.admit(vec![Key::Code(found.account.id)]).await?;
        let stored = self.require_account(found.account.id).await?;
        let code = plain(code);
        let taken = if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
            self.take_code(&stored, &code).await?
        } else {
            self.take_recovery_code(&stored.account, &code).await?
        };
        if !taken {
            tracing::warn!(account = stored.account.reference(), "the second step of a sign-in was refused");
            return Err(wrong_code());
        }
        self.forgive(attempt).await?;
        self.go_on(session, (&found, Stage::Full), visitor, random).await
    }

    /// Takes a code whose step is newer than any that was taken; of two at once only one is.
    async fn take_code(&self, stored: &Stored, code: &str) -> Result<bool, Error> {
        let Some(secret) = &stored.second_factor else { return Ok(false) };
        let Some(step) = step_of(secret, code, self.now(), stored.second_factor_step) else {
            return Ok(false);
        };
        let row = Statement::update("account").set("second_factor_step", step);
        let row = row.when("id", stored.account.id).when_below("second_factor_step", step).must_hit();
        match self.store().execute(vec![row]).await {
            Err(proofdesk_store::Error::NotFound(_)) => Ok(false),
            other => Ok(other.map(|()| true)?),
        }
    }

    async fn take_recovery_code(&self, account: &Account, code: &str) -> Result<bool, Error> {
        let hash = fingerprint(code);
        let act = Act::new(&account.caller(), proofdesk_model::Door::Page);
        let permit = act.permit_own(account.person)?;
        let told = Told::of("recovery_code").item("recovery_code", mark(&hash), Json::Null);
        let row = Statement::delete("recovery_code").when("account", account.id).when("code_hash", hash);
        match self.seal_account(&act, &permit, account.id, told, vec![row.must_hit()]).await {
            Err(Error::NotFound(_)) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Makes new recovery codes; the old ones end. For who knows the password.
    ///
    /// # Errors
    /// `Invalid` for a wrong password, or without a second factor.
    pub async fn new_recovery_codes(
        &self,
        act: &Act,
        account: i64,
        password: &str,
        random: &mut (impl Rng + Send),
    ) -> Result<Vec<String>, Error> {
        let found = self.prove_again(account, password).await?;
        if found.second_factor.is_none() {
            return Err(Error::invalid("present", "state", "This account has no second factor."));
        }
        let permit = act.permit_own(found.account.person)?;
        let codes = recovery_codes(random);
        let mut statements = Vec::new();
        let told = self.renew_codes(account, &codes, Told::of("recovery_codes"), &mut statements).await?;
        self.seal_account(act, &permit, account, told, statements).await?;
        Ok(codes)
    }

    /// Asks an account's password once more, before something that matters.
    pub(crate) async fn prove_again(&self, account: i64, password: &str) -> Result<Stored, Error> {
        self.prove_by(account, password, Key::Code(account), "present").await
    }

    /// As [`Engine::prove_again`], with the key that attempts are counted by and the field that is wrong.
    pub(crate) async fn prove_by(
        &self,
        account: i64,
        password: &str,
        key: Key,
        field: &'static str,
    ) -> Result<Stored, Error> {
        let found = self.require_account(account).await?;
        let attempt = self.admit(vec![key]).await?;
        let right = match self.is_password_of(&found, password, field).await {
            Err(error) => {
                self.uncount(attempt).await?;
                return Err(error);
            }
            right => right?,
        };
        if !right {
            tracing::warn!(
                account = found.account.reference(),
                "a password that was asked for again was wrong"
            );
            return Err(Error::invalid(field, "sign_in", "The present password is not right."));
        }
        self.forgive(attempt).await?;
        Ok(found)
    }

    /// Takes the own second factor away, for who knows the password and has no role that needs one.
    ///
    /// # Errors
    /// `Invalid` for a wrong password, or where a role needs a second factor.
    pub async fn remove_factor(&self, act: &Act, account: i64, password: &str) -> Result<(), Error> {
        let found = self.prove_again(account, password).await?;
        let demanded = self.second_factor_roles().await?;
        if let Some(role) = found.account.roles.iter().find(|r| demanded.contains(*r)) {
            let message = format!("The role {} needs a second factor.", role.replace('_', " "));
            return Err(Error::invalid("present", "demanded", message));
        }
        let permit = act.permit_own(found.account.person)?;
        self.drop_factor(act, &permit, &found, None).await
    }

    /// Takes the second factor of another away, codes and passkeys: he lost it. His sessions end. The log tells the
    /// reason.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` without a reason.
    pub async fn reset_factor(&self, act: &Act, account: i64, reason: &str) -> Result<(), Error> {
        let permit = act.permit_all()?;
        let found = self.require_account(account).await?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_MAX {
            let message =
                format!("Say why the second factor is taken away, in at most {REASON_MAX} characters.");
            return Err(Error::invalid("reason", "required", message));
        }
        self.drop_factor(act, &permit, &found, Some(reason)).await
    }

    async fn drop_factor(
        &self,
        act: &Act,
        permit: &Permit,
        found: &Stored,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        if !self.has_factor(&found.account).await? {
            return Ok(());
        }
        let id = found.account.id;
        let mut statements = Vec::new();
        let mut told = Told::of("second_factor_end");
        if let Some(secret) = &found.second_factor {
            statements.push(Statement::update("account").set("second_factor", None::<String>).when("id", id));
            told = told.set("second_factor", mark(secret.as_bytes()), Json::Null);
        }
        if let Some(reason) = reason {
            statements.push(Statement::delete("session").when("account", id));
            told = self.end_passkeys(id, told.also("reason", json!(reason)), &mut statements).await?;
        } else if !self.passkeys(id).await?.is_empty() {
            // a passkey is asked for still, and the codes help who loses it
            return self.seal_account(act, permit, id, told, statements).await;
        }
        let told = self.renew_codes(id, &[], told, &mut statements).await?;
        self.seal_account(act, permit, id, told, statements).await
    }

    /// Puts new recovery codes in the place of the old ones.
    pub(super) async fn renew_codes(
        &self,
        account: i64,
        codes: &[String],
        mut told: Told,
        statements: &mut Vec<Statement>,
    ) -> Result<Told, Error> {
        for (_, old) in self.recovery_marks(Some(account)).await? {
            told = told.item("recovery_code", old, Json::Null);
        }
        statements.push(Statement::delete("recovery_code").when("account", account));
        for code in codes {
            let hash = fingerprint(&plain(code));
            told = told.item("recovery_code", mark(&hash), json!({}));
            statements
                .push(Statement::insert("recovery_code").set("account", account).set("code_hash", hash));
        }
        Ok(told)
    }

    /// How many recovery codes are left.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn recovery_codes_left(&self, account: i64) -> Result<usize, Error> {
        Ok(self.recovery_marks(Some(account)).await?.len())
    }

    /// Account and mark of recovery codes.
    pub(crate) async fn recovery_marks(&self, account: Option<i64>) -> Result<Vec<(i64, String)>, Error> {
        let mut question = Select::from("recovery_code", &["account", "code_hash"]);
        if let Some(account) = account {
            question = question.when("account", account);
        }
        let rows = self.store().select(question).await?;
        Ok(rows.iter().map(|row| (row.int(0), mark(row.bytes(1)))).collect())
    }

    /// The roles whose holders need a second factor to sign in with a password, and by a provider that does not say that one
    /// was used there.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn second_factor_roles(&self) -> Result<BTreeSet<String>, Error> {
        let question = Select::from("setting", &["value"]).when("name", SETTING).limit(1).short();
        let rows = self.store().select(question).await?;
        Ok(rows.first().map(|row| super::words(row.text(0)).into_iter().collect()).unwrap_or_default())
    }

    /// Says which roles need a second factor. Who has none sets one up at the next sign-in, or at the next page where a
    /// session is under way.
    ///
    /// # Errors
    /// `Forbidden` for who is no administrator; `Invalid` for an unknown role.
    pub async fn set_second_factor_roles(&self, act: &Act, roles: &[String]) -> Result<(), Error> {
        let permit = act.permit_all()?;
        let new = super::check_roles(roles)?;
        let row = Statement::upsert("setting").key("name", SETTING).set("value", new.clone());
        let told = Told::of("second_factor_roles").item("setting", SETTING, json!(new));
        let mut statements = vec![row.set("updated_at", self.now())];
        let before = self.second_factor_roles().await?;
        let demanded = super::words(&new);
        let with_passkeys = self.accounts_with_passkeys().await?;
        for account in self.accounts().await? {
            let has_one = account.second_factor || with_passkeys.contains(&account.id);
            let needs = account.roles.iter().any(|role| demanded.contains(role));
            let is_new = account.roles.iter().any(|role| demanded.contains(role) && !before.contains(role));
            if is_new {
                statements.extend(Self::demand_factor(account.id, has_one));
            } else if needs && !has_one {
                statements.extend(Self::ask_for_factor(account.id));
            }
        }
        self.seal_account(act, &permit, 0, told, statements).await
    }

    /// What follows for the open sessions of an account that needs a second factor from now on: those that began by a
    /// provider end, since what was proved there is not kept; and where there is no factor yet, the others go back to the
    /// step at which one is set up.
    pub(super) fn demand_factor(account: i64, has_one: bool) -> Vec<Statement> {
        let of = Statement::delete("session").when("account", account).when("stage", "full");
        let mut statements = vec![of.when_above("issuer", "")];
        if !has_one {
            statements.extend(Self::ask_for_factor(account));
        }
        statements
    }

    /// Takes the open sessions of an account back to the step at which a second factor is set up.
    pub(super) fn ask_for_factor(account: i64) -> Vec<Statement> {
        let row = Statement::update("session").set("stage", "enrol").when("account", account);
        let of = |way: &str| row.clone().when("stage", "full").when("method", way);
        BY_PASSWORD.into_iter().map(of).collect()
    }

    /// The setting as the log tells of it; none where it was never made.
    pub(crate) async fn second_factor_setting(&self) -> Result<Option<(String, Json)>, Error> {
        let rows = self.store().select(Select::from("setting", &["value"]).when("name", SETTING)).await?;
        Ok(rows.first().map(|row| (SETTING.to_owned(), json!(row.text(0)))))
    }
}

fn no_session() -> Error {
    Error::NotFound("sign-in that waits for this; begin again".to_owned())
}

/// 24 letters each, 120 bits, in groups of four: so much that a plain hash may be kept of it.
pub(super) fn recovery_codes(random: &mut impl Rng) -> Vec<String> {
    let code = |random: &mut _| {
        let letters = new_secret(random);
        let groups: Vec<&str> = (0..6).filter_map(|group| letters.get(group * 4..group * 4 + 4)).collect();
        groups.join("-")
    };
    (0..RECOVERY_CODES).map(|_| code(random)).collect()
}

#[cfg(test)]
mod tests {
    use super::{code_at, plain, step_of};

    /// RFC 6238, appendix B, SHA-1, the last six digits; the secret is `12345678901234567890`.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(secret, seconds / 30).as_deref(), Some(code));
        }
    }

    #[test]
    fn a_code_is_taken_within_a_step_and_never_again() {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let now = 1_234_567_890_000_000;
        let step = 1_234_567_890 / 30;
        assert_eq!(step_of(secret, "005924", now, 0), Some(step));
        assert_eq!(step_of(secret, "005924", now + 30_000_000, 0), Some(step), "typed a little late");
        assert_eq!(step_of(secret, "005924", now + 60_000_000, 0), None);
        assert_eq!(step_of(secret, "005924", now, step), None, "used already");
        assert_eq!(step_of(secret, "005925", now, 0), None);
        assert_eq!(plain(" 005 924 "), "005924");
    }
}

//! Throttling of sign-in by name and by address: each attempt is counted before it is judged, so that attempts at the
//! same time count too, and taken back when it was right. A name that nobody has is counted like any other.
//!
//! Anybody can make a name wait by wrong passwords. So whoever signed in from a network lately has a count of his own there,
//! beside that of everybody else: others far away do not lock him out.
//! Source: OWASP Authentication Cheat Sheet; OWASP's device cookies, by network in place of a cookie. Invariant: neither
//! answer nor wait tells whether a name exists, but to who shares the network from which it signed in.

use std::net::IpAddr;

use proofdesk_store::{Select, Statement};
use sha2::{Digest, Sha256};

use super::session::Visitor;
use crate::Engine;
use crate::error::Error;

/// The longest wait after failed attempts, microseconds.
const LONGEST_WAIT: i64 = 15 * 60_000_000;
/// The first wait, microseconds; it doubles with each further failure.
const FIRST_WAIT: i64 = 15_000_000;
/// Failures are forgotten this long after the last one, microseconds.
const FORGET: i64 = 3_600_000_000;
/// So long a network is known as one from which a name signed in, microseconds.
const KNOWN: i64 = 30 * 24 * FORGET;
/// Begins the words of known networks. It sorts behind all others, which are forgotten sooner.
const KNOWN_WORD: &str = "~known:";

/// What attempts are counted by.
#[derive(Debug, Clone)]
pub(crate) enum Key {
    /// The name that was typed, whether somebody has it or not.
    Name(String),
    /// In place of the name: the name and the network, where it signed in from there lately.
    Known(String, String),
    /// Where the attempt came from.
    Address(IpAddr),
    /// The second step of an account, and its password asked for again on a page.
    Code(i64),
    /// The password of an account asked for again by a program.
    Proof(i64),
    /// Where a sign-in by a passkey or a provider was begun.
    Begun(IpAddr),
    /// Who somebody is in a directory: its issuer and the subject there.
    Listed(String, String),
    /// The name whose password was said to be forgotten, whether somebody has it or not.
    Forgotten(String),
}

impl Key {
    /// The stored word. Names are hashed: people type passwords into the wrong field.
    pub(super) fn word(&self) -> String {
        let hashed = |name: &str| hex::encode(&Sha256::digest(name.as_bytes())[..16]);
        match self {
            Self::Name(name) => format!("name:{}", hashed(name)),
            Self::Known(name, net) => format!("{KNOWN_WORD}{}", hashed(&format!("{name}\n{net}"))),
            Self::Forgotten(name) => format!("forgotten:{}", hashed(name)),
            Self::Listed(issuer, subject) => format!("listed:{}", hashed(&format!("{issuer}\n{subject}"))),
            Self::Begun(address) => format!("begun:{}", net_of(*address)),
            Self::Address(address) => format!("address:{}", net_of(*address)),
            Self::Code(account) => format!("code:{account}"),
            Self::Proof(account) => format!("proof:{account}"),
        }
    }

    /// Failures until there is a wait. Many people share an address.
    fn free(&self) -> i64 {
        match self {
            Self::Name(_) | Self::Known(..) | Self::Listed(..) | Self::Code(_) | Self::Proof(_) => 5,
            Self::Address(_) => 30,
            Self::Begun(_) => 60,
            Self::Forgotten(_) => 3,
        }
    }
}

/// The name and the network of an attempt to sign in, as [`Key::Known`].
fn known<'k>(keys: impl IntoIterator<Item = &'k Key>) -> Option<Key> {
    let (mut name, mut net) = (None, None);
    for key in keys {
        match key {
            Key::Name(typed) => name = Some(typed.clone()),
            Key::Address(address) => net = Some(net_of(*address)),
            _ => {}
        }
    }
    Some(Key::Known(name?, net?))
}

/// Who has one address of version 6 has the whole network of 64 bits.
pub(super) fn net_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

/// An attempt that was counted; [`Engine::forgive`] takes it back.
pub struct Attempt(Vec<(Key, i64)>);

fn wait_after(failures: i64, free: i64) -> i64 {
    if failures < free { 0 } else { (FIRST_WAIT << (failures - free).clamp(0, 12)).min(LONGEST_WAIT) }
}

impl Engine {
    /// Counts an attempt, or refuses it where one of the keys has to wait.
    ///
    /// # Errors
    /// `Invalid` with code `wait`.
    pub(crate) async fn admit(&self, mut keys: Vec<Key>) -> Result<Attempt, Error> {
        if keys.is_empty() {
            return Ok(Attempt(Vec::new()));
        }
        // one at a time: two attempts at once must not count as one
        let _turn = self.attempts().lock().await;
        let now = self.now();
        let known = known(&keys);
        let words: Vec<String> = keys.iter().chain(&known).map(Key::word).collect();
        let columns = ["key", "failures", "wait_until", "at"];
        let rows =
            self.store().select(Select::from("sign_in_attempt", &columns).when_in("key", words)).await?;
        let row_of = |key: &Key| {
            let word = key.word();
            rows.iter().find(|row| row.text(0) == word)
        };
        if let Some(known) = known.filter(|known| row_of(known).is_some_and(|row| row.int(3) + KNOWN > now)) {
            keys.retain(|key| !matches!(key, Key::Name(_)));
            keys.push(known);
        }
        let until = keys.iter().filter_map(row_of).map(|row| row.int(2)).max().unwrap_or(0);
        if until > now {
            tracing::warn!("an attempt to sign in has to wait");
            let minutes = (until - now) / 60_000_000 + 1;
            let message = format!("Too many attempts. Try again in {minutes} min.");
            return Err(Error::invalid("password", "wait", message));
        }
        let old = |age: i64| Statement::delete("sign_in_attempt").when_below("at", now - age);
        let mut statements = vec![old(24 * FORGET).when_below("key", KNOWN_WORD), old(KNOWN)];
        let mut counted = Vec::new();
        for key in keys {
            let word = key.word();
            let before = row_of(&key).filter(|row| row.int(3) + FORGET > now).map_or(0, |row| row.int(1));
            let failures = before + 1;
            let wait = wait_after(failures, key.free());
            let row = Statement::upsert("sign_in_attempt").key("key", word).set("failures", failures);
            let until = if wait == 0 { 0 } else { now + wait };
            statements.push(row.set("wait_until", until).set("at", now));
            counted.push((key, before));
        }
        self.store().execute(statements).await?;
        Ok(Attempt(counted))
    }

    /// Takes an attempt back that was right: the name and the code begin anew, the address is where it was, so that
    /// nobody clears an address by signing in to an account of his own. The network is known from now on as one from which
    /// the name signs in.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn forgive(&self, attempt: Attempt) -> Result<(), Error> {
        let now = self.now();
        let remember = |known: &Key| {
            let row = Statement::upsert("sign_in_attempt").key("key", known.word()).set("failures", 0_i64);
            row.set("wait_until", 0_i64).set("at", now)
        };
        let known = known(attempt.0.iter().map(|(key, _)| key)).as_ref().map(remember);
        let back = |(key, before): (Key, i64)| match key {
            Key::Known(..) => remember(&key),
            Key::Name(_) | Key::Listed(..) | Key::Code(_) | Key::Proof(_) | Key::Forgotten(_) => {
                Statement::delete("sign_in_attempt").when("key", key.word())
            }
            Key::Address(_) | Key::Begun(_) => Statement::update("sign_in_attempt")
                .set("failures", before)
                .set("wait_until", 0_i64)
                .when("key", key.word())
                .when("failures", before + 1),
        };
        Ok(self.store().execute(attempt.0.into_iter().map(back).chain(known).collect()).await?)
    }

    /// Takes an attempt back that nobody judged: what was counted before it stays.
    pub(crate) async fn uncount(&self, attempt: Attempt) -> Result<(), Error> {
        let back = |(key, before): (Key, i64)| {
            Statement::update("sign_in_attempt")
                .set("failures", before)
                .set("wait_until", 0_i64)
                .when("key", key.word())
                .when("failures", before + 1)
        };
        Ok(self.store().execute(attempt.0.into_iter().map(back).collect()).await?)
    }

    /// Counts an attempt from an address that is judged elsewhere, such as the answer of a passkey, or refuses it where the
    /// address has to wait. A visitor without an address is not counted.
    ///
    /// # Errors
    /// `Invalid` with code `wait`.
    pub async fn attempt_from(&self, visitor: &Visitor) -> Result<Attempt, Error> {
        self.admit(visitor.address.map(Key::Address).into_iter().collect()).await
    }

    /// Forgets the failures of a name: its password was set anew.
    pub(crate) fn forget_attempts(sign_in: &str) -> Statement {
        Statement::delete("sign_in_attempt").when("key", Key::Name(sign_in.to_owned()).word())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{net_of, wait_after};

    #[test]
    fn waits_double_up_to_a_quarter_of_an_hour() {
        let seconds: Vec<i64> = (3..13).map(|n| wait_after(n, 5) / 1_000_000).collect();
        assert_eq!(seconds, [0, 0, 15, 30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn an_address_of_version_six_counts_as_its_network() {
        for (address, net) in [
            ("10.1.2.3", "10.1.2.3"),
            ("::ffff:10.1.2.3", "10.1.2.3"),
            ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ] {
            assert_eq!(net_of(address.parse().unwrap()), net);
        }
    }
}

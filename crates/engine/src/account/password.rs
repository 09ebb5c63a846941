//! Passwords and other secrets: made, hashed, compared.
//!
//! Source: OWASP Password Storage Cheat Sheet (Argon2id, 19 MiB, two passes, one lane).

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::refused::plain;
use crate::error::Error;

/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 10;
/// Longest password, in bytes: longer ones only cost time.
pub const PASSWORD_MAX: usize = 256;

fn hasher() -> Result<Argon2<'static>, Error> {
    let params = Params::new(19_456, 2, 1, None).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// What is kept of a secret of 256 random bits.
pub(crate) fn fingerprint(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// What the log tells of a stored hash, so that `verify` notices another one in its place: 128 bits of a hash of it.
/// Of a password this is a hash over the Argon2id hash with its 128 random bits of salt, which only the database has:
/// no guess can be tried against it.
pub(crate) fn mark(stored: &[u8]) -> String {
    let hash = Sha256::new().chain_update(b"proofdesk mark\n").chain_update(stored).finalize();
    hex::encode(&hash[..16])
}

/// A fresh secret of 256 bits, URL-safe text.
pub fn secret(random: &mut impl Rng) -> String {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) async fn hash_password(password: String) -> Result<String, Error> {
    let work = move || {
        let hash =
            hasher()?.hash_password(password.as_bytes()).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(hash.to_string())
    };
    hash_in_turn(work).await
}

/// Whether a password is the one of a hash. Without a hash the same work is done, and no password matches.
pub(crate) async fn password_matches(password: String, stored: Option<String>) -> Result<bool, Error> {
    let work = move || {
        let hash = match stored.as_deref() {
            Some(hash) => hash,
            None => nobodys_hash()?,
        };
        let parsed = PasswordHash::new(hash).map_err(|e| Error::Internal(e.to_string()))?;
        let right = hasher()?.verify_password(password.as_bytes(), &parsed).is_ok();
        Ok(right && stored.is_some())
    };
    hash_in_turn(work).await
}

/// A hash that no account has, made once.
fn nobodys_hash() -> Result<&'static str, Error> {
    static HASH: OnceLock<String> = OnceLock::new();
    if HASH.get().is_none() {
        let made =
            hasher()?.hash_password(b"nobody has this one").map_err(|e| Error::Internal(e.to_string()))?;
        // somebody else may have been faster: the same work either way
        drop(HASH.set(made.to_string()));
    }
    Ok(HASH.get().map_or("", String::as_str))
}

/// Hashes on a thread of its own, a few at a time: each takes 19 MiB.
async fn hash_in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    static TURNS: Semaphore = Semaphore::const_new(4);
    let _turn = TURNS.acquire().await.map_err(|e| Error::Internal(e.to_string()))?;
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

/// The first five bytes of the SHA-256 of the 10,000 most common passwords of breaches that have [`PASSWORD_MIN`]
/// characters, in lower case; hexadecimal, sorted, one a line. As hashes, because people put names and worse into passwords.
const COMMON: &str = include_str!("common-passwords.txt");

/// Words that make no password, with a number or not: what this is, what it is for, and what people begin with.
pub const CONTEXT_WORDS: [&str; 14] = [
    "proofdesk",
    "servicedesk",
    "helpdesk",
    "iso20000",
    "administrator",
    "admin",
    "password",
    "passwort",
    "welcome",
    "willkommen",
    "changeme",
    "letmein",
    "qwerty",
    "qwertz",
];

/// Whether it is one of the most common ones, in whatever case.
fn is_common(password: &str) -> bool {
    let hash = hex::encode(&Sha256::digest(password.to_lowercase().as_bytes())[..5]);
    let line = hash.len() + 1;
    let (mut low, mut high) = (0, COMMON.len() / line);
    while low < high {
        let middle = low.midpoint(high);
        let found = COMMON.get(middle * line..middle * line + hash.len()).unwrap_or_default();
        match found.cmp(&hash) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// Whether little is left of it without the name of the account, [`CONTEXT_WORDS`] and the organization's words.
fn is_of_context(password: &str, sign_in: &str, words: &[String]) -> bool {
    let mut left = plain(password);
    let own = plain(sign_in.split('@').next().unwrap_or_default());
    let words = words.iter().map(String::as_str);
    for word in words.chain(std::iter::once(own.as_str()).filter(|own| own.len() > 2)).chain(CONTEXT_WORDS) {
        left = left.replace(word, "");
    }
    let taken_away = left.len() < plain(password).len();
    taken_away && left.chars().count() < 6
}

/// What is wrong with a password on every desk; `words` are the organization's, as they are compared.
pub(super) fn check_password(password: &str, sign_in: &str, words: &[String]) -> Result<(), Error> {
    let (code, message) = if password.chars().count() < PASSWORD_MIN {
        ("range", format!("A password has at least {PASSWORD_MIN} characters."))
    } else if password.len() > PASSWORD_MAX {
        ("range", format!("A password has at most {PASSWORD_MAX} bytes."))
    } else if password.eq_ignore_ascii_case(sign_in) {
        ("common", "The password must differ from the sign-in name.".to_owned())
    } else if is_common(password) {
        ("common", "This is one of the passwords that are tried first: choose another one.".to_owned())
    } else if is_of_context(password, sign_in, words) {
        let message = "This is hardly more than your name or a word of this desk: choose another one.";
        ("common", message.to_owned())
    } else {
        return Ok(());
    };
    Err(Error::invalid("password", code, message))
}

#[cfg(test)]
mod tests {
    use super::{COMMON, check_password};

    #[test]
    fn the_list_of_common_passwords_can_be_searched() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() == 10_000 && lines.is_sorted() && lines.iter().all(|line| line.len() == 10));
    }

    #[test]
    fn what_is_tried_first_is_refused_and_anything_else_is_taken() {
        for refused in [
            "short",
            "qwertyuiop",
            "1Q2w3e4r5T",
            "BASKETBALL",
            "password123",
            "Proofdesk2026!",
            "ida.voss-2026",
            "Admin-Password-1",
            "ida.voss@example.com",
        ] {
            assert!(check_password(refused, "ida.voss@example.com", &[]).is_err(), "{refused}");
        }
        let longest = "é".repeat(128);
        for taken in [
            "correct horse battery",
            "aaaa bbbb cccc",
            "my proofdesk is a castle",
            "\u{1f511} 钥匙 в замке",
            longest.as_str(),
        ] {
            assert!(check_password(taken, "ida.voss@example.com", &[]).is_ok(), "{taken}");
        }
    }
}

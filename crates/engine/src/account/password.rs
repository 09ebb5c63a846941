//! Passwords and other secrets: made, hashed, compared.
//!
//! Source: OWASP Password Storage Cheat Sheet (Argon2id, 19 MiB, two passes, one lane).

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng;
use sha2::{Digest, Sha256};

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
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

pub(crate) async fn password_matches(password: String, stored: String) -> Result<bool, Error> {
    let work = move || {
        let parsed = PasswordHash::new(&stored).map_err(|e| Error::Internal(e.to_string()))?;
        Ok(hasher()?.verify_password(password.as_bytes(), &parsed).is_ok())
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::Internal(e.to_string()))?
}

pub(crate) fn check_password(password: &str, sign_in: &str) -> Result<(), Error> {
    let message = if password.chars().count() < PASSWORD_MIN {
        format!("A password has at least {PASSWORD_MIN} characters.")
    } else if password.len() > PASSWORD_MAX {
        format!("A password has at most {PASSWORD_MAX} bytes.")
    } else if password.eq_ignore_ascii_case(sign_in) {
        "The password must differ from the sign-in name.".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::invalid("password", "range", message))
}

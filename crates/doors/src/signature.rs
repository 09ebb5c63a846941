//! Signatures of messages, out and in: HMAC-SHA-256 over id, instant and body.
//!
//! Source: Standard Webhooks 1.0.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`, `whsec_…`).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far the clocks of two programs may be apart, seconds: an older message is not believed.
pub const TOLERANCE: i64 = 300;

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The secret is no `whsec_…`.
    #[error("the secret is none")]
    Secret,
    /// It was signed too long ago, or in the future.
    #[error("the timestamp is more than five minutes away")]
    Time,
    /// No signature fits.
    #[error("no signature fits")]
    Signature,
}

fn mac(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Result<[u8; 32], Doubt> {
    let key = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(key).map_err(|_| Doubt::Secret)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Doubt::Secret)?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Ok(mac.finalize().into_bytes().into())
}

/// The header `webhook-signature` of a message.
///
/// # Errors
/// [`Doubt::Secret`].
pub fn sign(secret: &str, id: &str, seconds: i64, body: &[u8]) -> Result<String, Doubt> {
    Ok(format!("v1,{}", STANDARD.encode(mac(secret, id, seconds, body)?)))
}

/// Whether a message was signed with the secret, not long ago. The header may hold several signatures, parted by
/// blanks; compared in constant time.
///
/// # Errors
/// The doubt.
pub fn verify(
    secret: &str,
    (id, seconds, signatures): (&str, i64, &str),
    body: &[u8],
    now: i64,
) -> Result<(), Doubt> {
    let expected = mac(secret, id, seconds, body)?;
    if now.abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(Doubt::Time);
    }
    let fits = |signature: &str| {
        let given = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        given.is_some_and(|given| bool::from(given.as_slice().ct_eq(expected.as_slice())))
    };
    if signatures.split(' ').take(16).any(fits) { Ok(()) } else { Err(Doubt::Signature) }
}

#[cfg(test)]
mod tests {
    use super::{Doubt, sign, verify};

    // computed by another implementation (Python's hmac)
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNED: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        assert_eq!(sign(SECRET, ID, AT, BODY).as_deref(), Ok(SIGNED));
        assert_eq!(verify(SECRET, (ID, AT, &format!("v1a,x {SIGNED}")), BODY, AT + 299), Ok(()));
    }

    #[test]
    fn whatever_differs_is_not_believed() {
        for (id, at, body, now, doubt) in [
            ("msg_other", AT, BODY, AT, Doubt::Signature),
            (ID, AT + 1, BODY, AT, Doubt::Signature),
            (ID, AT, &BODY[1..], AT, Doubt::Signature),
            (ID, AT, BODY, AT + 301, Doubt::Time),
            (ID, AT, BODY, AT - 301, Doubt::Time),
            (ID, i64::MIN, BODY, AT, Doubt::Time),
            (ID, i64::MAX, BODY, -AT, Doubt::Time),
        ] {
            assert_eq!(verify(SECRET, (id, at, SIGNED), body, now), Err(doubt));
        }
        assert_eq!(verify(SECRET, (ID, AT, ""), BODY, AT), Err(Doubt::Signature));
        assert_eq!(verify("whsec_!", (ID, AT, SIGNED), BODY, AT), Err(Doubt::Secret));
    }
}

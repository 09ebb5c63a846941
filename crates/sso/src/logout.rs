//! A provider says that a session there is over: whose, or which. Source: OpenID Connect Back-Channel Logout 1.0.
//!
//! Not here: which sessions end by it (`engine`). A message that comes twice ends nothing more, so none is remembered; an old
//! one is refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::{JsonWebKey, JsonWebKeyId};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::error::Error;
use crate::keys::Metadata;
use crate::provider::{ALGORITHMS, Provider, SKEW};

/// A message is at most this old, seconds.
const OLDEST: i64 = 300;
/// Longest message, bytes.
const LONGEST: usize = 16_384;
/// The member of `events` that makes a token one of sign-out.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// What is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The provider's issuer.
    pub issuer: String,
    /// Whose sessions; none where one session is named alone.
    pub subject: Option<String>,
    /// Which session; none for all of somebody.
    pub sid: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    alg: CoreJwsSigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
}

fn decoded(part: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part?).ok()
}

/// The claims of a token that a key of the provider signed; none where none did.
fn signed(metadata: &Metadata, head: &Head, signed: &str, signature: &[u8]) -> bool {
    let named = head.kid.clone().map(JsonWebKeyId::new);
    let fits = |id: Option<&JsonWebKeyId>| named.is_none() || id.is_none() || id == named.as_ref();
    let keys = metadata.jwks().keys().iter().filter(|key| fits(key.key_id()));
    keys.into_iter().any(|key| key.verify_signature(&head.alg, signed.as_bytes(), signature).is_ok())
}

impl Provider {
    /// What a message of the provider's says is over.
    ///
    /// # Errors
    /// `Untrusted` where anything of it does not hold, `Unreached`.
    pub async fn ended(&self, token: &str, now: i64) -> Result<Ended, Error> {
        let wrong = || self.untrusted("the message of a sign-out cannot be read.");
        let (content, signature) =
            token.rsplit_once('.').filter(|_| token.len() <= LONGEST).ok_or_else(wrong)?;
        let mut parts = content.split('.');
        let (head, body) = (decoded(parts.next()), decoded(parts.next()));
        let (Some(head), Some(body), None) = (head, body, parts.next()) else { return Err(wrong()) };
        let signature = decoded(Some(signature)).ok_or_else(wrong)?;
        let head: Head = serde_json::from_slice(&head).map_err(|_| wrong())?;
        let claims: Map<String, Json> = serde_json::from_slice(&body).map_err(|_| wrong())?;
        if !ALGORITHMS.contains(&head.alg) || head.typ.as_deref().is_some_and(|typ| !is_type(typ)) {
            return Err(self.untrusted("the message of a sign-out is of another kind."));
        }
        let metadata = self.published.load(&self.settings, &*self.http, now).await?;
        if !signed(&metadata, &head, content, &signature) {
            let renewed = self.published.renew(&self.settings, &*self.http, now).await?;
            if !signed(&renewed, &head, content, &signature) {
                return Err(self.untrusted("no key of the provider signed the message of a sign-out."));
            }
        }
        self.read_ended(metadata.issuer().as_str(), &claims, now)
    }

    fn read_ended(&self, issuer: &str, claims: &Map<String, Json>, now: i64) -> Result<Ended, Error> {
        let text = |name: &str| claims.get(name).and_then(Json::as_str).filter(|text| !text.is_empty());
        let number = |name: &str| claims.get(name).and_then(Json::as_i64);
        let seconds = now.div_euclid(1_000_000);
        let ours = match claims.get("aud") {
            Some(Json::String(one)) => *one == self.settings.client_id,
            Some(Json::Array(all)) => all.iter().any(|one| one.as_str() == Some(&self.settings.client_id)),
            _ => false,
        };
        let young = number("iat").is_some_and(|at| at <= seconds + SKEW && at >= seconds - OLDEST - SKEW);
        let holds = number("exp").is_none_or(|end| end >= seconds - SKEW);
        let is_end = claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Json::is_object);
        for (good, why) in [
            (text("iss") == Some(issuer), "it has another issuer"),
            (ours, "it is for another program"),
            (young && holds, "it is too old, or made in the future"),
            (text("jti").is_some(), "it has no number"),
            (is_end, "it says no sign-out"),
            (!claims.contains_key("nonce"), "it is a token of a sign-in"),
            (text("sub").or(text("sid")).is_some(), "it says nobody"),
        ] {
            if !good {
                return Err(self.untrusted(format!("the message of a sign-out does not hold: {why}.")));
            }
        }
        let owned = |name: &str| text(name).map(str::to_owned);
        Ok(Ended { issuer: issuer.to_owned(), subject: owned("sub"), sid: owned("sid") })
    }
}

fn is_type(typ: &str) -> bool {
    ["jwt", "logout+jwt", "application/logout+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
}

//! The flow: where the browser is sent, and what is made of what it brings back.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AccessTokenHash, AdditionalClaims, AuthType, AuthenticationContextClass, AuthenticationFlow,
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, IdTokenVerifier, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenResponse, UserInfoClaims, UserInfoError,
};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use subtle::ConstantTimeEq;

use crate::claims::{Person, says_second_factor};
use crate::error::Error;
use crate::http::{Http, Through};
use crate::keys::{Metadata, Published};
use crate::settings::ProviderSettings;

/// Clocks may differ by this much, seconds.
pub(crate) const SKEW: i64 = 60;
/// A token is at most this old when it comes, seconds.
const OLDEST: i64 = 600;
/// Signatures by a key of the provider's: neither by a secret that is shared with it, nor none.
pub(crate) const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// Longest text of a provider that is shown, in characters.
const SHOWN_MAX: usize = 300;

/// Every further claim, as it is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Extra(#[serde(default)] Map<String, Json>);

impl AdditionalClaims for Extra {}

type Fields = IdTokenFields<
    Extra,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Claims = IdTokenClaims<Extra, CoreGenderClaim>;
type Client = openidconnect::Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the desk keeps of a sign-in that is under way at a provider. Secret; used once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Name of the provider.
    pub provider: String,
    /// What the answer must bring back.
    pub state: String,
    /// What the token must carry.
    pub nonce: String,
    /// What proves to the provider that the code was asked for here.
    pub verifier: String,
}

/// What the browser brings back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// The code, for which tokens are given.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why not.
    pub error: Option<String>,
    /// The same in words.
    pub error_description: Option<String>,
}

/// A provider of single sign-on.
pub struct Provider {
    pub(crate) settings: ProviderSettings,
    secret: Option<String>,
    pub(crate) http: Arc<dyn Http>,
    pub(crate) published: Published,
}

fn secret(random: &mut impl Rng) -> String {
    let mut bytes = [0_u8; 32];
    random.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A provider's words, fit to be shown.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_MAX).collect()
}

/// The instant, moved by seconds.
fn at(now: i64, seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(now + seconds * 1_000_000).unwrap_or_default()
}

impl Provider {
    /// A provider; `secret` is the desk's secret there.
    pub fn new(settings: ProviderSettings, secret: Option<String>, http: Arc<dyn Http>) -> Self {
        Self { settings, secret, http, published: Published::default() }
    }

    /// How it was configured.
    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    fn named(&self) -> String {
        self.settings.shown().to_owned()
    }

    pub(crate) fn untrusted(&self, why: impl Into<String>) -> Error {
        Error::Untrusted { provider: self.named(), why: why.into() }
    }

    fn unreached(&self, why: impl Into<String>) -> Error {
        Error::Unreached { provider: self.named(), why: why.into() }
    }

    fn client(&self, metadata: &Metadata, callback: &str) -> Result<Client, Error> {
        let callback = RedirectUrl::new(callback.to_owned())
            .map_err(|_| self.unreached("The desk does not know its own address: set public_url."))?;
        let secret = self.secret.clone().map(ClientSecret::new);
        let id = ClientId::new(self.settings.client_id.clone());
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        let by_post = metadata.token_endpoint_auth_methods_supported().is_some_and(|ways| {
            !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
                && ways.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        let client = if by_post { client.set_auth_type(AuthType::RequestBody) } else { client };
        Ok(client.set_redirect_uri(callback))
    }

    /// Where the browser is sent, and what is kept until it comes back to `callback`.
    ///
    /// # Errors
    /// `Unreached`.
    pub async fn begin(
        &self,
        callback: &str,
        now: i64,
        random: &mut (impl Rng + Send),
    ) -> Result<(String, Kept), Error> {
        let metadata = self.published.load(&self.settings, &*self.http, now).await?;
        let client = self.client(&metadata, callback)?;
        let provider = self.settings.name.clone();
        let kept = Kept { provider, state: secret(random), nonce: secret(random), verifier: secret(random) };
        let verifier = PkceCodeVerifier::new(kept.verifier.clone());
        let (state, nonce) = (kept.state.clone(), kept.nonce.clone());
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        for scope in self.settings.asked() {
            request = request.add_scope(Scope::new(scope.to_owned()));
        }
        for class in &self.settings.second_factor_acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        if let Some(minutes) = self.settings.max_age_minutes {
            request = request.set_max_age(Duration::from_secs(u64::from(minutes) * 60));
        }
        Ok((request.url().0.to_string(), kept))
    }

    /// Who came back.
    ///
    /// # Errors
    /// `Refused` in the provider's words, `Untrusted` where anything does not hold, `Unfit` for who may not come in,
    /// `Unreached`.
    pub async fn finish(
        &self,
        callback: &str,
        kept: &Kept,
        answer: &Answer,
        now: i64,
    ) -> Result<Person, Error> {
        let metadata = self.published.load(&self.settings, &*self.http, now).await?;
        let code = self.check_answer(&metadata, kept, answer)?;
        let client = self.client(&metadata, callback)?;
        let tokens = self.exchange(&client, code, kept).await?;
        let (claims, token) = self.claims(&client, &tokens, kept, callback, now).await?;
        let mut said = self.claims_of_user_info(&client, &tokens, &claims).await?;
        let own = self.object(serde_json::to_value(&claims))?;
        self.check_age(claims.auth_time(), now)?;
        let second_factor = says_second_factor(&self.settings, &own);
        // an address and whether it is verified are said in one place, or not believed
        if own.contains_key("email") || own.contains_key("email_verified") {
            said.remove("email");
            said.remove("email_verified");
        }
        said.extend(own);
        Ok(Person { second_factor, ..Person::read(&self.settings, &said, token)? })
    }

    /// Whether somebody signed in there as lately as is demanded. Source: OpenID Connect Core 1.0, 3.1.3.7, 13.
    fn check_age(&self, signed_in: Option<DateTime<Utc>>, now: i64) -> Result<(), Error> {
        let Some(minutes) = self.settings.max_age_minutes else { return Ok(()) };
        match signed_in {
            None => Err(self.untrusted("it does not say when you signed in there.")),
            Some(signed_in) if signed_in < at(now, -i64::from(minutes) * 60 - SKEW) => {
                Err(self.untrusted("you signed in there too long ago."))
            }
            Some(_) => Ok(()),
        }
    }

    /// Claims as an object.
    fn object(&self, said: Result<Json, serde_json::Error>) -> Result<Map<String, Json>, Error> {
        match said {
            Ok(Json::Object(said)) => Ok(said),
            Ok(_) => Err(self.untrusted("what it says about you cannot be read.")),
            Err(why) => Err(self.untrusted(format!("what it says about you cannot be read: {why}."))),
        }
    }

    /// State, issuer and code of an answer. Source: RFC 9207 for the issuer.
    fn check_answer(&self, metadata: &Metadata, kept: &Kept, answer: &Answer) -> Result<String, Error> {
        let state = answer.state.as_deref().unwrap_or_default();
        if kept.provider != self.settings.name || !bool::from(state.as_bytes().ct_eq(kept.state.as_bytes())) {
            return Err(self.untrusted("it does not belong to the sign-in that was begun in this browser."));
        }
        let says_issuer = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match answer.iss.as_deref() {
            Some(issuer) if issuer != metadata.issuer().as_str() => {
                return Err(self.untrusted("another provider answered."));
            }
            None if says_issuer => return Err(self.untrusted("it does not say who answers.")),
            _ => {}
        }
        if let Some(error) = &answer.error {
            let words = answer.error_description.as_deref().map(|words| format!(" ({words})"));
            let why = shown(&format!("{error}{}", words.unwrap_or_default()));
            return Err(Error::Refused { provider: self.named(), why });
        }
        answer.code.clone().filter(|c| !c.is_empty()).ok_or_else(|| self.untrusted("it brings no code."))
    }

    async fn exchange(&self, client: &Client, code: String, kept: &Kept) -> Result<Tokens, Error> {
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|_| self.unreached("It does not say where tokens are given."))?
            .set_pkce_verifier(PkceCodeVerifier::new(kept.verifier.clone()));
        request.request_async(&Through(&*self.http)).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(said) => {
                Error::Refused { provider: self.named(), why: shown(&said.to_string()) }
            }
            RequestTokenError::Request(why) => self.unreached(why.0),
            RequestTokenError::Parse(..) => self.unreached("Its tokens cannot be read."),
            RequestTokenError::Other(why) => self.unreached(shown(&why)),
        })
    }

    /// The claims of the token, once all of it holds; and the token as it came.
    async fn claims(
        &self,
        client: &Client,
        tokens: &Tokens,
        kept: &Kept,
        callback: &str,
        now: i64,
    ) -> Result<(Claims, String), Error> {
        let Some(token) = tokens.id_token() else { return Err(self.untrusted("it brings no identity.")) };
        let nonce = Nonce::new(kept.nonce.clone());
        let verifier = verifier(client, now);
        let renewed;
        let (claims, verifier) = match token.claims(&verifier, &nonce) {
            // signed by a key that is not among those that we know: perhaps it is a new one
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let metadata = self.published.renew(&self.settings, &*self.http, now).await?;
                renewed = self.client(&metadata, callback)?;
                let again = self::verifier(&renewed, now);
                (token.claims(&again, &nonce), again)
            }
            other => (other, verifier),
        };
        let claims = claims.map_err(|error| self.untrusted(format!("{}.", shown(&error.to_string()))))?;
        // the token says for whom it was made: the library asks that too, and no change of it shall take it away
        let for_us = |party: &ClientId| party.as_str() == self.settings.client_id;
        if claims.authorized_party().is_some_and(|party| !for_us(party)) {
            return Err(self.untrusted("its token was made for another program."));
        }
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = token.signing_alg().map_err(|e| self.untrusted(format!("{e}.")))?;
            let key = token.signing_key(&verifier).map_err(|e| self.untrusted(format!("{e}.")))?;
            let found = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
                .map_err(|e| self.untrusted(format!("{e}.")))?;
            if found != *expected {
                return Err(self.untrusted("its tokens do not belong together."));
            }
        }
        Ok((claims.clone(), token.to_string()))
    }

    /// What the provider says beside the token; it must be about the same person.
    async fn claims_of_user_info(
        &self,
        client: &Client,
        tokens: &Tokens,
        claims: &Claims,
    ) -> Result<Map<String, Json>, Error> {
        let subject = Some(claims.subject().clone());
        let Ok(request) = client.user_info(tokens.access_token().clone(), subject) else {
            return Ok(Map::new());
        };
        let found: Result<UserInfoClaims<Extra, CoreGenderClaim>, _> =
            request.request_async(&Through(&*self.http)).await;
        let found = found.map_err(|error| match error {
            UserInfoError::Request(why) => self.unreached(why.0),
            UserInfoError::ClaimsVerification(why) => self.untrusted(format!("{}.", shown(&why.to_string()))),
            UserInfoError::Parse(why) => {
                let why = shown(&why.to_string());
                self.untrusted(format!("what it says about you beside the token cannot be read: {why}."))
            }
            other => self.unreached(format!("What it says about people: {}.", shown(&other.to_string()))),
        })?;
        self.object(serde_json::to_value(&found))
    }

    /// Where somebody who signed in by this provider signs out there too; none where it offers that nowhere.
    pub async fn end_address(&self, token: &str, after: &str, now: i64) -> Option<String> {
        let metadata = self.published.load(&self.settings, &*self.http, now).await.ok()?;
        let mut address = metadata.additional_metadata().end_session_endpoint.clone()?;
        address
            .query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", after);
        if !token.is_empty() {
            address.query_pairs_mut().append_pair("id_token_hint", token);
        }
        Some(address.to_string())
    }
}

/// Which signatures and times hold: signed by a key of the provider's, never by the shared secret or by nothing.
fn verifier(client: &Client, now: i64) -> IdTokenVerifier<'_, CoreJsonWebKey> {
    let issued = move |issued: DateTime<Utc>| {
        if issued > at(now, SKEW) {
            return Err("it was made in the future".to_owned());
        }
        if issued < at(now, -OLDEST - SKEW) {
            return Err("it is too old".to_owned());
        }
        Ok(())
    };
    client
        .id_token_verifier()
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || at(now, -SKEW))
        .set_issue_time_verifier_fn(issued)
}

#[cfg(test)]
mod tests;

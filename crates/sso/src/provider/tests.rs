//! A provider in memory: it signs what a test wants, and the flow takes it or says why not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm};
use openidconnect::url::Url;
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};

use super::{Answer, Kept, Provider};
use crate::error::Error;
use crate::http::{Answering, Http, HttpRequest, HttpResponse, Unreached};
use crate::settings::ProviderSettings;

const ISSUER: &str = "https://login.example";
const CALLBACK: &str = "https://desk.example/sign-in/from/example";
const NOW: i64 = 1_772_442_000_000_000;
const OLD: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINBcB2w33ajhoT7UbIkWHmKGjIePo8ldESK7YWwewx8p\n-----END PRIVATE KEY-----\n";
const NEW: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMkKIEU52tYCAAPHq0lnnUfxRAHUHASK4RbFDYse75La\n-----END PRIVATE KEY-----\n";

fn key(pem: &str, name: &str) -> CoreEdDsaPrivateSigningKey {
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(pem, Some(JsonWebKeyId::new(name.to_owned()))).unwrap()
}

/// A token with any claims, signed by a key.
fn signed(key: &CoreEdDsaPrivateSigningKey, name: &str, claims: &Json) -> String {
    let head = json!({"alg": "EdDSA", "kid": name, "typ": "JWT"});
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let by = key.sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(by))
}

/// What it says when it is asked, and what it was asked.
#[derive(Default)]
struct Says {
    keys: Vec<Json>,
    tokens: Json,
    tokens_status: u16,
    person: Json,
    says_issuer: bool,
    asked: Vec<(String, String)>,
    silent: bool,
}

struct Fake(Mutex<Says>);

impl Http for Fake {
    fn call(&self, request: HttpRequest) -> Answering<'_> {
        Box::pin(async move {
            let mut says = self.0.lock().unwrap();
            let path = request.uri().path().to_owned();
            says.asked.push((path.clone(), String::from_utf8(request.body().clone()).unwrap()));
            if says.silent {
                return Err(Unreached("No connection.".to_owned()));
            }
            let (status, body) = match path.as_str() {
                "/.well-known/openid-configuration" => (200, description(says.says_issuer)),
                "/keys" => (200, json!({"keys": says.keys})),
                "/token" => (says.tokens_status, says.tokens.clone()),
                "/me" => (200, says.person.clone()),
                other => panic!("asked for {other}"),
            };
            let answer = HttpResponse::new(body.to_string().into_bytes());
            let (mut parts, body) = answer.into_parts();
            parts.status = status.try_into().unwrap();
            parts.headers.insert("content-type", "application/json".parse().unwrap());
            Ok(HttpResponse::from_parts(parts, body))
        })
    }
}

fn description(says_issuer: bool) -> Json {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://login.example/auth",
        "token_endpoint": "https://login.example/token",
        "userinfo_endpoint": "https://login.example/me",
        "jwks_uri": "https://login.example/keys",
        "end_session_endpoint": "https://login.example/end",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        "authorization_response_iss_parameter_supported": says_issuer,
    })
}

struct Case {
    fake: Arc<Fake>,
    provider: Provider,
    kept: Kept,
    address: Url,
}

async fn begun() -> Case {
    begun_with(ProviderSettings::default()).await
}

async fn begun_with(settings: ProviderSettings) -> Case {
    let public = |pem, name| serde_json::to_value(key(pem, name).as_verification_key()).unwrap();
    let says = Says {
        keys: vec![public(OLD, "old")],
        tokens_status: 200,
        person: json!({"sub": "7", "name": "Mara Rehn", "groups": ["desk"]}),
        says_issuer: true,
        ..Says::default()
    };
    let fake = Arc::new(Fake(Mutex::new(says)));
    let settings = ProviderSettings {
        name: "example".into(),
        issuer: ISSUER.into(),
        client_id: "desk".into(),
        groups_claim: Some("groups".into()),
        roles: [("desk".to_owned(), vec!["agent".to_owned()])].into(),
        ..settings
    };
    let provider = Provider::new(settings, Some("hush".to_owned()), fake.clone());
    let (address, kept) = provider.begin(CALLBACK, NOW, &mut StdRng::seed_from_u64(7)).await.unwrap();
    Case { fake, provider, kept, address: address.parse().unwrap() }
}

impl Case {
    fn claims(&self) -> Json {
        let now = NOW / 1_000_000;
        json!({
            "iss": ISSUER, "aud": "desk", "sub": "7", "nonce": self.kept.nonce,
            "iat": now, "exp": now + 300, "preferred_username": "mara", "sid": "s-1",
        })
    }

    fn answer(&self) -> Answer {
        Answer {
            code: Some("c0de".into()),
            state: Some(self.kept.state.clone()),
            iss: Some(ISSUER.into()),
            ..Answer::default()
        }
    }

    fn gives(&self, token: &str) {
        self.fake.0.lock().unwrap().tokens =
            json!({"access_token": "a", "token_type": "Bearer", "id_token": token});
    }

    async fn finish(&self, answer: &Answer) -> Result<crate::Person, Error> {
        self.provider.finish(CALLBACK, &self.kept, answer, NOW).await
    }

    /// The words of the refusal of these claims.
    async fn refused(&self, claims: &Json) -> String {
        self.gives(&signed(&key(OLD, "old"), "old", claims));
        match self.finish(&self.answer()).await {
            Err(Error::Untrusted { why, .. }) => why,
            other => panic!("{claims}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_browser_is_sent_with_state_nonce_and_challenge() {
    let case = begun().await;
    let sent = |name: &str| case.address.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    assert_eq!(sent("response_type").unwrap(), "code");
    assert_eq!(sent("redirect_uri").unwrap(), CALLBACK);
    assert_eq!(sent("state").unwrap(), case.kept.state);
    assert_eq!(sent("nonce").unwrap(), case.kept.nonce);
    assert_eq!(sent("code_challenge_method").unwrap(), "S256");
    assert_ne!(sent("code_challenge").unwrap(), case.kept.verifier);
    assert_eq!(sent("scope").unwrap(), "openid profile email");
    assert!(!case.address.as_str().contains("hush"));
}

#[tokio::test]
async fn a_person_comes_out_where_all_holds() {
    let case = begun().await;
    case.gives(&signed(&key(OLD, "old"), "old", &case.claims()));
    let found = case.finish(&case.answer()).await.unwrap();
    assert_eq!((found.subject.as_str(), found.sign_in.as_str()), ("7", "mara"));
    assert_eq!((found.issuer.as_str(), found.sid.as_deref()), (ISSUER, Some("s-1")));
    assert_eq!((found.name.as_str(), found.roles.unwrap()), ("Mara Rehn", vec!["agent".to_owned()]));
    let asked = case.fake.0.lock().unwrap().asked.clone();
    let token = &asked.iter().find(|(path, _)| path == "/token").unwrap().1;
    assert!(token.contains(&format!("code_verifier={}", case.kept.verifier)), "{token}");
    let end = case.provider.end_address(&found.token, "https://desk.example/sign-in", NOW).await.unwrap();
    assert!(
        end.starts_with(
            "https://login.example/end?client_id=desk&post_logout_redirect_uri=https%3A%2F%2Fdesk"
        )
    );
    assert!(end.contains("id_token_hint=ey"));
}

#[tokio::test]
async fn a_second_factor_is_believed_only_where_the_token_says_so() {
    let classes = vec!["urn:example:two".to_owned()];
    let case = begun_with(ProviderSettings { second_factor_acr: classes, ..Default::default() }).await;
    let query: Vec<_> = case.address.query_pairs().into_owned().collect();
    assert!(query.contains(&("acr_values".to_owned(), "urn:example:two".to_owned())), "{query:?}");
    // what is said beside the token is not signed
    case.fake.0.lock().unwrap().person = json!({"sub": "7", "groups": ["desk"], "amr": ["mfa"]});
    for (more, is) in [
        (json!({}), false),
        (json!({"amr": ["pwd"], "acr": "urn:example:one"}), false),
        (json!({"amr": ["pwd", "mfa"]}), true),
        (json!({"acr": "urn:example:two"}), true),
    ] {
        let mut claims = case.claims();
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        case.gives(&signed(&key(OLD, "old"), "old", &claims));
        assert_eq!(case.finish(&case.answer()).await.unwrap().second_factor, is, "{more}");
    }
}

#[tokio::test]
async fn a_sign_in_there_that_is_too_long_ago_is_refused() {
    let case = begun_with(ProviderSettings { max_age_minutes: Some(10), ..Default::default() }).await;
    let query: Vec<_> = case.address.query_pairs().into_owned().collect();
    assert!(query.contains(&("max_age".to_owned(), "600".to_owned())), "{query:?}");
    let now = NOW / 1_000_000;
    let mut claims = case.claims();
    assert!(case.refused(&claims).await.contains("does not say when"));
    claims["auth_time"] = json!(now - 661);
    assert!(case.refused(&claims).await.contains("too long ago"));
    claims["auth_time"] = json!(now - 650);
    case.gives(&signed(&key(OLD, "old"), "old", &claims));
    assert!(case.finish(&case.answer()).await.is_ok());
}

#[tokio::test]
async fn what_does_not_hold_is_refused() {
    let case = begun().await;
    let now = NOW / 1_000_000;
    for (claim, value, why) in [
        ("iss", json!("https://evil.example"), "issuer"),
        ("aud", json!("another"), "audience"),
        ("aud", json!(["desk", "another"]), "audience"),
        ("azp", json!("another"), "another"),
        ("nonce", json!("chosen"), "nonce"),
        ("exp", json!(now - 61), "Expired"),
        ("iat", json!(now + 61), "future"),
        ("iat", json!(now - 700), "too old"),
    ] {
        let mut claims = case.claims();
        claims[claim] = value.clone();
        let said = case.refused(&claims).await;
        assert!(said.contains(why), "{claim} {value}: {said}");
    }
    for (claim, value) in [("exp", json!(now - 59)), ("iat", json!(now + 59)), ("iat", json!(now - 650))] {
        let mut claims = case.claims();
        claims[claim] = value;
        case.gives(&signed(&key(OLD, "old"), "old", &claims));
        assert!(case.finish(&case.answer()).await.is_ok(), "clocks differ a little: {claims}");
    }
}

#[tokio::test]
async fn only_signatures_of_the_providers_keys_hold() {
    let case = begun().await;
    let text = signed(&key(OLD, "old"), "old", &case.claims());
    let body = text.split('.').nth(1).unwrap();
    let unsigned = format!("{}.{body}.", URL_SAFE_NO_PAD.encode(json!({"alg": "none"}).to_string()));
    let by_secret =
        format!("{}.{body}.{}", URL_SAFE_NO_PAD.encode(json!({"alg": "HS256"}).to_string()), "AAAA");
    let by_another = signed(&key(NEW, "old"), "old", &case.claims());
    for token in [unsigned, by_secret, by_another] {
        case.gives(&token);
        let refused = case.finish(&case.answer()).await;
        assert!(
            matches!(refused, Err(Error::Untrusted { .. } | Error::Unreached { .. })),
            "{token}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_new_key_is_fetched_but_not_again_and_again() {
    let case = begun().await;
    case.gives(&signed(&key(NEW, "new"), "new", &case.claims()));
    let public = serde_json::to_value(key(NEW, "new").as_verification_key()).unwrap();
    case.fake.0.lock().unwrap().keys = vec![public];
    let soon = case.finish(&case.answer()).await;
    assert!(matches!(soon, Err(Error::Untrusted { .. })), "they were just fetched: {soon:?}");
    let later = case.provider.finish(CALLBACK, &case.kept, &case.answer(), NOW + 40_000_000).await;
    assert!(later.is_ok(), "{later:?}");
    let fetched = case.fake.0.lock().unwrap().asked.iter().filter(|(path, _)| path == "/keys").count();
    assert_eq!(fetched, 2);
}

#[tokio::test]
async fn an_answer_that_belongs_elsewhere_asks_for_no_token() {
    let case = begun().await;
    case.gives(&signed(&key(OLD, "old"), "old", &case.claims()));
    for answer in [
        Answer { state: Some("chosen".into()), ..case.answer() },
        Answer { state: None, ..case.answer() },
        Answer { iss: Some("https://evil.example".into()), ..case.answer() },
        Answer { iss: None, ..case.answer() },
        Answer { code: None, ..case.answer() },
    ] {
        let refused = case.finish(&answer).await;
        assert!(matches!(refused, Err(Error::Untrusted { .. })), "{answer:?}: {refused:?}");
    }
    let other = Kept { provider: "other".into(), ..case.kept.clone() };
    let refused = case.provider.finish(CALLBACK, &other, &case.answer(), NOW).await;
    assert!(matches!(refused, Err(Error::Untrusted { .. })), "begun at another provider");
    let asked = case.fake.0.lock().unwrap().asked.clone();
    assert!(asked.iter().all(|(path, _)| path != "/token"), "{asked:?}");
}

#[tokio::test]
async fn what_it_says_about_somebody_else_is_not_taken() {
    let case = begun().await;
    case.gives(&signed(&key(OLD, "old"), "old", &case.claims()));
    case.fake.0.lock().unwrap().person = json!({"sub": "8", "groups": ["desk"]});
    let refused = case.finish(&case.answer()).await;
    assert!(matches!(refused, Err(Error::Untrusted { .. })), "{refused:?}");
}

#[tokio::test]
async fn errors_are_said_in_the_providers_words() {
    let case = begun().await;
    let declined = Answer {
        code: None,
        error: Some("access_denied".into()),
        error_description: Some("The\nuser declined".into()),
        ..case.answer()
    };
    let said = case.finish(&declined).await.unwrap_err().to_string();
    assert_eq!(said, "example refused the sign-in: access_denied (Theuser declined)");
    {
        let mut says = case.fake.0.lock().unwrap();
        says.tokens_status = 400;
        says.tokens = json!({"error": "invalid_grant", "error_description": "grant request is invalid"});
    }
    let said = case.finish(&case.answer()).await.unwrap_err().to_string();
    assert!(said.contains("invalid_grant") && said.contains("grant request is invalid"), "{said}");
    case.fake.0.lock().unwrap().silent = true;
    let said = case.finish(&case.answer()).await.unwrap_err().to_string();
    assert!(said.contains("cannot be reached") && said.contains("No connection"), "{said}");
}

#[tokio::test]
async fn claims_beside_the_token_that_cannot_be_read_are_said() {
    let case = begun().await;
    case.gives(&signed(&key(OLD, "old"), "old", &case.claims()));
    for (person, why) in [
        (json!({"sub": "7", "groups": "desk", "email_verified": "perhaps"}), "cannot be read"),
        (json!({"sub": "7", "groups": 7}), "no list of names"),
        (json!({"sub": "7", "groups": ["desk"], "name": 7}), "cannot be read"),
        (json!("words"), "cannot be read"),
    ] {
        case.fake.0.lock().unwrap().person = person.clone();
        let said = case.finish(&case.answer()).await.unwrap_err().to_string();
        assert!(said.contains(why), "{person}: {said}");
    }
}

#[tokio::test]
async fn an_address_and_its_proof_come_from_one_place() {
    let case = begun().await;
    let mut claims = case.claims();
    claims["email_verified"] = json!(true);
    case.gives(&signed(&key(OLD, "old"), "old", &claims));
    case.fake.0.lock().unwrap().person =
        json!({"sub": "7", "email": "boss@desk.example", "email_verified": false});
    assert_eq!(case.finish(&case.answer()).await.unwrap().mail, None);
    case.gives(&signed(&key(OLD, "old"), "old", &case.claims()));
    case.fake.0.lock().unwrap().person =
        json!({"sub": "7", "email": "mara@desk.example", "email_verified": true});
    let found = case.finish(&case.answer()).await.unwrap();
    assert_eq!(found.mail.as_deref(), Some("mara@desk.example"));
}

fn end(now: i64) -> Json {
    json!({
        "iss": ISSUER, "aud": "desk", "sub": "7", "sid": "s-1", "iat": now, "exp": now + 120, "jti": "j-1",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    })
}

#[tokio::test]
async fn a_sign_out_is_believed_only_where_all_of_it_holds() {
    let case = begun().await;
    let now = NOW / 1_000_000;
    let ask = async |claims: &Json, by: &str, name: &str| {
        let token = signed(&key(by, "old"), name, claims);
        case.provider.ended(&token, NOW).await
    };
    let found = ask(&end(now), OLD, "old").await.unwrap();
    let is = crate::Ended { issuer: ISSUER.into(), subject: Some("7".into()), sid: Some("s-1".into()) };
    assert_eq!(found, is);
    for (claim, value, why) in [
        ("iss", json!("https://evil.example"), "issuer"),
        ("aud", json!("another"), "another program"),
        ("aud", json!(null), "another program"),
        ("iat", json!(now - 500), "too old"),
        ("iat", json!(now + 90), "too old"),
        ("iat", json!("now"), "too old"),
        ("exp", json!(now - 90), "too old"),
        ("jti", json!(""), "no number"),
        ("events", json!({}), "no sign-out"),
        ("events", json!({"http://schemas.openid.net/event/backchannel-logout": true}), "no sign-out"),
        ("nonce", json!("n"), "of a sign-in"),
    ] {
        let mut claims = end(now);
        claims[claim] = value;
        let said = ask(&claims, OLD, "old").await.unwrap_err().to_string();
        assert!(said.contains(why), "{claims}: {said}");
    }
    let mut nobody = end(now);
    nobody.as_object_mut().unwrap().retain(|name, _| name != "sub" && name != "sid");
    assert!(ask(&nobody, OLD, "old").await.unwrap_err().to_string().contains("says nobody"));
    let forged = ask(&end(now), NEW, "old").await.unwrap_err().to_string();
    assert!(forged.contains("no key of the provider"), "{forged}");
    let body = URL_SAFE_NO_PAD.encode(end(now).to_string());
    for head in [json!({"alg": "none"}), json!({"alg": "HS256"}), json!({"alg": "EdDSA", "typ": "at+jwt"})] {
        let head = URL_SAFE_NO_PAD.encode(head.to_string());
        assert!(case.provider.ended(&format!("{head}.{body}.AAAA"), NOW).await.is_err(), "{head}");
    }
    for token in ["", ".", "..", "a.b", "a.b.c.d", &"x".repeat(20_000)] {
        assert!(case.provider.ended(token, NOW).await.is_err());
    }
    // the token of a sign-in is none of a sign-out
    assert!(ask(&case.claims(), OLD, "old").await.is_err());
}

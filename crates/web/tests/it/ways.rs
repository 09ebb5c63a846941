//! Ways in beside the password, as a browser and a directory meet them: single sign-on, passkeys, SCIM.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use proofdesk_engine::{Act, Caller, Door, NewToken, Reference};
use proofdesk_model::Value;
use proofdesk_sso::{Http, HttpRequest, HttpResponse, Provider, ProviderSettings, Unreached};
use proofdesk_store::Select;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use proofdesk_web::passkeys::Passkeys;
use proofdesk_web::{AppState, Settings};
use serde_json::{Value as Json, json};
use tower::ServiceExt as _;

use crate::client::{Browser, PASSWORD};

/// A provider that says where it is and nothing else.
struct Described;

impl Http for Described {
    fn call(
        &self,
        request: HttpRequest,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, Unreached>> + Send + '_>> {
        let body = match request.uri().path() {
            "/keys" => json!({"keys": []}),
            _ => json!({
                "issuer": "https://login.example", "authorization_endpoint": "https://login.example/auth",
                "token_endpoint": "https://login.example/token", "jwks_uri": "https://login.example/keys",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA"],
            }),
        };
        let mut answer = HttpResponse::new(body.to_string().into_bytes());
        answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
        Box::pin(async move { Ok(answer) })
    }
}

async fn desk(database: Database) -> (TestDesk, Router) {
    let desk = TestDesk::open(database).await.unwrap();
    for (name, sign_in, role) in [("Ada Byron", "ada", "administrator"), ("Mara Rehn", "mara", "agent")] {
        let person = desk.person(name, &[role]).await.unwrap();
        desk.account(&person, sign_in, PASSWORD).await.unwrap();
    }
    let settings = Settings { public_url: Some("http://localhost:8080".to_owned()), ..Settings::default() };
    let mut state = AppState::new(desk.engine.clone(), settings);
    state.passkeys = Passkeys::new("http://localhost:8080", "Example").map(Arc::new);
    let provider = ProviderSettings {
        name: "example".into(),
        label: "Example".into(),
        issuer: "https://login.example".into(),
        client_id: "desk".into(),
        ..ProviderSettings::default()
    };
    state.providers = Arc::new(vec![Provider::new(provider, None, Arc::new(Described))]);
    (desk, proofdesk_web::router(state))
}

async fn steps(desk: &TestDesk) -> usize {
    desk.engine.store().select(Select::from("waiting_step", &["purpose"])).await.unwrap().len()
}

/// A form of a page, with what the browser says of where it comes from.
fn form(path: &str, site: &str, body: &str) -> Request<Body> {
    Request::post(path)
        .header("sec-fetch-site", site)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn a_sign_in_is_begun_by_a_form_of_ours_and_by_nothing_else() {
    let (desk, router) = desk(Database::Sqlite).await;
    let browser = Browser::of(&router);
    let page = browser.get("/sign-in?next=/incident").await.body;
    assert!(page.contains("method=\"post\" action=\"/sign-in/with/example\""), "{page}");
    for path in ["/sign-in/with/example", "/sign-in/with/example?next=//evil.example"] {
        let asked = browser.get(path).await;
        assert_eq!(asked.status, StatusCode::OK, "an address that somebody kept shows the button");
        assert!(asked.headers.get(header::SET_COOKIE).is_none() && !asked.body.contains("evil"));
    }
    for (path, body) in [("/sign-in/with/example", "next=/"), ("/sign-in/passkey/begin", "")] {
        for site in ["cross-site", "same-site"] {
            let refused = browser.send(form(path, site, body)).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} from {site}");
        }
    }
    assert_eq!(steps(&desk).await, 0, "nothing was kept by all that");
    let begun = browser.send(form("/sign-in/with/example", "same-origin", "next=/incident")).await;
    assert_eq!(begun.status, StatusCode::OK);
    let leads = begun.headers.get(header::REFRESH).unwrap().to_str().unwrap();
    assert!(leads.starts_with("0; url=https://login.example/auth?"), "{leads}");
    let cookie = begun.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
    assert!(cookie.starts_with("proofdesk_sign_in=") && cookie.contains("HttpOnly"), "{cookie}");
    assert_eq!(steps(&desk).await, 1);
}

#[tokio::test]
async fn a_forged_message_of_a_sign_out_ends_nothing() {
    let (_desk, router) = desk(Database::Sqlite).await;
    let browser = Browser::of(&router);
    for token in ["", "x", "eyJhbGciOiJub25lIn0.e30."] {
        let said = browser.post("/sign-in/from/example/ended", &[("logout_token", token)]).await;
        assert_eq!(said.status, StatusCode::BAD_REQUEST, "{token}");
        assert!(said.body.contains("invalid_request"));
    }
    let said = browser.post("/sign-in/from/nobody/ended", &[("logout_token", "x")]).await;
    assert_eq!(said.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn begun_sign_ins_are_limited_by_address() {
    let (desk, router) = desk(Database::Sqlite).await;
    let address: std::net::SocketAddr = "10.7.0.1:4000".parse().unwrap();
    let mut last = StatusCode::OK;
    for _ in 0..70 {
        let mut request = form("/sign-in/passkey/begin", "same-origin", "");
        request.extensions_mut().insert(axum::extract::ConnectInfo(address));
        last = router.clone().oneshot(request).await.unwrap().status();
    }
    assert_eq!(last, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(steps(&desk).await, 60);
    desk.time.advance(11 * 60_000_000);
    let mut request = form("/sign-in/passkey/begin", "same-origin", "");
    request.extensions_mut().insert(axum::extract::ConnectInfo(address));
    let again = router.clone().oneshot(request).await.unwrap().status();
    assert_eq!((again, steps(&desk).await), (StatusCode::OK, 1), "what was not taken is gone");
}

/// A directory with its token.
struct Directory<'a> {
    router: &'a Router,
    token: String,
}

impl Directory<'_> {
    async fn ask(&self, method: Method, path: &str, body: Json) -> (StatusCode, Json) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/scim+json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let answer = Browser::of(self.router).send(request.body(body).unwrap()).await;
        let json = serde_json::from_str(&answer.body).unwrap_or_default();
        (answer.status, json)
    }

    async fn patch(&self, path: &str, operation: Json) -> (StatusCode, Json) {
        self.ask(Method::PATCH, path, json!({"Operations": [operation]})).await
    }

    async fn user(&self, path: &str) -> Json {
        let (status, user) = self.ask(Method::GET, path, Json::Null).await;
        assert_eq!(status, StatusCode::OK, "{user}");
        user
    }
}

async fn directory<'a>(desk: &TestDesk, router: &'a Router) -> Directory<'a> {
    let ada = desk.engine.account_named("ada").await.unwrap().unwrap();
    let act = Act::new(&ada.caller(), Door::Cli);
    let new = NewToken { label: "directory".into(), scope: "provisioning:*".into(), ..NewToken::default() };
    let mut random = proofdesk_web::session::random();
    let (_, token) = desk.engine.create_token(&act, ada.id, &new, &mut random).await.unwrap();
    Directory { router, token }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_changes_a_part_and_the_rest_of_a_user_stays() {
    for database in BOTH {
        let (desk, router) = desk(database).await;
        let directory = directory(&desk, &router).await;
        let nora = json!({
            "userName": "nora", "name": {"givenName": "Nora Mae", "familyName": "Lund"},
            "emails": [{"value": "nora@desk.example", "type": "work", "primary": true}],
        });
        let (status, made) = directory.ask(Method::POST, "/Users", nora).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let at = format!("/Users/{}", made["id"].as_str().unwrap());
        let mail = |user: &Json| user["emails"][0]["value"].as_str().map(str::to_owned);
        // a part of the name
        let part = json!({"op": "replace", "path": "name.familyName", "value": "Berg"});
        assert_eq!(directory.patch(&at, part).await.1["displayName"], "Nora Mae Berg");
        let part = json!({"op": "replace", "path": "name", "value": {"givenName": "Nora"}});
        assert_eq!(directory.patch(&at, part).await.1["displayName"], "Nora Berg");
        // addresses: what is no list is refused and takes nothing away
        for emails in
            [json!("nora@evil.example"), json!(["nora@evil.example"]), json!([{"type": "work"}]), json!(7)]
        {
            let whole = json!({"userName": "nora", "displayName": "Nora Berg", "emails": emails});
            let (status, said) = directory.ask(Method::PUT, &at, whole).await;
            assert_eq!(
                (status, &said["scimType"]),
                (StatusCode::BAD_REQUEST, &json!("invalidValue")),
                "{emails}"
            );
            let operation = json!({"op": "replace", "path": "emails", "value": emails});
            assert_eq!(directory.patch(&at, operation).await.0, StatusCode::BAD_REQUEST, "{emails}");
            assert_eq!(mail(&directory.user(&at).await).as_deref(), Some("nora@desk.example"));
        }
        let operation =
            json!({"op": "replace", "path": "emails[type eq \"work\"].value", "value": "n@desk.example"});
        assert_eq!(mail(&directory.patch(&at, operation).await.1).as_deref(), Some("n@desk.example"));
        let operation = json!({"op": "remove", "path": "emails[type eq \"home\"].value"});
        assert_eq!(mail(&directory.patch(&at, operation).await.1).as_deref(), Some("n@desk.example"));
        let operation = json!({"op": "remove", "path": "emails[type eq \"work\"].value"});
        assert_eq!(mail(&directory.patch(&at, operation).await.1), None);
        // closed, and not opened by who says nothing of it
        let operation = json!({"op": "replace", "path": "active", "value": false});
        assert_eq!(directory.patch(&at, operation).await.1["active"], false);
        let whole = json!({"userName": "nora", "displayName": "Nora Lund"});
        let (status, now) = directory.ask(Method::PUT, &at, whole).await;
        assert_eq!(
            (status, &now["active"], &now["displayName"]),
            (StatusCode::OK, &json!(false), &json!("Nora Lund"))
        );
        let operation = json!({"op": "remove", "path": "active"});
        assert_eq!(directory.patch(&at, operation).await.1["active"], false);
        let whole = json!({"userName": "nora", "displayName": "Nora Lund", "active": true});
        assert_eq!(directory.ask(Method::PUT, &at, whole).await.1["active"], true);
        assert_eq!(desk.engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

/// All that a directory sees, and how long the log is.
async fn everything(desk: &TestDesk, directory: &Directory<'_>) -> (Json, Json, u64) {
    desk.engine.store().sequence_once().await.unwrap();
    let users = directory.ask(Method::GET, "/Users", Json::Null).await.1;
    let groups = directory.ask(Method::GET, "/Groups", Json::Null).await.1;
    (users, groups, desk.engine.store().log_size().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_directory_asks_is_done_whole_or_not_at_all() {
    for database in BOTH {
        let (desk, router) = desk(database).await;
        let directory = directory(&desk, &router).await;
        let id = async |name: &str| desk.engine.account_named(name).await.unwrap().unwrap().id.to_string();
        let (ada, mara) = (id("ada").await, id("mara").await);
        let before = everything(&desk, &directory).await;
        // mara would come before ada, the last administrator, cannot go
        let group = json!({"displayName": "administrator", "members": []});
        assert_eq!(
            directory.ask(Method::PUT, "/Groups/role-administrator", group).await.0,
            StatusCode::BAD_REQUEST
        );
        // ada would be renamed before she is closed
        let user = json!({"userName": "lovelace", "displayName": "Ada L.", "active": false, "emails": [{"value": "a@x.example"}]});
        assert_eq!(
            directory.ask(Method::PUT, &format!("/Users/{ada}"), user).await.0,
            StatusCode::BAD_REQUEST
        );
        // a team with somebody who is not there; an address that is none
        let team = json!({"displayName": "Front desk", "members": [{"value": mara}, {"value": "999"}]});
        assert_eq!(directory.ask(Method::POST, "/Groups", team).await.0, StatusCode::BAD_REQUEST);
        let user = json!({"userName": "nora", "displayName": "Nora", "emails": [{"value": "no\naddress"}]});
        assert_eq!(directory.ask(Method::POST, "/Users", user).await.0, StatusCode::BAD_REQUEST);
        let user =
            json!({"userName": "mara.rehn", "displayName": "Mara R.", "emails": [{"value": "no\naddress"}]});
        assert_eq!(
            directory.ask(Method::PUT, &format!("/Users/{mara}"), user).await.0,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(
            directory.ask(Method::DELETE, &format!("/Users/{ada}"), Json::Null).await.0,
            StatusCode::BAD_REQUEST
        );
        assert_eq!(everything(&desk, &directory).await, before, "nothing of all that is left");

        let team = json!({"displayName": "Front desk", "members": [{"value": mara}, {"value": ada}]});
        let (status, made) = directory.ask(Method::POST, "/Groups", team).await;
        assert_eq!((status, made["members"].as_array().unwrap().len()), (StatusCode::CREATED, 2), "{made}");
        // who comes and who goes in one request, the last administrator among them
        let of = desk.engine.account_named("mara").await.unwrap().unwrap();
        let cli = Act::new(&Caller::system("Setup"), Door::Cli);
        desk.engine.set_password(&cli, &of, PASSWORD, true).await.unwrap();
        let at = format!("/Groups/{}", made["id"].as_str().unwrap());
        let named = json!({"displayName": "First line", "members": [{"value": mara}]});
        let (status, now) = directory.ask(Method::PUT, &at, named).await;
        assert_eq!((status, &now["displayName"]), (StatusCode::OK, &json!("First line")), "{now}");
        assert_eq!(now["members"][0]["value"], json!(mara));
        let person = Reference::new("person", of.person);
        let found = desk.engine.load(&desk.setup(), &person).await.unwrap().unwrap();
        assert!(matches!(found.value("team"), Some(Value::Link(_))));
        let nothing = json!({"op": "remove", "path": "members", "value": []});
        assert_eq!(directory.patch(&at, nothing).await.1["members"][0]["value"], json!(mara));
        assert_eq!(desk.engine.verify(&[], |_, _| {}).await.unwrap().findings, []);
    }
}

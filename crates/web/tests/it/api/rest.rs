//! A desk with programs that ask it, and their answers.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use proofdesk_engine::{Act, Change, Door, Engine, NewToken};
use proofdesk_model::Value;
use proofdesk_testkit::{BOTH, Database, TestDesk};
use proofdesk_web::{AppState, Settings};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value as Json;
use tower::ServiceExt;

/// A desk with an agent, an auditor and a requester, `SVC-1` and `INC-1`.
pub struct Rest {
    pub desk: TestDesk,
    pub router: Router,
    pub agent: String,
    pub auditor: String,
    pub requester: String,
}

/// An answer, read whole.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Json,
}

impl Reply {
    /// A header as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }

    /// The codes of all problems, by member.
    pub fn problems(&self) -> Vec<(String, String)> {
        let all = self.json["problems"].as_array().cloned().unwrap_or_default();
        let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
        all.iter().map(|p| (text(&p["field"]), text(&p["code"]))).collect()
    }
}

/// A token of a new person with a role.
pub async fn token(desk: &TestDesk, name: &str, role: &str) -> String {
    let person = desk.person(name, &[role]).await.unwrap();
    let account = desk.account(&person, &name.to_lowercase(), "correct horse battery").await.unwrap();
    let mut random = StdRng::seed_from_u64(u64::try_from(account.id).unwrap());
    let act = Act::new(&desk.setup(), Door::Cli);
    let new = NewToken { label: "tests".to_owned(), ..NewToken::default() };
    desk.engine.create_token(&act, account.id, &new, &mut random).await.unwrap().1
}

impl Rest {
    pub async fn open(database: Database) -> Self {
        let desk = TestDesk::open(database).await.unwrap();
        let agent = token(&desk, "Mara", "agent").await;
        let auditor = token(&desk, "Ida", "auditor").await;
        let requester = token(&desk, "Uwe", "requester").await;
        desk.create("service", Change::default().with_text("name", "Point of sale")).await.unwrap();
        let accounts = desk.engine.accounts().await.unwrap();
        let uwe = accounts.iter().find(|a| a.sign_in == "uwe").unwrap().person;
        let incident = Change::default()
            .with_text("title", "Card payments declined")
            .with("reported_by", Value::Link(uwe))
            .with("service", Value::Link(1))
            .with_text("impact", "high")
            .with_text("urgency", "high");
        desk.create("incident", incident).await.unwrap();
        let router = proofdesk_web::router(AppState::new(desk.engine.clone(), Settings::default()));
        Self { desk, router, agent, auditor, requester }
    }

    pub async fn both() -> Vec<Self> {
        let mut all = Vec::new();
        for database in BOTH {
            all.push(Self::open(database).await);
        }
        all
    }

    pub fn engine(&self) -> &Engine {
        &self.desk.engine
    }

    /// Sends a request as it stands.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 * 1_048_576).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Reply { status: parts.status, headers: parts.headers, text, json }
    }

    /// Asks as the agent, with headers and a body where it is not null.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Json) -> Reply {
        self.ask_as(&self.agent, method, path, headers, body).await
    }

    pub async fn ask_as(
        &self,
        token: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Json,
    ) -> Reply {
        let mut request =
            Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() {
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        self.send(request.body(body).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], &Json::Null).await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Reply {
        self.ask("POST", path, &[], body).await
    }
}

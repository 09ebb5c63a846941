//! A desk with a little in it, and a browser that keeps its cookie.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use proofdesk_engine::{Caller, Change};
use proofdesk_model::Value;
use proofdesk_testkit::{Database, TestDesk};
use proofdesk_web::{AppState, Settings};
use tower::ServiceExt;

/// The password of every account here.
pub const PASSWORD: &str = "correct horse battery";

/// A desk with people, a service and an incident.
pub struct Desk {
    /// The desk below.
    pub desk: TestDesk,
    /// The web.
    pub router: Router,
    /// An agent.
    pub mara: Caller,
}

/// An answer, read whole.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as text.
    pub body: String,
}

impl Answer {
    /// Where it sends the browser.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

/// A browser.
pub struct Browser<'a> {
    router: &'a Router,
    cookie: String,
}

impl Desk {
    /// Opens a desk with an agent `mara`, an auditor `ida`, an SMS manager `boss`, `SVC-1` and `INC-1`.
    pub async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    /// As [`Desk::open`], with settings of its own.
    pub async fn with(settings: Settings) -> Self {
        let desk = TestDesk::open(Database::Sqlite).await.unwrap();
        let mara = desk.person("Mara Rehn", &["agent"]).await.unwrap();
        let ida = desk.person("Ida Voss", &["auditor"]).await.unwrap();
        let boss = desk.person("Bo Sand", &["sms_manager"]).await.unwrap();
        for (caller, name) in [(&mara, "mara"), (&ida, "ida"), (&boss, "boss")] {
            desk.account(caller, name, PASSWORD).await.unwrap();
        }
        desk.create("service", Change::default().with_text("name", "Point of sale")).await.unwrap();
        let incident = Change::default()
            .with_text("title", "Card payments declined at till 3 and 4")
            .with_text("description", "Every card since 10:05. **Cash works.**")
            .with("service", Value::Link(1))
            .with_text("impact", "high")
            .with_text("urgency", "high");
        desk.create("incident", incident).await.unwrap();
        let declarations = proofdesk_conformity::Declarations::shipped(desk.engine.registry()).unwrap();
        let conformity = proofdesk_conformity::Conformity::new(desk.engine.clone(), declarations);
        let settings = Settings { attachment_max: 2 * 1_048_576, ..settings };
        let registry = desk.engine.registry();
        let named = proofdesk_automation::Automations::shipped(registry);
        let automations = proofdesk_automation::Automations::load(&named, &[], registry).unwrap();
        let state = AppState::new(desk.engine.clone(), settings).with_conformity(conformity);
        let state = state.with_automations(automations.into());
        let router = proofdesk_web::router(state);
        Self { desk, router, mara }
    }

    /// A browser without a session.
    pub fn browser(&self) -> Browser<'_> {
        Browser { router: &self.router, cookie: String::new() }
    }

    /// A browser in which somebody has signed in.
    pub async fn signed_in(&self, name: &str) -> Browser<'_> {
        let mut browser = self.browser();
        let answer = browser.post("/sign-in", &[("sign_in", name), ("password", PASSWORD)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }
}

impl Browser<'_> {
    /// A browser without a session at another desk.
    pub fn of(router: &Router) -> Browser<'_> {
        Browser { router, cookie: String::new() }
    }

    /// Sends this cookie from now on.
    pub fn keep(&mut self, cookie: &str) {
        cookie.clone_into(&mut self.cookie);
    }

    /// The session's cookie.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// Opens an address.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form from our own pages.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, fields).await
    }

    /// Sends a form as a page of this relation to ours would.
    pub async fn post_from(&self, site: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let pairs: Vec<String> = fields.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect();
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", site)
            .body(Body::from(pairs.join("&")))
            .unwrap();
        self.send(request).await
    }

    /// Sends any request with the cookie.
    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if !self.cookie.is_empty() {
            request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 16 * 1_048_576).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

fn escape(text: &str) -> String {
    proofdesk_web::layout::escape_query(text)
}

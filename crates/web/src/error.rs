//! Errors on their way to the browser or to a program: one place that turns them into a page or into
//! `application/problem+json` (RFC 9457).
//!
//! A handler returns [`WebError`]; it travels as a response with a [`Failure`] beside it, and [`render`] writes
//! the body once it knows who asked. What went wrong inside goes to the log once; the page has the request id.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use proofdesk_engine::{Conflict, Error, Problem};
use serde_json::json;

use crate::language::{Language, Words};
use crate::layout::{self, Page};
use crate::pages;
use crate::security::RequestId;
use crate::session::Visit;
use crate::state::AppState;

/// How long the page of a fault waits for who asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a handler may fail with.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] Error),
    /// Nothing is there, or the caller may not know.
    #[error("There is no {0}.")]
    NotFound(String),
    /// Nobody is signed in: the browser goes to the sign-in page and then to this address.
    #[error("Sign in first.")]
    SignIn {
        /// Where it goes on: a page, or the one with the form that was sent.
        next: String,
        /// Something was sent, and is not taken: the sign-in page says so.
        sent: bool,
    },
    /// A write from another site.
    #[error("This request came from another site and was refused. Open the page here and try again.")]
    CrossSite,
    /// Too many requests; seconds to wait.
    #[error("You asked more often than this desk allows. Wait {0} s and try again.")]
    TooOften(u64),
    /// The request cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// A fault of ours.
    #[error("{0}")]
    Fault(String),
}

impl From<proofdesk_conformity::Error> for WebError {
    fn from(error: proofdesk_conformity::Error) -> Self {
        use proofdesk_conformity::Error as Conformity;
        match error {
            Conformity::Engine(error) => Self::Engine(error),
            Conformity::Store(error) => Self::Engine(error.into()),
            Conformity::NotFound(what) => Self::NotFound(what),
            Conformity::Invalid(problems) => Self::Engine(Error::Invalid(problems)),
            Conformity::Forbidden(problems) => Self::Engine(Error::Forbidden(problems)),
            Conformity::Declarations(mistakes) => Self::Fault(mistakes.to_string()),
        }
    }
}

impl From<proofdesk_setup::Error> for WebError {
    fn from(error: proofdesk_setup::Error) -> Self {
        use proofdesk_setup::Error as Setup;
        match error {
            Setup::Engine(error) => Self::Engine(error),
            Setup::File(what) => Self::Unreadable(what),
            other @ (Setup::Guide(_) | Setup::Answers(_)) => Self::Fault(other.to_string()),
        }
    }
}

/// A failure in the form that both a page and a problem document are written from.
#[derive(Debug, Clone)]
pub struct Failure {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable word for programs.
    pub code: &'static str,
    /// What is wrong, short.
    pub title: &'static str,
    /// What is wrong and what to do.
    pub detail: String,
    /// All problems of the input.
    pub problems: Vec<Problem>,
    /// What changed meanwhile, for a conflict.
    pub conflict: Option<Conflict>,
    /// Seconds to wait, for who asked too often.
    pub wait: Option<u64>,
}

impl WebError {
    /// The failure that people and programs are told of.
    pub fn failure(self) -> Failure {
        let text = self.to_string();
        let plain = |status, code, title| Failure {
            status,
            code,
            title,
            detail: text.clone(),
            problems: Vec::new(),
            conflict: None,
            wait: None,
        };
        match self {
            Self::NotFound(_) | Self::Engine(Error::NotFound(_)) => {
                plain(StatusCode::NOT_FOUND, "not_found", "Nothing is here")
            }
            Self::SignIn { .. } => plain(StatusCode::UNAUTHORIZED, "sign_in", "Sign in first"),
            Self::CrossSite => plain(StatusCode::FORBIDDEN, "cross_site", "Refused"),
            Self::TooOften(seconds) => Failure {
                wait: Some(seconds),
                ..plain(StatusCode::TOO_MANY_REQUESTS, "too_often", "Too many requests")
            },
            Self::Unreadable(_) => plain(StatusCode::BAD_REQUEST, "unreadable", "The request cannot be read"),
            Self::Engine(Error::Forbidden(problems)) => Failure {
                problems: problems.0,
                ..plain(StatusCode::FORBIDDEN, "forbidden", "You may not do this")
            },
            Self::Engine(Error::Invalid(problems)) => Failure {
                problems: problems.0,
                ..plain(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Something needs another look")
            },
            Self::Engine(Error::Conflict(conflict)) => Failure {
                conflict: Some(*conflict),
                ..plain(StatusCode::CONFLICT, "conflict", "Somebody else was faster")
            },
            Self::Engine(Error::TooLarge(_)) => {
                plain(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "This is too large")
            }
            Self::Engine(Error::Damaged) => {
                plain(StatusCode::INTERNAL_SERVER_ERROR, "damaged", "This file was changed")
            }
            Self::Engine(Error::Full) => plain(StatusCode::INSUFFICIENT_STORAGE, "full", "The disk is full"),
            Self::Engine(Error::Unavailable | Error::Taken) => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database is away")
            }
            Self::Engine(Error::NotScanned) => {
                plain(StatusCode::SERVICE_UNAVAILABLE, "not_scanned", "No file can be taken at present")
            }
            Self::Engine(Error::NoPasswordList) => plain(
                StatusCode::SERVICE_UNAVAILABLE,
                "no_password_list",
                "No password can be set at present",
            ),
            Self::Engine(Error::Internal(chain)) | Self::Fault(chain) => {
                tracing::error!(%chain, "a request failed");
                Failure {
                    detail: "The fault is ours and is in the log under the id below. Nothing was written; try again, \
                             and tell the operator if it stays."
                        .to_owned(),
                    ..plain(StatusCode::INTERNAL_SERVER_ERROR, "fault", "Something failed on our side")
                }
            }
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        if let Self::SignIn { next, sent } = &self {
            let said = if *sent { "&said=unsent" } else { "" };
            let to = format!("/sign-in?next={}{said}", layout::escape_query(next));
            let mut response = Redirect::to(&to).into_response();
            response.extensions_mut().insert(Arc::new(self.failure()));
            return response;
        }
        let failure = self.failure();
        let mut response = failure.status.into_response();
        if let Some(seconds) = failure.wait {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(Arc::new(failure));
        response
    }
}

/// Writes the body of failures: a problem document for programs, else a page.
pub async fn render(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().map_or(String::new(), |r| r.0.clone());
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let program = request.uri().path().starts_with("/api/") || accept.starts_with("application/json");
    let words = Words(Language::of_headers(request.headers()));
    let portal = ["/portal", "/status", "/sign-in", "/link/", "/decide/"]
        .iter()
        .any(|p| request.uri().path().starts_with(p));
    let reads = request.method() == Method::GET;
    let (parts, body) = request.into_parts();
    // kept for the frame of a page that says what went wrong
    let asked = (!program && !portal).then(|| parts.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    let failure = match response.extensions().get::<Arc<Failure>>() {
        Some(failure) => failure.clone(),
        // refused by axum itself: a form that is none, a body that is too large
        None if response.status().is_client_error() && !is_page(&response) => {
            Arc::new(refused(response.status()))
        }
        None => return response,
    };
    if failure.status.is_server_error() {
        tracing::error!(request = %id, status = failure.status.as_u16(), "failed");
    }
    if program {
        let mut written = problem(&failure, &id, &state);
        for name in [header::ALLOW, header::WWW_AUTHENTICATE, header::RETRY_AFTER] {
            if let Some(value) = response.headers().get(&name) {
                written.headers_mut().insert(name, value.clone());
            }
        }
        // the log tells by what it was refused
        written.extensions_mut().insert(failure);
        return written;
    }
    if response.status().is_redirection() {
        return response;
    }
    // whoever asks too often is not looked up for the frame of a page, and is told in his language
    if failure.status == StatusCode::TOO_MANY_REQUESTS {
        let page = pages::portal::failure(words, &failure, &id, &state.organization());
        let mut told = (failure.status, page).into_response();
        if let Some(value) = response.headers().get(header::RETRY_AFTER) {
            told.headers_mut().insert(header::RETRY_AFTER, value.clone());
        }
        return told;
    }
    let page = if portal {
        pages::portal::failure(words, &failure, &id, &state.organization())
    } else {
        let visit = match asked {
            Some(parts) => visitor(parts, failure.status, &state).await,
            None => None,
        };
        match visit {
            // customers and users know the portal only
            Some(visit) if visit.is_customer() => {
                let instead = if reads { pages::portal::instead(&visit, &visit.path).await } else { None };
                if let Some(to) = instead {
                    return Redirect::to(&to).into_response();
                }
                let words = pages::portal::words_of(&visit, words).await;
                pages::portal::failure(words, &failure, &id, &state.organization())
            }
            visit => page(&failure, &id, &state, visit.as_ref()),
        }
    };
    let mut written = (failure.status, page).into_response();
    written.extensions_mut().insert(failure);
    written
}

/// Who asked, for the frame of the page. A database that is away or full is asked nothing more, and one that failed is
/// not waited for.
async fn visitor(mut parts: Parts, status: StatusCode, state: &AppState) -> Option<Visit> {
    let ask = Visit::from_request_parts(&mut parts, state);
    match status {
        StatusCode::INTERNAL_SERVER_ERROR => tokio::time::timeout(PATIENCE, ask).await.ok()?.ok(),
        status if status.is_client_error() => ask.await.ok(),
        _ => None,
    }
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html") || kind.contains("json")
}

fn refused(status: StatusCode) -> Failure {
    let (code, title, detail) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("too_large", "This is too large", "A form may have at most 2 MB. Attach long texts as files.")
        }
        StatusCode::METHOD_NOT_ALLOWED => {
            ("method", "Not possible here", "This address does not take this kind of request.")
        }
        StatusCode::NOT_FOUND => ("not_found", "Nothing is here", "There is no page at this address."),
        _ => (
            "unreadable",
            "The request cannot be read",
            "Go back, open the page again and send the form once more.",
        ),
    };
    Failure {
        status,
        code,
        title,
        detail: detail.to_owned(),
        problems: Vec::new(),
        conflict: None,
        wait: None,
    }
}

fn problem(failure: &Failure, id: &str, state: &AppState) -> Response {
    let mut body = json!({
        "type": format!("urn:proofdesk:problem:{}", failure.code),
        "title": failure.title,
        "status": failure.status.as_u16(),
        "detail": failure.detail,
        "instance": format!("urn:proofdesk:request:{id}"),
    });
    if !failure.problems.is_empty() {
        body["problems"] = json!(failure.problems);
    }
    if let Some(conflict) = &failure.conflict {
        body["conflict"] = crate::api::json::conflict(state.engine.registry(), conflict);
    }
    let mut response = (failure.status, body.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if failure.status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// The page of a failure, in the frame of who is signed in.
fn page(failure: &Failure, id: &str, state: &AppState, visit: Option<&Visit>) -> Markup {
    let body = html! {
        section.card { div.body.stack {
            p.small.muted { (failure.status.as_u16()) }
            h1 { (failure.title) }
            p { (failure.detail) }
            @if failure.problems.len() > 1 {
                ul.stack.tight { @for problem in &failure.problems { li { (problem.message) } } }
            }
            p.row { a.button href="/desk" { "Go to the desk" } a.button.quiet href="/search" { "Search" } }
            p.tiny.faint { "Request " span.mono { (id) } }
        } }
    };
    match visit {
        Some(visit) => {
            let crumbs = vec![(failure.title.to_owned(), None)];
            layout::frame(visit, Page::new(failure.title, crumbs, body))
        }
        None => layout::gate(failure.title, &state.organization(), &body),
    }
}

//! What a handler of the interface may fail with; [`crate::error::render`] writes it as `application/problem+json`.
//!
//! Source: RFC 9457; RFC 9110 for the status codes and their headers.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use proofdesk_engine::{Error, Problem, Problems};

use crate::error::{Failure, WebError};

/// A refusal or a fault, with the headers that belong to it.
#[derive(Debug)]
pub struct ApiError {
    failure: Box<Failure>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// A failure of this status.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        let detail = detail.into();
        let failure =
            Failure { status, code, title, detail, problems: Vec::new(), conflict: None, wait: None };
        Self { failure: Box::new(failure), headers: Vec::new() }
    }

    /// The request cannot be read at all.
    pub fn unreadable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unreadable", "The request cannot be read", detail)
    }

    /// One part of the address, of the headers or of the query is not what it must be.
    pub fn parameter(name: &str, code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let mut error = Self::unreadable(format!("{name}: {message}"));
        error.failure.problems.push(Problem::new(name, code, message));
        error
    }

    /// Nothing is there, or the caller may not know.
    pub fn not_found(what: impl Into<String>) -> Self {
        WebError::NotFound(what.into()).into()
    }

    /// Nobody is known to be asking; `why` for a token that is none.
    pub fn who(why: Option<&str>) -> Self {
        let detail = why.unwrap_or(
            "Send a token as `Authorization: Bearer pd_…`; people make one on their account page.",
        );
        let mut error = Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Say who is asking", detail);
        let challenge = if why.is_some() {
            "Bearer realm=\"proofdesk\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"proofdesk\""
        };
        error.headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)));
        error
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }

    /// A conflict of somebody who said `If-Match`: the condition of the request failed.
    #[must_use]
    pub fn as_failed_precondition(mut self) -> Self {
        if self.failure.conflict.is_some() {
            self.failure.status = StatusCode::PRECONDITION_FAILED;
            self.failure.code = "stale";
        }
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.failure.status
    }
}

impl From<WebError> for ApiError {
    fn from(error: WebError) -> Self {
        Self { failure: Box::new(error.failure()), headers: Vec::new() }
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        WebError::Engine(error).into()
    }
}

impl From<Problems> for ApiError {
    fn from(problems: Problems) -> Self {
        Error::Invalid(problems).into()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.failure.status.into_response();
        response.headers_mut().extend(self.headers);
        response.extensions_mut().insert(Arc::<Failure>::from(self.failure));
        response
    }
}

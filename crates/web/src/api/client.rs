//! Who asks: a program with a token, or a browser with a session; and what it can read.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum_extra::extract::CookieJar;
use proofdesk_engine::{Account, Act, Action, Caller, Door, Engine, Reference};
use proofdesk_model::{RecordType, Registry};

use crate::api::problem::ApiError;
use crate::bearer::Sent;
use crate::security::Logged;
use crate::session::{account_of, cookie_name, session_of};
use crate::state::AppState;

/// A caller of the interface.
#[derive(Clone)]
pub struct Client {
    /// Shared state.
    pub state: AppState,
    /// Whose token or session it is.
    pub account: Account,
    /// Who that is to the engine.
    pub caller: Caller,
    /// The session's secret, where a browser asks.
    pub(crate) session: Option<String>,
}

impl Client {
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// What the caller does on accounts.
    pub fn act(&self) -> Act {
        Act::new(&self.caller, Door::Api)
    }

    /// The declared types.
    pub fn registry(&self) -> &Registry {
        self.state.engine.registry()
    }

    /// A type by its name, as far as the caller may read it: another type does not exist for him.
    ///
    /// # Errors
    /// 404.
    pub fn require_type(&self, name: &str) -> Result<Arc<RecordType>, ApiError> {
        let found = self.registry().get(name).filter(|of| self.caller.may(of, &Action::Read));
        found.cloned().ok_or_else(|| ApiError::not_found(format!("record type `{}`", short(name))))
    }

    /// The record that an address names, written as [`RecordType::reference`] writes it.
    ///
    /// # Errors
    /// 404.
    pub fn require_reference(
        &self,
        name: &str,
        written: &str,
    ) -> Result<(Arc<RecordType>, Reference), ApiError> {
        let of = self.require_type(name)?;
        let found = self.registry().parse_reference(written).filter(|r| r.record_type == of.name);
        let found = found.filter(|r| of.reference(r.number) == written);
        found.map(|r| (of, r)).ok_or_else(|| ApiError::not_found(format!("record {}", short(written))))
    }
}

/// The beginning of a text that somebody sent, fit to be said back.
pub fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}

impl FromRequestParts<AppState> for Client {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let mut own = None;
        let (account, scope) = match Sent::read(&parts.headers) {
            Sent::Unreadable => {
                return Err(ApiError::who(Some("The header must read `Authorization: Bearer pd_…`.")));
            }
            Sent::Token(token) => {
                let found = account_of(parts, token, state).await?;
                found.ok_or_else(|| ApiError::who(Some("This token is unknown, or it has ended.")))?
            }
            Sent::Nothing => {
                let jar = CookieJar::from_headers(&parts.headers);
                let Some(cookie) = jar.get(cookie_name(state.settings.secure)) else {
                    return Err(ApiError::who(None));
                };
                let session = session_of(parts, cookie.value(), state).await?;
                own = Some(cookie.value().to_owned());
                (session.ok_or_else(|| ApiError::who(Some("The session is over.")))?.account, None)
            }
        };
        Logged::tell(parts, &account);
        let path = parts.uri.path();
        let named = path.strip_prefix("/api/v1/").unwrap_or_default().trim_end_matches('/');
        let is_list = state.engine.registry().get(named).is_some();
        check_accept(&parts.headers, path, is_list)?;
        let caller = Caller { scope, ..account.caller() };
        check_scope(&caller, &parts.method, path)?;
        Ok(Self { state: state.clone(), account, caller, session: own })
    }
}

/// Refuses what a token does not reach and what is no record: records are asked at every access.
fn check_scope(caller: &Caller, method: &Method, path: &str) -> Result<(), ApiError> {
    let rest = path.strip_prefix("/api/v1/").unwrap_or_default();
    let area = match rest.split('/').next().unwrap_or_default() {
        "accounts" | "tokens" | "sessions" | "webhooks" => "account",
        "conformity" | "figures" | "automations" => "conformity",
        "log" => "log",
        "views" => "view",
        _ => return Ok(()),
    };
    let action = if matches!(*method, Method::GET | Method::HEAD) { "read" } else { "update" };
    // a judgement is a note of conformity
    let reached = caller.reaches(area, action) || (area == "conformity" && caller.reaches(area, "note"));
    if reached {
        return Ok(());
    }
    let message = format!("This token does not reach `{area}:{action}`.");
    Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", "You may not do this", message))
}

/// Refuses a request that takes nothing of what this interface writes.
fn check_accept(headers: &HeaderMap, path: &str, is_list: bool) -> Result<(), ApiError> {
    let Some(accept) = headers.get(header::ACCEPT) else { return Ok(()) };
    let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
    let ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    let is_file =
        path.contains("/attachments/") || path.ends_with("/checkpoint") || path.contains("/export.");
    if is_list && crate::export::accepted(headers).is_some() {
        return Ok(());
    }
    let known = ["*/*", "application/*", "application/json", "application/problem+json", ""];
    if is_file || ranges.into_iter().any(|range| known.contains(&range)) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::NOT_ACCEPTABLE,
        "not_acceptable",
        "Not in this form",
        "This interface writes application/json, lists also as text/csv and as XLSX, and application/problem+json for errors.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{HeaderMap, check_accept, header};

    #[test]
    fn only_what_can_be_written_is_acceptable() {
        for (accept, path, allowed) in [
            ("*/*", "/api/v1/me", true),
            ("text/html, application/json;q=0.5", "/api/v1/me", true),
            ("application/problem+json", "/api/v1/me", true),
            ("text/csv", "/api/v1/me", false),
            ("text/csv", "/api/v1/incident", true),
            ("text/html", "/api/v1/incident", false),
            ("text/csv", "/api/v1/incident/export.csv", true),
            ("image/png", "/api/v1/incident/INC-1/attachments/x", true),
            ("text/plain", "/api/v1/log/checkpoint", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(
                check_accept(&headers, path, path.ends_with("/incident")).is_ok(),
                allowed,
                "{accept} {path}"
            );
        }
    }
}

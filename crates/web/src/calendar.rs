//! `/calendar/{secret}`: the calendar of a person for calendar programs, which send no sign-in; the address is the secret.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use proofdesk_engine::Record;

use crate::error::WebError;
use crate::menu;
use crate::state::AppState;

/// The feed.
pub fn router() -> Router<AppState> {
    Router::new().route("/calendar/{secret}", get(show))
}

/// The address of a feed, below the desk's own.
pub fn address(secret: &str) -> String {
    format!("/calendar/{secret}.ics")
}

async fn show(State(state): State<AppState>, Path(secret): Path<String>) -> Result<Response, WebError> {
    let missing = || WebError::NotFound("calendar at this address".to_owned());
    let secret = secret.strip_suffix(".ics").unwrap_or(&secret);
    let account = state.engine.account_of_calendar(secret).await?.ok_or_else(missing)?;
    let doors = state.doors.clone().ok_or_else(missing)?;
    let page = |record: &Record| format!("/{}/{}", menu::slug(&record.of), record.reference());
    let (name, base) = (state.organization(), state.settings.public_url.as_deref());
    let text =
        proofdesk_doors::calendar::feed(&state.engine, &doors, &account.caller(), &name, (base, &page))
            .await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, text).into_response())
}

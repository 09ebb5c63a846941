//! Automations: which are on, and a dry run of one over past records.

use axum::Router;
use axum::extract::Path;
use axum::http::Uri;
use axum::routing::get;
use serde_json::json;

use crate::api::client::Client;
use crate::api::conformity::written;
use crate::api::input::Params;
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::error::WebError;
use crate::pages::automations::{LOOKED_AT, require};
use crate::state::AppState;

/// The most records that a dry run looks at.
pub const PAST_MAX: i64 = 2_000;

/// `/api/v1/automations` and below it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/automations", get(list))
        .route("/api/v1/automations/{automation}", get(one))
        .route("/api/v1/automations/{automation}/past", get(past))
}

async fn list(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    require(&client.caller)?;
    Params::read(&uri, &[])?;
    let all: Vec<_> = client.state.automations.iter().collect();
    Ok(Answer::ok(json!({"automations": written(client.registry(), &all)?})))
}

async fn one(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    require(&client.caller)?;
    Params::read(&uri, &[])?;
    let found = client.state.automations.get(&name).map_err(WebError::from)?;
    Ok(Answer::ok(written(client.registry(), found)?))
}

async fn past(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    require(&client.caller)?;
    let params = Params::read(&uri, &["records"])?;
    let most = params.number("records", 1, PAST_MAX, LOOKED_AT as i64)?;
    let most = usize::try_from(most).unwrap_or(LOOKED_AT);
    let found = client.state.automations.past(&client.state.engine, &client.caller, &name, most);
    Ok(Answer::ok(written(client.registry(), &found.await.map_err(WebError::from)?)?))
}

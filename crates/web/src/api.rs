//! The interface for programs, `/api/v1`: everything that the pages do, generated from the declarations.
//!
//! Each file is one area; [`openapi`] describes all of it from the same declarations. `docs/api.md` is the guide.
//! Source: RFC 9110, RFC 9457, RFC 8288 (Link), RFC 7396 (partial changes), OpenAPI 3.1.
//! Invariant: no input makes a fault of the server; all problems of an input are said at once.

pub mod accounts;
pub mod automations;
pub mod beside;
pub mod client;
pub mod conformity;
pub mod desk;
pub mod documents;
pub mod doors;
pub mod export;
pub mod files;
pub mod frameworks;
pub mod hooks;
pub mod input;
pub mod json;
pub mod keyed;
pub mod log;
pub mod mail;
pub mod me;
pub mod once;
pub mod openapi;
pub mod page;
pub mod problem;
pub mod records;

use axum::Router;

pub use openapi::openapi;

use crate::api::problem::ApiError;
use crate::state::AppState;

/// All of the interface, and the page that describes it. Fixed addresses come before those of record types.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(desk::router())
        .merge(me::router())
        .merge(accounts::router())
        .merge(log::router())
        .merge(mail::router())
        .merge(conformity::router())
        .merge(documents::router())
        .merge(doors::router())
        .merge(export::router())
        .merge(frameworks::router())
        .merge(automations::router())
        .merge(hooks::router())
        .merge(records::router())
        .merge(beside::router())
        .merge(files::router())
        .merge(page::router())
        .route("/api/{*rest}", axum::routing::any(nothing_here))
}

async fn nothing_here() -> ApiError {
    ApiError::not_found("resource at this address; GET /api/v1 says what there is")
}

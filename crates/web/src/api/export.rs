//! Lists as CSV and as spreadsheets: `…/export.csv`, `…/export.xlsx`, and a list asked for by `Accept`.
//!
//! Headings are the names of members and CSV has their written forms, so that both can be read back by a program.

use axum::Router;
use axum::extract::Path;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use proofdesk_engine::Error;
use proofdesk_report::export::{Form, Naming, Table, Wanted};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::problem::ApiError;
use crate::api::records::FILTER_MAX;
use crate::state::AppState;

/// `/api/v1/{type}/export.csv` and `…/export.xlsx`.
pub fn router() -> Router<AppState> {
    Router::new().route("/api/v1/{type}/export.csv", get(csv)).route("/api/v1/{type}/export.xlsx", get(xlsx))
}

/// Names of the query of an export.
pub const QUERY: [&str; 4] = ["filter", "sort", "order", "fields"];

async fn csv(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Response, ApiError> {
    export(&client, &name, &uri, Form::Csv).await
}

async fn xlsx(client: Client, Path(name): Path<String>, uri: Uri) -> Result<Response, ApiError> {
    export(&client, &name, &uri, Form::Xlsx).await
}

/// The whole list in a form. Paging and search have no meaning here and are refused.
///
/// # Errors
/// 400, 404, 413 for more rows than a spreadsheet holds, 422.
pub async fn export(client: &Client, name: &str, uri: &Uri, form: Form) -> Result<Response, ApiError> {
    let of = client.require_type(name)?;
    let params = Params::read(uri, &QUERY)?;
    let descending = params.word("order", &["asc", "desc"])? == "desc";
    let engine = client.engine();
    if params.text("filter").is_some_and(|f| f.chars().count() > FILTER_MAX) {
        let message = format!("A condition has at most {FILTER_MAX} characters here.");
        return Err(Error::invalid("filter", "size", message).into());
    }
    let filter = params.text("filter").map(|source| engine.condition(source, &of.name)).transpose()?;
    let fields = params
        .text("fields")
        .map(|text| text.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect());
    let wanted = Wanted {
        of,
        filter,
        sort: params.text("sort").unwrap_or_default().to_owned(),
        descending,
        fields,
        naming: Naming::Names,
        zone: client.state.zone(),
    };
    let table = Table::new(engine, &client.caller, wanted)?;
    Ok(crate::export::answer(table, form, false).await?)
}

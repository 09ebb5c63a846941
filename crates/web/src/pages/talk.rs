//! What people do with a record beside changing its fields: comments, watching, linking and unlinking.

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use proofdesk_engine::{Audience, Change, Door, Error, LinkChange, Reference, Target};
use proofdesk_model::format::{self, Input};
use proofdesk_model::{Kind, Value};

use crate::error::WebError;
use crate::form::Typed;
use crate::form::sent::Texts;
use crate::pages::{address, record, require_reference};
use crate::session::Visit;
use crate::state::AppState;

/// The small forms of a record's page.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/{slug}/{reference}/comment", post(comment))
        .route("/{slug}/{reference}/watch", post(watch))
        .route("/{slug}/{reference}/link", post(link))
        .route("/{slug}/{reference}/unlink", post(unlink))
}

async fn comment(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let typed = Typed::new(pairs);
    let staff = typed.text("audience").is_some_and(|a| a == "staff");
    let audience = if staff { Audience::Staff } else { Audience::Customer };
    let body = typed.text("body").unwrap_or_default();
    match visit.engine().comment(&visit.caller, &reference, audience, &body, Door::Page).await {
        Ok(_) => Ok(Redirect::to(&address(&visit, &reference)).into_response()),
        Err(error) => record::again(&visit, reference, "", "comment", typed, error.into()).await,
    }
}

async fn watch(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let typed = Typed::new(pairs);
    let watching = typed.text("watching").is_none_or(|w| w != "no");
    match visit.engine().watch(&visit.caller, &reference, watching, Door::Page).await {
        Ok(_) => Ok(Redirect::to(&address(&visit, &reference)).into_response()),
        Err(error) => record::again(&visit, reference, "", "watch", typed, error.into()).await,
    }
}

async fn link(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    relate(&visit, &slug, &written, Typed::new(pairs), true).await
}

async fn unlink(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    relate(&visit, &slug, &written, Typed::new(pairs), false).await
}

/// Adds or removes a relation and shows the record's relations again, with what is wrong where it was refused.
async fn relate(
    visit: &Visit,
    slug: &str,
    written: &str,
    typed: Typed,
    add: bool,
) -> Result<Response, WebError> {
    let reference = require_reference(visit, slug, written)?;
    let outcome = match change_of(visit, &reference, &typed, add) {
        Ok(change) => {
            let target = Target::Existing(reference.clone(), None);
            visit.engine().apply(&visit.caller, target, change, Door::Page).await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(_) => Ok(Redirect::to(&format!("{}?tab=related", address(visit, &reference))).into_response()),
        Err(error) => record::again(visit, reference, "related", "link", typed, error.into()).await,
    }
}

/// What adding or removing a relation changes, seen from either side; a single link is a value of the record.
fn change_of(visit: &Visit, reference: &Reference, typed: &Typed, add: bool) -> Result<Change, Error> {
    let of = visit.engine().require_type(&reference.record_type)?;
    let relation = typed.text("relation").unwrap_or_default();
    let text = typed.text("to").unwrap_or_default();
    match of.field(&relation) {
        Some(field) if matches!(field.kind, Kind::Link { .. } | Kind::Person | Kind::Team) => {
            let input = Input { zone: visit.zone(), registry: visit.registry() };
            let value = if add {
                format::parse(field, &text, &input).map_err(|m| Error::invalid(&relation, "format", m))?
            } else {
                Value::Null
            };
            Ok(Change::default().with(&relation, value))
        }
        _ => {
            let first = text.split_whitespace().next().unwrap_or_default();
            let to: Reference = visit.registry().parse_reference(first).ok_or_else(|| {
                Error::invalid("to", "format", "Name the other record by its reference, such as PRB-87.")
            })?;
            Ok(Change { links: vec![LinkChange { relation, to, add }], ..Change::default() })
        }
    }
}

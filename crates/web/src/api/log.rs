//! The log: its state, its checkpoints, and proofs that an entry is in it and that it only grew.

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use proofdesk_engine::{Action, Checkpoint, Error};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::once::Answer;
use crate::api::problem::ApiError;
use crate::state::AppState;

/// `/api/v1/log` and below it.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/api/v1/log", get(state))
        .route("/api/v1/log/checkpoint", get(newest))
        .route("/api/v1/log/checkpoints", get(checkpoints))
        .route("/api/v1/log/entries/{entry}/proof", get(proof))
        .route("/api/v1/log/consistency", get(consistency))
}

fn checkpoint(found: &Checkpoint) -> Json {
    json!({"size": found.size, "at": write_instant(found.at), "note": found.note})
}

async fn state(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let state = client.engine().log_state().await?;
    Ok(Answer::ok(json!({
        "origin": state.origin,
        "size": state.size,
        "root": state.root,
        "pending": state.pending,
        "checkpoint": state.checkpoint.as_ref().map(checkpoint),
    })))
}

async fn newest(client: Client, uri: Uri) -> Result<Response, ApiError> {
    Params::read(&uri, &[])?;
    let newest = client.engine().latest_checkpoint().await?;
    let newest = newest.ok_or_else(|| ApiError::not_found("checkpoint yet"))?;
    let mut response = newest.note.into_response();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

async fn checkpoints(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["limit"])?;
    let limit = usize::try_from(params.number("limit", 1, 200, 50)?).unwrap_or(50);
    let found = client.engine().checkpoints(limit).await?;
    Ok(Answer::ok(json!({"checkpoints": found.iter().map(checkpoint).collect::<Vec<_>>()})))
}

async fn proof(client: Client, Path(entry): Path<String>, uri: Uri) -> Result<Answer, ApiError> {
    Params::read(&uri, &[])?;
    let missing = || ApiError::not_found(format!("log entry {}", super::client::short(&entry)));
    let id: i64 = entry.parse().map_err(|_| missing())?;
    let engine = client.engine();
    let (reference, item) = engine.entry(&client.caller, id).await?.ok_or_else(missing)?;
    let Some(of) = client.registry().get(&reference.record_type) else {
        // runs and judgements are sealed under names of their own
        if !super::conformity::is_inside(&client) {
            return Err(missing());
        }
        return proof_of(&client, id, format!("{} {}", reference.record_type, reference.number)).await;
    };
    // the proof shows the entry's bytes, so it is for those who may read what is in them
    let hidden = !item.is_whole && client.caller.reads_as_requester(of);
    if hidden || !client.caller.may(of, &Action::Read) {
        return Err(missing());
    }
    engine.load(&client.caller, &reference).await?.ok_or_else(missing)?;
    proof_of(&client, id, of.reference(reference.number)).await
}

async fn proof_of(client: &Client, id: i64, reference: String) -> Result<Answer, ApiError> {
    let proof = client.engine().prove(id).await?;
    Ok(Answer::ok(json!({
        "entry": id,
        "reference": reference,
        "leaf_index": proof.leaf_index,
        "tree_size": proof.tree_size,
        "leaf_hash": proof.leaf_hash,
        "path": proof.path,
        "root": proof.root,
        "checkpoint": proof.checkpoint.as_ref().map(checkpoint),
        "body": proof.body,
    })))
}

async fn consistency(client: Client, uri: Uri) -> Result<Answer, ApiError> {
    let params = Params::read(&uri, &["old", "new"])?;
    let size = |name: &str| -> Result<u64, ApiError> {
        if params.given(name).is_none() {
            return Err(ApiError::parameter(name, "required", "is a size of the tree"));
        }
        let number = params.number(name, 1, i64::MAX, 1)?;
        u64::try_from(number).map_err(|_| Error::invalid(name, "range", "is a size of the tree").into())
    };
    let (old, new) = (size("old")?, size("new")?);
    let path = client.engine().prove_consistency(old, new).await?;
    let (old_root, new_root) = (client.engine().root_at(old).await?, client.engine().root_at(new).await?);
    Ok(Answer::ok(json!({
        "old_size": old,
        "new_size": new,
        "old_root": hex::encode(old_root),
        "new_root": hex::encode(new_root),
        "path": path,
    })))
}

//! Files of a record: streamed in as a form with one file, streamed out as they are.

use axum::Router;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use proofdesk_engine::{Action, Attachment, Audience, Door, Error, Reference};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::once::{Answer, KEY};
use crate::api::problem::ApiError;
use crate::state::AppState;

/// `…/attachments` and `…/attachments/{id}`.
pub fn router() -> Router<AppState> {
    // the engine counts the bytes of a file; the limit of other bodies would be in the way
    let all = get(list).post(add).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/api/v1/{type}/{reference}/attachments", all)
        .route("/api/v1/{type}/{reference}/attachments/{id}", get(fetch))
}

fn written(client: &Client, file: &Attachment) -> Json {
    json!({
        "id": file.id,
        "name": file.name,
        "media_type": file.media_type,
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "at": write_instant(file.at),
        "person": file.person.map(|n| client.registry().write_reference(&Reference::new("person", n))),
        "audience": file.audience.as_str(),
    })
}

async fn list(
    client: Client,
    Path((name, number)): Path<(String, String)>,
    uri: Uri,
) -> Result<Answer, ApiError> {
    let (_, reference) = client.require_reference(&name, &number)?;
    Params::read(&uri, &[])?;
    client.engine().require(&client.caller, &reference).await?;
    let files = client.engine().attachments(&client.caller, &reference).await?;
    let files: Vec<Json> = files.iter().map(|f| written(&client, f)).collect();
    Ok(Answer::ok(json!({"attachments": files})))
}

fn unreadable(error: &MultipartError) -> ApiError {
    ApiError::unreadable(format!("The form with the file cannot be read: {}.", error.body_text()))
}

async fn add(
    client: Client,
    Path((name, number)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<Answer, ApiError> {
    let (of, reference) = client.require_reference(&name, &number)?;
    let params = Params::read(&uri, &["audience"])?;
    let audience = match params.word("audience", &["customer", "staff"])? {
        "staff" => Audience::Staff,
        _ => Audience::Customer,
    };
    if headers.contains_key(KEY) {
        let message = "is not taken with files: their SHA-256 tells whether one is there already";
        return Err(ApiError::parameter("Idempotency-Key", "unknown", message));
    }
    of.permit(&client.caller, Action::Attach, None).map_err(Error::Forbidden)?;
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(ApiError::new(
            axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "Not in this form",
            "Send the file as multipart/form-data, in a part named `file` with a file name.",
        ));
    }
    let form =
        <Multipart as axum::extract::FromRequest<AppState>>::from_request(request, &client.state).await;
    let mut form = form.map_err(|e| ApiError::unreadable(format!("{}.", e.body_text())))?;
    let mut kept: Option<Attachment> = None;
    while let Some(part) = form.next_field().await.map_err(|e| unreadable(&e))? {
        match (part.name(), &kept) {
            (Some("file"), None) => kept = Some(store(&client, &reference, audience, part).await?),
            (Some("file"), Some(_)) => {
                return Err(
                    Error::invalid("file", "twice", "The first file is kept; send one at a time.").into()
                );
            }
            (other, _) => {
                let other = crate::api::client::short(other.unwrap_or_default());
                return Err(Error::invalid(&other, "unknown", "The form has one part, named `file`.").into());
            }
        }
    }
    let kept =
        kept.ok_or_else(|| Error::invalid("file", "required", "The form has no part named `file`."))?;
    let location = format!("{}/attachments/{}", super::records::address(&of, reference.number), kept.id);
    Ok(Answer::created(location, written(&client, &kept)))
}

async fn store(
    client: &Client,
    reference: &Reference,
    audience: Audience,
    mut part: Field<'_>,
) -> Result<Attachment, ApiError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let most = client.state.settings.attachment_max;
    let engine = client.engine();
    let mut upload = engine.attach(&client.caller, reference, &name, audience, most, Door::Api).await?;
    while let Some(bytes) = part.chunk().await.map_err(|e| unreadable(&e))? {
        upload.write(&bytes).await?;
    }
    Ok(upload.finish().await?)
}

async fn fetch(
    client: Client,
    Path((name, number, id)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Response<Body>, ApiError> {
    let (_, reference) = client.require_reference(&name, &number)?;
    Params::read(&uri, &[])?;
    let (file, reader) = client.engine().open_attachment(&client.caller, &reference, &id).await?;
    Ok(crate::pages::files::stream_out(&file, reader))
}

//! Files of a record: streamed in as a form with one file, streamed out as they are.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::get;
use proofdesk_engine::{Action, Attachment, Audience, Door, Error, Reference, SealedUpload, Upload};
use proofdesk_model::format::write_instant;
use serde_json::{Value as Json, json};

use crate::api::client::Client;
use crate::api::input::Params;
use crate::api::once::{self, Answer, Write};
use crate::api::problem::ApiError;
use crate::pages::files::drain;
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
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    request: axum::extract::Request,
) -> Result<Response, ApiError> {
    let (of, reference) = client.require_reference(&name, &number)?;
    let params = Params::read(&uri, &["audience"])?;
    let audience = match params.word("audience", &["customer", "staff"])? {
        "staff" => Audience::Staff,
        _ => Audience::Customer,
    };
    let key = once::key(&headers)?;
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
    let sealed = match receive(&client, &reference, audience, &mut form).await {
        Ok(sealed) => sealed,
        Err(error) => {
            drain(&mut form).await;
            return Err(error);
        }
    };
    // the bytes are on disk by now: that they are the same is told by their hash
    let same = Bytes::from(format!("{} {}", sealed.sha256(), sealed.name()));
    let request = once::digest(&method, &uri, &headers, &same);
    let caller = client.clone();
    once::once(&client, key, request, move |write| {
        attach_once(caller.clone(), reference.clone(), sealed.clone(), write)
    })
    .await
}

/// Streams in the one file of a form.
async fn receive(
    client: &Client,
    reference: &Reference,
    audience: Audience,
    form: &mut Multipart,
) -> Result<SealedUpload, ApiError> {
    let mut upload: Option<Upload> = None;
    while let Some(part) = form.next_field().await.map_err(|e| unreadable(&e))? {
        match (part.name(), &upload) {
            (Some("file"), None) => upload = Some(store(client, reference, audience, part).await?),
            (Some("file"), Some(_)) => {
                return Err(Error::invalid("file", "twice", "Send one file at a time; none was kept.").into());
            }
            (other, _) => {
                let other = crate::api::client::short(other.unwrap_or_default());
                return Err(Error::invalid(&other, "unknown", "The form has one part, named `file`.").into());
            }
        }
    }
    let upload =
        upload.ok_or_else(|| Error::invalid("file", "required", "The form has no part named `file`."))?;
    Ok(upload.seal().await?)
}

async fn store(
    client: &Client,
    reference: &Reference,
    audience: Audience,
    mut part: Field<'_>,
) -> Result<Upload, ApiError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    let most = client.state.settings.attachment_max;
    let engine = client.engine();
    let mut upload = engine.attach(&client.caller, reference, &name, audience, most, Door::Api).await?;
    while let Some(bytes) = part.chunk().await.map_err(|e| unreadable(&e))? {
        upload.write(&bytes).await?;
    }
    Ok(upload)
}

async fn attach_once(
    client: Client,
    reference: Reference,
    sealed: SealedUpload,
    write: Write,
) -> Result<Answer, ApiError> {
    let engine = client.engine();
    let kept = if write.done.is_some() {
        let id = write.id.to_string();
        let all = engine.attachments(&client.caller, &reference).await?;
        all.into_iter()
            .find(|a| a.id == id)
            .ok_or_else(|| Error::NotFound("attachment of this id".to_owned()))?
    } else {
        sealed.attach(write.id).await?
    };
    let of = engine.require_type(&reference.record_type)?;
    let location = format!("{}/attachments/{}", super::records::address(&of, reference.number), kept.id);
    Ok(Answer::created(location, written(&client, &kept)))
}

async fn fetch(
    client: Client,
    Path((name, number, id)): Path<(String, String, String)>,
    uri: Uri,
) -> Result<Response<Body>, ApiError> {
    let (_, reference) = client.require_reference(&name, &number)?;
    Params::read(&uri, &[])?;
    let (file, reader) = client.engine().open_attachment(&client.caller, &reference, &id).await?;
    Ok(crate::pages::files::stream_out(&file, reader).await?)
}

//! Files of a record: streamed in and out, never held in memory, never run by the browser.

use axum::Router;
use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::stream;
use proofdesk_engine::{Attachment, Audience, BlobReader, Door, Error, Reference, Upload};

use crate::error::WebError;
use crate::form::Typed;
use crate::layout::escape_query;
use crate::pages::{address, record, require_reference};
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/{reference}/file` to add one and `/file/{id}` to fetch one.
pub fn router() -> Router<AppState> {
    // the engine counts the bytes of a file; the limit of forms would be in the way
    Router::new()
        .route("/{slug}/{reference}/file", post(add).layer(DefaultBodyLimit::disable()))
        .route("/{slug}/{reference}/file/{id}", get(fetch))
}

/// A refused form is read to its end, as far as this many bytes: a browser shows an answer only after it has sent
/// everything.
const DRAINED: u64 = 1_073_741_824;

async fn add(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    mut form: Multipart,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let mut typed = Typed::default();
    match receive(&visit, &reference, &mut form, &mut typed).await {
        Ok(()) => Ok(Redirect::to(&format!("{}?tab=files", address(&visit, &reference))).into_response()),
        Err(error) => {
            if drain(&mut form).await.iter().any(|name| name == "staff") {
                typed.set("staff", "yes".to_owned());
            }
            let error = match error {
                WebError::Engine(error) => error.beside_file().into(),
                other => other,
            };
            record::again(&visit, reference, "files", "file", typed, error).await
        }
    }
}

fn unreadable(error: &MultipartError) -> WebError {
    WebError::Unreadable(format!("The form with the file cannot be read: {}.", error.body_text()))
}

/// Streams the files of the form in. They become part of the record when the whole form has come, so that who may
/// see them counts wherever it stands in the form.
async fn receive(
    visit: &Visit,
    reference: &Reference,
    form: &mut Multipart,
    typed: &mut Typed,
) -> Result<(), WebError> {
    let most = visit.state.settings.attachment_max;
    let mut uploads = Vec::new();
    while let Some(mut part) = form.next_field().await.map_err(|e| unreadable(&e))? {
        match part.name() {
            Some("staff") => {
                typed.set("staff", "yes".to_owned());
                while part.chunk().await.map_err(|e| unreadable(&e))?.is_some() {}
            }
            Some("file") => {
                let name = part.file_name().unwrap_or_default().to_owned();
                if name.is_empty() {
                    continue;
                }
                let mut upload = visit
                    .engine()
                    .attach(&visit.caller, reference, &name, Audience::Staff, most, Door::Page)
                    .await?;
                while let Some(bytes) = part.chunk().await.map_err(|e| unreadable(&e))? {
                    upload.write(&bytes).await?;
                }
                uploads.push(upload);
            }
            _ => {}
        }
    }
    if uploads.is_empty() {
        return Err(Error::invalid("file", "required", "Choose a file first.").into());
    }
    let audience = if typed.has("staff") { Audience::Staff } else { Audience::Customer };
    let uploads = uploads.into_iter().map(|upload| upload.seen_by(audience)).collect();
    Ok(Upload::finish_all(uploads).await?)
}

/// Reads what is left of a form and forgets it, but for the names of its parts.
pub(crate) async fn drain(form: &mut Multipart) -> Vec<String> {
    let mut left = DRAINED;
    let mut names = Vec::new();
    while let Ok(Some(mut part)) = form.next_field().await {
        names.extend(part.name().map(str::to_owned));
        while let Ok(Some(bytes)) = part.chunk().await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                return names;
            }
        }
    }
    names
}

async fn fetch(
    visit: Visit,
    Path((slug, written, id)): Path<(String, String, String)>,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let (file, reader) = visit.engine().open_attachment(&visit.caller, &reference, &id).await?;
    Ok(stream_out(&file, reader).await?)
}

/// A file as an answer, piece by piece. Bytes that were changed in the database are refused: before anything is sent where
/// the file is one piece; else the answer breaks off before its end, which a browser shows as a failed download.
///
/// # Errors
/// `Damaged`, or a fault of the database.
pub(crate) async fn stream_out(file: &Attachment, mut reader: BlobReader) -> Result<Response, Error> {
    let first = reader.next().await?;
    let pieces = stream::try_unfold((first, reader), |(first, mut reader)| async move {
        let piece = match first {
            Some(first) => Some(first),
            None => reader.next().await.map_err(|error| {
                tracing::error!(%error, "a download was broken off");
                std::io::Error::other(error)
            })?,
        };
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, (None, reader))))
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    for (name, value) in headers_of(file) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// A file is shown in the browser only where its bytes are a picture or plain text; and even then nothing in it runs.
fn headers_of(file: &Attachment) -> Vec<(header::HeaderName, String)> {
    let way = if file.is_shown_inline() { "inline" } else { "attachment" };
    let charset = if file.media_type == "text/plain" { "; charset=utf-8" } else { "" };
    vec![
        (header::CONTENT_TYPE, format!("{}{charset}", file.media_type)),
        (header::CONTENT_LENGTH, file.size_bytes.to_string()),
        (
            header::CONTENT_DISPOSITION,
            format!("{way}; filename*=UTF-8''{}", escape_query(&file.name).replace('/', "%2F")),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox".to_owned(),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ]
}

//! Files of a record: streamed in and out, never held in memory, never run by the browser.

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Multipart, Path};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures_util::stream;
use proofdesk_engine::{Attachment, Audience, BlobReader, Door, Error};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::pages::{address, require_reference};
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/{reference}/file` to add one and `/file/{id}` to fetch one.
pub fn router() -> Router<AppState> {
    // the engine counts the bytes of a file; the limit of forms would be in the way
    Router::new()
        .route("/{slug}/{reference}/file", post(add).layer(DefaultBodyLimit::disable()))
        .route("/{slug}/{reference}/file/{id}", get(fetch))
}

async fn add(
    visit: Visit,
    Path((slug, written)): Path<(String, String)>,
    mut form: Multipart,
) -> Result<Redirect, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let most = visit.state.settings.attachment_max;
    let unreadable = |e: axum::extract::multipart::MultipartError| {
        WebError::Unreadable(format!("The form with the file cannot be read: {}.", e.body_text()))
    };
    let mut audience = Audience::Customer;
    let mut added = false;
    while let Some(mut part) = form.next_field().await.map_err(unreadable)? {
        match part.name() {
            Some("staff") => {
                audience = Audience::Staff;
                while part.chunk().await.map_err(unreadable)?.is_some() {}
            }
            Some("file") => {
                let name = part.file_name().unwrap_or_default().to_owned();
                let mut upload = visit
                    .engine()
                    .attach(&visit.caller, &reference, &name, audience, most, Door::Page)
                    .await?;
                while let Some(bytes) = part.chunk().await.map_err(unreadable)? {
                    upload.write(&bytes).await?;
                }
                upload.finish().await?;
                added = true;
            }
            _ => {}
        }
    }
    if !added {
        return Err(Error::invalid("file", "required", "Choose a file first.").into());
    }
    Ok(Redirect::to(&format!("{}?tab=files", address(&visit, &reference))))
}

async fn fetch(
    visit: Visit,
    Path((slug, written, id)): Path<(String, String, String)>,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let (file, reader) = visit.engine().open_attachment(&visit.caller, &reference, &id).await?;
    Ok(stream_out(&file, reader))
}

/// A file as an answer, piece by piece.
pub(crate) fn stream_out(file: &Attachment, reader: BlobReader) -> Response {
    let pieces = stream::try_unfold(reader, |mut reader| async move {
        Ok::<_, std::io::Error>(
            reader.next().await.map_err(std::io::Error::other)?.map(|piece| (piece, reader)),
        )
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    for (name, value) in headers_of(file) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
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
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::CACHE_CONTROL, "private, max-age=3600".to_owned()),
    ]
}

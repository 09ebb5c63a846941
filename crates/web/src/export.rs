//! Lists on their way out as files: CSV is streamed page by page, a spreadsheet is written to a temporary file first.
//!
//! Not here: what a table holds (`proofdesk_report::export`).
//! Invariant: memory holds a page of rows, however long the list is; a fault in the middle of CSV breaks the transfer,
//! so that a file that looks whole is whole.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proofdesk_report::export::sheet::Sheet;
use proofdesk_report::export::{Cell, Form, Table, comma};
use tokio::io::AsyncReadExt as _;

use crate::error::WebError;
use crate::menu::slug;

/// Bytes of a file that are sent at once.
const CHUNK: usize = 64 * 1_024;

/// The table as an answer. `mark` begins CSV with the mark by which spreadsheets know UTF-8.
///
/// # Errors
/// Refusals and the faults of the first page; later ones break the transfer.
pub async fn answer(mut table: Table, form: Form, mark: bool) -> Result<Response, WebError> {
    table.check(form).await?;
    let wanted = table.wanted();
    let day = proofdesk_model::format::write_day(proofdesk_model::format::day_of(table.now()));
    let name = format!("{}-{day}.{}", slug(&wanted.of), form.name());
    let first = table.next().await?;
    let body = match form {
        Form::Csv => {
            let mut head = if mark { comma::BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
            head.extend(comma::headings(&table.headings()).map_err(fault)?);
            csv(table, head, first)
        }
        Form::Xlsx => spreadsheet(table, first).await?,
    };
    let headers = [
        (header::CONTENT_TYPE, form.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    let mut response = body.into_response();
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(|e| WebError::Fault(e.to_string()))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

fn fault(error: std::io::Error) -> WebError {
    WebError::Fault(error.to_string())
}

type Rows = Option<Vec<Vec<Cell>>>;

fn csv(table: Table, head: Vec<u8>, first: Rows) -> Body {
    let begun = (table, Some((head, first)));
    let chunks = stream::try_unfold(begun, |(mut table, begun)| async move {
        let (mut bytes, rows) = match begun {
            Some((head, first)) => (head, first),
            None => (Vec::new(), table.next().await.map_err(|e| std::io::Error::other(e.to_string()))?),
        };
        let Some(rows) = rows else {
            return Ok::<_, std::io::Error>((!bytes.is_empty()).then(|| (Bytes::from(bytes), (table, None))));
        };
        bytes.extend(comma::lines(&rows)?);
        Ok(Some((Bytes::from(bytes), (table, None))))
    });
    Body::from_stream(chunks)
}

async fn spreadsheet(mut table: Table, first: Rows) -> Result<Body, WebError> {
    let mut sheet = Sheet::new(&table).map_err(fault)?;
    let mut rows = first;
    while let Some(page) = rows {
        sheet = apart(move || sheet.add(&page).map(|()| sheet)).await?;
        rows = table.next().await?;
    }
    let file = tokio::fs::File::from_std(apart(move || sheet.finish()).await?);
    let chunks = stream::try_unfold(file, |mut file| async move {
        let mut bytes = vec![0; CHUNK];
        let read = file.read(&mut bytes).await?;
        bytes.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(bytes), file)))
    });
    Ok(Body::from_stream(chunks))
}

/// Does work that waits for the disk away from requests.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, WebError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| WebError::Fault(e.to_string()))?.map_err(fault)
}

/// The form that a program asks for by `Accept`, where it prefers one to JSON.
pub fn accepted(headers: &HeaderMap) -> Option<Form> {
    let accept = headers.get(header::ACCEPT)?.to_str().ok()?.to_ascii_lowercase();
    let mut best: Option<(f32, Option<Form>)> = None;
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let form = match parts.next().unwrap_or_default() {
            "text/csv" => Some(Form::Csv),
            media if media == Form::Xlsx.media_type() => Some(Form::Xlsx),
            "application/json" | "application/*" | "*/*" => None,
            _ => continue,
        };
        let weight = parts.find_map(|p| p.strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
        if best.is_none_or(|(held, _)| weight > held) {
            best = Some((weight, form));
        }
    }
    best.and_then(|(_, form)| form)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Form, HeaderMap, accepted, header};

    #[test]
    fn the_preferred_form_is_taken() {
        for (accept, form) in [
            ("text/csv", Some(Form::Csv)),
            ("application/json, text/csv;q=0.5", None),
            ("application/json;q=0.5, text/csv", Some(Form::Csv)),
            ("*/*", None),
            ("text/csv, */*;q=0.1", Some(Form::Csv)),
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Some(Form::Xlsx)),
            ("text/html", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(accepted(&headers), form, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), None);
    }
}

//! A form as a browser sends it: texts, in UTF-8 and nothing else, and files for fields, streamed in as they come.
//!
//! Bytes that are not UTF-8 are refused: what a person wrote is never kept with replacement characters in it.

use axum::body::{Body, to_bytes};
use axum::extract::multipart::{Field as Part, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use proofdesk_engine::{Error, FieldFile};
use proofdesk_model::{Field, Kind, Problem, Problems, RecordType};

use crate::error::WebError;
use crate::form::Typed;
use crate::session::Visit;
use crate::state::AppState;

/// Most bytes of all texts of a form.
const TEXTS_MAX: usize = 2 * 1_048_576;

/// The texts of a form without files.
pub struct Texts(pub Vec<(String, String)>);

/// A form with its files.
pub struct Sent {
    /// What was typed.
    pub typed: Typed,
    /// Files for fields.
    pub files: Vec<FieldFile>,
    /// What is wrong with files that were not taken, by the fields that they were for.
    pub refused: Vec<Problem>,
}

/// What a form comes to: all that is wrong with it at once, so that nothing that was typed is lost over a file.
///
/// # Errors
/// `Invalid` for a refused file, with what was wrong before.
pub fn judged<T>(refused: Vec<Problem>, read: Result<T, WebError>) -> Result<T, WebError> {
    match read {
        Ok(read) if refused.is_empty() => Ok(read),
        Ok(_) => Err(Error::Invalid(Problems(refused)).into()),
        Err(WebError::Engine(Error::Invalid(mut problems))) => {
            problems.0.extend(refused);
            Err(Error::Invalid(problems).into())
        }
        Err(other) => Err(other),
    }
}

fn unreadable(what: &str) -> WebError {
    WebError::Unreadable(format!("The form cannot be read: {what}."))
}

fn broken(error: &MultipartError) -> WebError {
    unreadable(error.body_text().trim_end_matches('.'))
}

fn kind_of(request: &Request) -> String {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    kind.unwrap_or_default().to_ascii_lowercase()
}

impl FromRequest<AppState> for Texts {
    type Rejection = WebError;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, WebError> {
        texts(request).await.map(Self)
    }
}

async fn texts(request: Request) -> Result<Vec<(String, String)>, WebError> {
    if !kind_of(&request).starts_with("application/x-www-form-urlencoded") {
        return Err(unreadable("it is sent as something else than a form"));
    }
    let bytes = to_bytes(Body::new(request.into_body()), TEXTS_MAX).await;
    let bytes = bytes.map_err(|_| {
        WebError::Engine(proofdesk_engine::Error::TooLarge(
            "The form is larger than 2 MiB. Nothing of it was kept.".to_owned(),
        ))
    })?;
    pairs(&bytes).ok_or_else(|| unreadable("a text in it is not UTF-8"))
}

/// Reads `a=1&b=x+y%21`; none where what is written is not UTF-8.
fn pairs(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let parts = bytes.split(|b| *b == b'&').filter(|part| !part.is_empty());
    let pair = |part: &[u8]| {
        let at = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
        let value = part.get(at + 1..).unwrap_or_default();
        Some((decoded(&part[..at])?, decoded(value)?))
    };
    parts.map(pair).collect()
}

fn decoded(written: &[u8]) -> Option<String> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let mut bytes = Vec::with_capacity(written.len());
    let mut at = 0;
    while let Some(byte) = written.get(at) {
        let pair = (digit(written.get(at + 1)), digit(written.get(at + 2)));
        match (byte, pair) {
            (b'%', (Some(high), Some(low))) => {
                bytes.push(u8::try_from(high * 16 + low).ok()?);
                at += 2;
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
        at += 1;
    }
    String::from_utf8(bytes).ok()
}

/// Reads a form of these fields; a file for one of them is taken in at once, up to the limit of attachments.
///
/// # Errors
/// `Unreadable` for a broken form or a text that is not UTF-8; `Forbidden` and `TooLarge` of files.
pub async fn read(
    visit: &Visit,
    of: &RecordType,
    fields: &[&Field],
    request: Request,
) -> Result<Sent, WebError> {
    if !kind_of(&request).starts_with("multipart/form-data") {
        let typed = Typed::new(texts(request).await?);
        return Ok(Sent { typed, files: Vec::new(), refused: Vec::new() });
    }
    let form = Multipart::from_request(request, &visit.state).await;
    let mut form = form.map_err(|e| unreadable(e.body_text().trim_end_matches('.')))?;
    let (mut typed, mut files, mut refused, mut left) = (Vec::new(), Vec::new(), Vec::new(), TEXTS_MAX);
    while let Some(part) = form.next_field().await.map_err(|e| broken(&e))? {
        let name = part.name().unwrap_or_default().to_owned();
        let field = fields.iter().find(|f| f.name == name && matches!(f.kind, Kind::File));
        match field {
            Some(field) => match take_in(visit, of, field, part).await {
                Ok(file) => files.extend(file),
                Err(error) => refused.extend(problems(field, error)?),
            },
            None => typed.push((name, text(part, &mut left).await?)),
        }
    }
    Ok(Sent { typed: Typed::new(typed), files, refused })
}

/// What is wrong with a file, as problems of its field; other errors are those of the form.
fn problems(field: &Field, error: WebError) -> Result<Vec<Problem>, WebError> {
    let WebError::Engine(error) = error else { return Err(error) };
    match error.beside_file() {
        Error::Invalid(problems) => {
            let of = |problem: Problem| Problem { field: field.name.clone(), ..problem };
            Ok(problems.0.into_iter().map(of).collect())
        }
        other => Err(other.into()),
    }
}

/// A file, unless none was chosen.
async fn take_in(
    visit: &Visit,
    of: &RecordType,
    field: &Field,
    mut part: Part<'_>,
) -> Result<Option<FieldFile>, WebError> {
    let name = part.file_name().unwrap_or_default().to_owned();
    if name.is_empty() {
        while part.chunk().await.map_err(|e| broken(&e))?.is_some() {}
        return Ok(None);
    }
    let most = visit.state.settings.attachment_max;
    let mut intake = visit.engine().receive(&visit.caller, of, &name, most).await?;
    while let Some(bytes) = part.chunk().await.map_err(|e| broken(&e))? {
        intake.write(&bytes).await?;
    }
    let file = intake.finish().await?;
    Ok(Some(FieldFile { field: field.name.clone(), file }))
}

async fn text(mut part: Part<'_>, left: &mut usize) -> Result<String, WebError> {
    let mut bytes = Vec::new();
    while let Some(more) = part.chunk().await.map_err(|e| broken(&e))? {
        *left = left.checked_sub(more.len()).ok_or_else(|| unreadable("its texts are larger than 2 MiB"))?;
        bytes.extend_from_slice(&more);
    }
    String::from_utf8(bytes).map_err(|_| unreadable("a text in it is not UTF-8"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::pairs;

    #[test]
    fn what_a_browser_sends_is_read() {
        let read = pairs(b"a=1&b=x+y%21&c=&d&%C3%A4=%e2%82%ac&e=50%&f=%zz&g=a=b").unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let wanted = [
            ("a", "1"),
            ("b", "x y!"),
            ("c", ""),
            ("d", ""),
            ("ä", "€"),
            ("e", "50%"),
            ("f", "%zz"),
            ("g", "a=b"),
        ];
        assert_eq!(read, wanted);
        assert_eq!(pairs(b"").unwrap(), []);
    }

    #[test]
    fn what_is_not_utf_8_is_refused() {
        for sent in [&b"a=%FF"[..], b"a=\xff", b"%C3=1", b"a=%ED%A0%80", b"a=1&b=%C0%AF"] {
            assert_eq!(pairs(sent), None, "{sent:?}");
        }
    }
}

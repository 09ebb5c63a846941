//! What comes in: query, JSON bodies, preconditions. Everything strange is refused here, with what was expected.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use proofdesk_engine::{Error, Problem, Problems};
use serde_json::{Map, Value as Json};

use crate::api::client::short;
use crate::api::problem::ApiError;

/// Largest JSON body, bytes.
pub const BODY_MAX: usize = 2 * 1_048_576;

/// The query of an address: known names only, each at most once.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 for a name that is not known here, one that is there twice, and for control characters.
    pub fn read(uri: &Uri, known: &[&str]) -> Result<Self, ApiError> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| ApiError::unreadable("The query of the address cannot be read."))?;
        let mut found: Vec<(String, String)> = Vec::new();
        for (name, value) in pairs.0 {
            if !known.contains(&name.as_str()) {
                let message = if known.is_empty() {
                    "nothing is asked here by a query".to_owned()
                } else {
                    format!("is not known here; known are: {}", known.join(", "))
                };
                return Err(ApiError::parameter(&short(&name), "unknown", message));
            }
            if found.iter().any(|(n, _)| *n == name) {
                return Err(ApiError::parameter(&name, "twice", "is there twice; once is enough"));
            }
            if value.contains('\0') {
                return Err(ApiError::parameter(&name, "format", "contains a NUL character"));
            }
            found.push((name, value));
        }
        Ok(Self(found))
    }

    /// A value; none where it is not given or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given(name).filter(|v| !v.is_empty())
    }

    /// A value, also an empty one.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A whole number within bounds, or what holds where nothing is said.
    ///
    /// # Errors
    /// 400 for anything else.
    pub fn number(&self, name: &str, least: i64, most: i64, usual: i64) -> Result<i64, ApiError> {
        let Some(text) = self.given(name) else { return Ok(usual) };
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number = if plain { text.parse::<i64>().ok() } else { None };
        number.filter(|n| (least..=most).contains(n)).ok_or_else(|| {
            ApiError::parameter(name, "range", format!("takes a whole number from {least} to {most}"))
        })
    }

    /// One of a few words, or the first where nothing is said.
    ///
    /// # Errors
    /// 400 for another word.
    pub fn word<'a>(&self, name: &str, words: &[&'a str]) -> Result<&'a str, ApiError> {
        let usual = words.first().copied().unwrap_or_default();
        let Some(text) = self.given(name) else { return Ok(usual) };
        words
            .iter()
            .copied()
            .find(|w| *w == text)
            .ok_or_else(|| ApiError::parameter(name, "option", format!("takes one of: {}", words.join(", "))))
    }
}

/// Reads a JSON object. `kinds` are the media types that are taken; without a body it is an empty object where
/// `may_be_empty`.
///
/// # Errors
/// 400, 413 or 415.
pub async fn object(
    headers: &HeaderMap,
    body: Body,
    kinds: &[&str],
    may_be_empty: bool,
) -> Result<(Bytes, Map<String, Json>), ApiError> {
    let bytes = to_bytes(body, BODY_MAX).await.map_err(|_| {
        let detail =
            format!("A JSON body has at most {} MiB. Attach long texts as files.", BODY_MAX / 1_048_576);
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "This is too large", detail)
    })?;
    if bytes.is_empty() && may_be_empty {
        return Ok((bytes, Map::new()));
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !kinds.contains(&kind.as_str()) {
        let detail = format!("Send the body with `Content-Type: {}`.", kinds.join("` or `"));
        return Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "Not in this form",
            detail,
        ));
    }
    let text = std::str::from_utf8(&bytes).map_err(|e| {
        ApiError::unreadable(format!("The body is not UTF-8 after byte {}.", e.valid_up_to()))
    })?;
    let json: Json = serde_json::from_str(text)
        .map_err(|e| ApiError::unreadable(format!("The body is not JSON that can be read: {e}.")))?;
    match json {
        Json::Object(map) => match map.iter().find(|(name, value)| name.contains('\0') || has_nul(value)) {
            // JSON allows it, no database text does: the body can be read, and cannot be kept
            Some((name, _)) => {
                let name = name.replace('\0', "");
                let message = format!("`{name}` contains a NUL character. Leave it out.");
                Err(Error::invalid(&name, "format", message).into())
            }
            None => Ok((bytes, map)),
        },
        other => {
            let detail = format!("The body must be a JSON object, not {}.", kind_of(&other));
            Err(ApiError::unreadable(detail))
        }
    }
}

/// The media type of JSON bodies.
pub const JSON: [&str; 1] = ["application/json"];
/// Media types of partial changes.
pub const PATCH: [&str; 2] = ["application/json", "application/merge-patch+json"];

fn has_nul(json: &Json) -> bool {
    match json {
        Json::String(text) => text.contains('\0'),
        Json::Array(items) => items.iter().any(has_nul),
        Json::Object(map) => map.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// What a JSON value is, in words.
pub fn kind_of(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// A small body that is read member by member; all that is wrong with it is said at once.
pub struct Form<'a> {
    object: &'a Map<String, Json>,
    known: Vec<&'static str>,
    problems: Problems,
}

impl<'a> Form<'a> {
    /// Begins to read.
    pub fn new(object: &'a Map<String, Json>) -> Self {
        Self { object, known: Vec::new(), problems: Problems::default() }
    }

    fn member(&mut self, name: &'static str) -> Option<&'a Json> {
        if !self.known.contains(&name) {
            self.known.push(name);
        }
        self.object.get(name)
    }

    /// Notes a problem.
    pub fn wrong(&mut self, name: &str, code: &str, message: impl Into<String>) {
        self.problems.push(Problem::new(name, code, message));
    }

    /// A text.
    pub fn text(&mut self, name: &'static str, required: bool) -> Option<String> {
        match self.member(name) {
            Some(Json::String(text)) => return Some(text.clone()),
            Some(other) => {
                self.wrong(name, "format", format!("`{name}` takes a text, not {}.", kind_of(other)))
            }
            None if required => self.wrong(name, "required", format!("`{name}` is needed.")),
            None => {}
        }
        None
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let found = self.member(name)?;
        let texts = found.as_array().and_then(|items| {
            items.iter().map(|i| i.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        if texts.is_none() {
            self.wrong(name, "format", format!("`{name}` takes a list of texts."));
        }
        texts
    }

    /// A text, or null for none.
    pub fn perhaps(&mut self, name: &'static str) -> Option<String> {
        self.known.push(name);
        if self.object.get(name).is_some_and(Json::is_null) { None } else { self.text(name, false) }
    }

    /// True or false.
    pub fn yes(&mut self, name: &'static str) -> bool {
        match self.member(name) {
            Some(Json::Bool(yes)) => return *yes,
            Some(other) => {
                self.wrong(name, "format", format!("`{name}` takes true or false, not {}.", kind_of(other)));
            }
            None => {}
        }
        false
    }

    /// A whole number from 1 on.
    pub fn whole(&mut self, name: &'static str) -> Option<i64> {
        match self.member(name) {
            Some(found) => {
                let number = found.as_i64().filter(|n| *n > 0);
                if number.is_none() {
                    self.wrong(name, "format", format!("`{name}` takes a whole number from 1 on."));
                }
                number
            }
            None => {
                self.wrong(name, "required", format!("`{name}` is needed."));
                None
            }
        }
    }

    /// One of a few words.
    pub fn word(&mut self, name: &'static str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name, false)?;
        let found = words.iter().copied().find(|w| *w == text);
        if found.is_none() {
            self.wrong(name, "option", format!("`{name}` takes one of: {}.", words.join(", ")));
        }
        found
    }

    /// An instant by RFC 3339, microseconds UTC.
    pub fn instant(&mut self, name: &'static str) -> Option<i64> {
        let text = self.perhaps(name)?;
        let found: Option<jiff::Timestamp> = text.parse().ok();
        if found.is_none() {
            let message = format!("`{name}` takes an instant with its offset, such as 2026-11-22T14:30:00Z.");
            self.wrong(name, "format", message);
        }
        found.map(|t| t.as_microsecond())
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 422 with every problem, members that are not known among them.
    pub fn finish(mut self) -> Result<(), ApiError> {
        let strange = self.object.keys().filter(|k| !self.known.contains(&k.as_str()));
        let strange: Vec<Problem> = strange
            .map(|k| {
                let message =
                    format!("`{}` is not known here; known are: {}.", short(k), self.known.join(", "));
                Problem::new(short(k), "unknown", message)
            })
            .collect();
        self.problems.0.extend(strange);
        Ok(self.problems.into_result()?)
    }
}

/// The version that `If-Match` names; none where the header is absent or `*`.
///
/// # Errors
/// 400 for anything but one strong tag of ours.
pub fn if_match(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    // the quotes belong to the tag, but many a client takes them off
    let digits = text.strip_prefix('"').map_or(Some(text), |t| t.strip_suffix('"')).unwrap_or_default();
    let plain = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let version = if plain { digits.parse().ok() } else { None };
    version.map(Some).ok_or_else(|| {
        ApiError::parameter("If-Match", "format", "takes the ETag of one version, such as \"3\", or *")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{HeaderMap, Params, header, if_match};

    #[test]
    fn queries_are_read_strictly() {
        for (query, good) in [
            ("", true),
            ("limit=5", true),
            ("limit=0", false),
            ("limit=", false),
            ("limit=5&limit=6", false),
            ("limit=+5", false),
            ("limit=99999999999999999999", false),
            ("order=desc", true),
            ("order=DESC", false),
            ("x=1", false),
            ("order=%00", false),
        ] {
            let uri = format!("/api/v1/incident?{query}").parse().unwrap();
            let read = Params::read(&uri, &["limit", "order"]);
            let all = read.and_then(|p| p.number("limit", 1, 200, 50).and(p.word("order", &["asc", "desc"])));
            assert_eq!(all.is_ok(), good, "{query}");
        }
    }

    #[test]
    fn a_precondition_is_one_strong_tag() {
        for (text, version) in [
            ("\"3\"", Some(Some(3))),
            ("*", Some(None)),
            ("3", Some(Some(3))),
            ("\"3", None),
            ("3\"", None),
            ("1234567890123456789", None),
            ("W/\"3\"", None),
            ("\"\"", None),
            ("\"-3\"", None),
            ("\"3\", \"4\"", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, text.parse().unwrap());
            assert_eq!(if_match(&headers).ok(), version, "{text}");
        }
    }
}

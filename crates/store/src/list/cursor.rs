//! A place in a list as text.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proofdesk_model::record_type::Shape;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use super::ListQuery;
use super::order::shape_of;
use crate::error::Error;
use crate::row::Cell;
use crate::sql::Arg;

/// A place in a list: text that is safe in an address and stays valid when the program restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    list: String,
    key: Json,
    number: i64,
}

/// What tells one list from another: type, filter, order.
fn fingerprint(query: &ListQuery) -> String {
    let filter = query.filter.as_ref().map_or("", |f| f.source());
    let text = format!("{}\n{}\n{}\n{filter}", query.of.name, query.sort, query.descending);
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..9])
}

impl Cursor {
    pub(crate) fn new(query: &ListQuery, key: &Cell, number: i64) -> Result<Self, Error> {
        let key = match key {
            Cell::Int(n) => json!(n),
            Cell::Bool(b) => json!(i64::from(*b)),
            Cell::Text(t) => json!(t),
            _ => return Err(Error::Internal("a list is sorted by something that cannot be kept".to_owned())),
        };
        Ok(Self { list: fingerprint(query), key, number })
    }

    /// Gives key and number, when it is a place in this list.
    pub(crate) fn read(&self, query: &ListQuery) -> Result<(Arg, i64), Error> {
        if self.list != fingerprint(query) {
            let message =
                "the cursor belongs to another list: filter or order have changed; begin at the first page";
            return Err(Error::Invalid(message.to_owned()));
        }
        let is_text =
            matches!(shape_of(&query.of, &query.sort), Some(Shape::Text | Shape::Day | Shape::Choices));
        match &self.key {
            Json::String(text) if is_text => Ok((Arg::from(text.as_str()), self.number)),
            other if !is_text && other.is_i64() => {
                Ok((Arg::Int(other.as_i64().unwrap_or_default()), self.number))
            }
            _ => Err(Error::Invalid("this is not a cursor of this list; begin at the first page".to_owned())),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = json!([self.list, self.key, self.number]).to_string();
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<(String, Json, i64)>(&bytes).ok())
            .filter(|(_, key, _)| key.is_i64() || key.as_str().is_some_and(|t| !t.contains('\0')));
        match parts {
            Some((list, key, number)) => Ok(Self { list, key, number }),
            None => Err(Error::Invalid("this is not a cursor; begin at the first page".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use super::{Cursor, json};

    #[test]
    fn a_cursor_is_read_back() {
        for key in [json!(17), json!("ä\u{10FFFF}"), json!(-1)] {
            let cursor = Cursor { list: "x".into(), key, number: 9 };
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "x", "WzFd", "W10", "bnVsbA", "WyJ4IixudWxsLDFd", "WyJ4IiwiXHUwMDAwIiwxXQ", "ÄÖ"] {
            assert!(text.parse::<Cursor>().is_err(), "{text}");
        }
    }
}

//! The body of an entry, as far as figures read it, without copies of its texts.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::life::instant;

/// An entry's body.
#[derive(Debug, Deserialize)]
pub(super) struct Body<'a> {
    at: &'a str,
    #[serde(default)]
    occurred_at: Option<&'a str>,
    #[serde(borrow)]
    pub by: By<'a>,
    #[serde(borrow, default)]
    pub key: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub set: HashMap<&'a str, (Json, Json)>,
    #[serde(borrow, default)]
    pub links: Vec<Link<'a>>,
    #[serde(default)]
    note: Option<Json>,
    #[serde(borrow)]
    action: Cow<'a, str>,
}

/// Who wrote it.
#[derive(Debug, Deserialize)]
pub(super) struct By<'a> {
    #[serde(borrow)]
    pub name: Cow<'a, str>,
}

/// A relation that was added or removed.
#[derive(Debug, Deserialize)]
pub(super) struct Link<'a> {
    pub add: bool,
    #[serde(borrow)]
    pub relation: Cow<'a, str>,
    #[serde(borrow)]
    to: Cow<'a, str>,
}

impl Link<'_> {
    /// The number of the other record.
    pub fn number(&self) -> Option<i64> {
        self.to.rsplit_once('-')?.1.parse().ok()
    }
}

impl Body<'_> {
    /// Whether it is a write of the record: comments, files and watchers are not.
    pub fn is_event(&self) -> bool {
        let is_note = |note: &Json| note.get("source").is_none();
        !self.set.is_empty()
            || !self.links.is_empty()
            || self.action == "create"
            || !self.note.as_ref().is_some_and(is_note)
    }

    /// When it happened, microseconds UTC.
    pub fn occurred(&self) -> i64 {
        instant(self.occurred_at.unwrap_or(self.at)).unwrap_or_default()
    }

    /// Values of the source that have no field.
    pub fn kept(&self) -> impl Iterator<Item = (&String, &Json)> {
        self.note
            .as_ref()
            .and_then(|n| n.get("kept"))
            .and_then(Json::as_object)
            .into_iter()
            .flat_map(Map::iter)
    }
}

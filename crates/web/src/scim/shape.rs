//! The form of answers: pages of lists, chosen attributes, versions. Source: RFC 7644, 3.4.2, 3.9 and 3.14.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::Refusal;
use super::filter::{self, Filter};

/// Resources on a page at most, and where nothing is said.
const MOST: usize = 200;
/// What is there whatever was asked for.
const ALWAYS: [&str; 2] = ["id", "schemas"];

/// What was asked for, in the query or in the body of a search.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Asked {
    pub filter: Option<String>,
    pub attributes: Option<String>,
    pub excluded_attributes: Option<String>,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
}

impl Asked {
    /// Reads the body of a search.
    pub fn of_body(body: &Map<String, Json>) -> Result<Self, Refusal> {
        let words = |name: &str| match body.get(name) {
            Some(Json::Array(all)) => Some(all.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(",")),
            Some(Json::String(one)) => Some(one.clone()),
            _ => None,
        };
        Ok(Self {
            filter: words("filter"),
            attributes: words("attributes"),
            excluded_attributes: words("excludedAttributes"),
            start_index: body.get("startIndex").and_then(Json::as_i64),
            count: body.get("count").and_then(Json::as_i64),
        })
    }

    /// The condition.
    pub fn condition(&self) -> Result<Option<Filter>, Refusal> {
        let text = self.filter.as_deref().filter(|text| !text.trim().is_empty());
        text.map(filter::parse).transpose()
    }

    /// The first place, from 0, and how many.
    pub fn window(&self) -> (usize, usize) {
        let start = self.start_index.unwrap_or(1).max(1) - 1;
        let count = self.count.map_or(MOST, |count| usize::try_from(count.max(0)).unwrap_or(MOST).min(MOST));
        (usize::try_from(start).unwrap_or(0), count)
    }
}

/// A list in its envelope.
pub(super) fn list(page: &[Json], total: usize, start: usize) -> Json {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    })
}

/// The page of resources that was asked for.
pub(super) fn page(all: Vec<Json>, asked: &Asked) -> Result<Json, Refusal> {
    let condition = asked.condition()?;
    let holds = |one: &Json| condition.as_ref().is_none_or(|condition| condition.holds(one));
    let found: Vec<Json> = all.into_iter().filter(holds).collect();
    let (start, count) = asked.window();
    let total = found.len();
    let page: Vec<Json> =
        found.into_iter().skip(start).take(count).map(|one| shown(one, asked).body).collect();
    Ok(list(&page, total, start + 1))
}

/// The version of a resource: a mark of all that it says.
pub(super) fn version(found: &Json) -> String {
    let hash = Sha256::digest(found.to_string().as_bytes());
    format!("W/\"{}\"", hex::encode(&hash[..12]))
}

/// Whether a header names a version.
pub(super) fn names(header: &str, version: &str) -> bool {
    let plain = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    header.split(',').any(|one| one.trim() == "*" || plain(one) == plain(version))
}

/// A resource as it goes out.
pub(super) struct Shown {
    pub body: Json,
    pub version: String,
    pub location: String,
}

/// A resource with its version, and the attributes that were asked for.
pub(super) fn shown(mut found: Json, asked: &Asked) -> Shown {
    let version = version(&found);
    let location = found["meta"]["location"].as_str().unwrap_or_default().to_owned();
    found["meta"]["version"] = json!(version);
    let words = |text: &Option<String>| -> Vec<String> {
        let text = text.as_deref().unwrap_or_default();
        text.split(',').map(|w| plain(w.trim()).to_lowercase()).filter(|w| !w.is_empty()).collect()
    };
    let (wanted, hidden) = (words(&asked.attributes), words(&asked.excluded_attributes));
    if let Json::Object(body) = &mut found {
        body.retain(|name, value| {
            let name = name.to_lowercase();
            if ALWAYS.contains(&name.as_str()) {
                return true;
            }
            if !wanted.is_empty() {
                return select(&name, value, &wanted);
            }
            !hidden.contains(&name)
        });
    }
    Shown { body: found, version, location }
}

/// Keeps of an attribute what was asked for; whether anything of it was.
fn select(name: &str, value: &mut Json, wanted: &[String]) -> bool {
    if wanted.iter().any(|w| w == name) {
        return true;
    }
    let inside: Vec<&str> = wanted.iter().filter_map(|w| w.strip_prefix(name)?.strip_prefix('.')).collect();
    let keep = |one: &mut Json| {
        if let Json::Object(parts) = one {
            parts.retain(|part, _| inside.contains(&part.to_lowercase().as_str()));
        }
    };
    match value {
        Json::Array(all) => all.iter_mut().for_each(keep),
        other => keep(other),
    }
    !inside.is_empty()
}

/// An attribute's name without the schema before it.
pub(super) fn plain(path: &str) -> &str {
    let lower = path.to_lowercase();
    for schema in
        ["urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:"]
    {
        if lower.starts_with(schema) {
            return path.get(schema.len()..).unwrap_or(path);
        }
    }
    path
}

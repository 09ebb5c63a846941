//! Frameworks and results as OSCAL 1.2 JSON: catalog (both ways), component definition, mapping collection and
//! assessment results.
//!
//! Source: NIST OSCAL 1.2.1, the JSON schemas of its release.
//! Invariant: equal data give equal bytes: every UUID is made of the digest of what it names.

mod catalog;
mod component;
mod mapping;
mod read;
mod results;

use proofdesk_model::format::write_instant;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

pub(crate) use read::slug;
pub use read::{CatalogOptions, ReadCatalog, read_catalog};

/// The version of OSCAL that is written.
pub const VERSION: &str = "1.2.1";
/// The name space of our own properties.
pub const NS: &str = "urn:proofdesk:oscal";

/// What an exported document says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The organization.
    pub organization: String,
    /// The instant of the export, or of what it shows, microseconds UTC.
    pub at: i64,
}

/// The UUID of a name: version 4 in form, made of the name's SHA-256.
pub(crate) fn uuid_of(name: &str) -> String {
    let digest = Sha256::digest(name.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.iter_mut().zip(digest.iter()).for_each(|(to, from)| *to = *from);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// An id as a token of OSCAL, which begins with a letter: `8.6.1-a` becomes `r-8.6.1-a`.
pub(crate) fn token(id: &str) -> String {
    let good = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let clean: String = id.chars().map(|c| if good(c) { c } else { '-' }).collect();
    if clean.starts_with(|c: char| c.is_alphabetic() || c == '_') { clean } else { format!("r-{clean}") }
}

/// A text on one line, without space at its ends; never empty.
pub(crate) fn line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if joined.is_empty() { "none".to_owned() } else { joined }
}

/// A property of ours.
pub(crate) fn prop(name: &str, value: &str) -> Json {
    json!({"name": name, "ns": NS, "value": line(value)})
}

/// A property that OSCAL knows.
pub(crate) fn plain(name: &str, value: &str) -> Json {
    json!({"name": name, "value": line(value)})
}

/// The metadata of a document, with the organization as its creator.
pub(crate) fn metadata(heading: &Heading, title: &str, version: &str) -> Map<String, Json> {
    let party = uuid_of(&format!("organization {}", heading.organization));
    let mut map = Map::new();
    map.insert("title".to_owned(), json!(line(title)));
    map.insert("last-modified".to_owned(), json!(write_instant(heading.at)));
    map.insert("version".to_owned(), json!(line(version)));
    map.insert("oscal-version".to_owned(), json!(VERSION));
    map.insert("roles".to_owned(), json!([{"id": "creator", "title": "Document creator"}]));
    map.insert(
        "parties".to_owned(),
        json!([{"uuid": party, "type": "organization", "name": line(&heading.organization)}]),
    );
    map.insert("responsible-parties".to_owned(), json!([{"role-id": "creator", "party-uuids": [party]}]));
    map
}

/// The name by which one of our documents refers to the catalog of a framework.
pub(crate) fn catalog_file(framework: &str) -> String {
    format!("{framework}.catalog.json")
}

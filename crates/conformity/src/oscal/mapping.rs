//! The mappings into a framework as an OSCAL mapping collection.

use serde_json::{Value as Json, json};

use crate::conformity::Conformity;
use crate::error::Error;
use crate::mapping::Mapping;
use crate::oscal::{Heading, catalog_file, metadata, token, uuid_of};

impl Conformity {
    /// The mappings that speak of requirements of a framework, as an OSCAL mapping collection: one mapping for each
    /// framework that they come from.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework, and where nothing is mapped to it.
    pub fn mapping_collection(&self, framework: &str, heading: &Heading) -> Result<Json, Error> {
        let declared = self.declarations();
        let found = declared.framework(framework);
        let target = found.ok_or_else(|| Error::NotFound(format!("framework {framework}")))?;
        let into: Vec<&Mapping> =
            declared.controls.mappings.iter().filter(|m| m.target.0 == target.id).collect();
        let mut sources: Vec<&str> = into.iter().map(|m| m.source.0.as_str()).collect();
        sources.sort_unstable();
        sources.dedup();
        if sources.is_empty() {
            return Err(Error::NotFound(format!("mapping to {framework}")));
        }
        let resource = |id: &str| json!({"type": "catalog", "href": catalog_file(id)});
        let mappings: Vec<Json> = sources
            .iter()
            .map(|source| {
                let maps: Vec<Json> = into.iter().filter(|m| m.source.0 == *source).map(|m| map(m)).collect();
                json!({
                    "uuid": uuid_of(&format!("mapping {source} {}", target.id)),
                    "source-resource": resource(source),
                    "target-resource": resource(&target.id),
                    "maps": maps,
                })
            })
            .collect();
        let title = format!("Mappings to {}", target.title);
        let author = uuid_of(&format!("organization {}", heading.organization));
        Ok(json!({"mapping-collection": {
            "uuid": uuid_of(&format!("mapping-collection {} {}", target.id, heading.at)),
            "metadata": metadata(heading, &title, &target.edition),
            "provenance": {
                "method": "human",
                "matching-rationale": "semantic",
                "status": "not-complete",
                "mapping-description": "Each pair was set beside each other by a person; the strength is that of NIST IR 8477.",
                "responsible-parties": [{"role-id": "creator", "party-uuids": [author]}],
            },
            "mappings": mappings,
        }}))
    }
}

fn map(mapping: &Mapping) -> Json {
    let (from, to) = (&mapping.source, &mapping.target);
    let item = |id: &str| json!([{"type": "control", "id-ref": token(id)}]);
    let mut map = json!({
        "uuid": uuid_of(&format!("map {} {} {} {}", from.0, from.1, to.0, to.1)),
        "relationship": mapping.strength.oscal(),
        "sources": item(&from.1),
        "targets": item(&to.1),
    });
    if let Some(says) = &mapping.says {
        map["remarks"] = json!(says);
    }
    map
}

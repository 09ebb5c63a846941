//! What the organization does about a framework, as an OSCAL component definition: one component a control, one
//! implemented requirement for each requirement that its tests serve.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use crate::conformity::Conformity;
use crate::control::{Control, Serves, Test};
use crate::error::Error;
use crate::framework::Framework;
use crate::oscal::{Heading, catalog_file, line, metadata, prop, token, uuid_of};

impl Conformity {
    /// The controls with the requirements of a framework that they serve, as an OSCAL component definition.
    ///
    /// # Errors
    /// `NotFound` for an unknown framework.
    pub fn component_definition(&self, framework: &str, heading: &Heading) -> Result<Json, Error> {
        let declared = self.declarations();
        let found = declared.framework(framework);
        let framework = found.ok_or_else(|| Error::NotFound(format!("framework {framework}")))?;
        let controls = &declared.controls;
        let components: Vec<Json> = controls
            .controls
            .values()
            .filter_map(|control| {
                let tests = control.tests.iter().filter_map(|id| controls.tests.get(id));
                component(framework, control, tests)
            })
            .collect();
        let mut definition = Map::new();
        let version = format!("{} of {}", framework.edition, framework.title);
        let title = format!("What {} does about {}", heading.organization, framework.title);
        let name = format!("component-definition {} {}", framework.id, heading.at);
        definition.insert("uuid".to_owned(), json!(uuid_of(&name)));
        definition.insert("metadata".to_owned(), Json::Object(metadata(heading, &title, &version)));
        if !components.is_empty() {
            definition.insert("components".to_owned(), json!(components));
        }
        let resource = json!({
            "uuid": uuid_of(&format!("resource catalog {}", framework.id)),
            "title": line(&framework.title),
            "rlinks": [{"href": catalog_file(&framework.id), "media-type": "application/oscal+json"}],
        });
        definition.insert("back-matter".to_owned(), json!({"resources": [resource]}));
        Ok(json!({"component-definition": definition}))
    }
}

fn component<'a>(
    framework: &Framework,
    control: &Control,
    tests: impl Iterator<Item = &'a Test>,
) -> Option<Json> {
    let mut served: BTreeMap<usize, Vec<(&Test, &Serves)>> = BTreeMap::new();
    for test in tests {
        for serves in test.serves.iter().filter(|s| s.framework == framework.id) {
            let place = framework.obligations.get_index_of(&serves.obligation)?;
            served.entry(place).or_default().push((test, serves));
        }
    }
    if served.is_empty() {
        return None;
    }
    let requirements: Vec<Json> = served
        .iter()
        .filter_map(|(place, tests)| {
            let (id, _) = framework.obligations.get_index(*place)?;
            Some(requirement(framework, control, id, tests))
        })
        .collect();
    let name = format!("component {} {}", control.id, framework.id);
    Some(json!({
        "uuid": uuid_of(&name),
        "type": "process-procedure",
        "title": line(&control.title),
        "description": format!("The control “{}”, owned by the role {}.", control.title, control.owner.replace('_', " ")),
        "props": [prop("control", &control.id), prop("owner", &control.owner)],
        "control-implementations": [{
            "uuid": uuid_of(&format!("implementation {name}")),
            "source": format!("#{}", uuid_of(&format!("resource catalog {}", framework.id))),
            "description": format!("How “{}” meets requirements of {}.", control.title, framework.title),
            "implemented-requirements": requirements,
        }],
    }))
}

fn requirement(framework: &Framework, control: &Control, id: &str, tests: &[(&Test, &Serves)]) -> Json {
    let sentence = |(test, serves): &(&Test, &Serves)| match &serves.partial {
        Some(partial) => format!("{} (leaves open: {partial})", test.title),
        None => test.title.clone(),
    };
    let words: Vec<String> = tests.iter().map(sentence).collect();
    let props: Vec<Json> = tests.iter().map(|(test, _)| prop("test", &test.id)).collect();
    json!({
        "uuid": uuid_of(&format!("implemented {} {} {id}", control.id, framework.id)),
        "control-id": token(id),
        "description": format!("Shown by: {}.", words.join("; ")),
        "props": props,
    })
}

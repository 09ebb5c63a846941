//! A framework as an OSCAL catalog: headings, chapters and clauses as groups, requirements as controls.

use serde_json::{Map, Value as Json, json};

use crate::framework::{Basis, Chapter, Framework, Obligation};
use crate::oscal::{Heading, line, metadata, plain, prop, token, uuid_of};

impl Framework {
    /// The framework as an OSCAL catalog.
    pub fn to_oscal(&self, heading: &Heading) -> Json {
        let mut head = metadata(heading, &self.title, &self.edition);
        let mut props = vec![prop("framework", &self.id), prop("digest", &self.digest())];
        props.extend(self.amendment.iter().map(|a| prop("amendment", a)));
        props.extend(self.origin.iter().map(|o| prop("origin", o)));
        head.insert("props".to_owned(), json!(props));
        if !self.about.is_empty() {
            head.insert("remarks".to_owned(), json!(self.about));
        }
        let mut groups: Vec<Json> = Vec::new();
        let mut open: Option<(&str, Vec<Json>)> = None;
        for chapter in &self.chapters {
            match &mut open {
                Some((title, chapters)) if *title == chapter.group => chapters.push(self.chapter(chapter)),
                _ => {
                    groups.extend(open.take().map(|(t, c)| heading_group(groups.len(), t, c)));
                    open = Some((&chapter.group, vec![self.chapter(chapter)]));
                }
            }
        }
        groups.extend(open.take().map(|(t, c)| heading_group(groups.len(), t, c)));
        let mut catalog = Map::new();
        let name = format!("catalog {} {} {}", self.id, self.edition, self.digest());
        catalog.insert("uuid".to_owned(), json!(uuid_of(&name)));
        catalog.insert("metadata".to_owned(), Json::Object(head));
        if !groups.is_empty() {
            catalog.insert("groups".to_owned(), json!(groups));
        }
        json!({"catalog": catalog})
    }

    fn chapter(&self, chapter: &Chapter) -> Json {
        let clauses: Vec<Json> = chapter
            .clauses
            .iter()
            .filter_map(|number| self.clauses.get(number))
            .map(|clause| {
                let controls: Vec<Json> = clause
                    .obligations
                    .iter()
                    .filter_map(|id| self.obligations.get(id))
                    .map(control)
                    .collect();
                let mut props = vec![plain("label", &clause.number), prop("part", "clause")];
                props.extend(clause.chapter.iter().map(|c| prop("chapter", c)));
                json!({
                    "id": format!("clause-{}", token(&clause.number)),
                    "class": "clause",
                    "title": line(&clause.title),
                    "props": props,
                    "controls": controls,
                })
            })
            .collect();
        let mut group = json!({
            "id": format!("chapter-{}", token(&chapter.number)),
            "class": "chapter",
            "title": line(&chapter.title),
            "props": [plain("label", &chapter.number), prop("part", "chapter")],
        });
        if !clauses.is_empty() {
            group["groups"] = json!(clauses);
        }
        group
    }
}

fn heading_group(place: usize, title: &str, chapters: Vec<Json>) -> Json {
    json!({
        "id": format!("heading-{}", place + 1),
        "class": "heading",
        "title": line(title),
        "props": [prop("part", "heading")],
        "groups": chapters,
    })
}

fn control(o: &Obligation) -> Json {
    let id = token(&o.id);
    let mut props = vec![
        plain("label", &o.id),
        prop("kind", o.kind.as_str()),
        prop("judgement", o.judgement.as_str()),
        prop("party", &o.party),
        prop("statement", &o.statement),
    ];
    props.extend(o.amendment.iter().map(|a| prop("amendment", a)));
    props.extend(o.records.iter().map(|r| prop("records", r)));
    if let Some((name, basis)) = &o.documented {
        let class = if *basis == Basis::Explicit { "explicit" } else { "implied" };
        let mut documented = prop("documented", name);
        documented["class"] = json!(class);
        props.push(documented);
    }
    let part = |suffix: &str, name: &str, prose: &str, own: bool| {
        let mut part = json!({"id": format!("{id}_{suffix}"), "name": name, "prose": prose});
        if own {
            part["ns"] = json!(super::NS);
        }
        part
    };
    let mut parts = vec![part("smt", "statement", &o.says, false)];
    let tested = o.tested.as_deref().unwrap_or(&o.says);
    parts.push(part("obj", "assessment-objective", tested, o.tested.is_none()));
    parts.extend(o.evidence.iter().map(|e| part("gdn", "guidance", e, false)));
    parts.extend(o.applies_when.iter().map(|w| part("when", "applies-when", w, true)));
    json!({
        "id": id,
        "class": "requirement",
        "title": line(&o.says.chars().take(120).collect::<String>()),
        "props": props,
        "parts": parts,
    })
}

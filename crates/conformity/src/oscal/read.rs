//! An OSCAL catalog read as a framework: our own exports exactly, others by their groups, controls and statements.
//!
//! Of a control with statement items each item is a requirement; of one with enhancements each of these. What is marked
//! withdrawn is left out and counted.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::framework::{Answer, Basis, Chapter, Clause, DutyKind, Framework, Obligation, is_name};
use crate::oscal::NS;
use crate::reader::{Mistake, Mistakes, Source};

/// How deep groups and controls may lie in each other.
const DEEP: usize = 12;
/// The longest evidence that is kept of examples and guidance, characters.
const EVIDENCE: usize = 1_500;

/// What a catalog does not say and somebody must.
#[derive(Debug, Clone, Default)]
pub struct CatalogOptions {
    /// The id of the framework; made of the catalog's title where it is left out.
    pub id: Option<String>,
    /// What people call it; the catalog's title where it is left out.
    pub title: Option<String>,
    /// The edition; the catalog's version where it is left out.
    pub edition: Option<String>,
    /// Where its words come from and under which terms.
    pub origin: Option<String>,
}

/// A catalog as read.
#[derive(Debug, Clone)]
pub struct ReadCatalog {
    /// The framework.
    pub framework: Framework,
    /// Controls that are marked withdrawn and were left out.
    pub withdrawn: u64,
}

/// Reads an OSCAL catalog in JSON.
///
/// # Errors
/// All mistakes, each with its place in the document, such as `/catalog/groups/0/controls/3`.
pub fn read_catalog(source: &Source, options: &CatalogOptions) -> Result<ReadCatalog, Mistakes> {
    let mut reader = Reader { file: &source.file, ..Reader::default() };
    let document: Json = match serde_json::from_str(&source.text) {
        Ok(document) => document,
        Err(e) => {
            let (file, message) = (source.file.clone(), format!("this is no JSON: {e}"));
            return Err(Mistakes(vec![Mistake { file, line: e.line().max(1), message, spot: None }]));
        }
    };
    match document.get("catalog") {
        Some(catalog) if catalog.is_object() => reader.catalog(catalog, options),
        _ => reader.say("", "this is no OSCAL catalog: it has no `catalog`"),
    }
    if !reader.mistakes.is_empty() {
        return Err(Mistakes(reader.mistakes));
    }
    // the same rules hold for what was imported as for what somebody wrote
    let text = reader.framework.to_kdl();
    let framework = Framework::load(&[Source::new(source.file.as_str(), text)]).map_err(|found| {
        let whole = |m: Mistake| Mistake { line: 1, ..m };
        Mistakes(found.0.into_iter().map(whole).collect())
    })?;
    Ok(ReadCatalog { framework, withdrawn: reader.withdrawn })
}

#[derive(Default)]
struct Reader<'a> {
    file: &'a str,
    framework: Framework,
    params: HashMap<String, String>,
    withdrawn: u64,
    mistakes: Vec<Mistake>,
}

/// Where a control stands.
#[derive(Clone, Copy)]
struct Spot<'a> {
    heading: &'a str,
    chapter: &'a str,
    title: &'a str,
}

impl Reader<'_> {
    fn say(&mut self, place: &str, message: impl std::fmt::Display) {
        let message = if place.is_empty() { message.to_string() } else { format!("{place}: {message}") };
        self.mistakes.push(Mistake { file: self.file.to_owned(), line: 1, message, spot: None });
    }

    fn catalog(&mut self, catalog: &Json, options: &CatalogOptions) {
        let head = &catalog["metadata"];
        let title = text(head, "title").unwrap_or_default();
        let own = |name: &str| prop(head, name, Some(NS));
        let framework = &mut self.framework;
        framework.title = options.title.clone().unwrap_or_else(|| title.clone());
        framework.id =
            options.id.clone().or_else(|| own("framework")).unwrap_or_else(|| slug(&framework.title));
        framework.edition =
            options.edition.clone().or_else(|| text(head, "version")).unwrap_or_else(|| "1".to_owned());
        framework.amendment = own("amendment");
        framework.about = text(head, "remarks").unwrap_or_default();
        let is_ours = own("framework").is_some();
        let stated =
            || format!("OSCAL catalog “{title}”, version {}.", text(head, "version").unwrap_or_default());
        framework.origin =
            options.origin.clone().or_else(|| own("origin")).or_else(|| (!is_ours).then(stated));
        if title.is_empty() {
            self.say("/catalog/metadata", "`title` is missing");
        }
        self.collect_params(catalog, 0);
        let heading = self.framework.title.clone();
        for (i, group) in list(catalog, "groups").iter().enumerate() {
            self.group(group, &heading, &format!("/catalog/groups/{i}"), 0);
        }
        let loose = list(catalog, "controls");
        if !loose.is_empty() {
            let spot = Spot { heading: &heading, chapter: "all", title: &heading };
            self.controls(loose, spot, "/catalog", 0);
        }
        if self.framework.obligations.is_empty() && self.mistakes.is_empty() {
            self.say("/catalog", "it holds no control with a statement");
        }
    }

    /// Labels and values of parameters, to put into the texts that insert them.
    fn collect_params(&mut self, node: &Json, depth: usize) {
        if depth > DEEP {
            return;
        }
        for param in list(node, "params") {
            let choices = || {
                let choices = list(&param["select"], "choice").iter().filter_map(Json::as_str);
                let all: Vec<&str> = choices.collect();
                (!all.is_empty()).then(|| all.join(" or "))
            };
            let values = list(param, "values").iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", ");
            let found =
                Some(values).filter(|v| !v.is_empty()).or_else(|| text(param, "label")).or_else(choices);
            if let (Some(id), Some(words)) = (text(param, "id"), found) {
                self.params.insert(id, words);
            }
        }
        for child in list(node, "groups").iter().chain(list(node, "controls")) {
            self.collect_params(child, depth + 1);
        }
    }

    fn group(&mut self, group: &Json, heading: &str, place: &str, depth: usize) {
        let Some(title) = text(group, "title") else { return self.say(place, "`title` is missing") };
        if depth > DEEP {
            return self.say(place, format!("groups lie more than {DEEP} deep"));
        }
        if is_withdrawn(group) {
            self.withdrawn += count(group, 0);
            return;
        }
        let number = number_of(group);
        match prop(group, "part", Some(NS)).as_deref() {
            Some("clause") => return self.own_clause(group, &number, &title, place),
            Some("chapter") => self.chapter(&number, &title, heading),
            _ => {}
        }
        let is_chapter = prop(group, "part", Some(NS)).as_deref() == Some("chapter");
        let below = if is_chapter { heading } else { title.as_str() };
        for (i, child) in list(group, "groups").iter().enumerate() {
            self.group(child, below, &format!("{place}/groups/{i}"), depth + 1);
        }
        // a group of controls stands below its own heading, or below that of the group around it
        let heading = if depth == 0 { &title } else { heading };
        let spot = Spot { heading, chapter: &number, title: &title };
        self.controls(list(group, "controls"), spot, place, depth);
    }

    fn chapter(&mut self, number: &str, title: &str, heading: &str) {
        if !self.framework.chapters.iter().any(|c| c.number == number) {
            self.framework.chapters.push(Chapter {
                number: number.to_owned(),
                title: title.to_owned(),
                group: heading.to_owned(),
                clauses: Vec::new(),
            });
        }
    }

    /// Makes the clause of a number in a chapter, where it is not there yet. `chapter` is what the clause says itself.
    fn clause(&mut self, number: &str, title: &str, chapter: Option<&str>, within: &str) {
        if self.framework.clauses.contains_key(number) {
            return;
        }
        let clause = Clause {
            number: number.to_owned(),
            title: title.to_owned(),
            chapter: chapter.map(str::to_owned),
            obligations: Vec::new(),
        };
        self.framework.clauses.insert(number.to_owned(), clause);
        if let Some(chapter) = self.framework.chapters.iter_mut().find(|c| c.number == within) {
            chapter.clauses.push(number.to_owned());
        }
    }

    fn own_clause(&mut self, group: &Json, number: &str, title: &str, place: &str) {
        let chapter = prop(group, "chapter", Some(NS));
        let Some(within) = self.framework.chapters.last().map(|c| c.number.clone()) else {
            return self.say(place, "a clause of ours stands in a chapter");
        };
        self.clause(number, title, chapter.as_deref(), &within);
        for (i, control) in list(group, "controls").iter().enumerate() {
            self.own_control(control, number, &format!("{place}/controls/{i}"));
        }
    }

    /// A requirement as this program writes it.
    fn own_control(&mut self, control: &Json, clause: &str, place: &str) {
        let own = |name: &str| prop(control, name, Some(NS));
        let kind = own("kind").and_then(|w| DutyKind::parse(&w));
        let judgement = own("judgement").and_then(|w| Answer::parse(&w));
        let (Some(kind), Some(judgement)) = (kind, judgement) else {
            return self.say(place, "a requirement of ours has properties `kind` and `judgement`");
        };
        let part = |name: &str, ns: Option<&str>| {
            let is = |p: &&Json| p["name"] == name && p["ns"].as_str() == ns;
            list(control, "parts").iter().find(is).and_then(|p| text(p, "prose"))
        };
        let documented = list(control, "props").iter().find(|p| p["name"] == "documented" && p["ns"] == NS);
        let documented = documented.and_then(|p| {
            let basis = if p["class"] == "explicit" { Basis::Explicit } else { Basis::Implied };
            Some((text(p, "value")?, basis))
        });
        let records = list(control, "props").iter().filter(|p| p["name"] == "records" && p["ns"] == NS);
        let id = number_of(control);
        let obligation = Obligation {
            clause: clause.to_owned(),
            says: part("statement", None).unwrap_or_default(),
            kind,
            judgement,
            tested: part("assessment-objective", None),
            evidence: part("guidance", None),
            records: records.filter_map(|p| text(p, "value")).collect(),
            documented,
            applies_when: part("applies-when", Some(NS)),
            statement: own("statement").unwrap_or_else(|| id.clone()),
            party: own("party").unwrap_or_else(|| "organization".to_owned()),
            amendment: own("amendment"),
            place: place.to_owned(),
            id,
        };
        self.take(obligation, place);
    }

    fn take(&mut self, obligation: Obligation, place: &str) {
        if obligation.says.is_empty() {
            return self.say(place, format!("control {} has no statement", obligation.id));
        }
        if self.framework.obligations.contains_key(&obligation.id) {
            return self.say(place, format!("{} is there twice", obligation.id));
        }
        if let Some(clause) = self.framework.clauses.get_mut(&obligation.clause) {
            clause.obligations.push(obligation.id.clone());
        }
        self.framework.obligations.insert(obligation.id.clone(), obligation);
    }

    fn controls(&mut self, controls: &[Json], spot: Spot<'_>, place: &str, depth: usize) {
        for (i, control) in controls.iter().enumerate() {
            let place = format!("{place}/controls/{i}");
            if depth > DEEP {
                return self.say(&place, format!("controls lie more than {DEEP} deep"));
            }
            if is_withdrawn(control) {
                self.withdrawn += count(control, 0);
                continue;
            }
            let number = number_of(control);
            let title = text(control, "title").unwrap_or_else(|| number.clone());
            let children = list(control, "controls");
            let items = items_of(control);
            if children.is_empty() && items.is_empty() {
                self.chapter(spot.chapter, spot.title, spot.heading);
                self.clause(spot.chapter, spot.title, Some(spot.chapter), spot.chapter);
                let heading = (title != number).then_some(title.as_str());
                self.requirement(control, &number, spot.chapter, heading, &place);
                continue;
            }
            self.chapter(&number, &title, spot.heading);
            self.clause(&number, &title, Some(&number), &number);
            // a category only gathers; a control with enhancements asks something itself
            let gathers =
                ["category", "family", "function"].contains(&control["class"].as_str().unwrap_or(""));
            if items.is_empty() && !gathers && !statement_of(control).is_empty() {
                self.requirement(control, &number, &number, None, &place);
            }
            self.items(control, &items, &number, &place);
            self.enhancements(children, &number, &place, depth + 1);
        }
    }

    fn enhancements(&mut self, controls: &[Json], clause: &str, place: &str, depth: usize) {
        for (i, control) in controls.iter().enumerate() {
            let place = format!("{place}/controls/{i}");
            if is_withdrawn(control) {
                self.withdrawn += count(control, 0);
                continue;
            }
            let number = number_of(control);
            let title = text(control, "title").filter(|t| *t != number);
            let items = items_of(control);
            if items.is_empty() {
                self.requirement(control, &number, clause, title.as_deref(), &place);
            } else {
                self.items_in(control, &items, &number, clause, &place);
            }
            if depth < DEEP {
                self.enhancements(list(control, "controls"), clause, &place, depth + 1);
            }
        }
    }

    fn items(&mut self, control: &Json, items: &[&Json], number: &str, place: &str) {
        self.items_in(control, items, number, number, place);
    }

    /// Each item of a statement is a requirement; what stands before the items is said with each.
    fn items_in(&mut self, control: &Json, items: &[&Json], number: &str, clause: &str, place: &str) {
        let before = self.prose(&statement_of(control));
        for (i, item) in items.iter().enumerate() {
            let label = prop(item, "label", None).unwrap_or_default();
            let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
            let letter = if label.is_empty() { (i + 1).to_string() } else { label };
            let mut words = String::new();
            flatten(item, &mut words, 0);
            let words = self.prose(&words);
            let says = if before.is_empty() { words } else { format!("{before} {words}") };
            let evidence = if i == 0 { self.guidance(control) } else { None };
            let id = format!("{number}.{letter}");
            let obligation = self.requirement_of(control, id, clause, says, evidence);
            self.take(obligation, place);
        }
    }

    fn requirement(&mut self, control: &Json, id: &str, clause: &str, title: Option<&str>, place: &str) {
        let says = self.prose(&statement_of(control));
        if says.is_empty() {
            return self.say(place, format!("control {id} has no statement"));
        }
        let says = match title {
            Some(title) => format!("{title}: {says}"),
            None => says,
        };
        let evidence = self.guidance(control);
        let obligation = self.requirement_of(control, id.to_owned(), clause, says, evidence);
        self.take(obligation, place);
    }

    /// A requirement of another's catalog. Where nobody has said how far records answer for it (our properties `kind` and
    /// `judgement`), a person must look, too.
    fn requirement_of(
        &self,
        control: &Json,
        id: String,
        clause: &str,
        says: String,
        evidence: Option<String>,
    ) -> Obligation {
        let own = |name: &str| prop(control, name, Some(NS));
        Obligation {
            clause: clause.to_owned(),
            says,
            kind: own("kind").and_then(|w| DutyKind::parse(&w)).unwrap_or(DutyKind::Process),
            judgement: own("judgement").and_then(|w| Answer::parse(&w)).unwrap_or(Answer::Presence),
            tested: None,
            evidence,
            records: Vec::new(),
            documented: None,
            applies_when: None,
            statement: id.clone(),
            party: "organization".to_owned(),
            amendment: None,
            place: String::new(),
            id,
        }
    }

    /// Guidance and examples of a control, as one text.
    fn guidance(&self, control: &Json) -> Option<String> {
        let is = |p: &&Json| matches!(p["name"].as_str(), Some("guidance" | "example"));
        let parts = list(control, "parts").iter().filter(is).filter_map(|p| text(p, "prose"));
        let all = parts.map(|p| self.prose(&p)).collect::<Vec<_>>().join("; ");
        match all.chars().count() {
            0 => None,
            1..=EVIDENCE => Some(all),
            _ => Some(all.chars().take(EVIDENCE - 1).chain(std::iter::once('…')).collect()),
        }
    }

    /// A prose on one line, with the words of its parameters in brackets.
    fn prose(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        for _ in 0..10_000 {
            let Some((before, after)) = rest.split_once("{{") else { break };
            let Some((inside, after)) = after.split_once("}}") else { break };
            out.push_str(before);
            let id = inside.rsplit([',', ' ']).find(|w| !w.is_empty()).unwrap_or_default();
            let words = self.params.get(id).map_or(id, String::as_str);
            // a parameter may name others; one step is enough to read it
            let words = words.split("{{").next().unwrap_or_default();
            out.push_str(&format!("[{}]", words.trim()));
            rest = after;
        }
        out.push_str(rest);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn list<'a>(node: &'a Json, name: &str) -> &'a [Json] {
    node.get(name).and_then(Json::as_array).map_or(&[], Vec::as_slice)
}

fn text(node: &Json, name: &str) -> Option<String> {
    let found = node.get(name)?.as_str()?.trim();
    (!found.is_empty()).then(|| found.to_owned())
}

/// The first property of a name; `ns` is the name space, or none for those of OSCAL.
fn prop(node: &Json, name: &str, ns: Option<&str>) -> Option<String> {
    let is =
        |p: &&Json| p["name"] == name && p.get("ns").and_then(Json::as_str) == ns && p.get("class").is_none();
    list(node, "props").iter().find(is).and_then(|p| text(p, "value"))
}

/// The label where it can be an id, or else the id.
fn number_of(node: &Json) -> String {
    let id = text(node, "id").unwrap_or_default();
    prop(node, "label", None).filter(|label| is_name(label)).unwrap_or(id)
}

fn is_withdrawn(node: &Json) -> bool {
    prop(node, "status", None).is_some_and(|s| s.eq_ignore_ascii_case("withdrawn"))
}

/// A control with those below it.
fn count(node: &Json, depth: usize) -> u64 {
    let below = list(node, "controls").iter().chain(list(node, "groups"));
    let below: u64 = if depth > DEEP { 0 } else { below.map(|c| count(c, depth + 1)).sum() };
    below + u64::from(node.get("groups").is_none())
}

fn statement_of(control: &Json) -> String {
    let found = list(control, "parts").iter().find(|p| p["name"] == "statement");
    found.and_then(|p| text(p, "prose")).unwrap_or_default()
}

/// The items of a control's statement, without withdrawn ones.
fn items_of(control: &Json) -> Vec<&Json> {
    let statement = list(control, "parts").iter().find(|p| p["name"] == "statement");
    let items = statement.map_or(&[][..], |s| list(s, "parts")).iter();
    items.filter(|p| p["name"] == "item" && !is_withdrawn(p)).collect()
}

/// The prose of an item and of the items below it.
fn flatten(item: &Json, out: &mut String, depth: usize) {
    if depth > DEEP {
        return;
    }
    if let Some(prose) = text(item, "prose") {
        out.push_str(&prose);
        out.push(' ');
    }
    for child in list(item, "parts").iter().filter(|p| p["name"] == "item") {
        if let Some(label) = prop(child, "label", None) {
            out.push_str(&label);
            out.push(' ');
        }
        flatten(child, out, depth + 1);
    }
}

/// An id made of a title.
pub(crate) fn slug(title: &str) -> String {
    let mut out = String::new();
    for c in title.chars() {
        let good = c.is_ascii_alphanumeric() || c == '.';
        if good {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') && !out.is_empty() {
            out.push('-');
        }
    }
    let short: String = out.chars().take(60).collect();
    let short = short.trim_matches(['-', '.']);
    if short.is_empty() { "framework".to_owned() } else { short.to_owned() }
}

//! What an edition of a framework changes against another: requirements added, removed and changed, word by word.

use serde::Serialize;

use crate::framework::{Basis, Framework, Obligation};

/// What happened to a part of a framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
}

impl Turn {
    /// The word that people read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// A field that says something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldTurn {
    /// Its name: `says`, `judgement`, `title`.
    pub field: String,
    /// What it said; empty for nothing.
    pub was: String,
    /// What it says.
    pub is: String,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `framework`, `chapter`, `clause` or `requirement`.
    pub part: &'static str,
    /// Its id or number.
    pub id: String,
    /// What happened.
    pub turn: Turn,
    /// What it says, or said.
    pub says: String,
    /// The fields, where it changed.
    pub fields: Vec<FieldTurn>,
}

/// What is different from one edition to another, in order: the head, chapters, clauses, requirements.
pub fn differences(old: &Framework, new: &Framework) -> Vec<Difference> {
    let mut found = Vec::new();
    let head = |f: &Framework| {
        Some(vec![
            ("title", f.title.clone()),
            ("edition", f.edition.clone()),
            ("amendment", f.amendment.clone().unwrap_or_default()),
            ("about", f.about.clone()),
            ("origin", f.origin.clone().unwrap_or_default()),
        ])
    };
    found.extend(compare("framework", &new.id, head(old), head(new)));
    let chapter = |f: &Framework, number: &str| {
        let c = f.chapters.iter().find(|c| c.number == number)?;
        Some(vec![("title", c.title.clone()), ("group", c.group.clone())])
    };
    for number in ids(old.chapters.iter().map(|c| &c.number), new.chapters.iter().map(|c| &c.number)) {
        found.extend(compare("chapter", number, chapter(old, number), chapter(new, number)));
    }
    let clause = |f: &Framework, number: &str| {
        let c = f.clauses.get(number)?;
        let chapter = f.chapter_of(number).map_or_else(String::new, |c| c.number.clone());
        Some(vec![("title", c.title.clone()), ("chapter", chapter)])
    };
    for number in ids(old.clauses.keys(), new.clauses.keys()) {
        found.extend(compare("clause", number, clause(old, number), clause(new, number)));
    }
    let requirement = |f: &Framework, id: &str| f.obligations.get(id).map(fields);
    for id in ids(old.obligations.keys(), new.obligations.keys()) {
        found.extend(compare("requirement", id, requirement(old, id), requirement(new, id)));
    }
    found
}

/// All ids of both, those of the new one first, in order.
fn ids<'a>(
    old: impl Iterator<Item = &'a String>,
    new: impl Iterator<Item = &'a String>,
) -> impl Iterator<Item = &'a str> {
    let mut all: indexmap::IndexSet<&str> = new.map(String::as_str).collect();
    all.extend(old.map(String::as_str));
    all.into_iter()
}

type Fields = Vec<(&'static str, String)>;

fn compare(part: &'static str, id: &str, old: Option<Fields>, new: Option<Fields>) -> Option<Difference> {
    let first = |fields: &Fields| fields.first().map_or_else(String::new, |(_, text)| text.clone());
    let difference = |turn, says, fields| Some(Difference { part, id: id.to_owned(), turn, says, fields });
    match (old, new) {
        (None, Some(new)) => difference(Turn::Added, first(&new), Vec::new()),
        (Some(old), None) => difference(Turn::Removed, first(&old), Vec::new()),
        (Some(old), Some(new)) => {
            let says = first(&new);
            let turned = old.into_iter().zip(new).filter(|((_, was), (_, is))| was != is);
            let fields: Vec<FieldTurn> = turned
                .map(|((field, was), (_, is))| FieldTurn { field: field.to_owned(), was, is })
                .collect();
            if fields.is_empty() { None } else { difference(Turn::Changed, says, fields) }
        }
        (None, None) => None,
    }
}

fn fields(o: &Obligation) -> Fields {
    let documented = o.documented.as_ref().map_or_else(String::new, |(name, basis)| {
        let basis = if *basis == Basis::Explicit { "explicit" } else { "implied" };
        format!("{name} ({basis})")
    });
    vec![
        ("says", o.says.clone()),
        ("clause", o.clause.clone()),
        ("kind", o.kind.as_str().to_owned()),
        ("judgement", o.judgement.as_str().to_owned()),
        ("tested", o.tested.clone().unwrap_or_default()),
        ("evidence", o.evidence.clone().unwrap_or_default()),
        ("records", o.records.join(" ")),
        ("documented", documented),
        ("when", o.applies_when.clone().unwrap_or_default()),
        ("statement", o.statement.clone()),
        ("party", o.party.clone()),
        ("amendment", o.amendment.clone().unwrap_or_default()),
    ]
}

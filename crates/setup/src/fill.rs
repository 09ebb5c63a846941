//! Blanks in texts: `{name}` stands for an answer, a cell of the row at hand, or a cell of a fixed row.

use std::collections::{BTreeMap, BTreeSet};

use proofdesk_model::{RecordType, Registry};

use crate::guide::{Guide, Kind, Make, Question, Rows};

/// What stands for the blanks, and from which place of a form it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scope {
    words: BTreeMap<String, (String, String)>,
}

impl Scope {
    /// Sets a word; `at` is the place of the form that it came from, or empty.
    pub fn set(&mut self, name: &str, word: impl Into<String>, at: &str) {
        self.words.insert(name.to_owned(), (word.into(), at.to_owned()));
    }

    /// The text with its blanks filled.
    pub fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = blank(rest) {
            out.push_str(before);
            out.push_str(self.words.get(name).map_or("", |(word, _)| word));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The first place of the form that a text depends on.
    pub fn source(&self, text: &str) -> Option<String> {
        blanks(text)
            .iter()
            .filter_map(|name| self.words.get(name))
            .map(|(_, at)| at.clone())
            .find(|at| !at.is_empty())
    }
}

/// The first blank: what is before it, its name, what is after it.
fn blank(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

/// The names of all blanks.
pub(crate) fn blanks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, name, after)) = blank(rest) {
        found.push(name.to_owned());
        rest = after;
    }
    found
}

/// Looks whether everything that the guide names is there: questions, lists, types, fields, transitions, blanks.
pub(crate) fn check(guide: &Guide, registry: &Registry, mistakes: &mut Vec<String>) {
    let mut names: BTreeSet<String> = ["me", "today", "desk_zone"].map(str::to_owned).into();
    for question in guide.questions() {
        if !names.insert(question.name.clone()) {
            mistakes.push(format!("the question `{}` is there twice", question.name));
        }
        if let Some(rows) = question.rows() {
            columns(question, rows, mistakes);
            names.extend(rows.fixed.iter().map(|(key, _)| format!("{}.{key}", question.name)));
            for column in &rows.columns {
                known_rows(guide, &question.name, &column.kind, mistakes);
            }
        }
        known_rows(guide, &question.name, &question.kind, mistakes);
        if let Some(of) = question.from.as_deref().filter(|of| registry.get(of).is_none()) {
            mistakes.push(format!("question `{}`: there is no record type `{of}`", question.name));
        }
    }
    for question in guide.questions() {
        for warn in question.rows().into_iter().flat_map(|rows| &rows.warns) {
            for name in blanks(&warn.is).iter().filter(|n| !names.contains(*n)) {
                mistakes.push(format!("question `{}`: there is no answer `{{{name}}}`", question.name));
            }
        }
    }
    for make in &guide.makes {
        let mut inner = names.clone();
        if let Some(each) = &make.each {
            let rows = guide.question(each).and_then(|q| q.rows());
            match (rows, guide.lists.get(each)) {
                (Some(rows), _) => {
                    inner.insert("label".to_owned());
                    inner.extend(rows.columns.iter().map(|c| c.name.clone()));
                }
                (None, Some(list)) => inner.extend(list.columns.iter().cloned()),
                (None, None) => {
                    mistakes.push(format!("{}: there is no list and no question `{each}`", make.place));
                }
            }
        }
        if let Some(chosen) = make.chosen.as_deref().filter(|c| guide.question(c).is_none()) {
            mistakes.push(format!("{}: there is no question `{chosen}`", make.place));
        }
        Checked { make, names: &inner, mistakes }.make(registry);
    }
    if let Some(adopt) = &guide.adopt {
        if guide.question(&adopt.question).is_none() {
            mistakes.push(format!("{}: there is no question `{}`", adopt.place, adopt.question));
        }
        for name in adopt.given.iter().flat_map(|(_, text)| blanks(text)).filter(|n| !names.contains(n)) {
            mistakes.push(format!("{}: there is no answer `{{{name}}}`", adopt.place));
        }
    }
    for step in &guide.steps {
        if registry.get(&step.of).is_none() {
            mistakes.push(format!("{}: there is no record type `{}`", step.place, step.of));
        }
    }
}

/// Whether the columns are there that a table speaks of.
fn columns(question: &Question, rows: &Rows, mistakes: &mut Vec<String>) {
    let orders = rows.orders.iter().flat_map(|o| [&o.shorter, &o.longer]);
    for name in orders.chain(rows.warns.iter().map(|w| &w.column)) {
        if !rows.columns.iter().any(|c| c.name == *name) {
            mistakes.push(format!("question `{}`: there is no column `{name}`", question.name));
        }
    }
}

fn known_rows(guide: &Guide, question: &str, kind: &Kind, mistakes: &mut Vec<String>) {
    if let Kind::OneOf(of) = kind
        && guide.question(of).and_then(|q| q.rows()).is_none()
    {
        mistakes.push(format!("question `{question}`: `{of}` is no question that is answered with rows"));
    }
    let other = match kind {
        Kind::Hours(of) => of.as_ref(),
        Kind::Day(sense) => sense.after.as_ref(),
        _ => None,
    };
    if let Some(of) = other.filter(|of| guide.question(of).is_none()) {
        mistakes.push(format!("question `{question}`: there is no question `{of}`"));
    }
}

/// What is made, while it is looked at.
struct Checked<'a> {
    make: &'a Make,
    names: &'a BTreeSet<String>,
    mistakes: &'a mut Vec<String>,
}

impl Checked<'_> {
    fn says(&mut self, says: impl std::fmt::Display) {
        self.mistakes.push(format!("{}: {says}", self.make.place));
    }

    fn text(&mut self, text: &str) {
        for name in blanks(text) {
            if !self.names.contains(&name) {
                self.says(format!("there is no answer `{{{name}}}`"));
            }
        }
    }

    fn make(&mut self, registry: &Registry) {
        let make = self.make;
        let Some(of) = registry.get(&make.of) else {
            self.says(format!("there is no record type `{}`", make.of));
            return;
        };
        for text in [Some(&make.key), make.only_if.as_ref(), make.is.as_ref()].into_iter().flatten() {
            self.text(text);
        }
        for same in make.same.iter().filter(|s| of.field(s).is_none()) {
            self.says(format!("{} has no field `{same}`", make.of));
        }
        self.fields(of, &make.fields);
        for take in &make.takes {
            if let Some(name) = &take.transition
                && !of.transitions.iter().any(|t| t.name == *name)
            {
                self.says(format!("{} has no transition `{name}`", make.of));
            }
            if let Some(text) = &take.only_if {
                self.text(text);
            }
            self.fields(of, &take.fields);
        }
    }

    fn fields(&mut self, of: &RecordType, fields: &[(String, Vec<String>)]) {
        for (name, words) in fields {
            if of.field(name).is_none() {
                self.says(format!("{} has no field `{name}`", of.name));
            }
            for word in words {
                self.text(word);
            }
        }
    }
}

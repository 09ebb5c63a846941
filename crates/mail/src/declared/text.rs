//! One text: its subject and its body with places `{name}`.
//!
//! A line that has a place and whose places are all empty is left out, so a text needs no conditions.

use std::collections::BTreeMap;

use proofdesk_model::places;

use crate::fold::CUT;

/// Places that a text may have; `its.FIELD` besides, for a field that the reader sees.
const PLACES: [&str; 15] = [
    "name",
    "by",
    "reference",
    "title",
    "state",
    "due",
    "comment",
    "link",
    "decide",
    "organization",
    "cut",
    "sign_in",
    "count",
    "items",
    "type",
];

/// What stands in the places.
pub type Values = BTreeMap<String, String>;

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    subject: String,
    body: String,
}

/// Name and language of a file such as `mail/received.de.txt`.
pub(super) fn named(file: &str) -> Option<(String, String)> {
    let last = file.rsplit(['/', '\\']).next()?.strip_suffix(".txt")?;
    let (name, language) = last.split_once('.')?;
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    (is_word(name) && is_word(language)).then(|| (name.to_owned(), language.to_owned()))
}

impl Text {
    /// Reads a file: the subject in the first line, an empty line, the body.
    pub(super) fn read(file: &str, text: &str) -> Result<Self, Vec<String>> {
        let text = text.replace("\r\n", "\n");
        let mut wrong = Vec::new();
        let (subject, rest) = text.split_once('\n').unwrap_or((&text, ""));
        if subject.trim().is_empty() || !rest.starts_with('\n') {
            wrong.push(format!("{file}:1: the first line is the subject, the second is empty"));
        }
        for (at, line) in text.lines().enumerate() {
            for place in places::names(line) {
                if !PLACES.contains(&place) && place.strip_prefix("its.").is_none_or(str::is_empty) {
                    wrong.push(format!("{file}:{}: there is no `{{{place}}}`", at + 1));
                }
            }
        }
        if wrong.is_empty() {
            Ok(Self { subject: subject.trim().to_owned(), body: rest.trim().to_owned() })
        } else {
            Err(wrong)
        }
    }

    /// The places that it has, such as `its.resolution`.
    pub fn places(&self) -> impl Iterator<Item = &str> {
        places::names(&self.subject).chain(self.body.lines().flat_map(places::names))
    }

    /// Subject in one line, and body.
    pub fn fill(&self, values: &Values) -> (String, String) {
        let filled = |text: &str| places::filled(text, |place| value(values, place).to_owned());
        let subject = filled(&self.subject);
        let words: Vec<&str> = subject.split_whitespace().collect();
        let mut lines: Vec<String> = Vec::new();
        for line in self.body.lines() {
            let mut empty = true;
            let mut has = false;
            for place in places::names(line) {
                has = true;
                empty &= value(values, place).is_empty();
            }
            if !(has && empty) {
                lines.push(filled(line));
            }
        }
        let mut body = lines.join("\n");
        while body.contains("\n\n\n") {
            body = body.replace("\n\n\n", "\n\n");
        }
        (words.join(" ").chars().take(200).collect(), body.trim().to_owned() + "\n")
    }
}

fn value<'a>(values: &'a Values, place: &str) -> &'a str {
    if place == "cut" { CUT } else { values.get(place).map(String::as_str).unwrap_or_default() }
}

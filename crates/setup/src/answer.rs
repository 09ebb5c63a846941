//! Answers: what was given, what is taken where nothing was given, and what is wrong with them (`check`).

mod check;

use std::collections::BTreeMap;

use proofdesk_model::format::write_day;
use serde::{Deserialize, Serialize};

use crate::guide::{Guide, Kind, Question};
use check::Check;

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Answer {
    /// A text, an option, a day.
    Text(String),
    /// Options.
    Many(Vec<String>),
    /// Rows of cells.
    Rows(Vec<Vec<String>>),
}

impl Answer {
    /// The text; empty for another answer.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// The options; none for another answer.
    pub fn many(&self) -> &[String] {
        match self {
            Self::Many(many) => many,
            _ => &[],
        }
    }

    /// The rows; none for another answer.
    pub fn rows(&self) -> &[Vec<String>] {
        match self {
            Self::Rows(rows) => rows,
            _ => &[],
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Many(many) => many.is_empty(),
            Self::Rows(rows) => rows.iter().all(|r| is_blank(r)),
        }
    }
}

/// A row of which nothing was filled in.
pub(crate) fn is_blank(row: &[String]) -> bool {
    row.iter().all(|cell| cell.trim().is_empty())
}

/// What is known before anything was answered.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Name of the person who sets up; empty at the command line.
    pub me: String,
    /// Days since 1970-01-01.
    pub today: i32,
    /// The desk's time zone.
    pub zone: String,
    /// Rows that the desk has already, by question.
    pub rows: BTreeMap<String, Vec<Vec<String>>>,
}

/// Something that is wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The question.
    pub question: String,
    /// The place in a form: the question, or `people.2.mail` for a cell, counted from 0.
    pub at: String,
    /// What is wrong and what to do.
    pub says: String,
}

/// Answers by question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(pub BTreeMap<String, Answer>);

impl Answers {
    /// The answer that counts: the given one, or what stands for it.
    pub fn of(&self, question: &Question, known: &Known) -> Answer {
        match self.0.get(&question.name) {
            Some(given) => given.clone(),
            None => standing(question, known),
        }
    }

    /// The names that a person may choose from: the first cells of another question's rows.
    pub fn names(&self, guide: &Guide, of: &str, known: &Known) -> Vec<String> {
        let Some(question) = guide.question(of) else { return Vec::new() };
        let answer = self.of(question, known);
        let first = answer.rows().iter().filter_map(|r| r.first()).map(|n| n.trim().to_owned());
        first.filter(|n| !n.is_empty()).collect()
    }

    /// Everything that is wrong, in the order of the questions.
    pub fn wrong(&self, guide: &Guide, known: &Known) -> Vec<Wrong> {
        let mut found = Vec::new();
        for question in guide.questions() {
            let answer = self.of(question, known);
            Check { answers: self, guide, known, question, found: &mut found }.answer(&answer);
        }
        found
    }

    /// What makes little sense, and is taken all the same: days far off, somebody who would audit own work.
    pub fn doubtful(&self, guide: &Guide, known: &Known) -> Vec<Wrong> {
        let mut found = Vec::new();
        let base = crate::plan::base(guide, self, known);
        for question in guide.questions() {
            let answer = self.of(question, known);
            Check { answers: self, guide, known, question, found: &mut found }.doubts(&answer, &base);
        }
        found
    }

    /// How many questions were answered by hand, and how many there are.
    pub fn progress(&self, guide: &Guide) -> (usize, usize) {
        let all = guide.questions().count();
        (guide.questions().filter(|q| self.0.contains_key(&q.name)).count(), all)
    }
}

/// What stands for an answer that was not given.
fn standing(question: &Question, known: &Known) -> Answer {
    let filled = |text: &str| {
        let text = text.replace("{me}", &known.me).replace("{desk_zone}", &known.zone);
        day(&text, known.today).map_or(text, write_day)
    };
    match &question.kind {
        Kind::Choices(options) if question.default == "*" => {
            Answer::Many(options.iter().map(|(value, _)| value.clone()).collect())
        }
        Kind::Choices(_) => Answer::Many(question.default.split_whitespace().map(str::to_owned).collect()),
        Kind::Rows(rows) => match known.rows.get(&question.name).filter(|r| !r.is_empty()) {
            Some(present) => Answer::Rows(present.clone()),
            None => Answer::Rows(rows.first.iter().map(|r| r.iter().map(|c| filled(c)).collect()).collect()),
        },
        _ => Answer::Text(filled(&question.default)),
    }
}

/// Reads `+180d` as that many days after today; none for anything else.
pub(crate) fn day(text: &str, today: i32) -> Option<i32> {
    let length = text.strip_prefix('+')?;
    let days: i32 = length.strip_suffix('d')?.parse().ok()?;
    today.checked_add(days)
}

/// At most forty characters of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

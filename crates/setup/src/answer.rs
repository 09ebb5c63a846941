//! Answers: what was given, what is taken where nothing was given, and what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use proofdesk_model::format::{parse_day, parse_duration, write_day};
use serde::{Deserialize, Serialize};

use crate::guide::{Guide, Kind, Question, Rows};

/// Most characters of a line.
const LINE: usize = 200;
/// Most characters of several lines.
const LINES: usize = 4_000;
/// Most rows of an answer.
const ROWS: usize = 200;

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

/// One question while its answer is checked.
struct Check<'a> {
    answers: &'a Answers,
    guide: &'a Guide,
    known: &'a Known,
    question: &'a Question,
    found: &'a mut Vec<Wrong>,
}

impl Check<'_> {
    fn wrong(&mut self, at: &str, says: impl Into<String>) {
        let (question, at) = (self.question.name.clone(), at.to_owned());
        self.found.push(Wrong { question, at, says: says.into() });
    }

    fn answer(&mut self, answer: &Answer) {
        let question = self.question;
        if question.required && answer.is_empty() {
            let says = if question.rows().is_some() { "Fill at least one row." } else { "Answer this." };
            self.wrong(&question.name, says);
            return;
        }
        match &question.kind {
            Kind::Rows(rows) => self.rows(rows, answer.rows()),
            Kind::Choices(options) => {
                for value in answer.many() {
                    self.option(options, value, &question.name);
                }
            }
            kind => self.cell(kind, answer.text(), &question.name),
        }
    }

    fn option(&mut self, options: &[(String, String)], value: &str, at: &str) {
        if !options.iter().any(|(name, _)| name == value) {
            let names: Vec<&str> = options.iter().map(|(name, _)| name.as_str()).collect();
            self.wrong(at, format!("`{}` is none of: {}.", short(value), names.join(", ")));
        }
    }

    fn rows(&mut self, rows: &Rows, given: &[Vec<String>]) {
        if given.len() > ROWS {
            self.wrong(
                &self.question.name.clone(),
                format!("{} rows are too many; {ROWS} is the most.", given.len()),
            );
            return;
        }
        let mut names = BTreeSet::new();
        for (i, row) in given.iter().enumerate().filter(|(_, r)| !is_blank(r)) {
            for (column, cell) in rows.columns.iter().zip(row) {
                let at = format!("{}.{i}.{}", self.question.name, column.name);
                if column.required && cell.trim().is_empty() {
                    self.wrong(&at, format!("{} is missing in this row.", column.label));
                } else {
                    self.cell(&column.kind, cell, &at);
                }
            }
            let name = row.first().map(|n| n.trim().to_lowercase()).unwrap_or_default();
            if !name.is_empty() && !names.insert(name) {
                let at = format!("{}.{i}.{}", self.question.name, rows.columns[0].name);
                self.wrong(&at, format!("`{}` is here twice.", short(&row[0])));
            }
        }
    }

    fn cell(&mut self, kind: &Kind, text: &str, at: &str) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let most = if matches!(kind, Kind::Lines) { LINES } else { LINE };
        let length = text.chars().count();
        if length > most {
            self.wrong(at, format!("{length} characters are too many; {most} is the most."));
            return;
        }
        if text.chars().any(|c| c.is_control() && !(matches!(kind, Kind::Lines) && matches!(c, '\n' | '\r')))
        {
            self.wrong(at, "This is one line of text without control characters.");
            return;
        }
        match kind {
            Kind::Day if parse_day(text).is_none() => {
                self.wrong(at, format!("`{}` is no day; write it like 2027-03-31.", short(text)));
            }
            Kind::Zone if jiff::tz::TimeZone::get(text).is_err() => {
                self.wrong(
                    at,
                    format!("There is no time zone `{}`; write it like Europe/Berlin.", short(text)),
                );
            }
            Kind::Length if parse_duration(text).is_none_or(|length| length <= 0) => {
                self.wrong(
                    at,
                    format!("`{}` is no length of time; write it like 30m, 4h or 2d.", short(text)),
                );
            }
            Kind::Choice(options) => self.option(options, text, at),
            Kind::OneOf(of) => {
                let names = self.answers.names(self.guide, of, self.known);
                if !names.iter().any(|n| n == text) {
                    let label = self.guide.question(of).map_or(of.as_str(), |q| q.label.as_str());
                    let says = format!(
                        "{} is not among the answers to \u{201c}{label}\u{201d}. Choose one of them, or add a row there.",
                        short(text)
                    );
                    self.wrong(at, says);
                }
            }
            _ => {}
        }
    }
}

/// At most forty characters of a text, for messages.
pub(crate) fn short(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

//! Terms: the lengths of time, shares and numbers in tests that an organization chooses for itself. A control file names
//! each once with a default; a file of the site folder may set it. Tests write `{name}` instead of a figure.
//!
//! Invariant: a test's declaration includes the values of the terms that it uses, so that a result says by which.

use indexmap::IndexMap;
use proofdesk_model::format::parse_duration;
use serde::Serialize;

use crate::control::load::percent;
use crate::reader::{Mistake, Node, Page};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// What a term amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Whole days.
    Days(i64),
    /// Whole hours.
    Hours(i64),
    /// A share, in thousandths of a percent.
    Share(u64),
    /// A plain number.
    Number(i64),
}

/// Where a term is written into a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// In a condition: `days(14)`.
    Condition,
    /// Where a length of time or a share is asked for: `14d`, `5%`.
    Figure,
    /// In a sentence: `14 days`.
    Words,
}

impl Amount {
    fn read(node: Node<'_>, text: &str, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        if text.ends_with('%') {
            return percent(node, text, mistakes).map(Self::Share);
        }
        if let Ok(number) = text.parse::<i64>() {
            return (number >= 0).then_some(Self::Number(number));
        }
        let found = match parse_duration(text) {
            Some(micros) if micros > 0 && text.ends_with('d') && micros % DAY == 0 => {
                Some(Self::Days(micros / DAY))
            }
            Some(micros) if micros > 0 && micros % HOUR == 0 => Some(Self::Hours(micros / HOUR)),
            _ => None,
        };
        if found.is_none() {
            let message =
                format!("`{text}` is no amount; write for example \"14d\", \"4h\", \"95%\" or \"12\"");
            node.mistake(message, mistakes);
        }
        found
    }

    fn unit(self) -> &'static str {
        match self {
            Self::Days(_) => "days",
            Self::Hours(_) => "hours",
            Self::Share(_) => "per cent",
            Self::Number(_) => "a number",
        }
    }

    /// So much more, in the same unit.
    fn plus(self, more: i64) -> Self {
        match self {
            Self::Days(n) => Self::Days(n.saturating_add(more)),
            Self::Hours(n) => Self::Hours(n.saturating_add(more)),
            Self::Number(n) => Self::Number(n.saturating_add(more)),
            Self::Share(n) => Self::Share(n),
        }
    }

    /// As it is written at a spot.
    pub fn write(self, spot: Spot) -> String {
        let counted = |n: i64, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
        match (self, spot) {
            (Self::Days(n), Spot::Condition) => format!("days({n})"),
            (Self::Days(n), Spot::Figure) => format!("{n}d"),
            (Self::Days(n), Spot::Words) => counted(n, "day"),
            (Self::Hours(n), Spot::Condition) => format!("hours({n})"),
            (Self::Hours(n), Spot::Figure) => format!("{n}h"),
            (Self::Hours(n), Spot::Words) => counted(n, "hour"),
            (Self::Number(n), _) => n.to_string(),
            (Self::Share(n), spot) => {
                let part = format!("{:03}", n % 1_000);
                let part = part.trim_end_matches('0');
                let dot = if part.is_empty() { "" } else { "." };
                let gap = if spot == Spot::Words { " " } else { "" };
                format!("{}{dot}{part}{gap}%", n / 1_000)
            }
        }
    }
}

/// That the organization chose its own value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chosen {
    /// `file:line`.
    pub place: String,
    /// Why.
    pub says: String,
}

/// A figure that the organization chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Term {
    /// `incident_closure`.
    pub name: String,
    /// What people read.
    pub title: String,
    /// What it is and why it is so much.
    pub says: String,
    /// The clause, or the clauses, that leave it to the organization.
    pub clause: String,
    /// What holds, in words: `14 days`.
    pub value: String,
    /// What holds where nobody chose, in words.
    pub default: String,
    /// Who set it otherwise; none where the default holds.
    pub chosen: Option<Chosen>,
    /// `file:line` of its declaration.
    pub place: String,
    /// What holds.
    #[serde(skip)]
    pub amount: Amount,
}

/// All terms, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(pub IndexMap<String, Term>);

impl Terms {
    /// Reads the nodes `term` and then `set` of all files.
    pub(super) fn read(pages: &[Page<'_>], mistakes: &mut Vec<Mistake>) -> Self {
        let mut terms = Self::default();
        let nodes = || pages.iter().flat_map(Page::nodes);
        for node in nodes().filter(|n| n.word() == "term") {
            let Some(term) = read_term(node, mistakes) else { continue };
            if let Some(first) = terms.0.get(&term.name) {
                let message = format!("term {} is declared twice, first at {}", term.name, first.place);
                node.mistake(message, mistakes);
                continue;
            }
            terms.0.insert(term.name.clone(), term);
        }
        nodes().filter(|n| n.word() == "set").for_each(|node| terms.set(node, mistakes));
        terms
    }

    fn set(&mut self, node: Node<'_>, mistakes: &mut Vec<Mistake>) {
        node.only(&["to", "says"], mistakes);
        let Some([name]) = node.exactly(["term"], mistakes) else { return };
        let (to, says) = (node.required("to", mistakes), node.required("says", mistakes));
        let (Some(to), Some(says)) = (to, says) else { return };
        let Some(term) = self.0.get_mut(&name) else {
            node.mistake(format!("there is no term `{name}`"), mistakes);
            return;
        };
        let Some(amount) = Amount::read(node, &to, mistakes) else { return };
        let time = |a: Amount| matches!(a, Amount::Days(_) | Amount::Hours(_));
        if amount.unit() != term.amount.unit() && !(time(amount) && time(term.amount)) {
            let message = format!("term {name} is {}; `{to}` is {}", term.amount.unit(), amount.unit());
            node.mistake(message, mistakes);
        } else if let Some(chosen) = &term.chosen {
            node.mistake(format!("term {name} is set twice, first at {}", chosen.place), mistakes);
        } else {
            (term.amount, term.value) = (amount, amount.write(Spot::Words));
            term.chosen = Some(Chosen { place: node.place(), says });
        }
    }

    /// Writes the values of terms into a text; what is wrong comes back as a sentence.
    pub(crate) fn fill(&self, text: &str, spot: Spot) -> Result<String, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, inside, after)) = next(rest) {
            let (name, more) = split(inside);
            let term = self.0.get(name).ok_or_else(|| {
                let names: Vec<&str> = self.0.keys().map(String::as_str).collect();
                format!("there is no term `{name}`; known are: {}", names.join(", "))
            })?;
            filled.push_str(before);
            filled.push_str(&term.amount.plus(more).write(spot));
            rest = after;
        }
        Ok(filled + rest)
    }

    /// The terms that a text names, each once.
    pub(crate) fn used(&self, text: &str) -> Vec<Term> {
        let mut used: Vec<Term> = Vec::new();
        let mut rest = text;
        while let Some((_, inside, after)) = next(rest) {
            let term = self.0.get(split(inside).0).filter(|t| !used.iter().any(|u| u.name == t.name));
            used.extend(term.cloned());
            rest = after;
        }
        used
    }
}

/// The first `{name}` or `{name+91}`: what is before it, what is inside, what follows.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('{').map(|at| from + at) {
        let inside = text.get(open + 1..)?;
        if let Some((name, after)) = inside.split_once('}')
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-".contains(c))
        {
            return Some((text.get(..open)?, name, after));
        }
        from = open + 1;
    }
    None
}

/// A name, and how much is added to its amount.
fn split(inside: &str) -> (&str, i64) {
    let at = inside.find(['+', '-']).unwrap_or(inside.len());
    let (name, more) = inside.split_at(at);
    (name, more.parse().unwrap_or(0))
}

fn read_term(node: Node<'_>, mistakes: &mut Vec<Mistake>) -> Option<Term> {
    node.only(&["default", "clause", "title", "says"], mistakes);
    let [name] = node.exactly(["name"], mistakes)?;
    let default = node.required("default", mistakes);
    let (title, says) = (node.required("title", mistakes), node.required("says", mistakes));
    let clause = node.required("clause", mistakes);
    let amount = Amount::read(node, &default?, mistakes)?;
    if !name.starts_with(|c: char| c.is_ascii_lowercase())
        || !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    {
        node.mistake(format!("`{name}` is no name; use small letters, digits and _"), mistakes);
    }
    Some(Term {
        name,
        title: title?,
        says: says?,
        clause: clause?,
        value: amount.write(Spot::Words),
        default: amount.write(Spot::Words),
        chosen: None,
        place: node.place(),
        amount,
    })
}

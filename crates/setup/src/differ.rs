//! Where the desk is not as the answers say: answers change and records live on. Nothing is overwritten; it is said.
//!
//! Only what was answered counts, and no days that are counted from today: those move by themselves.

use std::collections::HashMap;

use proofdesk_engine::{Record, Reference};
use proofdesk_model::format::show;
use proofdesk_model::{Field, Kind as FieldKind, Value};

use crate::answer::{Answers, Known};
use crate::error::Error;
use crate::make::{Desk, Keys, Standing, matching};
use crate::plan::{Plan, Planned};

/// A field in which a record is not as the answers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field, as people read it.
    pub field: String,
    /// What it says, and what follows from the answers.
    pub says: String,
}

impl Difference {
    fn new(field: &Field, desk: &str, answer: &str) -> Self {
        let desk = if desk.is_empty() { "empty" } else { desk };
        Self { field: field.label.clone(), says: format!("{desk}; by your answers {answer}") }
    }
}

/// Something that the desk has and no answer names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unnamed {
    /// The question that would name it.
    pub question: String,
    /// What it is called.
    pub title: String,
}

/// What is planned, as far as it is there, and what everything is called.
struct Names<'a> {
    plan: &'a Plan,
    keys: Keys,
    /// Titles of what is not there yet, by key.
    new: Vec<(&'a str, &'a str)>,
    titles: HashMap<Reference, String>,
}

impl Names<'_> {
    fn title(&self, reference: &Reference) -> String {
        self.titles.get(reference).cloned().unwrap_or_default()
    }

    /// Titles of planned records that are not there yet.
    fn missing(&self, words: &[String]) -> Vec<String> {
        let named = |key: &str, word: &String| match word.strip_suffix('*') {
            Some(begin) => key.starts_with(begin),
            None => key == word,
        };
        let found = self.new.iter().filter(|(key, _)| words.iter().any(|w| named(key, w)));
        found.map(|(_, title)| (*title).to_owned()).collect()
    }
}

impl Desk<'_> {
    /// For each planned record, where the one on the desk is not as planned.
    pub(crate) async fn differences(
        &self,
        plan: &Plan,
        standings: &[Standing],
    ) -> Result<Vec<Vec<Difference>>, Error> {
        let desk = self.as_answered(plan);
        let mut names = Names { plan, keys: Keys::new(), new: Vec::new(), titles: HashMap::new() };
        for (planned, standing) in plan.records.iter().zip(standings) {
            match standing {
                Standing::Made(reference) | Standing::Present(reference) => {
                    names.keys.insert(planned.key.clone(), reference.clone());
                    names.titles.insert(reference.clone(), planned.title.clone());
                }
                Standing::New => names.new.push((&planned.key, &planned.title)),
                Standing::Spared => {}
            }
        }
        let mut found = Vec::with_capacity(plan.records.len());
        for (planned, standing) in plan.records.iter().zip(standings) {
            let is_present = matches!(standing, Standing::Present(_));
            found.push(match names.keys.get(&planned.key) {
                Some(reference) => match self.engine.require(self.caller, reference).await {
                    Ok(record) => desk.of_record(planned, &record, is_present, &names).await?,
                    // it is gone, or not for these eyes
                    Err(proofdesk_engine::Error::NotFound(_)) => Vec::new(),
                    Err(other) => return Err(other.into()),
                },
                None => Vec::new(),
            });
        }
        Ok(found)
    }

    async fn of_record(
        &self,
        planned: &Planned,
        record: &Record,
        is_present: bool,
        names: &Names<'_>,
    ) -> Result<Vec<Difference>, Error> {
        let of = self.engine.require_type(&planned.of)?;
        let mut found = Vec::new();
        // what was there before and is named by a row differs from what its own row says, not from other questions
        let asked = |name: &String| planned.sources.get(name).and_then(|at| at.split('.').next());
        let own = if is_present { planned.same.iter().find_map(asked) } else { None };
        for (name, words) in &planned.fields {
            let Some(field) = of.field(name) else { continue };
            let question = asked(name);
            if own.is_some_and(|own| question.is_some_and(|q| q != own)) {
                continue;
            }
            let is_answered = question.is_some_and(|q| names.plan.answered.contains(q));
            found.extend(match &field.kind {
                FieldKind::Links { .. } => lacks(field, record, words, names),
                _ if !is_answered => None,
                FieldKind::Link { .. } | FieldKind::Person | FieldKind::Team => {
                    self.link(field, record, words, names).await?
                }
                _ => self.plain(field, record, words),
            });
        }
        Ok(found)
    }

    /// A link that leads elsewhere.
    async fn link(
        &self,
        field: &Field,
        record: &Record,
        words: &[String],
        names: &Names<'_>,
    ) -> Result<Option<Difference>, Error> {
        let now = match (record.get(&field.name), field.target()) {
            (Value::Link(number), Some(target)) => Some(Reference::new(target, number)),
            _ => None,
        };
        let Some(key) = words.first() else { return Ok(None) };
        let wanted = names.keys.get(key);
        let answer = match wanted {
            Some(wanted) if now.as_ref() == Some(wanted) => return Ok(None),
            Some(wanted) => names.title(wanted),
            None => match names.missing(words).pop() {
                Some(title) => title,
                None => return Ok(None),
            },
        };
        let desk = match &now {
            Some(now) => {
                let titles = self.engine.titles_of(self.caller, std::slice::from_ref(now)).await?;
                titles.get(now).cloned().unwrap_or_default()
            }
            None => String::new(),
        };
        Ok(Some(Difference::new(field, &desk, &answer)))
    }

    /// A value that is another one.
    fn plain(&self, field: &Field, record: &Record, words: &[String]) -> Option<Difference> {
        // days from today move by themselves; of several days the earliest was taken
        if matches!(field.kind, FieldKind::Day) && words.iter().any(|w| w.starts_with('+')) {
            return None;
        }
        let wanted = self.value(field, words).ok()?;
        let now = record.get(&field.name);
        if now == wanted {
            return None;
        }
        let written = |value: &Value| match value {
            Value::Null => String::new(),
            value => show(field, value, self.zone),
        };
        Some(Difference::new(field, &written(&now), &written(&wanted)))
    }

    /// Names on the desk that no answer names, where the question takes its rows from the desk.
    pub fn unnamed(&self, answers: &Answers, known: &Known) -> Vec<Unnamed> {
        let mut found = Vec::new();
        for question in self.guide.questions().filter(|q| answers.0.contains_key(&q.name)) {
            let Some(present) = known.rows.get(&question.name) else { continue };
            let named: Vec<String> =
                answers.names(self.guide, &question.name, known).iter().map(|n| n.to_lowercase()).collect();
            let titles = present.iter().filter_map(|row| row.first()).map(|title| title.trim());
            let other = titles.filter(|t| !t.is_empty() && !named.contains(&t.to_lowercase()));
            found.extend(other.map(|t| Unnamed { question: question.name.clone(), title: t.to_owned() }));
        }
        found
    }
}

/// Links that are missing; others may have been added.
fn lacks(field: &Field, record: &Record, words: &[String], names: &Names<'_>) -> Option<Difference> {
    let present = record.links.get(&field.name).map_or(&[][..], |links| links.as_slice());
    let there = matching(&names.keys, words).into_iter().filter(|r| !present.contains(r));
    let mut missing: Vec<String> = there.map(|r| names.title(&r)).collect();
    missing.extend(names.missing(words));
    (!missing.is_empty()).then(|| {
        let says = format!("without {}, which your answers name", missing.join(", "));
        Difference { field: field.label.clone(), says }
    })
}

//! One record under import: its present values, what was imported of it before, and the write of its next event.

use std::collections::HashMap;
use std::sync::Arc;

use proofdesk_model::{Action, Caller, Change, Door, Draft, LinkChange, Record, Reference, Stamp, Value};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};

use super::batch::Batch;
use super::event::{Event, Named, Plan};
use super::numbers::Numbers;
use super::rows::Row;
use super::stub::{PEOPLE, Stubs};
use crate::Engine;
use crate::error::Error;

/// How far the rows of one key have come; small, kept for every key of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// Rows of this key seen in this run.
    pub rows: i64,
    /// Digest over them.
    pub digest: [u8; 32],
    /// Rows and digest as a run before left them.
    pub stored: Option<(i64, String, i64)>,
    /// What was imported before is not what the file says now.
    pub differs: bool,
    /// Has new events in this run.
    pub changed: bool,
}

impl Seen {
    /// Takes a row into the count. Returns whether it was imported before.
    pub fn take(&mut self, row: &Row) -> bool {
        let mut hash = Sha256::new();
        hash.update(self.digest);
        for field in row.fields() {
            hash.update(field.as_bytes());
            hash.update([0x1f]);
        }
        self.digest = hash.finalize().into();
        self.rows += 1;
        let Some((rows, digest, _)) = &self.stored else { return false };
        if self.rows == *rows && hex::encode(self.digest) != *digest {
            self.differs = true;
        }
        self.rows <= *rows
    }
}

/// A record under import.
#[derive(Debug, Clone)]
pub(super) struct Case {
    record: Option<Arc<Record>>,
    links: HashMap<String, Vec<i64>>,
    kept: HashMap<String, Option<String>>,
}

/// Why an event was not taken.
pub(super) enum Refused {
    /// Only this row.
    Row(String),
    /// The database; the import ends.
    Stop(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(problems) | Error::Forbidden(problems) => Self::Row(problems.to_string()),
            other => Self::Stop(other),
        }
    }
}

/// What a run needs beside the case.
pub(super) struct Tools<'a> {
    pub engine: &'a Engine,
    pub plan: &'a Plan<'a>,
    pub stubs: &'a mut Stubs,
    pub numbers: &'a mut Numbers,
    pub batch: &'a mut Batch,
}

impl Case {
    /// A key that was never seen.
    pub fn new() -> Self {
        Self { record: None, links: HashMap::new(), kept: HashMap::new() }
    }

    /// A record that was imported before.
    pub async fn load(engine: &Engine, of: &str, number: i64) -> Result<Self, Error> {
        let of = engine.require_type(of)?;
        let mut case = Self::new();
        if let Some(record) = engine.store().load(&of, number).await? {
            let reference = Reference::new(of.name.clone(), number);
            for (relation, others) in engine.store().links(&reference, &of, None).await? {
                case.links.insert(relation, others.into_iter().map(|r| r.number).collect());
            }
            case.record = Some(Arc::new(record));
        }
        Ok(case)
    }

    /// The record's number; none before its first event.
    pub fn number(&self) -> Option<i64> {
        self.record.as_ref().map(|r| r.number)
    }

    /// Turns a row into a write. Returns whether the record was created by it.
    pub async fn take(&mut self, key: &str, row: &Row, tools: &mut Tools<'_>) -> Result<bool, Refused> {
        let plan = tools.plan;
        let event = plan.event(row, self.record.as_deref()).map_err(Refused::Row)?;
        let mut change = Change::default();
        if self.record.is_none() {
            change.external_key = Some(key.to_owned());
            change.set.extend(owned(plan.fixed(row).map_err(Refused::Row)?));
        }
        let caller = self.caller(&event, tools).await?;
        let mut links = Vec::new();
        for named in &event.links {
            links.push((named, Self::resolve(named, tools).await?));
        }
        self.relate(&links, &mut change);
        change.state.clone_from(&event.state);
        let kept = self.kept_changes(&event);
        let mut note = json!({"source": plan.mapping.name, "line": row.line});
        if !kept.is_empty()
            && let Some(note) = note.as_object_mut()
        {
            note.insert("kept".to_owned(), Json::Object(kept));
        }
        change.note = Some(note);
        change.set.extend(owned(event.set));

        let created = self.record.is_none();
        let action = if created { Action::Create } else { Action::Update };
        let of = &plan.mapping.of;
        let permit = of.permit(&caller, action, self.record.as_deref()).map_err(Error::Forbidden)?;
        let stamp = Stamp { at: tools.batch.at, occurred_at: event.at, door: Door::Import };
        let draft = Draft::over(of, self.record.clone(), change, &caller, stamp).map_err(Error::Invalid)?;
        let facts = tools.batch.facts(tools.engine, &draft).await?;
        let rules = tools.engine.rules();
        let mut checked = draft.derive(rules, &facts).check(rules, &facts).map_err(Error::Invalid)?;
        if created {
            checked = checked.numbered(tools.numbers.next(tools.engine, &of.name).await?);
        }
        for (named, number) in links.into_iter().filter(|(n, _)| n.many) {
            self.links.insert(named.field.to_owned(), number.into_iter().collect());
        }
        self.kept.extend(event.kept.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.record = Some(checked.shared());
        tools.batch.push(permit, checked);
        tools.batch.events += 1;
        Ok(created)
    }

    async fn caller(&self, event: &Event<'_>, tools: &mut Tools<'_>) -> Result<Caller, Refused> {
        let source = &tools.plan.mapping.name;
        let Some(name) = &event.by else { return Ok(Caller::system(&format!("import of {source}"))) };
        let create = tools.plan.mapping.by.as_ref().is_some_and(|(_, naming)| naming.create);
        let Tools { engine, stubs, numbers, batch, .. } = tools;
        let person = stubs.number(engine, PEOPLE, name, create, batch, numbers).await?;
        Ok(Caller { person, ..Caller::system(name) })
    }

    async fn resolve(named: &Named<'_>, tools: &mut Tools<'_>) -> Result<Option<i64>, Refused> {
        let Some(name) = &named.name else { return Ok(None) };
        let Tools { engine, stubs, numbers, batch, .. } = tools;
        let found = stubs.number(engine, named.to, name, named.create, batch, numbers).await?;
        if found.is_none() {
            let message = format!("{}: there is no {} named `{name}`", named.field, named.to);
            return Err(Refused::Row(format!("{message}; make it first, or set `create = true`")));
        }
        Ok(found)
    }

    /// Single links are values, many-links are changes of relations.
    fn relate(&self, links: &[(&Named<'_>, Option<i64>)], change: &mut Change) {
        for (named, number) in links {
            if !named.many {
                change.set.insert(named.field.to_owned(), number.map_or(Value::Null, Value::Link));
                continue;
            }
            let before = self.links.get(named.field).map_or(&[][..], Vec::as_slice);
            let link = |number: i64, add: bool| LinkChange {
                relation: named.field.to_owned(),
                to: Reference::new(named.to, number),
                add,
            };
            change.links.extend(before.iter().filter(|n| Some(**n) != *number).map(|n| link(*n, false)));
            change.links.extend(number.filter(|n| !before.contains(n)).map(|n| link(n, true)));
        }
    }

    /// Values without a field, where they differ from those of the event before.
    fn kept_changes(&self, event: &Event<'_>) -> Map<String, Json> {
        let differs = |(name, value): &&(&str, Option<String>)| self.kept.get(*name) != Some(value);
        event.kept.iter().filter(differs).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    }
}

fn owned(values: Vec<(&str, Value)>) -> impl Iterator<Item = (String, Value)> {
    values.into_iter().map(|(name, value)| (name.to_owned(), value))
}

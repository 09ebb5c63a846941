//! A dry run: what an automation would have done, by the history of past records. Nothing is written.

use std::sync::Arc;

use proofdesk_engine::read::ListRequest;
use proofdesk_engine::{Audience, Caller, Door, Engine, HistoryItem, Reference, Stamp, Target};
use proofdesk_model::{Outcome, Record, Value, format};
use serde::Serialize;

use crate::act::{author, filled, holds, plan};
use crate::declared::{Act, Automation, Automations};
use crate::error::Error;

/// Entries of one record that are looked at, from the newest on.
const ENTRIES: usize = 500;

/// A beginning in the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fired {
    /// The record.
    pub reference: String,
    /// Its title now.
    pub title: String,
    /// When the condition began to hold, microseconds UTC.
    pub at: i64,
    /// Who wrote what brought it about.
    pub by: String,
    /// The automation did act on the record at some time.
    pub acted: bool,
    /// It holds now, with what must hold besides.
    pub holds: bool,
    /// It holds now, but not what must hold besides (`also`).
    pub barred: bool,
    /// What would be done if it began now, with the record's values in texts; empty where it does not hold.
    pub would: Vec<String>,
    /// Why something of it would be refused.
    pub refused: Vec<String>,
}

/// What a dry run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Past {
    /// Records that were looked at, those last changed first.
    pub records: usize,
    /// Older records were left out.
    pub is_part: bool,
    /// Beginnings, newest first.
    pub fired: Vec<Fired>,
}

impl Automations {
    /// Looks through the records that were changed last, at most `most`, for beginnings of an automation's condition;
    /// what must hold besides can be asked of the present only. The caller sees what he may read.
    ///
    /// # Errors
    /// [`Error::Unknown`], `Forbidden`, or a fault of the database.
    pub async fn past(
        &self,
        engine: &Engine,
        caller: &Caller,
        name: &str,
        most: usize,
    ) -> Result<Past, Error> {
        let automation = self.get(name)?;
        let mut request = ListRequest {
            record_type: automation.on.clone(),
            filter: None,
            sort: "updated_at".to_owned(),
            descending: true,
            after: None,
            limit: most.clamp(1, 100),
        };
        let mut past = Past { records: 0, is_part: false, fired: Vec::new() };
        loop {
            let page = engine.list(caller, &request).await?;
            for record in page.records.iter().take(most - past.records) {
                past.records += 1;
                past.fired.extend(fired(engine, caller, automation, record).await?);
            }
            match page.next {
                Some(next) if past.records < most => request.after = Some(next),
                next => {
                    past.is_part = next.is_some();
                    break;
                }
            }
        }
        past.fired.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.reference.cmp(&b.reference)));
        Ok(past)
    }
}

async fn fired(
    engine: &Engine,
    caller: &Caller,
    automation: &Automation,
    record: &Record,
) -> Result<Vec<Fired>, Error> {
    let reference = Reference::new(record.of.name.clone(), record.number);
    let items = engine.history(&reference, ENTRIES).await?;
    let own = author(&automation.name);
    let acted = items.iter().any(|item| item.by == own);
    let context = engine.context(caller);
    let is_true = |record: &Record| automation.when.evaluate(record, &context) == Outcome::True;
    let mut found = Vec::new();
    let mut after = record.clone();
    for item in items.iter().filter(|item| !item.changes.is_empty()) {
        let before = undone(&after, item);
        let was_there = item.action != "create";
        if item.by != own && is_true(&after) && !(was_there && is_true(&before)) {
            found.push(Fired {
                reference: record.reference(),
                title: record.title().to_owned(),
                at: item.occurred_at,
                by: item.by.clone(),
                acted,
                holds: false,
                barred: false,
                would: Vec::new(),
                refused: Vec::new(),
            });
        }
        after = before;
    }
    if let Some(newest) = found.first_mut().filter(|_| is_true(record)) {
        newest.holds = holds(engine, caller, automation, record).await?;
        newest.barred = !newest.holds;
        if newest.holds {
            (newest.would, newest.refused) = would(engine, caller, automation, record).await?;
        }
    }
    Ok(found)
}

/// A record as it was before an entry.
fn undone(after: &Record, item: &HistoryItem) -> Record {
    let mut before = after.clone();
    let of = Arc::clone(&after.of);
    for change in &item.changes {
        if change.field == "state" {
            // none before it was created
            before.state = change.old.as_str().map_or_else(String::new, str::to_owned);
        } else if let Some(column) = of.columns().iter().find(|column| column.name == change.field) {
            before.set(&column.name, format::from_json(column.shape, &change.old).unwrap_or(Value::Null));
        }
    }
    before.version = item.version - 1;
    before
}

async fn would(
    engine: &Engine,
    caller: &Caller,
    automation: &Automation,
    record: &Record,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let program = Caller::system(&author(&automation.name));
    let stamp = Stamp::now(engine.now(), Door::Rule);
    let mut plan = plan(engine, &program, automation, record, &stamp).await?;
    let is_changed = |name: &String| plan.change.set.contains_key(name);
    let would = automation.acts.iter().filter(|act| match act {
        Act::Set { field, .. } | Act::Assign { field, .. } => {
            is_changed(field) && caller.sees(&record.of, field)
        }
        Act::Take(_) => plan.change.transition.is_some(),
        _ => true,
    });
    let seen = caller.shown(record.clone());
    let would: Vec<(bool, String)> = would.map(|act| told(act, &seen, engine)).collect();
    let change = std::mem::take(&mut plan.change);
    let mut refused = plan.all_refused();
    if !change.is_empty() {
        let target = Target::Existing(Reference::new(record.of.name.clone(), record.number), None);
        let problems = engine.rehearse(&program, target, change, Door::Rule).await?;
        refused.extend(problems.0.into_iter().map(|p| p.message));
    }
    // as in life, the customer is told nothing where something is refused
    let would = would.into_iter().filter(|(to_customer, _)| !to_customer || refused.is_empty());
    Ok((would.map(|(_, words)| words).collect(), refused))
}

/// What an act does, with the record's values in what it says; and whether it speaks to the customer.
fn told(act: &Act, record: &Record, engine: &Engine) -> (bool, String) {
    match act {
        Act::Comment { audience, text } => {
            let act = Act::Comment { audience: *audience, text: filled(text, record, engine) };
            (*audience == Audience::Customer, act.words())
        }
        Act::Set { field, value } => {
            (false, Act::Set { field: field.clone(), value: filled(value, record, engine) }.words())
        }
        other => (false, other.words()),
    }
}

//! Examples in declarations, run as they are written: each makes a record in memory, tries a step and compares.
//!
//! Not here: the store. What other records would say is empty, except that records named in the example exist.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use proofdesk_condition::Value;

use crate::access::{Caller, ROLES};
use crate::change::{Change, Door, LinkChange, Stamp};
use crate::draft::{Checked, Draft};
use crate::error::Problems;
use crate::format::{self, Input};
use crate::load::Mistake;
use crate::record::{Record, Reference};
use crate::record_type::{Example, RecordType};
use crate::registry::Registry;
use crate::rule::{Facts, Lookup, RuleSet};

/// Monday 2026-03-02 09:00 UTC: `now` in every example.
const NOW: i64 = 1_772_442_000_000_000;

/// Runs every example of every type. An empty answer means that all hold.
pub fn run(registry: &Registry, rules: &RuleSet) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for of in registry.types() {
        for example in &of.examples {
            if let Err(why) = one(of, example, registry, rules) {
                let (file, line) = example.place.rsplit_once(':').unwrap_or((&example.place, "1"));
                mistakes.push(Mistake {
                    file: file.to_owned(),
                    line: line.parse().unwrap_or(1),
                    column: 1,
                    width: 1,
                    message: format!("the example \"{}\" does not hold: {why}", example.title),
                    source: String::new(),
                });
            }
        }
    }
    mistakes
}

fn one(of: &Arc<RecordType>, example: &Example, registry: &Registry, rules: &RuleSet) -> Result<(), String> {
    let given = change(of, &example.given, registry)?;
    let checked = if example.transition.is_none() && example.change.is_empty() {
        let caller = if given.state.is_some() { Caller::system("example") } else { person() };
        try_step(of, None, given, &caller, registry, rules)
    } else {
        let before = before(of, given, registry, rules)?;
        let mut step = change(of, &example.change, registry)?;
        step.transition.clone_from(&example.transition);
        try_step(of, Some(before), step, &person(), registry, rules)
    };
    let checked = match (checked, &example.refused_because) {
        (Err(problems), Some(word)) if names(&problems, word) => return Ok(()),
        (Err(problems), Some(word)) => {
            return Err(format!("it is refused, but not because of `{word}`: {problems}"));
        }
        (Err(problems), None) => return Err(format!("it is refused: {problems}")),
        (Ok(_), Some(word)) => return Err(format!("it is accepted, though `{word}` should refuse it")),
        (Ok(checked), None) => checked,
    };
    for (name, written) in &example.expect {
        let found = checked.after().get(name);
        let wanted = value(of, name, written, registry)?;
        if found != wanted {
            let found = show(of, name, &found);
            return Err(format!("`{name}` is {found}, not `{written}`"));
        }
    }
    Ok(())
}

fn person() -> Caller {
    Caller::person(1, "example", ROLES)
}

fn stamp() -> Stamp {
    Stamp::now(NOW, Door::Page)
}

/// The record before the step: values as given, nothing demanded of them.
fn before(
    of: &Arc<RecordType>,
    given: Change,
    registry: &Registry,
    rules: &RuleSet,
) -> Result<Record, String> {
    let links = given.links.clone();
    let draft = Draft::new(of, None, given, &Caller::system("example"), stamp())
        .map_err(|problems| format!("what is given is refused: {problems}"))?;
    let facts = facts(&draft, registry, rules);
    let mut record = draft.derive(rules, &facts).after().clone();
    record.number = 1;
    let mut related: BTreeMap<String, Vec<Reference>> = BTreeMap::new();
    for link in links {
        related.entry(link.relation).or_default().push(link.to);
    }
    record.links = related;
    Ok(record)
}

fn try_step(
    of: &Arc<RecordType>,
    before: Option<Record>,
    change: Change,
    caller: &Caller,
    registry: &Registry,
    rules: &RuleSet,
) -> Result<Checked, Problems> {
    let draft = Draft::new(of, before, change, caller, stamp())?;
    let facts = facts(&draft, registry, rules);
    draft.derive(rules, &facts).check(rules, &facts)
}

/// Records that the draft names exist, in their initial state and otherwise empty; small types have none.
fn facts(draft: &Draft, registry: &Registry, rules: &RuleSet) -> Facts {
    let mut facts = Facts::default();
    let record = |reference: &Reference| {
        registry
            .get(&reference.record_type)
            .map(|of| Record { number: reference.number, ..Record::empty(of) })
    };
    for lookup in draft.lookups(rules) {
        let found: Vec<Record> = match &lookup {
            Lookup::All(_) => Vec::new(),
            Lookup::One(reference) => record(reference).into_iter().collect(),
            Lookup::Related(relation) => {
                let kept = draft.after().links.get(relation).into_iter().flatten();
                let added = draft.links().iter().filter(|l| l.relation == *relation && l.add).map(|l| &l.to);
                kept.chain(added).filter_map(record).collect()
            }
        };
        facts.insert(lookup, Arc::new(found));
    }
    facts
}

fn change(of: &RecordType, pairs: &[(String, String)], registry: &Registry) -> Result<Change, String> {
    let mut change = Change::default();
    for (name, written) in pairs {
        if name == "state" {
            change.state = Some(written.clone());
        } else if of.relations().contains(name) {
            for word in written.split_whitespace() {
                let to = registry.parse_reference(word).ok_or(format!("`{word}` is not a reference"))?;
                change.links.push(LinkChange { relation: name.clone(), to, add: true });
            }
        } else {
            change.set.insert(name.clone(), value(of, name, written, registry)?);
        }
    }
    Ok(change)
}

fn value(of: &RecordType, name: &str, written: &str, registry: &Registry) -> Result<Value, String> {
    if name == "state" {
        return Ok(Value::Text(written.to_owned()));
    }
    if written.is_empty() {
        return Ok(Value::Null);
    }
    let Some(column) = of.column_index(name).and_then(|i| of.columns().get(i)) else {
        return Err(format!("`{name}` has no value of its own"));
    };
    let Some(field) = of.field(&column.field) else { return Err(format!("there is no field `{name}`")) };
    if column.name != field.name {
        return Ok(Value::Text(written.to_owned()));
    }
    if let Some(found) = format::literal(field, written, &person(), &stamp()) {
        return Ok(found);
    }
    format::parse(field, written, &Input { zone: &TimeZone::UTC, registry })
}

fn show(of: &RecordType, name: &str, value: &Value) -> String {
    match (value, of.field(name)) {
        (Value::Null, _) => "empty".to_owned(),
        (Value::Text(text), _) => format!("`{text}`"),
        (value, Some(field)) => format!("`{}`", format::show(field, value, &TimeZone::UTC)),
        (value, None) => format!("{value:?}"),
    }
}

fn names(problems: &Problems, word: &str) -> bool {
    let lower = word.to_lowercase();
    problems.0.iter().any(|p| {
        p.field == word
            || p.code == word
            || p.clause.as_deref() == Some(word)
            || p.message.to_lowercase().contains(&lower)
    })
}

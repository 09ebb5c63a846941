//! Plays the book: its entries become steps of stories, with words read by the kind of their field.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context as _, bail};
use proofdesk_engine::Change;
use proofdesk_model::field::{Field, Kind};
use proofdesk_model::format::{Input, day_of, parse};
use proofdesk_model::{Registry, Value};

use crate::book::{Book, Does, Entry};
use crate::chance::Chance;
use crate::company::{Company, PEOPLE};
use crate::story::{DAY, Slot, Stories, Who};

/// Records by type and name, with the instant from which they are there.
type Names = BTreeMap<(String, String), (Slot, i64)>;

/// A field's value or a relation, as far as it is known before the story runs.
enum Part {
    Value(String, Value),
    Link(String, Slot),
    Relation(String, Slot),
}

/// Adds all entries of the book to the stories.
///
/// # Errors
/// The first entry that names a field, a word or a record that is not there.
pub fn plan(
    stories: &mut Stories,
    chance: &mut Chance,
    company: &Company,
    registry: &Registry,
    end: i64,
) -> anyhow::Result<()> {
    let book = Book::read()?;
    let mut names = known(company);
    let mut slots: HashMap<usize, Slot> = HashMap::new();
    for entry in &book.entries {
        if let Does::Create(_) = entry.does {
            let key = (entry.of.clone(), entry.name.clone().unwrap_or_default());
            let slot = names.get(&key).map_or_else(|| stories.reserve(&entry.of), |(slot, _)| *slot);
            slots.insert(entry.record, slot);
            if entry.name.is_some() {
                names.insert(key, (slot, moment(entry, end)));
            }
        }
    }
    for entry in book.entries {
        let slot = match slots.get(&entry.record) {
            Some(slot) => *slot,
            None => {
                let name = entry.name.clone().unwrap_or_default();
                let found = names.get(&(entry.of.clone(), name.clone()));
                found.with_context(|| format!("there is no {} {name} to amend", entry.of))?.0
            }
        };
        let reader = Reader { registry, names: &names, end, entry: &entry };
        let parts = reader.parts(chance).with_context(|| format!("{} {:?}", entry.of, entry.name))?;
        let who = entry.by.as_deref().map_or(Ok(Who::Setup), |name| person(company, name))?;
        let at = moment(&entry, end);
        let does = entry.does;
        stories.then(slot, at, who, move |s| {
            let mut change = Change::default();
            for part in parts {
                change = match part {
                    Part::Value(name, value) => change.with(&name, value),
                    Part::Link(name, to) => change.with(&name, Value::Link(s.number(to)?)),
                    Part::Relation(name, to) => change.link(&name, s.reference(to)?),
                };
            }
            match does {
                Does::Create(state) => change.state = state,
                Does::Take(transition) => change = change.take(&transition),
                Does::Alter => {}
            }
            Ok(change)
        });
    }
    Ok(())
}

fn moment(entry: &Entry, end: i64) -> i64 {
    end + (entry.at * DAY as f64) as i64
}

/// Records that the Rust part of the company made, under the names of `company/lists.kdl`.
fn known(company: &Company) -> Names {
    let mut names = Names::new();
    let mut add = |of: &str, name: String, slot: Slot| names.insert((of.to_owned(), name), (slot, i64::MIN));
    for (i, (name, ..)) in PEOPLE.iter().enumerate() {
        add("person", short(name), company.people[i]);
    }
    for (key, slot) in TEAMS.iter().zip(&company.teams) {
        add("team", (*key).to_owned(), *slot);
    }
    for (key, slot) in CUSTOMERS.iter().zip(&company.customers) {
        add("customer", (*key).to_owned(), *slot);
    }
    for ((key, slot), items) in SERVICES.iter().zip(&company.services).zip(&company.items) {
        add("service", (*key).to_owned(), *slot);
        for (i, item) in items.iter().enumerate() {
            add("configuration_item", format!("{key}.{i}"), *item);
        }
    }
    add("configuration_item", "spare".to_owned(), company.spare);
    add("role_assignment", "top".to_owned(), company.top);
    add("change_model", "model.standard".to_owned(), company.standard);
    for (i, (slot, targets)) in company.agreements.iter().enumerate() {
        add("agreement", format!("sla.{i}"), *slot);
        for (j, target) in targets.iter().enumerate() {
            add("target", format!("sla.{i}.{j:02}"), *target);
        }
    }
    for (i, slot) in company.hours.iter().enumerate() {
        add("service_hours", format!("hours.{i}"), *slot);
    }
    add("knowledge_article", "instructions".to_owned(), company.instructions);
    for (i, slot) in company.articles.iter().enumerate() {
        add("knowledge_article", format!("article.{i}"), *slot);
    }
    names
}

const TEAMS: [&str; 6] = ["desk", "network", "applications", "platform", "workplace", "management"];
const CUSTOMERS: [&str; 4] = ["north", "south", "logistics", "office"];
const SERVICES: [&str; 10] =
    ["pos", "net", "mail", "payroll", "files", "vpn", "workplace", "shop", "handhelds", "library"];

/// The name by which the book calls a person: the first name in small letters.
fn short(name: &str) -> String {
    name.split(' ').next().unwrap_or_default().to_lowercase()
}

/// A person at work, with the roles of their account or of their work.
fn person(company: &Company, name: &str) -> anyhow::Result<Who> {
    let found = PEOPLE.iter().position(|(full, ..)| short(full) == name);
    let at = found.with_context(|| format!("nobody is called {name}"))?;
    let roles: &[&str] = match at {
        13 => &["auditor"],
        14 => &["top_management"],
        15 => &["agent", "administrator", "sms_manager"],
        _ => return Ok(company.who(at)),
    };
    Ok(Who::Person(company.people[at], PEOPLE[at].0, roles))
}

struct Reader<'a> {
    registry: &'a Registry,
    names: &'a Names,
    end: i64,
    entry: &'a Entry,
}

impl Reader<'_> {
    fn parts(&self, chance: &mut Chance) -> anyhow::Result<Vec<Part>> {
        let of = self.registry.get(&self.entry.of).context("there is no such record type")?;
        let mut parts = Vec::new();
        for (name, words) in &self.entry.fields {
            let Some(field) = of.field(name) else {
                let inverse = of.inverses.get(name).with_context(|| format!("there is no field {name}"))?;
                let to = self.records(&inverse.from, words)?;
                parts.extend(to.into_iter().map(|slot| Part::Relation(name.clone(), slot)));
                continue;
            };
            match (&field.kind, field.target()) {
                (Kind::Links { .. }, Some(to)) => {
                    let to = self.records(to, words)?;
                    parts.extend(to.into_iter().map(|slot| Part::Relation(name.clone(), slot)));
                }
                (_, Some(to)) => {
                    let to = self.records(to, words)?;
                    let slot = to.first().with_context(|| format!("{name} names no record"))?;
                    parts.push(Part::Link(name.clone(), *slot));
                }
                _ => parts.push(Part::Value(name.clone(), self.value(field, words, chance)?)),
            }
            if field.kind == Kind::Money {
                parts.push(Part::Value(format!("{name}_currency"), Value::Text("EUR".to_owned())));
            }
        }
        Ok(parts)
    }

    /// Records by name; `*` at the end of a name takes all that are there by then.
    fn records(&self, of: &str, words: &[String]) -> anyhow::Result<Vec<Slot>> {
        let at = moment(self.entry, self.end);
        let mut found = Vec::new();
        for word in words.iter().flat_map(|w| w.split(' ')) {
            if let Some(start) = word.strip_suffix('*') {
                let from = (of.to_owned(), start.to_owned());
                let all = self.names.range(from..).take_while(|((t, n), _)| t == of && n.starts_with(start));
                found.extend(all.filter(|(_, (_, begun))| *begun < at).map(|(_, (slot, _))| *slot));
            } else {
                let known = self.names.get(&(of.to_owned(), word.to_owned()));
                found.push(known.with_context(|| format!("there is no {of} {word}"))?.0);
            }
        }
        Ok(found)
    }

    fn value(&self, field: &Field, words: &[String], chance: &mut Chance) -> anyhow::Result<Value> {
        let word = words.join(if matches!(field.kind, Kind::Choices(_)) { "," } else { " " });
        match field.kind {
            Kind::Day if !word.is_empty() => {
                let days: f64 = word.parse().with_context(|| format!("{} takes days", field.name))?;
                return Ok(Value::Day(day_of(self.end + ((self.entry.base + days) * DAY as f64) as i64)));
            }
            Kind::Instant if !word.is_empty() => {
                let days: f64 = word.parse().with_context(|| format!("{} takes days", field.name))?;
                return Ok(Value::Instant(self.end + ((self.entry.base + days) * DAY as f64) as i64));
            }
            Kind::Choices(_) => {
                let input = Input { zone: &jiff::tz::TimeZone::UTC, registry: self.registry };
                return parse(field, &word.replace(' ', ","), &input).map_err(anyhow::Error::msg);
            }
            _ => {}
        }
        let word = match (&field.kind, word.split_once("..")) {
            (Kind::Decimal | Kind::Int { .. } | Kind::Money, Some((low, high))) => {
                let (low, high): (f64, f64) = (low.parse()?, high.parse()?);
                let tenths = chance.between((low * 10.0) as i64, (high * 10.0) as i64 + 1);
                if matches!(field.kind, Kind::Int { .. }) {
                    (tenths / 10).to_string()
                } else {
                    format!("{}.{}", tenths / 10, tenths % 10)
                }
            }
            _ => word,
        };
        let input = Input { zone: &jiff::tz::TimeZone::UTC, registry: self.registry };
        match parse(field, &word, &input) {
            Ok(value) => Ok(value),
            Err(why) => bail!("{why}"),
        }
    }
}

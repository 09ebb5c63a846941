//! The menu on the left and the small counts in it and in tabs.
//!
//! Counting a condition over a million records is no work for a page: counts are taken beside the request, stop at
//! a thousand, and are a few seconds old at most. A count that is not yet known is left out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use proofdesk_engine::{Action, Caller, Engine};
use proofdesk_model::{Condition, RecordType};

use crate::state::AppState;

/// Counting stops here; shown as `999+`.
const MOST: usize = 1_000;
/// A count older than this is taken again, microseconds.
const STALE: i64 = 10_000_000;

/// A heading of the menu with its entries.
#[derive(Debug, Clone)]
pub struct Group {
    /// Family name, as in addresses.
    pub family: &'static str,
    /// What people read.
    pub label: &'static str,
    /// Entries in order.
    pub items: Vec<Item>,
}

/// An entry of the menu.
#[derive(Debug, Clone)]
pub struct Item {
    /// What people read.
    pub label: String,
    /// Where it leads.
    pub address: String,
    /// How many open records, where known and worth knowing.
    pub count: Option<u64>,
}

/// Families in order, with what people read.
pub const FAMILIES: [(&str, &str); 4] =
    [("work", "Work"), ("services", "Services"), ("system", "Management system"), ("assurance", "Assurance")];

/// Counts by question, shared by all requests.
#[derive(Clone, Default)]
pub struct Counts {
    found: Arc<Mutex<HashMap<String, Known>>>,
}

#[derive(Clone, Copy)]
struct Known {
    count: Option<u64>,
    at: i64,
}

impl Counts {
    /// The last known count of a condition; begins a new count beside the request when it is stale.
    pub fn of(
        &self,
        engine: &Engine,
        caller: &Caller,
        of: &RecordType,
        condition: Option<&Condition>,
    ) -> Option<u64> {
        let source = condition.map_or("", |c| c.source());
        let person = if condition.is_some_and(|c| c.uses_me()) { caller.person } else { None };
        let key = format!("{}\u{0}{source}\u{0}{person:?}", of.name);
        let now = engine.now();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = found.get(&key).copied();
        if known.is_none_or(|k| k.at + STALE < now || k.at > now) {
            if found.len() > 5_000 {
                found.clear();
            }
            found.insert(key.clone(), Known { count: known.and_then(|k| k.count), at: now });
            let (engine, caller, name) = (engine.clone(), caller.clone(), of.name.clone());
            let (condition, counts) = (condition.cloned(), self.found.clone());
            tokio::spawn(async move {
                if let Ok(count) = engine.count(&caller, &name, condition.as_ref(), Some(MOST)).await {
                    let mut found = counts.lock().unwrap_or_else(PoisonError::into_inner);
                    found.insert(key, Known { count: Some(count), at: engine.now() });
                }
            });
        }
        known.and_then(|k| k.count)
    }
}

/// Writes a count: `999+` from a thousand.
pub fn count_words(count: u64) -> String {
    if count >= MOST as u64 { "999+".to_owned() } else { count.to_string() }
}

/// The address of a type's list.
pub fn slug(of: &RecordType) -> String {
    of.name.replace('_', "-")
}

/// The type that a slug names.
pub fn type_of_slug(engine: &Engine, slug: &str) -> Option<Arc<RecordType>> {
    let same = |name: &str| {
        let written = name.bytes().map(|b| if b == b'_' { b'-' } else { b });
        written.eq(slug.bytes())
    };
    engine.registry().types().find(|t| same(&t.name)).cloned()
}

/// The condition of the open records of a type; none when it has no workflow.
pub fn open_condition(engine: &Engine, of: &RecordType) -> Option<Condition> {
    let open: Vec<String> =
        of.states.iter().filter(|s| s.kind.is_open()).map(|s| format!("{:?}", s.name)).collect();
    if open.is_empty() || open.len() == of.states.len() {
        return None;
    }
    engine.condition(&format!("state in [{}]", open.join(", ")), &of.name).ok()
}

/// The conditions of the open records by type: read once, since the menu of every page asks for them.
pub fn open_conditions(engine: &Engine) -> HashMap<String, Condition> {
    let of = |of: &Arc<RecordType>| Some((of.name.clone(), open_condition(engine, of)?));
    engine.registry().types().filter_map(of).collect()
}

/// The type that the desk shows: the first of the work family that has clocks and that the caller may read.
pub fn desk_type(engine: &Engine, caller: &Caller) -> Option<Arc<RecordType>> {
    let readable = |t: &&Arc<RecordType>| caller.may(t, &Action::Read);
    let work = || engine.registry().types().filter(|t| t.family == "work");
    work().filter(|t| !t.clocks.is_empty()).find(readable).or_else(|| work().find(readable)).cloned()
}

/// The menu for a person: every type that he may read, by family, and the fixed pages.
pub fn groups(state: &AppState, caller: &Caller) -> Vec<Group> {
    let engine = &state.engine;
    let desk = desk_type(engine, caller).map(|t| t.name.clone());
    let mut groups = Vec::new();
    for (family, label) in FAMILIES {
        let mut items = Vec::new();
        for of in engine.registry().types().filter(|t| t.family == family && caller.may(t, &Action::Read)) {
            let is_desk = desk.as_deref() == Some(of.name.as_str());
            let count = if family == "work" {
                state.open.get(&of.name).and_then(|c| state.counts.of(engine, caller, of, Some(c)))
            } else {
                None
            };
            let (label, address) = if is_desk {
                ("Desk".to_owned(), "/desk".to_owned())
            } else {
                (of.plural.clone(), format!("/{}", slug(of)))
            };
            let item = Item { label, address, count };
            if is_desk { items.insert(0, item) } else { items.push(item) }
        }
        if family == "assurance" {
            let fixed = |label: &str, address: &str| Item {
                label: label.to_owned(),
                address: address.to_owned(),
                count: None,
            };
            let staff = !caller.roles.iter().all(|r| r == "requester");
            if state.conformity.is_some() && staff {
                items.push(fixed("Conformity", "/conformity"));
            }
            if staff {
                items.push(fixed("Figures", "/figures"));
            }
            items.push(fixed("Log", "/log"));
        }
        if !items.is_empty() {
            groups.push(Group { family, label, items });
        }
    }
    groups
}

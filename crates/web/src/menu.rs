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

impl Item {
    fn fixed(label: &str, address: &str) -> Self {
        Self { label: label.to_owned(), address: address.to_owned(), count: None }
    }
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
        let key = key(caller, of, condition);
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

    /// The last known count, or a new one where none is known yet; none when it cannot be counted.
    pub async fn take(
        &self,
        engine: &Engine,
        caller: &Caller,
        of: &RecordType,
        condition: Option<&Condition>,
    ) -> Option<u64> {
        let key = key(caller, of, condition);
        let known = self.found.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if known.is_some_and(|k| k.count.is_some()) {
            return self.of(engine, caller, of, condition);
        }
        let count = engine.count(caller, &of.name, condition, Some(MOST)).await.ok();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.insert(key, Known { count, at: engine.now() });
        count
    }
}

/// A question as a key: with the person where the answer depends on him.
fn key(caller: &Caller, of: &RecordType, condition: Option<&Condition>) -> String {
    let source = condition.map_or("", |c| c.source());
    let narrow = caller.narrow(of).is_some();
    let own = narrow || condition.is_some_and(|c| c.uses_me()) || caller.reads_own(of);
    let person = if own { caller.person } else { None };
    format!("{}\u{0}{source}\u{0}{person:?}\u{0}{narrow}", of.name)
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

/// Where somebody of the staff begins: the desk for who works on what it shows, conformity for auditors, else what waits for
/// him.
pub fn home(state: &AppState, caller: &Caller) -> &'static str {
    let audits = ["auditor", "certification_auditor"].iter().any(|role| caller.has(role));
    match desk_type(&state.engine, caller) {
        Some(of) if !caller.may(&of, &Action::Update) && audits && state.conformity.is_some() => {
            "/conformity"
        }
        Some(of) if !caller.may(&of, &Action::Update) => "/needs",
        _ => "/desk",
    }
}

/// The address of the menu's entry for a path: its own, that of the desk for the records that it shows, or else the home of
/// the family of the type.
pub fn current(engine: &Engine, caller: &Caller, groups: &[Group], path: &str) -> Option<String> {
    let under = |address: &str| {
        path == address || path.strip_prefix(address).is_some_and(|rest| rest.starts_with('/'))
    };
    let own = groups.iter().flat_map(|g| &g.items).find(|i| under(&i.address));
    own.map(|i| i.address.clone()).or_else(|| {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let is_desk = |of: &RecordType| desk_type(engine, caller).is_some_and(|desk| desk.name == of.name);
        type_of_slug(engine, first)
            .map(|of| if is_desk(&of) { "/desk".to_owned() } else { format!("/home/{}", of.family) })
    })
}

/// The menu for a person: the everyday types that he may read, by family, a way to all others, and the fixed pages.
pub fn groups(state: &AppState, caller: &Caller) -> Vec<Group> {
    let engine = &state.engine;
    let desk = desk_type(engine, caller).map(|t| t.name.clone());
    let staff = !caller.is_mere_requester();
    let mut groups = Vec::new();
    for (family, label) in FAMILIES {
        let mut items = Vec::new();
        let mut kinds = 0;
        for of in engine.registry().types().filter(|t| t.family == family && caller.may(t, &Action::Read)) {
            kinds += 1;
            let is_desk = desk.as_deref() == Some(of.name.as_str());
            if !of.menu && !is_desk {
                continue;
            }
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
        if family == "work" && kinds > 0 {
            items.insert(0, Item::fixed("Needs you", "/needs"));
        }
        if family == "assurance" {
            if state.conformity.is_some() && staff {
                items.insert(0, Item::fixed("Conformity", "/conformity"));
                items.insert(1, Item::fixed("Frameworks", "/frameworks"));
            }
            if staff {
                items.push(Item::fixed("Figures", "/figures"));
                items.push(Item::fixed("Automations", "/automations"));
            }
            items.push(Item::fixed("Log", "/log"));
            if proofdesk_engine::account::is_administrator(caller) {
                items.push(Item::fixed("Accounts", "/accounts"));
                items.push(Item::fixed("Mail", "/mail"));
                items.push(Item::fixed("Other programs", "/programs"));
            }
        }
        if kinds > 0 {
            let all = if kinds == 1 { "All records".to_owned() } else { format!("All {kinds} kinds") };
            items.push(Item::fixed(&all, &format!("/home/{family}")));
        }
        if !items.is_empty() {
            groups.push(Group { family, label, items });
        }
    }
    groups
}

/// The numbers of a clause, so that 8.10 comes after 8.9.
pub fn numbers(clause: &str) -> Vec<u32> {
    clause.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect()
}

/// Whether a clause is this part of a framework or within it.
pub fn is_within(clause: &str, part: &str) -> bool {
    clause == part || clause.strip_prefix(part).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::{is_within, numbers};

    #[test]
    fn clauses_stand_in_the_order_of_their_numbers() {
        let mut clauses = vec!["10.1", "8.10", "8.9", "4"];
        clauses.sort_by_key(|c| numbers(c));
        assert_eq!(clauses, ["4", "8.9", "8.10", "10.1"]);
    }

    #[test]
    fn a_clause_is_within_its_chapter_and_not_within_one_that_only_begins_alike() {
        for (clause, part, within) in
            [("8.2.6", "8.2", true), ("8.2", "8.2", true), ("10.1", "1", false), ("8.20", "8.2", false)]
        {
            assert_eq!(is_within(clause, part), within, "{clause} in {part}");
        }
    }
}

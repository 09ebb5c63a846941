//! What a draft must know of other records, and how guards see it: own values, two steps of single links, one relation.

use std::collections::HashMap;

use proofdesk_condition::{Row, Value};

use crate::draft::Draft;
use crate::field::Field;
use crate::record::{Record, Reference};
use crate::rule::{Facts, Lookup, RuleSet};
use crate::workflow::{Guard, Transition};

impl Draft {
    /// What must be known of other records to derive and check: asked for by rules, by guards, and by locks on the other
    /// side of a relation.
    pub fn lookups(&self, rules: &RuleSet) -> Vec<Lookup> {
        let mut wanted: Vec<Lookup> = self
            .of
            .rules
            .iter()
            .filter_map(|name| rules.get(name))
            .flat_map(|rule| rule.wants(self))
            .collect();
        for guard in self.guards() {
            for path in guard.condition.fields() {
                let first = path.steps.first().unwrap_or(&path.field);
                self.lookup_for(first, !path.steps.is_empty(), &mut wanted);
            }
        }
        let settled = self.links.iter().filter(|l| self.of.settled_afar.contains(&l.relation));
        wanted.extend(settled.map(|l| Lookup::One(l.to.clone())));
        let wholes = self.of.settled_afar.iter().flat_map(|link| self.wholes(link));
        wanted.extend(wholes.map(Lookup::One));
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// What guards ask of the records that linked records link to, once those are known.
    pub fn lookups_beyond(&self, facts: &Facts) -> Vec<Lookup> {
        let mut wanted: Vec<Lookup> = Vec::new();
        for path in self.guards().iter().flat_map(|guard| guard.condition.fields()) {
            if let [first, second] = path.steps.as_slice()
                && let Some(record) = self.linked(first, facts)
                && let Some(to) = reference(record, second)
            {
                wanted.push(Lookup::One(to));
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted.retain(|lookup| !facts.has(lookup));
        wanted
    }

    /// Where a single link led before, and where it leads now.
    pub(super) fn wholes(&self, link: &str) -> Vec<Reference> {
        let before = self.before.as_ref().and_then(|record| reference(record, link));
        let mut both: Vec<Reference> = before.into_iter().chain(reference(&self.after, link)).collect();
        both.dedup();
        both
    }

    fn guards(&self) -> &[Guard] {
        let step: Option<&Transition> = self.transition.as_deref().and_then(|t| self.of.transition(t));
        step.map_or(&[], |t| &t.guards)
    }

    /// The record that a single link of the draft leads to.
    fn linked<'f>(&self, link: &str, facts: &'f Facts) -> Option<&'f Record> {
        facts.one(&reference(&self.after, link)?)
    }

    fn lookup_for(&self, first: &str, followed: bool, wanted: &mut Vec<Lookup>) {
        if self.of.relations().iter().any(|r| r == first) {
            wanted.push(Lookup::Related(first.to_owned()));
        } else if followed && let Some(to) = reference(&self.after, first) {
            wanted.push(Lookup::One(to));
        }
    }
}

/// Where a single link of a record leads.
fn reference(record: &Record, link: &str) -> Option<Reference> {
    let to = record.of.field(link).and_then(Field::target)?;
    match record.value(link) {
        Some(Value::Link(number)) => Some(Reference::new(to, *number)),
        _ => None,
    }
}

/// The draft as the condition language sees it in a guard: without what its own step sets.
pub(super) struct DraftRow<'a> {
    draft: &'a Draft,
    facts: &'a Facts,
    linked: HashMap<String, LinkedRow<'a>>,
}

/// A record that the draft links to, with the records that this one links to.
struct LinkedRow<'a> {
    record: &'a Record,
    facts: &'a Facts,
}

impl<'a> DraftRow<'a> {
    /// The draft as these guards see it.
    pub fn new(draft: &'a Draft, facts: &'a Facts, guards: &[Guard]) -> Self {
        let paths = guards.iter().flat_map(|guard| guard.condition.fields());
        let links = paths.filter_map(|path| path.steps.into_iter().next());
        let linked = links.filter_map(|link| {
            let record = draft.linked(&link, facts)?;
            Some((link, LinkedRow { record, facts }))
        });
        Self { draft, facts, linked: linked.collect() }
    }
}

impl Row for DraftRow<'_> {
    fn value(&self, field: &str) -> Value {
        let unset = self.draft.unset.iter().find(|(name, _)| name == field);
        unset.map_or_else(|| self.draft.after.get(field), |(_, value)| value.clone())
    }
    fn follow(&self, link: &str) -> Option<&dyn Row> {
        self.linked.get(link).map(|row| row as &dyn Row)
    }
    fn related(&self, links: &str) -> Vec<&dyn Row> {
        let found = self.facts.records(&Lookup::Related(links.to_owned()));
        found.iter().map(|r| r as &dyn Row).collect()
    }
}

impl Row for LinkedRow<'_> {
    fn value(&self, field: &str) -> Value {
        self.record.get(field)
    }
    fn follow(&self, link: &str) -> Option<&dyn Row> {
        self.facts.one(&reference(self.record, link)?).map(|r| r as &dyn Row)
    }
    fn related(&self, _links: &str) -> Vec<&dyn Row> {
        Vec::new()
    }
}

impl Row for Record {
    fn value(&self, field: &str) -> Value {
        self.get(field)
    }
    fn follow(&self, _link: &str) -> Option<&dyn Row> {
        None
    }
    fn related(&self, _links: &str) -> Vec<&dyn Row> {
        Vec::new()
    }
}

//! What an update by a person may not write: facts that steps write, and what is settled in the record's state.
//!
//! Tests prove approvals from exactly these fields; who could type them could make evidence untrue.
//! Not here: which role may update or take a step at all ([`crate::access`]).
//! Invariant: beside the steps, only the program itself, imports and the making of the example company write what steps
//! write; what is settled nobody alters.

use crate::access::Caller;
use crate::change::{Door, Stamp};
use crate::error::Problem;
use crate::field::{Field, Kind};
use crate::record::Record;
use crate::record_type::{Fixed, RecordType};
use crate::workflow::Transition;

impl RecordType {
    /// Labels of the steps that fill a field, in order of declaration: those that set it or ask for it.
    pub fn written_by(&self, field: &str) -> Vec<&str> {
        let writes = |t: &&Transition| {
            t.sets.iter().any(|(name, value)| name == field && !value.is_empty()) || t.asks_for(field)
        };
        self.transitions.iter().filter(writes).map(|t| t.label.as_str()).collect()
    }

    /// The lock on a field or relation of a record as it stands, if there is one.
    pub fn fixed_for(&self, record: &Record, field: &str) -> Option<&Fixed> {
        let holds = |f: &&Fixed| {
            let once = f.once.as_deref().is_none_or(|once| !record.get(once).is_null());
            once && f.states.contains(&record.state) && f.fields.iter().any(|f| f == field)
        };
        self.fixed.iter().find(holds)
    }

    /// What the other side calls a relation of this type.
    pub fn partner(&self, relation: &str) -> Option<&str> {
        match self.field(relation).map(|f| &f.kind) {
            Some(Kind::Link { inverse, .. } | Kind::Links { inverse, .. }) => inverse.as_deref(),
            Some(_) => None,
            None => self.inverses.get(relation).map(|inverse| inverse.field.as_str()),
        }
    }

    /// Whether people may enter a field of a record: it is entered at all, and not settled.
    pub fn is_open_for(&self, record: &Record, field: &Field) -> bool {
        field.is_entered() && self.fixed_for(record, &field.name).is_none()
    }
}

impl Transition {
    /// Whether its form asks for a field: required, or offered.
    pub fn asks_for(&self, field: &str) -> bool {
        self.requires.iter().chain(&self.offers).any(|name| name == field)
    }
}

/// Whether facts that steps write may be given: the write comes from the program, an import, or the making of the example company.
pub(crate) fn is_free(caller: &Caller, stamp: &Stamp) -> bool {
    caller.system || matches!(stamp.door, Door::Import | Door::Demo)
}

/// The problem of a person who writes a field that steps write, outside a step that asks for it.
pub(crate) fn by_steps(of: &RecordType, field: &Field, step: Option<&Transition>) -> Option<Problem> {
    if !field.by_steps || step.is_some_and(|t| t.asks_for(&field.name)) {
        return None;
    }
    let steps = of.written_by(&field.name);
    let message = match steps.as_slice() {
        [] => format!("{} is not entered by people.", field.label),
        [one] => format!("{} is written by the step {one}; it cannot be entered.", field.label),
        [rest @ .., last] => {
            let rest = rest.join(", ");
            format!("{} is written by the steps {rest} and {last}; it cannot be entered.", field.label)
        }
    };
    Some(Problem::new(&field.name, "step", message).with_clause(field.clause.as_deref()))
}

/// The problem of whoever alters a field or relation that is settled for the record as it was, unless the step that he
/// takes offers it.
pub(crate) fn settled(was: &Record, name: &str, step: Option<&Transition>) -> Option<Problem> {
    let of = &was.of;
    let fixed = of.fixed_for(was, name)?;
    if step.is_some_and(|t| t.asks_for(name)) {
        return None;
    }
    let field = of.field(name);
    let label = field.map_or_else(|| name.replace('_', " "), |f| f.label.clone());
    let why = match fixed.once.as_deref().and_then(|once| of.field(once)) {
        Some(once) => format!("“{}” is filled in", once.label),
        None => {
            let state = of.state(&was.state).map_or(was.state.as_str(), |s| s.label.as_str());
            format!("the {} is in the state “{state}”", of.label.to_lowercase())
        }
    };
    let message = format!("{label} is locked: {why}. {}", fixed.says);
    Some(Problem::new(name, "locked", message).with_clause(field.and_then(|f| f.clause.as_deref())))
}

//! The rule `controlled`: when a record in use was altered without an approved change.
//!
//! It compares the attributes before and after: verification alters nothing, and what an import brings is history.
//! A change that is named afterwards, and was approved and not yet closed at that instant, puts it right.
//! Source: ISO/IEC 20000-1:2018, 8.2.6.

#[cfg(test)]
mod tests;

use proofdesk_model::{Door, Draft, Facts, Lookup, Record, Reference, Rule, Stamp, StateKind, Value};

use crate::names::{CHANGE, change, controlled as field};

/// The rule `controlled`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Controlled;

impl Rule for Controlled {
    fn name(&self) -> &'static str {
        "controlled"
    }

    fn wants(&self, draft: &Draft) -> Vec<Lookup> {
        named_change(draft).map(Lookup::One).into_iter().collect()
    }

    fn derive(&self, draft: &mut Draft, facts: &Facts, stamp: &Stamp) {
        let at = stamp.occurred_at;
        let named = named_change(draft).and_then(|r| facts.one(&r));
        if stamp.door != Door::Import && is_altered(draft) {
            if !covers(named, at) {
                draft.after_mut().set(field::UNLINKED_AT, Value::Instant(at));
            }
        } else if draft.changed(field::CHANGED_UNDER)
            && draft.after().instant(field::UNLINKED_AT).is_some_and(|since| covers(named, since))
        {
            draft.after_mut().set(field::UNLINKED_AT, Value::Null);
        }
    }
}

fn named_change(draft: &Draft) -> Option<Reference> {
    draft.after().int(field::CHANGED_UNDER).map(|number| Reference::new(CHANGE, number))
}

/// Whether a change was approved and not yet closed at an instant.
fn covers(named: Option<&Record>, at: i64) -> bool {
    named.is_some_and(|c| {
        c.instant(change::APPROVED_AT).is_some_and(|approved| approved <= at)
            && c.instant(change::CLOSED_AT).is_none_or(|closed| closed >= at)
    })
}

/// Whether the write alters a record that is in use and under control, or takes it out of use.
fn is_altered(draft: &Draft) -> bool {
    let Some(before) = draft.before() else { return false };
    let of = draft.of();
    let kind = |record: &Record| of.state_kind(&record.state);
    if !before.is_yes(field::UNDER_CONTROL) || !matches!(kind(before), StateKind::Open | StateKind::Waiting) {
        return false;
    }
    kind(draft.after()) == StateKind::Closed
        || field::ATTRIBUTES.iter().any(|name| of.column_index(name).is_some() && draft.changed(name))
        || draft.links().iter().any(|link| field::RELATIONS.contains(&link.relation.as_str()))
}

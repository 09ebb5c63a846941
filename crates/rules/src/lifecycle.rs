//! The rule `lifecycle`: when a record was first answered, resolved and closed, by whom, how often it was reopened and
//! reassigned, how long it waited for the customer.
//!
//! It fills only the fields that a type has. What an import gives wins over what would be computed.
//! Source: ISO/IEC 20000-1:2018, 8.6.1, 8.6.2.

#[cfg(test)]
mod tests;

use proofdesk_model::{Door, Draft, Facts, Kind, Record, Rule, Stamp, StateKind, Value};

/// The rule `lifecycle`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lifecycle;

/// What the write did to the record's stage.
struct Step {
    before: Option<StateKind>,
    after: StateKind,
    /// Rejected or cancelled: closed without having been resolved.
    withdrawn: bool,
    at: i64,
    person: Option<i64>,
}

impl Step {
    fn of(draft: &Draft, stamp: &Stamp) -> Self {
        let of = draft.of();
        let state = &draft.after().state;
        let after = of.state_kind(state);
        Self {
            before: draft.before().map(|b| of.state_kind(&b.state)),
            after,
            withdrawn: after == StateKind::Closed && of.state(state).is_some_and(|s| s.aside),
            at: stamp.occurred_at,
            person: draft.caller().person,
        }
    }

    fn is_done(kind: StateKind) -> bool {
        matches!(kind, StateKind::Done | StateKind::Closed)
    }

    fn was_done(&self) -> bool {
        self.before.is_some_and(Self::is_done)
    }
}

impl Rule for Lifecycle {
    fn name(&self) -> &'static str {
        "lifecycle"
    }

    fn derive(&self, draft: &mut Draft, _facts: &Facts, stamp: &Stamp) {
        let step = Step::of(draft, stamp);
        response(draft, &step);
        resolution(draft, &step);
        closing(draft, &step);
        if step.was_done() && step.after.is_open() {
            count(draft, "reopen_count");
        } else if step.before.is_none() {
            zero(draft, "reopen_count");
        }
        reassignment(draft);
        waiting(draft, &step);
    }
}

/// Sets a field that the type has, unless an import gave it.
fn put(draft: &mut Draft, name: &str, value: Value) {
    if draft.of().column_index(name).is_none() || is_given(draft, name) {
        return;
    }
    draft.after_mut().set(name, value);
}

fn is_given(draft: &Draft, name: &str) -> bool {
    draft.stamp().door == Door::Import && draft.gave(name)
}

fn is_empty(record: &Record, name: &str) -> bool {
    record.value(name).is_none_or(Value::is_null)
}

fn count(draft: &mut Draft, name: &str) {
    let before = draft.before().and_then(|b| b.int(name)).unwrap_or_default();
    put(draft, name, Value::Int(before + 1));
}

fn zero(draft: &mut Draft, name: &str) {
    if is_empty(draft.after(), name) {
        put(draft, name, Value::Int(0));
    }
}

/// The first answer to the customer, or the first leaving of the states in which work has not begun.
fn response(draft: &mut Draft, step: &Step) {
    if (step.after != StateKind::New || draft.answers()) && is_empty(draft.after(), "first_response_at") {
        put(draft, "first_response_at", Value::Instant(step.at));
    }
}

fn resolution(draft: &mut Draft, step: &Step) {
    if Step::is_done(step.after) && !step.was_done() && !step.withdrawn {
        put(draft, "resolved_at", Value::Instant(step.at));
        put(draft, "resolved_by", step.person.map_or(Value::Null, Value::Link));
        if is_empty(draft.after(), "first_resolved_at") {
            let at = draft.after().instant("resolved_at").unwrap_or(step.at);
            put(draft, "first_resolved_at", Value::Instant(at));
        }
    } else if !Step::is_done(step.after) && step.was_done() {
        put(draft, "resolved_at", Value::Null);
        put(draft, "resolved_by", Value::Null);
    }
}

fn closing(draft: &mut Draft, step: &Step) {
    let (was, is) = (step.before == Some(StateKind::Closed), step.after == StateKind::Closed);
    if is && !was {
        put(draft, "closed_at", Value::Instant(step.at));
        put(draft, "closed_by", step.person.map_or(Value::Null, Value::Link));
    } else if was && !is {
        put(draft, "closed_at", Value::Null);
        put(draft, "closed_by", Value::Null);
    }
}

/// A change from one team to another; the first assignment is none, and neither is giving a record back to nobody.
fn reassignment(draft: &mut Draft) {
    if draft.of().column_index("reassignment_count").is_none() {
        return;
    }
    if draft.before().is_none() {
        return zero(draft, "reassignment_count");
    }
    let team = draft.of().fields.values().find(|f| matches!(f.kind, Kind::Team)).map(|f| f.name.clone());
    let Some(team) = team else { return };
    let (old, new) = (draft.before().and_then(|b| b.int(&team)), draft.after().int(&team));
    if old.is_some() && new.is_some() && old != new {
        count(draft, "reassignment_count");
    }
}

/// The time in waiting states for the customer, wall-clock time; without a field that says for whom, all waiting.
fn waiting(draft: &mut Draft, step: &Step) {
    let of_customer = |record: &Record| {
        record.of.state_kind(&record.state) == StateKind::Waiting
            && (record.of.column_index("hold_reason").is_none()
                || record.text("hold_reason") == Some("customer"))
    };
    if draft.before().is_none()
        && draft.of().column_index("customer_hold_time").is_some()
        && is_empty(draft.after(), "customer_hold_time")
    {
        put(draft, "customer_hold_time", Value::Duration(0));
    }
    let was = draft.before().is_some_and(of_customer);
    let is = of_customer(draft.after());
    if was == is {
        return;
    }
    if is {
        return put(draft, "waiting_since", Value::Instant(step.at));
    }
    let since = draft.before().and_then(|b| b.instant("waiting_since"));
    let so_far = draft.before().and_then(|b| b.int("customer_hold_time")).unwrap_or_default();
    if let Some(since) = since {
        let length = so_far.saturating_add(step.at.saturating_sub(since).max(0));
        put(draft, "customer_hold_time", Value::Duration(length));
    }
    put(draft, "waiting_since", Value::Null);
}

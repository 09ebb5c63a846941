//! A write on its way: [`Draft`] is applied and derived but unchecked, [`Checked`] may be stored.
//!
//! Invariant: only [`Draft::check`] makes a [`Checked`], and the store takes nothing else.

use std::collections::HashSet;
use std::sync::Arc;

use proofdesk_condition::{Context, Outcome, Value};

use crate::access::Caller;
use crate::change::{Change, Door, LinkChange, Stamp};
use crate::error::{APART, ASK_A_COLLEAGUE, Problem, Problems};
use crate::field::Computed;
use crate::format;
use crate::lock;
use crate::record::{Record, Reference};
use crate::record_type::RecordType;
use crate::rule::{Facts, Job, RuleSet};
use crate::workflow::{Guard, Transition};

use self::row::DraftRow;

mod row;

/// A record as it would be after a change; not yet checked.
#[derive(Debug, Clone)]
pub struct Draft {
    of: Arc<RecordType>,
    before: Option<Arc<Record>>,
    after: Arc<Record>,
    links: Vec<LinkChange>,
    transition: Option<String>,
    /// What the fields that the transition sets and does not ask for hold without it: guards judge by that.
    unset: Vec<(String, Value)>,
    given: Vec<String>,
    answers: bool,
    note: Option<serde_json::Value>,
    caller: Caller,
    stamp: Stamp,
}

/// A record that passed every check. Private fields: it can only come from [`Draft::check`].
#[derive(Debug, Clone)]
pub struct Checked {
    draft: Draft,
    jobs: Vec<Job>,
}

impl Draft {
    /// Applies a change to a record, or to an empty one when it is created.
    ///
    /// # Errors
    /// Every value that does not fit its field, every unknown or computed field, a transition that does not start
    /// from the present state.
    pub fn new(
        of: &Arc<RecordType>,
        current: Option<Record>,
        change: Change,
        caller: &Caller,
        stamp: Stamp,
    ) -> Result<Self, Problems> {
        Self::over(of, current.map(Arc::new), change, caller, stamp)
    }

    /// As [`Draft::new`], over a record that somebody else holds too: an import keeps the last one of each key.
    ///
    /// # Errors
    /// As [`Draft::new`].
    pub fn over(
        of: &Arc<RecordType>,
        current: Option<Arc<Record>>,
        change: Change,
        caller: &Caller,
        stamp: Stamp,
    ) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut after = current.as_deref().cloned().unwrap_or_else(|| Record::empty(of));
        if current.is_none() {
            after.created_at = stamp.occurred_at;
            after.created_by = caller.person;
            after.origin = stamp.door.as_str().to_owned();
            after.external_key = change.external_key.clone();
            apply_defaults(of, &mut after, caller, &stamp);
        }
        after.version += 1;
        after.updated_at = stamp.occurred_at;
        after.updated_by = caller.person;
        let mut given = Vec::new();
        let step = change.transition.as_deref().and_then(|name| of.transition(name));
        let lock = Lock { step, caller, stamp: &stamp, was: current.as_deref() };
        for (name, value) in change.set {
            apply_value(of, &mut after, &name, value, &lock, &mut problems);
            given.push(name);
        }
        for link in &change.links {
            let settled = current.as_deref().and_then(|was| lock::settled(was, &link.relation, step));
            problems.0.extend(settled);
            if !of.fields.get(&link.relation).is_some_and(|f| f.columns().is_empty())
                && !of.inverses.contains_key(&link.relation)
            {
                let message =
                    format!("`{}` is not a relation of {}.", link.relation, of.plural.to_lowercase());
                problems.push(Problem::new(&link.relation, "unknown", message));
            }
        }
        let mut unset = Vec::new();
        if let Some(name) = &change.transition {
            unset = take_transition(of, &mut after, name, &given, caller, &stamp, &mut problems);
        } else if let Some(state) = change.state {
            if stamp.door != Door::Import && !caller.system {
                problems.push(Problem::new("state", "computed", "The state changes by a transition."));
            } else if of.state(&state).is_none() {
                let message = format!("`{state}` is not a state of {}.", of.plural.to_lowercase());
                problems.push(Problem::new("state", "option", message));
            } else {
                after.state = state;
            }
        }
        problems.into_result()?;
        Ok(Self {
            of: of.clone(),
            before: current,
            after: Arc::new(after),
            links: change.links,
            transition: change.transition,
            unset,
            given,
            answers: change.answers,
            note: change.note,
            caller: caller.clone(),
            stamp,
        })
    }

    /// Fills computed values: value tables, then the type's rules in order.
    #[must_use]
    pub fn derive(mut self, rules: &RuleSet, facts: &Facts) -> Self {
        self.derive_tables();
        let stamp = self.stamp;
        for name in self.of.clone().rules.iter() {
            if let Some(rule) = rules.get(name) {
                rule.derive(&mut self, facts, &stamp);
            }
        }
        self
    }

    fn derive_tables(&mut self) {
        let of = self.of.clone();
        for field in of.fields.values() {
            let Some(Computed::Table { row_field, column_field, rows, override_reason }) = &field.computed
            else {
                continue;
            };
            let overridden = override_reason.as_deref().is_some_and(|r| self.after.text(r).is_some());
            let changed = self.changed(row_field) || self.changed(column_field) || self.before.is_none();
            if overridden || (!changed && self.after.text(&field.name).is_some()) {
                continue;
            }
            if self.stamp.door == Door::Import && self.after.text(&field.name).is_some() {
                continue;
            }
            let value = table_value(&of, &self.after, row_field, column_field, rows);
            self.after_mut().set(&field.name, value);
        }
    }

    /// Checks everything and gathers the jobs that follow.
    ///
    /// # Errors
    /// All problems at once: required fields, values out of range, guards that do not hold, and those of rules.
    pub fn check(self, rules: &RuleSet, facts: &Facts) -> Result<Checked, Problems> {
        let mut problems = Problems::default();
        if self.stamp.door != Door::Import {
            self.check_required(&mut problems);
            self.check_guards(facts, &mut problems);
        }
        self.check_own_links(&mut problems);
        self.check_far_locks(facts, &mut problems);
        let mut jobs = Vec::new();
        for rule in self.of.rules.iter().filter_map(|name| rules.get(name)) {
            problems.0.extend(rule.check(&self, facts, &self.stamp));
            jobs.extend(rule.follow(&self, facts, &self.stamp));
        }
        problems.into_result()?;
        Ok(Checked { draft: self, jobs })
    }

    fn check_required(&self, problems: &mut Problems) {
        let mut missing: Vec<(&str, Option<&str>)> = Vec::new();
        for field in self.of.fields.values() {
            let entered = self.before.is_none() || self.changed(&field.name);
            if field.required && entered && field.computed.is_none() && !self.is_filled(&field.name) {
                missing.push((&field.name, field.clause.as_deref()));
            }
        }
        let state = self.of.state(&self.after.state);
        let moved = self.before.as_ref().is_none_or(|b| b.state != self.after.state);
        let by_state =
            state.into_iter().flat_map(|s| s.requires.iter()).filter(|name| moved || self.changed(name));
        let transition = self.transition.as_deref().and_then(|t| self.of.transition(t));
        let by_transition = transition.into_iter().flat_map(|t| t.requires.iter());
        for name in by_state.chain(by_transition) {
            if !self.is_filled(name) {
                missing.push((name, self.of.field(name).and_then(|f| f.clause.as_deref())));
            }
        }
        missing.sort_unstable();
        missing.dedup();
        for (name, clause) in missing {
            let label = self.of.field(name).map_or(name, |f| &f.label);
            let why = match &transition {
                Some(t) if t.requires.iter().any(|r| r == name) => {
                    format!("{label} is needed for the step “{}”.", t.label)
                }
                _ => format!("{label} is needed."),
            };
            problems.push(Problem::new(name, "required", why).with_clause(clause));
        }
    }

    /// Nothing is the duplicate, the part or the cause of itself.
    fn check_own_links(&self, problems: &mut Problems) {
        let number = self.after.number;
        if number == 0 {
            return;
        }
        let mut found: Vec<&str> = Vec::new();
        for field in self.of.fields.values().filter(|f| f.target() == Some(&self.of.name)) {
            if self.after.value(&field.name) == Some(&Value::Link(number)) && self.changed(&field.name) {
                found.push(&field.name);
            }
        }
        let own = |l: &&LinkChange| l.add && l.to.number == number && l.to.record_type == self.of.name;
        found.extend(self.links.iter().filter(own).map(|l| l.relation.as_str()));
        found.dedup();
        for name in found {
            let label = self.of.field(name).map_or_else(|| name.replace('_', " "), |f| f.label.clone());
            let message = format!("{label}: {} cannot be linked to itself.", self.after.reference());
            problems.push(Problem::new(name, "link", message));
        }
    }

    /// A relation that is settled in the other record's state is not altered from this side either. Where it is a single
    /// link of this type, the record is a part of the other one: it neither comes, goes nor changes.
    fn check_far_locks(&self, facts: &Facts, problems: &mut Problems) {
        let settled = |relation: &str, other: &Record| {
            let theirs = self.of.partner(relation)?;
            let problem = lock::settled(other, theirs, None)?;
            let message = format!("{}: {}", other.reference(), problem.message);
            Some(Problem { field: relation.to_owned(), message, ..problem })
        };
        for link in self.links.iter().filter(|l| self.of.settled_afar.contains(&l.relation)) {
            problems.0.extend(facts.one(&link.to).and_then(|other| settled(&link.relation, other)));
        }
        // parts come with history and with the making of the example company
        if self.before.is_none() && lock::is_free(&self.caller, &self.stamp) {
            return;
        }
        for link in &self.of.settled_afar {
            let altered = if self.changed(link) { Some(link.as_str()) } else { self.altered() };
            let Some(altered) = altered else { continue };
            let other = self.wholes(link).into_iter().find_map(|to| settled(link, facts.one(&to)?));
            problems.0.extend(other.map(|problem| Problem { field: altered.to_owned(), ..problem }));
        }
    }

    /// The first thing that this draft alters of its record, beside what is computed and what its step asks for or sets.
    fn altered(&self) -> Option<&str> {
        let before = self.before.as_ref()?;
        let step = self.transition.as_deref().and_then(|t| self.of.transition(t));
        let of_step = |name: &str| {
            step.is_some_and(|t| t.asks_for(name) || t.sets.iter().any(|(field, _)| field == name))
        };
        if before.state != self.after.state {
            return Some("state");
        }
        let columns = self.of.columns().iter().filter(|column| self.changed(&column.name));
        let entered = columns
            .filter_map(|column| self.of.field(&column.field))
            .find(|field| field.computed.is_none() && !of_step(&field.name));
        entered.map(|field| field.name.as_str())
    }

    fn check_guards(&self, facts: &Facts, problems: &mut Problems) {
        let Some(transition) = self.transition.as_deref().and_then(|t| self.of.transition(t)) else { return };
        let context = self.context();
        let row = DraftRow::new(self, facts, &transition.guards);
        for guard in &transition.guards {
            if guard.condition.evaluate(&row, &context) != Outcome::True {
                let problem = if guard.holds_apart() {
                    Problem::new("", APART, format!("{} {ASK_A_COLLEAGUE}", guard.says))
                } else {
                    Problem::new("", "guard", guard.says.clone())
                };
                problems.push(problem.with_clause(guard.clause.as_deref()));
            }
        }
    }

    /// The guards of the step that hold people apart, beside what the record says now.
    pub fn guards_by_log(&self) -> impl Iterator<Item = &Guard> {
        let step = self.transition.as_deref().and_then(|t| self.of.transition(t));
        step.into_iter().flat_map(|t| &t.guards).filter(|g| g.holds_apart())
    }

    /// Whether a guard would hold if the record named who takes the step.
    pub fn holds_for_me(&self, guard: &Guard, facts: &Facts) -> bool {
        let mut mine = self.clone();
        if let (Some(field), Some(me)) = (&guard.apart_from, self.caller.person) {
            mine.after_mut().set(field, Value::Link(me));
        }
        let row = DraftRow::new(&mine, facts, std::slice::from_ref(guard));
        guard.condition.evaluate(&row, &mine.context()) == Outcome::True
    }

    /// Whether the program itself, an import, or the making of the example company writes.
    pub fn is_free(&self) -> bool {
        lock::is_free(&self.caller, &self.stamp)
    }

    /// The context in which this draft's conditions are evaluated.
    pub fn context(&self) -> Context {
        Context {
            now: self.stamp.occurred_at,
            today: format::day_of(self.stamp.occurred_at),
            user: self.caller.person,
        }
    }

    /// Whether a column has a value, or a many-link at least one record.
    pub fn is_filled(&self, name: &str) -> bool {
        if self.of.column_index(name).is_none() {
            let added = self.links.iter().any(|l| l.relation == name && l.add);
            let gone = self.links.iter().filter(|l| l.relation == name && !l.add).map(|l| &l.to);
            let gone: HashSet<&Reference> = gone.collect();
            let kept = self.after.links.get(name).is_some_and(|kept| kept.iter().any(|r| !gone.contains(r)));
            return added || kept;
        }
        match self.after.value(name) {
            None | Some(Value::Null) => false,
            Some(Value::Text(t)) => !t.trim().is_empty(),
            Some(Value::Choices(c)) => !c.is_empty(),
            Some(_) => true,
        }
    }

    /// The record type.
    pub fn of(&self) -> &Arc<RecordType> {
        &self.of
    }
    /// The record before; none when it is created.
    pub fn before(&self) -> Option<&Record> {
        self.before.as_deref()
    }
    /// The record as it would be.
    pub fn after(&self) -> &Record {
        &self.after
    }
    /// The record as it would be, for rules that derive values.
    pub fn after_mut(&mut self) -> &mut Record {
        Arc::make_mut(&mut self.after)
    }
    /// Relations to add and to remove.
    pub fn links(&self) -> &[LinkChange] {
        &self.links
    }
    /// The transition taken, if any.
    pub fn transition(&self) -> Option<&str> {
        self.transition.as_deref()
    }
    /// Who writes.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
    /// When and through which door.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }
    /// Whether the write goes with an answer to the customer.
    pub fn answers(&self) -> bool {
        self.answers
    }
    /// Whether a column's value, or the state, differs from before.
    pub fn changed(&self, name: &str) -> bool {
        let Some(before) = &self.before else { return true };
        match self.of.column_index(name) {
            Some(i) => before.values[i] != self.after.values[i],
            None => before.get(name) != self.after.get(name),
        }
    }
    /// Whether the change named this column, even with the value that it had: a rule does not compute over what an
    /// import gives.
    pub fn gave(&self, name: &str) -> bool {
        self.given.iter().any(|g| g == name)
    }
    /// Whether the record has just entered this state.
    pub fn entered(&self, state: &str) -> bool {
        self.after.state == state && self.before.as_ref().is_none_or(|b| b.state != state)
    }
}

impl Checked {
    /// The record as it will be stored. Its number is 0 until [`Checked::numbered`] when it is created.
    pub fn after(&self) -> &Record {
        &self.draft.after
    }
    /// The record before; none when it is created.
    pub fn before(&self) -> Option<&Record> {
        self.draft.before.as_deref()
    }
    /// The record as it will be stored, shared with the next draft over it.
    pub fn shared(&self) -> Arc<Record> {
        self.draft.after.clone()
    }
    /// Relations to add and remove.
    pub fn links(&self) -> &[LinkChange] {
        &self.draft.links
    }
    /// The transition taken.
    pub fn transition(&self) -> Option<&str> {
        self.draft.transition.as_deref()
    }
    /// What goes into the entry beside the change.
    pub fn note(&self) -> Option<&serde_json::Value> {
        self.draft.note.as_ref()
    }
    /// Jobs to enqueue in the same transaction.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }
    /// Who writes.
    pub fn caller(&self) -> &Caller {
        &self.draft.caller
    }
    /// When and through which door.
    pub fn stamp(&self) -> &Stamp {
        &self.draft.stamp
    }
    /// Gives a new record its number; its jobs whose key ends in `/0/…` or contains `{number}` get it too.
    #[must_use]
    pub fn numbered(mut self, number: i64) -> Self {
        self.draft.after_mut().number = number;
        for job in &mut self.jobs {
            job.key = job.key.replace("{number}", &number.to_string());
            if let Some(slot) = job.payload.get_mut("number") {
                *slot = number.into();
            }
        }
        self
    }
    /// Declared columns and the state whose value differs from before: name, old, new.
    pub fn differences(&self) -> Vec<(&str, Value, Value)> {
        let mut found = Vec::new();
        if let Some((old, new)) = self.state_change() {
            let old = old.map_or(Value::Null, |old| Value::Text(old.to_owned()));
            found.push(("state", old, Value::Text(new.to_owned())));
        }
        found.extend(self.changed_columns().map(|(name, old, new)| (name, old.clone(), new.clone())));
        found
    }
    /// The state before, none for a new record, and after, where they differ.
    pub(crate) fn state_change(&self) -> Option<(Option<&str>, &str)> {
        let old = self.draft.before.as_ref().map(|b| b.state.as_str());
        let new = self.draft.after.state.as_str();
        (old != Some(new)).then_some((old, new))
    }
    /// As [`Checked::differences`] without the state, nothing copied.
    pub(crate) fn changed_columns(&self) -> impl Iterator<Item = (&str, &Value, &Value)> {
        let before = self.draft.before.as_deref();
        let columns = self.draft.of.columns().iter().enumerate();
        columns.filter_map(move |(i, column)| {
            let old = before.map_or(&Value::Null, |b| &b.values[i]);
            let new = &self.draft.after.values[i];
            (old != new).then_some((column.name.as_str(), old, new))
        })
    }
    /// The record and its relations, for a further write on top of it (import of several events).
    pub fn into_record(self) -> Record {
        Arc::unwrap_or_clone(self.draft.after)
    }
}

fn apply_defaults(of: &RecordType, after: &mut Record, caller: &Caller, stamp: &Stamp) {
    for field in of.fields.values() {
        if let Some(written) = &field.default
            && let Some(value) = format::literal(field, written, caller, stamp)
        {
            after.set(&field.name, value);
        }
    }
}

/// What decides whether a value may be written at all.
struct Lock<'a> {
    step: Option<&'a Transition>,
    caller: &'a Caller,
    stamp: &'a Stamp,
    was: Option<&'a Record>,
}

fn apply_value(
    of: &RecordType,
    after: &mut Record,
    name: &str,
    value: Value,
    lock: &Lock<'_>,
    problems: &mut Problems,
) {
    let Some(index) = of.column_index(name) else {
        let message = format!("`{name}` is not a field of {}.", of.plural.to_lowercase());
        return problems.push(Problem::new(name, "unknown", message));
    };
    let column = &of.columns()[index];
    let Some(field) = of.field(&column.field) else { return };
    let locked = match &field.computed {
        Some(Computed::Table { override_reason, .. }) => override_reason.is_none(),
        Some(_) => true,
        None => field.retired,
    };
    if after.values[index] != value {
        if locked && !lock.caller.system {
            let message = format!("{} is computed; it cannot be entered.", field.label);
            return problems.push(Problem::new(name, "computed", message));
        }
        let free = lock::is_free(lock.caller, lock.stamp);
        let by_steps = (!free).then(|| lock::by_steps(of, field, lock.step)).flatten();
        let settled = || lock::settled(lock.was?, &field.name, lock.step);
        if let Some(problem) = by_steps.or_else(settled) {
            return problems.push(problem);
        }
    }
    match format::fits(field, &column.name, &value) {
        Ok(()) => after.values[index] = value,
        Err((code, message)) => problems.push(Problem::new(name, code, message)),
    }
}

/// Moves the state and sets what the step sets; gives what these fields held before.
fn take_transition(
    of: &RecordType,
    after: &mut Record,
    name: &str,
    given: &[String],
    caller: &Caller,
    stamp: &Stamp,
    problems: &mut Problems,
) -> Vec<(String, Value)> {
    let mut unset = Vec::new();
    let Some(transition) = of.transition(name) else {
        let message = format!("`{name}` is not a transition of {}.", of.plural.to_lowercase());
        problems.push(Problem::new("transition", "unknown", message));
        return unset;
    };
    if !transition.from.contains(&after.state) {
        let state = of.state(&after.state).map_or(after.state.clone(), |s| s.label.clone());
        let message = format!("{} is not possible from the state {state}.", transition.label);
        problems.push(Problem::new("state", "state", message));
        return unset;
    }
    after.state.clone_from(&transition.to);
    for (field_name, written) in &transition.sets {
        // what the step asks for and a person gave stands; the set value is for whoever gives none
        let is_given = given.contains(field_name) && after.value(field_name) != Some(&Value::Null);
        if is_given && transition.asks_for(field_name) {
            continue;
        }
        if let Some(field) = of.field(field_name)
            && let Some(value) = format::literal(field, written, caller, stamp)
        {
            // of what the step asks for, the set value is one that a person might have given
            if !transition.asks_for(field_name) {
                unset.push((field_name.clone(), after.get(field_name)));
            }
            after.set(field_name, value);
        }
    }
    unset
}

fn table_value(
    of: &RecordType,
    record: &Record,
    row_field: &str,
    column_field: &str,
    rows: &[(String, Vec<String>)],
) -> Value {
    let found = record.text(row_field).zip(record.text(column_field)).and_then(|(row, column)| {
        let at = of.field(column_field)?.options().iter().position(|o| o.name == column)?;
        rows.iter().find(|(name, _)| name == row)?.1.get(at).cloned()
    });
    found.map_or(Value::Null, Value::Text)
}

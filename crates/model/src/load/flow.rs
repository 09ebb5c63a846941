//! Workflow of one type: states, transitions and clocks, with every name in them resolved.

use indexmap::IndexMap;

use crate::access::{Caller, ROLES};
use crate::change::{Door, Stamp};
use crate::field::{Field, Kind};
use crate::format;
use crate::load::fields::label_of;
use crate::load::merge::is_name;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{ClockTree, TransitionTree, TypeTree};
use crate::workflow::{ClockSpec, State, StateKind, Transition};

/// Names that a workflow may speak of.
pub(crate) struct Scope<'a> {
    /// Fields of the type.
    pub fields: &'a IndexMap<String, Field>,
    /// Relations that other types declare towards it.
    pub inverses: &'a [String],
    /// Some file could not be read: relations declared there are unknown.
    pub torn: bool,
}

impl Scope<'_> {
    /// Says when a word is neither field nor relation.
    pub fn field_or_relation(&self, word: &Word, book: &mut Book<'_>) -> bool {
        if self.torn || self.fields.contains_key(&word.text) || self.inverses.contains(&word.text) {
            return true;
        }
        let names = self.fields.keys().chain(self.inverses).map(String::as_str);
        let hint = hint(&word.text, names);
        book.mistake(word.spot, format!("there is no field `{}`{hint}", word.text));
        false
    }

    /// A field that people fill, or a relation.
    fn fillable(&self, words: &[Word], book: &mut Book<'_>) -> Vec<String> {
        for word in words {
            if self.field_or_relation(word, book)
                && let Some(field) = self.fields.get(&word.text)
                && !(field.is_asked() || field.retired)
            {
                book.mistake(
                    word.spot,
                    format!("`{}` is computed, so it cannot be asked of people", word.text),
                );
            }
        }
        words.iter().map(|w| w.text.clone()).collect()
    }
}

const STATE_KINDS: [(&str, StateKind); 5] = [
    ("new", StateKind::New),
    ("open", StateKind::Open),
    ("waiting", StateKind::Waiting),
    ("done", StateKind::Done),
    ("closed", StateKind::Closed),
];

/// The states; the first is the initial one.
pub(crate) fn states(tree: &TypeTree, scope: &Scope<'_>, book: &mut Book<'_>) -> Vec<State> {
    let mut found: Vec<State> = Vec::new();
    for written in &tree.states {
        let name = &written.name;
        if !is_name(&name.text) {
            book.mistake(name.spot, format!("`{}` is not a name: small letters, digits and _", name.text));
        }
        if found.iter().any(|s| s.name == name.text) {
            book.mistake(name.spot, format!("`{}` is already a state of `{}`", name.text, tree.name.text));
            continue;
        }
        let kind = match &written.kind {
            None => {
                let kinds = STATE_KINDS.map(|(k, _)| k).join(", ");
                book.mistake(name.spot, format!("the state `{}` needs kind=, one of {kinds}", name.text));
                StateKind::Open
            }
            Some(word) => match STATE_KINDS.iter().find(|(k, _)| *k == word.text) {
                Some((_, kind)) => *kind,
                None => {
                    let hint = hint(&word.text, STATE_KINDS.iter().map(|(k, _)| *k));
                    book.mistake(word.spot, format!("there is no kind of state `{}`{hint}", word.text));
                    StateKind::Open
                }
            },
        };
        found.push(State {
            name: name.text.clone(),
            label: written.label.as_ref().map_or_else(|| label_of(&name.text), |l| l.text.clone()),
            kind,
            requires: scope.fillable(&written.requires, book),
            aside: written.aside,
        });
    }
    found
}

pub(crate) fn state_name(word: &Word, states: &[State], book: &mut Book<'_>) {
    if !states.iter().any(|s| s.name == word.text) {
        let hint = hint(&word.text, states.iter().map(|s| s.name.as_str()));
        book.mistake(word.spot, format!("there is no state `{}`{hint}", word.text));
    }
}

/// The transitions, without guards: those are checked when the whole registry is known.
pub(crate) fn transitions(
    tree: &TypeTree,
    states: &[State],
    scope: &Scope<'_>,
    book: &mut Book<'_>,
) -> Vec<Transition> {
    let mut found: Vec<Transition> = Vec::new();
    for written in &tree.transitions {
        let name = &written.name;
        if states.is_empty() {
            book.mistake(
                name.spot,
                format!("the transition `{}` needs states: state \"…\" kind=\"…\"", name.text),
            );
            continue;
        }
        if !is_name(&name.text) {
            book.mistake(name.spot, format!("`{}` is not a name: small letters, digits and _", name.text));
        }
        if ["read", "create", "update", "comment", "note", "attach"].contains(&name.text.as_str()) {
            book.mistake(
                name.spot,
                format!("`{}` is an action of every type; name the transition otherwise", name.text),
            );
        }
        if found.iter().any(|t| t.name == name.text) {
            let message = format!("`{}` is already a transition of `{}`", name.text, tree.name.text);
            book.mistake(name.spot, message);
        }
        let transition = transition(written, states, scope, book);
        if let Some(other) = found.iter().find(|t| same_key(t, &transition))
            && let Some(key) = &written.key
        {
            let message =
                format!("the key {} is already that of `{}` in the same state", key.text, other.name);
            book.mistake(key.spot, message);
        }
        found.push(transition);
    }
    found
}

fn same_key(a: &Transition, b: &Transition) -> bool {
    a.key.is_some() && a.key == b.key && a.from.iter().any(|s| b.from.contains(s))
}

fn transition(
    written: &TransitionTree,
    states: &[State],
    scope: &Scope<'_>,
    book: &mut Book<'_>,
) -> Transition {
    let name = &written.name;
    for state in written.from.iter().chain(&written.to) {
        state_name(state, states, book);
    }
    if written.from.is_empty() || written.to.is_none() {
        let message = format!("the transition `{}` needs from=\"states\" and to=\"state\"", name.text);
        book.mistake(name.spot, message);
    }
    for role in &written.roles {
        role_name(role, book);
    }
    let mut letters = written.key.iter().flat_map(|k| k.text.chars());
    let key = letters.next().map(|c| c.to_ascii_uppercase());
    if let Some(word) = &written.key
        && (letters.next().is_some() || !key.is_some_and(|c| c.is_ascii_alphanumeric()))
    {
        book.mistake(word.spot, "a key is one letter or digit");
    }
    let sets = written.sets.iter().map(|(field, value)| {
        set(field, value, scope, book);
        (field.text.clone(), value.text.clone())
    });
    let sets = sets.collect();
    if let Some(at) = &written.at {
        instant_field(at, scope, book);
        if scope.fields.get(&at.text).is_some_and(|f| !(f.is_asked() || f.retired)) {
            book.mistake(at.spot, format!("`{}` is computed, so nobody can say when", at.text));
        }
        if let Some(needed) = written.requires.iter().find(|r| r.text != at.text) {
            let message = "a transition that is taken by itself asks nobody for fields; leave `requires` out";
            book.mistake(needed.spot, message);
        }
    }
    let names = |words: &[Word]| words.iter().map(|w| w.text.clone()).collect();
    Transition {
        name: name.text.clone(),
        label: written.label.as_ref().map_or_else(|| label_of(&name.text), |l| l.text.clone()),
        from: names(&written.from),
        to: written.to.as_ref().map_or(String::new(), |t| t.text.clone()),
        roles: names(&written.roles),
        requires: scope.fillable(&written.requires, book),
        offers: scope.fillable(&written.offers, book),
        guards: Vec::new(),
        key,
        primary: written.primary,
        sets,
        at: written.at.as_ref().map(|at| at.text.clone()),
    }
}

/// Says when a role is unknown.
pub(crate) fn role_name(role: &Word, book: &mut Book<'_>) {
    if !ROLES.contains(&role.text.as_str()) {
        let hint = hint(&role.text, ROLES);
        book.mistake(role.spot, format!("there is no role `{}`{hint}", role.text));
    }
}

fn set(field: &Word, value: &Word, scope: &Scope<'_>, book: &mut Book<'_>) {
    let Some(found) = scope.fields.get(&field.text) else {
        let hint = hint(&field.text, scope.fields.keys().map(String::as_str));
        return book.mistake(field.spot, format!("there is no field `{}`{hint}", field.text));
    };
    if found.columns().is_empty() {
        return book
            .mistake(field.spot, format!("`{}` is a relation; a transition sets values only", field.text));
    }
    let caller = Caller::person(1, "", Vec::<String>::new());
    let parsed = format::literal(found, &value.text, &caller, &Stamp::now(0, Door::Cli));
    let fits = parsed.as_ref().is_some_and(|v| format::fits(found, &found.name, v).is_ok());
    if !fits {
        let message =
            format!("`{}` is no value for `{}`; `now`, `me` or a written value is", value.text, field.text);
        book.mistake(value.spot, message);
    }
}

/// The clocks, without their pause conditions.
pub(crate) fn clocks(
    tree: &TypeTree,
    states: &[State],
    scope: &Scope<'_>,
    book: &mut Book<'_>,
) -> Vec<ClockSpec> {
    let mut found: Vec<ClockSpec> = Vec::new();
    for written in &tree.clocks {
        if !is_name(&written.name.text) {
            let message = format!("`{}` is not a name: small letters, digits and _", written.name.text);
            book.mistake(written.name.spot, message);
        }
        if found.iter().any(|c| c.name == written.name.text) {
            let message = format!("`{}` is already a clock of `{}`", written.name.text, tree.name.text);
            book.mistake(written.name.spot, message);
            continue;
        }
        found.push(clock(written, states, scope, book));
    }
    found
}

fn clock(written: &ClockTree, states: &[State], scope: &Scope<'_>, book: &mut Book<'_>) -> ClockSpec {
    let name = &written.name;
    for state in written.pause.iter().chain(&written.stop) {
        state_name(state, states, book);
    }
    if written.stop.is_empty() {
        book.mistake(name.spot, format!("the clock `{}` needs stop=\"states\"", name.text));
    }
    if let (Some(when), true) = (&written.when, written.pause.is_empty()) {
        book.mistake(when.spot, "`when` says when the clock pauses, so pause=\"states\" is needed too");
    }
    match &written.start {
        _ if written.holder.is_some() => held(written, scope, book),
        None => {
            book.mistake(name.spot, format!("the clock `{}` needs start=\"an instant field\"", name.text))
        }
        Some(start) if start.text == "created_at" => {}
        Some(start) => instant_field(start, scope, book),
    }
    if let (Some(word), None) = (&written.held_while, &written.holder) {
        let message = "`while` says when a holder has the record, so holder=\"a link to a team or supplier\" is needed too";
        book.mistake(word.spot, message);
    }
    if let Some(until) = &written.until {
        instant_field(until, scope, book);
    }
    let at_risk_percent = match written.at_risk {
        None => 80,
        Some((n @ 1..=99, _)) => u8::try_from(n).unwrap_or(80),
        Some((_, spot)) => {
            book.mistake(spot, "`at_risk` is a share of the target from 1 to 99 per cent");
            80
        }
    };
    let names = |words: &[Word]| words.iter().map(|w| w.text.clone()).collect();
    ClockSpec {
        name: name.text.clone(),
        label: written.label.as_ref().map_or_else(|| label_of(&name.text), |l| l.text.clone()),
        start: written.start.as_ref().map_or(String::new(), |s| s.text.clone()),
        pause_states: names(&written.pause),
        pause_when: None,
        stop_states: names(&written.stop),
        until: written.until.as_ref().map(|u| u.text.clone()),
        retarget: one_of(&written.retarget, &["keep_elapsed", "restart"], book),
        reopen: one_of(&written.reopen, &["resume", "count_gap", "restart"], book),
        at_risk_percent,
        holder: written.holder.as_ref().map(|h| h.text.clone()),
        held_while: None,
    }
}

/// A clock of whoever holds the record: it has no start and no pauses of its own.
fn held(written: &ClockTree, scope: &Scope<'_>, book: &mut Book<'_>) {
    let Some(holder) = &written.holder else { return };
    match scope.fields.get(&holder.text).map(|f| &f.kind) {
        // that it leads to a type with the aspect `holder` is checked when the whole registry is known
        Some(Kind::Team | Kind::Link { .. }) => {}
        Some(_) => {
            book.mistake(holder.spot, format!("`{}` is no link to a team or a supplier", holder.text));
        }
        None => {
            let hint = hint(&holder.text, scope.fields.keys().map(String::as_str));
            book.mistake(holder.spot, format!("there is no field `{}`{hint}", holder.text));
        }
    }
    let not_here = [
        (written.start.as_ref(), "start"),
        (written.pause.first(), "pause"),
        (written.when.as_ref(), "when"),
        (written.until.as_ref(), "until"),
        (written.retarget.as_ref(), "retarget"),
        (written.reopen.as_ref(), "reopen"),
    ];
    for (word, option) in not_here {
        if let Some(word) = word {
            let message = format!(
                "a clock with holder= runs while the holder has the record, so it has no `{option}`; say when with while=\"a condition\""
            );
            book.mistake(word.spot, message);
        }
    }
}

fn instant_field(word: &Word, scope: &Scope<'_>, book: &mut Book<'_>) {
    match scope.fields.get(&word.text).map(|f| &f.kind) {
        Some(Kind::Instant) => {}
        Some(_) => book.mistake(word.spot, format!("`{}` is not an instant", word.text)),
        None => {
            let hint = hint(&word.text, scope.fields.keys().map(String::as_str));
            book.mistake(word.spot, format!("there is no field `{}`{hint}", word.text));
        }
    }
}

/// A word out of a few; the first is the default.
fn one_of(word: &Option<Word>, known: &[&str], book: &mut Book<'_>) -> String {
    let first = known.first().copied().unwrap_or_default();
    let Some(word) = word else { return first.to_owned() };
    if !known.contains(&word.text.as_str()) {
        let hint = hint(&word.text, known.iter().copied());
        book.mistake(word.spot, format!("`{}` is not known here{hint}", word.text));
    }
    word.text.clone()
}

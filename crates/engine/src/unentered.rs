//! What people write although it is not theirs to write: fields that they do not see, and those that the desk fills in.
//!
//! Not here: which role may make or alter a record at all (`model`), and what is settled or written by steps (`model`).

use proofdesk_model::{Action, Caller, Change, Door, Problem, RecordType, Value};

/// What a change sets and links although its author sees no such field (it is none for him), or it is for others to
/// enter. A mail, a rule and an import are put together by the program; a page, a link and a request of the interface hold
/// what the author wrote. In a new record a person's default for himself may be said: that he is who asks.
pub(crate) fn unentered(
    caller: &Caller,
    of: &RecordType,
    action: &Action,
    change: &Change,
    door: Door,
) -> Vec<Problem> {
    let step = match action {
        Action::Transition(name) => of.transition(name),
        _ => None,
    };
    let by_hand = matches!(door, Door::Page | Door::Api | Door::Link) && *action != Action::Update;
    let is_me = |name: &str| {
        let me = caller.person.map(Value::Link);
        of.field(name).is_some_and(|f| f.default.as_deref() == Some("me"))
            && change.set.get(name) == me.as_ref()
    };
    let set = change.set.keys().filter(|name| of.column_index(name).is_some());
    let linked = change.links.iter().map(|l| &l.relation);
    let problem = |name: &String| {
        if step.is_none() && !caller.sees(of, name) {
            let message = format!("`{name}` is not a field of {}.", of.plural.to_lowercase());
            return Some(Problem::new(name, "field", message));
        }
        if !by_hand || caller.enters(of, name, step) || (step.is_none() && is_me(name)) {
            return None;
        }
        let label = of.field(name).map_or_else(|| name.replace('_', " "), |f| f.label.clone());
        let message = match step {
            Some(step) => format!("{} does not ask for {label}. Leave it out.", step.label),
            None => format!("{label} is filled in by the desk. Leave it out."),
        };
        Some(Problem::new(name, "staff", message))
    };
    let mut found: Vec<_> = set.chain(linked).filter_map(problem).collect();
    // keys of other programs are unique across customers: who could say one would learn whether it is taken
    if change.external_key.is_some() && by_hand && caller.reads_as_requester(of) {
        let message = "The key of another program is filled in by the desk. Leave it out.";
        found.push(Problem::new("external_key", "staff", message));
    }
    found
}

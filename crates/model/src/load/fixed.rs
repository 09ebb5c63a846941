//! Which fields people do not write: those that steps write (`written_by`), those that are settled in some states
//! (`fixed`), and those that are none of a requester's (`requesters_enter`). What follows from it at a write is in
//! [`crate::lock`] and [`crate::access`].

use indexmap::IndexMap;

use crate::access::REQUESTER;
use crate::field::Field;
use crate::load::flow::{Scope, state_name};
use crate::load::node::Node;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{FixedTree, TypeTree};
use crate::record_type::Fixed;
use crate::workflow::{State, Transition};

/// Values of a `set` that say who took the step, or when.
const ACT: [&str; 3] = ["me", "now", "today"];
/// The action of making a record.
const CREATE: &str = "create";
/// What `written_by` may say.
const WRITERS: [&str; 2] = ["people", "steps"];

/// Reads `fixed`.
pub(crate) fn read(node: Node<'_>, book: &mut Book<'_>) -> Option<FixedTree> {
    let props = node.props(&["in", "once", "says"], book);
    node.childless(book);
    let fields: Vec<_> = node.marked_args(book).iter().flat_map(|(word, _)| word.split()).collect();
    let states = props.words("in", book);
    let once = props.text("once", book);
    let says = props.text("says", book);
    if fields.is_empty() {
        book.mistake(node.spot(), "`fixed` names fields: fixed \"field\" in=\"states\" says=\"…\"");
    }
    if states.is_empty() {
        book.mistake(node.spot(), "`fixed` says in which states the fields are not altered: in=\"states\"");
    }
    if says.is_none() {
        book.mistake(node.spot(), "`fixed` says what to do instead: says=\"…\"");
    }
    Some(FixedTree { fields, states, once, says: says? })
}

/// The locks of a type, with every name in them resolved.
pub(crate) fn fixed(tree: &TypeTree, states: &[State], scope: &Scope<'_>, book: &mut Book<'_>) -> Vec<Fixed> {
    let mut found = Vec::new();
    for written in &tree.fixed {
        for field in &written.fields {
            if scope.field_or_relation(field, book)
                && scope.fields.get(&field.text).is_some_and(|f| !f.is_asked())
            {
                let message = format!("nobody enters `{}`; it needs no lock", field.text);
                book.mistake(field.spot, message);
            }
        }
        for state in &written.states {
            state_name(state, states, book);
        }
        if let Some(once) = &written.once
            && scope.field_or_relation(once, book)
            && !scope.fields.get(&once.text).is_some_and(|f| f.columns().contains(&once.text))
        {
            book.mistake(
                once.spot,
                format!("`{}` is a relation; `once` names a field with a value", once.text),
            );
        }
        if let Some(first) = states.first().filter(|_| written.once.is_none())
            && let Some(word) = written.states.iter().find(|w| w.text == first.name)
        {
            let message =
                format!("a record begins as `{}`; what is fixed there can never be corrected", word.text);
            book.mistake(word.spot, message);
        }
        found.push(Fixed {
            fields: written.fields.iter().map(|w| w.text.clone()).collect(),
            states: written.states.iter().map(|w| w.text.clone()).collect(),
            once: written.once.as_ref().map(|w| w.text.clone()),
            says: written.says.text.clone(),
        });
    }
    found
}

/// The fields that a mere requester enters. He sees them, so they are public; he makes no record of a type without them.
pub(crate) fn requesters_enter(tree: &TypeTree, scope: &Scope<'_>, book: &mut Book<'_>) -> Vec<String> {
    for word in &tree.requesters_enter {
        if !scope.field_or_relation(word, book) {
            continue;
        }
        let message = match scope.fields.get(&word.text) {
            Some(field) if field.public && field.is_asked() => continue,
            Some(field) if !field.public => {
                format!("a requester does not see `{}`: make it public=#true, or leave it out", word.text)
            }
            Some(_) => format!("nobody enters `{}`; leave it out", word.text),
            None if scope.torn => continue,
            None => format!(
                "`{}` is a relation of another type; a requester enters fields of this one",
                word.text
            ),
        };
        book.mistake(word.spot, message);
    }
    let makes = |actions: &Word| actions.split().iter().any(|action| action.text == CREATE);
    let requester = tree
        .permits
        .iter()
        .find(|(roles, actions)| roles.split().iter().any(|role| role.text == REQUESTER) && makes(actions));
    if let Some((_, actions)) = requester
        && tree.requesters_enter.is_empty()
    {
        let message =
            "a requester may make records of this type; say what he enters: requesters_enter \"field\" …";
        book.mistake(actions.spot, message);
    }
    tree.requesters_enter.iter().map(|word| word.text.clone()).collect()
}

/// Marks the fields that steps write: those that a step sets to who took it or when, unless they are filled when the
/// record is made or the declaration says otherwise.
pub(crate) fn by_steps(
    tree: &TypeTree,
    mut fields: IndexMap<String, Field>,
    transitions: &[Transition],
    book: &mut Book<'_>,
) -> IndexMap<String, Field> {
    let acts = |name: &str| {
        let mut sets = transitions.iter().flat_map(|t| &t.sets);
        sets.any(|(field, value)| field == name && ACT.contains(&value.as_str()))
    };
    for field in fields.values_mut() {
        let given_at_first = field.required || field.default.is_some();
        field.by_steps = field.is_asked() && !given_at_first && acts(&field.name);
    }
    for written in tree.sections.iter().flat_map(|s| &s.fields) {
        let Some(word) = &written.written_by else { continue };
        let Some(field) = fields.get_mut(&written.name.text) else { continue };
        let name = &field.name;
        let touches = |t: &Transition| {
            t.sets.iter().any(|(f, _)| f == name) || t.requires.contains(name) || t.offers.contains(name)
        };
        let message = match word.text.as_str() {
            _ if !field.is_asked() => Some(format!("nobody enters `{name}`; leave `written_by` out")),
            "steps" if field.required => {
                Some(format!("`{name}` is required when a record is made, so steps alone cannot write it"))
            }
            "steps" if !transitions.iter().any(touches) => {
                Some(format!("no transition sets, requires or offers `{name}`, so nobody could write it"))
            }
            "people" | "steps" => None,
            other => {
                let hint = hint(other, WRITERS);
                Some(format!("a field is not written by `{other}`{hint}"))
            }
        };
        match message {
            Some(message) => book.mistake(word.spot, message),
            None => field.by_steps = word.text == "steps",
        }
    }
    fields
}

//! Which states a condition can hold in, and the literal words for "open" that queries share with indexes.
//!
//! A database uses a partial index only where the query says the index's own words, so these are literals: names
//! of states from the checked model.

use proofdesk_condition::{Comparison, Node, NodeKind, Operand, Path};
use proofdesk_model::{Condition, RecordType, Value};

/// `"state" IN ('new', 'open')` with all states in which work is still to come; none when the type has no other
/// states, or no open ones.
pub(crate) fn open_words(of: &RecordType) -> Option<String> {
    let (open, other): (Vec<_>, Vec<_>) = of.states.iter().partition(|s| s.kind.is_open());
    if open.is_empty() || other.is_empty() {
        return None;
    }
    let names: Vec<String> = open.iter().map(|s| format!("'{}'", s.name.replace('\'', "''"))).collect();
    Some(format!("\"state\" IN ({})", names.join(", ")))
}

/// The words for "open", when the condition can hold in open states only.
pub(crate) fn open_term(of: &RecordType, condition: &Condition) -> Option<String> {
    let words = open_words(of)?;
    let only_open = of
        .states
        .iter()
        .filter(|state| !state.kind.is_open())
        .all(|state| in_state(condition.tree(), &state.name) == Some(false));
    only_open.then_some(words)
}

/// What a condition says of a record of which only the state is known; none when other fields decide.
fn in_state(node: &Node, state: &str) -> Option<bool> {
    match &node.kind {
        NodeKind::Const(value) => Some(*value),
        NodeKind::Not(inner) => in_state(inner, state).map(|value| !value),
        NodeKind::And(parts) => all(parts.iter().map(|part| in_state(part, state)), false),
        NodeKind::Or(parts) => all(parts.iter().map(|part| in_state(part, state)), true),
        NodeKind::Compare(how, left, right) => {
            let text = match (left, right) {
                (Operand::Field(path), Operand::Value(Value::Text(text)))
                | (Operand::Value(Value::Text(text)), Operand::Field(path))
                    if is_state(path) =>
                {
                    text
                }
                _ => return None,
            };
            match how {
                Comparison::Equal => Some(text == state),
                Comparison::NotEqual => Some(text != state),
                _ => None,
            }
        }
        NodeKind::In(Operand::Field(path), list) if is_state(path) => {
            let known = list.iter().map(|item| match item {
                Operand::Value(Value::Text(text)) => Some(text == state),
                _ => None,
            });
            all(known, true)
        }
        _ => None,
    }
}

pub(crate) fn is_state(path: &Path) -> bool {
    path.scope == 0 && path.links.is_empty() && path.field == "state"
}

/// The decisive value when a part has it, the other one when all have that, else none.
fn all(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    if unknown { None } else { Some(!decisive) }
}

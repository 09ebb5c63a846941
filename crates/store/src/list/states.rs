//! Which states a condition can hold in, and the literal words that queries share with indexes.
//!
//! A database uses a partial index only where the query says the index's own words, so these are literals: names
//! of states from the checked model.

use proofdesk_condition::{Comparison, Node, NodeKind, Operand, Path};
use proofdesk_model::{Condition, RecordType, StateKind, Value};

/// Part of a type's records by state, for which there are indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Work is still to come.
    Open,
    /// Not yet closed for good.
    Unfinished,
}

impl Part {
    /// From the narrowest on.
    pub const ALL: [Self; 2] = [Self::Open, Self::Unfinished];

    fn has(self, kind: StateKind) -> bool {
        match self {
            Self::Open => kind.is_open(),
            Self::Unfinished => kind != StateKind::Closed,
        }
    }

    /// What it is called in a plan.
    pub fn label(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Unfinished => "unfinished",
        }
    }

    /// `"state" IN ('new', 'open')`; none when no state or every state of the type belongs to it.
    pub fn words(self, of: &RecordType) -> Option<String> {
        let (own, other): (Vec<_>, Vec<_>) = of.states.iter().partition(|s| self.has(s.kind));
        if own.is_empty() || other.is_empty() {
            return None;
        }
        let names: Vec<String> = own.iter().map(|s| format!("'{}'", s.name.replace('\'', "''"))).collect();
        Some(format!("\"state\" IN ({})", names.join(", ")))
    }

    /// Whether a condition can hold only in states of this part.
    pub fn covers(self, of: &RecordType, condition: &Condition) -> bool {
        let mut others = of.states.iter().filter(|state| !self.has(state.kind));
        others.all(|state| in_state(condition.tree(), &state.name) == Some(false))
    }
}

/// The narrowest part in which a condition can hold.
pub(crate) fn part_of(of: &RecordType, condition: &Condition) -> Option<Part> {
    Part::ALL.into_iter().find(|part| part.words(of).is_some() && part.covers(of, condition))
}

/// The words of every part in which a condition can hold: any index that helps may be there.
pub(crate) fn terms(of: &RecordType, condition: &Condition) -> Vec<String> {
    let parts = Part::ALL.into_iter().filter(|part| part.covers(of, condition));
    let mut words: Vec<String> = parts.filter_map(|part| part.words(of)).collect();
    words.dedup();
    words
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

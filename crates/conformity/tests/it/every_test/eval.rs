//! Evaluates any part of a condition on made-up records: a second reading of `docs/conditions.md`, so that the store
//! and the evaluator of the program are held to an opinion that is not their own.

use std::cmp::Ordering;

use proofdesk_condition::{
    Comparison, Context, Decimal, FieldKind, Node, NodeKind, Operand, Path, Quantifier, Related, TextTest,
};
use proofdesk_model::Value;

use super::graph::{Graph, Id, id_of};

/// True, false, or none where it cannot be evaluated.
pub type Outcome = Option<bool>;

/// The records that names may mean: the condition's own first, then one for each quantifier around.
pub type Names = Vec<Id>;

const DAY: i64 = 86_400_000_000;

pub fn outcome(graph: &Graph, node: &Node, names: &Names, context: &Context) -> Outcome {
    let each =
        |parts: &[Node], end: bool| joined(parts.iter().map(|p| outcome(graph, p, names, context)), end);
    match &node.kind {
        NodeKind::Const(value) => Some(*value),
        NodeKind::Flag(operand) => match value(graph, operand, names, context)? {
            Value::Bool(flag) => Some(flag),
            _ => None,
        },
        NodeKind::Not(inner) => outcome(graph, inner, names, context).map(|o| !o),
        NodeKind::And(parts) => each(parts, false),
        NodeKind::Or(parts) => each(parts, true),
        NodeKind::Compare(comparison, left, right) => {
            compared(*comparison, &value(graph, left, names, context)?, &value(graph, right, names, context)?)
        }
        NodeKind::In(operand, list) => {
            let wanted = value(graph, operand, names, context)?;
            let items: Option<Vec<Value>> = list.iter().map(|i| value(graph, i, names, context)).collect();
            Some(items?.contains(&wanted))
        }
        NodeKind::HasOption(path, option) => match read(graph, path, names)? {
            Value::Choices(chosen) => Some(chosen.contains(option)),
            _ => None,
        },
        NodeKind::Text(test, subject, argument) => {
            match (value(graph, subject, names, context)?, value(graph, argument, names, context)?) {
                (Value::Text(text), Value::Text(part)) => Some(match test {
                    TextTest::Contains => text.contains(&part),
                    TextTest::StartsWith => text.starts_with(&part),
                    TextTest::EndsWith => text.ends_with(&part),
                }),
                _ => None,
            }
        }
        NodeKind::Related(quantifier, related, inner) => {
            let others = others(graph, related, names)?;
            let each =
                others.into_iter().map(|id| outcome(graph, inner, &within(names, related, id), context));
            joined(each, *quantifier == Quantifier::Exists)
        }
    }
}

/// `end` decides at once (false for "and", true for "or"); else one that cannot be evaluated spoils the rest.
fn joined(outcomes: impl Iterator<Item = Outcome>, end: bool) -> Outcome {
    let all: Vec<Outcome> = outcomes.collect();
    if all.contains(&Some(end)) {
        return Some(end);
    }
    if all.contains(&None) { None } else { Some(!end) }
}

/// The names inside a quantifier.
pub fn within(names: &Names, related: &Related, id: Id) -> Names {
    names.iter().copied().take(related.variable).chain([id]).collect()
}

/// The records of a relation; none where a link on the way is empty.
pub fn others(graph: &Graph, related: &Related, names: &Names) -> Option<Vec<Id>> {
    let start = names.get(related.scope).copied()?;
    let from = related.links.iter().try_fold(start, |at, step| id_of(&graph.value(at, &step.field)))?;
    Some(graph.related(from, related))
}

/// The record that has a path's field; none where a link on the way is empty.
pub fn holder(graph: &Graph, path: &Path, names: &Names) -> Option<Id> {
    let start = names.get(path.scope).copied()?;
    path.links.iter().try_fold(start, |at, step| id_of(&graph.value(at, &step.field)))
}

fn read(graph: &Graph, path: &Path, names: &Names) -> Option<Value> {
    let id = holder(graph, path, names)?;
    Some(match (path.kind, graph.value(id, &path.field)) {
        (FieldKind::Itself, _) => super::graph::link(id),
        (FieldKind::Choices, Value::Null) => Value::Choices(Vec::new()),
        (_, value) => value,
    })
}

fn compared(comparison: Comparison, left: &Value, right: &Value) -> Outcome {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    if left.is_null() || right.is_null() {
        return match comparison {
            Equal => Some(left == right),
            NotEqual => Some(left != right),
            _ => None,
        };
    }
    let order = match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b))
        | (Value::Instant(a), Value::Instant(b))
        | (Value::Duration(a), Value::Duration(b))
        | (Value::Link(a), Value::Link(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Day(a), Value::Day(b)) => a.cmp(b),
        _ => return None,
    };
    Some(match comparison {
        Equal => order == Ordering::Equal,
        NotEqual => order != Ordering::Equal,
        Less => order == Ordering::Less,
        LessOrEqual => order != Ordering::Greater,
        Greater => order == Ordering::Greater,
        GreaterOrEqual => order != Ordering::Less,
    })
}

pub fn value(graph: &Graph, operand: &Operand, names: &Names, context: &Context) -> Option<Value> {
    let int = |n: usize| Some(Value::Int(i64::try_from(n).unwrap()));
    let text = |inner: &Operand| match value(graph, inner, names, context)? {
        Value::Text(text) => Some(text),
        _ => None,
    };
    match operand {
        Operand::Value(value) => Some(value.clone()),
        Operand::Now => Some(Value::Instant(context.now)),
        Operand::Today => Some(Value::Day(context.today)),
        Operand::Me => context.user.map(Value::Link),
        Operand::Field(path) => read(graph, path, names),
        Operand::Add(a, b) => moved(&value(graph, a, names, context)?, &value(graph, b, names, context)?, 1),
        Operand::Subtract(a, b) => {
            moved(&value(graph, a, names, context)?, &value(graph, b, names, context)?, -1)
        }
        Operand::ToDecimal(inner) => match value(graph, inner, names, context)? {
            Value::Int(n) => Decimal::from_int(n).map(Value::Decimal),
            Value::Null => Some(Value::Null),
            _ => None,
        },
        Operand::Length(inner) => int(text(inner)?.chars().count()),
        Operand::Lower(inner) => Some(Value::Text(text(inner)?.to_ascii_lowercase())),
        Operand::Upper(inner) => Some(Value::Text(text(inner)?.to_ascii_uppercase())),
        Operand::CountOptions(path) => match read(graph, path, names)? {
            Value::Choices(chosen) => int(chosen.len()),
            _ => None,
        },
        Operand::Count(related, condition) => {
            let mut number = 0;
            for id in others(graph, related, names)? {
                let inner = within(names, related, id);
                let met = condition.as_ref().map_or(Some(true), |c| outcome(graph, c, &inner, context));
                number += usize::from(met?);
            }
            int(number)
        }
    }
}

/// `a + b`, or `a - b` for a sign of -1.
fn moved(a: &Value, b: &Value, sign: i64) -> Option<Value> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a + sign * b),
        (Value::Decimal(a), Value::Decimal(b)) => {
            Value::Decimal(Decimal::from_scaled(a.scaled() + sign * b.scaled()))
        }
        (Value::Duration(a), Value::Duration(b)) => Value::Duration(a + sign * b),
        (Value::Instant(a), Value::Duration(b)) => Value::Instant(a + sign * b),
        (Value::Duration(a), Value::Instant(b)) if sign > 0 => Value::Instant(a + b),
        (Value::Instant(a), Value::Instant(b)) if sign < 0 => Value::Duration(a - b),
        (Value::Day(a), Value::Day(b)) if sign < 0 => Value::Duration((i64::from(*a) - i64::from(*b)) * DAY),
        (Value::Day(day), Value::Duration(length)) if length % DAY == 0 => {
            Value::Day(i32::try_from(i64::from(*day) + sign * length / DAY).ok()?)
        }
        (Value::Duration(length), Value::Day(day)) if length % DAY == 0 && sign > 0 => {
            Value::Day(i32::try_from(i64::from(*day) + length / DAY).ok()?)
        }
        (Value::Text(a), Value::Text(b)) if sign > 0 => Value::Text(format!("{a}{b}")),
        _ => return None,
    })
}

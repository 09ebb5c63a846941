//! Evaluates a checked tree on one record in memory. The SQL writer of `store` must agree with every line of
//! this file; a differential test there holds both to it.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::condition::Outcome;
use crate::decimal::Decimal;
use crate::schema::{Context, Row};
use crate::tree::{
    Comparison, FieldKind, Node, NodeKind, Operand, Path, Quantifier, Related, Step, TextTest,
};
use crate::value::{MAX_DAY, MIN_DAY, Value};

const DAY_MICROS: i64 = 86_400_000_000;

/// A value cannot be computed: something on the way is empty or nobody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unknown;

type Computed<'n> = Result<Cow<'n, Value>, Unknown>;

/// The records that names may mean: the condition's own and one for each quantifier around.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    pub(crate) row: &'s dyn Row,
    pub(crate) level: usize,
    pub(crate) outer: Option<&'s Scope<'s>>,
}

impl<'s> Scope<'s> {
    /// Finds the record of a level.
    pub(crate) fn at(&self, level: usize) -> Result<&'s dyn Row, Unknown> {
        let mut scope = self;
        while scope.level != level {
            scope = scope.outer.ok_or(Unknown)?;
        }
        Ok(scope.row)
    }

    /// Follows single links from the record of a level.
    pub(crate) fn follow(&self, level: usize, links: &[Step]) -> Result<&'s dyn Row, Unknown> {
        links.iter().try_fold(self.at(level)?, |row, step| row.follow(&step.field).ok_or(Unknown))
    }

    /// Gives the records of a relation.
    pub(crate) fn related(&self, related: &Related) -> Result<Vec<&'s dyn Row>, Unknown> {
        Ok(self.follow(related.scope, &related.links)?.related(&related.field))
    }

    /// Reads the field at the end of a path.
    pub(crate) fn read(&self, path: &Path) -> Result<Value, Unknown> {
        let value = self.follow(path.scope, &path.links)?.value(&path.field);
        Ok(match (path.kind, value) {
            (FieldKind::Itself, Value::Int(number)) => Value::Link(number),
            (FieldKind::Choices, Value::Null) => Value::Choices(Vec::new()),
            (_, value) => value,
        })
    }
}

/// A record of a condition without fields.
pub(crate) struct NoRow;

impl Row for NoRow {
    fn value(&self, _field: &str) -> Value {
        Value::Null
    }

    fn follow(&self, _link: &str) -> Option<&dyn Row> {
        None
    }

    fn related(&self, _links: &str) -> Vec<&dyn Row> {
        Vec::new()
    }
}

/// Evaluates a condition.
pub(crate) fn outcome(node: &Node, scope: &Scope<'_>, context: &Context) -> Outcome {
    match &node.kind {
        NodeKind::Const(value) => of(*value),
        NodeKind::Flag(operand) => match value(operand, scope, context).as_deref() {
            Ok(Value::Bool(flag)) => of(*flag),
            _ => Outcome::Error,
        },
        NodeKind::Not(inner) => negated(outcome(inner, scope, context)),
        NodeKind::And(parts) => all(parts.iter().map(|part| outcome(part, scope, context))),
        NodeKind::Or(parts) => any(parts.iter().map(|part| outcome(part, scope, context))),
        NodeKind::Compare(comparison, left, right) => {
            compared(*comparison, value(left, scope, context), value(right, scope, context))
        }
        NodeKind::In(operand, list) => contained(operand, list, scope, context),
        NodeKind::HasOption(path, option) => match scope.read(path) {
            Ok(Value::Choices(chosen)) => of(chosen.contains(option)),
            _ => Outcome::Error,
        },
        NodeKind::Text(test, subject, argument) => {
            looked_into(*test, value(subject, scope, context), value(argument, scope, context))
        }
        NodeKind::Related(quantifier, related, inner) => {
            let Ok(rows) = scope.related(related) else { return Outcome::Error };
            let each = rows.into_iter().map(|row| {
                outcome(inner, &Scope { row, level: related.variable, outer: Some(scope) }, context)
            });
            match quantifier {
                Quantifier::Exists => any(each),
                Quantifier::All => all(each),
            }
        }
    }
}

/// Turns yes and no into an outcome.
pub(crate) const fn of(value: bool) -> Outcome {
    if value { Outcome::True } else { Outcome::False }
}

/// Turns true and false around.
pub(crate) const fn negated(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::True => Outcome::False,
        Outcome::False => Outcome::True,
        Outcome::Error => Outcome::Error,
    }
}

fn all(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut result = Outcome::True;
    for outcome in outcomes {
        match outcome {
            Outcome::False => return Outcome::False,
            Outcome::Error => result = Outcome::Error,
            Outcome::True => {}
        }
    }
    result
}

fn any(mut outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut result = Outcome::False;
    loop {
        match outcomes.next() {
            None => return result,
            Some(Outcome::True) => return Outcome::True,
            Some(Outcome::Error) => result = Outcome::Error,
            Some(Outcome::False) => {}
        }
    }
}

fn compared(comparison: Comparison, left: Computed<'_>, right: Computed<'_>) -> Outcome {
    let (Ok(left), Ok(right)) = (left, right) else { return Outcome::Error };
    let equal = match (comparison, left.is_null() || right.is_null()) {
        (Comparison::Equal | Comparison::NotEqual, true) => left.is_null() && right.is_null(),
        (_, true) => return Outcome::Error,
        (_, false) => {
            let Some(order) = order(&left, &right) else { return Outcome::Error };
            return of(match comparison {
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            });
        }
    };
    of(equal == (comparison == Comparison::Equal))
}

/// Orders two values of one type; text by code points.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b))
        | (Value::Instant(a), Value::Instant(b))
        | (Value::Duration(a), Value::Duration(b))
        | (Value::Link(a), Value::Link(b)) => Some(a.cmp(b)),
        (Value::Decimal(a), Value::Decimal(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Day(a), Value::Day(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn contained(operand: &Operand, list: &[Operand], scope: &Scope<'_>, context: &Context) -> Outcome {
    let Ok(wanted) = value(operand, scope, context) else { return Outcome::Error };
    let mut found = false;
    for item in list {
        match value(item, scope, context) {
            Ok(item) => found |= *item == *wanted,
            Err(Unknown) => return Outcome::Error,
        }
    }
    of(found)
}

fn looked_into(test: TextTest, subject: Computed<'_>, argument: Computed<'_>) -> Outcome {
    match (subject.as_deref(), argument.as_deref()) {
        (Ok(Value::Text(subject)), Ok(Value::Text(argument))) => of(match test {
            TextTest::Contains => subject.contains(argument.as_str()),
            TextTest::StartsWith => subject.starts_with(argument.as_str()),
            TextTest::EndsWith => subject.ends_with(argument.as_str()),
        }),
        _ => Outcome::Error,
    }
}

/// Computes an operand.
pub(crate) fn value<'n>(operand: &'n Operand, scope: &Scope<'_>, context: &Context) -> Computed<'n> {
    let computed = match operand {
        Operand::Value(value) => return Ok(Cow::Borrowed(value)),
        Operand::Now => Value::Instant(context.now),
        Operand::Today => Value::Day(context.today),
        Operand::Me => Value::Link(context.user.ok_or(Unknown)?),
        Operand::Field(path) => scope.read(path)?,
        Operand::Add(left, right) => {
            let (left, right) = (value(left, scope, context)?, value(right, scope, context)?);
            add(&left, &right).ok_or(Unknown)?
        }
        Operand::Subtract(left, right) => {
            let (left, right) = (value(left, scope, context)?, value(right, scope, context)?);
            subtract(&left, &right).ok_or(Unknown)?
        }
        Operand::ToDecimal(inner) => match *value(inner, scope, context)? {
            Value::Int(number) => Value::Decimal(Decimal::from_int(number).ok_or(Unknown)?),
            Value::Null => Value::Null,
            _ => return Err(Unknown),
        },
        Operand::Length(inner) => match &*value(inner, scope, context)? {
            Value::Text(text) => Value::Int(i64::try_from(text.chars().count()).map_err(|_| Unknown)?),
            _ => return Err(Unknown),
        },
        Operand::Lower(inner) => match &*value(inner, scope, context)? {
            Value::Text(text) => Value::Text(text.to_ascii_lowercase()),
            _ => return Err(Unknown),
        },
        Operand::Upper(inner) => match &*value(inner, scope, context)? {
            Value::Text(text) => Value::Text(text.to_ascii_uppercase()),
            _ => return Err(Unknown),
        },
        Operand::CountOptions(path) => match scope.read(path)? {
            Value::Choices(chosen) => Value::Int(i64::try_from(chosen.len()).map_err(|_| Unknown)?),
            _ => return Err(Unknown),
        },
        Operand::Count(related, condition) => count(related, condition.as_deref(), scope, context)?,
    };
    Ok(Cow::Owned(computed))
}

fn count(
    related: &Related,
    condition: Option<&Node>,
    scope: &Scope<'_>,
    context: &Context,
) -> Result<Value, Unknown> {
    let mut number = 0;
    for row in scope.related(related)? {
        let inner = Scope { row, level: related.variable, outer: Some(scope) };
        match condition.map_or(Outcome::True, |condition| outcome(condition, &inner, context)) {
            Outcome::True => number += 1,
            Outcome::False => {}
            Outcome::Error => return Err(Unknown),
        }
    }
    Ok(Value::Int(number))
}

/// Adds two values; none with a null or where the sum does not fit.
pub(crate) fn add(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b)?),
        (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(a.checked_add(*b)?),
        (Value::Instant(a), Value::Duration(b)) | (Value::Duration(a), Value::Instant(b)) => {
            Value::Instant(a.checked_add(*b)?)
        }
        (Value::Duration(a), Value::Duration(b)) => Value::Duration(a.checked_add(*b)?),
        (Value::Day(day), Value::Duration(length)) | (Value::Duration(length), Value::Day(day)) => {
            moved(*day, *length)?
        }
        (Value::Text(a), Value::Text(b)) => Value::Text(format!("{a}{b}")),
        _ => return None,
    })
}

/// Subtracts two values; none with a null or where the difference does not fit.
pub(crate) fn subtract(left: &Value, right: &Value) -> Option<Value> {
    Some(match (left, right) {
        (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_sub(*b)?),
        (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(a.checked_sub(*b)?),
        (Value::Instant(a), Value::Duration(b)) => Value::Instant(a.checked_sub(*b)?),
        (Value::Instant(a), Value::Instant(b)) | (Value::Duration(a), Value::Duration(b)) => {
            Value::Duration(a.checked_sub(*b)?)
        }
        (Value::Day(day), Value::Duration(length)) => moved(*day, length.checked_neg()?)?,
        (Value::Day(a), Value::Day(b)) => {
            Value::Duration(i64::from(*a).checked_sub(i64::from(*b))?.checked_mul(DAY_MICROS)?)
        }
        _ => return None,
    })
}

/// Moves a day by a whole number of days; none where it leaves the years 1 to 9999.
fn moved(day: i32, length: i64) -> Option<Value> {
    let day = i64::from(day).checked_add(length / DAY_MICROS)?;
    let whole = length % DAY_MICROS == 0 && (i64::from(MIN_DAY)..=i64::from(MAX_DAY)).contains(&day);
    whole.then(|| i32::try_from(day).ok().map(Value::Day)).flatten()
}

/// Computes an operand that reads no field (`now - days(30)`); none where it is an error, and for any that
/// reads one.
pub fn constant(operand: &Operand, context: &Context) -> Option<Value> {
    let scope = Scope { row: &NoRow, level: 0, outer: None };
    value(operand, &scope, context).ok().map(Cow::into_owned)
}

/// Evaluates a part of a condition that reads no field.
pub fn evaluate_constant(node: &Node, context: &Context) -> Outcome {
    outcome(node, &Scope { row: &NoRow, level: 0, outer: None }, context)
}

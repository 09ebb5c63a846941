//! Types during the check: those of fields, and that of the literal `null`.

use crate::decimal::Decimal;
use crate::schema::Type;
use crate::tree::{FieldKind, Operand};
use crate::value::{MAX_DAY, MAX_DECIMAL, MAX_DURATION, MAX_INSTANT, MAX_INT, Value};

/// The type of a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Null,
    Bool,
    Int,
    Decimal,
    Text,
    Choice(Vec<String>),
    Choices(Vec<String>),
    Instant,
    Duration,
    Day,
    Link(String),
}

impl Kind {
    /// Names the type in a message.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Null => "`null`",
            Self::Bool => "yes or no",
            Self::Int => "a whole number",
            Self::Decimal => "a decimal number",
            Self::Text => "text",
            Self::Choice(_) => "a choice",
            Self::Choices(_) => "a field with many choices",
            Self::Instant => "an instant",
            Self::Duration => "a length of time",
            Self::Day => "a day",
            Self::Link(to) => return format!("a link to {to}"),
        }
        .to_owned()
    }

    /// Turns the type of a field into the kind of its values and of its column; none for a relation.
    pub(super) fn of(field: Type) -> Option<(Self, FieldKind)> {
        Some(match field {
            Type::Bool => (Self::Bool, FieldKind::Bool),
            Type::Int => (Self::Int, FieldKind::Int),
            Type::Decimal => (Self::Decimal, FieldKind::Decimal),
            Type::Text => (Self::Text, FieldKind::Text),
            Type::Choice(options) => (Self::Choice(options), FieldKind::Text),
            Type::Choices(options) => (Self::Choices(options), FieldKind::Choices),
            Type::Instant => (Self::Instant, FieldKind::Instant),
            Type::Duration => (Self::Duration, FieldKind::Duration),
            Type::Day => (Self::Day, FieldKind::Day),
            Type::Link(to) => (Self::Link(to), FieldKind::Link),
            Type::Links(_) => return None,
        })
    }
}

impl Operand {
    /// Tells whether it reads no field, so that it is computed once per question.
    pub fn is_constant(&self) -> bool {
        match self {
            Self::Value(_) | Self::Now | Self::Today | Self::Me => true,
            Self::Add(a, b) | Self::Subtract(a, b) => a.is_constant() && b.is_constant(),
            Self::ToDecimal(a) | Self::Length(a) | Self::Lower(a) | Self::Upper(a) => a.is_constant(),
            Self::Field(_) | Self::CountOptions(_) | Self::Count(..) => false,
        }
    }

    /// Gives the largest size that the stored form of a number or time can have, for any storable record.
    pub(super) fn bound(&self) -> i128 {
        match self {
            Self::Value(value) => match value {
                Value::Int(n) | Value::Instant(n) | Value::Duration(n) | Value::Link(n) => {
                    i128::from(*n).abs()
                }
                Value::Decimal(decimal) => i128::from(decimal.scaled()).abs(),
                Value::Day(day) => i128::from(*day).abs(),
                Value::Null | Value::Bool(_) | Value::Text(_) | Value::Choices(_) => 0,
            },
            Self::Now => i128::from(MAX_INSTANT),
            Self::Today => i128::from(MAX_DAY),
            Self::Field(path) => match path.kind {
                FieldKind::Int | FieldKind::Link | FieldKind::Itself => i128::from(MAX_INT),
                FieldKind::Decimal => i128::from(MAX_DECIMAL),
                FieldKind::Instant => i128::from(MAX_INSTANT),
                FieldKind::Duration => i128::from(MAX_DURATION),
                FieldKind::Bool | FieldKind::Text | FieldKind::Choices | FieldKind::Day => 0,
            },
            Self::Add(a, b) | Self::Subtract(a, b) => a.bound() + b.bound(),
            Self::ToDecimal(a) => a.bound() * i128::from(crate::decimal::SCALE),
            Self::Me
            | Self::Length(_)
            | Self::Lower(_)
            | Self::Upper(_)
            | Self::CountOptions(_)
            | Self::Count(..) => i128::from(MAX_INT),
        }
    }
}

/// Turns a whole number into a decimal; a literal at once.
pub(super) fn to_decimal(operand: Operand) -> Operand {
    match operand {
        Operand::Value(Value::Int(number)) => match Decimal::from_int(number) {
            Some(decimal) => Operand::Value(Value::Decimal(decimal)),
            None => Operand::ToDecimal(Box::new(Operand::Value(Value::Int(number)))),
        },
        Operand::Value(value) => Operand::Value(value),
        other => Operand::ToDecimal(Box::new(other)),
    }
}

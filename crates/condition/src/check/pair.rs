//! What may be compared with what, and the literals that take the type of the other side.

use super::kind::{Kind, to_decimal};
use super::{Checker, Typed};
use crate::suggest::did_you_mean;
use crate::tree::{Comparison, Operand, Span};
use crate::value::Value;

impl Checker<'_> {
    /// Checks two sides of a comparison and brings them to one type.
    pub(super) fn pair(
        &mut self,
        span: Span,
        comparison: Comparison,
        left: Typed,
        right: Typed,
    ) -> Option<(Operand, Operand)> {
        let ordered = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        match (&left.kind, &right.kind) {
            (Kind::Null, _) | (_, Kind::Null) if ordered => {
                self.refuse(span, "`null` has no order; compare it with `==` or `!=`")
            }
            (Kind::Choices(_), _) | (_, Kind::Choices(_)) => {
                self.refuse(span, "many choices are asked with `\"x\" in field` and `size(field) == 0`")
            }
            (Kind::Null, _) | (_, Kind::Null) => Some((left.operand, right.operand)),
            (Kind::Int, Kind::Decimal) => {
                self.bounded(span, to_decimal(left.operand)).zip(Some(right.operand))
            }
            (Kind::Decimal, Kind::Int) => {
                Some(left.operand).zip(self.bounded(span, to_decimal(right.operand)))
            }
            (Kind::Choice(_) | Kind::Link(_), _) | (_, Kind::Choice(_) | Kind::Link(_)) if ordered => self
                .refuse(
                    span,
                    "choices and links have no order; list what you mean: `state in [\"a\", \"b\"]`",
                ),
            (Kind::Choice(_), Kind::Choice(_)) => Some((left.operand, right.operand)),
            (Kind::Choice(options), Kind::Text) => {
                self.option_of(&right, options)?;
                Some((left.operand, right.operand))
            }
            (Kind::Text, Kind::Choice(options)) => {
                self.option_of(&left, options)?;
                Some((left.operand, right.operand))
            }
            (Kind::Link(to), Kind::Text) => {
                let number = self.reference(&right, to)?;
                Some((left.operand, number))
            }
            (Kind::Text, Kind::Link(to)) => {
                let number = self.reference(&left, to)?;
                Some((number, right.operand))
            }
            (a, b) if a == b => Some((left.operand, right.operand)),
            (a, b) => {
                let message = format!("{} cannot be compared with {}{}", a.words(), b.words(), hint(a, b));
                self.refuse(span, message)
            }
        }
    }

    fn option_of(&mut self, text: &Typed, options: &[String]) -> Option<()> {
        match &text.operand {
            Operand::Value(Value::Text(option)) => self.check_option(text.span, option, options),
            _ => Some(()),
        }
    }

    /// Refuses a text that is not one of a field's options.
    pub(super) fn check_option(&mut self, span: Span, option: &str, options: &[String]) -> Option<()> {
        if options.iter().any(|known| known == option) {
            return Some(());
        }
        let near = did_you_mean(option, options.iter().map(String::as_str), "\"");
        let list = options.iter().take(12).map(|o| format!("\"{o}\"")).collect::<Vec<_>>().join(", ");
        let more = if options.len() > 12 { ", …" } else { "" };
        self.refuse(span, format!("\"{option}\" is not an option here{near} (options: {list}{more})"))
    }

    /// Turns a reference such as `SVC-4` into the number that a link holds.
    fn reference(&mut self, text: &Typed, to: &str) -> Option<Operand> {
        let Operand::Value(Value::Text(reference)) = &text.operand else {
            return self.refuse(text.span, format!("a link to {to} cannot be compared with a text field"));
        };
        let Some(prefix) = self.schema.prefix(to) else {
            return self
                .refuse(text.span, format!("records of type {to} have no references to compare with"));
        };
        let number = reference
            .strip_prefix(&prefix)
            .and_then(|rest| rest.strip_prefix('-'))
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0'))
            .and_then(|digits| digits.parse::<i64>().ok());
        match number {
            Some(number) => Some(Operand::Value(Value::Link(number))),
            None => {
                let message =
                    format!("\"{reference}\" is not a reference of {to}; write for example \"{prefix}-1\"");
                self.refuse(text.span, message)
            }
        }
    }

    /// Refuses a sum that could overflow for some record.
    pub(super) fn bounded(&mut self, span: Span, operand: Operand) -> Option<Operand> {
        if operand.bound() > i128::from(i64::MAX) {
            return self
                .refuse(span, "this sum can become larger than numbers go; use fewer or smaller parts");
        }
        Some(operand)
    }
}

/// Says what was probably meant where two types do not fit.
fn hint(left: &Kind, right: &Kind) -> &'static str {
    match (left, right) {
        (Kind::Day, Kind::Text) | (Kind::Text, Kind::Day) => "; write the day as `day(\"2026-01-31\")`",
        (Kind::Instant, Kind::Text) | (Kind::Text, Kind::Instant) => {
            "; write the instant as `timestamp(\"2026-01-31T08:00:00Z\")`"
        }
        (Kind::Duration, Kind::Text | Kind::Int) | (Kind::Text | Kind::Int, Kind::Duration) => {
            "; write a length of time as `hours(4)`, `days(30)` or `duration(\"90m\")`"
        }
        (Kind::Day, Kind::Instant) => "; compare a day with `today`",
        (Kind::Instant, Kind::Day) => "; compare an instant with `now`",
        (Kind::Bool, Kind::Text | Kind::Int) | (Kind::Text | Kind::Int, Kind::Bool) => {
            "; yes and no are `true` and `false`"
        }
        (Kind::Int | Kind::Decimal, Kind::Text) | (Kind::Text, Kind::Int | Kind::Decimal) => {
            "; numbers are written without quotes, texts with them"
        }
        _ => "",
    }
}

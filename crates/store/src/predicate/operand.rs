//! Values in SQL: columns, sums, counts and constants.

use proofdesk_condition::{
    Context, FieldKind, Node, Operand, Path, Related, SCALE, Value, constant, day_text,
};

use super::Writer;
use crate::sql::{Arg, ArgType, Dialect};

/// What a NULL of a written value means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// There is none.
    Never,
    /// The value null, which can be equal to null.
    Value,
    /// An error: neither true nor false.
    Error,
}

/// Tells what a NULL of an operand means.
pub(super) fn nulls(operand: &Operand) -> Nulls {
    match operand {
        Operand::Field(Path { kind: FieldKind::Itself, .. })
        | Operand::Count(_, None)
        | Operand::CountOptions(_)
        | Operand::Now
        | Operand::Today
        | Operand::Me => Nulls::Never,
        Operand::Value(value) if !value.is_null() => Nulls::Never,
        Operand::Field(_) | Operand::Value(_) => Nulls::Value,
        Operand::ToDecimal(inner) => nulls(inner),
        Operand::Add(..)
        | Operand::Subtract(..)
        | Operand::Length(_)
        | Operand::Lower(_)
        | Operand::Upper(_)
        | Operand::Count(_, Some(_)) => Nulls::Error,
    }
}

/// Tells whether a constant in an operand is an error for every row.
pub(super) fn broken(operand: &Operand, context: &Context) -> bool {
    if operand.is_constant() {
        return constant(operand, context).is_none();
    }
    match operand {
        Operand::Add(left, right) | Operand::Subtract(left, right) => {
            broken(left, context) || broken(right, context)
        }
        Operand::ToDecimal(inner)
        | Operand::Length(inner)
        | Operand::Lower(inner)
        | Operand::Upper(inner) => broken(inner, context),
        _ => false,
    }
}

impl Writer<'_> {
    /// Writes a value.
    pub(super) fn operand(&mut self, operand: &Operand) {
        if operand.is_constant() {
            let value = constant(operand, self.context).unwrap_or_default();
            return self.bind(value);
        }
        match operand {
            Operand::Field(path) => {
                let alias = self.alias_of(path.scope, &path.links);
                self.sql.column(&alias, &path.field);
            }
            Operand::Add(left, right) => self.sum(left, " + ", right),
            Operand::Subtract(left, right) => self.sum(left, " - ", right),
            Operand::ToDecimal(inner) => {
                // Bounded by the limits of stored whole numbers; the checker refuses anything larger.
                self.sql.push("(");
                self.operand(inner);
                self.sql.push(&format!(" * {SCALE})"));
            }
            Operand::Length(inner) => self.call("length", inner),
            Operand::Lower(inner) => self.call("lower", inner),
            Operand::Upper(inner) => self.call("upper", inner),
            Operand::CountOptions(path) => {
                let (function, cast) = match self.sql.dialect() {
                    Dialect::Sqlite => ("json_array_length(", ")"),
                    Dialect::Postgres => ("jsonb_array_length((", ")::jsonb)"),
                };
                self.sql.push(function);
                self.options(path);
                self.sql.push(cast);
            }
            Operand::Count(related, None) => {
                self.sql.push("(SELECT count(*) FROM ");
                self.pairs(related, false);
                self.sql.push(")");
            }
            Operand::Count(related, Some(condition)) => self.count(related, condition),
            Operand::Value(_) | Operand::Now | Operand::Today | Operand::Me => {}
        }
    }

    fn sum(&mut self, left: &Operand, sign: &str, right: &Operand) {
        self.sql.push("(");
        self.operand(left);
        self.sql.push(sign);
        self.operand(right);
        self.sql.push(")");
    }

    fn call(&mut self, function: &str, inner: &Operand) {
        self.sql.push(function).push("(");
        self.operand(inner);
        self.sql.push(")");
    }

    /// Writes a field with many choices as its JSON text; one that was never set has none.
    pub(super) fn options(&mut self, path: &Path) {
        let alias = self.alias_of(path.scope, &path.links);
        self.sql.push("coalesce(").column(&alias, &path.field).push(", '[]')");
    }

    /// Writes how many related records meet a condition: NULL where one of them is an error.
    fn count(&mut self, related: &Related, condition: &Node) {
        let judged = self.alias();
        self.sql.push("(SELECT CASE WHEN count(*) = count(").column(&judged, "v");
        self.sql.push(") THEN coalesce(sum(").column(&judged, "v").push("), 0) END FROM (SELECT CASE WHEN ");
        // The tables of the relation come after the verdict in the text, so its alias is taken before.
        let start = self.sql.text.len();
        let variable = self.pairs(related, true);
        let tables = self.sql.text.split_off(start);
        self.within(variable.clone(), |writer| writer.node(condition, true));
        self.sql.push(" THEN 1 WHEN ");
        self.within(variable, |writer| writer.node(condition, false));
        self.sql.push(" THEN 0 END AS \"v\" FROM ").push(&tables).push(") ").push(&judged).push(")");
    }

    /// Binds a value in its stored form.
    pub(super) fn bind(&mut self, value: Value) {
        self.sql.bind(match value {
            Value::Null | Value::Choices(_) => Arg::Null(ArgType::Text),
            Value::Bool(flag) => Arg::Bool(flag),
            Value::Int(n) | Value::Instant(n) | Value::Duration(n) | Value::Link(n) => Arg::Int(n),
            Value::Decimal(decimal) => Arg::Int(decimal.scaled()),
            Value::Text(text) => Arg::Text(text),
            Value::Day(day) => Arg::Text(day_text(day)),
        });
    }
}

//! Values: literals, fields, sums and the functions that give one.

use super::kind::{Kind, to_decimal};
use super::place::Place;
use super::{Checker, Typed};
use crate::decimal::Decimal;
use crate::eval::{add, constant, subtract};
use crate::parser::{Arithmetic, Ast, AstKind};
use crate::schema::{Context, PERSON};
use crate::suggest::did_you_mean;
use crate::time::{day_from_text, duration_from_text, instant_from_text};
use crate::tree::{Operand, Related, Span};
use crate::value::{MAX_DURATION, Value};

const FUNCTIONS: &[&str] = &[
    "has",
    "size",
    "duration",
    "timestamp",
    "day",
    "minutes",
    "hours",
    "days",
    "contains",
    "startsWith",
    "endsWith",
    "lowerAscii",
    "upperAscii",
    "exists",
    "all",
    "exists_one",
    "filter",
];

/// Tells whether a name is a function that gives a value.
pub(super) fn is_function(name: &str) -> bool {
    matches!(
        name,
        "size"
            | "duration"
            | "timestamp"
            | "day"
            | "minutes"
            | "hours"
            | "days"
            | "lowerAscii"
            | "upperAscii"
            | "filter"
    )
}

impl Checker<'_> {
    /// Checks a part that is to be a value.
    pub(super) fn operand(&mut self, ast: &Ast) -> Option<Typed> {
        let span = ast.span;
        let (operand, kind) = match &ast.kind {
            AstKind::Null => (Operand::Value(Value::Null), Kind::Null),
            AstKind::Bool(value) => (Operand::Value(Value::Bool(*value)), Kind::Bool),
            AstKind::Int(number) => (Operand::Value(Value::Int(*number)), Kind::Int),
            AstKind::Decimal(number) => (Operand::Value(Value::Decimal(*number)), Kind::Decimal),
            AstKind::Text(text) => (Operand::Value(Value::Text(text.clone())), Kind::Text),
            AstKind::Name(name) if name == "now" => (Operand::Now, Kind::Instant),
            AstKind::Name(name) if name == "today" => (Operand::Today, Kind::Day),
            AstKind::Name(name) if name == "me" => (Operand::Me, Kind::Link(PERSON.to_owned())),
            AstKind::Name(_) | AstKind::Select(..) => match self.place(ast)? {
                Place::Record { scope, record_type } => {
                    (Operand::Field(Self::itself(scope)), Kind::Link(record_type))
                }
                Place::Field(path, kind) => (Operand::Field(path), kind),
                Place::Related(Related { field, .. }) => {
                    let message = format!(
                        "`{field}` are many records; write `size({field})` or `{field}.exists(x, …)`"
                    );
                    return self.refuse(span, message);
                }
            },
            AstKind::Negative(inner) => {
                let inner = self.operand(inner)?;
                let zero = match inner.kind {
                    Kind::Int => Value::Int(0),
                    Kind::Decimal => Value::Decimal(Decimal::default()),
                    Kind::Duration => Value::Duration(0),
                    other => return self.refuse(span, format!("{} has no negative", other.words())),
                };
                let kind = inner.kind.clone();
                (self.sum(span, true, Operand::Value(zero), inner.operand)?, kind)
            }
            AstKind::Arithmetic(operator, left, right) => {
                let (left, right) = (self.operand(left), self.operand(right));
                self.arithmetic(span, *operator, left?, right?)?
            }
            AstKind::Call { target, name, name_span, args } => {
                self.function(span, target.as_deref(), name, *name_span, args)?
            }
            AstKind::List(_) => return self.refuse(span, "a list stands only after `in`"),
            AstKind::Not(_) | AstKind::And(_) | AstKind::Or(_) | AstKind::Compare(..) | AstKind::In(..) => {
                return self
                    .refuse(span, "this is a condition, not a value; combine conditions with `&&` and `||`");
            }
        };
        Some(Typed { operand, kind, span })
    }

    /// Checks a part that is to be a text.
    pub(super) fn text(&mut self, ast: &Ast) -> Option<Operand> {
        let typed = self.operand(ast)?;
        match typed.kind {
            Kind::Text => Some(typed.operand),
            Kind::Choice(_) => {
                self.refuse(ast.span, "a choice is compared with `==` or `in`, not looked into")
            }
            Kind::Choices(_) => self.refuse(ast.span, "many choices are asked with `\"x\" in field`"),
            kind => self.refuse(ast.span, format!("here stands a text; this is {}", kind.words())),
        }
    }

    fn arithmetic(
        &mut self,
        span: Span,
        operator: Arithmetic,
        left: Typed,
        right: Typed,
    ) -> Option<(Operand, Kind)> {
        let subtracting = operator == Arithmetic::Subtract;
        if !subtracting && operator != Arithmetic::Add {
            return self.product(span, operator, left, right);
        }
        let (a, b) = (left.operand, right.operand);
        let part_of_day = |o: &Operand| matches!(o, Operand::Value(Value::Duration(length)) if length % 86_400_000_000 != 0);
        if (left.kind == Kind::Day && part_of_day(&b)) || (right.kind == Kind::Day && part_of_day(&a)) {
            return self.refuse(span, "a day is moved by whole days: `today - days(30)`");
        }
        let kind = match (left.kind, right.kind) {
            (Kind::Int, Kind::Int) => Kind::Int,
            (Kind::Decimal, Kind::Decimal) => Kind::Decimal,
            (Kind::Int, Kind::Decimal) => {
                return Some((self.sum(span, subtracting, to_decimal(a), b)?, Kind::Decimal));
            }
            (Kind::Decimal, Kind::Int) => {
                return Some((self.sum(span, subtracting, a, to_decimal(b))?, Kind::Decimal));
            }
            (Kind::Instant, Kind::Instant) if subtracting => Kind::Duration,
            (Kind::Instant, Kind::Duration) => Kind::Instant,
            (Kind::Duration, Kind::Instant) if !subtracting => Kind::Instant,
            (Kind::Duration, Kind::Duration) => Kind::Duration,
            (Kind::Day, Kind::Duration) if a.is_constant() && b.is_constant() => Kind::Day,
            (Kind::Duration, Kind::Day) if !subtracting && a.is_constant() && b.is_constant() => Kind::Day,
            (Kind::Day, Kind::Day) if subtracting && a.is_constant() && b.is_constant() => Kind::Duration,
            (Kind::Text, Kind::Text) if !subtracting && a.is_constant() && b.is_constant() => Kind::Text,
            (Kind::Day, Kind::Duration | Kind::Day) => {
                return self.refuse(
                    span,
                    "a record's day is not calculated with; write `opened_on < today - days(30)`",
                );
            }
            (Kind::Instant | Kind::Day | Kind::Duration, Kind::Int) => {
                return self.refuse(span, "add a length of time such as `days(3)`, not a number");
            }
            (left, right) => {
                let (word, join) = if subtracting { ("subtracted", "and") } else { ("added", "and") };
                let message = format!("{} {join} {} cannot be {word}", left.words(), right.words());
                return self.refuse(span, message);
            }
        };
        Some((self.sum(span, subtracting, a, b)?, kind))
    }

    /// Joins two values; literals are computed at once.
    fn sum(&mut self, span: Span, subtracting: bool, left: Operand, right: Operand) -> Option<Operand> {
        if let (Operand::Value(a), Operand::Value(b)) = (&left, &right) {
            let result = if subtracting { subtract(a, b) } else { add(a, b) };
            let fits = |value: &Value| match value {
                Value::Instant(_) | Value::Duration(_) | Value::Day(_) => value.is_storable(),
                _ => true,
            };
            return match result.filter(fits) {
                Some(value) => Some(Operand::Value(value)),
                None => self.refuse(span, "the result does not fit"),
            };
        }
        let (left, right) = (Box::new(left), Box::new(right));
        let operand = if subtracting { Operand::Subtract(left, right) } else { Operand::Add(left, right) };
        self.bounded(span, operand)
    }

    /// Computes `*`, `/` and `%`, which exist between literals only: of fields they could overflow or divide
    /// by zero for one record and so break a question about a million.
    fn product(
        &mut self,
        span: Span,
        operator: Arithmetic,
        left: Typed,
        right: Typed,
    ) -> Option<(Operand, Kind)> {
        let (a, b) = match (&left.operand, &right.operand) {
            (Operand::Value(a), Operand::Value(b)) => (a, b),
            _ => {
                return self
                    .refuse(span, "`*`, `/` and `%` work between written numbers only, not on fields");
            }
        };
        let (value, kind) = match (a, b) {
            (Value::Int(a), Value::Int(b)) => {
                let value = match operator {
                    Arithmetic::Multiply => a.checked_mul(*b),
                    Arithmetic::Divide => a.checked_div(*b),
                    _ => a.checked_rem(*b),
                };
                (value.map(Value::Int), Kind::Int)
            }
            (Value::Decimal(_), Value::Decimal(_) | Value::Int(_)) | (Value::Int(_), Value::Decimal(_)) => {
                let number = |value: &Value| match value {
                    Value::Int(n) => Decimal::from_int(*n),
                    Value::Decimal(d) => Some(*d),
                    _ => None,
                };
                let value = match (operator, number(a), number(b)) {
                    (Arithmetic::Multiply, Some(a), Some(b)) => a.checked_mul(b),
                    (Arithmetic::Divide, Some(a), Some(b)) => a.checked_div(b),
                    _ => None,
                };
                (value.map(Value::Decimal), Kind::Decimal)
            }
            _ => {
                let message =
                    format!("{} and {} are not calculated with", left.kind.words(), right.kind.words());
                return self.refuse(span, message);
            }
        };
        match value {
            Some(value) => Some((Operand::Value(value), kind)),
            None => self.refuse(span, "this has no exact result: it divides by zero or does not fit"),
        }
    }

    fn function(
        &mut self,
        span: Span,
        target: Option<&Ast>,
        name: &str,
        name_span: Span,
        args: &[Ast],
    ) -> Option<(Operand, Kind)> {
        match (target, name, args) {
            (None, "size", [inner]) | (Some(inner), "size", []) => Some((self.size(inner)?, Kind::Int)),
            (None, "duration" | "timestamp" | "day", [text]) => self.time_literal(name, text),
            (None, "minutes" | "hours" | "days", [count]) => self.length_of_time(name, count),
            (Some(text), "lowerAscii" | "upperAscii", []) => {
                let inner = Box::new(self.text(text)?);
                let operand =
                    if name == "lowerAscii" { Operand::Lower(inner) } else { Operand::Upper(inner) };
                Some((folded(operand), Kind::Text))
            }
            (Some(_), "filter", _) => {
                self.refuse(span, "write `size(changes.filter(c, …))` to count the records")
            }
            _ if is_function(name) => {
                let example = match name {
                    "size" => "size(changes)",
                    "duration" => "duration(\"4h\")",
                    "timestamp" => "timestamp(\"2026-01-31T08:00:00Z\")",
                    "day" => "day(\"2026-01-31\")",
                    "lowerAscii" | "upperAscii" => "title.lowerAscii()",
                    _ => "hours(4)",
                };
                self.refuse(span, format!("`{name}` is used like this: `{example}`"))
            }
            _ => self.unknown_function(name_span, name),
        }
    }

    fn size(&mut self, inner: &Ast) -> Option<Operand> {
        match &inner.kind {
            AstKind::Call { target: Some(links), name, args, .. } if name == "filter" => {
                let [variable, condition] = args.as_slice() else {
                    return self.refuse(
                        inner.span,
                        "`filter` takes a name and a condition: `filter(c, c.state == …)`",
                    );
                };
                let (related, condition) = self.related(links, variable, condition)?;
                Some(Operand::Count(related, Some(Box::new(condition))))
            }
            AstKind::Name(name) if !matches!(name.as_str(), "now" | "today" | "me") => {
                self.size_of_place(inner)
            }
            AstKind::Select(..) => self.size_of_place(inner),
            _ => Some(folded(Operand::Length(Box::new(self.text(inner)?)))),
        }
    }

    fn size_of_place(&mut self, inner: &Ast) -> Option<Operand> {
        match self.place(inner)? {
            Place::Related(related) => Some(Operand::Count(related, None)),
            Place::Field(path, Kind::Choices(_)) => Some(Operand::CountOptions(path)),
            Place::Field(path, Kind::Text) => Some(Operand::Length(Box::new(Operand::Field(path)))),
            Place::Field(path, kind) => {
                let message = format!("`{}` is {} and has no size", path.field, kind.words());
                self.refuse(inner.span, message)
            }
            Place::Record { .. } => self.refuse(inner.span, "a record has no size"),
        }
    }

    fn time_literal(&mut self, name: &str, text: &Ast) -> Option<(Operand, Kind)> {
        let AstKind::Text(written) = &text.kind else {
            return self.refuse(text.span, format!("`{name}` takes a text in quotes"));
        };
        let read = match name {
            "duration" => (duration_from_text(written).map(Value::Duration), Kind::Duration),
            "timestamp" => (instant_from_text(written).map(Value::Instant), Kind::Instant),
            _ => (day_from_text(written).map(Value::Day), Kind::Day),
        };
        if let (Some(value), kind) = read {
            return Some((Operand::Value(value), kind));
        }
        let message = match name {
            "duration" if written.ends_with('d') => "`duration` knows h, m, s, ms and us; write `days(3)`",
            "duration" => "not a duration; write for example \"4h\", \"1h30m\" or \"250ms\"",
            "timestamp" => {
                "not an instant; write for example \"2026-01-31T08:00:00Z\" or \"…T08:00:00+01:00\""
            }
            _ => "not a day; write for example \"2026-01-31\"",
        };
        self.refuse(text.span, message)
    }

    fn length_of_time(&mut self, name: &str, count: &Ast) -> Option<(Operand, Kind)> {
        let typed = self.operand(count)?;
        let Operand::Value(Value::Int(number)) = typed.operand else {
            return self.refuse(count.span, format!("`{name}` takes a written whole number: `{name}(4)`"));
        };
        let unit: i64 = match name {
            "minutes" => 60_000_000,
            "hours" => 3_600_000_000,
            _ => 86_400_000_000,
        };
        match number.checked_mul(unit).filter(|length| (-MAX_DURATION..=MAX_DURATION).contains(length)) {
            Some(length) => Some((Operand::Value(Value::Duration(length)), Kind::Duration)),
            None => self.refuse(count.span, "a length of time is at most 10,000 years"),
        }
    }

    /// Refuses a function that the language does not have and says what to do instead.
    pub(super) fn unknown_function<T>(&mut self, span: Span, name: &str) -> Option<T> {
        let message = match name {
            "matches" => {
                "`matches` is not part of the language (databases disagree about patterns); use `contains`, \
                          `startsWith` or `endsWith`"
                    .to_owned()
            }
            "map" => "`map` is not part of the language; use `exists`, `all` or `size(links.filter(x, …))`"
                .to_owned(),
            "int" | "uint" | "double" | "string" | "bytes" | "bool" | "dyn" | "type" => {
                format!("`{name}` is not part of the language; types are known and not converted")
            }
            _ if name.starts_with("get") => {
                format!("`{name}` is not part of the language; compare whole instants or days")
            }
            _ => {
                let hint = did_you_mean(name, FUNCTIONS.iter().copied(), "`");
                format!("there is no function `{name}`{hint}")
            }
        };
        self.refuse(span, message)
    }
}

/// Computes a value of literals at once.
fn folded(operand: Operand) -> Operand {
    let literal = match &operand {
        Operand::Length(inner) | Operand::Lower(inner) | Operand::Upper(inner) => {
            matches!(**inner, Operand::Value(_))
        }
        _ => false,
    };
    let nobody = Context { now: 0, today: 0, user: None };
    match literal.then(|| constant(&operand, &nobody)).flatten() {
        Some(value) => Operand::Value(value),
        None => operand,
    }
}

//! The checker: untyped tree to checked tree, with every mistake at its place in plain words.
//! This file has what is true or false; values are in `check/operand.rs`, names in `check/place.rs`, what may be
//! compared with what in `check/pair.rs`.

use crate::condition::Mistake;
use crate::lexer::mistake;
use crate::limits::{MAX_PARTS, MAX_RELATED};
use crate::parser::{Ast, AstKind};
use crate::schema::{RESERVED, Schema};
use crate::tree::{Comparison, Node, NodeKind, Operand, Quantifier, Related, Span, TextTest};
use crate::value::Value;

mod kind;
mod operand;
mod pair;
mod place;

use kind::Kind;
use place::Place;

/// Checks one condition.
pub(crate) struct Checker<'a> {
    schema: &'a dyn Schema,
    record_type: &'a str,
    /// Names and record types of the quantifiers' variables, outermost first.
    variables: Vec<(String, String)>,
    parts: usize,
    pub(crate) linked: usize,
    pub(crate) mistakes: Vec<Mistake>,
}

/// A value with its type.
struct Typed {
    operand: Operand,
    kind: Kind,
    span: Span,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(schema: &'a dyn Schema, record_type: &'a str) -> Self {
        Self { schema, record_type, variables: Vec::new(), parts: 0, linked: 0, mistakes: Vec::new() }
    }

    /// Notes a mistake; gives none so that it ends an expression.
    fn refuse<T>(&mut self, span: Span, message: impl Into<String>) -> Option<T> {
        self.mistakes.push(mistake(span, message));
        None
    }

    /// Checks a part that is to be true or false.
    pub(crate) fn condition(&mut self, ast: &Ast) -> Option<Node> {
        let span = ast.span;
        let kind = match &ast.kind {
            AstKind::Bool(value) => NodeKind::Const(*value),
            AstKind::And(parts) => NodeKind::And(self.conditions(parts)?),
            AstKind::Or(parts) => NodeKind::Or(self.conditions(parts)?),
            AstKind::Not(inner) => NodeKind::Not(Box::new(self.condition(inner)?)),
            AstKind::Compare(comparison, left, right) => self.compare(span, *comparison, left, right)?,
            AstKind::In(item, list) => self.contained(item, list)?,
            AstKind::Call { target, name, name_span, args } => {
                self.call(span, target.as_deref(), name, *name_span, args)?
            }
            AstKind::Name(_) | AstKind::Select(..) => self.flag(ast)?,
            _ => return self.refuse(span, "this is a value, not a condition; compare it with something"),
        };
        if !matches!(kind, NodeKind::And(_) | NodeKind::Or(_) | NodeKind::Not(_)) {
            let items = if let NodeKind::In(_, list) = &kind { list.len() } else { 1 };
            let before = self.parts;
            self.parts += items.max(1);
            if before <= MAX_PARTS && self.parts > MAX_PARTS {
                let message = format!("a condition may have {MAX_PARTS} parts; this one has more");
                return self.refuse(span, message);
            }
        }
        Some(Node { span, kind })
    }

    /// Checks all parts, so that every mistake is found at once.
    fn conditions(&mut self, parts: &[Ast]) -> Option<Vec<Node>> {
        let checked: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
        checked.into_iter().collect()
    }

    fn flag(&mut self, ast: &Ast) -> Option<NodeKind> {
        let typed = self.operand(ast)?;
        match typed.kind {
            Kind::Bool => Some(NodeKind::Flag(typed.operand)),
            Kind::Link(_) => self.refuse(ast.span, "a link is not a condition; write `… != null`"),
            kind => self.refuse(
                ast.span,
                format!("this is {} and not a condition; compare it with something", kind.words()),
            ),
        }
    }

    fn compare(&mut self, span: Span, comparison: Comparison, left: &Ast, right: &Ast) -> Option<NodeKind> {
        if is_condition(left) || is_condition(right) {
            let (inner, value) = match (&left.kind, &right.kind) {
                (_, AstKind::Bool(value)) => (left, *value),
                (AstKind::Bool(value), _) => (right, *value),
                _ => {
                    return self.refuse(span, "two conditions are combined with `&&` and `||`, not compared");
                }
            };
            let wanted = match comparison {
                Comparison::Equal => value,
                Comparison::NotEqual => !value,
                _ => return self.refuse(span, "a condition has no order; use `==` or `!=`"),
            };
            let inner = self.condition(inner)?;
            return Some(if wanted { inner.kind } else { NodeKind::Not(Box::new(inner)) });
        }
        let (left, right) = (self.operand(left), self.operand(right));
        let (left, right) = self.pair(span, comparison, left?, right?)?;
        Some(NodeKind::Compare(comparison, left, right))
    }

    fn contained(&mut self, item: &Ast, list: &Ast) -> Option<NodeKind> {
        let AstKind::List(choices) = &list.kind else { return self.has_option(item, list) };
        let item = self.operand(item)?;
        let mut operand = item.operand.clone();
        let mut checked = Vec::new();
        for choice in choices {
            let Some(typed) = self.operand(choice) else { continue };
            if !typed.operand.is_constant() {
                let _: Option<()> = self.refuse(
                    choice.span,
                    "a list after `in` holds constants only; join comparisons with `||`",
                );
                continue;
            }
            let whole = Typed { operand: item.operand.clone(), kind: item.kind.clone(), span: item.span };
            if let Some((left, right)) = self.pair(choice.span, Comparison::Equal, whole, typed) {
                if matches!(left, Operand::ToDecimal(_)) {
                    operand = left;
                }
                checked.push(right);
            }
        }
        if matches!(operand, Operand::ToDecimal(_)) {
            checked = checked.into_iter().map(kind::to_decimal).collect();
        }
        (checked.len() == choices.len()).then_some(NodeKind::In(operand, checked))
    }

    fn has_option(&mut self, item: &Ast, list: &Ast) -> Option<NodeKind> {
        match self.place(list)? {
            Place::Field(path, Kind::Choices(options)) => match &item.kind {
                AstKind::Text(option) if option == "," => {
                    self.refuse(item.span, "the option \",\" cannot be asked for; rename it")
                }
                AstKind::Text(option) => {
                    self.check_option(item.span, option, &options)?;
                    Some(NodeKind::HasOption(path, option.clone()))
                }
                _ => self.refuse(item.span, "before `in` stands one of the field's options, as text"),
            },
            Place::Related(related) => {
                let field = &related.field;
                self.refuse(list.span, format!("`{field}` are records; write `{field}.exists(x, x == …)`"))
            }
            Place::Field(..) | Place::Record { .. } => self.refuse(
                list.span,
                "after `in` stands a list such as `[\"a\", \"b\"]` or a field with many choices",
            ),
        }
    }

    fn call(
        &mut self,
        span: Span,
        target: Option<&Ast>,
        name: &str,
        name_span: Span,
        args: &[Ast],
    ) -> Option<NodeKind> {
        match (target, name, args) {
            (None, "has", [field]) => self.has(field),
            (None, "has", _) => self.refuse(span, "`has` takes one field: `has(problem)`"),
            (Some(text), "contains" | "startsWith" | "endsWith", [wanted]) => {
                let test = match name {
                    "contains" => TextTest::Contains,
                    "startsWith" => TextTest::StartsWith,
                    _ => TextTest::EndsWith,
                };
                let (subject, wanted) = (self.text(text), self.text(wanted));
                Some(NodeKind::Text(test, subject?, wanted?))
            }
            (Some(_), "contains" | "startsWith" | "endsWith", _) => {
                self.refuse(span, format!("`{name}` takes one text: `title.{name}(\"x\")`"))
            }
            (Some(links), "exists" | "all", [variable, condition]) => {
                let quantifier = if name == "all" { Quantifier::All } else { Quantifier::Exists };
                let (related, inner) = self.related(links, variable, condition)?;
                Some(NodeKind::Related(quantifier, related, Box::new(inner)))
            }
            (Some(links), "exists_one" | "existsOne", [variable, condition]) => {
                let (related, inner) = self.related(links, variable, condition)?;
                let count = Operand::Count(related, Some(Box::new(inner)));
                Some(NodeKind::Compare(Comparison::Equal, count, Operand::Value(Value::Int(1))))
            }
            (Some(_), "exists" | "all" | "exists_one" | "existsOne", _) => self.refuse(
                span,
                format!("`{name}` takes a name and a condition: `changes.{name}(c, c.state == …)`"),
            ),
            _ if operand::is_function(name) => self
                .refuse(span, format!("`{name}` gives a value, not a condition; compare it with something")),
            _ => self.unknown_function(name_span, name),
        }
    }

    fn has(&mut self, field: &Ast) -> Option<NodeKind> {
        match self.place(field)? {
            Place::Field(path, Kind::Choices(_)) => {
                let count = Operand::CountOptions(path);
                Some(NodeKind::Compare(Comparison::Greater, count, Operand::Value(Value::Int(0))))
            }
            Place::Field(path, _) => Some(NodeKind::Compare(
                Comparison::NotEqual,
                Operand::Field(path),
                Operand::Value(Value::Null),
            )),
            Place::Related(related) => {
                let name = &related.field;
                self.refuse(field.span, format!("`{name}` are records; write `size({name}) > 0`"))
            }
            Place::Record { .. } => self.refuse(field.span, "`has` takes a field"),
        }
    }

    /// Checks `links.exists(variable, condition)` and its kin.
    fn related(&mut self, links: &Ast, variable: &Ast, condition: &Ast) -> Option<(Related, Node)> {
        if matches!(links.kind, AstKind::List(_)) {
            return self.refuse(
                links.span,
                "only relations to records have `exists` and `all`; use `in` with a list",
            );
        }
        // Without the relation's record type the names within the condition cannot be checked.
        let Place::Related(mut related) = self.place(links)? else {
            return self.refuse(links.span, "this is not a relation to many records");
        };
        let AstKind::Name(name) = &variable.kind else {
            return self.refuse(variable.span, "here stands a new name for each of the records, such as `c`");
        };
        let taken = self.schema.field(self.record_type, name).is_some()
            || self.variables.iter().any(|(known, _)| known == name)
            || RESERVED.contains(&name.as_str());
        if taken {
            return self
                .refuse(variable.span, format!("`{name}` is already the name of something; take another"));
        }
        if self.variables.len() == MAX_RELATED {
            return self.refuse(links.span, format!("relations may be nested {MAX_RELATED} deep"));
        }
        self.variables.push((name.clone(), related.to.clone()));
        related.variable = self.variables.len();
        let inner = self.condition(condition);
        self.variables.pop();
        Some((related, inner?))
    }
}

/// Tells whether a part is a condition by its form alone.
fn is_condition(ast: &Ast) -> bool {
    match &ast.kind {
        AstKind::And(_) | AstKind::Or(_) | AstKind::Not(_) | AstKind::Compare(..) | AstKind::In(..) => true,
        AstKind::Call { name, .. } => matches!(
            name.as_str(),
            "has" | "contains" | "startsWith" | "endsWith" | "exists" | "all" | "exists_one" | "existsOne"
        ),
        _ => false,
    }
}

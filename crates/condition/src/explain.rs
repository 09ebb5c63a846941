//! Why a condition is not true for a record: the smallest parts that made it so, with the values seen.

use crate::condition::{Outcome, Reason};
use crate::eval::{Scope, negated, outcome};
use crate::schema::Context;
use crate::tree::{FieldKind, Node, NodeKind, Operand, Path, Quantifier, Related, Step};
use crate::value::Value;

/// Explains why a condition is not true; empty when it is.
pub(crate) fn explain(source: &str, root: &Node, scope: &Scope<'_>, context: &Context) -> Vec<Reason> {
    let mut explainer = Explainer { source, context, reasons: Vec::new(), prefix: String::new() };
    explainer.node(root, scope, false);
    explainer.reasons
}

struct Explainer<'a> {
    source: &'a str,
    context: &'a Context,
    reasons: Vec<Reason>,
    /// Names the related record that is looked at, such as `changes 17 `.
    prefix: String,
}

impl Explainer<'_> {
    /// Notes why a part is not true, or under a negation why it is not false.
    fn node(&mut self, node: &Node, scope: &Scope<'_>, negative: bool) {
        let seen = outcome(node, scope, self.context);
        if (if negative { negated(seen) } else { seen }) == Outcome::True {
            return;
        }
        match &node.kind {
            NodeKind::Not(inner) => self.node(inner, scope, !negative),
            NodeKind::And(parts) | NodeKind::Or(parts) => {
                parts.iter().for_each(|part| self.node(part, scope, negative));
            }
            NodeKind::Related(quantifier, related, inner) if (*quantifier == Quantifier::All) != negative => {
                self.each(related, inner, scope, negative);
            }
            _ => {
                let mut values = Vec::new();
                self.leaf(node, scope, &mut values);
                self.reasons.push(Reason { source: self.text(node), outcome: seen, seen: values });
            }
        }
    }

    fn text(&self, node: &Node) -> String {
        self.source.get(node.span.start..node.span.end).unwrap_or_default().to_owned()
    }

    /// Explains each related record that fails where all should hold.
    fn each(&mut self, related: &Related, inner: &Node, scope: &Scope<'_>, negative: bool) {
        let Ok(rows) = scope.related(related) else {
            let seen = vec![(self.name(&related.links, &related.field), Value::Null)];
            self.reasons.push(Reason { source: self.text(inner), outcome: Outcome::Error, seen });
            return;
        };
        let prefix = self.prefix.clone();
        for row in rows {
            self.prefix = format!("{prefix}{} {} ", related.field, row.value("number"));
            self.node(inner, &Scope { row, level: related.variable, outer: Some(scope) }, negative);
        }
        self.prefix = prefix;
    }

    fn name(&self, links: &[Step], field: &str) -> String {
        let steps: String = links.iter().map(|link| format!("{}.", link.field)).collect();
        format!("{}{steps}{field}", self.prefix)
    }

    fn leaf(&self, node: &Node, scope: &Scope<'_>, values: &mut Vec<(String, Value)>) {
        match &node.kind {
            NodeKind::Flag(operand) | NodeKind::In(operand, _) => self.operand(operand, scope, values),
            NodeKind::Compare(_, left, right) | NodeKind::Text(_, left, right) => {
                self.operand(left, scope, values);
                self.operand(right, scope, values);
            }
            NodeKind::HasOption(path, _) => self.path(path, scope, values),
            NodeKind::Related(_, related, _) => self.count(related, scope, values),
            NodeKind::Const(_) | NodeKind::Not(_) | NodeKind::And(_) | NodeKind::Or(_) => {}
        }
    }

    fn operand(&self, operand: &Operand, scope: &Scope<'_>, values: &mut Vec<(String, Value)>) {
        match operand {
            Operand::Field(path) | Operand::CountOptions(path) => self.path(path, scope, values),
            Operand::Add(left, right) | Operand::Subtract(left, right) => {
                self.operand(left, scope, values);
                self.operand(right, scope, values);
            }
            Operand::ToDecimal(inner)
            | Operand::Length(inner)
            | Operand::Lower(inner)
            | Operand::Upper(inner) => {
                self.operand(inner, scope, values);
            }
            Operand::Count(related, _) => self.count(related, scope, values),
            Operand::Now => values.push(("now".to_owned(), Value::Instant(self.context.now))),
            Operand::Today => values.push(("today".to_owned(), Value::Day(self.context.today))),
            Operand::Me => {
                values.push(("me".to_owned(), self.context.user.map_or(Value::Null, Value::Link)));
            }
            Operand::Value(_) => {}
        }
    }

    fn count(&self, related: &Related, scope: &Scope<'_>, values: &mut Vec<(String, Value)>) {
        let number = scope.related(related).ok().and_then(|rows| i64::try_from(rows.len()).ok());
        values.push((self.name(&related.links, &related.field), number.map_or(Value::Null, Value::Int)));
    }

    /// Notes a field's value; where a link on the way is empty, that link.
    fn path(&self, path: &Path, scope: &Scope<'_>, values: &mut Vec<(String, Value)>) {
        if let Ok(value) = scope.read(path) {
            let name = if path.kind == FieldKind::Itself { "number" } else { path.field.as_str() };
            values.push((self.name(&path.links, name), value));
            return;
        }
        let reached = (0..path.links.len()).find(|n| scope.follow(path.scope, &path.links[..=*n]).is_err());
        if let Some(reached) = reached {
            let name = self.name(&path.links[..reached], &path.links[reached].field);
            values.push((name, Value::Null));
        }
    }
}

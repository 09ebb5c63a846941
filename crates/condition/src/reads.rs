//! What a condition reads: fields, relations, the instant of the question and the person who asks.

use std::collections::BTreeSet;

use crate::condition::FieldPath;
use crate::tree::{Node, NodeKind, Operand, Path, Related, Step};

/// Everything a condition reads.
#[derive(Default)]
pub(crate) struct Reads {
    pub(crate) fields: BTreeSet<FieldPath>,
    pub(crate) now: bool,
    pub(crate) me: bool,
    /// Steps and record type of the condition's record and of each variable around.
    scopes: Vec<(Vec<String>, String)>,
}

/// Collects what a tree reads.
pub(crate) fn of(node: &Node, record_type: &str) -> Reads {
    let mut reads = Reads { scopes: vec![(Vec::new(), record_type.to_owned())], ..Reads::default() };
    reads.node(node);
    reads
}

impl Reads {
    fn node(&mut self, node: &Node) {
        match &node.kind {
            NodeKind::Const(_) => {}
            NodeKind::Flag(operand) => self.operand(operand),
            NodeKind::Not(inner) => self.node(inner),
            NodeKind::And(parts) | NodeKind::Or(parts) => parts.iter().for_each(|part| self.node(part)),
            NodeKind::Compare(_, left, right) | NodeKind::Text(_, left, right) => {
                self.operand(left);
                self.operand(right);
            }
            NodeKind::In(operand, list) => {
                self.operand(operand);
                list.iter().for_each(|item| self.operand(item));
            }
            NodeKind::HasOption(path, _) => self.path(path),
            NodeKind::Related(_, related, inner) => self.related(related, Some(inner)),
        }
    }

    fn operand(&mut self, operand: &Operand) {
        match operand {
            Operand::Value(_) => {}
            Operand::Now | Operand::Today => self.now = true,
            Operand::Me => self.me = true,
            Operand::Field(path) | Operand::CountOptions(path) => self.path(path),
            Operand::Add(left, right) | Operand::Subtract(left, right) => {
                self.operand(left);
                self.operand(right);
            }
            Operand::ToDecimal(inner)
            | Operand::Length(inner)
            | Operand::Lower(inner)
            | Operand::Upper(inner) => {
                self.operand(inner);
            }
            Operand::Count(related, condition) => self.related(related, condition.as_deref()),
        }
    }

    /// Notes the links on a way and gives where it ends.
    fn walk(&mut self, scope: usize, links: &[Step]) -> (Vec<String>, String) {
        let (mut steps, mut record_type) = self.scopes.get(scope).cloned().unwrap_or_default();
        for link in links {
            self.fields.insert(FieldPath { steps: steps.clone(), record_type, field: link.field.clone() });
            steps.push(link.field.clone());
            record_type = link.to.clone();
        }
        (steps, record_type)
    }

    fn path(&mut self, path: &Path) {
        let (steps, record_type) = self.walk(path.scope, &path.links);
        self.fields.insert(FieldPath { steps, record_type, field: path.field.clone() });
    }

    fn related(&mut self, related: &Related, condition: Option<&Node>) {
        let (mut steps, record_type) = self.walk(related.scope, &related.links);
        self.fields.insert(FieldPath { steps: steps.clone(), record_type, field: related.field.clone() });
        if let Some(condition) = condition {
            steps.push(related.field.clone());
            self.scopes.push((steps, related.to.clone()));
            self.node(condition);
            self.scopes.pop();
        }
    }
}

//! A checked condition and what may be asked of it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::check::Checker;
use crate::eval::{Scope, outcome};
use crate::explain::explain;
use crate::parser::parse;
use crate::reads;
use crate::schema::{Context, Row, Schema};
use crate::tree::{Node, NodeKind, Span};
use crate::value::Value;

/// A condition that was checked against a record type; it keeps its source.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    source: Arc<str>,
    span: Span,
    record_type: Arc<str>,
    root: Node,
}

/// What a condition says about one record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be evaluated: something that it compares is empty.
    Error,
}

/// A mistake in the text of a condition.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Mistake {
    /// First byte of the spot in the source.
    pub start: usize,
    /// One past the last byte of the spot.
    pub end: usize,
    /// What is wrong and what to write instead, without the position.
    pub message: String,
}

/// A field that a condition reads.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FieldPath {
    /// Links and relations to follow from the condition's record, in order; empty for its own fields.
    pub steps: Vec<String>,
    /// The record type that has the field.
    pub record_type: String,
    /// The field.
    pub field: String,
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            write!(f, "{step}.")?;
        }
        f.write_str(&self.field)
    }
}

/// Why a condition is not true: one of its smallest parts, with what was seen.
#[derive(Clone, PartialEq, Debug)]
pub struct Reason {
    /// The part, as written.
    pub source: String,
    /// What the part says about the record.
    pub outcome: Outcome,
    /// The fields it reads, as written (`problem.state`; `changes 17 state` for a related record), with their
    /// values.
    pub seen: Vec<(String, Value)>,
}

/// Reads a condition and checks it against a record type.
///
/// # Errors
/// All mistakes that were found, in the order of the text; one only where the text cannot be read at all.
pub fn check(source: &str, record_type: &str, schema: &dyn Schema) -> Result<Condition, Vec<Mistake>> {
    let ast = parse(source).map_err(|mistake| vec![mistake])?;
    let mut checker = Checker::new(schema, record_type);
    match checker.condition(&ast) {
        Some(root) if checker.mistakes.is_empty() => {
            let span = Span { start: 0, end: source.len() };
            Ok(Condition { source: source.into(), span, record_type: record_type.into(), root })
        }
        _ => {
            let mut mistakes = checker.mistakes;
            mistakes.sort_by_key(|mistake| (mistake.start, mistake.end));
            Err(mistakes)
        }
    }
}

impl Condition {
    /// Gives the text it was read from.
    pub fn source(&self) -> &str {
        &self.source[self.span.start..self.span.end]
    }

    /// Gives the record type it was checked against.
    pub fn record_type(&self) -> &str {
        &self.record_type
    }

    /// Gives the checked tree.
    pub fn tree(&self) -> &Node {
        &self.root
    }

    /// Lists the fields it reads, also those of linked records, and the links and relations on the way.
    pub fn fields(&self) -> BTreeSet<FieldPath> {
        reads::of(&self.root, &self.record_type).fields
    }

    /// Tells whether its outcome depends on the instant or the day of the question.
    pub fn uses_now(&self) -> bool {
        reads::of(&self.root, &self.record_type).now
    }

    /// Tells whether its outcome depends on the person who asks.
    pub fn uses_me(&self) -> bool {
        reads::of(&self.root, &self.record_type).me
    }

    /// Splits it at its top-level `&&`; one that has none gives itself.
    pub fn conjuncts(&self) -> Vec<Condition> {
        let parts = match &self.root.kind {
            NodeKind::And(parts) => parts.as_slice(),
            _ => std::slice::from_ref(&self.root),
        };
        let whole = parts.len() == 1;
        parts
            .iter()
            .map(|root| {
                let span = if whole { self.span } else { root.span };
                Self {
                    source: Arc::clone(&self.source),
                    span,
                    record_type: Arc::clone(&self.record_type),
                    root: root.clone(),
                }
            })
            .collect()
    }

    /// Evaluates it on one record.
    pub fn evaluate(&self, row: &dyn Row, context: &Context) -> Outcome {
        outcome(&self.root, &Scope { row, level: 0, outer: None }, context)
    }

    /// Says why it is not true for this record: the parts that made it so; empty when it is true.
    pub fn explain(&self, row: &dyn Row, context: &Context) -> Vec<Reason> {
        explain(&self.source, &self.root, &Scope { row, level: 0, outer: None }, context)
    }
}

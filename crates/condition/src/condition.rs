//! A checked condition and what may be asked of it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

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
    let _ = schema;
    if source != "true" {
        let message = format!("`{source}` about {record_type} cannot be read by this build");
        return Err(vec![Mistake { start: 0, end: source.len(), message }]);
    }
    let span = Span { start: 0, end: source.len() };
    let root = Node { span, kind: NodeKind::Const(true) };
    Ok(Condition { source: source.into(), span, record_type: record_type.into(), root })
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

    /// Lists the fields it reads, also those of linked records, and the links themselves.
    pub fn fields(&self) -> BTreeSet<FieldPath> {
        BTreeSet::new()
    }

    /// Splits it at its top-level `&&`; one that has none gives itself.
    pub fn conjuncts(&self) -> Vec<Condition> {
        vec![self.clone()]
    }

    /// Tells whether its outcome depends on the instant or day of the question.
    pub fn uses_now(&self) -> bool {
        false
    }

    /// Tells whether its outcome depends on the person who asks.
    pub fn uses_me(&self) -> bool {
        false
    }

    /// Evaluates it on one record.
    pub fn evaluate(&self, row: &dyn Row, context: &Context) -> Outcome {
        let _ = (row, context);
        Outcome::True
    }

    /// Says why it is not true for this record: the parts that made it so; empty when it is true.
    pub fn explain(&self, row: &dyn Row, context: &Context) -> Vec<Reason> {
        let _ = (row, context);
        Vec::new()
    }
}

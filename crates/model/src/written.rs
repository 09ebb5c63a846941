//! The text of a declaration file as nodes with their spots. Two readers give the same: a plain one for what
//! declarations use of KDL 2, some fifty times faster, and the KDL library for everything else and for every slip, as
//! only it explains them. Before the library, a look refuses what would cost it long (`nesting`).
//!
//! Not here: what the words mean (`load`, and the readers of controls and frameworks).
//! Invariant: what the plain reader takes, the library takes as well and reads as the same.

mod nesting;
mod plain;
mod sheet;

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};
pub use sheet::Sheet;

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A value as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i128),
    /// A number with a point.
    Float(f64),
    /// `#true` or `#false`.
    Bool(bool),
    /// `#null`.
    Null,
}

/// A word after a node's own, or a property.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The property's name, with its place.
    pub name: Option<(String, Span)>,
    /// What stands in parentheses before it, `(spare)"x"`.
    pub mark: Option<String>,
    /// Its value.
    pub value: Written,
    /// The whole of it, with name and mark.
    pub span: Span,
}

/// A node with its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its first word.
    pub word: String,
    /// Where that stands.
    pub word_span: Span,
    /// Words and properties in order.
    pub entries: Vec<Entry>,
    /// Nodes in its braces.
    pub children: Vec<Node>,
    /// All of it.
    pub span: Span,
}

/// Something in a text that is no KDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// Stack that the library may need for each byte: it calls itself again at each slip that it steps over.
const STACK_PER_BYTE: usize = 5 << 10;

/// Reads a text; none when there is not enough memory for it.
///
/// # Errors
/// All slips, at least one.
pub fn read(text: &str) -> Option<Result<Vec<Node>, Vec<Slip>>> {
    if let Some(nodes) = plain::read(text) {
        return Some(Ok(nodes));
    }
    match nesting::slip(text) {
        Some(slip) => Some(Err(vec![slip])),
        None => by_library(text),
    }
}

/// Reads a text by the library, on a stack of its own, large enough for a text that is nothing but slips.
fn by_library(text: &str) -> Option<Result<Vec<Node>, Vec<Slip>>> {
    let stack = (text.len() + 1024) * STACK_PER_BYTE;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(stack);
        let parsed = thread.spawn_scoped(scope, || match KdlDocument::parse_v2(text) {
            Ok(document) => Ok(nodes_of(&document)),
            Err(error) => Err(slips_of(&error)),
        });
        parsed.ok()?.join().ok()
    })
}

fn slips_of(error: &kdl::KdlError) -> Vec<Slip> {
    let slip = |d: &kdl::KdlDiagnostic| Slip {
        span: Span { start: d.span.offset(), end: d.span.offset() + d.span.len() },
        message: d.message.clone().or_else(|| d.label.clone()).unwrap_or_else(|| "this is no KDL".to_owned()),
        help: d.help.clone(),
    };
    let slips: Vec<Slip> = error.diagnostics.iter().map(slip).collect();
    let unknown = || Slip { span: Span::default(), message: "this is no KDL".to_owned(), help: None };
    if slips.is_empty() { vec![unknown()] } else { slips }
}

fn nodes_of(document: &KdlDocument) -> Vec<Node> {
    document.nodes().iter().map(node_of).collect()
}

fn node_of(node: &KdlNode) -> Node {
    Node {
        word: node.name().value().to_owned(),
        word_span: span_of(node.name().span()),
        entries: node.entries().iter().map(entry_of).collect(),
        children: node.children().map(nodes_of).unwrap_or_default(),
        span: span_of(node.span()),
    }
}

fn entry_of(entry: &KdlEntry) -> Entry {
    Entry {
        name: entry.name().map(|name| (name.value().to_owned(), span_of(name.span()))),
        mark: entry.ty().map(|mark| mark.value().to_owned()),
        value: match entry.value() {
            KdlValue::String(text) => Written::Text(text.clone()),
            KdlValue::Integer(n) => Written::Int(*n),
            KdlValue::Float(n) => Written::Float(*n),
            KdlValue::Bool(yes) => Written::Bool(*yes),
            KdlValue::Null => Written::Null,
        },
        span: span_of(entry.span()),
    }
}

fn span_of(span: miette::SourceSpan) -> Span {
    Span { start: span.offset(), end: span.offset() + span.len() }
}

#[cfg(test)]
mod tests;

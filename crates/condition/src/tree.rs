//! The checked tree: what remains of a condition after the checker, with a type behind every part.
//! The evaluator (here) and the SQL writer (in `store`) read nothing else.
//!
//! Invariant: names in it come from the schema, never from the text alone, so a writer may quote them.
//! Invariant: no sum in it can overflow as long as stored values are `Value::is_storable`.

use crate::schema::LinkPath;
use crate::value::Value;

/// A stretch of the source text, in byte offsets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A condition or a part of one that is true, false or an error.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it stands in the source.
    pub span: Span,
    /// What it asks.
    pub kind: NodeKind,
}

/// The kinds of conditions.
#[derive(Clone, PartialEq, Debug)]
pub enum NodeKind {
    /// `true` or `false`.
    Const(bool),
    /// A field of yes or no, standing alone.
    Flag(Operand),
    /// `!a`
    Not(Box<Node>),
    /// `a && b && …`: false when one is false, else an error when one is, else true.
    And(Vec<Node>),
    /// `a || b || …`: true when one is true, else an error when one is, else false.
    Or(Vec<Node>),
    /// `a == b`, `a < b`, …; both sides are of one type, or a side is the literal `null`.
    Compare(Comparison, Operand, Operand),
    /// `a in [b, c]`; the list holds constants only.
    In(Operand, Vec<Operand>),
    /// `"a" in choices`: the field (many choices) contains the option.
    HasOption(Path, String),
    /// `a.contains(b)` and its brothers; both are text.
    Text(TextTest, Operand, Operand),
    /// `links.exists(c, …)` or `links.all(c, …)`.
    Related(Quantifier, Related, Box<Node>),
}

/// How two values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// `==`: nulls are equal to each other and to nothing else.
    Equal,
    /// `!=`
    NotEqual,
    /// `<`: an error with a null, like the three below.
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How a text is looked into; by code points, upper and lower case apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TextTest {
    /// The second stands somewhere in the first.
    Contains,
    /// The first begins with the second.
    StartsWith,
    /// The first ends with the second.
    EndsWith,
}

/// How many of the related records must meet the condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantifier {
    /// At least one.
    Exists,
    /// Every one; true where there is none.
    All,
}

/// A value to compare.
#[derive(Clone, PartialEq, Debug)]
pub enum Operand {
    /// A literal.
    Value(Value),
    /// The instant of the question.
    Now,
    /// The day of the question.
    Today,
    /// The person who asks; an error when nobody does.
    Me,
    /// A field of the record, of a linked one or of a record under a quantifier.
    Field(Path),
    /// A sum of whole numbers, decimals, durations, or an instant and a duration; an error with a null.
    Add(Box<Operand>, Box<Operand>),
    /// A difference; of two instants it is a duration.
    Subtract(Box<Operand>, Box<Operand>),
    /// A whole number turned into a decimal.
    ToDecimal(Box<Operand>),
    /// The number of characters (code points) of a text; an error with a null.
    Length(Box<Operand>),
    /// The text with A to Z in lower case; an error with a null.
    Lower(Box<Operand>),
    /// The text with a to z in upper case; an error with a null.
    Upper(Box<Operand>),
    /// How many options of many choices are chosen.
    CountOptions(Path),
    /// How many records a relation has; with a condition, how many of them meet it, an error when one of them
    /// is an error.
    Count(Related, Option<Box<Node>>),
}

/// The way from a record to a field.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    /// The record it starts at: 0 for the condition's own, 1 for the variable of the outermost quantifier
    /// around, 2 for the next.
    pub scope: usize,
    /// Single links to follow, in order; an empty link on the way is an error.
    pub links: Vec<Step>,
    /// The field at the end; the field `number` where a record itself is meant.
    pub field: String,
    /// What the field holds.
    pub kind: FieldKind,
}

/// One single link on the way to a field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The link's field.
    pub field: String,
    /// The record type it leads to.
    pub to: String,
}

/// What a field holds, as far as a column needs to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldKind {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A decimal number.
    Decimal,
    /// Text or one choice.
    Text,
    /// Many choices.
    Choices,
    /// An instant.
    Instant,
    /// A length of time.
    Duration,
    /// A calendar day.
    Day,
    /// A link to one record.
    Link,
    /// A record itself: a quantifier's variable standing alone.
    Itself,
}

/// A relation to many records.
#[derive(Clone, PartialEq, Debug)]
pub struct Related {
    /// The record it starts at, as in [`Path::scope`].
    pub scope: usize,
    /// Single links to follow first.
    pub links: Vec<Step>,
    /// The record type that has the relation.
    pub from: String,
    /// The relation's field.
    pub field: String,
    /// The record type on the other side.
    pub to: String,
    /// How the pairs are stored.
    pub path: LinkPath,
    /// The scope number of the variable within the condition about the related records.
    pub variable: usize,
}

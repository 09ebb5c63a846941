//! What a condition is checked against (types of fields) and evaluated on (rows and the context).
//! Implemented by the layers above: `model` gives the schema, `store` and `engine` give rows.

use crate::value::Value;

/// Words that name no field: literals, the three constants and the words that the Common Expression Language
/// keeps for itself. A declaration may not use them as field names.
pub const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "now",
    "today",
    "me",
];

/// The record type that `me` points to.
pub const PERSON: &str = "person";

/// The type of a field, as conditions see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Type {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A decimal number; money is a decimal beside a text with the currency.
    Decimal,
    /// A line of text or formatted text.
    Text,
    /// One of these options.
    Choice(Vec<String>),
    /// Any of these options.
    Choices(Vec<String>),
    /// An instant.
    Instant,
    /// A length of time.
    Duration,
    /// A calendar day.
    Day,
    /// A link to one record of this type.
    Link(String),
    /// Links to many records.
    Links(LinkInfo),
}

/// Where a relation leads and how it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkInfo {
    /// The record type on the other side.
    pub to: String,
    /// Where the pairs are kept.
    pub path: LinkPath,
}

/// How a relation to many records is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LinkPath {
    /// Rows of the table `link` with this relation; `reversed` when this record is the one pointed to.
    Table {
        /// The relation's name as declared on the side that owns it.
        relation: String,
        /// True when this record stands in `to_type`, `to_number`.
        reversed: bool,
    },
    /// The inverse of a single link: the rows of the other type whose column holds this record's number.
    Column {
        /// The column of the other type.
        column: String,
    },
}

/// The fields of all record types.
pub trait Schema {
    /// Gives the type of a field; none when the record type has no such field.
    fn field(&self, record_type: &str, name: &str) -> Option<Type>;

    /// Lists the field names of a record type, for "did you mean".
    fn names(&self, record_type: &str) -> Vec<String>;

    /// Gives the prefix of references of a record type (`INC` of `INC-1042`), where links to it may be
    /// compared with a reference.
    fn prefix(&self, record_type: &str) -> Option<String> {
        let _ = record_type;
        None
    }
}

/// One record with whatever it is linked to, as far as the condition reads it (see `Condition::fields`).
pub trait Row {
    /// Gives the value of a field; `Value::Null` where nothing is given.
    fn value(&self, field: &str) -> Value;

    /// Gives the record that a single link points to; none when the link is empty.
    fn follow(&self, link: &str) -> Option<&dyn Row>;

    /// Gives the records of a relation, in any order.
    fn related(&self, links: &str) -> Vec<&dyn Row>;
}

/// What a condition may know beside the record; given by the caller, never taken from the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Context {
    /// The instant of the question, in microseconds UTC: `now`.
    pub now: i64,
    /// The day of the question in the desk's zone, in days since 1970-01-01: `today`.
    pub today: i32,
    /// The number of the person who asks: `me`. Where nobody asks, a comparison with `me` is an error.
    pub user: Option<i64>,
}

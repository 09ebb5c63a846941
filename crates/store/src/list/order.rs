//! The order of a list as an expression that is never null, the same in queries and in indexes.

use proofdesk_model::RecordType;
use proofdesk_model::record_type::{COMMON, Shape};

use crate::error::Error;
use crate::sql::{Dialect, Sql};

/// Common columns that are never null.
const ALWAYS: [&str; 6] = ["number", "version", "state", "created_at", "updated_at", "origin"];

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// The expression; columns without an alias, so that it is the same text in an index.
    pub key: String,
    /// It is the number itself.
    pub is_number: bool,
}

/// The shape of a declared or common column.
pub(crate) fn shape_of(of: &RecordType, column: &str) -> Option<Shape> {
    match of.column_index(column) {
        Some(i) => of.columns().get(i).map(|c| c.shape),
        None => COMMON.iter().find(|(name, _)| *name == column).map(|(_, shape)| *shape),
    }
}

impl Order {
    /// The order by a column; nulls come last in either direction.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown column.
    pub fn new(of: &RecordType, column: &str, descending: bool, dialect: Dialect) -> Result<Self, Error> {
        let Some(shape) = shape_of(of, column) else {
            let message = format!("`{column}` is not a column of {}; it cannot be sorted by", of.name);
            return Err(Error::Invalid(message));
        };
        let mut name = Sql::new(dialect);
        name.name(column);
        let name = name.text;
        let last = match (shape, descending) {
            (Shape::Text | Shape::Day | Shape::Choices, false) => "'\u{10FFFF}'",
            (Shape::Text | Shape::Day | Shape::Choices, true) => "''",
            (Shape::Bool, false) => "2",
            (Shape::Bool, true) => "-1",
            (_, false) => "9223372036854775807",
            (_, true) => "-9223372036854775807",
        };
        let key = match (ALWAYS.contains(&column), shape, dialect) {
            (true, ..) => name,
            (false, Shape::Bool, Dialect::Postgres) => format!("coalesce({name}::integer::bigint, {last})"),
            _ => format!("coalesce({name}, {last})"),
        };
        Ok(Self { key, is_number: column == "number" })
    }
}

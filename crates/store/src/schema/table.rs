//! The text of a record table.

use proofdesk_model::RecordType;
use proofdesk_model::record_type::{COMMON, Column, Shape};

use super::Plan;
use crate::sql::{Dialect, Sql};

/// A quoted identifier.
pub(super) fn quoted(name: &str) -> String {
    let mut sql = Sql::new(Dialect::Sqlite);
    sql.name(name);
    sql.text
}

/// The type of a column of this shape, and what is said after it.
pub(super) fn column_type(shape: Shape, dialect: Dialect) -> (&'static str, &'static str) {
    match (shape, dialect) {
        (Shape::Text | Shape::Day | Shape::Choices, Dialect::Sqlite) => ("TEXT", ""),
        (Shape::Text | Shape::Day | Shape::Choices, Dialect::Postgres) => ("TEXT", " COLLATE \"C\""),
        (Shape::Bool, Dialect::Postgres) => ("BOOLEAN", ""),
        (_, Dialect::Postgres) => ("BIGINT", ""),
        (_, Dialect::Sqlite) => ("INTEGER", ""),
    }
}

/// The text of a declared column.
pub(super) fn column(column: &Column, dialect: Dialect) -> String {
    let (name, (kind, more)) = (quoted(&column.name), column_type(column.shape, dialect));
    match (column.shape, dialect) {
        (Shape::Bool, Dialect::Sqlite) => format!("{name} {kind} CHECK ({name} IN (0, 1))"),
        _ => format!("{name} {kind}{more}"),
    }
}

/// Steps that make a column of whole numbers one of texts, values kept.
pub(super) fn number_to_text(of: &RecordType, name: &str, dialect: Dialect, plan: &mut Plan) {
    let (table, column, text) = (quoted(&of.name), quoted(name), column_type(Shape::Text, dialect));
    let what = format!("make `{name}` of {} a text", of.name);
    if dialect == Dialect::Postgres {
        let (kind, more) = text;
        let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}{more} USING {column}::text");
        return plan.add(what, sql);
    }
    let old = quoted(&format!("{name}_was_number"));
    plan.add(what.clone(), format!("ALTER TABLE {table} RENAME COLUMN {column} TO {old}"));
    plan.add(what.clone(), format!("ALTER TABLE {table} ADD COLUMN {column} {}", text.0));
    let copy = format!("UPDATE {table} SET {column} = CAST({old} AS TEXT) WHERE {old} IS NOT NULL");
    plan.add(what.clone(), copy);
    plan.add(what, format!("ALTER TABLE {table} DROP COLUMN {old}"));
}

/// The shape that the declaration gives to a column; none when it knows no such column.
pub(super) fn declared_shape(of: &RecordType, name: &str) -> Option<Shape> {
    crate::list::order::shape_of(of, name)
}

/// The statement that makes the table of a type.
pub(super) fn create(of: &RecordType, dialect: Dialect) -> String {
    let mut lines = Vec::new();
    for (name, shape) in COMMON {
        let (kind, more) = column_type(shape, dialect);
        let rule = match name {
            "number" => " PRIMARY KEY CHECK (number > 0)",
            "version" => " NOT NULL CHECK (version > 0)",
            "state" | "created_at" | "updated_at" | "origin" => " NOT NULL",
            _ => "",
        };
        lines.push(format!("    {} {kind}{more}{rule}", quoted(name)));
    }
    lines.extend(of.columns().iter().map(|c| format!("    {}", column(c, dialect))));
    let end = if dialect == Dialect::Sqlite { ") STRICT" } else { ")" };
    format!("CREATE TABLE {} (\n{}\n{end}", quoted(&of.name), lines.join(",\n"))
}

//! SQL text with numbered arguments for both databases. Not a query builder: the SQL stays visible as SQL.
//!
//! Invariant: identifiers come from the checked model through [`Sql::name`], values only through
//! [`Sql::bind`]; nothing else of a user reaches the text.

use std::fmt::Write;

/// The two databases.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// SQLite: `?1`, yes and no as 1 and 0.
    Sqlite,
    /// PostgreSQL: `$1::bigint`, yes and no as BOOLEAN.
    Postgres,
}

/// The type of an argument, for a null and for the cast on PostgreSQL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArgType {
    /// BOOLEAN, or INTEGER on SQLite.
    Bool,
    /// BIGINT.
    Int,
    /// TEXT.
    Text,
    /// BYTEA or BLOB.
    Bytes,
}

/// An argument of a statement.
#[derive(Clone, PartialEq, Debug)]
pub enum Arg {
    /// A null of this type.
    Null(ArgType),
    /// Yes or no.
    Bool(bool),
    /// A whole number; also instants, durations and decimals in their stored form.
    Int(i64),
    /// Text; also days as `YYYY-MM-DD`.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Arg {
    /// Gives the type of the argument.
    pub const fn kind(&self) -> ArgType {
        match self {
            Self::Null(kind) => *kind,
            Self::Bool(_) => ArgType::Bool,
            Self::Int(_) => ArgType::Int,
            Self::Text(_) => ArgType::Text,
            Self::Bytes(_) => ArgType::Bytes,
        }
    }
}

impl From<bool> for Arg {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Arg {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

/// A statement or a part of one, with its arguments in order.
#[derive(Clone, PartialEq, Debug)]
pub struct Sql {
    /// The text so far.
    pub text: String,
    /// The arguments so far; the first is number 1.
    pub args: Vec<Arg>,
    dialect: Dialect,
}

impl Sql {
    /// Starts an empty text.
    pub const fn new(dialect: Dialect) -> Self {
        Self { text: String::new(), args: Vec::new(), dialect }
    }

    /// Gives the database it is for.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Appends text of our own.
    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends a quoted identifier.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.text.push('"');
        for (i, part) in name.split('"').enumerate() {
            self.text.push_str(if i > 0 { "\"\"" } else { "" });
            self.text.push_str(part);
        }
        self.text.push('"');
        self
    }

    /// Appends a column with its table's alias: `i."state"`.
    pub fn column(&mut self, alias: &str, name: &str) -> &mut Self {
        self.push(alias).push(".").name(name)
    }

    /// Appends a placeholder and keeps the value for it: `?3`, or `$3::text` on PostgreSQL.
    pub fn bind(&mut self, value: impl Into<Arg>) -> &mut Self {
        let value = value.into();
        let number = self.args.len() + 1;
        // Writing to a text cannot fail.
        let _ = match self.dialect {
            Dialect::Sqlite => write!(self.text, "?{number}"),
            Dialect::Postgres => {
                let cast = match value.kind() {
                    ArgType::Bool => "boolean",
                    ArgType::Int => "bigint",
                    ArgType::Text => "text",
                    ArgType::Bytes => "bytea",
                };
                write!(self.text, "${number}::{cast}")
            }
        };
        self.args.push(value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Arg, ArgType, Dialect, Sql};

    #[test]
    fn placeholders_follow_the_dialect() {
        for (dialect, text) in [
            (Dialect::Sqlite, "SELECT i.\"a\"\"b\" WHERE ?1 AND ?2 AND ?3"),
            (Dialect::Postgres, "SELECT i.\"a\"\"b\" WHERE $1::bigint AND $2::text AND $3::bytea"),
        ] {
            let mut sql = Sql::new(dialect);
            sql.push("SELECT ").column("i", "a\"b").push(" WHERE ").bind(1_i64).push(" AND ").bind("x");
            sql.push(" AND ").bind(Arg::Null(ArgType::Bytes));
            assert_eq!(sql.text, text);
            assert_eq!(sql.args, [Arg::Int(1), Arg::Text("x".into()), Arg::Null(ArgType::Bytes)]);
        }
    }
}

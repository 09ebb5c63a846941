//! Rows whose cells are not what the store would write. For `verify` only: pages read values, and a reader gives one value
//! for several forms of a cell (2 is as true as 1, an unreadable day is as empty as none), while conditions in SQL see the
//! form itself.

use proofdesk_model::RecordType;
use proofdesk_model::record_type::COMMON;

use crate::error::Error;
use crate::record::{arg_of, push_columns, value_of};
use crate::row::Cell;
use crate::sql::Arg;
use crate::sql::Dialect;
use crate::store::Store;

/// Columns of the engine's own tables that say yes or no: table, what names a row, and column. PostgreSQL has a type for
/// them; in a file of SQLite they are whole numbers, of which 2 and -7 are read as yes.
pub(crate) const YES_OR_NO: [(&str, &str, &str); 8] = [
    ("account", "id", "active"),
    ("account", "id", "program"),
    ("door_case", "key", "ended"),
    ("job", "id", "dead"),
    ("mail_out", "id", "secret"),
    ("provisioned", "id", "removed"),
    ("saved_view", "id", "descending"),
    ("saved_view", "id", "shared"),
];

/// Rows that are named of one column at most.
const NAMED: i64 = 1_000;

/// Whether a cell is the stored form of a value, to the letter.
fn is_form(arg: &Arg, cell: &Cell) -> bool {
    match (arg, cell) {
        (Arg::Null(_), Cell::Null) => true,
        (Arg::Bool(value), Cell::Bool(stored)) => value == stored,
        (Arg::Bool(value), Cell::Int(stored)) => i64::from(*value) == *stored,
        (Arg::Int(value), Cell::Int(stored)) => value == stored,
        (Arg::Text(value), Cell::Text(stored)) => value == stored,
        _ => false,
    }
}

impl Store {
    /// The records with numbers from `first` to `last` that have cells which are not the stored form of the value that
    /// they are read as, ordered by number, with the names of these columns.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn not_canonical(
        &self,
        of: &RecordType,
        first: i64,
        last: i64,
    ) -> Result<Vec<(i64, Vec<String>)>, Error> {
        let mut sql = self.sql();
        push_columns(sql.push("SELECT "), of, "t");
        sql.push(" FROM ")
            .name(&of.name)
            .push(" t WHERE ")
            .column("t", "number")
            .push(" BETWEEN ")
            .bind(first);
        sql.push(" AND ").bind(last).push(" ORDER BY 1");
        let mut found = Vec::new();
        for mut row in self.known_rows(sql).await? {
            let number = row.int(0);
            let declared = of.columns().iter().map(|column| (column.name.as_str(), column.shape));
            let mut wrong = Vec::new();
            for (at, (name, shape)) in COMMON.into_iter().chain(declared).enumerate() {
                let cell = row.take(at);
                if !is_form(&arg_of(shape, &value_of(shape, cell.clone())), &cell) {
                    wrong.push(name.to_owned());
                }
            }
            if !wrong.is_empty() {
                found.push((number, wrong));
            }
        }
        Ok(found)
    }

    /// The rows of the engine's own tables that say neither yes (1) nor no (0) where they have to, at most 1,000 of each
    /// column: table, column, and what names the row.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn neither_yes_nor_no(&self) -> Result<Vec<(&'static str, &'static str, String)>, Error> {
        let mut found = Vec::new();
        if self.dialect() == Dialect::Postgres {
            return Ok(found);
        }
        for (table, name, column) in YES_OR_NO {
            let mut sql = self.sql();
            sql.push("SELECT CAST(").column("t", name).push(" AS TEXT) FROM ").name(table).push(" t WHERE ");
            sql.column("t", column).push(" NOT IN (0, 1) ORDER BY 1 LIMIT ").bind(NAMED);
            let rows = self.known_rows(sql).await?;
            found.extend(rows.iter().map(|row| (table, column, row.text(0).to_owned())));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::YES_OR_NO;
    use crate::migrations::POSTGRES;

    #[test]
    fn every_column_that_says_yes_or_no_is_known() {
        let mut found = Vec::new();
        for migration in POSTGRES {
            let mut table = "";
            for line in migration.sql.lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                if let ["CREATE" | "ALTER", "TABLE", name, ..] = words[..] {
                    table = name;
                }
                if let Some(at) = words.iter().position(|word| *word == "BOOLEAN") {
                    found.push((table, words[at - 1]));
                }
            }
        }
        found.sort_unstable();
        assert_eq!(found, YES_OR_NO.map(|(table, _, column)| (table, column)));
    }
}

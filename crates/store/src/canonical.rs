//! Rows whose cells are not what the store would write. For `verify` only: pages read values, and a reader gives one value
//! for several forms of a cell (2 is as true as 1, an unreadable day is as empty as none), while conditions in SQL see the
//! form itself.

use proofdesk_model::RecordType;
use proofdesk_model::record_type::COMMON;

use crate::error::Error;
use crate::record::{arg_of, push_columns, value_of};
use crate::row::Cell;
use crate::sql::Arg;
use crate::store::Store;

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
}

//! Which of some records meet a condition: for what was found in another way, such as by words.

use std::collections::HashSet;

use proofdesk_model::{Condition, Context, RecordType};

use crate::error::Error;
use crate::predicate;
use crate::store::Store;

/// Numbers in one statement; SQLite takes at most 32,766 arguments.
const CHUNK: usize = 1_000;

impl Store {
    /// Gives those of `numbers` whose record meets a condition. Records for which it cannot be evaluated are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn holding(
        &self,
        of: &RecordType,
        filter: &Condition,
        context: &Context,
        numbers: &[i64],
    ) -> Result<HashSet<i64>, Error> {
        let mut found = HashSet::new();
        for some in numbers.chunks(CHUNK) {
            let mut sql = self.sql();
            sql.push("SELECT t.\"number\" FROM ").name(&of.name).push(" t WHERE t.\"number\" IN (");
            for (i, number) in some.iter().enumerate() {
                sql.push(if i == 0 { "" } else { ", " }).bind(*number);
            }
            sql.push(") AND ");
            predicate::holds(filter, "t", context, &mut sql);
            found.extend(self.known_rows(sql).await?.iter().map(|row| row.int(0)));
        }
        Ok(found)
    }
}

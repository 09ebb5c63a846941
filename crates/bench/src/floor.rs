//! The floor: the same statements with the same arguments, with the same durability and grouping, straight through
//! the drivers. Nothing is derived, checked, hashed, authorized or handed from one task to another here.

pub mod postgres;
pub mod sqlite;

use proofdesk_store::{PlannedWrites, Sql};

/// A connection for bare SQL.
pub enum Floor {
    /// rusqlite.
    Sqlite(sqlite::Bare),
    /// tokio-postgres.
    Postgres(postgres::Bare),
}

impl Floor {
    /// Connects to a database that has the product's tables.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn open(url: &str, is_server: bool) -> anyhow::Result<Self> {
        Ok(if is_server {
            Self::Postgres(postgres::Bare::open(url).await?)
        } else {
            Self::Sqlite(sqlite::Bare::open(url)?)
        })
    }

    /// Commits writes in one transaction; on SQLite each in a savepoint where there are several, and with their
    /// leaves.
    ///
    /// # Errors
    /// What the database says.
    pub async fn write(&mut self, group: &[PlannedWrites]) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(bare) => Ok(bare.write(group)?),
            Self::Postgres(bare) => bare.write(group).await,
        }
    }

    /// Asks a question, reads every cell of the answer and gives the number of rows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn ask(&mut self, sql: &Sql) -> anyhow::Result<usize> {
        match self {
            Self::Sqlite(bare) => Ok(bare.ask(sql)?.len()),
            Self::Postgres(bare) => Ok(bare.ask(sql).await?.len()),
        }
    }

    /// Asks for one row of whole numbers.
    ///
    /// # Errors
    /// What the database says; an answer of another shape.
    pub async fn numbers(&mut self, sql: &Sql) -> anyhow::Result<Vec<i64>> {
        match self {
            Self::Sqlite(bare) => {
                let rows = bare.ask(sql)?;
                let number = |cell: &rusqlite::types::Value| match cell {
                    rusqlite::types::Value::Integer(number) => Ok(*number),
                    other => Err(anyhow::anyhow!("{other:?} is no whole number")),
                };
                rows.first().into_iter().flatten().map(number).collect()
            }
            Self::Postgres(bare) => {
                let rows = bare.ask(sql).await?;
                let Some(row) = rows.first() else { return Ok(Vec::new()) };
                Ok((0..row.len()).map(|at| row.try_get(at)).collect::<Result<_, _>>()?)
            }
        }
    }
}

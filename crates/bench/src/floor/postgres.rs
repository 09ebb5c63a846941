//! Bare SQL on PostgreSQL: one connection of tokio-postgres, statements prepared, a transaction in one round trip.

use std::collections::HashMap;

use futures_util::future::{BoxFuture, join_all};
use proofdesk_store::{ArgType, PlannedEntry, PlannedWrites, Sql};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};

const ENTRY: &str = "WITH made AS (INSERT INTO log_entry \
     (write_id, seq, record_type, number, version, at, body, leaf_hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id), \
     waits AS (INSERT INTO log_pending (entry_id) SELECT id FROM made) SELECT id FROM made";
/// Makes leaves of what waits; a tree has as many inner nodes as leaves.
const SEQUENCE: &str = "WITH last AS (SELECT coalesce(max(leaf_index), -1) AS leaf, \
         (SELECT coalesce(max(idx), -1) FROM log_node WHERE level = 1) AS node FROM log_leaf), \
     gone AS (DELETE FROM log_pending RETURNING entry_id), \
     leaves AS (INSERT INTO log_leaf (leaf_index, entry_id) \
         SELECT last.leaf + row_number() OVER (ORDER BY entry_id), entry_id FROM gone, last) \
     INSERT INTO log_node (level, idx, hash) \
         SELECT 1, last.node + row_number() OVER (ORDER BY entry_id), e.leaf_hash \
         FROM gone JOIN log_entry e ON e.id = gone.entry_id, last";
/// Requests of one round trip.
const AT_ONCE: usize = 24;

/// A connection.
pub struct Bare {
    client: Client,
    prepared: HashMap<String, Statement>,
}

impl Bare {
    /// Connects.
    ///
    /// # Errors
    /// What the server says.
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute("SET jit = off; SET synchronous_commit = on").await?;
        Ok(Self { client, prepared: HashMap::new() })
    }

    async fn prepare(&mut self, text: &str, types: &[Type]) -> anyhow::Result<Statement> {
        if let Some(known) = self.prepared.get(text) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare_typed(text, types).await?;
        self.prepared.insert(text.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Commits a group of writes.
    ///
    /// # Errors
    /// What the server says.
    pub async fn write(&mut self, group: &[PlannedWrites]) -> anyhow::Result<()> {
        let mut statements = Vec::new();
        for sql in group.iter().flat_map(|write| &write.statements) {
            let types: Vec<Type> = sql.args.iter().map(|arg| type_of(arg.kind())).collect();
            statements.push(self.prepare(&sql.text, &types).await?);
        }
        let insert = self.prepare(ENTRY, &[]).await?;
        let args: Vec<Vec<&(dyn ToSql + Sync)>> = group
            .iter()
            .flat_map(|write| &write.statements)
            .map(|sql| sql.args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect())
            .collect();
        let client = &self.client;
        let plain = |text: &'static str| -> BoxFuture<'_, Result<(), tokio_postgres::Error>> {
            Box::pin(client.batch_execute(text))
        };
        let mut sent = vec![plain("BEGIN")];
        for (statement, args) in statements.iter().zip(&args) {
            sent.push(Box::pin(async move { client.execute(statement, args).await.map(|_| ()) }));
        }
        for new in group.iter().flat_map(|write| &write.entries) {
            let insert = &insert;
            sent.push(Box::pin(async move { enter(client, insert, new).await }));
        }
        sent.push(plain("COMMIT"));
        let mut sent = sent.into_iter();
        loop {
            let some: Vec<_> = sent.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            for answer in join_all(some).await {
                answer?;
            }
        }
    }

    /// Makes leaves of all entries that wait.
    ///
    /// # Errors
    /// What the server says.
    pub async fn sequence(&self) -> anyhow::Result<()> {
        Ok(self.client.batch_execute(SEQUENCE).await?)
    }

    /// Asks a question.
    ///
    /// # Errors
    /// What the server says.
    pub async fn ask(&mut self, sql: &Sql) -> anyhow::Result<Vec<Row>> {
        let types: Vec<Type> = sql.args.iter().map(|arg| type_of(arg.kind())).collect();
        let statement = self.prepare(&sql.text, &types).await?;
        let args: Vec<&(dyn ToSql + Sync)> = sql.args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect();
        Ok(self.client.query(&statement, &args).await?)
    }
}

async fn enter(client: &Client, insert: &Statement, new: &PlannedEntry) -> Result<(), tokio_postgres::Error> {
    let entry = &new.entry;
    let (write_id, hash) = (new.write_id.as_bytes().as_slice(), new.leaf_hash.as_slice());
    let args: [&(dyn ToSql + Sync); 8] = [
        &write_id,
        &new.seq,
        &entry.record.record_type,
        &entry.record.number,
        &entry.version,
        &entry.at,
        &entry.body,
        &hash,
    ];
    client.execute(insert, &args).await.map(|_| ())
}

fn type_of(kind: ArgType) -> Type {
    match kind {
        ArgType::Bool => Type::BOOL,
        ArgType::Int => Type::INT8,
        ArgType::Text => Type::TEXT,
        ArgType::Bytes => Type::BYTEA,
    }
}

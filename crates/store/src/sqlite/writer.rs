//! The one thread that writes: takes what waits, runs each unit in a savepoint, appends the entries to the log,
//! commits once for all, then acknowledges.
//!
//! Invariant: nobody is told of a write before its commit is durable; the entries of a commit are leaves in it.

use std::collections::HashMap;

use proofdesk_tlog::{Frontier, Hash, NodeId, hash_from, needed_for_root};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::failure::failed;
use super::run;
use crate::error::Error;
use crate::store::Changed;
use crate::unit::{Done, Unit};

type Reply = oneshot::Sender<Result<Done, Error>>;

/// What the writing thread is asked.
pub(crate) enum Message {
    /// A transaction, to be committed together with others.
    Unit(Unit, Reply),
    /// Anything else on this connection, alone.
    Call(Box<dyn FnOnce(&mut Connection) + Send>),
    /// Ends the thread.
    Stop,
}

/// The writing thread's own.
pub(crate) struct Writer {
    connection: Connection,
    max_group: usize,
    /// The right edge of the tree, once something was written: a log that is broken can still be opened and verified.
    frontier: Option<Frontier>,
    /// SQLite's counter of commits by others, as it was when the frontier was read.
    data_version: i64,
    changes: broadcast::Sender<Changed>,
}

/// A unit of a group and what became of it.
struct Ran {
    reply: Reply,
    result: Result<Done, Error>,
    changed: Vec<Changed>,
}

impl Writer {
    pub fn new(
        connection: Connection,
        max_group: usize,
        changes: broadcast::Sender<Changed>,
    ) -> Result<Self, Error> {
        let data_version = data_version(&connection)?;
        Ok(Self { connection, max_group, frontier: None, data_version, changes })
    }

    pub fn run(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut held: Option<Message> = None;
        loop {
            let Some(message) = held.take().or_else(|| inbox.blocking_recv()) else { break };
            match message {
                Message::Stop => break,
                Message::Call(call) => call(&mut self.connection),
                Message::Unit(unit, reply) => {
                    let mut group = vec![(unit, reply)];
                    while group.len() < self.max_group {
                        match inbox.try_recv() {
                            Ok(Message::Unit(unit, reply)) => group.push((unit, reply)),
                            Ok(other) => {
                                held = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.commit(group);
                }
            }
        }
        // Housekeeping only: what fails here is done at the next start.
        let _ = self.connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(PASSIVE);");
    }

    fn commit(&mut self, group: Vec<(Unit, Reply)>) {
        let mut ran = Vec::with_capacity(group.len());
        match self.commit_all(group, &mut ran) {
            Ok(frontier) => {
                self.frontier = Some(frontier);
                for Ran { reply, result, changed } in ran {
                    for change in changed {
                        // Nobody may be listening.
                        let _ = self.changes.send(change);
                    }
                    // The caller may be gone; the write stands.
                    let _ = reply.send(result);
                }
            }
            Err(error) => {
                if !self.connection.is_autocommit() {
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
                for Ran { reply, result, .. } in ran {
                    let _ = reply.send(Err(result.err().unwrap_or_else(|| error.clone())));
                }
            }
        }
    }

    fn commit_all(&mut self, group: Vec<(Unit, Reply)>, ran: &mut Vec<Ran>) -> Result<Frontier, Error> {
        let begun = self.begin();
        let alone = group.len() == 1;
        let mut broken = begun.as_ref().err().cloned();
        let mut frontier = begun.unwrap_or_default();
        let mut hashes: Vec<(i64, Hash)> = Vec::new();
        for (unit, reply) in group {
            let mut changed = Vec::new();
            let result = match &broken {
                Some(error) => Err(error.clone()),
                None => self.run_unit(&unit, alone, frontier.size(), &mut hashes, &mut changed),
            };
            // A full disk may end the whole transaction, not only the savepoint.
            if broken.is_none()
                && let Err(error) = &result
                && (alone || self.connection.is_autocommit())
            {
                broken = Some(error.clone());
            }
            ran.push(Ran { reply, result, changed });
        }
        if let Some(error) = broken {
            return Err(error);
        }
        self.append(&mut frontier, &hashes)?;
        run_cached(&self.connection, "COMMIT")?;
        Ok(frontier)
    }

    fn begin(&mut self) -> Result<Frontier, Error> {
        run_cached(&self.connection, "BEGIN IMMEDIATE")?;
        let version = data_version(&self.connection)?;
        if let Some(frontier) = self.frontier.as_ref().filter(|_| version == self.data_version) {
            return Ok(frontier.clone());
        }
        // Nothing was written yet, or another program wrote to the file: its log has grown.
        let frontier = load_frontier(&self.connection)?;
        self.data_version = version;
        self.frontier = Some(frontier.clone());
        Ok(frontier)
    }

    fn run_unit(
        &self,
        unit: &Unit,
        alone: bool,
        size: u64,
        hashes: &mut Vec<(i64, Hash)>,
        changed: &mut Vec<Changed>,
    ) -> Result<Done, Error> {
        if !alone {
            run_cached(&self.connection, "SAVEPOINT unit")?;
        }
        let before = hashes.len();
        let result = self.run_steps(unit, size, hashes, changed);
        if result.is_err() {
            hashes.truncate(before);
            changed.clear();
        }
        if !alone && !self.connection.is_autocommit() {
            if result.is_err() {
                run_cached(&self.connection, "ROLLBACK TO unit")?;
            }
            run_cached(&self.connection, "RELEASE unit")?;
        }
        result
    }

    fn run_steps(
        &self,
        unit: &Unit,
        size: u64,
        hashes: &mut Vec<(i64, Hash)>,
        changed: &mut Vec<Changed>,
    ) -> Result<Done, Error> {
        let mut done = Done::default();
        for step in &unit.steps {
            let rows = run::step(&self.connection, step)?;
            if unit.returning {
                done.rows.extend(rows);
            }
        }
        for new in &unit.entries {
            let id = run::enter(&self.connection, new)?;
            done.leaves.push(Some(size + hashes.len() as u64));
            done.entries.push(id);
            hashes.push((id, new.hash));
            changed.push(Changed::of(&new.entry, id));
        }
        Ok(done)
    }

    fn append(&self, frontier: &mut Frontier, hashes: &[(i64, Hash)]) -> Result<(), Error> {
        if hashes.is_empty() {
            return Ok(());
        }
        let first = frontier.size();
        let insert = "INSERT INTO log_leaf (leaf_index, entry_id) VALUES (?1, ?2)";
        let mut leaf = self.connection.prepare_cached(insert).map_err(failed)?;
        for (i, (id, _)) in hashes.iter().enumerate() {
            leaf.execute((signed(first + i as u64)?, id)).map_err(failed)?;
        }
        let nodes = frontier.append_all(hashes.iter().map(|(_, hash)| *hash))?;
        let insert = "INSERT INTO log_node (level, idx, hash) VALUES (?1, ?2, ?3)";
        let mut node = self.connection.prepare_cached(insert).map_err(failed)?;
        for (id, hash) in nodes.iter().filter(|(id, _)| id.level > 0) {
            node.execute((i64::from(id.level), signed(id.index)?, hash.as_slice())).map_err(failed)?;
        }
        Ok(())
    }
}

fn run_cached(connection: &Connection, sql: &str) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    statement.raw_execute().map_err(failed)?;
    Ok(())
}

fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::Internal("the log is larger than it can be".to_owned()))
}

fn data_version(connection: &Connection) -> Result<i64, Error> {
    let mut statement = connection.prepare_cached("PRAGMA data_version").map_err(failed)?;
    statement.query_row([], |row| row.get(0)).map_err(failed)
}

/// Reads the right edge of the tree from the file.
fn load_frontier(connection: &Connection) -> Result<Frontier, Error> {
    let count = "SELECT coalesce(max(leaf_index) + 1, 0) FROM log_leaf";
    let size: i64 = connection.query_row(count, [], |row| row.get(0)).map_err(failed)?;
    let size = u64::try_from(size).unwrap_or_default();
    let mut nodes: HashMap<NodeId, Hash> = HashMap::new();
    for id in needed_for_root(size) {
        let index = signed(id.index)?;
        let bytes: Result<Vec<u8>, _> = if id.level == 0 {
            let sql = "SELECT e.leaf_hash FROM log_leaf l JOIN log_entry e ON e.id = l.entry_id \
                       WHERE l.leaf_index = ?1";
            connection.query_row(sql, [index], |row| row.get(0))
        } else {
            let sql = "SELECT hash FROM log_node WHERE level = ?1 AND idx = ?2";
            connection.query_row(sql, [i64::from(id.level), index], |row| row.get(0))
        };
        let bytes = bytes.optional().map_err(failed)?.ok_or_else(|| Error::no_node(id))?;
        nodes.insert(id, hash_from(&bytes)?);
    }
    Ok(Frontier::load(size, &nodes)?)
}

//! Changes of records and acts on accounts that are written in one transaction: all of them, or none.
//!
//! For what a directory asks in one request. Each is authorized, derived and checked as if it came alone; what is planned
//! first is not seen by what is planned after it, but for links to records that are made here.
//! Invariant: before [`Together::commit`] nothing is written, and it writes everything or nothing.

use std::collections::BTreeSet;

use proofdesk_model::access::ADMINISTRATOR;
use proofdesk_model::{Change, Checked, Permit, Reference, Stamp};
use proofdesk_store::{Extra, Noted, Select, Statement};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Engine;
use crate::account::Act;
use crate::account::sealed::Told;
use crate::apply::Target;
use crate::error::Error;

/// What is written together.
pub struct Together<'e> {
    engine: &'e Engine,
    act: Act,
    writes: Vec<(Permit, Checked, Extra)>,
    notes: Vec<Noted>,
    fresh: BTreeSet<Reference>,
    /// Accounts that are taken away as administrators.
    taken: Vec<i64>,
}

impl Engine {
    /// Begins to plan.
    pub fn together(&self, act: &Act) -> Together<'_> {
        let (writes, notes, fresh, taken) = (Vec::new(), Vec::new(), BTreeSet::new(), Vec::new());
        Together { engine: self, act: act.clone(), writes, notes, fresh, taken }
    }
}

impl Together<'_> {
    pub(crate) fn engine(&self) -> &Engine {
        self.engine
    }

    pub(crate) fn act(&self) -> &Act {
        &self.act
    }

    /// Plans a change of a record, or a new one; gives which.
    ///
    /// # Errors
    /// As [`Engine::apply_at`].
    pub async fn change(&mut self, target: Target, change: Change) -> Result<Reference, Error> {
        let stamp = Stamp::now(self.engine.now(), self.act.door);
        let planned = self.engine.plan(&self.act.caller, &target, change, stamp, &self.fresh).await?;
        let after = planned.1.after();
        let reference = Reference::new(after.of.name.clone(), after.number);
        if matches!(target, Target::New(_)) {
            self.fresh.insert(reference.clone());
        }
        self.writes.push(planned);
        Ok(reference)
    }

    /// Plans rows of an account with the entry that tells of them; `takes` where that takes an administrator away.
    pub(crate) fn seal(
        &mut self,
        permit: Permit,
        account: i64,
        told: Told,
        rows: Vec<Statement>,
        takes: bool,
    ) {
        if takes {
            self.taken.push(account);
        }
        let entries = vec![told.entry(account, &self.act, self.engine.now())];
        self.notes.push(Noted { permit, entries, statements: rows, id: Uuid::now_v7() });
    }

    /// Writes everything, or nothing.
    ///
    /// # Errors
    /// `Invalid` where no administrator would be left; `Taken` where a number or a name was taken meanwhile, and `Conflict`
    /// where a record was changed: plan again. A fault of the database.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { engine, writes, notes, taken, .. } = self;
        if writes.is_empty() && notes.is_empty() {
            return Ok(());
        }
        let types: BTreeSet<String> = writes.iter().map(|(_, c, _)| c.after().of.name.clone()).collect();
        let span = tracing::debug_span!(target: "spans", "write together", proofdesk.records = writes.len());
        let written = engine.store().write_together(writes, notes, engine.registry());
        let written = written.instrument(span).await;
        for name in &types {
            engine.terms().forget(name);
        }
        match written {
            Ok(()) => Ok(()),
            Err(proofdesk_store::Error::Duplicate) => Err(Error::Taken),
            Err(proofdesk_store::Error::Conflict { record_type, number, .. }) => {
                let reference = Reference::new(record_type, number);
                Err(Error::Conflict(Box::new(crate::error::Conflict {
                    reference: engine.registry().write_reference(&reference),
                    expected: 0,
                    current: 0,
                    changed: Vec::new(),
                })))
            }
            Err(proofdesk_store::Error::NotFound(what)) => {
                if !taken.is_empty() && engine.administrators_but(&taken).await?.is_empty() {
                    return Err(last_administrator());
                }
                Err(Error::NotFound(what))
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Why the last administrator stays one.
pub(crate) fn last_administrator() -> Error {
    let message = "This is the last administrator who can sign in. Make somebody else one first.";
    Error::invalid("roles", "last", message)
}

/// Administrators who can sign in, but for some accounts.
pub(crate) fn other_administrators(but: &[i64]) -> Select {
    // who was only invited cannot sign in yet
    let others = Select::from("account", &["id"])
        .when("active", true)
        .when("program", false)
        .when_not_null("password")
        .when_word("roles", ADMINISTRATOR);
    but.iter().fold(others, |others, id| others.when_not("id", *id))
}

impl Engine {
    async fn administrators_but(&self, but: &[i64]) -> Result<Vec<i64>, Error> {
        let rows = self.store().select(other_administrators(but).limit(1)).await?;
        Ok(rows.iter().map(|row| row.int(0)).collect())
    }
}

//! Writes that go into one transaction, and the facts that their rules asked for.

use std::collections::HashMap;
use std::sync::Arc;

use proofdesk_model::{Checked, Draft, Facts, Lookup, Permit};
use proofdesk_store::{Extra, Statement};
use uuid::Uuid;

use crate::Engine;
use crate::apply::search_text;
use crate::error::Error;

/// Writes of one transaction.
pub(super) struct Batch {
    /// The import's own time for all of them, microseconds UTC.
    pub at: i64,
    pub writes: Vec<(Permit, Checked, Extra)>,
    /// How many of the writes are events of the file; the others are records that it names.
    pub events: u64,
    /// Rows of engine tables that go with the last write.
    pub statements: Vec<Statement>,
    /// Records of small types, by what was asked for; kept for the batch.
    known: HashMap<String, (Vec<Lookup>, Arc<Facts>)>,
}

impl Batch {
    pub fn new(at: i64) -> Self {
        Self { at, writes: Vec::new(), events: 0, statements: Vec::new(), known: HashMap::new() }
    }

    /// Adds a numbered write.
    pub fn push(&mut self, permit: proofdesk_model::Permit, checked: Checked) {
        let extra = Extra { id: Uuid::now_v7(), search_text: search_text(&checked), ..Extra::default() };
        self.writes.push((permit, checked, extra));
    }

    /// The facts for a draft. Whole small types are asked for once a batch.
    pub async fn facts(&mut self, engine: &Engine, draft: &Draft) -> Result<Arc<Facts>, Error> {
        let wanted = draft.lookups(engine.rules());
        if let Some((known, facts)) = self.known.get(&draft.of().name)
            && *known == wanted
        {
            return Ok(facts.clone());
        }
        let facts = Arc::new(engine.facts(draft).await?);
        if wanted.iter().all(|l| matches!(l, Lookup::All(_))) {
            self.known.insert(draft.of().name.clone(), (wanted, facts.clone()));
        }
        Ok(facts)
    }
}

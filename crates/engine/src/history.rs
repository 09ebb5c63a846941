//! The history of a record: its log entries, read for people.

use proofdesk_model::{Caller, RecordType, Reference};
use serde::Serialize;
use serde_json::Value as Json;

use crate::Engine;
use crate::comment::Audience;
use crate::error::Error;

/// One field that an entry changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryChange {
    /// Column, or `state`.
    pub field: String,
    /// Label for people.
    pub label: String,
    /// Value before, as written in the entry.
    pub old: Json,
    /// Value after.
    pub new: Json,
}

/// One entry of a record's history.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryItem {
    /// Id of the entry in the store.
    pub entry: i64,
    /// Position in the log; none while it is pending.
    pub leaf: Option<u64>,
    /// Leaf hash, hexadecimal.
    pub hash: String,
    /// Version of the record after it.
    pub version: i64,
    /// When it was written, microseconds UTC.
    pub at: i64,
    /// When it happened, microseconds UTC; differs from `at` for imported history.
    pub occurred_at: i64,
    /// Who did it.
    pub by: String,
    /// Number of the person, none for programs.
    pub person: Option<i64>,
    /// Door: page, api, import, rule, mail, link, clock, cli, demo.
    pub door: String,
    /// `create`, `update`, a transition, `comment`, `note`, `attach`, `watch`, …
    pub action: String,
    /// Fields changed.
    pub changes: Vec<HistoryChange>,
    /// Relations added and removed: relation, other record, added.
    pub links: Vec<(String, String, bool)>,
    /// What a note says.
    pub note: Option<Json>,
    /// Nothing of the entry is left out here.
    pub is_whole: bool,
}

/// An entry without what the caller does not see; none where nothing is left for who reads as a requester: that another
/// customer's person watches a service, or was helped by an article, is not his to know.
fn seen_by(caller: &Caller, of: &RecordType, mut item: HistoryItem) -> Option<HistoryItem> {
    let audience = item.note.as_ref().and_then(|n| n.get("audience")).and_then(Json::as_str);
    let for_customer = audience == Some(Audience::Customer.as_str());
    if !caller.reads_notes(of) && item.note.is_some() && !for_customer {
        item.note = None;
        item.is_whole = false;
    }
    if !caller.reads_as_requester(of) {
        return Some(item);
    }
    let (changes, links) = (item.changes.len(), item.links.len());
    item.changes.retain(|change| caller.sees(of, &change.field));
    item.links.retain(|(relation, _, _)| caller.sees(of, relation));
    item.is_whole &= (changes, links) == (item.changes.len(), item.links.len());
    let is_own = item.person.is_some() && item.person == caller.person;
    let is_step = item.action == "create" || of.transition(&item.action).is_some();
    let tells = for_customer || !item.changes.is_empty() || !item.links.is_empty();
    (is_own || is_step || tells).then_some(item)
}

impl HistoryItem {
    /// Whether it came in by import: its times are the history's, its seal is the import's.
    pub fn is_imported(&self) -> bool {
        self.door == "import"
    }
}

impl Engine {
    /// The newest entries of a record, newest first; at most `limit`.
    ///
    /// # Errors
    /// A fault of the database, or an entry that is not JSON (then `verify` says which).
    pub async fn history(&self, record: &Reference, limit: usize) -> Result<Vec<HistoryItem>, Error> {
        let entries = self.store().entries(record, None, limit).await?;
        entries.into_iter().map(|entry| self.read_entry(record, &entry)).collect()
    }

    /// Entries of a record older than an entry (none: from the newest on), newest first, without what the caller does
    /// not see; at most `limit`. Who may see the record at all is not asked here.
    ///
    /// # Errors
    /// As [`Engine::history`].
    pub async fn history_for(
        &self,
        caller: &Caller,
        record: &Reference,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<HistoryItem>, Error> {
        let Some(of) = self.registry().get(&record.record_type) else {
            return self.history_before(record, before, limit).await;
        };
        let mut found = Vec::with_capacity(limit.min(200));
        let mut before = before;
        // what is left out may be much: a few questions for it, however short the page
        let at_once = if caller.reads_as_requester(of) { limit.max(200) } else { limit };
        loop {
            let items = self.history_before(record, before, at_once).await?;
            let is_last = items.len() < at_once;
            before = items.last().map(|item| item.entry);
            found.extend(items.into_iter().filter_map(|item| seen_by(caller, of, item)));
            if is_last || found.len() >= limit {
                found.truncate(limit);
                return Ok(found);
            }
        }
    }

    /// One entry of the log with the record that it is about; none where there is none of this id, or none that the
    /// caller sees.
    ///
    /// # Errors
    /// As [`Engine::history`].
    pub async fn entry(&self, caller: &Caller, id: i64) -> Result<Option<(Reference, HistoryItem)>, Error> {
        let Some(stored) = self.store().entry(id).await? else { return Ok(None) };
        let item = self.read_entry(&stored.record, &stored)?;
        let seen = match self.registry().get(&stored.record.record_type) {
            Some(of) => seen_by(caller, of, item),
            None => Some(item),
        };
        Ok(seen.map(|item| (stored.record, item)))
    }

    /// Entries of a record older than an entry, newest first; at most `limit`.
    ///
    /// # Errors
    /// As [`Engine::history`].
    pub async fn history_before(
        &self,
        record: &Reference,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<HistoryItem>, Error> {
        let entries = self.store().entries(record, before, limit).await?;
        entries.into_iter().map(|entry| self.read_entry(record, &entry)).collect()
    }

    fn read_entry(
        &self,
        record: &Reference,
        entry: &proofdesk_store::StoredEntry,
    ) -> Result<HistoryItem, Error> {
        let broken =
            || Error::Internal(format!("Log entry {} cannot be read; run `proofdesk verify`.", entry.id));
        let body: Json = serde_json::from_slice(&entry.body).map_err(|_| broken())?;
        let of = self.registry().get(&record.record_type);
        let label = |name: &str| match of.and_then(|t| t.field(name)) {
            Some(field) => field.label.clone(),
            None if name == "state" => "State".to_owned(),
            None => name.replace('_', " "),
        };
        let hidden = |name: &str| of.and_then(|t| t.field(name)).is_some_and(|f| f.hidden);
        let empty = serde_json::Map::new();
        let set = body.get("set").and_then(Json::as_object).unwrap_or(&empty);
        let is_whole = !set.keys().any(|name| hidden(name));
        let changes = set.iter().filter(|(name, _)| !hidden(name)).map(|(name, pair)| HistoryChange {
            field: name.clone(),
            label: label(name),
            old: pair.get(0).cloned().unwrap_or_default(),
            new: pair.get(1).cloned().unwrap_or_default(),
        });
        let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let none = Vec::new();
        let links = body.get("links").and_then(Json::as_array).unwrap_or(&none).iter().map(|l| {
            let part = |name: &str| l.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
            (part("relation"), part("to"), l.get("add").and_then(Json::as_bool).unwrap_or(true))
        });
        let occurred = body.get("occurred_at").and_then(Json::as_str);
        let occurred_at = occurred
            .and_then(|t| proofdesk_model::format::parse_instant(t, &jiff::tz::TimeZone::UTC))
            .unwrap_or(entry.at);
        Ok(HistoryItem {
            entry: entry.id,
            leaf: entry.leaf,
            hash: hex::encode(&entry.leaf_hash),
            version: entry.version,
            at: entry.at,
            occurred_at,
            by: body.pointer("/by/name").and_then(Json::as_str).unwrap_or_default().to_owned(),
            person: body.pointer("/by/person").and_then(Json::as_i64),
            door: text("door"),
            action: text("action"),
            changes: changes.collect(),
            links: links.collect(),
            note: body.get("note").cloned(),
            is_whole,
        })
    }
}

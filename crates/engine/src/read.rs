//! Reads: one record, lists, counts, related records, search and the jump to a reference.
//!
//! Every read takes the caller and goes through [`RecordType::permit`]; a type that the caller may not read
//! does not exist for him.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use proofdesk_condition::check;
use proofdesk_model::{
    Action, Caller, Condition, Context, Problem, Problems, Record, RecordType, Reference, Value, format,
};
use proofdesk_store::{Cursor, Hit, ListQuery, Shown};

use crate::Engine;
use crate::comment::STAFF_PART;
use crate::error::Error;

/// A question for a list.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// Record type.
    pub record_type: String,
    /// Condition that every record meets.
    pub filter: Option<Condition>,
    /// Column to sort by; the number when empty.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Continues after the cursor of an earlier page.
    pub after: Option<String>,
    /// At most this many, 1 to 500.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// Records in order.
    pub records: Vec<Record>,
    /// Cursor of the next page; none at the end.
    pub next: Option<String>,
}

/// A record found by its text.
#[derive(Debug, Clone)]
pub struct SearchHit {
    /// The record.
    pub record: Record,
    /// Where the words were found: `record`, `comment/…`, or `note/…` for one that only staff see.
    pub part: String,
}

/// Hits that a search looks at where a condition is to be met besides.
const FILTERED: usize = 2_500;

impl Engine {
    /// The declared type of a name.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn require_type(&self, name: &str) -> Result<Arc<RecordType>, Error> {
        self.registry().get(name).cloned().ok_or_else(|| Error::NotFound(format!("record type `{name}`")))
    }

    /// The context of conditions for a caller now.
    pub fn context(&self, caller: &Caller) -> Context {
        let now = self.now();
        Context { now, today: format::day_of(now), user: caller.person }
    }

    /// Checks a condition over a type.
    ///
    /// # Errors
    /// `Invalid` with one problem (code `condition`) for each mistake; the message names the position.
    pub fn condition(&self, source: &str, record_type: &str) -> Result<Condition, Error> {
        check(source, record_type, self.registry().as_ref()).map_err(|mistakes| {
            let problems = mistakes.into_iter().map(|m| {
                Problem::new(
                    "filter",
                    "condition",
                    format!("{} (at character {} of `{source}`)", m.message, m.start + 1),
                )
            });
            Error::Invalid(Problems(problems.collect()))
        })
    }

    fn readable(&self, caller: &Caller, record_type: &str) -> Result<Arc<RecordType>, Error> {
        let of = self.require_type(record_type)?;
        of.permit(caller, Action::Read, None).map_err(Error::Forbidden)?;
        Ok(of)
    }

    /// The type of a record whose parts the caller may read; the record itself is only looked at where he does not
    /// see all of its type.
    pub(crate) async fn readable_at(
        &self,
        caller: &Caller,
        on: &Reference,
    ) -> Result<Arc<RecordType>, Error> {
        let of = self.readable(caller, &on.record_type)?;
        if !caller.reads_all(&of) {
            let seen = match self.store().load(&of, on.number).await? {
                Some(record) => self.is_seen(caller, &record).await?,
                None => false,
            };
            seen.then_some(()).ok_or_else(|| Error::NotFound(of.reference(on.number)))?;
        }
        Ok(of)
    }

    /// Whether a declared view shows the caller only what he sees, also by its condition and its order.
    pub fn is_view_for(&self, caller: &Caller, of: &RecordType, view: &proofdesk_model::View) -> bool {
        let sorts = view.sort.is_empty() || caller.sees(of, &view.sort);
        sorts && view.condition.as_ref().is_none_or(|c| self.check_sees(caller, of, c).is_ok())
    }

    /// One record with all its relations; none when there is none.
    ///
    /// # Errors
    /// `Forbidden` when the type may not be read, or a fault of the database.
    pub async fn load(&self, caller: &Caller, reference: &Reference) -> Result<Option<Record>, Error> {
        let of = self.readable(caller, &reference.record_type)?;
        let Some(mut record) = self.store().load(&of, reference.number).await? else { return Ok(None) };
        if !self.is_seen(caller, &record).await? {
            return Ok(None);
        }
        if !of.relations().is_empty() {
            record.links = self.store().links(reference, &of, None).await?;
            self.without_hidden_ends(caller, &mut record).await?;
        }
        Ok(Some(caller.shown(record)))
    }

    /// One record with all its relations.
    ///
    /// # Errors
    /// As [`Engine::load`], and `NotFound`.
    pub async fn require(&self, caller: &Caller, reference: &Reference) -> Result<Record, Error> {
        let name = || self.registry().write_reference(reference);
        self.load(caller, reference).await?.ok_or_else(|| Error::NotFound(name()))
    }

    /// A page of a list, in the order asked for and then by number. Relations are not loaded.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid` for a cursor or a sort column that is none, or a fault of the database.
    pub async fn list(&self, caller: &Caller, request: &ListRequest) -> Result<ListPage, Error> {
        let page = self.store().list(&self.list_query(caller, request)?).await?;
        let records = page.records.into_iter().map(|r| caller.shown(r)).collect();
        Ok(ListPage { records, next: page.next.map(|c| c.to_string()) })
    }

    /// As [`Engine::list`] with only these columns beside the common ones (others are null), and with the titles of
    /// what single links among them lead to: one query for what a list shows.
    ///
    /// # Errors
    /// As [`Engine::list`].
    pub async fn list_shown(
        &self,
        caller: &Caller,
        request: &ListRequest,
        columns: Vec<String>,
    ) -> Result<(ListPage, HashMap<Reference, String>), Error> {
        let query = self.list_query(caller, request)?;
        let mut shown = Shown { columns, titles: Vec::new() };
        for name in &shown.columns {
            let to = query.of.field(name).and_then(|field| field.target());
            // who reads only his own gets the titles one by one, as far as he may
            if let Some(to) = to.and_then(|to| self.registry().get(to)).filter(|to| caller.reads_all(to)) {
                shown.titles.push((name.clone(), to.clone()));
            }
        }
        let (mut page, found) = self.store().list_shown(&query, &shown).await?;
        page.records = page.records.into_iter().map(|r| caller.shown(r)).collect();
        let mut titles: HashMap<Reference, String> = found.into_iter().collect();
        let joined: Vec<&str> = shown.titles.iter().map(|(name, _)| name.as_str()).collect();
        let mut rest: BTreeSet<Reference> = BTreeSet::new();
        for name in shown.columns.iter().filter(|name| !joined.contains(&name.as_str())) {
            let Some(to) = query.of.field(name).and_then(|field| field.target()) else { continue };
            rest.extend(page.records.iter().filter_map(|r| Some(Reference::new(to, link_of(r, name)?))));
        }
        let asks = |name: &str| shown.columns.iter().any(|column| column == name);
        let (by, changed) = (asks("created_by"), asks("updated_by"));
        for record in &page.records {
            let people = [record.created_by.filter(|_| by), record.updated_by.filter(|_| changed)];
            rest.extend(people.into_iter().flatten().map(|number| Reference::new("person", number)));
        }
        let rest: Vec<Reference> = rest.into_iter().collect();
        titles.extend(self.titles_of(caller, &rest).await?);
        Ok((ListPage { records: page.records, next: page.next.map(|c| c.to_string()) }, titles))
    }

    fn list_query(&self, caller: &Caller, request: &ListRequest) -> Result<ListQuery, Error> {
        let of = self.readable(caller, &request.record_type)?;
        let sort = if request.sort.is_empty() { "number" } else { &request.sort };
        let known = of.column_index(sort).is_some()
            || proofdesk_model::record_type::COMMON.iter().any(|(name, _)| *name == sort);
        if !known || !caller.sees(&of, sort) {
            let message = format!("`{sort}` is not a column of {}.", of.plural.to_lowercase());
            return Err(Error::invalid("sort", "unknown", message));
        }
        let after = match &request.after {
            Some(text) => Some(text.parse::<Cursor>().map_err(|_| {
                Error::invalid("after", "format", "This cursor is not one of ours; begin again without it.")
            })?),
            None => None,
        };
        let filter = self.narrowed(caller, &of, request.filter.as_ref())?;
        Ok(ListQuery {
            of,
            filter,
            context: self.context(caller),
            sort: sort.to_owned(),
            descending: request.descending,
            after,
            limit: request.limit.clamp(1, 500),
        })
    }

    /// How many records meet a condition; counting stops at `most` where given.
    ///
    /// # Errors
    /// `Forbidden` or a fault of the database.
    pub async fn count(
        &self,
        caller: &Caller,
        record_type: &str,
        filter: Option<&Condition>,
        most: Option<usize>,
    ) -> Result<u64, Error> {
        let of = self.readable(caller, record_type)?;
        let filter = self.narrowed(caller, &of, filter)?;
        Ok(self.store().count(&of, filter.as_ref(), &self.context(caller), most).await?)
    }

    /// The records of a relation, readable ones only, by number.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn related(
        &self,
        caller: &Caller,
        record: &Record,
        relation: &str,
    ) -> Result<Vec<Record>, Error> {
        if !caller.sees(&record.of, relation) {
            return Ok(Vec::new());
        }
        let references = match record.links.get(relation) {
            Some(found) => found.clone(),
            None => {
                let reference = Reference::new(record.of.name.clone(), record.number);
                let mut found = self.store().links(&reference, &record.of, Some(relation)).await?;
                found.remove(relation).unwrap_or_default()
            }
        };
        let records = self.seen(caller, self.load_references(&references).await?).await?;
        Ok(records.into_iter().map(|r| caller.shown(r)).collect())
    }

    /// Loads records of any types, one query a type, in order of type and number.
    pub(crate) async fn load_references(&self, references: &[Reference]) -> Result<Vec<Record>, Error> {
        let mut by_type: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for reference in references {
            by_type.entry(&reference.record_type).or_default().insert(reference.number);
        }
        let mut found = Vec::with_capacity(references.len());
        for (name, numbers) in by_type {
            if let Some(of) = self.registry().get(name) {
                let numbers: Vec<i64> = numbers.into_iter().collect();
                found.extend(self.store().load_many(of, &numbers).await?);
            }
        }
        Ok(found)
    }

    /// Titles of everything that these records link to by single links, one query a type: for lists and pages.
    /// A target of a type that the caller may not read keeps its reference as title.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn titles(
        &self,
        caller: &Caller,
        records: &[Record],
    ) -> Result<HashMap<Reference, String>, Error> {
        let mut wanted: BTreeSet<Reference> = BTreeSet::new();
        for record in records {
            wanted.extend(record.created_by.map(|n| Reference::new("person", n)));
            for (column, value) in record.of.columns().iter().zip(&record.values) {
                if let (Value::Link(number), Some(to)) =
                    (value, record.of.field(&column.field).and_then(|f| f.target()))
                {
                    wanted.insert(Reference::new(to, *number));
                }
            }
            // a page names the first of a relation; a service may have a hundred thousand incidents
            wanted.extend(record.links.values().flat_map(|others| others.iter().take(50)).cloned());
        }
        let wanted: Vec<Reference> = wanted.into_iter().collect();
        self.titles_of(caller, &wanted).await
    }

    /// Titles of these records, one query a type; a record of a type that the caller may not read keeps its
    /// reference as title, one that does not exist is left out.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn titles_of(
        &self,
        caller: &Caller,
        references: &[Reference],
    ) -> Result<HashMap<Reference, String>, Error> {
        let mut by_type: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for reference in references {
            by_type.entry(&reference.record_type).or_default().insert(reference.number);
        }
        let mut titles = HashMap::with_capacity(references.len());
        for (name, numbers) in by_type {
            let Some(of) = self.registry().get(name) else { continue };
            let numbers: Vec<i64> = numbers.into_iter().collect();
            if caller.reads_all(of) {
                for (number, title) in self.store().titles_of(of, &numbers).await? {
                    let title = title.unwrap_or_else(|| of.reference(number));
                    titles.insert(Reference::new(name, number), title);
                }
            } else {
                let records = self.store().load_many(of, &numbers).await?;
                let there = records.iter().map(|r| (Reference::new(name, r.number), r.reference()));
                titles.extend(there.collect::<Vec<_>>());
                for record in self.seen(caller, records).await? {
                    titles.insert(Reference::new(name, record.number), record.title());
                }
            }
        }
        Ok(titles)
    }

    /// Records whose text has all words, newest of the best first; only such as the caller may read, and found by a
    /// note for staff only where he may read those.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn search(
        &self,
        caller: &Caller,
        text: &str,
        record_type: Option<&str>,
        limit: usize,
    ) -> Result<Vec<SearchHit>, Error> {
        let types: Vec<String> = self
            .registry()
            .types()
            .filter(|t| record_type.is_none_or(|wanted| wanted == t.name) && caller.may(t, &Action::Read))
            .map(|t| t.name.clone())
            .collect();
        let hits = self.hits(caller, text, &types, limit.clamp(1, 200)).await?;
        self.found(caller, text, hits, limit).await
    }

    /// As [`Engine::search`] among the records of one type that meet a condition: the 2,500 best are looked at.
    ///
    /// # Errors
    /// As [`Engine::search`].
    pub async fn search_where(
        &self,
        caller: &Caller,
        text: &str,
        filter: &Condition,
        record_type: &str,
        limit: usize,
    ) -> Result<Vec<SearchHit>, Error> {
        let of = self.readable(caller, record_type)?;
        self.check_sees(caller, &of, filter)?;
        let mut hits = self.hits(caller, text, std::slice::from_ref(&of.name), FILTERED).await?;
        let numbers: Vec<i64> = hits.iter().map(|h| h.record.number).collect();
        let context = self.context(caller);
        let holding = self.store().holding(&of, filter, &context, &numbers).await?;
        hits.retain(|h| holding.contains(&h.record.number));
        hits.truncate(500);
        self.found(caller, text, hits, limit).await
    }

    /// Where the words are, best first, in records of some types: at most `limit`, or 500 where some may be hidden.
    async fn hits(
        &self,
        caller: &Caller,
        text: &str,
        types: &[String],
        limit: usize,
    ) -> Result<Vec<Hit>, Error> {
        if types.is_empty() || text.trim().is_empty() {
            return Ok(Vec::new());
        }
        // of what is only for staff nothing may be learned, not even that a word is in it
        let hidden: Vec<&str> =
            self.registry().types().filter(|t| !caller.reads_notes(t)).map(|t| t.name.as_str()).collect();
        let narrow = types.iter().any(|t| self.registry().get(t).is_some_and(|t| caller.narrow(t).is_some()));
        let asked = if hidden.is_empty() && !narrow { limit } else { limit.max(500) };
        Ok(self.store().search_apart(text, types, &hidden, STAFF_PART, asked).await?)
    }

    /// The records of hits that the caller may see, at most `limit`.
    async fn found(
        &self,
        caller: &Caller,
        text: &str,
        mut hits: Vec<Hit>,
        limit: usize,
    ) -> Result<Vec<SearchHit>, Error> {
        let references: Vec<Reference> = hits.iter().map(|h| h.record.clone()).collect();
        let records = self.seen(caller, self.load_references(&references).await?).await?;
        let mut records: HashMap<Reference, Record> =
            records.into_iter().map(|r| (Reference::new(r.of.name.clone(), r.number), r)).collect();
        hits.retain(|h| {
            let seen = |r: &Record| {
                h.part != "record"
                    || !caller.reads_as_requester(&r.of)
                    || is_found(text, &caller.shown(r.clone()))
            };
            records.get(&h.record).is_some_and(seen)
        });
        hits.truncate(limit.clamp(1, 200));
        let hits = hits.into_iter().filter_map(|h| {
            records.remove(&h.record).map(|r| SearchHit { record: caller.shown(r), part: h.part })
        });
        Ok(hits.collect())
    }

    /// The record that a text names, when it is a reference of a readable record (`INC-1042`, also `inc 1042`).
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn jump(&self, caller: &Caller, text: &str) -> Result<Option<Reference>, Error> {
        let written = text.trim().replace(' ', "-");
        let Some(reference) = self.registry().parse_reference(&written) else { return Ok(None) };
        match self.load(caller, &reference).await {
            Ok(found) => Ok(found.map(|_| reference)),
            Err(Error::Forbidden(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }
}

/// Whether the words of a question stand in what is left of a record.
fn is_found(question: &str, record: &Record) -> bool {
    let searched = record.of.fields.values().filter(|f| f.search).filter_map(|f| record.text(&f.name));
    let text: Vec<String> =
        [record.reference(), record.title()].into_iter().chain(searched.map(str::to_owned)).collect();
    proofdesk_store::search::has_words(&text.join("\n"), question)
}

/// The number that a record's link leads to.
fn link_of(record: &Record, column: &str) -> Option<i64> {
    match record.value(column) {
        Some(Value::Link(number)) => Some(*number),
        _ => None,
    }
}

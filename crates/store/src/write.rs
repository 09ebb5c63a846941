//! The one write: row, relations, search text, entry and jobs of a checked change in one transaction.

mod rows;

use std::collections::HashMap;

use proofdesk_model::entry::{self, Entry};
use proofdesk_model::{Checked, Job, Permit, RecordType, Reference, Registry};
use proofdesk_tlog::Hash;
use uuid::Uuid;

use crate::error::Error;
use crate::migrations::{NUMBERED, TABLES};
use crate::queue;
use crate::search::Document;
use crate::sql::{Dialect, Sql};
use crate::statement::Statement;
use crate::store::{Backend, Store};
use crate::unit::{Done, Step, Unit};

/// What goes with a write in the same transaction.
#[derive(Debug, Clone, Default)]
pub struct Extra {
    /// Id of the write (UUIDv7), unique in the log: the same write is never committed twice.
    pub id: Uuid,
    /// Rows of engine tables.
    pub statements: Vec<Statement>,
    /// Further entries, after the one of the write.
    pub entries: Vec<Entry>,
    /// The text that search finds the record by, beside its title; none leaves it as it is.
    pub search_text: Option<String>,
}

/// Proof that a write is committed and durable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// Ids of its entries, in order.
    pub entries: Vec<i64>,
    /// Leaf of each entry; none while it waits (PostgreSQL).
    pub leaves: Vec<Option<u64>>,
}

/// Entries and rows of engine tables that go with several writes in one transaction.
#[derive(Debug, Clone)]
pub struct Noted {
    /// Proof that they may be written.
    pub permit: Permit,
    /// The entries.
    pub entries: Vec<Entry>,
    /// Rows of engine tables.
    pub statements: Vec<Statement>,
    /// Id of the write, as [`Extra::id`].
    pub id: Uuid,
}

/// What writes would send to the database, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedWrites {
    /// Rows of records, relations, search, engine tables and jobs.
    pub statements: Vec<Sql>,
    /// Entries of the log; each becomes a leaf.
    pub entries: Vec<PlannedEntry>,
}

/// An entry that would be written.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedEntry {
    /// Id of its write.
    pub write_id: Uuid,
    /// Its place within the write, from 0.
    pub seq: i64,
    /// The entry.
    pub entry: Entry,
    /// Hash of its body as a leaf.
    pub leaf_hash: Hash,
}

/// The row of one record over several writes: from the first state to the last.
struct Span<'a> {
    first: &'a Checked,
    last: &'a Checked,
    search_text: Option<&'a str>,
}

impl Store {
    /// Reserves `count` new numbers of a type, or of an engine table with an `id`, and gives the first. Numbers of
    /// writes that fail are not used again while the program runs.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; [`Error::Internal`] when the type has no table; [`Error::Invalid`] for an engine table
    /// that is not numbered this way.
    pub async fn allocate(&self, record_type: &str, count: usize) -> Result<i64, Error> {
        let column = if NUMBERED.contains(&record_type) {
            "id"
        } else if TABLES.contains(&record_type) {
            return Err(Error::Invalid(format!("rows of `{record_type}` are not numbered")));
        } else {
            "number"
        };
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match &*self.backend {
            Backend::Sqlite(sqlite) => sqlite.allocate(record_type, column, count).await,
            Backend::Postgres(postgres) => postgres.allocate(record_type, column, count).await,
        }
    }

    /// Commits a checked and numbered change: row, relations, search text, its entry and its jobs.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::Duplicate`], [`Error::NumberTaken`], [`Error::KeyTaken`], [`Error::NotFound`],
    /// [`Error::Full`], [`Error::Unavailable`], [`Error::Invalid`] for a permit of another type and for a link
    /// change that belongs to the other record's column. Nothing is written then.
    pub async fn write(
        &self,
        permit: &Permit,
        checked: &Checked,
        registry: &Registry,
        extra: Extra,
    ) -> Result<Receipt, Error> {
        let dialect = self.dialect();
        let mut unit = Unit::default();
        let span = Span { first: checked, last: checked, search_text: extra.search_text.as_deref() };
        span.to_steps(dialect, &mut unit)?;
        for job in checked.jobs() {
            unit.steps.push(Step::of(queue::enqueue(job, dialect)));
        }
        follow(permit, checked, registry, extra, dialect, &mut unit)?;
        let done = self.commit_record(unit).await?;
        Ok(Receipt { entries: done.entries, leaves: done.leaves })
    }

    /// Commits many changes in one transaction, for imports. Several changes of one record must follow one another;
    /// each keeps its own entry, and the row is written once.
    ///
    /// # Errors
    /// As [`Store::write`], for the first change that fails; nothing is written then.
    pub async fn write_many(
        &self,
        writes: Vec<(Permit, Checked, Extra)>,
        registry: &Registry,
    ) -> Result<Vec<Receipt>, Error> {
        let (unit, counts) = unit_of(writes, registry, self.dialect())?;
        let done = self.commit_record(unit).await?;
        let mut ids = done.entries.into_iter().zip(done.leaves);
        let receipt = |count: &usize| {
            let (entries, leaves) = ids.by_ref().take(*count).unzip();
            Receipt { entries, leaves }
        };
        Ok(counts.iter().map(receipt).collect())
    }

    /// As [`Store::write_many`], with rows and entries that belong to no record after them.
    ///
    /// # Errors
    /// As [`Store::write_many`] and [`Store::note`]; nothing is written then.
    pub async fn write_together(
        &self,
        writes: Vec<(Permit, Checked, Extra)>,
        notes: Vec<Noted>,
        registry: &Registry,
    ) -> Result<(), Error> {
        let (mut unit, _) = unit_of(writes, registry, self.dialect())?;
        for note in notes {
            self.add_note(&mut unit, &note.permit, note.entries, &note.statements, note.id)?;
        }
        self.commit_record(unit).await.map(|_| ())
    }

    /// Says what [`Store::write_many`] would send for these writes, without sending it: to be measured beside bare SQL
    /// and to be explained.
    ///
    /// # Errors
    /// As [`Store::write_many`], as far as it can be known without the database.
    pub fn plan_writes(
        &self,
        writes: Vec<(Permit, Checked, Extra)>,
        registry: &Registry,
    ) -> Result<PlannedWrites, Error> {
        let (unit, _) = unit_of(writes, registry, self.dialect())?;
        let statements = unit.steps.into_iter().map(|step| step.sql).collect();
        let entries = unit.entries.into_iter().map(|new| PlannedEntry {
            write_id: new.write_id,
            seq: new.seq,
            entry: new.entry,
            leaf_hash: new.hash,
        });
        Ok(PlannedWrites { statements, entries: entries.collect() })
    }

    /// Commits entries with rows of engine tables but without a record's row: comments, attachments, watchers,
    /// sealed runs. Texts for search go in by [`Statement::search_text`].
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn note(
        &self,
        permit: &Permit,
        entries: Vec<Entry>,
        statements: Vec<Statement>,
        id: Uuid,
    ) -> Result<Receipt, Error> {
        let mut unit = Unit::default();
        self.add_note(&mut unit, permit, entries, &statements, id)?;
        let done = self.commit_record(unit).await?;
        Ok(Receipt { entries: done.entries, leaves: done.leaves })
    }

    fn add_note(
        &self,
        unit: &mut Unit,
        permit: &Permit,
        entries: Vec<Entry>,
        statements: &[Statement],
        id: Uuid,
    ) -> Result<(), Error> {
        if let Some(other) = entries.iter().find(|e| e.record.record_type != permit.record_type()) {
            return Err(wrong_permit(permit, &other.record.record_type));
        }
        for statement in statements {
            unit.add(self.dialect(), statement);
        }
        unit.enter(id, entries);
        Ok(())
    }

    async fn commit_record(&self, unit: Unit) -> Result<Done, Error> {
        let result = self.commit(unit).await;
        if let (Err(Error::NumberTaken { record_type, .. }), Backend::Sqlite(sqlite)) =
            (&result, &*self.backend)
        {
            sqlite.forget_number(record_type).await;
        }
        result
    }
}

/// One transaction of many writes, and how many entries belong to each.
fn unit_of(
    writes: Vec<(Permit, Checked, Extra)>,
    registry: &Registry,
    dialect: Dialect,
) -> Result<(Unit, Vec<usize>), Error> {
    let mut unit = Unit::default();
    let spans = spans(&writes)?;
    for span in &spans {
        span.to_steps(dialect, &mut unit)?;
    }
    last_jobs(&writes, dialect, &mut unit);
    let mut counts = Vec::with_capacity(writes.len());
    for (permit, checked, extra) in writes {
        let before = unit.entries.len();
        follow(&permit, &checked, registry, extra, dialect, &mut unit)?;
        counts.push(unit.entries.len() - before);
    }
    Ok((unit, counts))
}

fn wrong_permit(permit: &Permit, record_type: &str) -> Error {
    Error::Invalid(format!("the permit is for {}, the write is for {record_type}", permit.record_type()))
}

/// Appends the jobs of many writes: of each kind and key the last one, which is what the queue would be left with. One
/// that was asked for and withdrawn in the same transaction never was there, unless the record is an older one.
fn last_jobs(writes: &[(Permit, Checked, Extra)], dialect: Dialect, unit: &mut Unit) {
    let mut known: HashMap<(&str, &str), usize> = HashMap::new();
    let mut last: Vec<(&Job, bool)> = Vec::new();
    for (_, checked, _) in writes {
        for job in checked.jobs() {
            let at = *known.entry((job.kind.as_str(), job.key.as_str())).or_insert(last.len());
            match last.get_mut(at) {
                Some(place) => place.0 = job,
                None => last.push((job, checked.before().is_none())),
            }
        }
    }
    for (job, is_new) in last {
        if !(is_new && job.run_at >= Job::NEVER) {
            unit.steps.push(Step::of(queue::enqueue(job, dialect)));
        }
    }
}

/// Appends what belongs to each single write: relations, rows of engine tables and entries.
fn follow(
    permit: &Permit,
    checked: &Checked,
    registry: &Registry,
    extra: Extra,
    dialect: Dialect,
    unit: &mut Unit,
) -> Result<(), Error> {
    let of = &checked.after().of;
    if permit.record_type() != of.name {
        return Err(wrong_permit(permit, &of.name));
    }
    rows::link_steps(checked, dialect, unit)?;
    for statement in &extra.statements {
        unit.add(dialect, statement);
    }
    let own = entry::of_write(checked, registry);
    unit.enter(extra.id, std::iter::once(own).chain(extra.entries));
    Ok(())
}

/// Gathers the writes of each record, in order of first appearance.
fn spans(writes: &[(Permit, Checked, Extra)]) -> Result<Vec<Span<'_>>, Error> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    let mut known: HashMap<(&str, i64), usize> = HashMap::new();
    for (_, checked, extra) in writes {
        let after = checked.after();
        let at = *known.entry((after.of.name.as_str(), after.number)).or_insert(spans.len());
        let search_text = extra.search_text.as_deref();
        match spans.get_mut(at) {
            None => spans.push(Span { first: checked, last: checked, search_text }),
            Some(span) => {
                let last = span.last.after().version;
                if checked.before().map(|b| b.version) != Some(last) {
                    return Err(Error::stale(&reference(&after.of, after.number), Some(last)));
                }
                span.last = checked;
                span.search_text = search_text.or(span.search_text);
            }
        }
    }
    Ok(spans)
}

fn reference(of: &RecordType, number: i64) -> Reference {
    Reference::new(of.name.clone(), number)
}

impl Span<'_> {
    /// Appends the row and what search finds it by.
    fn to_steps(&self, dialect: Dialect, unit: &mut Unit) -> Result<(), Error> {
        let after = self.last.after();
        rows::row_step(self.first.before(), after, dialect, unit)?;
        if let Some(text) = self.search_text {
            let document = Document {
                record: reference(&after.of, after.number),
                part: "record".to_owned(),
                at: after.updated_at,
                title: after.title(),
                text: text.to_owned(),
            };
            document.to_steps(dialect, &mut unit.steps);
        }
        Ok(())
    }
}

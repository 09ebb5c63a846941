//! The one write path: authorize, derive, check, then row, relations, entry and jobs in one transaction.
//!
//! Invariant: every change of every record comes through [`Engine::apply`]; each value in its body can only
//! come from the line above it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use proofdesk_model::entry;
use proofdesk_model::{
    Action, Caller, Change, Checked, Door, Draft, Facts, Kind, Lookup, Permit, Problems, Record, RecordType,
    Reference, Stamp, Value,
};
use proofdesk_store::{Extra, Receipt};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Engine;
use crate::attachment::{Attachment, Received};
use crate::beside::{Along, Beside};
use crate::comment::Audience;
use crate::error::{Conflict, Error, FieldChange};
use crate::spans;
use crate::unentered::unentered;

/// What a change is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A new record of a type.
    New(String),
    /// An existing record; with the version that the writer saw, where one is known.
    Existing(Reference, Option<i64>),
}

/// A file for a field of the record that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFile {
    /// Name of the field.
    pub field: String,
    /// The file.
    pub file: Received,
}

/// A change that is durable.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The record as stored.
    pub record: Record,
    /// Id of its log entry.
    pub entry: i64,
}

impl Engine {
    /// Changes or creates one record now. See [`Engine::apply_at`].
    ///
    /// # Errors
    /// As [`Engine::apply_at`].
    pub async fn apply(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        door: Door,
    ) -> Result<Applied, Error> {
        self.apply_at(caller, target, change, Stamp::now(self.now(), door), Uuid::now_v7()).await
    }

    /// Changes or creates one record. Durable and logged when it returns; `id` makes it happen at most once.
    ///
    /// # Errors
    /// `Forbidden`, `Invalid` with all problems, `NotFound`, `Conflict` with what changed, or that the database is
    /// full or away; in every case nothing was written.
    pub async fn apply_at(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Applied, Error> {
        self.apply_with(caller, target, change, Vec::new(), stamp, id).await
    }

    /// As [`Engine::apply_at`], with files and engine rows that are written in the same transaction.
    ///
    /// # Errors
    /// As [`Engine::apply_at`].
    pub async fn apply_beside(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        beside: Beside,
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Applied, Error> {
        self.apply_whole(caller, target, change, (Vec::new(), beside), stamp, id).await
    }

    /// As [`Engine::apply_at`], with files for fields of kind file: each becomes an attachment of the record in the
    /// same transaction, for the customer where the field is public, else for staff.
    ///
    /// # Errors
    /// As [`Engine::apply_at`].
    pub async fn apply_with(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        files: Vec<FieldFile>,
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Applied, Error> {
        self.apply_whole(caller, target, change, (files, Beside::default()), stamp, id).await
    }

    /// The write path, as one span of a trace.
    async fn apply_whole(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        along: (Vec<FieldFile>, Beside),
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Applied, Error> {
        let span = spans::of_write(stamp.door);
        let steps = self.apply_steps(caller, target, change, along, stamp, id);
        let written = steps.instrument(span.clone()).await;
        spans::ended(&span, written.is_ok());
        written
    }

    async fn apply_steps(
        &self,
        caller: &Caller,
        target: Target,
        mut change: Change,
        (files, beside): (Vec<FieldFile>, Beside),
        stamp: Stamp,
        id: Uuid,
    ) -> Result<Applied, Error> {
        let (record_type, current, action, mut missing) =
            self.aim(caller, &target, &change, &BTreeSet::new()).await?;
        let permit =
            record_type.permit(caller, action.clone(), current.as_ref()).map_err(Error::Forbidden)?;
        let files = attachments(&record_type, caller, &stamp, files, &mut change)?;
        missing.0.extend(unentered(caller, &record_type, &action, &change, stamp.door));
        let along = beside.along(&record_type, caller, &stamp, files)?;
        self.guard_against_stale(caller, &target, current.as_ref()).await?;
        missing.into_result().map_err(Error::Invalid)?;
        self.check_files(&record_type, current.as_ref(), &change, &along.files).await?;
        let draft = Draft::new(&record_type, current, change, caller, stamp).map_err(Error::Invalid)?;
        spans::is_about(&record_type.name, &action);
        let facts = self.facts(&draft).await?;
        let checked = self.checked(draft.derive(self.rules(), &facts), &facts).await?;
        let (checked, receipt) = self.write_numbered(&permit, checked, &along, id).await?;
        self.terms().forget(&record_type.name);
        Ok(Applied {
            record: checked.into_record(),
            entry: receipt.entries.first().copied().unwrap_or_default(),
        })
    }

    /// Plans a change that is written together with others: authorized, derived and checked, a new record with its
    /// number. `fresh` are records that the same transaction makes.
    pub(crate) async fn plan(
        &self,
        caller: &Caller,
        target: &Target,
        change: Change,
        stamp: Stamp,
        fresh: &BTreeSet<Reference>,
    ) -> Result<(Permit, Checked, Extra), Error> {
        let (record_type, current, action, mut missing) = self.aim(caller, target, &change, fresh).await?;
        let permit =
            record_type.permit(caller, action.clone(), current.as_ref()).map_err(Error::Forbidden)?;
        missing.0.extend(unentered(caller, &record_type, &action, &change, stamp.door));
        self.guard_against_stale(caller, target, current.as_ref()).await?;
        missing.into_result().map_err(Error::Invalid)?;
        self.check_files(&record_type, current.as_ref(), &change, &[]).await?;
        let draft = Draft::new(&record_type, current, change, caller, stamp).map_err(Error::Invalid)?;
        let facts = self.facts(&draft).await?;
        let mut checked = self.checked(draft.derive(self.rules(), &facts), &facts).await?;
        if checked.after().number == 0 {
            checked = checked.numbered(self.store().allocate(&record_type.name, 1).await?);
        }
        let extra = self.extra(&permit, &checked, &Along::default(), Uuid::now_v7());
        Ok((permit, checked, extra))
    }

    /// Says what would stand in the way of a change, all problems at once, without writing anything; empty when it
    /// would succeed. Pages ask it for what a record still owes.
    ///
    /// # Errors
    /// `NotFound` or a fault of the database.
    pub async fn rehearse(
        &self,
        caller: &Caller,
        target: Target,
        change: Change,
        door: Door,
    ) -> Result<proofdesk_model::Problems, Error> {
        let stamp = Stamp::now(self.now(), door);
        let (record_type, current, action, _) = self.aim(caller, &target, &change, &BTreeSet::new()).await?;
        if let Err(problems) = record_type.permit(caller, action, current.as_ref()) {
            return Ok(problems);
        }
        let draft = match Draft::new(&record_type, current, change, caller, stamp) {
            Ok(draft) => draft,
            Err(problems) => return Ok(problems),
        };
        let facts = self.facts(&draft).await?;
        match self.checked(draft.derive(self.rules(), &facts), &facts).await {
            Ok(_) => Ok(proofdesk_model::Problems::default()),
            Err(Error::Invalid(problems)) => Ok(problems),
            Err(other) => Err(other),
        }
    }

    /// Reads what a write is about, in one go: the record with its relations, and whether what it will link to exists.
    /// What the caller does not see does not exist; what is made in the same transaction (`fresh`) does.
    async fn aim(
        &self,
        caller: &Caller,
        target: &Target,
        change: &Change,
        fresh: &BTreeSet<Reference>,
    ) -> Result<(Arc<RecordType>, Option<Record>, Action, Problems), Error> {
        let (name, number) = match target {
            Target::New(name) => (name, None),
            Target::Existing(reference, _) => (&reference.record_type, Some(reference.number)),
        };
        let of = self.require_type(name)?;
        let links = self.links_to(&of, change);
        let mut asked: BTreeMap<&str, (Arc<RecordType>, BTreeSet<i64>)> = BTreeMap::new();
        for (_, to, known) in &links {
            if let Some(known) = known {
                let (_, numbers) = asked.entry(&to.record_type).or_insert((known.clone(), BTreeSet::new()));
                numbers.insert(to.number);
            }
        }
        let asked: Vec<(Arc<RecordType>, Vec<i64>)> =
            asked.into_values().map(|(of, numbers)| (of, numbers.into_iter().collect())).collect();
        let (record, present) = self.store().load_to_write(&of, number, &asked).await?;
        let closed: Vec<Reference> = links
            .iter()
            .filter(|(_, to, known)| {
                let is_me = to.record_type == "person" && caller.person == Some(to.number);
                !is_me && known.as_ref().is_some_and(|of| !caller.reads_all(of))
            })
            .map(|(_, to, _)| to.clone())
            .collect();
        let seen = self.seen_references(caller, &closed).await?;
        let mut missing = Problems::default();
        for (field, to, known) in links.iter().filter(|(_, to, known)| known.is_none() || !fresh.contains(to))
        {
            // a type that the field does not lead to was not asked for
            if known.is_none() || !present.contains(to) || (closed.contains(to) && !seen.contains(to)) {
                let name = self.registry().write_reference(to);
                let message = format!("There is no {name} to link to.");
                missing.push(proofdesk_model::Problem::new(field, "link", message));
            }
        }
        match (number, record) {
            (None, _) => Ok((of, None, Action::Create, missing)),
            (Some(number), None) => Err(Error::NotFound(of.reference(number))),
            (Some(_), Some(record)) => {
                // who may not read the type at all is told that he may not, whatever the record
                let narrow = caller.reads_own(&of) || caller.narrow(&of).is_some();
                if narrow && caller.may(&of, &Action::Read) && !self.is_seen(caller, &record).await? {
                    return Err(Error::NotFound(record.reference()));
                }
                let action = change.transition.clone().map_or(Action::Update, Action::Transition);
                Ok((of, Some(record), action, missing))
            }
        }
    }

    /// The records that a change links to, with the type where the field leads to it.
    fn links_to(
        &self,
        of: &RecordType,
        change: &Change,
    ) -> Vec<(String, Reference, Option<Arc<RecordType>>)> {
        let single = change.set.iter().filter_map(|(column, value)| match value {
            Value::Link(number) => Some((column, Reference::new(of.field(column)?.target()?, *number))),
            _ => None,
        });
        let many = change.links.iter().filter(|l| l.add).map(|l| (&l.relation, l.to.clone()));
        let known = |field: &str, to: &Reference| {
            let wanted = of.field(field).and_then(|f| f.target());
            let wanted = wanted.or_else(|| of.inverses.get(field).map(|i| i.from.as_str()));
            self.registry().get(&to.record_type).filter(|t| wanted == Some(t.name.as_str())).cloned()
        };
        single
            .chain(many)
            .map(|(field, to)| {
                let found = known(field, &to);
                (field.clone(), to, found)
            })
            .collect()
    }

    async fn guard_against_stale(
        &self,
        caller: &Caller,
        target: &Target,
        current: Option<&Record>,
    ) -> Result<(), Error> {
        match (target, current) {
            (Target::Existing(_, Some(seen)), Some(record)) if *seen != record.version => {
                Err(self.conflict(caller, record, *seen).await?)
            }
            _ => Ok(()),
        }
    }

    /// Says what changed since a version, from the entries.
    pub(crate) async fn conflict(
        &self,
        caller: &Caller,
        record: &Record,
        expected: i64,
    ) -> Result<Error, Error> {
        let reference = Reference::new(record.of.name.clone(), record.number);
        let mut changed = Vec::new();
        for item in self
            .history_for(caller, &reference, None, 200)
            .await?
            .into_iter()
            .rev()
            .filter(|i| i.version > expected)
        {
            for change in item.changes {
                changed.push(FieldChange {
                    field: change.field,
                    label: change.label,
                    value: change.new,
                    by: item.by.clone(),
                    at: item.at,
                });
            }
        }
        Ok(Error::Conflict(Box::new(Conflict {
            reference: record.reference(),
            expected,
            current: record.version,
            changed,
        })))
    }

    /// Refuses files that are none of the record.
    async fn check_files(
        &self,
        of: &RecordType,
        current: Option<&Record>,
        change: &Change,
        files: &[Attachment],
    ) -> Result<(), Error> {
        let mut problems = proofdesk_model::Problems::default();
        for (column, value) in &change.set {
            let Some(field) = of.field(column).filter(|f| matches!(f.kind, Kind::File)) else { continue };
            let Value::Text(id) = value else { continue };
            let unchanged = current.is_some_and(|r| r.text(column) == Some(id));
            if unchanged || files.iter().any(|f| f.id == *id) {
                continue;
            }
            let known = match current {
                Some(record) => self.has_attachment(record, id).await?,
                None => false,
            };
            if !known {
                let short: String = id.chars().filter(|c| !c.is_control()).take(40).collect();
                let message = format!(
                    "{}: the record has no attachment `{short}`. Add the file to the record first, then name its id.",
                    field.label
                );
                problems.push(proofdesk_model::Problem::new(column, "file", message));
            }
        }
        problems.into_result().map_err(Error::Invalid)
    }

    /// Answers the look-ups of rules and guards.
    pub(crate) async fn facts(&self, draft: &Draft) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        self.look_up(draft, draft.lookups(self.rules()), &mut facts).await?;
        self.look_up(draft, draft.lookups_beyond(&facts), &mut facts).await?;
        Ok(facts)
    }

    async fn look_up(&self, draft: &Draft, wanted: Vec<Lookup>, facts: &mut Facts) -> Result<(), Error> {
        for lookup in wanted {
            let found = match &lookup {
                Lookup::All(name) => self.terms().all(self, name).await?,
                Lookup::One(reference) => match self.registry().get(&reference.record_type) {
                    Some(of) => {
                        Arc::new(self.store().load(of, reference.number).await?.into_iter().collect())
                    }
                    None => Arc::default(),
                },
                Lookup::Related(relation) => Arc::new(self.related_after(draft, relation).await?),
            };
            facts.insert(lookup, found);
        }
        Ok(())
    }

    /// Records related to a draft, after its link changes.
    async fn related_after(&self, draft: &Draft, relation: &str) -> Result<Vec<Record>, Error> {
        let mut references = draft.after().links.get(relation).cloned().unwrap_or_default();
        let changed = || draft.links().iter().filter(|l| l.relation == relation);
        let named: HashSet<&Reference> = changed().map(|l| &l.to).collect();
        references.retain(|r| !named.contains(r));
        references.extend(changed().filter(|l| l.add).map(|l| l.to.clone()));
        self.load_references(&references).await
    }

    /// Gives a new record its number and writes it. Where another program wrote to the same file meanwhile and took
    /// the number, the next one is tried.
    async fn write_numbered(
        &self,
        permit: &Permit,
        checked: Checked,
        along: &Along,
        id: Uuid,
    ) -> Result<(Checked, Receipt), Error> {
        const TRIES: usize = 8;
        if checked.after().number != 0 {
            let receipt = self.store_with(permit, &checked, along, id).await?;
            return Ok((checked, receipt));
        }
        for _ in 0..TRIES {
            let number = self.store().allocate(&checked.after().of.name, 1).await?;
            let numbered = checked.clone().numbered(number);
            match self.store_with(permit, &numbered, along, id).await {
                Err(Error::Taken) => {}
                other => return other.map(|receipt| (numbered, receipt)),
            }
        }
        Err(Error::Unavailable)
    }

    pub(crate) async fn store_write(
        &self,
        permit: &Permit,
        checked: &Checked,
        id: Uuid,
    ) -> Result<Receipt, Error> {
        self.store_with(permit, checked, &Along::default(), id).await
    }

    /// What goes with the write of a record.
    fn extra(&self, permit: &Permit, checked: &Checked, along: &Along, id: Uuid) -> Extra {
        let (record, stamp) = (checked.after(), checked.stamp());
        let told = |f: &Attachment| entry::of_note(record, permit.caller(), stamp, "attach", f.note());
        Extra {
            id,
            statements: along.statements(record).into_iter().chain(self.begun(checked)).collect(),
            entries: along.files.iter().map(told).collect(),
            search_text: search_text(checked),
        }
    }

    async fn store_with(
        &self,
        permit: &Permit,
        checked: &Checked,
        along: &Along,
        id: Uuid,
    ) -> Result<Receipt, Error> {
        let extra = self.extra(permit, checked, along, id);
        match self.store().write(permit, checked, self.registry(), extra).await {
            Ok(receipt) => Ok(receipt),
            Err(proofdesk_store::Error::Conflict { .. }) => {
                let record = checked.after();
                let present = self.store().load(&record.of, record.number).await?;
                match present {
                    Some(present) => {
                        Err(self.conflict(checked.caller(), &present, record.version - 1).await?)
                    }
                    None => Err(Error::NotFound(record.reference())),
                }
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Writes an entry that belongs to a record without changing its columns, with engine rows.
    pub(crate) async fn note(
        &self,
        permit: &Permit,
        record: &Record,
        stamp: &Stamp,
        action: &str,
        note: serde_json::Value,
        statements: Vec<proofdesk_store::Statement>,
    ) -> Result<Receipt, Error> {
        self.note_once(permit, record, stamp, action, note, statements, Uuid::now_v7()).await
    }

    /// As [`Engine::note`]; `id` makes it happen at most once.
    #[allow(clippy::too_many_arguments, reason = "the parts of one entry, given by three callers")]
    pub(crate) async fn note_once(
        &self,
        permit: &Permit,
        record: &Record,
        stamp: &Stamp,
        action: &str,
        note: serde_json::Value,
        statements: Vec<proofdesk_store::Statement>,
        id: Uuid,
    ) -> Result<Receipt, Error> {
        let entry = entry::of_note(record, permit.caller(), stamp, action, note);
        Ok(self.store().note(permit, vec![entry], statements, id).await?)
    }
}

/// Makes attachments of the files of a change, and their ids values of their fields.
fn attachments(
    of: &RecordType,
    caller: &Caller,
    stamp: &Stamp,
    files: Vec<FieldFile>,
    change: &mut Change,
) -> Result<Vec<Attachment>, Error> {
    if !files.is_empty() {
        of.permit(caller, Action::Attach, None).map_err(Error::Forbidden)?;
    }
    let mut made = Vec::with_capacity(files.len());
    for FieldFile { field: name, file } in files {
        let field = of.field(&name).filter(|f| matches!(f.kind, Kind::File));
        let field = field.ok_or_else(|| {
            Error::invalid(&name, "unknown", format!("`{name}` is no file of {}.", of.plural.to_lowercase()))
        })?;
        let audience = if field.public { Audience::Customer } else { Audience::Staff };
        change.set.insert(name, Value::Text(file.id().to_owned()));
        made.push(file.into_attachment(caller, stamp, audience));
    }
    Ok(made)
}

/// The text by which a record is found, where a searched field changed.
pub(crate) fn search_text(checked: &Checked) -> Option<String> {
    let record = checked.after();
    let searched: Vec<_> = record.of.fields.values().filter(|f| f.search).collect();
    let same =
        checked.before().is_some_and(|b| searched.iter().all(|f| b.value(&f.name) == record.value(&f.name)));
    if searched.is_empty() || same {
        return None;
    }
    let mut text = record.reference();
    for field in searched {
        if let Some(part) = record.text(&field.name) {
            text.push('\n');
            text.push_str(part);
        }
    }
    Some(text)
}

//! Which records of a type a caller sees: what is his own, and what the declared narrowing of the type leaves him.
//!
//! Invariant: every read of records for a person comes through here or through a list, which has the same conditions;
//! a record that he does not see does not exist for him.
//! Not here: which types and fields he sees ([`proofdesk_model::access`]).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use proofdesk_model::{Action, Caller, Condition, Problem, Problems, Record, RecordType, Reference};

use crate::Engine;
use crate::error::Error;

impl Engine {
    /// Those of some records that the caller may see, in the same order. Relations need not be loaded.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn seen(&self, caller: &Caller, mut records: Vec<Record>) -> Result<Vec<Record>, Error> {
        records.retain(|r| caller.may_see(r));
        let mut narrowed: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for record in records.iter().filter(|r| caller.narrow(&r.of).is_some()) {
            narrowed.entry(record.of.name.clone()).or_default().push(record.number);
        }
        for (name, numbers) in narrowed {
            let shown = self.within(caller, &name, &numbers).await?;
            records.retain(|r| r.of.name != name || shown.contains(&r.number));
        }
        Ok(records)
    }

    /// Whether the caller may see one record.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn is_seen(&self, caller: &Caller, record: &Record) -> Result<bool, Error> {
        if !caller.may_see(record) {
            return Ok(false);
        }
        if caller.narrow(&record.of).is_none() {
            return Ok(true);
        }
        Ok(self.within(caller, &record.of.name, &[record.number]).await?.contains(&record.number))
    }

    /// Those of some records that the caller may see; what does not exist is left out.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn seen_references(
        &self,
        caller: &Caller,
        references: &[Reference],
    ) -> Result<HashSet<Reference>, Error> {
        let (open, closed): (Vec<&Reference>, Vec<&Reference>) = references
            .iter()
            .partition(|r| self.registry().get(&r.record_type).is_some_and(|of| caller.reads_all(of)));
        let mut found: HashSet<Reference> = open.into_iter().cloned().collect();
        let closed: Vec<Reference> = closed.into_iter().cloned().collect();
        let records = self.seen(caller, self.load_references(&closed).await?).await?;
        found.extend(records.iter().map(|r| Reference::new(r.of.name.clone(), r.number)));
        Ok(found)
    }

    /// Takes from a record's relations the ends that a narrowing keeps from the caller.
    pub(crate) async fn without_hidden_ends(
        &self,
        caller: &Caller,
        record: &mut Record,
    ) -> Result<(), Error> {
        // all ends of a relation are of one type
        let narrow = |others: &[Reference]| {
            let of = others.first().and_then(|r| self.registry().get(&r.record_type));
            of.is_some_and(|of| caller.narrow(of).is_some())
        };
        let closed = record.links.values().filter(|others| narrow(others));
        let ends: Vec<Reference> = closed.flatten().cloned().collect();
        if ends.is_empty() {
            return Ok(());
        }
        let seen = self.seen_references(caller, &ends).await?;
        for others in record.links.values_mut().filter(|others| narrow(others)) {
            others.retain(|r| seen.contains(r));
        }
        record.links.retain(|_, others| !others.is_empty());
        Ok(())
    }

    /// Gives records of one type the relations to many that it declares, with the ends that the caller may see: for
    /// tables, which show more than one record. Inverses are not among them.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn with_declared_links(&self, caller: &Caller, records: &mut [Record]) -> Result<(), Error> {
        let Some(of) = records.first().map(|r| r.of.clone()) else { return Ok(()) };
        let numbers: Vec<i64> = records.iter().map(|r| r.number).collect();
        let mut links = self.store().declared_links(&of, Some(&numbers)).await?;
        for found in links.values_mut() {
            found.retain(|relation, _| caller.sees(&of, relation));
        }
        let ends: BTreeSet<Reference> =
            links.values().flat_map(BTreeMap::values).flatten().cloned().collect();
        let seen = self.seen_references(caller, &ends.into_iter().collect::<Vec<_>>()).await?;
        for record in records {
            let mut found = links.remove(&record.number).unwrap_or_default();
            for others in found.values_mut() {
                others.retain(|r| seen.contains(r));
            }
            record.links = found;
        }
        Ok(())
    }

    /// The numbers for which the narrowing of a type holds for the caller; all where there is none.
    async fn within(&self, caller: &Caller, name: &str, numbers: &[i64]) -> Result<HashSet<i64>, Error> {
        let of = self.require_type(name)?;
        let Some(condition) = caller.narrow(&of) else { return Ok(numbers.iter().copied().collect()) };
        Ok(self.store().holding(&of, condition, &self.context(caller), numbers).await?)
    }

    /// Refuses a condition over what the caller does not see, as if there were no such field: what is not public, for
    /// a requester; a type that he, or the scope of his token, does not read; and anything of other records that a
    /// narrowing may keep from him, also whether there are any.
    ///
    /// # Errors
    /// `Invalid` with one problem (code `condition`) for each such field.
    pub fn check_sees(&self, caller: &Caller, of: &RecordType, filter: &Condition) -> Result<(), Error> {
        let as_requester = caller.reads_as_requester(of);
        let fields = filter.fields();
        let unseen = fields.iter().filter(|path| {
            let Some(at) = self.registry().get(&path.record_type) else { return as_requester };
            let closed = !caller.may(at, &Action::Read) || (as_requester && !caller.sees(at, &path.field));
            let elsewhere = !path.steps.is_empty();
            closed
                || (elsewhere && caller.narrow(at).is_some())
                || self.leads_to_narrowed(caller, at, &path.field)
        });
        let problems = unseen.map(|path| {
            let message = format!("`{}` is not a field of {}", path.field, path.record_type);
            Problem::new("filter", "condition", message)
        });
        Problems(problems.collect()).into_result().map_err(Error::Invalid)
    }

    /// Whether a relation is to records that a narrowing may keep from the caller. A single link is no such relation:
    /// it is a value of its own record, and tells no more than a reference.
    fn leads_to_narrowed(&self, caller: &Caller, of: &RecordType, name: &str) -> bool {
        let to = match of.field(name) {
            Some(field) => field.target().filter(|_| field.columns().is_empty()),
            None => of.inverses.get(name).map(|inverse| inverse.from.as_str()),
        };
        to.and_then(|to| self.registry().get(to)).is_some_and(|to| caller.narrow(to).is_some())
    }

    /// A condition narrowed to what the caller may see of a type.
    pub(crate) fn narrowed(
        &self,
        caller: &Caller,
        of: &RecordType,
        filter: Option<&Condition>,
    ) -> Result<Option<Condition>, Error> {
        if let Some(filter) = filter {
            self.check_sees(caller, of, filter)?;
        }
        let narrow = caller.narrow(of);
        let own = caller.own(of);
        if own.is_none() && (narrow.is_none() || filter.is_none()) {
            return Ok(narrow.or(filter).cloned());
        }
        // on lines of its own: a comment at the end of one must not swallow the bracket
        let parts = [own.as_deref(), narrow.map(Condition::source), filter.map(Condition::source)];
        let parts: Vec<String> = parts.into_iter().flatten().map(|p| format!("(\n{p}\n)")).collect();
        self.condition(&parts.join(" && "), &of.name).map(Some)
    }
}

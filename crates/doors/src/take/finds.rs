//! Which records a message means, and whether one of them asks for quiet.

use std::collections::BTreeMap;

use proofdesk_condition::quoted;
use proofdesk_engine::{Error, ListRequest, Record, Reference};
use proofdesk_model::{StateKind, Value};

use super::Work;
use crate::declare::{Find, Way};

/// How long quiet lasts where the record that asks for it says no end, microseconds.
const QUIET: i64 = 900_000_000;

/// Whether work on a record goes on.
pub(super) fn is_open(record: &Record) -> bool {
    let kind = record.of.state(&record.state).map(|state| state.kind);
    !matches!(kind, Some(StateKind::Done | StateKind::Closed))
}

/// The records that a message means, and what it names that is not there.
#[derive(Default)]
pub(super) struct Found {
    pub records: BTreeMap<String, Reference>,
    pub missing: Vec<String>,
    /// Something was named that several records are.
    pub several: bool,
}

/// Something that asks for quiet, and until when.
pub(super) struct Hush {
    pub by: Reference,
    pub until: i64,
}

impl Work<'_> {
    pub(super) async fn find_all(&self) -> Result<Found, Error> {
        let mut found = Found::default();
        for find in &self.door.finds {
            let one = self.find(find, &mut found).await?;
            match one {
                Ok(Some(reference)) => {
                    found.records.insert(find.name.clone(), reference);
                }
                Ok(None) => {}
                Err(named) => found.missing.push(named),
            }
        }
        Ok(found)
    }

    /// The record; none where nothing names one; what was named where that is no one record.
    async fn find(
        &self,
        find: &Find,
        before: &mut Found,
    ) -> Result<Result<Option<Reference>, String>, Error> {
        let mut named = None;
        for way in &find.ways {
            let candidates = match way {
                Way::Reference(template) => {
                    let text = template.fill(self.inputs);
                    let read = self.engine.registry().parse_reference(&text);
                    match read.filter(|r| r.record_type == find.record_type) {
                        // whoever says the reference means this record, whatever its state
                        Some(reference) if self.engine.load(self.caller(), &reference).await?.is_some() => {
                            return Ok(Ok(Some(reference)));
                        }
                        Some(_) => {
                            named.get_or_insert(text);
                            Vec::new()
                        }
                        None => Vec::new(),
                    }
                }
                Way::By(field, template) => {
                    let text = template.fill(self.inputs);
                    if text.is_empty() || text.contains('\n') {
                        continue;
                    }
                    let listed = self.by(&find.record_type, field, &text).await?;
                    named.get_or_insert(text);
                    listed
                }
                Way::Via(other, relation) => match before.records.get(other) {
                    Some(other) => self.via(other, relation).await?,
                    None => Vec::new(),
                },
            };
            let mut present = candidates.iter().filter(|r| is_open(r));
            match (present.next(), present.next()) {
                (Some(one), None) => return Ok(Ok(Some(Reference::new(one.of.name.clone(), one.number)))),
                (Some(_), Some(_)) => before.several = true,
                (None, _) => {}
            }
        }
        Ok(named.map_or(Ok(None), |named| Err(format!("{} `{named}`", find.name))))
    }

    async fn by(&self, record_type: &str, field: &str, text: &str) -> Result<Vec<Record>, Error> {
        let filter = self.engine.condition(&format!("{field} == {}", quoted(text)), record_type)?;
        let request = ListRequest {
            record_type: record_type.to_owned(),
            filter: Some(filter),
            sort: "number".to_owned(),
            descending: true,
            after: None,
            limit: 20,
        };
        Ok(self.engine.list(self.caller(), &request).await?.records)
    }

    async fn via(&self, other: &Reference, relation: &str) -> Result<Vec<Record>, Error> {
        let Some(record) = self.engine.load(self.caller(), other).await? else { return Ok(Vec::new()) };
        let single = record.of.field(relation).and_then(|f| f.target()).map(str::to_owned);
        match (single, record.value(relation)) {
            (Some(to), Some(Value::Link(number))) => {
                let to = Reference::new(to, *number);
                Ok(self.engine.load(self.caller(), &to).await?.into_iter().collect())
            }
            (_, Some(_)) => Ok(Vec::new()),
            (_, None) => self.engine.related(self.caller(), &record, relation).await,
        }
    }

    /// What asks for quiet now, the longest first.
    pub(super) async fn hush(&self, found: &Found) -> Result<Option<Hush>, Error> {
        let now = self.engine.now();
        let mut longest: Option<Hush> = None;
        for quiet in &self.door.quiet {
            let Some(reference) = found.records.get(&quiet.of) else { continue };
            let related = self.via(reference, &quiet.via).await?;
            let numbers: Vec<i64> = related.iter().map(|r| r.number).collect();
            let Some(first) = related.first() else { continue };
            let context = self.engine.context(self.caller());
            let holding = self.engine.store().holding(&first.of, &quiet.filter, &context, &numbers).await?;
            for record in related.iter().filter(|r| holding.contains(&r.number)) {
                let until = record.instant(&quiet.until).filter(|until| *until > now).unwrap_or(now + QUIET);
                if longest.as_ref().is_none_or(|hush| hush.until < until) {
                    let by = Reference::new(quiet.record_type.clone(), record.number);
                    longest = Some(Hush { by, until });
                }
            }
        }
        Ok(longest)
    }
}

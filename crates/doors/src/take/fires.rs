//! Something is the case: its record is made, or told of what is new.

use proofdesk_engine::{Case, Change, Error, Record, Reference, Target};
use proofdesk_model::Kind;
use proofdesk_model::format::write_instant;
use proofdesk_store::Statement;

use super::finds::{Found, Hush, is_open};
use super::{Done, Outcome, TRIES, Work};
use crate::declare::Open;
use crate::inputs::Inputs;

impl Work<'_> {
    pub(super) async fn fires(&self, open: &Open) -> Result<Done, Error> {
        for _ in 0..TRIES {
            let case = self.engine.case(&self.door.name, &self.new.key).await?;
            if let Some(case) = &case {
                let record = self.engine.load(self.caller(), &case.record).await?;
                match record.filter(is_open) {
                    Some(record) => match self.goes_on(open, case, &record).await? {
                        Some(done) => return Ok(done),
                        None => continue,
                    },
                    None if case.episode == self.new.episode => {
                        return Ok(self.done(
                            Outcome::Unchanged,
                            Some(&case.record),
                            "its record is done already",
                        ));
                    }
                    None => {}
                }
            }
            let found = self.find_all().await?;
            if let Some(hush) = self.hush(&found).await? {
                return self.keep_quiet(&hush).await;
            }
            if let Some(done) = self.make(open, &found, case.as_ref()).await? {
                return Ok(done);
            }
        }
        Err(Error::Unavailable)
    }

    /// Makes the record; none where somebody else moved the case meanwhile.
    async fn make(&self, open: &Open, found: &Found, case: Option<&Case>) -> Result<Option<Done>, Error> {
        let change = match self.new_record(open, found) {
            Ok(change) => change,
            Err(error) => return Ok(Some(self.refused(error))),
        };
        let (what, way) = ((open.record_type.as_str(), change), (self.stamp(), self.id("open")));
        match self.engine.open_case(self.caller(), what, way, &self.new, case).await {
            Ok(applied) => {
                let record = Reference::new(open.record_type.clone(), applied.record.number);
                let reason = match found.missing.as_slice() {
                    [] => String::new(),
                    missing => format!("There is no one record for {}.", missing.join(", ")),
                };
                if !reason.is_empty() {
                    self.note(&record, "missing", &reason).await?;
                }
                Ok(Some(self.done(Outcome::Opened, Some(&record), reason)))
            }
            Err(error) => {
                if self.engine.case(&self.door.name, &self.new.key).await?.as_ref() != case {
                    return Ok(None);
                }
                match error {
                    Error::Invalid(_) => Ok(Some(self.refused(error))),
                    other => Err(other),
                }
            }
        }
    }

    fn new_record(&self, open: &Open, found: &Found) -> Result<Change, Error> {
        let of = self.engine.require_type(&open.record_type)?;
        let mut change = Change::default();
        for (field, value) in self.values(&of, &open.sets)? {
            change.set.insert(field, value);
        }
        for find in &self.door.finds {
            let (Some(link), Some(to)) = (&find.link, found.records.get(&find.name)) else { continue };
            let many = of.field(link).is_none_or(|f| matches!(f.kind, Kind::Links { .. }));
            change = if many {
                change.link(link, to.clone())
            } else {
                change.with(link, proofdesk_model::Value::Link(to.number))
            };
        }
        Ok(change)
    }

    /// Keeps it, looks again when the quiet is over, and tells whoever asked for it.
    async fn keep_quiet(&self, hush: &Hush) -> Result<Done, Error> {
        self.engine.store().execute(vec![Statement::enqueue(&self.job(hush.until))]).await?;
        let reference = self.engine.registry().write_reference(&hush.by);
        let reason = format!("quiet until {} because of {reference}", write_instant(hush.until));
        let text = format!("{} was quiet because of this: {}", self.door.label, self.new.key);
        if let Err(error) = self.note(&hush.by, "quiet", &text).await
            && !matches!(error, Error::Forbidden(_))
        {
            return Err(error);
        }
        Ok(self.done(Outcome::Quiet, Some(&hush.by), reason))
    }

    /// Tells an open record what is new; none where somebody else moved the case meanwhile.
    async fn goes_on(&self, open: &Open, case: &Case, record: &Record) -> Result<Option<Done>, Error> {
        let old = Inputs::parse(&case.inputs);
        let mut told: Vec<String> = Vec::new();
        if case.over || case.episode != self.new.episode {
            told.push("It is the case again.".to_owned());
        }
        for name in &open.follow {
            let (before, now) =
                (old.get(name).unwrap_or_default(), self.inputs.get(name).unwrap_or_default());
            if before != now {
                told.push(format!("{name}: {before} → {now}"));
            }
        }
        if told.is_empty() {
            return Ok(Some(self.done(Outcome::Unchanged, Some(&case.record), "")));
        }
        let text = format!("{}\n\n{}", self.door.label, told.join("\n\n"));
        self.note(&case.record, &format!("update {} {}", case.times, self.new.inputs), &text).await?;
        let reason = match self.follow_fields(open, &old, record).await {
            Ok(()) => String::new(),
            Err(Error::Conflict(_)) => return Ok(None),
            Err(error @ (Error::Invalid(_) | Error::Forbidden(_))) => error.to_string(),
            Err(error) => return Err(error),
        };
        let moved = self.engine.move_case(&self.new, case, false).await?;
        Ok(moved.then(|| self.done(Outcome::Updated, Some(&case.record), reason)))
    }

    /// Sets those fields anew that follow the message, as long as they are as the message before had them.
    async fn follow_fields(&self, open: &Open, old: &Inputs, record: &Record) -> Result<(), Error> {
        let sets: Vec<_> = open.sets.iter().filter(|s| open.update.contains(&s.field)).cloned().collect();
        let before = Work { inputs: old, new: self.new.clone(), ..*self };
        let (before, now) = (before.values(&record.of, &sets)?, self.values(&record.of, &sets)?);
        let mut change = Change::default();
        for (field, value) in now {
            let was = before.iter().find(|(name, _)| *name == field).map(|(_, value)| value);
            if was != Some(&value) && was == record.value(&field) {
                change.set.insert(field, value);
            }
        }
        if change.is_empty() {
            return Ok(());
        }
        let target =
            Target::Existing(Reference::new(record.of.name.clone(), record.number), Some(record.version));
        let id = self.id(&format!("follow {} {}", record.version, self.new.inputs));
        self.engine.apply_at(self.caller(), target, change, self.stamp(), id).await.map(|_| ())
    }
}

//! What a door writes: values, notes and steps, each at most once.

use std::borrow::Cow;

use proofdesk_engine::{
    Audience, COMMENT_MAX, Change, Door as Way, Error, Reference, Stamp, Target, write_id,
};
use proofdesk_model::format::{self, Input};
use proofdesk_model::{Field, Kind, Record, RecordType, Value};
use uuid::Uuid;

use super::{TRIES, Work};
use crate::declare::{Set, Step};

/// What became of the steps on a record.
pub(super) enum Stepped {
    /// So many were taken now.
    Taken(usize),
    /// One was refused, and why.
    Refused(Error),
}

impl Work<'_> {
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::now(self.engine.now(), Way::Api)
    }

    /// The id of a write: of door, case and what it is.
    pub(super) fn id(&self, what: &str) -> Uuid {
        let scope = format!("door {}", self.door.name);
        write_id(&scope, &self.new.key, format!("{}\n{what}", self.new.episode).as_bytes())
    }

    /// The values that some settings give, later ones before earlier ones; what is empty is not set.
    pub(super) fn values(&self, of: &RecordType, sets: &[Set]) -> Result<Vec<(String, Value)>, Error> {
        let mut values: Vec<(String, Value)> = Vec::new();
        for set in sets.iter().filter(|set| self.holds(set.when.as_ref())) {
            let Some(field) = of.field(&set.field) else { continue };
            let text = set.value.fill(self.inputs);
            if text.is_empty() {
                continue;
            }
            let value = self.value(field, set.value.fixed(), &text)?;
            values.retain(|(name, _)| *name != set.field);
            values.push((set.field.clone(), value));
        }
        Ok(values)
    }

    fn value(&self, field: &Field, fixed: Option<&str>, text: &str) -> Result<Value, Error> {
        if let Some(value) = fixed.and_then(|text| format::literal(field, text, self.caller(), &self.stamp()))
        {
            return Ok(value);
        }
        let text = match field.kind {
            // a title is one line, however much there is to say
            Kind::Text { max } => text.lines().next().unwrap_or_default().chars().take(max).collect(),
            _ => text.to_owned(),
        };
        let input = Input { zone: &jiff::tz::TimeZone::UTC, registry: self.engine.registry() };
        format::parse(field, &text, &input).map_err(|says| Error::invalid(&field.name, "format", says))
    }

    /// Writes a note for the staff, once. Gives whether it was written now.
    pub(super) async fn note(&self, on: &Reference, what: &str, text: &str) -> Result<bool, Error> {
        if text.trim().is_empty() {
            return Ok(false);
        }
        let text = shortened(text);
        let id = self.id(what);
        if self.engine.written(id).await?.is_some() {
            return Ok(false);
        }
        match self.engine.comment_once(self.caller(), on, Audience::Staff, &text, self.stamp(), id).await {
            Ok(_) => Ok(true),
            Err(_) if self.engine.written(id).await?.is_some() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes those steps whose conditions hold, in order, each once.
    pub(super) async fn steps(&self, on: &Reference, steps: &[Step], what: &str) -> Result<Stepped, Error> {
        let mut taken = 0;
        for (at, step) in steps.iter().enumerate().filter(|(_, step)| self.holds(step.when.as_ref())) {
            let id = self.id(&format!("{what} step {at} {}", step.transition));
            match self.step(on, step, id).await {
                Ok(written) => taken += usize::from(written),
                Err(error @ (Error::Invalid(_) | Error::Forbidden(_))) => return Ok(Stepped::Refused(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(Stepped::Taken(taken))
    }

    async fn step(&self, on: &Reference, step: &Step, id: Uuid) -> Result<bool, Error> {
        for _ in 0..TRIES {
            if self.engine.written(id).await?.is_some() {
                return Ok(false);
            }
            let record = self.engine.require(self.caller(), on).await?;
            if !self.fits(&record, step).await? {
                return Ok(false);
            }
            let mut change = Change::default();
            if !step.transition.is_empty() {
                change = change.take(&step.transition);
            }
            for (field, value) in self.values(&record.of, &step.sets)? {
                change.set.insert(field, value);
            }
            let target = Target::Existing(on.clone(), Some(record.version));
            match self.engine.apply_at(self.caller(), target, change, self.stamp(), id).await {
                Ok(_) => return Ok(true),
                Err(Error::Conflict(_)) => {}
                Err(_) if self.engine.written(id).await?.is_some() => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Err(Error::Unavailable)
    }

    /// Whether a step's condition over the record holds.
    async fn fits(&self, record: &Record, step: &Step) -> Result<bool, Error> {
        let Some(filter) = &step.filter else { return Ok(true) };
        let context = self.engine.context(self.caller());
        let holding = self.engine.store().holding(&record.of, filter, &context, &[record.number]).await?;
        Ok(!holding.is_empty())
    }
}

/// A text as long as a comment may be, with a mark where something was left out; the message itself is kept whole.
fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(COMMENT_MAX - 2) {
        Some((end, _)) if text.chars().count() > COMMENT_MAX => format!("{}\n…", &text[..end]).into(),
        _ => text.into(),
    }
}

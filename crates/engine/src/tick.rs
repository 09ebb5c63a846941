//! Instants that were reached: a clock's, and that of a transition which a record takes by itself.
//!
//! A record is derived anew and written only if something happened. Not here: who sets these timers (the rules `clocks`
//! and `timed`), and who waits for them (`jobs`).

use proofdesk_model::{Action, Caller, Change, Door, Draft, Reference, Stamp, format};
use uuid::Uuid;

use crate::Engine;
use crate::apply::Target;
use crate::comment::Audience;
use crate::error::Error;
use crate::read::ListRequest;

/// As whom the program writes what an instant brings.
const CLOCK: &str = "Clock";
/// Tries against concurrent writes.
const TRIES: usize = 5;

impl Engine {
    /// Lets a record's rules see the present instant, so that at-risk and breach are written when they happen.
    /// Returns whether anything was written. A concurrent write is simply tried again.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn tick(&self, reference: &Reference) -> Result<bool, Error> {
        for _ in 0..TRIES {
            match self.tick_once(reference).await {
                Err(Error::Conflict(_)) => {}
                other => return other,
            }
        }
        Err(Error::Unavailable)
    }

    async fn tick_once(&self, reference: &Reference) -> Result<bool, Error> {
        let of = self.require_type(&reference.record_type)?;
        let Some(mut record) = self.store().load(&of, reference.number).await? else { return Ok(false) };
        if !of.relations().is_empty() {
            record.links = self.store().links(reference, &of, None).await?;
        }
        let caller = Caller::system(CLOCK);
        let stamp = Stamp::now(self.now(), Door::Clock);
        let permit = of.permit(&caller, Action::Update, Some(&record)).map_err(Error::Forbidden)?;
        let draft =
            Draft::new(&of, Some(record), Change::default(), &caller, stamp).map_err(Error::Invalid)?;
        let facts = self.facts(&draft).await?;
        let checked =
            draft.derive(self.rules(), &facts).check(self.rules(), &facts).map_err(Error::Invalid)?;
        if checked.differences().is_empty() {
            return Ok(false);
        }
        self.store_write(&permit, &checked, Uuid::now_v7()).await?;
        self.terms().forget(&of.name);
        Ok(true)
    }

    /// Takes a transition whose instant (`at` of its declaration) has come, as the program, once: the record leaves the
    /// states from which it starts. It happened at that instant, also if the program was down then; the entry has the
    /// time of the write. Where a guard refuses, a note for the staff says so and nothing else is written. Returns
    /// whether the transition was taken.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn take_due(&self, reference: &Reference, transition: &str) -> Result<bool, Error> {
        for _ in 0..TRIES {
            match self.take_due_once(reference, transition).await {
                Err(Error::Conflict(_)) => {}
                other => return other,
            }
        }
        Err(Error::Unavailable)
    }

    async fn take_due_once(&self, reference: &Reference, transition: &str) -> Result<bool, Error> {
        let of = self.require_type(&reference.record_type)?;
        let Some(step) = of.transition(transition) else { return Ok(false) };
        let Some(record) = self.store().load(&of, reference.number).await? else { return Ok(false) };
        let now = self.now();
        let due = step.at.as_deref().and_then(|field| record.instant(field));
        let Some(due) = due.filter(|due| *due <= now && step.from.contains(&record.state)) else {
            return Ok(false);
        };
        let caller = Caller::system(CLOCK);
        let stamp = Stamp { at: now, occurred_at: due.max(record.updated_at).min(now), door: Door::Clock };
        let target = Target::Existing(reference.clone(), Some(record.version));
        let change = Change::default().take(transition);
        match self.apply_at(&caller, target, change, stamp, Uuid::now_v7()).await {
            Ok(_) => Ok(true),
            Err(Error::Invalid(problems)) => {
                let why: Vec<String> = problems.0.iter().map(|p| p.message.clone()).collect();
                let body = format!(
                    "{} was due by itself at {} and was refused: {}",
                    step.label,
                    format::write_instant(due),
                    why.join(" ")
                );
                self.comment(&caller, reference, Audience::Staff, &body, Door::Clock).await?;
                Ok(false)
            }
            Err(other) => Err(other),
        }
    }

    /// Lets every clock look again that counted inside an interval (microseconds UTC) by one of these agreements
    /// (references), because an exclusion was approved or withdrawn. Returns how many records were written.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn look_again(&self, from: i64, to: i64, agreements: &[String]) -> Result<usize, Error> {
        let caller = Caller::system(CLOCK);
        let mut written = 0;
        let types: Vec<_> = self.registry().types().filter(|t| !t.clocks.is_empty()).cloned().collect();
        for of in types {
            let filter = concerned(&of, from, to, agreements);
            let filter = self.condition(&filter, &of.name)?;
            let mut request = ListRequest {
                record_type: of.name.clone(),
                filter: Some(filter),
                sort: "number".to_owned(),
                descending: false,
                after: None,
                limit: 200,
            };
            loop {
                let page = self.list(&caller, &request).await?;
                for record in &page.records {
                    written += usize::from(self.tick(&Reference::new(&of.name, record.number)).await?);
                }
                let Some(next) = page.next else { break };
                request.after = Some(next);
            }
        }
        Ok(written)
    }
}

/// The condition of records with a clock by one of these agreements that was not at rest before the interval.
fn concerned(of: &proofdesk_model::RecordType, from: i64, to: i64, agreements: &[String]) -> String {
    let (from, to) = (format::write_instant(from), format::write_instant(to));
    let clocks = of.clocks.iter().map(|clock| {
        let name = &clock.name;
        let by = agreements.iter().map(|a| format!("{name}_agreement.startsWith(\"{a} \")"));
        let by: Vec<String> = by.collect();
        let start = if clock.start.is_empty() { "created_at" } else { &clock.start };
        format!(
            "({name}_agreement != null && ({}) && {start} < timestamp(\"{to}\") \
             && ({name}_stopped_at == null || {name}_stopped_at > timestamp(\"{from}\")))",
            if by.is_empty() { "false".to_owned() } else { by.join(" || ") }
        )
    });
    clocks.collect::<Vec<String>>().join(" || ")
}

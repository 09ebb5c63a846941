//! Carries out a door: a message comes in, records are made, told of, stepped on; once, however often it is sent.

mod ends;
mod finds;
mod fires;
mod on;
mod write;

use proofdesk_engine::{Caller, CaseEvent, Engine, Error, NewCase, Problem, Problems, Reference};
use proofdesk_model::{Condition, Job, Outcome as Holds};
use serde_json::{Value as Json, json};

use crate::Doors;
use crate::declare::Door;
use crate::inputs::Inputs;

/// Kind of the jobs that look at a quiet message again.
pub const JOB: &str = "door";
/// Most items of one message.
const ITEMS_MAX: usize = 1_000;
/// Longest key, characters.
const KEY_MAX: usize = 400;
/// Tries against others who write to the same case.
const TRIES: usize = 8;

/// In whose name a message comes.
#[derive(Debug, Clone)]
pub struct Asker {
    /// As whom it acts.
    pub caller: Caller,
    /// The account, for what goes on later.
    pub account: Option<i64>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A record was made.
    Opened,
    /// The record was told of what is new.
    Updated,
    /// Nothing is new.
    Unchanged,
    /// The case is over, and the record was told and stepped.
    Over,
    /// It falls into an agreed time of quiet; looked at again at its end.
    Quiet,
    /// A step was taken, or a note written.
    Done,
    /// It could not be carried out; the reason says why.
    Refused,
    /// The door has nothing to do with it.
    Ignored,
}

impl Outcome {
    /// The word in answers and rows.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Over => "over",
            Self::Quiet => "quiet",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Ignored => "ignored",
        }
    }
}

/// What became of an item, with its record and why.
#[derive(Debug, Clone)]
pub struct Done {
    /// The key of the item.
    pub key: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The record.
    pub record: Option<Reference>,
    /// Why; may be empty.
    pub reason: String,
    /// What stood in the way, where it was refused.
    pub problems: Problems,
}

/// Carries out a message: each of its items, in order.
///
/// # Errors
/// `Invalid` for a message without the list that the door reads; `Forbidden` where the account may not do what the door
/// does, and for who only reads as a requester, before any case is looked at; a fault of the database: send the message
/// again, what was done is not done twice.
pub async fn take(engine: &Engine, door: &Door, asker: &Asker, message: &Json) -> Result<Vec<Done>, Error> {
    if asker.caller.is_mere_requester() {
        let says = "A door is for programs of the desk; this account is a customer's.";
        return Err(Error::Forbidden(Problems(vec![Problem::new("", "permission", says)])));
    }
    let items: Vec<&Json> = match &door.each {
        None => vec![message],
        Some(name) => match message.get(name).and_then(Json::as_array) {
            Some(items) => items.iter().collect(),
            None => {
                let says = format!("A message to this door has a list `{name}`.");
                return Err(Error::invalid(name, "required", says));
            }
        },
    };
    if items.len() > ITEMS_MAX {
        let says = format!("A message has at most {ITEMS_MAX} items.");
        return Err(Error::invalid(door.each.as_deref().unwrap_or_default(), "size", says));
    }
    let mut done = Vec::with_capacity(items.len());
    for item in items {
        let inputs = Inputs::read(&door.inputs, message, item);
        done.push(one(engine, door, asker, &inputs).await?);
    }
    Ok(done)
}

/// Looks again at a message that was quiet, or at nothing where its door or account is gone.
///
/// # Errors
/// As [`take`].
pub async fn again(engine: &Engine, doors: &Doors, job: &Job) -> Result<(), Error> {
    let text = |name: &str| job.payload.get(name).and_then(Json::as_str).unwrap_or_default();
    let account = job.payload.get("account").and_then(Json::as_i64);
    let (Some(door), Some(account)) = (doors.get(text("door")), account) else { return Ok(()) };
    let Some(caller) = engine.caller_of_account(account, text("scope")).await? else { return Ok(()) };
    let inputs = Inputs::parse(text("inputs"));
    one(engine, door, &Asker { caller, account: Some(account) }, &inputs).await?;
    Ok(())
}

/// Carries out one item and keeps what became of it.
async fn one(engine: &Engine, door: &Door, asker: &Asker, inputs: &Inputs) -> Result<Done, Error> {
    let work = Work::new(engine, door, asker, inputs);
    let outcome = work.carry_out().await;
    let (kept, reason) = match &outcome {
        Ok(done) => (Some(done.outcome), done.reason.clone()),
        Err(error @ Error::Forbidden(_)) => (Some(Outcome::Refused), error.to_string()),
        Err(_) => (None, String::new()),
    };
    if let Some(kept) = kept.filter(|o| !matches!(o, Outcome::Unchanged | Outcome::Ignored)) {
        let event = CaseEvent {
            id: String::new(),
            at: engine.now(),
            door: door.name.clone(),
            key: work.new.key.clone(),
            account: asker.account,
            outcome: kept.as_str().to_owned(),
            record: outcome.as_ref().ok().and_then(|done| done.record.clone()),
            reason,
            payload: inputs.written(),
        };
        engine.keep_case_event(event).await?;
    }
    outcome
}

/// One item on its way.
struct Work<'a> {
    engine: &'a Engine,
    door: &'a Door,
    asker: &'a Asker,
    inputs: &'a Inputs,
    new: NewCase,
}

impl<'a> Work<'a> {
    fn new(engine: &'a Engine, door: &'a Door, asker: &'a Asker, inputs: &'a Inputs) -> Self {
        let new = NewCase {
            door: door.name.clone(),
            key: door.key.fill(inputs).chars().filter(|c| !c.is_control()).take(KEY_MAX + 1).collect(),
            episode: door.episode.fill(inputs),
            inputs: inputs.written(),
        };
        Self { engine, door, asker, inputs, new }
    }

    fn caller(&self) -> &Caller {
        &self.asker.caller
    }

    async fn carry_out(&self) -> Result<Done, Error> {
        if self.new.key.is_empty() || self.new.key.chars().count() > KEY_MAX {
            let says = format!("The message has no key of at most {KEY_MAX} characters.");
            return Ok(self.refused(Error::invalid("key", "required", says)));
        }
        if let Some(on) = &self.door.on {
            return Box::pin(self.on(on)).await;
        }
        let open = self.door.open.as_ref().filter(|open| self.holds(Some(&open.when)));
        let over = self.door.over.as_ref().filter(|over| self.holds(Some(&over.when)));
        match (open, over) {
            (_, Some(over)) => self.ends(over).await,
            (Some(open), None) => self.fires(open).await,
            (None, None) => Ok(self.done(Outcome::Ignored, None, "")),
        }
    }

    /// Whether a condition over the message holds; none holds.
    fn holds(&self, condition: Option<&Condition>) -> bool {
        let context = self.engine.context(self.caller());
        condition.is_none_or(|c| c.evaluate(self.inputs, &context) == Holds::True)
    }

    fn done(&self, outcome: Outcome, record: Option<&Reference>, reason: impl Into<String>) -> Done {
        Done {
            key: self.new.key.clone(),
            outcome,
            record: record.cloned(),
            reason: reason.into(),
            problems: Problems::default(),
        }
    }

    /// What was refused by the desk's rules, with all problems.
    fn refused(&self, error: Error) -> Done {
        let reason = error.to_string();
        let problems = match error {
            Error::Invalid(problems) => problems,
            _ => Problems::default(),
        };
        Done { problems, ..self.done(Outcome::Refused, None, reason) }
    }

    /// The job that looks at this item again.
    fn job(&self, run_at: i64) -> Job {
        let scope = self.caller().scope.as_ref().map(proofdesk_model::access::Scope::write);
        Job {
            kind: JOB.to_owned(),
            key: format!("{}/{}", self.door.name, self.new.key),
            run_at,
            payload: json!({
                "door": self.door.name,
                "account": self.asker.account,
                "scope": scope.unwrap_or_default(),
                "inputs": self.new.inputs,
            }),
        }
    }
}

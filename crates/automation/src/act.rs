//! Carrying an automation out on one record.

use proofdesk_engine::read::ListRequest;
use proofdesk_engine::{
    Audience, Caller, Change, Door, Engine, Error as Fault, Reference, Stamp, Target, follow, write_id,
};
use proofdesk_model::{Condition, Field, Kind, Record, Value, format, places};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::declared::{Act, Automation, Automations, Pick};
use crate::error::Error;

/// That a condition began to hold: the payload of the engine's job.
#[derive(Debug, Clone, Deserialize)]
pub struct Beginning {
    /// The automation.
    pub follow: String,
    /// Type of the record.
    #[serde(rename = "type")]
    pub record_type: String,
    /// Its number.
    pub number: i64,
    /// Its version since which the condition holds.
    pub version: i64,
    /// How many writes of automations led here.
    pub depth: u64,
}

/// The longest account of what was refused, in characters.
const SAID_MAX: usize = 2_000;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Done,
    /// It no longer holds, or what must hold besides does not.
    Over,
    /// Something was refused, with the reasons; the record has a note that says so.
    Refused(String),
}

/// The name under which an automation writes.
pub(crate) fn author(name: &str) -> String {
    format!("Automation {name}")
}

/// A text with the record's values in its places.
pub(crate) fn filled(text: &str, record: &Record, engine: &Engine) -> String {
    places::filled(text, |place| shown(place, record, engine))
}

fn shown(place: &str, record: &Record, engine: &Engine) -> String {
    let field = match place {
        "reference" => return record.reference(),
        "state" => return record.state.clone(),
        other => record.of.field(other),
    };
    match (field, record.get(place)) {
        (_, Value::Null) | (None, _) => String::new(),
        (Some(field), Value::Link(number)) => match field.target() {
            Some(to) => engine.registry().write_reference(&Reference::new(to, number)),
            None => String::new(),
        },
        (Some(field), value) => format::show(field, &value, &jiff::tz::TimeZone::UTC),
    }
}

/// What an automation would do to a record.
pub(crate) struct Plan {
    /// Values and step of the record itself.
    pub change: Change,
    /// Why values cannot be set.
    pub refused: Vec<String>,
    /// Why the step cannot be taken.
    pub barred: Option<String>,
}

impl Plan {
    /// Everything that cannot be done, in words.
    pub fn all_refused(self) -> Vec<String> {
        self.refused.into_iter().chain(self.barred).collect()
    }
}

impl Automations {
    /// Carries an automation out. Done again after an interruption, it goes on where it was.
    ///
    /// # Errors
    /// A fault of the database; a refusal is an [`Outcome`].
    pub async fn carry_out(&self, engine: &Engine, begun: &Beginning) -> Result<Outcome, Error> {
        // what was taken out of the files in the meantime is not done
        let Ok(automation) = self.get(&begun.follow) else { return Ok(Outcome::Over) };
        let on = Reference::new(begun.record_type.clone(), begun.number);
        let run =
            Run { engine, automation, begun, on: &on, caller: Caller::system(&author(&automation.name)) };
        let was_begun = run.was_begun().await?;
        let Some(record) = engine.load(&run.caller, &on).await? else { return Ok(Outcome::Over) };
        if !was_begun && !holds(engine, &run.caller, automation, &record).await? {
            return Ok(Outcome::Over);
        }
        let mut refused = run.change(&record).await?;
        for (place, act) in automation.acts.iter().enumerate() {
            // the customer is told of what was done, not of what was meant
            let is_told = matches!(act, Act::Comment { audience: Audience::Customer, .. });
            if !is_told || refused.is_empty() {
                refused.extend(run.beside(&record, place, act).await?);
            }
        }
        if refused.is_empty() {
            return Ok(Outcome::Done);
        }
        let why: String = refused.join(" ").chars().take(SAID_MAX).collect();
        let body = format!("The automation “{}” could not do all that it should: {why}", automation.name);
        run.say(Audience::Staff, &body, usize::MAX).await?;
        Ok(Outcome::Refused(why))
    }
}

/// Whether the conditions of an automation hold for a record as it is.
pub(crate) async fn holds(
    engine: &Engine,
    caller: &Caller,
    automation: &Automation,
    record: &Record,
) -> Result<bool, Error> {
    let context = engine.context(caller);
    if automation.when.evaluate(record, &context) != proofdesk_model::Outcome::True {
        return Ok(false);
    }
    let Some(also) = &automation.also else { return Ok(true) };
    let source = format!("number == {} && ({})", record.number, also.source());
    let asked = engine.condition(&source, &record.of.name)?;
    Ok(!found(engine, caller, &asked, 1).await?.is_empty())
}

async fn found(
    engine: &Engine,
    caller: &Caller,
    asked: &Condition,
    most: usize,
) -> Result<Vec<Record>, Error> {
    let request = ListRequest {
        record_type: asked.record_type().to_owned(),
        filter: Some(asked.clone()),
        sort: String::new(),
        descending: false,
        after: None,
        limit: most,
    };
    Ok(engine.list(caller, &request).await?.records)
}

/// What is to be changed on the record itself, without what it has already.
pub(crate) async fn plan(
    engine: &Engine,
    caller: &Caller,
    automation: &Automation,
    record: &Record,
    stamp: &Stamp,
) -> Result<Plan, Error> {
    let mut plan = Plan { change: Change::default(), refused: Vec::new(), barred: None };
    for act in &automation.acts {
        let (name, value) = match act {
            Act::Set { field, value } => {
                let Some(of) = record.of.field(field) else { continue };
                (field, value_of(engine, of, record, value, caller, stamp))
            }
            Act::Assign { field, pick } => (field, picked(engine, caller, record, pick).await?),
            Act::Take(step) => {
                let can = record.of.transition(step).is_some_and(|t| t.from.contains(&record.state));
                if can {
                    plan.change.transition = Some(step.clone());
                } else {
                    plan.barred = Some(format!("The step {step} does not lead from {}.", record.state));
                }
                continue;
            }
            _ => continue,
        };
        match value {
            Ok(value) if record.get(name) == value => {}
            Ok(value) => {
                plan.change.set.insert(name.clone(), value);
            }
            Err(says) => plan.refused.push(format!("{name}: {says}")),
        }
    }
    Ok(plan)
}

/// A value of the file for a field; texts have their places filled from `record`.
fn value_of(
    engine: &Engine,
    field: &Field,
    record: &Record,
    written: &str,
    caller: &Caller,
    stamp: &Stamp,
) -> Result<Value, String> {
    let input = format::Input { zone: &jiff::tz::TimeZone::UTC, registry: engine.registry() };
    let text = filled(written, record, engine);
    match written {
        "now" | "today" if !matches!(field.kind, Kind::Text { .. } | Kind::Markdown) => {
            let value = format::literal(field, written, caller, stamp);
            value.ok_or_else(|| format!("`{written}` is no value of {}.", field.label))
        }
        _ => format::parse(field, &text, &input),
    }
}

async fn picked(
    engine: &Engine,
    caller: &Caller,
    record: &Record,
    pick: &Pick,
) -> Result<Result<Value, String>, Error> {
    match pick {
        Pick::Where(condition) => {
            let found = found(engine, caller, condition, 2).await?;
            Ok(match found.as_slice() {
                [one] => Ok(Value::Link(one.number)),
                [] => Err(format!("no {} is one where {}.", condition.record_type(), condition.source())),
                _ => Err(format!(
                    "more than one {} is one where {}.",
                    condition.record_type(),
                    condition.source()
                )),
            })
        }
        Pick::From(link, far) => {
            let to = record.of.field(link).and_then(|f| f.target());
            let (Some(to), Value::Link(number)) = (to, record.get(link)) else {
                return Ok(Err(format!("{link} is empty.")));
            };
            let other = engine.load(caller, &Reference::new(to, number)).await?;
            Ok(match other.map(|other| other.get(far)) {
                None | Some(Value::Null) => Err(format!("{link}.{far} is empty.")),
                Some(value) => Ok(value),
            })
        }
    }
}

/// One carrying out.
struct Run<'a> {
    engine: &'a Engine,
    automation: &'a Automation,
    begun: &'a Beginning,
    on: &'a Reference,
    caller: Caller,
}

impl Run<'_> {
    /// The id of a write: 0 the change of the record, then each act by its place.
    fn id(&self, place: usize) -> Uuid {
        let begun = self.begun;
        let scope = format!("automation {}", begun.follow);
        let key = format!("{}/{}/{}", begun.record_type, begun.number, begun.version);
        write_id(&scope, &key, &place.to_be_bytes())
    }

    /// Whether anything of it was written before: an interruption goes on, whatever holds by now.
    async fn was_begun(&self) -> Result<bool, Error> {
        for place in 0..=self.automation.acts.len() {
            if self.engine.written(self.id(place)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn stamp(&self) -> Stamp {
        Stamp::now(self.engine.now(), Door::Rule)
    }

    fn because(&self) -> serde_json::Value {
        follow::because(&self.automation.name, self.begun.depth + 1)
    }

    /// Writes once; what is refused comes back in words.
    async fn write(&self, target: Target, mut change: Change, place: usize) -> Result<Vec<String>, Error> {
        if self.engine.written(self.id(place)).await?.is_some() {
            return Ok(Vec::new());
        }
        change.note = Some(self.because());
        let written = self.engine.apply_at(&self.caller, target, change, self.stamp(), self.id(place)).await;
        refusal(written.map(|_| ()))
    }

    /// Values and step of the record itself, in one write.
    async fn change(&self, record: &Record) -> Result<Vec<String>, Error> {
        let mut plan = plan(self.engine, &self.caller, self.automation, record, &self.stamp()).await?;
        if self.engine.written(self.id(0)).await?.is_some() {
            // what could be set is set by now, and the step was taken with it
            return Ok(plan.refused);
        }
        if !plan.change.is_empty() {
            let target = Target::Existing(self.on.clone(), None);
            let change = std::mem::take(&mut plan.change);
            plan.refused.extend(self.write(target, change, 0).await?);
        }
        Ok(plan.all_refused())
    }

    /// What is done beside the record's own values.
    async fn beside(&self, record: &Record, place: usize, act: &Act) -> Result<Vec<String>, Error> {
        match act {
            Act::Set { .. } | Act::Assign { .. } | Act::Take(_) => Ok(Vec::new()),
            Act::Comment { audience, text } => {
                self.say(*audience, &filled(text, record, self.engine), place + 1).await
            }
            Act::Notify(field) => {
                // the value may be of a moment ago
                let present = self.engine.load(&self.caller, self.on).await?;
                let Some(present) = present else { return Ok(Vec::new()) };
                let person = match field.split_once('.') {
                    Some((link, far)) => {
                        let pick = Pick::From(link.to_owned(), far.to_owned());
                        picked(self.engine, &self.caller, &present, &pick).await?.ok()
                    }
                    None => Some(present.get(field)),
                };
                let Some(Value::Link(person)) = person else {
                    return Ok(vec![format!("{field} is empty: nobody to notify.")]);
                };
                self.engine.watch_for(&self.caller, self.on, person, Door::Rule).await?;
                Ok(Vec::new())
            }
            Act::Open { record_type, link, copies, sets } => {
                match self.new_record(record, record_type, link, copies, sets)? {
                    Ok(change) => self.write(Target::New(record_type.clone()), change, place + 1).await,
                    Err(says) => Ok(vec![says]),
                }
            }
        }
    }

    fn new_record(
        &self,
        record: &Record,
        record_type: &str,
        link: &str,
        copies: &[String],
        sets: &[(String, String)],
    ) -> Result<Result<Change, String>, Error> {
        let of = self.engine.require_type(record_type)?;
        let mut change = Change::default();
        for name in copies {
            match record.get(name) {
                Value::Null => {}
                value => _ = change.set.insert(name.clone(), value),
            }
        }
        for (name, written) in sets {
            let Some(field) = of.field(name) else { continue };
            match value_of(self.engine, field, record, written, &self.caller, &self.stamp()) {
                Ok(value) => _ = change.set.insert(name.clone(), value),
                Err(says) => return Ok(Err(format!("{name}: {says}"))),
            }
        }
        let is_single = of.field(link).is_some_and(|field| !field.columns().is_empty());
        Ok(Ok(if is_single {
            change.with(link, Value::Link(record.number))
        } else {
            change.link(link, self.on.clone())
        }))
    }

    /// Says something once; what is refused comes back in words.
    async fn say(&self, audience: Audience, body: &str, place: usize) -> Result<Vec<String>, Error> {
        let id = self.id(place);
        if self.engine.written(id).await?.is_some() {
            return Ok(Vec::new());
        }
        let said = self.engine.comment_once(&self.caller, self.on, audience, body, self.stamp(), id).await;
        refusal(said.map(|_| ()))
    }
}

/// What was refused, in words; a fault stays one.
fn refusal(written: Result<(), Fault>) -> Result<Vec<String>, Error> {
    match written {
        Ok(()) => Ok(Vec::new()),
        Err(Fault::Invalid(problems) | Fault::Forbidden(problems)) => {
            Ok(problems.0.into_iter().map(|p| p.message).collect())
        }
        Err(other) => Err(other.into()),
    }
}

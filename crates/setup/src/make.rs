//! What is planned meets the desk: what is there already, what is new, and making it.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use proofdesk_condition::quoted;
use proofdesk_engine::{
    Action, Caller, Change, Door, Engine, LinkChange, ListRequest, Problem, Record, Reference, Stamp, Target,
    write_id,
};
use proofdesk_model::format::{Input, day_of, parse, parse_day, show, write_day};
use proofdesk_model::template;
use proofdesk_model::{Field, Kind as FieldKind, RecordType, Value};

use crate::answer::{Answers, Known, Wrong, day};
use crate::differ::Difference;
use crate::error::Error;
use crate::guide::Guide;
use crate::kept;
use crate::plan::{Plan, Planned, Words};

/// Whose keys the ids of writes are made from.
const SCOPE: &str = "set-up";
/// Stands for a record that is not made yet, while it is looked at what would be refused.
const NOWHERE: i64 = 1_000_000_000_000;
/// Most rows that a question begins with.
const ROWS: usize = 50;

/// How a planned record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is not there yet.
    New,
    /// Set-up made it.
    Made(Reference),
    /// The desk had it before; it is kept as it is.
    Present(Reference),
    /// It is not made: the desk has records of its own of this type.
    Spared,
}

/// A planned record on this desk.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Its type.
    pub of: String,
    /// What it is called.
    pub title: String,
    /// How it stands.
    pub standing: Standing,
    /// The label of the state in which it will be left.
    pub state: String,
    /// Where it is not as the answers say; it is kept as it is.
    pub differs: Vec<Difference>,
}

/// Outcomes of one type.
#[derive(Debug, Clone)]
pub struct Group {
    /// The type.
    pub of: String,
    /// Its records, in order.
    pub outcomes: Vec<Outcome>,
}

/// Everything that set-up makes, by type, in the order in which it is made.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// The types.
    pub groups: Vec<Group>,
}

impl Summary {
    /// Records that are not as the answers say.
    pub fn differing(&self) -> impl Iterator<Item = &Outcome> {
        self.groups.iter().flat_map(|g| &g.outcomes).filter(|o| !o.differs.is_empty())
    }

    /// How many are new, were made, and were there before.
    pub fn counts(&self) -> (usize, usize, usize) {
        let mut counts = (0, 0, 0);
        for outcome in self.groups.iter().flat_map(|g| &g.outcomes) {
            match outcome.standing {
                Standing::New => counts.0 += 1,
                Standing::Spared => {}
                Standing::Made(_) => counts.1 += 1,
                Standing::Present(_) => counts.2 += 1,
            }
        }
        counts
    }
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// Records made in this run.
    pub made: usize,
    /// Steps that were not taken, with the reason: the record stays as it was created.
    pub left: Vec<String>,
}

/// A desk that is set up: by whom, and in which zone times are meant.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The questions.
    pub guide: &'a Guide,
    /// Who sets up.
    pub caller: &'a Caller,
    /// By which way.
    pub door: Door,
    /// The desk's zone: that of what is there. Answers mean the zone that they name themselves, unless it is chosen.
    pub zone: &'a TimeZone,
    /// The operator has chosen the zone: it holds for answers, too.
    pub is_zoned: bool,
}

/// References by key.
pub(crate) type Keys = HashMap<String, Reference>;

impl Desk<'_> {
    /// The desk with the zone in which a plan means its times: the one that it will have once the plan is made.
    pub(crate) fn as_answered<'d>(&'d self, plan: &'d Plan) -> Desk<'d> {
        Desk { zone: plan.zone.as_ref().filter(|_| !self.is_zoned).unwrap_or(self.zone), ..*self }
    }

    /// What the desk knows before anything is answered.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn known(&self) -> Result<Known, Error> {
        let me = if self.caller.system { String::new() } else { self.caller.name.clone() };
        let zone = self.zone.iana_name().unwrap_or("UTC").to_owned();
        let mut known = Known { me, today: day_of(self.engine.now()), zone, ..Known::default() };
        for question in self.guide.questions() {
            let (Some(name), Some(rows)) = (&question.from, question.rows()) else { continue };
            let of = self.engine.require_type(name)?;
            let filter = question.filter.as_deref().map(|f| self.engine.condition(f, name)).transpose()?;
            let request = ListRequest {
                record_type: name.clone(),
                filter,
                sort: String::new(),
                descending: false,
                after: None,
                limit: ROWS,
            };
            let page = self.engine.list(self.caller, &request).await?;
            let titles = self.engine.titles(self.caller, &page.records).await?;
            let cell = |record: &Record, name: &str| match (of.field(name), record.get(name)) {
                (Some(field), Value::Link(number)) => {
                    let to = Reference::new(field.target().unwrap_or_default(), number);
                    titles.get(&to).cloned().unwrap_or_default()
                }
                (Some(field), Value::Text(text)) if matches!(field.kind, FieldKind::Choice(_)) => text,
                (Some(field), value) if value != Value::Null => show(field, &value, self.zone),
                _ => String::new(),
            };
            let row = |r: &Record| rows.columns.iter().map(|c| cell(r, &c.name)).collect();
            known.rows.insert(question.name.clone(), page.records.iter().map(row).collect());
        }
        Ok(known)
    }

    /// Whether the desk has none of the records that set-up makes. Those that the first question begins with, the
    /// people, do not count: who has an account is one of them.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        let people = self.guide.questions().find_map(|q| q.from.as_ref());
        let mut seen = std::collections::BTreeSet::new();
        for make in self.guide.makes.iter().filter(|m| Some(&m.of) != people) {
            if seen.insert(&make.of) && self.engine.count(self.caller, &make.of, None, Some(1)).await? > 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How each planned record stands.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn look(&self, plan: &Plan) -> Result<Vec<Standing>, Error> {
        let mut found = Vec::with_capacity(plan.records.len());
        for planned in &plan.records {
            found.push(self.standing(plan, planned).await?);
        }
        Ok(found)
    }

    async fn standing(&self, plan: &Plan, planned: &Planned) -> Result<Standing, Error> {
        if let Some(reference) = self.engine.written(id(planned, None)).await? {
            return Ok(Standing::Made(reference));
        }
        let present = self.alike(planned).await?.map(Standing::Present);
        if present.is_none() && planned.lone && self.has_own(plan, &planned.of).await? {
            return Ok(Standing::Spared);
        }
        Ok(present.unwrap_or(Standing::New))
    }

    /// The record on the desk that is the same as a planned one.
    async fn alike(&self, planned: &Planned) -> Result<Option<Reference>, Error> {
        let of = self.engine.require_type(&planned.of)?;
        let words = |name: &String| planned.fields.iter().find(|(f, _)| f == name).map(|(_, w)| w.join(" "));
        let mut alike = Vec::new();
        for name in &planned.same {
            let Some(words) = words(name) else { return Ok(None) };
            alike.push(format!("{name} == {}", quoted(&words)));
        }
        if alike.is_empty() {
            return Ok(None);
        }
        let request = ListRequest {
            record_type: of.name.clone(),
            filter: Some(self.engine.condition(&alike.join(" && "), &of.name)?),
            sort: String::new(),
            descending: false,
            after: None,
            limit: 1,
        };
        let page = self.engine.list(self.caller, &request).await?;
        Ok(page.records.first().map(|r| Reference::new(of.name.clone(), r.number)))
    }

    /// Whether the desk has records of a type that set-up did not make.
    async fn has_own(&self, plan: &Plan, of: &str) -> Result<bool, Error> {
        let mut made = 0;
        for planned in plan.records.iter().filter(|p| p.of == of) {
            made += u64::from(self.engine.written(id(planned, None)).await?.is_some());
        }
        Ok(self.engine.count(self.caller, of, None, Some(1_000)).await? > made)
    }

    /// What would be made, by type.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn summary(&self, plan: &Plan) -> Result<Summary, Error> {
        let standings = self.look(plan).await?;
        let differences = self.differences(plan, &standings).await?;
        let mut summary = Summary::default();
        for ((planned, standing), differs) in plan.records.iter().zip(standings).zip(differences) {
            if standing == Standing::Spared {
                continue;
            }
            let of = self.engine.require_type(&planned.of)?;
            let state = self.state_after(&of, planned);
            let title = planned.title.clone();
            let outcome = Outcome { of: of.name.clone(), title, standing, state, differs };
            match summary.groups.iter_mut().find(|g| g.of == of.name) {
                Some(group) => group.outcomes.push(outcome),
                None => summary.groups.push(Group { of: of.name.clone(), outcomes: vec![outcome] }),
            }
        }
        let begun = kept::adopted(self.engine).await?;
        let whole = template::versions(self.engine.registry()).map(|(_, whole)| whole);
        if let Some(of) = whole.filter(|_| !plan.documents.is_empty()) {
            let mut outcomes = Vec::new();
            for (name, title) in &plan.documents {
                let present = self.engine.adopted(self.caller, name).await?;
                let reference = present.first().map(|r| Reference::new(of.name.clone(), r.number));
                let standing = match reference {
                    Some(reference) if begun.contains(name) => Standing::Made(reference),
                    Some(reference) => Standing::Present(reference),
                    None => Standing::New,
                };
                let state = of.state(of.initial_state()).map_or(String::new(), |s| s.label.clone());
                let differs = Vec::new();
                outcomes.push(Outcome {
                    of: of.name.clone(),
                    title: title.clone(),
                    standing,
                    state,
                    differs,
                });
            }
            summary.groups.push(Group { of: of.name.clone(), outcomes });
        }
        Ok(summary)
    }

    /// The label of the state in which a record is left: a step that the caller may not take is left to others.
    fn state_after(&self, of: &RecordType, planned: &Planned) -> String {
        let mut state = of.initial_state().to_owned();
        for name in planned.takes.iter().filter_map(|(name, _)| name.as_ref()) {
            let transition = of.transitions.iter().find(|t| t.name == *name);
            let may = self.caller.may(of, &Action::Transition(name.clone()));
            match transition.filter(|t| may && t.from.contains(&state)) {
                Some(transition) => state.clone_from(&transition.to),
                None => break,
            }
        }
        of.state(&state).map_or(state.clone(), |s| s.label.clone())
    }

    /// Everything that stands in the way, each at its question: what is wrong with answers, and what the desk would
    /// refuse. Nothing is written.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn problems(&self, answers: &Answers, known: &Known) -> Result<Vec<Wrong>, Error> {
        let mut found = answers.wrong(self.guide, known);
        if !found.is_empty() {
            return Ok(found);
        }
        let plan = Plan::of(self.guide, answers, known, self.engine.registry());
        let desk = self.as_answered(&plan);
        for planned in &plan.records {
            if self.standing(&plan, planned).await? != Standing::New {
                continue;
            }
            let of = self.engine.require_type(&planned.of)?;
            let problems = match desk.change(&of, &planned.fields, None) {
                Ok(change) => {
                    let target = Target::New(of.name.clone());
                    self.engine.rehearse(self.caller, target, change, self.door).await?.0
                }
                Err(problem) => vec![problem],
            };
            for problem in problems {
                let wrong = self.wrong(planned, &of, &problem);
                if !found.contains(&wrong) {
                    found.push(wrong);
                }
            }
        }
        Ok(found)
    }

    fn wrong(&self, planned: &Planned, of: &RecordType, problem: &Problem) -> Wrong {
        let at = planned.sources.get(&problem.field).cloned().unwrap_or_default();
        let question = at.split('.').next().unwrap_or_default().to_owned();
        let says = if at.is_empty() {
            format!("{} \u{201c}{}\u{201d}: {}", of.label, planned.title, problem.message)
        } else {
            problem.message.clone()
        };
        Wrong { question, at, says }
    }

    /// Makes what is new. Nothing is written unless everything could be; a run that was stopped goes on where it was.
    ///
    /// # Errors
    /// `Answers` with everything that is wrong, before anything is written; a refusal or fault of the engine.
    pub async fn make(&self, answers: &Answers, known: &Known) -> Result<Made, Error> {
        let wrong = self.problems(answers, known).await?;
        if !wrong.is_empty() {
            return Err(Error::Answers(wrong));
        }
        let plan = Plan::of(self.guide, answers, known, self.engine.registry());
        let done = self.as_answered(&plan).carry_out(&plan).await?;
        kept::keep_said(self.engine, self.guide, answers, known).await?;
        Ok(done)
    }

    /// Makes what is planned, as far as it is not there.
    async fn carry_out(&self, plan: &Plan) -> Result<Made, Error> {
        let (mut keys, mut done) = (Keys::new(), Made::default());
        for planned in &plan.records {
            let of = self.engine.require_type(&planned.of)?;
            let reference = match self.standing(plan, planned).await? {
                Standing::Present(reference) => {
                    keys.insert(planned.key.clone(), reference);
                    continue;
                }
                Standing::Spared => continue,
                Standing::Made(reference) => reference,
                Standing::New => {
                    let change = self.refusable(planned, self.change(&of, &planned.fields, Some(&keys)))?;
                    let target = Target::New(of.name.clone());
                    let stamp = Stamp::now(self.engine.now(), self.door);
                    let written = id(planned, None);
                    let made = self.engine.apply_at(self.caller, target, change, stamp, written).await?;
                    done.made += 1;
                    Reference::new(of.name.clone(), made.record.number)
                }
            };
            keys.insert(planned.key.clone(), reference.clone());
            self.take(planned, &of, &reference, &keys, &mut done).await?;
        }
        self.adopt(plan, &mut done).await?;
        Ok(done)
    }

    /// Begins the chosen documents, those that were not begun from their template before.
    async fn adopt(&self, plan: &Plan, done: &mut Made) -> Result<(), Error> {
        for (name, _) in &plan.documents {
            if !self.engine.adopted(self.caller, name).await?.is_empty() {
                continue;
            }
            // said before it is done: a run that stops in between has begun it all the same
            let mut begun = kept::adopted(self.engine).await?;
            begun.push(name.clone());
            begun.dedup();
            kept::keep_adopted(self.engine, &begun).await?;
            self.engine.adopt_template(self.caller, name, &plan.given, self.door, false).await?;
            done.made += 1;
        }
        Ok(())
    }

    fn refusable(&self, planned: &Planned, change: Result<Change, Problem>) -> Result<Change, Error> {
        change.map_err(|problem| {
            let at = planned.sources.get(&problem.field).cloned().unwrap_or_default();
            let question = at.split('.').next().unwrap_or_default().to_owned();
            Error::Answers(vec![Wrong { question, at, says: problem.message }])
        })
    }

    /// Takes the steps after the creation, as long as nobody else has touched the record.
    async fn take(
        &self,
        planned: &Planned,
        of: &RecordType,
        reference: &Reference,
        keys: &Keys,
        done: &mut Made,
    ) -> Result<(), Error> {
        for (i, (transition, words)) in planned.takes.iter().enumerate() {
            let written = id(planned, Some(i));
            if self.engine.written(written).await?.is_some() {
                continue;
            }
            let record = self.engine.require(self.caller, reference).await?;
            if record.version != i64::try_from(i).unwrap_or_default() + 1 {
                return Ok(());
            }
            if let Some(name) = transition
                && !self.caller.may(of, &Action::Transition(name.clone()))
            {
                done.left.push(format!(
                    "{} {}: your roles may not take this step.",
                    record.reference(),
                    planned.title
                ));
                return Ok(());
            }
            let mut change = self.refusable(planned, self.change(of, words, Some(keys)))?;
            change.transition.clone_from(transition);
            let target = Target::Existing(reference.clone(), Some(record.version));
            let stamp = Stamp::now(self.engine.now(), self.door);
            match self.engine.apply_at(self.caller, target, change, stamp, written).await {
                Ok(_) => {}
                Err(proofdesk_engine::Error::Invalid(problems)) => {
                    let says: Vec<&str> = problems.0.iter().map(|p| p.message.as_str()).collect();
                    done.left.push(format!("{} {}: {}", record.reference(), planned.title, says.join(" ")));
                    return Ok(());
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Words as a change. Without keys it is a rehearsal: a link to what is not made yet leads nowhere.
    fn change(&self, of: &RecordType, words: &Words, keys: Option<&Keys>) -> Result<Change, Problem> {
        let mut change = Change::default();
        for (name, words) in words {
            let Some(field) = of.field(name) else { continue };
            match &field.kind {
                FieldKind::Links { .. } => {
                    for reference in keys.into_iter().flat_map(|keys| matching(keys, words)) {
                        change.links.push(LinkChange { relation: name.clone(), to: reference, add: true });
                    }
                }
                FieldKind::Link { .. } | FieldKind::Person | FieldKind::Team => {
                    let known = words.first().and_then(|key| keys?.get(key));
                    match (known, keys) {
                        (Some(reference), _) => {
                            drop(change.set.insert(name.clone(), Value::Link(reference.number)))
                        }
                        (None, None) => drop(change.set.insert(name.clone(), Value::Link(NOWHERE))),
                        (None, Some(_)) => {}
                    }
                }
                _ => {
                    let value = self.value(field, words)?;
                    change.set.insert(name.clone(), value);
                }
            }
        }
        Ok(change)
    }

    pub(crate) fn value(&self, field: &Field, words: &[String]) -> Result<Value, Problem> {
        let today = day_of(self.engine.now());
        let input = Input { zone: self.zone, registry: self.engine.registry() };
        let words: Vec<String> = words.iter().map(|word| later(word)).collect();
        let refused = |message: String| Problem::new(&field.name, "format", message);
        match &field.kind {
            // of several days the earliest counts
            FieldKind::Day => {
                let days = words.iter().filter_map(|word| day(word, today).or_else(|| parse_day(word)));
                let first = days.min();
                first.map(Value::Day).ok_or_else(|| refused(format!("{} takes a day.", field.label)))
            }
            FieldKind::Choices(_) => {
                parse(field, &words.join(",").replace(' ', ","), &input).map_err(refused)
            }
            FieldKind::Markdown => parse(field, &words.join("\n"), &input).map_err(refused),
            _ => parse(field, &words.join(" "), &input).map_err(refused),
        }
    }
}

/// Reads `2027-03-01+60d 09:00` as sixty days after that day; anything else stays as it is.
fn later(word: &str) -> String {
    let shifted = word.split_once('+').and_then(|(begin, rest)| {
        let (days, time) = rest.split_once('d')?;
        let moved = parse_day(begin)?.checked_add(days.parse().ok()?)?;
        Some(format!("{}{time}", write_day(moved)))
    });
    shifted.unwrap_or_else(|| word.to_owned())
}

/// The records that keys name; `service.*` names all that begin so.
pub(crate) fn matching(keys: &Keys, words: &[String]) -> Vec<Reference> {
    let mut found: Vec<Reference> = Vec::new();
    for word in words {
        match word.strip_suffix('*') {
            Some(begin) => {
                let all = keys.iter().filter(|(key, _)| key.starts_with(begin));
                found.extend(all.map(|(_, reference)| reference.clone()));
            }
            None => found.extend(keys.get(word).cloned()),
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The id of a write: of the creation, or of a step after it.
fn id(planned: &Planned, step: Option<usize>) -> uuid::Uuid {
    let step = step.map_or(String::new(), |i| format!("step {i}"));
    write_id(SCOPE, &format!("{} {}", planned.of, planned.key), step.as_bytes())
}

//! Stories: what happens to one record, step by step; and their run in the order of time.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;
use proofdesk_conformity::{Conformity, Scope};
use proofdesk_engine::comment::Audience;
use proofdesk_engine::{Caller, Change, Door, Engine, FixedTime, Reference, Stamp, Target};
use uuid::Uuid;

/// A minute, microseconds.
pub const MINUTE: i64 = 60_000_000;
/// An hour.
pub const HOUR: i64 = 60 * MINUTE;
/// A day.
pub const DAY: i64 = 24 * HOUR;
/// Steps that are written at the same time, when they concern different records.
const AT_ONCE: usize = 48;

/// Names a story before its record has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(usize);

/// The numbers that records got.
#[derive(Debug, Default)]
pub struct Slots {
    numbers: Vec<Option<Reference>>,
}

impl Slots {
    /// The number of a story's record.
    ///
    /// # Errors
    /// When the story has not begun: a mistake of the plan.
    pub fn number(&self, slot: Slot) -> anyhow::Result<i64> {
        Ok(self.reference(slot)?.number)
    }

    /// The reference of a story's record.
    ///
    /// # Errors
    /// As [`Slots::number`].
    pub fn reference(&self, slot: Slot) -> anyhow::Result<Reference> {
        let found = self.numbers.get(slot.0).cloned().flatten();
        found.with_context(|| format!("story {} is needed before it begins", slot.0))
    }
}

type Make = Box<dyn FnOnce(&Slots) -> anyhow::Result<Change> + Send>;

enum Act {
    Write(Make),
    Say(Audience, String),
}

struct Step {
    at: i64,
    order: usize,
    slot: Slot,
    who: Who,
    act: Act,
}

/// Who does a step.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    /// The program that set the company up.
    Setup,
    /// A person of the company with roles.
    Person(Slot, &'static str, &'static [&'static str]),
}

/// All stories of the company.
#[derive(Default)]
pub struct Stories {
    types: Vec<String>,
    steps: Vec<Step>,
}

impl Stories {
    /// Begins a story with the creation of its record.
    pub fn begin(
        &mut self,
        record_type: &'static str,
        at: i64,
        who: Who,
        make: impl FnOnce(&Slots) -> anyhow::Result<Change> + Send + 'static,
    ) -> Slot {
        let slot = self.reserve(record_type);
        self.push(slot, at, who, Act::Write(Box::new(make)));
        slot
    }

    /// Names a story whose first step follows: whatever is written first creates its record.
    pub fn reserve(&mut self, record_type: &str) -> Slot {
        self.types.push(record_type.to_owned());
        Slot(self.types.len() - 1)
    }

    /// Continues a story.
    pub fn then(
        &mut self,
        slot: Slot,
        at: i64,
        who: Who,
        make: impl FnOnce(&Slots) -> anyhow::Result<Change> + Send + 'static,
    ) {
        self.push(slot, at, who, Act::Write(Box::new(make)));
    }

    /// Continues a story by a change that needs no other record.
    pub fn change(&mut self, slot: Slot, at: i64, who: Who, change: Change) {
        self.then(slot, at, who, move |_| Ok(change));
    }

    /// Says something in a story.
    pub fn say(&mut self, slot: Slot, at: i64, who: Who, audience: Audience, text: &str) {
        self.push(slot, at, who, Act::Say(audience, text.to_owned()));
    }

    fn push(&mut self, slot: Slot, at: i64, who: Who, act: Act) {
        let order = self.steps.len();
        self.steps.push(Step { at, order, slot, who, act });
    }

    /// Runs everything up to `end` in the order of time; clocks fire at their instants on the way.
    ///
    /// # Errors
    /// The first step that is refused, with its story.
    pub async fn run(
        self,
        conformity: &Conformity,
        time: &FixedTime,
        start: i64,
        end: i64,
        progress: &mut impl FnMut(usize, usize),
    ) -> anyhow::Result<Slots> {
        let engine = conformity.engine();
        let mut next_run = start + 28 * DAY;
        let types = self.types;
        let mut steps: Vec<Step> = self.steps.into_iter().filter(|s| s.at <= end).collect();
        steps.sort_by_key(|s| (s.at, s.order));
        let all = steps.len();
        let mut slots = Slots { numbers: vec![None; types.len()] };
        let mut done = 0;
        let mut steps = steps.into_iter().peekable();
        while let Some(first) = steps.peek() {
            let at = first.at;
            while next_run <= at {
                fire_until(engine, time, next_run).await?;
                time.set(next_run);
                conformity.run(&Scope::all(), "schedule", Door::Demo).await?;
                next_run += 7 * DAY;
            }
            fire_until(engine, time, at).await?;
            let until = next_fire(engine, at).await?.min(next_run);
            let mut group: Vec<Step> = Vec::new();
            let mut busy: HashSet<Slot> = HashSet::new();
            let mut open = true;
            while let Some(step) = steps.next_if(|s| {
                open && group.len() < AT_ONCE && !busy.contains(&s.slot) && (group.is_empty() || s.at < until)
            }) {
                // a creation ends its group: numbers follow the order of time, and what comes after may name it
                open = slots.numbers[step.slot.0].is_some();
                busy.insert(step.slot);
                group.push(step);
            }
            let Some(at) = group.first().map(|s| s.at) else { break };
            time.set(at);
            done += write_group(engine, &types, &mut slots, group).await?;
            progress(done, all);
        }
        fire_until(engine, time, end).await?;
        time.set(end);
        conformity.run(&Scope::all(), "schedule", Door::Demo).await?;
        Ok(slots)
    }
}

async fn next_fire(engine: &Engine, at: i64) -> anyhow::Result<i64> {
    Ok(engine.store().next_run_at().await?.unwrap_or(i64::MAX).max(at + 1))
}

async fn fire_until(engine: &Engine, time: &FixedTime, until: i64) -> anyhow::Result<()> {
    while let Some(at) = engine.store().next_run_at().await?.filter(|at| *at <= until) {
        time.set(at);
        if proofdesk_jobs::work(engine).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Writes a group of steps of different records at the same time.
async fn write_group(
    engine: &Engine,
    types: &[String],
    slots: &mut Slots,
    group: Vec<Step>,
) -> anyhow::Result<usize> {
    let count = group.len();
    let mut ready = Vec::with_capacity(count);
    for step in group {
        let who = caller(&step, slots)?;
        let what = match step.act {
            Act::Say(audience, text) => Ready::Say(audience, text),
            Act::Write(make) => Ready::Write(Box::new(make(slots)?)),
        };
        ready.push((step.slot, step.at, who, what));
    }
    settle(engine, types, slots, ready).await?;
    Ok(count)
}

enum Ready {
    Write(Box<Change>),
    Say(Audience, String),
}

async fn settle(
    engine: &Engine,
    types: &[String],
    slots: &mut Slots,
    ready: Vec<(Slot, i64, Caller, Ready)>,
) -> anyhow::Result<()> {
    let writes = ready.into_iter().map(|(slot, at, who, what)| {
        let known = slots.numbers[slot.0].clone();
        let record_type = types[slot.0].as_str();
        async move {
            let stamp = Stamp::now(at, Door::Demo);
            match (what, known) {
                (Ready::Write(change), known) => {
                    let target = match &known {
                        Some(reference) => Target::Existing(reference.clone(), None),
                        None => Target::New(record_type.to_owned()),
                    };
                    let shown = format!("{change:?}");
                    let applied = engine.apply_at(&who, target, *change, stamp, Uuid::now_v7()).await;
                    let applied = applied.with_context(|| {
                        format!("a step of {record_type} {known:?} by {} was refused: {shown}", who.name)
                    })?;
                    anyhow::Ok((slot, Reference::new(record_type, applied.record.number)))
                }
                (Ready::Say(audience, text), Some(reference)) => {
                    engine.comment_at(&who, &reference, audience, &text, stamp).await?;
                    Ok((slot, reference))
                }
                (Ready::Say(..), None) => bail!("a comment on a {record_type} that is not there"),
            }
        }
    });
    for (slot, reference) in try_join_all(writes).await? {
        slots.numbers[slot.0] = Some(reference);
    }
    Ok(())
}

fn caller(step: &Step, slots: &Slots) -> anyhow::Result<Caller> {
    match step.who {
        Who::Setup => Ok(Caller::system("Setup")),
        Who::Person(slot, name, roles) => {
            Ok(Caller::person(slots.number(slot)?, name, roles.iter().copied()))
        }
    }
}

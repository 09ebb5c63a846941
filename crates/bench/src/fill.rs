//! Fills a desk: the example company through the engine, then the many incidents through the store's bulk path.
//!
//! Invariant: what is made is what imports make: drafts derived and checked by the model and all rules. A sample is
//! verified against its log before the rest is made.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use proofdesk_engine::{Engine, FixedTime};
use proofdesk_model::entry;
use proofdesk_model::{Action, Caller, Change, Checked, Door, Draft, Facts, Permit, Record, RecordType};
use proofdesk_model::{Reference, Stamp};
use proofdesk_store::{Extra, Statement};
use uuid::Uuid;

use crate::desk::{self, Desk, Place};
use crate::figure::{Figure, Table, Taken};
use crate::floor::Floor;
use crate::options::Options;
use crate::story::{Frame, Step, What, World, tell};

/// Password of the example's accounts.
pub const PASSWORD: &str = "correct horse battery";
/// Incidents of one transaction.
const BATCH: usize = 400;
/// Incidents after which everything is verified.
const SAMPLE: usize = 2_000;
/// At most so many of the incidents are open.
const OPEN: usize = 10_000;

/// A write that is ready.
pub type Ready = (Permit, Checked, Extra);

/// What was made.
pub struct Filled {
    maker: Maker,
    made: Taken,
    /// The first number that the desk does not have.
    next: i64,
}

/// Makes the incidents of a run.
struct Maker {
    of: Arc<RecordType>,
    engine: Engine,
    caller: Caller,
    world: World,
    facts: Facts,
    now: i64,
    /// From this number on they are open.
    open_from: i64,
    most_events: usize,
}

/// Fills the desk and makes the copy for bare SQL.
///
/// # Errors
/// The first thing that is refused; a sample that cannot be verified.
pub async fn fill(place: &Place<'_>, options: &Options) -> anyhow::Result<Filled> {
    let now = jiff::Timestamp::now().as_microsecond();
    let time = Arc::new(FixedTime::at(now));
    let kept = options.keep.is_some() && std::path::Path::new(&place.desk).exists();
    let engine = desk::engine(&place.desk, time.clone()).await?;
    if !kept {
        let size = proofdesk_demo::Size { seed: 7, days: 365, incidents: 60, end: now };
        let conformity = desk::conformity(&engine)?;
        proofdesk_demo::fill(&conformity, &time, size, PASSWORD, |_, _| {})
            .await
            .context("the example company")?;
        time.set(now);
    }
    let of = engine.require_type("incident")?;
    // a desk that is here already gets what it lacks
    let context = proofdesk_model::Context { now, today: 0, user: None };
    let there = if kept { engine.store().count(&of, None, &context, None).await? } else { 0 };
    let missing = options.records.saturating_sub(usize::try_from(there)?);
    let first = engine.store().allocate("incident", missing.max(1)).await?;
    let open = OPEN.min((options.records / 20).max(250)).min(missing);
    let count = i64::try_from(missing)?;
    let maker = Maker {
        of,
        caller: Caller::system("bench"),
        world: world(&engine).await?,
        facts: desk::facts(&engine).await?,
        now,
        open_from: first + count - i64::try_from(open)?,
        most_events: options.most_events,
        engine: engine.clone(),
    };
    let made = make_all(&maker, first, count, place, if kept { 0 } else { SAMPLE }).await?;
    if missing > 0 {
        engine.store().analyze().await?;
    }
    while engine.store().health().await?.pending > 0 {
        engine.store().sequence_once().await?;
    }
    engine.store().close().await?;
    place.make_copy().await?;
    Ok(Filled { maker, made, next: first + count.max(1) })
}

/// Makes incidents; after the first `sample` of them everything is held against the log.
async fn make_all(
    maker: &Maker,
    first: i64,
    count: i64,
    place: &Place<'_>,
    sample: usize,
) -> anyhow::Result<Taken> {
    let store = maker.engine.store();
    let registry = maker.engine.registry();
    let (begun, cpu) = (Instant::now(), place.processor.used());
    let mut taken = Taken::default();
    let mut under_way: Option<tokio::task::JoinHandle<anyhow::Result<usize>>> = None;
    let numbers: Vec<i64> = (first..first + count).collect();
    let sample = sample.min(numbers.len());
    let (head, tail) = numbers.split_at(sample);
    for some in head.chunks(BATCH).chain(tail.chunks(BATCH)) {
        let writes = maker.batch(some)?;
        if let Some(before) = under_way.take() {
            taken.count += before.await??;
        }
        let (store, registry) = (store.clone(), registry.clone());
        under_way = Some(tokio::spawn(async move {
            let receipts = store.write_many(writes, &registry).await?;
            Ok(receipts.iter().map(|receipt| receipt.entries.len()).sum())
        }));
        let done = some.last().map_or(0, |last| last + 1 - first);
        if sample > 0 && done == i64::try_from(sample)? {
            if let Some(before) = under_way.take() {
                taken.count += before.await??;
            }
            verify(&maker.engine).await?;
        }
        if done % 20_000 < BATCH as i64 {
            eprintln!("bench: {done} of {count} incidents after {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    if let Some(last) = under_way {
        taken.count += last.await??;
    }
    taken.wall = begun.elapsed();
    taken.cpu = place.processor.used() - cpu;
    Ok(taken)
}

/// Holds the sample against its log.
async fn verify(engine: &Engine) -> anyhow::Result<()> {
    while engine.store().health().await?.pending > 0 {
        engine.store().sequence_once().await?;
    }
    let report = engine.verify(&[], |_, _| {}).await?;
    ensure!(report.is_good(), "the made data is not what its log says: {:?}", report.findings.first());
    eprintln!("bench: a sample of {} entries is verified", report.leaves);
    Ok(())
}

/// Writes further batches on the copy by bare SQL, as the store would.
///
/// # Errors
/// What the database says.
pub async fn compare(
    desk: &Desk,
    place: &Place<'_>,
    options: &Options,
    filled: &Filled,
    table: &mut Table,
) -> anyhow::Result<()> {
    let Filled { maker, made, next } = filled;
    // drafts need numbers only; the copy takes what the desk never had
    let mut floor = Floor::open(&place.copy, place.is_server()).await?;
    let engine = &desk.engine;
    let mut taken = Taken::default();
    for batch in 0..options.rounds(10, 2) {
        let from = next + 1_000_000_000 + i64::try_from(batch * BATCH)?;
        let numbers: Vec<i64> = (from..from + i64::try_from(BATCH)?).collect();
        let plan = engine.store().plan_writes(maker.batch(&numbers)?, engine.registry())?;
        let (begun, cpu) = (Instant::now(), place.processor.used());
        floor.write(std::slice::from_ref(&plan)).await?;
        taken.add(Taken {
            count: plan.entries.len(),
            wall: begun.elapsed(),
            cpu: place.processor.used() - cpu,
            each: Vec::new(),
        });
    }
    if made.count > 0 {
        table.push(Figure::rate("bulk writes (all of the data)", "events", made, &taken));
    }
    Ok(())
}

impl Filled {
    /// What incidents refer to.
    pub fn world(&self) -> &World {
        &self.maker.world
    }

    /// Facts for their rules.
    pub fn facts(&self) -> &Facts {
        &self.maker.facts
    }
}

impl Maker {
    fn batch(&self, numbers: &[i64]) -> anyhow::Result<Vec<Ready>> {
        let mut writes = Vec::with_capacity(numbers.len() * 6);
        for number in numbers {
            let open = *number >= self.open_from && *number < 1_000_000_000;
            let frame = Frame { now: self.now, open, most_events: self.most_events };
            self.one(*number, tell(&self.world, *number, frame), &mut writes)?;
        }
        Ok(writes)
    }

    fn one(&self, number: i64, steps: Vec<Step>, writes: &mut Vec<Ready>) -> anyhow::Result<()> {
        let mut current: Option<Record> = None;
        for step in steps {
            let stamp = Stamp { at: self.now, occurred_at: step.at, door: Door::Import };
            match (step.what, &current) {
                (What::Write(change), _) => {
                    let ready = ready(
                        &self.of,
                        current.take(),
                        *change,
                        &self.caller,
                        stamp,
                        &self.engine,
                        &self.facts,
                        number,
                    )
                    .with_context(|| format!("incident {number}"))?;
                    current = Some(ready.1.after().clone());
                    writes.push(ready);
                }
                (What::Say(for_customer, body), Some(record)) => {
                    if let Some((_, _, extra)) = writes.last_mut() {
                        say(extra, record, &self.caller, &stamp, for_customer, &body);
                    }
                }
                (What::Say(..), None) => {}
            }
        }
        Ok(())
    }
}

/// A change of one record, derived, checked and numbered, as the engine makes it.
///
/// # Errors
/// All problems.
#[expect(clippy::too_many_arguments, reason = "the parts of a write, each from another place")]
pub fn ready(
    of: &Arc<RecordType>,
    current: Option<Record>,
    change: Change,
    caller: &Caller,
    stamp: Stamp,
    engine: &Engine,
    facts: &Facts,
    number: i64,
) -> anyhow::Result<Ready> {
    let action = match (&current, &change.transition) {
        (None, _) => Action::Create,
        (Some(_), Some(transition)) => Action::Transition(transition.clone()),
        (Some(_), None) => Action::Update,
    };
    let refused = |problems: proofdesk_model::Problems| anyhow::anyhow!("{problems:?}");
    let permit = of.permit(caller, action, current.as_ref()).map_err(refused)?;
    let is_new = current.is_none();
    let draft = Draft::new(of, current, change, caller, stamp).map_err(refused)?;
    let checked = draft.derive(engine.rules(), facts).check(engine.rules(), facts).map_err(refused)?;
    let checked = if is_new { checked.numbered(number) } else { checked };
    let extra = Extra { id: Uuid::now_v7(), search_text: search_text(&checked), ..Extra::default() };
    Ok((permit, checked, extra))
}

/// The text that a record is found by, where a searched field changed.
fn search_text(checked: &Checked) -> Option<String> {
    let record = checked.after();
    let searched: Vec<&str> =
        record.of.fields.values().filter(|f| f.search).map(|f| f.name.as_str()).collect();
    let same = checked.before().is_some_and(|b| searched.iter().all(|f| b.value(f) == record.value(f)));
    if same {
        return None;
    }
    let parts = searched.iter().filter_map(|name| record.text(name));
    Some(std::iter::once(record.reference().as_str()).chain(parts).collect::<Vec<_>>().join("\n"))
}

/// Adds a comment to the write before it, as the engine writes one.
fn say(extra: &mut Extra, on: &Record, caller: &Caller, stamp: &Stamp, for_customer: bool, body: &str) {
    let (id, audience) = (Uuid::now_v7().to_string(), if for_customer { "customer" } else { "staff" });
    let reference = Reference::new(on.of.name.clone(), on.number);
    let row = Statement::insert("comment")
        .set("id", id.clone())
        .set("record_type", reference.record_type.clone())
        .set("number", reference.number)
        .set("at", stamp.occurred_at)
        .set("person", caller.person)
        .set("author", caller.name.clone())
        .set("audience", audience)
        .set("door", stamp.door.as_str())
        .set("body", body);
    let found_by = Statement::search_text(&reference, &format!("comment/{id}"), stamp.occurred_at, body);
    let note = serde_json::json!({"id": id, "audience": audience, "body": body});
    extra.statements.extend([row, found_by]);
    extra.entries.push(entry::of_note(on, caller, stamp, "comment", note));
}

/// What incidents refer to: the records of the example company.
async fn world(engine: &Engine) -> anyhow::Result<World> {
    let mut world = World::default();
    for record in desk::all(engine, "person").await? {
        let is_caller = matches!(record.value("customer"), Some(proofdesk_model::Value::Link(_)));
        if is_caller { &mut world.callers } else { &mut world.staff }.push(record.number);
    }
    let mut numbers = Vec::new();
    for name in
        ["service", "customer", "team", "configuration_item", "problem", "change", "knowledge_article"]
    {
        numbers.push(desk::all(engine, name).await?.iter().map(|r| r.number).collect::<Vec<_>>());
    }
    let mut numbers = numbers.into_iter();
    let mut next = || numbers.next().unwrap_or_default();
    world.services = next();
    world.customers = next();
    world.teams = next();
    world.items = next();
    world.problems = next();
    world.changes = next();
    world.articles = next();
    ensure!(!world.services.is_empty() && !world.staff.is_empty(), "the example company has no services");
    Ok(world)
}

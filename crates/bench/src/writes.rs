//! Writes through the one write path beside the same statements by bare SQL: create and transition, by one client
//! and by 32. Both take turns, so that what disturbs the machine disturbs both.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use proofdesk_engine::{Caller, Change, Door, Engine, ListRequest, Reference, Target};
use proofdesk_model::{Record, RecordType, Stamp, Value};
use proofdesk_store::PlannedWrites;

use crate::chance::Chance;
use crate::desk::Desk;
use crate::figure::{Figure, Table, Taken};
use crate::fill::{Filled, ready};
use crate::floor::Floor;
use crate::floor::postgres::Bare;
use crate::options::Options;
use crate::story::World;

const CLIENTS: usize = 32;
const TURNS: usize = 4;
/// Numbers of the copy's new records begin here, where the desk has none.
const NEW: i64 = 2_000_000_000;

/// What one figure is made of: the same kind of writes for both sides.
struct Plan {
    what: &'static str,
    clients: usize,
    ours: Vec<Wish>,
    floor: Vec<Wish>,
}

/// The first few make caches warm and are not counted.
fn warm(wishes: &[Wish]) -> (&[Wish], &[Wish]) {
    wishes.split_at(wishes.len() / 16)
}

/// One write: a change of a new or of an existing record.
#[derive(Clone)]
struct Wish {
    target: Target,
    change: Change,
}

/// The copy of the database, and what its records are.
struct Copy<'a> {
    floors: Vec<Floor>,
    of: Arc<RecordType>,
    records: HashMap<i64, Record>,
    filled: &'a Filled,
    next: i64,
}

/// Measures all writes.
///
/// # Errors
/// The first write that is refused.
pub async fn measure(
    desk: &Desk,
    options: &Options,
    filled: &Filled,
    table: &mut Table,
) -> anyhow::Result<()> {
    let records = open_records(&desk.engine, 4_000).await?;
    // in one file both sides have records of their own
    let half = if desk.is_one_file { records.len() / 2 } else { 0 };
    let (mine, theirs) = (records.get(half..).unwrap_or_default(), records.get(..half).unwrap_or_default());
    let theirs = if half > 0 { theirs } else { mine };
    let count = options.rounds(1_600, 64);
    let world = filled.world();
    let rounds = |records: &[Record], count: usize| count / records.len().max(1) + 1;
    let moves = |records: &[Record], clients: usize| {
        let (few, many) = records.split_at(records.len() / 3);
        let (of, count) = if clients == 1 { (few, count) } else { (many, count * 5) };
        transitions(of, world, rounds(of, count))
    };
    let creates =
        |from: usize, count: usize| -> Vec<Wish> { (from..from + count).map(|n| create(world, n)).collect() };
    let mut plans = Vec::new();
    for (clients, from, count) in [(1, 0, count), (CLIENTS, count, count * 5)] {
        let wishes = creates(from, count);
        plans.push(Plan { what: "create", clients, ours: wishes.clone(), floor: wishes });
    }
    for clients in [1, CLIENTS] {
        let (ours, floor) = (moves(mine, clients), moves(theirs, clients));
        plans.push(Plan { what: "transition", clients, ours, floor });
    }
    let mut taken = Vec::new();
    if desk.is_one_file {
        // the product's own tree of hashes does not outlive what bare SQL writes into its file
        for plan in &plans {
            through_engine(desk, plan.clients, warm(&plan.ours).0).await?;
            taken.push((through_engine(desk, plan.clients, warm(&plan.ours).1).await?, Taken::default()));
        }
        let mut copy = Copy::open(desk, filled, theirs).await?;
        for (plan, taken) in plans.iter().zip(&mut taken) {
            copy.through_sql(desk, plan.clients, warm(&plan.floor).0).await?;
            taken.1 = copy.through_sql(desk, plan.clients, warm(&plan.floor).1).await?;
        }
    } else {
        let mut copy = Copy::open(desk, filled, theirs).await?;
        for plan in &plans {
            taken.push(turns(desk, &mut copy, plan).await?);
        }
    }
    for (Plan { what, clients, .. }, (ours, floor)) in plans.iter().zip(taken) {
        let clients = *clients;
        let words = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
        let figure = Figure::rate(&format!("{what}, {words}"), "writes", &ours, &floor);
        let ratio = figure.ratio.unwrap_or_default();
        table.push(if clients == 1 {
            figure.target("half the floor", ratio >= 0.5)
        } else {
            figure.target("5,000/s or 0.7 of the floor", ratio >= 0.7 || ours.rate() >= 5_000.0)
        });
    }
    Ok(())
}

fn create(world: &World, number: usize) -> Wish {
    let mut chance = Chance::new(0xc0de + number as u64);
    let change = Change::default()
        .with_text("title", &format!("Terminal {} does not start at location 7", chance.between(1, 9_000)))
        .with_text(
            "description",
            "The terminal shows the maker's sign and stays there. It was switched off and on twice; the neighbour \
             works. People queue at the other one.",
        )
        .with_text("category", "Workplace")
        .with_text("impact", "medium")
        .with_text("urgency", "medium")
        .with("service", Value::Link(chance.one(&world.services)))
        .with("customer", Value::Link(chance.one(&world.customers)))
        .with("team", Value::Link(chance.one(&world.teams)));
    Wish { target: Target::New("incident".to_owned()), change }
}

/// Moves each record on, so many times: the records one after another, then again.
fn transitions(records: &[Record], world: &World, rounds: usize) -> Vec<Wish> {
    let mut chance = Chance::new(0xfeed);
    let mut states: Vec<(i64, String)> = records.iter().map(|r| (r.number, r.state.clone())).collect();
    let mut wishes = Vec::with_capacity(records.len() * rounds);
    for _ in 0..rounds {
        for (number, state) in &mut states {
            let change = Change::default();
            let (change, next) = match state.as_str() {
                "new" => {
                    let assignee = Value::Link(chance.one(&world.staff));
                    (change.with("assignee", assignee).take("assign"), "assigned")
                }
                "assigned" => (change.take("start"), "in_progress"),
                "waiting" => (change.take("resume"), "in_progress"),
                _ => (change.with_text("hold_reason", "customer").take("wait"), "waiting"),
            };
            next.clone_into(state);
            let target = Target::Existing(Reference::new("incident", *number), None);
            wishes.push(Wish { target, change });
        }
    }
    wishes
}

/// Open records that have somebody who works on them or can get one: so many that each is moved a few times only, as
/// in life.
async fn open_records(engine: &Engine, limit: usize) -> anyhow::Result<Vec<Record>> {
    let mut request =
        ListRequest {
            record_type: "incident".to_owned(),
            filter: Some(engine.condition(
                "state in ['assigned', 'in_progress', 'waiting'] && assignee != null",
                "incident",
            )?),
            sort: "number".to_owned(),
            descending: true,
            after: None,
            limit: 500,
        };
    let mut records = Vec::new();
    while records.len() < limit {
        let page = engine.list(&Caller::system("bench"), &request).await?;
        records.extend(page.records);
        match page.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    records.truncate(limit);
    anyhow::ensure!(records.len() >= 3 * CLIENTS, "too few open incidents to measure: ask for more records");
    Ok(records)
}

/// Ours and bare SQL in turns.
async fn turns(desk: &Desk, copy: &mut Copy<'_>, plan: &Plan) -> anyhow::Result<(Taken, Taken)> {
    let (mut ours, mut floor) = (Taken::default(), Taken::default());
    let clients = plan.clients;
    through_engine(desk, clients, warm(&plan.ours).0).await?;
    copy.through_sql(desk, clients, warm(&plan.floor).0).await?;
    let part = |wishes: &[Wish]| wishes.len().div_ceil(TURNS).max(1);
    let (mine, theirs) = (warm(&plan.ours).1, warm(&plan.floor).1);
    for (mine, theirs) in mine.chunks(part(mine)).zip(theirs.chunks(part(theirs))) {
        ours.add(through_engine(desk, clients, mine).await?);
        floor.add(copy.through_sql(desk, clients, theirs).await?);
    }
    Ok((ours, floor))
}

/// Splits wishes so that those of one record stay with one client, in order.
fn by_client<T: Clone>(clients: usize, wishes: &[T], number: impl Fn(usize, &T) -> usize) -> Vec<Vec<T>> {
    let mut split = vec![Vec::new(); clients];
    for (at, wish) in wishes.iter().enumerate() {
        split[number(at, wish) % clients].push(wish.clone());
    }
    split
}

async fn through_engine(desk: &Desk, clients: usize, wishes: &[Wish]) -> anyhow::Result<Taken> {
    let caller = Caller::system("bench");
    let split = by_client(clients, wishes, |at, wish| match &wish.target {
        Target::New(_) => at,
        Target::Existing(reference, _) => usize::try_from(reference.number).unwrap_or_default(),
    });
    let (begun, cpu) = (Instant::now(), desk.processor.used());
    let tasks: Vec<_> = split
        .into_iter()
        .map(|own| {
            let (engine, caller) = (desk.engine.clone(), caller.clone());
            tokio::spawn(async move {
                let mut each = Vec::with_capacity(own.len());
                for wish in own {
                    let begun = Instant::now();
                    engine.apply(&caller, wish.target, wish.change, Door::Page).await?;
                    each.push(begun.elapsed());
                }
                anyhow::Ok(each)
            })
        })
        .collect();
    let mut taken = Taken { count: wishes.len(), ..Taken::default() };
    for task in tasks {
        taken.each.extend(task.await?.context("a write was refused")?);
    }
    taken.wall = begun.elapsed();
    while desk.engine.store().health().await?.pending > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    taken.cpu = desk.processor.used() - cpu;
    Ok(taken)
}

impl<'a> Copy<'a> {
    async fn open(desk: &Desk, filled: &'a Filled, records: &[Record]) -> anyhow::Result<Self> {
        let mut floors = vec![Floor::open(&desk.copy, desk.is_server).await?];
        while desk.is_server && floors.len() < CLIENTS {
            floors.push(Floor::open(&desk.copy, true).await?);
        }
        let of = desk.engine.require_type("incident")?;
        let records = records.iter().map(|r| (r.number, r.clone())).collect();
        Ok(Self { floors, of, records, filled, next: NEW })
    }

    /// The statements of these wishes, in order.
    fn plan(&mut self, desk: &Desk, wishes: &[Wish]) -> anyhow::Result<Vec<PlannedWrites>> {
        let caller = Caller::system("bench");
        let engine = &desk.engine;
        let mut plans = Vec::with_capacity(wishes.len());
        for wish in wishes {
            let (number, current) = match &wish.target {
                Target::New(_) => {
                    self.next += 1;
                    (self.next, None)
                }
                Target::Existing(reference, _) => (reference.number, self.records.remove(&reference.number)),
            };
            let stamp = Stamp::now(engine.now(), Door::Page);
            let facts = self.filled.facts();
            let write = ready(&self.of, current, wish.change.clone(), &caller, stamp, engine, facts, number)?;
            self.records.insert(number, write.1.after().clone());
            plans.push(engine.store().plan_writes(vec![write], engine.registry())?);
        }
        Ok(plans)
    }

    async fn through_sql(&mut self, desk: &Desk, clients: usize, wishes: &[Wish]) -> anyhow::Result<Taken> {
        let plans = self.plan(desk, wishes)?;
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        if desk.is_server && clients > 1 {
            self.at_once(clients, &plans).await?;
        } else if let Some(floor) = self.floors.first_mut() {
            for group in plans.chunks(clients) {
                floor.write(group).await?;
            }
        }
        let wall = begun.elapsed();
        if let Some(Floor::Postgres(bare)) = self.floors.first() {
            bare.sequence().await?;
        }
        Ok(Taken { count: wishes.len(), wall, cpu: desk.processor.used() - cpu, each: Vec::new() })
    }

    /// Each client on a connection of its own.
    async fn at_once(&mut self, clients: usize, plans: &[PlannedWrites]) -> anyhow::Result<()> {
        let split = by_client(clients, plans, |at, plan| {
            let number = plan.entries.first().map_or(0, |new| new.entry.record.number);
            if number >= NEW { at } else { usize::try_from(number).unwrap_or_default() }
        });
        let mut tasks = Vec::new();
        for (own, floor) in split.into_iter().zip(self.floors.drain(..)) {
            tasks.push(tokio::spawn(async move {
                let Floor::Postgres(mut bare) = floor else { anyhow::bail!("not a server's connection") };
                for plan in own {
                    bare.write(&[plan]).await?;
                }
                Ok::<Bare, anyhow::Error>(bare)
            }));
        }
        for task in tasks {
            self.floors.push(Floor::Postgres(task.await??));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::by_client;

    #[test]
    fn the_writes_of_a_record_stay_with_one_client_in_order() {
        let wishes = [(1, 'a'), (2, 'b'), (1, 'c'), (3, 'd'), (2, 'e')];
        let split = by_client(2, &wishes, |_, (number, _)| *number);
        assert_eq!(split, [vec![(2, 'b'), (2, 'e')], vec![(1, 'a'), (1, 'c'), (3, 'd')]]);
    }
}

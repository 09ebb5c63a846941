//! A full conformity run, the same tests by the product and by hand, and one record tested again after its change.
//!
//! By hand stand the tests that cost something here (`questions`): each as one would write it, those about one table
//! counted in one pass, then the first thousand exceptions of each. Saying why is ours alone. Where both do not count the
//! same, the figure says so. Of the full run, which asks all tests, stores and seals their answers, there is no other side.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Context as _;
use proofdesk_conformity::{Conformity, Scope};
use proofdesk_engine::{Caller, Change, Door, ListRequest, Reference, Target};
use proofdesk_store::Sql;

use crate::desk::{self, Desk};
use crate::figure::{Figure, Table, Taken};
use crate::floor::Floor;
use crate::options::Options;
use crate::questions::{COUNTED, OTHERS, QUESTIONS, Question, written};

/// Exceptions that are named.
const NAMED: i64 = 1_000;

/// What is counted by hand: records that it is about, and those that hold.
type Counts = BTreeMap<&'static str, (i64, i64)>;

/// Measures full runs and single records.
///
/// # Errors
/// A fault of the database; an answer of another shape.
pub async fn measure(desk: &Desk, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let conformity = desk::conformity(&desk.engine)?;
    let mut floor = Floor::open(&desk.reading, desk.is_server).await?;
    full(desk, &conformity, table).await?;
    same(desk, &conformity, &mut floor, table).await?;
    single(desk, options, &mut floor, table).await
}

/// The full run.
async fn full(desk: &Desk, conformity: &Conformity, table: &mut Table) -> anyhow::Result<()> {
    let mut taken = Taken::default();
    let mut tests = 0;
    for turn in 0..3 {
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        let summary = conformity.run(&Scope::all(), "bench", Door::Cli).await?;
        // the first makes caches warm
        if turn > 0 {
            taken.add(one(begun, desk.processor.used() - cpu));
        }
        tests = summary.run.tests;
    }
    let (wall, cpu) = (taken.percentile(0.5), taken.cpu_micros() / 1e6);
    let words = format!("{:.2} s ({cpu:.2} s of processor time)", wall / 1e3);
    table.push(Figure::plain(&format!("full conformity run, {tests} tests, stored and sealed"), words));
    Ok(())
}

/// The same tests by both.
async fn same(
    desk: &Desk,
    conformity: &Conformity,
    floor: &mut Floor,
    table: &mut Table,
) -> anyhow::Result<()> {
    let mut tests: Vec<&str> = QUESTIONS.iter().map(|q| q.test).chain(OTHERS.iter().map(|o| o.0)).collect();
    tests.dedup();
    let (mut ours, mut bare) = (Taken::default(), Taken::default());
    let mut differ: Vec<&str> = Vec::new();
    for turn in 0..4 {
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        let trials = conformity.try_some(&tests, &Scope::all()).await?;
        let asked = one(begun, desk.processor.used() - cpu);
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        let counts = by_hand(desk, floor, desk.engine.now()).await?;
        let hand = one(begun, desk.processor.used() - cpu);
        if turn > 0 {
            ours.add(asked);
            bare.add(hand);
            continue;
        }
        // the first turn makes caches warm, and shows that both ask the same
        for (test, (members, holds)) in counts {
            let found = trials.get(test).map(|trial| (trial.counts.total(), trial.counts.holds));
            if found != Some((u64::try_from(members)?, u64::try_from(holds)?)) && !COUNTED.contains(&test) {
                // a control that changed: the figure is then of two different questions, and says so
                eprintln!("bench: {test}: ours {found:?}, by hand {:?}", (members, holds));
                differ.push(test);
            }
        }
    }
    let mut figure = Figure::time(&format!("the same {} tests of all kinds", tests.len()), &ours, &bare);
    if !differ.is_empty() {
        figure.floor = format!("{}; asks otherwise: {}", figure.floor, differ.join(", "));
    }
    let reached = figure.ratio.is_some_and(|ratio| ratio <= 1.3);
    table.push(figure.target("1.3 times by hand", reached));
    Ok(())
}

fn one(begun: Instant, cpu: std::time::Duration) -> Taken {
    let wall = begun.elapsed();
    Taken { count: 1, wall, cpu, each: vec![wall] }
}

/// All questions by hand.
async fn by_hand(desk: &Desk, floor: &mut Floor, now: i64) -> anyhow::Result<Counts> {
    let mut found = Counts::new();
    let mut tables: BTreeMap<&str, Vec<&Question>> = BTreeMap::new();
    QUESTIONS.iter().for_each(|question| tables.entry(question.of).or_default().push(question));
    for (of, questions) in tables {
        let mut sql = desk.engine.store().sql();
        for (at, question) in questions.iter().enumerate() {
            let (members, must) = texts(question, desk, now);
            sql.push(if at > 0 { ", " } else { "SELECT " });
            sql.push(&format!("count(*) FILTER (WHERE {members}), "));
            sql.push(&format!("count(*) FILTER (WHERE ({members}) AND ({must}))"));
        }
        sql.push(&format!(" FROM {of} t"));
        let row = floor.numbers(&sql).await?;
        for (at, question) in questions.iter().enumerate() {
            let [all, holds] = *row.get(at * 2..at * 2 + 2).context("too few counts")? else { continue };
            if holds < all && !COUNTED.contains(&question.test) {
                let mut sql: Sql = desk.engine.store().sql();
                let (members, must) = texts(question, desk, now);
                sql.push(&format!(
                    "SELECT number FROM {of} t WHERE ({members}) AND ({must}) IS NOT TRUE ORDER BY number LIMIT "
                ));
                sql.bind(NAMED);
                floor.ask(&sql).await?;
            }
            let counts = found.entry(question.test).or_default();
            *counts = (counts.0 + all, counts.1 + holds);
        }
    }
    for (_, text) in OTHERS {
        let mut sql = desk.engine.store().sql();
        sql.push(text);
        floor.ask(&sql).await?;
    }
    Ok(found)
}

fn texts(question: &Question, desk: &Desk, now: i64) -> (String, String) {
    (written(question.members, desk.is_server, now), written(question.must, desk.is_server, now))
}

/// One record tested again after its change, beside all questions by hand about this record.
async fn single(desk: &Desk, options: &Options, floor: &mut Floor, table: &mut Table) -> anyhow::Result<()> {
    let conformity = desk::conformity(&desk.engine)?;
    let caller = Caller::system("bench");
    let request = ListRequest {
        record_type: "incident".to_owned(),
        filter: Some(desk.engine.condition("state == 'closed'", "incident")?),
        sort: "number".to_owned(),
        descending: true,
        after: None,
        limit: options.rounds(300, 12),
    };
    let records = desk.engine.list(&caller, &request).await?.records;
    let (mut ours, mut bare) = (Taken::default(), Taken::default());
    for record in records {
        let reference = Reference::new("incident", record.number);
        let change = Change::default().with_text("symptom", "seen again while it was measured");
        let target = Target::Existing(reference.clone(), None);
        desk.engine.apply(&caller, target, change, Door::Page).await?;
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        conformity.retest(&reference).await?;
        ours.add(one(begun, desk.processor.used() - cpu));
        let mut sql = desk.engine.store().sql();
        let now = desk.engine.now();
        for (at, question) in QUESTIONS.iter().filter(|q| q.of == "incident").enumerate() {
            let (members, must) = texts(question, desk, now);
            sql.push(if at > 0 { ", " } else { "SELECT " });
            sql.push(&format!("CASE WHEN {members} THEN CASE WHEN {must} THEN 1 ELSE 2 END ELSE 0 END"));
        }
        sql.push(" FROM incident t WHERE number = ").bind(record.number);
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        floor.ask(&sql).await?;
        bare.add(one(begun, desk.processor.used() - cpu));
    }
    let figure = Figure::time("one record tested again", &ours, &bare);
    table.push(figure.target("under 2 ms", ours.percentile(0.5) < 2.0));
    Ok(())
}

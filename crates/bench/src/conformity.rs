//! A full conformity run beside the same questions written by hand, and one record tested again after its change.
//!
//! By hand stands what is asked of incidents, the only type with many records here: each question as one would write
//! it, all of them counted in one pass, then the first thousand exceptions of each. Storing, sealing and saying why
//! are ours alone. Where both do not count the same, the figure says so.
//! Source: `controls/incident.kdl` and `agreement.targets_met` of `controls/service_level.kdl`.

use std::time::Instant;

use anyhow::Context as _;
use proofdesk_conformity::Scope;
use proofdesk_engine::{Caller, Change, Door, ListRequest, Reference, Target};
use proofdesk_store::Sql;

use crate::desk::{self, Desk};
use crate::figure::{Figure, Table, Taken};
use crate::floor::Floor;
use crate::options::Options;

/// Test, which records it is about, what each of them must meet.
const QUESTIONS: [(&str, &str, &str); 13] = [
    (
        "incident.recorded",
        "state <> 'cancelled'",
        "reported_by IS NOT NULL AND service IS NOT NULL \
         AND description IS NOT NULL AND category IS NOT NULL",
    ),
    (
        "incident.prioritized",
        "state <> 'cancelled'",
        "impact IS NOT NULL AND urgency IS NOT NULL AND priority IS NOT NULL AND (priority_reason IS NOT NULL \
         OR priority = CASE impact WHEN 'high' THEN CASE urgency WHEN 'high' THEN 'p1' WHEN 'medium' THEN 'p2' \
         ELSE 'p3' END WHEN 'medium' THEN CASE urgency WHEN 'high' THEN 'p2' WHEN 'medium' THEN 'p3' \
         ELSE 'p4' END ELSE CASE urgency WHEN 'high' THEN 'p3' ELSE 'p4' END END)",
    ),
    (
        "incident.escalated",
        "state <> 'cancelled' AND (resolution_breached_at IS NOT NULL OR major = TRUE)",
        "escalated_at IS NOT NULL AND escalated_to IS NOT NULL",
    ),
    (
        "incident.resolved",
        "state <> 'cancelled'",
        "state IN ('resolved', 'closed') OR (resolution_state = 'paused' AND resolution_breached_at IS NULL) \
         OR resolution_due_at >= NOW",
    ),
    (
        "incident.closed",
        "state IN ('resolved', 'closed')",
        "(closed_at IS NOT NULL OR resolved_at >= NOW - 1209600000000) \
         AND (closed_at IS NULL OR closed_at <= resolved_at + 1209600000000) \
         AND (state <> 'closed' OR closure_code IS NOT NULL)",
    ),
    (
        "incident.actions",
        "state = 'closed'",
        "resolution IS NOT NULL AND first_response_at IS NOT NULL \
         AND (resolved_at IS NULL OR first_response_at <= resolved_at)",
    ),
    (
        "incident.major_flagged",
        "state <> 'cancelled' AND impact = 'high' AND urgency = 'high'",
        "major = TRUE",
    ),
    (
        "incident.major_steps",
        "major = TRUE AND state <> 'cancelled'",
        "major_declared_at IS NOT NULL AND first_response_at IS NOT NULL AND EXISTS (SELECT 1 FROM link l \
         WHERE l.relation = 'incident.problems' AND l.from_number = t.number)",
    ),
    (
        "incident.major_told",
        "major = TRUE AND state <> 'cancelled'",
        "top_management_told_at IS NOT NULL AND top_management_told_at <= major_declared_at + 3600000000 \
         AND (state IN ('resolved', 'closed') OR top_management_updated_at >= NOW - 14400000000)",
    ),
    ("incident.major_manager", "major = TRUE AND state <> 'cancelled'", "major_manager IS NOT NULL"),
    (
        "incident.major_reviewed",
        "major = TRUE AND state IN ('resolved', 'closed')",
        "(resolved_at >= NOW - 1209600000000 OR EXISTS (SELECT 1 FROM major_incident_review r \
         WHERE r.incident = t.number AND r.held_at IS NOT NULL)) \
         AND NOT EXISTS (SELECT 1 FROM major_incident_review r WHERE r.incident = t.number \
         AND r.held_at > t.resolved_at + 1209600000000) \
         AND (resolved_at >= NOW - 1209600000000 OR EXISTS (SELECT 1 FROM major_incident_review r \
         WHERE r.incident = t.number AND r.report IS NOT NULL AND r.sent_at IS NOT NULL))",
    ),
    (
        "incident.names_what",
        "state <> 'cancelled'",
        "service IS NOT NULL OR EXISTS (SELECT 1 FROM link l WHERE l.relation = 'incident.affects' \
         AND l.from_number = t.number)",
    ),
    (
        "agreement.targets_met",
        "resolution_target IS NOT NULL AND state IN ('resolved', 'closed')",
        "resolution_breached_at IS NULL",
    ),
];
/// Exceptions that are named.
const NAMED: i64 = 1_000;

/// Measures full runs and single records.
///
/// # Errors
/// A fault of the database; an answer of another shape.
pub async fn measure(desk: &Desk, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let conformity = desk::conformity(&desk.engine)?;
    let scope = Scope::all();
    let mut floor = Floor::open(&desk.reading, desk.is_server).await?;
    let (mut ours, mut bare) = (Taken::default(), Taken::default());
    let mut differ: Vec<&str> = Vec::new();
    for turn in 0..4 {
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        let summary = conformity.run(&scope, "bench", Door::Cli).await?;
        let full = one(begun, desk.processor.used() - cpu);
        let (begun, cpu) = (Instant::now(), desk.processor.used());
        let counts = by_hand(desk, &mut floor, summary.run.at).await?;
        let hand = one(begun, desk.processor.used() - cpu);
        if turn == 0 {
            // the first turn makes caches warm, and shows that both ask the same
            let (_, results) = conformity.run_results(summary.run.id).await?;
            for (test, members, holds) in counts {
                let found = results.iter().find(|r| r.test == test);
                let ours = found.map(|found| (found.counts.total(), found.counts.holds));
                if ours != Some((u64::try_from(members)?, u64::try_from(holds)?)) {
                    // a control that changed: the figure is then of two different questions, and says so
                    eprintln!("bench: {test}: ours {ours:?}, by hand {:?}", (members, holds));
                    differ.push(test);
                }
            }
        } else {
            ours.add(full);
            bare.add(hand);
        }
    }
    let mut figure = Figure::time("full conformity run", &ours, &bare);
    if !differ.is_empty() {
        figure.floor = format!("{}; asks otherwise: {}", figure.floor, differ.join(", "));
    }
    let reached = figure.ratio.is_some_and(|ratio| ratio <= 1.3);
    table.push(figure.target("1.3 times by hand", reached));
    single(desk, options, &mut floor, table).await
}

fn one(begun: Instant, cpu: std::time::Duration) -> Taken {
    let wall = begun.elapsed();
    Taken { count: 1, wall, cpu, each: vec![wall] }
}

/// The text of a question: instants are written in, yes is `1` on SQLite.
fn written(text: &str, desk: &Desk, now: i64) -> String {
    let text = text.replace("NOW", &now.to_string());
    if desk.is_server { text } else { text.replace("TRUE", "1") }
}

/// All questions by hand: test, records that it is about, records that meet it.
async fn by_hand(desk: &Desk, floor: &mut Floor, now: i64) -> anyhow::Result<Vec<(&'static str, i64, i64)>> {
    let mut sql = desk.engine.store().sql();
    for (at, (_, members, must)) in QUESTIONS.iter().enumerate() {
        let (members, must) = (written(members, desk, now), written(must, desk, now));
        sql.push(if at > 0 { ", " } else { "SELECT " });
        sql.push(&format!("count(*) FILTER (WHERE {members}), "));
        sql.push(&format!("count(*) FILTER (WHERE ({members}) AND ({must}))"));
    }
    sql.push(" FROM incident t");
    let row = floor.numbers(&sql).await?;
    let mut found = Vec::new();
    for (at, (test, members, must)) in QUESTIONS.iter().enumerate() {
        let [all, holds] = row.get(at * 2..at * 2 + 2).context("too few counts")? else { continue };
        if holds < all {
            let mut sql: Sql = desk.engine.store().sql();
            let (members, must) = (written(members, desk, now), written(must, desk, now));
            sql.push(&format!(
                "SELECT number FROM incident t WHERE ({members}) AND ({must}) IS NOT TRUE ORDER BY number LIMIT "
            ));
            sql.bind(NAMED);
            floor.ask(&sql).await?;
        }
        found.push((*test, *all, *holds));
    }
    Ok(found)
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
        for (at, (_, members, must)) in QUESTIONS.iter().enumerate() {
            let (members, must) = (written(members, desk, now), written(must, desk, now));
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

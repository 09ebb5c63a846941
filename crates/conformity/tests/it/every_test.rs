//! Every shipped test, both ways: records made up from its declaration that meet it, and for each assertion records
//! that break it alone, judged by the real questions on both databases. A test that nothing can meet or nothing can
//! fail is named with its file and line.
//!
//! The declarations are read from their folders when the test runs, so a change of one needs no build:
//! `cargo nextest run -p proofdesk_conformity -E 'test(every_test)'`. `DECLARATIONS` names another root, `ONLY` the
//! beginning of a test's id or a part of its file's name.

mod domain;
mod eval;
mod graph;
mod scenario;
mod solve;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use proofdesk_conformity::control::{Kind, load_controls};
use proofdesk_conformity::{Conformity, Declarations, Framework, Scope, Source, State};
use proofdesk_engine::Door;
use proofdesk_model::{Registry, SourceFile};

use crate::postgres::Postgres;
use crate::world::{Place, World};
use scenario::{Scenario, scenarios};
use write::{Written, write_all};

pub use crate::world::MORNING;

/// The day of [`MORNING`].
pub const TODAY: i32 = (MORNING / 86_400_000_000) as i32;

fn folder(name: &str) -> Vec<(String, String)> {
    let root = std::env::var_os("DECLARATIONS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")), PathBuf::from);
    let files = std::fs::read_dir(root.join(name)).unwrap().map(|f| f.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|p| p.extension().is_some_and(|e| e == "kdl")).collect();
    files.sort();
    let read = |path: PathBuf| {
        let file = format!("{name}/{}", path.file_name().unwrap().to_string_lossy());
        (file, std::fs::read_to_string(&path).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn sources(name: &str) -> Vec<Source> {
    folder(name).into_iter().map(|(file, text)| Source::new(file, text)).collect()
}

/// The declarations of the folders, as they are now.
fn declared() -> (Arc<Registry>, Declarations) {
    let files: Vec<SourceFile> =
        folder("records").into_iter().map(|(file, text)| SourceFile::new(file, text)).collect();
    let names = proofdesk_rules::all().names();
    let registry = proofdesk_model::load(&files, &names).unwrap_or_else(|mistakes| {
        panic!("{}", mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let frameworks =
        vec![Framework::load(&sources("standards/iso-20000-1-2018")).unwrap_or_else(|m| panic!("{m}"))];
    let controls =
        load_controls(&sources("controls"), &registry, &frameworks).unwrap_or_else(|m| panic!("{m}"));
    (Arc::new(registry), Declarations { frameworks, controls, ..Declarations::default() })
}

/// What is wrong with the answer to one scenario.
async fn objection(conformity: &Conformity, scenario: &Scenario, written: &Written) -> Option<String> {
    let mut scope = Scope::part("scenario", "One scenario");
    for (record_type, numbers) in &written.numbers {
        let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        scope = scope.narrow(record_type, &format!("number in [{}]", list.join(", ")));
    }
    let trial = match conformity.try_out(&scenario.test, &scope).await {
        Ok(trial) => trial,
        Err(error) => return Some(error.to_string()),
    };
    let counts = [trial.counts.holds, trial.counts.fails];
    let got = format!("{:?} {counts:?}, {} errors", trial.state, trial.counts.errors);
    if (trial.state, counts, trial.counts.errors) != (scenario.state, scenario.counts, 0) {
        return Some(format!(
            "wanted {:?} {:?}, got {got}: {:?}",
            scenario.state, scenario.counts, trial.exceptions
        ));
    }
    let Some(says) = &scenario.says else { return None };
    let alone = |(_, why): &(_, Vec<proofdesk_conformity::Why>)| matches!(why.as_slice(), [only] if only.says == *says && !only.cannot_be_evaluated);
    let named = trial.exceptions.len() as u64 == scenario.counts[1] && trial.exceptions.iter().all(alone);
    let told = trial.detail.as_deref().is_some_and(|d| d.starts_with(says.as_str()));
    let right = match conformity.declarations().test(&scenario.test).map(|t| &t.kind) {
        Some(Kind::AtLeast(_)) => told && trial.exceptions.is_empty(),
        Some(Kind::Fresh(_)) => told && named,
        _ => named,
    };
    (!right).then(|| format!("wanted \"{says}\", got {:?} and {:?}", trial.exceptions, trial.detail))
}

async fn judge(world: World, declarations: &Declarations, scenarios: &[Scenario]) -> Vec<String> {
    let (written, duties) = write_all(&world, declarations, scenarios).await;
    let conformity = world.conformity(declarations.clone());
    let mut wrong = Vec::new();
    for (scenario, written) in scenarios.iter().zip(&written) {
        if let Some(message) = objection(&conformity, scenario, written).await {
            let place = declarations.test(&scenario.test).map_or("", |t| &t.place);
            wrong.push(format!("{place}: {}: {message}", scenario.test));
        }
    }
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    crate::shipped::counts_are_those_of_single_questions(&world, &conformity).await;
    let graphs = scenarios.iter().flat_map(|s| s.parts.iter().map(|(graph, _)| graph)).chain([&duties]);
    let graphs: Vec<&graph::Graph> = graphs.collect();
    for (test, (state, counts)) in crate::shipped::results(&conformity).await {
        let Some(test) = declarations.test(&test) else { continue };
        let own = one_by_one(test, &graphs);
        if !test.sides().is_empty() && state != State::NotProven && own != counts {
            wrong.push(format!("{}: {}: one by one {own:?}, the run says {counts:?}", test.place, test.id));
        }
    }
    wrong
}

/// What a test counts over made-up records, judged one by one and in memory.
fn one_by_one(test: &proofdesk_conformity::Test, graphs: &[&graph::Graph]) -> [u64; 3] {
    let mut counts = [0, 0, 0];
    for side in test.sides() {
        for graph in graphs {
            for id in graph.of_type(&side.population.record_type) {
                let says = |c: &proofdesk_condition::Condition| {
                    eval::outcome(graph, c.tree(), &vec![id], &scenario::CONTEXT)
                };
                match (side.population.members.as_ref().map_or(Some(true), says), says(&side.all)) {
                    (Some(false), _) => {}
                    (Some(true), Some(true)) => counts[0] += 1,
                    (Some(true), Some(false)) => counts[1] += 1,
                    _ => counts[2] += 1,
                }
            }
        }
    }
    match &test.kind {
        Kind::AtLeast(some) => [counts[0], some.apart(counts[0]), 0],
        _ => counts,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_shipped_test_can_be_met_and_each_assertion_broken() {
    let (registry, declarations) = declared();
    let only = std::env::var("ONLY").unwrap_or_default();
    let (scenarios, unproven) = scenarios(&declarations, &registry, &only);
    let faults: Vec<String> = unproven.iter().map(|u| format!("{}: {}", u.place, u.message)).collect();
    assert!(faults.is_empty(), "{} cannot be shown:\n{}", faults.len(), faults.join("\n"));
    let on = std::env::var("DATABASE").unwrap_or_default();
    let sqlite = async {
        match on.as_str() {
            "" | "sqlite" => {
                judge(World::open_with(&Place::Sqlite, registry.clone()).await, &declarations, &scenarios)
                    .await
            }
            _ => Vec::new(),
        }
    };
    let postgres = async {
        match on.as_str() {
            "" | "postgres" => {
                let cluster = tokio::task::spawn_blocking(|| Postgres::start().unwrap()).await.unwrap();
                let place = Place::Postgres(Arc::new(cluster));
                judge(World::open_with(&place, registry.clone()).await, &declarations, &scenarios).await
            }
            _ => Vec::new(),
        }
    };
    let (one, other) = tokio::join!(sqlite, postgres);
    assert!(one.is_empty(), "on SQLite:\n{}", one.join("\n"));
    assert!(other.is_empty(), "on PostgreSQL:\n{}", other.join("\n"));
}

/// Silence is never green: where there is no record at all, no test and no obligation conforms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_test_of_an_empty_desk_proves_nothing() {
    let (registry, declarations) = declared();
    let world = World::open_with(&Place::Sqlite, registry).await;
    let conformity = world.conformity(declarations);
    let summary = conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    let (_, results) = conformity.run_results(summary.run.id).await.unwrap();
    for result in results {
        let planned = match &conformity.declarations().test(&result.test).unwrap().kind {
            Kind::Attest(_) => State::JudgementDue,
            Kind::Fresh(fresh)
                if !matches!(fresh.every, proofdesk_conformity::control::Interval::Every(_)) =>
            {
                State::Nonconforming
            }
            _ => State::NotProven,
        };
        assert_eq!(result.state, planned, "{}", result.test);
    }
    let green: Vec<_> = summary
        .obligations
        .keys()
        .filter(|s| matches!(s, State::Conforming | State::AtRisk | State::NotTriggered))
        .collect();
    assert!(green.is_empty(), "{green:?}");
}

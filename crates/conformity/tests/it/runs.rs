//! Runs of two programs on one database, and what is forgotten of old runs.

use proofdesk_conformity::{Conformity, NewJudgement, Opinion, Scope};
use proofdesk_engine::{Caller, Door};

use crate::kinds::{house, titled};
use crate::world::{World, on_both};

async fn programs_side_by_side(world: World) {
    let (here, beside) = (world.conformity(house()), Conformity::new(world.beside().await, house()));
    world.put("incident", "new", titled("a")).await;
    let auditor = Caller::person(7, "Ilse Brandt", ["auditor"]);
    let new = NewJudgement {
        framework: "house".to_owned(),
        obligation: "1-a".to_owned(),
        test: None,
        opinion: Opinion::Adequate,
        reason: "Seen in use.".to_owned(),
        expires_on: None,
    };
    let mut numbers = Vec::new();
    for program in [&here, &beside, &here, &here, &beside, &beside, &here] {
        let made = program.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
        numbers.push(made.run.id);
        program.record_judgement(&auditor, &new, Door::Cli).await.unwrap();
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 7, "each run has a number of its own");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_run_and_judge_on_one_database() {
    on_both(programs_side_by_side).await;
}

async fn old_lists_go(world: World) {
    let conformity = world.conformity(house());
    let mut found = Vec::new();
    for title in ["a", "b", "c"] {
        world.put("incident", "new", titled(title)).await;
        found.push(conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap().run.id);
    }
    let kept = async || -> Vec<i64> {
        let all = proofdesk_store::Select::from("conformity_exception", &["run_id"]).order("run_id");
        let mut runs: Vec<i64> =
            world.engine.store().select(all).await.unwrap().iter().map(|row| row.int(0)).collect();
        runs.dedup();
        runs
    };
    assert_eq!(kept().await, found, "each of them found something new");
    for _ in 0..proofdesk_conformity::LISTS_KEPT {
        conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
    }
    assert_eq!(kept().await, found[2..], "the list that all later runs mean stays, the older ones are gone");
    assert!(!conformity.exceptions("named", &Scope::all(), None, 10).await.unwrap().items.is_empty());
    let (run, results) = conformity.run_results(found[0]).await.unwrap();
    assert_eq!(proofdesk_conformity::digest_of_results(&results), run.digest, "what a run counted stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_old_runs_are_forgotten() {
    on_both(old_lists_go).await;
}

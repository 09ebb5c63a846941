//! Runs of two programs on one database, and what is forgotten of old runs.

use proofdesk_conformity::{Before, Conformity, Scope, State};
use proofdesk_engine::{Caller, Door};

use crate::kinds::{adequate, house, titled};
use crate::world::{DAY, World, on_both};

async fn programs_side_by_side(world: World) {
    let (here, beside) = (world.conformity(house()), Conformity::new(world.beside().await, house()));
    world.put("incident", "new", titled("a")).await;
    let auditor = Caller::person(7, "Ilse Brandt", ["auditor"]);
    let new = adequate("1-a");
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

async fn the_past_is_what_runs_found(world: World) {
    let conformity = world.conformity(house());
    let all = Scope::all();
    let nothing = conformity.overview_as_of("house", &all, world.time_now()).await.unwrap();
    assert_eq!(nothing.before, Some(Before::FirstRun { since: None }));
    world.put("incident", "new", titled("a")).await;
    let first = conformity.run(&all, "by hand", Door::Cli).await.unwrap();
    let then = conformity.overview("house", &all).await.unwrap();
    let detail = conformity.obligation("house", "1-a", &all).await.unwrap();
    world.time.advance(DAY);
    world.put("incident", "new", titled("b")).await;
    let second = conformity.run(&all, "by hand", Door::Cli).await.unwrap();
    assert_ne!(first.run.digest, second.run.digest);
    // an hour after the first run, and just before the second
    for (at, stale) in [(first.run.at, false), (second.run.at - 1, true)] {
        let past = conformity.overview_as_of("house", &all, at).await.unwrap();
        assert_eq!(past.run.as_ref(), Some(&first.run));
        assert_eq!((past.as_of, past.stale), (at, stale));
        assert_eq!((&past.states, &past.chapters), (&then.states, &then.chapters));
        assert_eq!((past.exceptions, past.records_asked), (then.exceptions, then.records_asked));
        let found: std::collections::BTreeMap<_, u64> =
            past.states.iter().filter(|(_, n)| **n > 0).map(|(s, n)| (*s, *n)).collect();
        assert_eq!(found, first.obligations, "what the sealed entry says");
        let one = conformity.obligation_as_of("house", "1-a", &all, at).await.unwrap();
        assert_eq!((one.state, one.since, &one.history), (detail.state, detail.since, &detail.history));
        assert_eq!(one.tests, detail.tests);
    }
    let now = conformity.overview_as_of("house", &all, second.run.at).await.unwrap();
    assert_eq!((now.run, now.stale), (Some(second.run), false));
    let at = first.run.at - 1;
    let before = conformity.overview_as_of("house", &all, at).await.unwrap();
    assert_eq!((before.as_of, before.before), (at, Some(Before::FirstRun { since: Some(first.run.at) })));
    let total: u64 = before.states.values().sum();
    assert_eq!((before.states[&State::NotProven], before.exceptions, before.run), (total, 0, None));
    let one = conformity.obligation_as_of("house", "1-a", &all, at).await.unwrap();
    assert_eq!((one.state, one.run, one.since, one.history.len()), (State::NotProven, None, None, 0));
    assert_eq!(one.before, Some(Before::FirstRun { since: Some(first.run.at) }));
    assert!(one.tests.iter().all(|t| t.counts.total() == 0 && t.exceptions.items.is_empty()));
    let early = conformity.run_as_of(&all, first.run.at - 1).await;
    assert!(matches!(early, Err(proofdesk_conformity::Error::NotFound(_))), "{early:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_past_instant_is_answered_by_the_newest_run_before_it() {
    on_both(the_past_is_what_runs_found).await;
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

//! The one pass of a run beside questions of their own, and the tests that people answer, both ways.

use std::collections::BTreeMap;

use proofdesk_conformity::control::Kind as TestKind;
use proofdesk_conformity::{Conformity, Declarations, NewJudgement, Opinion, Scope, State};
use proofdesk_engine::{Caller, Door};
use proofdesk_store::Question;

use crate::world::{DAY, World, on_both, registry};

pub async fn results(conformity: &Conformity) -> BTreeMap<String, (State, [u64; 3])> {
    let run = conformity.runs(&Scope::all(), 1).await.unwrap()[0].id;
    let (_, results) = conformity.run_results(run).await.unwrap();
    let counts = |r: &proofdesk_conformity::ResultRow| [r.counts.holds, r.counts.fails, r.counts.errors];
    results.iter().map(|r| (r.test.clone(), (r.state, counts(r)))).collect()
}

/// The one pass of a run counts as a question of its own does.
pub async fn counts_are_those_of_single_questions(world: &World, conformity: &Conformity) {
    let found = results(conformity).await;
    let now = world.time_now();
    let context = proofdesk_model::Context { now, today: i32::try_from(now / DAY).unwrap(), user: None };
    let kept = conformity.declarations().controls.cadences.as_ref().map(|c| c.record_type.as_str());
    for test in conformity.declarations().controls.tests.values() {
        // the run itself wrote the days that it saw into the cadences
        if test.sides().iter().any(|side| Some(side.population.record_type.as_str()) == kept) {
            continue;
        }
        let mut sum = [0, 0, 0];
        for side in test.sides() {
            let of = world.engine.require_type(&side.population.record_type).unwrap();
            let population = side.population.members.as_ref();
            let question = Question { of: &of, population, must: &side.all, only: None, exceptions_limit: 5 };
            let verdicts = world.engine.store().verdicts(question, &context).await.unwrap();
            let mut own = [verdicts.holds, verdicts.fails, verdicts.errors + verdicts.unknown];
            if let TestKind::AtLeast(some) = &test.kind {
                let there = found[&test.id].0 != State::NotProven;
                own = [own[0], if there { some.apart(own[0]) } else { 0 }, 0];
            }
            (0..3).for_each(|i| sum[i] += own[i]);
        }
        if !test.sides().is_empty() {
            assert_eq!(found[&test.id].1, sum, "{}", test.id);
            let page = conformity.exceptions(&test.id, &Scope::all(), None, 1_000).await.unwrap();
            assert_eq!(page.total, sum[1] + sum[2], "{}", test.id);
            if test.counts_only() {
                continue;
            }
            let silent: Vec<_> = page.items.iter().filter(|i| i.why.is_empty()).collect();
            assert!(silent.is_empty(), "{}: every exception says why: {silent:?}", test.id);
        }
    }
}

async fn people_answer(world: World) {
    let declarations = Declarations::shipped(&registry()).unwrap_or_else(|m| panic!("{m}"));
    let conformity = world.conformity(declarations);
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    let attest = |t: &&proofdesk_conformity::Test| matches!(t.kind, TestKind::Attest(_));
    let tests = || conformity.declarations().controls.tests.values();
    let early = results(&conformity).await;
    assert!(tests().any(|t| attest(&t)));
    for test in tests().filter(attest) {
        assert_eq!(early[&test.id].0, State::JudgementDue, "{}", test.id);
    }
    let judge = Caller::person(1, "Ilse Brandt", ["sms_manager"]);
    for (opinion, state) in
        [(Opinion::Adequate, State::Conforming), (Opinion::Inadequate, State::Nonconforming)]
    {
        for test in tests().filter(attest) {
            let new = NewJudgement {
                framework: test.serves[0].framework.clone(),
                obligation: test.serves[0].obligation.clone(),
                test: Some(test.id.clone()),
                opinion,
                reason: "Asked and looked.".to_owned(),
                expires_on: None,
            };
            conformity.record_judgement(&judge, &new, Door::Cli).await.unwrap();
        }
        conformity.run(&Scope::all(), "judged", Door::Cli).await.unwrap();
        let judged = results(&conformity).await;
        for test in tests().filter(attest) {
            assert_eq!(judged[&test.id].0, state, "{}", test.id);
        }
    }
    world.time.advance(600 * DAY);
    conformity.run(&Scope::all(), "late", Door::Cli).await.unwrap();
    let late = results(&conformity).await;
    for test in tests().filter(attest) {
        assert_eq!(late[&test.id].0, State::JudgementDue, "{}: an answer expires", test.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_judgement_counts_both_ways_and_expires() {
    on_both(people_answer).await;
}

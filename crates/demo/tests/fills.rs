//! The example company is accepted by the engine, step by step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proofdesk_conformity::State;
use proofdesk_demo::Size;
use proofdesk_engine::{Caller, Engine, FixedTime};
use proofdesk_store::{Options, Store};

#[tokio::test(flavor = "multi_thread")]
async fn a_small_company_fills() {
    let folder = tempfile::tempdir().unwrap();
    let end = 1_772_442_000_000_000;
    let time = Arc::new(FixedTime::at(end));
    let rules = proofdesk_rules::all();
    let registry = Arc::new(
        proofdesk_model::load(&proofdesk_model::shipped(), &rules.names())
            .unwrap_or_else(|m| panic!("{}", m[0])),
    );
    let store =
        Store::open(&folder.path().join("d.db").display().to_string(), Options::default()).await.unwrap();
    store.migrate(&registry).await.unwrap();
    let declared = proofdesk_conformity::Declarations::shipped(&registry).unwrap_or_else(|m| panic!("{m}"));
    let engine = Engine::new(store, registry, rules, time.clone(), "demo.test/log");
    let conformity = proofdesk_conformity::Conformity::new(engine.clone(), declared);
    let begun = std::time::Instant::now();
    let mut steps = 0;
    let size = Size { seed: 7, days: 200, incidents: 300, end };
    let logins =
        proofdesk_demo::fill(&conformity, &time, size, "a long road to the coast", |done, _| steps = done)
            .await;
    let logins = logins.unwrap_or_else(|e| panic!("{e:#}"));
    eprintln!("{steps} steps in {:?}", begun.elapsed());
    assert_eq!(logins.len(), 9);
    assert!(steps > 1_500, "{steps}");
    // its flaws are honest: conformity finds some, and finds much that is well
    let overview =
        conformity.overview("iso-20000-1-2018", &proofdesk_conformity::Scope::all()).await.unwrap();
    eprintln!("{:?}", overview.states);
    let count = |state| overview.states.get(&state).copied().unwrap_or_default();
    let all: u64 = overview.states.values().sum();
    assert!(count(State::Conforming) * 4 >= all * 3, "{:?}", overview.states);
    assert!((10..=40).contains(&count(State::Nonconforming)), "{:?}", overview.states);
    assert!(count(State::AtRisk) >= 1, "{:?}", overview.states);
    assert!(count(State::NotTriggered) >= 1, "{:?}", overview.states);
    assert!(count(State::JudgementDue) >= 1, "{:?}", overview.states);
    assert_eq!(count(State::NotProven), 0, "{:?}", overview.states);
    // the second framework, too
    let second = conformity.overview("nist-csf-2.0", &proofdesk_conformity::Scope::all()).await.unwrap();
    eprintln!("{:?}", second.states);
    let count = |state| second.states.get(&state).copied().unwrap_or_default();
    assert!(count(State::Conforming) >= 8, "{:?}", second.states);
    assert!(count(State::Nonconforming) + count(State::AtRisk) >= 1, "{:?}", second.states);
    assert!(count(State::NotProven) >= 3, "a part shows no whole: {:?}", second.states);
    // every record type is in use
    for of in engine.registry().types() {
        let found = engine.count(&Caller::system("Test"), &of.name, None, Some(1)).await.unwrap();
        assert!(found > 0, "no {}", of.plural);
    }
    let report = engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
}

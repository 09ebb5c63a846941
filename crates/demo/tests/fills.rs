//! The example company is accepted by the engine, step by step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proofdesk_demo::Size;
use proofdesk_engine::{Engine, FixedTime};
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
        proofdesk_demo::fill(&conformity, &time, size, "a long password", |done, _| steps = done).await;
    let logins = logins.unwrap_or_else(|e| panic!("{e:#}"));
    eprintln!("{steps} steps in {:?}", begun.elapsed());
    assert_eq!(logins.len(), 7);
    assert!(steps > 1_500, "{steps}");
    // its flaws are honest: conformity finds some, and finds much that is well
    let overview =
        conformity.overview("iso-20000-1-2018", &proofdesk_conformity::Scope::all()).await.unwrap();
    eprintln!("{:?}", overview.states);
    let count = |state| overview.states.get(&state).copied().unwrap_or_default();
    assert!(count(proofdesk_conformity::State::Conforming) >= 15, "{:?}", overview.states);
    assert!(count(proofdesk_conformity::State::Nonconforming) >= 3, "{:?}", overview.states);
    let report = engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(report.is_good(), "{:?}", report.findings);
}

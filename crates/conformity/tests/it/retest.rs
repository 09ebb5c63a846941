//! One record tested again: the same answer as a full run, and the obligation turns at once.

use proofdesk_conformity::{Conformity, OwedState, Scope, State};
use proofdesk_engine::{Change, Door, Reference};
use proofdesk_model::Value;

use crate::kinds::house;
use crate::world::{DAY, World, on_both};

async fn state(conformity: &Conformity, obligation: &str) -> (State, u64) {
    let detail = conformity.obligation("house", obligation, &Scope::all()).await.unwrap();
    (detail.state, detail.tests[0].counts.exceptions())
}

/// What re-tests add up to, beside what a full run says.
async fn same_as_full(conformity: &Conformity, moment: &str) {
    let tests = ["named", "timely", "major", "most", "same"];
    let mut live = Vec::new();
    for test in tests {
        let page = conformity.exceptions(test, &Scope::all(), None, 100).await.unwrap();
        let mut names: Vec<String> = page.items.iter().map(|i| i.reference.clone()).collect();
        names.sort();
        live.push((page.total, names));
    }
    conformity.run(&Scope::all(), "compare", Door::Cli).await.unwrap();
    for (test, (total, names)) in tests.iter().zip(live) {
        let page = conformity.exceptions(test, &Scope::all(), None, 100).await.unwrap();
        let mut full: Vec<String> = page.items.iter().map(|i| i.reference.clone()).collect();
        full.sort();
        assert_eq!((total, names), (page.total, full), "{test} {moment}");
    }
}

async fn incremental_is_full(world: World) {
    let conformity = world.conformity(house());
    let titled = |t: &str| Change::default().with_text("title", t);
    let service = world.put("service", "live", Change::default().with_text("name", "Till")).await;
    let mut incidents: Vec<Reference> = Vec::new();
    for i in 0..6 {
        incidents.push(world.put("incident", "new", titled(&format!("i{i}"))).await);
    }
    assert!(conformity.retest(&incidents[0]).await.unwrap().is_empty(), "nothing before the first run");
    world.time.advance(1_000_000);
    conformity.run(&Scope::all(), "first", Door::Cli).await.unwrap();
    assert_eq!(state(&conformity, "1-a").await, (State::Nonconforming, 6));
    let named = || Change::default().with("service", Value::Link(service.number));
    for (i, incident) in incidents.iter().enumerate().take(5) {
        world.time.advance(1_000_000);
        world.alter(incident, named()).await;
        let turned = conformity.retest(incident).await.unwrap();
        let left = 5 - u64::try_from(i).unwrap();
        assert_eq!(state(&conformity, "1-a").await.1, left, "after {i}");
        assert_eq!(turned.is_empty(), left > 1, "it turns when the tolerance is reached");
    }
    assert_eq!(state(&conformity, "1-a").await, (State::AtRisk, 1));
    let history = conformity.obligation("house", "1-a", &Scope::all()).await.unwrap().history;
    assert!(history[0].cause.starts_with("INC-5"), "{history:?}");
    same_as_full(&conformity, "after naming the service").await;
    world.time.advance(1_000_000);
    // a new record, one that leaves, one that comes back, one changed twice
    let new = world.put("incident", "new", titled("new").with_text("category", "x")).await;
    conformity.retest(&new).await.unwrap();
    world.alter(&incidents[5], Change { state: Some("cancelled".into()), ..Change::default() }).await;
    conformity.retest(&incidents[5]).await.unwrap();
    world.alter(&incidents[0], Change::default().with("service", Value::Null)).await;
    conformity.retest(&incidents[0]).await.unwrap();
    world.time.advance(1_000_000);
    world.alter(&incidents[0], named().with("major", Value::Bool(true))).await;
    conformity.retest(&incidents[0]).await.unwrap();
    world.time.advance(1_000_000);
    world.alter(&incidents[0], Change { state: Some("closed".into()), ..Change::default() }).await;
    conformity.retest(&incidents[0]).await.unwrap();
    conformity.retest(&incidents[0]).await.unwrap();
    assert_eq!(state(&conformity, "1-g").await, (State::Nonconforming, 1));
    same_as_full(&conformity, "after all kinds of changes").await;
    // both sides of a reconciliation
    let item = Change::default().with_text("name", "Till").with_text("item_type", "service");
    let item = world.put("configuration_item", "live", item).await;
    world.time.advance(1_000_000);
    conformity.run(&Scope::all(), "again", Door::Cli).await.unwrap();
    world.time.advance(1_000_000);
    world.alter(&service, Change::default().with("item", Value::Link(item.number))).await;
    conformity.retest(&service).await.unwrap();
    conformity.retest(&item).await.unwrap();
    same_as_full(&conformity, "after matching the sides").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_tested_again_counts_as_in_a_full_run() {
    on_both(incremental_is_full).await;
}

async fn owing(world: World) {
    let conformity = world.conformity(house());
    let title = Change::default().with_text("title", "t").with("major", Value::Bool(true));
    let incident = world.put("incident", "new", title).await;
    let of_type = world.engine.require_type("incident").unwrap();
    let record = world.engine.store().load(&of_type, incident.number).await.unwrap().unwrap();
    let owed = conformity.owes(&record).await.unwrap();
    let short: Vec<_> = owed.iter().map(|o| (o.obligation.as_str(), o.state, o.says.as_str())).collect();
    assert_eq!(
        short,
        [
            ("1-a", OwedState::Missing, "No service is named"),
            ("1-h", OwedState::Missing, "No category"),
            ("1-g", OwedState::Later, "Nobody manages it"),
        ]
    );
    assert_eq!(owed[2].when.as_deref(), Some("when it is closed"));
    assert_eq!(owed[0].field.as_deref(), Some("service"));
    world.time.advance(100 * DAY);
    let owed = conformity.owes(&record).await.unwrap();
    assert!(owed.iter().all(|o| o.obligation != "1-h"), "outside the window nothing is owed");
    world.put("service", "live", Change::default().with_text("name", "Till")).await;
    let closed = Change { state: Some("closed".into()), ..Change::default() };
    world.alter(&incident, closed.with_text("category", "x").with("service", Value::Link(1))).await;
    let record = world.engine.store().load(&of_type, incident.number).await.unwrap().unwrap();
    let owed = conformity.owes(&record).await.unwrap();
    let short: Vec<_> = owed.iter().map(|o| (o.obligation.as_str(), o.state)).collect();
    assert_eq!(short, [("1-g", OwedState::Missing), ("1-a", OwedState::Met)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_says_what_it_owes_now_and_later() {
    on_both(owing).await;
}

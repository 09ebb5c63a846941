//! The five kinds of tests, three counts, tolerance, and every state, on small populations.

use std::collections::BTreeMap;

use proofdesk_conformity::{
    Conformity, Declarations, Framework, NewJudgement, Opinion, Scope, Source, Standing, State, load_controls,
};
use proofdesk_engine::{Caller, Change, Door};
use proofdesk_model::Value;

use crate::world::{DAY, HOUR, World, instant, on_both, registry};

const FRAMEWORK: &str = r#"framework "house" title="House rules" edition="1"
chapter "1" title="All" group="All"
clause "1" title="All" {
    obligation "1-a" kind="record" judgement="machine" { says "Incidents name their service."; tested "t"; }
    obligation "1-b" kind="record" judgement="machine" { says "Incidents are in time."; tested "t"; }
    obligation "1-c" kind="interval" judgement="machine" { says "Problems come from trends."; tested "t"; }
    obligation "1-d" kind="record" judgement="presence" { says "Services and items match."; tested "t"; }
    obligation "1-e" kind="decision" judgement="person" { says "It is good."; }
    obligation "1-f" kind="record" judgement="machine" { says "Nobody tests this."; tested "t"; }
    obligation "1-g" kind="record" judgement="machine" { says "Major ones are managed."; tested "t"; }
    obligation "1-h" kind="record" judgement="machine" { says "Most say what they are."; tested "t"; }
}
"#;

const CONTROLS: &str = r#"control "c" title="C" owner="process_owner" {
    test "named" title="Named" severity="major" {
        serves "house" "1-a" partial="Nothing else."
        tolerance count=1 share="50%"
        each "incident" where="state != 'cancelled'" {
            must "service != null" says="No service is named" field="service"
        }
    }
    test "timely" title="Timely" severity="minor" {
        serves "house" "1-b"
        each "incident" where="priority == 'p1'" {
            must "state == 'closed' || resolution_due_at >= now" says="It is late"
        }
    }
    test "trend" title="Trend" severity="minor" {
        serves "house" "1-c"
        fresh "problem" where="source == 'trend'" at="reported_at" every="90d" says="No trend"
    }
    test "same" title="Same" severity="major" {
        serves "house" "1-d"
        reconcile {
            side "service" where="state == 'live'" { matched "item != null" says="No item" field="item"; }
            side "configuration_item" where="item_type == 'service'" {
                matched "represents.exists(s, s.state == 'live')" says="No service"
            }
        }
    }
    test "good" title="Good" severity="major" {
        serves "house" "1-e"
        attest "Is it good?" every="30d"
    }
    test "major" title="Major" severity="major" {
        serves "house" "1-g"
        each "incident" where="major == true" {
            once "state == 'closed'" says="when it is closed"
            must "major_manager != null" says="Nobody manages it" field="major_manager"
        }
    }
    test "most" title="Most" severity="minor" {
        serves "house" "1-h"
        tolerance share="10%"
        ratio "incident" at_least="80%" {
            window on="reported_at" last="90d"
            counts "category != null" says="No category" field="category"
        }
    }
}
"#;

pub fn house() -> Declarations {
    let framework = Framework::load(&[Source::new("house.kdl", FRAMEWORK)]).unwrap();
    let frameworks = vec![framework];
    let controls = load_controls(&[Source::new("c.kdl", CONTROLS)], &registry(), &frameworks).unwrap();
    Declarations { frameworks, controls, ..Declarations::default() }
}

async fn states(conformity: &Conformity) -> BTreeMap<String, State> {
    let map = conformity.overview("house", &Scope::all()).await.unwrap();
    let all = map.chapters.into_iter().flat_map(|c| c.clauses).flat_map(|c| c.obligations);
    all.map(|o| (o.id, o.state)).collect()
}

async fn run(conformity: &Conformity) -> BTreeMap<String, State> {
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap();
    states(conformity).await
}

/// The judgement that what an obligation of [`house`] asks is good enough.
pub fn adequate(obligation: &str) -> NewJudgement {
    NewJudgement {
        framework: "house".to_owned(),
        obligation: obligation.to_owned(),
        test: None,
        opinion: Opinion::Adequate,
        reason: "Seen in use.".to_owned(),
        expires_on: None,
    }
}

pub fn titled(title: &str) -> Change {
    Change::default().with_text("title", title)
}

async fn counts(conformity: &Conformity, test: &str) -> (State, [u64; 3]) {
    let runs = conformity.runs(&Scope::all(), 1).await.unwrap();
    let (_, results) = conformity.run_results(runs[0].id).await.unwrap();
    let found = results.into_iter().find(|r| r.test == test).unwrap();
    (found.state, [found.counts.holds, found.counts.fails, found.counts.errors])
}

async fn silence_is_never_green(world: World) {
    let conformity = world.conformity(house());
    let none = states(&conformity).await;
    assert_eq!(none["1-a"], State::NotProven, "before any run");
    assert_eq!(none["1-f"], State::NoTestYet);
    let empty = run(&conformity).await;
    for id in ["1-a", "1-b", "1-c", "1-d", "1-g", "1-h"] {
        assert_eq!(empty[id], State::NotProven, "{id}: no record of the type at all");
    }
    assert_eq!(empty["1-e"], State::JudgementDue);
    world.put("incident", "cancelled", titled("gone")).await;
    let cancelled = run(&conformity).await;
    assert_eq!(cancelled["1-a"], State::NotTriggered, "records, but none that the test concerns");
    assert_eq!(cancelled["1-g"], State::NotTriggered);
    world.time.advance(4 * HOUR);
    assert_eq!(states(&conformity).await["1-a"], State::NotProven, "the last run is too old");
    assert!(conformity.overview("house", &Scope::all()).await.unwrap().stale);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_proves_nothing() {
    on_both(silence_is_never_green).await;
}

async fn three_counts_and_tolerance(world: World) {
    let conformity = world.conformity(house());
    let service = world.put("service", "live", Change::default().with_text("name", "Till")).await;
    let with = titled("a").with("service", Value::Link(service.number)).with_text("category", "x");
    let good = world.put("incident", "new", with.clone()).await;
    assert_eq!(run(&conformity).await["1-a"], State::Conforming);
    let bad = world.put("incident", "new", titled("b")).await;
    let at_risk = run(&conformity).await;
    assert_eq!(at_risk["1-a"], State::AtRisk, "one of two, within the tolerance");
    assert_eq!(at_risk["1-h"], State::Nonconforming, "one of two is below 70 %");
    assert_eq!(counts(&conformity, "most").await.1, [1, 1, 0]);
    let worse = world.put("incident", "new", titled("c")).await;
    assert_eq!(run(&conformity).await["1-a"], State::Nonconforming);
    assert_eq!(counts(&conformity, "named").await, (State::Nonconforming, [1, 2, 0]));
    let page = conformity.exceptions("named", &Scope::all(), None, 10).await.unwrap();
    assert_eq!(page.total, 2);
    let named: Vec<_> = page.items.iter().map(|i| i.record.clone()).collect();
    assert_eq!(named, [bad, worse]);
    assert_eq!(page.items[0].why[0].says, "No service is named");
    assert_eq!(page.items[0].why[0].field.as_deref(), Some("service"));
    assert_eq!(page.items[0].why[0].seen, [("service".to_owned(), "none".to_owned())]);
    assert_eq!(page.items[0].title, "b");
    for i in 0..8 {
        world.put("incident", "new", titled(&format!("d{i}")).with_text("category", "x")).await;
    }
    assert_eq!(run(&conformity).await["1-h"], State::Conforming, "nine of eleven are 81 %");
    let late = instant(titled("late"), "resolution_due_at", world.time_now() - HOUR);
    let p1 =
        |c: Change| c.with_text("impact", "high").with_text("urgency", "high").with_text("priority", "p1");
    world.put("incident", "new", p1(late)).await;
    world.put("incident", "new", p1(titled("no target"))).await;
    world.put("incident", "closed", p1(titled("done"))).await;
    assert_eq!(run(&conformity).await["1-b"], State::Nonconforming);
    assert_eq!(counts(&conformity, "timely").await.1, [1, 1, 1], "no target: it cannot be evaluated");
    let page = conformity.exceptions("timely", &Scope::all(), None, 10).await.unwrap();
    let standing: Vec<Standing> = page.items.iter().map(|i| i.standing).collect();
    assert_eq!(standing, [Standing::Fails, Standing::Error]);
    assert!(page.items[1].why[0].cannot_be_evaluated);
    assert!(page.items[1].why[0].seen.contains(&("resolution_due_at".to_owned(), "none".to_owned())));
    assert_eq!(good.number, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_answers_with_three_counts_and_names_its_exceptions() {
    on_both(three_counts_and_tolerance).await;
}

async fn fresh_reconcile_and_scope(world: World) {
    let conformity = world.conformity(house());
    world.put("problem", "new", titled("p").with_text("source", "incident")).await;
    assert_eq!(run(&conformity).await["1-c"], State::Nonconforming, "problems, but none from a trend");
    let trend = instant(titled("t").with_text("source", "trend"), "reported_at", world.time_now());
    world.put("problem", "new", trend).await;
    assert_eq!(run(&conformity).await["1-c"], State::Conforming);
    world.time.advance(85 * DAY);
    assert_eq!(run(&conformity).await["1-c"], State::AtRisk, "nine tenths of the cadence are over");
    world.time.advance(6 * DAY);
    assert_eq!(run(&conformity).await["1-c"], State::Nonconforming);
    let service = world.put("service", "live", Change::default().with_text("name", "Till")).await;
    let item = Change::default().with_text("name", "Till").with_text("item_type", "service");
    let item = world.put("configuration_item", "live", item).await;
    run(&conformity).await;
    assert_eq!(counts(&conformity, "same").await, (State::Nonconforming, [0, 2, 0]), "neither side matches");
    world.alter(&service, Change::default().with("item", Value::Link(item.number))).await;
    let matched = run(&conformity).await;
    assert_eq!(counts(&conformity, "same").await, (State::Conforming, [2, 0, 0]));
    assert_eq!(matched["1-d"], State::JudgementDue, "presence: a person has not said that it is good");
    let other = Scope::part("tills", "Tills").narrow("incident", "service == 'SVC-1'");
    world.put("incident", "new", titled("x").with("service", Value::Link(service.number))).await;
    world.put("incident", "new", titled("y")).await;
    conformity.run(&other, "test", Door::Cli).await.unwrap();
    let part = conformity.overview("house", &other).await.unwrap();
    let of = |id: &str| {
        let all = part.chapters[0].clauses[0].obligations.iter();
        all.clone().find(|o| o.id == id).unwrap().state
    };
    assert_eq!(of("1-a"), State::Conforming, "the incident without a service is not in the scope");
    assert_eq!(of("1-c"), State::NotProven, "problems are not asked about in this scope");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cadence_sets_and_scopes() {
    on_both(fresh_reconcile_and_scope).await;
}

async fn judgements_stand_beside(world: World) {
    let conformity = world.conformity(house());
    let auditor = Caller::person(7, "Ilse Brandt", ["auditor"]);
    let new = |obligation: &str, test: Option<&str>, opinion| NewJudgement {
        framework: "house".to_owned(),
        obligation: obligation.to_owned(),
        test: test.map(str::to_owned),
        opinion,
        reason: "Seen in use.".to_owned(),
        expires_on: None,
    };
    run(&conformity).await;
    let good = new("1-e", Some("good"), Opinion::Adequate);
    let agent = Caller::person(8, "Mara", ["agent"]);
    let refused = conformity.record_judgement(&agent, &good, Door::Api).await.unwrap_err();
    assert!(refused.to_string().contains("auditor"), "{refused}");
    let empty = NewJudgement {
        reason: " ".into(),
        expires_on: Some("2020-01-01".into()),
        ..new("9-z", Some("named"), Opinion::Adequate)
    };
    let refused = conformity.record_judgement(&auditor, &empty, Door::Api).await.unwrap_err().to_string();
    for part in ["no obligation 9-z", "no test of 9-z", "Say why", "last day on which it holds"] {
        assert!(refused.contains(part), "{part} not in {refused}");
    }
    conformity.record_judgement(&auditor, &good, Door::Api).await.unwrap();
    assert_eq!(states(&conformity).await["1-e"], State::Conforming, "it counts at once");
    let detail = conformity.obligation("house", "1-e", &Scope::all()).await.unwrap();
    let history: Vec<_> = detail.history.iter().map(|h| (h.state, h.cause.as_str())).collect();
    assert_eq!(history, [(State::Conforming, "judgement 1"), (State::JudgementDue, "run 1")]);
    world.time.advance(31 * DAY);
    assert_eq!(run(&conformity).await["1-e"], State::JudgementDue, "it has expired");
    conformity
        .record_judgement(&auditor, &new("1-e", Some("good"), Opinion::Inadequate), Door::Api)
        .await
        .unwrap();
    assert_eq!(run(&conformity).await["1-e"], State::Nonconforming);
    world.put("incident", "new", titled("a")).await;
    world.put("incident", "new", titled("b")).await;
    conformity.record_judgement(&auditor, &new("1-a", None, Opinion::Adequate), Door::Api).await.unwrap();
    assert_eq!(run(&conformity).await["1-a"], State::Nonconforming, "no judgement hides what was computed");
    let detail = conformity.obligation("house", "1-a", &Scope::all()).await.unwrap();
    assert_eq!(detail.judgement_in_force.unwrap().author, "Ilse Brandt");
    assert_eq!(detail.tests[0].partial.as_deref(), Some("Nothing else."));
    assert_eq!(detail.tests[0].trend.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_judgement_stands_beside_and_expires() {
    on_both(judgements_stand_beside).await;
}

async fn runs_are_sealed(world: World) {
    let conformity = world.conformity(house());
    world.put("incident", "new", titled("a")).await;
    let size = world.engine.store().log_size().await.unwrap();
    let first = conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
    assert_eq!(u64::try_from(first.run.log_size).unwrap(), size);
    let entry = world.engine.store().entry(first.entry).await.unwrap().unwrap();
    let body: serde_json::Value = serde_json::from_slice(&entry.body).unwrap();
    assert_eq!(body["action"], "conformity_run");
    assert_eq!(body["note"]["digest"], first.run.digest.as_str());
    let (run, results) = conformity.run_results(first.run.id).await.unwrap();
    assert_eq!(proofdesk_conformity::digest_of_results(&results), run.digest);
    assert!(results.iter().all(|r| r.declaration.len() == 64));
    let second = conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
    assert!(second.changed.is_empty(), "nothing changed, nothing is added to the history");
    assert_eq!(second.run.digest, first.run.digest, "the same records give the same answer");
    let page = conformity.exceptions("named", &Scope::all(), None, 10).await.unwrap();
    assert_eq!(page.items.len(), 1, "the list of the first run stands for the second");
    let mut left = world.engine.sequence().await.unwrap();
    while left > 0 {
        left = world.engine.sequence().await.unwrap();
    }
    let report = world.engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(report.findings.is_empty(), "a log with runs verifies: {:?}", report.findings);
    let refused = conformity.obligation("house", "8-x", &Scope::all()).await.unwrap_err();
    assert!(refused.to_string().contains("8-x"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_sealed_with_what_it_saw() {
    on_both(runs_are_sealed).await;
}

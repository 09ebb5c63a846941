//! Existence (`some`), and duties at intervals that the organization sets in records.

use proofdesk_conformity::{
    Conformity, Declarations, Framework, OwedState, RunSummary, Scope, Source, State, load_controls,
};
use proofdesk_engine::{Change, Door, Reference};
use proofdesk_model::{Record, Value};

use crate::world::{DAY, HOUR, World, instant, on_both, registry};

const FRAMEWORK: &str = r#"framework "house" title="House rules" edition="1"
chapter "1" title="All" group="All"
clause "1" title="All" {
    obligation "1-a" kind="record" judgement="machine" { says "Two services are explained."; tested "t"; }
    obligation "1-b" kind="interval" judgement="machine" { says "Trends are looked at."; tested "t"; }
    obligation "1-c" kind="interval" judgement="machine" { says "So are changes."; tested "t"; }
}
"#;

const CONTROLS: &str = r#"cadences "cadence" where="state == 'active'" duty="duty" every="every" done="last_done_on" due="next_due_on"
control "c" title="C" owner="process_owner" {
    test "explained" title="Explained" severity="major" {
        serves "house" "1-a"
        some "service" where="state != 'retired'" at_least=2 says="Too few services are explained" {
            once "state == 'live'" says="when it is live"
            must "description != null" says="It is not explained" field="description"
        }
    }
    test "trend" title="Trend" severity="minor" {
        serves "house" "1-b"
        fresh "problem" where="source == 'trend'" at="reported_at" cadence="problem_trend_analysis" says="No trend"
    }
    test "looked" title="Looked at" severity="minor" {
        serves "house" "1-c"
        fresh "change" at="created_at" cadence="problem_trend_analysis" says="No change"
    }
}
"#;

fn planned() -> Declarations {
    let frameworks = vec![Framework::load(&[Source::new("house.kdl", FRAMEWORK)]).unwrap()];
    let controls = load_controls(&[Source::new("c.kdl", CONTROLS)], &registry(), &frameworks);
    let controls = controls.unwrap_or_else(|m| panic!("{m}"));
    Declarations { frameworks, controls, ..Declarations::default() }
}

async fn run(conformity: &Conformity) -> RunSummary {
    conformity.run(&Scope::all(), "test", Door::Cli).await.unwrap()
}

/// State, what it counts, and what was seen, as a page shows it.
async fn stands(conformity: &Conformity, obligation: &str) -> (State, [u64; 2], Option<String>) {
    let detail = conformity.obligation("house", obligation, &Scope::all()).await.unwrap();
    let test = &detail.tests[0];
    (detail.state, [test.counts.holds, test.counts.fails], test.detail.clone())
}

async fn record(world: &World, reference: &Reference) -> Record {
    let of = world.engine.require_type(&reference.record_type).unwrap();
    world.engine.store().load(&of, reference.number).await.unwrap().unwrap()
}

fn named(name: &str) -> Change {
    Change::default().with_text("name", name)
}

async fn there_must_be_some(world: World) {
    let conformity = world.conformity(planned());
    run(&conformity).await;
    let (state, counts, seen) = stands(&conformity, "1-a").await;
    assert_eq!(
        (state, counts),
        (State::NotProven, [0, 0]),
        "no service at all: never green, nothing to blame"
    );
    assert_eq!(seen.as_deref(), Some("There is no service at all."));
    let bare = world.put("service", "live", named("Bare")).await;
    world.put("service", "planned", named("Later").with_text("description", "d")).await;
    world.put("service", "live", named("Good").with_text("description", "d")).await;
    world.time.advance(HOUR);
    run(&conformity).await;
    let (state, counts, seen) = stands(&conformity, "1-a").await;
    assert_eq!((state, counts), (State::Nonconforming, [1, 1]), "one is there, one is missing");
    assert_eq!(seen.as_deref(), Some("Too few services are explained (1 of at least 2)"));
    let page = conformity.exceptions("explained", &Scope::all(), None, 10).await.unwrap();
    assert!(page.items.is_empty(), "no record is to blame: {page:?}");
    let owed = conformity.owes(&record(&world, &bare).await).await.unwrap();
    assert_eq!((owed[0].state, owed[0].says.as_str()), (OwedState::Missing, "It is not explained"));
    world.time.advance(HOUR);
    // one more, told by the re-test alone, and the same by a full run
    world.alter(&bare, Change::default().with_text("description", "d")).await;
    let turned = conformity.retest(&bare).await.unwrap();
    assert_eq!(turned[0].state, State::Conforming);
    assert_eq!(stands(&conformity, "1-a").await.1, [2, 0]);
    let third = world.put("service", "live", named("Third")).await;
    assert!(conformity.retest(&third).await.unwrap().is_empty(), "what is not enough breaks nothing");
    let owed = conformity.owes(&record(&world, &third).await).await.unwrap();
    assert_eq!(owed, [], "others have done it");
    let owed = conformity.owes(&record(&world, &bare).await).await.unwrap();
    assert_eq!(owed[0].state, OwedState::Met);
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-a").await, (State::Conforming, [2, 0], None));
    world.time.advance(HOUR);
    world.alter(&bare, Change { state: Some("retired".into()), ..Change::default() }).await;
    assert_eq!(conformity.retest(&bare).await.unwrap()[0].state, State::Nonconforming);
    assert_eq!(stands(&conformity, "1-a").await.1, [1, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_counts_what_is_there_and_blames_nobody() {
    on_both(there_must_be_some).await;
}

fn cadence(days: i64) -> Change {
    let every = Value::Duration(days * DAY);
    let next = Value::Day(i32::try_from(crate::world::MORNING / DAY).unwrap() + 30);
    named("Trends").with_text("duty", "problem_trend_analysis").with("every", every).with("next_due_on", next)
}

async fn intervals_are_records(world: World) {
    let conformity = world.conformity(planned());
    let early = world.time_now();
    run(&conformity).await;
    let (state, _, seen) = stands(&conformity, "1-b").await;
    assert_eq!(state, State::Nonconforming, "a duty without a cadence is a finding");
    assert_eq!(seen.as_deref(), Some("No cadence is set for \"Trends that lead to problems\"."));
    let draft = world.put("cadence", "draft", cadence(90)).await;
    let owner = world.put("person", "active", named("Ilse")).await;
    let trend =
        instant(Change::default().with_text("title", "t").with_text("source", "trend"), "reported_at", early);
    world.put("problem", "new", trend).await;
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::Nonconforming, "a draft sets nothing");
    let start = Change { state: Some("active".into()), ..Change::default() };
    world.alter(&draft, start.with("owner", Value::Link(owner.number))).await;
    let summary = run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::Conforming);
    assert_eq!(stands(&conformity, "1-c").await.0, State::NotProven, "the other half was never done");
    assert_eq!(summary.duties, [], "so the owner's days stay");
    world.time.advance(2 * DAY);
    world.put("change", "draft", Change::default().with_text("title", "c")).await;
    let summary = run(&conformity).await;
    assert_eq!(summary.duties.len(), 1, "every run keeps the days, whoever asked for it");
    let kept = record(&world, &draft).await;
    let morning = i32::try_from(early / DAY).unwrap();
    assert_eq!(kept.get("last_done_on"), Value::Day(morning), "done is when all of it is done");
    assert_eq!(kept.get("next_due_on"), Value::Day(morning + 90));
    let entries = world.engine.store().entries(&draft, None, 1).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&entries[0].body).unwrap();
    assert_eq!((&body["door"], &body["by"]["name"]), (&"clock".into(), &"Clock".into()));
    let again = run(&conformity).await;
    assert_eq!(again.duties, [], "only when it differs");
    world.time.advance(83 * DAY);
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::AtRisk, "nine tenths are over");
    let planned = instant(
        Change::default().with_text("title", "p").with_text("source", "trend"),
        "reported_at",
        world.time_now() + 20 * DAY,
    );
    world.put("problem", "new", planned).await;
    world.time.advance(6 * DAY);
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::Nonconforming, "what is planned was not done");
    // the shortest interval in force counts
    world.alter(&draft, Change::default().with("every", Value::Duration(365 * DAY))).await;
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::Conforming);
    world.put("cadence", "active", cadence(30).with("owner", Value::Link(owner.number))).await;
    run(&conformity).await;
    assert_eq!(stands(&conformity, "1-b").await.0, State::Nonconforming);
    let detail = conformity.obligation("house", "1-b", &Scope::all()).await.unwrap();
    assert_eq!(detail.tests[0].cadence.as_deref(), Some("Trends that lead to problems"));
    assert_eq!(detail.tests[0].every, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interval_set_in_a_record_counts_from_the_next_run() {
    on_both(intervals_are_records).await;
}

//! What a run, a judgement and a change of state left in the tables must be what the log sealed.

use proofdesk_conformity::{Scope, verify};
use proofdesk_engine::verify::Report;
use proofdesk_engine::{Caller, Change, Door};
use proofdesk_model::Value;
use proofdesk_store::{Select, Statement};

use crate::kinds::{adequate, house, titled};
use crate::world::{World, on_both};

async fn findings(world: &World) -> Vec<String> {
    let mut report = Report::default();
    verify(&world.engine, &mut report).await.unwrap();
    assert!(report.runs > 0);
    report.findings.into_iter().map(|f| format!("{}: {}", f.record.unwrap_or_default(), f.message)).collect()
}

async fn damage(world: &World, statement: Statement) {
    world.engine.store().execute(vec![statement]).await.unwrap();
}

async fn changed_by_hand(world: World) {
    let conformity = world.conformity(house());
    let incident = world.put("incident", "new", titled("a")).await;
    let scope = Scope::all();
    let first = conformity.run(&scope, "by hand", Door::Cli).await.unwrap().run.id;
    world.time.advance(60_000_000);
    world.alter(&incident, Change::default().with_text("title", "b")).await;
    conformity.retest(&incident).await.unwrap();
    let auditor = Caller::person(7, "Ilse Brandt", ["auditor"]);
    let new = adequate("1-a");
    conformity.record_judgement(&auditor, &new, Door::Cli).await.unwrap();
    let second = conformity.run(&scope, "by hand", Door::Cli).await.unwrap().run.id;
    assert_eq!(findings(&world).await, Vec::<String>::new());

    let (_, results) = conformity.run_results(second).await.unwrap();
    for bad in &results {
        let state = |state: &str| {
            let row = Statement::update("conformity_result").set("state", state.to_owned());
            row.when("run_id", second).when("test", bad.test.as_str())
        };
        let was = bad.state.as_str();
        damage(&world, state(if was == "conforming" { "nonconforming" } else { "conforming" })).await;
        let found = findings(&world).await;
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(&format!("RUN-{second}: ")), "{found:?}");
        assert!(found[0].contains(&format!("{} (now", bad.test)), "{} is named: {found:?}", bad.test);
        damage(&world, state(was)).await;
    }
    let holds = |n: u64| {
        let row = Statement::update("conformity_result").set("holds", i64::try_from(n).unwrap());
        row.when("run_id", first).when("test", results[0].test.as_str())
    };
    damage(&world, holds(results[0].counts.holds + 9)).await;
    assert!(findings(&world).await.iter().any(|f| f.starts_with(&format!("RUN-{first}: "))));
    let (_, at_first) = conformity.run_results(first).await.unwrap();
    damage(&world, holds(at_first[0].counts.holds - 9)).await;
    assert_eq!(findings(&world).await, Vec::<String>::new());
    rows_past_the_log(&world, second).await;
}

/// Exceptions, judgements, states and whole runs.
async fn rows_past_the_log(world: &World, run: i64) {
    let why = Select::from("conformity_exception", &["run_id", "test", "seq", "why"]).limit(1);
    let rows = world.engine.store().select(why).await.unwrap();
    let exception = rows.first().expect("the open incident breaks a test");
    let put = |why: &str| {
        let row = Statement::update("conformity_exception").set("why", why.to_owned());
        row.when("run_id", exception.int(0)).when("test", exception.text(1)).when("seq", exception.int(2))
    };
    damage(world, put("[]")).await;
    let found = findings(world).await;
    assert!(found.len() == 1 && found[0].contains(exception.text(1)), "{found:?}");
    damage(world, put(exception.text(3))).await;

    let reason = |reason: &str| Statement::update("conformity_judgement").set("reason", reason.to_owned());
    damage(world, reason("Because I say so.")).await;
    assert_eq!(findings(world).await.len(), 1);
    damage(world, reason("Seen in use.")).await;

    let states =
        Select::from("conformity_state", &["id", "obligation", "state"]).order_descending("id").limit(1);
    let rows = world.engine.store().select(states).await.unwrap();
    let (id, obligation, state) = (rows[0].int(0), rows[0].text(1).to_owned(), rows[0].text(2).to_owned());
    let turn =
        |state: &str| Statement::update("conformity_state").set("state", state.to_owned()).when("id", id);
    damage(world, turn("at_risk")).await;
    let found = findings(world).await;
    assert!(found.len() == 2 && found.iter().all(|f| f.starts_with(&obligation)), "{found:?}");
    damage(world, turn(&state)).await;
    let invented = Statement::insert("conformity_state")
        .set("framework", "house")
        .set("scope", "all")
        .set("obligation", "1-a")
        .set("since", 1_i64)
        .set("state", "conforming")
        .set("cause", "run 1");
    damage(world, invented).await;
    assert_eq!(findings(world).await.len(), 1, "also a state of long ago");
    damage(world, Statement::delete("conformity_state").when("since", 1_i64)).await;
    assert_eq!(findings(world).await, Vec::<String>::new());

    let made = |at: i64| Statement::update("conformity_run").set("at", at).when("id", run);
    let rows = Select::from("conformity_run", &["at"]).when("id", run);
    let at = world.engine.store().select(rows).await.unwrap()[0].int(0);
    damage(world, made(at + 3_600_000_000)).await;
    let found = findings(world).await;
    assert!(found.len() == 1 && found[0].starts_with(&format!("RUN-{run}: ")), "{found:?}");
    damage(world, made(at)).await;
    assert_eq!(findings(world).await, Vec::<String>::new());

    damage(world, Statement::delete("conformity_run").when("id", run)).await;
    let found = findings(world).await;
    assert!(
        found.iter().any(|f| f.contains(&format!("the run RUN-{run}, but its row is gone"))),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_conformity_changed_by_hand_is_found_and_named() {
    on_both(changed_by_hand).await;
}

/// A row of a record tested again: of INC-`number` to the test `named` since a run.
fn again(number: i64, run: i64, (was, standing): (&'static str, &'static str), at: i64) -> Statement {
    Statement::insert("conformity_retest")
        .set("scope", "all")
        .set("test", "named")
        .set("side", 0_i64)
        .set("record_type", "incident")
        .set("number", number)
        .set("was", was)
        .set("standing", standing)
        .set("why", "[]")
        .set("at", at)
        .set("version", 2_i64)
        .set("run_id", run)
}

/// The size of the log once all entries are leaves: on PostgreSQL they become so within a second.
async fn size_of_log(world: &World) -> u64 {
    let store = world.engine.store();
    while store.health().await.unwrap().pending > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    store.log_size().await.unwrap()
}

async fn tested_again_by_hand(world: World) {
    let conformity = world.conformity(house());
    let service = world.put("service", "live", Change::default().with_text("name", "Till")).await;
    let link = || Change::default().with("service", Value::Link(service.number));
    let (a, b) =
        (world.put("incident", "new", titled("a")).await, world.put("incident", "new", titled("b")).await);
    world.time.advance(60_000_000);
    let first = conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap().run.id;
    let run = conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap().run.id;
    world.time.advance(60_000_000);
    world.alter(&a, link()).await;
    conformity.retest(&a).await.unwrap();
    assert_eq!(findings(&world).await, Vec::<String>::new());
    let at = world.time_now();
    let size = size_of_log(&world).await;
    conformity.retest(&a).await.unwrap();
    assert_eq!(size_of_log(&world).await, size, "what says the same is not told again");

    let total = async |wanted: u64| {
        let page = conformity.exceptions("named", &Scope::all(), None, 100).await.unwrap();
        assert_eq!(page.total, wanted);
    };
    total(1).await;
    let of = |number: i64, statement: Statement| statement.when("number", number).when("test", "named");
    let row = || of(a.number, Statement::update("conformity_retest"));
    damage(&world, again(b.number, run, ("fails", "holds"), at)).await;
    total(0).await;
    let found = findings(&world).await;
    assert!(found.len() == 1 && found[0].contains("INC-2 is to the test named"), "{found:?}");
    assert!(found[0].ends_with("is in no entry of the log."), "{found:?}");
    damage(&world, of(b.number, Statement::delete("conformity_retest"))).await;
    // a row that waits for the next run to count
    damage(&world, again(b.number, run + 1, ("fails", "holds"), at)).await;
    assert_eq!(findings(&world).await.len(), 1);
    damage(&world, of(b.number, Statement::delete("conformity_retest"))).await;
    assert_eq!(findings(&world).await, Vec::<String>::new());

    for (column, changed, right) in
        [("standing", "fails", "holds"), ("was", "outside", "fails"), ("why", "[1]", "[]")]
    {
        damage(&world, row().set(column, changed)).await;
        let found = findings(&world).await;
        assert!(found.len() == 1 && found[0].ends_with("is not as the log told it."), "{column}: {found:?}");
        damage(&world, row().set(column, right)).await;
    }
    damage(&world, row().set("run_id", first)).await;
    let found = findings(&world).await;
    assert!(found.len() == 1 && found[0].ends_with("its row is gone."), "nobody counts it: {found:?}");
    damage(&world, of(a.number, Statement::delete("conformity_retest"))).await;
    assert_eq!(findings(&world).await, found);
    damage(&world, again(a.number, run, ("fails", "holds"), at)).await;
    assert_eq!(findings(&world).await, Vec::<String>::new());

    for change in [Change::default().with("service", Value::Null), link()] {
        world.time.advance(1_000_000);
        world.alter(&a, change).await;
        conformity.retest(&a).await.unwrap();
        world.time.advance(120_000_000);
        assert_eq!(findings(&world).await, Vec::<String>::new());
    }
    damage(&world, row().set("standing", "fails")).await;
    assert_eq!(findings(&world).await.len(), 1, "what it was two minutes before does not hold");
    conformity.run(&Scope::all(), "by hand", Door::Cli).await.unwrap();
    assert_eq!(findings(&world).await, Vec::<String>::new(), "a full run counts anew");
    of_an_earlier_version(&world, b.number).await;
}

/// A run of an earlier version did not say that what is tested again is told.
async fn of_an_earlier_version(world: &World, number: i64) {
    let entries = Select::from("log_entry", &["id", "body", "number"]).when("record_type", "conformity_run");
    let rows = world.engine.store().select(entries.order_descending("number").limit(1)).await.unwrap();
    let body = String::from_utf8(rows[0].bytes(1).to_vec()).unwrap();
    let older = body.replace(",\"retests\":\"told\"", "");
    assert!(older.len() < body.len(), "{body}");
    damage(world, again(number, rows[0].int(2), ("fails", "holds"), 1)).await;
    assert_eq!(findings(world).await.len(), 1);
    let entry = Statement::update("log_entry").set("body", older.as_bytes()).when("id", rows[0].int(0));
    damage(world, entry).await;
    assert_eq!(findings(world).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_tested_again_by_hand_is_found() {
    on_both(tested_again_by_hand).await;
}

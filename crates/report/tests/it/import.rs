//! Import: twice, after a kill, with further events, with broken rows, on both databases.

use std::sync::Arc;

use proofdesk_engine::import::{Failure, Source};
use proofdesk_engine::{Engine, Importer, Mapping, Progress};
use proofdesk_report::{Scope, figures};
use serde_json::Value as Json;

use crate::world::{World, engine_at, head, import, mapping, plain, registry, shared};

const INCIDENTS: &str = "incidents/uci_incident_event_log.csv.gz";

fn some(lines: usize) -> Vec<u8> {
    head(&plain(&shared(INCIDENTS)), lines + 1)
}

async fn size(engine: &Engine) -> u64 {
    engine.store().sequence_once().await.unwrap();
    engine.store().health().await.unwrap().log_size
}

async fn all_figures(engine: &Engine) -> Json {
    serde_json::to_value(figures(engine, &Scope::of("incident")).await.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_run_changes_nothing_and_says_so() {
    let world = World::new().await;
    let mapping = mapping("incidents.toml");
    let first = import(&world.engine, some(1_500), &mapping).await;
    assert_eq!((first.rows, first.events, first.known), (1_500, 1_500, 0));
    assert_eq!(first.refused, []);
    let before = size(&world.engine).await;
    assert_eq!(before, 1_500 + first.made.values().sum::<u64>());

    let second = import(&world.engine, some(1_500), &mapping).await;
    assert_eq!((second.events, second.created, second.updated), (0, 0, 0));
    assert_eq!((second.known, second.unchanged), (1_500, first.created));
    assert_eq!(size(&world.engine).await, before);

    // a file that has grown: only what is new
    let third = import(&world.engine, some(1_600), &mapping).await;
    assert_eq!((third.known, third.events), (1_500, 100));
    let verified = world.engine.verify(&[], |_, _| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_goes_on_where_it_stopped() {
    let (whole, killed) = (World::new().await, World::new().await);
    let mapping = mapping("incidents.toml");
    import(&whole.engine, some(1_500), &mapping).await;

    let progress = Arc::new(Progress::default());
    let (engine, seen, map) = (killed.engine.clone(), progress.clone(), mapping.clone());
    let run = tokio::spawn(async move {
        let input = std::io::Cursor::new(some(1_500));
        Importer::new(engine).with_batch(50).run(input, Source::default(), &map, seen).await
    });
    while progress.events() < 300 {
        assert!(!run.is_finished(), "it ended before it was killed");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    run.abort();
    let _ = run.await;
    killed.engine.store().close().await.unwrap();
    let again = engine_at(killed.folder.path().join("desk.db").to_str().unwrap()).await;
    let report = import(&again, some(1_500), &mapping).await;
    assert!(report.known >= 300 && report.known < 1_500, "{}", report.known);
    assert_eq!(report.known + report.events, 1_500);
    assert_eq!(all_figures(&again).await, all_figures(&whole.engine).await);
    let verified = again.verify(&[], |_, _| {}).await.unwrap();
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_rows_are_refused_with_line_and_reason_and_the_rest_is_kept() {
    let world = World::new().await;
    let good = String::from_utf8(some(60)).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let mut broken: Vec<Vec<u8>> = lines.iter().map(|l| l.as_bytes().to_vec()).collect();
    let change = |line: &str, from: &str, to: &str| {
        assert!(line.contains(from), "{line}");
        line.replacen(from, to, 1).into_bytes()
    };
    // places in the list are lines of the file less one
    broken[5] = lines[5].rsplit_once(',').unwrap().0.as_bytes().to_vec();
    broken[10] = change(lines[10], "/2016", "/0216");
    broken[15] = change(lines[15], "2 - Medium", "7 - Absurd");
    broken[20].push(0xff);
    broken[25] = change(lines[25], ",", ",\"");
    broken[30] = change(lines[30], lines[30].split(',').next().unwrap(), "?");
    broken[35] = change(lines[35], "Location ", &"x".repeat(700));
    let text = broken.join(&b'\n');
    let mapping = mapping("incidents.toml");
    let report = import(&world.engine, text.clone(), &mapping).await;
    let told: Vec<(usize, &str)> = report.refused.iter().map(|r| (r.line, r.reason.as_str())).collect();
    let expected = [
        (6, "it has 35 fields, the heading has 36"),
        (11, "lies in the year 216"),
        (16, "the mapping has no value for `7 - Absurd`"),
        (21, "is not UTF-8 text"),
        (26, "quotation mark"),
        (31, "it has no key"),
        (36, "Location"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for ((line, reason), (wanted, says)) in told.iter().zip(expected) {
        assert!(*line == wanted && reason.contains(says), "{line} {reason}: {wanted} {says}");
    }
    assert_eq!((report.rows, report.events), (60, 53));
    let size_before = size(&world.engine).await;
    let again = import(&world.engine, text, &mapping).await;
    assert_eq!(again.refused, report.refused);
    assert_eq!((again.events, again.known), (0, 53));
    assert_eq!(size(&world.engine).await, size_before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_that_says_something_else_now_is_refused() {
    let world = World::new().await;
    let mapping = mapping("incidents.toml");
    import(&world.engine, some(5), &mapping).await;
    let text = String::from_utf8(some(6)).unwrap().replacen("Category 40", "Category 41", 1);
    let report = import(&world.engine, text.into_bytes(), &mapping).await;
    assert!(
        report.refused.iter().all(|r| r.reason.contains("history is not rewritten")),
        "{:?}",
        report.refused
    );
    assert!(report.events <= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_file_is_imported_as_far_as_it_goes_and_said_to_be_torn() {
    let world = World::new().await;
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    std::io::Write::write_all(&mut zip, &some(400)).unwrap();
    let zip = zip.finish().unwrap();
    let mapping = mapping("incidents.toml");
    let report = import(&world.engine, zip[..zip.len() / 2].to_vec(), &mapping).await;
    assert!(report.broken_off.as_ref().unwrap().contains("not copied whole"), "{report:?}");
    assert!(report.events > 50 && report.events < 400);
    let whole = import(&world.engine, zip, &mapping).await;
    assert_eq!((whole.known + whole.events, whole.broken_off), (400, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_does_not_fit_the_mapping_is_refused_before_anything_is_written() {
    let world = World::new().await;
    let text = b"number,incident_state,colour\nINC1,New,red\n".to_vec();
    let input = std::io::Cursor::new(text);
    let map = mapping("incidents.toml");
    let source = Source { file: "odd.csv".into(), ..Source::default() };
    let result = Importer::new(world.engine.clone()).run(input, source, &map, Arc::default()).await;
    let Err(Failure::Mapping(mistakes)) = result else { panic!("{result:?}") };
    assert!(mistakes.iter().any(|m| m.message.contains("`colour` is neither mapped nor ignored")));
    assert!(mistakes.iter().any(|m| m.message.contains("`sys_updated_at`, which the file does not have")));
    assert_eq!(size(&world.engine).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imported_times_are_those_of_the_history_and_entries_carry_the_time_of_the_import() {
    let world = World::new().await;
    import(&world.engine, some(12), &mapping("incidents.toml")).await;
    let of = registry().get("incident").unwrap().clone();
    let number = world.engine.store().find_external(&of, "INC0000047").await.unwrap().unwrap();
    let reference = proofdesk_engine::Reference::new("incident", number);
    let history = world.engine.history(&reference, 50).await.unwrap();
    let first = history.last().unwrap();
    assert_eq!(first.at, crate::world::NOW);
    assert_eq!(proofdesk_model::format::write_instant(first.occurred_at), "2016-02-29T04:57:00Z");
    assert_eq!((first.door.as_str(), first.by.as_str()), ("import", "Updated by 746"));
    assert_eq!(first.note.as_ref().unwrap()["line"], 2);
    let record = world.engine.store().load(&of, number).await.unwrap().unwrap();
    assert_eq!(proofdesk_model::format::write_instant(record.created_at), "2016-02-29T04:57:00Z");
    assert_eq!(record.origin, "import");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_give_the_same_figures() {
    let sqlite = World::new().await;
    let server = proofdesk_testkit::postgres::Postgres::start().unwrap();
    let engine = engine_at(&server.connection("postgres")).await;
    let mapping: Mapping = mapping("incidents.toml");
    let ours = import(&sqlite.engine, some(1_200), &mapping).await;
    let theirs = import(&engine, some(1_200), &mapping).await;
    assert_eq!(ours, theirs);
    assert_eq!(all_figures(&sqlite.engine).await, all_figures(&engine).await);
    let again = import(&engine, some(1_200), &mapping).await;
    assert_eq!((again.events, again.known), (0, 1_200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slip_of_the_source_leaves_the_state_and_blanks_count_once() {
    let world = World::new().await;
    let text = String::from_utf8(some(4)).unwrap();
    // the third event of the first incident: its second is Active
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 3 { line.replacen("Active", "-100", 1) } else { line.to_owned() })
        .collect();
    assert!(lines[3].contains(",-100,") && lines[3].contains("Opened by  397"), "{}", lines[3]);
    let report = import(&world.engine, lines.join("\n").into_bytes(), &mapping("incidents.toml")).await;
    assert_eq!((report.events, report.refused.len()), (4, 0));
    let f = figures(&world.engine, &Scope::of("incident")).await.unwrap();
    assert_eq!(f.events_by_state.get("in_progress"), Some(&3));
    let lives = proofdesk_report::figures::lives(&world.engine, &Scope::of("incident")).await.unwrap();
    assert_eq!(lives[0].kept["opened_by"], "Opened by 397");
}

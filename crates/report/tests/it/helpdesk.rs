//! Every figure of the help desk log, against the answers that were computed outside the product.

use std::collections::BTreeMap;

use proofdesk_report::figures::{Life, Spread, lives};
use proofdesk_report::{Scope, figures};
use serde_json::Value as Json;

use crate::world::{World, import, mapping, plain, shared};

const STATUS: &str = "concept:name";

fn spread(name: &str, ours: Option<Spread>, theirs: &Json) {
    let ours = serde_json::to_value(ours.unwrap()).unwrap();
    for (part, theirs) in theirs.as_object().unwrap() {
        let (ours, theirs) = (ours[part].as_f64().unwrap(), theirs.as_f64().unwrap());
        assert!((ours - theirs).abs() <= 0.001, "{name}.{part}: {ours} instead of {theirs}");
    }
}

fn times(life: &Life) -> [String; 2] {
    [life.span.0, life.span.1].map(|at| proofdesk_model::format::write_instant(at).replace('Z', "+00:00"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_those_that_were_computed_outside() {
    let world = World::new().await;
    let bytes = plain(&shared("helpdesk/helpdesk_italy.csv.gz"));
    let report = import(&world.engine, bytes, &mapping("helpdesk.toml")).await;
    assert_eq!(report.refused, []);
    let scope = Scope { path: Some(STATUS.to_owned()), ..Scope::of("incident") };
    let f = figures(&world.engine, &scope).await.unwrap();
    let lives = lives(&world.engine, &scope).await.unwrap();
    let text = std::fs::read_to_string(shared("helpdesk/expected.json")).unwrap();
    let whole: Json = serde_json::from_str(&text).unwrap();
    let e = &whole["expected"];
    let count = |name: &str, ours: u64| assert_eq!(Some(ours), e[name].as_u64(), "{name}");

    count("cases", f.volume.records);
    count("events", f.volume.events);
    count("variants", f.variants);
    for name in ["seriousness", "service_level"] {
        count(&format!("distinct_{name}"), f.filled[name].distinct);
    }
    for (name, field) in [
        ("service_type", "category"),
        ("support_section", "subcategory"),
        ("workgroup", "team"),
        ("customer", "customer"),
        ("product", "service"),
    ] {
        count(&format!("distinct_{name}"), f.filled[field].distinct);
    }
    for (name, ours) in [("first_event", &f.volume.first_event), ("last_event", &f.volume.last_event)] {
        assert_eq!(ours.clone().unwrap().replace('Z', "+00:00"), e[name].as_str().unwrap());
    }
    spread(
        "first to last",
        f.hours["first_to_last_event"].get("all").copied(),
        &e["case_hours_first_to_last_event"],
    );
    count("cases_with_timestamps_out_of_order_in_file", f.data_quality["time_goes_back"].n);

    let has = |life: &Life, status: &str| life.path.iter().filter(|(s, _)| s == status).count();
    let (mut statuses, mut last): (BTreeMap<&str, u64>, BTreeMap<&str, u64>) = Default::default();
    for life in &lives {
        life.path.iter().for_each(|(s, _)| *statuses.entry(s).or_default() += 1);
        *last.entry(&life.path.last().unwrap().0).or_default() += 1;
    }
    for (name, ours) in [("events_by_status", &statuses), ("final_status", &last)] {
        assert_eq!(serde_json::to_value(ours).unwrap(), sorted(&e[name]), "{name}");
    }
    let cases = |test: &dyn Fn(&Life) -> bool| lives.iter().filter(|l| test(l)).count() as u64;
    count("cases_with_wait", cases(&|l| has(l, "Wait") > 0));
    count("cases_with_take_in_charge_more_than_once", cases(&|l| has(l, "Take in charge ticket") > 1));
    count("cases_not_ending_closed", cases(&|l| l.path.last().unwrap().0 != "Closed"));
    count("cases_closed_without_resolve", cases(&|l| has(l, "Closed") > 0 && l.first_resolution.is_none()));
    let last_resolve =
        |l: &Life| l.path.iter().filter(|(s, _)| s == "Resolve ticket").map(|(_, at)| *at).max();
    let hours = lives.iter().filter_map(|l| Some(Life::hours(l.span.0, last_resolve(l)?))).collect();
    spread("first event to last resolve", Spread::of(hours), &e["hours_first_event_to_last_resolve"]);

    let by_key: BTreeMap<&str, &Life> = lives.iter().map(|l| (l.key.as_str(), l)).collect();
    for theirs in e["golden_cases"].as_array().unwrap() {
        let life = by_key[theirs["case"].as_str().unwrap()];
        assert_eq!(Some(life.events), theirs["events"].as_u64());
        let steps: Vec<&str> = life.path.iter().map(|(s, _)| s.as_str()).collect();
        assert_eq!(serde_json::to_value(steps).unwrap(), theirs["statuses"]);
        assert_eq!(times(life), [theirs["first"].as_str().unwrap(), theirs["last"].as_str().unwrap()]);
    }
}

fn sorted(object: &Json) -> Json {
    let map: BTreeMap<&String, &Json> = object.as_object().unwrap().iter().collect();
    serde_json::to_value(map).unwrap()
}

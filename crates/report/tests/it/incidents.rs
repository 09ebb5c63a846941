//! Every figure of the incident log, against the answers that were computed outside the product.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use proofdesk_engine::{Caller, Change, Door, Engine, Reference, Target};
use proofdesk_model::Value;
use proofdesk_report::figures::{Life, WhatIf, lives};
use proofdesk_report::{Figures, Scope, figures};
use serde_json::Value as Json;

use crate::world::{World, import, mapping, plain, shared};

const NAMES: [(&str, &str); 4] =
    [("p1", "1 - Critical"), ("p2", "2 - High"), ("p3", "3 - Moderate"), ("p4", "4 - Low")];
const STATES: [(&str, &str); 8] = [
    ("new", "New"),
    ("in_progress", "Active"),
    ("waiting: customer", "Awaiting User Info"),
    ("waiting: supplier", "Awaiting Vendor"),
    ("waiting: problem", "Awaiting Problem"),
    ("waiting: evidence", "Awaiting Evidence"),
    ("resolved", "Resolved"),
    ("closed", "Closed"),
];

async fn make(engine: &Engine, of: &str, values: &[(&str, Value)]) -> i64 {
    let set: IndexMap<String, Value> = values.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    let change = Change { set, ..Change::default() };
    let caller = Caller::system("test");
    engine.apply(&caller, Target::New(of.to_owned()), change, Door::Cli).await.unwrap().record.number
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The rule that was inferred from the flag, as service hours and targets of an agreement that was in force then.
async fn enter_the_inferred_rule(engine: &Engine) {
    let week = ("week", text("mon-fri 00:00-24:00"));
    let hours =
        make(engine, "service_hours", &[("name", text("Weekdays")), ("zone", text("UTC")), week]).await;
    let from = ("valid_from", Value::Day(16_436)); // 2015-01-01
    let terms = [("workload_limits", text("none")), ("exceptions", text("none"))];
    let mut values = vec![("name", text("Inferred")), from, ("service_hours", Value::Link(hours))];
    values.extend(terms);
    let agreement = make(engine, "agreement", &values).await;
    for (priority, minutes) in [("p3", 9_202), ("p4", 20_734)] {
        let duration = format!("{minutes}m");
        let values = [
            ("name", text(priority)),
            ("agreement", Value::Link(agreement)),
            ("clock", text("closure")),
            ("applies_to", text("incident")),
            ("priority", text(priority)),
            ("duration", text(&duration)),
        ];
        make(engine, "target", &values).await;
    }
    let agree = Target::Existing(Reference::new("agreement", agreement), None);
    let caller = Caller::system("test");
    engine.apply(&caller, agree, Change::default().take("agree"), Door::Cli).await.unwrap();
}

fn scope() -> Scope {
    let by_priority = |minutes: [Option<i64>; 4]| {
        let named = NAMES.iter().zip(minutes).filter_map(|((p, _), m)| Some(((*p).to_owned(), m?)));
        named.collect::<BTreeMap<_, _>>()
    };
    let what_if = |name: &str, hours: &str, to: &str, minutes| WhatIf {
        name: name.to_owned(),
        hours: hours.to_owned(),
        from: "reported_at".to_owned(),
        to: to.to_owned(),
        minutes: by_priority(minutes),
    };
    let end = "effective_resolution";
    let office = "zone UTC\nmon-fri 09:00-17:00";
    Scope {
        counter: Some("sys_mod_count".to_owned()),
        top: 20,
        what_if: vec![
            what_if("sussex", office, end, [Some(240), Some(480), Some(1_440), Some(2_400)]),
            what_if("east bay", "", end, [Some(240), Some(960), Some(1_920), None]),
            what_if(
                "flag",
                "zone UTC\nmon-fri 00:00-24:00",
                "closed_at",
                [None, None, Some(9_202), Some(20_734)],
            ),
        ],
        ..Scope::of("incident")
    }
}

/// Gathers every difference, so that one run tells all of them.
struct Compare {
    wrong: Vec<String>,
    compared: usize,
}

impl Compare {
    fn number(&mut self, name: &str, ours: f64, theirs: &Json) {
        self.compared += 1;
        let theirs = theirs.as_f64().unwrap_or_else(|| panic!("{name}: no number expected: {theirs}"));
        if (ours - theirs).abs() > 0.001 {
            self.wrong.push(format!("{name}: {ours} instead of {theirs}"));
        }
    }

    fn text(&mut self, name: &str, ours: &str, theirs: &Json) {
        self.compared += 1;
        if theirs.as_str() != Some(ours) {
            self.wrong.push(format!("{name}: {ours} instead of {theirs}"));
        }
    }

    /// All members of an object against a map with names of ours.
    fn map(&mut self, name: &str, ours: &BTreeMap<String, u64>, names: &[(&str, &str)], theirs: &Json) {
        let theirs = theirs.as_object().unwrap();
        if ours.len() != theirs.len() {
            self.wrong.push(format!("{name}: {} entries instead of {}", ours.len(), theirs.len()));
        }
        for (key, value) in theirs {
            let own = names.iter().find(|(_, t)| t == key).map_or(key.as_str(), |(o, _)| o);
            self.number(&format!("{name}.{key}"), ours.get(own).copied().unwrap_or_default() as f64, value);
        }
    }

    /// A spread by priority.
    fn spreads(&mut self, name: &str, figures: &Figures, ours: &str, theirs: &Json) {
        let by = &figures.hours[ours];
        for (priority, theirs) in theirs.as_object().unwrap() {
            let own = NAMES.iter().find(|(_, t)| t == priority).map_or("all", |(o, _)| o);
            self.spread(&format!("{name}.{priority}"), &serde_json::to_value(by[own]).unwrap(), theirs);
        }
    }

    fn spread(&mut self, name: &str, ours: &Json, theirs: &Json) {
        for (part, value) in theirs.as_object().unwrap() {
            if ours[part].is_number() {
                self.number(&format!("{name}.{part}"), ours[part].as_f64().unwrap(), value);
            } else if value.is_number() && part != "share_between_119_and_121.5h_percent" {
                self.wrong.push(format!("{name}.{part}: missing"));
            }
        }
    }

    fn set(&mut self, name: &str, ours: &proofdesk_report::figures::IdSet, theirs: &Json) {
        self.number(&format!("{name}.n"), ours.n as f64, &theirs["n"]);
        self.text(&format!("{name}.sha256"), &ours.sha256, &theirs["sha256_of_sorted_ids_joined_by_lf"]);
        let first: Vec<&str> =
            theirs["first_ids"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        if ours.first != first {
            self.wrong.push(format!("{name}.first_ids: {:?}", ours.first));
        }
    }

    fn top(
        &mut self,
        name: &str,
        figures: &Figures,
        field: &str,
        theirs: &Json,
        label: impl Fn(&str) -> String,
    ) {
        for (place, theirs) in theirs.as_array().unwrap().iter().enumerate() {
            let name = format!("{name}[{place}]");
            let Some(ours) = figures.top[field].get(place) else {
                self.wrong.push(format!("{name}: missing"));
                continue;
            };
            let value = ours.value.as_deref().map_or("?".to_owned(), &label);
            self.text(&format!("{name}.value"), &value, &theirs["value"]);
            self.number(&format!("{name}.incidents"), ours.records as f64, &theirs["incidents"]);
            self.number(&format!("{name}.percent"), ours.percent, &theirs["percent"]);
            self.number(&format!("{name}.made_sla"), ours.target_met_percent, &theirs["made_sla_percent"]);
            match ours.median_hours {
                Some(median) => {
                    self.number(&format!("{name}.median"), median, &theirs["median_hours_to_resolve"])
                }
                None => assert!(theirs["median_hours_to_resolve"].is_null(), "{name}"),
            }
        }
    }
}

fn volume(c: &mut Compare, f: &Figures, e: &Json) {
    let v = &e["volume"];
    c.number("events", f.volume.events as f64, &v["events"]);
    c.number("incidents", f.volume.records as f64, &v["incidents"]);
    let spread = serde_json::to_value(f.volume.events_per_record).unwrap();
    for part in ["mean", "median", "max"] {
        // the mean is stated with three digits
        let ours = (spread[part].as_f64().unwrap() * 1_000.0).round() / 1_000.0;
        c.number(&format!("events_per_incident.{part}"), ours, &v["events_per_incident"][part]);
    }
    for (part, ours) in [
        ("opened_min", &f.volume.reported_from),
        ("opened_max", &f.volume.reported_until),
        ("closed_max", &f.volume.closed_until),
    ] {
        let written = ours.clone().unwrap().replace('T', " ").replace('Z', "");
        c.text(part, &written, &v[part]);
    }
    c.map("opened_per_month", &f.volume.reported_per_month, &[], &v["opened_per_month"]);
    let filled = |name: &str| &f.filled[COLUMNS.iter().find(|(_, t)| *t == name).map_or(name, |(o, _)| o)];
    for (name, theirs) in v["distinct_nonmissing"].as_object().unwrap() {
        c.number(&format!("distinct.{name}"), filled(name).distinct as f64, theirs);
    }
    for (name, theirs) in e["data_quality"]["missing_share_percent_by_column"].as_object().unwrap() {
        // what the mapping takes only from the end on is missing before it: the share is that of the end
        let late = ["closed_code", "resolved_by", "resolved_at"].contains(&name.as_str());
        let ours = filled(name);
        let share = if late { ours.missing_at_end_percent } else { ours.missing_percent };
        c.number(&format!("missing.{name}"), share, theirs);
    }
}

const COLUMNS: [(&str, &str); 16] = [
    ("reported_by", "caller_id"),
    ("by", "sys_updated_by"),
    ("symptom", "u_symptom"),
    ("affects", "cmdb_ci"),
    ("team", "assignment_group"),
    ("assignee", "assigned_to"),
    ("problems", "problem_id"),
    ("changes", "rfc"),
    ("closure_code", "closed_code"),
    ("location", "location"),
    ("category", "category"),
    ("subcategory", "subcategory"),
    ("vendor", "vendor"),
    ("caused_by", "caused_by"),
    ("resolved_by", "resolved_by"),
    ("resolved_at", "resolved_at"),
];

fn states(c: &mut Compare, f: &Figures, e: &Json) {
    c.map("events_by_state", &f.events_by_state, &STATES, &e["events_by_state"]);
    c.map("first_state", &f.first_state, &STATES, &e["first_state"]);
    for (from, theirs) in e["state_transitions"].as_object().unwrap() {
        let own = STATES.iter().find(|(_, t)| t == from).unwrap().0;
        c.map(&format!("transitions.{from}"), &f.state_transitions[own], &STATES, theirs);
    }
    c.map("priority_final", &f.priority_final, &NAMES, &e["priority_final"]);
    for theirs in e["priority_matrix_seen"].as_array().unwrap() {
        let level = |name: &str| match theirs[name].as_str().unwrap() {
            "1 - High" => "high",
            "2 - Medium" => "medium",
            _ => "low",
        };
        let priority = NAMES.iter().find(|(_, t)| *t == theirs["priority"].as_str().unwrap()).unwrap().0;
        let cell = f.priority_matrix.iter().find(|cell| {
            (cell.impact.as_deref(), cell.urgency.as_deref(), cell.priority.as_deref())
                == (Some(level("impact")), Some(level("urgency")), Some(priority))
        });
        c.number(&format!("matrix {theirs}"), cell.map_or(0.0, |cell| cell.events as f64), &theirs["events"]);
    }
    let seen = e["priority_matrix_seen"].as_array().unwrap().len();
    assert_eq!(f.priority_matrix.len(), seen, "combinations of impact, urgency and priority");
    let p = &e["priority_changes"];
    c.number(
        "priorities changed",
        f.priority_changes.changed as f64,
        &p["incidents_with_more_than_one_priority"],
    );
    c.number("raised", f.priority_changes.raised as f64, &p["raised_first_to_last"]);
    c.number("lowered", f.priority_changes.lowered as f64, &p["lowered_first_to_last"]);
}

fn outcome(c: &mut Compare, f: &Figures, e: &Json) {
    let share = |c: &mut Compare, name: &str, ours: &proofdesk_report::figures::Share, theirs: &Json| {
        c.number(&format!("{name}.met"), ours.met as f64, &theirs["met"]);
        let total = if theirs["total"].is_null() { &theirs["measured"] } else { &theirs["total"] };
        c.number(&format!("{name}.total"), ours.total as f64, total);
        c.number(&format!("{name}.percent"), ours.percent, &theirs["percent"]);
    };
    let m = &e["made_sla"];
    share(c, "made_sla", &f.target_met.recorded["all"], &m["incident_level"]);
    for (own, name) in NAMES {
        share(c, name, &f.target_met.recorded[own], &m["incident_level_by_priority"][name]);
    }
    c.number("TRAP", f.target_met.recorded_over_events_percent, &m["TRAP_event_level_percent"]);
    let r = &e["reopened"];
    for (own, name) in [
        ("records", "incidents"),
        ("percent", "percent"),
        ("reopenings", "reopenings_total"),
        ("reopenings_by_state", "state_derived_reopenings"),
        ("records_by_state", "state_derived_incidents"),
    ] {
        c.number(&format!("reopened.{name}"), f.reopened[own], &r[name]);
    }
    let r = &e["reassigned"];
    c.number("reassigned", f.reassigned.share.met as f64, &r["incidents"]);
    c.number("reassigned.percent", f.reassigned.share.percent, &r["percent"]);
    let spread = serde_json::to_value(f.reassigned.spread).unwrap();
    for part in ["mean", "median", "p90", "max"] {
        c.number(&format!("reassigned.{part}"), spread[part].as_f64().unwrap(), &r[part]);
    }
    c.map("reassigned.histogram", &f.reassigned.histogram, &[], &r["histogram"]);
    let differ = &f.data_quality["team_changes_differ_from_count"];
    c.number(
        "group changes",
        differ.n as f64,
        &r["incidents_where_observed_group_changes_differ_from_counter"],
    );
    for (field, name) in
        [("problems", "problem_id"), ("changes", "rfc"), ("caused_by", "caused_by"), ("affects", "cmdb_ci")]
    {
        let (ours, theirs) = (&f.relations[field], &e["relations_at_last_event"][name]);
        c.number(&format!("{name}.incidents"), ours.share.met as f64, &theirs["incidents"]);
        c.number(&format!("{name}.percent"), ours.share.percent, &theirs["percent"]);
        c.number(&format!("{name}.distinct"), ours.distinct as f64, &theirs["distinct"]);
        c.number(&format!("{name}.ever"), ours.ever as f64, &theirs["incidents_any_event"]);
    }
    let k = &e["knowledge_used"];
    c.number("knowledge", f.knowledge_used.share.met as f64, &k["incidents"]);
    c.number("knowledge.percent", f.knowledge_used.share.percent, &k["percent"]);
    c.number(
        "knowledge.with",
        f.knowledge_used.median_hours_with.unwrap(),
        &k["median_hours_to_resolve_with"],
    );
    c.number(
        "knowledge.without",
        f.knowledge_used.median_hours_without.unwrap(),
        &k["median_hours_to_resolve_without"],
    );
    c.number("confirmed", f.priority_confirmed as f64, &e["priority_confirmed"]["incidents"]);
    let n = &e["no_reassignment_and_no_reopen"];
    c.number("calm", f.neither_reassigned_nor_reopened.met as f64, &n["incidents"]);
    c.number("calm.percent", f.neither_reassigned_nor_reopened.percent, &n["percent"]);
}

fn times(c: &mut Compare, f: &Figures, e: &Json) {
    for (ours, theirs) in [
        ("to_resolve_recorded", "hours_to_resolve_recorded"),
        ("to_resolve_effective", "hours_to_resolve_effective"),
        ("to_first_resolution", "hours_to_first_resolution"),
        ("to_close", "hours_to_close"),
        ("to_first_response", "hours_to_first_response"),
        ("to_resolve_net_of_waiting", "hours_to_resolve_effective_net_of_awaiting_user_info"),
    ] {
        c.spreads(theirs, f, ours, &e[theirs]);
    }
    let all = |name: &str| serde_json::to_value(f.hours[name]["all"]).unwrap();
    let r = &e["hours_resolved_to_closed"];
    c.spread("resolved_to_closed", &all("resolved_to_closed"), r);
    c.number("five days", f.closed_after_five_days_percent, &r["share_between_119_and_121.5h_percent"]);
    let w = &e["awaiting_user_info"];
    c.number("waited", f.hours["waiting_for_customer"]["all"].n as f64, &w["incidents"]);
    c.number("waited.total", f.waiting_for_customer_hours, &w["hours_total"]);
    c.spread("waited", &all("waiting_for_customer"), &w["hours_per_incident_if_any"]);
}

fn lists(c: &mut Compare, f: &Figures, e: &Json) {
    let same = |v: &str| v.to_owned();
    c.top("categories", f, "category", &e["top_categories"], same);
    c.top("groups", f, "team", &e["top_assignment_groups"], same);
    c.top("locations", f, "location", &e["top_locations"], same);
    c.top("closed_code", f, "closure_code", &e["closed_code"], same);
    c.top("contact_type", f, "channel", &e["contact_type"], |v| {
        match v {
            "phone" => "Phone",
            "self" => "Self service",
            "mail" => "Email",
            "ivr" => "IVR",
            _ => "Direct opening",
        }
        .to_owned()
    });
    let closures = &e["closures"];
    for (place, theirs) in closures["busiest_days"].as_array().unwrap().iter().enumerate() {
        let (day, n) = &f.closures.busiest_days[place];
        c.text("busiest day", day, &theirs["date"]);
        c.number("busiest day", *n as f64, &theirs["n"]);
    }
    let robot = f.closures.by.iter().find(|(name, _)| name == "Updated by 908").map_or(0, |(_, n)| *n);
    c.number("robot", robot as f64, &closures["final_close_by_Updated_by_908"]);
}

fn backlog(c: &mut Compare, f: &Figures, e: &Json) {
    let b = &e["backlog"];
    for (name, ours) in
        [("max_not_closed", &f.backlog.max_not_closed), ("max_not_resolved", &f.backlog.max_not_resolved)]
    {
        let day = ours.clone().unwrap();
        c.text(name, &day.date, &b[name]["date"]);
        let n = if name == "max_not_closed" { day.not_closed } else { day.not_resolved };
        c.number(name, n as f64, &b[name]["n"]);
    }
    for (date, theirs) in b["month_end"].as_object().unwrap() {
        let day = f.backlog.days.iter().find(|d| d.date == *date).unwrap();
        c.number(&format!("{date} not closed"), day.not_closed as f64, &theirs["not_closed"]);
        c.number(&format!("{date} not resolved"), day.not_resolved as f64, &theirs["not_resolved"]);
    }
    let daily = std::fs::read_to_string(shared("incidents/expected_backlog_daily.csv")).unwrap();
    let rows: Vec<&str> = daily.lines().skip(1).collect();
    for row in &rows {
        let parts: Vec<&str> = row.split(',').collect();
        let Some(day) = f.backlog.days.iter().find(|d| d.date == parts[0]) else {
            c.wrong.push(format!("backlog of {} is missing", parts[0]));
            continue;
        };
        let ours =
            [day.opened as i64, day.resolved as i64, day.closed as i64, day.not_closed, day.not_resolved];
        let theirs: Vec<i64> = parts[1..].iter().map(|p| p.parse().unwrap()).collect();
        c.compared += 1;
        if ours[..] != theirs {
            c.wrong.push(format!("backlog of {}: {ours:?} instead of {theirs:?}", parts[0]));
        }
    }
    if rows.len() != f.backlog.days.len() {
        c.wrong.push(format!("backlog: {} days instead of {}", f.backlog.days.len(), rows.len()));
    }
}

fn sets(c: &mut Compare, f: &Figures, e: &Json) {
    let d = &e["data_quality"];
    for (ours, theirs) in [
        ("events_before_reported", "events_before_opened_at"),
        ("counter_not_increasing", "mod_count_not_increasing"),
        ("time_goes_back", "time_goes_back_in_file_order"),
        ("closed_more_than_once", "more_than_one_closed_event"),
        ("reporter_changes", "caller_changes"),
    ] {
        c.set(theirs, &f.data_quality[ours], &d[theirs]);
    }
    c.number("gaps", f.counter_gaps as f64, &d["gaps_in_sys_mod_count_events"]);
    c.number("minute", f.events_in_busiest_minute as f64, &d["distinct_minutes_shared_updates_max"]);
    for (ours, theirs) in [
        ("closed_without_any_resolved_state", "closed_without_any_resolved_state"),
        ("closed_without_recorded_resolution", "closed_without_recorded_resolved_at"),
        ("closed_without_resolver", "closed_without_resolved_by"),
        ("closed_without_closure_code", "closed_without_closed_code"),
        ("closed_without_team", "closed_without_assignment_group"),
        ("closed_without_owner", "closed_without_assigned_to"),
        ("closed_without_category", "closed_without_category"),
        ("closed_without_affected_item", "closed_without_cmdb_ci"),
        ("p1_without_problem", "priority_1_without_problem_record"),
        ("p1_or_p2_not_confirmed", "priority_1_or_2_not_confirmed"),
        ("reopened_after_closed", "reopened_after_closed"),
        ("target_missed_although_resolved_within_a_day", "sla_missed_although_resolved_within_24h"),
        ("target_met_although_open_more_than_ten_days", "sla_met_although_open_more_than_10_days"),
        ("reassigned_five_times_or_more", "reassigned_5_or_more"),
        ("resolved_within_a_minute", "resolved_within_one_minute"),
        ("waited_for_a_problem_that_is_not_linked", "awaiting_problem_without_problem_id_ever"),
    ] {
        c.set(theirs, &f.conformity[ours], &e["conformity_checks"][theirs]);
    }
    assert_eq!(f.conformity.len(), e["conformity_checks"].as_object().unwrap().len());
}

fn promises(c: &mut Compare, f: &Figures, e: &Json) {
    let s = &e["sla_recomputed"];
    for (at, name) in [
        (0, "sussex_2021_resolution_mon_fri_09_17_no_holidays_no_pause"),
        (1, "csu_east_bay_resolution_24x7"),
    ] {
        let own = |p: &str| NAMES.iter().find(|(_, t)| *t == p).map_or("all", |(o, _)| o);
        let mut all: Vec<(String, Json)> =
            s[name]["by_priority"].as_object().unwrap().clone().into_iter().collect();
        if s[name]["all"].is_object() {
            all.push(("all".to_owned(), s[name]["all"].clone()));
        }
        for (priority, theirs) in all {
            let ours = &f.what_if[at].met[own(&priority)];
            c.number(&format!("{name}.{priority}.met"), ours.met as f64, &theirs["met"]);
            c.number(&format!("{name}.{priority}.measured"), ours.total as f64, &theirs["measured"]);
            c.number(&format!("{name}.{priority}.percent"), ours.percent, &theirs["percent"]);
        }
    }
    for (own, name) in [("p3", "3 - Moderate"), ("p4", "4 - Low")] {
        let theirs = &s["inferred_flag_rule_mon_fri_24h_open_to_close"][name];
        let ours = f.what_if[2].agreement[own];
        c.number(&format!("flag.{name}.tp"), ours.both_met as f64, &theirs["tp_both_met"]);
        c.number(
            &format!("flag.{name}.fp"),
            ours.only_promise_met as f64,
            &theirs["fp_pred_met_flag_missed"],
        );
        c.number(&format!("flag.{name}.fn"), ours.only_flag_met as f64, &theirs["fn_pred_missed_flag_met"]);
        c.number(&format!("flag.{name}.tn"), ours.both_missed as f64, &theirs["tn_both_missed"]);
        c.number(&format!("flag.{name}.percent"), ours.percent, &theirs["agreement_percent"]);
    }
}

fn golden(c: &mut Compare, lives: &[Life], e: &Json) {
    let by_key: BTreeMap<&str, &Life> = lives.iter().map(|l| (l.key.as_str(), l)).collect();
    let office = proofdesk_calendar::ServiceHours::parse("zone UTC\nmon-fri 09:00-17:00").unwrap();
    let weekdays = proofdesk_calendar::ServiceHours::parse("zone UTC\nmon-fri 00:00-24:00").unwrap();
    let written = |at: i64| proofdesk_model::format::write_instant(at).replace('T', " ").replace('Z', "");
    let all = e["golden_incidents"].as_array().unwrap();
    assert_eq!(all.len(), 40);
    for theirs in all {
        let key = theirs["number"].as_str().unwrap();
        let life = by_key[key];
        let (opened, closed) = (life.instant("reported_at").unwrap(), life.instant("closed_at").unwrap());
        c.number(&format!("{key}.events"), life.events as f64, &theirs["events"]);
        let priority = NAMES.iter().find(|(o, _)| Some(*o) == life.text("priority")).unwrap().1;
        c.text(&format!("{key}.priority"), priority, &theirs["priority"]);
        c.text(&format!("{key}.opened_at"), &written(opened), &theirs["opened_at"]);
        c.text(&format!("{key}.closed_at"), &written(closed), &theirs["closed_at"]);
        c.number(
            &format!("{key}.weekday"),
            (weekdays.measure(opened, closed) / 60) as f64,
            &theirs["weekday_minutes_open_to_close"],
        );
        let waited = life.waited_before(i64::MAX) as f64 / 3.6e9;
        c.number(&format!("{key}.pause"), waited, &theirs["pause_hours_awaiting_user_info"]);
        c.number(&format!("{key}.reopen"), life.reopen_count as f64, &theirs["reopen_count"]);
        let reassigned = life.int("reassignment_count").unwrap();
        c.number(&format!("{key}.reassigned"), reassigned as f64, &theirs["reassignment_count"]);
        let flag = life.flag("recorded_target_met").unwrap().to_string();
        c.text(&format!("{key}.made_sla"), &flag, &theirs["made_sla"]);
        if let Some(end) = life.effective {
            c.text(&format!("{key}.resolved"), &written(end), &theirs["effective_resolved_at"]);
            c.number(&format!("{key}.hours"), Life::hours(opened, end), &theirs["hours_to_resolve"]);
            let minutes = (office.measure(opened, end) / 60) as f64;
            c.number(
                &format!("{key}.office"),
                minutes,
                &theirs["working_minutes_mon_fri_09_17_open_to_resolve"],
            );
        } else {
            assert!(theirs["effective_resolved_at"].is_null(), "{key}");
        }
    }
    let from = "2016-03-24T18:40:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let until = "2016-03-24T19:02:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let evening =
        lives.iter().filter(|l| l.instant("closed_at").is_some_and(|t| (from..=until).contains(&t)));
    c.number(
        "closed in one evening",
        evening.count() as f64,
        &e["closures"]["closed_2016-03-24_18:40-19:02"],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_those_that_were_computed_outside() {
    let world = World::new().await;
    enter_the_inferred_rule(&world.engine).await;
    let bytes = plain(&shared("incidents/uci_incident_event_log.csv.gz"));
    let began = std::time::Instant::now();
    let report = import(&world.engine, bytes, &mapping("incidents.toml")).await;
    println!("import: {:?}, made {:?}", began.elapsed(), report.made);
    assert_eq!((report.events, report.created), (70_501, 12_349));
    assert_eq!(report.refused, []);

    let began = std::time::Instant::now();
    let f = figures(&world.engine, &scope()).await.unwrap();
    println!("figures: {:?}", began.elapsed());
    let text = std::fs::read_to_string(shared("incidents/expected.json")).unwrap();
    let whole: Json = serde_json::from_str(&text).unwrap();
    let e = &whole["expected"];
    let mut c = Compare { wrong: Vec::new(), compared: 0 };
    for part in [volume, states, outcome, times, lists, backlog, sets, promises] {
        part(&mut c, &f, e);
    }
    golden(&mut c, &lives(&world.engine, &scope()).await.unwrap(), e);
    assert_eq!(c.wrong, Vec::<String>::new(), "of {} compared", c.compared);
    assert!(c.compared > 1_500, "{}", c.compared);

    // The desk's own clock ran through the history: it stops at the first closing, where the file's `closed_at` is
    // the last one. 35 incidents have several; five of them are judged otherwise for it.
    let clock = &f.target_met.agreement["closure"];
    let p3 = clock["p3"];
    assert_eq!(
        (p3.both_met, p3.only_promise_met, p3.only_flag_met, p3.both_missed),
        (7_424, 7, 80, 4_137),
        "closure clock, P3"
    );
    let p4 = clock["p4"];
    assert_eq!((p4.both_met, p4.only_promise_met, p4.only_flag_met, p4.both_missed), (303, 0, 1, 62));
}

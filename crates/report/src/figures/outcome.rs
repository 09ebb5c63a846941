//! What became of the records: shares, times, lists.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proofdesk_model::RecordType;

use super::life::Life;
use super::shapes::{
    Cell, Closures, Knowledge, PriorityChanges, Reassigned, Relation, TargetMet, Top, Volume,
};
use super::spread::{Spread, count, percent};
use super::tally::Tally;
use super::{Figures, Names, Scope, Spreads};

/// Fields of which the most frequent values are told.
pub(super) const TOP: [&str; 8] =
    ["category", "team", "channel", "closure_code", "location", "customer", "service", "assignee"];

pub(super) fn of(lives: &[Life], tally: &Tally, scope: &Scope, of: &RecordType, names: &Names) -> Figures {
    let mut figures = Figures {
        of: of.name.clone(),
        volume: volume(lives, tally, scope),
        events_by_state: tally.states.clone(),
        state_transitions: tally.transitions.clone(),
        first_state: tally.first.clone(),
        target_met: target_met(lives, tally, of),
        reopened: reopened(lives),
        reassigned: reassigned(lives),
        hours: super::owned(hours(lives)),
        relations: relations(lives, of),
        knowledge_used: knowledge(lives),
        priority_changes: priority_changes(lives, of),
        closures: closures(lives, scope),
        filled: tally.filled(),
        events_in_busiest_minute: tally.busiest_minute(),
        counter_gaps: lives.iter().map(|l| l.counter.0).sum(),
        variants: variants(lives),
        ..Figures::default()
    };
    for life in lives {
        *figures.final_state.entry(life.state().to_owned()).or_default() += 1;
        if let Some(priority) = life.text("priority") {
            *figures.priority_final.entry(priority.to_owned()).or_default() += 1;
        }
        figures.priority_confirmed += u64::from(life.flag("priority_confirmed") == Some(true));
        let calm = life.int("reassignment_count").unwrap_or_default() == 0 && life.reopen_count == 0;
        figures.neither_reassigned_nor_reopened.count(calm);
    }
    let waited = lives.iter().flat_map(|l| &l.waits).map(|(from, to)| Life::hours(*from, *to));
    figures.waiting_for_customer_hours = waited.sum();
    let gaps: Vec<f64> = lives.iter().filter_map(resolved_to_closed).collect();
    let robot = gaps.iter().filter(|h| (119.0..=121.5).contains(*h)).count();
    figures.closed_after_five_days_percent = percent(robot as u64, gaps.len() as u64);
    for field in TOP.into_iter().filter(|f| of.column_index(f).is_some()) {
        figures.top.insert(field.to_owned(), top(lives, field, names.get(field), scope.top));
    }
    let cell = |([impact, urgency, priority], events): (&[Option<String>; 3], &u64)| {
        let [impact, urgency, priority] = [impact, urgency, priority].map(Clone::clone);
        Cell { impact, urgency, priority, events: *events }
    };
    figures.priority_matrix = tally.matrix.iter().map(cell).collect();
    figures
}

fn variants(lives: &[Life]) -> u64 {
    let steps = |life: &Life| life.path.iter().map(|(step, _)| step.clone()).collect::<Vec<_>>();
    lives.iter().map(steps).collect::<BTreeSet<_>>().len() as u64
}

fn written(at: Option<i64>) -> Option<String> {
    at.map(proofdesk_model::format::write_instant)
}

fn volume(lives: &[Life], tally: &Tally, scope: &Scope) -> Volume {
    let reported = || lives.iter().filter_map(|l| l.instant("reported_at"));
    let mut per_month = BTreeMap::new();
    for at in reported() {
        if let Ok(stamp) = jiff::Timestamp::from_microsecond(at) {
            let month = stamp.to_zoned(scope.zone.clone()).strftime("%Y-%m").to_string();
            *per_month.entry(month).or_default() += 1;
        }
    }
    Volume {
        events: tally.events,
        records: lives.len() as u64,
        events_per_record: Spread::of(lives.iter().map(|l| l.events as f64).collect()),
        reported_from: written(reported().min()),
        reported_until: written(reported().max()),
        closed_until: written(lives.iter().filter_map(|l| l.instant("closed_at")).max()),
        first_event: written(lives.iter().map(|l| l.span.0).min()),
        last_event: written(lives.iter().map(|l| l.span.1).max()),
        reported_per_month: per_month,
    }
}

fn target_met(lives: &[Life], tally: &Tally, of: &RecordType) -> TargetMet {
    let mut found = TargetMet {
        recorded_over_events_percent: percent(tally.flag.0, tally.flag.1),
        ..TargetMet::default()
    };
    for life in lives {
        let priority = life.text("priority").unwrap_or("none");
        let flag = life.flag("recorded_target_met");
        if let Some(met) = flag {
            for name in ["all", priority] {
                found.recorded.entry(name.to_owned()).or_default().count(met);
            }
        }
        for clock in &of.clocks {
            let column = |suffix: &str| format!("{}_{suffix}", clock.name);
            let has_target = life.int(&column("target")).is_some() || life.text(&column("target")).is_some();
            if !has_target || life.text(&column("state")) != Some("stopped") {
                continue;
            }
            let met = life.text(&column("breached_at")).is_none();
            let shares = found.clocks.entry(clock.name.clone()).or_default();
            for name in ["all", priority] {
                shares.entry(name.to_owned()).or_default().count(met);
            }
            if let Some(flag) = flag {
                let agreement = found.agreement.entry(clock.name.clone()).or_default();
                agreement.entry(priority.to_owned()).or_default().count(met, flag);
            }
        }
    }
    found
}

fn reopened(lives: &[Life]) -> BTreeMap<String, f64> {
    let total: i64 = lives.iter().map(|l| l.reopen_count).sum();
    let records = lives.iter().filter(|l| l.reopen_count > 0).count();
    let by_state: u64 = lives.iter().map(|l| l.reopenings).sum();
    let records_by_state = lives.iter().filter(|l| l.reopenings > 0).count();
    [
        ("records", count(records)),
        ("percent", percent(records as u64, lives.len() as u64)),
        ("reopenings", total as f64),
        ("reopenings_by_state", by_state as f64),
        ("records_by_state", count(records_by_state)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn reassigned(lives: &[Life]) -> Reassigned {
    let mut found = Reassigned::default();
    let counts: Vec<i64> = lives.iter().map(|l| l.int("reassignment_count").unwrap_or_default()).collect();
    for n in &counts {
        found.share.count(*n > 0);
        let range = if *n > 5 { "6+".to_owned() } else { n.to_string() };
        *found.histogram.entry(range).or_default() += 1;
    }
    found.spread = Spread::of(counts.iter().map(|n| *n as f64).collect());
    found
}

fn resolved_to_closed(life: &Life) -> Option<f64> {
    Some(Life::hours(life.effective?, life.instant("closed_at")?))
}

fn hours(lives: &[Life]) -> BTreeMap<&'static str, Spreads> {
    let since = |life: &Life, end: Option<i64>| Some(Life::hours(life.instant("reported_at")?, end?));
    let waiting = |life: &Life| {
        let waited = life.waited_before(i64::MAX);
        (waited > 0).then_some(waited as f64 / super::spread::HOUR)
    };
    let net = |life: &Life| {
        let end = life.effective?;
        Some((since(life, Some(end))? - life.waited_before(end) as f64 / super::spread::HOUR).max(0.0))
    };
    type Measure<'a> = &'a dyn Fn(&Life) -> Option<f64>;
    let figures: [(&'static str, Measure<'_>); 9] = [
        ("to_resolve_recorded", &|l| since(l, l.instant("resolved_at"))),
        ("to_resolve_effective", &|l| since(l, l.effective)),
        ("to_first_resolution", &|l| since(l, l.first_resolution)),
        ("to_close", &|l| since(l, l.instant("closed_at"))),
        ("resolved_to_closed", &resolved_to_closed),
        ("to_first_response", &|l| since(l, l.first_response).map(|h| h.max(0.0))),
        ("waiting_for_customer", &waiting),
        ("to_resolve_net_of_waiting", &net),
        ("first_to_last_event", &|l| Some(Life::hours(l.span.0, l.span.1))),
    ];
    let mut found = BTreeMap::new();
    for (name, value) in figures {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for life in lives {
            let Some(hours) = value(life) else { continue };
            values.entry("all".to_owned()).or_default().push(hours);
            if let Some(priority) = life.text("priority") {
                values.entry(priority.to_owned()).or_default().push(hours);
            }
        }
        let spreads = values.into_iter().filter_map(|(name, values)| Some((name, Spread::of(values)?)));
        found.insert(name, spreads.collect());
    }
    found
}

fn relations(lives: &[Life], of: &RecordType) -> BTreeMap<String, Relation> {
    let mut found = BTreeMap::new();
    for field in of.fields.values().filter(|f| f.target().is_some()) {
        let mut relation = Relation::default();
        let mut others = BTreeSet::new();
        for life in lives {
            let linked: Vec<i64> = match life.relations.get(&field.name) {
                Some(numbers) => numbers.iter().copied().collect(),
                None => life.int(&field.name).into_iter().collect(),
            };
            relation.share.count(!linked.is_empty());
            relation.ever += u64::from(life.ever.contains(&field.name) || !linked.is_empty());
            others.extend(linked);
        }
        relation.distinct = others.len() as u64;
        found.insert(field.name.clone(), relation);
    }
    found
}

fn to_resolve(life: &Life) -> Option<f64> {
    Some(Life::hours(life.instant("reported_at")?, life.effective?))
}

fn median<'a>(lives: impl Iterator<Item = &'a Life>) -> Option<f64> {
    Spread::of(lives.filter_map(to_resolve).collect()).map(|s| s.median)
}

fn knowledge(lives: &[Life]) -> Knowledge {
    let used = |l: &&Life| l.flag("used_knowledge") == Some(true);
    let mut found = Knowledge {
        median_hours_with: median(lives.iter().filter(used)),
        median_hours_without: median(lives.iter().filter(|l| !used(l))),
        ..Knowledge::default()
    };
    lives.iter().for_each(|l| found.share.count(used(&l)));
    found
}

fn top(lives: &[Life], field: &str, names: Option<&HashMap<i64, String>>, most: usize) -> Vec<Top> {
    let mut groups: BTreeMap<Option<String>, Vec<&Life>> = BTreeMap::new();
    for life in lives {
        let value = match names {
            Some(names) => life.int(field).map(|n| names.get(&n).cloned().unwrap_or_else(|| n.to_string())),
            None => life.text(field).map(str::to_owned),
        };
        groups.entry(value).or_default().push(life);
    }
    let mut found: Vec<(Option<String>, Vec<&Life>)> = groups.into_iter().collect();
    // the sort keeps the order of equals: by value
    found.sort_by_key(|(_, lives)| std::cmp::Reverse(lives.len()));
    let row = |(value, group): (Option<String>, Vec<&Life>)| {
        let met = group.iter().filter(|l| l.flag("recorded_target_met") == Some(true)).count();
        Top {
            value,
            records: group.len() as u64,
            percent: percent(group.len() as u64, lives.len() as u64),
            target_met_percent: percent(met as u64, group.len() as u64),
            median_hours: median(group.into_iter()),
        }
    };
    found.into_iter().take(most).map(row).collect()
}

fn closures(lives: &[Life], scope: &Scope) -> Closures {
    let (mut days, mut by): (BTreeMap<String, u64>, BTreeMap<String, u64>) = Default::default();
    for life in lives {
        let Some(at) = life.instant("closed_at") else { continue };
        if let Ok(stamp) = jiff::Timestamp::from_microsecond(at) {
            *days.entry(stamp.to_zoned(scope.zone.clone()).date().to_string()).or_default() += 1;
        }
        *by.entry(life.last_by.clone()).or_default() += 1;
    }
    let most = |counts: BTreeMap<String, u64>| {
        let mut list: Vec<_> = counts.into_iter().collect();
        list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        list.truncate(scope.top);
        list
    };
    Closures { busiest_days: most(days), by: most(by) }
}

fn priority_changes(lives: &[Life], of: &RecordType) -> PriorityChanges {
    let options = of.field("priority").map(|f| f.options()).unwrap_or_default();
    let rank = |name: &str| options.iter().position(|o| o.name == name);
    let mut found = PriorityChanges::default();
    for life in lives {
        found.changed += u64::from(life.priorities.len() > 1);
        let ends = life.priorities.first().and_then(|p| rank(p)).zip(life.text("priority").and_then(rank));
        if let Some((first, last)) = ends {
            found.raised += u64::from(last < first);
            found.lowered += u64::from(last > first);
        }
    }
    found
}

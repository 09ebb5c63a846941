//! What became of the records: shares, times, lists. Records are taken one after another; of each, only a row of numbers
//! stays.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use proofdesk_model::RecordType;

use super::distinct::Distinct;
use super::life::Life;
use super::rows::Rows;
use super::shapes::{PriorityChanges, Top};
use super::spread::{HOUR, Spread, percent};
use super::tally::Tally;
use super::{Figures, Names, Scope, Spreads};

/// Fields of which the most frequent values are told.
pub(super) const TOP: [&str; 8] =
    ["category", "team", "channel", "closure_code", "location", "customer", "service", "assignee"];

/// Times that are told, in the order of a row: those that are often the same stand side by side.
const TIMES: [&str; 9] = [
    "to_resolve_recorded",
    "to_resolve_effective",
    "to_resolve_net_of_waiting",
    "to_first_resolution",
    "to_close",
    "first_to_last_event",
    "resolved_to_closed",
    "to_first_response",
    "waiting_for_customer",
];
/// Place of `to_resolve_effective` in a row.
const TO_RESOLVE: usize = 1;
/// Place of the priority's code.
const PRIORITY: usize = TIMES.len();
/// Place of whether an article was used.
const KNOWLEDGE: usize = PRIORITY + 1;
/// Place of the code of the first of [`TOP`].
const VALUES: usize = KNOWLEDGE + 1;

/// The times of a record, in the order of [`TIMES`], microseconds.
fn times(life: &Life) -> [Option<i64>; TIMES.len()] {
    let [reported, resolved, closed] = ["reported_at", "resolved_at", "closed_at"].map(|f| life.instant(f));
    let since = |from: Option<i64>, to: Option<i64>| Some(to? - from?);
    let waited = life.waited_before(i64::MAX);
    let net = |end: i64| Some((since(reported, Some(end))? - life.waited_before(end)).max(0));
    [
        since(reported, resolved),
        since(reported, life.effective),
        life.effective.and_then(net),
        since(reported, life.first_resolution),
        since(reported, closed),
        Some(life.span.1 - life.span.0),
        since(life.effective, closed),
        since(reported, life.first_response).map(|time| time.max(0)),
        (waited > 0).then_some(waited),
    ]
}

/// A value with its records, and those of them whose recorded target was met.
#[derive(Debug, Default)]
struct Group {
    code: i64,
    records: u64,
    met: u64,
}

/// What is gathered of the records so far.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    scope: &'a Scope,
    of: &'a RecordType,
    names: &'a Names,
    figures: Figures,
    rows: Rows,
    priorities: HashMap<Option<String>, i64>,
    /// The values of each of [`TOP`].
    groups: [HashMap<Option<String>, Group>; TOP.len()],
    /// Records by how many events they have, and by how often they were reassigned.
    counts: [BTreeMap<i64, u64>; 2],
    /// First and last report, last closure, first and last event.
    ends: [Option<i64>; 5],
    others: BTreeMap<String, BTreeSet<i64>>,
    variants: Distinct,
    closed_on: BTreeMap<Date, u64>,
    closed_by: BTreeMap<String, u64>,
    /// Records whose closure came about five days after the resolution, and all that have both.
    by_program: (u64, u64),
    /// Records that were reopened, as told and by state; how often.
    reopened: [u64; 4],
}

impl<'a> Outcome<'a> {
    /// Nothing yet.
    pub fn new(scope: &'a Scope, of: &'a RecordType, names: &'a Names) -> Self {
        Self {
            scope,
            of,
            names,
            figures: Figures { of: of.name.clone(), ..Figures::default() },
            rows: Rows::new(VALUES + TOP.len()),
            priorities: HashMap::new(),
            groups: Default::default(),
            counts: Default::default(),
            ends: [None; 5],
            others: BTreeMap::new(),
            variants: Distinct::default(),
            closed_on: BTreeMap::new(),
            closed_by: BTreeMap::new(),
            by_program: (0, 0),
            reopened: [0; 4],
        }
    }

    /// Takes a record.
    pub fn take(&mut self, life: &Life) {
        self.row(life);
        self.volume(life);
        self.target_met(life);
        self.again(life);
        self.relations(life);
        self.closure(life);
        self.priority_changes(life);
        let figures = &mut self.figures;
        *figures.final_state.entry(life.state().to_owned()).or_default() += 1;
        if let Some(priority) = life.text("priority") {
            *figures.priority_final.entry(priority.to_owned()).or_default() += 1;
        }
        figures.priority_confirmed += u64::from(life.flag("priority_confirmed") == Some(true));
        figures.knowledge_used.share.count(life.flag("used_knowledge") == Some(true));
        figures.counter_gaps += life.counter.0;
        for (from, to) in &life.waits {
            figures.waiting_for_customer_hours += Life::hours(*from, *to);
        }
        self.variants.insert(life.path.iter().map(|(step, _)| step).collect::<Vec<_>>());
    }

    /// Keeps its times and the codes of its values.
    fn row(&mut self, life: &Life) {
        let mut row = [None; VALUES + TOP.len()];
        for (place, time) in row.iter_mut().zip(times(life)) {
            *place = time;
        }
        let next = self.priorities.len() as i64;
        row[PRIORITY] =
            Some(*self.priorities.entry(life.text("priority").map(str::to_owned)).or_insert(next));
        row[KNOWLEDGE] = Some(i64::from(life.flag("used_knowledge") == Some(true)));
        let met = life.flag("recorded_target_met") == Some(true);
        for (at, (field, groups)) in TOP.iter().zip(&mut self.groups).enumerate() {
            let value = match self.names.get(*field) {
                Some(names) => {
                    life.int(field).map(|n| names.get(&n).cloned().unwrap_or_else(|| n.to_string()))
                }
                None => life.text(field).map(str::to_owned),
            };
            let code = groups.len() as i64;
            let group = groups.entry(value).or_insert_with(|| Group { code, ..Group::default() });
            group.records += 1;
            group.met += u64::from(met);
            if let Some(place) = row.get_mut(VALUES + at) {
                *place = Some(group.code);
            }
        }
        self.rows.push(&row);
    }

    fn volume(&mut self, life: &Life) {
        let volume = &mut self.figures.volume;
        volume.records += 1;
        *self.counts[0].entry(i64::try_from(life.events).unwrap_or(i64::MAX)).or_default() += 1;
        let [reported, closed] = ["reported_at", "closed_at"].map(|f| life.instant(f));
        if let Some(stamp) = reported.and_then(|at| Timestamp::from_microsecond(at).ok()) {
            let month = stamp.to_zoned(self.scope.zone.clone()).strftime("%Y-%m").to_string();
            *volume.reported_per_month.entry(month).or_default() += 1;
        }
        let ends = &mut self.ends;
        ends[0] = ends[0].into_iter().chain(reported).min();
        ends[1] = ends[1].max(reported);
        ends[2] = ends[2].max(closed);
        ends[3] = Some(ends[3].map_or(life.span.0, |at| at.min(life.span.0)));
        ends[4] = ends[4].max(Some(life.span.1));
    }

    fn target_met(&mut self, life: &Life) {
        let found = &mut self.figures.target_met;
        let priority = life.text("priority").unwrap_or("none");
        let flag = life.flag("recorded_target_met");
        if let Some(met) = flag {
            for name in ["all", priority] {
                found.recorded.entry(name.to_owned()).or_default().count(met);
            }
        }
        for clock in &self.of.clocks {
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

    /// Reopened, and given from team to team.
    fn again(&mut self, life: &Life) {
        let told = u64::try_from(life.reopen_count).unwrap_or_default();
        let parts = [u64::from(told > 0), told, u64::from(life.reopenings > 0), life.reopenings];
        self.reopened.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        let count = life.int("reassignment_count").unwrap_or_default();
        let found = &mut self.figures.reassigned;
        found.share.count(count > 0);
        let range = if count > 5 { "6+".to_owned() } else { count.to_string() };
        *found.histogram.entry(range).or_default() += 1;
        *self.counts[1].entry(count).or_default() += 1;
        let calm = count == 0 && life.reopen_count == 0;
        self.figures.neither_reassigned_nor_reopened.count(calm);
    }

    fn relations(&mut self, life: &Life) {
        for field in self.of.fields.values().filter(|f| f.target().is_some()) {
            let relation = self.figures.relations.entry(field.name.clone()).or_default();
            let others = self.others.entry(field.name.clone()).or_default();
            let before = others.len();
            let any = match life.relations.get(&field.name) {
                Some(numbers) => {
                    others.extend(numbers);
                    !numbers.is_empty()
                }
                None => {
                    let linked = life.int(&field.name);
                    others.extend(linked);
                    linked.is_some()
                }
            };
            relation.share.count(any);
            relation.ever += u64::from(any || life.ever.contains(&field.name));
            relation.distinct += (others.len() - before) as u64;
        }
    }

    fn closure(&mut self, life: &Life) {
        let Some(at) = life.instant("closed_at") else { return };
        if let Ok(stamp) = Timestamp::from_microsecond(at) {
            *self.closed_on.entry(stamp.to_zoned(self.scope.zone.clone()).date()).or_default() += 1;
        }
        *self.closed_by.entry(life.last_by.clone()).or_default() += 1;
        if let Some(resolved) = life.effective {
            self.by_program.0 += u64::from((119.0..=121.5).contains(&Life::hours(resolved, at)));
            self.by_program.1 += 1;
        }
    }

    fn priority_changes(&mut self, life: &Life) {
        let options = self.of.field("priority").map(|f| f.options()).unwrap_or_default();
        let rank = |name: &str| options.iter().position(|o| o.name == name);
        let found: &mut PriorityChanges = &mut self.figures.priority_changes;
        found.changed += u64::from(life.priorities.len() > 1);
        let ends = life.priorities.first().and_then(|p| rank(p)).zip(life.text("priority").and_then(rank));
        if let Some((first, last)) = ends {
            found.raised += u64::from(last < first);
            found.lowered += u64::from(last > first);
        }
    }

    /// The figures of all that was taken.
    pub fn finish(mut self, tally: &Tally) -> Figures {
        let mut figures = std::mem::take(&mut self.figures);
        figures.events_by_state = tally.states.clone();
        figures.state_transitions = tally.transitions.clone();
        figures.first_state = tally.first.clone();
        figures.filled = tally.filled();
        figures.events_in_busiest_minute = tally.busiest_minute();
        figures.priority_matrix = tally.cells();
        figures.target_met.recorded_over_events_percent = percent(tally.flag.0, tally.flag.1);
        let volume = &mut figures.volume;
        volume.events = tally.events;
        volume.events_per_record = Spread::of_counts(&self.counts[0]);
        [
            volume.reported_from,
            volume.reported_until,
            volume.closed_until,
            volume.first_event,
            volume.last_event,
        ] = self.ends.map(|at| at.map(proofdesk_model::format::write_instant));
        figures.reassigned.spread = Spread::of_counts(&self.counts[1]);
        figures.reopened = self.reopenings(figures.volume.records);
        figures.closed_after_five_days_percent = percent(self.by_program.0, self.by_program.1);
        figures.variants = self.variants.count();
        figures.hours = self.hours();
        let of_knowledge = |used: i64| self.median(|row| row.get(KNOWLEDGE) == Some(&Some(used)));
        figures.knowledge_used.median_hours_with = of_knowledge(1);
        figures.knowledge_used.median_hours_without = of_knowledge(0);
        for (at, field) in TOP.iter().enumerate().filter(|(_, f)| self.of.column_index(f).is_some()) {
            figures.top.insert((*field).to_owned(), self.top(at, figures.volume.records));
        }
        let text = |(day, n): (&Date, &u64)| (day.to_string(), *n);
        figures.closures.busiest_days = self.most(self.closed_on.iter().map(text));
        figures.closures.by = self.most(self.closed_by.iter().map(|(name, n)| (name.clone(), *n)));
        figures
    }

    fn reopenings(&self, records: u64) -> BTreeMap<String, f64> {
        let [told_by, told, reopened, reopenings] = self.reopened;
        [
            ("records", told_by as f64),
            ("percent", percent(told_by, records)),
            ("reopenings", told as f64),
            ("reopenings_by_state", reopenings as f64),
            ("records_by_state", reopened as f64),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// The most frequent of a list that is in order already: equals stay in it.
    fn most(&self, counts: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
        let mut list: Vec<_> = counts.collect();
        list.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        list.truncate(self.scope.top);
        list
    }

    /// The spread of each time, of all records and of those of each priority.
    fn hours(&self) -> BTreeMap<String, Spreads> {
        let mut found = BTreeMap::new();
        for (at, name) in TIMES.iter().enumerate() {
            let mut values: BTreeMap<i64, Vec<f64>> = BTreeMap::new();
            self.rows.each(|row| {
                if let (Some(Some(time)), Some(Some(priority))) = (row.get(at), row.get(PRIORITY)) {
                    values.entry(*priority).or_default().push(*time as f64 / HOUR);
                }
            });
            let mut spreads = Spreads::new();
            for (priority, code) in &self.priorities {
                if let (Some(priority), Some(values)) = (priority, values.get(code)) {
                    spreads.extend(Spread::of(values.clone()).map(|spread| (priority.clone(), spread)));
                }
            }
            let all = values.into_values().reduce(|mut all, some| {
                all.extend(some);
                all
            });
            spreads.extend(all.and_then(Spread::of).map(|spread| ("all".to_owned(), spread)));
            found.insert((*name).to_owned(), spreads);
        }
        found
    }

    /// The median hours to resolve of some records.
    fn median(&self, of: impl Fn(&[Option<i64>]) -> bool) -> Option<f64> {
        let mut values = Vec::new();
        self.rows.each(|row| {
            if let Some(time) = row.get(TO_RESOLVE).copied().flatten().filter(|_| of(row)) {
                values.push(time as f64 / HOUR);
            }
        });
        Spread::of(values).map(|spread| spread.median)
    }

    /// The most frequent values of one of [`TOP`].
    fn top(&self, at: usize, records: u64) -> Vec<Top> {
        let Some(groups) = self.groups.get(at) else { return Vec::new() };
        let mut most: Vec<(&Option<String>, &Group)> = groups.iter().collect();
        most.sort_by_key(|(value, group)| (std::cmp::Reverse(group.records), *value));
        most.truncate(self.scope.top);
        let mut hours: HashMap<i64, Vec<f64>> =
            most.iter().map(|(_, group)| (group.code, Vec::new())).collect();
        self.rows.each(|row| {
            if let (Some(Some(time)), Some(Some(code))) = (row.get(TO_RESOLVE), row.get(VALUES + at))
                && let Some(hours) = hours.get_mut(code)
            {
                hours.push(*time as f64 / HOUR);
            }
        });
        let row = |(value, group): (&Option<String>, &Group)| Top {
            value: value.clone(),
            records: group.records,
            percent: percent(group.records, records),
            target_met_percent: percent(group.met, group.records),
            median_hours: hours.remove(&group.code).and_then(Spread::of).map(|spread| spread.median),
        };
        most.into_iter().map(row).collect()
    }
}

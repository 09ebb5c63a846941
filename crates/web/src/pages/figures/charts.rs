//! The charts of the figures page: which series, with which title and unit.

use std::collections::BTreeSet;

use maud::{Markup, html};
use proofdesk_model::RecordType;
use proofdesk_report::Figures;
use proofdesk_report::chart::{Bars, Caption, Histogram, Lines, Series, Tone};
use proofdesk_report::figures::Day;

use super::option_label;

/// Most points of a line: a chart is 720 units wide.
const POINTS: usize = 240;

fn count(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

/// The positions of at most about [`POINTS`] days that keep the shape of a line: the first and the last day, and of
/// each stretch between them its lowest and its highest.
fn kept(line: &[i64]) -> BTreeSet<usize> {
    if line.len() <= POINTS {
        return (0..line.len()).collect();
    }
    let mut kept = BTreeSet::from([0, line.len() - 1]);
    let stretch = line.len().div_ceil(POINTS / 2);
    for (i, days) in line.chunks(stretch).enumerate() {
        let places = || days.iter().enumerate();
        let low = places().min_by_key(|(_, open)| **open);
        let high = places().rev().max_by_key(|(_, open)| **open);
        kept.extend(low.into_iter().chain(high).map(|(at, _)| i * stretch + at));
    }
    kept
}

/// Work that lay open at the end of each day; long spans are thinned to their lowest and highest days, and it says so.
pub fn backlog(f: &Figures) -> Markup {
    let days = &f.backlog.days;
    if days.is_empty() {
        return html! { p.small.muted { "The backlog by day would be drawn here." } };
    }
    let closed: Vec<i64> = days.iter().map(|d| d.not_closed).collect();
    let mut places = kept(&closed);
    let top = |d: &&Day| f.backlog.max_not_resolved.as_ref().is_some_and(|top| top.date == d.date);
    places.extend(days.iter().position(|d| top(&d)));
    let shown: Vec<&Day> = places.iter().filter_map(|at| days.get(*at)).collect();
    let open = |n: i64| f64::from(i32::try_from(n).unwrap_or(i32::MAX));
    let most = f.backlog.max_not_closed.as_ref();
    let says =
        most.map_or(String::new(), |d| format!("Most were not closed on {}: {}.", d.date, d.not_closed));
    let caption = Caption::new(
        "Backlog by day",
        &says,
        if shown.len() < days.len() { "days, thinned to lowest and highest" } else { "days" },
        "records at the end of the day",
    );
    let labels = shown.iter().map(|d| d.date.clone()).collect();
    let series = vec![
        Series::new("not closed", Tone::Info, shown.iter().map(|d| open(d.not_closed)).collect()),
        Series::new("not resolved", Tone::Accent, shown.iter().map(|d| open(d.not_resolved)).collect()),
    ];
    html! { (Lines { caption, labels, series, target: None }.fitting()) p.small.muted { (says) } }
}

/// Reports by month.
pub fn by_month(f: &Figures) -> Markup {
    let months = &f.volume.reported_per_month;
    let caption =
        Caption::new("Reported by month", &format!("{} months.", months.len()), "months", "records");
    let values = months.values().map(|n| count(*n)).collect();
    Histogram {
        caption,
        labels: months.keys().cloned().collect(),
        series: vec![Series::new("reported", Tone::Accent, values)],
    }
    .fitting()
}

/// Shares that made each clock's target, by priority; the recorded flag where there are no clocks.
pub fn targets(of: &RecordType, f: &Figures) -> Markup {
    let mut labels = Vec::new();
    let mut values = Vec::new();
    for (clock, by) in &f.target_met.clocks {
        let name = of.clocks.iter().find(|c| c.name == *clock).map_or(clock.as_str(), |c| &c.label);
        for (priority, share) in by {
            labels.push(format!("{name}, {}", option_label(of, "priority", priority)));
            values.push(share.percent);
        }
    }
    for (priority, share) in &f.target_met.recorded {
        labels.push(format!("as recorded, {}", option_label(of, "priority", priority)));
        values.push(share.percent);
    }
    if labels.is_empty() {
        return html! { p.small.muted { "Shares of targets met would be drawn here, once a clock with a target has stopped." } };
    }
    let caption = Caption::new(
        "Targets met",
        "Share of records that made their target.",
        "per cent",
        "clock and priority",
    );
    Bars { caption, labels, series: vec![Series::new("met", Tone::Ok, values)], target: None }.fitting()
}

/// Records by number of reassignments.
pub fn reassignments(f: &Figures) -> Markup {
    let caption =
        Caption::new("Reassigned", "Records by how often they went to another team.", "times", "records");
    let values = f.reassigned.histogram.values().map(|n| count(*n)).collect();
    let labels = f.reassigned.histogram.keys().cloned().collect();
    Histogram { caption, labels, series: vec![Series::new("records", Tone::Accent, values)] }.fitting()
}

/// The most frequent values of a field.
pub fn top(f: &Figures, field: &str, title: &str) -> Markup {
    let rows = f.top.get(field).map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return html! { p.small.muted { (title) " would be drawn here." } };
    }
    let caption = Caption::new(title, "Records of each value.", "records", "");
    let labels = rows.iter().map(|r| r.value.clone().unwrap_or_else(|| "not given".to_owned())).collect();
    let values = rows.iter().map(|r| count(r.records)).collect();
    Bars { caption, labels, series: vec![Series::new("records", Tone::Accent, values)], target: None }
        .fitting()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_line_keeps_its_ends_its_highest_and_its_lowest_day() {
        for days in [1, POINTS, POINTS + 1, 1_000, 3_653] {
            // a slow wave with one peak and one dip of a single day, and the last day above its neighbours
            let mut line: Vec<i64> = (0..days).map(|at| 50 + (at as i64 / 7) % 5).collect();
            for (at, open) in [(days / 3, 99), (days / 2, 1), (days - 1, 77)] {
                line[at] = open;
            }
            let kept = kept(&line);
            assert!(kept.len() <= POINTS + 4, "{days}: {}", kept.len());
            let shown: Vec<i64> = kept.iter().map(|at| line[*at]).collect();
            assert_eq!((shown.first(), shown.last()), (line.first(), line.last()), "{days}");
            assert_eq!(
                (shown.iter().max(), shown.iter().min()),
                (line.iter().max(), line.iter().min()),
                "{days}"
            );
        }
    }
}

//! The charts of the figures page: which series, with which title and unit.

use maud::{Markup, html};
use proofdesk_model::RecordType;
use proofdesk_report::Figures;
use proofdesk_report::chart::{Bars, Caption, Histogram, Lines, Series, Tone};

use super::option_label;

/// Most points of a line: a chart is 720 units wide.
const POINTS: usize = 240;

fn count(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

/// Work that lay open at the end of each day; long spans are thinned to every n-th day, and it says so.
pub fn backlog(f: &Figures) -> Markup {
    let days = &f.backlog.days;
    if days.is_empty() {
        return html! { p.small.muted { "The backlog by day would be drawn here." } };
    }
    let step = days.len().div_ceil(POINTS).max(1);
    let shown: Vec<_> = days.iter().step_by(step).collect();
    let open = |n: i64| f64::from(i32::try_from(n).unwrap_or(i32::MAX));
    let most = f.backlog.max_not_closed.as_ref();
    let says =
        most.map_or(String::new(), |d| format!("Most were not closed on {}: {}.", d.date, d.not_closed));
    let caption = Caption::new(
        "Backlog by day",
        &says,
        if step > 1 { "days, thinned" } else { "days" },
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

//! Lines, with a target to reach.

use maud::{Markup, html};

use super::Lines;
use super::axis::{at, number, ticks};
use super::frame::{HEAD, float, highest, picture, width};

const PLOT: f64 = 220.0;

pub(super) fn draw(chart: &Lines, wide: f64, base: f64) -> Markup {
    let (left, right, top) = (56.0, wide - 12.0, HEAD + 14.0);
    let bottom = top + PLOT;
    let goal = chart.target.as_ref().map_or(0.0, |(value, _)| *value);
    let steps: Vec<f64> =
        ticks(highest(&chart.series).max(goal) - base).iter().map(|step| step + base).collect();
    let most = steps.last().copied().unwrap_or(base + 1.0);
    let up = |value: f64| bottom - (bottom - top) * ((value - base) / (most - base)).clamp(0.0, 1.0);
    let across =
        |i: usize| left + (right - left) * (float(i) / float(chart.labels.len().saturating_sub(1).max(1)));
    let longest = chart.labels.iter().map(|l| width(l)).fold(1.0, f64::max);
    let fits = ((right - left) / (longest + 24.0)).floor().max(1.0);
    let every = (float(chart.labels.len()) / fits).ceil().max(1.0);
    let drawing = html! {
        text x="0" y=(at(HEAD + 4.0)) { (chart.caption.y) }
        @for step in &steps {
            line class="chart-grid" x1=(at(left)) x2=(at(right)) y1=(at(up(*step))) y2=(at(up(*step))) {}
            text x=(at(left - 6.0)) y=(at(up(*step) + 4.0)) text-anchor="end" { (number(*step)) }
        }
        @for (i, label) in chart.labels.iter().enumerate() {
            @if float(i) % every == 0.0 {
                text x=(at(across(i))) y=(at(bottom + 15.0)) text-anchor=(anchor(i, chart.labels.len())) { (label) }
            }
        }
        line class="chart-axis" x1=(at(left)) x2=(at(right)) y1=(at(bottom)) y2=(at(bottom)) {}
        @for one in &chart.series {
            path class={ "line " (one.tone.class()) } d=(path(&one.values, across, up)) { title { (one.name) } }
        }
        @if let Some((value, says)) = &chart.target {
            line class="chart-target" x1=(at(left)) x2=(at(right)) y1=(at(up(*value))) y2=(at(up(*value))) {}
            text x=(at(right)) y=(at(up(*value) - 5.0)) text-anchor="end" { (says) }
        }
        text x=(at(right)) y=(at(bottom + 33.0)) text-anchor="end" { (chart.caption.x) }
    };
    picture(&chart.caption, (wide, bottom + 40.0), &chart.series, &drawing)
}

/// Where an axis begins so that values that differ little are told apart: 0 where the smallest is not near the largest.
pub(super) fn low(chart: &Lines) -> f64 {
    let goal = chart.target.as_ref().map(|(value, _)| *value);
    let all = || chart.series.iter().flat_map(|s| &s.values).copied().chain(goal).filter(|v| v.is_finite());
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    if !least.is_finite() || least <= most / 2.0 {
        return 0.0;
    }
    let room = (most - least).max(most / 100.0);
    let step = ticks(room).get(1).copied().unwrap_or(1.0);
    (((least - room / 2.0) / step).floor() * step).max(0.0)
}

/// The first and the last label stay inside the picture.
fn anchor(i: usize, labels: usize) -> &'static str {
    match i {
        0 => "start",
        i if i + 1 == labels => "end",
        _ => "middle",
    }
}

fn path(values: &[f64], across: impl Fn(usize) -> f64, up: impl Fn(f64) -> f64) -> String {
    let mut written = String::new();
    let mut pen_down = false;
    for (i, value) in values.iter().enumerate() {
        if !value.is_finite() {
            pen_down = false;
            continue;
        }
        let step = if pen_down { 'L' } else { 'M' };
        written.push_str(&format!("{step}{} {}", at(across(i)), at(up(*value))));
        pen_down = true;
    }
    written
}

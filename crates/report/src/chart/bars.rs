//! Bars: lying with names, standing as a histogram; several series are stacked.

use maud::{Markup, html};

use super::axis::{at, number, ticks};
use super::frame::{HEAD, WIDTH, cut, float, highest_stack, picture, width};
use super::{Bars, Histogram, Series};

const ROW: f64 = 26.0;
const FOOT: f64 = 40.0;
const PLOT: f64 = 200.0;

pub(super) fn lying(bars: &Bars, wide: f64) -> Markup {
    let most = label_most(wide);
    let longest = bars.labels.iter().map(|l| width(&cut(l, most))).fold(40.0, f64::max);
    let (left, right) = (longest + 10.0, wide - 64.0);
    let goal = bars.target.as_ref().map_or(0.0, |(value, _)| *value);
    let steps = ticks(highest_stack(&bars.series, bars.labels.len()).max(goal));
    let highest = steps.last().copied().unwrap_or(1.0);
    let scale = |value: f64| left + (right - left) * (value / highest);
    let bottom = HEAD + ROW * float(bars.labels.len());
    let every = if wide < WIDTH { 2 } else { 1 };
    let drawing = html! {
        @for (i, step) in steps.iter().enumerate() {
            line class="chart-grid" x1=(at(scale(*step))) x2=(at(scale(*step))) y1=(at(HEAD)) y2=(at(bottom)) {}
            @if i % every == 0 { text x=(at(scale(*step))) y=(at(bottom + 14.0)) text-anchor="middle" { (number(*step)) } }
        }
        line class="chart-axis" x1=(at(left)) x2=(at(left)) y1=(at(HEAD)) y2=(at(bottom)) {}
        @for (i, label) in bars.labels.iter().enumerate() {
            @let y = HEAD + ROW * float(i);
            text x=(at(left - 8.0)) y=(at(y + 17.0)) text-anchor="end" { (cut(label, most)) }
            (pieces(&bars.series, i, label, |from, to| {
                (scale(from), y + 5.0, scale(to) - scale(from), ROW - 10.0)
            }))
            @let sum = total(&bars.series, i);
            text class="chart-value" x=(at(scale(sum) + 6.0)) y=(at(y + 17.0)) { (number(sum)) }
        }
        @if let Some((value, says)) = &bars.target {
            line class="chart-target" x1=(at(scale(*value))) x2=(at(scale(*value))) y1=(at(HEAD - 4.0)) y2=(at(bottom)) {}
            text x=(at(scale(*value))) y=(at(HEAD - 8.0)) text-anchor="middle" { (says) }
        }
        text x=(at(right)) y=(at(bottom + 32.0)) text-anchor="end" { (bars.caption.x) }
        text x="0" y=(at(bottom + 32.0)) { (bars.caption.y) }
    };
    picture(&bars.caption, (wide, bottom + FOOT), &bars.series, &drawing)
}

pub(super) fn standing(chart: &Histogram, wide: f64) -> Markup {
    let (left, right, top) = (56.0, wide - 8.0, HEAD + 14.0);
    let bottom = top + PLOT;
    let steps = ticks(highest_stack(&chart.series, chart.labels.len()));
    let most = steps.last().copied().unwrap_or(1.0);
    let scale = |value: f64| bottom - (bottom - top) * (value / most);
    let room = (right - left) / float(chart.labels.len().max(1));
    let longest = chart.labels.iter().map(|l| width(l)).fold(1.0, f64::max);
    let every = ((longest + 8.0) / room).ceil().max(1.0);
    let drawing = html! {
        text x="0" y=(at(HEAD + 4.0)) { (chart.caption.y) }
        @for step in &steps {
            line class="chart-grid" x1=(at(left)) x2=(at(right)) y1=(at(scale(*step))) y2=(at(scale(*step))) {}
            text x=(at(left - 6.0)) y=(at(scale(*step) + 4.0)) text-anchor="end" { (number(*step)) }
        }
        @for (i, label) in chart.labels.iter().enumerate() {
            @let x = left + room * float(i);
            (pieces(&chart.series, i, label, |from, to| {
                (x + room * 0.1, scale(to), room * 0.8, scale(from) - scale(to))
            }))
            @if float(i) % every == 0.0 {
                text x=(at(x + room / 2.0)) y=(at(bottom + 15.0)) text-anchor="middle" { (label) }
            }
        }
        line class="chart-axis" x1=(at(left)) x2=(at(right)) y1=(at(bottom)) y2=(at(bottom)) {}
        text x=(at(right)) y=(at(bottom + 33.0)) text-anchor="end" { (chart.caption.x) }
    };
    picture(&chart.caption, (wide, bottom + FOOT), &chart.series, &drawing)
}

/// Characters of a label that leave most of the width to the bars.
fn label_most(wide: f64) -> usize {
    if wide < WIDTH { 16 } else { 34 }
}

fn total(series: &[Series], at: usize) -> f64 {
    series.iter().filter_map(|s| s.values.get(at)).filter(|v| v.is_finite()).sum()
}

/// The pieces of one stacked bar; `place` gives x, y, width and height of a piece between two values.
fn pieces(
    series: &[Series],
    index: usize,
    label: &str,
    place: impl Fn(f64, f64) -> (f64, f64, f64, f64),
) -> Markup {
    let mut from = 0.0;
    let mut drawn = Vec::new();
    for one in series {
        let value = one.values.get(index).copied().unwrap_or_default();
        if !value.is_finite() || value <= 0.0 {
            continue;
        }
        let (x, y, w, h) = place(from, from + value);
        from += value;
        let says = if series.len() > 1 {
            format!("{label}, {}: {}", one.name, number(value))
        } else {
            format!("{label}: {}", number(value))
        };
        drawn.push(html! {
            rect class={ "bar " (one.tone.class()) } x=(at(x)) y=(at(y)) width=(at(w.max(0.5))) height=(at(h.max(0.5))) {
                title { (says) }
            }
        });
    }
    html! { @for piece in &drawn { (piece) } }
}

//! A line of time: lanes with bars and deadlines over years, and where today is.

use maud::{Markup, html};

use super::axis::at;
use super::frame::{HEAD, NARROW, cut, float, picture, width};
use super::{Series, Timeline, Tone};

/// Height of a row of bars.
const ROW: f64 = 28.0;
/// Where the ring of a deadline stands in its row: below the words, above the next row.
const RING: f64 = 23.5;
/// Height of a bar.
const BAR: f64 = 14.0;
/// Height of a lane's name where it stands above its bars.
const NAME: f64 = 18.0;
/// Shortest bar.
const LEAST: f64 = 6.0;

/// What tones mean here, in the order of the legend.
const LEGEND: [(Tone, &str); 4] =
    [(Tone::Ok, "done"), (Tone::Accent, "under way"), (Tone::Info, "planned"), (Tone::Bad, "late")];

/// One bar with its place.
struct Placed<'a> {
    row: usize,
    x: f64,
    wide: f64,
    span: &'a super::Span,
    /// The words stand before the bar, because there is no room after it.
    before: bool,
}

pub(super) fn draw(line: &Timeline, wide: f64) -> Markup {
    let narrow = wide <= NARROW;
    let left = if narrow {
        0.0
    } else {
        line.lanes.iter().map(|l| width(&cut(&l.label, 30))).fold(0.0, f64::max) + 14.0
    };
    let right = wide - 6.0;
    let days = f64::from((line.until - line.from).max(1));
    let x = |day: i32| left + (right - left) * f64::from(day - line.from).clamp(0.0, days) / days;
    let lanes: Vec<(usize, Vec<Placed<'_>>)> =
        line.lanes.iter().map(|lane| placed(&lane.spans, (left, right), narrow, &x)).collect();
    let above = if narrow { NAME } else { 4.0 };
    let mut tops = Vec::new();
    let mut bottom = HEAD + 18.0;
    for (rows, _) in &lanes {
        tops.push(bottom);
        bottom += above + ROW * float(*rows) + 4.0;
    }
    let used: Vec<Series> = LEGEND
        .iter()
        .filter(|(tone, _)| line.lanes.iter().flat_map(|l| &l.spans).any(|s| s.tone == *tone))
        .map(|(tone, name)| Series::new(name, *tone, Vec::new()))
        .collect();
    let drawing = html! {
        @for (day, label, strong) in &line.ticks {
            line class=(if *strong { "chart-axis" } else { "chart-grid" }) x1=(at(x(*day))) x2=(at(x(*day))) y1=(at(HEAD + 6.0)) y2=(at(bottom)) {}
            @if *strong && x(*day) + 30.0 < right { text x=(at(x(*day) + 4.0)) y=(at(HEAD + 14.0)) { (label) } }
        }
        // behind the bars and their words, which keep a rim of the page's colour
        @if (line.from..=line.until).contains(&line.today) {
            line class="chart-target" x1=(at(x(line.today))) x2=(at(x(line.today))) y1=(at(HEAD + 2.0)) y2=(at(bottom)) {}
            text x=(at(x(line.today))) y=(at(bottom + 13.0)) text-anchor=(if x(line.today) > wide - 60.0 { "end" } else { "middle" }) { "today" }
        }
        @for ((lane, top), (_, spans)) in line.lanes.iter().zip(&tops).zip(&lanes) {
            line class="chart-grid" x1="0" x2=(at(right)) y1=(at(*top)) y2=(at(*top)) {}
            text class="chart-lane" x="0" y=(at(top + if narrow { 13.0 } else { above + 15.0 })) { (cut(&lane.label, if narrow { 50 } else { 30 })) }
            @for one in spans { (bar(one, top + above, &x)) }
        }
        text x="0" y=(at(bottom + 13.0)) { (line.caption.x) }
    };
    picture(&line.caption, (wide, bottom + 20.0), &used, &drawing)
}

fn bar(one: &Placed<'_>, top: f64, x: &impl Fn(i32) -> f64) -> Markup {
    let y = top + ROW * float(one.row);
    let words = cut(&one.span.label, 26);
    html! {
        rect class={ "bar " (one.span.tone.class()) } x=(at(one.x)) y=(at(y + 4.0)) width=(at(one.wide)) height=(at(BAR)) rx="3" {
            title { (one.span.says) }
        }
        @for (day, says) in &one.span.due {
            circle class="chart-due" cx=(at(x(*day))) cy=(at(y + RING)) r="3" { title { (says) } }
        }
        @if one.before { text class="chart-name" x=(at(one.x - 5.0)) y=(at(y + 15.0)) text-anchor="end" { (words) } }
        @else { text class="chart-name" x=(at(one.x + one.wide + 5.0)) y=(at(y + 15.0)) { (words) } }
    }
}

/// Places bars into rows so that neither bars nor their words meet.
fn placed<'a>(
    spans: &'a [super::Span],
    (left, right): (f64, f64),
    narrow: bool,
    x: &impl Fn(i32) -> f64,
) -> (usize, Vec<Placed<'a>>) {
    let mut ends: Vec<f64> = Vec::new();
    let mut found = Vec::new();
    for span in spans {
        let start = x(span.from).min(right - LEAST);
        let wide = (x(span.until) - start).max(LEAST);
        let words = width(&cut(&span.label, 26)) + 8.0;
        let before = start + wide + words > right && start - words > left;
        let (begin, end) = if before { (start - words, start + wide) } else { (start, start + wide + words) };
        let due = span.due.iter().map(|(day, _)| x(*day) + 4.0).fold(end, f64::max);
        let row = ends.iter().position(|taken| *taken <= begin);
        let row = row.unwrap_or_else(|| {
            ends.push(0.0);
            ends.len() - 1
        });
        ends[row] = if narrow { f64::MAX } else { due };
        found.push(Placed { row, x: start, wide, span, before });
    }
    (ends.len().max(1), found)
}

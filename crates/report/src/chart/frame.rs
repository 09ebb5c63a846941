//! What all charts share: the picture with title and description, legend, axis labels.

use maud::{Markup, html};

use super::axis::at;
use super::{Caption, Series};

/// Width of the drawing in its own units; the page scales it.
pub(super) const WIDTH: f64 = 720.0;
/// Width where there is little room, such as on a telephone: drawn anew, so that letters keep their size.
pub(super) const NARROW: f64 = 380.0;
/// Height of the title with the legend.
pub(super) const HEAD: f64 = 46.0;
/// Mean width of a character of the label's font.
pub(super) const CHARACTER: f64 = 6.2;

/// The same chart for much and for little room; the page shows one of them, by the room that there is.
pub(super) fn both(draw: impl Fn(f64) -> Markup) -> Markup {
    html! { div.chart-room { div.chart-wide { (draw(WIDTH)) } div.chart-narrow { (draw(NARROW)) } } }
}

/// Puts a drawing into its picture.
pub(super) fn picture(
    caption: &Caption,
    (wide, height): (f64, f64),
    legend: &[Series],
    drawing: &Markup,
) -> Markup {
    html! {
        svg class="chart" role="img" viewBox={ "0 0 " (at(wide)) " " (at(height)) }
            aria-label={ (caption.title) ". " (caption.description) } xmlns="http://www.w3.org/2000/svg" {
            title { (caption.title) }
            desc { (caption.description) }
            text class="chart-title" x="0" y="14" { (caption.title) }
            @if legend.len() > 1 { (names(legend)) }
            (drawing)
        }
    }
}

fn names(series: &[Series]) -> Markup {
    let mut x = 0.0;
    html! {
        @for one in series {
            @let start = x;
            rect class={ "bar " (one.tone.class()) } x=(at(start)) y="24" width="10" height="10" rx="2" {}
            text x=(at(start + 15.0)) y="33" { (one.name) }
            ({ x += 15.0 + width(&one.name) + 18.0; "" })
        }
    }
}

/// Room that a text takes, estimated.
pub(super) fn width(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)) * CHARACTER
}

/// A text cut to so many characters, with an ellipsis.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The largest sum of the series at one label.
pub(super) fn highest_stack(series: &[Series], labels: usize) -> f64 {
    (0..labels)
        .map(|i| series.iter().filter_map(|s| s.values.get(i)).filter(|v| v.is_finite() && **v > 0.0).sum())
        .fold(0.0, f64::max)
}

/// The largest single value.
pub(super) fn highest(series: &[Series]) -> f64 {
    series.iter().flat_map(|s| &s.values).copied().filter(|v| v.is_finite()).fold(0.0, f64::max)
}

/// A count as a coordinate.
pub(super) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

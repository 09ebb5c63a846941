//! A strip of cells: one glance at how something stood.

use maud::{Markup, html};

use super::Strip;
use super::axis::at;
use super::frame::{float, picture};

pub(super) fn draw(strip: &Strip, wide: f64) -> Markup {
    let room = wide / float(strip.cells.len().max(1));
    let gap = (room * 0.15).min(2.0);
    let ends = [strip.cells.first(), strip.cells.last()].map(|c| c.map_or("", |c| &c.label));
    let drawing = html! {
        @for (i, cell) in strip.cells.iter().enumerate() {
            rect class={ "bar " (cell.tone.class()) } x=(at(room * float(i))) y="24" width=(at(room - gap)) height="26" rx="2" {
                title { (cell.label) ": " (cell.says) }
            }
        }
        text x="0" y="65" { (ends[0]) }
        text x=(at(wide)) y="65" text-anchor="end" { (ends[1]) }
        text x=(at(wide / 2.0)) y="65" text-anchor="middle" { (strip.caption.x) }
    };
    picture(&strip.caption, (wide, 72.0), &[], &drawing)
}

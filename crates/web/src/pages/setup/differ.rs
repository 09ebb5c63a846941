//! Where the desk is not as the answers say: after answers were changed, or records were.

use maud::{Markup, html};
use proofdesk_setup::{Guide, Outcome, Standing, Summary, Unnamed};

use crate::pages::address;
use crate::session::Visit;

/// Records shown at once.
const SHOWN: usize = 12;

/// The records that differ, with what differs; nothing where none does.
pub fn card(visit: &Visit, guide: &Guide, summary: &Summary, unnamed: &[Unnamed]) -> Markup {
    let all: Vec<&Outcome> = summary.differing().collect();
    if all.is_empty() && unnamed.is_empty() {
        return html! {};
    }
    html! {
        section.card id="differs" {
            header { h2 { "Not as your answers say" } span.small.muted.num { (all.len() + unnamed.len()) } }
            div.body.stack.small {
                p.muted { "Answers changed, or people changed records since. Nothing is overwritten: change a record on its page, or your answers." }
                @if !all.is_empty() { ul { @for outcome in all.iter().take(SHOWN) { (item(visit, outcome)) } } }
                @if all.len() > SHOWN { details { summary.muted { "and " (all.len() - SHOWN) " more" } ul { @for outcome in all.iter().skip(SHOWN) { (item(visit, outcome)) } } } }
                @for question in guide.questions() {
                    @let names: Vec<&str> = unnamed.iter().filter(|u| u.question == question.name).map(|u| u.title.as_str()).collect();
                    @if !names.is_empty() { p { "On the desk, and not among the answers to \u{201c}" (question.label) "\u{201d}: " b { (names.join(", ")) } ". They stay; retire what is no more on its own page." } }
                }
            }
        }
    }
}

fn item(visit: &Visit, outcome: &Outcome) -> Markup {
    let title = match &outcome.standing {
        Standing::Made(reference) | Standing::Present(reference) => {
            html! { a href=(address(visit, reference)) { (outcome.title) } " " span.key.faint { (visit.registry().write_reference(reference)) } }
        }
        Standing::New | Standing::Spared => html! { (outcome.title) },
    };
    html! { li { (title) @for d in &outcome.differs { br; span.muted { (d.field) ": " } (d.says) } } }
}

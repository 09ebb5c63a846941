//! Where the desk is not as the answers say: after answers were changed, or records were.

use maud::{Markup, html};
use proofdesk_setup::{Guide, Outcome, Standing, Summary, Unnamed};

use crate::pages::address;
use crate::session::Visit;

/// Lines shown at once.
const SHOWN: usize = 12;
/// More records than these that differ in the same way are one line.
const ALIKE: usize = 3;

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
                @let lines = lines(visit, &all);
                @if !lines.is_empty() { ul { @for line in lines.iter().take(SHOWN) { (line) } } }
                @if lines.len() > SHOWN { details { summary.muted { "and " (lines.len() - SHOWN) " more" } ul { @for line in lines.iter().skip(SHOWN) { (line) } } } }
                @for question in guide.questions() {
                    @let names: Vec<&str> = unnamed.iter().filter(|u| u.question == question.name).map(|u| u.title.as_str()).collect();
                    @if !names.is_empty() { p { "On the desk, and not among the answers to \u{201c}" (question.label) "\u{201d}: " b { (names.join(", ")) } ". They stay; retire what is no more on its own page." } }
                }
            }
        }
    }
}

/// One line for each record; those that differ in the same way are one line together.
fn lines(visit: &Visit, all: &[&Outcome]) -> Vec<Markup> {
    let mut alike: Vec<Vec<&Outcome>> = Vec::new();
    for outcome in all {
        match alike.iter_mut().find(|same| same[0].differs == outcome.differs) {
            Some(same) => same.push(outcome),
            None => alike.push(vec![outcome]),
        }
    }
    let told = |same: Vec<&Outcome>| {
        if same.len() <= ALIKE {
            return same.into_iter().map(|outcome| item(visit, outcome)).collect();
        }
        vec![html! { li {
            details { summary { (same.len()) " records" } ul { @for outcome in &same { li { (title(visit, outcome)) } } } }
            @for d in &same[0].differs { span.muted { (d.field) ": " } (d.says) br; }
        } }]
    };
    alike.into_iter().flat_map(told).collect()
}

fn title(visit: &Visit, outcome: &Outcome) -> Markup {
    match &outcome.standing {
        Standing::Made(reference) | Standing::Present(reference) => {
            html! { a href=(address(visit, reference)) { (outcome.title) } " " span.key.faint { (visit.registry().write_reference(reference)) } }
        }
        Standing::New | Standing::Spared => html! { (outcome.title) },
    }
}

fn item(visit: &Visit, outcome: &Outcome) -> Markup {
    html! { li { (title(visit, outcome)) @for d in &outcome.differs { br; span.muted { (d.field) ": " } (d.says) } } }
}

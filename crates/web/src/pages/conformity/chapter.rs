//! A chapter of the clause map: its clauses, and their obligations in our own words with their states.

use maud::{Markup, html};
use proofdesk_conformity::{Conformity, Scope};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::conformity::{address, as_of, so_many_conform, state_tag};
use crate::parts::number::thousands;
use crate::parts::time;
use crate::session::Visit;

/// With a capital letter in front.
fn upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The page of a chapter or of one of its clauses.
///
/// # Errors
/// `NotFound` when the framework has no such chapter; a fault of the database.
pub async fn show(
    visit: &Visit,
    conformity: &Conformity,
    framework: &str,
    number: &str,
    asked: &str,
) -> Result<Markup, WebError> {
    let at = as_of::read(visit, asked)?;
    let view = match at {
        Some(at) => conformity.overview_as_of(framework, &Scope::all(), at).await?,
        None => conformity.overview(framework, &Scope::all()).await?,
    };
    let inside = |c: &&proofdesk_conformity::view::ChapterView| {
        c.number == number || c.clauses.iter().any(|clause| clause.number == number)
    };
    let chapter = view
        .chapters
        .iter()
        .find(inside)
        .ok_or_else(|| WebError::NotFound("clause or obligation of this number".to_owned()))?;
    let title = format!("{} {}", chapter.number, chapter.title);
    let body = html! {
        div.stack.tight { h1 { span.key.muted { (chapter.number) } " " (chapter.title) } p.muted { @if view.before.is_none() { (upper(&so_many_conform(chapter.conforming, chapter.can_hold))) ". " } @match &view.origin { Some(origin) => (origin), None => "The words are ours; the standard's own text is sold by ISO." } } }
        @if let (Some(at), Some(run)) = (at, &view.run) { (as_of::told(visit, at, run, view.stale, &format!("/conformity/{number}"))) }
        @if let (Some(at), Some(before)) = (at, view.before) { (as_of::nothing(visit, at, before, &format!("/conformity/{number}?framework={}", layout::escape_query(framework)))) }
        @else { @for clause in chapter.clauses.iter().filter(|c| number == chapter.number || c.number == number) {
            section.card {
                header { h2 { span.key { (clause.number) } " " (clause.title) } }
                div.scroll { table.list {
                    thead { tr { th scope="col" { "Obligation" } th scope="col" { "What is to be done" } th scope="col" { "State" } th.spare scope="col" { "Since" } th.spare scope="col" { "Tests" } th.spare scope="col" { "Exceptions" } } }
                    tbody { @for o in &clause.obligations { tr {
                        td { a.key href=(address(framework, &o.id, asked)) { (o.id) } }
                        td.grow { a href=(address(framework, &o.id, asked)) { (o.says) } @if let Some(when) = &o.applies_when { br; span.small.faint { "applies when " (when) } } }
                        td { (state_tag(o.state)) }
                        td.spare.small { @if let Some(since) = o.since { (time::proven(since, visit.now, visit.zone())) } }
                        td.spare.num { (o.tests) @if o.partial { span.faint { " in part" } } @if o.mapped > 0 { span.faint { ", " (o.mapped) " mapped" } } }
                        td.spare.num { @if o.exceptions > 0 { (thousands(o.exceptions)) } }
                    } } }
                } }
            }
        } }
    };
    let crumbs = vec![
        ("Assurance".to_owned(), Some("/home/assurance".to_owned())),
        ("Conformity".to_owned(), Some(format!("/conformity?framework={framework}"))),
        (chapter.number.clone(), None),
    ];
    Ok(layout::frame(visit, Page::new(&title, crumbs, body)))
}

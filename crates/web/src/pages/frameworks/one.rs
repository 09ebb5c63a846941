//! One framework: its edition and seal, what a draft changes, mappings both ways, and its files.

use axum::extract::Path;
use maud::{Markup, html};
use proofdesk_conformity::framework::differ::Turn;
use proofdesk_conformity::mapping::Mapping;
use proofdesk_conformity::{Conformity, EditionState, FrameworkInfo, Part, Update};

use super::{crumbs, may_keep};
use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::conformity::require;
use crate::parts::number::thousands;
use crate::parts::{tag, time};
use crate::session::Visit;

/// Differences that are shown; `proofdesk frameworks diff` prints all.
const SHOWN: usize = 300;

/// The page of a framework.
///
/// # Errors
/// `NotFound`; a fault of the database.
pub async fn show(visit: Visit, Path(id): Path<String>) -> Result<Markup, WebError> {
    let conformity = require(&visit)?;
    let all = conformity.frameworks().await?;
    let missing = || WebError::NotFound("framework of this name".to_owned());
    let info = all.into_iter().find(|f| f.id == id).ok_or_else(missing)?;
    let declared = conformity.declarations();
    let content = declared.framework(&id).or_else(|| declared.draft(&id).map(|(draft, _)| draft));
    let content = content.ok_or_else(missing)?;
    let update = match info.draft {
        Some(_) => Some(conformity.update_of(&id).await?),
        None => None,
    };
    let (to, from): (Vec<&Mapping>, Vec<&Mapping>) = (
        declared.controls.mappings.iter().filter(|m| m.target.0 == id).collect(),
        declared.controls.mappings.iter().filter(|m| m.source.0 == id).collect(),
    );
    let body = html! {
        div.row.between {
            div.stack.tight {
                h1 { (info.title) }
                @if !content.about.is_empty() { p.muted { (content.about) } }
            }
            @if info.edition.is_some() { a.button.primary href={ "/conformity?framework=" (info.id) } { "Conformity" } }
        }
        div.split {
            div.stack.wide {
                @if let Some(update) = &update { (draft(&visit, update)) }
                (mappings(conformity, "Mappings to it", "Tests of others that speak of its requirements, as far as the strength allows.", &to))
                (mappings(conformity, "Mappings from it", "Requirements of others of which its tests speak.", &from))
                @if update.is_none() && to.is_empty() && from.is_empty() { section.card { div.body { p.muted { "There is no draft, and nothing is set beside its requirements." } } } }
            }
            div.stack {
                (facts(&info, content.origin.as_deref()))
                (files(&info, !to.is_empty()))
                (editions(&visit, &info))
            }
        }
    };
    let title = info.title.clone();
    Ok(layout::frame(&visit, Page::new(&title, crumbs(Some(&info.id)), body)))
}

fn facts(info: &FrameworkInfo, origin: Option<&str>) -> Markup {
    html! {
        section.card { header { h2 { "About" } } div.body.stack.small {
            dl.facts {
                dt { "Id" } dd.mono { (info.id) }
                dt { "In force" } dd { @match &info.edition { Some(edition) => { "edition " (edition) }, None => "no edition yet" } }
                dt { "Requirements" } dd { (thousands(info.requirements)) ", " (thousands(info.tested)) " with a test" }
                @if let Some(digest) = &info.digest { dt { "SHA-256" } dd.mono title=(digest) { (digest.get(..16).unwrap_or_default()) "…" } }
                dt { "Kept" } dd { @if info.shipped { "comes with the program" } @else { "published and frozen in the log" } }
            }
            @if let Some(origin) = origin { p.muted { (origin) } }
        } }
    }
}

fn files(info: &FrameworkInfo, mapped: bool) -> Markup {
    let link = |document: &str, label: &str| html! { li { a.link href={ "/frameworks/" (info.id) "/export/" (document) } { (label) } } };
    html! {
        section.card { header { h2 { "Files" } span.small.muted { "OSCAL 1.2" } } div.body.small { ul {
            (link("catalog", "Catalog"))
            @if info.edition.is_some() {
                (link("component-definition", "Component definition: what we do about it"))
                (link("assessment-results", "Assessment results of the newest run"))
            }
            @if mapped && info.edition.is_some() { (link("mapping-collection", "Mapping collection")) }
            (link("kdl", "Declaration (KDL)"))
        } } }
    }
}

fn editions(visit: &Visit, info: &FrameworkInfo) -> Markup {
    if info.editions.is_empty() {
        return html! {};
    }
    html! {
        section.card { header { h2 { "History" } a.seal href="/log" { "sealed" } } div.body {
            ol.timeline.small { @for e in info.editions.iter().take(30) { li {
                span.dot {}
                b { @match (e.part, e.state) {
                    (Part::Links, _) => "Tests and mappings put in force",
                    (_, EditionState::Published) => { "Edition " (e.edition) " published" },
                    (_, EditionState::Draft) => { "Edition " (e.edition) " kept as a draft" },
                } }
                " " span.muted { (e.author) ", " (e.origin) " · " (time::proven(e.at, visit.now, visit.zone())) }
            } } }
        } }
    }
}

fn draft(visit: &Visit, update: &Update) -> Markup {
    let from = update.from.as_ref().map_or("nothing".to_owned(), |e| format!("edition {e}"));
    let counted = |turn: Turn| {
        let of = |t: &&proofdesk_conformity::Touched| {
            t.difference.part == "requirement" && t.difference.turn == turn
        };
        update.differences.iter().filter(of).count()
    };
    html! {
        section.card {
            header { h2 { "Draft: edition " (update.to) } span.small.muted { "against " (from) } }
            div.body.stack {
                p { b { (counted(Turn::Added)) } " requirements are new, " b { (counted(Turn::Changed)) } " say something else, " b { (counted(Turn::Removed)) } " are gone." }
                p.small.muted { "From " (update.origin) ". Once published, this text is frozen and its digest sealed in the log: SHA-256 " span.mono { (update.digest.get(..16).unwrap_or_default()) "…" } }
                @if may_keep(visit) { form method="post" action={ "/frameworks/" (update.framework) "/publish" } { button.button.primary { "Publish edition " (update.to) } } }
            }
            div.scroll { table.list {
                thead { tr { th scope="col" { "What" } th scope="col" { "Says" } th.spare scope="col" { "Touches" } } }
                tbody { @for t in update.differences.iter().take(SHOWN) {
                    @let d = &t.difference;
                    tr {
                        td { (turn(d.turn)) br; span.small.faint { (d.part) " " (d.id) } }
                        td.grow {
                            (d.says)
                            @for field in d.fields.iter().take(6) { br; span.small.muted { (field.field) ": " @if field.was.is_empty() { "nothing" } @else { del { (field.was) } } " → " @if field.is.is_empty() { "nothing" } @else { ins { (field.is) } } } }
                        }
                        td.spare.small { (touches(t)) }
                    }
                } }
            } }
            @if update.differences.len() > SHOWN { p.small.muted.pager { (update.differences.len() - SHOWN) " more; " code { "proofdesk frameworks diff " (update.framework) } " prints all." } }
        }
    }
}

fn turn(turn: Turn) -> Markup {
    match turn {
        Turn::Added => tag::tag("Added", Some("ok")),
        Turn::Removed => tag::tag("Removed", Some("bad")),
        Turn::Changed => tag::tag("Changed", Some("risk")),
    }
}

fn touches(t: &proofdesk_conformity::Touched) -> Markup {
    html! {
        @for test in &t.tests { "test " (test) br; }
        @for mapping in &t.mappings { "mapping with " (mapping) br; }
        @if t.judgements > 0 { (t.judgements) @if t.judgements == 1 { " judgement" } @else { " judgements" } }
    }
}

fn mappings(conformity: &Conformity, title: &str, about: &str, all: &[&Mapping]) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    let end = |(framework, id): &(String, String)| {
        let asks = conformity.declarations().framework(framework).and_then(|f| f.obligations.get(id));
        html! { a.key href={ "/conformity/" (id) "?framework=" (framework) } title=(asks.map_or("", |o| o.says.as_str())) { (id) } }
    };
    html! {
        section.card {
            header { h2 { (title) } span.small.muted.num { (all.len()) } }
            div.body { p.small.muted { (about) } }
            div.scroll { table.list {
                thead { tr { th scope="col" { "Source" } th scope="col" { "is to it" } th scope="col" { "Target" } th scope="col" { "Why" } } }
                tbody { @for m in all { tr {
                    td { (end(&m.source)) } td.small { (m.strength.reads()) } td { (end(&m.target)) } td.grow.small.muted { (m.says.as_deref().unwrap_or_default()) }
                } } }
            } }
        }
    }
}

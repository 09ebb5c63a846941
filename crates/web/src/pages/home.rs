//! A home for each family of records: its kinds by the chapter of the standard that they serve, how much of each is
//! open and overdue, and how the obligations of its clauses stand. Everything comes from declarations.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use futures_util::future::join_all;
use maud::{Markup, html};
use proofdesk_conformity::view::{ChapterView, ClauseView};
use proofdesk_conformity::{Overview, Scope, State};
use proofdesk_engine::Action;
use proofdesk_model::RecordType;

use crate::error::WebError;
use crate::layout::{self, Page, escape_query};
use crate::menu::{self, FAMILIES, Item, is_within, slug};
use crate::pages::conformity;
use crate::session::Visit;
use crate::state::AppState;

/// Name of the declared view whose records are late.
const OVERDUE: &str = "overdue";

/// `/home/{family}`.
pub fn router() -> Router<AppState> {
    Router::new().route("/home/{family}", get(show))
}

/// One kind of record with its counts.
struct Kind {
    of: Arc<RecordType>,
    /// Open records, or all of a type without a workflow.
    open: Option<u64>,
    /// The list of what is counted as open.
    list: String,
    /// Records of the view of what is late; none where the type declares no such view.
    overdue: Option<u64>,
}

async fn show(visit: Visit, Path(family): Path<String>) -> Result<Markup, WebError> {
    let missing = || WebError::NotFound("page at this address".to_owned());
    let (_, label) = FAMILIES.iter().find(|(name, _)| *name == family).ok_or_else(missing)?;
    let readable = |t: &&Arc<RecordType>| t.family == family && visit.caller.may(t, &Action::Read);
    let kinds = join_all(visit.registry().types().filter(readable).map(|of| kind(&visit, of))).await;
    let fixed = fixed(&visit, &family, &kinds);
    let line = |k: &Kind| {
        let first = k.of.timelines.first()?;
        Some((first.label.clone(), format!("/{}/line", slug(&k.of))))
    };
    let lines: Vec<(String, String)> = kinds.iter().filter_map(line).collect();
    if kinds.is_empty() && fixed.is_empty() {
        return Err(missing());
    }
    let view = match conformity::require(&visit) {
        Ok(found) => {
            let framework = conformity::framework(found, &conformity::Asked::of(""))?;
            Some(found.overview(&framework, &Scope::all()).await?)
        }
        Err(_) => None,
    };
    let body = html! {
        div.row.between {
            div.stack.tight {
                h1 { (label) }
                p.muted { (kinds.len()) @if kinds.len() == 1 { " kind" } @else { " kinds" } " of records, by the clauses that they serve." }
            }
            @if !fixed.is_empty() || !lines.is_empty() { div.row {
                @for (label, address) in &lines { a.button href=(address) { (label) } }
                @for item in fixed { a.button href=(item.address) { (item.label) } }
            } }
        }
        @for (chapter, kinds) in areas(view.as_ref(), kinds) { (area(&visit, view.as_ref(), chapter, &kinds)) }
    };
    Ok(layout::frame(&visit, Page::new(label, vec![((*label).to_owned(), None)], body)))
}

async fn kind(visit: &Visit, of: &Arc<RecordType>) -> Kind {
    let (engine, counts) = (visit.engine(), &visit.state.counts);
    let condition = menu::open_condition(engine, of);
    let list = condition.as_ref().map_or_else(
        || format!("/{}", slug(of)),
        |c| format!("/{}?filter={}", slug(of), escape_query(c.source())),
    );
    let open = counts.take(engine, &visit.caller, of, condition.as_ref()).await;
    let late = of.views.iter().find(|v| v.name == OVERDUE);
    let overdue = match late.filter(|v| engine.is_view_for(&visit.caller, of, v)) {
        Some(view) => counts.take(engine, &visit.caller, of, view.condition.as_ref()).await,
        None => None,
    };
    Kind { of: of.clone(), open, list, overdue }
}

/// The pages of the menu's group that are no lists of records.
fn fixed<'a>(visit: &'a Visit, family: &str, kinds: &[Kind]) -> Vec<&'a Item> {
    let group = visit.menu.iter().find(|g| g.family == family);
    let is_list = |address: &str| {
        address.starts_with("/home/") || kinds.iter().any(|k| address == format!("/{}", slug(&k.of)))
    };
    group.map_or(Vec::new(), |g| g.items.iter().filter(|i| !is_list(&i.address)).collect())
}

/// Kinds by the chapter of the first clause that they serve, in the order of the framework; the rest comes last.
fn areas(view: Option<&Overview>, kinds: Vec<Kind>) -> Vec<(Option<&ChapterView>, Vec<Kind>)> {
    let chapters = view.map_or(&[][..], |v| &v.chapters);
    let mut found: Vec<(Option<&ChapterView>, Vec<Kind>)> =
        chapters.iter().map(Some).chain([None]).map(|c| (c, Vec::new())).collect();
    let place = |of: &RecordType| {
        let first = of.clauses.first();
        first.and_then(|clause| chapters.iter().position(|c| is_within(clause, &c.number)))
    };
    for kind in kinds {
        let at = place(&kind.of).unwrap_or(chapters.len());
        if let Some((_, inside)) = found.get_mut(at) {
            inside.push(kind);
        }
    }
    for (_, inside) in &mut found {
        inside.sort_by_key(|k| (!k.of.menu, menu::numbers(k.of.clauses.first().map_or("", |c| c))));
    }
    found.retain(|(_, inside)| !inside.is_empty());
    found
}

fn area(visit: &Visit, view: Option<&Overview>, chapter: Option<&ChapterView>, kinds: &[Kind]) -> Markup {
    html! {
        section.card {
            header {
                @match chapter {
                    Some(c) => {
                        h2 { span.key.muted { (c.number) } " " (c.title) }
                        a.small.muted href={ "/conformity/" (c.number) } { (conformity::so_many_conform(c.conforming, c.can_hold)) }
                    }
                    None => h2 { "Records" },
                }
            }
            div.kinds { @for kind in kinds { (row(visit, view, kind)) } }
        }
    }
}

fn row(visit: &Visit, view: Option<&Overview>, kind: &Kind) -> Markup {
    let of = &kind.of;
    let has_open = menu::open_condition(visit.engine(), of).is_some();
    html! {
        div.kind {
            div { h3 { a href={ "/" (slug(of)) } { (of.plural) } } p.small.muted { (first_sentence(&of.doc)) } }
            div.counts.small.num {
                @match kind.open {
                    Some(0) => span.faint { @if has_open { "none open" } @else { "none" } },
                    Some(n) => a href=(kind.list) { b { (menu::count_words(n)) } @if has_open { " open" } span.sr { " " (of.plural) } },
                    None => span.faint { "not counted" },
                }
                @if let Some(n) = kind.overdue.filter(|n| *n > 0) {
                    a.tag.bad href={ "/" (slug(of)) "?view=" (OVERDUE) } { (menu::count_words(n)) " overdue" span.sr { " " (of.plural) } }
                }
            }
            div.marks { @if let Some(view) = view { @for clause in clauses(view, of) { (marks(clause)) } } }
            div.make { @if visit.caller.may(of, &Action::Create) { a.button.small href={ "/" (slug(of)) "/new" } { "New" span.sr { " " (of.label.to_lowercase()) } } } }
        }
    }
}

/// The clauses of a framework that a type serves.
fn clauses<'a>(view: &'a Overview, of: &RecordType) -> Vec<&'a ClauseView> {
    let all = view.chapters.iter().flat_map(|c| &c.clauses);
    all.filter(|c| !c.obligations.is_empty() && of.clauses.iter().any(|own| is_within(&c.number, own)))
        .collect()
}

/// One clause as a link with a mark for each of its obligations, worst first.
fn marks(clause: &ClauseView) -> Markup {
    let order = [State::Nonconforming, State::AtRisk, State::NotProven, State::JudgementDue];
    let mut states: Vec<State> = clause.obligations.iter().map(|o| o.state).collect();
    states.sort_by_key(|s| order.iter().position(|o| o == s).unwrap_or(order.len()));
    let (conforming, can_hold) = State::share(states.iter().copied());
    let says = format!("{}: {}", clause.title, conformity::so_many_conform(conforming, can_hold));
    html! {
        a.clause-marks href={ "/conformity/" (clause.number) } title={ (clause.number) " " (says) } {
            span.key.faint { (clause.number) } span.sr { " " (says) }
            span.cells { @for state in &states { @let (class, sign) = conformity::tone(*state); b class=(class) aria-hidden="true" { (sign) } } }
        }
    }
}

/// The first sentence of a declaration's comment, without the name in front.
fn first_sentence(doc: &str) -> String {
    let text = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
    let end = text.find(". ").map_or(text.len(), |i| i + 1);
    let mut sentence = text.get(..end).unwrap_or(text).to_owned();
    if let Some(first) = sentence.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_declaration_says_in_one_sentence_what_it_is() {
        let doc = "Incident: an unplanned interruption of\na service. A major one is of high impact.\nSource: 8.6.1.";
        assert_eq!(first_sentence(doc), "An unplanned interruption of a service.");
    }
}

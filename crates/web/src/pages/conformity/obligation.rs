//! One obligation: its tests as population and condition, the trend, exceptions by name, judgements and history.

use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use proofdesk_conformity::control::Term;
use proofdesk_conformity::view::{ExceptionPage, MappedView, TestDetail};
use proofdesk_conformity::{
    Conformity, JUDGEMENT_ROLES, NewJudgement, ObligationDetail, Opinion, Scope, Severity, Standing,
};
use proofdesk_engine::Door;
use proofdesk_report::chart::{Caption, Lines, Series, Tone};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::sent::Texts;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page, escape_query};
use crate::menu::slug;
use crate::pages::conformity::{address, as_of, require, seconds, state_tag};
use crate::parts::empty::empty;
use crate::parts::number::thousands;
use crate::parts::{tag, time};
use crate::session::Visit;

/// Exceptions on a page of its own.
const PAGE: usize = 100;

/// What the address of an obligation says.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    /// Id of the framework.
    #[serde(default)]
    pub framework: String,
    /// The test whose further exceptions are asked for.
    #[serde(default)]
    pub test: String,
    /// After this place.
    #[serde(default)]
    pub after: Option<i64>,
    /// The instant of which is asked; now where it is empty.
    #[serde(default)]
    pub as_of: String,
}

/// The page of an obligation.
///
/// # Errors
/// `NotFound`, or a fault of the database.
pub async fn show(
    visit: &Visit,
    conformity: &Conformity,
    framework: &str,
    id: &str,
    asked: &Asked,
) -> Result<Markup, WebError> {
    page(visit, conformity, framework, id, asked, &Typed::default(), &Wrong::default()).await
}

async fn page(
    visit: &Visit,
    conformity: &Conformity,
    framework: &str,
    id: &str,
    asked: &Asked,
    typed: &Typed,
    wrong: &Wrong,
) -> Result<Markup, WebError> {
    let at = as_of::read(visit, &asked.as_of)?;
    let mut detail = match at {
        Some(at) => conformity.obligation_as_of(framework, id, &Scope::all(), at).await?,
        None => conformity.obligation(framework, id, &Scope::all()).await?,
    };
    if let Some(test) =
        detail.tests.iter_mut().find(|t| t.id == asked.test && asked.after.is_some() && at.is_none())
    {
        test.exceptions = conformity.exceptions(&asked.test, &Scope::all(), asked.after, PAGE).await?;
    }
    for test in &mut detail.tests {
        conformity.conceal(&visit.caller, &mut test.exceptions).await?;
    }
    let o = &detail.obligation;
    let body = html! {
        div.stack.tight {
            div.row {
                span.key.muted { (o.id) } (state_tag(detail.state))
                @if let Some(since) = detail.since { span.small.muted { "since " (time::proven(since, visit.now, visit.zone())) } }
                @if detail.run.is_some() { a.seal href="/log" { "every run sealed" } }
            }
            h1 { (o.says) }
            p.muted {
                a.link href={ "/conformity/" (o.clause) "?framework=" (framework) } { (o.clause) " " (detail.clause_title) } " · " (detail.framework_title)
                @for (other, obligation) in &detail.also_serves { " · its tests serve " a.link href={ "/conformity/" (obligation) "?framework=" (other) } { (obligation) } }
            }
            @if let Some(when) = &o.applies_when { p.muted { "Applies when " (when) "." } }
        }
        @if let (Some(at), Some(run)) = (at, &detail.run) { (as_of::told(visit, at, run, false, &format!("/conformity/{id}"))) }
        @if let (Some(at), Some(before)) = (at, detail.before) { (as_of::nothing(visit, at, before, &address(framework, id, ""))) }
        @else { div.split {
            div.stack.wide {
                @if detail.tests.is_empty() { section.card { (empty("No test proves this obligation yet; until one does, nothing is claimed.", &html! { @if let Some(tested) = &o.tested { p.small.muted { "How records could show it: " (tested) } } @if !detail.mapped_from.is_empty() { p.small.muted { "What other frameworks' tests say of it stands under By mapping." } } })) } }
                @for test in &detail.tests { (test_card(visit, test)) (exceptions(visit, id, framework, test)) }
            }
            div.stack {
                (mapped("By mapping", &detail.mapped_from, true))
                (mapped("Speaks of", &detail.maps_to, false))
                (evidence(&detail))
                (judgements(visit, &detail, typed, wrong))
                (history(visit, &detail))
            }
        } }
    };
    let title = format!("{} {}", o.id, o.says.chars().take(60).collect::<String>());
    let crumbs = vec![
        ("Assurance".to_owned(), Some("/home/assurance".to_owned())),
        ("Conformity".to_owned(), Some(format!("/conformity?framework={framework}"))),
        (o.clause.clone(), Some(format!("/conformity/{}?framework={framework}", o.clause))),
        (o.id.clone(), None),
    ];
    Ok(layout::frame(visit, Page::new(&title, crumbs, body)))
}

fn test_card(visit: &Visit, test: &TestDetail) -> Markup {
    html! {
        section.card id={ "test-" (test.id) } {
            header { h2 { (test.title) } (state_tag(test.state)) }
            div.body.stack {
                @if test.kind != "attest" { p.row.small.num {
                    span { b { (thousands(test.counts.holds)) } " hold" } span { b { (thousands(test.counts.fails)) } " fail" }
                    span { b { (thousands(test.counts.errors)) } " cannot be evaluated" } span.muted { "of " (thousands(test.counts.total())) }
                } }
                dl.facts.test {
                    @for (record_type, condition) in &test.populations {
                        dt { "Population" }
                        dd { @match visit.registry().get(record_type) {
                            Some(of) => { a.link href={ "/" (slug(of)) "?filter=" (escape_query(condition)) } { (of.plural) } },
                            None => (record_type),
                        } @if !condition.is_empty() && condition != "true" { " where " code { (condition) } } @else { ", all" } }
                    }
                    @for (condition, says) in &test.musts { @if test.kind == "attest" { dt { "A person answers" } dd { (condition) @if !says.is_empty() { br; span.faint { (says) } } } } @else { dt { "Each must" } dd { @if condition.is_empty() { (says) } @else { code { (condition) } br; span.faint { "else: " (says) } } } } }
                    @if let Some(window) = &test.window { dt { "Window" } dd { (window.on.replace('_', " ")) " in the last " (time::words(window.last)) } }
                    @if let Some(least) = test.at_least_millipercent { dt { "At least" } dd { (percent(least)) } }
                    @if let Some(number) = test.at_least { (how_many(number, test.at_most)) }
                    @if let Some(duty) = &test.cadence { dt { "Every" } dd { "as the cadence of " q { (duty) } " says" } }
                    @if let Some(every) = test.every { dt { "Every" } dd { (time::words(every)) } }
                    dt { "Tolerance" } dd { (tolerance(test)) }
                    @for term in &test.terms { (chosen(term)) }
                    @if let Some(partial) = &test.partial { dt { "Leaves open" } dd { (partial) } }
                    @if let Some(seen) = &test.detail { dt { "Seen" } dd { (seen) } }
                    dt { "Owner" } dd { (test.owner.replace('_', " ").replace("sms ", "SMS ")) }
                    dt { "Severity" } dd { (match test.severity { Severity::Major => "major", _ => "minor" }) }
                    @if let Some(duration) = test.duration { dt { "Question took" } dd { (seconds(duration)) } }
                    dt { "Declared" } dd.mono { (test.place) " " span.faint title=(test.declaration) { (test.declaration.get(..12).unwrap_or_default()) } }
                }
                @if test.trend.iter().filter(|p| p.counts.total() > 0).count() > 1 { (trend(visit, test)) }
            }
        }
    }
}

/// How many records a `some` wants.
fn how_many(least: u64, most: Option<u64>) -> Markup {
    let records = |n: u64| if n == 1 { " record" } else { " records" };
    html! {
        @match most {
            None => { dt { "At least" } dd { (least) (records(least)) } },
            Some(most) if most == least => { dt { "Exactly" } dd { (most) (records(most)) } },
            Some(most) => { dt { "How many" } dd { (least) " to " (most) " records" } },
        }
    }
}

/// A figure that the organization chooses, and who chose it.
fn chosen(term: &Term) -> Markup {
    html! {
        dt { (term.title) }
        dd {
            span.num { (term.value) } ", "
            @match &term.chosen {
                Some(chosen) => { "set by " span.mono { (chosen.place) } " instead of " (term.default) ": " (chosen.says) },
                None => { "the default of " span.mono { (term.place) } "; nobody here chose otherwise" },
            }
            br; span.faint { (term.says) " (" (term.clause) ")" }
        }
    }
}

fn percent(millipercent: u64) -> String {
    format!("{}.{} %", millipercent / 1_000, millipercent % 1_000 / 100)
}

fn tolerance(test: &TestDetail) -> String {
    match (test.tolerance.count, test.tolerance.share_millipercent) {
        (None, None) => "none".to_owned(),
        (Some(count), None) => format!("{count} records"),
        (None, Some(share)) => percent(share),
        (Some(count), Some(share)) => format!("{count} records and {}", percent(share)),
    }
}

fn trend(visit: &Visit, test: &TestDetail) -> Markup {
    let share =
        |holds: u64, total: u64| if total == 0 { f64::NAN } else { 100.0 * holds as f64 / total as f64 };
    let values: Vec<f64> = test.trend.iter().map(|p| share(p.counts.holds, p.counts.total())).collect();
    let labels = test.trend.iter().map(|p| time::absolute(p.at, visit.now, visit.zone())).collect();
    let last = values.last().copied().unwrap_or(f64::NAN);
    let says = format!("Of the population {last:.1} % held in the last of {} runs.", values.len());
    let caption = Caption::new("Share that holds, by run", &says, "runs", "per cent");
    let target = test.at_least_millipercent.map(|m| (m as f64 / 1_000.0, "at least".to_owned()));
    Lines { caption, labels, series: vec![Series::new("holds", Tone::Accent, values)], target }.fitting()
}

fn exceptions(visit: &Visit, id: &str, framework: &str, test: &TestDetail) -> Markup {
    let page: &ExceptionPage = &test.exceptions;
    if page.total == 0 {
        return html! {};
    }
    html! {
        section.card {
            header { h2 { "Exceptions" } span.small.muted.num { (thousands(page.total)) " of " (thousands(test.counts.total())) } }
            div.scroll { table.list {
                thead { tr { th scope="col" { "Record" } th scope="col" { "Summary and why" } th.spare scope="col" { "State" } } }
                tbody { @for item in &page.items { tr {
                    @let of = visit.registry().get(&item.record.record_type);
                    td { @match of { Some(of) => { a.key href={ "/" (slug(of)) "/" (item.reference) } { (item.reference) } }, None => span.key { (item.reference) } } }
                    td.grow {
                        (item.title)
                        @for why in &item.why { br; span.small.muted { (why.says) @if !why.seen.is_empty() { span.faint { " (" (seen(&why.seen)) ")" } } } }
                        @if item.standing == Standing::Error { " " (tag::tag("cannot be evaluated", Some("info"))) }
                    }
                    td.spare.small { (item.record_state) }
                } } }
            } }
            @if let Some(next) = page.next { div.pager { a.button href={ "/conformity/" (id) "?framework=" (framework) "&test=" (escape_query(&test.id)) "&after=" (next) "#test-" (test.id) } { "More exceptions" } } }
            @if page.next.is_none() && page.total > page.items.len() as u64 { p.small.muted.pager { "The newest by name are kept; the rest is counted." } }
        }
    }
}

fn seen(pairs: &[(String, String)]) -> String {
    pairs
        .iter()
        .take(4)
        .map(|(field, value)| format!("{} {value}", field.replace('_', " ")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Requirements of other frameworks beside this one, with what they say of it and no more.
fn mapped(title: &str, all: &[MappedView], from: bool) -> Markup {
    if all.is_empty() {
        return html! {};
    }
    html! {
        section.card { header { h2 { (title) } span.small.muted.num { (all.len()) } } div.body.stack.small {
            @for m in all { div {
                p {
                    a.key href=(super::address(&m.framework, &m.obligation, "")) { (m.obligation) } " " (state_tag(m.state)) br;
                    @if from { span.muted { (m.framework_title) " " b { (m.strength.reads()) } " this: " } } @else { span.muted { "This " b { (m.strength.reads()) } " " (m.framework_title) ": " } }
                    (m.asks)
                }
                p.faint { (m.contribution.sentence()) @if let Some(why) = &m.why { " " (why) } }
            } }
        } }
    }
}

fn evidence(detail: &ObligationDetail) -> Markup {
    let o = &detail.obligation;
    html! {
        section.card { header { h2 { "Evidence" } } div.body.stack.small {
            @if let Some(tested) = &o.tested { p { (tested) } }
            @if let Some(more) = &o.evidence { p.muted { "An auditor also looks at: " (more) } }
            @if let Some((document, _)) = &o.documented { p.muted { "Document: " (document) } }
            dl.facts {
                dt { "Records" } dd { @if o.records.is_empty() { "none named" } @else { (o.records.join(", ").replace('_', " ")) } }
                dt { "Answered by" } dd { (o.judgement.as_str().replace('_', " ")) }
                dt { "Duty of" } dd { (o.party) }
            }
        } }
    }
}

fn judgements(visit: &Visit, detail: &ObligationDetail, typed: &Typed, wrong: &Wrong) -> Markup {
    let may = JUDGEMENT_ROLES.iter().any(|r| visit.caller.has(r));
    let attest: Vec<&TestDetail> = detail.tests.iter().filter(|t| t.kind == "attest").collect();
    html! {
        section.card { header { h2 { "Judgement" } } div.body.stack.small {
            @if detail.judgements.is_empty() { p.muted { "Nobody has judged yet whether what is there is good enough." } }
            @for judgement in detail.judgements.iter().take(5) {
                p {
                    (match judgement.opinion { Opinion::Adequate => tag::tag("Good enough", Some("ok")), Opinion::Inadequate => tag::tag("Not good enough", Some("bad")) })
                    " " b { (judgement.author) } ", " (time::proven(judgement.at, visit.now, visit.zone())) @if let Some(until) = &judgement.expires_on { ", holds until " (until) } ": “" (judgement.reason) "”"
                }
            }
            @if may {
                details open[!wrong.is_empty()] { summary { "Record a judgement" }
                    form.form.judge method="post" action={ "/conformity/" (detail.obligation.id) "/judge?framework=" (detail.framework) } {
                        @for sentence in wrong.elsewhere(&[]) { p.wrong role="alert" { (sentence) } }
                        @if !attest.is_empty() {
                            div.input { label for="j-test" { "About" } select.field id="j-test" name="test" {
                                option value="" { "The obligation as a whole" }
                                @for test in &attest { option value=(test.id) { (test.title) } }
                            } }
                        }
                        fieldset { legend { "Is it good enough?" }
                            label.choice { input type="radio" name="opinion" value="adequate" required; span { "Good enough" } }
                            label.choice { input type="radio" name="opinion" value="inadequate"; span { "Not good enough" } }
                        }
                        div.input { label for="j-reason" { "Why" } textarea.field id="j-reason" name="reason" maxlength="4000" required { (typed.text("reason").unwrap_or_default()) } }
                        div.input { label for="j-until" { "Holds until, at most 400 days" } input.field id="j-until" type="date" name="expires_on" value=(typed.text("expires_on").unwrap_or_default()); }
                        div { button.button.primary { "Record the judgement" } }
                        p.help { "It stands beside what the tests found and never hides it. It is sealed in the log." }
                    }
                }
            }
        } }
    }
}

fn history(visit: &Visit, detail: &ObligationDetail) -> Markup {
    html! {
        section.card { header { h2 { "History" } } div.body {
            @if detail.history.is_empty() { p.small.muted { "No run has noted its state yet." } }
            ol.timeline.small { @for row in detail.history.iter().take(30) {
                li { span.dot {} (state_tag(row.state)) " " span.muted { (row.cause) " · " (time::proven(row.since, visit.now, visit.zone())) } }
            } }
        } }
    }
}

/// Records a judgement of the visitor.
///
/// # Errors
/// As the engine; a form with mistakes comes back with what was typed.
pub async fn judge(
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let conformity = require(&visit)?;
    let framework = super::framework(conformity, &super::Asked::of(&asked.framework))?;
    let typed = Typed::new(pairs);
    let text = |name: &str| typed.text(name).filter(|t| !t.trim().is_empty());
    let opinion = text("opinion").and_then(|o| Opinion::parse(&o));
    let Some(opinion) = opinion else {
        return Err(proofdesk_engine::Error::invalid(
            "opinion",
            "required",
            "Say whether it is good enough.",
        )
        .into());
    };
    let new = NewJudgement {
        framework: framework.clone(),
        obligation: id.clone(),
        test: text("test"),
        opinion,
        reason: text("reason").unwrap_or_default(),
        expires_on: text("expires_on"),
    };
    match conformity.record_judgement(&visit.caller, &new, Door::Page).await {
        Ok(_) => Ok(Redirect::to(&format!("/conformity/{id}?framework={framework}")).into_response()),
        Err(proofdesk_conformity::Error::Invalid(problems)) => {
            let wrong = Wrong::new(&problems.0);
            let page = page(&visit, conformity, &framework, &id, &asked, &typed, &wrong).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

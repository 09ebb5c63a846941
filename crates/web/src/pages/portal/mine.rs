//! What somebody sent, and what others wait for him to approve.

use axum::Router;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::Record;

use crate::error::WebError;
use crate::language::Given;
use crate::state::AppState;

use super::approve::{Question, question_of};
use super::frame::{Sheet, frame};
use super::names::{APPROVAL, REQUEST, SENT};
use super::{Client, request};

/// Most records of a type on the list.
const MOST: usize = 100;
/// Most decided requests on the page of approvals.
const DECIDED: usize = 20;
/// Counting stops here.
const COUNTED: usize = 99;

/// `/portal/requests` and `/portal/approvals`.
pub fn router() -> Router<AppState> {
    Router::new().route("/portal/requests", get(show)).route("/portal/approvals", get(approvals))
}

/// The condition of what somebody sent himself.
fn own(client: &Client, of: &str) -> Option<String> {
    let of = client.visit.registry().get(of)?;
    let fields = of.own_fields().filter(|field| *field != "approval_by");
    let parts: Vec<String> = fields.map(|field| format!("{field} == me")).collect();
    Some(format!("({})", parts.join(" || "))).filter(|_| !parts.is_empty())
}

/// The condition of what is not over.
fn open(client: &Client, of: &str) -> Option<String> {
    let of = client.visit.registry().get(of)?;
    let names: Vec<String> = of
        .states
        .iter()
        .filter(|s| s.kind.is_open() || is_done(s))
        .map(|s| format!("'{}'", s.name))
        .collect();
    Some(format!("state in [{}]", names.join(", ")))
}

fn is_done(state: &proofdesk_model::State) -> bool {
    state.kind == proofdesk_model::StateKind::Done
}

/// How many of one's own are not over.
///
/// # Errors
/// A fault of the database.
pub async fn open_count(client: &Client) -> Result<u64, WebError> {
    let mut sum = 0;
    for of in SENT {
        let (Some(own), Some(open)) = (own(client, of), open(client, of)) else { continue };
        sum += count(client, of, &format!("{own} && {open}")).await?;
    }
    Ok(sum)
}

/// How many wait for this person's approval.
///
/// # Errors
/// A fault of the database.
pub async fn approval_count(client: &Client) -> Result<u64, WebError> {
    count(client, REQUEST, &to_approve()).await
}

fn to_approve() -> String {
    format!("state == '{APPROVAL}' && approval_by == me")
}

async fn count(client: &Client, of: &str, filter: &str) -> Result<u64, WebError> {
    let Some(known) = client.visit.registry().get(of) else { return Ok(0) };
    if !client.visit.caller.may(known, &proofdesk_engine::Action::Read) {
        return Ok(0);
    }
    let filter = client.condition(of, filter)?;
    Ok(client.visit.engine().count(&client.visit.caller, of, Some(&filter), Some(COUNTED)).await?)
}

async fn show(client: Client) -> Result<Markup, WebError> {
    let mut found: Vec<Record> = Vec::new();
    for of in SENT {
        let known = client.visit.registry().get(of);
        let reads = known.is_some_and(|k| client.visit.caller.may(k, &proofdesk_engine::Action::Read));
        let Some(own) = own(&client, of).filter(|_| reads) else { continue };
        found.extend(client.list(of, &own, "updated_at", MOST).await?);
    }
    found.sort_by_key(|record| std::cmp::Reverse(record.updated_at));
    let is_over = |r: &Record| r.of.state_kind(&r.state) == proofdesk_model::StateKind::Closed;
    let (over, open): (Vec<&Record>, Vec<&Record>) = found.iter().partition(|r| is_over(r));
    let title = client.say("mine-title");
    let body = html! {
        div.row.between { h1 { (title) } a.button.primary href="/portal" { (client.say("mine-new")) } }
        (table(&client, "mine-open", "mine-none-open", &open))
        @if !over.is_empty() { (table(&client, "mine-over", "mine-none-open", &over)) }
    };
    frame(&client, Sheet { title: &title, events: &SENT.join(" "), body }).await
}

async fn approvals(client: Client) -> Result<Markup, WebError> {
    let found = client.list(REQUEST, &to_approve(), "reported_at", MOST).await?;
    let mut rows = Vec::new();
    for record in &found {
        rows.push(waiting(&client, record, &question_of(&client, record).await?));
    }
    let decided = format!("state != '{APPROVAL}' && approval_by == me");
    let decided = client.list(REQUEST, &decided, "updated_at", DECIDED).await?;
    let decided: Vec<&Record> = decided.iter().collect();
    let title = client.say("approvals-title");
    let body = html! {
        h1 { (title) }
        section.stack aria-labelledby="approvals-waiting" id="part-approvals-waiting" data-live="" {
            h2 id="approvals-waiting" { (client.say("approvals-waiting")) }
            @if rows.is_empty() { div.card { p.body.muted { (client.say("approvals-none")) } } }
            @for row in &rows { (row) }
        }
        @if !decided.is_empty() { (table(&client, "approvals-decided", "approvals-none", &decided)) }
    };
    frame(&client, Sheet { title: &title, events: REQUEST, body }).await
}

/// A request that waits for one's approval: what it is, who asks, since when.
fn waiting(client: &Client, record: &Record, question: &Question) -> Markup {
    let address = client.address(record);
    let asked = client.words.with(
        "approvals-asked",
        &[("by", Given::Text(&question.by)), ("at", Given::Text(&client.at(question.at)))],
    );
    html! {
        div.card { div.body.row.between {
            span.stack.tight {
                a href=(address) { b { (record.title()) } }
                span.small.muted { span.key { (record.reference()) } " · " (asked) }
            }
            span.row {
                a.button.primary href={ (address) "/agree" } aria-label=(client.fill("approvals-look", "title", &record.title())) { (client.say("step-approve")) }
                a.button href={ (address) "/decline" } aria-label=(client.fill("approvals-decline", "title", &record.title())) { (client.say("step-decline-why")) }
            }
        } }
    }
}

fn table(client: &Client, heading: &str, none: &str, records: &[&Record]) -> Markup {
    html! {
        section.stack aria-labelledby=(heading) id={ "part-" (heading) } data-live="" {
            h2 id=(heading) { (client.say(heading)) }
            div.card {
                @if records.is_empty() { p.body.muted { (client.say(none)) } }
                @else { table.list.sent { tbody { @for record in records { tr {
                    td.grow {
                        a href=(client.address(record)) { b { (record.title()) } }
                        br; span.small.muted { span.key { (record.reference()) } " · " (client.words.of_type(&record.of)) " · " (client.fill("mine-changed", "at", &client.at(record.updated_at))) }
                    }
                    td { (request::state_tag(client, record)) }
                } } } } }
            }
        }
    }
}

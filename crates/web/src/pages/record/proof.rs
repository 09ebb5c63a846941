//! History and proof: every entry of a record with its place in the log, and the proof that it is there.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use proofdesk_engine::{InclusionProof, Record};

use crate::api::beside::is_for_staff;
use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::record::timeline::{changes, relation_words};
use crate::pages::record::{ENTRIES, Loaded, door_words};
use crate::pages::{family_crumb, require_reference};
use crate::parts::time;
use crate::parts::value::Eyes;
use crate::session::Visit;

/// Entries that the tab lists.
const LISTED: usize = 100;

/// The tab of a record: its entries with leaf index and leaf hash.
///
/// # Errors
/// A fault of the database.
pub async fn tab(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>) -> Result<Markup, WebError> {
    let state = visit.engine().log_state().await?;
    Ok(html! {
        p.small.muted {
            "Each change is an entry of the log " span.mono { (state.origin) } ", which holds " span.num { (state.size) } " entries. "
            "A proof shows that the entry is in the log exactly as it was written; it can be checked on any machine. "
            a.link href="/log" { "How to verify" }
        }
        section.card { ol.proof.body aria-label="Entries, newest first" {
            @for item in loaded.history.iter().take(LISTED) {
                li {
                    div.row.between {
                        span.small { b { (action_words(&loaded.record, &item.action)) } " · " (item.by) " · " (door_words(&item.door)) " · " (time::proven(item.at, eyes.now, eyes.zone))
                            @if item.occurred_at != item.at { " · happened " (time::proven(item.occurred_at, eyes.now, eyes.zone)) } }
                        span.small { @match item.leaf {
                            Some(leaf) => { span.num.muted { "leaf " (leaf) } " " a.link href={ (loaded.address) "/proof/" (item.entry) } { "Proof" } },
                            None => span.tag.risk { "waiting for its place" },
                        } }
                    }
                    div.small.muted {
                        "Version " (item.version) (changes(&loaded.record.of, &item.changes, eyes))
                        @for (relation, other, added) in &item.links { ", " @if *added { "linked " } @else { "unlinked " } (relation_words(&loaded.record.of, relation)) " " span.key { (other) } }
                    }
                    div.tiny.faint { "leaf hash " span.mono { (item.hash) } }
                }
            }
        } }
        @if loaded.history.len() > LISTED { p.small.muted { "The newest " (LISTED) " entries are listed; the interface gives all of them." } }
    })
}

fn action_words(record: &Record, action: &str) -> String {
    match (action, record.of.transition(action)) {
        ("create", _) => "Recorded".to_owned(),
        ("update", _) => "Changed".to_owned(),
        ("comment", _) => "Comment".to_owned(),
        ("attach", _) => "File added".to_owned(),
        (_, Some(step)) => step.label.clone(),
        (other, None) => other.replace('_', " "),
    }
}

/// The proof of one entry: as a page, and as text with `.txt`.
pub async fn show(
    visit: Visit,
    Path((slug, written, entry)): Path<(String, String, String)>,
) -> Result<Response, WebError> {
    let reference = require_reference(&visit, &slug, &written)?;
    let record = visit.engine().require(&visit.caller, &reference).await?;
    let missing = || {
        WebError::NotFound(format!(
            "entry {} of {}",
            entry.chars().take(30).collect::<String>(),
            record.reference()
        ))
    };
    let as_text = entry.ends_with(".json");
    let id: i64 = entry.trim_end_matches(".json").parse().map_err(|_| missing())?;
    // an entry of another record is none of this one, and comments for staff are in entries too
    let found = visit.engine().history(&reference, ENTRIES).await?.into_iter().find(|i| i.entry == id);
    let staff = visit.caller.reads_notes(&record.of);
    if found.is_none_or(|item| is_for_staff(&item) && !staff) {
        return Err(missing());
    }
    let proof = visit.engine().prove(id).await?;
    if as_text {
        let mut response = serde_json::to_string_pretty(&proof).unwrap_or_default().into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Ok(response);
    }
    let name = record.reference();
    let address = format!("/{slug}/{name}");
    let crumbs = vec![
        family_crumb(&record.of),
        (record.of.plural.clone(), Some(format!("/{slug}"))),
        (name.clone(), Some(format!("{address}?tab=proof"))),
        ("Proof".to_owned(), None),
    ];
    let body = page(&proof, &format!("{address}/proof/{id}.json"), &visit);
    Ok(layout::frame(&visit, Page::new(&format!("Proof of {name}"), crumbs, body)).into_response())
}

fn page(proof: &InclusionProof, download: &str, visit: &Visit) -> Markup {
    html! {
        div.stack.tight {
            h1 { "Leaf " (proof.leaf_index) " is in the log of " (proof.tree_size) " entries" }
            p.muted { "The hashes below lead from the entry to the root that the checkpoint signs (RFC 9162, 2.1.3)." }
        }
        div.split {
            section.card { header { h2 { "Proof" } a.small.link href=(download) { "As JSON" } } div.body.stack {
                dl.facts {
                    dt { "Leaf index" } dd.mono { (proof.leaf_index) }
                    dt { "Leaf hash" } dd.mono { (proof.leaf_hash) }
                    dt { "Tree size" } dd.mono { (proof.tree_size) }
                    dt { "Root hash" } dd.mono { (proof.root) }
                }
                h3 { "Path, from the leaf's sibling to the top" }
                ol.stack.tight { @for hash in &proof.path { li.mono { (hash) } } @if proof.path.is_empty() { li.muted.small { "Empty: the log has one entry." } } }
                h3 { "The entry as it was written" }
                pre.mono { (proof.body) }
            } }
            div.stack {
                section.card { header { h2 { "Checkpoint" } } div.body.stack.small {
                    @match &proof.checkpoint {
                        Some(checkpoint) => { p { "Signed " (time::proven(checkpoint.at, visit.now, visit.zone())) " over " (checkpoint.size) " entries." } pre.mono { (checkpoint.note) } },
                        None => p.muted { "No checkpoint covers this entry yet; the next one will." },
                    }
                } }
                section.card { header { h2 { "How to verify" } } div.body.stack.small {
                    p { "Hash the byte 00 followed by the entry's bytes with SHA-256: that is the leaf hash. Then combine it with each hash of the path, as the bits of the leaf index say, with the byte 01 in front. The last hash must be the root that the checkpoint signs." }
                    p { "The program does the same for the whole database:" }
                    pre.mono { "proofdesk verify" }
                    p { a.link href="/log" { "The log and its key" } }
                } }
            }
        }
    }
}

//! History and proof: every entry of a record with its place in the log, and the proof that it is there.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use proofdesk_engine::{HistoryItem, InclusionProof, Record};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::pages::record::timeline::{changes, links, more_titles};
use crate::pages::record::{Asked, Loaded, door_words};
use crate::pages::{family_crumb, require_reference};
use crate::parts::empty::empty;
use crate::parts::number::thousands;
use crate::parts::time;
use crate::parts::value::Eyes;
use crate::session::Visit;

/// Entries that the tab lists at a time.
const LISTED: usize = 100;

/// Entries that one step of a look-up reads.
const STEP: usize = 500;

/// The tab of a record: its entries with leaf index and leaf hash, page by page, and a way to any of them.
///
/// # Errors
/// A fault of the database.
pub async fn tab(visit: &Visit, loaded: &Loaded, eyes: &Eyes<'_>, asked: &Asked) -> Result<Markup, WebError> {
    let engine = visit.engine();
    let state = engine.log_state().await?;
    let sought = asked.entry.trim();
    let before: Option<i64> = asked.before.parse().ok();
    let (items, more) = if sought.is_empty() {
        let mut items = engine.history_for(&visit.caller, &loaded.reference, before, LISTED + 1).await?;
        let more = items.len() > LISTED;
        items.truncate(LISTED);
        (items, more)
    } else {
        (find(visit, loaded, sought).await?, false)
    };
    let mut titles = loaded.titles.clone();
    more_titles(visit, &loaded.record, &items, &[], &mut titles).await?;
    let eyes = Eyes { titles: &titles, ..*eyes };
    let tab = format!("{}?tab=proof", loaded.address);
    Ok(html! {
        p.small.muted {
            "Each change is an entry of the log " span.mono { (state.origin) } ", which holds " span.num { (thousands(state.size)) } " entries. "
            "A proof shows that the entry is in the log exactly as it was written; it can be checked on any machine. "
            a.link href="/log" { "How to verify" }
        }
        form.row method="get" action=(loaded.address) role="search" aria-label="Find an entry" {
            input type="hidden" name="tab" value="proof";
            label.sr for="entry" { "Version, leaf or leaf hash of an entry" }
            input.field.short id="entry" name="entry" value=(sought) maxlength="64" autocomplete="off" placeholder="Version, leaf or leaf hash";
            button.button { "Find the entry" }
            @if !sought.is_empty() || before.is_some() { a.link.small href=(tab) { "Newest entries" } }
        }
        section.card {
            @if items.is_empty() { (empty("No entry of this record has that version, leaf or leaf hash.", &html! {})) }
            ol.proof.body aria-label="Entries, newest first" { @for item in &items { (line(visit, loaded, item, &eyes)) } }
        }
        @if let Some(last) = items.last().filter(|_| more) { p { a.button href={ (tab) "&before=" (last.entry) } rel="next" { "Older entries" } } }
    })
}

/// The entries of a record that a number or the beginning of a leaf hash names: the entry at that leaf, and the one
/// that made that version.
async fn find(visit: &Visit, loaded: &Loaded, sought: &str) -> Result<Vec<HistoryItem>, WebError> {
    let version: Option<i64> = sought.trim_start_matches(['v', 'V']).parse().ok();
    let leaf: Option<u64> = sought.parse().ok();
    let hash = sought.to_ascii_lowercase();
    let is_hash = hash.len() >= 6 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let mut found = Vec::new();
    // comments and files keep the version: the oldest entry with it made it
    let mut maker = None;
    let mut before = None;
    loop {
        let items = visit.engine().history_for(&visit.caller, &loaded.reference, before, STEP).await?;
        let full = items.len() == STEP;
        before = items.last().map(|item| item.entry);
        for item in items {
            if (leaf.is_some() && item.leaf == leaf) || (is_hash && item.hash.starts_with(&hash)) {
                found.push(item);
            } else if version == Some(item.version) {
                maker = Some(item);
            }
        }
        if !full {
            break;
        }
    }
    found.extend(maker);
    found.truncate(LISTED);
    Ok(found)
}

fn line(visit: &Visit, loaded: &Loaded, item: &HistoryItem, eyes: &Eyes<'_>) -> Markup {
    let of = &loaded.record.of;
    html! {
        li {
            div.row.between {
                span.small { b { (action_words(&loaded.record, &item.action)) } " · " (item.by) " · " (door_words(&item.door)) " · " (time::proven(item.at, eyes.now, eyes.zone))
                    @if item.occurred_at != item.at { " · happened " (time::proven(item.occurred_at, eyes.now, eyes.zone)) } }
                span.small { @match item.leaf {
                    Some(leaf) => { span.num.muted { "leaf " (leaf) } @if item.is_whole || visit.caller.reads_notes(of) { " " a.link href={ (loaded.address) "/proof/" (item.entry) } { "Proof" } } },
                    None => span.tag.risk { "waiting for its place" },
                } }
            }
            div.small.muted {
                "Version " (item.version) (changes(of, &item.changes, eyes))
                (links(of, item))
            }
            div.tiny.faint { "leaf hash " span.mono { (item.hash) } }
        }
    }
}

fn action_words(record: &Record, action: &str) -> String {
    match (action, record.of.transition(action)) {
        ("create", _) => "Recorded".to_owned(),
        ("update", _) => "Changed".to_owned(),
        ("comment", _) => "Comment".to_owned(),
        ("attach", _) => "File added".to_owned(),
        ("watch", _) => "Began to watch".to_owned(),
        ("unwatch", _) => "Stopped watching".to_owned(),
        ("helped", _) => "Said that it helped".to_owned(),
        ("did_not_help", _) => "Said that it did not help".to_owned(),
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
    let found = visit.engine().entry(&visit.caller, id).await?;
    let found = found.filter(|(of, _)| *of == reference).map(|(_, item)| item);
    let restricted = visit.caller.reads_as_requester(&record.of);
    if found.is_none_or(|item| restricted && !item.is_whole) {
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
            h1 { "Leaf " (proof.leaf_index) " is in the log of " (thousands(proof.tree_size)) " entries" }
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
                        Some(checkpoint) => { p { "Signed " (time::proven(checkpoint.at, visit.now, visit.zone())) " over " (thousands(checkpoint.size)) " entries." } pre.mono { (checkpoint.note) } },
                        None => p.muted { "No checkpoint covers this entry yet; the next one will." },
                    }
                } }
                section.card { header { h2 { "How to verify" } } div.body.stack.small {
                    p { "Hash the byte 00 followed by the entry's bytes with SHA-256: that is the leaf hash. Then combine it with each hash of the path, as the bits of the leaf index say, with the byte 01 in front. The last hash must be the root that the checkpoint signs." }
                    p { "The program does the same for the whole database:" }
                    pre.mono { "proofdesk verify --database FILE --key KEY --checkpoint KEPT.txt" }
                    p { a.link href="/log" { "The log, its key and the whole command" } }
                } }
            }
        }
    }
}

//! The log: how large it is, its newest checkpoint, its key, and how to verify it without trusting anybody.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::parts::empty::empty;
use crate::parts::number::thousands;
use crate::parts::time;
use crate::session::Visit;
use crate::state::AppState;

/// `/log`, and `/log/checkpoint` as text for programs and witnesses.
pub fn router() -> Router<AppState> {
    Router::new().route("/log", get(show)).route("/log/checkpoint", get(checkpoint))
}

async fn show(visit: Visit) -> Result<Markup, WebError> {
    let state = visit.engine().log_state().await?;
    let key = &visit.state.verifier;
    let shown = key.as_deref().unwrap_or("KEY");
    let body = html! {
        div.stack.tight {
            h1 { "Log" }
            p.muted { "Every change of every record is an entry here, in the transaction of the change. Whoever alters one later, even with the database in hand, cannot make the tree fit the signed checkpoints." }
        }
        div.grid-3 {
            (stat(&thousands(state.size), "entries in the tree"))
            (stat(&thousands(state.pending), "waiting for their place"))
            (stat(&state.checkpoint.as_ref().map_or("none".to_owned(), |c| thousands(c.size)), "entries under the newest checkpoint"))
        }
        div.split {
            section.card { header { h2 { "Newest checkpoint" } @if state.checkpoint.is_some() { a.small.link href="/log/checkpoint" { "As text" } } } div.body.stack {
                @match &state.checkpoint {
                    Some(checkpoint) => {
                        p.small.muted { "Signed " (time::proven(checkpoint.at, visit.now, visit.zone())) ", in the C2SP formats for checkpoints and signed notes." }
                        pre.mono { (checkpoint.note) }
                    },
                    None => (empty("The newest signed checkpoint would be shown here. The first one is signed within a minute of the first entry.", &html! {})),
                }
                dl.facts {
                    dt { "Name of the log" } dd.mono { (state.origin) }
                    dt { "Root hash now" } dd.mono { (state.root) }
                }
            } }
            section.card { header { h2 { "How to verify" } } div.body.stack.small {
                @match key {
                    Some(key) => { p { "The key by which checkpoints are verified. Keep it where the operator of this desk cannot change it:" } pre.mono { (key) } },
                    None => p { "The operator gives the key by which checkpoints are verified: " code { "proofdesk log key" } "." },
                }
                p { "With a checkpoint that was kept elsewhere, on any machine with a copy of the database:" }
                pre.mono { "proofdesk verify --database FILE \\\n  --key '" (shown) "' \\\n  --checkpoint KEPT.txt" }
                p { "Or with the exported log, which holds no records:" }
                pre.mono { "proofdesk log export log.jsonl\nproofdesk verify log.jsonl \\\n  --key '" (shown) "' \\\n  --checkpoint KEPT.txt" }
                p { "Without " code { "--key" } " the program trusts the key beside the database, which proves nothing against its owner; without " code { "--checkpoint" } " a log that was cut or written anew as a whole cannot be told from the true one." }
                p { "It reads every entry, computes every hash again, rebuilds each record from its entries and compares. It names a changed byte, a missing entry, a reordered pair or a forked checkpoint by record." }
                p { "For one change: open " b { "History and proof" } " on the record's page, and take its proof as JSON." }
                p { "A log proves nothing against its own administrator unless its checkpoints are kept elsewhere. Mail them to your auditor, or let a witness fetch them here:" }
                pre.mono { "/log/checkpoint" }
                p.faint { "Source: RFC 9162, C2SP tlog-checkpoint and signed-note." }
            } }
        }
    };
    let crumbs = vec![("Assurance".to_owned(), Some("/home/assurance".to_owned())), ("Log".to_owned(), None)];
    Ok(layout::frame(&visit, Page::new("Log", crumbs, body)))
}

fn stat(value: &str, label: &str) -> Markup {
    html! { section.card { div.body.stat { div.value { (value) } div.label { (label) } } } }
}

/// The newest signed note. It says how many entries there are and their root hash, nothing of what is in them, and
/// so needs no sign-in: witnesses fetch it.
async fn checkpoint(State(state): State<AppState>) -> Result<Response, WebError> {
    let newest = state.engine.latest_checkpoint().await?;
    let note = newest.ok_or_else(|| WebError::NotFound("checkpoint yet".to_owned()))?.note;
    let mut response = note.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

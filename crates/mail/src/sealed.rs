//! What became of mails on their way out, told to the log: sent, given up, come back. Each mail has its digests there, no
//! address and no word of it.
//!
//! Shape: entries of type `mail_out`, `ref` `MAI-n`, where n is the number of the person; `action` is `sent`, `dead` or
//! `bounced`; `note.mails` lists them. `docs/proof.md` describes it.

use std::collections::HashMap;

use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_engine::{Caller, Door, Engine, Reference, Stamp};
use proofdesk_model::entry::{self, Entry};
use proofdesk_model::format::write_instant;
use proofdesk_model::{Permit, Registry};
use proofdesk_store::{Row, Select, Statement};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::desk::Mail;
use crate::error::Error;
use crate::intake::write::write_of;
use crate::tell::PLACE;

/// Word for mails in the log.
pub(crate) const TYPE: &str = "mail_out";
/// Rows read at a time.
const BATCH: usize = 1_000;

/// The columns of a mail that the log tells of.
const TOLD: [&str; 12] = [
    "id",
    "person",
    "event",
    "record_type",
    "number",
    "message_id",
    "subject",
    "body",
    "state",
    "sent_at",
    "audience",
    "digest",
];

fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// What the log tells of a mail. The digests are of the words as they were queued.
fn item(registry: &Registry, row: &Row, sent_at: Option<i64>) -> Json {
    let about = row.opt_text(3).zip(row.opt_int(4)).map(|(of, number)| Reference::new(of, number));
    json!({
        "id": row.text(0), "event": row.text(2), "about": about.map(|about| registry.write_reference(&about)),
        "message_id": row.text(5), "subject": digest(row.text(6)), "body": digest(row.text(7)),
        "sent_at": sent_at.map(write_instant), "audience": row.text(10), "digest": row.opt_text(11),
    })
}

impl Mail {
    /// Writes what became of mails, in the rows and in the log. `became` names the mails of which the log is told, with
    /// the word for it, `at` is when.
    pub(crate) async fn seal(
        &self,
        rows: Vec<Statement>,
        became: &[(String, &'static str)],
        at: i64,
    ) -> Result<(), Error> {
        let (engine, caller) = (self.engine(), Caller::system("Mail"));
        let stamp = Stamp::now(at, Door::Mail);
        let mut entries: Vec<Entry> = Vec::with_capacity(became.len());
        for (id, action) in became {
            let question = Select::from("mail_out", &TOLD).when("id", id.clone()).limit(1).short();
            let found = engine.store().select(question).await?;
            let Some(row) = found.first() else { continue };
            let sent_at = if *action == "sent" { Some(stamp.at) } else { row.opt_int(9) };
            let note = json!({"mails": [item(engine.registry(), row, sent_at)]});
            let about = Reference::new(TYPE, row.int(1));
            let written = format!("MAI-{}", about.number);
            let rest = Map::from_iter([("note".to_owned(), note)]);
            entries.push(entry::of_other(about, &written, &caller, &stamp, action, &rest));
        }
        if entries.is_empty() {
            return Ok(engine.store().execute(rows).await?);
        }
        let permit = Permit::of_mail(&caller).map_err(proofdesk_engine::Error::Forbidden)?;
        engine.store().note(&permit, entries, rows, Uuid::now_v7()).await?;
        Ok(())
    }
}

/// What the log tells of one mail last.
struct Told {
    person: i64,
    action: String,
    is: Json,
}

/// Compares mails that were sent, given up or came back with what the log tells of them, and mails that became something
/// with the entries that they made.
///
/// # Errors
/// Only a fault of the database; damage is in the report. The engine's own part comes before.
pub async fn verify(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let mut told: HashMap<String, Told> = HashMap::new();
    let mut key = None;
    for entry in engine.believed_about(TYPE).await? {
        // bytes that are no JSON were found by the walk over the leaves
        let Ok(mut body) = serde_json::from_slice::<Json>(&entry.body) else { continue };
        let action = body["action"].as_str().unwrap_or_default().to_owned();
        key = body.pointer("/note/mail_key").cloned().or(key);
        let Some(mails) = body.pointer_mut("/note/mails").and_then(Json::as_array_mut) else { continue };
        for is in mails.drain(..) {
            let id = is["id"].as_str().unwrap_or_default().to_owned();
            told.insert(id, Told { person: entry.record.number, action: action.clone(), is });
        }
    }
    verify_out(engine, told, report).await?;
    verify_in(engine, report).await?;
    crate::keys::verify(engine, key.as_ref(), report).await?;
    let place = Select::from("setting", &["value"]).when("name", PLACE).limit(1);
    if let Some(row) = engine.store().select(place).await?.first() {
        let place = row.text(0).parse().unwrap_or_default();
        engine.verify_place("What tells people by mail", place, report).await?;
    }
    Ok(())
}

async fn verify_out(
    engine: &Engine,
    mut told: HashMap<String, Told>,
    report: &mut Report,
) -> Result<(), Error> {
    // mails before that were not told of
    let begins = report.full_since.unwrap_or(i64::MAX);
    let columns: Vec<&'static str> = TOLD.iter().copied().chain(["at"]).collect();
    let mut last = String::new();
    loop {
        let page = Select::from("mail_out", &columns).when_above("id", last).order("id").limit(BATCH);
        let rows = engine.store().select(page).await?;
        let Some(end) = rows.last() else { break };
        last = end.text(0).to_owned();
        for row in &rows {
            let (id, state) = (row.text(0), row.text(8));
            let said = told.remove(id);
            if !["sent", "bounced", "dead"].contains(&state) {
                // waits again after it was given up, or was withdrawn then: not sent, so nothing of it is evidence
                if let Some(said) = said.filter(|said| said.action == "sent") {
                    report.mails += 1;
                    gone(&said, id, report);
                }
                continue;
            }
            report.mails += 1;
            let name = format!("MAI-{}", row.int(1));
            match said {
                Some(said) if said.action == state && is_told(engine, &said, row) => {}
                Some(_) => {
                    let message = format!("The mail {id} to person {} was changed past the log.", row.int(1));
                    report.add(FindingKind::ChangedRow, None, Some(name), message);
                }
                None if row.opt_int(9).unwrap_or(row.int(12)) < begins => {}
                None => {
                    let message = format!(
                        "The mail {id} to person {} is there as {state}, but no entry of the log tells of it.",
                        row.int(1)
                    );
                    report.add(FindingKind::MissingRow, None, Some(name), message);
                }
            }
        }
    }
    let mut left: Vec<(&String, &Told)> = told.iter().filter(|(_, said)| said.action != "dead").collect();
    left.sort_by_key(|(id, _)| *id);
    for (id, said) in left {
        gone(said, id, report);
    }
    Ok(())
}

fn gone(said: &Told, id: &str, report: &mut Report) {
    let message = format!(
        "The log tells that the mail {id} to person {} was {}, but its row is gone or says otherwise.",
        said.person, said.action
    );
    report.add(FindingKind::MissingRow, None, Some(format!("MAI-{}", said.person)), message);
}

/// Whether a row is as the log told of it. Its words are taken out of it after some weeks; the digests stay.
fn is_told(engine: &Engine, said: &Told, row: &Row) -> bool {
    let mut is = item(engine.registry(), row, row.opt_int(9));
    for (word, at) in [("subject", 6), ("body", 7)] {
        if row.text(at).is_empty() {
            is[word] = said.is[word].clone();
        }
    }
    said.person == row.int(1) && said.is == is
}

/// Mails that became a record or a comment: an entry of the write that they cause must be about that record.
async fn verify_in(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let columns = ["message_id", "target", "record_type", "number", "person"];
    let rows = Select::from("mail_in", &columns).when_in("outcome", ["record", "comment"]).order("at");
    for row in engine.store().select(rows).await? {
        report.mails += 1;
        let id = write_of(row.text(0), row.text(1), row.opt_int(4));
        let about = Reference::new(row.text(2), row.int(3));
        let entries = engine.believed(engine.store().entries_of_write(id).await?).await?;
        if !entries.iter().any(|entry| entry.record == about) {
            let name = engine.registry().write_reference(&about);
            let message = format!("That {name} came of the mail {} is in no entry of the log.", row.text(0));
            report.add(FindingKind::ChangedRow, None, Some(name), message);
        }
    }
    Ok(())
}

//! The log as one file, and its verification without a database.
//!
//! Format: JSON Lines. First `{"format":"proofdesk-log/1","origin":…,"size":…}`; then one line for each leaf in
//! order, `{"leaf":0,"hash":"…","body":"…"}` with the leaf hash in hexadecimal and the entry's bytes as text; last one line for each checkpoint,
//! `{"checkpoint":"…note…"}`.

use std::io::{BufRead, Write};

use proofdesk_tlog::VerifierKey;
use serde_json::{Value as Json, json};

use super::walk::{Held, Walk, trusted};
use super::{BATCH, Expected, Report};
use crate::Engine;
use crate::error::Error;

/// Most entries that may be missing from a file and are still named one by one.
const MISSING_MOST: u64 = 10_000;

fn io(error: std::io::Error) -> Error {
    Error::Internal(format!("The file of the log could not be written: {error}."))
}

impl Engine {
    /// Writes the log up to its newest checkpoint, or as it is now when there is none.
    ///
    /// # Errors
    /// A fault of the database or of the writer.
    pub async fn export_log(&self, out: &mut (impl Write + Send)) -> Result<u64, Error> {
        let checkpoints = self.store().checkpoints(usize::MAX >> 1).await?;
        let newest = checkpoints.iter().map(|c| c.size).max();
        let size = match newest {
            Some(size) => size,
            None => self.store().log_size().await?,
        };
        let head = json!({"format": "proofdesk-log/1", "origin": self.origin(), "size": size});
        writeln!(out, "{head}").map_err(io)?;
        let mut next = 0;
        while next < size {
            let entries = self.store().entry_range(next, BATCH).await?;
            if entries.is_empty() {
                break;
            }
            for entry in entries.iter().filter(|e| e.leaf.is_some_and(|l| l < size)) {
                let hash = hex::encode(&entry.leaf_hash);
                let line =
                    json!({"leaf": entry.leaf, "hash": hash, "body": String::from_utf8_lossy(&entry.body)});
                writeln!(out, "{line}").map_err(io)?;
            }
            next += BATCH as u64;
        }
        for checkpoint in checkpoints.iter().rev() {
            writeln!(out, "{}", json!({"checkpoint": checkpoint.note})).map_err(io)?;
        }
        Ok(size)
    }
}

/// A line of an exported log.
struct Leaf {
    leaf: u64,
    hash: Option<Vec<u8>>,
    body: String,
    line: usize,
}

/// The record that an entry names, also where its bytes are no JSON any more.
fn record_of(body: &str) -> &str {
    let named = body.split_once("\"ref\":\"").and_then(|(_, rest)| rest.split_once('"'));
    named.map_or("unknown", |(name, _)| name)
}

/// Verifies an exported log: every leaf, their order, and every checkpoint in it.
///
/// # Errors
/// `Invalid` when the file is not such an export; damage is in the report.
pub fn verify_export(input: impl BufRead, keys: &[VerifierKey]) -> Result<Report, Error> {
    verify_export_against(input, &Expected { keys: keys.to_vec(), ..Expected::default() })
}

/// As [`verify_export`], also against checkpoints that were kept elsewhere.
///
/// # Errors
/// As [`verify_export`].
pub fn verify_export_against(input: impl BufRead, expected: &Expected) -> Result<Report, Error> {
    let wrong = |line: usize, what: &str| {
        Error::invalid("file", "format", format!("Line {line}: {what}. This is not an exported log of ours."))
    };
    let mut leaves: Vec<Leaf> = Vec::new();
    let mut notes: Vec<Held> = Vec::new();
    let mut report = Report::default();
    let mut size = 0;
    for (i, line) in input.lines().enumerate() {
        let number = i + 1;
        let line = line.map_err(|e| wrong(number, &e.to_string()))?;
        let json: Json = serde_json::from_str(&line).map_err(|e| wrong(number, &e.to_string()))?;
        if i == 0 {
            if json.get("format").and_then(Json::as_str) != Some("proofdesk-log/1") {
                return Err(wrong(1, "the format is not proofdesk-log/1"));
            }
            report.origin = json.get("origin").and_then(Json::as_str).unwrap_or_default().to_owned();
            size = json.get("size").and_then(Json::as_u64).unwrap_or_default();
        } else if let Some(note) = json.get("checkpoint").and_then(Json::as_str) {
            let claimed = note.lines().nth(1).and_then(|l| l.parse().ok());
            let size = claimed.unwrap_or(u64::MAX);
            notes.push(Held { size, at: None, note: note.to_owned(), outside: None });
        } else {
            let leaf = json.get("leaf").and_then(Json::as_u64).ok_or_else(|| wrong(number, "no leaf"))?;
            let body = json.get("body").and_then(Json::as_str).ok_or_else(|| wrong(number, "no body"))?;
            // exports of earlier versions have no hashes
            let hash = json.get("hash").and_then(Json::as_str).map(|h| hex::decode(h).unwrap_or_default());
            leaves.push(Leaf { leaf, hash, body: body.to_owned(), line: number });
        }
    }
    let hashed = leaves.iter().any(|l| l.hash.is_some());
    if let Some(bare) = leaves.iter().find(|l| hashed && l.hash.is_none()) {
        return Err(wrong(bare.line, "no hash, although other lines have one"));
    }
    if report.origin.is_empty() {
        return Err(wrong(1, "the file is empty"));
    }
    // the file says how many entries it has: it is not believed where that many lines cannot be missing one by one
    let there = leaves.len() as u64;
    if size > there.saturating_add(MISSING_MOST) {
        return Err(wrong(1, &format!("it tells of {size} entries, but only {there} follow")));
    }
    let origin = report.origin.clone();
    notes.extend(trusted(&expected.kept, &origin, &expected.keys, &mut report));
    let mut walk = Walk::new(&origin, &expected.keys, notes, &mut report);
    walk.is_file = true;
    let mut nodes = Vec::new();
    let mut leaves = leaves.into_iter().peekable();
    for index in 0..size {
        match leaves.next_if(|l| l.leaf == index) {
            Some(Leaf { body, hash, .. }) => {
                walk.entry(index, body.as_bytes(), hash.as_deref(), record_of(&body), &mut nodes);
            }
            None => walk.missing(index, None, &mut nodes),
        }
        nodes.clear();
    }
    if let Some(Leaf { leaf, line, .. }) = leaves.next() {
        return Err(wrong(line, &format!("leaf {leaf} stands out of order")));
    }
    walk.finish();
    Ok(report)
}

//! The log as one file, and its verification without a database.
//!
//! Format: JSON Lines. First `{"format":"proofdesk-log/1","origin":…,"size":…}`; then one line for each leaf in
//! order, `{"leaf":0,"body":"…"}` with the entry's bytes as text; last one line for each checkpoint,
//! `{"checkpoint":"…note…"}`.

use std::io::{BufRead, Write};

use proofdesk_tlog::VerifierKey;
use serde_json::{Value as Json, json};

use super::walk::Walk;
use super::{BATCH, Report};
use crate::Engine;
use crate::error::Error;

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
                let line = json!({"leaf": entry.leaf, "body": String::from_utf8_lossy(&entry.body)});
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

/// Verifies an exported log: every leaf, their order, and every checkpoint in it.
///
/// # Errors
/// `Invalid` when the file is not such an export; damage is in the report.
pub fn verify_export(input: impl BufRead, keys: &[VerifierKey]) -> Result<Report, Error> {
    let wrong = |line: usize, what: &str| {
        Error::invalid("file", "format", format!("Line {line}: {what}. This is not an exported log of ours."))
    };
    let mut leaves: Vec<(u64, String, usize)> = Vec::new();
    let mut notes: Vec<(u64, String)> = Vec::new();
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
            notes.push((claimed.unwrap_or(u64::MAX), note.to_owned()));
        } else {
            let leaf = json.get("leaf").and_then(Json::as_u64).ok_or_else(|| wrong(number, "no leaf"))?;
            let body = json.get("body").and_then(Json::as_str).ok_or_else(|| wrong(number, "no body"))?;
            leaves.push((leaf, body.to_owned(), number));
        }
    }
    if report.origin.is_empty() {
        return Err(wrong(1, "the file is empty"));
    }
    let origin = report.origin.clone();
    let mut walk = Walk::new(&origin, keys, notes, &mut report);
    let mut nodes = Vec::new();
    let mut leaves = leaves.into_iter().peekable();
    for index in 0..size {
        match leaves.next_if(|(leaf, _, _)| *leaf == index) {
            Some((_, body, _)) => {
                let record = serde_json::from_str::<Json>(&body).ok();
                let name =
                    record.as_ref().and_then(|r| r.get("ref")).and_then(Json::as_str).unwrap_or("unknown");
                walk.entry(index, body.as_bytes(), None, None, name, &mut nodes);
            }
            None => walk.missing(index, None, &mut nodes),
        }
        nodes.clear();
    }
    if let Some((leaf, _, number)) = leaves.next() {
        return Err(wrong(number, &format!("leaf {leaf} stands out of order")));
    }
    walk.finish();
    Ok(report)
}

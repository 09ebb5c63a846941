//! Stored frameworks against the log: each row is what an entry sealed, none is gone and none was added.

use std::collections::BTreeMap;

use proofdesk_engine::Engine;
use proofdesk_engine::verify::{FindingKind, Report};
use serde_json::Value as Json;

use crate::error::Error;
use crate::framework::write::digest_of;
use crate::tables::{self, StoredRow};

/// Compares the rows with what the log tells of them.
pub(crate) async fn verify(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let mut told: BTreeMap<i64, Json> = BTreeMap::new();
    for entry in engine.believed_about("conformity_framework").await? {
        // bytes that are no JSON were found by the walk over the leaves
        let Ok(mut body) = serde_json::from_slice::<Json>(&entry.body) else { continue };
        told.insert(entry.record.number, body["note"].take());
    }
    for row in tables::stored(engine).await? {
        let name = format!("FRW-{}", row.id);
        match told.remove(&row.id) {
            None => {
                let message = format!("{name} is there, but no entry of the log made it.");
                report.add(FindingKind::MissingRow, None, Some(name), message);
            }
            Some(note) if is_told(&note, &row) => {}
            Some(_) => {
                let message = format!("{name}, {} of {}, was changed past the log.", row.part, row.framework);
                report.add(FindingKind::ChangedRow, None, Some(name), message);
            }
        }
    }
    for number in told.into_keys() {
        let name = format!("FRW-{number}");
        let message = format!("The log knows {name}, but its row is gone.");
        report.add(FindingKind::MissingRow, None, Some(name), message);
    }
    Ok(())
}

fn is_told(note: &Json, row: &StoredRow) -> bool {
    let same = |name: &str, value: &str| note[name].as_str() == Some(value);
    same("framework", &row.framework)
        && same("part", &row.part)
        && same("state", &row.state)
        && same("edition", &row.edition)
        && same("origin", &row.origin)
        && same("digest", &digest_of(&row.source))
        && row.digest == digest_of(&row.source)
}

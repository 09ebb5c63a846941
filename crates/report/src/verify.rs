//! Kept figures against the log: they are a cache, and whoever writes to the database could put others in their place. They
//! follow from the entries alone, so they are computed anew; those that saw the whole log must be the same, and those of an
//! earlier size of it are replaced by what was computed.
//!
//! Not here: the entries themselves (`proofdesk_engine::verify`), which come first.

use jiff::tz::TimeZone;
use proofdesk_engine::Engine;
use proofdesk_engine::verify::{FindingKind, Report};
use proofdesk_store::Select;
use serde_json::Value as Json;

use crate::error::Error;
use crate::figures::{Scope, figures};
use crate::snapshot::{FORM, PREFIX, Snapshot};

/// Most figures of one row that are named.
const NAMED: usize = 5;
/// Longest value that is shown, in characters.
const SHOWN: usize = 80;

/// Compares the figures that are kept of each type with those that its entries give.
///
/// # Errors
/// A fault of the database, or an entry that cannot be read; damage is in the report.
pub async fn verify(engine: &Engine, report: &mut Report) -> Result<(), Error> {
    let names: Vec<String> = engine.registry().types().map(|of| format!("{PREFIX}{}", of.name)).collect();
    let kept = Select::from("setting", &["name", "value"]).when_in("name", names).order("name");
    for row in engine.store().select(kept).await? {
        let name = row.text(0);
        // what no reader takes is computed anew before it is shown
        let Ok(kept) = serde_json::from_str::<Snapshot>(row.text(1)) else { continue };
        let zone = TimeZone::get(&kept.zone).ok().filter(|_| kept.form == FORM);
        let (Some(of), Some(zone)) = (name.strip_prefix(PREFIX), zone) else { continue };
        let size = engine.store().log_size().await?;
        if !kept.is_of_this_log(size, engine.now()) {
            let message = format!(
                "The setting {name} was changed past the program: its figures claim to have seen {} entries, the log has \
                 {size}; or they claim a time to come.",
                kept.log_size
            );
            report.add(FindingKind::ChangedRow, None, None, message);
            continue;
        }
        let scope = Scope { zone, ..Scope::of(of) };
        if kept.log_size < size {
            Snapshot::renew(engine, &scope).await?;
            continue;
        }
        let computed = serde_json::to_value(figures(engine, &scope).await?)?;
        // while a desk runs, its log may grow under the computation
        if engine.store().log_size().await? != size {
            continue;
        }
        let mut found = Vec::new();
        differing("", &serde_json::to_value(&kept.figures)?, &computed, &mut found);
        if !found.is_empty() {
            let more = found.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
            found.truncate(NAMED);
            let message = format!(
                "The setting {name} was changed past the program, its figures are not those of the log: {}{rest}. The desk \
                 computes them anew when the log has grown, and `verify` after that.",
                found.join("; ")
            );
            report.add(FindingKind::ChangedRow, None, None, message);
        }
    }
    Ok(())
}

/// Where two figures differ, each with what the row has and what the log gives.
fn differing(place: &str, row: &Json, log: &Json, found: &mut Vec<String>) {
    let below = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (row, log) {
        (Json::Object(a), Json::Object(b)) => {
            for (name, is) in a {
                differing(&below(name), is, b.get(name).unwrap_or(&Json::Null), found);
            }
            for (name, is) in b.iter().filter(|(name, _)| !a.contains_key(*name)) {
                differing(&below(name), &Json::Null, is, found);
            }
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            for (at, (is, said)) in a.iter().zip(b).enumerate() {
                differing(&below(&at.to_string()), is, said, found);
            }
        }
        _ if row == log => {}
        _ => found.push(format!("{place} is {} in the row and {} by the log", shown(row), shown(log))),
    }
}

fn shown(value: &Json) -> String {
    let text = value.to_string();
    if text.chars().count() <= SHOWN { text } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

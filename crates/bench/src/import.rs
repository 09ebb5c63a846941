//! Import of a made event log in the shape of the real one, by the shipped mapping, into an empty database.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use proofdesk_engine::import::{Importer, Mapping, Progress, Source};

use crate::chance::Chance;
use crate::desk::{self, Place, SystemTime};
use crate::figure::{Figure, Table, Taken};
use crate::options::Options;
use crate::shares::{ASSESSED, CATEGORIES, EVENTS, REASSIGNED, SHARE_HELD, SHARE_KNOWLEDGE, SHARE_PROBLEM};

const MAPPING: &str = include_str!("../../../mappings/incidents.toml");
const HEADING: &str = "number,incident_state,active,reassignment_count,reopen_count,sys_mod_count,made_sla,\
caller_id,opened_by,opened_at,sys_created_by,sys_created_at,sys_updated_by,sys_updated_at,contact_type,location,\
category,subcategory,u_symptom,cmdb_ci,impact,urgency,priority,assignment_group,assigned_to,knowledge,\
u_priority_confirmation,notify,problem_id,rfc,vendor,caused_by,closed_code,resolved_by,resolved_at,closed_at\n";

/// Measures an import and the second one of the same file, which changes nothing.
///
/// # Errors
/// A row that is refused; a second import that writes.
pub async fn measure(place: &Place<'_>, options: &Options, table: &mut Table) -> anyhow::Result<()> {
    let engine = desk::engine(&place.fresh("import").await?, Arc::new(SystemTime)).await?;
    let mapping = Mapping::parse("incidents.toml", MAPPING, engine.registry())
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;
    let text = log(options.rounds(20_000, 300));
    for (name, again) in [("import of an event log", false), ("the same import again", true)] {
        let source =
            Source { file: "made.csv".to_owned(), size_bytes: text.len() as u64, ..Source::default() };
        let (begun, cpu) = (Instant::now(), place.processor.used());
        let input = Cursor::new(text.clone());
        let report =
            Importer::new(engine.clone()).run(input, source, &mapping, Arc::new(Progress::default())).await?;
        let taken = Taken {
            count: usize::try_from(report.rows)?,
            wall: begun.elapsed(),
            cpu: place.processor.used() - cpu,
            each: Vec::new(),
        };
        ensure!(report.refused.is_empty(), "a row was refused: {:?}", report.refused.first());
        ensure!((report.events == 0) == again, "{name}: {} events were written", report.events);
        let words = format!("{:.0} events/s ({} events)", taken.rate(), taken.count);
        let mut figure = Figure::plain(name, words);
        figure.cpu = format!("{:.0} µs", taken.cpu_micros());
        table.push(if place.is_server() || again {
            figure
        } else {
            figure.target("20,000 events/s", taken.rate() >= 20_000.0)
        });
    }
    Ok(engine.store().close().await?)
}

/// The text of a log of so many incidents, in the order of incidents.
fn log(incidents: usize) -> Vec<u8> {
    let mut chance = Chance::new(0x1095);
    let mut text = String::from(HEADING);
    for number in 1..=incidents {
        one(&mut text, number, &mut chance);
    }
    text.into_bytes()
}

fn one(text: &mut String, number: usize, chance: &mut Chance) {
    let events = chance.counted(&EVENTS);
    let (impact, urgency) = chance.counted(&ASSESSED);
    let place = |word: &str| match word {
        "high" => 0,
        "medium" => 1,
        _ => 2,
    };
    let ranks = ["1 - High", "2 - Medium", "3 - Low"];
    let priority = match place(impact) + place(urgency) {
        0 => "1 - Critical",
        1 => "2 - High",
        2 => "3 - Moderate",
        _ => "4 - Low",
    };
    let category = CATEGORIES.iter().position(|c| c.0 == chance.counted(&CATEGORIES)).unwrap_or_default();
    let opened = chance.between(1_456_800_000, 1_487_000_000) / 60 * 60;
    let held = chance.is(SHARE_HELD);
    let knowledge = chance.is(SHARE_KNOWLEDGE);
    let problem =
        if chance.is(SHARE_PROBLEM) { format!("Problem ID {}", chance.between(1, 137)) } else { "?".into() };
    let reassigned = chance.counted(&REASSIGNED).min(events.saturating_sub(2));
    let (caller, subcategory, symptom) =
        (chance.between(1, 4_156), chance.between(1, 224), chance.between(1, 417));
    let (location, clerk, code) = (chance.between(1, 185), chance.between(1, 172), chance.between(1, 17));
    let mut group = chance.between(1, 71);
    let mut resolver = chance.between(1, 213);
    let mut at = opened;
    let resolved_at = opened + events as i64 * 3_600;
    for event in 0..events {
        at += if event == 0 { 0 } else { 3_600 };
        let last = event + 1 == events;
        let state = match (last, event + 2 == events, event) {
            (true, ..) => "Closed",
            (_, true, _) => "Resolved",
            (.., 0) => "New",
            (.., 2) if held => "Awaiting User Info",
            _ => "Active",
        };
        if event <= reassigned {
            group = chance.between(1, 71);
            resolver = chance.between(1, 213);
        }
        let count = event.min(reassigned);
        let (opened, at_words) = (words(opened), words(at));
        let _ = writeln!(
            text,
            "INC{number:07},{state},{},{count},0,{event},{},Caller {caller},Opened by {clerk},{opened},\
             Created by {clerk},{opened},Updated by {resolver},{at_words},Phone,Location {location},\
             Category {category},Subcategory {subcategory},Symptom {symptom},?,{},{},{priority},Group {group},\
             Resolver {resolver},{knowledge},true,Do Not Notify,{problem},?,?,?,code {code},\
             Resolved by {resolver},{},{}",
            !last,
            !last || chance.is(0.63),
            ranks[place(impact)],
            ranks[place(urgency)],
            words(resolved_at),
            words(resolved_at + 7_200),
        );
    }
}

/// An instant as the real log writes it.
fn words(seconds: i64) -> String {
    let instant = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    instant.strftime("%-d/%-m/%Y %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{HEADING, log};

    #[test]
    fn each_row_has_a_value_for_each_column_and_cases_end_closed() {
        let text = String::from_utf8(log(50)).unwrap();
        let columns = HEADING.split(',').count();
        let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
        assert!(rows.len() > 100 && rows.iter().all(|row| row.len() == columns));
        assert_eq!(rows.iter().filter(|row| row[1] == "Closed").count(), 50);
    }
}

//! The paper of a record: its facts by section, its texts, what belongs together with it, and what it gathers.
//!
//! Made from the declaration, so every type has one; nothing here names a type. Not here: how a paper looks (`web` for
//! the print form, `proofdesk-render` for the PDF).

use std::collections::HashMap;

use jiff::tz::TimeZone;
use proofdesk_condition::Value;
use proofdesk_engine::{Gathered, Record, Reference};
use proofdesk_model::{Field, Kind, RecordType, Registry, format};
use proofdesk_paper::{Block, Column, Fact, Paper, Run, from_markdown};

use crate::chart::{Bars, Caption, Series, Tone, for_print};

/// What a paper of a record is made of.
pub struct Subject<'a> {
    /// The record with its relations.
    pub record: &'a Record,
    /// The declared types.
    pub registry: &'a Registry,
    /// Titles of linked and gathered records, as far as the reader may know them.
    pub titles: &'a HashMap<Reference, String>,
    /// Other records gathered for it.
    pub gathered: &'a [Gathered],
    /// Names of its files.
    pub files: &'a [String],
    /// Whose paper it is.
    pub organization: &'a str,
    /// Zone of times.
    pub zone: &'a TimeZone,
    /// Day of the paper, days since 1970-01-01.
    pub today: i32,
    /// Where the content can be checked.
    pub seal: Option<String>,
    /// Fields that the reader may see.
    pub shown: &'a dyn Fn(&Field) -> bool,
}

/// Makes the paper of a record.
pub fn of_record(subject: &Subject<'_>) -> Paper {
    let record = subject.record;
    let of: &RecordType = &record.of;
    let state = of.state(&record.state).map_or_else(|| record.state.clone(), |s| s.label.clone());
    let mut blocks = vec![Block::Facts {
        facts: vec![
            fact("Reference", record.reference()),
            fact("State", state),
            fact("Recorded", format::show_instant(record.created_at, subject.zone)),
            fact("Last changed", format::show_instant(record.updated_at, subject.zone)),
        ],
    }];
    for section in &of.sections {
        // the title stands above everything already
        let names = section.fields.iter().filter(|name| *name != of.title_field());
        let fields: Vec<&Field> = names.filter_map(|name| of.field(name)).collect();
        blocks.extend(section_of(subject, &section.label, &fields));
    }
    if !subject.gathered.is_empty() {
        blocks.push(Block::heading(1, "Gathered from live records"));
        blocks.extend(trend(subject.gathered));
        for one in subject.gathered {
            blocks.extend(gathered(subject, one));
        }
    }
    if !subject.files.is_empty() {
        blocks.push(Block::heading(1, "Files"));
        let item = |name: &String| vec![Block::words(name.clone())];
        blocks.push(Block::List { ordered: false, items: subject.files.iter().map(item).collect() });
    }
    Paper {
        title: record.title(),
        subtitle: Some(of.label.clone()),
        organization: subject.organization.to_owned(),
        reference: Some(record.reference()),
        language: "en".to_owned(),
        date: format::write_day(subject.today),
        classification: None,
        seal: subject.seal.clone(),
        blocks,
    }
}

fn fact(name: &str, value: String) -> Fact {
    Fact { name: name.to_owned(), runs: vec![Run::plain(value)] }
}

/// A section: its short values as facts, then its texts, each under its own heading; nothing where nothing is filled.
fn section_of(subject: &Subject<'_>, label: &str, fields: &[&Field]) -> Vec<Block> {
    let mut facts = Vec::new();
    let mut texts = Vec::new();
    for field in fields.iter().filter(|f| !f.hidden && !f.retired && (subject.shown)(f)) {
        match (&field.kind, subject.record.get(&field.name)) {
            (Kind::Links { .. }, _) => {
                let others = subject.record.links.get(&field.name).map(Vec::as_slice).unwrap_or_default();
                if !others.is_empty() {
                    let words: Vec<String> = others.iter().map(|other| named(subject, other)).collect();
                    facts.push(fact(&field.label, words.join("\n")));
                }
            }
            (_, Value::Null) => {}
            (Kind::Markdown, Value::Text(text)) => {
                texts.push(Block::heading(2, field.label.clone()));
                texts.extend(from_markdown(&text, 2));
            }
            (_, value) => facts.push(fact(&field.label, written(subject, field, &value))),
        }
    }
    if facts.is_empty() && texts.is_empty() {
        return Vec::new();
    }
    let mut found = vec![Block::heading(1, label)];
    if !facts.is_empty() {
        found.push(Block::Facts { facts });
    }
    found.extend(texts);
    found
}

fn written(subject: &Subject<'_>, field: &Field, value: &Value) -> String {
    match (field.target(), value) {
        (Some(to), Value::Link(number)) => named(subject, &Reference::new(to, *number)),
        _ if matches!(field.kind, Kind::Money) => {
            let currency = subject.record.text(&format!("{}_currency", field.name)).unwrap_or_default();
            format!("{} {currency}", format::show(field, value, subject.zone))
        }
        _ => format::show(field, value, subject.zone),
    }
}

/// A record by its reference and title.
fn named(subject: &Subject<'_>, reference: &Reference) -> String {
    let name = subject.registry.write_reference(reference);
    match subject.titles.get(reference) {
        Some(title) if *title != name => format!("{name} {title}"),
        _ => name,
    }
}

/// How much there was in this period and in the one before, where there is anything to compare.
fn trend(all: &[Gathered]) -> Option<Block> {
    let dated: Vec<(&Gathered, u64)> = all.iter().filter_map(|one| Some((one, one.before?))).collect();
    if dated.is_empty() {
        return None;
    }
    let number = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    let said: Vec<String> = dated
        .iter()
        .map(|(one, before)| format!("{}: {} (before: {before})", one.collection.label, one.total))
        .collect();
    let chart = Bars {
        caption: Caption::new("This period and the one before", &said.join("; "), "records", ""),
        // two rows each: bars of one row would be stacked
        labels: dated
            .iter()
            .flat_map(|(one, _)| [one.collection.label.clone(), "before".to_owned()])
            .collect(),
        series: vec![
            Series::new(
                "This period",
                Tone::Accent,
                dated.iter().flat_map(|(one, _)| [number(one.total), 0.0]).collect(),
            ),
            Series::new(
                "Before",
                Tone::Idle,
                dated.iter().flat_map(|(_, before)| [0.0, number(*before)]).collect(),
            ),
        ],
        target: None,
    };
    Some(Block::Chart {
        svg: for_print(&chart.svg().into_string()),
        alt: said.join("; "),
        caption: "Records of this period and of the period of equal length before".to_owned(),
    })
}

fn gathered(subject: &Subject<'_>, one: &Gathered) -> Vec<Block> {
    let clause = one.collection.clause.as_ref().map_or(String::new(), |c| format!(" ({c})"));
    let mut found = vec![Block::heading(2, format!("{}{clause}", one.collection.label))];
    let more = one.total.saturating_sub(one.newest.len() as u64);
    let mut words = match (one.total, one.before) {
        (0, None) => "None.".to_owned(),
        (total, None) => format!("{total}."),
        (total, Some(before)) => format!("{total} in this period, {before} in the one before."),
    };
    if more > 0 {
        words = format!("{words} The newest {} are listed.", one.newest.len());
    }
    found.push(Block::words(words));
    if !one.newest.is_empty() {
        let column = |label: &str| Column { label: label.to_owned(), figures: false };
        let cell = |text: String| vec![Run::plain(text)];
        let row = |record: &Record| {
            let state =
                record.of.state(&record.state).map_or_else(|| record.state.clone(), |s| s.label.clone());
            let day = one.collection.on.as_ref().and_then(|on| {
                let field = record.of.field(on)?;
                Some(format::show(field, &record.get(on), subject.zone))
            });
            vec![cell(record.reference()), cell(record.title()), cell(state), cell(day.unwrap_or_default())]
        };
        found.push(Block::Table {
            caption: String::new(),
            columns: vec![column("Reference"), column("Title"), column("State"), column("When")],
            rows: one.newest.iter().map(row).collect(),
        });
    }
    found
}

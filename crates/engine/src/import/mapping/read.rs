//! From TOML to a [`Mapping`]; every mistake is noted, none stops the reading.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::tz::TimeZone;
use proofdesk_model::format::{Input, parse};
use proofdesk_model::{RecordType, Registry, Value};
use sha2::{Digest, Sha256};

use super::tree::{Book, Item, Table};
use super::{Column, FieldFrom, Mapping, Mistake, Naming, StateTo, check};

const KEYS: [&str; 13] = [
    "name",
    "record_type",
    "time_zone",
    "delimiter",
    "missing",
    "dates",
    "collapse_spaces",
    "case",
    "time",
    "by",
    "fixed",
    "column",
    "ignore",
];
const COLUMN_KEYS: [&str; 9] =
    ["field", "map", "otherwise", "only_in", "dates", "create", "name", "keep", "state"];

pub(super) fn mapping(file: &str, text: &str, registry: &Registry) -> Result<Mapping, Vec<Mistake>> {
    let mut book = Book { file, text, mistakes: Vec::new() };
    let read = Table::read(&mut book).and_then(|table| whole(table, &mut book, registry));
    match read {
        Some(mapping) if book.mistakes.is_empty() => Ok(mapping),
        _ => {
            book.mistakes.sort_by_key(|m| m.line);
            Err(book.mistakes)
        }
    }
}

fn whole(mut table: Table, book: &mut Book<'_>, registry: &Registry) -> Option<Mapping> {
    let need = |key: &str, why: &str, table: &mut Table, book: &mut Book<'_>| {
        let found = table.text(key, book);
        if found.is_none() {
            book.wrong(0, format!("`{key}` is missing: {why}."));
        }
        found
    };
    let name =
        need("name", "it names the source, so that a second import knows what it has", &mut table, book);
    let of = need("record_type", "it says what the rows become", &mut table, book);
    let zone = need("time_zone", "nothing in a file says its zone, and none is assumed", &mut table, book);
    let case = need("case", "the column with the key of the record", &mut table, book);
    let time = need("time", "the column with the instant of the event", &mut table, book);
    let zone = zone.and_then(|(zone, at)| match TimeZone::get(&zone) {
        Ok(zone) => Some(zone),
        Err(_) => {
            book.wrong(at, format!("`{zone}` is not a zone of the tz database, such as Europe/Rome or UTC."));
            None
        }
    });
    let of = of.and_then(|(of, at)| match registry.get(&of) {
        Some(found) => Some(found.clone()),
        None => {
            book.wrong(at, format!("`{of}` is not a declared record type."));
            None
        }
    })?;
    let mut mapping = Mapping {
        name: name.map(|n| n.0).unwrap_or_default(),
        of: of.clone(),
        delimiter: delimiter(&mut table, book),
        zone: zone.unwrap_or(TimeZone::UTC),
        missing: table.texts("missing", book),
        dates: table.texts("dates", book),
        collapse_spaces: table.flag("collapse_spaces", book),
        case: case.map(|c| c.0).unwrap_or_default(),
        time: time.map(|t| t.0).unwrap_or_default(),
        by: None,
        fixed: IndexMap::new(),
        columns: IndexMap::new(),
        kept: Vec::new(),
        ignored: IndexMap::new(),
        hash: hex::encode(Sha256::digest(book.text.as_bytes())),
    };
    if let Some(item) = table.take("by") {
        mapping.by = by(&item, book, registry);
    }
    for (field, text, at) in table.pairs("fixed", book) {
        check::fixed(&of, &field, &text, at, book);
        mapping.fixed.insert(field, text);
    }
    for (column, reason, at) in table.pairs("ignore", book) {
        if reason.trim().is_empty() {
            book.wrong(at, format!("Say why the column `{column}` is left out."));
        }
        mapping.ignored.insert(column, reason);
    }
    columns(&mut table, &mut mapping, book, registry);
    check::dates(&mapping.dates, 0, book);
    table.end(&KEYS, book);
    check::whole(&mapping, book);
    Some(mapping)
}

fn delimiter(table: &mut Table, book: &mut Book<'_>) -> u8 {
    let Some((text, at)) = table.text("delimiter", book) else { return b',' };
    match text.as_bytes() {
        [one] if !matches!(one, b'"' | b'\n' | b'\r') => *one,
        _ => {
            book.wrong(at, "`delimiter` takes one character, such as \",\", \";\" or \"\\t\".");
            b','
        }
    }
}

fn by(item: &Item, book: &mut Book<'_>, registry: &Registry) -> Option<(String, Naming)> {
    let Some(mut table) = Table::of(item, "[by]") else {
        book.wrong(item.at, "`by` takes a table with the column that says who made the event.");
        return None;
    };
    let column = table.text("column", book);
    let naming = naming(&mut table, book);
    if column.is_none() {
        book.wrong(table.at, "`column` is missing in [by].");
    }
    if registry.get(super::super::stub::PEOPLE).is_none() {
        book.wrong(table.at, "There is no record type for people.");
    }
    table.end(&["column", "name", "create"], book);
    Some((column?.0, naming))
}

fn naming(table: &mut Table, book: &mut Book<'_>) -> Naming {
    let create = table.flag("create", book);
    let name = table.text("name", book);
    if let Some((name, at)) = &name
        && !name.contains("{value}")
    {
        book.wrong(*at, "`name` needs {value}, else every row names the same record.");
    }
    Naming { name: name.map(|n| n.0).unwrap_or_default(), create }
}

fn columns(table: &mut Table, mapping: &mut Mapping, book: &mut Book<'_>, registry: &Registry) {
    let Some(item) = table.take("column") else {
        return book.wrong(0, "No column is mapped: write a table [column.NAME] for each.");
    };
    for (name, at, item) in item.inner {
        let Some(mut table) = Table::of(&item, &format!("[column.{name}]")) else {
            book.wrong(at, format!("`column.{name}` takes a table."));
            continue;
        };
        table.at = at;
        let keep = table.flag("keep", book);
        if let Some(column) = column(&mut table, keep, &mapping.of, book, registry) {
            if keep {
                mapping.kept.push(name.clone());
            }
            mapping.columns.insert(name, column);
        }
        table.end(&COLUMN_KEYS, book);
    }
}

fn column(
    table: &mut Table,
    keep: bool,
    of: &RecordType,
    book: &mut Book<'_>,
    registry: &Registry,
) -> Option<Column> {
    let state = table.take("state");
    let field = table.text("field", book);
    match (keep, state, field) {
        (true, None, None) => Some(Column::Keep),
        (_, Some(state), None) => Some(Column::State(states(&state, of, book, registry))),
        (_, None, Some((field, at))) => {
            let from = FieldFrom {
                field,
                map: table.pairs("map", book).into_iter().map(|(from, to, _)| (from, to)).collect(),
                otherwise: table.text("otherwise", book).map(|t| t.0),
                only_in: table.texts("only_in", book),
                dates: table.texts("dates", book),
                naming: naming(table, book),
            };
            check::field(&from, of, at, book);
            Some(Column::Field(from))
        }
        _ => {
            let name = table.name.clone();
            book.wrong(table.at, format!("{name} needs one of `field`, `state` and `keep`."));
            None
        }
    }
}

fn states(
    item: &Item,
    of: &RecordType,
    book: &mut Book<'_>,
    registry: &Registry,
) -> BTreeMap<String, StateTo> {
    let mut found = BTreeMap::new();
    if item.inner.is_empty() {
        book.wrong(item.at, "`state` takes a table: value of the file = state.");
    }
    for (value, at, item) in &item.inner {
        let mut to = StateTo { state: None, set: IndexMap::new() };
        if let toml::Value::String(state) = &item.value {
            to.state = Some(state.clone());
        } else if let Some(mut table) = Table::of(item, "a state") {
            let same = table.flag("same", book);
            to.state = table.text("state", book).map(|t| t.0);
            if same == to.state.is_some() {
                book.wrong(*at, format!("The value `{value}` needs either `state` or `same = true`."));
            }
            for (field, text, at) in table.pairs("set", book) {
                if let Some(value) = set_value(of, &field, &text, at, book, registry) {
                    to.set.insert(field, value);
                }
            }
            table.end(&["state", "same", "set"], book);
        } else {
            book.wrong(*at, format!("The value `{value}` takes a state or a table."));
        }
        if let Some(state) = &to.state {
            check::state(of, state, *at, book);
        }
        found.insert(value.clone(), to);
    }
    found
}

fn set_value(
    of: &RecordType,
    field: &str,
    text: &str,
    at: usize,
    book: &mut Book<'_>,
    registry: &Registry,
) -> Option<Value> {
    let Some(declared) = of.field(field) else {
        book.wrong(at, format!("`{field}` is not a field of {}.", of.plural.to_lowercase()));
        return None;
    };
    let read = parse(declared, text, &Input { zone: &TimeZone::UTC, registry });
    let fitting = read.and_then(|value| {
        proofdesk_model::format::fits(declared, field, &value).map(|()| value).map_err(|(_, says)| says)
    });
    fitting.map_err(|says| book.wrong(at, says)).ok()
}

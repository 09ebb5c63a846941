//! Whether a mapping fits the declarations and the file.

use jiff::fmt::strtime;
use proofdesk_model::{Kind, RecordType};

use super::tree::Book;
use super::{Column, FieldFrom, Mapping, Mistake};

/// Fields, options and states that a column names.
pub(super) fn field(from: &FieldFrom, of: &RecordType, at: usize, book: &mut Book<'_>) {
    for name in &from.only_in {
        state(of, name, at, book);
    }
    dates(&from.dates, at, book);
    let Some(field) = of.field(&from.field) else {
        let message = format!("`{}` is not a field of {}.", from.field, of.plural.to_lowercase());
        return book.wrong(at, message);
    };
    let options = field.options();
    let results = from.map.values().chain(&from.otherwise);
    if options.is_empty() {
        if matches!(field.kind, Kind::File) {
            book.wrong(at, format!("{} is a file; it cannot be imported.", field.label));
        }
    } else {
        for result in results.filter(|r| !options.iter().any(|o| o.name == **r)) {
            let names: Vec<&str> = options.iter().map(|o| o.name.as_str()).collect();
            let message = format!("{} has no option `{result}`; it has: {}.", field.label, names.join(", "));
            book.wrong(at, message);
        }
    }
    if field.target().is_none() && (from.naming.create || !from.naming.name.is_empty()) {
        book.wrong(at, format!("{} is not a link: `create` and `name` are for links.", field.label));
    }
    if from.otherwise.is_some() && from.map.is_empty() {
        book.wrong(at, "`otherwise` is for values that are not in `map`; there is no `map`.".to_owned());
    }
}

/// A state of the type.
pub(super) fn state(of: &RecordType, name: &str, at: usize, book: &mut Book<'_>) {
    if of.state(name).is_none() {
        let names: Vec<&str> = of.states.iter().map(|s| s.name.as_str()).collect();
        let message = format!(
            "`{name}` is not a state of {}; they have: {}.",
            of.plural.to_lowercase(),
            names.join(", ")
        );
        book.wrong(at, message);
    }
}

/// A text that is set when a record is created.
pub(super) fn fixed(of: &RecordType, name: &str, text: &str, at: usize, book: &mut Book<'_>) {
    match of.field(name) {
        None => book.wrong(at, format!("`{name}` is not a field of {}.", of.plural.to_lowercase())),
        Some(field) => {
            let options = field.options();
            if !options.is_empty() && !options.iter().any(|o| o.name == text) {
                book.wrong(at, format!("{} has no option `{text}`.", field.label));
            }
            if matches!(
                field.kind,
                Kind::Link { .. } | Kind::Links { .. } | Kind::Person | Kind::Team | Kind::File
            ) {
                book.wrong(
                    at,
                    format!("{} is a link; `fixed` sets texts, numbers and options.", field.label),
                );
            }
        }
    }
}

/// Forms of dates that can be written can be read.
pub(super) fn dates(forms: &[String], at: usize, book: &mut Book<'_>) {
    let sample = jiff::civil::date(2016, 2, 29).at(1, 16, 0, 0).in_tz("UTC");
    let Ok(sample) = sample else { return };
    for form in forms {
        if let Err(error) = strtime::format(form, &sample) {
            book.wrong(at, format!("The date form `{form}` is not understood: {error}."));
        }
    }
}

/// What concerns the mapping as a whole.
pub(super) fn whole(mapping: &Mapping, book: &mut Book<'_>) {
    if mapping.dates.is_empty() {
        book.wrong(0, "`dates` is missing: the forms of dates in the file, such as [\"%d/%m/%Y %H:%M\"].");
    }
    let mut filled: Vec<&str> = Vec::new();
    let mut states = 0;
    for (name, column) in &mapping.columns {
        match column {
            Column::State(_) => states += 1,
            Column::Field(from) if filled.contains(&from.field.as_str()) => {
                book.wrong(0, format!("Two columns fill `{}`; the second is `{name}`.", from.field));
            }
            Column::Field(from) => filled.push(&from.field),
            Column::Keep => {}
        }
        if mapping.ignored.contains_key(name) {
            book.wrong(0, format!("The column `{name}` is both mapped and ignored."));
        }
    }
    if states > 1 {
        book.wrong(0, "Two columns say the state; one can.");
    }
}

/// Every column of the file is mapped or ignored, and every mapped one is there.
pub(super) fn header(mapping: &Mapping, file: &str, header: &[String]) -> Result<(), Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let mut wrong = |message: String| mistakes.push(Mistake { file: file.to_owned(), line: 1, message });
    for (i, column) in header.iter().enumerate() {
        if header.iter().take(i).any(|c| c == column) {
            wrong(format!("The column `{column}` is there twice."));
        } else if !mapping.reads(column) && !mapping.ignored.contains_key(column) {
            wrong(format!(
                "The column `{column}` is neither mapped nor ignored: add [column.\"{column}\"], or name it in [ignore] with the reason."
            ));
        }
    }
    let quoted = mapping.fixed.values().flat_map(|text| proofdesk_model::places::names(text));
    let named = [mapping.case.as_str(), mapping.time.as_str()]
        .into_iter()
        .chain(mapping.by.iter().map(|(c, _)| c.as_str()))
        .chain(mapping.columns.keys().map(String::as_str))
        .chain(quoted);
    let mut told: Vec<&str> = Vec::new();
    for column in named {
        if !header.iter().any(|c| c == column) && !told.contains(&column) {
            told.push(column);
            wrong(format!("The mapping names the column `{column}`, which the file does not have."));
        }
    }
    if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
}

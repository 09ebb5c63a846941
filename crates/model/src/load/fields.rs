//! Fields of one type: kinds, options and defaults.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::access::Caller;
use crate::change::{Door, Stamp};
use crate::field::{Choice, Computed, Field, Kind};
use crate::format;
use crate::load::brought::{aspects, clock_fields, plain};
use crate::load::merge::is_name;
use crate::load::table::tables;
use crate::load::text::{Book, Word, hint};
use crate::load::tree::{FieldTree, TypeTree};
use crate::record_type::{COMMON, Section};

/// What the fields of a type are checked against.
pub(crate) struct Known<'a> {
    /// Names of all declared types.
    pub types: Vec<&'a str>,
    /// Names of all rules.
    pub rules: &'a [&'a str],
    /// Some file could not be read: unknown types are not mistakes then.
    pub torn: bool,
}

/// A name as a label: `reported_by` is "Reported by".
pub(crate) fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// The fields of a type and its sections.
pub(crate) fn fields(
    tree: &TypeTree,
    known: &Known<'_>,
    book: &mut Book<'_>,
) -> (IndexMap<String, Field>, Vec<Section>) {
    let mut fields: IndexMap<String, Field> = IndexMap::new();
    let mut sections = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for section in &tree.sections {
        let mut names = Vec::new();
        for written in &section.fields {
            let name = &written.name;
            name_of_field(name, book);
            if !seen.insert(&name.text) {
                book.mistake(
                    name.spot,
                    format!("`{}` is already a field of `{}`", name.text, tree.name.text),
                );
                continue;
            }
            names.push(name.text.clone());
            fields.insert(name.text.clone(), field(written, known, book));
        }
        sections.push(Section { label: section.label.clone(), fields: names });
    }
    for written in tree.sections.iter().flat_map(|s| &s.fields) {
        tables(written, &mut fields, book);
        currency(written, &fields, book);
        if let Some(was) = &written.was
            && fields.contains_key(&was.text)
        {
            book.mistake(was.spot, format!("`{}` is still a field; `was` names one that is gone", was.text));
        }
    }
    aspects(tree, &mut fields, &mut sections, book);
    for (i, clock) in tree.clocks.iter().enumerate() {
        if tree.clocks[..i].iter().any(|c| c.name.text == clock.name.text) {
            continue; // said where clocks are read
        }
        clock_fields(clock, &mut fields, book);
    }
    sections.retain(|s| !s.fields.is_empty());
    (fields, sections)
}

fn name_of_field(name: &Word, book: &mut Book<'_>) {
    let text = name.text.as_str();
    if !is_name(text) {
        book.mistake(name.spot, format!("`{text}` is not a name: small letters, digits and _, at most 40"));
    } else if COMMON.iter().any(|(common, _)| *common == text) {
        book.mistake(name.spot, format!("every record has `{text}` already; choose another name"));
    } else if proofdesk_condition::RESERVED.contains(&text) {
        book.mistake(name.spot, format!("`{text}` is a word of the condition language; choose another name"));
    }
}

fn currency(written: &FieldTree, fields: &IndexMap<String, Field>, book: &mut Book<'_>) {
    let column = format!("{}_currency", written.name.text);
    if written.kind == "money" && fields.contains_key(&column) {
        let message = format!("money keeps its currency in `{column}`, which is a field of its own here");
        book.mistake(written.name.spot, message);
    }
}

fn field(written: &FieldTree, known: &Known<'_>, book: &mut Book<'_>) -> Field {
    let name = &written.name;
    let text = |word: &Option<Word>| word.as_ref().map(|w| w.text.clone());
    let kind = kind(written, known, book);
    let computed = written.rule.as_ref().map(|rule| Computed::Rule(rule.text.clone()));
    if let Some(rule) = &written.rule {
        rule_name(rule, known, book);
    }
    if let Some(clause) = &written.clause {
        clause_form(clause, book);
    }
    if written.required && (computed.is_some() || written.table.is_some()) {
        book.mistake(name.spot, format!("`{}` is computed, so it cannot be required of people", name.text));
    }
    let field = Field {
        label: text(&written.label).unwrap_or_else(|| label_of(&name.text)),
        help: text(&written.help),
        kind,
        required: written.required,
        search: written.search,
        public: written.public,
        indexed: written.index,
        computed,
        default: text(&written.default),
        was: text(&written.was),
        retired: written.retired,
        hidden: written.hidden,
        clause: text(&written.clause),
        ..plain(&name.text, String::new(), Kind::Markdown, None)
    };
    if written.required && written.retired {
        book.mistake(name.spot, format!("`{}` is retired, so it cannot be required", name.text));
    }
    if field.search && !matches!(field.kind, Kind::Text { .. } | Kind::Markdown) {
        book.mistake(name.spot, "only text and markdown can be searched");
    }
    default(written, &field, book);
    field
}

fn default(written: &FieldTree, field: &Field, book: &mut Book<'_>) {
    let Some(word) = &written.default else { return };
    let caller = Caller::person(1, "", Vec::<String>::new());
    let stamp = Stamp::now(0, Door::Cli);
    let value = format::literal(field, &word.text, &caller, &stamp);
    let message = match value {
        Some(value) => format::fits(field, &field.name, &value).err().map(|(_, message)| message),
        None => Some(format!("`{}` is no default for {} `{}`", word.text, written.kind, field.name)),
    };
    if let Some(message) = message {
        book.mistake(word.spot, message);
    }
}

fn kind(written: &FieldTree, known: &Known<'_>, book: &mut Book<'_>) -> Kind {
    let number = |bound: &Option<(i64, crate::load::text::Spot)>| bound.map(|(n, _)| n);
    match written.kind.as_str() {
        "text" => Kind::Text { max: text_max(written, book) },
        "int" => {
            let (min, max) = (number(&written.min), number(&written.max));
            if min.zip(max).is_some_and(|(low, high)| low > high) {
                book.mistake(written.name.spot, "`min` is larger than `max`");
            }
            Kind::Int { min, max }
        }
        "decimal" => Kind::Decimal,
        "money" => Kind::Money,
        "duration" => Kind::Duration,
        "instant" => Kind::Instant,
        "day" => Kind::Day,
        "choice" => Kind::Choice(options(written, book)),
        "choices" => Kind::Choices(options(written, book)),
        "yesno" => Kind::YesNo,
        "link" => Kind::Link { to: target(written, known, book), inverse: inverse(written) },
        "links" => Kind::Links { to: target(written, known, book), inverse: inverse(written) },
        "person" => with_inverse(written, "person", Kind::Person, known, book),
        "team" => with_inverse(written, "team", Kind::Team, known, book),
        "file" => Kind::File,
        _ => Kind::Markdown,
    }
}

/// A person or team whose other side is named is an ordinary link.
fn with_inverse(written: &FieldTree, to: &str, kind: Kind, known: &Known<'_>, book: &mut Book<'_>) -> Kind {
    if !known.torn && !known.types.contains(&to) {
        book.mistake(written.name.spot, format!("`{to}` fields need a record type `{to}`"));
    }
    match inverse(written) {
        Some(inverse) => Kind::Link { to: to.to_owned(), inverse: Some(inverse) },
        None => kind,
    }
}

fn inverse(written: &FieldTree) -> Option<String> {
    written.inverse.as_ref().map(|w| w.text.clone())
}

fn text_max(written: &FieldTree, book: &mut Book<'_>) -> usize {
    if let Some((_, spot)) = written.min {
        book.mistake(spot, "text has `max` only");
    }
    match written.max {
        None => 500,
        Some((n @ 1..=10_000, _)) => usize::try_from(n).unwrap_or(500),
        Some((_, spot)) => {
            book.mistake(spot, "a line of text takes 1 to 10000 characters; longer text is `markdown`");
            500
        }
    }
}

fn target(written: &FieldTree, known: &Known<'_>, book: &mut Book<'_>) -> String {
    let Some(to) = &written.to else {
        book.mistake(written.name.spot, format!("`{}` needs to=\"record type\"", written.kind));
        return String::new();
    };
    if !known.torn && !known.types.contains(&to.text.as_str()) {
        let hint = hint(&to.text, known.types.iter().copied());
        book.mistake(to.spot, format!("there is no record type `{}`{hint}", to.text));
    }
    to.text.clone()
}

fn options(written: &FieldTree, book: &mut Book<'_>) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    for option in &written.options {
        let name = &option.name;
        if name.text.is_empty() || name.text.contains(',') || name.text.chars().any(char::is_control) {
            book.mistake(name.spot, "an option is a text without commas");
        }
        if found.iter().any(|o| o.name == name.text) {
            book.mistake(name.spot, format!("the option `{}` is given twice", name.text));
            continue;
        }
        if let Some(tone) = &option.tone
            && !["ok", "risk", "bad", "info"].contains(&tone.text.as_str())
        {
            let hint = hint(&tone.text, ["ok", "risk", "bad", "info"]);
            book.mistake(tone.spot, format!("there is no tone `{}`{hint}", tone.text));
        }
        found.push(Choice {
            name: name.text.clone(),
            label: option.label.as_ref().map_or_else(|| label_of(&name.text), |l| l.text.clone()),
            tone: option.tone.as_ref().map(|t| t.text.clone()),
            help: option.help.as_ref().map(|h| h.text.clone()),
        });
    }
    if found.is_empty() {
        book.mistake(
            written.name.spot,
            format!("`{}` has no options; add: option \"name\"", written.name.text),
        );
    }
    found
}

/// Whether a rule exists.
pub(crate) fn rule_name(rule: &Word, known: &Known<'_>, book: &mut Book<'_>) {
    if !known.rules.contains(&rule.text.as_str()) {
        let hint = hint(&rule.text, known.rules.iter().copied());
        book.mistake(rule.spot, format!("there is no rule `{}`{hint}", rule.text));
    }
}

/// Clauses are numbers with dots, perhaps a letter: `8.5.1.3`, `8.6.1-c`, `A.5.1`.
pub(crate) fn clause_form(clause: &Word, book: &mut Book<'_>) {
    let text = clause.text.as_str();
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if text.is_empty() || !text.chars().all(fits) || !text.chars().any(|c| c.is_ascii_digit()) {
        book.mistake(clause.spot, format!("`{text}` is not the number of a clause, such as 8.6.1"));
    }
}

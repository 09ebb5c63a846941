//! Written forms of values: what a form, a file or a JSON document says, what a page shows, what an entry keeps.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use proofdesk_condition::{Decimal, Value};
use serde_json::Value as Json;

use crate::access::Caller;
use crate::change::Stamp;
use crate::field::{Field, Kind};
use crate::record_type::Shape;
use crate::registry::Registry;

/// Longest Markdown text, in characters.
pub const MARKDOWN_MAX: usize = 100_000;
/// First instant that may be stored: year 1.
pub const INSTANT_MIN: i64 = -62_135_596_800_000_000;
/// Last instant that may be stored: end of year 9999.
pub const INSTANT_MAX: i64 = 253_402_300_799_999_999;

/// What an input is read with: the reader's time zone and the declared types.
pub struct Input<'a> {
    /// Zone of times without an offset.
    pub zone: &'a TimeZone,
    /// For references.
    pub registry: &'a Registry,
}

/// Whether a value may stand in a column of a field.
///
/// # Errors
/// A stable code and a sentence.
pub fn fits(field: &Field, column: &str, value: &Value) -> Result<(), (&'static str, String)> {
    let label = &field.label;
    let wrong = |what: &str| Err(("format", format!("{label} takes {what}.")));
    if !value.is_storable() {
        return Err(("range", format!("{label} lies outside what can be stored.")));
    }
    match (&field.kind, value) {
        (_, Value::Null) => Ok(()),
        (Kind::Money, Value::Text(code)) if column != field.name => {
            if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
                Ok(())
            } else {
                wrong("a currency of three capital letters, such as EUR")
            }
        }
        (Kind::Text { max }, Value::Text(t)) => {
            if t.chars().count() > *max {
                return Err(("size", format!("{label} may have at most {max} characters.")));
            }
            if t.chars().any(|c| c.is_control()) {
                return Err(("format", format!("{label} is one line of text, without control characters.")));
            }
            Ok(())
        }
        (Kind::Markdown, Value::Text(t)) => {
            if t.chars().count() > MARKDOWN_MAX {
                return Err(("size", format!("{label} may have at most {MARKDOWN_MAX} characters.")));
            }
            if t.chars().any(|c| c == '\0') {
                return Err(("format", format!("{label} contains a NUL character.")));
            }
            Ok(())
        }
        (Kind::Int { min, max }, Value::Int(n)) => {
            if min.is_some_and(|m| *n < m) || max.is_some_and(|m| *n > m) {
                let low = min.map_or(String::new(), |m| format!(" from {m}"));
                let high = max.map_or(String::new(), |m| format!(" up to {m}"));
                return Err(("range", format!("{label} takes a whole number{low}{high}.")));
            }
            Ok(())
        }
        (Kind::Instant, Value::Instant(t)) => {
            if (INSTANT_MIN..=INSTANT_MAX).contains(t) {
                Ok(())
            } else {
                Err(("range", format!("{label} lies outside the years 1 to 9999.")))
            }
        }
        (Kind::Duration, Value::Duration(d)) => {
            if (0..=INSTANT_MAX).contains(d) {
                Ok(())
            } else {
                Err(("range", format!("{label} is a length of time, not below zero.")))
            }
        }
        (Kind::Choice(_), Value::Text(t)) => option(field, t),
        (Kind::Choices(_), Value::Choices(many)) => many.iter().try_for_each(|t| option(field, t)),
        (Kind::File, Value::Text(t)) if is_attachment_id(t) => Ok(()),
        (Kind::Decimal | Kind::Money, Value::Decimal(_))
        | (Kind::Day, Value::Day(_))
        | (Kind::YesNo, Value::Bool(_))
        | (Kind::Link { .. } | Kind::Person | Kind::Team, Value::Link(_)) => Ok(()),
        (kind, _) => wrong(kind_words(kind)),
    }
}

/// Whether a text is a UUID as attachments have it: 8-4-4-4-12 digits, small letters.
pub fn is_attachment_id(text: &str) -> bool {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let fits = |(i, b): (usize, u8)| if matches!(i, 8 | 13 | 18 | 23) { b == b'-' } else { hex(b) };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

fn option(field: &Field, value: &str) -> Result<(), (&'static str, String)> {
    if field.options().iter().any(|o| o.name == value) {
        return Ok(());
    }
    let names: Vec<&str> = field.options().iter().map(|o| o.name.as_str()).collect();
    Err(("option", format!("{} has no option `{value}`; it has: {}.", field.label, names.join(", "))))
}

fn kind_words(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text { .. } | Kind::Markdown => "text",
        Kind::Int { .. } => "a whole number",
        Kind::File => "the id of an attachment of the record",
        Kind::Decimal | Kind::Money => "a number with at most six places, such as 12.50",
        Kind::Duration => "a length of time, such as 4h or 1d 30m",
        Kind::Instant => "a date and time, such as 2026-11-22 14:30",
        Kind::Day => "a day, such as 2026-11-22",
        Kind::Choice(_) => "one of its options",
        Kind::Choices(_) => "a list of its options",
        Kind::YesNo => "yes or no",
        Kind::Link { .. } | Kind::Links { .. } => "a reference, such as INC-1042",
        Kind::Person => "a person's reference",
        Kind::Team => "a team's reference",
    }
}

/// Reads what a person or a file wrote for a field. Empty text clears the field.
///
/// # Errors
/// A sentence that says which form is expected.
pub fn parse(field: &Field, text: &str, input: &Input<'_>) -> Result<Value, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Value::Null);
    }
    let wrong =
        || format!("{} takes {}; `{}` is not.", field.label, kind_words(&field.kind), shorten(trimmed));
    match &field.kind {
        Kind::Text { .. } => Ok(Value::Text(trimmed.to_owned())),
        Kind::Markdown => Ok(Value::Text(text.replace("\r\n", "\n").trim_end().to_owned())),
        Kind::Int { .. } => trimmed.parse().map(Value::Int).map_err(|_| wrong()),
        Kind::File => {
            let id = trimmed.to_ascii_lowercase();
            if is_attachment_id(&id) { Ok(Value::Text(id)) } else { Err(wrong()) }
        }
        Kind::Decimal | Kind::Money => trimmed.parse::<Decimal>().map(Value::Decimal).map_err(|_| wrong()),
        Kind::Duration => parse_duration(trimmed).map(Value::Duration).ok_or_else(wrong),
        Kind::Instant => parse_instant(trimmed, input.zone).map(Value::Instant).ok_or_else(wrong),
        Kind::Day => parse_day(trimmed).map(Value::Day).ok_or_else(wrong),
        Kind::Choice(_) => Ok(Value::Text(option_name(field, trimmed))),
        Kind::Choices(_) => {
            let mut names: Vec<String> = trimmed
                .split(',')
                .filter(|p| !p.trim().is_empty())
                .map(|p| option_name(field, p.trim()))
                .collect();
            names.sort_unstable();
            names.dedup();
            Ok(Value::Choices(names))
        }
        Kind::YesNo => match trimmed.to_ascii_lowercase().as_str() {
            "yes" | "true" | "1" | "on" => Ok(Value::Bool(true)),
            "no" | "false" | "0" | "off" => Ok(Value::Bool(false)),
            _ => Err(wrong()),
        },
        Kind::Link { .. } | Kind::Links { .. } | Kind::Person | Kind::Team => {
            let to = field.target().unwrap_or_default();
            if let Ok(number) = trimmed.parse::<i64>() {
                return Ok(Value::Link(number));
            }
            // what a chooser wrote: `INC-1042 Title`
            let first = trimmed.split_whitespace().next().unwrap_or_default();
            match input.registry.parse_reference(first) {
                Some(r) if r.record_type == to => Ok(Value::Link(r.number)),
                _ => {
                    let example = input.registry.get(to).map_or("X-1".to_owned(), |t| t.reference(1));
                    Err(format!(
                        "{} takes a reference such as {example}; `{}` is not.",
                        field.label,
                        shorten(trimmed)
                    ))
                }
            }
        }
    }
}

fn option_name(field: &Field, text: &str) -> String {
    let found = field.options().iter().find(|o| o.name == text || o.label.eq_ignore_ascii_case(text));
    found.map_or_else(|| text.to_owned(), |o| o.name.clone())
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

/// Reads `now`, `me`, or a literal of a declaration (defaults and transition sets).
pub fn literal(field: &Field, written: &str, caller: &Caller, stamp: &Stamp) -> Option<Value> {
    match (written, &field.kind) {
        ("now", Kind::Instant) => Some(Value::Instant(stamp.occurred_at)),
        ("now" | "today", Kind::Day) => Some(Value::Day(day_of(stamp.occurred_at))),
        ("me", Kind::Person | Kind::Link { .. }) if field.target() == Some("person") => {
            caller.person.map(Value::Link)
        }
        _ => {
            let registry = Registry::default();
            parse(field, written, &Input { zone: &TimeZone::UTC, registry: &registry }).ok()
        }
    }
}

/// Reads an instant: RFC 3339, or local date and time with a blank or `T`, seconds optional.
pub fn parse_instant(text: &str, zone: &TimeZone) -> Option<i64> {
    if let Ok(t) = text.parse::<Timestamp>() {
        return Some(t.as_microsecond());
    }
    let local: jiff::civil::DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    Some(zone.to_ambiguous_timestamp(local).compatible().ok()?.as_microsecond())
}

/// Reads `YYYY-MM-DD` as days since 1970-01-01.
pub fn parse_day(text: &str) -> Option<i32> {
    let date: Date = text.parse().ok()?;
    let days = Date::new(1970, 1, 1).ok()?.until(date).ok()?.get_days();
    Some(days)
}

/// Writes days since 1970-01-01 as `YYYY-MM-DD`.
pub fn write_day(days: i32) -> String {
    let epoch = Date::constant(1970, 1, 1);
    epoch
        .checked_add(Span::new().try_days(days).unwrap_or_default())
        .map_or_else(|_| days.to_string(), |d| d.to_string())
}

/// The UTC day of an instant.
pub fn day_of(instant: i64) -> i32 {
    i32::try_from(instant.div_euclid(86_400_000_000)).unwrap_or_default()
}

/// Reads `90m`, `4h`, `1d 4h`, `2w` or plain minutes, as microseconds; a day is 24 hours here.
pub fn parse_duration(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut digits = String::new();
    let mut any = false;
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if c.is_whitespace() {
            continue;
        }
        let seconds = match c {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        let n: i64 = digits.parse().ok()?;
        digits.clear();
        any = true;
        total = total.checked_add(n.checked_mul(seconds)?)?;
    }
    if !digits.is_empty() {
        if any {
            return None;
        }
        total = digits.parse::<i64>().ok()?.checked_mul(60)?;
    }
    total.checked_mul(1_000_000)
}

/// Writes microseconds as `1d 4h 30m`; zero is `0m`, seconds only below a minute.
pub fn write_duration(micros: i64) -> String {
    let seconds = micros.abs() / 1_000_000;
    let sign = if micros < 0 { "-" } else { "" };
    if seconds < 60 {
        return if seconds == 0 { "0m".to_owned() } else { format!("{sign}{seconds}s") };
    }
    let parts = [(seconds / 86_400, 'd'), (seconds % 86_400 / 3_600, 'h'), (seconds % 3_600 / 60, 'm')];
    let words: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    format!("{sign}{}", words.join(" "))
}

/// Writes an instant as RFC 3339 in UTC.
pub fn write_instant(micros: i64) -> String {
    Timestamp::from_microsecond(micros).map_or_else(|_| micros.to_string(), |t| t.to_string())
}

/// Writes a value as JSON by the shape of its column: the form of entries and of REST. Links are numbers.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) | Value::Link(n) => Json::from(*n),
        Value::Decimal(d) => Json::String(d.to_string()),
        Value::Text(t) => Json::String(t.clone()),
        Value::Instant(t) => Json::String(write_instant(*t)),
        Value::Duration(d) if d % 1_000_000 == 0 => Json::from(*d / 1_000_000),
        Value::Duration(d) => Json::from(*d as f64 / 1_000_000.0),
        Value::Day(d) => Json::String(write_day(*d)),
        Value::Choices(c) => Json::from(c.clone()),
    }
}

/// Reads what [`to_json`] wrote. Durations are seconds, with a fraction where there is one (exact to the
/// microsecond up to 285 years).
pub fn from_json(shape: Shape, json: &Json) -> Option<Value> {
    Some(match (shape, json) {
        (_, Json::Null) => Value::Null,
        (Shape::Bool, Json::Bool(b)) => Value::Bool(*b),
        (Shape::Int, Json::Number(n)) => Value::Int(n.as_i64()?),
        (Shape::Link, Json::Number(n)) => Value::Link(n.as_i64()?),
        (Shape::Duration, Json::Number(n)) => match n.as_i64() {
            Some(seconds) => Value::Duration(seconds.checked_mul(1_000_000)?),
            None => Value::Duration((n.as_f64()? * 1_000_000.0).round() as i64),
        },
        (Shape::Decimal, Json::String(t)) => Value::Decimal(t.parse().ok()?),
        (Shape::Decimal, Json::Number(n)) => Value::Decimal(n.to_string().parse().ok()?),
        (Shape::Text, Json::String(t)) => Value::Text(t.clone()),
        // a field of kind file held a whole number once
        (Shape::Text, Json::Number(n)) => Value::Text(n.to_string()),
        (Shape::Instant, Json::String(t)) => Value::Instant(parse_instant(t, &TimeZone::UTC)?),
        (Shape::Day, Json::String(t)) => Value::Day(parse_day(t)?),
        (Shape::Choices, Json::Array(items)) => {
            let mut names: Vec<String> =
                items.iter().map(|i| i.as_str().map(str::to_owned)).collect::<Option<_>>()?;
            names.sort_unstable();
            names.dedup();
            Value::Choices(names)
        }
        _ => return None,
    })
}

/// Writes a value for a person: options by label, times in a zone, durations in words. Links show their number;
/// pages write the reference.
pub fn show(field: &Field, value: &Value, zone: &TimeZone) -> String {
    let label = |name: &str| {
        let found = field.options().iter().find(|o| o.name == name);
        found.map_or_else(|| name.to_owned(), |o| o.label.clone())
    };
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => if *b { "Yes" } else { "No" }.to_owned(),
        Value::Int(n) | Value::Link(n) => n.to_string(),
        Value::Decimal(d) => d.to_string(),
        Value::Text(t) => label(t),
        Value::Instant(t) => show_instant(*t, zone),
        Value::Duration(d) => write_duration(*d),
        Value::Day(d) => write_day(*d),
        Value::Choices(c) => c.iter().map(|n| label(n)).collect::<Vec<_>>().join(", "),
    }
}

/// Writes an instant as local date and time, `2026-11-22 14:30`.
pub fn show_instant(micros: i64, zone: &TimeZone) -> String {
    match Timestamp::from_microsecond(micros) {
        Ok(t) => t.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => micros.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{from_json, to_json};
    use crate::record_type::Shape;
    use proofdesk_condition::Value;

    #[test]
    fn what_an_entry_keeps_is_read_back_exactly() {
        let values = [
            (Shape::Duration, Value::Duration(1_000_000)),
            (Shape::Duration, Value::Duration(8_123_456_789_001)),
            (Shape::Duration, Value::Duration(1)),
            (Shape::Instant, Value::Instant(1_772_442_000_123_456)),
            (Shape::Instant, Value::Instant(-1)),
            (Shape::Day, Value::Day(-719_162)),
            (Shape::Decimal, Value::Decimal("-0.000001".parse().unwrap_or_default())),
            (Shape::Choices, Value::Choices(vec!["a".into(), "b".into()])),
            (Shape::Bool, Value::Bool(false)),
            (Shape::Link, Value::Link(7)),
        ];
        for (shape, value) in values {
            assert_eq!(from_json(shape, &to_json(&value)), Some(value));
        }
    }
}

//! What one row says: key, instant, who, and the values of a record after it.
//!
//! Pure; links are names here, and become numbers in `case`.

use std::collections::HashMap;

use jiff::civil;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use proofdesk_model::format::{Input, parse};
use proofdesk_model::{Field, Kind, Record, Registry, Value, places};

use super::mapping::{Column, FieldFrom, Mapping, StateTo};
use super::rows::Row;

/// Years that a history may speak of.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// A link by the name of the other record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named<'a> {
    /// Field of the record.
    pub field: &'a str,
    /// Type of the other record.
    pub to: &'a str,
    /// Whether the field holds many.
    pub many: bool,
    /// Name of the other record; none where the file has none.
    pub name: Option<String>,
    /// Whether it is made when there is none.
    pub create: bool,
}

/// One event.
#[derive(Debug, Clone, Default)]
pub(super) struct Event<'a> {
    pub at: i64,
    pub by: Option<String>,
    pub state: Option<String>,
    pub set: Vec<(&'a str, Value)>,
    pub links: Vec<Named<'a>>,
    pub kept: Vec<(&'a str, Option<String>)>,
}

/// A mapping on the columns of one file.
pub(super) struct Plan<'a> {
    pub mapping: &'a Mapping,
    registry: &'a Registry,
    header: HashMap<&'a str, usize>,
    width: usize,
    columns: Vec<(usize, &'a str, &'a Column)>,
    kept: Vec<(usize, &'a str)>,
    state_fields: Vec<&'a str>,
    case_at: usize,
    time_at: usize,
    by_at: Option<usize>,
}

impl<'a> Plan<'a> {
    /// Lays a mapping on a header that was checked.
    pub fn new(mapping: &'a Mapping, registry: &'a Registry, header: &'a [String]) -> Self {
        let at: HashMap<&str, usize> =
            header.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        let place = |name: &str| at.get(name).copied().unwrap_or(usize::MAX);
        // the state first: what only some states fill is asked after it
        let mut columns: Vec<_> = mapping.columns.iter().map(|(n, c)| (place(n), n.as_str(), c)).collect();
        columns.sort_by_key(|(_, _, column)| !matches!(column, Column::State(_)));
        Self {
            mapping,
            registry,
            width: header.len(),
            columns,
            kept: mapping.kept.iter().map(|name| (place(name), name.as_str())).collect(),
            state_fields: mapping.state_fields(),
            case_at: place(&mapping.case),
            time_at: place(&mapping.time),
            by_at: mapping.by.as_ref().map(|(column, _)| place(column)),
            header: at,
        }
    }

    /// A field without needless blanks; none where it is missing.
    fn value<'r>(&self, row: &'r Row, at: usize) -> Option<std::borrow::Cow<'r, str>> {
        let text = row.field(at).trim();
        if text.is_empty() || self.mapping.missing.iter().any(|m| m == text) {
            return None;
        }
        if self.mapping.collapse_spaces && text.contains("  ") {
            let words: Vec<&str> = text.split(' ').filter(|w| !w.is_empty()).collect();
            return Some(words.join(" ").into());
        }
        Some(text.into())
    }

    /// The key of the record that a row is about.
    ///
    /// # Errors
    /// Why the row cannot be used.
    pub fn key(&self, row: &Row) -> Result<String, String> {
        if row.len() != self.width {
            return Err(format!("it has {} fields, the heading has {}", row.len(), self.width));
        }
        let key = self.value(row, self.case_at);
        let key = key.ok_or_else(|| format!("it has no key: `{}` is empty", self.mapping.case))?;
        if key.chars().count() > 200 {
            return Err("its key is longer than 200 characters".to_owned());
        }
        Ok(key.into_owned())
    }

    /// What a row says of a record in its present state.
    ///
    /// # Errors
    /// Why the row cannot be used.
    pub fn event(&self, row: &Row, current: Option<&Record>) -> Result<Event<'a>, String> {
        let time = self.value(row, self.time_at);
        let time = time.ok_or_else(|| format!("it has no time: `{}` is empty", self.mapping.time))?;
        let at = instant(&time, &self.mapping.dates, &self.mapping.zone)
            .map_err(|reason| format!("{}: {reason}", self.mapping.time))?;
        let mut event = Event { at, ..Event::default() };
        if let (Some(at), Some((_, naming))) = (self.by_at, &self.mapping.by) {
            event.by = self.value(row, at).map(|v| naming.name_of(&v));
        }
        let first = self.mapping.of.initial_state();
        let mut state = current.map_or(first, |r| r.state.as_str()).to_owned();
        for (at, name, column) in &self.columns {
            let value = self.value(row, *at);
            match column {
                Column::Keep => {}
                Column::State(states) => {
                    if let Some(value) = value {
                        self.state(states, &value, name, &mut event)?;
                        state = event.state.clone().unwrap_or(state);
                    }
                }
                Column::Field(from) => {
                    if from.only_in.is_empty() || from.only_in.contains(&state) {
                        self.field(from, value.as_deref(), &mut event).map_err(|r| format!("{name}: {r}"))?;
                    }
                }
            }
        }
        for (at, name) in &self.kept {
            event.kept.push((*name, self.value(row, *at).map(std::borrow::Cow::into_owned)));
        }
        Ok(event)
    }

    fn state(
        &self,
        states: &'a std::collections::BTreeMap<String, StateTo>,
        value: &str,
        column: &str,
        event: &mut Event<'a>,
    ) -> Result<(), String> {
        let to =
            states.get(value).ok_or_else(|| format!("{column}: the mapping has no state for `{value}`"))?;
        let Some(state) = &to.state else { return Ok(()) };
        event.state = Some(state.clone());
        for field in &self.state_fields {
            event.set.push((*field, to.set.get(*field).cloned().unwrap_or(Value::Null)));
        }
        Ok(())
    }

    fn field(&self, from: &'a FieldFrom, value: Option<&str>, event: &mut Event<'a>) -> Result<(), String> {
        let Some(field) = self.mapping.of.field(&from.field) else { return Ok(()) };
        let mapped = match value {
            Some(value) if !from.map.is_empty() => {
                let found = from.map.get(value).or(from.otherwise.as_ref());
                Some(found.ok_or_else(|| format!("the mapping has no value for `{value}`"))?.as_str())
            }
            other => other,
        };
        if let Some(to) = field.target() {
            event.links.push(Named {
                field: &from.field,
                to,
                many: matches!(field.kind, Kind::Links { .. }),
                name: mapped.map(|v| from.naming.name_of(v)),
                create: from.naming.create,
            });
            return Ok(());
        }
        let value = mapped.map_or(Ok(Value::Null), |text| self.read(field, from, text))?;
        event.set.push((&from.field, value));
        Ok(())
    }

    fn read(&self, field: &Field, from: &FieldFrom, text: &str) -> Result<Value, String> {
        let dates = if from.dates.is_empty() { &self.mapping.dates } else { &from.dates };
        match field.kind {
            Kind::Text { .. } => Ok(Value::Text(text.to_owned())),
            Kind::Instant => instant(text, dates, &self.mapping.zone).map(Value::Instant),
            Kind::Day => day(text, dates).map(Value::Day),
            _ => parse(field, text, &Input { zone: &self.mapping.zone, registry: self.registry }),
        }
    }

    /// The values that a record gets when it is created.
    ///
    /// # Errors
    /// A value that its field does not take.
    pub fn fixed(&self, row: &Row) -> Result<Vec<(&'a str, Value)>, String> {
        let mut found = Vec::new();
        for (name, text) in &self.mapping.fixed {
            let Some(field) = self.mapping.of.field(name) else { continue };
            let filled = places::filled(text, |column| {
                let at = self.header.get(column).copied().unwrap_or(usize::MAX);
                self.value(row, at).unwrap_or("–".into()).into_owned()
            });
            let value = parse(field, &filled, &Input { zone: &self.mapping.zone, registry: self.registry })?;
            found.push((name.as_str(), value));
        }
        Ok(found)
    }
}

/// Reads a date and time in the first form that fits, microseconds UTC. A time that a change of the clocks made
/// ambiguous is the earlier one.
fn instant(text: &str, forms: &[String], zone: &TimeZone) -> Result<i64, String> {
    for form in forms {
        let Ok(read) = strtime::parse(form, text) else { continue };
        let stamp = if read.offset().is_some() {
            read.to_timestamp().map_err(|e| e.to_string())?
        } else {
            let local = read.to_datetime().or_else(|_| read.to_date().map(civil::DateTime::from));
            let local = local.map_err(|_| format!("`{text}` is not a date"))?;
            zone.to_ambiguous_timestamp(local).compatible().map_err(|e| e.to_string())?
        };
        let year = stamp.to_zoned(TimeZone::UTC).year();
        if !YEARS.contains(&year) {
            return Err(format!("`{text}` lies in the year {year}; a history is between 1970 and 2199"));
        }
        return Ok(stamp.as_microsecond());
    }
    Err(format!("`{text}` is not a date of the form {}", forms.join(" or ")))
}

fn day(text: &str, forms: &[String]) -> Result<i32, String> {
    for form in forms {
        if let Ok(date) = strtime::parse(form, text).and_then(|read| read.to_date()) {
            return proofdesk_model::format::parse_day(&date.to_string())
                .ok_or_else(|| format!("`{text}` is not a day"));
        }
    }
    Err(format!("`{text}` is not a date of the form {}", forms.join(" or ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
    use jiff::tz::TimeZone;

    use super::instant;

    #[test]
    fn dates_are_read_in_the_stated_form_and_zone() {
        let forms = ["%d/%m/%Y %H:%M".to_owned(), "%Y-%m-%dT%H:%M:%S%:z".to_owned()];
        let rome = TimeZone::get("Europe/Rome").unwrap();
        let read = |text: &str, zone: &TimeZone| instant(text, &forms, zone);
        assert_eq!(read("29/2/2016 01:16", &TimeZone::UTC), Ok(1_456_708_560_000_000));
        assert_eq!(read("29/2/2016 01:16", &rome), Ok(1_456_704_960_000_000));
        assert_eq!(read("2012-10-09T14:50:17+00:00", &rome), Ok(1_349_794_217_000_000));
        // twice there: the earlier; not there: shifted by the gap
        assert_eq!(read("30/10/2016 02:30", &rome), Ok(1_477_787_400_000_000));
        assert_eq!(read("27/3/2016 02:30", &rome), Ok(1_459_042_200_000_000));
    }

    #[test]
    fn absurd_dates_are_refused_with_the_reason() {
        let forms = ["%d/%m/%Y %H:%M".to_owned()];
        for text in
            ["2016-02-29", "31/2/2016 00:00", "1/1/0216 10:00", "1/1/9999 10:00", "29/2/2016 25:00", "x"]
        {
            let reason = instant(text, &forms, &TimeZone::UTC).unwrap_err();
            assert!(reason.contains(text), "{reason}");
        }
    }
}

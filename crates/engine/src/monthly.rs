//! The records that belong to one record, month by month: what its declared charts draw.
//!
//! Not here: the picture (`report`), the page (`web`).
//! Invariant: at most [`MOST`] records are read; where there are more, the oldest are left out and the answer says so.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use proofdesk_condition::Value;
use proofdesk_model::record_type::{Chart, Drawn};
use proofdesk_model::{Action, Caller, Kind, Record, RecordType, format};

use crate::Engine;
use crate::error::Error;
use crate::read::ListRequest;

/// Records that one chart reads, newest first.
pub const MOST: usize = 5_000;

/// A chart with its values.
#[derive(Debug, Clone)]
pub struct Monthly {
    /// Months as `2026-03`, oldest first; the last is the present one.
    pub months: Vec<String>,
    /// Rows of values, one for each month: by option name, by currency, or one under an empty name. A share without
    /// any record in its month is not a number.
    pub rows: Vec<(String, Vec<f64>)>,
    /// Records that were read.
    pub records: usize,
    /// Nothing was left out.
    pub complete: bool,
    /// The condition of the list that has all of them.
    pub filter: String,
}

impl Engine {
    /// What a chart of a record shows, by months of a time zone; none where the caller does not read such records as
    /// staff does.
    ///
    /// # Errors
    /// A fault of the database.
    pub async fn monthly(
        &self,
        caller: &Caller,
        record: &Record,
        chart: &Chart,
        zone: &TimeZone,
    ) -> Result<Option<Monthly>, Error> {
        let of = self.require_type(&chart.from)?;
        if !caller.may(&of, &Action::Read) || !caller.reads_notes(&of) {
            return Ok(None);
        }
        let now = Timestamp::from_microsecond(self.now()).unwrap_or_default().to_zoned(zone.clone());
        let months = months(now.date(), chart.months);
        let Some(first) = months.first().copied() else { return Ok(None) };
        let filter = filter(record, chart, &of, first, zone);
        let (found, complete) = self.drawn(caller, chart, &filter).await?;
        let met = match &chart.drawn {
            Drawn::Share(share) => {
                let both = format!("(\n{filter}\n) && (\n{}\n)", share.source());
                Some(self.drawn(caller, chart, &both).await?.0)
            }
            _ => None,
        };
        let at = |record: &Record| place(record, &chart.on, zone, &months);
        let rows = match (&chart.drawn, &met) {
            (Drawn::Share(_), Some(met)) => vec![(String::new(), shares(&found, met, months.len(), at))],
            (Drawn::Sum(field), _) => sums(&found, field, months.len(), at),
            (Drawn::Count(by), _) => counts(&found, by.as_deref(), &of, months.len(), at),
            (Drawn::Share(_), None) => Vec::new(),
        };
        let months = months.iter().map(|day| format!("{:04}-{:02}", day.year(), day.month())).collect();
        Ok(Some(Monthly { months, rows, records: found.len(), complete, filter }))
    }

    /// The newest records that meet a condition, with what the chart needs of them, and whether these are all.
    async fn drawn(
        &self,
        caller: &Caller,
        chart: &Chart,
        filter: &str,
    ) -> Result<(Vec<Record>, bool), Error> {
        let mut columns = vec![chart.on.clone()];
        match &chart.drawn {
            Drawn::Count(Some(field)) => columns.push(field.clone()),
            Drawn::Sum(field) => {
                let of = self.require_type(&chart.from)?;
                columns.extend(of.field(field).map(|f| f.columns()).unwrap_or_default());
            }
            Drawn::Count(None) | Drawn::Share(_) => {}
        }
        let mut request = ListRequest {
            record_type: chart.from.clone(),
            filter: Some(self.condition(filter, &chart.from)?),
            sort: chart.on.clone(),
            descending: true,
            after: None,
            limit: 500,
        };
        let mut found = Vec::new();
        loop {
            let (page, _) = self.list_shown(caller, &request, columns.clone()).await?;
            found.extend(page.records);
            request.after = page.next;
            if request.after.is_none() || found.len() >= MOST {
                return Ok((found, request.after.is_none()));
            }
        }
    }
}

/// The first days of the months looked back, the present month last.
fn months(today: Date, count: u32) -> Vec<Date> {
    let present = i64::from(today.year()) * 12 + i64::from(today.month()) - 1;
    let first = present - i64::from(count) + 1;
    let day = |index: i64| {
        let year = i16::try_from(index.div_euclid(12)).ok()?;
        let month = i8::try_from(index.rem_euclid(12) + 1).ok()?;
        Date::new(year, month, 1).ok()
    };
    (first..=present).filter_map(day).collect()
}

/// The condition over the other type: those of the record, of the chart, in these months.
fn filter(record: &Record, chart: &Chart, of: &RecordType, first: Date, zone: &TimeZone) -> String {
    let on = &chart.on;
    let is_day = of.field(on).is_some_and(|f| matches!(f.kind, Kind::Day));
    let since = if is_day {
        format!("day(\"{first}\")")
    } else {
        let start = first.to_zoned(zone.clone()).map(|z| z.timestamp().as_microsecond()).unwrap_or_default();
        format!("timestamp(\"{}\")", format::write_instant(start))
    };
    let belongs = chart.through.condition(&record.reference());
    let own = chart.condition.as_ref().map_or(String::new(), |c| format!(" && (\n{}\n)", c.source()));
    format!("{belongs} && {on} != null && {on} >= {since}{own}")
}

/// Which month a record lies in.
fn place(record: &Record, on: &str, zone: &TimeZone, months: &[Date]) -> Option<usize> {
    let day = match record.get(on) {
        Value::Instant(at) => Timestamp::from_microsecond(at).ok()?.to_zoned(zone.clone()).date(),
        Value::Day(day) => format::write_day(day).parse().ok()?,
        _ => return None,
    };
    months.iter().position(|m| (m.year(), m.month()) == (day.year(), day.month()))
}

fn counts(
    found: &[Record],
    by: Option<&str>,
    of: &RecordType,
    months: usize,
    at: impl Fn(&Record) -> Option<usize>,
) -> Vec<(String, Vec<f64>)> {
    let options = by.and_then(|name| of.field(name)).map(|f| f.options()).unwrap_or_default();
    let mut rows: Vec<(String, Vec<f64>)> =
        options.iter().map(|o| (o.name.clone(), vec![0.0; months])).collect();
    // records without the choice, and all where there is none
    rows.push((String::new(), vec![0.0; months]));
    for record in found {
        let name = by.and_then(|name| record.text(name)).unwrap_or_default();
        let row = rows.iter_mut().find(|(option, _)| option == name);
        if let (Some(month), Some((_, values))) = (at(record), row) {
            values[month] += 1.0;
        }
    }
    rows.retain(|(name, values)| (name.is_empty() && by.is_none()) || values.iter().any(|v| *v > 0.0));
    rows
}

fn shares(
    found: &[Record],
    met: &[Record],
    months: usize,
    at: impl Fn(&Record) -> Option<usize>,
) -> Vec<f64> {
    let mut counted = vec![(0.0, 0.0); months];
    for (month, is_met) in found.iter().map(|r| (at(r), false)).chain(met.iter().map(|r| (at(r), true))) {
        if let Some((all, good)) = month.and_then(|m| counted.get_mut(m)) {
            if is_met { *good += 1.0 } else { *all += 1.0 }
        }
    }
    // cut to tenths, so that it never looks better than it is
    let share =
        |(all, good): (f64, f64)| if all > 0.0 { (good / all * 1_000.0).floor() / 10.0 } else { f64::NAN };
    counted.into_iter().map(share).collect()
}

fn sums(
    found: &[Record],
    field: &str,
    months: usize,
    at: impl Fn(&Record) -> Option<usize>,
) -> Vec<(String, Vec<f64>)> {
    let mut rows: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for record in found {
        let Some(month) = at(record) else { continue };
        let amount = match record.get(field) {
            Value::Decimal(d) => d.scaled() as f64 / 1_000_000.0,
            Value::Int(n) => n as f64,
            // in hours
            Value::Duration(length) => length as f64 / 3_600_000_000.0,
            _ => continue,
        };
        let currency = record.text(&format!("{field}_currency")).unwrap_or_default().to_owned();
        rows.entry(currency).or_insert_with(|| vec![0.0; months])[month] += amount;
    }
    rows.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::months;

    #[test]
    fn months_end_with_the_present_one_over_the_turn_of_a_year() {
        let found: Vec<String> = months(date(2026, 2, 28), 3).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["2025-12-01", "2026-01-01", "2026-02-01"]);
        assert_eq!(months(date(2026, 12, 1), 12).len(), 12);
    }
}

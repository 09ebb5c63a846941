//! Measured values of a record over time, against their target; one chart a figure.
//!
//! Any type whose declaration has a `value`, a `target_value` and the day `period_to` is one of measured values; every
//! record that such a type links to shows them. No type is named here.

use std::collections::BTreeMap;

use maud::{Markup, html};
use proofdesk_engine::{Action, ListRequest, Record, Reference};
use proofdesk_model::{Kind, RecordType, Value, format};
use proofdesk_report::chart::{Caption, Lines, Series, Tone};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::slug;
use crate::pages::record::Loaded;
use crate::session::Visit;

const VALUE: &str = "value";
const TARGET: &str = "target_value";
const UNTIL: &str = "period_to";
const UNIT: &str = "unit";
/// Values that are read, newest first.
const MOST: usize = 120;
/// Charts of a page.
const CHARTS: usize = 4;

/// Whether records of a type are measured values.
fn is_measured(of: &RecordType) -> bool {
    let kind = |name: &str| of.field(name).map(|f| &f.kind);
    matches!(kind(VALUE), Some(Kind::Decimal))
        && matches!(kind(TARGET), Some(Kind::Decimal))
        && matches!(kind(UNTIL), Some(Kind::Day))
}

/// The charts of a record's measured values; empty markup where nothing was measured or may be read.
///
/// # Errors
/// A fault of the database.
pub async fn all(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let record = &loaded.record;
    let mut drawn = Vec::new();
    for (name, inverse) in &record.of.inverses {
        let Some(of) = visit.registry().get(&inverse.from).filter(|of| is_measured(of)) else { continue };
        let any = record.links.get(name).is_some_and(|found| !found.is_empty());
        if !any || !visit.caller.may(of, &Action::Read) {
            continue;
        }
        let reference = record.reference();
        let filter = if inverse.many {
            format!("{}.exists(r, r == '{reference}')", inverse.field)
        } else {
            format!("{} == '{reference}'", inverse.field)
        };
        let found = read(visit, of, &filter).await?;
        let series = series(&found);
        let titles = titles(visit, &series).await?;
        let list = format!("/{}?filter={}", slug(of), escape_query(&filter));
        for one in series.iter().take(CHARTS) {
            let title = one.of.as_ref().and_then(|r| titles.get(r).cloned());
            drawn.push(chart(&title.unwrap_or_else(|| one.name.clone()), one, record, &list));
        }
    }
    Ok(html! {
        @if !drawn.is_empty() { div class=(if drawn.len() > 1 { "grid-2" } else { "stack" }) { @for chart in &drawn { (chart) } } }
    })
}

/// Measured values of one figure, oldest first.
struct Measured<'a> {
    /// The record that says what is measured, where the values name one.
    of: Option<Reference>,
    /// Name of the newest value.
    name: String,
    values: Vec<&'a Record>,
}

async fn read(visit: &Visit, of: &RecordType, filter: &str) -> Result<Vec<Record>, WebError> {
    let request = ListRequest {
        record_type: of.name.clone(),
        filter: Some(visit.engine().condition(filter, &of.name)?),
        sort: UNTIL.to_owned(),
        descending: true,
        after: None,
        limit: MOST,
    };
    let mut found = visit.engine().list(&visit.caller, &request).await?.records;
    // a value in a state beside the main line was withdrawn
    found.retain(|r| r.of.state(&r.state).is_some_and(|s| !s.aside) && number(&r.get(VALUE)).is_some());
    found.reverse();
    Ok(found)
}

/// Values by figure: by the metric that they link to, else by their name without digits (a month, a year).
fn series(found: &[Record]) -> Vec<Measured<'_>> {
    let mut by: BTreeMap<String, Measured<'_>> = BTreeMap::new();
    for record in found {
        let metric = record.of.fields.values().find_map(|f| match (&f.kind, record.get(&f.name)) {
            (Kind::Link { to, .. }, Value::Link(number)) if f.name == "metric" => {
                Some(Reference::new(to.clone(), number))
            }
            _ => None,
        });
        let plain = || {
            let name: String = record.title().chars().filter(|c| !c.is_ascii_digit()).collect();
            format!("{} {}", name.trim(), record.text(UNIT).unwrap_or_default())
        };
        let key = metric.as_ref().map_or_else(plain, |m| format!("#{}", m.number));
        let one =
            by.entry(key).or_insert_with(|| Measured { of: metric, name: String::new(), values: Vec::new() });
        record.title().clone_into(&mut one.name);
        one.values.push(record);
    }
    let mut all: Vec<Measured<'_>> = by.into_values().collect();
    all.sort_by_key(|m| std::cmp::Reverse(m.values.len()));
    all
}

async fn titles(
    visit: &Visit,
    series: &[Measured<'_>],
) -> Result<std::collections::HashMap<Reference, String>, WebError> {
    let wanted: Vec<Reference> = series.iter().filter_map(|m| m.of.clone()).collect();
    Ok(visit.engine().titles_of(&visit.caller, &wanted).await?)
}

/// A decimal as a number that a chart can draw.
fn number(value: &Value) -> Option<f64> {
    let Value::Decimal(decimal) = value else { return None };
    let millionths = decimal.scaled();
    let whole = i32::try_from(millionths / 1_000_000).ok()?;
    let rest = i32::try_from(millionths % 1_000_000).ok()?;
    Some(f64::from(whole) + f64::from(rest) / 1_000_000.0)
}

fn day(record: &Record) -> String {
    match record.get(UNTIL) {
        Value::Day(day) => format::write_day(day),
        _ => String::new(),
    }
}

fn chart(title: &str, measured: &Measured<'_>, owner: &Record, list: &str) -> Markup {
    let Some(newest) = measured.values.last() else { return html! {} };
    let unit = newest.text(UNIT).unwrap_or_default();
    let goal = number(&newest.get(TARGET)).or_else(|| number(&owner.get("target")));
    let last = number(&newest.get(VALUE)).unwrap_or_default();
    let says = match goal {
        Some(goal) => format!("Last value {last} {unit} on {}; the target is {goal}.", day(newest)),
        None => format!("Last value {last} {unit} on {}; there is no target.", day(newest)),
    };
    let labels: Vec<String> = measured.values.iter().map(|r| day(r)).collect();
    let values = measured.values.iter().map(|r| number(&r.get(VALUE)).unwrap_or(f64::NAN)).collect();
    let caption =
        Caption::new(title, &says, "end of the period", if unit.is_empty() { "value" } else { unit });
    let lines = Lines {
        caption,
        labels,
        series: vec![Series::new("value", Tone::Accent, values)],
        target: goal.map(|goal| (goal, format!("target {goal}"))),
    };
    html! {
        section.card { div.body.stack {
            @if measured.values.len() > 1 { (lines.fitting_near()) } @else { h2 { (title) } }
            p.small.muted { (says) }
            details.small { summary { (measured.values.len()) @if measured.values.len() == 1 { " value" } @else { " values" } span.sr { " of " (title) } }
                div.scroll { table.targets { thead { tr { th scope="col" { "Until" } th scope="col" { "Value" } th scope="col" { "Target" } } }
                    tbody { @for record in measured.values.iter().rev().take(24) { tr {
                        td { a href={ "/" (slug(&record.of)) "/" (record.reference()) } { (day(record)) } }
                        td.num { (number(&record.get(VALUE)).unwrap_or_default()) }
                        td.num { @if let Some(goal) = number(&record.get(TARGET)) { (goal) } }
                    } } } } }
                a.link href=(list) { "List all" span.sr { " values of " (title) } }
            }
        } }
    }
}

#[cfg(test)]
mod tests {
    use proofdesk_model::{Decimal, Value};

    use super::number;

    #[test]
    fn a_decimal_is_drawn_where_it_stands() {
        for (value, drawn) in [
            (Value::Decimal(Decimal::from_scaled(99_500_000)), Some(99.5)),
            (Value::Decimal(Decimal::from_scaled(-250_000)), Some(-0.25)),
            (Value::Null, None),
        ] {
            assert_eq!(number(&value), drawn);
        }
    }
}

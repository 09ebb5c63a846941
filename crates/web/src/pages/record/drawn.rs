//! The declared charts of a record, month by month, each with its table; and the card of what belongs to it now.
//!
//! Everything comes from `chart` and `collect` of the declaration; no type is named here.

use futures_util::future::join_all;
use maud::{Markup, html};
use proofdesk_engine::gather::own;
use proofdesk_engine::{Action, Monthly};
use proofdesk_model::RecordType;
use proofdesk_model::record_type::{Chart, Drawn};
use proofdesk_report::chart::{Caption, Histogram, Lines, Series, Tone};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::{count_words, slug};
use crate::pages::record::Loaded;
use crate::parts::empty::empty;
use crate::session::Visit;

/// Tones of series that have none of their own.
const TONES: [Tone; 4] = [Tone::Accent, Tone::Info, Tone::Idle, Tone::Ok];

/// The tab with the charts.
///
/// # Errors
/// A fault of the database.
pub async fn tab(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let charts = &loaded.record.of.charts;
    let asked =
        charts.iter().map(|chart| visit.engine().monthly(&visit.caller, &loaded.record, chart, visit.zone()));
    let mut drawn = Vec::new();
    for (chart, found) in charts.iter().zip(join_all(asked).await) {
        if let (Some(found), Some(of)) = (found?, visit.registry().get(&chart.from)) {
            drawn.push(card(chart, &found, of));
        }
    }
    Ok(html! {
        @if drawn.is_empty() { (empty("Nothing is drawn here that you may read.", &html! {})) }
        @for one in &drawn { (one) }
    })
}

fn card(chart: &Chart, found: &Monthly, of: &RecordType) -> Markup {
    let list = format!("/{}?filter={}", slug(of), escape_query(&found.filter));
    let says = sentence(chart, found, of);
    html! {
        section.card id={ "chart-" (chart.name) } { div.body.stack {
            @if found.records == 0 { h2 { (chart.label) } } @else { (picture(chart, found, of, &says)) }
            p.small.muted { (says) @if let Some(clause) = &chart.clause { " " span.key.faint { (clause) } } }
            @if found.records > 0 {
                details.small { summary { "The numbers" span.sr { " of " (chart.label) } } (table(found, chart, of)) }
                a.small.link href=(list) { "List all" span.sr { " of " (chart.label) } }
            }
        } }
    }
}

/// What a chart says, for those who do not see it.
fn sentence(chart: &Chart, found: &Monthly, of: &RecordType) -> String {
    let months = found.months.len();
    let plural = of.plural.to_lowercase();
    if found.records == 0 {
        return format!("No {plural} in the last {months} months.");
    }
    let cut = if found.complete { "" } else { " Only the newest of them are drawn." };
    let last = |values: &[f64]| {
        let held = values.iter().zip(&found.months).rev().find(|(v, _)| v.is_finite());
        held.map(|(v, month)| (*v, month.clone()))
    };
    let values = found.rows.first().map(|(_, values)| values.as_slice()).unwrap_or_default();
    let text = match &chart.drawn {
        Drawn::Count(_) => format!("{} {plural} in the last {months} months.", found.records),
        Drawn::Share(_) => match last(values) {
            Some((share, month)) => {
                format!("{share} % in {month}; of {} {plural} in {months} months.", found.records)
            }
            None => String::new(),
        },
        Drawn::Sum(_) => {
            let total = |(name, values): &(String, Vec<f64>)| {
                format!("{:.2} {}", values.iter().sum::<f64>(), unit(chart, name, of)).trim().to_owned()
            };
            let totals: Vec<String> = found.rows.iter().map(total).collect();
            format!("{} in {months} months, out of {} {plural}.", totals.join(" and "), found.records)
        }
    };
    format!("{text}{cut}")
}

/// What the values of a row are counted in.
fn unit(chart: &Chart, row: &str, of: &RecordType) -> String {
    match &chart.drawn {
        Drawn::Share(_) => "%".to_owned(),
        Drawn::Count(_) => of.plural.to_lowercase(),
        Drawn::Sum(field) => match of.field(field).map(|f| &f.kind) {
            Some(proofdesk_model::Kind::Duration) => "hours".to_owned(),
            _ => row.to_owned(),
        },
    }
}

/// The name and the tone of a row.
fn row_of(chart: &Chart, of: &RecordType, index: usize, name: &str) -> (String, Tone) {
    let plain = TONES.get(index).copied().unwrap_or(Tone::Idle);
    let Drawn::Count(Some(by)) = &chart.drawn else {
        return (if name.is_empty() { chart.label.clone() } else { name.to_owned() }, plain);
    };
    let option = of.field(by).and_then(|f| f.options().iter().find(|o| o.name == name));
    let tone = option.and_then(|o| o.tone.as_deref()).map_or(plain, |tone| match tone {
        "ok" => Tone::Ok,
        "risk" => Tone::Risk,
        "bad" => Tone::Bad,
        "info" => Tone::Info,
        _ => Tone::Idle,
    });
    option.map_or_else(|| ("not said".to_owned(), Tone::Idle), |o| (o.label.clone(), tone))
}

fn picture(chart: &Chart, found: &Monthly, of: &RecordType, says: &str) -> Markup {
    let series: Vec<Series> = found
        .rows
        .iter()
        .enumerate()
        .map(|(i, (name, values))| {
            let (name, tone) = row_of(chart, of, i, name);
            Series::new(&name, tone, values.clone())
        })
        .collect();
    let first = found.rows.first().map_or("", |(name, _)| name.as_str());
    let caption = Caption::new(&chart.label, says, "month", &unit(chart, first, of));
    let labels = found.months.clone();
    match &chart.drawn {
        Drawn::Share(_) => Lines { caption, labels, series, target: None }.fitting_near(),
        Drawn::Count(_) | Drawn::Sum(_) => Histogram { caption, labels, series }.fitting(),
    }
}

fn table(found: &Monthly, chart: &Chart, of: &RecordType) -> Markup {
    let written = |value: f64| {
        if !value.is_finite() {
            "none".to_owned()
        } else if matches!(chart.drawn, Drawn::Sum(_)) {
            format!("{value:.2}")
        } else {
            value.to_string()
        }
    };
    html! {
        div.scroll { table.targets {
            thead { tr { th scope="col" { "Month" } @for (i, (name, _)) in found.rows.iter().enumerate() { th scope="col" { (row_of(chart, of, i, name).0) } } } }
            tbody { @for (month, label) in found.months.iter().enumerate().rev() { tr {
                th scope="row" { (label) }
                @for (_, values) in &found.rows { td.num { (values.get(month).map_or(String::new(), |v| written(*v))) } }
            } } }
        } }
    }
}

/// What belongs to a record now: the collections that lead to it by a link, with how many there are.
///
/// # Errors
/// A fault of the database.
pub async fn belongs(visit: &Visit, loaded: &Loaded) -> Result<Markup, WebError> {
    let record = &loaded.record;
    let engine = visit.engine();
    let mut asked = Vec::new();
    for collection in record.of.collections.iter().filter(|c| c.through.is_some() && c.on.is_none()) {
        let of = visit.registry().get(&collection.from).filter(|of| visit.caller.may(of, &Action::Read));
        let Some(of) = of.filter(|of| visit.caller.reads_notes(of)) else { continue };
        asked.push((collection, of, own(record, collection)));
    }
    if asked.is_empty() {
        return Ok(html! {});
    }
    let counts = join_all(asked.iter().map(|(_, of, filter)| async move {
        let condition = engine.condition(filter, &of.name)?;
        engine.count(&visit.caller, &of.name, Some(&condition), Some(1_000)).await
    }));
    let counts = counts.await.into_iter().collect::<Result<Vec<u64>, _>>()?;
    Ok(html! {
        section.card {
            header {
                h2 { "What belongs to it" }
                div.row.small {
                    @if !record.of.charts.is_empty() { a.muted href={ (loaded.address) "?tab=charts" } { "Charts" } }
                    a.muted href={ (loaded.address) "?tab=gathered" } { "The newest of each" }
                }
            }
            div.body { div.grid-3.small {
                @for ((collection, of, filter), count) in asked.iter().zip(&counts) {
                    div.row.between {
                        span { (collection.label) @if let Some(clause) = &collection.clause { " " span.key.faint { (clause) } } }
                        @if *count == 0 { span.faint { "none" } }
                        @else { a.num href={ "/" (slug(of)) "?filter=" (escape_query(filter)) } { (count_words(*count)) span.sr { " " (collection.label) } } }
                    }
                }
            } }
        }
    })
}

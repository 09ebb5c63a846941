//! What else a request says, for who approves it: every public field that its form has and that is filled, such as the place,
//! for whom it is, the customer and the file.
//!
//! Not here: what the page of a request shows to everybody (`request`). A field that is not public is for staff: whoever
//! approves in the portal or by a mail is not told of it, whatever his roles are. Source: ISO/IEC 20000-1:2018, 8.6.2.

use maud::{Markup, html};
use proofdesk_engine::{Audience, Caller, Record, Reference};
use proofdesk_model::{Field, Kind, Value, format};

use crate::error::WebError;

use super::{Client, request};

/// Fields that the page of an approval shows in another way: in its heading, as who asks, among the facts, as texts.
const ELSEWHERE: [&str; 12] = [
    "title",
    "description",
    "answers",
    "resolution",
    "requested_by",
    "reported_at",
    "service",
    "model",
    "priority",
    "hold_reason",
    "approval_note",
    "satisfaction",
];

/// The rest of the form, a line each; nothing where nothing of it is filled.
///
/// # Errors
/// A fault of the database.
pub async fn rest(client: &Client, record: &Record) -> Result<Markup, WebError> {
    let of = &record.of;
    let is_rest = |field: &&Field| {
        field.public && !field.hidden && field.is_entered() && !ELSEWHERE.contains(&field.name.as_str())
    };
    let mut rows = Vec::new();
    for field in of.fields.values().filter(is_rest).filter(|field| client.visit.caller.sees(of, &field.name))
    {
        if let Some(written) = written(client, record, field).await?.filter(|written| !written.is_empty()) {
            rows.push((client.words.field(of, &field.name), written));
        }
    }
    Ok(html! {
        @if !rows.is_empty() {
            dl.facts { @for (label, written) in rows { dt { (label) } dd.lines { (written) } } }
        }
    })
}

/// A value as the reader writes it; none where there is none.
async fn written(client: &Client, record: &Record, field: &Field) -> Result<Option<String>, WebError> {
    let (of, name) = (&record.of, field.name.as_str());
    if let (Some(to), Kind::Links { .. }) = (field.target(), &field.kind) {
        let others: Vec<Reference> =
            record.links.get(name).into_iter().flatten().filter(|o| o.record_type == to).cloned().collect();
        return titles(client, field, &others).await.map(Some);
    }
    let value = record.get(name);
    Ok(match (&field.kind, &value) {
        (_, Value::Null) => None,
        (Kind::Choice(_), _) => client.words.option(record, name),
        (Kind::Choices(options), Value::Choices(chosen)) => {
            let chosen = options.iter().filter(|option| chosen.contains(&option.name));
            let labels: Vec<String> = chosen.map(|o| client.words.option_of(of, name, o)).collect();
            Some(labels.join(", "))
        }
        (_, Value::Bool(yes)) => Some(client.say(if *yes { "form-yes" } else { "form-no" })),
        (_, Value::Instant(at)) => Some(client.at(*at)),
        (_, Value::Day(day)) => {
            Some(client.words.day(i64::from(*day) * 86_400_000_000, &jiff::tz::TimeZone::UTC))
        }
        (_, Value::Int(_) | Value::Decimal(_)) => {
            let number = client.words.number(&format::show(field, &value, &client.visit.zone));
            let currency = format!("{name}_currency");
            let currency = record.text(&currency).filter(|_| matches!(field.kind, Kind::Money));
            Some(currency.map_or_else(|| number.clone(), |currency| format!("{number} {currency}")))
        }
        (Kind::File, Value::Text(id)) => file(client, record, id).await?,
        (_, Value::Link(number)) => match field.target() {
            Some(to) => Some(titles(client, field, &[Reference::new(to, *number)]).await?),
            None => None,
        },
        _ => Some(format::show(field, &value, &client.visit.zone)),
    })
}

/// What records are called. Who is asked learns for whom it is: people are named, though he may not look them up. What else he
/// may not read has no name for him, and its reference would tell him nothing.
async fn titles(client: &Client, field: &Field, of: &[Reference]) -> Result<String, WebError> {
    let program = Caller::system("Portal");
    let reader = if matches!(field.kind, Kind::Person) { &program } else { &client.visit.caller };
    let titles = client.visit.engine().titles_of(reader, of).await?;
    let named: Vec<String> = of.iter().filter_map(|one| request::name_of(client, &titles, one)).collect();
    Ok(named.join(", "))
}

/// The name of a file that is for customers, too.
async fn file(client: &Client, record: &Record, id: &str) -> Result<Option<String>, WebError> {
    let reference = Reference::new(record.of.name.clone(), record.number);
    let files = client.visit.engine().attachments(&client.visit.caller, &reference).await?;
    let own = files.into_iter().find(|file| file.audience == Audience::Customer && file.id == id);
    Ok(own.map(|file| file.name))
}

//! The rows of a list: key, title with a second line, tags, the owner and the clock, as the declaration's list says.

use maud::{Markup, html};
use proofdesk_engine::is_sortable;
use proofdesk_model::{ClockSpec, Field, Kind, ListColumn, Record, RecordType, Reference, Value};

use crate::menu::slug;
use crate::pages::list::Settled;
use crate::parts::value::Eyes;
use crate::parts::{clock, person, tag, time};

/// The declared columns that the rows of a list are made of.
pub fn columns(of: &RecordType, shown: &[ListColumn]) -> Vec<String> {
    let mut found = vec![of.title_field().to_owned()];
    for column in shown {
        match shape(of, column) {
            Shape::Clock(clock) => {
                let parts = ["state", "due_at", "at_risk_at", "breached_at", "elapsed", "target"];
                for clock in std::iter::once(clock).chain(held(of)) {
                    found.extend(parts.iter().map(|part| format!("{}_{part}", clock.name)));
                }
                found.extend(held(of).map(|clock| format!("{}_holder", clock.name)));
                found.extend(Some(clock.start.clone()).filter(|start| !start.is_empty()));
            }
            Shape::Plain(Some(field)) => found.extend(field.columns()),
            _ => found.push(column.field.clone()),
        }
    }
    found
}

/// The clocks of teams and suppliers, which stand under the customer's.
fn held(of: &RecordType) -> impl Iterator<Item = &ClockSpec> {
    of.clocks.iter().filter(|c| c.holder.is_some())
}

/// How a column is shown.
enum Shape<'a> {
    /// The reference and the title with its second line are always there.
    Fixed,
    /// In the second line under the title.
    Below,
    /// A clock with its bar.
    Clock(&'a ClockSpec),
    /// A person as initials.
    Person(&'a Field),
    /// Anything else.
    Plain(Option<&'a Field>),
}

fn shape<'a>(of: &'a RecordType, column: &ListColumn) -> Shape<'a> {
    let name = column.field.as_str();
    if name == "number" || name == of.title_field() {
        return Shape::Fixed;
    }
    if let Some(clock) = of.clocks.iter().find(|c| name == format!("{}_due_at", c.name)) {
        return Shape::Clock(clock);
    }
    match of.field(name) {
        None if name == "state" => Shape::Below,
        Some(field) => match field.kind {
            Kind::Person => Shape::Person(field),
            Kind::Link { .. } | Kind::Team => Shape::Below,
            _ => Shape::Plain(Some(field)),
        },
        None => Shape::Plain(None),
    }
}

/// On narrow screens the key, the title and the clock are left: what one acts on.
fn is_spare(column: &ListColumn, shape: &Shape<'_>) -> bool {
    column.spare || !matches!(shape, Shape::Clock(_))
}

/// The table of a list; the first row is the selected one.
pub fn table(list: &Settled, records: &[Record], eyes: &Eyes<'_>) -> Markup {
    let of = &list.of;
    let columns: Vec<(&ListColumn, Shape<'_>)> = list
        .columns
        .iter()
        .map(|c| (c, shape(of, c)))
        .filter(|(_, s)| !matches!(s, Shape::Fixed | Shape::Below))
        .collect();
    html! {
        table.list data-list {
            thead { tr {
                (head(list, "number", "Key", false))
                (head(list, of.title_field(), of.field(of.title_field()).map_or("Title", |f| &f.label), false))
                @for (column, shape) in &columns { (head(list, &column.field, &label(of, column, shape), is_spare(column, shape))) }
            } }
            tbody {
                @for (i, record) in records.iter().enumerate() { (row(list, record, &columns, eyes, i == 0)) }
            }
        }
    }
}

fn label(of: &RecordType, column: &ListColumn, shape: &Shape<'_>) -> String {
    match shape {
        Shape::Clock(clock) => format!("{} by", clock.label),
        _ => of.field(&column.field).map_or_else(
            || {
                let mut words = column.field.replace('_', " ");
                if let Some(first) = words.get_mut(0..1) {
                    first.make_ascii_uppercase();
                }
                words
            },
            |f| f.label.clone(),
        ),
    }
}

fn head(list: &Settled, column: &str, label: &str, spare: bool) -> Markup {
    let current = list.sort == column;
    let turn = if current && !list.descending { "down" } else { "up" };
    let sorted = current.then_some(if list.descending { "descending" } else { "ascending" });
    html! {
        th scope="col" class=[spare.then_some("spare")] aria-sort=[sorted] {
            @if is_sortable(&list.of, column) {
                a href=(list.address(&[("sort", Some(column)), ("order", Some(turn))])) { (label) @if current { (if list.descending { " ↓" } else { " ↑" }) } }
            } @else { (label) }
        }
    }
}

fn row(
    list: &Settled,
    record: &Record,
    columns: &[(&ListColumn, Shape<'_>)],
    eyes: &Eyes<'_>,
    selected: bool,
) -> Markup {
    let name = record.reference();
    let open = format!("/{}/{name}", slug(&list.of));
    html! {
        tr id={ "row-" (name) } aria-selected=(selected) data-open=(open) data-preview={ (open) "/preview" } {
            td { a.key href=(open) { (name) } }
            td.grow { a href=(open) { (record.title()) } br; span.small.faint { (second_line(list, record, eyes)) } }
            @for (column, shape) in columns {
                td class=[is_spare(column, shape).then_some("spare")] { (cell(record, column, shape, eyes)) }
            }
        }
    }
}

/// What stands under the title: linked records by title, then the state.
fn second_line(list: &Settled, record: &Record, eyes: &Eyes<'_>) -> String {
    let of = &list.of;
    let mut words: Vec<String> = Vec::new();
    for column in list.columns.iter().filter(|c| matches!(shape(of, c), Shape::Below) && c.field != "state") {
        if let (Some(field), Value::Link(number)) = (of.field(&column.field), record.get(&column.field)) {
            words.push(eyes.title(&Reference::new(field.target().unwrap_or_default(), number)));
        }
    }
    if !of.states.is_empty() {
        words.push(tag::state_label(of, &record.state));
    }
    words.join(" · ")
}

fn cell(record: &Record, column: &ListColumn, shape: &Shape<'_>, eyes: &Eyes<'_>) -> Markup {
    match shape {
        Shape::Clock(spec) => html! {
            (clock::clock(record, spec, eyes.now))
            @if spec.holder.is_none() {
                @for held in held(&record.of) {
                    @if let Some(words) = clock::held(record, held, eyes.now) { br; span.small.faint { (words) } }
                }
            }
        },
        Shape::Person(field) => match record.get(&field.name) {
            Value::Link(number) => person::avatar(&eyes.title(&Reference::new("person", number))),
            _ => html! { span.faint.small { "nobody" } },
        },
        Shape::Plain(Some(field)) => match (&field.kind, record.get(&field.name)) {
            (Kind::Choice(options), Value::Text(name)) => {
                html! { @if let Some(option) = options.iter().find(|o| o.name == name) { (tag::option_tag(option)) } }
            }
            (Kind::Markdown, _) => html! {},
            _ => html! { span.small.num { (eyes.field(record, field)) } },
        },
        Shape::Plain(None) => match record.get(&column.field) {
            Value::Instant(at) => html! { span.small.num { (time::ago(at, eyes.now, eyes.zone)) } },
            Value::Int(n) => html! { span.num { (n) } },
            Value::Text(text) => html! { (text) },
            Value::Link(number) => html! { (eyes.title(&Reference::new("person", number))) },
            _ => html! {},
        },
        Shape::Fixed | Shape::Below => html! {},
    }
}

//! The value tables of a type as matrices above its list: its own scales as rows and columns, in each cell what the
//! table gives and how many records of the view stand there. A declared table is enough; no type is named here.

use futures_util::future::join_all;
use maud::{Markup, html};
use proofdesk_model::{Choice, Computed, Field, RecordType};

use crate::error::WebError;
use crate::layout::escape_query;
use crate::menu::count_words;
use crate::pages::list::Settled;
use crate::session::Visit;

/// Counting of a cell stops here.
const MOST: usize = 1_000;
/// Lists of this family can be long and are watched all day: their matrices are shown at a word.
const LONG: &str = "work";

/// A value table of a type.
struct Table<'a> {
    result: &'a Field,
    rows: &'a Field,
    columns: &'a Field,
    cells: &'a [(String, Vec<String>)],
}

fn tables(of: &RecordType) -> Vec<Table<'_>> {
    let shown = of.fields.values().filter(|f| !f.hidden && !f.retired);
    let found = shown.filter_map(|result| match &result.computed {
        Some(Computed::Table { row_field, column_field, rows, .. }) => {
            Some(Table { result, rows: of.field(row_field)?, columns: of.field(column_field)?, cells: rows })
        }
        _ => None,
    });
    found.collect()
}

/// The tables that the visitor sees in full.
fn seen<'a>(visit: &Visit, list: &'a Settled) -> Vec<Table<'a>> {
    let sees = |field: &Field| visit.caller.sees(&list.of, &field.name);
    let mut found = if list.mistakes.is_empty() { tables(&list.of) } else { Vec::new() };
    found.retain(|t| sees(t.result) && sees(t.rows) && sees(t.columns));
    found
}

fn is_at_a_word(list: &Settled) -> bool {
    list.of.family == LONG && list.asked.matrix.is_none()
}

/// The link that asks for the matrices of a long list, to stand beside its filter; empty markup where there is nothing
/// to ask for.
pub fn link(visit: &Visit, list: &Settled) -> Markup {
    if !is_at_a_word(list) || seen(visit, list).is_empty() {
        return html! {};
    }
    html! { a.muted.small href=(list.address(&[("matrix", Some("yes"))])) { "Show as a matrix" } }
}

/// The matrices of a list; empty markup where the type has no table or they are not asked for.
///
/// # Errors
/// A fault of the database.
pub async fn all(visit: &Visit, list: &Settled) -> Result<Markup, WebError> {
    let found = if is_at_a_word(list) { Vec::new() } else { seen(visit, list) };
    if found.is_empty() {
        return Ok(html! {});
    }
    let drawn = join_all(found.iter().map(|table| one(visit, list, table))).await;
    let drawn = drawn.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(html! { div.matrices { @for matrix in &drawn { (matrix) } } })
}

/// The condition of the view and one more.
fn within(list: &Settled, more: &str) -> String {
    if list.source.is_empty() { more.to_owned() } else { format!("({}) && {more}", list.source) }
}

async fn count(visit: &Visit, list: &Settled, filter: &str) -> Result<u64, WebError> {
    let condition = visit.engine().condition(filter, &list.of.name)?;
    Ok(visit.engine().count(&visit.caller, &list.of.name, Some(&condition), Some(MOST)).await?)
}

/// One cell: what the table gives, how many records, and the list of them.
struct Cell<'a> {
    gives: Option<&'a Choice>,
    count: u64,
    address: String,
}

async fn cell<'a>(
    visit: &Visit,
    list: &Settled,
    table: &Table<'a>,
    row: &Choice,
    column: usize,
) -> Result<Cell<'a>, WebError> {
    let options = table.columns.options();
    let name = options.get(column).map_or("", |o| o.name.as_str());
    let filter =
        within(list, &format!("{} == '{}' && {} == '{name}'", table.rows.name, row.name, table.columns.name));
    let given = table.cells.iter().find(|(r, _)| *r == row.name).and_then(|(_, cells)| cells.get(column));
    let gives = given.and_then(|g| table.result.options().iter().find(|o| o.name == *g));
    let count = count(visit, list, &filter).await?;
    Ok(Cell { gives, count, address: format!("{}?filter={}", list.base, escape_query(&filter)) })
}

async fn one(visit: &Visit, list: &Settled, table: &Table<'_>) -> Result<Markup, WebError> {
    let mut rows = Vec::new();
    for row in table.rows.options() {
        let cells = (0..table.columns.options().len()).map(|c| cell(visit, list, table, row, c));
        rows.push((row, join_all(cells).await.into_iter().collect::<Result<Vec<_>, _>>()?));
    }
    let missing = within(list, &format!("({} == null || {} == null)", table.rows.name, table.columns.name));
    let unrated = count(visit, list, &missing).await?;
    let (across, down) = (table.columns.label.as_str(), table.rows.label.as_str());
    Ok(html! {
        section.card {
            header {
                h2 { (table.result.label) }
                @if unrated > 0 { a.small.muted href={ (list.base) "?filter=" (escape_query(&missing)) } { (count_words(unrated)) " not rated yet" } }
                @else { span.small.muted { "all of this view are rated" } }
            }
            div.scroll tabindex="0" role="group" aria-label={ (table.result.label) " as a matrix" } {
                table.matrix {
                    caption.sr { (table.result.label) " by " (down) " and " (across) ": records of this view" }
                    thead {
                        tr { td {} th.over colspan=(table.columns.options().len()) scope="colgroup" { (across) } }
                        tr { th scope="col" { (down) } @for o in table.columns.options() { th scope="col" { (o.label) } } }
                    }
                    tbody { @for (row, cells) in &rows { tr {
                        th scope="row" title=[row.help.as_ref()] { (row.label) }
                        @for cell in cells { (drawn(cell)) }
                    } } }
                }
            }
        }
    })
}

fn drawn(cell: &Cell<'_>) -> Markup {
    let known = ["ok", "risk", "bad", "info"];
    let tone = cell.gives.and_then(|o| o.tone.as_deref()).filter(|t| known.contains(t)).unwrap_or("idle");
    let gives = cell.gives.map_or("", |o| o.label.as_str());
    html! {
        td class=(tone) {
            @if cell.count > 0 { a href=(cell.address) { b.num { (count_words(cell.count)) } span { (gives) } } }
            @else { span { (gives) span.sr { ": none" } } }
        }
    }
}

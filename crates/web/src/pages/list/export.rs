//! A list as a file: the same view, condition, order and columns, or every field that the visitor sees.

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::Response;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_report::export::{Form, Naming, Table, Wanted};
use serde::Deserialize;

use crate::error::WebError;
use crate::export::answer;
use crate::menu::slug;
use crate::pages::list::{Asked, Settled, settle};
use crate::pages::require_type;
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/export`.
pub fn router() -> Router<AppState> {
    Router::new().route("/{slug}/export", get(export))
}

/// What the form asks for beside the list.
#[derive(Debug, Default, Deserialize)]
struct Chosen {
    #[serde(default)]
    form: String,
    #[serde(default)]
    fields: String,
}

async fn export(
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
    Query(chosen): Query<Chosen>,
) -> Result<Response, WebError> {
    let of = require_type(&visit, &name)?;
    let form = Form::named(&chosen.form)
        .ok_or_else(|| WebError::Unreadable("Say `form=csv` or `form=xlsx`.".to_owned()))?;
    let list = settle(&visit, of, format!("/{name}"), asked).await?;
    if let Some(mistake) = list.mistakes.first() {
        return Err(WebError::Unreadable(format!("The condition cannot be read: {}", mistake.message)));
    }
    let fields = (chosen.fields != "all").then(|| as_listed(&list));
    let wanted = Wanted {
        of: list.of,
        filter: list.condition,
        sort: list.sort,
        descending: list.descending,
        fields,
        naming: Naming::Labels,
        zone: visit.zone().clone(),
    };
    let table = Table::new(visit.engine(), &visit.caller, wanted)?;
    answer(table, form, true).await
}

/// What the rows of the list show: key, title, state, and the columns.
fn as_listed(list: &Settled) -> Vec<String> {
    let mut names = vec!["reference".to_owned(), list.of.title_field().to_owned()];
    if !list.of.states.is_empty() {
        names.push("state".to_owned());
    }
    for column in &list.columns {
        if column.field != "number" && !names.contains(&column.field) {
            names.push(column.field.clone());
        }
    }
    names
}

/// The form that asks for a file of the list.
pub fn ask(list: &Settled) -> Markup {
    let kept = [
        ("view", list.asked.view.clone()),
        ("saved", list.asked.saved.clone()),
        ("filter", list.asked.filter.clone()),
        ("sort", list.asked.sort.clone()),
        ("order", list.asked.sort.as_ref().map(|_| if list.descending { "down" } else { "up" }.to_owned())),
    ];
    html! {
        details.filter {
            summary data-key="x" { "Export " kbd { "X" } }
            form.row method="get" action={ "/" (slug(&list.of)) "/export" } {
                @for (name, value) in &kept { @if let Some(value) = value { input type="hidden" name=(name) value=(value); } }
                label.small for="export-fields" { "Columns" }
                select.field.short id="export-fields" name="fields" { option value="listed" { "as listed here" } option value="all" { "all fields" } }
                label.small for="export-form" { "File" }
                select.field.short id="export-form" name="form" { option value="xlsx" { "Spreadsheet (XLSX)" } option value="csv" { "CSV" } }
                button.button { "Download" }
            }
            p.small.muted { "All records of this view in this order, as far as you may see them. Lists of many records inside a record are not in it." }
        }
    }
}

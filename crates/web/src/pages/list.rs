//! Lists of a type, the desk among them: declared and saved views as tabs, two-line rows, the selected record beside.

pub mod export;
pub mod matrix;
mod nothing;
pub mod rows;
pub mod toolbar;
pub mod view;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_condition::Mistake;
use proofdesk_engine::{Action, ListPage, ListRequest, SavedView, is_sortable};
use proofdesk_model::{Condition, ListColumn, RecordType, View};
use serde::Deserialize;

use crate::error::WebError;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page, escape_query};
use crate::menu::{self, slug};
use crate::pages::{family_crumb, require_type, setup};
use crate::parts::empty::empty;
use crate::parts::value::Eyes;
use crate::session::Visit;
use crate::state::AppState;

/// Rows of a page.
const ROWS: usize = 50;

/// What the address of a list says.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    /// Declared view.
    #[serde(default)]
    pub view: Option<String>,
    /// Saved view.
    #[serde(default)]
    pub saved: Option<String>,
    /// Condition typed into the filter box.
    #[serde(default)]
    pub filter: Option<String>,
    /// Column to sort by.
    #[serde(default)]
    pub sort: Option<String>,
    /// `down` for largest first.
    #[serde(default)]
    pub order: Option<String>,
    /// Cursor of the page.
    #[serde(default)]
    pub after: Option<String>,
    /// Any text: the value tables of a long list are shown as matrices.
    #[serde(default)]
    pub matrix: Option<String>,
}

/// A list that is settled: which view, which condition, which order.
pub struct Settled {
    /// The type listed.
    pub of: Arc<RecordType>,
    /// Address of the list without its query.
    pub base: String,
    /// The declared views that are for the visitor.
    pub views: Vec<View>,
    /// What was asked.
    pub asked: Asked,
    /// The caller's saved views.
    pub saved: Vec<SavedView>,
    /// Text of the condition in force, as the filter box shows it.
    pub source: String,
    /// The condition in force.
    pub condition: Option<Condition>,
    /// What is wrong with the text.
    pub mistakes: Vec<Mistake>,
    /// Column sorted by.
    pub sort: String,
    /// Largest first.
    pub descending: bool,
    /// Columns shown, as far as the visitor sees them: those of the view, else those of the declaration.
    pub columns: Vec<ListColumn>,
}

/// What was typed to keep a view and refused, with what is wrong.
#[derive(Debug, Default)]
pub struct Refused {
    /// What was typed.
    pub typed: Typed,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// `/desk`, `/{type}` and the keeping of views.
pub fn router() -> Router<AppState> {
    Router::new()
        .merge(view::router())
        .merge(export::router())
        .route("/desk", get(desk))
        .route("/{slug}", get(list))
}

async fn desk(visit: Visit, Query(asked): Query<Asked>) -> Result<Response, WebError> {
    match menu::desk_type(visit.engine(), &visit.caller) {
        Some(of) => show(&visit, of, "/desk".to_owned(), asked, &Refused::default())
            .await
            .map(IntoResponse::into_response),
        None => {
            let body = empty(
                "Your roles let you read no kind of work here.",
                &html! { p { "Ask the administrator for a role." } },
            );
            Ok(layout::frame(&visit, Page::new("Desk", vec![("Desk".to_owned(), None)], body))
                .into_response())
        }
    }
}

async fn list(
    visit: Visit,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    if let Some(reference) = visit.engine().jump(&visit.caller, &name).await? {
        return Ok(Redirect::to(&crate::pages::address(&visit, &reference)).into_response());
    }
    let of = require_type(&visit, &name)?;
    let base = format!("/{}", slug(&of));
    Ok(show(&visit, of, base, asked, &Refused::default()).await?.into_response())
}

async fn settle(visit: &Visit, of: Arc<RecordType>, base: String, asked: Asked) -> Result<Settled, WebError> {
    let saved = visit.engine().saved_views(&visit.caller, &of.name).await?;
    let views: Vec<&View> =
        of.views.iter().filter(|v| visit.engine().is_view_for(&visit.caller, &of, v)).collect();
    let declared = views.iter().find(|v| Some(&v.name) == asked.view.as_ref()).copied();
    let chosen = saved.iter().find(|v| Some(&v.id) == asked.saved.as_ref());
    let first = views.first().copied().filter(|_| asked.filter.is_none());
    let mut known = None;
    let (mut source, mut sort, mut descending) = match (chosen, declared.or(first)) {
        (Some(view), _) => (view.filter.clone(), view.sort.clone(), view.descending),
        (None, Some(view)) => {
            let source = view.condition.as_ref().map_or("", |c| c.source()).to_owned();
            known.clone_from(&view.condition);
            (source, view.sort.clone(), view.descending)
        }
        (None, None) => (String::new(), String::new(), true),
    };
    if let Some(filter) = &asked.filter {
        source = filter.trim().chars().take(2_000).collect();
        known = None;
    }
    if let Some(column) = asked.sort.as_ref().filter(|c| is_sortable(&of, c) && visit.caller.sees(&of, c)) {
        sort.clone_from(column);
        descending = asked.order.as_deref() == Some("down");
    }
    if sort.is_empty() {
        "number".clone_into(&mut sort);
    }
    let (condition, mistakes) = match source.as_str() {
        "" => (None, Vec::new()),
        _ if known.is_some() => (known, Vec::new()),
        text => match proofdesk_condition::check(text, &of.name, visit.registry()) {
            Ok(condition) => match visit.engine().check_sees(&visit.caller, &of, &condition) {
                Ok(()) => (Some(condition), Vec::new()),
                Err(unseen) => {
                    let whole = Mistake { start: 0, end: text.len(), message: unseen.to_string() };
                    (None, vec![whole])
                }
            },
            Err(mistakes) => (None, mistakes),
        },
    };
    let mut columns: Vec<ListColumn> = match chosen {
        Some(view) if !view.columns.is_empty() => {
            view.columns.iter().map(|field| ListColumn { field: field.clone(), spare: false }).collect()
        }
        _ => of.list.clone(),
    };
    columns.retain(|c| visit.caller.sees(&of, &c.field));
    let views = views.into_iter().cloned().collect();
    Ok(Settled { of, views, base, asked, saved, source, condition, mistakes, sort, descending, columns })
}

/// The keys of a list, as the page shows them.
const KEYS: [(&str, &str); 8] = [
    ("J", "Next row"),
    ("K", "Previous row"),
    ("Enter", "Open the selected record"),
    ("A", "Take the selected record"),
    ("C", "Comment on it"),
    ("N", "Make a new one"),
    ("F", "Filter"),
    ("X", "Export"),
];

async fn show(
    visit: &Visit,
    of: Arc<RecordType>,
    base: String,
    asked: Asked,
    refused: &Refused,
) -> Result<Markup, WebError> {
    let is_desk = base == "/desk";
    let list = settle(visit, of.clone(), base, asked).await?;
    let (page, titles) = if list.mistakes.is_empty() {
        let request = ListRequest {
            record_type: of.name.clone(),
            filter: list.condition.clone(),
            sort: list.sort.clone(),
            descending: list.descending,
            after: list.asked.after.clone(),
            limit: ROWS,
        };
        visit.engine().list_shown(&visit.caller, &request, rows::columns(&of, &list.columns)).await?
    } else {
        (ListPage { records: Vec::new(), next: None }, HashMap::new())
    };
    let eyes =
        Eyes { registry: visit.registry(), titles: &titles, files: &[], zone: visit.zone(), now: visit.now };
    let matrices = matrix::all(visit, &list).await?;
    let title = if is_desk { "Desk" } else { of.plural.as_str() };
    let may_create = visit.caller.may(&of, &Action::Create);
    let nothing = if page.records.is_empty() && list.mistakes.is_empty() {
        nothing::nothing(visit, &list, may_create).await?
    } else {
        html! {}
    };
    let invitation = if is_desk {
        setup::invitation(visit).await
    } else {
        html! {}
    };
    let body = html! {
        (invitation)
        div.row.between {
            h1 { (title) }
            div.row {
                span.muted.small.spare.needs-js { kbd { "J" } " and " kbd { "K" } " move · " kbd { "Enter" } " opens · " button.button.quiet.small data-dialog="keys" { "All keys " kbd { "?" } } }
                @if crate::pages::templates::are_for(visit, &of) { a.button href="/templates" { "New from template" } }
                @if may_create { a.button.primary href={ "/" (slug(&of)) "/new" } data-key="n" { "New " (of.label.to_lowercase()) " " kbd { "N" } } }
            }
        }
        (toolbar::tabs(visit, &list))
        div.row.above-list {
            (toolbar::filter(visit, &list, refused))
            @if list.mistakes.is_empty() { (export::ask(&list)) }
            (matrix::link(visit, &list))
        }
        (matrices)
        div.split.preview {
            (table(&list, &page, &eyes, &nothing))
            // asked for when it can be seen: a narrow screen never shows it, and the list need not wait for it
            aside.card id="preview" aria-label="Selected record" aria-live="polite" {
                div.body.muted.small { "The selected record is shown here." }
            }
        }
    };
    let crumbs = vec![family_crumb(&of), (title.to_owned(), None)];
    let page = Page {
        events: of.name.clone(),
        keys: KEYS.iter().map(|(k, w)| ((*k).to_owned(), (*w).to_owned())).collect(),
        ..Page::new(title, crumbs, body)
    };
    Ok(layout::frame(visit, page))
}

fn table(list: &Settled, page: &ListPage, eyes: &Eyes<'_>, nothing: &Markup) -> Markup {
    let live = list.address(&[("after", list.asked.after.as_deref())]);
    html! {
        section.card id="list" data-live=(live) aria-label=(list.of.plural) {
            @if page.records.is_empty() {
                @if list.mistakes.is_empty() { (nothing) }
                @else { (empty("The condition above cannot be read yet.", &html! {})) }
            } @else {
                div.scroll { (rows::table(list, &page.records, eyes)) }
            }
            @if list.asked.after.is_some() || page.next.is_some() {
                div.row.between.pager {
                    @if list.asked.after.is_some() { a.button href=(list.address(&[])) { "First page" } } @else { span {} }
                    @if let Some(next) = &page.next { a.button href=(list.address(&[("after", Some(next))])) rel="next" { "Next " (ROWS) } }
                }
            }
        }
    }
}

impl Settled {
    /// Columns of the saved view that is shown, as one text; empty where the declaration's are shown.
    pub fn chosen_columns(&self) -> String {
        let chosen = self.saved.iter().find(|v| Some(&v.id) == self.asked.saved.as_ref());
        chosen.map_or_else(String::new, |view| view.columns.join(","))
    }

    /// The address of this list with the same view and order, and further parameters.
    pub fn address(&self, more: &[(&str, Option<&str>)]) -> String {
        let order = self.asked.sort.as_ref().map(|_| if self.descending { "down" } else { "up" });
        let own = [
            ("view", self.asked.view.as_deref()),
            ("saved", self.asked.saved.as_deref()),
            ("filter", self.asked.filter.as_deref()),
            ("sort", self.asked.sort.as_deref()),
            ("order", order),
        ];
        let pairs: Vec<String> = own
            .iter()
            .filter(|(name, _)| !more.iter().any(|(other, _)| other == name))
            .chain(more)
            .filter_map(|(name, value)| value.map(|v| format!("{name}={}", escape_query(v))))
            .collect();
        if pairs.is_empty() { self.base.clone() } else { format!("{}?{}", self.base, pairs.join("&")) }
    }
}

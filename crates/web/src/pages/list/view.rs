//! Saved views: keeping what is listed under a name, and the page on which a view is changed or removed.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use proofdesk_engine::{Error, SavedView, VIEW_LABEL_MAX, is_listable, is_sortable};
use proofdesk_model::RecordType;
use proofdesk_model::record_type::COMMON;

use crate::error::WebError;
use crate::form::sent::Texts;
use crate::form::{Typed, Wrong};
use crate::layout::{self, Page, escape_query};
use crate::menu::slug;
use crate::pages::list::{Asked, Refused, show};
use crate::pages::{family_crumb, require_type};
use crate::session::Visit;
use crate::state::AppState;

/// `/{type}/view` to keep one, `/{type}/view/{id}` to change it, and `…/remove`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/{slug}/view", post(keep))
        .route("/{slug}/view/{id}", get(edit).post(change))
        .route("/{slug}/view/{id}/remove", post(remove))
}

/// A view from what was typed.
fn typed_view(of: &RecordType, typed: &Typed, id: &str) -> SavedView {
    let text = |name: &str| typed.text(name).unwrap_or_default();
    SavedView {
        id: id.to_owned(),
        record_type: of.name.clone(),
        label: text("label"),
        filter: text("filter").trim().to_owned(),
        sort: text("sort"),
        descending: text("order") == "down",
        columns: text("columns").split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect(),
        person: 0,
        shared: text("shared") == "yes",
    }
}

async fn keep(visit: Visit, Path(name): Path<String>, Texts(pairs): Texts) -> Result<Response, WebError> {
    let of = require_type(&visit, &name)?;
    let typed = Typed::new(pairs);
    let from_desk = typed.text("base").is_some_and(|base| base == "/desk");
    let base = if from_desk { "/desk".to_owned() } else { format!("/{}", slug(&of)) };
    match visit.engine().save_view(&visit.caller, typed_view(&of, &typed, "")).await {
        Ok(kept) => Ok(Redirect::to(&format!("{base}?saved={}", escape_query(&kept.id))).into_response()),
        Err(Error::Invalid(problems)) => {
            let asked = Asked {
                filter: typed.text("filter"),
                sort: typed.text("sort"),
                order: typed.text("order"),
                ..Asked::default()
            };
            let refused = Refused { typed, wrong: Wrong::new(&problems.0) };
            let page = show(&visit, of, base, asked, &refused).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

/// A view of this type that the visitor keeps.
async fn own(visit: &Visit, of: &RecordType, id: &str) -> Result<SavedView, WebError> {
    let view = visit.engine().view(&visit.caller, id).await?;
    let mine = view.record_type == of.name && visit.caller.person == Some(view.person);
    if mine { Ok(view) } else { Err(WebError::NotFound("view of yours at this address".to_owned())) }
}

async fn edit(visit: Visit, Path((name, id)): Path<(String, String)>) -> Result<Markup, WebError> {
    let of = require_type(&visit, &name)?;
    let view = own(&visit, &of, &id).await?;
    Ok(page(&visit, &of, &view, &view.label, &Wrong::default()))
}

async fn change(
    visit: Visit,
    Path((name, id)): Path<(String, String)>,
    Texts(pairs): Texts,
) -> Result<Response, WebError> {
    let of = require_type(&visit, &name)?;
    let held = own(&visit, &of, &id).await?;
    let view = typed_view(&of, &Typed::new(pairs), &id);
    match visit.engine().update_view(&visit.caller, view.clone()).await {
        Ok(_) => Ok(Redirect::to(&format!("/{}?saved={}", slug(&of), escape_query(&id))).into_response()),
        Err(Error::Invalid(problems)) => {
            let page = page(&visit, &of, &view, &held.label, &Wrong::new(&problems.0));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

async fn remove(visit: Visit, Path((name, id)): Path<(String, String)>) -> Result<Redirect, WebError> {
    let of = require_type(&visit, &name)?;
    own(&visit, &of, &id).await?;
    visit.engine().remove_view(&visit.caller, &id).await?;
    Ok(Redirect::to(&format!("/{}", slug(&of))))
}

/// Columns by name and label: those of the view first and in its order, then the others.
fn columns(of: &RecordType, chosen: &[String]) -> Vec<(String, String)> {
    let label = |name: &str| match of.field(name) {
        Some(field) => field.label.clone(),
        None => {
            let mut words = name.replace('_', " ");
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            words
        }
    };
    let fields = of.sections.iter().flat_map(|s| &s.fields).cloned();
    let all = fields.chain(COMMON.iter().map(|(name, _)| (*name).to_owned()));
    let rest = all.filter(|name| is_listable(of, name) && !chosen.contains(name));
    let fixed = |name: &String| name != "number" && name != of.title_field();
    chosen.iter().cloned().chain(rest).filter(fixed).map(|name| (name.clone(), label(&name))).collect()
}

fn page(visit: &Visit, of: &RecordType, view: &SavedView, held: &str, wrong: &Wrong) -> Markup {
    let here = format!("/{}/view/{}", slug(of), view.id);
    let list = format!("/{}", slug(of));
    let back = format!("{list}?saved={}", escape_query(&view.id));
    let shown: Vec<String> = if view.columns.is_empty() {
        of.list.iter().map(|c| c.field.clone()).collect()
    } else {
        view.columns.clone()
    };
    let all = columns(of, &shown);
    let sorts = all.iter().filter(|(name, _)| is_sortable(of, name));
    let title = of.field(of.title_field()).map_or("Title", |f| &f.label);
    let fixed = [("number", "Key"), (of.title_field(), title)];
    let body = html! {
        h1 { "View: " (held) }
        @if !wrong.is_empty() { div.notice.bad role="alert" { b { "Nothing was written yet" } } }
        form.form method="post" action=(here) {
            section.card { div.body.stack {
                (input("label", "Name", wrong, &html! {
                    input.field id="f-label" name="label" value=(view.label) maxlength=(VIEW_LABEL_MAX) required aria-invalid=[mark(wrong, "label")] aria-describedby=[about(wrong, "label")];
                }))
                (input("filter", "Records for which this holds", wrong, &html! {
                    input.field.mono id="f-filter" name="filter" value=(view.filter) maxlength="2000" autocomplete="off" spellcheck="false" aria-invalid=[mark(wrong, "filter")] aria-describedby=[about(wrong, "filter")];
                }))
                (input("sort", "Sorted by", wrong, &html! { div.two {
                    select.field id="f-sort" name="sort" aria-invalid=[mark(wrong, "sort")] {
                        @for (name, label) in fixed { option value=(name) selected[view.sort == name] { (label) } }
                        @for (name, label) in sorts { option value=(name) selected[view.sort == *name] { (label) } }
                    }
                    select.field name="order" aria-label="Order" { option value="up" selected[!view.descending] { "Smallest first" } option value="down" selected[view.descending] { "Largest first" } }
                } }))
                fieldset.columns id="f-columns" aria-describedby=[about(wrong, "columns")] {
                    legend { "Columns" }
                    p.help { "Reference and title are always there." }
                    input type="hidden" name="columns" value="";
                    div.grid-3 { @for (name, label) in &all {
                        label.choice.small { input type="checkbox" name="columns" value=(name) checked[shown.contains(name)]; span { (label) } }
                    } }
                    (sentences(wrong, "columns"))
                }
                label.choice { input type="checkbox" name="shared" value="yes" checked[view.shared]; span { "Everybody who may read these records sees the view" } }
            } }
            div.row { button.button.primary { "Save the view" } a.button href=(back) { "Leave without saving" } }
        }
        form method="post" action={ (here) "/remove" } { button.button.quiet { "Remove this view" } }
    };
    let crumbs = vec![
        family_crumb(of),
        (of.plural.clone(), Some(list)),
        (held.to_owned(), Some(back)),
        ("Change".to_owned(), None),
    ];
    layout::frame(visit, Page::new("Change a view", crumbs, body))
}

fn mark(wrong: &Wrong, name: &str) -> Option<&'static str> {
    (!wrong.of(name).is_empty()).then_some("true")
}

fn about(wrong: &Wrong, name: &str) -> Option<String> {
    mark(wrong, name).map(|_| format!("f-{name}-wrong"))
}

fn sentences(wrong: &Wrong, name: &str) -> Markup {
    html! { @if !wrong.of(name).is_empty() { div.wrong id={ "f-" (name) "-wrong" } { @for sentence in wrong.of(name) { p { (sentence) } } } } }
}

fn input(name: &str, label: &str, wrong: &Wrong, control: &Markup) -> Markup {
    html! { div.input { label for={ "f-" (name) } { (label) } (control) (sentences(wrong, name)) } }
}

//! A home for each family of records: what is in it, how much is open, and how to begin.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use maud::{Markup, html};
use proofdesk_engine::Action;

use crate::error::WebError;
use crate::layout::{self, Page};
use crate::menu::{self, FAMILIES, slug};
use crate::session::Visit;
use crate::state::AppState;

/// `/home/{family}`.
pub fn router() -> Router<AppState> {
    Router::new().route("/home/{family}", get(show))
}

async fn show(visit: Visit, Path(family): Path<String>) -> Result<Markup, WebError> {
    let missing = || WebError::NotFound("page at this address".to_owned());
    let (_, label) = FAMILIES.iter().find(|(name, _)| *name == family).ok_or_else(missing)?;
    let types: Vec<_> = visit
        .registry()
        .types()
        .filter(|t| t.family == family && visit.caller.may(t, &Action::Read))
        .collect();
    let group = visit.menu.iter().find(|g| g.family == family);
    let fixed: Vec<_> = group.map_or(Vec::new(), |g| {
        let of_type =
            |address: &str| types.iter().any(|t| address == format!("/{}", slug(t))) || address == "/desk";
        g.items.iter().filter(|i| !of_type(&i.address)).collect()
    });
    if types.is_empty() && fixed.is_empty() {
        return Err(missing());
    }
    let body = html! {
        h1 { (label) }
        div.home {
            @for item in fixed { section.card { div.body.stack.tight { h2 { a href=(item.address) { (item.label) } } } } }
            @for of in &types {
                @let open = menu::open_condition(visit.engine(), of);
                @let count = visit.state.counts.of(visit.engine(), &visit.caller, of, open.as_ref());
                section.card { div.body.stack {
                    div.row.between {
                        h2 { a href={ "/" (slug(of)) } { (of.plural) } }
                        @if let Some(count) = count { span.small.muted.num { (menu::count_words(count)) @if open.is_some() { " open" } } }
                    }
                    p.small.muted { (first_sentence(&of.doc)) }
                    div.row.small {
                        @for view in of.views.iter().take(4) { a.link href={ "/" (slug(of)) "?view=" (view.name) } { (view.label) } }
                        @if visit.caller.may(of, &Action::Create) { a.link href={ "/" (slug(of)) "/new" } { "New" } }
                    }
                    @if !of.clauses.is_empty() { span.key.faint { (of.clauses.join(", ")) } }
                } }
            }
        }
    };
    Ok(layout::frame(&visit, Page::new(label, vec![((*label).to_owned(), None)], body)))
}

/// The first sentence of a declaration's comment, without the name in front.
fn first_sentence(doc: &str) -> String {
    let text = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.split_once(": ").map_or(text.as_str(), |(_, rest)| rest);
    let end = text.find(". ").map_or(text.len(), |i| i + 1);
    let mut sentence = text.get(..end).unwrap_or(text).to_owned();
    if let Some(first) = sentence.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::first_sentence;

    #[test]
    fn a_declaration_says_in_one_sentence_what_it_is() {
        let doc = "Incident: an unplanned interruption of\na service. A major one is of high impact.\nSource: 8.6.1.";
        assert_eq!(first_sentence(doc), "An unplanned interruption of a service.");
    }
}
